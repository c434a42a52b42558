package store

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"

	"github.com/huiyin/huiyin/feedback"
)

// Search tokens can hold any characters. Neither engine ever sees them: a token
// becomes lower-case letters and digits, which mean the same to the tokenizer
// of FTS5, to the text form of a tsvector and to both query languages.

// The bounds of an item's index entry, the tighter of both engines'.
const (
	maxTokens     = 16_000 // positions of a tsvector end at 16,383
	maxTokenBytes = 120    // longer ones are found by their digest
)

var tokenCode = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// encodeToken returns the token as the engines know it; "" for an empty one.
// Different tokens stay different: a digest begins with a letter that the code
// does not have.
func encodeToken(token string) string {
	token = clean(token)
	if len(token) > maxTokenBytes {
		sum := sha256.Sum256([]byte(token))
		return "z" + hex.EncodeToString(sum[:16])
	}
	return tokenCode.EncodeToString([]byte(token))
}

func encodeTokens(tokens []string) []string {
	codes := make([]string, 0, min(len(tokens), maxTokens))
	for _, t := range tokens {
		if len(codes) == maxTokens {
			break
		}
		if code := encodeToken(t); code != "" {
			codes = append(codes, code)
		}
	}
	return codes
}

// IndexItem makes an item found by tokens, and by no others. Their order is kept:
// a phrase is found where its tokens were given one after another. So give the
// finest cut of the text first, whole and with its repeats (single Chinese
// characters, Latin words, numbers), and after it whatever else the item is to
// be found by. What lies beyond 16,000 tokens is not found.
func (tx *Tx) IndexItem(id int64, tokens []string) error {
	if b := tx.batch; b != nil && !b.writing {
		b.words[id] = tokens
		return nil
	}
	codes := encodeTokens(tokens)
	if tx.d == postgres {
		return tx.indexPostgres(id, codes)
	}
	if len(codes) == 0 {
		_, err := tx.exec(indexNone, id)
		return err
	}
	_, err := tx.exec(indexAgain, id, strings.Join(codes, " "))
	return err
}

// How SQLite's index gets an item's words. Of a new item nothing needs to be
// looked up first.
const (
	indexNew   = "INSERT INTO item_words (rowid, words) VALUES (?, ?)"
	indexAgain = "INSERT OR REPLACE INTO item_words (rowid, words) VALUES (?, ?)"
	indexNone  = "DELETE FROM item_words WHERE rowid = ?"
)

func (tx *Tx) indexPostgres(id int64, codes []string) error {
	if len(codes) == 0 {
		_, err := tx.exec("DELETE FROM item_words WHERE item = ?", id)
		return err
	}
	_, err := tx.exec("INSERT INTO item_words (item, words) VALUES (?, ?::tsvector) ON CONFLICT (item) DO UPDATE SET words = excluded.words", id, vectorOf(codes))
	return err
}

// matchOf returns the query for q's words and phrase in the engine's language.
// Empty tokens are passed over; false when none are left.
func matchOf(d dialect, q Query) (string, bool) {
	words, phrase := encodeTokens(q.Words), encodeTokens(q.Phrase)
	if len(words) == 0 && len(phrase) == 0 {
		return "", false
	}
	if d == postgres {
		if len(phrase) > 0 {
			words = append(words, "("+strings.Join(phrase, " <-> ")+")")
		}
		return strings.Join(words, " & "), true
	}
	for i, w := range words {
		words[i] = `"` + w + `"`
	}
	if len(phrase) > 0 {
		words = append(words, `"`+strings.Join(phrase, " ")+`"`)
	}
	return strings.Join(words, " AND "), true
}

// searched returns the items that match, to be completed. few says that the other
// conditions leave few items: then each of them is asked whether it matches.
func searched(d dialect, match string, few bool) *selection {
	s := &selection{driver: "item_words w", number: "w.item"}
	switch {
	case d == postgres:
		s.and("w.words @@ ?::tsquery", match)
	case few:
		s.driver, s.number = "", "i.id"
		s.item("EXISTS (SELECT 1 FROM item_words WHERE item_words MATCH ? AND item_words.rowid = i.id)", match)
	default:
		// FTS5 gives its rows by number, in either direction: the newest come
		// without sorting, however many match.
		s.driver, s.number = "item_words", "item_words.rowid"
		s.and("item_words MATCH ?", match)
	}
	return s
}

// newestItems is how far back a search on PostgreSQL looks item by item.
const newestItems = 5000

// searchPostgres returns the newest n items that match. A GIN index gives its
// matches all at once and in no order, which is slow for common words, and the
// planner knows nothing of rare ones. So the newest items are looked through one
// by one first: common words are found there. For what is not, there are few
// matches, and the index gives them.
func (tx *Tx) searchPostgres(q Query, match string, n int) ([]*feedback.Item, error) {
	before := q.Before
	if before == 0 {
		before = 1 << 62
	}
	newest, err := tx.number("SELECT COALESCE(max(item), 0) FROM item_words WHERE item < ?", before)
	if err != nil {
		return nil, err
	}
	// OFFSET 0 and MATERIALIZED keep the planner from merging the parts again.
	near := &selection{driver: "(SELECT item, words FROM item_words WHERE item > ? AND item <= ? ORDER BY item DESC OFFSET 0) w", number: "w.item"}
	near.args = []any{newest - newestItems, newest}
	near.and("w.words @@ ?::tsquery", match)
	items, err := tx.page(near.complete(q, ""), "w.item DESC", n)
	if err != nil || len(items) == n || newest <= newestItems {
		return items, err
	}
	all := &selection{driver: "(WITH hits AS MATERIALIZED (SELECT item FROM item_words WHERE words @@ ?::tsquery) SELECT item FROM hits) w", number: "w.item"}
	all.args = []any{match}
	return tx.page(all.complete(q, ""), "w.item DESC", n)
}
