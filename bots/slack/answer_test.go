package slack_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/slack/slacktest"
)

// answers makes every event get that answer.
func answers(in *bottest.Inbox, a bots.Answer) {
	in.Reply = func(context.Context, bots.Event) (bots.Answer, error) { return a, nil }
}

func press(t *testing.T, s *slacktest.Server, channel, ts, button string) {
	t.Helper()
	if err := s.Presses(lilei, channel, ts, button); err != nil {
		t.Fatal(err)
	}
}

// seen waits for the message that ok accepts.
func seen(t *testing.T, s *slacktest.Server, channel string, ok func(slacktest.Message) bool) slacktest.Message {
	t.Helper()
	m, found := s.WaitMessage(channel, bottest.Patience, ok)
	if !found {
		t.Fatal("the answer is not shown")
	}
	return m
}

func withText(s string) func(slacktest.Message) bool {
	return func(m slacktest.Message) bool { return m.Text == s }
}

func TestPressIsAnsweredPrivately(t *testing.T) {
	s, bot, in := running(t, fast())
	answers(in, bots.Answer{Text: "慢了一步，王芳 14:03 认领了 #128。", Brief: true})
	root := send(t, bot, bots.Post{Chat: team, Card: card()}).ID
	press(t, s, team, root, "认领")
	e := one(t, in, typed(bots.OnPress))
	if e.Payload != "claim:128" || e.MessageID != root || e.Thread != "" || e.Trigger == "" || e.Chat.Title != "care" || e.From.Name != "李雷" {
		t.Errorf("arrived as %+v", e)
	}
	if m := seen(t, s, team, withText("慢了一步，王芳 14:03 认领了 #128。")); m.Ephemeral != lilei || m.Thread != "" {
		t.Errorf("seen by %q in thread %q", m.Ephemeral, m.Thread)
	}
	// In a thread the answer stands in the thread.
	inside := send(t, bot, bots.Post{Chat: team, Thread: root, Text: "发吗", Buttons: [][]bots.Button{{{Text: "发给客户", Data: "send:1"}}}}).ID
	answers(in, bots.Answer{Text: "发了"})
	press(t, s, team, inside, "发给客户")
	if e := one(t, in, func(e bots.Event) bool { return e.Payload == "send:1" }); e.Thread != root || e.MessageID != inside {
		t.Errorf("arrived as %+v", e)
	}
	if m := seen(t, s, team, withText("发了")); m.Ephemeral != lilei || m.Thread != root {
		t.Errorf("seen by %q in thread %q", m.Ephemeral, m.Thread)
	}
	// A command written in a thread has no response URL.
	answers(in, bots.Answer{Text: "#128 现在归你", Buttons: [][]bots.Button{{{Text: "撤销", Data: "undo:1"}}}})
	s.Replies(lilei, team, root, "！认领")
	m := seen(t, s, team, withText("#128 现在归你"))
	if _, found := m.Find("撤销"); m.Ephemeral != lilei || m.Thread != root || !found {
		t.Errorf("shown as %+v", m)
	}
}

func TestPressOnWhatOnlyOnePersonSees(t *testing.T) {
	s, bot, in := running(t, fast())
	root := send(t, bot, bots.Post{Chat: team, Card: card()}).ID
	answers(in, bots.Answer{Text: "这句还没发给客户。要发吗？", Buttons: [][]bots.Button{{{Text: "只留内部", Data: "note:1"}}}})
	s.Replies(lilei, team, root, "回复 马上")
	m := seen(t, s, team, withText("这句还没发给客户。要发吗？"))
	answers(in, bots.Answer{Text: "只留在内部了", Replace: true})
	press(t, s, team, m.TS, "只留内部")
	e := one(t, in, typed(bots.OnPress))
	if e.MessageID != m.TS || e.Thread != root || e.Payload != "note:1" {
		t.Errorf("arrived as %+v", e)
	}
	done := seen(t, s, team, withText("只留在内部了"))
	if done.TS != m.TS || len(done.Buttons) != 0 || done.Ephemeral != lilei {
		t.Errorf("became %+v", done)
	}
}

func TestReplaceWithoutAResponseURL(t *testing.T) {
	s, bot, in := running(t, fast())
	answers(in, bots.Answer{Text: "发了", Replace: true})
	ask := send(t, bot, bots.Post{Chat: team, Text: "发给 18 位客户", Buttons: [][]bots.Button{{{Text: "发给 18 位", Data: "send:1"}}}}).ID
	s.Misbehave("response", slacktest.NotOK("expired_url"))
	press(t, s, team, ask, "发给 18 位")
	if m := seen(t, s, team, withText("发了")); m.TS != ask || len(m.Buttons) != 0 {
		t.Errorf("became %+v", m)
	}
}

func TestPrivateChatsAndPublicAnswers(t *testing.T) {
	s, _, in := running(t, fast())
	answers(in, bots.Answer{Text: "现在没有在处理的事。"})
	s.Says(wang, s.DM(wang), "进度")
	if m := seen(t, s, s.DM(wang), withText("现在没有在处理的事。")); m.Ephemeral != "" {
		t.Error("a customer's answer would be gone at the next start")
	}
	answers(in, bots.Answer{Text: "待办 3 条", Public: true})
	s.Says(lilei, team, slacktest.At(slacktest.Bot)+" 待办")
	if m := seen(t, s, team, withText("待办 3 条")); m.Ephemeral != "" {
		t.Error("a list that was asked for is private")
	}
}

func TestDialog(t *testing.T) {
	s, bot, in := running(t, fast())
	d := &bots.Dialog{
		Title: "回复 #128 王**（Telegram 私聊）— 一个很长的标题会被截断", Data: "reply:128", Label: "写给客户的话", Hint: "客户会看到这段文字", Value: "您好，",
		Submit: "发送", Prompt: "回复 #128 …", Min: 4, Options: []bots.Option{{Name: "nosurvey", Text: "不评价"}, {Name: "resolve", Text: "同时解决"}},
	}
	answers(in, bots.Answer{Dialog: d})
	root := send(t, bot, bots.Post{Chat: team, Card: card()}).ID
	press(t, s, team, root, "回复")
	v, ok := s.WaitView(lilei, bottest.Patience)
	if !ok {
		t.Fatal("no dialog opened")
	}
	if v.Label != d.Label || v.Value != d.Value || v.Hint != d.Hint || v.Submit != d.Submit || v.MinLength != 4 || len(v.Boxes) != 2 || !strings.HasPrefix(v.Title, "回复 #128") {
		t.Errorf("shown as %+v", v)
	}
	if err := s.Submits(v.ID, "短"); err == nil {
		t.Error("Slack took a text that is too short")
	}
	answers(in, bots.Answer{Text: "10 秒后发给 #128", Buttons: [][]bots.Button{{{Text: "撤销", Data: "undo:7"}}}})
	if err := s.Submits(v.ID, "您好，马上为您重做", "不评价"); err != nil {
		t.Fatal(err)
	}
	e := one(t, in, typed(bots.OnSubmit))
	if e.Payload != "reply:128" || e.Values["text"] != "您好，马上为您重做" || e.Text != e.Values["text"] || e.Values["nosurvey"] != "on" || e.Values["resolve"] != "" {
		t.Errorf("arrived as %+v", e)
	}
	if e.Chat.ID != team || !e.Chat.Group || e.MessageID != root || e.From.ID != lilei || e.Key != "submit:"+v.ID {
		t.Errorf("arrived as %+v", e)
	}
	if m := seen(t, s, team, withText("10 秒后发给 #128")); m.Ephemeral != lilei || len(m.Buttons) != 1 {
		t.Errorf("answered by %+v", m)
	}
}

// A dialog that Slack does not open any more becomes its title, with a button
// that is a fresh tap.
func TestDialogTooLate(t *testing.T) {
	o := fast()
	o.TriggerTTL = time.Nanosecond
	s, bot, in := running(t, o)
	answers(in, bots.Answer{Dialog: &bots.Dialog{Title: "回复 #128", Data: "reply:128", Label: "写给客户的话", Submit: "发送", Prompt: "请直接回复这条"}})
	root := send(t, bot, bots.Post{Chat: team, Card: card()}).ID
	press(t, s, team, root, "回复")
	m := seen(t, s, team, withText("回复 #128 …"))
	if m.Ephemeral != lilei {
		t.Error("everybody sees it")
	}
	press(t, s, team, m.TS, "回复 #128")
	if got := in.Wait(t, 2, typed(bots.OnPress)); got[1].Payload != got[0].Payload || got[1].Key == got[0].Key {
		t.Errorf("the second tap arrived as %+v", got[1])
	}
}

// Foreign addresses in payloads are not answered to.
func TestForeignResponseURL(t *testing.T) {
	s, _, in := running(t, fast())
	answers(in, bots.Answer{Text: "#128 的手机号是 …"})
	s.SendFrame(`{"type":"slash_commands","envelope_id":"forged","payload":{"channel_id":"` + team + `","user_id":"` + lilei +
		`","trigger_id":"1","text":"原文 #128","response_url":"https://hooks.slack.com.evil.example.net/x"}}`)
	if m := seen(t, s, team, withText("#128 的手机号是 …")); m.Ephemeral != lilei {
		t.Errorf("seen by %q", m.Ephemeral)
	}
}

// An answer that comes too soon after another message is shown once the chat
// takes it.
func TestAnswerWaitsForTheRate(t *testing.T) {
	s, _, in := running(t, fast())
	answers(in, bots.Answer{Text: "#128 处理中"})
	s.Misbehave("chat.postMessage", slacktest.RateLimited(time.Second))
	s.Says(wang, s.DM(wang), "进度")
	seen(t, s, s.DM(wang), withText("#128 处理中"))
	if n := s.Calls("chat.postMessage"); n != 2 {
		t.Errorf("tried %d times", n)
	}
}

// A response URL is a secret: whoever has it can write as the app. It stands in
// no log, whatever goes wrong with it.
func TestNoLogHoldsAResponseURL(t *testing.T) {
	s := workspace(t, fast())
	inbox := &bottest.Inbox{}
	answers(inbox, bots.Answer{Text: "#128 处理中"})
	env, log := bottest.NewEnv(t, inbox)
	bottest.Start(t, connect(t, s, env, nil))
	bottest.Eventually(t, "the socket", func() bool { return s.Connected() > 0 })
	for _, f := range []slacktest.Fault{slacktest.AcceptThenDrop(), slacktest.Truncated(), slacktest.Status(500), slacktest.Redirect("http://127.0.0.1:1/x")} {
		s.Misbehave("response", f)
		s.Misbehave("chat.postEphemeral", slacktest.Reset())
		before := strings.Count(log.String(), "an answer was not shown")
		if err := s.Slash(lilei, team, "认领 #128"); err != nil {
			t.Fatal(err)
		}
		bottest.Eventually(t, "the log", func() bool { return strings.Count(log.String(), "an answer was not shown") > before })
	}
	if strings.Contains(log.String(), "/response/") {
		t.Errorf("the log holds a response URL:\n%s", log)
	}
}
