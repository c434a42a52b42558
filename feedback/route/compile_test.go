package route

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// one compiles a tree of a root and one route.
func one(condition string) (*Tree, []Problem) {
	return Compile(Node{Team: "care", Routes: []Node{{When: condition, Team: "pr", Pos: "here"}}}, known)
}

func TestConditionProblems(t *testing.T) {
	long := strings.Repeat("a", MaxPattern+1)
	for _, tc := range []struct {
		when string
		code Code
		want string
		at   int
	}{
		{`sentiment == "negativ"`, UnknownValue, `sentiment is never "negativ": write "negative"`, 13},
		{`sentiment == "负面"`, UnknownValue, `sentiment is never "负面": write "negative"`, 13},
		{`"bad" != sentiment`, UnknownValue, `sentiment is never "bad": one of positive, neutral, negative`, 0},
		{`intent in ["praise", "complain"]`, UnknownValue, `intent is never "complain": write "complaint"`, 21},
		{`"物流" in topics`, UnknownValue, `topics is never "物流": one of 物流配送, 口味, 食品安全, 包装`, 0},
		{`"物流配" in topics`, UnknownValue, `topics is never "物流配": write "物流配送"`, 0},
		{`any(topics, # == "包妆")`, UnknownValue, `topics is never "包妆": write "包装"`, 17},
		{`channel == "weibo2"`, UnknownValue, `channel is never "weibo2": write "weibo"`, 11},
		{`platform == "telegramm"`, UnknownValue, `platform is never "telegramm": write "telegram"`, 12},
		{`kind == "mentions"`, UnknownValue, `kind is never "mentions": write "mention"`, 8},
		{`priority == "P4"`, UnknownValue, `priority is never "P4": write "P0"`, 12},
		{`shop == "SH081"`, UnknownValue, `shop is never "SH081": write "SH018"`, 8},
		{`"" in topics`, UnknownValue, `topics is never "": one of`, 0},
		{`hour > 25`, OutOfRange, `hour lies between 0 and 24`, 7},
		{`weekday in [0, 6]`, OutOfRange, `weekday lies between 1 and 7`, 12},
		{`score < -80`, OutOfRange, `score lies between -1 and 1`, 8},
		{`confidence > 80`, OutOfRange, `confidence lies between 0 and 1`, 13},
		{`sentimen == "negative"`, UnknownName, `"sentimen" is unknown: write "sentiment"`, 0},
		{`shops == "SH018"`, UnknownName, `"shops" is unknown: write "shop"`, 0},
		{`author.nam == "x"`, UnknownName, `"author.nam" is unknown: write "author.name"`, 7},
		{`author == "x"`, UnknownName, `"author" is unknown: write "author.name"`, 0},
		{`text.len > 3`, UnknownName, `"text.len" is unknown`, 5},
		{`$env == nil`, UnknownName, `"$env" is unknown`, 0},
		{`now() == now()`, UnknownFunction, `there is no function "now": one of len, any, all, none, lower, upper`, 0},
		{`filter(topics, true) == []`, UnknownFunction, `there is no function "filter"`, 0},
		{`loewr(text) == "x"`, UnknownFunction, `there is no function "loewr": write "lower"`, 0},
		{`text matches "("`, PatternSyntax, `the pattern cannot be read: missing closing )`, 13},
		{`text matches lower("x")`, PatternConstant, `must be written out`, 13},
		{`text matches "` + long + `"`, PatternLong, `longer than 256 characters`, 13},
		{`text matches "(.{0,900})x"`, PatternHeavy, `write smaller numbers in braces`, 13},
		{`text matches "((退款|赔偿){1,20}.{0,20}){1,20}"`, PatternHeavy, `repeats too much`, 13},
		{`text == 5`, Type, `mismatched types string and int`, 5},
		{`text contains 5`, Type, `mismatched types`, 5},
		{`author.followers > "x"`, Type, `mismatched types`, 17},
		{`5 in topics`, Type, `cannot use int`, 2},
		{`score`, Type, `expected bool, but got float64`, 0},
		{`text ?? "x" == "x"`, Syntax, ``, 0},
		{`text == nil`, NotAllowed, `nil cannot be used in conditions`, 8},
		{`group ? group : history`, NotAllowed, `? : cannot be used`, 22},
		{`let x = group; x`, NotAllowed, `let cannot be used`, 0},
		{`len(1..100000000) > 2`, NotAllowed, `.. cannot be used`, 5},
		{`2 ** 8 == 256`, NotAllowed, `** cannot be used`, 2},
		{`topics[0] == "口味"`, NotAllowed, `[ ] cannot be used`, 6},
		{`text[0:3] == "abc"`, NotAllowed, `[:] cannot be used`, 4},
		{`author?.name == "x"`, NotAllowed, ``, 0},
		{`{"a": group}.a`, NotAllowed, ``, 0},
		{`any(topics, any(keywords, # == "x"))`, NotAllowed, `any(… any(…)) cannot be used`, 26},
		{`any(topics, #index == 1)`, NotAllowed, `#index cannot be used`, 12},
		{`sentiment = "negative"`, Syntax, `equality is written ==`, 10},
		{`group AND history`, Syntax, `write && or ||`, 6},
		{`sentiment == “negative”`, Syntax, `write straight quotes`, 13},
		{`group && （history）`, Syntax, `half width`, 9},
		{`group &&`, Syntax, `unexpected token EOF`, 7},
		{`   `, "", ``, 0},
		{strings.Repeat("group && ", 600) + "group", TooLong, `longer than 4096 bytes`, 0},
		{strings.Repeat("!", 3000) + "group", Type, `exceeds maximum allowed nodes`, 0},
	} {
		name := tc.when
		if len(name) > 60 {
			name = name[:60]
		}
		t.Run(name, func(t *testing.T) {
			tree, problems := one(tc.when)
			if tc.code == "" {
				if len(problems) > 0 {
					t.Fatalf("%v", problems)
				}
				return
			}
			if tree != nil || len(problems) == 0 {
				t.Fatalf("compiles")
			}
			p := problems[0]
			if p.Code != tc.code || !strings.Contains(p.Error(), tc.want) {
				t.Errorf("%s: %v\nwant %s: %s", p.Code, p, tc.code, tc.want)
			}
			if p.Path != "routes[0]" || p.Pos != "here" || p.Key != "when" {
				t.Errorf("problem is at %q, %v, %q", p.Path, p.Pos, p.Key)
			}
			if tc.at != 0 && p.Offset != tc.at {
				t.Errorf("problem is at offset %d, want %d", p.Offset, tc.at)
			}
		})
	}
}

func TestEveryProblemIsReported(t *testing.T) {
	_, problems := Compile(Node{When: "group", Pos: 1, Routes: []Node{
		{When: `sentiment == "bad" || now() == 1`, Team: "logistic", Priority: "P9", Pos: 2},
		{Pos: 3, Cards: "of", Routes: []Node{{When: `channel == "x"`, Pos: 4}}},
		{When: "group", Pos: 5},
		{When: "history", Pos: 6},
	}}, known)
	type short struct {
		path, key string
		code      Code
		pos       any
	}
	var got []short
	for _, p := range problems {
		got = append(got, short{p.Path, p.Key, p.Code, p.Pos})
	}
	want := []short{
		{"", "when", RootWhen, 1},
		{"", "team", RootTeam, 1},
		{"routes[0]", "team", UnknownTeam, 2},
		{"routes[0]", "priority", UnknownPriority, 2},
		{"routes[0]", "when", UnknownValue, 2},
		{"routes[0]", "when", UnknownFunction, 2},
		{"routes[1]", "cards", UnknownCards, 3},
		{"routes[1].routes[0]", "when", UnknownValue, 4},
		{"routes[2]", "when", Unreachable, 5},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if text := problems[2].Error(); text != `routes[0].team: no team is named "logistic": write "logistics"` {
		t.Error(text)
	}
}

func TestBoundsOfATree(t *testing.T) {
	deep := Node{Team: "care"}
	for range MaxDepth {
		deep = Node{Team: "care", Routes: []Node{deep}}
	}
	if _, problems := Compile(deep, known); len(problems) != 1 || problems[0].Code != TooMany {
		t.Errorf("too deep: %v", problems)
	}
	wide := Node{Team: "care"}
	for i := range MaxNodes {
		wide.Routes = append(wide.Routes, Node{When: fmt.Sprintf("attachments == %d", i)})
	}
	if _, problems := Compile(wide, known); len(problems) != 1 || problems[0].Code != TooMany {
		t.Errorf("too wide: %v", problems)
	}
}

func TestValidField(t *testing.T) {
	for _, name := range []string{"shop", "order_no", "门店", "订单号", "date", "count", "x1"} {
		if !ValidField(name) {
			t.Errorf("%q is not valid", name)
		}
	}
	for _, name := range []string{"", "1x", "order-no", "order no", "text", "author", "topics", "len", "in", "not", "true", "nil", "let", "a.b", "a+b", "$env", `"x"`, "fields"} {
		if ValidField(name) {
			t.Errorf("%q is valid", name)
		}
	}
	bad := known
	bad.Fields = []string{"shop", "text"}
	bad.Values = nil
	if _, problems := Compile(Node{Team: "care"}, bad); len(problems) != 1 || problems[0].Code != FieldName {
		t.Errorf("%v", problems)
	}
}

func FuzzCondition(f *testing.F) {
	for _, seed := range []string{
		`sentiment == "negative" && "物流配送" in topics`, `any(topics, # == "包装")`, `text matches "a+"`, `author.followers > 3`,
		`now()`, `(((((`, `"`, "`", `1 % 0 == 1`, `#`, `{`, `b"x" == b"x"`, `not not group`, `lower(upper(text)) in [text]`, `1/0 > 2`,
	} {
		f.Add(seed, "快递太慢了")
	}
	f.Fuzz(func(t *testing.T, condition, text string) {
		tree, problems := one(condition)
		if (tree == nil) != (len(problems) > 0) {
			t.Fatalf("tree %v and problems %v", tree, problems)
		}
		for _, p := range problems {
			if p.Code == "" || p.Error() == "" {
				t.Fatalf("%+v says nothing", p)
			}
			if p.Offset < 0 || p.Offset > len(condition) {
				t.Fatalf("%v lies outside the condition", p)
			}
		}
		if tree == nil {
			return
		}
		d := tree.Route(Env{Text: text, Topics: []string{text, "口味"}, Score: -1})
		if d.Team != "care" && d.Team != "pr" {
			t.Fatalf("%+v", d)
		}
	})
}
