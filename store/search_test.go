package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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
			add := func(ids *[]int64, n int) {
				mustWrite(t, db, func(tx *store.Tx) error {
					*ids = nil
					for k := range n {
						i := &feedback.Item{State: feedback.New, Team: []string{"care", "hq"}[k%2], Owner: int64(k % 3)}
						if err := tx.InsertItem(i); err != nil {
							return err
						}
						if err := tx.IndexItem(i.ID, []string{"常", "见", fmt.Sprintf("只%d.%d", n, k)}); err != nil {
							return err
						}
						*ids = append(*ids, i.ID)
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
