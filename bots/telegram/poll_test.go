package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

// running starts a fake Telegram with a bot that polls it.
func running(t *testing.T, inbox *bottest.Inbox, cfg telegramtest.Config) (*platform, *bottest.Log) {
	t.Helper()
	env, log := bottest.NewEnv(t, inbox)
	p := start(t, env, cfg)
	bottest.Start(t, p.bot)
	return p, log
}

func anyEvent(bots.Event) bool { return true }

func TestOrderWithinAChat(t *testing.T) {
	inbox := &bottest.Inbox{}
	env, _ := bottest.NewEnv(t, inbox)
	p := start(t, env, telegramtest.Config{})
	for i := range 250 {
		p.fake.UserSays(lilei, lilei, fmt.Sprintf("私%03d", i))
		p.fake.UserSays(hanmei, p.group, fmt.Sprintf("群%03d", i))
	}
	bottest.Start(t, p.bot)
	events := inbox.Wait(t, 500, anyEvent)
	for _, chat := range []string{"私", "群"} {
		n := 0
		for _, e := range events {
			if strings.HasPrefix(e.Text, chat) {
				if want := fmt.Sprintf("%s%03d", chat, n); e.Text != want {
					t.Fatalf("%s came where %s was due", e.Text, want)
				}
				n++
			}
		}
	}
	bottest.Eventually(t, "all to be confirmed", func() bool { return p.fake.Unconfirmed() == 0 })
	if got := len(inbox.Events()); got != 500 {
		t.Errorf("%d events for 500 messages", got)
	}
}

// A chat whose event cannot be stored holds up nobody else, and none of its
// later messages overtakes it.
func TestOneChatThatCannotBeStored(t *testing.T) {
	var mu sync.Mutex
	broken := true
	inbox := &bottest.Inbox{Reply: func(_ context.Context, e bots.Event) (bots.Answer, error) {
		mu.Lock()
		defer mu.Unlock()
		if broken && e.Chat.ID == "1001" && e.Text == "二" {
			return bots.Answer{}, errors.New("database is locked")
		}
		return bots.Answer{}, nil
	}}
	env, log := bottest.NewEnv(t, inbox)
	p := start(t, env, telegramtest.Config{})
	for _, text := range []string{"一", "二", "三"} {
		p.fake.UserSays(lilei, lilei, text)
		p.fake.UserSays(hanmei, p.group, "群"+text)
	}
	bottest.Start(t, p.bot)
	inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "群三" })
	inbox.Wait(t, 3, func(e bots.Event) bool { return e.Text == "二" })
	for _, e := range inbox.Events() {
		if e.Text == "三" {
			t.Fatal("a later message of the chat overtook the one that is not stored")
		}
	}
	if p.fake.Unconfirmed() < 4 {
		t.Errorf("%d updates unconfirmed; 二 and all behind it must be", p.fake.Unconfirmed())
	}
	mu.Lock()
	broken = false
	mu.Unlock()
	inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "三" })
	bottest.Eventually(t, "all to be confirmed", func() bool { return p.fake.Unconfirmed() == 0 })
	if n := strings.Count(log.String(), "cannot poll Telegram"); n != 1 {
		t.Errorf("the trouble is logged %d times, want once", n)
	}
}

// What cannot be read is kept as it came before it is confirmed: a customer may
// have said something in it.
func TestMalformedUpdatesAreKeptAndConfirmed(t *testing.T) {
	var refused atomic.Int32
	inbox := &bottest.Inbox{Reply: func(_ context.Context, e bots.Event) (bots.Answer, error) {
		if e.Type == bots.OnUnread && refused.Add(1) == 1 {
			return bots.Answer{}, errors.New("database is locked")
		}
		return bots.Answer{}, nil
	}}
	p, log := running(t, inbox, telegramtest.Config{})
	bad := p.fake.PushRaw(`{"update_id":%d,"message":{"message_id":"secret words"}}`)
	p.fake.PushRaw(`{"update_id":%d,"something_new":{"a":[null]}}`)
	p.fake.PushRaw(`null`)
	p.fake.UserSays(lilei, lilei, "之后")
	kept := inbox.Wait(t, 2, func(e bots.Event) bool { return e.Type == bots.OnUnread })
	for _, e := range kept {
		if e.Key != kept[0].Key || !strings.Contains(e.Key, fmt.Sprint(bad)) || !strings.Contains(string(e.Raw), "secret words") || e.At.IsZero() {
			t.Errorf("kept as %+v", e)
		}
	}
	inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "之后" })
	bottest.Eventually(t, "all to be confirmed", func() bool { return p.fake.Unconfirmed() == 0 })
	if n := refused.Load(); n != 2 {
		t.Errorf("%d unread events, want the one update twice", n)
	}
	if !strings.Contains(log.String(), fmt.Sprint(bad)) || strings.Contains(log.String(), "secret words") {
		t.Errorf("the log must name the update and nothing of it: %s", log)
	}
}

func TestSecondPoller(t *testing.T) {
	inbox := &bottest.Inbox{}
	p, log := running(t, inbox, telegramtest.Config{})
	p.fake.UserSays(lilei, lilei, "一")
	inbox.Wait(t, 1, anyEvent)
	p.fake.Fail("getUpdates", telegramtest.Fault{Times: -1, Code: 409, Description: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"})
	p.fake.UserSays(lilei, lilei, "二")
	bottest.Eventually(t, "the finding", func() bool {
		doctor, ok := p.bot.(bots.Doctor)
		return ok && strings.Contains(fmt.Sprint(doctor.Doctor(t.Context())), "另一实例在轮询")
	})
	p.fake.Heal() // only now: looking takes its time on a busy machine
	inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "二" })
	p.fake.UserSays(lilei, lilei, "三")
	inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "三" })
	if n := strings.Count(log.String(), "另一实例在轮询"); n != 1 {
		t.Errorf("logged %d times, want once", n)
	}
	bottest.Eventually(t, "the end of the conflict to be logged", func() bool {
		return strings.Contains(log.String(), "polling Telegram again")
	})
}

func TestTwoInstancesLoseNothing(t *testing.T) {
	inbox := &bottest.Inbox{}
	p, _ := running(t, inbox, telegramtest.Config{})
	env, _ := bottest.NewEnv(t, inbox)
	second, err := Kind().New(env, fakeOptions(p.fake))
	if err != nil {
		t.Fatal(err)
	}
	bottest.Start(t, second)
	for i := range 40 {
		p.fake.UserSays(lilei, lilei, fmt.Sprint("第", i))
	}
	bottest.Eventually(t, "all to be confirmed", func() bool { return p.fake.Unconfirmed() == 0 })
	keys := map[string]bool{}
	for _, e := range inbox.Events() {
		keys[e.Key] = true
	}
	if len(keys) != 40 {
		t.Errorf("%d different messages of 40 arrived", len(keys))
	}
}

func TestWebhookInTheWay(t *testing.T) {
	env, log := bottest.NewEnv(t, &bottest.Inbox{})
	p := start(t, env, telegramtest.Config{})
	p.fake.SetWebhook("https://other.example.com/hook")
	bottest.Start(t, p.bot)
	bottest.Eventually(t, "the log", func() bool { return strings.Contains(log.String(), "deleteWebhook") })
}

func TestWrongTokenEndsRun(t *testing.T) {
	for _, method := range []string{"getMe", "getUpdates"} {
		env, _ := bottest.NewEnv(t, &bottest.Inbox{})
		p := start(t, env, telegramtest.Config{})
		p.fake.Fail(method, telegramtest.Fault{Times: -1, Code: 401, Description: "Unauthorized"})
		ctx, cancel := context.WithTimeout(context.Background(), bottest.Patience)
		err := p.bot.Run(ctx)
		cancel()
		if err == nil || !strings.Contains(err.Error(), "@BotFather") || bots.FateOf(err) != bots.Unauthorized || strings.Contains(err.Error(), p.fake.Token()) {
			t.Errorf("%s: Run ended with %v", method, err)
		}
	}
}

// A revoked token ends Run at once, whatever is still to remove itself: who
// watches over the bot hears of it, and tries again when the token is mended.
func TestARevokedTokenIsToldAtOnce(t *testing.T) {
	inbox := &bottest.Inbox{Reply: func(context.Context, bots.Event) (bots.Answer, error) {
		return bots.Answer{Text: "没有「解绝」", Expires: time.Hour}, nil
	}}
	env, _ := bottest.NewEnv(t, inbox)
	p := start(t, env, telegramtest.Config{})
	p.fake.UserSays(lilei, p.group, "！解绝")
	ended := make(chan error, 1)
	go func() { ended <- p.bot.Run(t.Context()) }()
	p.message(p.group, "没有「解绝」")
	p.fake.Fail("getUpdates", telegramtest.Fault{Times: -1, Code: 401, Description: "Unauthorized"})
	p.fake.UserSays(lilei, lilei, "x") // ends the poll that waits
	select {
	case err := <-ended:
		if bots.FateOf(err) != bots.Unauthorized {
			t.Errorf("Run ended with %v", err)
		}
	case <-time.After(bottest.Patience):
		t.Fatal("Run waits for an answer to expire although the token is refused")
	}
}

func TestOutagesAreWaitedOut(t *testing.T) {
	inbox := &bottest.Inbox{}
	env, log := bottest.NewEnv(t, inbox)
	p := start(t, env, telegramtest.Config{})
	p.fake.Fail("getMe", telegramtest.Fault{Reset: true})
	p.fake.Fail("setMyCommands", telegramtest.Fault{Code: 400, Description: "Bad Request: BOT_COMMAND_INVALID"})
	for _, f := range []telegramtest.Fault{
		{Status: 502}, {Reset: true}, {Drop: true}, {Truncate: true}, {Code: 429, RetryAfter: 1, Description: "Too Many Requests"}, {Code: 500, Description: "Internal Server Error"}, {Status: 200},
	} {
		p.fake.Fail("getUpdates", f)
	}
	p.fake.UserSays(lilei, lilei, "还在吗")
	bottest.Start(t, p.bot)
	inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "还在吗" })
	bottest.Eventually(t, "the confirmation", func() bool { return p.fake.Unconfirmed() == 0 })
	if strings.Contains(log.String(), p.fake.Token()) || strings.Contains(log.String(), "AAHdq") {
		t.Error("the log holds the token")
	}
}

func TestMenus(t *testing.T) {
	inbox := &bottest.Inbox{}
	p, _ := running(t, inbox, telegramtest.Config{})
	p.fake.UserSays(lilei, lilei, "x")
	inbox.Wait(t, 1, anyEvent)
	for place, want := range map[[2]string]string{
		{"all_private_chats", "zh"}: "[{help 帮助}]", {"all_private_chats", "en"}: "[{help Help}]", {"all_private_chats", ""}: "[{help 帮助}]",
		{"all_group_chats", "zh"}: "[{claim 认领}]", {"all_group_chats", "en"}: "[{claim Claim}]", {"all_group_chats", ""}: "[{claim 认领}]",
	} {
		if got := fmt.Sprint(p.fake.Commands(place[0], place[1])); got != want {
			t.Errorf("%v: %s, want %s", place, got, want)
		}
	}
	linker, ok := p.bot.(bots.Linker)
	if !ok || linker.PrivateLink() != "https://t.me/huiyin_bot" {
		t.Error("no link to the private chat")
	}
}

// What happens in the fake arrives as the event it is.
func TestStories(t *testing.T) {
	inbox := &bottest.Inbox{}
	p, _ := running(t, inbox, telegramtest.Config{})
	first := p.fake.UserSays(lilei, lilei, "有虫")
	p.fake.UserEdits(lilei, lilei, first, "有塑料片")
	p.fake.SendsPhoto(lilei, lilei, "图一", []byte("\xff\xd8 picture"), telegramtest.InAlbum("a1"))
	p.fake.SendsPhoto(lilei, lilei, "", []byte("\xff\xd8 picture"), telegramtest.InAlbum("a1"))
	p.fake.SendsVoice(lilei, lilei, 12, []byte("OggS"))
	p.fake.Blocks(lilei)
	p.fake.Unblocks(lilei)
	p.fake.UserSays(lilei, lilei, "/start shop_SH018")
	group := p.fake.AddGroup("新群", lilei)
	p.fake.AddBotToGroup(lilei, group)
	p.fake.UserSays(lilei, group, "转发", telegramtest.Forwarded(telegramtest.User{ID: 5, First: "某人"}))
	grown := p.fake.MigrateGroup(group)
	p.fake.RemoveBotFromGroup(lilei, grown)
	var got []string
	for _, e := range inbox.Wait(t, 13, anyEvent) {
		if e.Chat.Group {
			continue
		}
		line := string(e.Type) + " " + e.Text
		for _, a := range e.Attachments {
			line += " " + a.Kind
		}
		got = append(got, line+e.Fields["album"]+e.Fields["shop"])
	}
	want := "message 有虫, edited 有塑料片, message 图一 imagea1, message  imagea1, message  audio, blocked , unblocked , start shop_SH018SH018"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	moved := map[string]bool{}
	var types []string
	for _, e := range inbox.Events() {
		if !e.Chat.Group {
			continue
		}
		types = append(types, string(e.Type))
		if e.Type == bots.OnMoved {
			moved[e.Key+" "+e.NewChat] = true
		}
		if e.Text == "转发" && !e.Forwarded {
			t.Error("a forwarded message is not told as such")
		}
	}
	if len(moved) != 1 || strings.Join(types, " ") != "joined message moved moved left" {
		t.Errorf("in the group: %v %v", types, moved)
	}
}

// BenchmarkPoll is the whole way in: long poll, decoding, Inbox, confirmation.
func BenchmarkPoll(b *testing.B) {
	inbox := &bottest.Inbox{}
	env, _ := bottest.NewEnv(b, inbox)
	p := start(b, env, telegramtest.Config{})
	for i := range b.N {
		p.fake.UserSays(lilei, lilei, fmt.Sprint("第", i, "条，奶茶里有虫"))
	}
	b.ReportAllocs()
	b.ResetTimer()
	bottest.Start(b, p.bot)
	bottest.Eventually(b, "all to be confirmed", func() bool { return p.fake.Unconfirmed() == 0 })
}
