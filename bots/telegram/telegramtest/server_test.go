package telegramtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	ann = 11 // wrote to the bot
	bob = 12 // never did
)

// clock is a time that a test moves by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// stage starts a server with two people and a group that holds the bot.
func stage(t *testing.T, cfg Config) (*Server, int64) {
	t.Helper()
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.AddUser(User{ID: ann, First: "Ann", Username: "ann_a"})
	s.AddUser(User{ID: bob, First: "Bob"})
	group := s.AddGroup("Team", ann, bob)
	s.AddBotToGroup(ann, group)
	s.UserSays(ann, ann, "hello")
	s.Forget()
	return s, group
}

type answer struct {
	status int
	OK     bool            `json:"ok"`
	Code   int             `json:"error_code"`
	Says   string          `json:"description"`
	Result json.RawMessage `json:"result"`
	Params struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// ask makes a request with parameters in pairs.
func ask(t *testing.T, s *Server, method string, pairs ...string) answer {
	t.Helper()
	form := url.Values{}
	for ; len(pairs) >= 2; pairs = pairs[2:] {
		form.Set(pairs[0], pairs[1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.PostForm(s.URL()+"/bot"+s.Token()+"/"+method, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out := answer{status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRefusals(t *testing.T) {
	s, group := stage(t, Config{})
	team, private := fmt.Sprint(group), fmt.Sprint(ann)
	keys := func(button string) string { return `{"inline_keyboard":[[` + button + `]]}` }
	for _, c := range []struct {
		method string
		pairs  []string
		code   int
		says   string
	}{
		{"sendMessage", []string{"chat_id", private, "text", strings.Repeat("😀", 2048)}, 0, ""},
		{"sendMessage", []string{"chat_id", private, "text", strings.Repeat("😀", 2048) + "x"}, 400, "too long"},
		{"sendMessage", []string{"chat_id", private, "text", " \u200b\n"}, 400, "empty"},
		{"sendMessage", []string{"chat_id", private, "text", "\xff"}, 400, "UTF-8"},
		{"sendMessage", []string{"chat_id", private, "text", "x", "parse_mode", "HTML"}, 400, "parse"},
		{"sendMessage", []string{"chat_id", private, "text", "a😀", "entities", `[{"type":"bold","offset":1,"length":2}]`}, 0, ""},
		{"sendMessage", []string{"chat_id", private, "text", "a😀", "entities", `[{"type":"bold","offset":1,"length":1}]`}, 400, "ENTITY_BOUNDS"},
		{"sendMessage", []string{"chat_id", private, "text", "a😀", "entities", `[{"type":"bold","offset":0,"length":4}]`}, 400, "ENTITY_BOUNDS"},
		{"sendMessage", []string{"chat_id", private, "text", "abcd", "entities", `[{"type":"bold","offset":0,"length":2},{"type":"italic","offset":1,"length":2}]`}, 400, "overlap"},
		{"sendMessage", []string{"chat_id", private, "text", "abcd", "entities", `[{"type":"sparkle","offset":0,"length":2}]`}, 400, "unknown entity"},
		{"sendMessage", []string{"chat_id", private, "text", "x", "reply_markup", keys(`{"text":"a","callback_data":"` + strings.Repeat("d", 64) + `"}`)}, 0, ""},
		{"sendMessage", []string{"chat_id", private, "text", "x", "reply_markup", keys(`{"text":"a","callback_data":"` + strings.Repeat("d", 65) + `"}`)}, 400, "BUTTON_DATA"},
		{"sendMessage", []string{"chat_id", private, "text", "x", "reply_markup", keys(`{"text":"a","url":"http://localhost:8080"}`)}, 400, "BUTTON_URL"},
		{"sendMessage", []string{"chat_id", private, "text", "x", "reply_markup", keys(`{"text":"","callback_data":"d"}`)}, 400, "non-empty"},
		{"sendMessage", []string{"chat_id", private, "text", "x", "reply_markup", keys(`{"text":"a"}`)}, 400, "unallowed"},
		{"sendMessage", []string{"chat_id", "404", "text", "x"}, 400, "chat not found"},
		{"sendMessage", []string{"chat_id", "-404", "text", "x"}, 400, "chat not found"},
		{"sendMessage", []string{"chat_id", fmt.Sprint(bob), "text", "x"}, 403, "initiate"},
		{"sendMessage", []string{"chat_id", team, "text", "x", "reply_parameters", `{"message_id":99}`}, 400, "replied not found"},
		{"sendMessage", []string{"chat_id", team, "text", "x", "reply_parameters", `{"message_id":99,"allow_sending_without_reply":true}`}, 0, ""},
		{"editMessageText", []string{"chat_id", team, "message_id", "99", "text", "x"}, 400, "to edit not found"},
		{"editMessageText", []string{"chat_id", private, "message_id", "1", "text", "x"}, 400, "can't be edited"},
		{"deleteMessage", []string{"chat_id", team, "message_id", "99"}, 400, "to delete not found"},
		{"answerCallbackQuery", []string{"callback_query_id", "7"}, 400, "too old"},
		{"getFile", []string{"file_id", "x"}, 400, "file_id"},
		{"getFile", []string{"file_id", s.AddFile("x", nil, 20<<20+1)}, 400, "too big"},
		{"sendPhoto", []string{"chat_id", private, "photo", "x"}, 400, "no photo"},
		{"setMyCommands", []string{"commands", `[{"command":"认领","description":"x"}]`}, 400, "BOT_COMMAND_INVALID"},
		{"setMyCommands", []string{"commands", `[{"command":"claim","description":""}]`}, 400, "DESCRIPTION"},
		{"sendDice", []string{"chat_id", private}, 404, "Not Found"},
	} {
		got := ask(t, s, c.method, c.pairs...)
		if got.Code != c.code || !strings.Contains(got.Says, c.says) || got.OK != (c.code == 0) {
			t.Errorf("%s %.120q: %d %s, want %d %s", c.method, c.pairs, got.Code, got.Says, c.code, c.says)
		}
	}
	s.Blocks(ann)
	if got := ask(t, s, "sendMessage", "chat_id", private, "text", "x"); got.Code != 403 {
		t.Errorf("to somebody who stopped the bot: %+v", got)
	}
	grown := s.MigrateGroup(group)
	if got := ask(t, s, "sendMessage", "chat_id", team, "text", "x"); got.Code != 400 || got.Params.MigrateTo != grown {
		t.Errorf("to a group that grew: %+v", got)
	}
	s.RemoveBotFromGroup(ann, grown)
	if got := ask(t, s, "sendMessage", "chat_id", fmt.Sprint(grown), "text", "x"); got.Code != 403 {
		t.Errorf("to a group without the bot: %+v", got)
	}
	client := &http.Client{}
	resp, err := client.Get(s.URL() + "/bot1:wrong/getMe")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong token: %d", resp.StatusCode)
	}
}

func TestEditsAndDeletes(t *testing.T) {
	c := &clock{t: time.Unix(1790000000, 0)}
	s, group := stage(t, Config{Now: c.now})
	team := fmt.Sprint(group)
	keys := `{"inline_keyboard":[[{"text":"a","callback_data":"d"}]]}`
	ask(t, s, "sendMessage", "chat_id", team, "text", "one", "reply_markup", keys)
	m := s.FromBot(group)[0]
	id := fmt.Sprint(m.ID)
	if got := ask(t, s, "editMessageText", "chat_id", team, "message_id", id, "text", "one", "reply_markup", keys); !strings.Contains(got.Says, "is not modified") {
		t.Errorf("the same again: %+v", got)
	}
	if got := ask(t, s, "editMessageText", "chat_id", team, "message_id", id, "text", "one"); !got.OK {
		t.Errorf("without buttons: %+v", got)
	}
	query, err := s.Presses(ann, group, m.ID, "a")
	if err == nil {
		t.Errorf("a button that is gone can be pressed: %s", query)
	}
	c.move(48*time.Hour - time.Second)
	ask(t, s, "sendMessage", "chat_id", team, "text", "two")
	c.move(time.Second)
	if got := ask(t, s, "deleteMessage", "chat_id", team, "message_id", id); !strings.Contains(got.Says, "can't be deleted") {
		t.Errorf("after 48 hours: %+v", got)
	}
	if got := ask(t, s, "deleteMessage", "chat_id", team, "message_id", fmt.Sprint(m.ID+1)); !got.OK {
		t.Errorf("a young message: %+v", got)
	}
	all := s.FromBot(group)
	if len(all[0].Edits) != 1 || len(all[0].Edits[0].Buttons) != 1 || all[0].Deleted || !all[1].Deleted {
		t.Errorf("%+v", all)
	}
}

func TestRates(t *testing.T) {
	c := &clock{t: time.Unix(1790000000, 0)}
	s, group := stage(t, Config{Now: c.now, Limits: true})
	send := func(chat int64) answer {
		t.Helper()
		return ask(t, s, "sendMessage", "chat_id", fmt.Sprint(chat), "text", "x")
	}
	for i := range 5 {
		if got := send(ann); !got.OK {
			t.Fatalf("message %d at once: %+v", i, got)
		}
	}
	if got := send(ann); got.Code != 429 || got.Params.RetryAfter != 5 {
		t.Errorf("the sixth at once: %+v", got)
	}
	for i := range 20 {
		c.move(time.Second)
		if got := send(group); !got.OK {
			t.Fatalf("message %d of the minute: %+v", i, got)
		}
	}
	if got := send(group); got.Code != 429 || got.Params.RetryAfter != 41 {
		t.Errorf("the 21st in a minute: %+v", got)
	}
	c.move(41 * time.Second)
	if got := send(group); !got.OK {
		t.Errorf("after the wait: %+v", got)
	}
	if s.TooMany() != 2 {
		t.Errorf("%d counted", s.TooMany())
	}
	for i := range 29 {
		s.AddUser(User{ID: int64(100 + i), First: "x"})
		s.UserSays(int64(100+i), int64(100+i), "hi")
		if got := send(int64(100 + i)); !got.OK {
			t.Fatalf("person %d: %+v", i, got)
		}
	}
	if got := send(ann); got.Code != 429 || got.Params.RetryAfter != 1 {
		t.Errorf("the 31st in a second: %+v", got)
	}
	s.SetLimits(false)
	if got := send(ann); !got.OK {
		t.Errorf("without limits: %+v", got)
	}
}

// ids returns the update ids of a poll's answer.
func ids(t *testing.T, a answer) string {
	t.Helper()
	var list []struct {
		ID int64 `json:"update_id"`
	}
	if err := json.Unmarshal(a.Result, &list); err != nil {
		t.Fatalf("%s: %v", a.Result, err)
	}
	var out []string
	for _, u := range list {
		out = append(out, fmt.Sprint(u.ID-700000000))
	}
	return strings.Join(out, " ")
}

func TestPolling(t *testing.T) {
	s, _ := stage(t, Config{})
	base := s.PushRaw(`{"update_id":%d}`)
	for range 3 {
		s.UserSays(ann, ann, "x")
	}
	first := ids(t, ask(t, s, "getUpdates"))
	if again := ids(t, ask(t, s, "getUpdates")); again != first || len(strings.Fields(first)) != 4 {
		t.Errorf("without an offset: %s, then %s", first, again)
	}
	if got := ids(t, ask(t, s, "getUpdates", "offset", fmt.Sprint(base+2), "limit", "1")); len(strings.Fields(got)) != 1 || s.Unconfirmed() != 2 {
		t.Errorf("from an offset: %s, %d unconfirmed", got, s.Unconfirmed())
	}
	if got := ids(t, ask(t, s, "getUpdates", "offset", "-1")); len(strings.Fields(got)) != 1 || s.Unconfirmed() != 1 {
		t.Errorf("from the end: %s", got)
	}
	s.Forget()
	older := make(chan answer)
	go func() { older <- ask(t, s, "getUpdates", "timeout", "20") }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	polling := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.poller != nil }
	if err := s.WaitFor(ctx, "the poll", polling); err != nil {
		t.Fatal(err)
	}
	newer := make(chan answer)
	go func() { newer <- ask(t, s, "getUpdates", "timeout", "20") }()
	if got := <-older; got.Code != http.StatusConflict {
		t.Errorf("the older poll: %+v", got)
	}
	s.UserSays(ann, ann, "wake up")
	if got := <-newer; !got.OK || ids(t, got) == "" {
		t.Errorf("the newer poll: %+v", got)
	}
	ask(t, s, "getUpdates", "offset", "-1", "allowed_updates", `["callback_query"]`)
	s.Forget()
	s.UserSays(ann, ann, "not asked for")
	if s.Unconfirmed() != 0 {
		t.Error("an update that was not asked for waits")
	}
	s.SetWebhook("https://example.com")
	if got := ask(t, s, "getUpdates"); got.Code != http.StatusConflict || !strings.Contains(got.Says, "webhook") {
		t.Errorf("beside a webhook: %+v", got)
	}
}

func TestPrivacyMode(t *testing.T) {
	s, group := stage(t, Config{Privacy: true})
	ask(t, s, "sendMessage", "chat_id", fmt.Sprint(group), "text", "card")
	card := s.FromBot(group)[0]
	s.UserSays(ann, group, "#反馈 hello")
	s.UserSays(ann, group, "@huiyin_bot hello")
	if s.Unconfirmed() != 0 {
		t.Errorf("%d heard that should not be", s.Unconfirmed())
	}
	s.UserSays(ann, group, "/claim")
	s.UserSays(ann, group, "note", ReplyingTo(card.ID))
	if s.Unconfirmed() != 2 {
		t.Errorf("%d heard of a command and a reply", s.Unconfirmed())
	}
}

func TestPresses(t *testing.T) {
	s, group := stage(t, Config{})
	ask(t, s, "sendMessage", "chat_id", fmt.Sprint(group), "text", "card", "reply_markup", `{"inline_keyboard":[[{"text":"a","callback_data":"d"}]]}`)
	id, err := s.Presses(ann, group, s.FromBot(group)[0].ID, "a")
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, "answerCallbackQuery", "callback_query_id", id, "text", strings.Repeat("字", 201)); got.OK {
		t.Error("201 characters are shown")
	}
	if got := ask(t, s, "answerCallbackQuery", "callback_query_id", id, "text", strings.Repeat("字", 200), "show_alert", "true"); !got.OK {
		t.Errorf("200 characters: %+v", got)
	}
	if got := ask(t, s, "answerCallbackQuery", "callback_query_id", id); got.OK {
		t.Error("answered twice")
	}
	if all := s.Answers(); len(all) != 1 || !all[0].Alert || all[0].User != ann {
		t.Errorf("%+v", all)
	}
}

func TestPingsAndLinks(t *testing.T) {
	s, group := stage(t, Config{})
	ask(t, s, "sendMessage", "chat_id", fmt.Sprint(group), "text", "@ann_a see https://evil.example.net /start", "link_preview_options", `{"is_disabled":true}`)
	ask(t, s, "sendMessage", "chat_id", fmt.Sprint(group), "text", "Bob https://a.cn", "entities", `[{"type":"text_mention","offset":0,"length":3,"user":{"id":12}},{"type":"text_link","offset":0,"length":3,"url":"https://b.cn"}]`)
	all := s.FromBot(group)
	if fmt.Sprint(all[0].Pings, len(all[0].Live), all[0].Preview) != "[11] 3 false" {
		t.Errorf("%v %q %v", all[0].Pings, all[0].Live, all[0].Preview)
	}
	if fmt.Sprint(all[1].Pings, all[1].Links, all[1].Preview) != "[12] [https://b.cn] true" {
		t.Errorf("%v %q %v", all[1].Pings, all[1].Links, all[1].Preview)
	}
	if s.Notified() != 2 {
		t.Errorf("%d notified", s.Notified())
	}
}

func TestFaults(t *testing.T) {
	s, _ := stage(t, Config{})
	send := func() (string, error) {
		client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.PostForm(s.URL()+"/bot"+s.Token()+"/sendMessage", url.Values{"chat_id": {fmt.Sprint(ann)}, "text": {"x"}})
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return fmt.Sprint(resp.StatusCode, " ", string(body)), err
	}
	for _, c := range []struct {
		name   string
		fault  Fault
		taken  int
		broken bool
		says   string
	}{
		{"refused", Fault{Code: 429, Description: "Too Many Requests", RetryAfter: 3}, 0, false, `429 {"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":3}}`},
		{"status", Fault{Status: 502}, 0, false, "502 <html>"},
		{"reset", Fault{Reset: true}, 0, true, ""},
		{"dropped", Fault{Drop: true}, 1, true, ""},
		{"truncated", Fault{Truncate: true}, 1, true, ""},
		{"late", Fault{Late: time.Millisecond, Delay: time.Millisecond}, 1, false, `200 {"ok":true`},
	} {
		before := len(s.FromBot(ann))
		s.Fail("send", c.fault)
		body, err := send()
		if (err != nil) != c.broken || !strings.HasPrefix(body, c.says) && !c.broken {
			t.Errorf("%s: %q %v", c.name, body, err)
		}
		if taken := len(s.FromBot(ann)) - before; taken != c.taken {
			t.Errorf("%s: %d taken, want %d", c.name, taken, c.taken)
		}
		if body, err := send(); err != nil || !strings.HasPrefix(body, "200") {
			t.Errorf("%s befalls a second request: %q %v", c.name, body, err)
		}
	}
	s.Fail("sendMessage", Fault{Times: -1, Status: 500})
	for range 3 {
		if body, err := send(); err != nil || !strings.HasPrefix(body, "500") {
			t.Errorf("%q %v", body, err)
		}
	}
	s.Heal()
	if body, err := send(); err != nil || !strings.HasPrefix(body, "200") {
		t.Errorf("after Heal: %q %v", body, err)
	}
}
