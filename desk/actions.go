package desk

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

// claim makes the actor the owner.
func (w *work) claim(a *Actor, item *feedback.Item) error {
	was := snap(item)
	item.Owner, item.ClaimedAt = a.Staff.ID, w.now
	if err := w.move(item, feedback.ActClaim); err != nil {
		return err
	}
	if err := w.tx.DropTimers(item.ID, TimerHalf, TimerOpening); err != nil {
		return err
	}
	if err := w.cards(item, w.now); err != nil { // one that was folded gets its own
		return err
	}
	return w.save(item, step{kind: "claimed", actor: a, data: map[string]string{"was": was}})
}

// own makes the actor the owner of an unclaimed item on which they act:
// replying to or resolving an unclaimed item claims it.
func (w *work) own(a *Actor, item *feedback.Item) {
	if item.Owner == 0 {
		item.Owner, item.ClaimedAt = a.Staff.ID, w.now
	}
}

// release gives an item back to its team.
func (w *work) release(a *Actor, item *feedback.Item) error {
	was := snap(item)
	item.Owner, item.ClaimedAt = 0, time.Time{}
	if err := w.move(item, feedback.ActRelease); err != nil {
		return err
	}
	if err := w.unownedClock(item); err != nil {
		return err
	}
	return w.save(item, step{kind: "released", actor: a, data: map[string]string{"was": was}})
}

// assign gives an item to a person; the clock goes on.
func (w *work) assign(a *Actor, item *feedback.Item, to *feedback.Staff, reason string) error {
	was := snap(item)
	item.Owner, item.ClaimedAt = to.ID, w.now
	if to.Team != "" && to.Team != item.Team {
		item.Team = to.Team
	}
	if err := w.move(item, feedback.ActAssign); err != nil {
		return err
	}
	if err := w.tx.DropTimers(item.ID, TimerHalf, TimerOpening); err != nil {
		return err
	}
	if err := w.cards(item, w.now); err != nil {
		return err
	}
	if err := w.save(item, step{kind: "assigned", actor: a, data: map[string]string{"was": was, "to": to.Name, "reason": reason}}); err != nil {
		return err
	}
	text := w.r.Texts.Text(w.r.Language, "assigned", phraseVars{"number": item.ID, "owner": to.Name, "by": a.Staff.Name, "at": w.local.Format("15:04")})
	if reason != "" {
		text += "\n" + nlp.Mask(reason)
	}
	return w.say(item, said{key: eventKey(a, item, "assign"), kind: OutSound, text: text, sound: true, mention: []int64{to.ID}})
}

// transferLimit is after how many transfers without an owner the lead is asked
// to decide.
const transferLimit = 3

// transfer gives an item to a team: nobody owns it, the clock goes on.
func (w *work) transfer(a *Actor, item *feedback.Item, team *Team, reason string) error {
	was := snap(item)
	item.Team, item.Copies = team.Name, nil
	item.Owner, item.ClaimedAt = 0, time.Time{}
	item.Transfers++
	item.Path = []string{w.r.Texts.Text(w.r.Language, "card.route.hand", phraseVars{"by": a.Staff.Name})}
	if err := w.move(item, feedback.ActTransfer); err != nil {
		return err
	}
	if err := w.unownedClock(item); err != nil {
		return err
	}
	if err := w.cards(item, w.now); err != nil {
		return err
	}
	if err := w.save(item, step{kind: "transferred", actor: a, data: map[string]string{"was": was, "team": team.Name, "reason": reason}}); err != nil {
		return err
	}
	key := eventKey(a, item, "transfer")
	words := phraseVars{"number": item.ID, "team": team.Title, "by": a.Staff.Name, "at": w.local.Format("15:04")}
	name := "transferred.plain"
	if reason != "" {
		name, words["reason"] = "transferred", nlp.Mask(reason)
	}
	text := w.r.Texts.Text(w.r.Language, name, words)
	if err := w.say(item, said{key: key, kind: OutSound, text: text, sound: true}); err != nil {
		return err
	}
	if item.Transfers >= transferLimit {
		vars := phraseVars{"number": item.ID, "count": item.Transfers}
		return w.escalate(item, key+":pingpong", leadWords{thread: "pingpong", threadVars: vars, direct: "pingpong", directVars: vars})
	}
	return nil
}

// eventKey is unique for one command on one item.
func eventKey(a *Actor, item *feedback.Item, kind string) string {
	if a == nil || a.Key == "" {
		return kind + ":" + strconv.FormatInt(item.ID, 10) + ":" + strconv.FormatInt(item.Version, 10)
	}
	return kind + ":" + a.Bot + ":" + a.Key + ":" + strconv.FormatInt(item.ID, 10)
}

// reply sends a text to the customer once the time to undo has passed.
func (w *work) reply(a *Actor, item *feedback.Item, text string, files []feedback.Attachment, wait bool) (key string, err error) {
	was := snap(item)
	owned := item.Owner
	w.own(a, item)
	action := feedback.ActReply
	if wait {
		action = feedback.ActWait
	}
	if err := w.move(item, action); err != nil {
		return "", err
	}
	if item.RepliedAt.IsZero() {
		item.RepliedAt = w.now
	}
	key = eventKey(a, item, "reply")
	kind := "replied"
	if wait {
		kind = "waiting"
		item.Ask = bots.Limit{N: 60, Unit: bots.Runes}.Cut(text)
		if err := w.pauseClock(item); err != nil {
			return "", err
		}
		if err := w.setTimer(item.ID, TimerRemind, w.now.Add(w.r.Desk.RemindAfter), ""); err != nil {
			return "", err
		}
		if item.Priority > feedback.P1 {
			if err := w.setTimer(item.ID, TimerExpire, w.now.Add(w.r.Desk.CloseAfter), ""); err != nil {
				return "", err
			}
		}
	} else if err := w.answered(item); err != nil {
		return "", err
	}
	if err := w.tx.DropTimers(item.ID, TimerReceipt); err != nil {
		return "", err
	}
	if err := w.cards(item, w.now); err != nil { // as in claim
		return "", err
	}
	if err := w.save(item, step{kind: kind, actor: a, data: map[string]string{"was": was, "out": key, "text": text, "claimed": strconv.FormatBool(owned == 0)}}); err != nil {
		return "", err
	}
	return key, w.send(a, item, OutReply, key, text, files, nil)
}

// answered stops the answer clock: the customer heard from a person. The
// promise is kept by it.
func (w *work) answered(item *feedback.Item) error {
	item.PromisedAt = time.Time{}
	return w.stopClock(item)
}

// send writes a customer's message that waits for the time to undo, and shows
// it in the threads when that is over.
func (w *work) send(a *Actor, item *feedback.Item, kind, key, text string, files []feedback.Attachment, buttons [][]bots.Button) error {
	conv, err := w.tx.Conversation(item.Conversation)
	if err != nil {
		return err
	}
	m := toCustomer{
		kind: kind, key: key, conv: conv, item: item.ID, staff: a.Staff.ID, text: text, buttons: buttons, files: files,
		at: w.now.Add(w.r.Desk.Undo),
	}
	if kind == OutClosure {
		m.resolution = item.Resolution
	}
	if conv.Group {
		m.quote, err = w.lastSaid(item)
		if err != nil {
			return err
		}
	}
	if _, err := w.tell(m); err != nil {
		return err
	}
	words := "thread.replied"
	if kind == OutClosure {
		words, text = "thread.resolved", item.Resolved
	}
	line := w.r.Texts.Text(w.r.Language, words, phraseVars{"by": a.Staff.Name, "text": nlp.Mask(text)})
	return w.say(item, said{key: key, kind: OutSaid, text: line, at: m.at})
}

// lastSaid returns the platform's id of the customer's latest message of the
// item.
func (w *work) lastSaid(item *feedback.Item) (string, error) {
	ms, err := w.tx.MessagesOf(item.ID)
	if err != nil {
		return "", err
	}
	for i := len(ms) - 1; i >= 0; i-- {
		if ms[i].Direction == feedback.In {
			return ms[i].MessageID, nil
		}
	}
	return "", nil
}

// note keeps an internal remark.
func (w *work) note(a *Actor, item *feedback.Item, name, text string, files []feedback.Attachment) error {
	m := feedback.Message{
		Channel: a.Bot, External: "note:" + a.Key, Platform: "note", Item: item.ID, Direction: feedback.Note, Kind: feedback.KindMessage,
		Text: text, Attachments: files, Lane: feedback.Live, Stage: feedback.StageDone, PostedAt: w.now, ReceivedAt: w.now,
	}
	if a.Staff != nil {
		m.Staff = a.Staff.ID
		name = a.Staff.Name
	}
	inserted, err := w.tx.InsertMessages([]*feedback.Message{&m})
	if err != nil {
		return err
	}
	if !inserted[0] {
		return feedback.ErrDuplicate
	}
	return w.record(item.ID, step{kind: "noted", actor: a, data: map[string]string{"by": name, "text": text}})
}

// closeItem ends an item without telling the customer.
func (w *work) closeItem(a *Actor, item *feedback.Item, kind, why string) error {
	was := snap(item)
	if err := w.cancelUnsent(item); err != nil {
		return err
	}
	return w.end(item, step{kind: kind, actor: a, data: map[string]string{"was": was, "why": why}})
}

// end takes an item to its end.
func (w *work) end(item *feedback.Item, st step) error {
	if err := w.move(item, feedback.ActClose); err != nil {
		return err
	}
	item.EndedAt = w.now
	item.DueAt, item.Left, item.SnoozedUntil, item.PromisedAt = time.Time{}, 0, time.Time{}, time.Time{}
	if err := w.tx.DropTimers(item.ID); err != nil {
		return err
	}
	return w.save(item, st)
}

// cancelUnsent takes back the receipt and progress texts of an item that have
// not left: they would say something that is no longer true.
func (w *work) cancelUnsent(item *feedback.Item) error {
	outs, err := w.tx.OutsOf(item.ID)
	if err != nil {
		return err
	}
	for _, o := range outs {
		if o.Audience != store.ToCustomer || o.Kind == OutReply || o.Kind == OutClosure {
			continue
		}
		o.State = store.OutCancelled
		changed, err := w.tx.ChangeOut(o, store.OutPending, store.OutRetry)
		if err != nil {
			return err
		}
		if changed && o.Kind == OutReceipt {
			item.Receipt = feedback.DeliveryCancelled
		}
	}
	return nil
}

// reopen brings an item back to work with a new clock.
func (w *work) reopen(item *feedback.Item, st step) error {
	if err := w.move(item, feedback.ActReopen); err != nil {
		return err
	}
	item.Reopened++
	item.EndedAt, item.PostedOn = time.Time{}, false
	if item.Owner != 0 {
		owner, err := w.tx.Staff(item.Owner)
		if err != nil {
			return err
		}
		if owner.Disabled {
			item.Owner = 0
			item.State = feedback.Settle(item.State, 0)
		}
	}
	if err := w.unblock(item); err != nil {
		return err
	}
	if err := w.tx.DropTimers(item.ID, TimerExpire); err != nil {
		return err
	}
	if !item.Pinned {
		item.Priority, item.Reasons = feedback.Rank(feedback.Grounds{Verdict: item.Verdict, Followers: item.Followers, Urged: item.Urged, Reopened: item.Reopened, Visit: item.Visit})
	}
	if err := w.startClock(item, w.now); err != nil {
		return err
	}
	if err := w.cards(item, w.now); err != nil {
		return err
	}
	if err := w.save(item, st); err != nil {
		return err
	}
	owner, err := w.ownerName(item)
	if err != nil {
		return err
	}
	key := "reopened:" + strconv.FormatInt(item.ID, 10) + ":" + strconv.FormatInt(item.Version, 10)
	text := w.r.Texts.Text(w.r.Language, "reopened", phraseVars{"number": item.ID})
	if st.actor == nil {
		text = w.r.Texts.Text(w.r.Language, "thread.reopened", phraseVars{"owner": owner})
	}
	if err := w.say(item, said{key: key, kind: OutSound, text: text, sound: true}); err != nil || st.actor != nil {
		return err
	}
	// The customer's own doing: the lead hears of it, too.
	leads, err := w.leads(item.Team)
	if err != nil {
		return err
	}
	for _, st := range leads {
		if err := w.direct(st, key+":"+strconv.FormatInt(st.ID, 10), "#"+strconv.FormatInt(item.ID, 10)+" "+text, item.ID, w.openButtons(item)); err != nil {
			return err
		}
	}
	return nil
}

// unblock has a person heard again: bringing their item back takes 拉黑 back.
func (w *work) unblock(item *feedback.Item) error {
	author, err := w.tx.Author(item.Author)
	if isNotFound(err) {
		return nil // said by nobody known
	}
	if err != nil || !author.Blocked {
		return err
	}
	author.Blocked = false
	return w.tx.SaveAuthor(author)
}

// setPriority pins a priority by hand.
func (w *work) setPriority(a *Actor, item *feedback.Item, p feedback.Priority) error {
	was := snap(item)
	before := item.Priority
	item.Priority, item.Pinned = p, true
	if !item.DueAt.IsZero() || item.Left > 0 {
		if err := w.refitClock(item, before); err != nil {
			return err
		}
	}
	return w.save(item, step{kind: "priority", actor: a, data: map[string]string{"was": was, "from": before.String(), "to": p.String()}})
}

// tag adds and takes away topics by hand.
func (w *work) tag(a *Actor, item *feedback.Item, add, remove []string) error {
	was := snap(item)
	item.Verdict.Topics = retopic(item.Verdict.Topics, add, remove)
	return w.save(item, step{kind: "tagged", actor: a, data: map[string]string{
		"was": was, "add": strings.Join(add, " "), "remove": strings.Join(remove, " "),
	}})
}

func retopic(have []feedback.Topic, add, remove []string) []feedback.Topic {
	var out []feedback.Topic
	drop := map[string]bool{}
	for _, name := range remove {
		drop[name] = true
	}
	for _, t := range have {
		if !drop[t.Name] {
			out = append(out, t)
		}
		drop[t.Name] = true
	}
	for _, name := range add {
		if !drop[name] {
			out = append(out, feedback.Topic{Name: name, Score: 1})
		}
	}
	return out
}

// correct changes labels and has an unclaimed item routed again. What was said
// is kept, for the model to learn from, under the number that it returns.
func (w *work) correct(a *Actor, item *feedback.Item, c labels) (correction int64, err error) {
	was := snap(item)
	old := item.Verdict
	if c.sentiment != "" {
		item.Verdict.Sentiment = c.sentiment
	}
	if c.intent != "" {
		item.Verdict.Intent = c.intent
	}
	item.Verdict.Topics = retopic(item.Verdict.Topics, c.add, c.remove)
	item.Verdict.Model = corrected
	team := item.Team
	before := item.Priority
	keep := item.Owner != 0 || item.Transfers > 0
	copies, path, cards := item.Copies, item.Path, item.Cards
	w.consider(item)
	if keep {
		item.Team, item.Copies, item.Path, item.Cards = team, copies, path, cards
	}
	answered := item.DueAt.IsZero() && item.Left == 0 && !item.RepliedAt.IsZero()
	if clocked(item) && !answered {
		if err := w.refitClock(item, before); err != nil {
			return 0, err
		}
	}
	if item.State == feedback.New || item.State == feedback.Open {
		if err := w.cards(item, w.now); err != nil {
			return 0, err
		}
	}
	kept := store.Correction{Item: item.ID, Staff: a.Staff.ID, Text: item.Text, Was: old, Is: item.Verdict, Labels: c.String(), At: w.now}
	if err := w.tx.AddCorrection(&kept); err != nil {
		return 0, err
	}
	return kept.ID, w.save(item, step{kind: "corrected", actor: a, data: map[string]string{"was": was, "labels": kept.Labels}})
}

// labels are what 纠正 sets.
type labels struct {
	sentiment, intent string
	add, remove       []string
}

// String lists the labels by their codes.
func (c labels) String() string {
	var parts []string
	for _, s := range []string{c.sentiment, c.intent} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	for _, s := range c.add {
		parts = append(parts, "+"+s)
	}
	for _, s := range c.remove {
		parts = append(parts, "-"+s)
	}
	return strings.Join(parts, " ")
}

// merge makes item a part of into: messages move, the customer hears of it no
// more than of any other message.
func (w *work) merge(a *Actor, item, into *feedback.Item) error {
	if item.ID == into.ID || item.Author != into.Author || item.Author == 0 {
		return fmt.Errorf("%w: items of different people", feedback.ErrInvalid)
	}
	was := snap(item)
	into.Text = cutBytes(into.Text+"\n"+item.Text, maxItemText)
	into.Images += item.Images
	into.Voices += item.Voices
	into.Urged += item.Urged
	if item.LastInAt.After(into.LastInAt) {
		into.LastInAt = item.LastInAt
	}
	w.addFields(into, item.Fields)
	ms, err := w.tx.MessagesOf(item.ID)
	if err != nil {
		return err
	}
	for _, m := range ms {
		m.Item = into.ID
		if err := w.tx.SaveMessage(m); err != nil {
			return err
		}
	}
	item.Merged = into.ID
	if err := w.cancelUnsent(item); err != nil {
		return err
	}
	if err := w.end(item, step{kind: "merged", actor: a, data: map[string]string{"was": was, "into": strconv.FormatInt(into.ID, 10)}}); err != nil {
		return err
	}
	into.Verdict.Unread = into.Verdict.Unread || item.Verdict.Unread
	if err := w.tx.IndexItem(into.ID, w.index(into)); err != nil {
		return err
	}
	return w.save(into, step{kind: "joined", actor: a, data: map[string]string{"from": strconv.FormatInt(item.ID, 10)}})
}

// snooze takes an item out of 待办 until a time. The clock goes on: a promise to
// a customer is not paused by putting it off.
func (w *work) snooze(a *Actor, item *feedback.Item, until time.Time, note string) error {
	was := snap(item)
	item.SnoozedUntil = until
	if err := w.setTimer(item.ID, TimerSnooze, until, note); err != nil {
		return err
	}
	return w.save(item, step{kind: "snoozed", actor: a, data: map[string]string{"was": was, "until": until.Format(time.RFC3339), "text": note}})
}

// setFields sets fields by hand.
func (w *work) setFields(a *Actor, item *feedback.Item, values map[string]string) error {
	was := snap(item)
	if item.Fields == nil {
		item.Fields = map[string]string{}
	}
	data := map[string]string{"was": was}
	for k, v := range values {
		if v == "" {
			delete(item.Fields, k)
		} else {
			item.Fields[k] = v
		}
		data["field."+k] = v
	}
	return w.save(item, step{kind: "set", actor: a, data: data})
}
