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
	inbox := &bottest.Inbox{Reply: func(context.Context, bots.Event) (bots.Answer, error) {
		return bots.Answer{Text: "待办 3 条", Public: true, Expires: time.Millisecond}, nil
	}}
	env, _ := bottest.NewEnv(t, inbox)
	p := start(t, env, telegramtest.Config{})
	stop := bottest.Start(t, p.bot)
	id := p.fake.UserSays(lilei, p.group, "！待办")
	if m := p.message(p.group, "待办 3 条"); m.ReplyTo != id {
		t.Errorf("not a reply to the command: %+v", m)
	}
	stop() // whatever is to remove itself has done so then
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
	p.fake.UserSays(lilei, p.group, "您好，已退款", telegramtest.ReplyingTo(m.ID))
	if e := inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "您好，已退款" })[0]; e.Payload != "reply:123" || e.ReplyTo != strconv.FormatInt(m.ID, 10) {
		t.Errorf("the reply arrived as %+v", e)
	}
	p.fake.UserSays(lilei, p.group, "不相干")
	if e := inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "不相干" })[0]; e.Payload != "" {
		t.Errorf("another message bears %q", e.Payload)
	}
}

// TestAReplyIsToThePromptItShows: what a colleague answers to a prompt is for the
// customer it names, also where the bot never learned the prompt's number, was
// started anew since, or another process asked.
func TestAReplyIsToThePromptItShows(t *testing.T) {
	for name, c := range map[string]struct {
		fault   telegramtest.Fault
		restart bool
	}{
		"the answer was lost": {fault: telegramtest.Fault{Drop: true}},
		"the answer is slow":  {fault: telegramtest.Fault{Late: time.Second}},
		"a restart":           {restart: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const data = "resolve:123:lz3k9f2a"
			inbox := &bottest.Inbox{Reply: func(_ context.Context, e bots.Event) (bots.Answer, error) {
				if e.Type != bots.OnPress {
					return bots.Answer{}, nil
				}
				return bots.Answer{Dialog: &bots.Dialog{Data: data, Prompt: "@雷雷 请直接回复这条"}}, nil
			}}
			env, _ := bottest.NewEnv(t, inbox)
			p := start(t, env, telegramtest.Config{})
			stop := bottest.Start(t, p.bot)
			card, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Group(), Text: "卡片", Buttons: [][]bots.Button{{{Text: "解决", Data: "c"}}}})
			if err != nil {
				t.Fatal(err)
			}
			if c.fault != (telegramtest.Fault{}) {
				p.fake.Fail("sendMessage", c.fault)
			}
			if _, err := p.fake.Presses(lilei, p.group, p.number(card.ID), "解决"); err != nil {
				t.Fatal(err)
			}
			m := p.message(p.group, "请直接回复")
			if c.restart {
				stop()
				again, err := Kind().New(env, fakeOptions(p.fake))
				if err != nil {
					t.Fatal(err)
				}
				bottest.Start(t, again)
			}
			p.fake.UserSays(lilei, p.group, "已退款", telegramtest.ReplyingTo(m.ID))
			if e := inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "已退款" })[0]; e.Payload != data {
				t.Errorf("the reply bears %q", e.Payload)
			}
			p.fake.UserSays(lilei, p.group, "看看", telegramtest.ReplyingTo(p.number(card.ID)))
			if e := inbox.Wait(t, 1, func(e bots.Event) bool { return e.Text == "看看" })[0]; e.Payload != "" {
				t.Errorf("a note under the card bears %q", e.Payload)
			}
		})
	}
}

// TestOnlyOurOwnPromptsCount: what a prompt asks for is read from a message of
// the bot's own. A person's message that is made to look like one asks nothing.
func TestOnlyOurOwnPromptsCount(t *testing.T) {
	const marks = `"text":"x","entities":[{"type":"bold","offset":0,"length":1},{"type":"text_link","offset":0,"length":1,"url":"https://t.me/#ask/reply%3A123%3Aa"}]`
	for from, want := range map[string]string{fromBot: "reply:123:a", fromLilei: "", `"from":null`: ""} {
		e := decodeOne(t, message5(groupChat, `"text":"好","reply_to_message":{"message_id":3,`+from+`,`+marks+`}`))
		if e.Payload != want {
			t.Errorf("%s: bears %q, want %q", from, e.Payload, want)
		}
	}
	for _, url := range []string{"https://board.example.com/items/128", "https://t.me/#ask/%zz", "https://t.me/#ask/", "#ask/x", ""} {
		e := decodeOne(t, message5(groupChat, `"text":"好","reply_to_message":{"message_id":3,`+fromBot+`,"entities":[null,{"type":"text_link","url":"`+url+`"}]}`))
		if e.Payload != "" {
			t.Errorf("%s: bears %q", url, e.Payload)
		}
	}
	edited := decodeOne(t, `"edited_message":{"message_id":5,"date":1790000000,"edit_date":1790000060,`+groupChat+`,`+fromLilei+`,"text":"好","reply_to_message":{"message_id":3,`+fromBot+`,`+marks+`}}`)
	if edited.Payload != "" {
		t.Errorf("an edited reply bears %q: it would be sent a second time", edited.Payload)
	}
}

func TestAskInAPrivateChat(t *testing.T) {
	p, _ := answering(t, bots.Answer{Dialog: &bots.Dialog{Data: "note:1:a", Prompt: "哪里还能更好？"}})
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
