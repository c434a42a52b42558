package telegram

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// maxRaw is how much of an update's payload an event keeps.
const maxRaw = 64 << 10

// decoder turns updates into events. It is a pure function of the update, the
// bot's own account and the time.
type decoder struct {
	me  user
	now time.Time
}

var errMalformed = errors.New("the update lacks what every update of its kind has")

// decode returns an update's event, nil where there is nothing to tell of. A
// field of an unexpected type is passed over as long as the rest suffices.
func (d decoder) decode(raw json.RawMessage) (*bots.Event, error) {
	var u update
	if err := json.Unmarshal(raw, &u); err != nil {
		var odd *json.UnmarshalTypeError
		if !errors.As(err, &odd) {
			return nil, fmt.Errorf("not JSON: %w", errMalformed)
		}
	}
	e, err := d.event(u)
	if err != nil || e == nil {
		return nil, err
	}
	e.Raw = raw[:min(len(raw), maxRaw)]
	return e, nil
}

func (d decoder) event(u update) (*bots.Event, error) {
	switch {
	case u.Message != nil:
		return d.message(u.Message)
	case u.Edited != nil:
		return d.edited(u.Edited)
	case u.Callback != nil:
		return d.press(u.Callback)
	case u.Member != nil:
		return d.member(u.Member)
	default:
		return nil, nil // a kind that was not asked for: acknowledged, nothing to tell
	}
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// base fills in what a message's event has in common with its edits. It is nil
// for channels, which are not chats of this bot.
func (d decoder) base(m *wireMessage) (*bots.Event, error) {
	if m.ID == 0 || m.Chat.ID == 0 {
		return nil, errMalformed
	}
	if m.Chat.Type == "channel" {
		return nil, nil
	}
	e := &bots.Event{
		Key: id(m.Chat.ID) + ":" + id(m.ID), Type: bots.OnMessage, Chat: chatOf(m.Chat), MessageID: id(m.ID),
		At: time.Unix(m.Date, 0).UTC(), From: sender(m), Forwarded: present(m.Origin) || m.ViaBot != nil || m.Automatic,
	}
	if m.ReplyTo != nil && m.ReplyTo.ID != 0 {
		e.ReplyTo = id(m.ReplyTo.ID)
		if m.ReplyTo.From != nil && m.ReplyTo.From.ID == d.me.ID {
			e.Thread, e.Own, e.About = e.ReplyTo, true, m.ReplyTo.data()
			e.Payload = m.ReplyTo.asked()
		}
	}
	if m.Album != "" {
		e.Fields = map[string]string{"album": m.Album}
	}
	text, marks := m.Text, m.Entities
	if text == "" {
		text, marks = m.Caption, m.CaptionMarks
	}
	e.Text, e.Mentioned, e.Addressed = d.address(text, marks)
	e.Attachments = attachments(m)
	if e.Text == "" {
		e.Text = described(m)
	}
	return e, nil
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func (d decoder) message(m *wireMessage) (*bots.Event, error) {
	if m.MigrateTo != 0 || m.MigrateFrom != 0 {
		return moved(m)
	}
	e, err := d.base(m)
	if err != nil || e == nil {
		return nil, err
	}
	if e.Text == "" && len(e.Attachments) == 0 && !e.Mentioned {
		return nil, nil // a service message: a new title, a pinned message…
	}
	if !e.Chat.Group {
		started(e)
	}
	return e, nil
}

// edited is a message's new version. Its key holds the time of the edit, which
// Telegram counts in seconds.
func (d decoder) edited(m *wireMessage) (*bots.Event, error) {
	e, err := d.base(m)
	if err != nil || e == nil {
		return nil, err
	}
	if m.EditDate == 0 {
		return nil, errMalformed
	}
	if m.Location != nil {
		return nil, nil // a live location moves every few seconds: where it began is enough
	}
	e.Type, e.Payload = bots.OnEdited, ""
	e.Key += ":" + id(m.EditDate)
	e.At = time.Unix(m.EditDate, 0).UTC()
	return e, nil
}

// moved tells that a group became a supergroup. Both of its messages bear the
// same key, so that either is enough.
func moved(m *wireMessage) (*bots.Event, error) {
	from, to := m.Chat.ID, m.MigrateTo
	if m.MigrateFrom != 0 {
		from, to = m.MigrateFrom, m.Chat.ID
	}
	if from == 0 || to == 0 {
		return nil, errMalformed
	}
	chat := chatOf(m.Chat)
	chat.ID = id(from)
	return &bots.Event{
		Key: "moved:" + id(from) + ":" + id(to), Type: bots.OnMoved, Chat: chat, NewChat: id(to), At: time.Unix(m.Date, 0).UTC(),
	}, nil
}

// started turns /start into the event it is.
func started(e *bots.Event) {
	verb, param, _ := strings.Cut(e.Text, " ")
	if verb != "/start" || e.Forwarded {
		return
	}
	e.Type, e.Text = bots.OnStart, strings.TrimSpace(param)
	e.Fields = startFields(e.Text)
}

func (d decoder) press(c *wireCallback) (*bots.Event, error) {
	if c.ID == "" || c.From.ID == 0 {
		return nil, errMalformed
	}
	e := &bots.Event{
		Key: "press:" + c.ID, Type: bots.OnPress, From: person(c.From), Payload: c.Data, Trigger: c.ID, At: d.now.UTC(),
	}
	if c.Message != nil {
		e.Chat, e.MessageID = chatOf(c.Message.Chat), id(c.Message.ID)
	}
	return e, nil
}

// member tells that the bot was stopped, started again, added or removed.
func (d decoder) member(m *wireMember) (*bots.Event, error) {
	if m.Chat.ID == 0 || m.Old.Status == "" || m.New.Status == "" {
		return nil, errMalformed
	}
	was, is := m.Old.in(), m.New.in()
	if was == is || m.Chat.Type == "channel" {
		return nil, nil
	}
	e := &bots.Event{
		Key:  "member:" + id(m.Chat.ID) + ":" + id(m.Date) + ":" + m.New.Status,
		Chat: chatOf(m.Chat), From: person(m.From), At: time.Unix(m.Date, 0).UTC(),
	}
	switch {
	case e.Chat.Group && is:
		e.Type = bots.OnJoined
	case e.Chat.Group:
		e.Type = bots.OnLeft
	case is:
		e.Type = bots.OnUnblocked
	default:
		e.Type = bots.OnBlocked
	}
	return e, nil
}

func chatOf(c wireChat) bots.Chat {
	title := c.Title
	if title == "" {
		title = strings.TrimSpace(c.First + " " + c.Last)
	}
	return bots.Chat{ID: id(c.ID), Group: c.Type != "private", Title: title}
}

func person(u user) bots.Person {
	return bots.Person{ID: id(u.ID), Name: u.name(), Handle: u.Username, Lang: u.Lang, Bot: u.Bot}
}

// sender is who wrote a message. Behind a chat (an anonymous admin, a channel)
// Telegram puts a service account that stands for everybody: the chat itself is
// named instead. What a linked channel posts into its group is a machine's.
func sender(m *wireMessage) bots.Person {
	switch {
	case m.SenderChat != nil && m.SenderChat.ID != 0:
		c := chatOf(*m.SenderChat)
		return bots.Person{ID: c.ID, Name: c.Title, Handle: m.SenderChat.Username, Bot: m.Automatic}
	case m.From != nil:
		return person(*m.From)
	default:
		return bots.Person{ID: id(m.Chat.ID), Name: m.Chat.Title}
	}
}

// address takes the bot's own name off the front of a text and reports whether
// the bot was spoken to by name anywhere, and whether it was there: "@bot 认领"
// is 认领, "/claim@bot" is "/claim". A command for another bot keeps that bot's
// name.
func (d decoder) address(text string, marks []entity) (rest string, named, first bool) {
	if d.me.Username != "" {
		for _, e := range marks {
			part := cut16(text, e.Offset, e.Length)
			if e.Type == "mention" && strings.EqualFold(part, "@"+d.me.Username) || e.Type == "text_mention" && e.User != nil && e.User.ID == d.me.ID {
				named = true
			}
		}
	}
	text = strings.TrimSpace(unmark(text))
	if rest, ok := cutName(text, d.me.Username); ok {
		return strings.TrimLeft(rest, " \t\n\u3000,，:：、"), true, true
	}
	if strings.HasPrefix(text, "/") {
		verb, rest := text, ""
		if at := strings.IndexAny(text, " \t\n\u3000"); at >= 0 {
			verb, rest = text[:at], text[at:]
		}
		if name, to, ok := strings.Cut(verb, "@"); ok && d.me.Username != "" && strings.EqualFold(to, d.me.Username) {
			return name + rest, true, true
		}
	}
	return text, named, false
}

// cutName returns what follows a leading @name.
func cutName(text, name string) (string, bool) {
	if name == "" || len(text) <= len(name) || text[0] != '@' || !strings.EqualFold(text[1:1+len(name)], name) {
		return text, false
	}
	rest := text[1+len(name):]
	if rest != "" && (isWord(rune(rest[0]))) {
		return text, false
	}
	return rest, true
}

// cut16 returns the part of a text from an offset on, both in UTF-16 units; ""
// where the part does not exist.
func cut16(text string, offset, length int) string {
	from, units := -1, 0
	for i, r := range text {
		if units == offset && from < 0 {
			from = i
		}
		if from >= 0 && units == offset+length {
			return text[from:i]
		}
		units++
		if r > 0xffff {
			units++
		}
	}
	if from >= 0 && units == offset+length {
		return text[from:]
	}
	return ""
}
