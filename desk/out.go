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

// The kinds of outbox rows. A card's content is built when it is sent; every
// other row carries its bots.Post.
const (
	OutCard     = "card"     // to a team's chat: one an item and chat
	OutSound    = "sound"    // in a card's thread: a line that asks for attention
	OutSaid     = "said"     // in a card's thread: what the customer wrote
	OutDirect   = "direct"   // to one colleague's private chat
	OutTeam     = "team"     // to a team's chat, about no single item
	OutFold     = "fold"     // to a team's chat: the items that got no card of their own
	OutRecall   = "recall"   // takes a sent message back
	OutReceipt  = "receipt"  // to the customer
	OutReply    = "reply"    //
	OutClosure  = "closure"  // with the question for satisfaction
	OutProgress = "progress" // what was promised, urged, raised
	OutPrompt   = "prompt"   // a question or an answer to a command
)

// The timers of an item.
const (
	TimerReceipt = "receipt" // silence after a fragment
	TimerHalf    = "half"    // half of the answer time, unclaimed
	TimerOverdue = "overdue"
	TimerPromise = "promise" // a promised time is about to be missed
	TimerRemind  = "remind"  // a waiting customer
	TimerExpire  = "expire"  // close_after
	TimerSnooze  = "snooze"
	TimerOpening = "opening"
)

// encode returns a post as an outbox row keeps it.
func encode(p bots.Post) []byte {
	b, err := json.Marshal(p)
	if err != nil {
		// A Post holds strings, numbers and slices of them only.
		panic(fmt.Sprintf("desk: post does not marshal: %v", err))
	}
	return b
}

// ErrBody says that the post which an outbox row keeps cannot be read.
var ErrBody = errors.New("outbox row's post")

// DecodePost returns the post an outbox row keeps.
func DecodePost(body []byte) (bots.Post, error) {
	var p bots.Post
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("%w: %w", ErrBody, err)
	}
	return p, nil
}

// put writes an outbox row and rings for its bot.
func (w *work) put(o store.Out) (bool, error) {
	if o.State == "" {
		o.State = store.OutPending
	}
	if o.NextAt.IsZero() {
		o.NextAt = w.now
	}
	o.CreatedAt = w.now
	inserted, err := w.tx.PutOut(&o)
	if err != nil {
		return false, fmt.Errorf("outbox %s: %w", o.Kind, err)
	}
	if inserted {
		w.bots[o.Bot] = true
	}
	return inserted, nil
}

// toCustomer is one message for a customer.
type toCustomer struct {
	kind       string
	key        string // unique for ever; a message in several parts adds #2, #3…
	conv       *feedback.Conversation
	item       int64
	staff      int64
	resolution int
	text       string
	buttons    [][]bots.Button
	files      []feedback.Attachment
	at         time.Time // not before; zero: now
	quote      string    // the platform's id of the message it answers, in groups
	urgent     bool
}

// tell writes what a customer is to get: the message that the conversation
// shows and the outbox row that delivers it, in parts where the platform's
// limit asks for it. The buttons stand under the last part. It reports whether
// anything was new.
func (w *work) tell(m toCustomer) (bool, error) {
	ch := w.r.Channels[m.conv.Channel]
	limit := ch.Caps.Text
	if len(m.files) > 0 && ch.Caps.Caption.N > 0 && !ch.Caps.Caption.Fits(m.text) {
		limit = ch.Caps.Caption
	}
	parts := limit.Split(m.text)
	fresh := false
	for n, part := range parts {
		key := m.key
		if n > 0 {
			key += "#" + strconv.Itoa(n+1)
		}
		post := bots.Post{Key: key, Chat: m.conv.Chat, Text: part}
		if n == 0 {
			post.ReplyTo = m.quote
		}
		if n == len(parts)-1 {
			post.Buttons = m.buttons
		}
		inserted, err := w.tellPart(m, key, part, post)
		if err != nil {
			return false, err
		}
		fresh = fresh || inserted
	}
	w.convs[m.conv.ID] = true
	return fresh, nil
}

// tellPart writes one part. Files stand on the stored message: they are added
// to the post when it is sent, once they are fetched.
func (w *work) tellPart(m toCustomer, key, text string, post bots.Post) (bool, error) {
	said := feedback.Message{
		Channel: m.conv.Channel, External: "out:" + key, Platform: w.r.Channels[m.conv.Channel].Platform,
		Conversation: m.conv.ID, Author: m.conv.Author, Item: m.item, Staff: m.staff,
		Direction: feedback.Out, Kind: feedback.KindMessage, Text: text, Lane: feedback.Live, Stage: feedback.StageDone,
		PostedAt: w.now, ReceivedAt: w.now, Group: m.conv.Group,
	}
	if key == m.key {
		said.Attachments = m.files
	}
	if _, err := w.tx.InsertMessages([]*feedback.Message{&said}); err != nil {
		return false, fmt.Errorf("message to customer: %w", err)
	}
	o := store.Out{
		Key: key, Bot: m.conv.Channel, Chat: m.conv.Chat, Audience: store.ToCustomer, Kind: m.kind,
		Item: m.item, Conversation: m.conv.ID, Message: said.ID, Staff: m.staff, Resolution: m.resolution,
		Body: encode(post), NextAt: m.at, Urgent: m.urgent,
	}
	if w.doubtful() {
		return w.doubt(o)
	}
	return w.put(o)
}

// doubt writes a message that perhaps was sent already, before the database was
// restored: staff decide.
func (w *work) doubt(o store.Out) (bool, error) {
	o.State, o.Error = store.OutUncertain, "the database was restored"
	fresh, err := w.put(o)
	if err != nil || !fresh || o.Item == 0 {
		return fresh, err
	}
	kept, err := w.tx.OutOf(o.Item, o.Key)
	if err != nil {
		return false, err
	}
	item, err := w.tx.Item(o.Item)
	if err != nil {
		return false, err
	}
	return true, w.troubled(item, kept)
}

// places returns where a team's cards go: as configured, then as registered in
// place.
func (w *work) places(team string) ([]Place, error) {
	all, err := w.s.teamPlaces(w.tx)
	if err != nil {
		return nil, err
	}
	var out []Place
	if t := w.r.Teams[team]; t != nil {
		out = all.configured(t)
	}
	for _, c := range all.registered {
		if p := (Place{Bot: c.Bot, Chat: c.Chat}); c.Team == team && !contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func contains(places []Place, p Place) bool {
	for _, have := range places {
		if have == p {
			return true
		}
	}
	return false
}

// said puts a line into the threads of the item's cards. Where sound is set it
// is to be heard: it names the owner, and is silent only outside the team's
// hours (P0 never is).
type said struct {
	key     string
	kind    string // OutSound or OutSaid
	text    string
	files   []bots.Attached
	buttons [][]bots.Button
	sound   bool
	mention []int64   // staff, besides the owner
	at      time.Time // not before; zero: now
}

// saysOf reports whether a row is the threads' line about a customer's message
// of that key.
func saysOf(o *store.Out, key string) bool {
	return o.Kind == OutSaid && strings.HasPrefix(o.Key, "say:"+key+":")
}

// say writes a line into the thread of every card of the item.
func (w *work) say(item *feedback.Item, m said) error {
	cards, err := w.currentCards(item)
	if err != nil {
		return err
	}
	for _, card := range cards {
		if err := w.sayIn(item, card, m); err != nil {
			return err
		}
	}
	return nil
}

// currentCards returns the cards of the item in the chats where it belongs now.
func (w *work) currentCards(item *feedback.Item) ([]*store.Out, error) {
	outs, err := w.tx.OutsOf(item.ID)
	if err != nil {
		return nil, err
	}
	current, err := w.currentPlaces(item)
	if err != nil {
		return nil, err
	}
	var cards []*store.Out
	for _, o := range outs {
		if o.Kind == OutCard && contains(current, Place{o.Bot, o.Chat}) {
			cards = append(cards, o)
		}
	}
	return cards, nil
}

func (w *work) sayIn(item *feedback.Item, card *store.Out, m said) error {
	people := m.mention
	if m.sound && item.Owner != 0 {
		people = append([]int64{item.Owner}, people...)
	}
	mention, err := w.mention(card.Bot, people)
	if err != nil {
		return err
	}
	key := "say:" + m.key + ":" + card.Bot + ":" + card.Chat
	post := bots.Post{
		Key: key, Chat: card.Chat, Text: m.text, Files: m.files, Buttons: m.buttons,
		Silent: !m.sound || !w.heard(item), Mention: mention,
	}
	_, err = w.put(store.Out{
		Key: key, Bot: card.Bot, Chat: card.Chat, Audience: store.ToStaff, Kind: m.kind, Item: item.ID,
		Body: encode(post), Urgent: item.Priority <= feedback.P1, NextAt: m.at,
	})
	return err
}

// mention returns the accounts of staff on a bot.
func (w *work) mention(bot string, staff []int64) ([]bots.Person, error) {
	var people []bots.Person
	seen := map[int64]bool{}
	for _, id := range staff {
		if seen[id] {
			continue
		}
		seen[id] = true
		st, err := w.tx.Staff(id)
		if err != nil {
			return nil, err
		}
		if account := st.Accounts[bot]; account != "" {
			people = append(people, bots.Person{ID: account, Name: st.Name})
		}
	}
	return people, nil
}

// heard reports whether the item may make a sound now: inside its team's
// hours, or at any time for P0.
func (w *work) heard(item *feedback.Item) bool {
	return item.Priority == feedback.P0 || w.team(item.Team).Hours.Open(w.local)
}

// currentPlaces returns where the item's cards belong now.
func (w *work) currentPlaces(item *feedback.Item) ([]Place, error) {
	var all []Place
	for _, team := range append([]string{item.Team}, item.Copies...) {
		places, err := w.places(team)
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			if !contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all, nil
}

// direct writes a private message to a colleague on every bot where they have
// an account.
func (w *work) direct(staff *feedback.Staff, key, text string, item int64, buttons [][]bots.Button) error {
	for bot, account := range staff.Accounts {
		if !w.r.Channels[bot].Bot {
			continue
		}
		k := "direct:" + key + ":" + bot + ":" + account
		if _, err := w.put(store.Out{
			Key: k, Bot: bot, Chat: account, Audience: store.ToStaff, Kind: OutDirect, Item: item,
			Body: encode(bots.Post{Key: k, Chat: account, Text: text, Buttons: buttons}), Urgent: true,
		}); err != nil {
			return err
		}
	}
	return nil
}

// leads returns the leads of a team; where it has none, all leads and admins:
// what escalates must reach somebody.
func (w *work) leads(team string) ([]*feedback.Staff, error) {
	all, err := w.tx.AllStaff()
	if err != nil {
		return nil, err
	}
	var leads, others []*feedback.Staff
	for _, st := range all {
		switch {
		case st.Disabled:
		case st.Role == feedback.Lead && st.Team == team:
			leads = append(leads, st)
		case st.Role.AtLeast(feedback.Lead):
			others = append(others, st)
		}
	}
	if len(leads) == 0 {
		return others, nil
	}
	return leads, nil
}

// leadWords are what leads read: in the thread, where {lead} is their names,
// and privately.
type leadWords struct {
	thread, direct         string
	threadVars, directVars phraseVars
	reminds                bool // of an item that nobody has taken: many of these are summed up
}

// escalate tells the leads of the item's team, by name in the thread and
// privately. It happens at once, day and night: what escalates is P0 or late in
// the team's own hours.
func (w *work) escalate(item *feedback.Item, key string, words leadWords) error {
	leads, err := w.leads(item.Team)
	if err != nil {
		return err
	}
	lang := w.r.Language
	ids := make([]int64, len(leads))
	names := make([]string, len(leads))
	text := w.r.Texts.Text(lang, words.direct, words.directVars)
	late := reminder{item: item, late: true}
	for i, st := range leads {
		ids[i], names[i] = st.ID, st.Name
		personal := key + ":" + strconv.FormatInt(st.ID, 10)
		if words.reminds {
			err = w.remindLead(st, personal, text, late)
		} else {
			err = w.direct(st, personal, text, item.ID, w.openButtons(item))
		}
		if err != nil {
			return err
		}
	}
	words.threadVars["lead"] = strings.Join(names, w.r.Texts.Text(lang, "list.separator", nil))
	line := said{key: key, kind: OutSound, text: w.r.Texts.Text(lang, words.thread, words.threadVars), sound: true, mention: ids}
	if words.reminds {
		return w.remindTeam(late, line)
	}
	return w.say(item, line)
}

func (w *work) openButtons(item *feedback.Item) [][]bots.Button {
	return [][]bots.Button{{{Text: w.r.Texts.Text(w.r.Language, "button.open", nil), URL: w.itemURL(item.ID)}}}
}

// alarm tells team and lead of a P0 at once, day and night; once an item.
func (w *work) alarm(item *feedback.Item) error {
	if item.Priority != feedback.P0 || item.State == feedback.Closed {
		return nil
	}
	lang := w.r.Language
	why := strings.Join(w.r.Texts.Words(lang, "reason", item.Reasons), " + ")
	return w.escalate(item, "p0:"+strconv.FormatInt(item.ID, 10), leadWords{
		thread: "thread.p0", threadVars: phraseVars{"reasons": why},
		direct: "lead.p0", directVars: phraseVars{"number": item.ID, "reasons": why, "team": w.team(item.Team).Title},
	})
}
