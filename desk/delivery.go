package desk

import (
	"strconv"
	"strings"

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
	if o.Kind == OutRecall && o.State == store.OutDead {
		return w.notRecalled(o)
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

// notRecalled tells the team that a message which was to be taken back stands.
func (w *work) notRecalled(o *store.Out) (*feedback.Item, error) {
	item, err := w.tx.LockItem(o.Item)
	if err != nil {
		return nil, err
	}
	text := w.r.Texts.Text(w.r.Language, "thread.recall.failed", phraseVars{"number": item.ID})
	return item, w.say(item, said{key: "unrecalled:" + strconv.FormatInt(o.ID, 10), kind: OutSound, text: text, sound: true})
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
	// A message that was sent again can be in trouble again: that is told, too.
	m := said{key: "trouble:" + id + ":" + strconv.FormatInt(w.now.UnixMicro(), 10), kind: OutSound, sound: true}
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
func (w *work) received(a *Actor, o *store.Out) error {
	o.State, o.SentAt = store.OutSent, w.now
	changed, err := w.tx.ChangeOut(o, store.OutUncertain)
	if err != nil {
		return err
	}
	if !changed {
		return feedback.ErrConflict
	}
	return w.afterChoice(a, o.Key, "received")
}

// resend sends a message, or the part of one, again because a person chose to.
func (w *work) resend(a *Actor, o *store.Out) error {
	if err := w.sendAgain(o); err != nil {
		return err
	}
	return w.afterChoice(a, o.Key, "resent")
}

// sendAgain has a message that is uncertain or dead leave once more.
func (w *work) sendAgain(o *store.Out) error {
	o.State, o.NextAt, o.Error, o.Attempts = store.OutPending, w.now, "", 0
	changed, err := w.tx.ChangeOut(o, store.OutUncertain, store.OutDead)
	if err != nil {
		return err
	}
	if !changed {
		return feedback.ErrConflict
	}
	w.bots[o.Bot] = true
	return nil
}

// afterChoice shows on the item what a person chose about the message with that
// key.
func (w *work) afterChoice(a *Actor, key, kind string) error {
	o, err := w.tx.OutByKey(key)
	if err != nil || o.Item == 0 {
		return err
	}
	item, err := w.tx.LockItem(o.Item)
	if err != nil {
		return err
	}
	switch {
	case o.Kind == OutReceipt:
		item.Receipt = deliveryOf(o.State)
	case o.Kind == OutClosure && o.Resolution == item.Resolution:
		if item.Closure, err = w.closureState(item, o); err != nil {
			return err
		}
	}
	return w.save(item, step{kind: kind, actor: a, data: map[string]string{"out": key}})
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
