package desk

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/nlp"
)

// minClosing is the least length of a closing text where there is a way back,
// in characters.
const minClosing = 4

// execute carries out a checked command.
func (c *call) execute() error {
	switch c.p.Spec.Verb {
	case "claim":
		return c.claimAll()
	case "release":
		return c.on(func(i *feedback.Item) error { return c.release(c.a, i) }, "released", "released")
	case "assign":
		return c.assignAll()
	case "reply":
		return c.replyAll()
	case "wait":
		return c.waitFor()
	case "note":
		return c.noteOn()
	case "resolve":
		return c.resolveAll()
	case "close":
		return c.on(func(i *feedback.Item) error { return c.closeItem(c.a, i, "closed", c.p.Text) }, "closed", "closed")
	case "spam":
		return c.spamIt()
	case "reopen":
		return c.on(func(i *feedback.Item) error {
			return c.reopen(i, step{kind: "reopened", actor: c.a, data: map[string]string{"by": "staff", "was": snap(i)}})
		}, "reopened", "reopened")
	case "undo":
		return c.undoLast("")
	case "recall":
		return c.recall()
	case "resend":
		return c.resendOne()
	case "priority":
		return c.prioritize()
	case "tag":
		return c.tagAll()
	case "set":
		return c.setAll()
	case "correct":
		return c.correctOne()
	case "merge":
		return c.mergeAll()
	case "snooze":
		return c.snoozeOne()
	case "handover":
		return c.handover()
	case "posted":
		return c.on(func(i *feedback.Item) error { return c.postedOn(c.a, i) }, "posted", "posted")
	default:
		return c.ask2()
	}
}

// on carries out one function on every item, remembers it for 撤销 and answers
// with a text of its number.
func (c *call) on(fn func(*feedback.Item) error, kind, key string) error {
	for _, item := range c.items {
		was := snap(item)
		if err := c.possible(item, fn(item)); err != nil {
			return err
		}
		c.undoes(item, kind, was, "")
	}
	if len(c.items) > 1 {
		c.answer = brief(c.text("many.done", phraseVars{"count": len(c.items)}))
		return nil
	}
	c.answer = brief(c.text(key, phraseVars{"number": c.one().ID}))
	return nil
}

// possible words what the state machine refused.
func (c *call) possible(item *feedback.Item, err error) error {
	if !errors.Is(err, errNoTransition) {
		return err
	}
	if item.State == feedback.Closed {
		return c.refuse("ended", phraseVars{"number": item.ID})
	}
	return c.refuse("impossible", phraseVars{"number": item.ID, "state": c.text("state."+string(item.State), nil), "action": c.p.Spec.Zh[0]})
}

// claimAll claims; who was faster keeps it.
func (c *call) claimAll() error {
	for _, item := range c.items {
		if item.Owner != 0 && item.Owner != c.a.Staff.ID {
			owner, err := c.ownerName(item)
			if err != nil {
				return err
			}
			return c.refuse("claim.lost", phraseVars{"owner": owner, "at": c.r.local(item.ClaimedAt).Format("15:04"), "number": item.ID})
		}
		if item.Owner == c.a.Staff.ID {
			continue
		}
		was := snap(item)
		if err := c.possible(item, c.claim(c.a, item)); err != nil {
			return err
		}
		c.undoes(item, "claimed", was, "")
	}
	if len(c.items) > 1 {
		c.answer = brief(c.text("many.done", phraseVars{"count": len(c.items)}))
		return nil
	}
	c.answer = brief(c.text("claimed", phraseVars{"number": c.one().ID}))
	return nil
}

// assignAll gives items to a person (@WHO) or a team (the first word).
func (c *call) assignAll() error {
	person, team, reason, err := c.target()
	if err != nil {
		return err
	}
	for _, item := range c.items {
		was := snap(item)
		if person != nil {
			err = c.assign(c.a, item, person, reason)
		} else {
			err = c.transfer(c.a, item, team, reason)
		}
		if err := c.possible(item, err); err != nil {
			return err
		}
		c.undoes(item, "transferred", was, "")
	}
	at := c.local.Format("15:04")
	if person != nil {
		c.answer = brief(c.text("assigned", phraseVars{"number": c.one().ID, "owner": person.Name, "by": c.a.Staff.Name, "at": at}))
	} else {
		c.answer = brief(c.text("transferred.plain", phraseVars{"number": c.one().ID, "team": team.Title, "by": c.a.Staff.Name, "at": at}))
	}
	return nil
}

// target reads who an item goes to.
func (c *call) target() (*feedback.Staff, *Team, string, error) {
	name, reason := c.p.Who, c.p.Text
	if name == "" {
		name, reason, _ = strings.Cut(strings.TrimSpace(c.p.Text), " ")
		reason = strings.TrimSpace(reason)
	}
	if name == "" {
		return nil, nil, "", c.refuse("needtext", phraseVars{"example": c.p.Spec.Example})
	}
	for _, t := range c.r.Teams {
		if t.Name == name || t.Title == name || t.Title == name+"组" {
			return nil, t, reason, nil
		}
	}
	all, err := c.tx.AllStaff()
	if err != nil {
		return nil, nil, "", err
	}
	for _, st := range all {
		if !st.Disabled && (st.Name == name || st.ShownAs == name || st.Accounts[c.a.Bot] == name) {
			return st, nil, reason, nil
		}
	}
	for _, st := range all {
		if !st.Disabled && distance(st.Name, name) == 1 {
			return nil, nil, "", c.refuse("noperson.near", phraseVars{"name": clip(name), "near": st.Name})
		}
	}
	return nil, nil, "", c.refuse("noperson", phraseVars{"name": clip(name)})
}

// wording returns the text of a reply with %名 replaced by its phrase.
func (c *call) wording() (string, error) {
	text := strings.TrimSpace(c.p.Text)
	at := strings.IndexByte(text, '%')
	for at >= 0 {
		rest := text[at+1:]
		best := ""
		for name := range c.r.Phrases {
			if strings.HasPrefix(rest, name) && len(name) > len(best) {
				best = name
			}
		}
		if best != "" {
			said := c.r.Phrases[best]
			text = text[:at] + said + rest[len(best):]
			at += len(said)
		} else {
			r, _ := utf8.DecodeRuneInString(rest)
			// 50% off and the like are text; %名 that nobody knows is a slip.
			if r >= 0x4e00 && r <= 0x9fff && (at == 0 || text[at-1] < '0' || text[at-1] > '9') {
				return "", c.refuse("nophrase", phraseVars{"name": clip(firstOf(rest)), "known": strings.Join(sortedNames(c.r.Phrases), "、")})
			}
			at++
		}
		next := strings.IndexByte(text[at:], '%')
		if next < 0 {
			break
		}
		at += next
	}
	return text, nil
}

func firstOf(s string) string {
	word, _ := firstWord(s)
	return word
}

// replyAll sends a text to one customer or, after a question, to several.
func (c *call) replyAll() error {
	text, err := c.wording()
	if err != nil {
		return err
	}
	files := c.allFiles()
	if text == "" && len(files) == 0 {
		return c.withoutText("notext.reply")
	}
	if len(c.items) == 1 && !c.one().WayBack {
		return c.handOver(text)
	}
	if stop, err := c.askMany(text); stop || err != nil {
		return err
	}
	return c.sendAll(text, func(item *feedback.Item) (string, error) { return c.reply(c.a, item, text, files, false) }, "replied")
}

// handOver gives the text to copy where Huiyin cannot answer itself.
func (c *call) handOver(text string) error {
	item := c.one()
	was := snap(item)
	c.own(c.a, item)
	if err := c.possible(item, c.move(item, feedback.ActReply)); err != nil {
		return err
	}
	if err := c.save(item, step{kind: "drafted", actor: c.a, data: map[string]string{"text": text, "was": was}}); err != nil {
		return err
	}
	id := strconv.FormatInt(item.ID, 10)
	row := []bots.Button{{Text: c.text("button.posted", nil), Data: "posted:" + id, Style: bots.Primary}}
	if item.URL != "" {
		row = append([]bots.Button{{Text: c.text("button.post", nil), URL: item.URL}}, row...)
	}
	c.answer = bots.Answer{Text: c.text("nowayback", phraseVars{"channel": c.channelTitle(item)}) + "\n\n" + text, Buttons: [][]bots.Button{row}}
	return nil
}

func (w *work) channelTitle(item *feedback.Item) string {
	if t := w.r.Channels[item.Channel].Title; t != "" {
		return t
	}
	return item.Channel
}

// withoutText opens a form for the text, or says how to write it.
func (c *call) withoutText(key string) error {
	if len(c.items) == 1 && c.canAsk(c.p.Spec.Verb) && c.e.Type == bots.OnPress {
		return c.dialog(c.p.Spec.Verb, c.one())
	}
	return c.refuse(key, nil)
}

// askMany asks before one text goes to several people.
func (c *call) askMany(text string) (bool, error) {
	if len(c.items) < 2 || c.confirmed {
		return false, nil
	}
	p := c.p
	p.Items = nil
	for _, item := range c.items {
		p.Items = append(p.Items, item.ID)
	}
	token, err := c.ask(p)
	if err != nil {
		return false, err
	}
	c.answer = bots.Answer{
		Text: c.text("many", phraseVars{"count": len(c.items), "text": text}),
		Buttons: [][]bots.Button{{
			{Text: c.text("many.send", phraseVars{"count": len(c.items)}), Data: "go:" + token, Style: bots.Primary},
			{Text: c.text("many.cancel", nil), Data: "no:" + token},
		}},
	}
	return true, nil
}

// sendAll sends to every customer of the items and presents what can still be
// undone.
func (c *call) sendAll(text string, fn func(*feedback.Item) (string, error), kind string) error {
	meanwhile, err := c.meanwhile()
	if meanwhile || err != nil {
		return err
	}
	key := ""
	for _, item := range c.items {
		was := snap(item)
		var err error
		key, err = fn(item)
		if err := c.possible(item, err); err != nil {
			return err
		}
		c.undoes(item, kind, was, key)
	}
	if key == "" {
		c.answer = brief(c.text("resolved.silent", phraseVars{"number": c.one().ID}))
		return nil
	}
	return c.presentSending(text, key)
}

// presentSending says what leaves when, with the way to take it back.
func (c *call) presentSending(text, key string) error {
	item := c.one()
	out, err := c.tx.OutByKey(key)
	if err != nil {
		return err
	}
	id := strconv.FormatInt(out.ID, 10)
	delay := c.r.Texts.Duration(c.lang, c.r.Desk.Undo)
	shown := bots.Limit{N: 80, Unit: bots.Runes}.Cut(text)
	line := c.text("sending", phraseVars{"delay": delay, "number": item.ID, "name": c.who(item), "channel": c.channelTitle(item), "text": shown})
	if len(c.items) > 1 {
		line = c.text("many.done", phraseVars{"count": len(c.items)}) + "\n" + line
	}
	c.answer = bots.Answer{
		Text:    line,
		Expires: c.r.Desk.Undo,
		Buttons: [][]bots.Button{{
			{Text: c.text("sending.undo", nil), Data: "undo:" + id},
			{Text: c.text("sending.now", nil), Data: "now:" + id},
		}},
	}
	return nil
}

// meanwhile asks again where the customer wrote while the text was written.
func (c *call) meanwhile() (bool, error) {
	if c.opened.IsZero() || len(c.items) != 1 || c.confirmed {
		return false, nil
	}
	item := c.one()
	if !item.LastInAt.After(c.opened) {
		return false, nil
	}
	ms, err := c.tx.MessagesOf(item.ID)
	if err != nil {
		return false, err
	}
	said := ""
	for _, m := range ms {
		if m.Direction == feedback.In && m.ReceivedAt.After(c.opened) && m.Text != "" {
			said = m.Text
		}
	}
	p := c.p
	p.Items = []int64{item.ID}
	token, err := c.ask(p)
	if err != nil {
		return false, err
	}
	c.answer = bots.Answer{
		Text: c.text("meanwhile", phraseVars{"text": bots.Limit{N: 80, Unit: bots.Runes}.Cut(nlp.Mask(said))}),
		Buttons: [][]bots.Button{{
			{Text: c.text("meanwhile.send", nil), Data: "go:" + token, Style: bots.Primary},
			{Text: c.text("meanwhile.change", nil), Data: "edit:" + token},
		}},
	}
	return true, nil
}

func (c *call) waitFor() error {
	text, err := c.wording()
	if err != nil {
		return err
	}
	if !c.one().WayBack {
		return c.handOver(text)
	}
	return c.sendAll(text, func(item *feedback.Item) (string, error) { return c.reply(c.a, item, text, c.allFiles(), true) }, "waiting")
}

func (c *call) noteOn() error {
	item := c.one()
	if err := c.note(c.a, item, "", c.p.Text, attachments(c.e.Attachments)); err != nil {
		return err
	}
	line := c.text("thread.note", phraseVars{"by": c.a.Staff.Name, "text": c.p.Text})
	if c.thread != item.ID || c.a.Bot == Board {
		// Written elsewhere: the thread shows it, too.
		if err := c.say(item, said{key: eventKey(c.a, item, "note"), kind: OutSaid, text: line}); err != nil {
			return err
		}
	}
	c.answer = brief(c.text("noted", nil))
	return nil
}

// resolveAll resolves one item or, after a question, several.
func (c *call) resolveAll() error {
	text, err := c.wording()
	if err != nil {
		return err
	}
	back := false
	for _, item := range c.items {
		back = back || item.WayBack
	}
	if back && text == "" {
		return c.withoutText("notext")
	}
	if back && utf8.RuneCountInString(text) < minClosing {
		return c.refuse("short", nil)
	}
	number := c.one().ID
	if c.items = slices.DeleteFunc(c.items, func(item *feedback.Item) bool { return told(item, text) && len(c.allFiles()) == 0 }); len(c.items) == 0 {
		return c.refuse("toldalready", phraseVars{"number": number})
	}
	if stop, err := c.askMany(text); stop || err != nil {
		return err
	}
	return c.sendAll(text, func(item *feedback.Item) (string, error) {
		return c.resolve(c.a, item, text, c.allFiles(), !c.p.Options["nosurvey"])
	}, "resolved")
}

// told reports whether the customer has these very words as the closing message,
// or is about to have them: who writes them once more could not see that the
// first time had counted. What may not have arrived is sent again by its button.
func told(item *feedback.Item, text string) bool {
	if item.State != feedback.Resolved || item.Resolved != text {
		return false
	}
	switch item.Closure {
	case feedback.DeliveryPending, feedback.DeliverySent, feedback.DeliveryUncertain:
		return true
	default:
		return false
	}
}

func (c *call) spamIt() error {
	item := c.one()
	key := "spammed"
	if c.p.Options["block"] {
		key = "spammed.blocked"
		author, err := c.tx.Author(item.Author)
		if err != nil {
			return err
		}
		author.Blocked = true
		if err := c.tx.SaveAuthor(author); err != nil {
			return err
		}
	}
	return c.on(func(i *feedback.Item) error { return c.closeItem(c.a, i, "spam", "") }, "spam", key)
}

func (c *call) undoLast(only string) error {
	ids, err := c.undo(c.a, only)
	switch {
	case errors.Is(err, errTooLate):
		return c.refuse("toolate", nil)
	case errors.Is(err, errNothing):
		return c.refuse("nothingtoundo", nil)
	case err != nil:
		return err
	}
	item, err := c.tx.Item(ids[0])
	if err != nil {
		return err
	}
	if only != "" {
		c.answer = bots.Answer{Text: c.text("undone", nil), Brief: true, Replace: true}
		return nil
	}
	c.answer = brief(c.text("undone.state", phraseVars{"number": item.ID, "state": c.text("state."+string(item.State), nil)}))
	return nil
}

// resendOne sends again what did not certainly arrive.
func (c *call) resendOne() error {
	outs, err := c.tx.OutsOf(c.one().ID)
	if err != nil {
		return err
	}
	for i := len(outs) - 1; i >= 0; i-- {
		state := deliveryOf(outs[i].State)
		if outs[i].Conversation == 0 || state != feedback.DeliveryUncertain && state != feedback.DeliveryDead {
			continue
		}
		if _, err := c.resend(c.a, outs[i]); err != nil {
			return err
		}
		c.answer = brief(c.text("resent", nil))
		return nil
	}
	return c.refuse("nothingtoresend", phraseVars{"number": c.one().ID})
}

func (c *call) prioritize() error {
	p, err := feedback.ParsePriority(strings.TrimSpace(c.p.Text))
	if err != nil {
		return c.refuse("needtext", phraseVars{"example": c.p.Spec.Example})
	}
	item := c.one()
	was := snap(item)
	if err := c.setPriority(c.a, item, p); err != nil {
		return err
	}
	c.undoes(item, "priority", was, "")
	c.answer = brief(c.text("prioritized", phraseVars{"number": item.ID, "priority": p.String()}))
	return nil
}

// topicChanges reads +name and -name.
func (c *call) topicChanges(words []string) (add, remove, rest []string, err error) {
	for _, word := range words {
		name := strings.TrimLeft(word, "+-＋－")
		switch {
		case name == "":
		case strings.HasPrefix(word, "+"), strings.HasPrefix(word, "＋"):
			if !known(c.r.Topics, name) {
				return nil, nil, nil, c.refuse("notopic", phraseVars{"name": clip(name)})
			}
			add = append(add, name)
		case strings.HasPrefix(word, "-"), strings.HasPrefix(word, "－"):
			remove = append(remove, name)
		default:
			rest = append(rest, word)
		}
	}
	return add, remove, rest, nil
}

func known(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

func (c *call) tagAll() error {
	add, remove, rest, err := c.topicChanges(strings.Fields(c.p.Text))
	if err != nil {
		return err
	}
	for _, name := range rest {
		if !known(c.r.Topics, name) {
			return c.refuse("notopic", phraseVars{"name": clip(name)})
		}
		add = append(add, name)
	}
	for _, item := range c.items {
		was := snap(item)
		if err := c.tag(c.a, item, add, remove); err != nil {
			return err
		}
		c.undoes(item, "tagged", was, "")
	}
	names := strings.Join(c.r.Texts.Words(c.lang, "topic", c.items[0].Verdict.TopicNames()), "、")
	c.answer = brief(c.text("tagged", phraseVars{"number": c.items[0].ID, "topics": names}))
	return nil
}

func (c *call) setAll() error {
	values := map[string]string{}
	var titles []string
	for _, pair := range strings.Fields(c.p.Text) {
		name, value, ok := cutAny(pair, "=＝:：")
		if !ok {
			return c.refuse("needtext", phraseVars{"example": c.p.Spec.Example})
		}
		field := c.field(name)
		if field == nil {
			var all []string
			for _, f := range c.r.Fields {
				all = append(all, f.Title)
			}
			return c.refuse("nofield", phraseVars{"name": clip(name), "known": strings.Join(all, "、")})
		}
		values[field.Name] = field.code(value)
		titles = append(titles, field.Title+"="+value)
	}
	item := c.one()
	was := snap(item)
	if err := c.setFields(c.a, item, values); err != nil {
		return err
	}
	c.undoes(item, "set", was, "")
	c.answer = brief(c.text("set", phraseVars{"number": item.ID, "fields": strings.Join(titles, "，")}))
	return nil
}

func (c *call) field(name string) *Field {
	for i, f := range c.r.Fields {
		if f.Name == name || f.Title == name {
			return &c.r.Fields[i]
		}
	}
	return nil
}

// code returns the code of a value typed by its name.
func (f *Field) code(value string) string {
	for code, v := range f.Values {
		if v.Name == value || code == value {
			return code
		}
	}
	return value
}

func cutAny(s, marks string) (before, after string, ok bool) {
	at := strings.IndexAny(s, marks)
	if at <= 0 {
		return s, "", false
	}
	_, size := utf8.DecodeRuneInString(s[at:])
	return s[:at], s[at+size:], true
}

func (c *call) correctOne() error {
	if c.p.Options["withdraw"] {
		return c.withdrawCorrection()
	}
	if c.p.Text == "" {
		return c.refuse("needtext", phraseVars{"example": c.p.Spec.Example})
	}
	want, err := c.readLabels(c.p.Text)
	if err != nil {
		return err
	}
	item := c.one()
	was := snap(item)
	correction, err := c.correct(c.a, item, want)
	if err != nil {
		return err
	}
	c.undoes(item, "corrected", was, "")
	c.done[len(c.done)-1].Correction = correction
	var words []string
	if want.sentiment != "" {
		words = append(words, c.r.Texts.Word(c.lang, "sentiment", want.sentiment))
	}
	if want.intent != "" {
		words = append(words, c.r.Texts.Word(c.lang, "intent", want.intent))
	}
	for _, t := range want.add {
		words = append(words, "+"+t)
	}
	for _, t := range want.remove {
		words = append(words, "-"+t)
	}
	key := "corrected"
	if strings.TrimSpace(item.Text) == "" {
		key = "corrected.notext"
	}
	c.answer = brief(c.text(key, phraseVars{"labels": strings.Join(words, " · "), "number": item.ID}))
	return nil
}

// readLabels reads 负面 投诉 +口味 -物流配送, in either language.
func (c *call) readLabels(text string) (labels, error) {
	add, remove, rest, err := c.topicChanges(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '，' || r == ',' || r == '、' || r == '·' || r == '\n' }))
	if err != nil {
		return labels{}, err
	}
	out := labels{add: add, remove: remove}
	for _, word := range rest {
		switch {
		case c.wordOf("sentiment", feedback.Sentiments, word, &out.sentiment):
		case c.wordOf("intent", feedback.Intents, word, &out.intent):
		case known(c.r.Topics, word):
			out.add = append(out.add, word)
		default:
			return labels{}, c.refuse("nolabel", phraseVars{"word": clip(word)})
		}
	}
	return out, nil
}

// wordOf sets to to the value that word names in either language.
func (c *call) wordOf(group string, values []string, word string, to *string) bool {
	for _, v := range values {
		if strings.EqualFold(word, v) || word == c.r.Texts.Word("zh-CN", group, v) || strings.EqualFold(word, c.r.Texts.Word("en", group, v)) {
			*to = v
			return true
		}
	}
	return false
}

// mergeAll makes items of one person one: the oldest keeps its number.
func (c *call) mergeAll() error {
	items := c.items
	if len(items) == 1 && c.thread != 0 && c.thread != items[0].ID {
		into, err := c.tx.LockItem(c.thread)
		if err != nil {
			return err
		}
		items = append(items, into)
		c.items = items
		if err := c.checkItems(); err != nil {
			return err
		}
	}
	if len(items) < 2 {
		return c.refuse("needtext", phraseVars{"example": c.p.Spec.Example})
	}
	into := items[0]
	for _, item := range items[1:] {
		if item.ID < into.ID {
			into = item
		}
	}
	var from []string
	for _, item := range items {
		if item.ID == into.ID {
			continue
		}
		err := c.merge(c.a, item, into)
		if errors.Is(err, feedback.ErrInvalid) {
			return c.refuse("merge.other", phraseVars{"from": item.ID, "number": into.ID})
		}
		if err := c.possible(item, err); err != nil {
			return err
		}
		from = append(from, fmt.Sprintf("#%d", item.ID))
	}
	c.answer = brief(c.text("merged", phraseVars{"from": strings.Join(from, "、"), "number": into.ID}))
	return nil
}

func (c *call) snoozeOne() error {
	until, note, ok := readWhen(c.p.Text, c.local)
	if !ok || !until.After(c.now) {
		return c.refuse("notime", nil)
	}
	item := c.one()
	if item.State == feedback.Closed || item.State == feedback.Resolved {
		return c.refuse("ended", phraseVars{"number": item.ID})
	}
	was := snap(item)
	if err := c.snooze(c.a, item, until.UTC(), note); err != nil {
		return err
	}
	c.undoes(item, "snoozed", was, "")
	c.answer = brief(c.text("snoozed", phraseVars{"number": item.ID, "when": c.clockIn(c.lang, until)}))
	return nil
}
