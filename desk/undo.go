package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// snapshot is what 撤销 can put back of an item.
type snapshot struct {
	State     feedback.State    `json:"state"`
	Owner     int64             `json:"owner"`
	Claimed   time.Time         `json:"claimed"`
	Team      string            `json:"team"`
	Copies    []string          `json:"copies,omitempty"`
	Transfers int               `json:"transfers,omitempty"`
	Path      []string          `json:"path,omitempty"`
	Cards     string            `json:"cards,omitempty"`
	Priority  feedback.Priority `json:"priority"`
	Pinned    bool              `json:"pinned"`
	Reasons   []string          `json:"reasons,omitempty"`
	DueAt     time.Time         `json:"due"`
	Left      time.Duration     `json:"left"`
	Promised  time.Time         `json:"promised"`
	Replied   time.Time         `json:"replied"`
	Ask       string            `json:"ask,omitempty"`
	Closure   feedback.Delivery `json:"closure"`
	Verdict   feedback.Verdict  `json:"verdict"`
	Fields    map[string]string `json:"fields,omitempty"`
	Ended     time.Time         `json:"ended"`
	Told      string            `json:"told,omitempty"`
	Resolved  time.Time         `json:"resolved"`
	PostedOn  bool              `json:"posted_on,omitempty"`
	Snoozed   time.Time         `json:"snoozed"`
}

func snap(i *feedback.Item) string {
	b, err := json.Marshal(snapshot{
		State: i.State, Owner: i.Owner, Claimed: i.ClaimedAt, Team: i.Team, Copies: i.Copies, Transfers: i.Transfers, Path: i.Path, Cards: i.Cards,
		Priority: i.Priority, Pinned: i.Pinned, Reasons: i.Reasons, DueAt: i.DueAt, Left: i.Left, Promised: i.PromisedAt, Replied: i.RepliedAt,
		Ask: i.Ask, Closure: i.Closure, Verdict: i.Verdict, Fields: i.Fields, Ended: i.EndedAt, Told: i.Resolved, Resolved: i.ResolvedAt,
		PostedOn: i.PostedOn, Snoozed: i.SnoozedUntil,
	})
	if err != nil {
		return "" // maps of strings and numbers always marshal
	}
	return string(b)
}

// putBack gives an item what s remembers.
func (s *snapshot) putBack(i *feedback.Item) {
	i.State, i.Owner, i.ClaimedAt, i.Team, i.Copies, i.Transfers, i.Path, i.Cards = s.State, s.Owner, s.Claimed, s.Team, s.Copies, s.Transfers, s.Path, s.Cards
	i.Priority, i.Pinned, i.Reasons, i.DueAt, i.Left, i.PromisedAt, i.RepliedAt = s.Priority, s.Pinned, s.Reasons, s.DueAt, s.Left, s.Promised, s.Replied
	i.Ask, i.Closure, i.Verdict, i.Fields, i.EndedAt, i.Resolved, i.ResolvedAt = s.Ask, s.Closure, s.Verdict, s.Fields, s.Ended, s.Told, s.Resolved
	i.PostedOn, i.SnoozedUntil = s.PostedOn, s.Snoozed
}

// memory is an item and its timers at one moment.
type memory struct {
	Item   string                 `json:"item"` // a snapshot
	Timers map[string]store.Timer `json:"timers,omitempty"`
}

// memorize remembers an item as it is, for 撤销.
func (w *work) memorize(item *feedback.Item) (memory, error) {
	timers, err := w.tx.Timers(item.ID)
	if err != nil {
		return memory{}, err
	}
	m := memory{Item: snap(item), Timers: map[string]store.Timer{}}
	for _, t := range timers {
		m.Timers[t.Kind] = *t
	}
	return m, nil
}

// undoable is one thing that 撤销 can take back: what a command made of an item.
type undoable struct {
	Item int64  `json:"item"`
	Kind string `json:"kind"`
	// Out is the key of the message to the customer that the command wrote.
	Out string `json:"out,omitempty"`
	Was memory `json:"was"`
	Is  memory `json:"is"`
	// Correction is the number of the correction that was made, if any.
	Correction int64 `json:"correction,omitempty"`
}

// undoably carries out a command's change of one item and remembers it, for 撤销.
func (c *call) undoably(item *feedback.Item, kind string, change func() error) error {
	was, err := c.memorize(item)
	if err != nil {
		return err
	}
	if err := c.possible(item, change()); err != nil {
		return err
	}
	kept, err := c.tx.Item(item.ID)
	if err != nil {
		return err
	}
	is, err := c.memorize(kept)
	if err != nil {
		return err
	}
	c.done = append(c.done, undoable{Item: item.ID, Kind: kind, Was: was, Is: is})
	return nil
}

// undoFor is how long a command that sent nothing can be undone.
const undoFor = 10 * time.Minute

// lastPrefix begins the keys of states that keep what can be undone: what a
// colleague did last, what wrote a message to a customer, and what wrote several.
const lastPrefix = "did:"

func lastKey(staff int64) string { return lastPrefix + strconv.FormatInt(staff, 10) }

// outUndoKey is that of the item whose message bears the key.
func outUndoKey(out string) string { return lastPrefix + "out:" + firstPart(out) }

// manyUndoKey is that of a command that wrote several messages, the first of them
// with the key.
func manyUndoKey(out string) string { return lastPrefix + "many:" + firstPart(out) }

// firstPart returns the key of the first part of a message, given that of any:
// further parts add #2, #3…
func firstPart(key string) string {
	at := strings.LastIndexByte(key, '#')
	if at < 0 {
		return key
	}
	if _, err := strconv.Atoi(key[at+1:]); err != nil {
		return key
	}
	return key[:at]
}

// remember keeps what the actor's command did: as their last, and by the messages
// to customers that it wrote, so that a button under one of them means that one,
// whatever was done in between.
func (w *work) remember(a *Actor, done []undoable) error {
	if len(done) == 0 {
		return nil
	}
	first := ""
	for _, u := range done {
		if u.Out == "" {
			continue
		}
		if first == "" {
			first = u.Out
		}
		if err := w.keep(outUndoKey(u.Out), []undoable{u}); err != nil {
			return err
		}
	}
	if first != "" && len(done) > 1 {
		if err := w.keep(manyUndoKey(first), done); err != nil {
			return err
		}
	}
	return w.keep(lastKey(a.Staff.ID), done)
}

// keep has what was done undone by a key, for a while.
func (w *work) keep(key string, done []undoable) error {
	b, err := json.Marshal(done)
	if err != nil {
		return fmt.Errorf("remember a command: %w", err)
	}
	return w.tx.SetState(key, string(b), w.now.Add(undoFor))
}

var (
	errTooLate = errors.New("already sent")
	errNothing = errors.New("nothing to undo")
	errUndone  = errors.New("undone already")
	errSince   = errors.New("changed since")
)

// undoLast takes back the person's last command, of several items only those
// that the command names.
func (c *call) undoLast() error {
	ids, err := c.undo(c.a, lastKey(c.a.Staff.ID), c.p.Items)
	if err != nil {
		return c.notUndone(ids, err)
	}
	if len(ids) > 1 {
		c.answer = brief(c.text("undone.many", phraseVars{"count": len(ids)}))
		return nil
	}
	item, err := c.tx.Item(ids[0])
	if err != nil {
		return err
	}
	c.answer = brief(c.text("undone.state", phraseVars{"number": item.ID, "state": c.text("state."+string(item.State), nil)}))
	return nil
}

// wholeCommand is what a button says, behind the number of a message, where it
// means every message of the command that wrote it.
const wholeCommand = "all"

// undoOut takes back a message that waits, and what the command did that wrote
// it.
func (c *call) undoOut(out *store.Out, whole bool) error {
	key := outUndoKey(out.Key)
	if whole {
		key = manyUndoKey(out.Key)
	}
	ids, err := c.undo(c.a, key, nil)
	if errors.Is(err, errNothing) {
		// It was remembered for as long as it could be taken back.
		if err = errTooLate; out.State == store.OutCancelled {
			err = errUndone
		}
	}
	if errors.Is(err, errUndone) {
		err = nil // another tap on the same button
	}
	if err != nil {
		return c.notUndone(ids, err)
	}
	c.answer = bots.Answer{Text: c.text("undone", nil), Brief: true, Replace: true}
	return nil
}

// notUndone words why nothing was undone.
func (c *call) notUndone(ids []int64, err error) error {
	switch {
	case errors.Is(err, errTooLate):
		return c.refuse("toolate", nil)
	case errors.Is(err, errNothing), errors.Is(err, errUndone):
		return c.refuse("nothingtoundo", nil)
	case errors.Is(err, errSince):
		return c.refuse("undone.since", phraseVars{"number": ids[0]})
	default:
		return err
	}
}

// undo takes back what is remembered under a key; of several items those in
// only, where it names any. It returns the items, or the one that could not be
// undone.
func (w *work) undo(a *Actor, key string, only []int64) ([]int64, error) {
	raw, known, err := w.tx.State(key)
	if err != nil {
		return nil, err
	}
	var done []undoable
	if known {
		if err := json.Unmarshal([]byte(raw), &done); err != nil {
			return nil, fmt.Errorf("last command: %w", err)
		}
	}
	var ids []int64
	var rest []undoable
	err = errNothing
	for _, u := range done {
		if len(only) > 0 && !slices.Contains(only, u.Item) {
			rest = append(rest, u)
			continue
		}
		switch one := w.undoOne(a, u); {
		case errors.Is(one, errUndone): // by the button of its own message
			err = errUndone
		case one != nil:
			return []int64{u.Item}, one
		default:
			ids = append(ids, u.Item)
		}
	}
	if len(ids) == 0 {
		return nil, err
	}
	if len(rest) > 0 {
		return ids, w.keep(key, rest)
	}
	return ids, w.tx.DropState(key)
}

// undoOne puts back what a command changed of an item. What it did not change
// stays as others have made it since. Where others have changed the same, nothing
// is undone, but for a message to the customer, which is taken back all the same.
func (w *work) undoOne(a *Actor, u undoable) error {
	item, err := w.tx.LockItem(u.Item)
	if err != nil {
		return err
	}
	if u.Out != "" {
		if err := w.takeBack(item, u.Out); err != nil {
			return err
		}
	}
	if u.Kind == "spam" {
		if err := w.unblock(item); err != nil {
			return err
		}
	}
	back, since, err := merged(u.Was.Item, u.Is.Item, snap(item))
	if err != nil {
		return err
	}
	if since && u.Out == "" {
		return errSince
	}
	back.putBack(item)
	item.State = feedback.Settle(item.State, item.Owner)
	if u.Correction != 0 {
		if err := w.uncorrect(a, item, u.Correction); err != nil {
			return err
		}
	}
	if err := w.putTimersBack(item, u.Was.Timers, u.Is.Timers); err != nil {
		return err
	}
	if err := w.cards(item, w.now); err != nil {
		return err
	}
	return w.save(item, step{kind: "undone", actor: a, data: map[string]string{"what": u.Kind}})
}

// merged returns a snapshot that has of was what differs from it in is, and of
// now all else. since tells that something that differs is no longer as in is:
// of that, now has its way.
func merged(was, is, now string) (back snapshot, since bool, err error) {
	var before, after, present map[string]json.RawMessage
	for _, s := range []struct {
		text string
		into *map[string]json.RawMessage
	}{{was, &before}, {is, &after}, {now, &present}} {
		if err := json.Unmarshal([]byte(s.text), s.into); err != nil {
			return snapshot{}, false, fmt.Errorf("snapshot: %w", err)
		}
	}
	result := map[string]json.RawMessage{}
	for name, value := range present {
		result[name] = value
	}
	for _, name := range append(sortedNames(before), sortedNames(after)...) {
		switch {
		case string(before[name]) == string(after[name]):
		case string(present[name]) != string(after[name]):
			since = true
		case before[name] == nil:
			delete(result, name)
		default:
			result[name] = before[name]
		}
	}
	b, err := json.Marshal(result)
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err != nil {
		return snapshot{}, false, fmt.Errorf("snapshot: %w", err)
	}
	return back, since, nil
}

// putTimersBack sets and drops the timers that a command dropped and set, unless
// something has happened to them since.
func (w *work) putTimersBack(item *feedback.Item, was, is map[string]store.Timer) error {
	present, err := w.memorize(item)
	if err != nil {
		return err
	}
	same := func(a, b store.Timer) bool { return a.Due.Equal(b.Due) && a.Data == b.Data }
	for _, kind := range append(sortedNames(was), sortedNames(is)...) {
		if same(was[kind], is[kind]) || !same(present.Timers[kind], is[kind]) {
			continue
		}
		if before := was[kind]; !before.Due.IsZero() {
			err = w.setTimer(item.ID, kind, before.Due, before.Data)
		} else {
			err = w.tx.DropTimers(item.ID, kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeBack cancels a message that has not left, all its parts or none.
func (w *work) takeBack(item *feedback.Item, key string) error {
	outs, err := w.tx.OutsOf(item.ID)
	if err != nil {
		return err
	}
	for _, o := range outs {
		if saysOf(o, key) {
			o.State = store.OutCancelled
			if _, err := w.tx.ChangeOut(o, store.OutPending); err != nil {
				return err
			}
			continue
		}
		if o.Audience != store.ToCustomer || firstPart(o.Key) != key {
			continue
		}
		if o.State == store.OutCancelled {
			return errUndone
		}
		if o.Attempts > 0 {
			return errTooLate
		}
		o.State = store.OutCancelled
		changed, err := w.tx.ChangeOut(o, store.OutPending)
		if err != nil {
			return err
		}
		if !changed {
			return errTooLate
		}
		if o.Kind == OutClosure && item.Surveyed == o.Resolution && item.Surveyed != 0 {
			if err := w.unask(item); err != nil {
				return err
			}
		}
		if o.Conversation != 0 {
			w.convs[o.Conversation] = true
		}
	}
	return nil
}

// unask forgets that the person was asked for satisfaction, since the question
// never left.
func (w *work) unask(item *feedback.Item) error {
	author, err := w.tx.Author(item.Author)
	if err != nil {
		return err
	}
	author.Surveyed, item.Surveyed = time.Time{}, 0
	return w.tx.SaveAuthor(author)
}

// sendOut has a message that waits leave at once, or all those of the command that
// wrote it; only who wrote it can.
func (c *call) sendOut(out *store.Out, whole bool) error {
	if out.Staff != c.a.Staff.ID {
		return c.refuse("notyours", nil)
	}
	switch {
	case out.State == store.OutPending, whole:
	case out.State == store.OutCancelled:
		return c.refuse("nothingtosend", nil)
	default:
		return c.refuse("sent.already", nil)
	}
	keys := []string{firstPart(out.Key)}
	if whole {
		raw, known, err := c.tx.State(manyUndoKey(out.Key))
		if err != nil {
			return err
		}
		if !known {
			return c.refuse("sent.already", nil)
		}
		var done []undoable
		if err := json.Unmarshal([]byte(raw), &done); err != nil {
			return fmt.Errorf("last command: %w", err)
		}
		keys = nil
		for _, u := range done {
			if u.Out != "" {
				keys = append(keys, u.Out)
			}
		}
	}
	for _, key := range keys {
		if err := c.sendNow(key); err != nil {
			return err
		}
	}
	if len(keys) > 1 {
		c.answer = bots.Answer{Text: c.text("sent.many", phraseVars{"count": len(keys)}), Brief: true, Replace: true}
		return nil
	}
	item, err := c.tx.Item(out.Item)
	if err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.text("sent", phraseVars{"number": item.ID, "name": c.who(item)}), Brief: true, Replace: true}
	return nil
}

// sendNow has a message leave without waiting for the time to undo.
func (w *work) sendNow(key string) error {
	o, err := w.tx.OutByKey(key)
	if err != nil {
		return err
	}
	outs, err := w.tx.OutsOf(o.Item)
	if err != nil {
		return err
	}
	for _, part := range outs {
		mine := firstPart(part.Key) == key || saysOf(part, key)
		if !mine || part.State != store.OutPending {
			continue
		}
		part.NextAt = w.now
		if _, err := w.tx.ChangeOut(part, store.OutPending); err != nil {
			return err
		}
		w.bots[part.Bot] = true
	}
	return nil
}
