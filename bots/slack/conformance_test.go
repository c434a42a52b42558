package slack_test

import (
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/slack"
	"github.com/huiyin/huiyin/bots/slack/slacktest"
)

func TestConformance(t *testing.T) {
	bottest.Run(t, bottest.Harness{
		Kind: slack.Kind(),
		Start: func(t *testing.T, env bots.Env) bottest.Platform {
			theirs, ours := impatient()
			s := workspace(t, theirs)
			s.AddUser("U01ABCDEF", "张三") // named by hostile texts
			p := &platform{t: t, s: s}
			p.bot = connect(t, s, env, ours)
			return p
		},
		Never: map[bots.Fate]string{
			bots.Moved:     "Slack tells of a new channel id by an event, not by a refusal",
			bots.Unchanged: "Slack takes an edit that changes nothing",
		},
	})
}

// platform is the fake workspace as the suite sees it.
type platform struct {
	t   *testing.T
	s   *slacktest.Server
	bot bots.Bot
}

func (p *platform) Bot() bots.Bot { return p.bot }
func (p *platform) Secrets() []string {
	return []string{slacktest.BotToken, slacktest.AppToken, "ticket-"}
}
func (p *platform) Group() string       { return team }
func (p *platform) Private() string     { return p.s.DM(lilei) }
func (p *platform) Person() bots.Person { return bots.Person{ID: lilei, Name: "李雷"} }

func (p *platform) Say(chat, text string) string { return p.s.Says(lilei, chat, text) }

func (p *platform) Press(chat, messageID, button string) {
	if !p.s.WaitFor(bottest.Patience, func() bool { return p.s.Connected() > 0 }) {
		p.t.Error("no socket to press over")
	}
	if err := p.s.Presses(lilei, chat, messageID, button); err != nil {
		p.t.Error(err)
	}
}

func (p *platform) Shown(chat string) []bottest.Shown {
	var out []bottest.Shown
	for _, m := range p.s.Messages(chat) {
		if m.User != slacktest.Bot {
			continue
		}
		shown := bottest.Shown{ID: m.TS, Text: m.Text, Pings: len(m.Notified), Live: m.Live, Deleted: m.Deleted}
		for _, row := range m.Buttons {
			var texts []string
			for _, b := range row {
				texts = append(texts, b.Text)
			}
			shown.Buttons = append(shown.Buttons, texts)
		}
		out = append(out, shown)
	}
	return out
}

func (p *platform) Pending() int { return p.s.Pending() }

func (p *platform) Faults() []bottest.Fault {
	post, edit := "chat.postMessage", "chat.update"
	once := func(method string, f slacktest.Fault) func(bots.Post) *bots.Post {
		return func(bots.Post) *bots.Post {
			p.s.Misbehave(method, f)
			return nil
		}
	}
	faults := []bottest.Fault{
		{Name: "429", Arm: once(post, slacktest.RateLimited(30*time.Second)), Want: bots.Limited},
		{Name: "429 without a time", Arm: once(post, slacktest.RateLimited(-1)), Want: bots.Limited},
		{Name: "ratelimited", Arm: once(post, slacktest.NotOK("ratelimited")), Want: bots.Limited},
		{Name: "429 of an edit", Edit: true, Arm: once(edit, slacktest.RateLimited(time.Second)), Want: bots.Limited},
		{Name: "dropped", Arm: once(post, slacktest.AcceptThenDrop()), Want: bots.Uncertain, Taken: true},
		{Name: "truncated", Arm: once(post, slacktest.Truncated()), Want: bots.Uncertain, Taken: true},
		{Name: "late", Arm: once(post, slacktest.Slow(6*time.Second)), Want: bots.Uncertain, Taken: true},
		{Name: "reset", Arm: once(post, slacktest.Reset()), Want: bots.Uncertain},
		{Name: "500", Arm: once(post, slacktest.Status(500)), Want: bots.Uncertain},
		{Name: "503", Arm: once(post, slacktest.Status(503)), Want: bots.Uncertain},
		{Name: "400", Arm: once(post, slacktest.Status(400)), Want: bots.Rejected},
		{Name: "redirect", Arm: once(post, slacktest.Redirect("http://127.0.0.1:1/api/chat.postMessage")), Want: bots.Rejected},
		{Name: "no JSON", Arm: once(post, slacktest.Answer("<html>hello")), Want: bots.Uncertain},
		{Name: "no verdict", Arm: once(post, slacktest.Answer("{}")), Want: bots.Uncertain},
		{Name: "null", Arm: once(post, slacktest.Answer("null")), Want: bots.Uncertain},
		{Name: "ok without a ts", Arm: once(post, slacktest.Answer(`{"ok":true}`)), Want: bots.Uncertain},
		{Name: "ok false without a code", Arm: once(post, slacktest.Answer(`{"ok":false}`)), Want: bots.Rejected},
		{Name: "unknown chat", Arm: func(post bots.Post) *bots.Post { post.Chat = "C0NOWHERE"; return &post }, Want: bots.Gone},
		{Name: "unknown thread", Arm: func(post bots.Post) *bots.Post { post.Thread = "1600000000.000001"; return &post }, Want: bots.Vanished},
		{Name: "edit of nothing", Edit: true, Arm: once(edit, slacktest.NotOK("message_not_found")), Want: bots.Vanished},
		{Name: "edit of what is not ours any more", Edit: true, Arm: once(edit, slacktest.NotOK("cant_update_message")), Want: bots.Vanished},
		{Name: "edit too late", Edit: true, Arm: once(edit, slacktest.NotOK("edit_window_closed")), Want: bots.Vanished},
		{Name: "unsent", Arm: func(bots.Post) *bots.Post { p.s.Close(); return nil }, Want: bots.Unsent},
	}
	for code, fate := range map[string]bots.Fate{
		"invalid_auth": bots.Unauthorized, "not_authed": bots.Unauthorized, "account_inactive": bots.Unauthorized,
		"token_revoked": bots.Unauthorized, "token_expired": bots.Unauthorized, "missing_scope": bots.Unauthorized,
		"channel_not_found": bots.Gone, "is_archived": bots.Gone, "not_in_channel": bots.Gone, "messages_tab_disabled": bots.Gone,
		"restricted_action": bots.Rejected, "no_text": bots.Rejected, "a_code_of_tomorrow": bots.Rejected, "cannot_dm_bot": bots.Rejected,
		"internal_error": bots.Uncertain, "fatal_error": bots.Uncertain, "service_unavailable": bots.Uncertain, "request_timeout": bots.Uncertain,
		"rate_limited": bots.Limited, "message_limit_exceeded": bots.Limited, "team_added_to_org": bots.Limited,
		"thread_not_found": bots.Vanished, "cannot_reply_to_message": bots.Vanished,
	} {
		faults = append(faults, bottest.Fault{Name: "code " + code, Arm: once(post, slacktest.NotOK(code)), Want: fate})
	}
	for _, code := range []string{"invalid_blocks", "msg_blocks_too_long", "msg_too_long"} {
		faults = append(faults, bottest.Fault{Name: "twice " + code, Want: bots.Rejected, Arm: func(bots.Post) *bots.Post {
			p.s.Misbehave(post, slacktest.NotOK(code), slacktest.NotOK(code))
			return nil
		}})
	}
	return faults
}
