package desk

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
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
		return c.on(c.reopenOne, "reopened", "reopened")
	case "undo":
		return c.undoLast()
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

// reopenOne opens an item again, unless its customer was erased: what is said to
// them would reach nobody.
func (c *call) reopenOne(item *feedback.Item) error {
	author, err := c.tx.Author(item.Author)
	if err == nil && store.IsErased(author) {
		return c.refuse("erased.item", phraseVars{"number": item.ID})
	}
	if err != nil && !isNotFound(err) {
		return err
	}
	return c.reopen(item, step{kind: "reopened", actor: c.a, data: map[string]string{"by": "staff", "was": snap(item)}})
}

// on carries out one function on every item, remembers it for 撤销 and answers
// with a text of its number.
func (c *call) on(fn func(*feedback.Item) error, kind, key string) error {
	for _, item := range c.items {
		if err := c.undoably(item, kind, func() error { return fn(item) }); err != nil {
			return err
		}
	}
	c.briefly(key, phraseVars{"number": c.one().ID})
	return nil
}

// briefly answers with a text about the item, or that several are done.
func (c *call) briefly(key string, vars phraseVars) {
	if len(c.items) > 1 {
		key, vars = "many.done", phraseVars{"count": len(c.items)}
	}
	c.answer = brief(c.text(key, vars))
}

// possible words what the state machine refused.
func (c *call) possible(item *feedback.Item, err error) error {
	if !errors.Is(err, errNoTransition) {
		return err
	}
	if item.State == feedback.Closed {
		return c.refuse("ended", phraseVars{"number": item.ID})
	}
	return c.refuse("impossible", phraseVars{"number": item.ID, "state": c.text("state."+string(item.State), nil), "action": c.p.Spec.name(c.lang)})
}

// claimAll claims; who was faster keeps it.
func (c *call) claimAll() error {
	for _, item := range c.items {
		if item.Owner != 0 && item.Owner != c.a.Staff.ID {
			owner, err := c.ownerName(item)
			if err != nil {
				return err
			}
			return c.refuse("claim.lost", phraseVars{"owner": owner, "at": c.stamp(item.ClaimedAt), "number": item.ID})
		}
		if item.Owner == c.a.Staff.ID {
			continue
		}
		if err := c.undoably(item, "claimed", func() error { return c.claim(c.a, item) }); err != nil {
			return err
		}
	}
	c.briefly("claimed", phraseVars{"number": c.one().ID})
	return nil
}

// assignAll gives items to a person (@WHO) or a team (the first word).
func (c *call) assignAll() error {
	person, team, reason, err := c.target()
	if err != nil {
		return err
	}
	for _, item := range c.items {
		err := c.undoably(item, "transferred", func() error {
			if person != nil {
				return c.assign(c.a, item, person, reason)
			}
			return c.transfer(c.a, item, team, reason)
		})
		if err != nil {
			return err
		}
	}
	at := c.local.Format("15:04")
	if person != nil {
		c.briefly("assigned", phraseVars{"number": c.one().ID, "owner": person.Name, "by": c.a.Staff.Name, "at": at})
	} else {
		c.briefly("transferred.plain", phraseVars{"number": c.one().ID, "team": team.Title, "by": c.a.Staff.Name, "at": at})
	}
	return nil
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
				return "", c.refuse("nophrase", phraseVars{"name": clip(firstOf(rest)), "known": strings.Join(sortedNames(c.r.Phrases), c.text("list.separator", nil))})
			}
			at++
		}
		next := strings.IndexByte(text[at:], '%')
		if next < 0 {
			break
		}
		at += next
	}
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) {
		return "", nil // nothing that anybody could see
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
	for _, item := range c.items {
		if !item.WayBack {
			return c.refuse("many.nosend", phraseVars{"number": item.ID, "channel": c.channelTitle(item)})
		}
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
	c.final = true
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

// askMany asks before one text goes to several people, or to one person about
// several matters.
func (c *call) askMany(text string) (bool, error) {
	people := map[int64]bool{}
	for _, item := range c.items {
		if item.WayBack {
			people[item.Author] = true
		}
	}
	if len(c.items) < 2 || len(people) == 0 || c.saidYes(toSeveral) {
		return false, nil
	}
	token, err := c.ask(toSeveral, c.given())
	if err != nil {
		return false, err
	}
	c.answer = bots.Answer{
		Text: c.text("many", phraseVars{"count": len(people), "text": text}),
		Buttons: [][]bots.Button{{
			{Text: c.text("many.send", phraseVars{"count": len(people)}), Data: "go:" + token, Style: bots.Primary},
			{Text: c.text("many.cancel", nil), Data: "no:" + token},
		}},
	}
	return true, nil
}

// sendAll sends to every customer of the items and presents what can still be
// undone.
func (c *call) sendAll(text string, fn func(*feedback.Item) (string, error), kind string) error {
	if stop, err := c.askColleague(text); stop || err != nil {
		return err
	}
	meanwhile, err := c.meanwhile()
	if meanwhile || err != nil {
		return err
	}
	first := -1 // of those that have a message to a customer
	for i, item := range c.items {
		key := ""
		err := c.undoably(item, kind, func() (err error) {
			key, err = fn(item)
			return err
		})
		if err != nil {
			return err
		}
		c.done[i].Out = key
		if key != "" && first < 0 {
			first = i
		}
	}
	if first < 0 {
		c.briefly("resolved.silent", phraseVars{"number": c.one().ID})
		return nil
	}
	return c.presentSending(text, c.items[first], c.done[first].Out)
}

// askColleague asks before a customer reads what calls upon a colleague: it was
// perhaps meant for the colleague alone.
func (c *call) askColleague(text string) (bool, error) {
	if !strings.ContainsAny(text, "@＠") || c.saidYes(namesStaff) {
		return false, nil
	}
	staff, err := c.tx.AllStaff()
	if err != nil {
		return false, err
	}
	at := slices.IndexFunc(staff, func(st *feedback.Staff) bool {
		return strings.Contains(text, "@"+st.Name) || strings.Contains(text, "＠"+st.Name)
	})
	if at < 0 {
		return false, nil
	}
	token, err := c.ask(namesStaff, c.given())
	if err != nil {
		return false, err
	}
	c.answer = bots.Answer{Text: c.text("colleague.named", phraseVars{"name": staff[at].Name}), Buttons: [][]bots.Button{{
		{Text: c.text("meanwhile.send", nil), Data: "go:" + token, Style: bots.Primary},
		{Text: c.text("others.drop", nil), Data: "no:" + token},
	}}}
	return true, nil
}

// presentSending says what leaves when, with the way to take it back.
func (c *call) presentSending(text string, item *feedback.Item, key string) error {
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
		id += ":" + wholeCommand
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
	if c.opened.IsZero() || len(c.items) != 1 || c.saidYes(wroteSince) {
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
	token, err := c.ask(wroteSince, c.given())
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
	if text == "" {
		return c.withoutText("notext.reply")
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
	line := c.text("thread.note", phraseVars{"by": c.a.Staff.Name, "text": nlp.Mask(c.p.Text)})
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
	if c.p.Options["block"] && item.Author != 0 { // a feed does not always say who wrote something
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

// resendOne sends again what did not certainly arrive of the last message that is
// in trouble, all its parts.
func (c *call) resendOne() error {
	outs, err := c.tx.OutsOf(c.one().ID)
	if err != nil {
		return err
	}
	troubled := slices.DeleteFunc(outs, func(o *store.Out) bool {
		return o.Audience != store.ToCustomer || o.State != store.OutUncertain && o.State != store.OutDead
	})
	if len(troubled) == 0 {
		return c.refuse("nothingtoresend", phraseVars{"number": c.one().ID})
	}
	c.final = true
	last := firstPart(troubled[len(troubled)-1].Key)
	for _, o := range troubled {
		if firstPart(o.Key) != last {
			continue
		}
		if err := c.sendAgain(o); err != nil {
			return err
		}
	}
	if err := c.afterChoice(c.a, last, "resent"); err != nil {
		return err
	}
	c.answer = brief(c.text("resent", nil))
	return nil
}

func (c *call) prioritize() error {
	word, _ := firstWord(c.p.Text) // why may follow
	p, err := feedback.ParsePriority(word)
	if err != nil {
		return c.refuse("needtext", phraseVars{"example": c.p.Spec.example(c.lang)})
	}
	item := c.one()
	if err := c.undoably(item, "priority", func() error { return c.setPriority(c.a, item, p) }); err != nil {
		return err
	}
	c.answer = brief(c.text("prioritized", phraseVars{"number": item.ID, "priority": p.String()}))
	return nil
}

// topicChanges reads +name and -name, names in either language; rest are words
// that are no topic and bear no sign.
func (c *call) topicChanges(words []string) (add, remove, rest []string, err error) {
	for i := 0; i < len(words); i++ {
		name := strings.TrimLeft(words[i], "+-＋－")
		sign, _ := utf8.DecodeRuneInString(words[i])
		signed := sign == '+' || sign == '＋' || sign == '-' || sign == '－'
		if name == "" {
			continue
		}
		topic, more := c.topicNamed(name, words[i+1:])
		i += more
		switch {
		case topic == "" && !signed:
			rest = append(rest, name)
		case topic == "":
			return nil, nil, nil, c.refuse("notopic", phraseVars{"name": clip(name)})
		case sign == '-' || sign == '－':
			remove = append(remove, topic)
		default:
			add = append(add, topic)
		}
	}
	return add, remove, rest, nil
}

// maxTopicWords is how many words the name of a topic may have.
const maxTopicWords = 5

// topicNamed returns the topic of that name, as configured or in words, and how
// many of the words that follow belong to the name; empty where there is none.
// What an item bears is a topic, too: the configuration may have changed.
func (c *call) topicNamed(name string, following []string) (topic string, more int) {
	all := slices.Clone(c.r.Topics)
	for _, item := range c.items {
		all = append(all, item.Verdict.TopicNames()...)
	}
	for n := min(len(following), maxTopicWords-1); n >= 0; n-- {
		said := strings.Join(append([]string{name}, following[:n]...), " ")
		for _, t := range all {
			if strings.EqualFold(said, t) || said == c.r.Texts.Word(phrase.Chinese, "topic", t) || strings.EqualFold(said, c.r.Texts.Word(phrase.English, "topic", t)) {
				return t, n
			}
		}
	}
	return "", 0
}

// listed cuts a list of labels into its words.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return listGap(r) || r == '·' })
}

func (c *call) tagAll() error {
	add, remove, rest, err := c.topicChanges(listed(c.p.Text))
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return c.refuse("notopic", phraseVars{"name": clip(rest[0])})
	}
	for _, item := range c.items {
		if err := c.undoably(item, "tagged", func() error { return c.tag(c.a, item, add, remove) }); err != nil {
			return err
		}
	}
	names := strings.Join(c.r.Texts.Words(c.lang, "topic", c.one().Verdict.TopicNames()), c.text("list.separator", nil))
	c.briefly("tagged", phraseVars{"number": c.one().ID, "topics": names})
	return nil
}

func (c *call) setAll() error {
	values := map[string]string{}
	var last *Field
	for _, word := range strings.Fields(c.p.Text) {
		name, value, ok := cutAny(word, "=＝:：")
		if !ok && last == nil {
			return c.refuse("needtext", phraseVars{"example": c.p.Spec.example(c.lang)})
		}
		if !ok { // a value of several words
			values[last.Name] = strings.TrimSpace(values[last.Name] + " " + word)
			continue
		}
		if last = c.field(name); last == nil {
			var all []string
			for _, f := range c.r.Fields {
				all = append(all, f.Title)
			}
			return c.refuse("nofield", phraseVars{"name": clip(name), "known": strings.Join(all, c.text("list.separator", nil))})
		}
		values[last.Name] = value
	}
	var titles []string
	for i, f := range c.r.Fields {
		if value, given := values[f.Name]; given {
			titles = append(titles, f.Title+"="+value)
			values[f.Name] = c.r.Fields[i].code(value)
		}
	}
	item := c.one()
	if err := c.undoably(item, "set", func() error { return c.setFields(c.a, item, values) }); err != nil {
		return err
	}
	c.answer = brief(c.text("set", phraseVars{"number": item.ID, "fields": strings.Join(titles, c.text("list.separator", nil))}))
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
		return c.refuse("needtext", phraseVars{"example": c.p.Spec.example(c.lang)})
	}
	want, err := c.readLabels(c.p.Text)
	if err != nil {
		return err
	}
	item := c.one()
	var correction int64
	err = c.undoably(item, "corrected", func() (err error) {
		correction, err = c.correct(c.a, item, want)
		return err
	})
	if err != nil {
		return err
	}
	c.done[len(c.done)-1].Correction = correction
	var words []string
	if want.sentiment != "" {
		words = append(words, c.r.Texts.Word(c.lang, "sentiment", want.sentiment))
	}
	if want.intent != "" {
		words = append(words, c.r.Texts.Word(c.lang, "intent", want.intent))
	}
	for _, t := range want.add {
		words = append(words, "+"+c.r.Texts.Word(c.lang, "topic", t))
	}
	for _, t := range want.remove {
		words = append(words, "-"+c.r.Texts.Word(c.lang, "topic", t))
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
	var out labels
	var names []string
	for _, word := range listed(text) {
		// 投诉 is an intent before it is anything else.
		if !c.wordOf("sentiment", feedback.Sentiments, word, &out.sentiment) && !c.wordOf("intent", feedback.Intents, word, &out.intent) {
			names = append(names, word)
		}
	}
	add, remove, rest, err := c.topicChanges(names)
	if err != nil {
		return labels{}, err
	}
	if len(rest) > 0 {
		return labels{}, c.refuse("nolabel", phraseVars{"word": clip(rest[0])})
	}
	out.add, out.remove = add, remove
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
		return c.refuse("needtext", phraseVars{"example": c.p.Spec.example(c.lang)})
	}
	into := items[0]
	for _, item := range items[1:] {
		if item.ID < into.ID {
			into = item
		}
	}
	c.final = true
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
	c.answer = brief(c.text("merged", phraseVars{"from": strings.Join(from, c.text("list.separator", nil)), "number": into.ID}))
	return nil
}

func (c *call) snoozeOne() error {
	until, note, ok := readWhen(c.p.Text, c.local)
	if !ok {
		return c.refuse("notime", nil)
	}
	if !until.After(c.now) {
		return c.refuse("notime.past", phraseVars{"when": c.clockIn(c.lang, until)})
	}
	item := c.one()
	if item.State == feedback.Closed || item.State == feedback.Resolved {
		return c.refuse("ended", phraseVars{"number": item.ID})
	}
	if err := c.undoably(item, "snoozed", func() error { return c.snooze(c.a, item, until.UTC(), note) }); err != nil {
		return err
	}
	c.answer = brief(c.text("snoozed", phraseVars{"number": item.ID, "when": c.clockIn(c.lang, until)}))
	return nil
}
