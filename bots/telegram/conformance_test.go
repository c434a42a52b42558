package telegram

import (
	"strconv"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

const (
	lilei   = 1001            // writes to the bot and is in the group
	hanmei  = 1002            // never wrote to the bot
	timeout = 5 * time.Second // long enough for a busy machine: two tests wait for it
)

func TestConformance(t *testing.T) {
	bottest.Run(t, bottest.Harness{Kind: Kind(), Start: startPlatform})
}

// platform shows a fake Telegram to the conformance suite.
type platform struct {
	t     testing.TB
	fake  *telegramtest.Server
	bot   bots.Bot
	group int64
}

func startPlatform(t *testing.T, env bots.Env) bottest.Platform {
	return start(t, env, telegramtest.Config{})
}

// start returns a fake Telegram with a bot in a group, and the bot.
func start(t testing.TB, env bots.Env, cfg telegramtest.Config) *platform {
	t.Helper()
	fake, err := telegramtest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	fake.AddUser(telegramtest.User{ID: lilei, First: "李雷", Username: "lilei", Lang: "zh-hans"})
	fake.AddUser(telegramtest.User{ID: hanmei, First: "韩", Last: "梅梅", Username: "hanmeimei"})
	group := fake.AddGroup("客服群", lilei, hanmei)
	fake.AddBotToGroup(lilei, group)
	fake.UserSays(lilei, lilei, "/start")
	o := fakeOptions(fake)
	bot, err := Kind().New(env, o)
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{t: t, fake: fake, bot: bot, group: group}
	p.forget()
	return p
}

func fakeOptions(fake *telegramtest.Server) *Options {
	o, ok := Kind().Options().(*Options)
	if !ok {
		panic("Options is no *Options")
	}
	o.Token, o.APIURL = fake.Token(), fake.URL()
	o.Poll, o.Timeout, o.Retry, o.Conflict, o.Expire = time.Second, timeout, time.Millisecond, 20*time.Millisecond, 50*time.Millisecond
	return o
}

// forget confirms what was only said to set the stage.
func (p *platform) forget() { p.fake.Forget() }

func (p *platform) Bot() bots.Bot { return p.bot }

func (p *platform) Secrets() []string {
	return []string{p.fake.Token(), "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"}
}

func (p *platform) Group() string { return strconv.FormatInt(p.group, 10) }

func (p *platform) Private() string { return strconv.Itoa(lilei) }

func (p *platform) Person() bots.Person { return bots.Person{ID: strconv.Itoa(lilei), Name: "李雷"} }

func (p *platform) Say(chat, text string) string {
	return strconv.FormatInt(p.fake.UserSays(lilei, p.number(chat), text), 10)
}

func (p *platform) Press(chat, messageID, button string) {
	p.t.Helper()
	if _, err := p.fake.Presses(lilei, p.number(chat), p.number(messageID), button); err != nil {
		p.t.Fatal(err)
	}
}

func (p *platform) number(text string) int64 {
	p.t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *platform) Shown(chat string) []bottest.Shown {
	p.t.Helper()
	var all []bottest.Shown
	for _, m := range p.fake.FromBot(p.number(chat)) {
		s := bottest.Shown{ID: strconv.FormatInt(m.ID, 10), Text: m.Text, Pings: len(m.Pings), Live: m.Live, Deleted: m.Deleted}
		for _, row := range m.Buttons {
			var texts []string
			for _, b := range row {
				texts = append(texts, b.Text)
			}
			s.Buttons = append(s.Buttons, texts)
		}
		all = append(all, s)
	}
	return all
}

func (p *platform) Pending() int { return p.fake.Unconfirmed() }

func (p *platform) Faults() []bottest.Fault {
	fail := func(method string, f telegramtest.Fault) func(bots.Post) *bots.Post {
		return func(bots.Post) *bots.Post { p.fake.Fail(method, f); return nil }
	}
	refuse := func(method string, code int, text string) func(bots.Post) *bots.Post {
		return fail(method, telegramtest.Fault{Code: code, Description: text})
	}
	to := func(chat string) func(bots.Post) *bots.Post {
		return func(post bots.Post) *bots.Post { post.Chat = chat; return &post }
	}
	return []bottest.Fault{
		{Name: "no server", Want: bots.Unsent, Arm: func(bots.Post) *bots.Post { p.fake.Close(); return nil }},
		{Name: "429 with retry_after", Want: bots.Limited, Arm: fail("sendMessage", telegramtest.Fault{Code: 429, Description: "Too Many Requests: retry after 7", RetryAfter: 7})},
		{Name: "429 without retry_after", Want: bots.Limited, Arm: refuse("sendMessage", 429, "Too Many Requests")},
		{Name: "proxy's 429", Want: bots.Limited, Arm: fail("sendMessage", telegramtest.Fault{Status: 429})},
		{Name: "parse error", Want: bots.Rejected, Arm: fail("sendMessage", telegramtest.Fault{Times: -1, Code: 400, Description: "Bad Request: can't parse entities: '客户的原话 13800138000'"})},
		{Name: "no right to write", Want: bots.Rejected, Arm: refuse("sendMessage", 400, "Bad Request: not enough rights to send text messages to the chat")},
		{Name: "proxy's 403", Want: bots.Rejected, Arm: fail("sendMessage", telegramtest.Fault{Status: 403})},
		{Name: "redirect", Want: bots.Rejected, Arm: fail("sendMessage", telegramtest.Fault{Status: 302})},
		{Name: "unknown chat", Want: bots.Gone, Arm: to("-987")},
		{Name: "never wrote to the bot", Want: bots.Gone, Arm: to(strconv.Itoa(hanmei))},
		{Name: "blocked", Want: bots.Gone, Arm: func(post bots.Post) *bots.Post {
			p.fake.Blocks(lilei)
			return to(strconv.Itoa(lilei))(post)
		}},
		{Name: "kicked", Want: bots.Gone, Arm: func(bots.Post) *bots.Post { p.fake.RemoveBotFromGroup(lilei, p.group); return nil }},
		{Name: "deactivated", Want: bots.Gone, Arm: refuse("sendMessage", 403, "Forbidden: user is deactivated")},
		{Name: "an edit of what is not ours", Edit: true, Want: bots.Vanished, Arm: refuse("editMessageText", 400, "Bad Request: message can't be edited")},
		{Name: "supergroup", Want: bots.Moved, Arm: func(bots.Post) *bots.Post { p.fake.MigrateGroup(p.group); return nil }},
		{Name: "token revoked", Want: bots.Unauthorized, Arm: refuse("sendMessage", 401, "Unauthorized")},
		{Name: "token unknown", Want: bots.Unauthorized, Arm: refuse("sendMessage", 404, "Not Found")},
		{Name: "server error", Want: bots.Uncertain, Arm: refuse("sendMessage", 500, "Internal Server Error")},
		{Name: "bad gateway", Want: bots.Uncertain, Arm: fail("sendMessage", telegramtest.Fault{Status: 502})},
		{Name: "answer lost", Want: bots.Uncertain, Taken: true, Arm: fail("sendMessage", telegramtest.Fault{Drop: true})},
		{Name: "answer cut short", Want: bots.Uncertain, Taken: true, Arm: fail("sendMessage", telegramtest.Fault{Truncate: true})},
		{Name: "answer late", Want: bots.Uncertain, Taken: true, Arm: fail("sendMessage", telegramtest.Fault{Late: timeout + time.Second})},
		{Name: "connection reset", Want: bots.Uncertain, Arm: fail("sendMessage", telegramtest.Fault{Reset: true})},
		{Name: "not modified", Edit: true, Want: bots.Unchanged, Arm: func(bots.Post) *bots.Post { return nil }},
		{Name: "edited message gone", Edit: true, Want: bots.Vanished, Arm: refuse("editMessageText", 400, "Bad Request: message to edit not found")},
		{Name: "edit limited", Edit: true, Want: bots.Limited, Arm: fail("editMessageText", telegramtest.Fault{Code: 429, Description: "Too Many Requests", RetryAfter: 1})},
		{Name: "edit refused", Edit: true, Want: bots.Rejected, Arm: refuse("editMessageText", 400, "Bad Request: MESSAGE_TOO_LONG")},
	}
}
