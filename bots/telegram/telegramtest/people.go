package telegramtest

import (
	"fmt"
	"strings"
	"time"
)

// User is a person or a bot.
type User struct {
	ID       int64
	First    string
	Last     string
	Username string
	Lang     string // language_code
	Bot      bool

	blocked bool
	wrote   bool
}

func (u *User) json() map[string]any {
	out := map[string]any{"id": u.ID, "is_bot": u.Bot, "first_name": u.First}
	for key, value := range map[string]string{"last_name": u.Last, "username": u.Username, "language_code": u.Lang} {
		if value != "" {
			out[key] = value
		}
	}
	return out
}

// chat is a private chat (its id is the person's) or a group.
type chat struct {
	id       int64
	kind     string // private group supergroup
	title    string
	members  map[int64]bool
	movedTo  int64
	lastID   int64
	messages []*Message
	sent     []time.Time // by the bot, for the chat's rate
}

// AddUser makes a person known. A person is not known to the bot before
// writing to it.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[u.ID] = &u
}

// AddGroup makes a basic group without the bot and returns its id.
func (s *Server) AddGroup(title string, members ...int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextGroup--
	c := &chat{id: s.nextGroup, kind: "group", title: title, members: map[int64]bool{}}
	for _, id := range members {
		c.members[id] = true
	}
	s.chats[c.id] = c
	return c.id
}

// AddBotToGroup lets a person add the bot to a group.
func (s *Server) AddBotToGroup(by, group int64) { s.membership(by, group, true) }

// RemoveBotFromGroup lets a person remove the bot from a group.
func (s *Server) RemoveBotFromGroup(by, group int64) { s.membership(by, group, false) }

func (s *Server) membership(by, group int64, in bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[group]
	was := c.members[s.botID]
	c.members[s.botID] = in
	s.memberUpdate(c, by, status(was, "left"), status(in, "kicked"))
	service := map[string]any{"left_chat_member": s.users[s.botID].json()}
	if in {
		service = map[string]any{"new_chat_members": []any{s.users[s.botID].json()}}
	}
	s.service(c, by, service)
}

func status(in bool, out string) string {
	if in {
		return "member"
	}
	return out
}

// memberUpdate tells the bot of its own membership. The lock is held.
func (s *Server) memberUpdate(c *chat, by int64, was, is string) {
	bot := s.users[s.botID].json()
	s.push("my_chat_member", map[string]any{
		"chat": s.chatJSON(c), "from": s.users[by].json(), "date": s.now().Unix(),
		"old_chat_member": map[string]any{"status": was, "user": bot},
		"new_chat_member": map[string]any{"status": is, "user": bot},
	})
}

// service posts a service message. The lock is held.
func (s *Server) service(c *chat, by int64, fields map[string]any) {
	c.lastID++
	payload := map[string]any{"message_id": c.lastID, "chat": s.chatJSON(c), "from": s.users[by].json(), "date": s.now().Unix()}
	for key, value := range fields {
		payload[key] = value
	}
	s.push("message", payload)
}

// Blocks lets a person stop the bot.
func (s *Server) Blocks(user int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[user].blocked = true
	s.memberUpdate(s.private(user), user, "member", "kicked")
}

// Unblocks lets a person start the bot again.
func (s *Server) Unblocks(user int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[user].blocked = false
	s.memberUpdate(s.private(user), user, "kicked", "member")
}

// MigrateGroup turns a group into a supergroup and returns its new id.
func (s *Server) MigrateGroup(group int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.chats[group]
	grown := &chat{id: -1000000000000 + group, kind: "supergroup", title: old.title, members: old.members}
	s.chats[grown.id] = grown
	old.movedTo = grown.id
	s.service(old, s.botID, map[string]any{"migrate_to_chat_id": grown.id})
	s.service(grown, s.botID, map[string]any{"migrate_from_chat_id": old.id})
	return grown.id
}

// private returns a person's chat with the bot. The lock is held.
func (s *Server) private(user int64) *chat {
	c := s.chats[user]
	if c == nil {
		c = &chat{id: user, kind: "private", members: map[int64]bool{user: true, s.botID: true}}
		s.chats[user] = c
	}
	return c
}

func (s *Server) chatJSON(c *chat) map[string]any {
	out := map[string]any{"id": c.id, "type": c.kind}
	if c.kind != "private" {
		out["title"] = c.title
		return out
	}
	for key, value := range s.users[c.id].json() {
		if key == "first_name" || key == "last_name" || key == "username" {
			out[key] = value
		}
	}
	return out
}

// Option is something special about what a person writes.
type Option func(*utterance)

// utterance is a message under construction.
type utterance struct {
	replyTo int64
	extra   map[string]any
	kind    string // of an attachment
	caption bool
}

// ReplyingTo answers a message of the same chat.
func ReplyingTo(messageID int64) Option { return func(u *utterance) { u.replyTo = messageID } }

// InAlbum makes the message part of an album.
func InAlbum(id string) Option { return func(u *utterance) { u.extra["media_group_id"] = id } }

// Forwarded makes the message a forwarded one.
func Forwarded(from User) Option {
	return func(u *utterance) {
		u.extra["forward_origin"] = map[string]any{"type": "user", "sender_user": from.json(), "date": 1700000000}
	}
}

// Via makes the message written by way of an inline bot.
func Via(bot User) Option { return func(u *utterance) { u.extra["via_bot"] = bot.json() } }

// UserSays writes as a person: in a group, or to the bot where chat is the
// person's own id. It returns the message's id. A group with privacy mode
// shows the bot only commands and replies to it.
func (s *Server) UserSays(user, chatID int64, text string, options ...Option) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.says(user, chatID, text, options)
}

// says writes a message and tells the bot. The lock is held.
func (s *Server) says(user, chatID int64, text string, options []Option) int64 {
	c := s.chats[chatID]
	if chatID == user {
		c = s.private(user)
		s.users[user].wrote = true
	}
	u := &utterance{extra: map[string]any{}}
	for _, option := range options {
		option(u)
	}
	c.lastID++
	m := &Message{ID: c.lastID, Chat: chatID, From: user, Text: text, ReplyTo: u.replyTo, At: s.now(), Media: u.kind, extra: u.extra, caption: u.caption}
	m.Entities = detect(text)
	c.messages = append(c.messages, m)
	if s.hears(c, m) {
		s.push("message", s.messageJSON(c, m, true))
	}
	s.change()
	return m.ID
}

// hears reports whether privacy mode lets the bot see a message.
func (s *Server) hears(c *chat, m *Message) bool {
	if c.kind == "private" {
		return true
	}
	if !c.members[s.botID] {
		return false
	}
	if !s.cfg.Privacy {
		return true
	}
	if parent := c.find(m.ReplyTo); parent != nil && parent.From == s.botID {
		return true
	}
	return strings.HasPrefix(m.Text, "/")
}

// UserEdits changes what a person wrote.
func (s *Server) UserEdits(user, chatID, messageID int64, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chatID]
	m := c.find(messageID)
	if m == nil || m.From != user {
		panic(fmt.Sprintf("telegramtest: %d did not write message %d", user, messageID))
	}
	m.Text, m.Entities, m.EditedAt = text, detect(text), s.now()
	if s.hears(c, m) {
		s.push("edited_message", s.messageJSON(c, m, true))
	}
}

// query is a press that waits for its answer.
type query struct {
	user     int64
	answered bool
}

// Presses taps a button of one of the bot's messages and returns the press's
// id, for Answer. It is an error where no button bears that text.
func (s *Server) Presses(user, chatID, messageID int64, button string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chatID]
	if c == nil {
		return "", fmt.Errorf("no chat %d", chatID)
	}
	m := c.find(messageID)
	if m == nil || m.Deleted {
		return "", fmt.Errorf("no message %d in chat %d", messageID, chatID)
	}
	for _, row := range m.Buttons {
		for _, b := range row {
			if b.Text != button || b.Data == "" {
				continue
			}
			s.serial++
			id := itoa(s.serial)
			s.queries[id] = &query{user: user}
			s.push("callback_query", map[string]any{
				"id": id, "from": s.users[user].json(), "chat_instance": "1", "data": b.Data, "message": s.messageJSON(c, m, true),
			})
			return id, nil
		}
	}
	return "", fmt.Errorf("message %d has no button %q", messageID, button)
}
