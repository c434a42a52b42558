package storetest

import (
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// blocksSince is the schema from which on PostgreSQL's index of words names the
// blocks that items lie in.
const blocksSince = 4

// Older fills the empty database at dsn as a program left it whose schema had
// that version, 1 to the latest: with n ended items of a channel. It returns a
// word of each that no other has; the words of the text before it are those of
// all.
func Older(tb testing.TB, dsn string, version, n int, channel string) (words []string) {
	tb.Helper()
	db, err := store.OpenAt(tb.Context(), dsn, store.Options{}, version)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	}()
	const batch, says = 500, "从前"
	for at := 0; at < n; at += batch {
		first := len(words)
		err := db.Write(tb.Context(), func(tx *store.Tx) error {
			words = words[:first] // it may run again
			for k := at; k < min(at+batch, n); k++ {
				word := olderWord(k)
				i := &feedback.Item{
					Channel: channel, Kind: feedback.KindReview, State: feedback.Closed, History: true, Team: "care", Text: says + " " + word, Quote: says,
					CreatedAt: time.Unix(1.7e9+int64(k), 0).UTC(), Verdict: feedback.Verdict{Sentiment: "neutral"},
				}
				if err := tx.InsertItem(i); err != nil {
					return err
				}
				if err := tx.IndexItem(i.ID, []string{says, word}); err != nil {
					return err
				}
				words = append(words, word)
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if version < blocksSince && db.Dialect() == "postgres" {
		execute(tb, dsn, "UPDATE item_words SET words = (SELECT string_agg(lexeme || ':' || array_to_string(positions, ','), ' ')::tsvector FROM unnest(words) WHERE positions IS NOT NULL)")
	}
	return words
}

// olderWord names the k-th item by letters that nothing masks.
func olderWord(k int) string {
	b := []byte("old")
	for range 5 {
		b = append(b, "bcdfghjkmnpqrstvwxz"[k%19])
		k /= 19
	}
	return string(b)
}

// Supersede has the database at dsn say that a newer program has migrated it; what
// it returns has it forget that.
func Supersede(tb testing.TB, dsn string) (forget func()) {
	tb.Helper()
	execute(tb, dsn, "INSERT INTO schema_migrations (version, name, applied_at) SELECT max(version) + 1, 'newer', 0 FROM schema_migrations")
	return func() { execute(tb, dsn, "DELETE FROM schema_migrations WHERE name = 'newer'") }
}
