package slacktest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
)

// limits of Block Kit, in UTF-16 units.
const (
	maxBlocks     = 50
	maxViewBlocks = 100
	maxAllText    = 13000
	maxText       = 40000
)

// object is one JSON object of a request.
type object map[string]any

func (o object) text(key string) string { s, _ := o[key].(string); return s }

func (o object) list(key string) []any { l, _ := o[key].([]any); return l }

func (o object) object(key string) object { m, _ := o[key].(map[string]any); return m }

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// layout is what a message's blocks come to.
type layout struct {
	text     []string // paragraphs
	buttons  [][]Button
	notified []string
	live     []string
	size     int
	actions  map[string]bool
	names    func(userID string) string
}

// invalid is why blocks are refused.
type invalid struct{ where, why string }

func (e *invalid) Error() string { return e.where + ": " + e.why }

func refuse(where, format string, args ...any) error {
	return &invalid{where: where, why: fmt.Sprintf(format, args...)}
}

// fields fails where o has a key that Slack does not know, or lacks one that
// it needs.
func fields(where string, o object, need string, may string) error {
	known := strings.Fields(need + " " + may + " type block_id")
	for key := range o {
		if !slices.Contains(known, key) {
			return refuse(where, "unknown field %s", key)
		}
	}
	for _, key := range strings.Fields(need) {
		if o[key] == nil {
			return refuse(where, "%s is missing", key)
		}
	}
	return nil
}

// between fails where a text is not of min to max units.
func between(where, s string, min, max int) error {
	if n := units(s); n < min || n > max {
		return refuse(where, "%d characters, allowed are %d to %d", n, min, max)
	}
	return nil
}

// Check reads a message as chat.postMessage does: what people would see, or
// why it would be refused. Every user id belongs to somebody.
func Check(blocks, text string) (Message, error) {
	m, err := composeFor(map[string]string{"text": text, "blocks": blocks, "parse": "none"}, "", func(id string) string { return id })
	if err != nil {
		return Message{}, err
	}
	return *m, nil
}

// CheckView reads a dialog as views.open does.
func CheckView(view string) (View, error) {
	var o object
	if err := json.Unmarshal([]byte(view), &o); err != nil {
		return View{}, refuse("view", "no object")
	}
	v, err := parseView(o)
	if err != nil {
		return View{}, err
	}
	return *v, nil
}

// parseBlocks validates a message's blocks and resolves them.
func parseBlocks(raw string, names func(string) string) (*layout, error) {
	var list []object
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return nil, refuse("blocks", "no array of objects")
	}
	if len(list) > maxBlocks {
		return nil, refuse("blocks", "%d of them", len(list))
	}
	l := &layout{actions: map[string]bool{}, names: names}
	for i, b := range list {
		if err := l.block(fmt.Sprintf("blocks[%d]", i), b); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *layout) block(where string, b object) error {
	if err := between(where+".block_id", b.text("block_id"), 0, 255); err != nil {
		return err
	}
	switch b.text("type") {
	case "header":
		if err := fields(where, b, "text", ""); err != nil {
			return err
		}
		return l.textObject(where, b.object("text"), 1, 150, false)
	case "section":
		if err := fields(where, b, "text", "expand"); err != nil {
			return err
		}
		return l.textObject(where, b.object("text"), 1, 3000, true)
	case "rich_text":
		return l.richText(where, b)
	case "actions":
		return l.actionRow(where, b)
	case "divider":
		return fields(where, b, "", "")
	case "context":
		if err := fields(where, b, "elements", ""); err != nil {
			return err
		}
		for i, e := range b.list("elements") {
			if err := l.textObject(fmt.Sprintf("%s.elements[%d]", where, i), asObject(e), 1, 3000, true); err != nil {
				return err
			}
		}
		return nil
	default:
		return refuse(where, "type %q is not supported here", b.text("type"))
	}
}

func asObject(v any) object { m, _ := v.(map[string]any); return m }

// textObject validates a text object and adds what it shows. plain_text is
// interpreted in nothing but its emoji codes, mrkdwn in everything.
func (l *layout) textObject(where string, t object, min, max int, markup bool) error {
	if err := fields(where, t, "type text", "emoji verbatim"); err != nil {
		return err
	}
	s := t.text("text")
	if err := between(where, s, min, max); err != nil {
		return err
	}
	switch t.text("type") {
	case "plain_text":
		if _, set := t["verbatim"]; set {
			return refuse(where, "verbatim in plain_text")
		}
		if emoji, set := t["emoji"].(bool); !set || emoji {
			l.live = append(l.live, emojiCodes(s)...)
		}
	case "mrkdwn":
		if _, set := t["emoji"]; set || !markup {
			return refuse(where, "mrkdwn is not allowed here, or has emoji")
		}
		notified, live, shown := interpret(s, interpretation{links: true, emoji: true, names: l.names})
		l.notified, l.live, s = append(l.notified, notified...), append(l.live, live...), shown
	default:
		return refuse(where, "text object of type %q", t.text("type"))
	}
	l.size += units(s)
	l.text = append(l.text, s)
	return nil
}

func (l *layout) richText(where string, b object) error {
	if err := fields(where, b, "elements", ""); err != nil {
		return err
	}
	if len(b.list("elements")) == 0 {
		return refuse(where, "no elements")
	}
	for i, e := range b.list("elements") {
		part, at := asObject(e), fmt.Sprintf("%s.elements[%d]", where, i)
		switch part.text("type") {
		case "rich_text_section", "rich_text_quote", "rich_text_preformatted":
			if err := fields(at, part, "elements", "border"); err != nil {
				return err
			}
			if err := l.richElements(at, part.list("elements")); err != nil {
				return err
			}
		default:
			return refuse(at, "type %q", part.text("type"))
		}
	}
	return nil
}

// richElements adds one paragraph of rich text.
func (l *layout) richElements(where string, elements []any) error {
	if len(elements) == 0 {
		return refuse(where, "no elements")
	}
	var paragraph strings.Builder
	for i, v := range elements {
		e, at := asObject(v), fmt.Sprintf("%s.elements[%d]", where, i)
		shown, err := l.richElement(at, e)
		if err != nil {
			return err
		}
		l.size += units(shown)
		paragraph.WriteString(shown)
	}
	l.text = append(l.text, paragraph.String())
	return nil
}

func (l *layout) richElement(where string, e object) (string, error) {
	switch e.text("type") {
	case "text":
		if err := fields(where, e, "text", "style"); err != nil {
			return "", err
		}
		return e.text("text"), between(where, e.text("text"), 1, 1<<20)
	case "link":
		if err := fields(where, e, "url", "text style"); err != nil {
			return "", err
		}
		l.live = append(l.live, e.text("url"))
		shown := e.text("text")
		if shown == "" {
			shown = e.text("url")
		}
		return shown, validURL(where, e.text("url"))
	case "user":
		id := e.text("user_id")
		l.notified = append(l.notified, id)
		l.live = append(l.live, "@"+id)
		if l.names(id) == "" {
			return "", refuse(where, "nobody is %s", id)
		}
		return "@" + l.names(id), fields(where, e, "user_id", "style")
	case "usergroup":
		l.notified = append(l.notified, e.text("usergroup_id"))
		return "@" + e.text("usergroup_id"), fields(where, e, "usergroup_id", "style")
	case "broadcast":
		l.notified = append(l.notified, "!"+e.text("range"))
		return "@" + e.text("range"), fields(where, e, "range", "style")
	case "channel":
		l.live = append(l.live, "#"+e.text("channel_id"))
		return "#" + e.text("channel_id"), fields(where, e, "channel_id", "style")
	case "emoji":
		l.live = append(l.live, ":"+e.text("name")+":")
		return ":" + e.text("name") + ":", fields(where, e, "name", "unicode skin_tone style")
	default:
		return "", refuse(where, "type %q", e.text("type"))
	}
}

func validURL(where, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || units(s) > 3000 {
		return refuse(where, "no valid url")
	}
	return nil
}

func (l *layout) actionRow(where string, b object) error {
	if err := fields(where, b, "elements", ""); err != nil {
		return err
	}
	list := b.list("elements")
	if len(list) < 1 || len(list) > 25 {
		return refuse(where, "%d elements", len(list))
	}
	var row []Button
	for i, v := range list {
		button, err := l.button(fmt.Sprintf("%s.elements[%d]", where, i), asObject(v))
		if err != nil {
			return err
		}
		row = append(row, button)
	}
	l.buttons = append(l.buttons, row)
	return nil
}

func (l *layout) button(where string, e object) (Button, error) {
	if e.text("type") != "button" {
		return Button{}, refuse(where, "type %q is not supported here", e.text("type"))
	}
	if err := fields(where, e, "text", "action_id url value style"); err != nil {
		return Button{}, err
	}
	before, live := len(l.text), len(l.live)
	if err := l.textObject(where, e.object("text"), 1, 75, false); err != nil {
		return Button{}, err
	}
	l.text, l.live = l.text[:before], l.live[:live]
	b := Button{
		Text: e.object("text").text("text"), Value: e.text("value"), URL: e.text("url"), Style: e.text("style"),
		action: e.text("action_id"),
	}
	if err := between(where+".value", b.Value, 0, 2000); err != nil {
		return Button{}, err
	}
	if err := between(where+".action_id", b.action, 0, 255); err != nil {
		return Button{}, err
	}
	if b.Style != "" && b.Style != "primary" && b.Style != "danger" {
		return Button{}, refuse(where, "style %q", b.Style)
	}
	if b.URL != "" {
		if err := validURL(where, b.URL); err != nil {
			return Button{}, err
		}
	}
	if b.action != "" && l.actions[b.action] {
		return Button{}, refuse(where, "action_id %s twice", b.action)
	}
	l.actions[b.action] = true
	return b, nil
}
