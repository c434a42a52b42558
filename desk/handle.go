package desk

import (
	"context"
	"crypto/rand"
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

// Handle carries out what a colleague, or somebody in a team's chat, wrote or
// pressed. The Answer is for them alone unless it says otherwise. An event
// handled before gives an answer that says so and changes nothing.
func (s *Service) Handle(ctx context.Context, a Actor, e bots.Event) (bots.Answer, error) {
	h := &handling{a: a, e: e}
	result := s.Apply(ctx, h)[0]
	r := s.Rules()
	switch err := result.Err; {
	case err == nil:
		if h.forget {
			s.ForgetTeamChats()
		}
		return h.answer, nil
	case errors.Is(err, feedback.ErrDuplicate):
		return bots.Answer{}, nil
	case errors.Is(err, feedback.ErrConflict):
		return brief(r.Texts.Text(r.Language, "oldbutton", nil)), nil
	default:
		var refused *refusal
		if errors.As(err, &refused) {
			return refused.answer, nil
		}
		return bots.Answer{}, err
	}
}

// handling is one staff event as a Change.
type handling struct {
	a      Actor
	e      bots.Event
	answer bots.Answer
	forget bool // the team chats changed
}

func (h *handling) run(w *work) (*feedback.Item, error) {
	c := &call{work: w, a: &h.a, e: h.e, lang: w.r.Language}
	err := c.handle()
	var k *keep
	if errors.As(err, &k) {
		c.answer, err = k.answer, nil
	}
	h.answer, h.forget = c.answer, c.forget
	return nil, err
}

// refusal is a command that was not carried out, with what the person reads.
type refusal struct{ answer bots.Answer }

func (r *refusal) Error() string { return "refused: " + r.answer.Text }

func brief(text string) bots.Answer { return bots.Answer{Text: text, Brief: true} }

// call is one command under way.
type call struct {
	*work
	a      *Actor
	e      bots.Event
	lang   string
	p      Parsed
	items  []*feedback.Item
	thread int64     // the item in whose thread this was written; 0: none
	yes    []string  // the questions that the person has said yes to
	opened time.Time // when the form was opened that the text came in; zero: none
	answer bots.Answer
	done   []undoable
	final  bool                  // the command cannot be undone, and neither can the one before it
	forget bool                  // the team chats changed
	kept   []feedback.Attachment // files of a command that waited for a yes
}

func (c *call) text(key string, vars phraseVars) string { return c.r.Texts.Text(c.lang, key, vars) }

// refuse ends the command with a text.
func (c *call) refuse(key string, vars phraseVars) error {
	return &refusal{brief(c.text(key, vars))}
}

func (c *call) handle() error {
	if err := c.findThread(); err != nil {
		return err
	}
	switch c.e.Type {
	case bots.OnPress:
		return c.press(c.e.Payload)
	case bots.OnSubmit:
		return c.submit(c.e.Payload, c.e.Text, c.e.Values)
	case bots.OnMessage:
		return c.message()
	default:
		return nil // an edited staff message is never a command
	}
}

// findThread finds the item under whose card this was written.
func (c *call) findThread() error {
	if c.a.Bot == Board {
		c.thread, _ = strconv.ParseInt(c.e.Thread, 10, 64)
		return nil
	}
	for _, id := range []string{c.e.Thread, c.e.ReplyTo} {
		if id == "" {
			continue
		}
		out, err := c.tx.OutByExternal(c.a.Bot, c.e.Chat.ID, id)
		if err == nil {
			c.thread = out.Item
			return nil
		}
		if !isNotFound(err) {
			return err
		}
	}
	return nil
}

// message is something written: a command, a reply to a prompt, or a note.
func (c *call) message() error {
	if c.e.Payload != "" {
		return c.submit(c.e.Payload, c.e.Text, nil)
	}
	private := !c.e.Chat.Group && c.a.Bot != Board
	if c.e.Forwarded {
		// Somebody else's words: never a command.
		if c.thread != 0 {
			return c.threadNote()
		}
		return nil
	}
	c.p = Parse(c.e.Text, c.e.Addressed, c.e.Slash)
	if c.p.Spec == nil && private {
		// In the private chat of a colleague everything is a command.
		if p := Parse("!"+strings.TrimSpace(c.e.Text), false, false); p.Spec != nil || p.Near != nil {
			c.p = p
		}
	}
	switch {
	case c.p.Spec != nil:
		return c.command()
	case c.p.Near != nil:
		return c.mistyped()
	case c.p.Word != "":
		return c.refuse("verb.plain", phraseVars{"word": clip(c.p.Word)})
	case c.thread != 0:
		return c.threadNote()
	case private && c.a.Staff != nil:
		c.answer = bots.Answer{Text: c.text("staff.private", nil)}
		return nil
	}
	return nil
}

func clip(word string) string { return bots.Limit{N: 12, Unit: bots.Runes}.Cut(word) }

// mistyped suggests the command that was probably meant.
func (c *call) mistyped() error {
	if c.a.Staff == nil {
		return c.refuse("unlinked", nil)
	}
	fixed := strings.Replace(c.e.Text, c.p.Word, c.p.Near.Zh[0], 1)
	if isASCII(c.p.Word) {
		fixed = strings.Replace(c.e.Text, c.p.Word, c.p.Near.En[0], 1)
	}
	name := c.p.Near.name(c.lang)
	p := Parse(fixed, c.e.Addressed, c.e.Slash)
	if p.Spec == nil {
		p = Parse("!"+strings.TrimPrefix(strings.TrimSpace(fixed), "/"), false, false)
	}
	buttons := []bots.Button{{Text: c.text("verb.all", nil), Data: "help:0"}}
	if p.Spec != nil {
		token, err := c.ask("", p)
		if err != nil {
			return err
		}
		buttons = append([]bots.Button{{Text: c.text("verb.fill", phraseVars{"near": name}), Data: "look:" + token, Style: bots.Primary}}, buttons...)
	}
	return &keep{bots.Answer{Text: c.text("verb", phraseVars{"word": clip(c.p.Word), "near": name}), Buttons: [][]bots.Button{buttons}}}
}

// keep ends a call with an answer and keeps what it wrote.
type keep struct{ answer bots.Answer }

func (k *keep) Error() string { return "answered" }

// threadNote keeps an internal note. One that begins with 回复 or 解决 is asked
// about: the colleague may have meant to send it.
func (c *call) threadNote() error {
	item, err := c.tx.LockItem(c.thread)
	if err != nil {
		return err
	}
	if strings.TrimSpace(c.e.Text) == "" && len(c.e.Attachments) == 0 {
		return nil
	}
	if err := c.note(c.a, item, c.e.From.Name, c.e.Text, attachments(c.e.Attachments)); err != nil {
		return err
	}
	if c.p.Asked == nil || c.a.Staff == nil || c.p.Text == "" {
		return nil
	}
	token, err := c.ask("", Parsed{Spec: c.p.Asked, Items: []int64{item.ID}, Text: c.p.Text, Options: map[string]bool{}})
	if err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.text("note?", nil), Buttons: [][]bots.Button{{
		{Text: c.text("note?.send", nil), Data: "go:" + token, Style: bots.Primary},
		{Text: c.text("note?.keep", nil), Data: "no:" + token},
	}}}
	return nil
}

func attachments(in []bots.Attachment) []feedback.Attachment {
	var out []feedback.Attachment
	for _, a := range in {
		out = append(out, feedback.Attachment{Kind: a.Kind, Ref: a.Ref, Name: a.Name, MIME: a.MIME, Size: a.Size, Duration: a.Duration, State: feedback.AttachmentPending})
	}
	return out
}

// The questions that a command may have to answer first. A yes to one of them is
// no yes to another.
const (
	whichNumber = "number"    // the thread's item, or the one that was written?
	anothers    = "others"    // a colleague has the item
	toSeveral   = "many"      // several customers will read it
	wroteSince  = "meanwhile" // the customer wrote while the text was written
	namesStaff  = "colleague" // the text calls upon a colleague
)

// saidYes reports whether the person has said yes to a question.
func (c *call) saidYes(question string) bool { return slices.Contains(c.yes, question) }

// pending is a command that waits for a yes.
type pending struct {
	Staff    int64                 `json:"staff"`
	Verb     string                `json:"verb"`
	Items    []int64               `json:"items"`
	Who      string                `json:"who,omitempty"`
	Options  map[string]bool       `json:"options,omitempty"`
	Text     string                `json:"text,omitempty"`
	Thread   int64                 `json:"thread,omitempty"`
	Files    []feedback.Attachment `json:"files,omitempty"`
	Answered []string              `json:"answered,omitempty"` // once it is taken up again
	Opened   time.Time             `json:"opened,omitzero"`
}

// ask keeps a command until the person says yes to a question, and returns its
// token. Without a question it is only proposed: nothing has been answered yet.
func (c *call) ask(question string, p Parsed) (string, error) {
	token := rand.Text()[:16]
	keep := pending{
		Staff: c.a.Staff.ID, Verb: p.Spec.Verb, Items: p.Items, Who: p.Who, Options: p.Options, Text: p.Text,
		Thread: c.thread, Files: c.allFiles(), Answered: c.yes, Opened: c.opened,
	}
	if question != "" {
		keep.Answered = append(slices.Clone(c.yes), question)
	}
	b, err := json.Marshal(keep)
	if err != nil {
		return "", fmt.Errorf("keep a command: %w", err)
	}
	return token, c.tx.SetState(askPrefix+token, string(b), c.now.Add(c.r.Desk.AskExpires))
}

// files returns the files of the message, marked with the bot that can fetch
// them.
func (c *call) files() []feedback.Attachment {
	out := attachments(c.e.Attachments)
	for i := range out {
		if !strings.HasPrefix(out[i].Ref, "stored:") {
			out[i].Ref = "via:" + c.a.Bot + ":" + out[i].Ref
		}
	}
	return out
}

// recallPending takes a kept command up again; only the person who gave it can.
func (c *call) recallPending(token string) error {
	raw, known, err := c.tx.State(askPrefix + token)
	if err != nil {
		return err
	}
	if !known {
		return c.refuse("question.expired", nil)
	}
	var p pending
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		return fmt.Errorf("kept command: %w", err)
	}
	if c.a.Staff == nil || p.Staff != c.a.Staff.ID {
		return c.refuse("notyours", nil)
	}
	spec := byVerb(p.Verb)
	if spec == nil {
		return c.refuse("oldbutton", nil)
	}
	c.p = Parsed{Spec: spec, Items: p.Items, Who: p.Who, Options: p.Options, Text: p.Text}
	if c.p.Options == nil {
		c.p.Options = map[string]bool{}
	}
	c.thread, c.kept = p.Thread, p.Files
	c.yes, c.opened = p.Answered, p.Opened
	return nil
}

// command checks who, which and whether, and carries the command out.
func (c *call) command() error {
	spec := c.p.Spec
	if c.a.Staff == nil || c.a.Staff.Disabled {
		if spec.Verb == "link" {
			return c.finish(c.execute())
		}
		return c.refuse("unlinked", nil)
	}
	if !c.a.Staff.Role.AtLeast(spec.Role) {
		return c.refuse("role.plain", phraseVars{"role": c.text("role."+string(spec.Role), nil)})
	}
	if c.p.Unclear != "" {
		return c.refuse("needtext", phraseVars{"example": spec.example(c.lang)})
	}
	if err := c.chooseItems(); err != nil {
		return c.finish(err)
	}
	if spec.Text == Must && c.p.Text == "" && (spec.Verb != "note" || len(c.allFiles()) == 0) {
		return c.needText()
	}
	if err := c.checkItems(); err != nil {
		return c.finish(err)
	}
	return c.finish(c.execute())
}

// finish keeps what 撤销 needs; an answer given in place of the command keeps
// what was written so far.
func (c *call) finish(err error) error {
	var k *keep
	if errors.As(err, &k) {
		c.answer = k.answer
		return nil
	}
	if err != nil {
		return err
	}
	if c.a.Staff == nil {
		return nil
	}
	if c.final && len(c.done) == 0 {
		// 撤销 means the last command: it must not undo one before it.
		return c.tx.DropState(lastKey(c.a.Staff.ID))
	}
	return c.remember(c.a, c.done)
}

// allFiles are the files of this message or of the one that was kept.
func (c *call) allFiles() []feedback.Attachment {
	if c.kept != nil {
		return c.kept
	}
	return c.files()
}

// chooseItems loads the items the command is about.
func (c *call) chooseItems() error {
	spec := c.p.Spec
	if spec.Item == No {
		return nil
	}
	ids := c.p.Items
	if len(ids) == 0 {
		if c.thread == 0 {
			return c.refuse("nonumber", nil)
		}
		ids = []int64{c.thread}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > 1 && !spec.Many {
		return c.refuse("onlyone", phraseVars{"verb": spec.name(c.lang)})
	}
	if spec.toCustomer() && c.thread != 0 && len(ids) == 1 && ids[0] != c.thread && !c.saidYes(whichNumber) {
		return c.otherNumber(ids[0])
	}
	for _, id := range ids {
		item, err := c.tx.LockItem(id)
		if isNotFound(err) {
			return c.refuse("notfound", phraseVars{"number": id})
		}
		if err != nil {
			return err
		}
		c.items = append(c.items, item)
	}
	return nil
}

// otherNumber asks which item is meant when the number differs from the
// thread's.
func (c *call) otherNumber(id int64) error {
	other, err := c.tx.Item(id)
	if isNotFound(err) {
		return c.refuse("notfound", phraseVars{"number": id})
	}
	if err != nil {
		return err
	}
	var row []bots.Button
	for _, n := range []int64{c.thread, id} {
		p := c.p
		p.Items = []int64{n}
		token, err := c.ask(whichNumber, p)
		if err != nil {
			return err
		}
		row = append(row, bots.Button{Text: "#" + strconv.FormatInt(n, 10), Data: "go:" + token})
	}
	row = append(row, bots.Button{Text: c.text("button.cancel", nil), Data: "no:0"})
	return &keep{bots.Answer{
		Text:    c.text("othernumber", phraseVars{"here": c.thread, "number": id, "name": c.who(other)}),
		Buttons: [][]bots.Button{row},
	}}
}

// checkItems asks or refuses where an item is another's.
func (c *call) checkItems() error {
	if !c.p.Spec.Mine || c.p.Spec.Verb == "correct" && c.p.Options["withdraw"] {
		return nil // who corrected it may withdraw it, whoever has the item now
	}
	for _, item := range c.items {
		if err := c.permitted(item); err != nil {
			return err
		}
		if item.Owner == 0 || item.Owner == c.a.Staff.ID || c.saidYes(anothers) || c.p.Spec.Verb == "full" {
			continue // 原文 only reads: there is nothing to ask
		}
		return c.askOthers(item)
	}
	return nil
}

// permitted refuses where the person's role does not reach: a viewer acts on
// nothing, an agent on what is unowned or their own.
func (c *call) permitted(item *feedback.Item) error {
	if !c.a.Staff.Role.AtLeast(feedback.Agent) {
		return c.refuse("role.plain", phraseVars{"role": c.text("role.agent", nil)})
	}
	if item.Owner != 0 && item.Owner != c.a.Staff.ID && !c.a.Staff.Role.AtLeast(feedback.Lead) {
		return c.refuseRole(item)
	}
	return nil
}

// refuseRole says who can do it.
func (c *call) refuseRole(item *feedback.Item) error {
	leads, err := c.leads(item.Team)
	if err != nil {
		return err
	}
	if len(leads) == 0 {
		return c.refuse("role.plain", phraseVars{"role": c.text("role.lead", nil)})
	}
	return c.refuse("role", phraseVars{"role": c.text("role.lead", nil), "lead": leads[0].Name})
}

// askOthers asks before acting on another's item.
func (c *call) askOthers(item *feedback.Item) error {
	owner, err := c.ownerName(item)
	if err != nil {
		return err
	}
	token, err := c.ask(anothers, c.given())
	if err != nil {
		return err
	}
	question, yes, no := "others.act", "others.do", "others.leave"
	if c.p.Spec.toCustomer() {
		question, yes, no = "others", "others.send", "others.drop"
	}
	return &keep{bots.Answer{
		Text: c.text(question, phraseVars{"number": item.ID, "owner": owner, "at": c.stamp(item.ClaimedAt)}),
		Buttons: [][]bots.Button{{
			{Text: c.text(yes, nil), Data: "go:" + token, Style: bots.Primary},
			{Text: c.text(no, nil), Data: "no:" + token},
		}},
	}}
}

// needText asks for the words a command lacks: with a form, or by showing how.
func (c *call) needText() error {
	if len(c.items) == 1 && c.canAsk(c.p.Spec.Verb) {
		if err := c.checkItems(); err != nil {
			return c.finish(err)
		}
		return c.dialog(c.p.Spec.Verb, c.items[0])
	}
	return c.refuse("needtext", phraseVars{"example": c.p.Spec.example(c.lang)})
}

// isNotFound reports whether err says that something does not exist.
func isNotFound(err error) bool { return errors.Is(err, feedback.ErrNotFound) }

// one returns the only item of a command that takes one.
func (c *call) one() *feedback.Item { return c.items[0] }

// given returns the command under way with the numbers of the items it is about.
func (c *call) given() Parsed {
	p := c.p
	p.Items = nil
	for _, item := range c.items {
		p.Items = append(p.Items, item.ID)
	}
	return p
}

// DB is for tests and the pipeline, which share the Service's database.
func (s *Service) DB() *store.DB { return s.db }
