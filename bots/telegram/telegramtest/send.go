package telegramtest

import (
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Button is an inline button.
type Button struct {
	Text  string `json:"text"`
	Data  string `json:"callback_data,omitempty"`
	URL   string `json:"url,omitempty"`
	Style string `json:"style,omitempty"`
}

// markup is what reply_markup may hold here.
type markup struct {
	Buttons     [][]Button `json:"inline_keyboard"`
	ForceReply  bool       `json:"force_reply"`
	Selective   bool       `json:"selective"`
	Placeholder string     `json:"input_field_placeholder"`
}

func (s *Server) sendMessage(c *call) reply {
	m, refusal := s.compose(c, "text", "entities")
	if refusal != nil {
		return *refusal
	}
	if empty(m.Text) {
		return bad("message text is empty")
	}
	return s.post(c, m)
}

// compose makes a message of a call's text, entities and reply markup.
func (s *Server) compose(c *call, text, entities string) (*Message, *reply) {
	var list []Entity
	if err := c.decode(entities, &list); err != nil {
		out := bad(err.Error())
		return nil, &out
	}
	limit, long := maxText, "message is too long"
	if text == "caption" {
		limit, long = maxCaption, "message caption is too long"
	}
	return s.composeText(c, c.params[text], list, limit, long)
}

func (s *Server) composeText(c *call, text string, entities []Entity, limit int, long string) (*Message, *reply) {
	no := func(description string) (*Message, *reply) {
		out := bad(description)
		return nil, &out
	}
	if c.params["parse_mode"] != "" {
		return no("can't parse entities: this fake takes entities, not parse_mode")
	}
	if !utf8.ValidString(text) {
		return no("strings must be encoded in UTF-8")
	}
	if reason := checkEntities(text, entities); reason != "" {
		return no(reason)
	}
	cleaned := clean(text)
	if cleaned != text && len(entities) > 0 && !strings.HasPrefix(text, cleaned) {
		return no("the text changed under its entities: clean it before sending")
	}
	if units(cleaned) > limit {
		return no(long)
	}
	m := &Message{Text: cleaned, Entities: entities}
	if reason := s.mark(c, m); reason != "" {
		return no(reason)
	}
	s.read(c, m)
	return m, nil
}

// mark reads the reply markup and returns why it is refused.
func (s *Server) mark(c *call, m *Message) string {
	var keys markup
	if err := c.decode("reply_markup", &keys); err != nil {
		return err.Error()
	}
	count := 0
	for _, row := range keys.Buttons {
		count += len(row)
		if len(row) > 8 {
			return "too many buttons in a row"
		}
		for _, b := range row {
			if reason := checkButton(b); reason != "" {
				return reason
			}
		}
	}
	if count > 100 {
		return "REPLY_MARKUP_TOO_LONG"
	}
	if n := utf8.RuneCountInString(keys.Placeholder); n > 64 {
		return "input field placeholder is too long"
	}
	m.Buttons = slices.DeleteFunc(keys.Buttons, func(row []Button) bool { return len(row) == 0 })
	m.ForceReply, m.Selective = keys.ForceReply, keys.Selective
	return ""
}

func checkButton(b Button) string {
	switch {
	case strings.TrimSpace(b.Text) == "":
		return "inline keyboard button text must be non-empty"
	case (b.Data == "") == (b.URL == ""):
		return "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
	case len(b.Data) > 64:
		return "BUTTON_DATA_INVALID"
	case b.Style != "" && b.Style != "danger" && b.Style != "success" && b.Style != "primary":
		return "button style is invalid"
	case b.URL != "" && !validURL(b.URL):
		return "BUTTON_URL_INVALID"
	}
	return ""
}

func validURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	if u.Scheme == "tg" {
		return true
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return true
	}
	return (u.Scheme == "http" || u.Scheme == "https") && strings.Contains(strings.Trim(u.Hostname(), "."), ".")
}

// read finds out what of a message is live and whom it notifies.
func (s *Server) read(c *call, m *Message) {
	live := detect(m.Text)
	for _, e := range m.Entities {
		switch e.Type {
		case "text_mention":
			m.Pings = append(m.Pings, e.User.ID)
			m.Live = append(m.Live, e.Part(m.Text))
		case "text_link":
			m.Links = append(m.Links, e.URL)
			if strings.HasPrefix(e.URL, "tg://user?id=") {
				m.Pings = append(m.Pings, 0)
			}
		case "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number":
			live = append(live, e)
		}
	}
	for _, e := range live {
		if covered(m.Entities, e) {
			continue
		}
		m.Live = append(m.Live, e.Part(m.Text))
		if e.Type == "mention" {
			m.Pings = append(m.Pings, s.byName(e.Part(m.Text)))
		}
		if e.Type == "url" && !c.previewOff() {
			m.Preview = true
		}
	}
}

// covered reports whether a stronger entity lies over a found one.
func covered(entities []Entity, found Entity) bool {
	return slices.ContainsFunc(entities, func(e Entity) bool {
		return (e.Type == "text_mention" || e.Type == "text_link" || e.Type == "code" || e.Type == "pre") &&
			e.Offset <= found.Offset && found.Offset+found.Length <= e.Offset+e.Length
	})
}

func (c *call) previewOff() bool {
	var options struct {
		Disabled bool `json:"is_disabled"`
	}
	return c.decode("link_preview_options", &options) == nil && options.Disabled
}

func (s *Server) byName(mention string) int64 {
	for _, u := range s.users {
		if strings.EqualFold("@"+u.Username, mention) {
			return u.ID
		}
	}
	return 0
}

// post puts a message into its chat, or says why not.
func (s *Server) post(c *call, m *Message) reply {
	room, refusal := s.room(c)
	if refusal != nil {
		return *refusal
	}
	var to struct {
		MessageID int64 `json:"message_id"`
		Lenient   bool  `json:"allow_sending_without_reply"`
	}
	if err := c.decode("reply_parameters", &to); err != nil {
		return bad(err.Error())
	}
	if to.MessageID != 0 {
		if parent := room.find(to.MessageID); parent != nil && !parent.Deleted {
			m.ReplyTo = to.MessageID
		} else if !to.Lenient {
			return bad("message to be replied not found")
		}
	}
	if refusal := s.limit(room); refusal != nil {
		return *refusal
	}
	room.lastID++
	m.ID, m.Chat, m.From, m.At, m.Silent = room.lastID, room.id, s.botID, s.now(), c.flag("disable_notification")
	room.messages = append(room.messages, m)
	return done(s.messageJSON(room, m, true))
}

// room returns the chat a call is about where the bot may write.
func (s *Server) room(c *call) (*chat, *reply) {
	no := func(code int, description string) (*chat, *reply) {
		out := refuse(code, description)
		return nil, &out
	}
	id, err := strconv.ParseInt(c.params["chat_id"], 10, 64)
	if err != nil {
		return no(http.StatusBadRequest, "Bad Request: chat_id is empty")
	}
	if u := s.users[id]; u != nil && id > 0 {
		switch {
		case u.Bot:
			return no(http.StatusForbidden, "Forbidden: bot can't send messages to bots")
		case u.blocked:
			return no(http.StatusForbidden, "Forbidden: bot was blocked by the user")
		case !u.wrote:
			return no(http.StatusForbidden, "Forbidden: bot can't initiate conversation with a user")
		}
		return s.private(id), nil
	}
	room := s.chats[id]
	switch {
	case room == nil:
		return no(http.StatusBadRequest, "Bad Request: chat not found")
	case room.movedTo != 0:
		out := bad("group chat was upgraded to a supergroup chat")
		out.Parameters = &replyParameter{MigrateTo: room.movedTo}
		return nil, &out
	case !room.members[s.botID]:
		return no(http.StatusForbidden, "Forbidden: bot was kicked from the "+room.kind+" chat")
	}
	return room, nil
}

// limit enforces the documented rates: 30 messages a second in all, one a
// second in a private chat (five may come at once), 20 a minute in a group.
func (s *Server) limit(room *chat) *reply {
	if !s.cfg.Limits {
		return nil
	}
	now := s.cfg.Now()
	window, most, per := 5*time.Second, 5, &room.sent
	if room.kind != "private" {
		window, most = time.Minute, 20
	}
	within := func(list []time.Time, d time.Duration) []time.Time {
		return slices.DeleteFunc(list, func(t time.Time) bool { return now.Sub(t) >= d })
	}
	s.sent, *per = within(s.sent, time.Second), within(*per, window)
	var wait time.Duration
	if len(s.sent) >= 30 {
		wait = time.Second
	}
	if len(*per) >= most {
		wait = max(wait, window-now.Sub((*per)[0]))
	}
	if wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		out := refuse(http.StatusTooManyRequests, "Too Many Requests: retry after "+strconv.Itoa(seconds))
		out.Parameters = &replyParameter{RetryAfter: seconds}
		return &out
	}
	s.sent, *per = append(s.sent, now), append(*per, now)
	return nil
}

// target returns the bot's own message that a call changes.
func (s *Server) target(c *call, verb string) (*Message, *reply) {
	room, refusal := s.room(c)
	if refusal != nil {
		return nil, refusal
	}
	m := room.find(c.number("message_id"))
	if m == nil || m.Deleted {
		out := bad("message to " + verb + " not found")
		return nil, &out
	}
	if m.From != s.botID {
		out := bad("message can't be " + verb + "ed")
		return nil, &out
	}
	return m, nil
}

func (s *Server) editMessageText(c *call) reply { return s.edit(c, "text", "entities", false) }

func (s *Server) editMessageCaption(c *call) reply {
	return s.edit(c, "caption", "caption_entities", true)
}

// edit changes a message's words and buttons.
func (s *Server) edit(c *call, text, entities string, media bool) reply {
	m, refusal := s.target(c, "edit")
	if refusal != nil {
		return *refusal
	}
	if (m.Media != "") != media {
		return bad("there is no " + text + " in the message to edit")
	}
	changed, refusal := s.compose(c, text, entities)
	if refusal != nil {
		return *refusal
	}
	if !media && empty(changed.Text) {
		return bad("message text is empty")
	}
	return s.apply(m, changed)
}

func (s *Server) editMessageReplyMarkup(c *call) reply {
	m, refusal := s.target(c, "edit")
	if refusal != nil {
		return *refusal
	}
	changed := *m
	if reason := s.mark(c, &changed); reason != "" {
		return bad(reason)
	}
	return s.apply(m, &changed)
}

// apply puts a changed version into place.
func (s *Server) apply(m, changed *Message) reply {
	if m.Text == changed.Text && reflect.DeepEqual(m.Entities, changed.Entities) && sameButtons(m.Buttons, changed.Buttons) {
		return bad("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	m.Edits = append(m.Edits, Version{Text: m.Text, Buttons: m.Buttons, At: s.now()})
	m.Text, m.Entities, m.Buttons = changed.Text, changed.Entities, changed.Buttons
	m.Pings, m.Live, m.Links, m.Preview = changed.Pings, changed.Live, changed.Links, changed.Preview
	m.EditedAt = s.now()
	return done(s.messageJSON(s.chats[m.Chat], m, true))
}

func sameButtons(a, b [][]Button) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

const deletable = 48 * time.Hour

func (s *Server) deleteMessage(c *call) reply {
	room, refusal := s.room(c)
	if refusal != nil {
		return *refusal
	}
	m := room.find(c.number("message_id"))
	switch {
	case m == nil || m.Deleted:
		return bad("message to delete not found")
	case s.now().Sub(m.At) >= deletable, m.From != s.botID && room.kind != "private":
		return bad("message can't be deleted")
	}
	m.Deleted = true
	return done(true)
}
