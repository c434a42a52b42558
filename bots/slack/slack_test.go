package slack_test

import (
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/slack"
	"github.com/huiyin/huiyin/bots/slack/slacktest"
)

const (
	team  = "C0CARE"
	lilei = "U0LILEI"
	wang  = "U0WANG"
)

// fast are figures that keep tests short.
func fast() slacktest.Options {
	return slacktest.Options{
		AckWithin: time.Second, Rate: -1, Ping: 50 * time.Millisecond,
		Retry: []time.Duration{0, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond},
	}
}

// workspace starts a fake with a team channel of two people.
func workspace(t *testing.T, o slacktest.Options) *slacktest.Server {
	t.Helper()
	s, err := slacktest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.AddUser(lilei, "李雷")
	s.AddUser(wang, "王芳")
	s.AddChannel(team, "care", lilei, wang)
	return s
}

// connect makes a bot for a workspace; change may alter its options.
func connect(t *testing.T, s *slacktest.Server, env bots.Env, change func(*slack.Options)) bots.Bot {
	t.Helper()
	options, ok := slack.Kind().Options().(*slack.Options)
	if !ok {
		t.Fatal("options of another kind")
	}
	options.BotToken, options.AppToken, options.APIURL = slacktest.BotToken, slacktest.AppToken, s.URL()
	options.Timeout, options.AckWithin, options.Reconnect = 1500*time.Millisecond, 700*time.Millisecond, 50*time.Millisecond
	if change != nil {
		change(options)
	}
	bot, err := slack.Kind().New(env, options)
	if err != nil {
		t.Fatal(err)
	}
	return bot
}

// running starts a bot in a workspace and waits until it listens.
func running(t *testing.T, o slacktest.Options) (*slacktest.Server, bots.Bot, *bottest.Inbox) {
	t.Helper()
	s, inbox := workspace(t, o), &bottest.Inbox{}
	env, log := bottest.NewEnv(t, inbox)
	bot := connect(t, s, env, nil)
	bottest.Start(t, bot)
	bottest.Eventually(t, "the socket", func() bool { return s.Connected() > 0 })
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return s, bot, inbox
}
