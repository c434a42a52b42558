package store

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/huiyin/huiyin/feedback"
)

// The bounds of a list.
const (
	defaultLimit = 50
	maxLimit     = 1000
	eachPage     = 200
)

// selection is a Query put into SQL. Lists must stay quick when there are a
// million items and most of them are closed, so it begins with whatever narrows
// most: the words searched for, the few live items, or a team's or topic's own
// index; each of them gives the newest first without sorting.
type selection struct {
	d      dialect
	from   string
	number string // the item's number as the driving table has it
	where  []string
	args   []any
}

// and adds a condition.
func (s *selection) and(condition string, args ...any) {
	s.where = append(s.where, condition)
	s.args = append(s.args, args...)
}

// oneOf adds the condition that a column has one of values; none: any.
func oneOf[T ~string](s *selection, column string, values []T) {
	if len(values) == 0 {
		return
	}
	s.where = append(s.where, column+" IN ("+marks(len(values))+")")
	for _, v := range values {
		s.args = append(s.args, string(v))
	}
}

func (s *selection) sql() string {
	if len(s.where) == 0 {
		return " FROM " + s.from
	}
	return " FROM " + s.from + " WHERE " + strings.Join(s.where, " AND ")
}

// selected returns the selection of q, without its order and limit.
func selected(d dialect, q Query) *selection {
	s := &selection{d: d, from: "items i", number: "i.id"}
	match, searching := matchOf(d, q)
	states := "i.state"
	facet := ""
	if len(q.Teams) == 1 {
		facet = teamFacet(q.Teams[0])
	} else if q.Topic != "" {
		facet = topicFacet(q.Topic)
	}
	// CROSS JOIN keeps SQLite from turning the tables round; PostgreSQL decides
	// by its statistics.
	switch {
	case searching && d == sqlite:
		s.from, s.number = "item_words CROSS JOIN items i", "item_words.rowid"
		s.and("item_words MATCH ?", match)
		s.and("i.id = item_words.rowid")
	case searching:
		s.from = "item_words w CROSS JOIN items i"
		s.and("w.words @@ ?::tsquery", match)
		s.and("i.id = w.item")
	case facet != "" && !q.Live && !q.ByDue && q.Owner == 0 && q.Author == 0 && q.Conversation == 0:
		s.from, s.number = "item_facets f CROSS JOIN items i", "f.item"
		s.and("f.facet = ?", facet)
		s.and("i.id = f.item")
		states = "f.state"
	}
	s.facets(q, facet)
	oneOf(s, states, q.States)
	s.filter(q)
	return s
}

// facets adds the conditions for teams and topic that the driving table does not
// fulfil.
func (s *selection) facets(q Query, facet string) {
	const has = "EXISTS (SELECT 1 FROM item_facets x WHERE x.item = i.id AND x.facet IN (%s))"
	driven := s.number == "f.item"
	if len(q.Teams) > 0 && (!driven || facet != teamFacet(q.Teams[0])) {
		args := make([]any, len(q.Teams))
		for k, team := range q.Teams {
			args[k] = teamFacet(team)
		}
		s.and(fmt.Sprintf(has, marks(len(args))), args...)
	}
	if q.Topic != "" && (!driven || facet != topicFacet(q.Topic)) {
		s.and(fmt.Sprintf(has, "?"), topicFacet(q.Topic))
	}
}

// filter adds the conditions on the items themselves. Literals beside some of
// them are what partial indexes are chosen by.
func (s *selection) filter(q Query) {
	if q.Live {
		s.and("i.live")
	}
	if q.Owner != 0 {
		s.and("i.owner = ? AND i.owner <> 0", q.Owner)
	}
	if q.Unowned {
		s.and("i.owner = 0")
	}
	oneOf(s, "i.channel", q.Channels)
	if q.Author != 0 {
		s.and("i.author = ? AND i.author <> 0", q.Author)
	}
	if q.Conversation != 0 {
		s.and("i.conversation = ? AND i.conversation <> 0", q.Conversation)
	}
	oneOf(s, "i.kind", q.Kinds)
	if len(q.Priority) > 0 {
		args := make([]any, len(q.Priority))
		for k, p := range q.Priority {
			args[k] = int(p)
		}
		s.and("i.priority IN ("+marks(len(args))+")", args...)
	}
	if q.Sentiment != "" {
		s.and("i.sentiment = ?", q.Sentiment)
	}
	if q.History != nil {
		s.and("i.history = ?", *q.History)
	}
	if !q.Since.IsZero() {
		s.and("i.created_at >= ?", q.Since)
	}
	if !q.Until.IsZero() {
		s.and("i.created_at < ?", q.Until)
	}
	if !q.Overdue.IsZero() {
		// The clock runs while an item is new or open and a time is set.
		s.and("i.due_at <> 0 AND i.due_at < ? AND i.state IN ('new', 'open')", q.Overdue)
	}
	if q.Before != 0 {
		s.and(s.number+" < ?", q.Before)
	}
}

// Items returns the items that q selects, the newest first unless q says
// otherwise.
func (tx *Tx) Items(q Query) ([]*feedback.Item, error) {
	s := selected(tx.d, q)
	order := s.number + " DESC"
	if q.ByDue {
		order = "i.priority, CASE WHEN i.due_at = 0 THEN 1 ELSE 0 END, i.due_at, i.id"
	}
	n := q.Limit
	if n <= 0 {
		n = defaultLimit
	}
	return list(tx, itemRow, "SELECT "+qualified("i", selectItemColumns)+s.sql()+" ORDER BY "+order+" LIMIT ?", append(s.args, min(n, maxLimit))...)
}

// CountItems returns how many items q selects, whatever its limit.
func (tx *Tx) CountItems(q Query) (int64, error) {
	s := selected(tx.d, q)
	return tx.number("SELECT count(*)"+s.sql(), s.args...)
}

// CountBy returns how many of the items that q selects have each value of a
// column: state, team (the owning one), sentiment, priority (P0 to P3), channel
// or topic (an item counts for each of its topics).
func (tx *Tx) CountBy(q Query, column string) (map[string]int64, error) {
	s := selected(tx.d, q)
	counts := make(map[string]int64)
	switch column {
	case "state", "team", "sentiment", "channel":
		return counts, tx.each(func(r rows) error {
			var value string
			var n int64
			err := r.Scan(&value, &n)
			counts[value] = n
			return err
		}, "SELECT i."+column+", count(*)"+s.sql()+" GROUP BY i."+column, s.args...)
	case "priority":
		return counts, tx.each(func(r rows) error {
			var p int
			var n int64
			err := r.Scan(whole{&p}, &n)
			counts[feedback.Priority(p).String()] = n
			return err
		}, "SELECT i.priority, count(*)"+s.sql()+" GROUP BY i.priority", s.args...)
	case "topic":
		return counts, tx.each(func(r rows) error { return addTopics(counts, r) },
			"SELECT i.facets, count(*)"+s.sql()+" GROUP BY i.facets", s.args...)
	default:
		return nil, fmt.Errorf("%w: items are not counted by %q", feedback.ErrInvalid, column)
	}
}

// addTopics counts the topics of the items that share all their facets, of which
// there are few kinds.
func addTopics(counts map[string]int64, r rows) error {
	var text string
	var n int64
	if err := r.Scan(&text, &n); err != nil {
		return err
	}
	var f facets
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return fmt.Errorf("store: facets cannot be read: %w", err)
	}
	for _, facet := range f.Facets {
		if topic, ok := strings.CutPrefix(facet, topicFacet("")); ok {
			counts[topic] += n
		}
	}
	return nil
}

// EachItem calls fn for every item that q selects, by rising number, and stops at
// its error. It holds a page of them at a time, however many there are; fn may
// read with the same transaction. Limit, where set, bounds them all; ByDue is
// not considered.
func (tx *Tx) EachItem(q Query, fn func(i *feedback.Item) error) error {
	left := limit(q.Limit)
	for after := int64(0); left > 0; {
		s := selected(tx.d, q)
		s.and(s.number+" > ?", after)
		size := min(left, eachPage)
		page, err := list(tx, itemRow, "SELECT "+qualified("i", selectItemColumns)+s.sql()+" ORDER BY "+s.number+" LIMIT ?", append(s.args, size)...)
		if err != nil {
			return err
		}
		for _, i := range page {
			if err := fn(i); err != nil {
				return err
			}
			after = i.ID
		}
		if int64(len(page)) < size {
			return nil
		}
		left -= size
	}
	return nil
}
