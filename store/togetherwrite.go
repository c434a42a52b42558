package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/huiyin/huiyin/feedback"
)

// statement is one of several that are sent together.
type statement struct {
	query string
	args  []any
	rows  int64 // how many it has to change; below 0: any number
}

// writeBack writes what was kept back.
func (tx *Tx) writeBack() error {
	b := tx.batch
	b.writing = true
	defer func() { b.writing = false }()
	var err error
	if tx.d == postgres {
		err = tx.writeBackSets(b)
	} else {
		err = tx.writeBackRows(b)
	}
	if err != nil {
		return err
	}
	for _, id := range b.changed {
		h := b.items[id]
		h.stored, h.changed, h.facets = h.item.Version, false, facetsOf(&h.item)
	}
	for id := range b.savedAuthors {
		b.readAuthors[id] = *b.authors[id]
	}
	if len(b.folds) > 0 {
		delete(b.next, "outbox") // they took numbers of their own
	}
	b.clear()
	return nil
}

// split returns the items to be written: those that are not stored yet, and the
// others.
func (b *together) split() (fresh, stored []*heldItem) {
	slices.Sort(b.changed)
	for _, id := range b.changed {
		if h := b.items[id]; h.stored == 0 {
			fresh = append(fresh, h)
		} else {
			stored = append(stored, h)
		}
	}
	return fresh, stored
}

// facetChanges returns the rows of item_facets to be dropped and to be set.
func facetChanges(h *heldItem) (drop, set []string, state string) {
	now := facetsOf(&h.item)
	for _, f := range h.facets.Facets {
		if !slices.Contains(now.Facets, f) {
			drop = append(drop, f)
		}
	}
	for _, f := range now.Facets {
		if h.facets.State != now.State || !slices.Contains(h.facets.Facets, f) {
			set = append(set, f)
		}
	}
	return drop, set, now.State
}

// derived are the columns of an item that are not fields of it.
const derivedColumns = "id, version, live, sentiment, facets"

func (h *heldItem) derived(f *facets) []any {
	*f = facetsOf(&h.item)
	return []any{h.item.ID, h.item.Version, h.item.Live(), h.item.Verdict.Sentiment, inJSON(f)}
}

func (h *heldItem) row() []any {
	var f facets
	return append(h.derived(&f), itemFields(&h.item)...)
}

// --- SQLite: prepared statements, row by row ---

var (
	insertHeldItem = "INSERT INTO items (" + derivedColumns + ", facets_before, " + itemColumns + ") VALUES (?, ?, ?, ?, ?, '', " + places(itemColumns) + ")"
	updateHeldItem = "UPDATE items SET version = ?, live = ?, sentiment = ?, facets_before = facets, facets = ?, " + assignments(itemColumns) + " WHERE id = ? AND version = ?"
	insertHeldOut  = "INSERT INTO outbox (id, " + outColumns + ") VALUES (?, " + places(outColumns) + ") ON CONFLICT (key) DO NOTHING"
	insertHeldSaid = "INSERT INTO messages (id, " + messageColumns + ") VALUES (?, " + places(messageColumns) + ") ON CONFLICT (channel, external) DO NOTHING"
	updateConv     = "UPDATE conversations SET " + assignments(conversationColumns) + " WHERE id = ?"
)

const (
	insertFacet  = "INSERT INTO item_facets (facet, item, state) VALUES (?, ?, ?) ON CONFLICT (facet, item) DO UPDATE SET state = excluded.state"
	deleteFacet  = "DELETE FROM item_facets WHERE facet = ? AND item = ?"
	insertEvent  = "INSERT INTO events (" + eventColumns + ") VALUES (?, ?, ?, ?, ?, ?)"
	setOneTimer  = "INSERT INTO timers (" + timerColumns + ") VALUES (?, ?, ?, ?) ON CONFLICT (item, kind) DO UPDATE SET due = excluded.due, data = excluded.data"
	dropOneTimer = "DELETE FROM timers WHERE item = ? AND kind = ?"
	finishOne    = "UPDATE messages SET stage = ?, item = ?, verdict = ?, error = ? WHERE id = ? AND stage = 'new'"
	setOneState  = "INSERT INTO state (key, value, expires) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires"
)

// row is one prepared statement's run.
type row struct {
	query string
	args  []any
	want  int64 // how many rows it has to change; below 0: any number
}

// rowsAhead is how many bound rows wait for the connection.
const rowsAhead = 64

// writeBackRows binds the rows beside the connection that writes them: the
// writer is what everybody waits for, and putting objects into JSON is a good
// part of a row's cost.
func (tx *Tx) writeBackRows(b *together) error {
	bound := make(chan row, rowsAhead)
	stop := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(bound)
		failed <- contained(func() error {
			return b.rowsInOrder(func(want int64, query string, args ...any) error {
				args, err := bind(args)
				if err != nil {
					return err
				}
				select {
				case bound <- row{query, args, want}:
					return nil
				case <-stop:
					return errStopped
				}
			})
		})
	}()
	var err error
	for r := range bound {
		if err == nil {
			if err = tx.boundRow(r); err != nil {
				close(stop)
			}
		}
	}
	if unbound := <-failed; err == nil {
		err = unbound
	}
	return err
}

// contained returns fn's error, and a panic as one: in a goroutine of its own it would
// be the end of the process, not of this transaction.
func contained(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: a row could not be made: %v", p)
		}
	}()
	return fn()
}

var errStopped = errors.New("store: the rows before failed")

func (tx *Tx) boundRow(r row) error {
	if _, err := tx.ready(nil); err != nil {
		return err
	}
	changed, _, err := tx.conn.exec(tx.stmt, r.query, r.args)
	if err != nil {
		return tx.note(r.query, err)
	}
	return exact(r.want, changed, r.query)
}

// runRow takes a row that has to change so many rows.
type runRow func(want int64, query string, args ...any) error

// rowsInOrder gives each row that was kept back to run. It does not use the connection.
func (b *together) rowsInOrder(run runRow) error {
	for _, m := range b.said {
		if err := run(1, insertHeldSaid, append([]any{m.ID}, messageFields(m)...)...); err != nil {
			return err
		}
	}
	fresh, stored := b.split()
	for _, h := range fresh {
		if err := run(1, insertHeldItem, h.row()...); err != nil {
			return err
		}
	}
	for _, h := range stored {
		var f facets
		args := append(h.derived(&f)[1:], itemFields(&h.item)...)
		if err := run(1, updateHeldItem, append(args, h.item.ID, h.stored)...); err != nil {
			return err
		}
	}
	if err := b.facetRows(append(fresh, stored...), run); err != nil {
		return err
	}
	for _, id := range sortedKeys(b.words) {
		h := b.items[id]
		fresh := h != nil && h.fresh && h.stored == 0
		codes := encodeTokens(b.words[id])
		var err error
		switch {
		case len(codes) > 0 && fresh:
			err = run(-1, indexNew, id, strings.Join(codes, " "))
		case len(codes) > 0:
			err = run(-1, indexAgain, id, strings.Join(codes, " "))
		case !fresh:
			err = run(-1, indexNone, id)
		}
		if err != nil {
			return err
		}
	}
	for i := range b.events {
		if err := run(1, insertEvent, eventFields(&b.events[i])...); err != nil {
			return err
		}
	}
	if err := b.timerRows(run); err != nil {
		return err
	}
	return b.otherRows(run)
}

func (b *together) facetRows(items []*heldItem, run runRow) error {
	for _, h := range items {
		drop, set, state := facetChanges(h)
		for _, f := range drop {
			if err := run(-1, deleteFacet, f, h.item.ID); err != nil {
				return err
			}
		}
		for _, f := range set {
			if err := run(-1, insertFacet, f, h.item.ID, state); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *together) timerRows(run runRow) error {
	for k, t := range b.timers {
		var err error
		if t == nil {
			err = run(-1, dropOneTimer, k.item, k.kind)
		} else {
			err = run(-1, setOneTimer, timerRow(t)...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *together) otherRows(run runRow) error {
	for _, o := range b.puts {
		if err := run(1, insertHeldOut, append([]any{o.ID}, outFields(o)...)...); err != nil {
			return err
		}
	}
	for _, key := range sortedKeys(b.folds) {
		if err := run(-1, putFold, outFields(b.folds[key])...); err != nil {
			return err
		}
	}
	for _, item := range sortedKeys(b.touched) {
		if err := run(-1, touchCards, b.touched[item], item); err != nil {
			return err
		}
	}
	for _, m := range b.done {
		if err := run(1, finishOne, string(m.Stage), m.Item, inJSON(&m.Verdict), m.Error, m.ID); err != nil {
			return err
		}
	}
	for _, id := range sortedKeys(b.savedAuthors) {
		columns, values, err := b.readAuthors.changes(b.authors[id])
		if err == nil && len(columns) > 0 {
			err = run(1, updateAuthor(columns), append(values, id)...)
		}
		if err != nil {
			return err
		}
	}
	for _, id := range sortedKeys(b.savedConvs) {
		if err := run(1, updateConv, append(conversationFields(b.convs[id]), id)...); err != nil {
			return err
		}
	}
	for _, key := range sortedKeys(b.savedStates) {
		h := b.states[key]
		if err := run(-1, setOneState, short(key), h.value, h.expires); err != nil {
			return err
		}
	}
	return nil
}

func exact(want, changed int64, query string) error {
	if want >= 0 && changed != want {
		return fmt.Errorf("%w: %s: %d of %d rows", ErrApart, beginning(query), changed, want)
	}
	return nil
}

// --- PostgreSQL: a statement a table, an array a column, all in one go ---

func (tx *Tx) writeBackSets(b *together) error {
	s := sets{tx: tx}
	fresh, stored := b.split()
	s.rows("INSERT INTO messages (id, "+messageColumns+")", " ON CONFLICT (channel, external) DO NOTHING", true, len(b.said),
		func(i int) []any { return append([]any{b.said[i].ID}, messageFields(b.said[i])...) })
	s.rows("INSERT INTO items ("+derivedColumns+", facets_before, "+itemColumns+")", "", true, len(fresh),
		func(i int) []any {
			var f facets
			return append(append(fresh[i].derived(&f), ""), itemFields(&fresh[i].item)...)
		})
	s.updates("items", "version = g.version, live = g.live, sentiment = g.sentiment, facets_before = t.facets, facets = g.facets, "+given(itemColumns), "was, "+derivedColumns+", "+itemColumns,
		"t.id = g.id AND t.version = g.was", true, len(stored), func(i int) []any { return append([]any{stored[i].stored}, stored[i].row()...) })
	s.facets(append(fresh, stored...))
	s.words(b)
	s.rows("INSERT INTO events ("+eventColumns+")", "", true, len(b.events), func(i int) []any { return eventFields(&b.events[i]) })
	s.timers(b)
	s.rows("INSERT INTO outbox (id, "+outColumns+")", " ON CONFLICT (key) DO NOTHING", true, len(b.puts),
		func(i int) []any { return append([]any{b.puts[i].ID}, outFields(b.puts[i])...) })
	folds := sortedKeys(b.folds)
	s.rows("INSERT INTO outbox AS t ("+outColumns+")", renewFold, false, len(folds), func(i int) []any { return outFields(b.folds[folds[i]]) })
	touched := sortedKeys(b.touched)
	s.rest("UPDATE outbox t SET "+touchedColumns("g.now")+" FROM ", " AS g(item, now) WHERE t.item = g.item AND t.item <> 0 AND t.kind = 'card' AND t.state <> 'cancelled'", false,
		len(touched), func(i int) []any { return []any{touched[i], b.touched[touched[i]]} })
	slices.SortStableFunc(b.done, func(x, y *feedback.Message) int { return int(x.ID - y.ID) })
	s.updates("messages", "stage = g.stage, item = g.item, verdict = g.verdict, error = g.error", "id, stage, item, verdict, error", "t.id = g.id AND t.stage || '' = 'new'", true, len(b.done),
		func(i int) []any {
			m := b.done[i]
			return []any{m.ID, string(m.Stage), m.Item, inJSON(&m.Verdict), m.Error}
		})
	s.authors(b)
	convs := sortedKeys(b.savedConvs)
	s.updates("conversations", given(conversationColumns), "id, "+conversationColumns, "t.id = g.id", true, len(convs),
		func(i int) []any { return append([]any{convs[i]}, conversationFields(b.convs[convs[i]])...) })
	states := sortedKeys(b.savedStates)
	s.rows("INSERT INTO state (key, value, expires)", " ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires", false, len(states),
		func(i int) []any {
			return []any{short(states[i]), b.states[states[i]].value, b.states[states[i]].expires}
		})
	if s.err != nil {
		return s.err
	}
	return tx.execAll(s.all)
}

// sets gathers statements of many rows each.
type sets struct {
	tx  *Tx
	all []statement
	err error
}

// rest adds a statement whose rows are given between before and after.
func (s *sets) rest(before, after string, all bool, n int, row func(i int) []any) {
	if n == 0 || s.err != nil {
		return
	}
	arrays, err := arraysOf(n, row)
	if err != nil {
		s.err = err
		return
	}
	want := int64(-1)
	if all {
		want = int64(n)
	}
	s.all = append(s.all, statement{query: before + unnest(arrays) + after, args: arrays, rows: want})
}

func (s *sets) rows(insert, after string, all bool, n int, row func(i int) []any) {
	s.rest(insert+" SELECT * FROM ", " AS g"+after, all, n, row)
}

func (s *sets) updates(table, set, columns, where string, all bool, n int, row func(i int) []any) {
	s.rest("UPDATE "+table+" t SET "+set+" FROM ", " AS g("+columns+") WHERE "+where, all, n, row)
}

func (s *sets) facets(items []*heldItem) {
	type facetRow struct {
		facet string
		item  int64
		state string
	}
	var drops, puts []facetRow
	for _, h := range items {
		drop, set, state := facetChanges(h)
		for _, f := range drop {
			drops = append(drops, facetRow{f, h.item.ID, state})
		}
		for _, f := range set {
			puts = append(puts, facetRow{f, h.item.ID, state})
		}
	}
	// Neighbours in the index one after the other.
	slices.SortFunc(puts, func(x, y facetRow) int { return cmp.Or(strings.Compare(x.facet, y.facet), int(x.item-y.item)) })
	s.rest("DELETE FROM item_facets t USING ", " AS g(facet, item) WHERE t.facet = g.facet AND t.item = g.item", false, len(drops),
		func(i int) []any { return []any{drops[i].facet, drops[i].item} })
	s.rows("INSERT INTO item_facets (facet, item, state)", " ON CONFLICT (facet, item) DO UPDATE SET state = excluded.state", false, len(puts),
		func(i int) []any { return []any{puts[i].facet, puts[i].item, puts[i].state} })
}

func (s *sets) words(b *together) {
	var ids, gone []int64
	var words []pgtype.TSVector
	for _, id := range sortedKeys(b.words) {
		codes := encodeTokens(b.words[id])
		switch h := b.items[id]; {
		case len(codes) > 0:
			ids, words = append(ids, id), append(words, vectorOf(id, codes))
		case h == nil || !h.fresh || h.stored != 0:
			gone = append(gone, id)
		}
	}
	if len(ids) > 0 {
		s.all = append(s.all, statement{
			query: "INSERT INTO item_words (item, words) SELECT * FROM unnest(?::bigint[], ?::tsvector[]) ON CONFLICT (item) DO UPDATE SET words = excluded.words",
			args:  []any{ids, words}, rows: -1,
		})
	}
	s.rest("DELETE FROM item_words t USING ", " AS g(item) WHERE t.item = g.item", false, len(gone), func(i int) []any { return []any{gone[i]} })
}

// authors adds a statement for each set of columns that changed: mostly there is one.
func (s *sets) authors(b *together) {
	sets := map[string][][]any{}
	for _, id := range sortedKeys(b.savedAuthors) {
		columns, values, err := b.readAuthors.changes(b.authors[id])
		if err != nil {
			s.err = err
			return
		}
		if len(columns) > 0 {
			key := strings.Join(columns, ", ")
			sets[key] = append(sets[key], append([]any{id}, values...))
		}
	}
	for _, columns := range sortedKeys(sets) {
		rows := sets[columns]
		s.updates("authors", given(columns), "id, "+columns, "t.id = g.id", true, len(rows), func(i int) []any { return rows[i] })
	}
}

func (s *sets) timers(b *together) {
	var drops []timerKey
	var puts []*Timer
	for k, t := range b.timers {
		if t == nil {
			drops = append(drops, k)
		} else {
			puts = append(puts, t)
		}
	}
	slices.SortFunc(puts, func(x, y *Timer) int { return int(x.Item - y.Item) })
	s.rest("DELETE FROM timers t USING ", " AS g(item, kind) WHERE t.item = g.item AND t.kind = g.kind", false, len(drops),
		func(i int) []any { return []any{drops[i].item, drops[i].kind} })
	s.rows("INSERT INTO timers ("+timerColumns+")", " ON CONFLICT (item, kind) DO UPDATE SET due = excluded.due, data = excluded.data", false, len(puts),
		func(i int) []any { return timerRow(puts[i]) })
}

// given returns "a = g.a, b = g.b" for a comma-separated list of columns.
func given(columns string) string {
	names := strings.Split(columns, ", ")
	for i, n := range names {
		names[i] = n + " = g." + n
	}
	return strings.Join(names, ", ")
}

// unnest returns the set of rows whose columns are given as arrays.
func unnest(arrays []any) string {
	var b strings.Builder
	b.WriteString("unnest(")
	for i, a := range arrays {
		if i > 0 {
			b.WriteString(", ")
		}
		switch a.(type) {
		case []string:
			b.WriteString("?::text[]")
		case []int64:
			b.WriteString("?::bigint[]")
		case []bool:
			b.WriteString("?::bool[]")
		default:
			b.WriteString("?::bytea[]")
		}
	}
	b.WriteByte(')')
	return b.String()
}

// maxPositions is how many places of one word a tsvector keeps, less one.
const maxPositions = 255

// vectorOf returns an item's encoded tokens, and the blocks it lies in, as a
// tsvector, its words in its own order: sent as text, PostgreSQL took several
// times as long to read it as to keep it.
func vectorOf(item int64, codes []string) pgtype.TSVector {
	places := make([]int, len(codes))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return strings.Compare(codes[a], codes[b]) })
	v := pgtype.TSVector{Valid: true, Lexemes: make([]pgtype.TSVectorLexeme, 0, len(codes)+len(blockBits))}
	all := make([]pgtype.TSVectorPosition, len(codes))
	for from := 0; from < len(places); {
		word, to := codes[places[from]], from
		for ; to < len(places) && codes[places[to]] == word; to++ {
			all[to] = pgtype.TSVectorPosition{Position: uint16(places[to] + 1), Weight: pgtype.TSVectorWeightD}
		}
		v.Lexemes = append(v.Lexemes, pgtype.TSVectorLexeme{Word: word, Positions: all[from:min(to, from+maxPositions)]})
		from = to
	}
	// Digests of long words alone come behind these: the server moves them.
	for _, block := range blocksOf(item) {
		v.Lexemes = append(v.Lexemes, pgtype.TSVectorLexeme{Word: block})
	}
	return v
}
