package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// Items that lie far apart by their numbers are found all the same: PostgreSQL
// looks at the newest first, and at the others by another way.
func TestSearchFarBack(t *testing.T) {
	for name, open := range map[string]storetest.Opener{"sqlite": storetest.OpenSQLite, "postgres": storetest.OpenPostgres} {
		t.Run(name, func(t *testing.T) {
			db := open(t, store.Options{})
			var old, young []int64
			var items []*feedback.Item
			began := time.Unix(1.6e9, 0).UTC()
			add := func(ids *[]int64, n int) {
				mustWrite(t, db, func(tx *store.Tx) error {
					*ids = nil
					for k := range n {
						// Items that came in at once may be years apart.
						i := &feedback.Item{
							State: []feedback.State{feedback.New, feedback.Open, feedback.Closed, feedback.Resolved}[k%4], Team: []string{"care", "hq"}[k%2], Owner: int64(k % 3),
							CreatedAt: began.AddDate(0, 0, (k*7)%n), Verdict: feedback.Verdict{Topics: []feedback.Topic{{Name: []string{"口味", "包装"}[k/2%2]}}},
						}
						if k%5 == 0 {
							i.SnoozedUntil = began.AddDate(9, 0, 0)
						}
						if err := tx.InsertItem(i); err != nil {
							return err
						}
						if err := tx.IndexItem(i.ID, []string{"常", "见", fmt.Sprintf("只%d.%d", n, k)}); err != nil {
							return err
						}
						*ids, items = append(*ids, i.ID), append(items, i)
					}
					return nil
				})
			}
			add(&old, 30)
			mustWrite(t, db, func(tx *store.Tx) error {
				jump := "UPDATE sqlite_sequence SET seq = 100000 WHERE name = 'items'"
				if db.Dialect() == "postgres" {
					jump = "SELECT setval(pg_get_serial_sequence('items', 'id'), 100000)"
				}
				_, err := tx.Exec(jump)
				return err
			})
			add(&young, 25)
			all := slices.Concat(old, young)
			slices.Reverse(all)
			ids := func(q store.Query) (got []int64) {
				mustRead(t, db, func(tx *store.Tx) error {
					items, err := tx.Items(q)
					for _, i := range items {
						got = append(got, i.ID)
					}
					return err
				})
				return got
			}
			expect := func(what string, q store.Query, want []int64) {
				t.Helper()
				if got := ids(q); !slices.Equal(got, want) {
					t.Errorf("%s: %v, want %v", what, got, want)
				}
			}
			common := store.Query{Words: []string{"常"}, Limit: 100}
			expect("all", common, all)
			common.Limit = 20
			expect("the newest", common, all[:20])
			common.Before = all[19]
			expect("the next page, over the gap", common, all[20:40])
			common.Before = all[39]
			expect("the last page", common, all[40:])
			expect("one far back", store.Query{Words: []string{"只30.7"}}, old[7:8])
			expect("a phrase", store.Query{Phrase: []string{"见", "只30.7"}}, old[7:8])
			expect("with a team", store.Query{Words: []string{"常", "只30.7"}, Teams: []string{"hq"}}, old[7:8])
			expect("in another team", store.Query{Words: []string{"常", "只30.7"}, Teams: []string{"care"}}, nil)
			expect("of an owner", store.Query{Words: []string{"只30.7"}, Owner: 1}, old[7:8])
			which := func(is func(i *feedback.Item) bool) (want []int64) {
				for _, i := range slices.Backward(items) {
					if is(i) {
						want = append(want, i.ID)
					}
				}
				return want
			}
			everywhere := func(what string, q store.Query, is func(i *feedback.Item) bool) {
				t.Helper()
				q.Words = []string{"常", "见"}
				q.Limit = 100
				expect(what, q, which(is))
				q.Limit = 3
				if some := which(is); len(some) > 5 {
					expect(what+", a page", q, some[:3])
					q.Before = some[2]
					expect(what+", the next page", q, some[3:6])
				}
			}
			from, until := began.AddDate(0, 0, 3), began.AddDate(0, 0, 11)
			everywhere("in a span of time", store.Query{Since: from, Until: until}, func(i *feedback.Item) bool { return !i.CreatedAt.Before(from) && i.CreatedAt.Before(until) })
			everywhere("since", store.Query{Since: until}, func(i *feedback.Item) bool { return !i.CreatedAt.Before(until) })
			everywhere("until", store.Query{Until: from}, func(i *feedback.Item) bool { return i.CreatedAt.Before(from) })
			everywhere("in no time", store.Query{Since: began.AddDate(1, 0, 0)}, func(*feedback.Item) bool { return false })
			everywhere("unended", store.Query{States: []feedback.State{feedback.New, feedback.Open}}, func(i *feedback.Item) bool { return i.State == feedback.New || i.State == feedback.Open })
			everywhere("ended", store.Query{States: []feedback.State{feedback.Open, feedback.Closed}}, func(i *feedback.Item) bool { return i.State == feedback.Open || i.State == feedback.Closed })
			everywhere("live", store.Query{Live: true}, func(i *feedback.Item) bool { return i.Live() })
			everywhere("of two teams", store.Query{Teams: []string{"hq", "nobody"}}, func(i *feedback.Item) bool { return i.Team == "hq" })
			everywhere("of a team, about a topic", store.Query{Teams: []string{"hq"}, Topic: "口味"}, func(i *feedback.Item) bool { return i.Team == "hq" && i.Verdict.Topics[0].Name == "口味" })
			everywhere("of nobody's team", store.Query{Teams: []string{"nobody"}}, func(*feedback.Item) bool { return false })
			expect("by due time", store.Query{Words: []string{"只30.7"}, ByDue: true}, old[7:8])
		})
	}
}

// Whatever tokens hold, a query finds what looking through them would find.
func FuzzSearch(f *testing.F) {
	db := storetest.OpenSQLite(f, store.Options{})
	f.Add("快\n递\n太\n慢", "快\n慢", "递\n太")
	f.Add("a\nb\na", "b", "a\nb")
	f.Add("\"\n*\nNEAR(", "*", "\"\n*")
	f.Add("x\x00\n\xff", "x\x00", "")
	f.Fuzz(func(t *testing.T, text, words, phrase string) {
		tokens := tokensOf(text)
		q := store.Query{Words: tokensOf(words), Phrase: tokensOf(phrase), Limit: 1}
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			i := &feedback.Item{State: feedback.New}
			if err := tx.InsertItem(i); err != nil {
				return err
			}
			if err := tx.IndexItem(i.ID, tokens); err != nil {
				return err
			}
			q.Before = i.ID + 1
			found, err := tx.Items(q)
			if err != nil {
				return err
			}
			if got := len(found) == 1 && found[0].ID == i.ID; got != expected(tokens, q) {
				return fmt.Errorf("tokens %q words %q phrase %q: found %v", tokens, q.Words, q.Phrase, got)
			}
			return errRollback
		})
		if err != errRollback { //nolint:errorlint // returned as it is
			t.Fatal(err)
		}
	})
}

var errRollback = fmt.Errorf("nothing is kept")

// tokensOf cuts fuzzed text at line breaks; nothing is empty.
func tokensOf(text string) []string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return s == "" })
}

func expected(tokens []string, q store.Query) bool {
	for _, w := range q.Words {
		if !slices.Contains(tokens, w) {
			return false
		}
	}
	for at := 0; at+len(q.Phrase) <= len(tokens); at++ {
		if slices.Equal(tokens[at:at+len(q.Phrase)], q.Phrase) {
			return true
		}
	}
	return len(q.Phrase) == 0
}

// TestSearchAmongMany: both stores find what looking through all items finds,
// where there are too many to ask each, however rare the words are and whatever
// else is asked for.
func TestSearchAmongMany(t *testing.T) {
	for name, open := range map[string]storetest.Opener{"sqlite": storetest.OpenSQLite, "postgres": storetest.OpenPostgres} {
		t.Run(name, func(t *testing.T) {
			db := open(t, store.Options{})
			const many = 16_000
			fillScale(t, db, many)
			var all []*feedback.Item
			mustRead(t, db, func(tx *store.Tx) error {
				return tx.EachItem(store.Query{}, func(i *feedback.Item) error { all = append(all, i); return nil })
			})
			slices.Reverse(all)
			has := map[string]map[int64]bool{} // by word: the items that have it
			for _, i := range all {
				for pair := range slices.Chunk([]rune(i.Text), 2) {
					if has[string(pair)] == nil {
						has[string(pair)] = map[int64]bool{}
					}
					has[string(pair)][i.ID] = true
				}
			}
			ask := func(q store.Query, is func(i *feedback.Item) bool) {
				t.Helper()
				var want, got []int64
				for _, i := range all {
					if (q.Before == 0 || i.ID < q.Before) && is(i) && !slices.ContainsFunc(q.Words, func(w string) bool { return !has[w][i.ID] }) {
						want = append(want, i.ID)
					}
				}
				q.Limit = 20
				want = want[:min(len(want), q.Limit)]
				mustRead(t, db, func(tx *store.Tx) error {
					items, err := tx.Items(q)
					for _, i := range items {
						got = append(got, i.ID)
					}
					return err
				})
				if !slices.Equal(got, want) {
					t.Errorf("%+v\nfinds %v\nwant  %v", q, got, want)
				}
			}
			// Without words: what hardly any item has, what most have, and a span.
			for _, before := range []int64{0, many / 2, 10} {
				list := func(q store.Query, is func(i *feedback.Item) bool) {
					t.Helper()
					q.Before = before
					ask(q, is)
					q.Teams = []string{"it"}
					ask(q, func(i *feedback.Item) bool { return is(i) && i.Team == "it" })
					q.Teams, q.Topic = nil, "包装"
					ask(q, func(i *feedback.Item) bool { return is(i) && i.Verdict.Topics[0].Name == "包装" })
					q.Topic, q.States = "", []feedback.State{feedback.New}
					ask(q, func(i *feedback.Item) bool { return is(i) && i.State == feedback.New })
					q.States, q.Words = nil, []string{scaleWord(0)}
					ask(q, is)
					q.Since, q.Until = scaleStart.Add(scaleSpan/4), scaleStart.Add(scaleSpan/3)
					spanned := func(i *feedback.Item) bool {
						return is(i) && !i.CreatedAt.Before(q.Since) && i.CreatedAt.Before(q.Until)
					}
					ask(q, spanned)
					q.Words = nil
					ask(q, spanned)
				}
				list(store.Query{}, func(*feedback.Item) bool { return true })
				list(store.Query{Channels: []string{scaleRare}}, func(i *feedback.Item) bool { return i.Channel == scaleRare })
				list(store.Query{Channels: []string{scaleRare, "care"}, Sentiment: "positive"}, func(i *feedback.Item) bool { return i.Verdict.Sentiment == "positive" })
				list(store.Query{Channels: []string{"care"}, Sentiment: "negative", Priority: []feedback.Priority{feedback.P2}}, func(i *feedback.Item) bool {
					return i.Channel == "care" && i.Verdict.Sentiment == "negative" && i.Priority == feedback.P2
				})
				list(store.Query{Channels: []string{"nowhere"}}, func(*feedback.Item) bool { return false })
			}
			for _, words := range [][]string{
				{scaleWord(0)}, {scaleWord(5)}, {scaleWord(60)}, {scaleWord(400)}, {scaleWord(3000)}, {scaleWord(9000)}, {scaleWord(19_990)}, {"没有"},
				{scaleWord(0), scaleWord(1)}, {scaleWord(0), scaleWord(700)}, {scaleWord(20), scaleWord(30)}, {scaleWord(40), scaleWord(50), scaleWord(60)}, {scaleWord(0), "没有"},
			} {
				for _, before := range []int64{0, many / 2, many / 20} {
					q := store.Query{Words: words, Before: before}
					ask(q, func(*feedback.Item) bool { return true })
					one := q
					one.Teams = []string{"it"}
					ask(one, func(i *feedback.Item) bool { return i.Team == "it" })
					one.Topic = "包装"
					ask(one, func(i *feedback.Item) bool { return i.Team == "it" && i.Verdict.Topics[0].Name == "包装" })
					two := q
					two.Teams, two.Sentiment = []string{"care", "it", "nobody"}, "negative"
					ask(two, func(i *feedback.Item) bool {
						return (i.Team == "it" || i.Team == "care") && i.Verdict.Sentiment == "negative"
					})
					span := q
					span.Since, span.Until = scaleStart.Add(scaleSpan/4), scaleStart.Add(scaleSpan/3)
					ask(span, func(i *feedback.Item) bool { return !i.CreatedAt.Before(span.Since) && i.CreatedAt.Before(span.Until) })
				}
			}
		})
	}
}

// TestSearchAfterTheUpgrade: what was indexed before items were told apart by
// blocks is found as before.
func TestSearchAfterTheUpgrade(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": storetest.SQLiteDSN(t), "postgres": storetest.PostgresDSN(t)} {
		t.Run(name, func(t *testing.T) {
			words := storetest.Older(t, dsn, 3, 3000, "care")
			db := storetest.Open(t, dsn, store.Options{})
			for _, q := range []store.Query{{Words: words[:1]}, {Phrase: []string{"从前", words[0]}}} {
				mustRead(t, db, func(tx *store.Tx) error {
					items, err := tx.Items(q)
					if len(items) != 1 || !strings.HasSuffix(items[0].Text, words[0]) {
						t.Errorf("%+v finds %d items", q, len(items))
					}
					return err
				})
			}
		})
	}
}
