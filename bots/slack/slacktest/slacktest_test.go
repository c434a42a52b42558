package slacktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// The fake must refuse what Slack refuses: one that takes everything proves
// nothing.

func TestBlocksAreValidated(t *testing.T) {
	section := func(kind, text, more string) string {
		return fmt.Sprintf(`[{"type":"section","text":{"type":%q,"text":%q%s}}]`, kind, text, more)
	}
	button := func(fields string) string {
		return `[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"认领","emoji":false}` + fields + `}]}]`
	}
	rich := func(elements string) string {
		return `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + elements + `]}]}]`
	}
	for name, blocks := range map[string]string{
		"no array":            `{}`,
		"unknown block":       `[{"type":"carousel"}]`,
		"unknown field":       `[{"type":"divider","colour":"red"}]`,
		"missing text":        `[{"type":"section"}]`,
		"empty text":          section("plain_text", "", ""),
		"long section":        section("plain_text", strings.Repeat("长", 3001), ""),
		"long section, emoji": section("plain_text", strings.Repeat("👍", 1501), ""),
		"mrkdwn with emoji":   section("mrkdwn", "x", `,"emoji":true`),
		"plain with verbatim": section("plain_text", "x", `,"verbatim":true`),
		"long header":         `[{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("头", 151) + `"}}]`,
		"markup in a header":  `[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`,
		"too many blocks":     "[" + strings.Repeat(`{"type":"divider"},`, 50) + `{"type":"divider"}]`,
		"no elements":         `[{"type":"actions","elements":[]}]`,
		"26 buttons":          `[{"type":"actions","elements":[` + strings.Repeat(`{"type":"button","text":{"type":"plain_text","text":"x"}},`, 25) + `{"type":"button","text":{"type":"plain_text","text":"x"}}]}]`,
		"long button":         `[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"` + strings.Repeat("按", 76) + `"}}]}]`,
		"long value":          button(`,"value":"` + strings.Repeat("v", 2001) + `"`),
		"bad url":             button(`,"url":"javascript:alert(1)"`),
		"bad style":           button(`,"style":"warning"`),
		"same action twice":   `[{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"x"}},{"type":"button","action_id":"a","text":{"type":"plain_text","text":"y"}}]}]`,
		"null button":         `[{"type":"actions","elements":[null]}]`,
		"empty rich text":     rich(`{"type":"text","text":""}`),
		"nothing in it":       `[{"type":"rich_text","elements":[]}]`,
		"bad link":            rich(`{"type":"link","url":"/i/1"}`),
		"unknown element":     rich(`{"type":"bold","text":"x"}`),
		"all too long":        rich(`{"type":"text","text":"` + strings.Repeat("长", 13001) + `"}`),
	} {
		if _, err := Check(blocks, "x"); err == nil {
			t.Errorf("%s is taken: %.120s", name, blocks)
		}
	}
	for name, blocks := range map[string]string{
		"section": section("plain_text", strings.Repeat("长", 3000), `,"emoji":false`),
		"context": `[{"type":"context","elements":[{"type":"plain_text","text":"x","emoji":false}]},{"type":"divider"}]`,
		"button":  button(`,"value":"v","url":"https://a.example.com/","style":"danger","action_id":"a"`),
		"rich":    rich(`{"type":"text","text":"x","style":{"bold":true}},{"type":"link","url":"https://a.example.com/"}`),
	} {
		if _, err := Check(blocks, "x"); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
	if _, err := Check("", ""); err == nil {
		t.Error("a message without anything is taken")
	}
	if _, err := Check("", strings.Repeat("x", 40001)); err == nil {
		t.Error("a text beyond all measure is taken")
	}
}

func TestMarkupIsRead(t *testing.T) {
	mrkdwn := func(s string) string {
		raw, err := json.Marshal([]map[string]any{{"type": "section", "text": map[string]string{"type": "mrkdwn", "text": s}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for _, c := range []struct {
		blocks, text     string
		notified, living int
	}{
		{"", "<!channel> <!here>", 2, 2},
		{"", "<@U1> <!subteam^S1>", 2, 2},
		{"", "<https://evil.example.net|bank>", 0, 1},
		{"", "<#C1|care> :smile:", 0, 2},
		{"", "&lt;!channel&gt; @here", 0, 0},
		{mrkdwn("<!channel> https://a.example.com :smile:"), "x", 1, 3},
		{`[{"type":"section","text":{"type":"plain_text","text":"<!channel> https://a.example.com :smile:"}}]`, "x", 0, 1},
		{`[{"type":"section","text":{"type":"plain_text","text":":smile: <!channel>","emoji":false}}]`, "x", 0, 0},
		{`[{"type":"section","text":{"type":"plain_text","text":"x"}}]`, "<!channel>", 1, 0},
		{`[{"type":"rich_text","elements":[{"type":"rich_text_quote","elements":[{"type":"text","text":"<!channel> https://a.example.com :smile:"}]}]}]`, "x", 0, 0},
		{`[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"user","user_id":"U1"},{"type":"broadcast","range":"here"},{"type":"usergroup","usergroup_id":"S1"},{"type":"emoji","name":"x"},{"type":"channel","channel_id":"C1"}]}]}]`, "x", 3, 3},
	} {
		m, err := Check(c.blocks, c.text)
		if err != nil || len(m.Notified) != c.notified || len(m.Live) != c.living {
			t.Errorf("%s %q: notified %v, live %v, %v", c.blocks, c.text, m.Notified, m.Live, err)
		}
	}
	_, live, _ := interpret("看 https://a.example.com @李雷 #客服", interpretation{links: true, linkNames: true})
	if len(live) != 3 {
		t.Errorf("with links and names: %v", live)
	}
}

func TestViewsAreValidated(t *testing.T) {
	view := func(title, more string) string {
		return `{"type":"modal","title":{"type":"plain_text","text":"` + title + `"},"submit":{"type":"plain_text","text":"发送"},"blocks":[{"type":"input","block_id":"b","label":{"type":"plain_text","text":"话"},"element":{"type":"plain_text_input","action_id":"a"` + more + `}}]}`
	}
	if _, err := CheckView(view("回复", `,"min_length":4,"max_length":3000`)); err != nil {
		t.Error(err)
	}
	for name, v := range map[string]string{
		"no object":     `[]`,
		"long title":    view(strings.Repeat("题", 25), ""),
		"no title":      view("", ""),
		"long value":    view("x", `,"initial_value":"`+strings.Repeat("值", 3001)+`"`),
		"negative":      view("x", `,"min_length":-1`),
		"crossed":       view("x", `,"min_length":10,"max_length":5`),
		"too long":      view("x", `,"max_length":3001`),
		"unknown field": view("x", `,"rows":3`),
		"no submit":     strings.Replace(view("x", ""), `"submit"`, `"close"`, 1),
		"no blocks":     `{"type":"modal","title":{"type":"plain_text","text":"x"},"submit":{"type":"plain_text","text":"y"},"blocks":[]}`,
		"long metadata": strings.Replace(view("x", ""), `"type":"modal"`, `"type":"modal","private_metadata":"`+strings.Repeat("m", 3001)+`"`, 1),
	} {
		if _, err := CheckView(v); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// client calls the fake's Web API.
type client struct {
	*testing.T
	s *Server
}

func start(t *testing.T, o Options) client {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.AddUser("U1", "李雷")
	s.AddUser("U2", "王芳")
	s.AddChannel("C1", "care", "U1")
	return client{t, s}
}

// call calls a method and returns its answer; status 429 is the error "429".
func (c client) call(method, token string, args ...string) map[string]any {
	c.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	req, err := http.NewRequest(http.MethodPost, c.s.URL()+method, strings.NewReader(form.Encode()))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests {
		if resp.Header.Get("Retry-After") == "" {
			c.Error("429 without Retry-After")
		}
		return map[string]any{"error": "429"}
	}
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		c.Fatal(err)
	}
	return answer
}

func (c client) wants(code string, answer map[string]any) {
	c.Helper()
	if got, _ := answer["error"].(string); got != code {
		c.Errorf("answered %v, want error %q", answer, code)
	}
}

func TestWebAPIRefusals(t *testing.T) {
	c := start(t, Options{})
	c.wants("not_authed", c.call("auth.test", ""))
	c.wants("invalid_auth", c.call("auth.test", "xoxb-other"))
	c.wants("not_allowed_token_type", c.call("auth.test", AppToken))
	c.wants("not_allowed_token_type", c.call("apps.connections.open", BotToken))
	c.wants("unknown_method", c.call("chat.shout", BotToken))
	c.wants("invalid_arguments", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "x", "colour", "red"))
	c.wants("channel_not_found", c.call("chat.postMessage", BotToken, "channel", "C9", "text", "x"))
	c.wants("no_text", c.call("chat.postMessage", BotToken, "channel", "C1"))
	c.wants("thread_not_found", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "x", "thread_ts", "1.1"))
	c.wants("invalid_metadata_format", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "x", "metadata", `{"event_type":"x"}`))
	c.wants("user_not_in_channel", c.call("chat.postEphemeral", BotToken, "channel", "C1", "user", "U2", "text", "x"))
	c.wants("message_not_found", c.call("chat.update", BotToken, "channel", "C1", "ts", "1.1", "text", "x"))
	theirs := c.s.Says("U1", "C1", "我的")
	c.wants("cant_update_message", c.call("chat.update", BotToken, "channel", "C1", "ts", theirs, "text", "x"))
	c.wants("cant_delete_message", c.call("chat.delete", BotToken, "channel", "C1", "ts", theirs))
	c.wants("invalid_trigger_id", c.call("views.open", BotToken, "trigger_id", "x", "view", "{}"))
	c.wants("user_not_found", c.call("users.info", BotToken, "user", "U9"))
	c.wants("file_not_found", c.call("files.completeUploadExternal", BotToken, "channel_id", "C1", "files", `[{"id":"F9"}]`))
	c.s.Removes("U1", "C1")
	c.wants("not_in_channel", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "x"))
	c.s.Invites("U1", "C1")
	c.s.Archives("U1", "C1")
	c.wants("is_archived", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "x"))
	if c.s.Refused("not_in_channel") != 1 {
		t.Error("refusals are not counted")
	}
}

func TestRateIsAChannels(t *testing.T) {
	c := start(t, Options{Rate: time.Minute})
	c.s.AddChannel("C2", "other")
	c.wants("", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "一"))
	c.wants("429", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "二"))
	c.wants("", c.call("chat.postMessage", BotToken, "channel", "C2", "text", "三"))
	c.s.RateLimit(-1)
	c.wants("", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "四"))
	if n := len(c.s.Messages("C1")); n != 2 {
		t.Errorf("%d messages", n)
	}
}

func TestEphemeralsAreOnePersons(t *testing.T) {
	c := start(t, Options{})
	answer := c.call("chat.postEphemeral", BotToken, "channel", "C1", "user", "U1", "text", "只给你")
	ts, _ := answer["message_ts"].(string)
	if len(c.s.Messages("C1")) != 0 || len(c.s.Ephemerals("U1")) != 1 || len(c.s.Ephemerals("U2")) != 0 {
		t.Error("somebody else sees it, or nobody")
	}
	c.wants("message_not_found", c.call("chat.update", BotToken, "channel", "C1", "ts", ts, "text", "x"))
	if err := c.s.Presses("U2", "C1", ts, "x"); err == nil {
		t.Error("somebody else could press its buttons")
	}
}

// dial opens a socket.
func (c client) dial() *websocket.Conn {
	c.Helper()
	address, _ := c.call("apps.connections.open", AppToken)["url"].(string)
	ws, resp, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		c.Fatal(err)
	}
	_ = resp.Body.Close()
	c.Cleanup(func() { _ = ws.Close() })
	if _, _, err := websocket.DefaultDialer.Dial(address, nil); err == nil {
		c.Error("a ticket opens two sockets")
	}
	if f := read(c, ws); f["type"] != "hello" {
		c.Errorf("began with %v", f)
	}
	return ws
}

func read(c client, ws *websocket.Conn) map[string]any {
	c.Helper()
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	var frame map[string]any
	if err := ws.ReadJSON(&frame); err != nil {
		c.Fatal(err)
	}
	return frame
}

func TestEventsComeAgainUntilAcknowledged(t *testing.T) {
	// More attempts than a busy machine lets pass before it acknowledges one.
	c := start(t, Options{AckWithin: 50 * time.Millisecond, Retry: slices.Repeat([]time.Duration{0, 10 * time.Millisecond}, 500)})
	ws := c.dial()
	c.s.Says("U1", c.s.DM("U1"), "一")
	for attempt := range 2 {
		if f := read(c, ws); f["type"] != "events_api" || f["retry_attempt"] != float64(attempt) || c.s.Pending() != 1 {
			t.Errorf("attempt %d came as %v", attempt, f)
		}
	}
	last := read(c, ws)
	if err := ws.WriteJSON(map[string]any{"envelope_id": last["envelope_id"]}); err != nil {
		t.Fatal(err)
	}
	if !c.s.WaitFor(patience, func() bool { return c.s.Pending() == 0 }) || len(c.s.Lost()) != 0 {
		t.Errorf("pending %d, lost %v", c.s.Pending(), c.s.Lost())
	}
}

func TestEventsAreGivenUp(t *testing.T) {
	c := start(t, Options{AckWithin: 50 * time.Millisecond, Retry: []time.Duration{0, 10 * time.Millisecond}})
	c.dial()
	c.s.Says("U1", c.s.DM("U1"), "二")
	if !c.s.WaitFor(patience, func() bool { return len(c.s.Lost()) == 1 }) {
		t.Error("an event nobody acknowledges is never given up")
	}
}

// patience is how long what must come is waited for.
const patience = time.Minute

// A person's action is not tried again: Slack shows a warning.
func TestActionsComeOnce(t *testing.T) {
	c := start(t, Options{AckWithin: 50 * time.Millisecond, Retry: []time.Duration{0, 0, 0}})
	ws := c.dial()
	if err := c.s.Slash("U1", "C1", "待办"); err == nil {
		t.Error("no timeout")
	}
	if f := read(c, ws); f["type"] != "slash_commands" {
		t.Errorf("came as %v", f)
	}
	if !c.s.WaitFor(patience, func() bool { return c.s.Failures("U1") == 1 }) {
		t.Errorf("%d failures", c.s.Failures("U1"))
	}
}

func TestTriggersAndResponseURLs(t *testing.T) {
	command := func(c client, ws *websocket.Conn) (trigger, response string) {
		go func() { _ = c.s.Slash("U1", "C1", "待办") }()
		payload, _ := read(c, ws)["payload"].(map[string]any)
		trigger, _ = payload["trigger_id"].(string)
		response, _ = payload["response_url"].(string)
		return trigger, response
	}
	view := `{"type":"modal","title":{"type":"plain_text","text":"x"},"submit":{"type":"plain_text","text":"y"},"blocks":[{"type":"input","label":{"type":"plain_text","text":"话"},"element":{"type":"plain_text_input","action_id":"a"}}]}`
	short := start(t, Options{AckWithin: 50 * time.Millisecond, TriggerTTL: time.Nanosecond, Rate: -1})
	late, _ := command(short, short.dial())
	short.wants("expired_trigger_id", short.call("views.open", BotToken, "trigger_id", late, "view", view))
	c := start(t, Options{AckWithin: 50 * time.Millisecond, TriggerTTL: patience, Rate: -1})
	trigger, response := command(c, c.dial())
	c.wants("", c.call("views.open", BotToken, "trigger_id", trigger, "view", view))
	c.wants("exchanged_trigger_id", c.call("views.open", BotToken, "trigger_id", trigger, "view", view))
	for use := range 6 {
		resp, err := (&http.Client{}).Do(post(t, response, `{"text":"好","replace_original":false}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if (resp.StatusCode == http.StatusOK) != (use < 5) {
			t.Errorf("use %d of a response URL answers %d", use+1, resp.StatusCode)
		}
	}
	if n := len(c.s.Ephemerals("U1")); n != 5 {
		t.Errorf("%d answers shown", n)
	}
}

func post(t *testing.T, address, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, address, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req
}

// A deleted message takes no replies: Slack posts them beside it.
func TestThreadOfADeletedMessage(t *testing.T) {
	c := start(t, Options{Rate: -1})
	root, _ := c.call("chat.postMessage", BotToken, "channel", "C1", "text", "卡片")["ts"].(string)
	c.wants("", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "一", "thread_ts", root))
	c.wants("", c.call("chat.delete", BotToken, "channel", "C1", "ts", root))
	c.wants("", c.call("chat.postMessage", BotToken, "channel", "C1", "text", "二", "thread_ts", root))
	if n := len(c.s.Thread("C1", root)); n != 1 {
		t.Errorf("%d replies, want the one from before", n)
	}
}
