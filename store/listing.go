package store

// A list that no words are searched for, and that no person, team or topic
// narrows, is read from the newest item back until its page is full. What hardly
// any item has would so be looked for in all of them: the index of a channel or of
// a sentiment tells whether few have it, and which, or else what the newest is.

// pick is a column with such an index, and the value that is asked for.
type pick struct{ column, value string }

// picks returns what of q has such an index.
func (q Query) picks() []pick {
	var all []pick
	if len(q.Channels) == 1 {
		all = append(all, pick{"channel", q.Channels[0]})
	}
	if q.Sentiment != "" {
		all = append(all, pick{"sentiment", q.Sentiment})
	}
	return all
}

// newest returns a query for the numbers of the newest items of p, one more than
// few. PostgreSQL is asked in the index's own order, which it can have from
// nowhere else: it would rather look for a page by number, taking the items for
// evenly spread.
func (p pick) newest(d dialect) (query string, args []any) {
	if d == postgres {
		key := "(" + p.column + ", id)"
		return "SELECT id FROM items WHERE " + key + " >= (?, 0) AND " + key + " < (?, ?) ORDER BY " + p.column + " DESC, id DESC LIMIT ?",
			[]any{p.value, p.value, int64(1) << 62, fewItems + 1}
	}
	return "SELECT id FROM items WHERE " + p.column + " = ? ORDER BY id DESC LIMIT ?", []any{p.value, fewItems + 1}
}

// begun returns the selection of q, without its words, that begins with the few
// numbers that a query gives, the newest first.
func begun(d dialect, q Query, numbers string, args ...any) *selection {
	q.Words, q.Phrase = nil, nil
	s := &selection{d: d, number: "p.id", lateral: d == postgres}
	// Both engines would otherwise look for the first ones by number, and read all
	// items down to there. The limit keeps SQLite from merging the parts again.
	s.driver = "(WITH few AS MATERIALIZED (" + numbers + ") SELECT id FROM few ORDER BY id DESC LIMIT ?) p"
	s.args = append(args, maxWindow)
	return s.complete(q, "")
}

// rare returns the first of picks that few items have. Where there is none, no item
// after last has all of them.
func (tx *Tx) rare(picks []pick) (p pick, found bool, last int64, err error) {
	last = 1 << 62
	for _, p := range picks {
		var n, newest int64
		query, args := p.newest(tx.d)
		if err := tx.get("what hardly any item has", []any{&n, &newest}, "SELECT count(*), COALESCE(max(id), 0) FROM ("+query+") few", args...); err != nil {
			return p, false, 0, err
		}
		if n <= fewItems {
			return p, true, newest, nil
		}
		last = min(last, newest)
	}
	return pick{}, false, last, nil
}

// listed returns the selection of q, which asks for no words, for its newest items.
func (tx *Tx) listed(q Query) (*selection, error) {
	s := selected(tx.d, q)
	if picks := q.picks(); len(picks) > 0 && q.Owner == 0 && q.Author == 0 && q.Conversation == 0 && !q.Live && !q.unended() {
		p, found, last, err := tx.rare(picks)
		if err != nil {
			return nil, err
		}
		if found {
			numbers, args := p.newest(tx.d)
			return begun(tx.d, q, numbers, args...), nil
		}
		s.and(s.number+" <= ?", last)
	}
	from, before, few, err := tx.reach(q)
	switch {
	case err != nil:
		return nil, err
	case few && s.driver == "":
		numbers, args := came(q)
		return begun(tx.d, q, numbers, args...), nil
	case few:
		s.and(s.number+" >= ?", from)
		s.and(s.number+" < ?", before)
	}
	return s, nil
}
