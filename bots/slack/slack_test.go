package slack_test

import (
	"slices"
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

// fast are figures that keep tests short, and of which none runs out on a busy
// machine.
func fast() slacktest.Options {
	return slacktest.Options{
		AckWithin: bottest.Patience, TriggerTTL: bottest.Patience, Rate: -1, Ping: 50 * time.Millisecond,
		// Nothing is given up while a busy machine has not opened its socket yet.
		Retry: append([]time.Duration{0, 20 * time.Millisecond, 50 * time.Millisecond}, slices.Repeat([]time.Duration{100 * time.Millisecond}, 600)...),
	}
}

// impatient are the figures where a test waits for one to run out: in the
// workspace, and in the bot.
func impatient() (slacktest.Options, func(*slack.Options)) {
	theirs := fast()
	theirs.AckWithin = 3 * time.Second
	return theirs, func(o *slack.Options) { o.Timeout, o.AckWithin = 5*time.Second, 2*time.Second }
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
	options.Timeout, options.Reconnect = bottest.Patience, 50*time.Millisecond
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
	return runningWith(t, o, nil)
}

// runningWith is running where change may alter the bot's options.
func runningWith(t *testing.T, o slacktest.Options, change func(*slack.Options)) (*slacktest.Server, bots.Bot, *bottest.Inbox) {
	t.Helper()
	s, inbox := workspace(t, o), &bottest.Inbox{}
	env, log := bottest.NewEnv(t, inbox)
	bot := connect(t, s, env, change)
	bottest.Start(t, bot)
	bottest.Eventually(t, "the socket", func() bool { return s.Connected() > 0 })
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return s, bot, inbox
}
