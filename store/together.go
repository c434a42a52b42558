package store

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

// ErrApart says that work done together cannot be kept together: one of its
// rows was known already, or had changed hands. Nothing was kept. The same work
// in smaller parts finds out which.
var ErrApart = errors.New("store: not all of it can be kept together")

// together is what a transaction holds while a batch is dealt with: what was
// read at once at its beginning, and what is kept back to be written at once at
// its end. A method that knows nothing of it is still right: before any other
// statement runs, what was kept back is written, and after any other change all
// that was read is forgotten.
type together struct {
	writing bool // what was kept back is being written

	convs    map[int64]*feedback.Conversation
	authors  map[int64]*feedback.Author
	items    map[int64]*heldItem
	newest   map[int64]int64  // of a conversation: the number of its newest item; 0: none
	current  map[int64]int64  // of a conversation: of its newest that is not closed; 0: none
	visits   map[int64]int64  // of an author: how many items
	outs     map[int64][]*Out // of an item: every row
	finished map[int64]finishedOut
	states   map[string]*heldState
	staff    []*feedback.Staff
	files    map[int64][]feedback.Attachment // of a message
	rows     map[int64]*Out                  // of LookAt

	expected int                // how many more items there may be
	reserved map[string][]int64 // PostgreSQL: numbers of new rows, by table
	taken    map[string]int     // how many were reserved so far
	next     map[string]int64   // SQLite: the number that the next new row of a table gets

	changed      []int64 // items to be written
	words        map[int64][]string
	said         []*feedback.Message
	events       []feedback.Event
	timers       map[timerKey]*Timer // nil: to be dropped
	puts         []*Out
	folds        map[string]*Out
	touched      map[int64]time.Time
	done         []*feedback.Message
	savedAuthors map[int64]bool
	readAuthors  readAuthors // the transaction's
	savedConvs   map[int64]bool
	savedStates  map[string]bool
}

// heldItem is an item as it is now, and as it is stored.
type heldItem struct {
	item    feedback.Item
	stored  int64  // its stored version; 0: it is not stored yet
	facets  facets // as stored
	changed bool
	fresh   bool // its number was given in this transaction
}

type heldState struct {
	value   string
	expires time.Time
	known   bool
}

type timerKey struct {
	item int64
	kind string
}

// finishedOut is what became of a row that Together finished.
type finishedOut struct {
	state    string
	attempts int
	rev      int64
}

// Finishing is the rows whose outcome is kept in one batch: what FinishOut takes.
type Finishing struct {
	Outs   []*Out
	Epochs []int64 // under which each was being sent
}

// Together runs fn, which deals with messages and with the outcomes of outbox
// rows, many in one transaction. What their handling mostly reads is read
// beforehand in a few statements and held; what it writes is kept back and
// written when fn returns, in a few statements: fn sees it all the same. The
// rows of f are finished before fn runs; FinishOut then says what became of each.
//
// fn's error, and [ErrApart], are to fail the transaction: there is no taking
// back of a part.
func (tx *Tx) Together(ms []*feedback.Message, f Finishing, fn func() error) error {
	if tx.batch != nil {
		return errors.New("store: Together inside Together")
	}
	b := &together{expected: len(ms), reserved: map[string][]int64{}, taken: map[string]int{}, next: map[string]int64{}}
	b.forget()
	b.clear()
	if tx.authors == nil {
		tx.authors = make(readAuthors)
	}
	b.readAuthors = tx.authors
	if err := tx.hold(b, ms, f); err != nil {
		return err
	}
	tx.batch = b
	defer func() { tx.batch = nil }()
	if err := fn(); err != nil {
		return err
	}
	return tx.writeBack()
}

// forget drops what was read: the next to ask reads again.
func (b *together) forget() {
	b.convs, b.authors = map[int64]*feedback.Conversation{}, map[int64]*feedback.Author{}
	b.items, b.newest, b.current = map[int64]*heldItem{}, map[int64]int64{}, map[int64]int64{}
	b.visits, b.outs = map[int64]int64{}, map[int64][]*Out{}
	b.states, b.staff = map[string]*heldState{}, nil
}

// clear drops what was kept back: it is written.
func (b *together) clear() {
	b.changed, b.said, b.events, b.puts, b.done = nil, nil, nil, nil, nil
	b.folds = map[string]*Out{}
	b.words, b.timers, b.touched = map[int64][]string{}, map[timerKey]*Timer{}, map[int64]time.Time{}
	b.savedAuthors, b.savedConvs, b.savedStates = map[int64]bool{}, map[int64]bool{}, map[string]bool{}
}

// before is called for each statement of a method that does not know the batch.
// change tells one that writes.
func (tx *Tx) before(change bool) error {
	b := tx.batch
	if b == nil || b.writing {
		return nil
	}
	if err := tx.writeBack(); err != nil {
		return err
	}
	if change {
		b.forget()
		clear(b.next)
	}
	return nil
}

// apart runs one statement that writes what nothing held depends on: what was
// kept back is written first, and what was read stays.
func (tx *Tx) apart(fn func() error) error {
	b := tx.batch
	if b == nil || b.writing {
		return fn()
	}
	if err := tx.writeBack(); err != nil {
		return err
	}
	clear(b.next)
	b.writing = true
	defer func() { b.writing = false }()
	return fn()
}

// beside runs a read of what is never kept back: nothing has to be written first.
func (tx *Tx) beside(fn func() error) error {
	if b := tx.batch; b != nil && !b.writing {
		b.writing = true
		defer func() { b.writing = false }()
	}
	return fn()
}

// fewNumbers is how many numbers of new rows are asked for first.
const fewNumbers = 16

// newNumber gives the number of a new row of a table of which perhaps so many
// are expected.
func (tx *Tx) newNumber(table string, expected int) (int64, error) {
	b := tx.batch
	b.writing = true
	defer func() { b.writing = false }()
	if tx.d == sqlite {
		return tx.nextNumber(table)
	}
	if len(b.reserved[table]) == 0 {
		// Few at first, then twice as many as were taken: those that are not used
		// in the end are gaps, and cost.
		if table != "items" {
			expected = min(expected, max(fewNumbers, b.taken[table]))
		}
		b.taken[table] += expected
		ids, err := tx.ids("WITH s AS MATERIALIZED (SELECT pg_get_serial_sequence(?::text, 'id')::regclass AS name) SELECT nextval(name) FROM s, generate_series(1, ?::bigint)", table, max(expected, 1))
		if err != nil {
			return 0, err
		}
		slices.Sort(ids)
		b.reserved[table] = ids
	}
	id := b.reserved[table][0]
	b.reserved[table] = b.reserved[table][1:]
	return id, nil
}

// nextNumber counts on from the table's last row: nobody else writes while this
// transaction does.
func (tx *Tx) nextNumber(table string) (int64, error) {
	b := tx.batch
	if b.next[table] == 0 {
		query := "SELECT COALESCE(max(id), 0) + 1 FROM " + table
		if table == "items" {
			// The number of an item that is gone does not come again.
			query = "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'items'), 0) + 1"
		}
		next, err := tx.number(query)
		if err != nil {
			return 0, err
		}
		b.next[table] = next
	}
	id := b.next[table]
	b.next[table]++
	return id, nil
}

// --- what is asked ---

func (b *together) item(id int64) *feedback.Item {
	if b == nil || b.items[id] == nil {
		return nil
	}
	i := b.items[id].item
	return &i
}

// lastItem returns the item that a conversation's number in which stands for;
// false where it is not known.
func (b *together) lastItem(which func(*together) map[int64]int64, conversation int64) (*feedback.Item, bool) {
	if b == nil {
		return nil, false
	}
	id, known := which(b)[conversation]
	if !known || id != 0 && b.items[id] == nil {
		return nil, false
	}
	return b.item(id), true
}

func newestOf(b *together) map[int64]int64  { return b.newest }
func currentOf(b *together) map[int64]int64 { return b.current }

func (b *together) conversation(id int64) *feedback.Conversation {
	if b == nil || b.convs[id] == nil {
		return nil
	}
	c := *b.convs[id]
	c.Fields = maps.Clone(c.Fields)
	return &c
}

func (b *together) author(id int64) *feedback.Author {
	if b == nil || b.authors[id] == nil {
		return nil
	}
	a := *b.authors[id]
	return &a
}

// outsOf returns copies of an item's rows; false where they are not known.
func (b *together) outsOf(item int64) ([]*Out, bool) {
	if b == nil || item == 0 {
		return nil, false
	}
	held, known := b.outs[item]
	if !known {
		return nil, false
	}
	outs := make([]*Out, len(held))
	for i, o := range held {
		same := *o
		outs[i] = &same
	}
	return outs, true
}

// outByID returns a copy of a held row, of a transaction that reads.
func (b *together) outByID(id int64) *Out {
	if b == nil || b.rows[id] == nil {
		return nil
	}
	same := *b.rows[id]
	return &same
}

// outByKey returns a held row of the item; known tells that there is no other.
func (b *together) outByKey(item int64, key string) (o *Out, known bool) {
	if b == nil {
		return nil, false
	}
	held, known := b.outs[item]
	for _, o := range held {
		if o.Key == key {
			same := *o
			return &same, true
		}
	}
	return nil, known && item != 0
}

// --- what is kept back ---

func (tx *Tx) insertItemLater(i *feedback.Item) error {
	b := tx.batch
	id, err := tx.newNumber("items", b.expected)
	if err != nil {
		return err
	}
	b.expected = max(b.expected-1, 0)
	i.ID, i.Version = id, 1
	b.items[id] = &heldItem{item: *i, fresh: true, changed: true}
	b.changed = append(b.changed, id)
	b.outs[id] = nil
	if i.Author != 0 {
		if n, known := b.visits[i.Author]; known {
			b.visits[i.Author] = n + 1
		}
	}
	if i.Conversation != 0 {
		if _, known := b.newest[i.Conversation]; known {
			b.newest[i.Conversation] = id
		}
		b.follow(i)
	}
	return nil
}

// follow keeps in mind which item of a conversation is its current one.
func (b *together) follow(i *feedback.Item) {
	now, known := b.current[i.Conversation]
	switch {
	case !known:
	case i.State == feedback.Closed && now == i.ID:
		delete(b.current, i.Conversation) // an earlier one may be open
	case i.State != feedback.Closed && i.ID > now:
		b.current[i.Conversation] = i.ID
	}
}

// updateItemLater reports false for an item that is not held.
func (tx *Tx) updateItemLater(i *feedback.Item) (bool, error) {
	b := tx.batch
	if b == nil || b.items[i.ID] == nil {
		return false, nil
	}
	h := b.items[i.ID]
	if h.item.Version != i.Version {
		return true, fmt.Errorf("item %d: %w", i.ID, feedback.ErrConflict)
	}
	if h.item.Conversation != i.Conversation || h.item.Author != i.Author {
		clear(b.newest)
		clear(b.current)
		clear(b.visits)
	}
	i.Version++
	h.item = *i
	if !h.changed {
		h.changed = true
		b.changed = append(b.changed, i.ID)
	}
	if i.Conversation != 0 {
		b.follow(i)
	}
	return true, nil
}

// putOutLater reports known false for a row of which nobody can say here whether
// its key is known.
func (tx *Tx) putOutLater(o *Out) (inserted, known bool, err error) {
	b := tx.batch
	if b == nil {
		return false, false, nil
	}
	held, complete := b.outs[o.Item]
	if !complete && (o.Item != 0 || o.Conversation == 0) {
		return false, false, nil
	}
	for _, have := range held {
		if have.Key == short(o.Key) {
			o.ID = have.ID
			return false, true, nil
		}
	}
	if o.ID, err = tx.newNumber("outbox", 2*b.expected+2); err != nil {
		return false, true, err
	}
	mine := *o
	mine.Key = short(o.Key)
	b.puts = append(b.puts, &mine)
	if o.Item != 0 {
		b.outs[o.Item] = append(held, &mine)
	}
	return true, true, nil
}

// touchCardsLater reports known false where the item's rows are not held.
func (tx *Tx) touchCardsLater(item int64, now time.Time) (n int, known bool) {
	b := tx.batch
	if b == nil || item == 0 {
		return 0, false
	}
	held, known := b.outs[item]
	if !known {
		return 0, false
	}
	_, twice := b.touched[item]
	for _, o := range held {
		if o.Kind != CardKind || o.State == OutCancelled {
			continue
		}
		n++
		if twice {
			continue
		}
		o.Rev++
		if o.State == OutSent || o.State == OutDead {
			o.State, o.Attempts, o.NextAt = OutPending, 0, now
		}
		if !slices.Contains(b.puts, o) {
			b.touched[item] = now
		}
	}
	return n, true
}

// dropTimersLater reports false for timers that are to be dropped at once.
func (tx *Tx) dropTimersLater(item int64, kinds []string) bool {
	b := tx.batch
	if b == nil || len(kinds) == 0 {
		return false
	}
	h := b.items[item]
	for _, kind := range kinds {
		if h != nil && h.fresh && h.stored == 0 {
			delete(b.timers, timerKey{item, kind}) // none is stored
			continue
		}
		b.timers[timerKey{item, kind}] = nil
	}
	return true
}

// sayLater keeps back a message that we wrote ourselves.
func (tx *Tx) sayLater(ms []*feedback.Message) (bool, error) {
	b := tx.batch
	if b == nil || len(ms) != 1 || ms[0].Direction != feedback.Out || len(ms[0].Attachments) > 0 {
		return false, nil
	}
	var err error
	if ms[0].ID, err = tx.newNumber("messages", b.expected+1); err != nil {
		return false, err
	}
	same := *ms[0]
	b.said = append(b.said, &same)
	return true, nil
}

// stateHeld returns a held value; read tells that it is held at all.
func (tx *Tx) stateHeld(key string) (value string, found, read bool) {
	if tx.batch == nil {
		return "", false, false
	}
	h := tx.batch.states[key]
	if h == nil {
		return "", false, false
	}
	found = h.known && (h.expires.IsZero() || h.expires.After(tx.db.now()))
	if !found {
		return "", false, true
	}
	return h.value, true, true
}

// sortedKeys returns the keys of m, rising: rows are always locked in one order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
