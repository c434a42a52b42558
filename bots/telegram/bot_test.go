package telegram

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

func TestOptions(t *testing.T) {
	good := func(change func(*Options)) *Options {
		o, ok := Kind().Options().(*Options)
		if !ok {
			t.Fatal("Options is no *Options")
		}
		o.Token = telegramtest.DefaultToken
		change(o)
		return o
	}
	for name, c := range map[string]struct {
		options *Options
		key     string
	}{
		"defaults":        {good(func(*Options) {}), ""},
		"local server":    {good(func(o *Options) { o.APIURL = "http://127.0.0.1:8081/" }), ""},
		"no token":        {good(func(o *Options) { o.Token = "" }), "token"},
		"not a token":     {good(func(o *Options) { o.Token = "1:a/../b" }), "token"},
		"address":         {good(func(o *Options) { o.APIURL = "api.telegram.org" }), "api_url"},
		"percent":         {good(func(o *Options) { o.APIURL = "https://x.example.com/%s" }), "api_url"},
		"poll":            {good(func(o *Options) { o.Poll = time.Millisecond }), "poll"},
		"zero expiry":     {good(func(o *Options) { o.Expire = 0 }), "expire"},
		"endless timeout": {good(func(o *Options) { o.Timeout = time.Hour }), "timeout"},
	} {
		problems := c.options.Validate()
		if c.key == "" && len(problems) != 0 || c.key != "" && (len(problems) != 1 || problems[0].Key != c.key) {
			t.Errorf("%s: %v, want one about %q", name, problems, c.key)
		}
		env, _ := bottest.NewEnv(t, &bottest.Inbox{})
		if _, err := Kind().New(env, c.options); (err != nil) != (c.key != "") {
			t.Errorf("%s: New says %v", name, err)
		}
		if strings.Contains(fmt.Sprint(problems), c.options.Token) && c.options.Token != "" {
			t.Errorf("%s: the token shows", name)
		}
	}
	env, _ := bottest.NewEnv(t, &bottest.Inbox{})
	if _, err := Kind().New(env, "x"); err == nil {
		t.Error("options of another kind pass")
	}
}

func findings(t *testing.T, p *platform) string {
	t.Helper()
	doctor, ok := p.bot.(bots.Doctor)
	if !ok {
		t.Fatal("no Doctor")
	}
	var lines []string
	for _, f := range doctor.Doctor(t.Context()) {
		bottest.CheckFinding(t, f)
		lines = append(lines, fmt.Sprint(f.OK, " ", f.Text, " ", f.Do))
	}
	all := strings.Join(lines, "\n")
	if strings.Contains(all, p.fake.Token()) {
		t.Error("a finding holds the token")
	}
	return all
}

func TestDoctor(t *testing.T) {
	p, _ := idle(t)
	if got := findings(t, p); strings.Contains(got, "false") || !strings.Contains(got, "@huiyin_bot") {
		t.Errorf("all is well, and it says\n%s", got)
	}
	p.fake.SetPrivacy(true)
	if got := findings(t, p); !strings.Contains(got, "#反馈") || !strings.Contains(got, "/setprivacy") {
		t.Errorf("privacy mode: %s", got)
	}
	p.fake.SetWebhook("https://other.example.com/hook")
	if got := findings(t, p); !strings.Contains(got, "deleteWebhook") {
		t.Errorf("webhook: %s", got)
	}
	p.fake.Fail("getMe", telegramtest.Fault{Code: 401, Description: "Unauthorized"})
	if got := findings(t, p); !strings.Contains(got, "@BotFather") {
		t.Errorf("token: %s", got)
	}
	p.fake.Close()
	if got := findings(t, p); !strings.Contains(got, "连不上") || !strings.Contains(got, "api_url") {
		t.Errorf("no server: %s", got)
	}
}

func TestLimitOfOneChatAndOfTheBot(t *testing.T) {
	p, _ := idle(t)
	p.fake.Fail("sendMessage", telegramtest.Fault{Times: 3, Code: 429, RetryAfter: 5, Description: "Too Many Requests: retry after 5"})
	var scopes []bots.Scope
	for _, chat := range []string{p.Group(), p.Group(), p.Private()} {
		_, err := p.bot.Send(t.Context(), bots.Post{Chat: chat, Text: "x"})
		var se *bots.SendError
		if se, _ = err.(*bots.SendError); se == nil || se.Fate != bots.Limited || se.RetryAfter != 5*time.Second { //nolint:errorlint // Send promises the type itself
			t.Fatalf("%v", err)
		}
		scopes = append(scopes, se.Scope)
	}
	if fmt.Sprint(scopes) != "[chat chat bot]" {
		t.Errorf("scopes %v", scopes)
	}
}

// Nothing that Telegram or the network says may carry the token or what was sent.
func TestNoErrorHoldsTheToken(t *testing.T) {
	p, log := idle(t)
	token := p.fake.Token()
	for _, f := range []telegramtest.Fault{
		{Reset: true}, {Drop: true}, {Truncate: true}, {Status: http.StatusFound}, {Status: http.StatusBadGateway}, {Late: timeout + time.Second},
		{Code: 400, Description: "Bad Request: url 'https://x/bot" + token + "/x' is wrong, " + `"` + token + `"` + " 您好"},
	} {
		p.fake.Fail("send", f)
		_, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Text: "您好"})
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); err == nil || strings.Contains(text, token) || strings.Contains(text, "您好") || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%+v: %s", f, text)
		}
	}
	if strings.Contains(log.String(), token) {
		t.Error("the log holds the token")
	}
	p, log = idle(t) // a bot without a connection from before
	p.fake.Close()
	_, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Text: "您好", Files: []bots.Attached{photo}})
	if bots.FateOf(err) != bots.Unsent || strings.Contains(fmt.Sprintf("%+v", err), token) {
		t.Errorf("no server: %v", err)
	}
	if strings.Contains(log.String(), token) {
		t.Error("the log holds the token")
	}
}

// Lost answers: each post is taken once, each is told as uncertain, none is
// sent again by the connector or by Go's transport.
func TestLostAnswersAreNeverRepeated(t *testing.T) {
	p, _ := idle(t)
	const posts = 100
	for i := range posts {
		fault := telegramtest.Fault{Drop: true}
		if i%2 == 0 {
			fault = telegramtest.Fault{Truncate: true}
		}
		p.fake.Fail("sendMessage", fault)
		_, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Text: fmt.Sprint("结案 ", i)})
		if bots.FateOf(err) != bots.Uncertain {
			t.Fatalf("post %d: %v", i, err)
		}
		if i%3 == 0 { // leave a connection open for the next to find
			if _, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Group(), Text: "卡片"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	seen := map[string]int{}
	for _, m := range p.fake.FromBot(lilei) {
		seen[m.Text]++
	}
	for text, n := range seen {
		if n != 1 {
			t.Errorf("%s was sent %d times", text, n)
		}
	}
	if len(seen) != posts {
		t.Errorf("%d of %d posts were taken", len(seen), posts)
	}
}
