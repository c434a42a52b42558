package robot_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/robot"
	"github.com/huiyin/huiyin/bots/robot/robottest"
	"github.com/huiyin/huiyin/test/hostile"
)

// clock is a time that moves when told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// group is a robot in a group of one flavour.
type group struct {
	*robottest.Server
	bot   bots.Bot
	clock *clock
	log   *bottest.Log
}

func flavours() []string { return []string{"wecom", "feishu", "dingtalk"} }

// start makes a group and a bot for it; change may alter both sides.
func start(t *testing.T, flavour string, change func(*robottest.Options, *robot.Options)) group {
	t.Helper()
	c := &clock{now: time.Unix(1700000000, 0).UTC()}
	theirs := robottest.Options{Flavour: flavour, Now: c.Now}
	ours, ok := robot.Kind().Options().(*robot.Options)
	if !ok {
		t.Fatal("options of another kind")
	}
	ours.Flavour, ours.Timeout = flavour, 3*time.Second
	if change != nil {
		change(&theirs, ours)
	}
	s := robottest.Start(theirs)
	t.Cleanup(s.Close)
	if ours.URL == "" {
		ours.URL = s.URL()
	}
	env, log := bottest.NewEnv(t, &bottest.Inbox{})
	env.Now = c.Now
	bot, err := robot.Kind().New(env, ours)
	if err != nil {
		t.Fatal(err)
	}
	return group{Server: s, bot: bot, clock: c, log: log}
}

// send posts, with a minute between any two messages.
func (g group) send(t *testing.T, p bots.Post) robottest.Message {
	t.Helper()
	g.clock.add(time.Minute)
	if _, err := g.bot.Send(context.Background(), p); err != nil {
		t.Fatalf("%v: %.200q", err, p.Text)
	}
	all := g.Messages()
	return all[len(all)-1]
}

func card() *bots.Card {
	return &bots.Card{
		Item: 128, Head: "🔴 P0 #128 · 食品安全/异物 · 负面 · 投诉", State: "待认领", Tone: bots.Red,
		Quote: "芋泥奶茶里有条虫，孩子喝了一半肚子疼",
		Lines: []string{"Telegram 私聊 · 王** · 徐家汇店（华东）· 14:02", "14:12 前回复（剩 9 分）"},
		URL:   "https://board.example.com/i/128",
		Buttons: [][]bots.Button{
			{{Text: "认领", Data: "claim:128"}, {Text: "回复", Data: "reply:128"}},
			{{Text: "看原帖", URL: "https://weibo.example.com/1?a=b&c=d"}},
		},
	}
}

func TestCard(t *testing.T) {
	for _, flavour := range flavours() {
		t.Run(flavour, func(t *testing.T) {
			g := start(t, flavour, nil)
			want := "🔴 P0 #128 · 食品安全/异物 · 负面 · 投诉　　待认领\n「芋泥奶茶里有条虫，孩子喝了一半肚子疼」\n" +
				"Telegram 私聊 · 王** · 徐家汇店（华东）· 14:02\n14:12 前回复（剩 9 分）\n→ https://board.example.com/i/128\n看原帖 https://weibo.example.com/1?a=b&c=d"
			if m := g.send(t, bots.Post{Key: "card:128", Card: card()}); m.Text != want || len(m.Notified) != 0 || len(m.Live) != 2 {
				t.Errorf("shows\n%s\nnotified %v, live %v", m.Text, m.Notified, m.Live)
			}
			sent, err := g.bot.Send(context.Background(), bots.Post{Key: "card:129", Text: "二"})
			if err != nil || sent.ID != "card:129" {
				t.Errorf("%+v, %v", sent, err)
			}
		})
	}
}

// squeeze is a text as the eye sees it, without spaces.
func squeeze(s string) string { return strings.ReplaceAll(bottest.Visible(s), " ", "") }

// Whatever customers write, nobody is notified and nothing but the board's
// link can be tapped.
func TestHostileTexts(t *testing.T) {
	for _, flavour := range flavours() {
		t.Run(flavour, func(t *testing.T) {
			g := start(t, flavour, nil)
			all := bottest.Hostile()
			for _, c := range hostile.Corpus() {
				all = append(all, c.Text)
			}
			for _, text := range all {
				if bottest.Visible(text) == "" {
					continue
				}
				if m := g.send(t, bots.Post{Text: text}); len(m.Notified)+len(m.Live) != 0 {
					t.Errorf("%.80q: notified %v, live %v", text, m.Notified, m.Live)
				} else if len(text) < 1000 && squeeze(m.Text) != squeeze(text) {
					t.Errorf("%q became %q", text, m.Text)
				}
				c := card()
				c.Head, c.State, c.Quote, c.Lines, c.Buttons = "🔴 "+text, text, text, []string{text, text}, nil
				m := g.send(t, bots.Post{Card: c, Files: []bots.Attached{{Name: text}}})
				if len(m.Notified) != 0 || len(m.Live) > 1 || len(m.Links("board.example.com")) != 1 {
					t.Errorf("card of %.80q: notified %v, live %v", text, m.Notified, m.Live)
				}
			}
		})
	}
}

// A card beyond the limit loses its last lines, never the way to the board.
func TestLimits(t *testing.T) {
	for _, flavour := range flavours() {
		t.Run(flavour, func(t *testing.T) {
			g := start(t, flavour, nil)
			for _, unit := range []string{"a", "虫", "👨‍👩‍👧‍👦", "<", "&", "@a ", "https://a.example.com/ "} {
				for _, n := range []int{500, 700, 2100, 10_000} {
					c := card()
					c.Quote = strings.Repeat(unit, n)
					if m := g.send(t, bots.Post{Card: c}); !strings.HasPrefix(m.Text, c.Head) || len(m.Links("board.example.com")) != 1 {
						t.Errorf("%d × %q lost its head or its link: %d bytes", n, unit, len(m.Text))
					}
					g.send(t, bots.Post{Text: strings.Repeat(unit, n)})
				}
			}
			c := card()
			c.Lines = append(c.Lines, strings.Repeat("长", 5000), "最后")
			m := g.send(t, bots.Post{Card: c})
			if !strings.Contains(m.Text, c.Lines[1]) || strings.Contains(m.Text, "最后") {
				t.Errorf("lines are not dropped from the end: %.300s", m.Text)
			}
			if text := strings.Repeat("字", robot.Kind().Caps.Text.N/3); bottest.Visible(g.send(t, bots.Post{Text: text}).Text) != text {
				t.Error("a text within the kind's limit was cut")
			}
		})
	}
}

func TestMentions(t *testing.T) {
	for flavour, people := range map[string][]bots.Person{
		"wecom":    {{ID: "lilei", Name: "李雷"}, {ID: "@all"}, {ID: "all"}, {ID: ""}},
		"feishu":   {{ID: "ou_lilei", Name: "李雷<at user_id=\"all\">"}, {ID: "all"}, {ID: `ou_1"><at user_id="all`}},
		"dingtalk": {{ID: "lilei", Name: "李雷"}, {ID: "all"}, {ID: "a b"}, {ID: "@all"}},
	} {
		t.Run(flavour, func(t *testing.T) {
			m := start(t, flavour, nil).send(t, bots.Post{Text: "#128 快到时间了", Mention: people})
			if len(m.Notified) != 1 || m.Notified[0] != people[0].ID || !strings.Contains(m.Text, "#128 快到时间了") {
				t.Errorf("notified %v by %q", m.Notified, m.Text)
			}
			if len(m.Live) != 0 {
				t.Errorf("live: %v", m.Live)
			}
		})
	}
}

func TestSignatures(t *testing.T) {
	for _, flavour := range []string{"feishu", "dingtalk"} {
		t.Run(flavour, func(t *testing.T) {
			sign := func(ours, theirs string) error {
				g := start(t, flavour, func(there *robottest.Options, here *robot.Options) { there.Secret, here.Secret = theirs, ours })
				_, err := g.bot.Send(context.Background(), bots.Post{Text: "签名"})
				return err
			}
			if err := sign("SECdemo", "SECdemo"); err != nil {
				t.Errorf("signed rightly: %v", err)
			}
			for _, wrong := range []string{"", "SECother"} {
				if err := sign(wrong, "SECdemo"); bots.FateOf(err) != bots.Unauthorized {
					t.Errorf("signed with %q: %v", wrong, err)
				}
			}
		})
	}
}

// Every code ends in its declared fate, nothing is repeated, and no error
// holds the robot's address.
func TestFates(t *testing.T) {
	type fault struct {
		name  string
		fault robottest.Fault
		want  bots.Fate
		taken bool
	}
	common := []fault{
		{"dropped", robottest.AcceptThenDrop(), bots.Uncertain, true},
		{"truncated", robottest.Truncated(), bots.Uncertain, true},
		{"late", robottest.Slow(4 * time.Second), bots.Uncertain, true},
		{"reset", robottest.Reset(), bots.Uncertain, false},
		{"500", robottest.Status(500, ""), bots.Uncertain, false},
		{"502 with a page", robottest.Status(502, "<html>"), bots.Uncertain, false},
		{"429", robottest.Status(429, ""), bots.Limited, false},
		{"403", robottest.Status(403, ""), bots.Unauthorized, false},
		{"404", robottest.Status(404, "gone"), bots.Rejected, false},
		{"no JSON", robottest.Status(200, "ok"), bots.Uncertain, false},
		{"no verdict", robottest.Status(200, "{}"), bots.Uncertain, false},
		{"null", robottest.Status(200, "null"), bots.Uncertain, false},
		{"redirect", robottest.Redirect("http://127.0.0.1:1/"), bots.Rejected, false},
		{"a code of tomorrow", robottest.Code(987654, "?"), bots.Rejected, false},
	}
	own := map[string][]fault{
		"wecom": {
			{"45009", robottest.Code(45009, "api freq out of limit"), bots.Limited, false},
			{"93000", robottest.Code(93000, "invalid webhook url"), bots.Unauthorized, false},
			{"40058", robottest.Code(40058, "exceed max length"), bots.Rejected, false},
			{"-1", robottest.Code(-1, "system busy"), bots.Uncertain, false},
		},
		"feishu": {
			{"11232", robottest.Code(11232, "frequency limited"), bots.Limited, false},
			{"9499 too many", robottest.Code(9499, "too many request"), bots.Limited, false},
			{"9499 bad", robottest.Code(9499, "Bad Request"), bots.Rejected, false},
			{"19001", robottest.Code(19001, "token invalid"), bots.Unauthorized, false},
			{"19021", robottest.Code(19021, "sign match fail"), bots.Unauthorized, false},
			{"19022", robottest.Code(19022, "Ip Not Allowed"), bots.Unauthorized, false},
			{"19024", robottest.Code(19024, "Key Words Not Found"), bots.Rejected, false},
			{"the older answer", robottest.Status(200, `{"StatusCode":19001,"StatusMessage":"x"}`), bots.Unauthorized, false},
		},
		"dingtalk": {
			{"130101", robottest.Code(130101, "send too fast"), bots.Limited, false},
			{"410100", robottest.Code(410100, "too fast"), bots.Limited, false},
			{"310000 sign", robottest.Code(310000, "sign not match"), bots.Unauthorized, false},
			{"310000 keywords", robottest.Code(310000, "keywords not in content"), bots.Rejected, false},
			{"300001", robottest.Code(300001, "token is not exist"), bots.Unauthorized, false},
			{"400102", robottest.Code(400102, "机器人已停用"), bots.Unauthorized, false},
			{"460101", robottest.Code(460101, "message too long"), bots.Rejected, false},
		},
	}
	for _, flavour := range flavours() {
		for _, f := range append(common, own[flavour]...) {
			t.Run(flavour+"/"+f.name, func(t *testing.T) {
				g := start(t, flavour, nil)
				g.Misbehave(f.fault)
				_, err := g.bot.Send(context.Background(), bots.Post{Key: "k", Text: "客户的原话"})
				var se *bots.SendError
				if !errors.As(err, &se) || se.Fate != f.want {
					t.Fatalf("ended %v, want %s", err, f.want)
				}
				if se.Fate == bots.Limited && (se.RetryAfter <= 0 || se.Scope == "") {
					t.Errorf("a limit without time or scope: %+v", se)
				}
				if text := err.Error() + g.log.String(); strings.Contains(text, robottest.Key) || strings.Contains(text, "原话") || strings.Contains(text, "127.0.0.1") {
					t.Errorf("tells too much: %s", text)
				}
				if taken := len(g.Messages()) > 0; taken != f.taken || len(g.Messages()) > 1 {
					t.Errorf("%d messages shown", len(g.Messages()))
				}
			})
		}
		t.Run(flavour+"/unsent", func(t *testing.T) {
			g := start(t, flavour, nil)
			g.Close()
			if _, err := g.bot.Send(context.Background(), bots.Post{Text: "x"}); bots.FateOf(err) != bots.Unsent || strings.Contains(err.Error(), robottest.Key) {
				t.Errorf("ended %v", err)
			}
		})
	}
}

// However fast it is asked, a robot stays below its platform's rate: in ten
// minutes no message is refused by the platform and DingTalk never closes it.
func TestStaysUnderTheRate(t *testing.T) {
	for flavour, code := range map[string]int{"wecom": 45009, "feishu": 9499, "dingtalk": 130101} {
		t.Run(flavour, func(t *testing.T) {
			g := start(t, flavour, nil)
			for range 3000 {
				_, err := g.bot.Send(context.Background(), bots.Post{Text: "一条"})
				var se *bots.SendError
				if errors.As(err, &se) && (se.Fate != bots.Limited || se.RetryAfter <= 0 || se.RetryAfter > time.Minute) {
					t.Fatalf("ended %+v", se)
				}
				g.clock.add(200 * time.Millisecond)
			}
			if g.Refused(code) != 0 || g.Blocks() != 0 {
				t.Errorf("refused %d times, closed %d times", g.Refused(code), g.Blocks())
			}
			if n := len(g.Messages()); n < 180 {
				t.Errorf("%d messages in ten minutes", n)
			}
		})
	}
}

// Once the platform closed it, a robot asks again when it opens, not before.
func TestHeedsABlock(t *testing.T) {
	g := start(t, "dingtalk", nil)
	g.Misbehave(robottest.Code(130101, "send too fast"), robottest.Code(310000, "asked too early"))
	_, err := g.bot.Send(context.Background(), bots.Post{Text: "一"})
	var se *bots.SendError
	if !errors.As(err, &se) || se.RetryAfter != 10*time.Minute {
		t.Fatalf("ended %v", err)
	}
	g.clock.add(9 * time.Minute)
	if _, err = g.bot.Send(context.Background(), bots.Post{Text: "二"}); !errors.As(err, &se) || se.Fate != bots.Limited || se.RetryAfter != time.Minute {
		t.Errorf("nine minutes later: %v", err)
	}
	if g.Refused(310000) != 0 {
		t.Error("asked a closed robot")
	}
}

func TestDoctor(t *testing.T) {
	check := func(t *testing.T, g group) bots.Finding {
		doctor, ok := g.bot.(bots.Doctor)
		if !ok {
			t.Fatal("no doctor")
		}
		f := doctor.Doctor(context.Background())[0]
		bottest.CheckFinding(t, f)
		if len(g.Messages()) != 0 {
			t.Errorf("%+v, %d messages", f, len(g.Messages()))
		}
		return f
	}
	for _, flavour := range flavours() {
		t.Run(flavour, func(t *testing.T) {
			if f := check(t, start(t, flavour, nil)); !f.OK {
				t.Errorf("well: %+v", f)
			}
			wrong := start(t, flavour, nil)
			there, err := url.Parse(wrong.URL())
			if err != nil {
				t.Fatal(err)
			}
			g := start(t, flavour, func(_ *robottest.Options, o *robot.Options) {
				o.URL = strings.Replace(there.String(), robottest.Key, "another", 1)
			})
			if f := check(t, g); f.OK {
				t.Errorf("a wrong key: %+v", f)
			}
			g = start(t, flavour, nil)
			g.Close()
			if f := check(t, g); f.OK {
				t.Errorf("no way there: %+v", f)
			}
		})
	}
}

func TestKindAndOptions(t *testing.T) {
	k := robot.Kind()
	if k.Caps.TwoWay || !k.Caps.Team || k.Caps.Polled || !strings.Contains(k.Sample, "type: robot\n") || !strings.HasSuffix(k.Sample, "\n") {
		t.Errorf("%+v", k)
	}
	env, _ := bottest.NewEnv(t, &bottest.Inbox{})
	for key, change := range map[string]func(*robot.Options){
		"flavour": func(o *robot.Options) { o.Flavour = "slack" },
		"url":     func(o *robot.Options) { o.URL = "qyapi.example.com" },
		"secret":  func(o *robot.Options) { o.Secret = "SECdemo" },
		"timeout": func(o *robot.Options) { o.Timeout = 0 },
	} {
		o, ok := k.Options().(*robot.Options)
		if !ok {
			t.Fatal("options of another kind")
		}
		o.Flavour, o.URL = "wecom", "https://qyapi.example.com/cgi-bin/webhook/send?key=SECRETKEY"
		if problems := o.Validate(); len(problems) != 0 {
			t.Fatalf("valid options: %v", problems)
		}
		change(o)
		problems := o.Validate()
		if len(problems) != 1 || problems[0].Key != key || strings.Contains(problems[0].Text, "SEC") {
			t.Errorf("%s: %v", key, problems)
		}
		if _, err := k.New(env, o); err == nil {
			t.Errorf("%s: New took it", key)
		}
	}
}

func TestRunWaits(t *testing.T) {
	stop := bottest.Start(t, start(t, "wecom", nil).bot)
	stop()
}

// A refusal counts although the rest of it is cut off: what a gateway turns away
// was not posted.
func TestATruncatedRefusalIsOne(t *testing.T) {
	for status, want := range map[int]bots.Fate{
		http.StatusTooManyRequests: bots.Limited, http.StatusForbidden: bots.Unauthorized, http.StatusBadRequest: bots.Rejected,
		http.StatusOK: bots.Uncertain, http.StatusBadGateway: bots.Uncertain,
	} {
		gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"errcode":`))
		}))
		g := start(t, "wecom", func(_ *robottest.Options, o *robot.Options) { o.URL = gateway.URL })
		if _, err := g.bot.Send(context.Background(), bots.Post{Key: "k", Text: "x"}); bots.FateOf(err) != want {
			t.Errorf("%d, cut off: %v, want %s", status, err, want)
		}
		gateway.Close()
	}
}
