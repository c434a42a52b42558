package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/sla"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

// Change is one change to an item or to what surrounds it. Each file of this
// package defines those of its concern.
type Change interface {
	run(w *work) (*feedback.Item, error)
}

// Result is what became of one Change. Item is as it is after the change; it
// may be nil where the change concerned no item.
type Result struct {
	Item *feedback.Item
	Err  error
}

// batchSize bounds how many changes share one transaction.
const batchSize = 256

// Apply carries out changes in order, many in one transaction and, of messages
// and deliveries, with a statement for all of them where one each would do. A change that
// fails leaves nothing behind and does not touch its neighbours: its error is
// in its Result. An error of the database itself is in all Results of its
// transaction.
func (s *Service) Apply(ctx context.Context, changes ...Change) []Result {
	results := make([]Result, len(changes))
	for from := 0; from < len(changes); from += batchSize {
		to := min(from+batchSize, len(changes))
		s.applyBatch(ctx, changes[from:to], results[from:to])
	}
	return results
}

func (s *Service) applyBatch(ctx context.Context, changes []Change, results []Result) {
	if messages, finishing, can := gather(changes); can && s.applyTogether(ctx, changes, results, messages, finishing) {
		return
	}
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		for i, c := range changes {
			results[i] = Result{}
			w := s.work(tx)
			run := func() error {
				item, err := c.run(w)
				results[i].Item = item
				return err
			}
			var err error
			if len(changes) == 1 {
				// Alone in its transaction a change needs no savepoint.
				if err = run(); err != nil {
					return err
				}
			} else {
				err = tx.Try(run)
			}
			results[i].Err = err
			if err == nil {
				w.ring()
			}
		}
		return nil
	})
	if err != nil {
		for i := range results {
			if results[i].Err == nil {
				results[i] = Result{Err: err}
			}
		}
	}
}

// fewTogether is how many changes are rather tried one by one, when they did not
// go through together, than in halves.
const fewTogether = 8

// gather returns what changes are about, where all of them are of the kinds that
// the pipeline brings in numbers.
func gather(changes []Change) (ms []*feedback.Message, f store.Finishing, can bool) {
	for _, c := range changes {
		switch c := c.(type) {
		case Incoming:
			ms = append(ms, c.Message)
		case Delivered:
			f.Outs, f.Epochs = append(f.Outs, c.Out), append(f.Epochs, c.Epoch)
		default:
			return nil, f, false
		}
	}
	return ms, f, true
}

// applyTogether carries out changes with as few statements as possible, all or
// none. Where one of them fails, halves are tried, so that the others still go
// through together; it reports false for few, that are to be tried one by one.
func (s *Service) applyTogether(ctx context.Context, changes []Change, results []Result, ms []*feedback.Message, f store.Finishing) bool {
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		clear(results)
		w := s.work(tx)
		err := tx.Together(ms, f, func() error {
			for i, c := range changes {
				item, err := c.run(w)
				if err != nil {
					return err
				}
				results[i].Item = item
			}
			return nil
		})
		if err == nil {
			w.ring()
		}
		return err
	})
	switch {
	case err == nil:
		return true
	case ctx.Err() != nil, errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrUnknownOutcome), errors.Is(err, store.ErrClosed):
		for i := range results {
			results[i] = Result{Err: err}
		}
		return true
	case len(changes) <= fewTogether:
		return false
	}
	half := len(changes) / 2
	s.applyBatch(ctx, changes[:half], results[:half])
	s.applyBatch(ctx, changes[half:], results[half:])
	return true
}

// do carries out a function of one transaction as Apply does a Change.
func (s *Service) do(ctx context.Context, fn func(w *work) error) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		w := s.work(tx)
		if err := fn(w); err != nil {
			return err
		}
		w.ring()
		return nil
	})
}

// work is one change under way: its transaction, its time, the rules it began
// with and whom to tell once it is committed.
type work struct {
	s     *Service
	r     *Rules
	tx    *store.Tx
	now   time.Time
	local time.Time // now in the brand's time zone

	items map[int64]bool
	convs map[int64]bool
	bots  map[string]bool
	timer time.Time

	text    string // what was analysed last
	verdict nlp.Verdict

	cause time.Time // when what is acted on came, where a machine acts; zero: a person does, now
}

// doubtful reports whether customers were perhaps told already what is about to
// be said: its cause is older than the restored database's new beginning.
func (w *work) doubtful() bool {
	at := w.s.restored.Load()
	return at != nil && !at.IsZero() && !w.cause.IsZero() && w.cause.Before(*at)
}

func (s *Service) work(tx *store.Tx) *work {
	now := s.now().UTC().Truncate(time.Microsecond) // as the database keeps it
	r := s.Rules()
	return &work{s: s, r: r, tx: tx, now: now, local: r.local(now),
		items: map[int64]bool{}, convs: map[int64]bool{}, bots: map[string]bool{}}
}

// analyze says what a text is about, which mostly was analysed just before.
func (w *work) analyze(text string) nlp.Verdict {
	if text != w.text || text == "" {
		w.text, w.verdict = text, w.r.Analyze(text)
	}
	return w.verdict
}

// ring tells, after the commit, who has work now.
func (w *work) ring() {
	if w.s.bell == nil {
		return
	}
	bell, items, convs, bots, timer := w.s.bell, w.items, w.convs, w.bots, w.timer
	w.tx.After(func() {
		for id := range items {
			bell.Item(id)
		}
		for id := range convs {
			bell.Conversation(id)
		}
		for name := range bots {
			bell.Deliver(name)
		}
		if !timer.IsZero() {
			bell.Timer(timer)
		}
	})
}

// step is one event of an item with what it carries.
type step struct {
	kind  string
	actor *Actor
	data  map[string]string
}

// record adds an event. A key seen before means that the command was carried
// out already: feedback.ErrDuplicate.
func (w *work) record(item int64, st step) error {
	e := feedback.Event{Item: item, At: w.now, Kind: st.kind, Data: st.data}
	if st.actor != nil {
		if st.actor.Staff != nil {
			e.Staff = st.actor.Staff.ID
		}
		if st.actor.Key != "" {
			// One command may touch several items: the key is unique by item.
			e.Key = st.actor.Bot + ":" + st.actor.Key + ":" + strconv.FormatInt(item, 10) + ":" + st.kind
		}
	}
	inserted, err := w.tx.AddEvent(&e)
	if err != nil {
		return err
	}
	if !inserted {
		return feedback.ErrDuplicate
	}
	w.items[item] = true
	return nil
}

// errNoTransition is wrapped where the state machine says no.
var errNoTransition = errors.New("not possible in this state")

// move takes item through the state machine.
func (w *work) move(item *feedback.Item, action feedback.Action) error {
	to, ok := feedback.Next(item.State, action)
	if !ok {
		return fmt.Errorf("%w: %s while %s", errNoTransition, action, item.State)
	}
	item.State = feedback.Settle(to, item.Owner)
	return nil
}

// save writes item by compare-and-set, has its cards edited and adds the
// event.
func (w *work) save(item *feedback.Item, st step) error {
	item.UpdatedAt = w.now
	if err := w.tx.UpdateItem(item); err != nil {
		return err
	}
	if err := w.record(item.ID, st); err != nil {
		return err
	}
	return w.touch(item.ID)
}

// touch has every card of the item edited to its newest state.
func (w *work) touch(item int64) error {
	w.items[item] = true
	if _, err := w.tx.TouchCards(item, w.now); err != nil {
		return err
	}
	return w.ringCards(item)
}

// ringCards rings for the bots that hold cards of the item.
func (w *work) ringCards(item int64) error {
	outs, err := w.tx.OutsOf(item)
	if err != nil {
		return err
	}
	for _, o := range outs {
		if o.Kind == OutCard {
			w.bots[o.Bot] = true
		}
	}
	return nil
}

// setTimer sets one timer of the item.
func (w *work) setTimer(item int64, kind string, due time.Time, data string) error {
	if w.timer.IsZero() || due.Before(w.timer) {
		w.timer = due
	}
	return w.tx.SetTimer(store.Timer{Item: item, Kind: kind, Due: due, Data: data})
}

// team returns the item's team, and a team with default hours where the
// configuration no longer knows it.
func (w *work) team(name string) *Team {
	if t := w.r.Teams[name]; t != nil {
		return t
	}
	return &Team{Name: name, Title: name, Answer: sla.DefaultTargets()}
}

// startClock sets when the item is to be answered, and the timers that follow
// from it.
func (w *work) startClock(item *feedback.Item, from time.Time) error {
	t := w.team(item.Team)
	due := sla.Due(t.Hours, t.Answer, item.Priority, w.r.local(from)).UTC()
	return w.setDue(item, due)
}

// setDue puts the clock of the item on due.
func (w *work) setDue(item *feedback.Item, due time.Time) error {
	item.DueAt, item.Left = due, 0
	if item.History {
		return nil
	}
	if err := w.setTimer(item.ID, TimerOverdue, due, ""); err != nil {
		return err
	}
	if item.Owner == 0 {
		t := w.team(item.Team)
		hours := sla.HoursFor(t.Hours, item.Priority)
		left := hours.Between(w.local, w.r.local(due))
		half := hours.Add(w.local, left/2).UTC()
		if err := w.setTimer(item.ID, TimerHalf, half, ""); err != nil {
			return err
		}
	}
	return w.promiseTimer(item)
}

// promiseTimer has the customer told shortly before a promised time passes.
func (w *work) promiseTimer(item *feedback.Item) error {
	if item.PromisedAt.IsZero() || !item.WayBack || !item.PromisedAt.After(w.now) {
		return nil
	}
	return w.setTimer(item.ID, TimerPromise, item.PromisedAt.Add(-w.r.Desk.PromiseWarn), "")
}

// stopClock ends the item's clock and the timers that hang on it.
func (w *work) stopClock(item *feedback.Item) error {
	item.DueAt, item.Left = time.Time{}, 0
	return w.tx.DropTimers(item.ID, TimerHalf, TimerOverdue, TimerPromise, TimerOpening)
}

// pauseClock keeps what is left of the answer time.
func (w *work) pauseClock(item *feedback.Item) error {
	if item.DueAt.IsZero() {
		return nil
	}
	t := w.team(item.Team)
	hours := sla.HoursFor(t.Hours, item.Priority)
	item.Left = max(sla.Pause(hours, w.r.local(item.DueAt), w.local), time.Minute)
	item.DueAt = time.Time{}
	return w.tx.DropTimers(item.ID, TimerHalf, TimerOverdue, TimerPromise)
}

// resumeClock goes on with what was left.
func (w *work) resumeClock(item *feedback.Item) error {
	if item.Left == 0 {
		if item.DueAt.IsZero() {
			return w.startClock(item, w.now)
		}
		return nil
	}
	t := w.team(item.Team)
	hours := sla.HoursFor(t.Hours, item.Priority)
	return w.setDue(item, sla.Resume(hours, item.Left, w.local).UTC())
}

// refitClock fits the answer time to another priority than it was: of a running
// clock, counted from when the customer began to wait; of a paused one, what is
// left of it.
func (w *work) refitClock(item *feedback.Item, was feedback.Priority) error {
	switch {
	case item.Priority == was:
		return nil
	case item.Left > 0:
		t := w.team(item.Team)
		used := max(t.Answer.For(was)-item.Left, 0)
		item.Left = max(t.Answer.For(item.Priority)-used, time.Minute)
		return nil
	case item.State != feedback.New && item.State != feedback.Open:
		return nil
	}
	since, err := w.waitingSince(item)
	if err != nil {
		return err
	}
	return w.startClock(item, since)
}

// waitingSince returns since when the customer waits for an answer: since they
// first wrote, or since what they did first after the last answer they got.
func (w *work) waitingSince(item *feedback.Item) (time.Time, error) {
	if item.RepliedAt.IsZero() {
		return item.CreatedAt, nil
	}
	ms, err := w.tx.MessagesOf(item.ID)
	if err != nil {
		return time.Time{}, err
	}
	since, answered := w.now, item.RepliedAt
	for _, m := range slices.Backward(ms) {
		if m.Direction == feedback.Out && m.Staff != 0 {
			answered = m.ReceivedAt
			break
		}
		if m.Direction == feedback.In {
			since = m.ReceivedAt
		}
	}
	if item.RatedAt.After(answered) && item.RatedAt.Before(since) {
		since = item.RatedAt
	}
	return since, nil
}

// unownedClock has the clock of an item go on that nobody owns any more: what no
// clock runs for is forgotten.
func (w *work) unownedClock(item *feedback.Item) error {
	switch {
	case item.DueAt.After(w.now):
		return w.setDue(item, item.DueAt) // the team is asked who takes it, once more than half is over
	case !item.DueAt.IsZero() || item.Left == 0 && !clocked(item):
		return nil
	default:
		return w.resumeClock(item)
	}
}

// cutBytes returns s within n bytes, cut between runes.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
