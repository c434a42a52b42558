package slacktest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answer is one Web API answer.
type answer map[string]any

func writeJSON(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(a)
}

// notOK is an ok:false answer's code. detail tells the test's reader why.
type notOK struct{ code, detail string }

func (e *notOK) Error() string { return e.code + ": " + e.detail }

func no(code string) error { return &notOK{code: code} }

// call is one request of the Web API.
type call struct {
	method string
	args   map[string]string
}

// methods are those that the fake knows: which token they take, which
// arguments they know, and what they do. Anything else is refused.
func (s *Server) methods() map[string]struct {
	token string
	args  string
	do    func(call) (answer, error)
} {
	type method = struct {
		token string
		args  string
		do    func(call) (answer, error)
	}
	const posting = "channel text blocks thread_ts parse link_names mrkdwn unfurl_links unfurl_media metadata reply_broadcast"
	return map[string]method{
		"auth.test":                    {BotToken, "", s.authTest},
		"apps.connections.open":        {AppToken, "", s.openConnection},
		"chat.postMessage":             {BotToken, posting, s.postMessage},
		"chat.postEphemeral":           {BotToken, posting + " user", s.postEphemeral},
		"chat.update":                  {BotToken, "channel ts text blocks parse link_names metadata", s.updateMessage},
		"chat.delete":                  {BotToken, "channel ts", s.deleteMessage},
		"views.open":                   {BotToken, "trigger_id view", s.openView},
		"users.info":                   {BotToken, "user include_locale", s.userInfo},
		"conversations.history":        {BotToken, "channel cursor inclusive latest oldest limit include_all_metadata", s.history},
		"conversations.replies":        {BotToken, "channel ts cursor inclusive latest oldest limit include_all_metadata", s.history},
		"conversations.info":           {BotToken, "channel include_locale include_num_members", s.channelInfo},
		"files.getUploadURLExternal":   {BotToken, "filename length alt_txt snippet_type", s.uploadURL},
		"files.completeUploadExternal": {BotToken, "files channel_id thread_ts initial_comment blocks", s.completeUpload},
		"files.info":                   {BotToken, "file count page", s.fileInfo},
		"files.delete":                 {BotToken, "file", s.deleteFile},
	}
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	fault := s.fault(name)
	if fault.before(s, w) {
		return
	}
	s.mu.Lock()
	w.Header().Set("X-Oauth-Scopes", s.opts.Scopes)
	s.mu.Unlock()
	result, wait, err := s.take(name, r)
	if wait > 0 {
		s.note("429")
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if fault.after(s, w) {
		return
	}
	var refused *notOK
	if errors.As(err, &refused) {
		s.note(refused.code)
		a := answer{"ok": false, "error": refused.code}
		if refused.detail != "" {
			a["response_metadata"] = answer{"messages": []string{"[ERROR] " + refused.detail}}
		}
		writeJSON(w, a)
		return
	}
	result["ok"] = true
	writeJSON(w, result)
}

// take performs one request, or says how long its channel is still closed.
func (s *Server) take(name string, r *http.Request) (answer, time.Duration, error) {
	m, known := s.methods()[name]
	if !known {
		return nil, 0, no("unknown_method")
	}
	args, token, err := arguments(r)
	if err != nil {
		return nil, 0, err
	}
	switch token {
	case "":
		return nil, 0, no("not_authed")
	case m.token:
	case BotToken, AppToken:
		return nil, 0, no("not_allowed_token_type")
	default:
		return nil, 0, no("invalid_auth")
	}
	for key := range args {
		if !slices.Contains(strings.Fields(m.args), key) {
			return nil, 0, &notOK{"invalid_arguments", "no such argument: " + key}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "chat.postMessage" {
		if wait := s.closedFor(args["channel"]); wait > 0 {
			return nil, wait, nil
		}
	}
	a, err := m.do(call{method: name, args: args})
	return a, 0, err
}

// closedFor returns how long a channel takes no message yet.
func (s *Server) closedFor(id string) time.Duration {
	c := s.channels[id]
	if c == nil || s.opts.Rate <= 0 {
		return 0
	}
	return s.opts.Rate - time.Since(c.lastPost)
}

// arguments reads a request's arguments from its form or its JSON, and the
// token from where Slack takes it.
func arguments(r *http.Request) (map[string]string, string, error) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	args := map[string]string{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var body map[string]json.RawMessage
		err := json.NewDecoder(r.Body).Decode(&body)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, "", no("invalid_json")
		}
		for key, raw := range body {
			var text string
			if json.Unmarshal(raw, &text) == nil {
				args[key] = text
			} else {
				args[key] = string(raw)
			}
		}
	} else {
		if err := r.ParseForm(); err != nil {
			return nil, "", no("invalid_form_data")
		}
		for key, values := range r.Form {
			args[key] = strings.ToValidUTF8(values[0], "\ufffd")
		}
	}
	if token == "" {
		token = args["token"]
	}
	delete(args, "token")
	return args, token, nil
}

func (s *Server) authTest(call) (answer, error) {
	return answer{
		"url": s.base + "/", "team": "青禾咖啡", "user": s.users[Bot].name,
		"team_id": teamID, "user_id": Bot, "bot_id": botID, "is_enterprise_install": false,
	}, nil
}

func (s *Server) userInfo(c call) (answer, error) {
	u := s.users[c.args["user"]]
	if u == nil {
		return nil, no("user_not_found")
	}
	return answer{"user": answer{
		"id": u.id, "team_id": teamID, "name": u.name, "real_name": u.title, "deleted": false, "is_bot": u.id == Bot,
		"locale": u.locale, "profile": answer{"display_name": u.title, "real_name": u.title},
	}}, nil
}

func (s *Server) channelInfo(c call) (answer, error) {
	ch := s.channels[c.args["channel"]]
	if ch == nil {
		return nil, no("channel_not_found")
	}
	return answer{"channel": answer{
		"id": ch.id, "name": ch.name, "is_channel": !ch.im, "is_im": ch.im, "is_member": ch.bot, "is_archived": ch.archived,
	}}, nil
}

// channelFor returns a channel that the bot may post to.
func (s *Server) channelFor(id string) (*channel, error) {
	c := s.channels[id]
	switch {
	case c == nil:
		return nil, no("channel_not_found")
	case c.archived:
		return nil, no("is_archived")
	case !c.bot:
		return nil, no("not_in_channel")
	}
	return c, nil
}

// compose reads a message's content from the arguments, as Slack validates it.
func (s *Server) compose(args map[string]string, thread string) (*Message, error) {
	return composeFor(args, thread, s.nameOf())
}

func composeFor(args map[string]string, thread string, nameOf func(string) string) (*Message, error) {
	m := &Message{Channel: args["channel"], User: Bot, Thread: thread, Fallback: args["text"]}
	if units(m.Fallback) > maxText {
		return nil, no("msg_too_long")
	}
	notified, live, shown := interpret(m.Fallback, interpretation{
		links: args["parse"] != "none", linkNames: args["link_names"] == "true" || args["parse"] == "full", emoji: true, names: nameOf,
	})
	if raw := args["blocks"]; raw != "" && raw != "[]" {
		l, err := parseBlocks(raw, nameOf)
		if err != nil {
			return nil, &notOK{"invalid_blocks", err.Error()}
		}
		if l.size > maxAllText {
			return nil, no("msg_blocks_too_long")
		}
		live, shown = l.live, strings.Join(l.text, "\n")
		notified = append(notified, l.notified...)
		m.Buttons = l.buttons
	} else if strings.TrimSpace(m.Fallback) == "" {
		return nil, no("no_text")
	}
	slices.Sort(notified)
	m.Notified, m.Live, m.Text = slices.Compact(notified), live, shown
	return m, m.readMetadata(args["metadata"])
}

func (m *Message) readMetadata(raw string) error {
	if raw == "" {
		return nil
	}
	var meta struct {
		Type    string         `json:"event_type"`
		Payload map[string]any `json:"event_payload"`
	}
	if json.Unmarshal([]byte(raw), &meta) != nil || meta.Type == "" || meta.Payload == nil {
		return no("invalid_metadata_format")
	}
	m.Key, _ = meta.Payload["key"].(string)
	return nil
}

// nameOf names users while s is locked.
func (s *Server) nameOf() func(string) string {
	return func(id string) string {
		if u := s.users[id]; u != nil {
			return u.title
		}
		return ""
	}
}

// threadFor returns the thread a message goes to: nothing where its parent was
// deleted, as Slack does, and the parent's where a reply was named.
func (c *channel) threadFor(ts string) (string, error) {
	if ts == "" {
		return "", nil
	}
	parent := c.find(ts)
	switch {
	case parent == nil || parent.Ephemeral != "":
		return "", no("thread_not_found")
	case parent.Deleted:
		return "", nil
	case parent.Thread != "":
		return parent.Thread, nil
	}
	return ts, nil
}

func (s *Server) postMessage(c call) (answer, error) {
	ch, err := s.channelFor(c.args["channel"])
	if err != nil {
		return nil, err
	}
	thread, err := ch.threadFor(c.args["thread_ts"])
	if err != nil {
		return nil, err
	}
	m, err := s.compose(c.args, thread)
	if err != nil {
		return nil, err
	}
	m.TS = s.ts()
	ch.lastPost = time.Now()
	ch.messages = append(ch.messages, m)
	return answer{"channel": ch.id, "ts": m.TS, "message": answer{"type": "message", "ts": m.TS, "bot_id": botID, "user": Bot, "text": m.Fallback, "blocks": []answer{{"type": "unknown_to_all"}}}}, nil
}

func (s *Server) postEphemeral(c call) (answer, error) {
	ch, err := s.channelFor(c.args["channel"])
	if err != nil {
		return nil, err
	}
	if !ch.members[c.args["user"]] {
		return nil, no("user_not_in_channel")
	}
	thread, err := ch.threadFor(c.args["thread_ts"])
	if err != nil {
		return nil, err
	}
	m, err := s.compose(c.args, thread)
	if err != nil {
		return nil, err
	}
	m.TS, m.Ephemeral = s.ts(), c.args["user"]
	ch.messages = append(ch.messages, m)
	return answer{"message_ts": m.TS}, nil
}

func (s *Server) updateMessage(c call) (answer, error) {
	m, err := s.ownMessage(c, "cant_update_message")
	if err != nil {
		return nil, err
	}
	changed, err := s.compose(c.args, m.Thread)
	if err != nil {
		return nil, err
	}
	m.Text, m.Fallback, m.Buttons, m.Live, m.Edited = changed.Text, changed.Fallback, changed.Buttons, changed.Live, true
	return answer{"channel": m.Channel, "ts": m.TS, "text": m.Fallback}, nil
}

func (s *Server) deleteMessage(c call) (answer, error) {
	m, err := s.ownMessage(c, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	m.Deleted = true
	return answer{"channel": m.Channel, "ts": m.TS}, nil
}

// ownMessage returns the app's message a call names; what only one person sees
// cannot be named.
func (s *Server) ownMessage(c call, foreign string) (*Message, error) {
	ch := s.channels[c.args["channel"]]
	if ch == nil {
		return nil, no("channel_not_found")
	}
	m := ch.find(c.args["ts"])
	switch {
	case m == nil || m.Deleted || m.Ephemeral != "":
		return nil, no("message_not_found")
	case m.User != Bot:
		return nil, no(foreign)
	case ch.archived:
		return nil, no("is_inactive")
	}
	return m, nil
}
