package store

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// Search tokens can hold any characters. Neither engine ever sees them: a token
// becomes lower-case letters and digits, which mean the same to the tokenizer
// of FTS5, to the text form of a tsvector and to both query languages.

// The bounds of an item's index entry, the tighter of both engines'.
const (
	maxTokens     = 16_000    // positions of a tsvector end at 16,383
	maxTokenBytes = 120       // longer ones are found by their digest
	maxEntry      = 1_000_000 // bytes of all codes: a tsvector takes 1 MiB with its blocks
	tokenRoom     = 5         // bytes that a tsvector takes for a token beside its code, at most
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
	codes, room := make([]string, 0, min(len(tokens), maxTokens)), maxEntry
	for _, t := range tokens {
		code := encodeToken(t)
		if code == "" {
			continue
		}
		if room -= len(code) + tokenRoom; len(codes) == maxTokens || room < 0 {
			break
		}
		codes = append(codes, code)
	}
	return codes
}

// IndexItem makes an item found by tokens, and by no others. Their order is kept:
// a phrase is found where its tokens were given one after another. So give the
// finest cut of the text first, whole and with its repeats (single Chinese
// characters, Latin words, numbers), and after it whatever else the item is to
// be found by. What lies beyond 16,000 tokens, or beyond what fits into an entry
// (5,000 of the longest), is not found.
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
	_, err := tx.exec("INSERT INTO item_words (item, words) VALUES (?, ?::tsvector) ON CONFLICT (item) DO UPDATE SET words = excluded.words", id, vectorOf(id, codes))
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
