package desk

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/sla"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

// phraseVars are the values of a text's placeholders.
type phraseVars = phrase.Vars

// customerWords are what customers can type alone, with what each means.
var customerWords = map[string]string{
	"/start": "help", "/help": "help", "帮助": "help", "help": "help",
	"/status": "status", "进度": "status", "status": "status",
	"/privacy": "privacy", "隐私": "privacy", "privacy": "privacy",
	"/cancel": "cancel", "取消": "cancel", "cancel": "cancel",
	"/human": "human", "人工": "human", "human": "human",
	"投诉": "complaint", "建议": "suggestion", "表扬": "praise", "咨询": "question",
	"我的资料": "mydata", "my data": "mydata",
	"删除我的资料": "erase", "delete my data": "erase",
}

// maxCommand is longer than any command of a customer, a start parameter
// included, in bytes.
const maxCommand = 200

// customerCommand returns the command that text is, alone, in either script and
// with any width and marks; empty where it is something said.
func customerCommand(text string) string {
	if len(text) > maxCommand {
		return ""
	}
	word := strings.Trim(nlp.Fold(text), " 「」“”\"。.!！?？~～…")
	if strings.HasPrefix(word, "/") {
		word, _, _ = strings.Cut(word, "@")
		if at := strings.IndexByte(word, ' '); at > 0 {
			word = word[:at]
		}
	}
	return customerWords[word]
}

// command answers a customer's command.
func (t *turn) command(word string) (*feedback.Item, error) {
	current, err := t.matter()
	if err != nil {
		return nil, err
	}
	live := current != nil && (current.State == feedback.New || current.State == feedback.Open || current.State == feedback.Waiting)
	if t.conv.Group {
		switch word {
		case "cancel", "human", "erase": // they say nothing that others must not read
		default:
			return nil, t.elsewhere()
		}
	}
	switch word {
	case "help":
		return nil, t.greet()
	case "status":
		return nil, t.status()
	case "privacy":
		return nil, t.answer("privacy", t.privacyVars(), nil)
	case "mydata":
		return nil, t.myData()
	case "erase":
		return nil, t.answer("erase?", nil, [][]bots.Button{{
			{Text: t.text("erase?.yes", nil), Data: "erase:" + strconv.FormatInt(t.conv.ID, 10), Style: bots.Danger},
			{Text: t.text("erase?.no", nil), Data: "keepdata:" + strconv.FormatInt(t.conv.ID, 10)},
		}})
	case "cancel":
		if !live {
			return nil, t.answer("status.none", nil, nil)
		}
		return t.askCancel(current)
	case "human":
		if live {
			return t.urge(current)
		}
		if current != nil && current.State == feedback.Resolved {
			return t.afterClosure(current)
		}
		return t.open()
	default: // a kind of feedback: what follows is what it is about
		if live {
			return t.join(current, false)
		}
		return nil, t.answer("begin", nil, nil)
	}
}

// elsewhere leads from a group, where everybody reads along, to the private chat.
func (t *turn) elsewhere() error {
	return t.answer("group.command", phraseVars{"name": t.author.Name}, t.privateButton(t.conv, t.lang))
}

func (t *turn) privacyVars() phraseVars {
	platforms := t.r.Channels[t.conv.Channel].Title
	days := int(t.r.keep(t.conv.Channel) / (24 * time.Hour))
	return phraseVars{"company": t.r.Company, "days": days, "platforms": platforms, "contact": t.r.Contact}
}

// answer tells the customer something that belongs to no item.
func (t *turn) answer(key string, vars phraseVars, buttons [][]bots.Button) error {
	_, err := t.tell(toCustomer{
		kind: OutPrompt, key: "answer:" + key + ":" + strconv.FormatInt(t.m.ID, 10), conv: t.conv,
		text: t.text(key, vars), buttons: buttons, quote: t.quoteIn(),
	})
	return err
}

// quoteIn is the message to quote: in groups, so that it is clear who is meant.
func (t *turn) quoteIn() string {
	if t.conv.Group {
		return t.m.MessageID
	}
	return ""
}

// greet answers a greeting: it opens nothing.
func (t *turn) greet() error {
	if t.conv.Group {
		return t.answer("greeting", phraseVars{"brand": t.r.Brand}, t.privateButton(t.conv, t.lang))
	}
	kinds := [][]bots.Button{{
		{Text: t.text("greeting.complaint", nil), Data: "kind:complaint"},
		{Text: t.text("greeting.question", nil), Data: "kind:question"},
	}, {
		{Text: t.text("greeting.suggestion", nil), Data: "kind:suggestion"},
		{Text: t.text("greeting.praise", nil), Data: "kind:praise"},
	}}
	return t.answer("greeting", phraseVars{"brand": t.r.Brand}, kinds)
}

// started greets a person who opened the bot, and keeps what their link said.
func (t *turn) started() error {
	if err := t.keepFields(); err != nil {
		return err
	}
	return t.greet()
}

// status tells how the person's matters stand.
func (t *turn) status() error {
	items, err := t.tx.Items(store.Query{Conversation: t.conv.ID, States: []feedback.State{feedback.New, feedback.Open, feedback.Waiting, feedback.Resolved}, Limit: 5})
	if err != nil {
		return err
	}
	var lines []string
	for _, item := range items {
		if item.State == feedback.Resolved {
			continue
		}
		owner, err := t.ownerShown(item)
		if err != nil {
			return err
		}
		key := "status"
		switch {
		case item.State == feedback.Waiting:
			key = "status.waiting"
		case owner == "" && item.PromisedAt.IsZero():
			key = "status.plain"
		case owner == "":
			key = "status.unowned"
		case item.PromisedAt.IsZero() || item.PromisedAt.Before(t.now):
			key = "status.owned"
		}
		lines = append(lines, t.text(key, phraseVars{
			"number": item.ID, "quote": t.quoted(item), "state": t.r.Texts.Text(t.lang, "state."+string(item.State), nil),
			"owner": owner, "when": t.clock(item.PromisedAt), "ask": item.Ask,
		}))
	}
	if len(lines) == 0 {
		return t.answer("status.none", nil, nil)
	}
	_, err = t.tell(toCustomer{
		kind: OutPrompt, key: "status:" + strconv.FormatInt(t.m.ID, 10), conv: t.conv, text: strings.Join(lines, "\n"), quote: t.quoteIn(),
	})
	return err
}

// quoted returns what the customer said, or what they sent where they said nothing.
func (t *turn) quoted(item *feedback.Item) string {
	switch {
	case item.Quote != "":
		return item.Quote
	case item.Voices > 0:
		return t.text("quote.voice", nil)
	case item.Images > 0:
		return t.text("quote.picture", nil)
	default:
		return t.text("quote.file", nil)
	}
}

// clock returns a time as this customer reads it.
func (t *turn) clock(at time.Time) string { return t.clockIn(t.lang, at) }

func (w *work) clockIn(lang string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return w.r.Texts.Clock(lang, w.r.local(at), w.local)
}

// ownerShown returns the owner's name as customers read it.
func (w *work) ownerShown(item *feedback.Item) (string, error) {
	if item.Owner == 0 {
		return "", nil
	}
	st, err := w.tx.Staff(item.Owner)
	if err != nil {
		return "", err
	}
	return st.Shown(), nil
}

// maxOwnWords is how much of what a person wrote the chat repeats to them, in
// characters: a few messages. The rest is handed out by a colleague.
const maxOwnWords = 6000

// myData gives the person what is kept about them, in every chat of this bot.
func (t *turn) myData() error {
	count, err := t.tx.CountItems(store.Query{Author: t.author.ID})
	if err != nil {
		return err
	}
	said, err := t.tx.MessagesOfAuthor(t.author.ID)
	if err != nil {
		return err
	}
	files := 0
	said = slices.DeleteFunc(said, func(m *feedback.Message) bool {
		if m.Direction != feedback.In || m.Event != "" || m.ID == t.m.ID {
			return true
		}
		files += len(m.Attachments)
		return m.Text == ""
	})
	first, room := len(said), maxOwnWords
	for ; first > 0; first-- {
		if room -= utf8.RuneCountInString(said[first-1].Text); room < 0 {
			break
		}
	}
	lines := []string{t.text("mydata", phraseVars{
		"name": t.author.Name, "handle": t.author.Handle, "count": count, "files": files, "platform": t.r.Channels[t.conv.Channel].Title,
	})}
	if first > 0 {
		lines = append(lines, t.text("mydata.more", phraseVars{"count": first, "contact": t.r.Contact}))
	}
	for _, m := range said[first:] {
		lines = append(lines, t.r.local(m.ReceivedAt).Format("2006-01-02 15:04")+" "+m.Text)
	}
	_, err = t.tell(toCustomer{kind: OutPrompt, key: "mydata:" + strconv.FormatInt(t.m.ID, 10), conv: t.conv, text: strings.Join(lines, "\n")})
	return err
}

// urge notes that the customer asks again: the card counts it, the team hears
// it, and the customer gets one answer in UrgeEvery.
func (t *turn) urge(item *feedback.Item) (*feedback.Item, error) {
	item.Urged++
	item.LastInAt = t.m.ReceivedAt
	wasWaiting := item.State == feedback.Waiting
	if err := t.move(item, feedback.ActMessage); err != nil {
		return nil, err
	}
	if wasWaiting {
		if err := t.tx.DropTimers(item.ID, TimerRemind, TimerExpire); err != nil {
			return nil, err
		}
		if err := t.resumeClock(item); err != nil {
			return nil, err
		}
	}
	if err := t.reconsider(item); err != nil {
		return nil, err
	}
	key := "urged:" + strconv.FormatInt(item.ID, 10)
	if customerCommand(t.m.Text) == "human" {
		// Who asks for a person is answered, whatever was said before.
		key = "human:" + strconv.FormatInt(item.ID, 10)
	}
	_, answered, err := t.tx.State(key)
	if err != nil {
		return nil, err
	}
	if err := t.save(item, step{kind: "urged", data: map[string]string{"message": strconv.FormatInt(t.m.ID, 10)}}); err != nil {
		return nil, err
	}
	text := t.r.Texts.Text(t.r.Language, "thread.urged", phraseVars{"name": t.who(item), "count": item.Urged, "text": nlp.Mask(t.m.Text)})
	if t.c.Verdict.Cues.Human || customerCommand(t.m.Text) == "human" {
		text = t.r.Texts.Text(t.r.Language, "thread.human", nil)
	}
	if err := t.say(item, said{key: key + ":" + strconv.FormatInt(t.m.ID, 10), kind: OutSound, text: text, sound: true}); err != nil {
		return nil, err
	}
	if item.Receipt == feedback.DeliveryNone && item.Resolution == 0 && item.RepliedAt.IsZero() {
		// Nothing was promised yet: the receipt is the answer.
		return item, t.settle(item)
	}
	if answered {
		return item, nil
	}
	if err := t.tx.SetState(key, "1", t.now.Add(t.r.Desk.UrgeEvery)); err != nil {
		return nil, err
	}
	return item, t.progress(item, "progress.urged", "urged:"+strconv.FormatInt(t.m.ID, 10))
}

// progress tells the customer one of the progress texts, with a time that
// holds.
func (t *turn) progress(item *feedback.Item, key, unique string) error {
	if item.DueAt.IsZero() {
		if err := t.startClock(item, t.now); err != nil {
			return err
		}
	}
	t.promise(item)
	if err := t.tx.UpdateItem(item); err != nil {
		return err
	}
	_, err := t.tell(toCustomer{
		kind: OutProgress, key: "progress:" + unique + ":" + strconv.FormatInt(item.ID, 10), conv: t.conv, item: item.ID,
		text: t.text(key, phraseVars{"number": item.ID, "when": t.clock(item.PromisedAt)}), quote: t.quoteIn(),
	})
	return err
}

// promise fits the promised time to the clock.
func (w *work) promise(item *feedback.Item) {
	at := sla.Promise(w.r.local(item.DueAt), w.local).UTC()
	if item.PromisedAt.Before(w.now) || at.Before(item.PromisedAt) || item.PromisedAt.IsZero() {
		item.PromisedAt = at
	}
}

// askCancel asks what is not needed any more.
func (t *turn) askCancel(item *feedback.Item) (*feedback.Item, error) {
	item.LastInAt = t.m.ReceivedAt
	if err := t.save(item, step{kind: "message", data: map[string]string{"message": strconv.FormatInt(t.m.ID, 10)}}); err != nil {
		return nil, err
	}
	if err := t.sayMessage(item, true); err != nil {
		return nil, err
	}
	id := strconv.FormatInt(item.ID, 10)
	_, err := t.tell(toCustomer{
		kind: OutPrompt, key: "cancel?:" + strconv.FormatInt(t.m.ID, 10), conv: t.conv, item: item.ID,
		text: t.text("cancel?", phraseVars{"number": item.ID}), quote: t.quoteIn(),
		buttons: [][]bots.Button{{
			{Text: t.text("cancel?.yes", nil), Data: "withdraw:" + id},
			{Text: t.text("cancel?.no", nil), Data: "keep:" + id},
		}},
	})
	return item, err
}

// askSame asks whether a new item is the matter of an ended one.
func (t *turn) askSame(old, fresh *feedback.Item) error {
	pair := strconv.FormatInt(old.ID, 10) + ":" + strconv.FormatInt(fresh.ID, 10)
	_, err := t.tell(toCustomer{
		kind: OutPrompt, key: "same?:" + pair, conv: t.conv, item: fresh.ID,
		text: t.text("same?", phraseVars{"number": old.ID}), quote: t.quoteIn(),
		buttons: [][]bots.Button{{
			{Text: t.text("same?.yes", nil), Data: "same:" + pair},
			{Text: t.text("same?.no", nil), Data: "other:" + pair},
		}},
	})
	return err
}

// who returns the customer's name as a team chat may show it.
// Visitors of the web page have no name of their own to mask.
func (w *work) who(item *feedback.Item) string {
	if item.Platform == "web" {
		return item.AuthorName
	}
	return nlp.MaskName(item.AuthorName)
}

// receipt tells the customer that their matter was noted: once an item.
func (w *work) receipt(item *feedback.Item, conv *feedback.Conversation, author *feedback.Author, m *feedback.Message) error {
	lang := w.lang(author)
	vars := phraseVars{"number": item.ID, "hotline": w.r.Hotline, "sent": w.clockIn(lang, m.PostedAt)}
	key := w.receiptKey(item, m)
	if key != "receipt.busy" && key != "receipt.thanks" && !item.DueAt.IsZero() {
		w.promise(item)
		vars["when"] = w.clockIn(lang, item.PromisedAt)
		if key == "receipt.closed" {
			team := w.team(item.Team)
			vars["opens"] = w.r.Texts.Opening(lang, team.Hours.NextOpen(w.local), w.local)
		}
	}
	text := w.r.Texts.Text(lang, key, vars)
	if conv.Group {
		text = w.r.Texts.Text(lang, "group", phraseVars{"name": author.Name, "number": item.ID})
	} else {
		text = w.withNotices(text, lang, item, author)
	}
	if item.Voices > 0 && strings.TrimSpace(item.Text) == "" {
		text = w.r.Texts.Text(lang, "voice", nil) + "\n" + text
	}
	post := toCustomer{kind: OutReceipt, key: "receipt:" + strconv.FormatInt(item.ID, 10), conv: conv, item: item.ID, text: text, urgent: item.Priority <= feedback.P1}
	if conv.Group {
		post.quote = m.MessageID
		post.buttons = w.privateButton(conv, lang)
	}
	fresh, err := w.tell(post)
	if err != nil || !fresh {
		return err
	}
	item.Receipt = feedback.DeliveryPending
	if w.doubtful() {
		item.Receipt = feedback.DeliveryUncertain
	}
	return w.promiseTimer(item)
}

// receiptKey chooses the receipt's text. Nothing in it rests on sentiment.
func (w *work) receiptKey(item *feedback.Item, m *feedback.Message) string {
	hazard := func(names ...string) bool {
		for _, h := range item.Verdict.Hazards {
			for _, n := range names {
				if h == n {
					return true
				}
			}
		}
		return false
	}
	team := w.team(item.Team)
	switch {
	case hazard("selfharm"):
		return "receipt.selfharm"
	case item.Priority == feedback.P0 && hazard("harm", "food"):
		return "receipt.harm"
	case item.Priority <= feedback.P1 && (item.Priority == feedback.P0 || team.Hours.Open(w.local)):
		return "receipt.urgent"
	case !clocked(item):
		return "receipt.thanks"
	case w.s.burst.busy(w.now):
		return "receipt.busy"
	case !team.Hours.Open(w.local):
		return "receipt.closed"
	case !m.PostedAt.IsZero() && w.now.Sub(m.PostedAt) > w.r.Desk.Late:
		return "receipt.late"
	default:
		return "receipt"
	}
}

// withNotices adds what is said once: where privacy is explained, and what a
// minor should do.
func (w *work) withNotices(text, lang string, item *feedback.Item, author *feedback.Author) string {
	if !author.Informed {
		text += w.r.Texts.Text(lang, "receipt.privacy", nil)
		author.Informed = true
		if err := w.tx.SaveAuthor(author); err != nil {
			w.s.log.Error("desk: keep that privacy was explained", "author", author.ID, "err", err)
		}
	}
	// A child who writes, not one who is written about.
	if w.analyze(item.Text).Cues.Minor {
		text += "\n" + w.r.Texts.Text(lang, "minor", nil)
	}
	return text
}

// privateButton opens a private chat with the bot, where its address is known.
func (w *work) privateButton(conv *feedback.Conversation, lang string) [][]bots.Button {
	link := w.r.Channels[conv.Channel].PrivateLink
	if link == nil || link() == "" {
		return nil
	}
	return [][]bots.Button{{{Text: w.r.Texts.Text(lang, "group.private", nil), URL: link()}}}
}

// quoteOf returns the start of a text as status and closure repeat it.
func quoteOf(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return bots.Limit{N: quoteLength, Unit: bots.Runes}.Cut(strings.TrimSpace(line))
}
