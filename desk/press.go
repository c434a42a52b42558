package desk

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// press carries out a button of a team's chat or of the board. Data is
// VERB:ITEM or VERB:ARGUMENT, as the buttons were made.
func (c *call) press(data string) error {
	if c.a.Staff == nil || c.a.Staff.Disabled {
		return c.refuse("unlinked", nil)
	}
	verb, arg, _ := strings.Cut(data, ":")
	switch verb {
	case "go":
		if err := c.recallPending(arg); err != nil {
			return err
		}
		taken, err := c.tx.TakeState(askPrefix + arg)
		if err != nil {
			return err
		}
		if !taken {
			return c.refuse("question.expired", nil) // another tap on it was faster
		}
		return c.command()
	case "look":
		return c.look(arg)
	case "edit":
		if err := c.recallPending(arg); err != nil {
			return err
		}
		return c.editAgain()
	case "no":
		return c.dropPending(arg)
	case "undo", "now", "gotit", "again":
		return c.pressOut(verb, arg)
	case "unfold":
		return c.pressUnfold(arg)
	case "more", "to", "prio", "nap", "label":
		return c.pressChoice(verb, arg)
	}
	return c.pressVerb(verb, arg)
}

// dropPending forgets a kept command; somebody else's stays.
func (c *call) dropPending(token string) error {
	_, known, err := c.tx.State(askPrefix + token)
	if err != nil {
		return err
	}
	if known {
		if err := c.recallPending(token); err != nil {
			return err
		}
	}
	c.answer = bots.Answer{Text: c.text("closeddown", nil), Brief: true, Replace: true}
	return c.tx.DropState(askPrefix + token)
}

// look shows what a corrected command would do, and does it on a yes.
func (c *call) look(token string) error {
	if err := c.recallPending(token); err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.written(), Buttons: [][]bots.Button{{
		{Text: c.text(buttonOf(c.p.Spec.Verb), nil), Data: "go:" + token, Style: bots.Primary},
		{Text: c.text("button.cancel", nil), Data: "no:" + token},
	}}}
	return nil
}

// written returns the command under way as it would be typed, whole.
func (c *call) written() string {
	mark, spec := "!", c.p.Spec
	if c.lang == phrase.Chinese {
		mark = "！"
	}
	words := []string{mark + spec.name(c.lang)}
	for _, id := range c.p.Items {
		words = append(words, "#"+strconv.FormatInt(id, 10))
	}
	if c.p.Who != "" {
		words = append(words, "@"+c.p.Who)
	}
	for _, o := range spec.Options {
		if !c.p.Options[o.Name] {
			continue
		}
		if c.lang == phrase.Chinese {
			words = append(words, "--"+o.Zh)
		} else {
			words = append(words, "--"+o.En)
		}
	}
	if c.p.Text != "" {
		words = append(words, c.p.Text)
	}
	return strings.Join(words, " ")
}

// buttonOf returns the key of the button that carries out a verb.
func buttonOf(verb string) string {
	switch verb {
	case "claim", "release", "reply", "resolve", "wait", "assign", "note", "close", "spam", "reopen", "snooze", "correct", "full", "show", "trace", "undo", "priority", "help", "posted":
		return "button." + verb
	default:
		return "button.do"
	}
}

// editAgain opens the form again with what was written.
func (c *call) editAgain() error {
	if len(c.p.Items) != 1 {
		return c.refuse("dropped", nil)
	}
	item, err := c.tx.LockItem(c.p.Items[0])
	if err != nil {
		return err
	}
	text := c.p.Text
	if err := c.dialog(c.p.Spec.Verb, item); err != nil {
		return err
	}
	if c.answer.Dialog != nil {
		c.answer.Dialog.Value = text
	}
	return nil
}

// pressOut acts on a message to a customer.
func (c *call) pressOut(verb, arg string) error {
	number, which, _ := strings.Cut(arg, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return c.refuse("oldbutton", nil)
	}
	out, err := c.tx.Out(id)
	if isNotFound(err) {
		return c.refuse("oldbutton", nil)
	}
	if err != nil {
		return err
	}
	if out.Audience != store.ToCustomer {
		return c.refuse("oldbutton", nil)
	}
	if err := c.permittedOut(out); err != nil {
		return err
	}
	switch verb {
	case "undo":
		return c.undoOut(out, which == wholeCommand)
	case "now":
		return c.sendOut(out, which == wholeCommand)
	case "gotit":
		if err := c.received(c.a, out); err != nil {
			return err
		}
		c.answer = bots.Answer{Text: c.text("uncertain.settled", nil), Brief: true, Replace: true}
		return nil
	default:
		if err := c.resend(c.a, out); err != nil {
			return err
		}
		c.answer = bots.Answer{Text: c.text("resent", nil), Brief: true, Replace: true}
		return nil
	}
}

// permittedOut is permitted for the item that a message is about.
func (c *call) permittedOut(out *store.Out) error {
	if out.Item == 0 || out.Staff == c.a.Staff.ID {
		return c.permitted(&feedback.Item{})
	}
	item, err := c.tx.LockItem(out.Item)
	if err != nil {
		return err
	}
	return c.permitted(item)
}

// pressUnfold gives the items that the pressed card counts their own, in the chat
// it was pressed in.
func (c *call) pressUnfold(arg string) error {
	if err := c.permitted(&feedback.Item{}); err != nil {
		return err
	}
	start, err := strconv.ParseInt(arg[strings.LastIndexByte(arg, ':')+1:], 10, 64)
	if err != nil {
		return c.refuse("oldbutton", nil)
	}
	n, err := c.unfold(Place{c.a.Bot, c.e.Chat.ID}, start)
	if err != nil {
		return err
	}
	if n == 0 {
		return c.refuse("unfolded.none", nil)
	}
	c.answer = brief(c.text("unfolded", phraseVars{"count": n}))
	return nil
}

// pressVerb is a button that stands for a command on an item.
func (c *call) pressVerb(verb, arg string) error {
	if verb == "help" {
		c.p = Parsed{Spec: byVerb("help"), Options: map[string]bool{}}
		return c.command()
	}
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return c.refuse("oldbutton", nil)
	}
	if verb == "received" {
		return c.closureReceived(id)
	}
	spec := byVerb(verb)
	if spec == nil {
		return c.refuse("oldbutton", nil)
	}
	c.p = Parsed{Spec: spec, Items: []int64{id}, Options: map[string]bool{}}
	// A button says which item it means.
	c.thread = id
	if spec.Verb == "close" {
		// Closing wants a reason, which a button has not.
		if err := c.chooseItems(); err != nil {
			return c.finish(err)
		}
		if err := c.checkItems(); err != nil {
			return c.finish(err)
		}
		return c.dialog("close", c.one())
	}
	return c.command()
}

// closureReceived is 客户已收到 on the card itself.
func (c *call) closureReceived(id int64) error {
	outs, err := c.tx.OutsOf(id)
	if err != nil {
		return err
	}
	for i := len(outs) - 1; i >= 0; i-- {
		if outs[i].Kind == OutClosure && deliveryOf(outs[i].State) == feedback.DeliveryUncertain {
			if err := c.permittedOut(outs[i]); err != nil {
				return err
			}
			if err := c.received(c.a, outs[i]); err != nil {
				return err
			}
			c.answer = brief(c.text("uncertain.settled", nil))
			return nil
		}
	}
	return c.refuse("oldbutton", nil)
}

// pressChoice is 更多 and what follows from it.
func (c *call) pressChoice(verb, arg string) error {
	number, choice, _ := strings.Cut(arg, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return c.refuse("oldbutton", nil)
	}
	item, err := c.tx.LockItem(id)
	if isNotFound(err) {
		return c.refuse("notfound", phraseVars{"number": id})
	}
	if err != nil {
		return err
	}
	if verb == "more" {
		c.answer = c.more(item)
		return nil
	}
	c.thread = id
	c.p = Parsed{Items: []int64{id}, Options: map[string]bool{}, Text: choice}
	switch verb {
	case "to":
		c.p.Spec = byVerb("assign")
	case "prio":
		c.p.Spec = byVerb("priority")
	case "nap":
		c.p.Spec = byVerb("snooze")
	default:
		c.p.Spec = byVerb("correct")
	}
	if choice != "" {
		return c.command()
	}
	c.answer = c.choices(verb, item)
	return nil
}

// more offers the commands that are no button of the card.
func (c *call) more(item *feedback.Item) bots.Answer {
	id := strconv.FormatInt(item.ID, 10)
	button := func(verb string) bots.Button {
		return bots.Button{Text: c.text("button."+verb, nil), Data: verb + ":" + id}
	}
	rows := [][]bots.Button{}
	if item.State != feedback.Closed && item.State != feedback.Resolved {
		first := []bots.Button{{Text: c.text("button.assign", nil), Data: "to:" + id}, button("note"), {Text: c.text("button.snooze", nil), Data: "nap:" + id}}
		if item.WayBack {
			first = append(first, button("wait"))
		}
		second := []bots.Button{{Text: c.text("button.priority", nil), Data: "prio:" + id}, {Text: c.text("button.correct", nil), Data: "label:" + id}, button("close"), button("spam")}
		if item.Owner != 0 {
			second = append([]bots.Button{button("release")}, second...)
		}
		rows = append(rows, first, second)
	} else {
		rows = append(rows, []bots.Button{button("reopen"), button("note")})
	}
	rows = append(rows, []bots.Button{button("show"), button("full"), button("trace"), {Text: c.text("button.open", nil), URL: c.itemURL(item.ID)}})
	return bots.Answer{Text: c.text("more.head", phraseVars{"number": item.ID}), Buttons: rows}
}

// choices offers the values of a command that takes one of a few.
func (c *call) choices(verb string, item *feedback.Item) bots.Answer {
	id := strconv.FormatInt(item.ID, 10)
	var row []bots.Button
	add := func(text, value string) {
		row = append(row, bots.Button{Text: text, Data: verb + ":" + id + ":" + value})
	}
	var key string
	switch verb {
	case "to":
		key = "assign.who"
		for _, name := range c.r.TeamOrder {
			if name != item.Team && len(row) < 10 {
				add(c.r.Teams[name].Title, name)
			}
		}
	case "prio":
		key = "priority.which"
		for p := feedback.P0; p <= feedback.P3; p++ {
			add(p.String(), p.String())
		}
	case "nap":
		key = "snooze.when"
		add(c.text("snooze.hour", nil), "1h")
		add(c.text("snooze.threehours", nil), "3h")
		add(c.text("snooze.tomorrow", nil), "明天9点")
	default:
		key = "correct.which"
		for _, s := range feedback.Sentiments {
			if s != item.Verdict.Sentiment {
				add(c.text("sentiment."+s, nil), s)
			}
		}
		for _, s := range feedback.Intents {
			if s != item.Verdict.Intent {
				add(c.text("intent."+s, nil), s)
			}
		}
	}
	var rows [][]bots.Button
	for len(row) > 4 {
		rows, row = append(rows, row[:4]), row[4:]
	}
	return bots.Answer{Text: c.text(key, phraseVars{"number": item.ID}), Buttons: append(rows, row)}
}

// canAsk reports whether a verb has a form.
func (c *call) canAsk(verb string) bool {
	switch verb {
	case "reply", "resolve", "wait", "note", "close":
		return c.e.Type == bots.OnPress || c.e.Type == bots.OnSubmit
	default:
		return false
	}
}

// dialog asks for the text of a command. What comes back names the item and
// when the form was opened, so that the customer's words in the meantime are
// not overlooked.
func (c *call) dialog(verb string, item *feedback.Item) error {
	data := verb + ":" + strconv.FormatInt(item.ID, 10) + ":" + strconv.FormatInt(c.now.UnixMilli(), 36)
	d := &bots.Dialog{
		Data: data, Submit: c.text("dialog.send", nil), Label: c.text("dialog.text", nil), Hint: c.text("dialog.hint", nil),
		Title: c.text("reply.title", phraseVars{"number": item.ID}),
	}
	vars := phraseVars{"name": c.a.Staff.Name, "number": item.ID, "expires": c.r.Texts.Duration(c.lang, c.r.Desk.AskExpires)}
	d.Prompt = c.text("reply.telegram", vars)
	switch verb {
	case "resolve":
		d.Title, d.Min = c.text("resolve.title", phraseVars{"number": item.ID}), minClosing
		d.Prompt = c.text("resolve.telegram", vars)
		d.Options = []bots.Option{{Name: "nosurvey", Text: c.text("dialog.nosurvey", nil)}}
	case "wait":
		d.Title = c.text("wait.title", phraseVars{"number": item.ID})
	case "note":
		d.Title, d.Label, d.Hint = c.text("button.note", nil)+" #"+strconv.FormatInt(item.ID, 10), c.text("dialog.note", nil), ""
		d.Prompt = c.text("note.telegram", vars)
	case "close":
		d.Title, d.Label, d.Hint = c.text("button.close", nil)+" #"+strconv.FormatInt(item.ID, 10), c.text("dialog.reason", nil), ""
		d.Prompt = c.text("close.telegram", vars)
	}
	c.answer = bots.Answer{Dialog: d, Expires: c.r.Desk.AskExpires}
	return nil
}

// dismisses reports whether a text is the word by which a prompt is dismissed,
// as people end a sentence and as the prompt quotes it.
func dismisses(text string) bool {
	word := strings.ToLower(strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) }))
	return word == "算了" || word == "never mind" || word == "nevermind"
}

// submit takes a form, or a reply to a prompt, that dialog asked for.
func (c *call) submit(data, text string, values map[string]string) error {
	if c.a.Staff == nil || c.a.Staff.Disabled {
		return c.refuse("unlinked", nil)
	}
	parts := strings.Split(data, ":")
	if len(parts) != 3 {
		return c.refuse("oldbutton", nil)
	}
	spec := byVerb(parts[0])
	id, err := strconv.ParseInt(parts[1], 10, 64)
	opened, err2 := strconv.ParseInt(parts[2], 36, 64)
	if spec == nil || err != nil || err2 != nil {
		return c.refuse("oldbutton", nil)
	}
	if v := values["text"]; text == "" {
		text = v
	}
	if dismisses(text) {
		c.answer = brief(c.text("dropped", nil))
		return nil
	}
	c.opened = time.UnixMilli(opened).UTC()
	if c.e.Type == bots.OnMessage && c.now.Sub(c.opened) > c.r.Desk.AskExpires {
		return c.refuse("promptlost", phraseVars{"button": c.text(buttonOf(spec.Verb), nil)})
	}
	c.thread = id
	c.p = Parsed{Spec: spec, Items: []int64{id}, Options: map[string]bool{}, Text: strings.TrimSpace(text)}
	for _, o := range spec.Options {
		if values[o.Name] == "on" {
			c.p.Options[o.Name] = true
		}
	}
	return c.command()
}
