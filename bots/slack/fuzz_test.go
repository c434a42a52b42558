package slack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/slack/slacktest"
)

// offline is a transport that reaches nobody.
type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("offline") }

// deaf returns a bot that can decode and lay out, and reaches nobody.
func deaf(t testing.TB) *bot {
	t.Helper()
	o, ok := Kind().Options().(*Options)
	if !ok {
		t.Fatal("options of another kind")
	}
	o.BotToken, o.AppToken = "xoxb-1", "xapp-1"
	made, err := newBot(bots.Env{
		Name: "hq", Inbox: &bottest.Inbox{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
		HTTP: &http.Client{Transport: offline{}}, Content: &http.Client{Transport: offline{}},
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	b, ok := made.(*bot)
	if !ok {
		t.Fatal("another bot")
	}
	b.self = slacktest.Bot
	return b
}

// FuzzDecode holds that no payload panics, and that an event that is made of
// one can be told apart, stored and answered.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"event":{"type":"message","channel":"C1","user":"U1","ts":"1700000000.000001","text":"<@U0HUIYIN> 认领 &lt;x&gt; <https://a.b|c> <#C1|d> <!here>","thread_ts":"1700000000.000000"}}`,
		`{"event":{"type":"message","subtype":"message_changed","channel":"C1","message":{"user":"U1","ts":"1.1","text":"x","edited":{"ts":"1.2"}}}}`,
		`{"event":{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1.1","previous_message":null}}`,
		`{"event":{"type":"message","subtype":"file_share","channel":"D1","user":"U1","ts":"1.1","files":[null,{"id":"F1","url_private":"https://x","size":1e99,"duration_ms":-5}]}}`,
		`{"event":{"type":"member_joined_channel","user":"U0HUIYIN","channel":"C1","event_ts":"1.1"}}`,
		`{"event":{"type":"channel_id_changed","old_channel_id":"C1","new_channel_id":"C2"}}`,
		`{"event":{"type":"app_home_opened","tab":"messages","channel":"D1","user":"U1"}}`,
		`{"channel_id":"C1","user_id":"U1","trigger_id":"1.2","text":"认领 #1","response_url":"https://hooks.slack.com/x"}`,
		`{"type":"block_actions","channel":{"id":"C1"},"container":{"message_ts":"1.1","is_ephemeral":true},"user":{"id":"U1"},"actions":[{"value":"v","action_ts":"1.2"}]}`,
		`{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V1","callback_id":"huiyin","private_metadata":"{\"c\":\"C1\",\"d\":\"reply:1\"}","state":{"values":{"text":{"text":{"type":"plain_text_input","value":"好"}},"boxes":{"boxes":{"type":"checkboxes","selected_options":[{"value":"x"}]}}}}}}`,
		`{"event":null}`, `null`, `[]`, `{"type":5}`, `{`,
	} {
		for _, kind := range []string{"events_api", "slash_commands", "interactive"} {
			f.Add(kind, []byte(seed))
		}
	}
	b := deaf(f)
	f.Fuzz(func(t *testing.T, kind string, payload []byte) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r, err := b.decode(ctx, kind, payload)
		if r == nil {
			return
		}
		e := r.event
		if err != nil || e.Key == "" || e.Type == "" || e.Chat.ID == "" || e.At.IsZero() || len(e.Raw) > maxRaw || r.origin.chat == "" && e.Type != bots.OnMoved {
			t.Errorf("%+v, %v", e, err)
		}
		if !utf8.ValidString(e.Text) || !utf8.ValidString(e.Payload) {
			t.Errorf("not valid UTF-8: %q", e.Text)
		}
		if e.Type == bots.OnMessage && !e.Slash && (e.MessageID == "" || e.From.ID == "" || e.From.ID == slacktest.Bot) {
			t.Errorf("a message without its author or id: %+v", e)
		}
		for _, a := range e.Attachments {
			if a.Ref == "" || a.Kind == "" {
				t.Errorf("an attachment nobody can fetch: %+v", a)
			}
		}
	})
}

// FuzzRender holds that Slack takes whatever is laid out, that it notifies
// nobody and that nothing in it is live.
func FuzzRender(f *testing.F) {
	for _, text := range bottest.Hostile() {
		f.Add(text, "认领", "claim:1", "https://board.example.com/i/1")
	}
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, text, button, data, address string) {
		buttons := [][]bots.Button{{{Text: button, Data: data}, {Text: text, URL: address}, {Text: button, Data: text, Style: bots.Danger}}}
		card := bots.Card{Item: 1, Head: text, State: text, Quote: text, Lines: []string{text, "", text}, Tone: bots.Amber, Plain: text, Buttons: buttons}
		for _, p := range []bots.Post{{Text: text, Buttons: buttons}, {Card: &card}, {Text: "好" + text}} {
			l := layPost(p)
			if len(l.blocks) == 0 {
				continue
			}
			blocks, err := json.Marshal(l.blocks)
			if err != nil {
				t.Fatal(err)
			}
			m, err := slacktest.Check(string(blocks), l.fallback)
			if err != nil {
				t.Fatalf("refused: %v\n%s", err, blocks)
			}
			if len(m.Notified) != 0 || len(m.Live) != 0 {
				t.Errorf("notified %v, live %v", m.Notified, m.Live)
			}
			if strings.TrimSpace(l.fallback) == "" {
				continue
			}
			if m, err = slacktest.Check("", l.fallback); err != nil || len(m.Notified) != 0 || len(m.Live) != 0 {
				t.Errorf("alone the fallback %q: notified %v, live %v, %v", l.fallback, m.Notified, m.Live, err)
			}
		}
	})
}

// FuzzDialog holds that Slack opens whatever form is laid out, and that its
// place comes back.
func FuzzDialog(f *testing.F) {
	f.Add("回复 #128", "写给客户的话", "提示", "您好", "发送", "不评价", 4)
	f.Add("", "", strings.Repeat("长", 3000), strings.Repeat("值", 4000), strings.Repeat("发", 30), strings.Repeat("选", 100), -1)
	f.Add("\u200b", "\x00", "\n", "\r\n", "\t", "\xff", 1<<40)
	f.Fuzz(func(t *testing.T, title, label, hint, value, submit, option string, least int) {
		d := bots.Dialog{Title: title, Label: label, Hint: hint, Value: value, Submit: submit, Data: "reply:128", Min: least, Options: []bots.Option{{Name: "x", Text: option}, {Name: option, Text: title}}}
		view, err := layDialog(d, place{Data: d.Data, Chat: "C1", Thread: "1.1"})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(view)
		if err != nil {
			t.Fatal(err)
		}
		v, err := slacktest.CheckView(string(raw))
		if err != nil {
			t.Fatalf("refused: %v\n%s", err, raw)
		}
		if p, err := readPlace(v.Metadata); err != nil || p.Data != d.Data || p.Chat != "C1" || p.Thread != "1.1" {
			t.Errorf("the place came back as %+v, %v", p, err)
		}
	})
}

// FuzzReadable holds that reading markup never panics, stays valid UTF-8 and
// gives back what was escaped.
func FuzzReadable(f *testing.F) {
	for _, text := range bottest.Hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		if got, mentions := readable(escape(text), nobody{}); got != text || len(mentions) != 0 {
			t.Errorf("%q came back as %q, mentions %v", text, got, mentions)
		}
		if got, _ := readable(text, nobody{}); !utf8.ValidString(got) {
			t.Errorf("%q became invalid: %q", text, got)
		}
		withoutLeadingMention(text, "U1")
	})
}

func TestReadable(t *testing.T) {
	for raw, want := range map[string]string{
		"<@U1|李雷> 你好":                                 "@李雷 你好",
		"<@U2>":                                       "@王芳",
		"<@U9>":                                       "@U9",
		"<#C1|general> <#C2> <#C2|>":                  "#general #客服 #客服",
		"<!here> <!channel|渠道> <!everyone>":           "@here @渠道 @everyone",
		"<!subteam^S1|@care> <!subteam^S1>":           "@care @S1",
		"<!date^1392734382^{date}|2月18日>":             "2月18日",
		"<https://a.example.com/?x=1&amp;y=2>":        "https://a.example.com/?x=1&y=2",
		"<https://a.example.com/|a.example.com>":      "a.example.com",
		"<https://evil.example.net|bank.example.com>": "bank.example.com (https://evil.example.net)",
		"<mailto:a@example.com|a@example.com>":        "a@example.com",
		"<tel:+8613800138000|13800138000>":            "13800138000 (tel:+8613800138000)",
		"1 &lt; 2 &amp;&amp; 3 &gt; 2 &amp;lt;":       "1 < 2 && 3 > 2 &lt;",
		"a < b":                                       "a < b",
		"<>":                                          "",
	} {
		if got, _ := readable(raw, book{}); got != want {
			t.Errorf("%q reads %q, want %q", raw, got, want)
		}
	}
}

// The one field that Slack interprets holds nothing that it could act on.
func TestInert(t *testing.T) {
	for text, want := range map[string]string{
		"<!channel> <@U1> <https://a.example|b>": "&lt;!channel&gt; &lt;@\u2060U1&gt; &lt;https://a.example|b&gt;",
		"a < b & c > d &lt;":                     "a &lt; b &amp; c &gt; d &amp;lt;",
		"@here #general :smile: #128 10:30":      "@\u2060here #\u2060general :\u2060smile: #128 10:\u206030",
	} {
		if got := inert(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	for _, text := range bottest.Hostile() {
		if got := inert(text); strings.ContainsAny(got, "<>") {
			t.Errorf("%q became %q, which Slack reads as markup", text, got)
		}
	}
}

// book knows two names.
type book struct{}

func (book) user(id string) string    { return map[string]string{"U2": "王芳"}[id] }
func (book) channel(id string) string { return map[string]string{"C2": "客服"}[id] }

func TestWithoutLeadingMention(t *testing.T) {
	for raw, want := range map[string]string{
		"<@U1> 认领 #12":         "认领 #12",
		"  <@U1|回音>：认领":        "认领",
		"<@U1>\u00a0\u3000，认领": "认领",
		"<@U1>\n第二行":           "\n第二行",
		"<@U2> 认领":             "<@U2> 认领",
		"请 <@U1> 看":            "请 <@U1> 看",
		"<@U1":                 "<@U1",
	} {
		if got := withoutLeadingMention(raw, "U1"); got != want {
			t.Errorf("%q became %q, want %q", raw, got, want)
		}
	}
	if got := withoutLeadingMention("<@> x", ""); got != "<@> x" {
		t.Errorf("without knowing itself it took %q", got)
	}
}

func TestTimeOf(t *testing.T) {
	if got := timeOf("1700000000.000100"); !got.Equal(time.Unix(1700000000, 100_000)) {
		t.Error(got)
	}
	for _, bad := range []string{"", "F000001", ".", "-5.0", "99999999999999999999", "x.y"} {
		if !timeOf(bad).IsZero() {
			t.Errorf("%q passes for a time", bad)
		}
	}
}

// The directory keeps no more than its size and asks again in time.
func TestDirectory(t *testing.T) {
	now := time.Unix(1700000000, 0)
	asked, fail := 0, false
	d := newDirectory(func() time.Time { return now }, func(context.Context, string) (string, error) {
		asked++
		if fail {
			return "", errors.New("no")
		}
		return "李雷", nil
	})
	find := func(want string, times int) {
		t.Helper()
		if got := d.find(context.Background(), "U1"); got != want || asked != times {
			t.Errorf("found %q after %d questions, want %q after %d", got, asked, want, times)
		}
	}
	find("李雷", 1)
	find("李雷", 1)
	now, fail = now.Add(knownFor+time.Second), true
	find("李雷", 2) // what was known is better than nothing
	now, fail = now.Add(unknownFor+time.Second), false
	find("李雷", 3)
	for i := range 2 * directorySize {
		d.find(context.Background(), string(rune('一'+i)))
	}
	if n := len(d.known); n > directorySize {
		t.Errorf("%d names kept", n)
	}
}

func TestNextPause(t *testing.T) {
	drop := errors.New("closed")
	for _, c := range []struct {
		last  time.Duration
		err   error
		lived time.Duration
		want  time.Duration
	}{
		{0, drop, time.Second, time.Second},
		{time.Second, drop, time.Second, 2 * time.Second},
		{50 * time.Second, drop, time.Second, time.Minute},
		{time.Minute, drop, time.Hour, time.Millisecond},
		{0, errRenew, time.Second, time.Millisecond},
		{time.Millisecond, errRenew, time.Second, time.Second},
		{time.Second, &bots.SendError{Fate: bots.Limited, RetryAfter: 30 * time.Second}, 0, 30 * time.Second},
	} {
		if got := nextPause(c.last, c.err, c.lived, time.Minute); got != c.want {
			t.Errorf("after %s, %v and %s: %s, want %s", c.last, c.err, c.lived, got, c.want)
		}
	}
}

// Pauses are spread, but never to before the time that Slack asked for.
func TestSlacksOwnTimeIsWaitedOut(t *testing.T) {
	limited := &bots.SendError{Fate: bots.Limited, RetryAfter: 30 * time.Second}
	for range 200 {
		if got := waitBefore(nextPause(0, limited, 0, time.Minute), limited); got < 30*time.Second || got > 40*time.Second {
			t.Fatalf("asked to wait 30s it waits %s", got)
		}
		if got := waitBefore(30*time.Second, errRenew); got < 15*time.Second || got > 30*time.Second {
			t.Fatalf("a pause of 30s became %s", got)
		}
	}
}

// A workspace that moves into an organisation takes hours: nobody asks each
// second whether it is there.
func TestAWorkspaceThatMovesIsLeftAlone(t *testing.T) {
	var se *bots.SendError
	if err := judgeCode("chat.postMessage", "team_added_to_org"); !errors.As(err, &se) || se.Fate != bots.Limited || se.Scope != bots.ScopeBot || se.RetryAfter < time.Minute {
		t.Errorf("%+v", se)
	}
}

func TestTrustedHosts(t *testing.T) {
	trusted := trustHosts("http://127.0.0.1:8080/api/")
	for address, want := range map[string]bool{
		"http://127.0.0.1:8080/files/x": true, "https://files.slack.com/x": true, "https://hooks.slack.com/x": true, "https://slack-gov.com/": true,
		"https://127.0.0.1:8080/": false, "http://127.0.0.1:8081/": false, "http://files.slack.com/x": false, "https://slack.com.evil.example.net/": false,
		"https://evilslack.com/": false, "https://user@files.slack.com/": false, "//files.slack.com/": false, "": false, "%": false, "javascript:alert(1)": false,
	} {
		if trusted.has(address) != want {
			t.Errorf("%q: %v", address, !want)
		}
	}
}
