package slacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ErrTimeout says that the app did not acknowledge an action in time: Slack
// shows the person a warning, and does not try again.
var ErrTimeout = errors.New("slacktest: not acknowledged in time")

// Upload is a file a person sends.
type Upload struct {
	Name, MIME string
	Content    []byte
	Voice      time.Duration // above 0: a voice clip of that length
}

// Says writes a message as a person and returns its ts. In a channel, a text
// that mentions the bot (see At) arrives twice, as Slack has it. It panics
// where the person is not in the channel: a mistake of the test.
func (s *Server) Says(person, channel, text string) string {
	return s.write(person, channel, text, "", nil)
}

// Replies writes a message in a thread.
func (s *Server) Replies(person, channel, thread, text string) string {
	return s.write(person, channel, text, thread, nil)
}

// Uploads sends files with a text.
func (s *Server) Uploads(person, channel, thread, text string, uploads ...Upload) string {
	return s.write(person, channel, text, thread, uploads)
}

// At mentions a user in a text.
func At(id string) string { return "<@" + id + ">" }

// escape writes a text as Slack stores it: tokens of At stay, everything else
// is escaped.
func escape(text string) string {
	r := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	var b strings.Builder
	for {
		at := tokenPattern.FindStringIndex(text)
		if at == nil {
			break
		}
		token := text[at[0]:at[1]]
		b.WriteString(r.Replace(text[:at[0]]))
		if strings.HasPrefix(token, "<@U") {
			b.WriteString(token)
		} else {
			b.WriteString(r.Replace(token))
		}
		text = text[at[1]:]
	}
	b.WriteString(r.Replace(text))
	return b.String()
}

func (s *Server) write(person, channelID, text, thread string, uploads []Upload) string {
	s.mu.Lock()
	c := s.channels[channelID]
	if c == nil || !c.members[person] {
		s.mu.Unlock()
		panic(fmt.Sprintf("slacktest: %s is not in %s", person, channelID))
	}
	m := &Message{Channel: channelID, TS: s.ts(), User: person, Text: text, Thread: thread}
	event := answer{
		"type": "message", "channel": channelID, "user": person, "text": escape(text), "ts": m.TS,
		"event_ts": m.TS, "team": teamID, "channel_type": "channel",
	}
	if c.im {
		event["channel_type"] = "im"
	}
	if thread != "" {
		event["thread_ts"] = thread
		if parent := c.find(thread); parent != nil {
			event["parent_user_id"] = parent.User
		}
	}
	var list []answer
	for _, u := range uploads {
		f := s.newFile(person, u.Name)
		f.mime, f.content, f.uploaded, f.durationMS = u.MIME, u.Content, true, u.Voice.Milliseconds()
		if u.Voice > 0 {
			f.subtype = "slack_audio"
		}
		m.ownFiles = append(m.ownFiles, f)
		list = append(list, s.payload(f))
	}
	if list != nil {
		event["files"], event["subtype"] = list, "file_share"
	}
	c.messages = append(c.messages, m)
	heard, mentions := c.bot, !c.im && strings.Contains(text, At(Bot))
	swapped := s.next()%2 == 0
	s.mu.Unlock()
	if heard {
		s.sendMessage(event, mentions, swapped)
	}
	return m.TS
}

// sendMessage delivers a message's events: a mention comes as a message and as
// an app_mention, in no promised order.
func (s *Server) sendMessage(event answer, mentions, swapped bool) {
	events := []answer{event}
	if mentions {
		second := answer{}
		for k, v := range event {
			if k != "channel_type" && k != "subtype" {
				second[k] = v
			}
		}
		second["type"] = "app_mention"
		events = append(events, second)
		if swapped {
			slices.Reverse(events)
		}
	}
	for _, e := range events {
		s.queue("events_api", s.callback(e), "")
	}
}

// callback wraps an event as the Events API does.
func (s *Server) callback(event answer) answer {
	s.mu.Lock()
	n := s.next()
	s.mu.Unlock()
	return answer{
		"token": "verification", "team_id": teamID, "api_app_id": "A0FAKE", "type": "event_callback",
		"event_id": fmt.Sprintf("Ev%08d", n), "event_time": time.Now().Unix(), "event": event,
		"authorizations": []answer{{"team_id": teamID, "user_id": Bot, "is_bot": true}},
	}
}

// Edits changes the text of a person's message.
func (s *Server) Edits(person, channelID, ts, text string) {
	s.mu.Lock()
	m := s.channels[channelID].find(ts)
	old := m.Text
	m.Text, m.Edited = text, true
	version := s.ts()
	s.mu.Unlock()
	s.queue("events_api", s.callback(answer{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": channelID, "ts": version, "event_ts": version,
		"message":          answer{"type": "message", "user": person, "text": escape(text), "ts": ts, "edited": answer{"user": person, "ts": version}},
		"previous_message": answer{"type": "message", "user": person, "text": escape(old), "ts": ts},
	}), "")
}

// Unfurls changes a message as Slack does by itself, without an edit.
func (s *Server) Unfurls(person, channelID, ts string) {
	s.mu.Lock()
	text, version := escape(s.channels[channelID].find(ts).Text), s.ts()
	s.mu.Unlock()
	s.queue("events_api", s.callback(answer{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": channelID, "ts": version, "event_ts": version,
		"message":          answer{"type": "message", "user": person, "text": text, "ts": ts, "attachments": []answer{{"title": "a page"}}},
		"previous_message": answer{"type": "message", "user": person, "text": text, "ts": ts},
	}), "")
}

// Deletes removes a message.
func (s *Server) Deletes(person, channelID, ts string) {
	s.mu.Lock()
	m := s.channels[channelID].find(ts)
	m.Deleted = true
	version := s.ts()
	previous := answer{"type": "message", "user": m.User, "text": escape(m.Text), "ts": ts}
	if m.User == Bot {
		previous["bot_id"] = botID
	}
	s.mu.Unlock()
	s.queue("events_api", s.callback(answer{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": channelID, "ts": version, "event_ts": version,
		"deleted_ts": ts, "previous_message": previous,
	}), "")
}

// Opens opens the chat with the bot.
func (s *Server) Opens(person string) {
	s.mu.Lock()
	id, at := s.dm(person), s.ts()
	s.mu.Unlock()
	s.queue("events_api", s.callback(answer{"type": "app_home_opened", "user": person, "channel": id, "tab": "messages", "event_ts": at}), "")
}

// Invites adds the bot to a channel.
func (s *Server) Invites(person, channelID string) { s.membership(person, channelID, true) }

// Removes removes the bot from a channel.
func (s *Server) Removes(person, channelID string) { s.membership(person, channelID, false) }

func (s *Server) membership(person, channelID string, in bool) {
	s.mu.Lock()
	s.channels[channelID].bot = in
	at := s.ts()
	s.mu.Unlock()
	kind := "member_left_channel"
	if in {
		kind = "member_joined_channel"
	}
	s.queue("events_api", s.callback(answer{
		"type": kind, "user": Bot, "channel": channelID, "channel_type": "C", "team": teamID, "inviter": person, "event_ts": at,
	}), "")
}

// Archives archives a channel.
func (s *Server) Archives(person, channelID string) {
	s.mu.Lock()
	s.channels[channelID].archived = true
	at := s.ts()
	s.mu.Unlock()
	s.queue("events_api", s.callback(answer{"type": "channel_archive", "channel": channelID, "user": person, "event_ts": at}), "")
}

// Sends delivers an event of the Events API as it is.
func (s *Server) Sends(event map[string]any) { s.queue("events_api", s.callback(event), "") }

// Slash gives the command /hy with that text, outside threads: Slack refuses
// it there. It returns once the app acknowledged, or ErrTimeout.
func (s *Server) Slash(person, channelID, text string) error {
	s.mu.Lock()
	c := s.channels[channelID]
	payload := answer{
		"token": "verification", "team_id": teamID, "channel_id": channelID, "channel_name": c.name, "user_id": person,
		"user_name": s.users[person].name, "command": "/hy", "text": escape(text), "api_app_id": "A0FAKE",
		"response_url": s.newResponse(person, channelID, "", nil), "trigger_id": s.newTrigger(person),
	}
	s.mu.Unlock()
	return s.wait(s.queue("slash_commands", payload, person))
}

// wait waits until an action is acknowledged.
func (s *Server) wait(d *delivery) error {
	select {
	case <-d.acked:
		return nil
	case <-time.After(s.opts.AckWithin + 100*time.Millisecond):
		return ErrTimeout
	case <-s.ctx.Done():
		return ErrTimeout
	}
}

// Presses taps a button of a message and returns once the app acknowledged, or
// ErrTimeout. A message only somebody else sees has no buttons for this person.
func (s *Server) Presses(person, channelID, ts, button string) error {
	s.mu.Lock()
	c := s.channels[channelID]
	m := c.find(ts)
	if m == nil || m.Deleted || (m.Ephemeral != "" && m.Ephemeral != person) {
		s.mu.Unlock()
		return fmt.Errorf("slacktest: %s sees no message %s", person, ts)
	}
	b, found := m.Find(button)
	if !found {
		s.mu.Unlock()
		return fmt.Errorf("slacktest: message %s has no button %q", ts, button)
	}
	payload := s.pressPayload(person, c, m, b)
	s.mu.Unlock()
	return s.wait(s.queue("interactive", payload, person))
}

func (s *Server) pressPayload(person string, c *channel, m *Message, b Button) answer {
	box := answer{"type": "message", "message_ts": m.TS, "channel_id": c.id, "is_ephemeral": m.Ephemeral != ""}
	if m.Thread != "" {
		box["thread_ts"] = m.Thread
	}
	action := answer{
		"type": "button", "action_id": b.action, "block_id": "b", "text": answer{"type": "plain_text", "text": b.Text},
		"action_ts": s.ts(),
	}
	if b.Value != "" {
		action["value"] = b.Value
	}
	payload := answer{
		"type": "block_actions", "token": "verification", "api_app_id": "A0FAKE", "team": answer{"id": teamID},
		"user":    answer{"id": person, "username": s.users[person].name, "name": s.users[person].name, "team_id": teamID},
		"channel": answer{"id": c.id, "name": c.name}, "container": box, "actions": []answer{action},
		"trigger_id": s.newTrigger(person), "response_url": s.newResponse(person, c.id, m.Thread, m),
	}
	if m.Ephemeral == "" {
		message := answer{"type": "message", "ts": m.TS, "user": Bot, "bot_id": botID, "text": m.Fallback}
		if m.Thread != "" {
			message["thread_ts"] = m.Thread
		}
		payload["message"] = message
	}
	return payload
}

// Submits fills a dialog in and sends it: text for the field, texts of the
// boxes to tick. It returns once the app acknowledged, or ErrTimeout; what
// Slack itself would not let pass is another error.
func (s *Server) Submits(viewID, text string, ticked ...string) error {
	s.mu.Lock()
	v := s.views[viewID]
	if v == nil || !v.Open {
		s.mu.Unlock()
		return fmt.Errorf("slacktest: no open dialog %s", viewID)
	}
	if n := units(text); n < max(v.MinLength, 1) || n > v.MaxLength {
		s.mu.Unlock()
		return fmt.Errorf("slacktest: the field takes %d to %d characters", v.MinLength, v.MaxLength)
	}
	values := answer{v.field[0]: answer{v.field[1]: answer{"type": "plain_text_input", "value": text}}}
	var chosen []answer
	for _, box := range ticked {
		chosen = append(chosen, answer{"text": answer{"type": "plain_text", "text": box}, "value": v.values[box]})
	}
	if len(v.Boxes) > 0 {
		values[v.group[0]] = answer{v.group[1]: answer{"type": "checkboxes", "selected_options": chosen}}
	}
	payload := answer{
		"type": "view_submission", "token": "verification", "api_app_id": "A0FAKE", "team": answer{"id": teamID},
		"user":       answer{"id": v.User, "username": s.users[v.User].name, "name": s.users[v.User].name},
		"trigger_id": s.newTrigger(v.User),
		"view": answer{
			"id": v.ID, "hash": v.Hash, "type": "modal", "callback_id": v.callback, "private_metadata": v.Metadata,
			"state": answer{"values": values},
		},
	}
	person := v.User
	s.mu.Unlock()
	err := s.wait(s.queue("interactive", payload, person))
	if err == nil {
		s.mu.Lock()
		v.Open = false
		s.mu.Unlock()
	}
	return err
}

// responseURL answers one action, five times within half an hour.
type responseURL struct {
	person, channel, thread string
	message                 *Message // nil for a command
	uses                    int
	at                      time.Time
}

func (s *Server) newResponse(person, channel, thread string, m *Message) string {
	id := fmt.Sprintf("r%d", s.next())
	s.responses[id] = &responseURL{person: person, channel: channel, thread: thread, message: m, at: time.Now()}
	return s.base + "/response/" + id
}

const (
	responseUses = 5
	responseTTL  = 30 * time.Minute
)

func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	fault := s.fault("response")
	if fault.before(s, w) {
		return
	}
	var body object
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		writeJSON(w, answer{"ok": false, "error": "invalid_json"})
		return
	}
	s.mu.Lock()
	err := s.respond(r.PathValue("id"), body)
	s.mu.Unlock()
	if fault.after(s, w) {
		return
	}
	var refused *notOK
	if errors.As(err, &refused) {
		s.note(refused.code)
		if refused.code == "expired_url" || refused.code == "used_url" {
			w.WriteHeader(http.StatusNotFound)
		}
		writeJSON(w, answer{"ok": false, "error": refused.code})
		return
	}
	_, _ = w.Write([]byte("ok"))
}

func (s *Server) respond(id string, body object) error {
	u := s.responses[id]
	switch {
	case u == nil || time.Since(u.at) > responseTTL:
		return no("expired_url")
	case u.uses >= responseUses:
		return no("used_url")
	}
	u.uses++
	if err := fields("response", body, "", "text blocks response_type replace_original delete_original thread_ts metadata"); err != nil {
		return &notOK{"invalid_payload", err.Error()}
	}
	args := map[string]string{"channel": u.channel, "text": body.text("text")}
	if list := body.list("blocks"); list != nil {
		raw, err := json.Marshal(list)
		if err != nil {
			return no("invalid_blocks")
		}
		args["blocks"] = string(raw)
	}
	m, err := s.compose(args, body.text("thread_ts"))
	if err != nil {
		return err
	}
	if replaced, _ := body["replace_original"].(bool); replaced && u.message != nil {
		o := u.message
		o.Text, o.Fallback, o.Buttons, o.Live, o.Edited = m.Text, m.Fallback, m.Buttons, m.Live, true
		return nil
	}
	m.TS = s.ts()
	if body.text("response_type") != "in_channel" {
		m.Ephemeral = u.person
	}
	s.channels[u.channel].messages = append(s.channels[u.channel].messages, m)
	return nil
}
