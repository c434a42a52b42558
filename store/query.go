package store

import (
	"encoding/json"
	"fmt"
	"slices"
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
	driver string // the table that drives; empty: items alone
	number string // the item's number as the driving table has it
	items  bool   // a condition looks at the items
	// lateral has PostgreSQL read the items one by one, in the order in which the
	// driving table gives their numbers.
	lateral bool
	// searches says that the driving table gives what words select.
	searches bool
	where    []string
	args     []any
}

// and adds a condition on the driving table.
func (s *selection) and(condition string, args ...any) {
	s.where = append(s.where, condition)
	s.args = append(s.args, args...)
}

// item adds a condition on the items.
func (s *selection) item(condition string, args ...any) {
	s.items = true
	s.and(condition, args...)
}

// oneOf adds the condition that a column has one of values; none: any.
func oneOf[T ~string](s *selection, column string, values []T) {
	if len(values) == 0 {
		return
	}
	s.items = s.items || strings.HasPrefix(strings.TrimPrefix(column, "+"), "i.")
	s.where = append(s.where, column+" IN ("+marks(len(values))+")")
	for _, v := range values {
		s.args = append(s.args, string(v))
	}
}

// sql returns the selection from FROM on. CROSS JOIN keeps SQLite from turning
// the tables round; PostgreSQL decides by its statistics.
func (s *selection) sql() string {
	from, where := "items i", s.where
	switch {
	case s.lateral:
		from = s.driver + " CROSS JOIN LATERAL (SELECT * FROM items WHERE id = " + s.number + " OFFSET 0) i"
	case s.driver != "":
		from = s.driver + " CROSS JOIN items i"
		where = append([]string{"i.id = " + s.number}, where...)
	}
	return " FROM " + from + conditions(where)
}

// countSQL is sql for counting: items that no condition looks at are not read.
func (s *selection) countSQL() string {
	if s.driver == "" || s.items {
		return s.sql()
	}
	return " FROM " + s.driver + conditions(s.where)
}

func conditions(where []string) string {
	if len(where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(where, " AND ")
}

// selected returns the selection of q, without its order and limit.
func selected(d dialect, q Query) *selection {
	// A person's or a conversation's items are few: they drive, whatever else is
	// asked for.
	few := q.Owner != 0 || q.Author != 0 || q.Conversation != 0
	s, facet := &selection{d: d, number: "i.id"}, ""
	match, searching := matchOf(d, q)
	switch {
	case searching && few:
		s.matching(d, match)
	case searching:
		return searched(d, match).complete(q, "")
	case few, q.Live, q.ByDue:
	case len(q.Teams) == 1:
		facet = teamFacet(q.Teams[0])
	case q.Topic != "":
		facet = topicFacet(q.Topic)
	}
	if facet != "" {
		s.driver, s.number = "item_facets f", "f.item"
		s.and("f.facet = ?", facet)
	}
	return s.complete(q, facet)
}

// complete adds the conditions that the driving table does not fulfil.
func (s *selection) complete(q Query, facet string) *selection {
	s.facets(q, facet)
	if facet != "" {
		oneOf(s, "f.state", q.States)
	} else {
		oneOf(s, "i.state", q.States)
	}
	s.filter(q)
	return s
}

// unended are the states of what is being worked on, of which there is an index.
const unended = "state IN ('new', 'open', 'waiting')"

// unended reports whether q selects nothing else.
func (q Query) unended() bool {
	ended := func(s feedback.State) bool {
		return s != feedback.New && s != feedback.Open && s != feedback.Waiting
	}
	return len(q.States) > 0 && !slices.ContainsFunc(q.States, ended)
}

// facets adds the conditions for teams and topic that the driving table does not
// fulfil.
func (s *selection) facets(q Query, facet string) {
	// OFFSET 0 keeps PostgreSQL from reading whole facets instead.
	has := "EXISTS (SELECT 1 FROM item_facets x WHERE x.item = " + s.number + " AND x.facet IN (%s) LIMIT 1 OFFSET 0)"
	if s.searches {
		s.searchedFacets(q, has)
		return
	}
	if len(q.Teams) > 0 && facet != teamFacet(q.Teams[0]) {
		// Most items are of the team itself: the copies are looked up for the rest.
		args := make([]any, 0, 2*len(q.Teams))
		for _, team := range q.Teams {
			args = append(args, team)
		}
		for _, team := range q.Teams {
			args = append(args, teamFacet(team))
		}
		n := marks(len(q.Teams))
		s.item("(i.team IN ("+n+") OR "+fmt.Sprintf(has, n)+")", args...)
	}
	if q.Topic != "" && facet != topicFacet(q.Topic) {
		s.item(fmt.Sprintf(has, "?"), topicFacet(q.Topic))
	}
}

// searchedFacets is facets for what words select: most of it is of other teams and
// topics, and is passed over without reading the items.
func (s *selection) searchedFacets(q Query, has string) {
	if len(q.Teams) > 0 {
		args := make([]any, len(q.Teams))
		for k, team := range q.Teams {
			args[k] = teamFacet(team)
		}
		s.and(fmt.Sprintf(has, marks(len(args))), args...)
	}
	if q.Topic != "" {
		s.and(fmt.Sprintf(has, "?"), topicFacet(q.Topic))
	}
}

// plain returns a column whose index is not to be begun with. SQLite would rather
// do that than look at a span of time: it does not know that most items are of
// few channels and sentiments. PostgreSQL does.
func (s *selection) plain(column string) string {
	if s.d == sqlite {
		return "+" + column
	}
	return column
}

// filter adds the conditions on the items themselves. Literals beside some of
// them are what partial indexes are chosen by.
func (s *selection) filter(q Query) {
	if q.Live {
		s.item("i.live")
	}
	if q.unended() {
		s.item("i." + unended)
	}
	if q.Owner != 0 {
		s.item("i.owner = ? AND i.owner <> 0", q.Owner)
	}
	if q.Unowned {
		s.item("i.owner = 0")
	}
	oneOf(s, s.plain("i.channel"), q.Channels)
	if q.Author != 0 {
		s.item("i.author = ? AND i.author <> 0", q.Author)
	}
	if q.Conversation != 0 {
		s.item("i.conversation = ? AND i.conversation <> 0", q.Conversation)
	}
	oneOf(s, "i.kind", q.Kinds)
	if len(q.Priority) > 0 {
		args := make([]any, len(q.Priority))
		for k, p := range q.Priority {
			args[k] = int(p)
		}
		s.item("i.priority IN ("+marks(len(args))+")", args...)
	}
	if q.Sentiment != "" {
		s.item(s.plain("i.sentiment")+" = ?", q.Sentiment)
	}
	if q.History != nil {
		s.item("i.history = ?", *q.History)
	}
	if !q.Since.IsZero() {
		s.item("i.created_at >= ?", q.Since)
	}
	if !q.Until.IsZero() {
		s.item("i.created_at < ?", q.Until)
	}
	if !q.Overdue.IsZero() {
		// The clock runs while an item is new or open and a time is set.
		s.item("i.due_at <> 0 AND i.due_at < ? AND i.state IN ('new', 'open')", q.Overdue)
	}
	if q.Before != 0 {
		s.and(s.number+" < ?", q.Before)
	}
}

// Items returns the items that q selects, the newest first unless q says
// otherwise.
func (tx *Tx) Items(q Query) ([]*feedback.Item, error) {
	n := q.Limit
	if n <= 0 {
		n = defaultLimit
	}
	n = min(n, maxLimit)
	if q.ByDue {
		return tx.page(selected(tx.d, q), "i.priority, CASE WHEN i.due_at = 0 THEN 1 ELSE 0 END, i.due_at, i.id", n)
	}
	if match, searching := matchOf(tx.d, q); searching {
		return tx.search(q, match, n)
	}
	s, err := tx.listed(q)
	if err != nil {
		return nil, err
	}
	return tx.page(s, s.number+" DESC", n)
}

// page returns the first n items of a selection in an order.
func (tx *Tx) page(s *selection, order string, n int) ([]*feedback.Item, error) {
	return list(tx, itemRow, "SELECT "+qualified("i", selectItemColumns)+s.sql()+" ORDER BY "+order+" LIMIT ?", append(s.args, n)...)
}

// CountItems returns how many items q selects, whatever its limit.
func (tx *Tx) CountItems(q Query) (int64, error) {
	s := selected(tx.d, q)
	return tx.number("SELECT count(*)"+s.countSQL(), s.args...)
}

// Visits returns how many items an author has.
func (tx *Tx) Visits(author int64) (int64, error) {
	if b := tx.batch; b != nil {
		if n, known := b.visits[author]; known {
			return n, nil
		}
	}
	return tx.CountItems(Query{Author: author})
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
		size := int(min(left, eachPage))
		page, err := tx.page(s, s.number, size)
		if err != nil {
			return err
		}
		for _, i := range page {
			if err := fn(i); err != nil {
				return err
			}
			after = i.ID
		}
		if len(page) < size {
			return nil
		}
		left -= int64(size)
	}
	return nil
}
