package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// Delivered records what became of an outbox row that was being sent under a
// lease: State, External, Error, NextAt, SentAt and SentRev of Out are as the
// attempt left them. A row that changed hands is left alone:
// feedback.ErrConflict.
type Delivered struct {
	Out   *store.Out
	Epoch int64
	// Gone tells that the person stopped the bot.
	Gone bool
}

func (d Delivered) run(w *work) (*feedback.Item, error) {
	same := *d.Out // what FinishOut changes in it must not be found by another try
	o := &same
	if err := w.tx.FinishOut(o, d.Epoch); err != nil {
		return nil, err
	}
	if o.Conversation != 0 {
		w.convs[o.Conversation] = true
	}
	if o.Audience != store.ToCustomer {
		return nil, nil
	}
	if d.Gone {
		if err := w.gone(o.Conversation); err != nil {
			return nil, err
		}
	}
	return w.customerOutcome(o)
}

// gone remembers that a person stopped the bot.
func (w *work) gone(conversation int64) error {
	conv, err := w.tx.Conversation(conversation)
	if err != nil {
		return err
	}
	author, err := w.tx.Author(conv.Author)
	if err != nil {
		return err
	}
	author.Gone = true
	return w.tx.SaveAuthor(author)
}

// customerOutcome shows on the item what became of a customer's message.
func (w *work) customerOutcome(o *store.Out) (*feedback.Item, error) {
	if o.Item == 0 || o.State == store.OutRetry || o.State == store.OutPending {
		return nil, nil
	}
	item, err := w.tx.LockItem(o.Item)
	if err != nil {
		return nil, err
	}
	changed := false
	switch {
	case o.Kind == OutReceipt:
		changed = set(&item.Receipt, deliveryOf(o.State))
	case o.Kind == OutClosure && o.Resolution == item.Resolution:
		state, err := w.closureState(item, o)
		if err != nil {
			return nil, err
		}
		changed = set(&item.Closure, state)
	}
	data := map[string]string{"out": o.Key, "kind": o.Kind, "external": o.External}
	if o.Error != "" {
		data["error"] = o.Error
	}
	st := step{kind: map[store.OutState]string{
		store.OutSent: "sent", store.OutUncertain: "uncertain", store.OutDead: "failed", store.OutCancelled: "cancelled",
	}[o.State], data: data}
	if changed {
		err = w.save(item, st)
	} else {
		err = w.record(item.ID, st)
	}
	if err != nil || o.State == store.OutSent || o.State == store.OutCancelled {
		return item, err
	}
	return item, w.troubled(item, o)
}

func set(d *feedback.Delivery, to feedback.Delivery) bool {
	if *d == to {
		return false
	}
	*d = to
	return true
}

// closureState is that of a closure's worst part: one that came in three is
// told only when all three are.
func (w *work) closureState(item *feedback.Item, o *store.Out) (feedback.Delivery, error) {
	outs, err := w.tx.OutsOf(item.ID)
	if err != nil {
		return "", err
	}
	worst := deliveryOf(o.State)
	rank := map[feedback.Delivery]int{feedback.DeliverySent: 0, feedback.DeliveryCancelled: 1, feedback.DeliveryPending: 2, feedback.DeliveryUncertain: 3, feedback.DeliveryDead: 4}
	for _, other := range outs {
		if other.Kind == OutClosure && other.Resolution == item.Resolution && other.ID != o.ID {
			if d := deliveryOf(other.State); rank[d] > rank[worst] {
				worst = d
			}
		}
	}
	return worst, nil
}

func deliveryOf(s store.OutState) feedback.Delivery {
	switch s {
	case store.OutSent:
		return feedback.DeliverySent
	case store.OutUncertain:
		return feedback.DeliveryUncertain
	case store.OutDead:
		return feedback.DeliveryDead
	case store.OutCancelled:
		return feedback.DeliveryCancelled
	default:
		return feedback.DeliveryPending
	}
}

// troubled shows staff a message that did not certainly arrive. An uncertain
// receipt is marked on the card only.
func (w *work) troubled(item *feedback.Item, o *store.Out) error {
	if o.Kind == OutReceipt && o.State == store.OutUncertain {
		return nil
	}
	lang := w.r.Language
	platform := w.r.Channels[o.Bot].Title
	id := strconv.FormatInt(o.ID, 10)
	m := said{key: "trouble:" + id + ":" + strconv.Itoa(o.Attempts), kind: OutSound, sound: true}
	if o.State == store.OutUncertain {
		m.text = w.r.Texts.Text(lang, "uncertain", phraseVars{"number": item.ID, "channel": platform})
		m.buttons = [][]bots.Button{{
			{Text: w.r.Texts.Text(lang, "uncertain.received", nil), Data: "gotit:" + id, Style: bots.Primary},
			{Text: w.r.Texts.Text(lang, "uncertain.resend", nil), Data: "again:" + id},
		}}
		return w.say(item, m)
	}
	reason, err := w.whyDead(o)
	if err != nil {
		return err
	}
	m.text = w.r.Texts.Text(lang, "failed", phraseVars{"number": item.ID, "reason": reason})
	m.buttons = [][]bots.Button{{{Text: w.r.Texts.Text(lang, "uncertain.resend", nil), Data: "again:" + id}}}
	return w.say(item, m)
}

// whyDead says why a message will not arrive.
func (w *work) whyDead(o *store.Out) (string, error) {
	lang := w.r.Language
	conv, err := w.tx.Conversation(o.Conversation)
	if err != nil {
		return "", err
	}
	author, err := w.tx.Author(conv.Author)
	if err != nil {
		return "", err
	}
	vars := phraseVars{"channel": w.r.Channels[o.Bot].Title}
	switch {
	case author.Gone:
		return w.r.Texts.Text(lang, "failed.gone", nil), nil
	case strings.HasPrefix(o.Error, string(bots.Unauthorized)):
		return w.r.Texts.Text(lang, "failed.unauthorized", vars), nil
	case strings.HasPrefix(o.Error, string(bots.Unsent)), strings.HasPrefix(o.Error, string(bots.Limited)):
		return w.r.Texts.Text(lang, "failed.retries", vars), nil
	default:
		return w.r.Texts.Text(lang, "failed.rejected", vars), nil
	}
}

// received records that staff know a message arrived.
func (w *work) received(a *Actor, o *store.Out) (*feedback.Item, error) {
	o.State, o.SentAt = store.OutSent, w.now
	changed, err := w.tx.ChangeOut(o, store.OutUncertain)
	if err != nil {
		return nil, err
	}
	if !changed {
		return nil, feedback.ErrConflict
	}
	return w.afterChoice(a, o, "received")
}

// resend sends a message again because a person chose to.
func (w *work) resend(a *Actor, o *store.Out) (*feedback.Item, error) {
	o.State, o.NextAt, o.Error, o.Attempts = store.OutPending, w.now, "", 0
	changed, err := w.tx.ChangeOut(o, store.OutUncertain, store.OutDead)
	if err != nil {
		return nil, err
	}
	if !changed {
		return nil, feedback.ErrConflict
	}
	w.bots[o.Bot] = true
	return w.afterChoice(a, o, "resent")
}

func (w *work) afterChoice(a *Actor, o *store.Out, kind string) (*feedback.Item, error) {
	if o.Item == 0 {
		return nil, nil
	}
	item, err := w.tx.LockItem(o.Item)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Kind == OutReceipt:
		item.Receipt = deliveryOf(o.State)
	case o.Kind == OutClosure && o.Resolution == item.Resolution:
		if item.Closure, err = w.closureState(item, o); err != nil {
			return nil, err
		}
	}
	return item, w.save(item, step{kind: kind, actor: a, data: map[string]string{"out": o.Key}})
}

// undoable is one thing that 撤销 can take back.
type undoable struct {
	Item int64          `json:"item"`
	Kind string         `json:"kind"`
	Out  string         `json:"out,omitempty"`
	Was  string         `json:"was"`
	Now  feedback.State `json:"now"`
	// Correction is the number of the correction that was made, if any.
	Correction int64 `json:"correction,omitempty"`
}

// undoFor is how long a command that sent nothing can be undone.
const undoFor = 10 * time.Minute

func lastKey(staff int64) string { return lastPrefix + strconv.FormatInt(staff, 10) }

// remember keeps what the actor's command did.
func (w *work) remember(a *Actor, done []undoable) error {
	if len(done) == 0 {
		return nil
	}
	b, err := json.Marshal(done)
	if err != nil {
		return fmt.Errorf("remember a command: %w", err)
	}
	return w.tx.SetState(lastKey(a.Staff.ID), string(b), w.now.Add(undoFor))
}

var (
	errTooLate = errors.New("already sent")
	errNothing = errors.New("nothing to undo")
)

// undo takes back the actor's last command. only, where not empty, names the
// outbox row whose command is meant.
func (w *work) undo(a *Actor, only string) ([]int64, error) {
	raw, known, err := w.tx.State(lastKey(a.Staff.ID))
	if err != nil {
		return nil, err
	}
	var done []undoable
	if known {
		if err := json.Unmarshal([]byte(raw), &done); err != nil {
			return nil, fmt.Errorf("last command: %w", err)
		}
	}
	if only != "" && (len(done) == 0 || done[0].Out != only) {
		return nil, errTooLate
	}
	if len(done) == 0 {
		return nil, errNothing
	}
	var ids []int64
	for _, u := range done {
		if err := w.undoOne(a, u); err != nil {
			return nil, err
		}
		ids = append(ids, u.Item)
	}
	return ids, w.tx.DropState(lastKey(a.Staff.ID))
}

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
	var was snapshot
	if err := json.Unmarshal([]byte(u.Was), &was); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if item.State == u.Now {
		item.State = was.State
		item.EndedAt, item.ResolvedAt, item.PostedOn = was.Ended, was.Resolved, was.PostedOn
	}
	item.Owner, item.Team, item.Copies = was.Owner, was.Team, was.Copies
	item.Priority, item.Pinned = was.Priority, was.Pinned
	item.Verdict, item.Fields, item.Closure = was.Verdict, was.Fields, was.Closure
	item.SnoozedUntil, item.Left = was.Snoozed, was.Left
	if u.Correction != 0 {
		if err := w.uncorrect(a, item, u.Correction); err != nil {
			return err
		}
	}
	if item.Owner == 0 {
		item.ClaimedAt = time.Time{}
	}
	if err := w.tx.DropTimers(item.ID); err != nil {
		return err
	}
	item.DueAt = time.Time{}
	if !was.DueAt.IsZero() && (item.State == feedback.New || item.State == feedback.Open) {
		if err := w.setDue(item, was.DueAt); err != nil {
			return err
		}
	}
	if item.State == feedback.Resolved {
		if err := w.setTimer(item.ID, TimerExpire, item.ResolvedAt.Add(w.r.Desk.CloseAfter), ""); err != nil {
			return err
		}
	}
	if err := w.cards(item, w.now); err != nil {
		return err
	}
	return w.save(item, step{kind: "undone", actor: a, data: map[string]string{"what": u.Kind}})
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
		if o.Audience != store.ToCustomer || o.Key != key && !strings.HasPrefix(o.Key, key+"#") {
			continue
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

// sendNow has a message leave without waiting for the time to undo.
func (w *work) sendNow(o *store.Out) error {
	outs, err := w.tx.OutsOf(o.Item)
	if err != nil {
		return err
	}
	for _, part := range outs {
		mine := part.Key == o.Key || strings.HasPrefix(part.Key, o.Key+"#") || saysOf(part, o.Key)
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

// OutButtons returns what staff can do about a message to a customer in its
// present state.
func (s *Service) OutButtons(o *store.Out) [][]bots.Button {
	r := s.Rules()
	id := strconv.FormatInt(o.ID, 10)
	button := func(key, verb string, style bots.Style) bots.Button {
		return bots.Button{Text: r.Texts.Text(r.Language, key, nil), Data: verb + ":" + id, Style: style}
	}
	switch o.State {
	case store.OutPending:
		if o.Kind != OutReply && o.Kind != OutClosure || !o.NextAt.After(s.now()) {
			return nil
		}
		return [][]bots.Button{{button("sending.undo", "undo", bots.Plain), button("sending.now", "now", bots.Plain)}}
	case store.OutUncertain:
		return [][]bots.Button{{button("uncertain.received", "gotit", bots.Primary), button("uncertain.resend", "again", bots.Plain)}}
	case store.OutDead:
		return [][]bots.Button{{button("uncertain.resend", "again", bots.Plain)}}
	default:
		return nil
	}
}
