package telegramtest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is a message of a chat, as it is now.
type Message struct {
	ID         int64
	Chat       int64
	From       int64
	Text       string // or caption
	Entities   []Entity
	Buttons    [][]Button
	ReplyTo    int64
	Silent     bool
	ForceReply bool
	Selective  bool
	Media      string // photo voice audio video document…; empty for text
	FileName   string
	File       []byte
	Album      string
	At         time.Time
	EditedAt   time.Time
	Edits      []Version // earlier versions, oldest first
	Deleted    bool
	Pings      []int64  // people notified by name; 0 for a name that nobody bears
	Live       []string // parts of the text that can be tapped: links, mentions, commands, tags
	Links      []string // addresses that the bot put behind words (text_link)
	Preview    bool     // a link of the text would be shown as a preview

	extra   map[string]any
	caption bool
}

// Version is a message before an edit.
type Version struct {
	Text    string
	Buttons [][]Button
	At      time.Time
}

// Button returns the first button of that text and whether there is one.
func (m Message) Button(text string) (Button, bool) {
	for _, row := range m.Buttons {
		for _, b := range row {
			if b.Text == text {
				return b, true
			}
		}
	}
	return Button{}, false
}

func (c *chat) find(id int64) *Message {
	for _, m := range c.messages {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// messageJSON is a message as the API tells of it.
func (s *Server) messageJSON(c *chat, m *Message, withParent bool) map[string]any {
	out := map[string]any{"message_id": m.ID, "chat": s.chatJSON(c), "from": s.users[m.From].json(), "date": m.At.Unix()}
	for key, value := range m.extra {
		out[key] = value
	}
	if !m.EditedAt.IsZero() {
		out["edit_date"] = m.EditedAt.Unix()
	}
	text, entities := "text", "entities"
	if m.Media != "" {
		text, entities = "caption", "caption_entities"
	}
	if m.Text != "" {
		out[text] = m.Text
		if len(m.Entities) > 0 {
			out[entities] = m.Entities
		}
	}
	if m.From == s.botID && m.Media != "" {
		s.serial++
		out[m.Media] = map[string]any{"file_id": "sent-" + itoa(s.serial)}
	}
	if len(m.Buttons) > 0 {
		out["reply_markup"] = map[string]any{"inline_keyboard": m.Buttons}
	}
	if parent := c.find(m.ReplyTo); withParent && parent != nil && !parent.Deleted {
		out["reply_to_message"] = s.messageJSON(c, parent, false)
	}
	return out
}

// Messages returns a chat's messages, oldest first, people's and the bot's,
// deleted ones included.
func (s *Server) Messages(chatID int64) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chatID]
	if c == nil {
		return nil
	}
	out := make([]Message, 0, len(c.messages))
	for _, m := range c.messages {
		out = append(out, *m)
	}
	return out
}

// FromBot returns the bot's messages of a chat, oldest first, deleted ones
// included.
func (s *Server) FromBot(chatID int64) []Message {
	return slices.DeleteFunc(s.Messages(chatID), func(m Message) bool { return m.From != s.botID })
}

// WaitFor waits until ok holds, asking again at every change, and returns an
// error that names what where ctx ends first.
func (s *Server) WaitFor(ctx context.Context, what string, ok func() bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}

// WaitMessage waits for a message of the bot that is there (not deleted) and
// matches, and returns the newest such.
func (s *Server) WaitMessage(ctx context.Context, chatID int64, what string, match func(Message) bool) (Message, error) {
	var found Message
	err := s.WaitFor(ctx, what, func() bool {
		all := s.FromBot(chatID)
		for _, m := range slices.Backward(all) {
			if !m.Deleted && match(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found, err
}

// CallbackAnswer is what a person saw on pressing a button.
type CallbackAnswer struct {
	Query string
	User  int64
	Text  string
	Alert bool
}

// Answers returns the answers to presses, oldest first.
func (s *Server) Answers() []CallbackAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.answers)
}

func (s *Server) answerCallbackQuery(c *call) reply {
	id, text := c.params["callback_query_id"], c.params["text"]
	q := s.queries[id]
	switch {
	case q == nil || q.answered:
		return bad("query is too old and response timeout expired or query ID is invalid")
	case utf8.RuneCountInString(text) > 200:
		return bad("MESSAGE_TOO_LONG")
	}
	q.answered = true
	s.answers = append(s.answers, CallbackAnswer{Query: id, User: q.user, Text: text, Alert: c.flag("show_alert")})
	return done(true)
}

// Command is an entry of the bot's menu.
type Command struct {
	Name string `json:"command"`
	Help string `json:"description"`
}

// Commands returns the menu for a scope (all_private_chats, all_group_chats,
// default) and language code ("" for all others).
func (s *Server) Commands(scope, lang string) []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands[scope+" "+lang])
}

func (s *Server) setMyCommands(c *call) reply {
	var list []Command
	scope := struct {
		Type string `json:"type"`
	}{"default"}
	if err := c.decode("commands", &list); err != nil {
		return bad(err.Error())
	}
	if err := c.decode("scope", &scope); err != nil {
		return bad(err.Error())
	}
	if len(list) > 100 {
		return bad("BOT_COMMANDS_TOO_MUCH")
	}
	for _, command := range list {
		if command.Name == "" || len(command.Name) > 32 || strings.Trim(command.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return bad("BOT_COMMAND_INVALID")
		}
		if n := utf8.RuneCountInString(command.Help); n < 1 || n > 256 {
			return bad("BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	if lang := c.params["language_code"]; lang != "" && len(lang) != 2 {
		return bad("LANG_CODE_INVALID")
	}
	s.commands[scope.Type+" "+c.params["language_code"]] = list
	return done(true)
}

func (s *Server) getMe(*call) reply {
	me := s.users[s.botID].json()
	me["can_join_groups"], me["can_read_all_group_messages"] = true, !s.cfg.Privacy
	return done(me)
}

// SetWebhook makes the bot one that another program receives by webhook.
func (s *Server) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook = url
}

func (s *Server) getWebhookInfo(*call) reply {
	return done(map[string]any{"url": s.webhook, "has_custom_certificate": false, "pending_update_count": len(s.updates)})
}

func (s *Server) deleteWebhook(*call) reply {
	s.webhook = ""
	return done(true)
}

// Requests counts the requests of a method; "download" those for files.
func (s *Server) Requests(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[method]
}

// Refusals counts the answers with an error code, faults not included.
func (s *Server) Refusals(code int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusals[code]
}

// TooMany counts the requests refused with 429 because of the rates.
func (s *Server) TooMany() int { return s.Refusals(http.StatusTooManyRequests) }

// Notified counts the people notified by name in all messages of the bot.
func (s *Server) Notified() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.chats {
		for _, m := range c.messages {
			if m.From == s.botID {
				n += len(m.Pings)
			}
		}
	}
	return n
}

// replaceID puts an update's id into a raw update.
func replaceID(format string, id int64) string {
	return strings.ReplaceAll(format, "%d", itoa(id))
}
