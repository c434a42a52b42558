package store

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/huiyin/huiyin/feedback"
)

// How a search finds the newest items that match. SQLite's FTS5 gives its rows by
// number in either direction, so it is read until a page is full. PostgreSQL's GIN
// gives all matches at once and in no order, and each of them costs a row's
// reading: so the newest rows are looked through one by one first, and then the
// index is asked for the newest stretch of items that is likely to hold a page of
// them, by what was found before, and for the next. Common words are found in the
// first rows, rarer ones in as many blocks of items as it takes, and what is hardly
// there by the server's statistics the index is asked for at once.

const (
	// newestItems is how far back a search on PostgreSQL looks row by row.
	newestItems = 1000
	// surplus is how many times as long a stretch is as what was found so far asks
	// for: that it does not suffice should be the exception.
	surplus = 2
	// wholeMatches is up to how many expected matches PostgreSQL's index is asked
	// for all of them.
	wholeMatches = 1000
	// fewItems is up to how many items are rather asked one by one whether they
	// match, where other conditions leave no more.
	fewItems = 3000
	// maxWindow bounds how many items of a span of time are looked at for the
	// numbers that they lie between.
	maxWindow = 20_000
)

// blockBits are the sizes of blocks, as powers of two, the largest first. Each
// item's entry in the index of PostgreSQL names the blocks it lies in.
var blockBits = [...]uint{22, 19, 16, 13}

// blockCode is a block as the index knows it. Codes of tokens begin otherwise.
func blockCode(level int, item int64) string {
	return "x" + string(rune('a'+level)) + strconv.FormatInt(item>>blockBits[level], 10)
}

// blocksOf returns the codes of all blocks that an item lies in.
func blocksOf(item int64) []string {
	codes := make([]string, len(blockBits))
	for level := range blockBits {
		codes[level] = blockCode(level, item)
	}
	return codes
}

// coverOf returns blocks that hold all items from an item on and before another,
// and few beside: as large as fit in between, the smallest at the edges.
func coverOf(from, before int64) []string {
	var codes []string
	smallest := len(blockBits) - 1
	for from = from >> blockBits[smallest] << blockBits[smallest]; from < before; {
		level := 0
		for level < smallest && (from&(1<<blockBits[level]-1) != 0 || from+1<<blockBits[level] > before) {
			level++
		}
		codes = append(codes, blockCode(level, from))
		from += 1 << blockBits[level]
	}
	return codes
}

// searched returns the items that match, to be completed, whatever their order.
func searched(d dialect, match string) *selection {
	if d == postgres {
		s := &selection{d: d, driver: "item_words w", number: "w.item", searches: true}
		s.and("w.words @@ ?::tsquery", match)
		return s
	}
	s := &selection{d: d, driver: "item_words", number: "item_words.rowid", searches: true}
	s.and("item_words MATCH ?", match)
	return s
}

// matching adds the condition that an item matches to what else selects few.
func (s *selection) matching(d dialect, match string) {
	if d == postgres {
		// OFFSET 0 keeps the planner from asking the index for all that match.
		s.and("EXISTS (SELECT 1 FROM item_words w WHERE w.item = "+s.number+" AND w.words @@ ?::tsquery OFFSET 0)", match)
		return
	}
	s.and("EXISTS (SELECT 1 FROM item_words WHERE item_words MATCH ? AND item_words.rowid = "+s.number+")", match)
}

// search returns the newest n items that match and that q selects.
func (tx *Tx) search(q Query, match string, n int) ([]*feedback.Item, error) {
	if s, few, err := tx.few(q); err != nil || few {
		if err != nil {
			return nil, err
		}
		s.matching(tx.d, match)
		return tx.page(s, s.number+" DESC", n)
	}
	from, before, _, err := tx.reach(q)
	if err != nil {
		return nil, err
	}
	if tx.d == postgres {
		return tx.searchPostgres(q, match, n, from, before)
	}
	s := searched(tx.d, match).complete(q, "")
	s.and(s.number+" >= ?", from)
	s.and(s.number+" < ?", before)
	return tx.page(s, s.number+" DESC", n)
}

// few returns the selection of q without its words where it holds few items at
// most: then each of them is asked.
func (tx *Tx) few(q Query) (s *selection, few bool, err error) {
	q.Words, q.Phrase = nil, nil
	var rows string
	var arg any
	switch {
	case q.Owner != 0:
		rows, arg = "SELECT 1 FROM items WHERE owner = ? AND owner <> 0", q.Owner
	case q.Author != 0:
		rows, arg = "SELECT 1 FROM items WHERE author = ? AND author <> 0", q.Author
	case q.Conversation != 0:
		rows, arg = "SELECT 1 FROM items WHERE conversation = ? AND conversation <> 0", q.Conversation
	case q.Live:
		rows, arg = "SELECT 1 FROM items WHERE live AND id > ?", 0
	case q.unended():
		rows, arg = "SELECT 1 FROM items WHERE "+unended+" AND id > ?", 0
	case len(q.Teams) == 1:
		rows, arg = "SELECT 1 FROM item_facets WHERE facet = ?", teamFacet(q.Teams[0])
	case q.Topic != "":
		rows, arg = "SELECT 1 FROM item_facets WHERE facet = ?", topicFacet(q.Topic)
	}
	if rows != "" {
		n, err := tx.number("SELECT count(*) FROM ("+rows+" LIMIT ?) few", arg, fewItems+1)
		if err != nil || n <= fewItems {
			return selected(tx.d, q), err == nil, err
		}
	}
	p, found, _, err := tx.rare(q.picks())
	if err != nil || !found {
		return nil, false, err
	}
	numbers, args := p.newest(tx.d)
	return begun(tx.d, q, numbers, args...), true, nil
}

// came returns a query for the numbers of what came in q's span of time.
func came(q Query) (query string, args []any) {
	query, args = "SELECT id FROM items WHERE created_at >= ?", []any{q.Since}
	if !q.Until.IsZero() {
		query, args = query+" AND created_at < ?", append(args, q.Until)
	}
	return query, args
}

// reach returns the numbers that whatever q selects lies between: from on, and
// before. A span of time lies between the numbers of its first and its last item,
// however they came in, if it holds few enough to look.
func (tx *Tx) reach(q Query) (from, before int64, few bool, err error) {
	from, before = 0, 1<<62
	if q.Before != 0 {
		before = q.Before
	}
	if q.Since.IsZero() {
		return from, before, false, nil
	}
	window, args := came(q)
	var count, first, last int64
	err = tx.get("a span of time", []any{&count, &first, &last}, "SELECT count(*), COALESCE(min(id), 0), COALESCE(max(id), 0) FROM ("+window+" LIMIT ?) span", append(args, maxWindow+1)...)
	if err != nil || count > maxWindow {
		return from, before, false, err
	}
	return first, min(before, last+1), true, nil
}

// searchPostgres looks from one number back to another.
func (tx *Tx) searchPostgres(q Query, match string, n int, from, before int64) ([]*feedback.Item, error) {
	q.Before = 0
	newest, err := tx.number("SELECT COALESCE(max(item), 0) FROM item_words WHERE item < ?", before)
	if err != nil || newest < from {
		return nil, err
	}
	low := max(newest-newestItems, from-1, 0)
	// OFFSET 0 keeps the planner from merging the parts again.
	near := &selection{d: tx.d, driver: "(SELECT item, words FROM item_words WHERE item > ? AND item <= ? ORDER BY item DESC OFFSET 0) w", number: "w.item", lateral: true, searches: true}
	near.args = []any{low, newest}
	near.and("w.words @@ ?::tsquery", match)
	items, err := tx.page(near.complete(q, ""), "w.item DESC", n)
	if err != nil {
		return nil, err
	}
	if len(items) == n || low < max(from, 1) {
		return items, nil
	}
	expected, err := tx.expectedMatches(match)
	if err != nil {
		return nil, err
	}
	// Where few are expected at all, naming blocks only costs: their lists are the
	// longest of the index.
	all := expected <= wholeMatches
	// low is the highest number that was not looked at yet.
	for len(items) < n && low >= max(from, 1) {
		to := low + 1
		stretch := surplus * int64(n) * (newest - low) / int64(len(items)+1)
		low = max(to-stretch, from, 1) >> blockBits[len(blockBits)-1] << blockBits[len(blockBits)-1]
		hits := &selection{d: tx.d, driver: "(WITH hits AS MATERIALIZED (SELECT item FROM item_words WHERE words @@ ?::tsquery) SELECT item FROM hits WHERE item >= ? AND item < ? ORDER BY item DESC OFFSET 0) w", number: "w.item", lateral: true, searches: true}
		words := match
		if all {
			low = 0
		} else {
			words = "(" + match + ") & (" + strings.Join(coverOf(low, to), " | ") + ")"
		}
		hits.args = []any{words, max(low, from), to}
		more, err := tx.page(hits.complete(q, ""), "w.item DESC", n-len(items))
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
		low--
	}
	return items, nil
}

// expectedMatches is how many items PostgreSQL's statistics let expect.
func (tx *Tx) expectedMatches(match string) (n int64, err error) {
	plan := ""
	if _, err := tx.one([]any{&plan}, "EXPLAIN (FORMAT JSON) SELECT item FROM item_words WHERE words @@ ?::tsquery", match); err != nil {
		return 0, err
	}
	var parts []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal([]byte(plan), &parts); err != nil {
		return 0, fmt.Errorf("store: the server's plan of a search cannot be read: %w", err)
	}
	for _, part := range parts {
		n += int64(part.Plan.Rows)
	}
	return n, nil
}
