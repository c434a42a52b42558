package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// maxRaw is how much of a payload is kept with its event, in bytes.
const maxRaw = 64 << 10

// object is a payload's JSON object. Its getters never fail: a field of
// another type than expected is one that is not there. Slack's payloads grow
// and vary, and one odd block must not cost a customer's message.
type object map[string]any

func parseObject(raw []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil || o == nil {
		return nil, errors.New("the payload is no JSON object")
	}
	return o, nil
}

func (o object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o object) number(key string) int64 {
	n, _ := o[key].(json.Number)
	i, err := n.Int64()
	if err != nil {
		return 0
	}
	return i
}

func (o object) flag(key string) bool {
	v, _ := o[key].(bool)
	return v
}

func (o object) object(key string) object {
	m, _ := o[key].(map[string]any)
	return m
}

// objects returns an array's objects, at most max of them.
func (o object) objects(key string, max int) []object {
	list, _ := o[key].([]any)
	var out []object
	for _, v := range list {
		if m, ok := v.(map[string]any); ok && len(out) < max {
			out = append(out, m)
		}
	}
	return out
}

// errMalformed says that a payload lacks what names an event.
var errMalformed = errors.New("the payload lacks what identifies it")

// received is an event with what answering it takes.
type received struct {
	event  bots.Event
	origin origin
}

// origin is where an answer to an event goes.
type origin struct {
	chat      string
	group     bool
	user      string
	thread    string
	message   string // ts of the pressed message
	ephemeral bool   // the pressed message is seen by one person only
	response  string // response URL, empty where none
	trigger   string // for a dialog; good for 3 s
	payload   string // of the pressed button
}

// decode turns an envelope's payload into an event; nil where it concerns
// nobody. Names are looked up within ctx.
func (b *bot) decode(ctx context.Context, kind string, payload []byte) (*received, error) {
	o, err := parseObject(payload)
	if err != nil {
		return nil, err
	}
	var r *received
	switch kind {
	case "events_api":
		r, err = b.decodeCallback(ctx, o)
	case "slash_commands":
		r, err = b.decodeSlash(ctx, o)
	case "interactive":
		r, err = b.decodeInteraction(ctx, o)
	default:
		return nil, nil // nothing to do is no failure
	}
	if r != nil {
		r.event.Raw = payload[:min(len(payload), maxRaw)]
		if r.event.At.IsZero() {
			r.event.At = b.env.Now().UTC()
		}
	}
	return r, err
}

// decodeCallback decodes an event of the Events API.
func (b *bot) decodeCallback(ctx context.Context, o object) (*received, error) {
	e := o.object("event")
	switch e.text("type") {
	case "message", "app_mention":
		return b.decodeMessage(ctx, e)
	case "member_joined_channel", "member_left_channel":
		return b.decodeMember(ctx, e, o.text("event_id"))
	case "channel_archive", "group_archive", "channel_deleted", "group_deleted", "channel_left", "group_left":
		return b.chatEvent(ctx, e, bots.OnLeft, o.text("event_id"))
	case "channel_id_changed":
		return b.decodeMoved(ctx, e)
	case "app_home_opened":
		return b.decodeOpened(ctx, e)
	case "":
		return nil, errMalformed
	default:
		return nil, nil // an event nobody asked for
	}
}

// decodeMessage decodes a message, its edit or its deletion. A mention comes
// twice, as message and as app_mention: both have the key of channel and ts,
// and both are decided from the text.
func (b *bot) decodeMessage(ctx context.Context, e object) (*received, error) {
	switch e.text("subtype") {
	case "", "file_share", "thread_broadcast", "me_message":
		return b.newMessage(ctx, e, e.text("channel"))
	case "message_changed":
		return b.changedMessage(ctx, e)
	case "message_deleted":
		return b.deletedMessage(ctx, e.text("channel"), e.text("deleted_ts"), e.object("previous_message"))
	default:
		return nil, nil // joins, topics, bots: nobody speaks to us
	}
}

// own reports whether a message was written by a program, ours included.
func (b *bot) own(m object) bool {
	return m.text("bot_id") != "" || m.text("subtype") == "bot_message" || m.text("user") == b.me() || m.text("user") == "USLACKBOT"
}

func (b *bot) newMessage(ctx context.Context, m object, channel string) (*received, error) {
	ts, user := m.text("ts"), m.text("user")
	if b.own(m) {
		return nil, nil // a program's message
	}
	if channel == "" || ts == "" || user == "" {
		return nil, errMalformed
	}
	text, mentioned, addressed := b.words(ctx, m.text("text"))
	files, forwarded := attachments(m), false
	if private := strings.HasPrefix(channel, "D"); private || strings.TrimSpace(text) == "" {
		if words, more := b.shared(ctx, m); words != "" || len(more) > 0 {
			text, files, forwarded = strings.TrimSpace(text+"\n"+words), append(files, more...), true
			files = files[:min(len(files), maxFiles)]
		}
	}
	thread := m.text("thread_ts")
	if thread == ts {
		thread = ""
	}
	chat := b.chat(ctx, channel)
	if m.text("channel_type") == "im" {
		chat.Group = false
	}
	return &received{
		event: bots.Event{
			Key: channel + ":" + ts, Type: bots.OnMessage,
			Chat: chat, MessageID: ts, Thread: thread, ReplyTo: thread,
			Own:  thread != "" && m.text("parent_user_id") == b.me(),
			From: b.sender(ctx, user), Text: text, Mentioned: mentioned, Addressed: addressed, Forwarded: forwarded,
			Attachments: files, At: timeOf(ts),
		},
		origin: origin{chat: channel, group: chat.Group, user: user, thread: thread},
	}, nil
}

// words returns a text as a person reads it, without a leading mention of the
// bot, whether the bot is mentioned at all, and whether at the beginning.
func (b *bot) words(ctx context.Context, raw string) (text string, mentioned, addressed bool) {
	self := b.me()
	_, ids := readable(raw, nobody{})
	for _, id := range ids {
		mentioned = mentioned || (self != "" && id == self)
	}
	rest := withoutLeadingMention(raw, self)
	text, _ = readable(rest, &lookup{ctx: ctx, b: b, left: maxLookups})
	return text, mentioned, rest != raw
}

// maxShared is how many forwarded messages of one message are read.
const maxShared = 10

// shared returns the words and files of messages that were forwarded with m: in
// private, and where nothing was written beside them. Elsewhere what somebody
// writes may be a command, and nothing forwarded is to get into it.
func (b *bot) shared(ctx context.Context, m object) (words string, files []bots.Attachment) {
	var all []string
	for _, a := range m.objects("attachments", maxShared) {
		if !a.flag("is_share") && !a.flag("is_msg_unfurl") {
			continue // a page's preview
		}
		text, _ := readable(a.text("text"), &lookup{ctx: ctx, b: b, left: maxLookups})
		if text = strings.TrimSpace(text); text != "" {
			all = append(all, text)
		}
		files = append(files, attachments(a)...)
	}
	return strings.Join(all, "\n"), files
}

// nobody knows no names.
type nobody struct{}

func (nobody) user(string) string    { return "" }
func (nobody) channel(string) string { return "" }

// changedMessage decodes an edit. Slack sends the same for an unfurled link or
// a new reply: only a message that its author edited has an edit's time.
func (b *bot) changedMessage(ctx context.Context, e object) (*received, error) {
	m := e.object("message")
	if m.text("subtype") == "tombstone" {
		return b.deletedMessage(ctx, e.text("channel"), m.text("ts"), e.object("previous_message"))
	}
	version := m.object("edited").text("ts")
	if version == "" {
		return nil, nil // nothing was edited
	}
	r, err := b.newMessage(ctx, m, e.text("channel"))
	if r == nil || err != nil {
		return nil, err
	}
	r.event.Type = bots.OnEdited
	r.event.Key += ":" + version
	if at := timeOf(version); !at.IsZero() {
		r.event.At = at
	}
	return r, nil
}

func (b *bot) deletedMessage(ctx context.Context, channel, ts string, previous object) (*received, error) {
	if channel == "" || ts == "" {
		return nil, errMalformed
	}
	if previous != nil && b.own(previous) {
		return nil, nil // our own message, taken back
	}
	chat := b.chat(ctx, channel)
	thread := previous.text("thread_ts")
	if thread == ts {
		thread = ""
	}
	return &received{event: bots.Event{
		Key: channel + ":" + ts + ":deleted", Type: bots.OnDeleted,
		Chat: chat, MessageID: ts, Thread: thread, From: b.sender(ctx, previous.text("user")),
	}, origin: origin{chat: channel, group: chat.Group, user: previous.text("user"), thread: thread}}, nil
}

// decodeMember decodes that the bot itself came or went.
func (b *bot) decodeMember(ctx context.Context, e object, id string) (*received, error) {
	if user := e.text("user"); user == "" || user != b.me() {
		return nil, nil // somebody else
	}
	if e.text("type") == "member_joined_channel" {
		r, err := b.chatEvent(ctx, e, bots.OnJoined, id)
		if r != nil {
			r.event.From = b.sender(ctx, e.text("inviter"))
			r.origin.user = e.text("inviter")
		}
		return r, err
	}
	return b.chatEvent(ctx, e, bots.OnLeft, id)
}

// chatEvent decodes what happened to a chat as a whole.
func (b *bot) chatEvent(ctx context.Context, e object, kind bots.EventType, id string) (*received, error) {
	channel := e.text("channel")
	when := first(e.text("event_ts"), id)
	if channel == "" || when == "" {
		return nil, errMalformed
	}
	chat := b.chat(ctx, channel)
	return &received{
		event: bots.Event{
			Key: string(kind) + ":" + channel + ":" + when, Type: kind,
			Chat: chat, From: b.sender(ctx, e.text("actor_id")), At: timeOf(e.text("event_ts")),
		},
		origin: origin{chat: channel, group: chat.Group},
	}, nil
}

func (b *bot) decodeMoved(ctx context.Context, e object) (*received, error) {
	from, to := e.text("old_channel_id"), e.text("new_channel_id")
	if from == "" || to == "" {
		return nil, errMalformed
	}
	return &received{event: bots.Event{
		Key: "moved:" + from + ":" + to, Type: bots.OnMoved,
		Chat: bots.Chat{ID: from, Group: !strings.HasPrefix(from, "D"), Title: b.chats.find(ctx, to)}, NewChat: to, At: timeOf(e.text("event_ts")),
	}}, nil
}

// decodeOpened decodes that a person opened the chat with the bot: a start,
// once a person.
func (b *bot) decodeOpened(ctx context.Context, e object) (*received, error) {
	channel, user := e.text("channel"), e.text("user")
	if e.text("tab") != "messages" || channel == "" || user == "" {
		return nil, nil // the home tab is none of ours
	}
	return &received{
		event: bots.Event{
			Key: "start:" + user, Type: bots.OnStart,
			Chat: bots.Chat{ID: channel}, From: b.sender(ctx, user), At: timeOf(e.text("event_ts")),
		},
		origin: origin{chat: channel, user: user},
	}, nil
}

// decodeSlash decodes /hy VERB …: the event's text begins with the verb.
func (b *bot) decodeSlash(ctx context.Context, o object) (*received, error) {
	channel, user, trigger := o.text("channel_id"), o.text("user_id"), o.text("trigger_id")
	if channel == "" || user == "" || trigger == "" {
		return nil, errMalformed
	}
	text, _ := readable(o.text("text"), &lookup{ctx: ctx, b: b, left: maxLookups})
	chat := bots.Chat{ID: channel, Group: !strings.HasPrefix(channel, "D")}
	if chat.Group {
		chat.Title = o.text("channel_name")
	}
	from := b.sender(ctx, user)
	from.Handle = first(from.Handle, o.text("user_name"))
	return &received{
		event: bots.Event{
			Key: "slash:" + trigger, Type: bots.OnMessage, Slash: true,
			Chat: chat, From: from, Text: strings.TrimSpace(text), Trigger: o.text("response_url"),
		},
		origin: origin{chat: channel, group: chat.Group, user: user, response: o.text("response_url"), trigger: trigger},
	}, nil
}

// decodeInteraction decodes a press or a submitted dialog.
func (b *bot) decodeInteraction(ctx context.Context, o object) (*received, error) {
	switch o.text("type") {
	case "block_actions":
		return b.decodePress(ctx, o)
	case "view_submission":
		return b.decodeSubmit(ctx, o)
	case "":
		return nil, errMalformed
	default:
		return nil, nil // shortcuts, closed views: not ours
	}
}

func (b *bot) decodePress(ctx context.Context, o object) (*received, error) {
	actions := o.objects("actions", 1)
	box, message := o.object("container"), o.object("message")
	channel := first(o.object("channel").text("id"), box.text("channel_id"))
	ts := first(box.text("message_ts"), message.text("ts"))
	user := o.object("user").text("id")
	if len(actions) == 0 || channel == "" || ts == "" || user == "" {
		return nil, errMalformed
	}
	value := actions[0].text("value")
	if value == "" {
		return nil, nil // a button that opened a page
	}
	thread := first(box.text("thread_ts"), message.text("thread_ts"))
	if thread == ts {
		thread = ""
	}
	chat := bots.Chat{ID: channel, Group: !strings.HasPrefix(channel, "D")}
	if chat.Group {
		chat.Title = o.object("channel").text("name")
	}
	from := b.sender(ctx, user)
	from.Handle = first(from.Handle, o.object("user").text("username"))
	when := first(actions[0].text("action_ts"), o.text("trigger_id"))
	return &received{
		event: bots.Event{
			Key: "press:" + channel + ":" + ts + ":" + user + ":" + when, Type: bots.OnPress,
			Chat: chat, MessageID: ts, Thread: thread, From: from, Payload: value,
			Trigger: o.text("trigger_id"), At: timeOf(actions[0].text("action_ts")),
		},
		origin: origin{
			chat: channel, group: chat.Group, user: user, thread: thread, message: ts,
			ephemeral: box.flag("is_ephemeral"), response: o.text("response_url"),
			trigger: o.text("trigger_id"), payload: value,
		},
	}, nil
}

// decodeSubmit decodes a dialog that was sent. Where it was opened travels in
// the view's metadata, since Slack does not say.
func (b *bot) decodeSubmit(ctx context.Context, o object) (*received, error) {
	view := o.object("view")
	id, user := view.text("id"), o.object("user").text("id")
	if view.text("callback_id") != dialogID {
		return nil, nil // another program's view
	}
	place, err := readPlace(view.text("private_metadata"))
	if err != nil || id == "" || user == "" {
		return nil, errMalformed
	}
	values := formValues(view.object("state").object("values"))
	chat := b.chat(ctx, place.Chat)
	return &received{
		event: bots.Event{
			Key: "submit:" + id, Type: bots.OnSubmit,
			Chat: chat, MessageID: place.Message, Thread: place.Thread,
			From: b.sender(ctx, user), Payload: place.Data, Text: values[fieldText], Values: values,
			Trigger: o.text("trigger_id"),
		},
		origin: origin{
			chat: place.Chat, group: chat.Group, user: user, thread: place.Thread, message: place.Message,
			trigger: o.text("trigger_id"),
		},
	}, nil
}

// maxFiles is how many files of one message are taken, Slack's own limit.
const maxFiles = 10

// attachments returns what was sent along. Ref is the file's address, or its
// id where the address has to be asked for first.
func attachments(m object) []bots.Attachment {
	var out []bots.Attachment
	for _, f := range m.objects("files", maxFiles) {
		ref := first(f.text("url_private_download"), f.text("url_private"))
		if ref == "" && f.text("file_access") == "check_file_info" {
			ref = f.text("id")
		}
		if ref == "" {
			continue // deleted, or hidden by the workspace's plan
		}
		out = append(out, bots.Attachment{
			Kind: fileKind(f.text("mimetype"), f.text("subtype")), Ref: ref,
			Name: f.text("name"), MIME: f.text("mimetype"), Size: f.number("size"),
			Duration: int((f.number("duration_ms") + 999) / 1000),
		})
	}
	return out
}

func fileKind(mime, subtype string) string {
	switch {
	case subtype == "slack_audio" || strings.HasPrefix(mime, "audio/"):
		return "audio"
	case subtype == "slack_video" || strings.HasPrefix(mime, "video/"):
		return "video"
	case strings.HasPrefix(mime, "image/"):
		return "image"
	default:
		return "file"
	}
}

// timeOf reads a ts, seconds and microseconds; zero where it is none.
func timeOf(ts string) time.Time {
	whole, fraction, _ := strings.Cut(ts, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds <= 0 || seconds > 1<<40 {
		return time.Time{}
	}
	micros, err := strconv.ParseInt((fraction + "000000")[:6], 10, 64)
	if err != nil || micros < 0 {
		micros = 0
	}
	return time.Unix(seconds, micros*1000).UTC()
}
