package desk

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

// Incoming is one stored message that was analysed: it joins an item, opens
// one, or is answered without one. Messages of one conversation must come in
// their order.
type Incoming struct {
	Message *feedback.Message
	Verdict nlp.Verdict // of Message.Text
	Tokens  []string    // of Message.Text, for search
	// Unread, where it is not empty, says why the message could not be analysed:
	// there is no verdict, people are to read it, and it stays set aside.
	Unread string
}

const (
	// maxItemText bounds the text an item keeps and is analysed by, in bytes.
	maxItemText = 8 << 10
	// quoteLength is how much of the customer's own words status and closure
	// repeat, in graphemes.
	quoteLength = 24
)

func (c Incoming) run(w *work) (*feedback.Item, error) {
	// A copy: where the transaction fails, what is tried again must not find the
	// item that was never kept.
	same := *c.Message
	m := &same
	c.Message = m
	w.text, w.verdict = m.Text, c.Verdict
	w.cause = m.ReceivedAt
	item, known, err := w.readAgain(c)
	if err != nil {
		return nil, err
	}
	if known {
		// It is an item already, opened while nobody could analyse it.
	} else if m.Conversation == 0 || !w.r.Channels[m.Channel].Bot {
		item, err = w.oneWay(c)
	} else {
		item, err = w.fromCustomer(c)
	}
	if err != nil {
		return nil, err
	}
	if item != nil {
		m.Item = item.ID
	}
	m.Stage = feedback.StageDone
	if c.Unread != "" {
		m.Stage, m.Error = feedback.StageQuarantined, c.Unread
	}
	v := verdictOf(c.Verdict)
	v.Unread = c.Unread != ""
	m.Verdict = &v
	finished, err := w.tx.Finish([]*feedback.Message{m})
	if err != nil {
		return nil, err
	}
	if !finished[0] {
		return nil, feedback.ErrDuplicate
	}
	if m.Conversation != 0 {
		w.convs[m.Conversation] = true
	}
	if item != nil && len(m.Attachments) > 0 {
		// They may have been fetched before the message found its item.
		return item, w.showFiles(item, m)
	}
	return item, nil
}

// fromCustomer handles what happened in a conversation with a way back.
func (w *work) fromCustomer(c Incoming) (*feedback.Item, error) {
	conv, err := w.tx.LockConversation(c.Message.Conversation)
	if err != nil {
		return nil, err
	}
	author, err := w.tx.Author(c.Message.Author)
	if err != nil {
		return nil, err
	}
	t := &turn{work: w, c: c, m: c.Message, conv: conv, author: author, lang: w.lang(author)}
	switch t.m.Event {
	case string(bots.OnEdited), string(bots.OnDeleted):
		if author.Blocked {
			return nil, nil
		}
	}
	switch t.m.Event {
	case string(bots.OnEdited):
		return t.edited()
	case string(bots.OnDeleted):
		return t.deleted()
	case string(bots.OnBlocked), string(bots.OnUnblocked):
		author.Gone = t.m.Event == string(bots.OnBlocked)
		return nil, w.tx.SaveAuthor(author)
	case string(bots.OnStart):
		return nil, t.started()
	}
	if author.Blocked {
		return nil, nil
	}
	if author.Gone {
		author.Gone = false
		if err := w.tx.SaveAuthor(author); err != nil {
			return nil, err
		}
	}
	if len(t.m.Fields) > 0 {
		if err := t.keepFields(); err != nil {
			return nil, err
		}
	}
	if word := customerCommand(t.m.Text); word != "" && len(t.m.Attachments) == 0 {
		return t.command(word)
	}
	return t.message()
}

// turn is one message of a customer with everything around it.
type turn struct {
	*work
	c      Incoming
	m      *feedback.Message
	conv   *feedback.Conversation
	author *feedback.Author
	lang   string
}

// lang returns the language a person is answered in.
func (w *work) lang(a *feedback.Author) string {
	if a != nil && a.Lang != "" {
		if strings.HasPrefix(strings.ToLower(a.Lang), "zh") {
			return "zh-CN"
		}
		return "en"
	}
	return w.r.Language
}

// text returns a text of the catalogue in the customer's language.
func (t *turn) text(key string, vars phraseVars) string { return t.r.Texts.Text(t.lang, key, vars) }

// keepFields remembers what the link said that the person came through.
func (t *turn) keepFields() error {
	if t.conv.Fields == nil {
		t.conv.Fields = map[string]string{}
	}
	for _, f := range t.r.Fields {
		if v := t.m.Fields[f.Name]; v != "" {
			t.conv.Fields[f.Name] = v
		}
	}
	return t.tx.SaveConversation(t.conv)
}

// message decides which matter the message belongs to.
func (t *turn) message() (*feedback.Item, error) {
	cues := t.c.Verdict.Cues
	current, err := t.matter()
	if err != nil {
		return nil, err
	}
	idle := cues.Thanks || cues.Received || cues.BareMark
	switch {
	case current == nil || current.State == feedback.Closed:
		return t.fresh(current)
	case current.State == feedback.Resolved:
		return t.afterClosure(current)
	case len(t.m.Attachments) > 0:
		return t.join(current, true)
	case cues.Urging && t.brief(shortCue) || cues.Greeting && t.asking(current):
		return t.urge(current)
	case cues.Cancel && t.brief(shortCue):
		return t.askCancel(current)
	case cues.Human && t.brief(shortCue):
		if _, err := t.urge(current); err != nil {
			return nil, err
		}
		return current, nil
	default:
		return t.join(current, !idle)
	}
}

// A cue is all that a message says only while the message is short: 等了一个小时没人理我
// urges, too, but it is a complaint, and 不用了，退款吧 asks for money. With nothing
// open only what is hardly more than the cue itself counts, in characters.
const (
	bareCue  = 6
	shortCue = 10
)

// brief reports whether the message has at most n characters.
func (t *turn) brief(n int) bool { return len([]rune(strings.TrimSpace(t.m.Text))) <= n }

// asking tells a greeting that asks again from one that begins a matter: the
// person has said something before, and some time ago.
func (t *turn) asking(item *feedback.Item) bool {
	return !item.LastInAt.IsZero() && t.m.ReceivedAt.Sub(item.LastInAt) > t.r.Desk.SettleMax
}

// matter returns the item a message belongs to: the one it replies to, where
// that is this person's, else the conversation's current one.
func (t *turn) matter() (*feedback.Item, error) {
	if t.m.ReplyTo != "" {
		id, err := t.itemOfReply()
		if err != nil {
			return nil, err
		}
		if id != 0 {
			item, err := t.tx.LockItem(id)
			if err != nil {
				return nil, err
			}
			if item.Conversation == t.conv.ID && item.State != feedback.Closed {
				return item, nil
			}
		}
	}
	current, err := t.tx.CurrentItem(t.conv.ID)
	if err != nil || current == nil {
		return nil, err
	}
	return t.tx.LockItem(current.ID)
}

func (t *turn) itemOfReply() (int64, error) {
	out, err := t.tx.OutByExternal(t.conv.Channel, t.conv.Chat, t.m.ReplyTo)
	if err == nil {
		return out.Item, nil
	}
	if !isNotFound(err) {
		return 0, err
	}
	said, err := t.tx.MessageByPlatformID(t.conv.Channel, t.conv.Chat, t.m.ReplyTo)
	if isNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return said.Item, nil
}

// fresh handles a message while nothing is being worked on.
func (t *turn) fresh(_ *feedback.Item) (*feedback.Item, error) {
	cues := t.c.Verdict.Cues
	if len(t.m.Attachments) == 0 {
		switch {
		case strings.TrimSpace(t.m.Text) == "":
			return nil, nil
		case cues.Thanks, cues.Received:
			return nil, nil
		case cues.Greeting, cues.BareMark, cues.Urging && t.brief(bareCue):
			return nil, t.greet()
		case cues.Cancel && t.brief(bareCue):
			return nil, t.answer("status.none", nil, nil)
		}
	}
	last, err := t.tx.LatestItem(t.conv.ID)
	if err != nil {
		return nil, err
	}
	item, err := t.open()
	if err != nil {
		return nil, err
	}
	if last != nil && last.ID != item.ID && last.Merged == 0 && !last.ResolvedAt.IsZero() && t.now.Sub(last.ResolvedAt) < t.r.Desk.SameIn {
		return item, t.askSame(last, item)
	}
	return item, nil
}

// afterClosure handles a message after the closing reply.
func (t *turn) afterClosure(item *feedback.Item) (*feedback.Item, error) {
	cues := t.c.Verdict.Cues
	if len(t.m.Attachments) == 0 && (cues.Thanks || cues.Received || cues.BareMark) {
		// 谢谢, 好的, 收到 and emoji change nothing.
		return item, nil
	}
	if t.now.Sub(item.ResolvedAt) <= t.r.Desk.ReopenIn {
		return t.reopened(item)
	}
	if len(t.m.Attachments) == 0 && cues.Greeting {
		return nil, t.greet()
	}
	// Later it may be another matter. Nothing waits for the answer: the new
	// item is opened at once, and becomes part of the old one where the
	// customer says so.
	if err := t.end(item, step{kind: "closed", data: map[string]string{"why": "newmatter"}}); err != nil {
		return nil, err
	}
	fresh, err := t.open()
	if err != nil {
		return nil, err
	}
	return fresh, t.askSame(item, fresh)
}

// reopened reopens a resolved item by the customer's own words.
func (t *turn) reopened(item *feedback.Item) (*feedback.Item, error) {
	if err := t.absorb(item); err != nil {
		return nil, err
	}
	if err := t.reopen(item, step{kind: "reopened", data: map[string]string{"by": "customer"}}); err != nil {
		return nil, err
	}
	if err := t.sayMessage(item, true); err != nil {
		return nil, err
	}
	return item, t.progress(item, "progress.raised", "reopen:"+strconv.Itoa(item.Reopened))
}

// join adds the message to an item that is being worked on.
func (t *turn) join(item *feedback.Item, sound bool) (*feedback.Item, error) {
	wasWaiting := item.State == feedback.Waiting
	if err := t.absorb(item); err != nil {
		return nil, err
	}
	if err := t.move(item, feedback.ActMessage); err != nil {
		return nil, err
	}
	if wasWaiting {
		item.Ask = ""
		if err := t.tx.DropTimers(item.ID, TimerRemind, TimerExpire); err != nil {
			return nil, err
		}
		if err := t.resumeClock(item); err != nil {
			return nil, err
		}
	}
	item.SnoozedUntil = time.Time{}
	if err := t.tx.DropTimers(item.ID, TimerSnooze); err != nil {
		return nil, err
	}
	// 谢谢 and 好的 say nothing about the matter: it stays what it is.
	if sound {
		if err := t.reconsider(item); err != nil {
			return nil, err
		}
		if !item.RepliedAt.IsZero() && item.DueAt.IsZero() && clocked(item) {
			// They were answered, and say more: that wants an answer, too.
			if err := t.startClock(item, t.now); err != nil {
				return nil, err
			}
		}
	}
	if err := t.save(item, step{kind: "message", data: map[string]string{"message": strconv.FormatInt(t.m.ID, 10)}}); err != nil {
		return nil, err
	}
	if err := t.sayMessage(item, sound); err != nil {
		return nil, err
	}
	return item, t.settle(item)
}

// absorb adds the message's words, files and fields to the item.
func (t *turn) absorb(item *feedback.Item) error {
	if t.m.Text != "" {
		if item.Text != "" {
			item.Text += "\n"
		}
		item.Text = cutBytes(item.Text+t.m.Text, maxItemText)
	}
	if item.Quote == "" || (len([]rune(item.Quote)) < 4 && nlp.Complete(t.m.Text)) {
		item.Quote = quoteOf(t.m.Text)
	}
	countFiles(item, t.m.Attachments)
	item.LastInAt = t.m.ReceivedAt
	t.addFields(item, t.c.Verdict.Found)
	if err := t.markUnread(item, t.c); err != nil {
		return err
	}
	return t.tx.IndexItem(item.ID, t.index(item))
}

// addFields fills in what the item does not yet know.
func (w *work) addFields(item *feedback.Item, found map[string]string) {
	for k, v := range found {
		if item.Fields == nil {
			item.Fields = map[string]string{}
		}
		if item.Fields[k] == "" {
			item.Fields[k] = v
		}
	}
}

func countFiles(item *feedback.Item, files []feedback.Attachment) {
	for _, a := range files {
		switch a.Kind {
		case "image", "video", "sticker":
			item.Images++
		case "audio":
			item.Voices += max(a.Duration, 1)
		}
	}
}

// open makes an item of the message.
func (t *turn) open() (*feedback.Item, error) {
	visits, err := t.tx.Visits(t.author.ID)
	if err != nil {
		return nil, err
	}
	item := t.newItem(t.c, t.author)
	item.Conversation, item.WayBack, item.Group = t.conv.ID, true, t.conv.Group
	item.Visit = int(visits) + 1
	item.Quote = quoteOf(t.m.Text)
	item.LastInAt = t.m.ReceivedAt
	item.Fields = maps.Clone(t.conv.Fields)
	t.addFields(item, t.c.Verdict.Found)
	t.consider(item)
	if err := t.tx.InsertItem(item); err != nil {
		return nil, err
	}
	if err := t.tx.IndexItem(item.ID, t.c.Tokens); err != nil {
		return nil, err
	}
	if err := t.record(item.ID, step{kind: "created", data: map[string]string{
		"message": strconv.FormatInt(t.m.ID, 10), "team": item.Team, "priority": item.Priority.String(),
	}}); err != nil {
		return nil, err
	}
	if err := t.markUnread(item, t.c); err != nil {
		return nil, err
	}
	if silent(item) {
		// Advertising gets no clock and no card, and no receipt to confirm
		// that somebody reads: it stays in the list.
		return item, t.tx.UpdateItem(item)
	}
	t.s.burst.add(t.now)
	if clocked(item) {
		if err := t.startClock(item, t.now); err != nil {
			return nil, err
		}
	}
	if err := t.settle(item); err != nil {
		return nil, err
	}
	if err := t.tx.UpdateItem(item); err != nil {
		return nil, err
	}
	return item, t.sayRest(item)
}

// corrected is the model that a verdict names once a colleague corrected it.
const corrected = feedback.ByStaff

// sureSpam is from which score on a message is taken for nothing but
// advertising: below it, people are rather heard once too often.
const sureSpam = 0.7

// silent reports whether an item is nothing but advertising: it gets no card and
// no receipt. What names a known topic or a hazard is heard all the same, since
// a complaint with an address in it can look like an advertisement.
func silent(item *feedback.Item) bool {
	v := &item.Verdict
	return v.Intent == "spam" && v.Spam >= sureSpam && len(v.Topics) == 0 && len(v.Hazards) == 0
}

// clocked reports whether an item of this intent has an answer time: praise
// and chat are thanked for, without a clock.
func clocked(item *feedback.Item) bool {
	if strings.TrimSpace(item.Text) == "" {
		return true // a voice message or a picture alone: nobody knows yet what it says
	}
	return !thanked(item.Verdict.Intent) || item.Priority <= feedback.P1
}

// thanked reports whether what is said with this intent is thanked for only.
func thanked(intent string) bool { return intent == "praise" || intent == "chat" }

// newItem is what every new item has in common.
func (w *work) newItem(c Incoming, author *feedback.Author) *feedback.Item {
	m := c.Message
	item := &feedback.Item{
		Channel: m.Channel, Platform: m.Platform, Kind: m.Kind, State: feedback.New,
		Verdict: verdictOf(c.Verdict), Text: cutBytes(m.Text, maxItemText), URL: m.URL,
		Receipt: feedback.DeliveryNone, Closure: feedback.DeliveryNone,
		CreatedAt: w.now, PostedAt: m.PostedAt, UpdatedAt: w.now, Visit: 1,
	}
	item.Verdict.Unread = c.Unread != ""
	if item.PostedAt.IsZero() {
		item.PostedAt = w.now
	}
	if author != nil {
		item.Author, item.AuthorName, item.Followers = author.ID, author.Name, author.Followers
	}
	countFiles(item, m.Attachments)
	return item
}

// consider gives an item its priority and its route.
func (w *work) consider(item *feedback.Item) {
	if !item.Pinned {
		item.Priority, item.Reasons = feedback.Rank(feedback.Grounds{
			Verdict: item.Verdict, Followers: item.Followers, Urged: item.Urged, Reopened: item.Reopened, Visit: item.Visit,
		})
	}
	d := w.r.Routes.Route(w.routeEnv(item))
	item.Team, item.Copies, item.Path, item.Cards = d.Team, d.Copies, d.Path, d.Cards
	if d.Err != nil {
		w.s.log.Warn("a routing condition failed and counted as no match", "channel", item.Channel, "err", d.Err)
	}
	if d.Default && item.Cards == "" {
		item.Cards = "default"
	}
	if d.Priority != "" && !item.Pinned {
		if p, err := feedback.ParsePriority(d.Priority); err == nil {
			item.Priority, item.Reasons = p, []string{"route"}
		}
	}
}

func (w *work) routeEnv(item *feedback.Item) route.Env {
	at := w.r.local(item.PostedAt)
	weekday := int(at.Weekday())
	if weekday == 0 {
		weekday = 7
	}
	return route.Env{
		Text: item.Text, Lang: item.Verdict.Lang, Sentiment: item.Verdict.Sentiment, Intent: item.Verdict.Intent,
		Urgency: item.Verdict.Urgency, Priority: item.Priority.String(), Channel: item.Channel, Platform: item.Platform,
		Kind: string(item.Kind), URL: item.URL, AuthorID: strconv.FormatInt(item.Author, 10), AuthorName: item.AuthorName,
		Followers: item.Followers, Score: item.Verdict.Score, Confidence: item.Verdict.Confidence,
		Attachments: item.Images, Hour: at.Hour(), Weekday: weekday,
		Topics: item.Verdict.TopicNames(), Keywords: item.Verdict.Keywords,
		Group: item.Group, History: item.History, Fields: item.Fields,
	}
}

// reconsider analyses an item's whole text again. An unclaimed item may get
// another route; a claimed one keeps its team, and its priority only rises.
func (w *work) reconsider(item *feedback.Item) error {
	was, team := item.Priority, item.Team
	intent := item.Verdict.Intent
	old := item.Verdict
	var found map[string]string
	item.Verdict, found = w.judge(item)
	if old.Model == corrected {
		// What a colleague said about it stands against later guesses.
		item.Verdict.Sentiment, item.Verdict.Intent, item.Verdict.Topics, item.Verdict.Model = old.Sentiment, old.Intent, old.Topics, corrected
	} else if intent != "" && intent != "spam" && thanked(item.Verdict.Intent) && !thanked(intent) {
		// A kind word further on does not take an answer back that was promised.
		item.Verdict.Intent = intent
	}
	w.addFields(item, found)
	keepTeam := item.Owner != 0 || item.Transfers > 0
	owned, copies, path, cards := item.Team, item.Copies, item.Path, item.Cards
	w.consider(item)
	if keepTeam {
		item.Team, item.Copies, item.Path, item.Cards = owned, copies, path, cards
	}
	if item.Owner != 0 && item.Priority > was {
		item.Priority = was
	}
	if item.Priority == was && item.Team == team {
		return nil
	}
	if item.State == feedback.New || item.State == feedback.Open {
		if err := w.reclock(item, was); err != nil {
			return err
		}
	}
	return w.cards(item, w.now)
}

// reclock fits the answer time to another priority or team: it is counted from
// when the customer began to wait, and a promise already made is never moved back.
func (w *work) reclock(item *feedback.Item, was feedback.Priority) error {
	if !clocked(item) {
		return nil
	}
	if item.Priority > was && !item.DueAt.IsZero() {
		return nil
	}
	since, err := w.waitingSince(item)
	if err != nil {
		return err
	}
	return w.startClock(item, since)
}

// settle decides when the receipt leaves: at once after a complete message,
// after silence while only fragments have come.
func (t *turn) settle(item *feedback.Item) error {
	if item.Receipt != feedback.DeliveryNone {
		return t.cards(item, t.now)
	}
	complete := item.Priority <= feedback.P1 || (nlp.Complete(item.Text) && len(item.Quote) > 0)
	if complete && t.m.Text != "" && !t.c.Verdict.Cues.Fragment || item.Priority <= feedback.P1 {
		if err := t.cards(item, t.now); err != nil {
			return err
		}
		if err := t.tx.DropTimers(item.ID, TimerReceipt); err != nil {
			return err
		}
		return t.receipt(item, t.conv, t.author, t.m)
	}
	due := t.now.Add(t.r.Desk.Settle)
	if latest := item.CreatedAt.Add(t.r.Desk.SettleMax); due.After(latest) {
		due = latest
	}
	if err := t.cards(item, due); err != nil {
		return err
	}
	return t.setTimer(item.ID, TimerReceipt, due, strconv.FormatInt(t.m.ID, 10))
}

// sayMessage puts the message into the threads of the item's cards.
func (t *turn) sayMessage(item *feedback.Item, sound bool) error {
	if t.m.Text == "" {
		return nil // its files follow once they are fetched
	}
	unseen, err := t.cardUnsent(item)
	if err != nil || unseen && len([]rune(item.Text)) <= cardQuote {
		return err // the card itself will show it
	}
	text := t.r.Texts.Text(t.r.Language, "thread.customer", phraseVars{"name": t.who(item), "text": nlp.Mask(t.m.Text)})
	return t.say(item, said{key: "message:" + strconv.FormatInt(t.m.ID, 10), kind: OutSaid, text: text, sound: sound})
}

// sayRest puts a long first message whole into the thread, since the card
// shows its start only.
func (t *turn) sayRest(item *feedback.Item) error {
	if len([]rune(item.Text)) <= cardQuote {
		return nil
	}
	return t.sayMessage(item, false)
}

// cardUnsent reports whether no card of the item has left yet.
func (w *work) cardUnsent(item *feedback.Item) (bool, error) {
	outs, err := w.tx.OutsOf(item.ID)
	if err != nil {
		return false, err
	}
	for _, o := range outs {
		if o.Kind == OutCard && (o.SentRev > 0 || o.State == store.OutSending) {
			return false, nil
		}
	}
	return true, nil
}

// edited takes over a customer's edit.
func (t *turn) edited() (*feedback.Item, error) {
	original, err := t.tx.MessageByPlatformID(t.conv.Channel, t.conv.Chat, t.m.MessageID)
	if isNotFound(err) {
		// The first we hear of it: it counts as said now.
		t.m.Event = ""
		return t.message()
	}
	if err != nil {
		return nil, err
	}
	if original.Author != t.m.Author || original.Text == t.m.Text || t.m.PostedAt.Before(original.EditedAt) {
		return nil, nil
	}
	if original.Item == 0 {
		// It opened nothing, as a greeting does: what it has become is said now.
		t.m.Event = ""
		return t.message()
	}
	was, err := t.tx.EditMessage(original.ID, t.m.Text, t.m.Raw, t.m.PostedAt)
	if err != nil {
		return nil, err
	}
	item, err := t.tx.LockItem(original.Item)
	if err != nil {
		return nil, err
	}
	item.Text = cutBytes(strings.Replace(item.Text, was, t.m.Text, 1), maxItemText)
	if strings.HasPrefix(was, strings.TrimSuffix(item.Quote, "…")) {
		item.Quote = quoteOf(t.m.Text)
	}
	if err := t.markUnread(item, t.c); err != nil {
		return nil, err
	}
	if err := t.tx.IndexItem(item.ID, t.index(item)); err != nil {
		return nil, err
	}
	if item.State != feedback.Closed {
		if err := t.reconsider(item); err != nil {
			return nil, err
		}
	}
	if err := t.save(item, step{kind: "edited", data: map[string]string{"message": strconv.FormatInt(original.ID, 10)}}); err != nil {
		return nil, err
	}
	before, after := difference(nlp.Mask(was), nlp.Mask(t.m.Text))
	text := t.r.Texts.Text(t.r.Language, "edited", phraseVars{"was": before, "text": after})
	return item, t.say(item, said{key: "edit:" + strconv.FormatInt(t.m.ID, 10), kind: OutSound, text: text, sound: true})
}

// deleted tells the team that the customer took a message back. What was said
// stays: the team may have acted on it.
func (t *turn) deleted() (*feedback.Item, error) {
	original, err := t.tx.MessageByPlatformID(t.conv.Channel, t.conv.Chat, t.m.MessageID)
	if isNotFound(err) || err == nil && original.Item == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	item, err := t.tx.LockItem(original.Item)
	if err != nil {
		return nil, err
	}
	if err := t.save(item, step{kind: "deleted", data: map[string]string{"message": strconv.FormatInt(original.ID, 10)}}); err != nil {
		return nil, err
	}
	text := t.r.Texts.Text(t.r.Language, "thread.deleted", nil)
	return item, t.say(item, said{key: "deleted:" + strconv.FormatInt(t.m.ID, 10), kind: OutSound, text: text})
}

// oneWay handles what is said elsewhere: every entry is an item of its own, and
// an entry seen again with another text is an edit of it.
func (w *work) oneWay(c Incoming) (*feedback.Item, error) {
	m := c.Message
	author, err := w.tx.Author(m.Author)
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	if m.Event != "" {
		return nil, nil // a payload nobody could read: kept, and nothing more
	}
	if m.Item != 0 {
		return w.oneWayEdited(c)
	}
	if author != nil && author.Blocked {
		return nil, nil
	}
	if m.Conversation != 0 {
		if item, err := w.oneWayJoin(c, author); item != nil || err != nil {
			return item, err
		}
	}
	item := w.newItem(c, author)
	item.Conversation, item.LastInAt = m.Conversation, m.ReceivedAt
	item.Quote = quoteOf(m.Text)
	item.History = m.Lane == feedback.History
	w.addFields(item, c.Verdict.Found)
	w.consider(item)
	if item.History {
		item.State, item.EndedAt = feedback.Closed, w.now
		if !m.PostedAt.IsZero() {
			item.CreatedAt = m.PostedAt
		}
	}
	if err := w.tx.InsertItem(item); err != nil {
		return nil, err
	}
	if err := w.tx.IndexItem(item.ID, c.Tokens); err != nil {
		return nil, err
	}
	if err := w.record(item.ID, step{kind: "created", data: map[string]string{
		"message": strconv.FormatInt(m.ID, 10), "team": item.Team, "priority": item.Priority.String(),
	}}); err != nil {
		return nil, err
	}
	if err := w.markUnread(item, c); err != nil {
		return nil, err
	}
	if item.History || silent(item) {
		return item, nil
	}
	w.s.burst.add(w.now)
	if !w.carded(item) {
		return item, nil
	}
	if clocked(item) {
		if err := w.startClock(item, w.now); err != nil {
			return nil, err
		}
		if err := w.tx.UpdateItem(item); err != nil {
			return nil, err
		}
	}
	return item, w.cards(item, w.now)
}

// oneWayJoin adds a message of a person, who cannot be answered where they
// wrote, to what is being worked on for them; nil where nothing is.
func (w *work) oneWayJoin(c Incoming, author *feedback.Author) (*feedback.Item, error) {
	conv, err := w.tx.LockConversation(c.Message.Conversation)
	if err != nil {
		return nil, err
	}
	current, err := w.tx.CurrentItem(conv.ID)
	if err != nil || current == nil || current.State == feedback.Resolved {
		return nil, err
	}
	item, err := w.tx.LockItem(current.ID)
	if err != nil {
		return nil, err
	}
	t := &turn{work: w, c: c, m: c.Message, conv: conv, author: author, lang: w.lang(author)}
	if err := t.absorb(item); err != nil {
		return nil, err
	}
	if err := w.move(item, feedback.ActMessage); err != nil {
		return nil, err
	}
	if err := w.reconsider(item); err != nil {
		return nil, err
	}
	if err := w.save(item, step{kind: "message", data: map[string]string{"message": strconv.FormatInt(c.Message.ID, 10)}}); err != nil {
		return nil, err
	}
	return item, t.sayMessage(item, true)
}

// oneWayEdited takes over a newer text of an entry.
func (w *work) oneWayEdited(c Incoming) (*feedback.Item, error) {
	item, err := w.tx.LockItem(c.Message.Item)
	if err != nil {
		return nil, err
	}
	was := item.Text
	item.Text = cutBytes(c.Message.Text, maxItemText)
	item.Quote = quoteOf(item.Text)
	item.Verdict.Unread = false // that was said of another text
	if err := w.markUnread(item, c); err != nil {
		return nil, err
	}
	if err := w.tx.IndexItem(item.ID, c.Tokens); err != nil {
		return nil, err
	}
	if item.State == feedback.Closed {
		return item, w.save(item, step{kind: "edited"})
	}
	if err := w.reconsider(item); err != nil {
		return nil, err
	}
	if err := w.save(item, step{kind: "edited"}); err != nil {
		return nil, err
	}
	before, after := difference(nlp.Mask(was), nlp.Mask(item.Text))
	text := w.r.Texts.Text(w.r.Language, "edited", phraseVars{"was": before, "text": after})
	return item, w.say(item, said{key: fmt.Sprintf("edit:%d:%d", c.Message.ID, item.Version), kind: OutSound, text: text, sound: true})
}

// carded reports whether a one-way item becomes a card: where its route says
// so, else when it is negative, urgent or matched below the root.
func (w *work) carded(item *feedback.Item) bool {
	urgent := item.Verdict.Urgency == "high" || item.Verdict.Urgency == "critical"
	switch item.Cards {
	case "off":
		return false
	case "on":
		return true
	case "urgent":
		return urgent || item.Verdict.Unjudged()
	case "default":
		return item.Verdict.Sentiment == "negative" || urgent || item.Verdict.Unjudged()
	default:
		return true
	}
}

func verdictOf(v nlp.Verdict) feedback.Verdict {
	out := feedback.Verdict{
		Lang: v.Lang, Sentiment: v.Sentiment, Score: v.Score, Confidence: v.Confidence, Intent: v.Intent, Urgency: v.Urgency,
		Keywords: v.Keywords, Hazards: v.Hazards, Found: v.Found, Print: v.Print, Spam: v.Spam, Model: v.Model,
	}
	for _, t := range v.Topics {
		out.Topics = append(out.Topics, feedback.Topic(t))
	}
	for _, e := range v.Evidence {
		out.Evidence = append(out.Evidence, feedback.Evidence(e))
	}
	if v.Cues.Minor {
		out.Hazards = appendNew(out.Hazards, "minor")
	}
	return out
}

func appendNew(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}
