package telegram

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

// answering starts a bot whose inbox gives the same answer to everything.
func answering(t *testing.T, a bots.Answer) (*platform, *bottest.Inbox) {
	t.Helper()
	inbox := &bottest.Inbox{Reply: func(context.Context, bots.Event) (bots.Answer, error) { return a, nil }}
	p, _ := running(t, inbox, telegramtest.Config{})
	return p, inbox
}

// pressed posts a card with a button to a chat and presses it.
func (p *platform) pressed(chat int64) int64 {
	p.t.Helper()
	sent, err := p.bot.Send(p.t.Context(), bots.Post{Chat: strconv.FormatInt(chat, 10), Text: "卡片", Buttons: [][]bots.Button{{{Text: "认领", Data: "c"}}}})
	if err != nil {
		p.t.Fatal(err)
	}
	id := p.number(sent.ID)
	if _, err := p.fake.Presses(lilei, chat, id, "认领"); err != nil {
		p.t.Fatal(err)
	}
	return id
}

// message waits for a message of the bot that is there and holds text.
func (p *platform) message(chat int64, text string) telegramtest.Message {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), bottest.Patience)
	defer cancel()
	m, err := p.fake.WaitMessage(ctx, chat, text, func(m telegramtest.Message) bool { return strings.Contains(m.Text, text) })
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *platform) answer() telegramtest.CallbackAnswer {
	p.t.Helper()
	bottest.Eventually(p.t, "the answer to the press", func() bool { return len(p.fake.Answers()) > 0 })
	return p.fake.Answers()[0]
}

func TestPressIsAnsweredByAToast(t *testing.T) {
	for name, c := range map[string]struct {
		answer bots.Answer
		text   string
		alert  bool
	}{
		"silence":     {bots.Answer{}, "", false},
		"brief":       {bots.Answer{Text: "你认领了 #1", Brief: true}, "你认领了 #1", false},
		"brief, long": {bots.Answer{Text: strings.Repeat("慢了一步", 20), Brief: true}, strings.Repeat("慢了一步", 20), true},
		"private":     {bots.Answer{Text: "还不认识你的账号"}, "还不认识你的账号", true},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := answering(t, c.answer)
			p.pressed(p.group)
			if got := p.answer(); got.Text != c.text || got.Alert != c.alert || got.User != lilei {
				t.Errorf("shown: %+v", got)
			}
			if n := len(p.fake.FromBot(p.group)); n != 1 {
				t.Errorf("%d messages in the group, want the card alone", n)
			}
		})
	}
}

func TestPressWithMoreThanAToastHolds(t *testing.T) {
	long := strings.Repeat("待办很多。", 50)
	p, _ := answering(t, bots.Answer{Text: long, Expires: 20 * time.Millisecond, Buttons: [][]bots.Button{{{Text: "下一页", Data: "n"}}}})
	card := p.pressed(p.group)
	if got := p.answer(); got.Text != "" {
		t.Errorf("a toast of %d characters", len([]rune(got.Text)))
	}
	bottest.Eventually(t, "the message to come and go", func() bool {
		all := p.fake.FromBot(p.group)
		return len(all) == 2 && all[1].Text == long && all[1].ReplyTo == card && all[1].Silent && all[1].Deleted
	})
	if p.fake.FromBot(p.group)[0].Deleted {
		t.Error("the card is gone")
	}
}

func TestPressThatIsTooOld(t *testing.T) {
	p, _ := answering(t, bots.Answer{Text: "你认领了 #1", Brief: true, Expires: time.Hour})
	p.fake.Fail("answerCallbackQuery", telegramtest.Fault{Code: 400, Description: "Bad Request: query is too old and response timeout expired or query ID is invalid"})
	p.pressed(p.group)
	p.message(p.group, "你认领了 #1")
}

func TestPressReplacesItsMessage(t *testing.T) {
	p, _ := answering(t, bots.Answer{Text: "撤销了，没有发出。", Replace: true})
	card := p.pressed(p.group)
	if m := p.message(p.group, "撤销了"); m.ID != card || len(m.Buttons) != 0 {
		t.Errorf("became %+v", m)
	}
	p.answer()
}

func TestPublicAnswerStays(t *testing.T) {
	p, inbox := answering(t, bots.Answer{Text: "待办 3 条", Public: true, Expires: time.Millisecond})
	id := p.fake.UserSays(lilei, p.group, "！待办")
	if m := p.message(p.group, "待办 3 条"); m.ReplyTo != id {
		t.Errorf("not a reply to the command: %+v", m)
	}
	inbox.Wait(t, 1, anyEvent)
	if p.fake.Requests("deleteMessage") != 0 {
		t.Error("it is taken back")
	}
}

func TestPrivateChatIsAnsweredByAMessage(t *testing.T) {
	p, _ := answering(t, bots.Answer{Text: "现在没有在处理的事。"})
	p.fake.UserSays(lilei, lilei, "进度")
	if m := p.message(lilei, "现在没有"); m.ReplyTo != 0 {
		t.Errorf("a reply where none is needed: %+v", m)
	}
}

func TestRemovalsFinishAtStop(t *testing.T) {
	inbox := &bottest.Inbox{Reply: func(context.Context, bots.Event) (bots.Answer, error) {
		return bots.Answer{Text: "没有「解绝」", Expires: time.Hour}, nil
	}}
	env, _ := bottest.NewEnv(t, inbox)
	p := start(t, env, telegramtest.Config{})
	stop := bottest.Start(t, p.bot)
	p.fake.UserSays(lilei, p.group, "！解绝")
	p.message(p.group, "没有「解绝」")
	stop()
	if all := p.fake.FromBot(p.group); len(all) != 1 || !all[0].Deleted {
		t.Errorf("after the stop: %+v", all)
	}
}

func TestDialogBecomesAPrompt(t *testing.T) {
	inbox := &bottest.Inbox{Reply: func(_ context.Context, e bots.Event) (bots.Answer, error) {
		if e.Type != bots.OnPress {
			return bots.Answer{}, nil
		}
		return bots.Answer{Dialog: &bots.Dialog{
			Title: "回复", Data: "reply:123", Prompt: "@雷雷 请直接回复这条，写给 #123 客户的话。5 分钟有效，发「算了」取消。", Hint: strings.Repeat("写", 80), Value: "已退 18 元 @all",
		}}, nil
	}}
	p, _ := running(t, inbox, telegramtest.Config{})
	p.pressed(p.group)
	m := p.message(p.group, "请直接回复")
	if !m.ForceReply || !m.Selective || !slices.Equal(m.Pings, []int64{lilei}) || !slices.Equal(m.Live, []string{"@雷雷"}) || !strings.Contains(m.Text, "已退 18 元") {
		t.Errorf("the prompt is %+v", m)
	}
	// The prompt can be seen here before the bot has its id back: nobody types
	// that fast, so write until it counts.
	prompt := strconv.FormatInt(m.ID, 10)
	bottest.Eventually(t, "a reply with the dialog's data", func() bool {
		p.fake.UserSays(lilei, p.group, "您好，已退款", telegramtest.ReplyingTo(m.ID))
		return slices.ContainsFunc(inbox.Events(), func(e bots.Event) bool {
			return e.Type == bots.OnMessage && e.ReplyTo == prompt && e.Payload == "reply:123" && e.Text == "您好，已退款"
		})
	})
	p.fake.UserSays(lilei, p.group, "不相干")
	if e := inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "不相干" })[0]; e.Payload != "" {
		t.Errorf("another message bears %q", e.Payload)
	}
}

func TestAskInAPrivateChat(t *testing.T) {
	p, _ := answering(t, bots.Answer{Text: "哪里还能更好？", Ask: true})
	p.fake.UserSays(lilei, lilei, "3")
	if m := p.message(lilei, "哪里还能更好"); !m.ForceReply || m.Selective || len(m.Pings) != 0 {
		t.Errorf("the question is %+v", m)
	}
}

func TestAnAnswerThatFailsIsLogged(t *testing.T) {
	inbox := &bottest.Inbox{Reply: func(context.Context, bots.Event) (bots.Answer, error) { return bots.Answer{Text: "回"}, nil }}
	p, log := running(t, inbox, telegramtest.Config{})
	p.fake.Fail("sendMessage", telegramtest.Fault{Status: 500})
	p.fake.UserSays(lilei, lilei, "一")
	bottest.Eventually(t, "the log", func() bool { return strings.Contains(log.String(), "an answer could not be shown") })
	p.fake.UserSays(lilei, lilei, "二")
	inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "二" })
}
