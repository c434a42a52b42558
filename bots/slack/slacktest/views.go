package slacktest

import (
	"encoding/json"
	"fmt"
	"time"
)

// View is a dialog as a person sees it.
type View struct {
	ID, Hash, User       string
	Title, Submit        string
	Label, Value, Hint   string
	MinLength, MaxLength int
	Boxes                []string // texts of the boxes to tick
	Metadata             string
	Open                 bool

	callback string
	field    [2]string // block and action id of the text
	group    [2]string // and of the boxes
	values   map[string]string
}

// Views lists the dialogs open for a person, oldest first.
func (s *Server) Views(person string) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []View
	for n := int64(1); n <= s.seq; n++ {
		if v := s.views[fmt.Sprintf("V%06d", n)]; v != nil && v.Open && v.User == person {
			out = append(out, *v)
		}
	}
	return out
}

// WaitView returns the latest dialog open for a person, and false where none
// opens in time.
func (s *Server) WaitView(person string, within time.Duration) (View, bool) {
	var found View
	done := s.WaitFor(within, func() bool {
		views := s.Views(person)
		if len(views) > 0 {
			found = views[len(views)-1]
		}
		return len(views) > 0
	})
	return found, done
}

func (s *Server) newTrigger(person string) string {
	id := fmt.Sprintf("%d.%d.trigger", time.Now().UnixNano(), s.next())
	s.triggers[id] = &trigger{user: person, at: time.Now()}
	return id
}

// openView opens a dialog: within the trigger's life, and once.
func (s *Server) openView(c call) (answer, error) {
	t := s.triggers[c.args["trigger_id"]]
	switch {
	case t == nil:
		return nil, no("invalid_trigger_id")
	case t.used:
		return nil, no("exchanged_trigger_id")
	case time.Since(t.at) > s.opts.TriggerTTL:
		return nil, no("expired_trigger_id")
	}
	var raw object
	if json.Unmarshal([]byte(c.args["view"]), &raw) != nil {
		return nil, &notOK{"invalid_arguments", "view is no object"}
	}
	v, err := parseView(raw)
	if err != nil {
		return nil, &notOK{"invalid_arguments", err.Error()}
	}
	t.used = true
	n := s.next()
	v.ID, v.Hash, v.User, v.Open = fmt.Sprintf("V%06d", n), fmt.Sprintf("%d.hash", n), t.user, true
	s.views[v.ID] = v
	return answer{"view": answer{"id": v.ID, "hash": v.Hash, "type": "modal", "callback_id": v.callback}}, nil
}

// parseView validates a modal with one text field and at most one group of
// boxes.
func parseView(o object) (*View, error) {
	if err := fields("view", o, "title blocks", "submit close private_metadata callback_id clear_on_close notify_on_close external_id"); err != nil {
		return nil, err
	}
	if o.text("type") != "modal" {
		return nil, refuse("view", "type %q", o.text("type"))
	}
	v := &View{Metadata: o.text("private_metadata"), callback: o.text("callback_id"), values: map[string]string{}}
	if err := between("view.private_metadata", v.Metadata, 0, 3000); err != nil {
		return nil, err
	}
	var err error
	if v.Title, err = plainText("view.title", o.object("title"), 24); err != nil {
		return nil, err
	}
	if v.Submit, err = plainText("view.submit", o.object("submit"), 24); err != nil {
		return nil, err // required beside an input block
	}
	blocks := o.list("blocks")
	if len(blocks) == 0 || len(blocks) > maxViewBlocks {
		return nil, refuse("view.blocks", "%d of them", len(blocks))
	}
	for i, b := range blocks {
		if err := v.input(fmt.Sprintf("view.blocks[%d]", i), asObject(b)); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func plainText(where string, t object, max int) (string, error) {
	l := &layout{actions: map[string]bool{}}
	if t.text("type") != "plain_text" {
		return "", refuse(where, "no plain_text")
	}
	return t.text("text"), l.textObject(where, t, 1, max, false)
}

func (v *View) input(where string, b object) error {
	if err := fields(where, b, "label element", "hint optional dispatch_action"); err != nil {
		return err
	}
	if b.text("type") != "input" {
		return refuse(where, "type %q is not supported here", b.text("type"))
	}
	label, err := plainText(where+".label", b.object("label"), 2000)
	if err != nil {
		return err
	}
	if hint := b.object("hint"); hint != nil {
		if v.Hint, err = plainText(where+".hint", hint, 2000); err != nil {
			return err
		}
	}
	e := b.object("element")
	switch e.text("type") {
	case "plain_text_input":
		v.Label, v.field = label, [2]string{b.text("block_id"), e.text("action_id")}
		return v.textInput(where, e)
	case "checkboxes":
		v.group = [2]string{b.text("block_id"), e.text("action_id")}
		return v.checkboxes(where, e)
	default:
		return refuse(where, "element %q is not supported here", e.text("type"))
	}
}

func (v *View) textInput(where string, e object) error {
	if err := fields(where, e, "action_id", "placeholder initial_value multiline min_length max_length focus_on_load"); err != nil {
		return err
	}
	if p := e.object("placeholder"); p != nil {
		hint, err := plainText(where+".placeholder", p, 150)
		if err != nil {
			return err
		}
		v.Hint = hint
	}
	number := func(key string, or int) int {
		if n, ok := e[key].(float64); ok {
			return int(n)
		}
		return or
	}
	v.Value, v.MinLength, v.MaxLength = e.text("initial_value"), number("min_length", 0), number("max_length", 3000)
	if v.MinLength < 0 || v.MaxLength < 1 || v.MaxLength > 3000 || v.MinLength > v.MaxLength {
		return refuse(where, "lengths of %d to %d", v.MinLength, v.MaxLength)
	}
	return between(where+".initial_value", v.Value, 0, v.MaxLength)
}

func (v *View) checkboxes(where string, e object) error {
	if err := fields(where, e, "action_id options", ""); err != nil {
		return err
	}
	list := e.list("options")
	if len(list) < 1 || len(list) > 10 {
		return refuse(where, "%d options", len(list))
	}
	for _, item := range list {
		o := asObject(item)
		if err := fields(where+".options", o, "text value", "description"); err != nil {
			return err
		}
		text, err := plainText(where+".options.text", o.object("text"), 75)
		if err != nil {
			return err
		}
		if err := between(where+".options.value", o.text("value"), 1, 150); err != nil {
			return err
		}
		v.Boxes = append(v.Boxes, text)
		v.values[text] = o.text("value")
	}
	return nil
}
