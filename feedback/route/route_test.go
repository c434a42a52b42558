package route

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// known is what the trees of these tests may refer to.
var known = Known{
	Topics:    []string{"物流配送", "口味", "食品安全", "包装"},
	Channels:  []string{"care", "hq", "weibo"},
	Teams:     []string{"care", "logistics", "quality", "pr"},
	Platforms: []string{"telegram", "slack", "web", "feed", "webhook"},
	Fields:    []string{"shop", "order", "门店"},
	Values:    map[string][]string{"shop": {"SH018", "SH019"}},
}

// same compares decisions; an error is only there or not.
func same(a, b Decision) bool {
	failed := (a.Err == nil) != (b.Err == nil)
	return !failed && a.Team == b.Team && slices.Equal(a.Copies, b.Copies) && a.Priority == b.Priority &&
		a.Cards == b.Cards && slices.Equal(a.Path, b.Path) && a.Default == b.Default
}

func compile(t testing.TB, root Node) *Tree {
	t.Helper()
	tree, problems := Compile(root, known)
	for _, p := range problems {
		t.Error(p)
	}
	if tree == nil {
		t.FailNow()
	}
	return tree
}

func sample(t testing.TB) *Tree {
	return compile(t, Node{Team: "care", Routes: []Node{
		{When: `kind == "mention" && author.followers >= 10000`, Team: "pr", Priority: "p1", Cards: "urgent", Continue: true},
		{When: `"食品安全" in topics`, Team: "quality", Priority: "P0", Routes: []Node{
			{When: `shop == "SH018"`, Team: "care"},
			{When: `sentiment == "positive"`, Cards: "off"},
		}},
		{When: `sentiment == "negative" && "物流配送" in topics`, Team: "logistics"},
		{When: `intent in ["praise", "chat"]`, Cards: "off"},
	}})
}

func TestRoute(t *testing.T) {
	tree := sample(t)
	for _, tc := range []struct {
		name string
		env  Env
		want Decision
	}{
		{"only the root", Env{Sentiment: "neutral"}, Decision{Team: "care", Default: true}},
		{"first match owns", Env{Sentiment: "negative", Topics: []string{"物流配送", "食品安全"}},
			Decision{Team: "quality", Priority: "P0", Path: []string{`"食品安全" in topics`}}},
		{"deepest match", Env{Topics: []string{"食品安全"}, Fields: map[string]string{"shop": "SH018"}},
			Decision{Team: "care", Priority: "P0", Path: []string{`"食品安全" in topics`, `shop == "SH018"`}}},
		{"inherited", Env{Topics: []string{"食品安全"}, Sentiment: "positive"},
			Decision{Team: "quality", Priority: "P0", Cards: "off", Path: []string{`"食品安全" in topics`, `sentiment == "positive"`}}},
		{"continue adds teams", Env{Kind: "mention", Followers: 10000, Sentiment: "negative", Topics: []string{"物流配送"}},
			Decision{Team: "pr", Copies: []string{"logistics"}, Priority: "P1", Cards: "urgent", Path: []string{`kind == "mention" && author.followers >= 10000`}}},
		{"continue without another match", Env{Kind: "mention", Followers: 20000, Sentiment: "neutral"},
			Decision{Team: "pr", Priority: "P1", Cards: "urgent", Path: []string{`kind == "mention" && author.followers >= 10000`}}},
		{"settings without a team", Env{Intent: "chat"},
			Decision{Team: "care", Cards: "off", Path: []string{`intent in ["praise", "chat"]`}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tree.Route(tc.env); !same(got, tc.want) {
				t.Errorf("%+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestCopiesAreNamedOnce(t *testing.T) {
	tree := compile(t, Node{Team: "care", Routes: []Node{
		{Team: "pr", Continue: true},
		{Team: "quality", Continue: true},
		{Team: "pr", Continue: true},
		{Team: "quality", Continue: true},
		{When: "group", Team: "logistics"},
	}})
	got := tree.Route(Env{})
	if got.Team != "pr" || !reflect.DeepEqual(got.Copies, []string{"quality"}) || got.Default {
		t.Errorf("%+v", got)
	}
}

// TestConditions evaluates one condition at a time.
func TestConditions(t *testing.T) {
	env := Env{
		Text: "快递 IPHONE 太慢了", Lang: "zh", Sentiment: "negative", Intent: "complaint", Urgency: "high", Priority: "P1",
		Channel: "weibo", Platform: "feed", Kind: "mention", URL: "https://weibo.example/1", AuthorID: "u1", AuthorName: "王小明", Followers: 12000,
		Score: -0.9, Confidence: 0.8, Attachments: 2, Hour: 22, Weekday: 6, Topics: []string{"物流配送", "包装"}, Keywords: []string{"快递"},
		Group: true, Fields: map[string]string{"shop": "SH018", "门店": "徐家汇"},
	}
	for condition, want := range map[string]bool{
		`true`:                                                    true,
		`group`:                                                   true,
		`not group || history`:                                    false,
		`!history and group`:                                      true,
		`sentiment == "negative"`:                                 true,
		`"negative" == sentiment`:                                 true,
		`sentiment != "negative"`:                                 false,
		`sentiment in ["neutral", "negative"]`:                    true,
		`sentiment not in ["neutral", "positive"]`:                true,
		`"物流配送" in topics`:                                        true,
		`"口味" in topics`:                                          false,
		`any(topics, # == "包装")`:                                  true,
		`any(topics, {# in ["包装", "口味"]})`:                        true,
		`all(topics, # startsWith "物流")`:                          false,
		`none(topics, # == "口味")`:                                 true,
		`len(topics) == 2 && len(text) > 5`:                       true,
		`lower(text) contains "iphone"`:                           true,
		`upper(channel) == "WEIBO"`:                               true,
		`text matches "快递.*慢"`:                                    true,
		`text startsWith "快递" and not (text endsWith "。")`:        true,
		`author.followers >= 10000 && author.id == "u1"`:          true,
		`author.name contains "小明"`:                               true,
		`score < -0.8`:                                            true,
		`score + confidence > 0`:                                  false,
		`hour >= 21 || hour < 9`:                                  true,
		`weekday in [6, 7]`:                                       true,
		`attachments % 2 == 0`:                                    true,
		`shop == "SH018"`:                                         true,
		`shop == ""`:                                              false,
		`order == ""`:                                             true,
		`门店 == "徐家汇"`:                                             true,
		`priority == "P0" or priority <= "P1"`:                    true,
		`url startsWith "https://"`:                               true,
		`lang == "zh" && platform == "feed" && "快递" in keywords`:  true,
		`urgency == "critical" ? 1 == 1 : 1 == 1 // not compiled`: false,
	} {
		tree, problems := Compile(Node{Team: "care", Routes: []Node{{When: condition, Team: "pr"}}}, known)
		if strings.Contains(condition, "not compiled") {
			if tree != nil {
				t.Errorf("%s compiles", condition)
			}
			continue
		}
		if len(problems) > 0 {
			t.Errorf("%s: %v", condition, problems)
			continue
		}
		if got := tree.Route(env); (got.Team == "pr") != want || got.Err != nil {
			t.Errorf("%s: %+v, want %v", condition, got, want)
		}
	}
}

func TestFailingConditionIsNoMatch(t *testing.T) {
	tree := compile(t, Node{Team: "care", Routes: []Node{
		{When: `1 % attachments == 0`, Team: "pr"},
		{When: `group`, Team: "quality"},
	}})
	got := tree.Route(Env{Group: true})
	if got.Team != "quality" || got.Err == nil || !strings.Contains(got.Err.Error(), `"1 % attachments == 0"`) {
		t.Errorf("%+v", got)
	}
}

func TestTextIsBounded(t *testing.T) {
	tree := compile(t, Node{Team: "care", Routes: []Node{{When: `text endsWith "x"`, Team: "pr"}}})
	long := strings.Repeat("长", maxText/3) + "yx"
	if got := tree.Route(Env{Text: long}); got.Team != "care" || got.Err != nil {
		t.Errorf("%+v", got)
	}
}

func TestConcurrentWalks(t *testing.T) {
	tree := sample(t)
	env := Env{Kind: "mention", Followers: 10000, Sentiment: "negative", Topics: []string{"物流配送"}}
	want := tree.Route(env)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if got := tree.Route(env); !same(got, want) {
					t.Errorf("%+v", got)
					return
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkRoute(b *testing.B) {
	tree := sample(b)
	env := Env{Text: "快递太慢了", Kind: "message", Sentiment: "negative", Topics: []string{"物流配送"}}
	b.ReportAllocs()
	for b.Loop() {
		tree.Route(env)
	}
}
