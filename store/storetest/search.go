package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// cut is the finest cut of a text: each Chinese character, Latin words, numbers.
func cut(text string) []string {
	var tokens []string
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" ，。！？,.-", r) }) {
		latin := ""
		for _, r := range word {
			if r < 0x80 {
				latin += string(r)
				continue
			}
			if latin != "" {
				tokens, latin = append(tokens, latin), ""
			}
			tokens = append(tokens, string(r))
		}
		if latin != "" {
			tokens = append(tokens, latin)
		}
	}
	return tokens
}

func testSearch(_ *testing.T, s *suite) {
	texts := []string{
		"快递太慢了，等了三天还没收到", "奶茶渗漏，杯子坏了", "徐家汇店的店员态度很好", "订单 A1234 退款还没到账",
		"wifi 连不上，我连不上wifi", "天天天天", "收到收到", "app 闪退",
	}
	var items []*feedback.Item
	s.write(func(tx *store.Tx) {
		for n, text := range texts {
			i := s.item(tx, func(i *feedback.Item) { i.Owner = int64(n % 2) })
			items = append(items, i)
			s.ok(tx.IndexItem(i.ID, cut(text)))
		}
	})
	s.read(func(tx *store.Tx) {
		expect := func(what string, q store.Query, want ...int) {
			s.Helper()
			var ids []int64
			for _, n := range want {
				ids = append(ids, items[n].ID)
			}
			equal(s, what, fmt.Sprint(numbers(must(tx.Items(q))(s))), fmt.Sprint(ids))
			equal(s, what+", counted", must(tx.CountItems(q))(s), int64(len(ids)))
		}
		expect("one character", store.Query{Words: []string{"漏"}}, 1)
		expect("newest first", store.Query{Words: []string{"了"}}, 1, 0)
		expect("all of several", store.Query{Words: []string{"了", "天"}}, 0)
		expect("mixed", store.Query{Words: []string{"a1234", "退"}}, 3)
		expect("phrase", store.Query{Phrase: cut("收到")}, 6, 0)
		expect("phrase, not its characters", store.Query{Phrase: cut("到收")}, 6)
		expect("phrase over repeats", store.Query{Phrase: cut("天天天")}, 5)
		expect("phrase too long", store.Query{Phrase: cut("天天天天天")})
		expect("mixed phrase", store.Query{Phrase: cut("连不上wifi")}, 4)
		expect("words and phrase", store.Query{Words: []string{"还"}, Phrase: cut("没收")}, 0)
		expect("with a filter", store.Query{Words: []string{"了"}, Owner: 1}, 1)
		expect("in a team", store.Query{Words: []string{"了"}, Teams: []string{"care"}, States: []feedback.State{feedback.New}}, 1, 0)
		expect("a part of a word", store.Query{Words: []string{"ap"}})
		expect("nothing", store.Query{Words: []string{"无"}})
	})
	s.write(func(tx *store.Tx) {
		s.ok(tx.IndexItem(items[1].ID, cut("改口了")))
		equal(s, "old words", must(tx.CountItems(store.Query{Words: []string{"漏"}}))(s), 0)
		equal(s, "new words", must(tx.CountItems(store.Query{Words: []string{"改"}}))(s), 1)
		s.ok(tx.IndexItem(items[1].ID, nil))
		equal(s, "no words", must(tx.CountItems(store.Query{Words: []string{"改"}}))(s), 0)
		s.ok(tx.IndexItem(items[1].ID, nil))
	})
	searchAsModel(s)
}

// searchAsModel compares random queries over random texts with what looking
// through the texts finds.
func searchAsModel(s *suite) {
	r := rand.New(rand.NewPCG(3, 4))
	words := []string{"漏", "慢", "快", "wifi", "and", "a", "0", "\"", "*"}
	random := func(n int) []string {
		tokens := make([]string, n)
		for k := range tokens {
			tokens[k] = words[r.IntN(len(words))]
		}
		return tokens
	}
	texts := make(map[int64][]string)
	s.write(func(tx *store.Tx) {
		for range 60 {
			i := s.item(tx, func(i *feedback.Item) { i.Team = "model" })
			texts[i.ID] = random(1 + r.IntN(12))
			s.ok(tx.IndexItem(i.ID, texts[i.ID]))
		}
	})
	s.read(func(tx *store.Tx) {
		for range 150 {
			q := store.Query{Teams: []string{"model"}, Words: random(r.IntN(3)), Phrase: random(r.IntN(4)), Limit: 100}
			var want []int64
			for id, text := range texts {
				if holds(text, q) {
					want = append(want, id)
				}
			}
			slices.Sort(want)
			slices.Reverse(want)
			equal(s, fmt.Sprintf("words %q phrase %q", q.Words, q.Phrase), fmt.Sprint(numbers(must(tx.Items(q))(s))), fmt.Sprint(want))
		}
	})
}

func holds(text []string, q store.Query) bool {
	for _, w := range q.Words {
		if !slices.Contains(text, w) {
			return false
		}
	}
	for at := 0; at+len(q.Phrase) <= len(text); at++ {
		if slices.Equal(text[at:at+len(q.Phrase)], q.Phrase) {
			return true
		}
	}
	return len(q.Phrase) == 0
}

func testHostileTokens(_ *testing.T, s *suite) {
	tokens := []string{
		`"`, `'`, `''`, `\`, `*`, `^`, `:`, `-`, `(`, `)`, `&`, `|`, `!`, `<->`, `NEAR`, `NEAR(`, "AND", "OR", "NOT", "and", "words:x", "{words}",
		"a\x00b", "\xff", "👨‍👩‍👧‍👦", "é", "e\u0301", "İ", "ß", "A", "a", "  ", "\n", "%", "_", strings.Repeat("长", 3000), strings.Repeat("长", 3001), "z0",
	}
	s.write(func(tx *store.Tx) {
		ids := make(map[string]int64)
		for _, token := range tokens {
			i := s.item(tx, nil)
			s.ok(tx.IndexItem(i.ID, []string{"前", token, "后"}))
			ids[token] = i.ID
		}
		for _, token := range tokens {
			for _, q := range []store.Query{{Words: []string{token}}, {Phrase: []string{"前", token, "后"}}} {
				equal(s, fmt.Sprintf("%.20q", token), fmt.Sprint(numbers(must(tx.Items(q))(s))), fmt.Sprint([]int64{ids[token]}))
			}
		}
		equal(s, "empty tokens say nothing", must(tx.CountItems(store.Query{Words: []string{"", ""}, Phrase: []string{""}}))(s), int64(len(tokens)))
		many := make([]string, 40_000)
		for k := range many {
			many[k] = fmt.Sprint(k)
		}
		i := s.item(tx, nil)
		s.ok(tx.IndexItem(i.ID, many))
		equal(s, "beginning of a huge text", must(tx.CountItems(store.Query{Phrase: many[15_000:15_010]}))(s), 1)
		repeated := make([]string, 3000)
		for k := range repeated {
			repeated[k] = "同"
		}
		s.ok(tx.IndexItem(i.ID, repeated))
		equal(s, "one word throughout", must(tx.CountItems(store.Query{Phrase: repeated[:50]}))(s), 1)
	})
}

// An item with as many and as long tokens as are kept is found by the first and the
// last of those, on both engines.
func testManyTokens(_ *testing.T, s *suite) {
	tokens := make([]string, 20_000)
	for k := range tokens {
		tokens[k] = fmt.Sprintf("%0120d", k)
	}
	s.write(func(tx *store.Tx) {
		i := s.item(tx, nil)
		s.ok(tx.IndexItem(i.ID, tokens))
		equal(s, "the first", must(tx.CountItems(store.Query{Words: tokens[:1]}))(s), 1)
		equal(s, "one after another", must(tx.CountItems(store.Query{Phrase: tokens[100:103]}))(s), 1)
		equal(s, "what is not kept any more", must(tx.CountItems(store.Query{Words: tokens[19_999:]}))(s), 0)
	})
}
