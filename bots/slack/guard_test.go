package slack_test

import (
	"context"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/slack/slacktest"
	"github.com/huiyin/huiyin/outbound"
	"github.com/huiyin/huiyin/outbound/outboundtest"
)

// TestAFileLeadsNowhereInside: attachments that name, and Slack's own files that
// redirect to, every address that is not public.
func TestAFileLeadsNowhereInside(t *testing.T) {
	canary := outboundtest.NewCanary(t)
	s := workspace(t, fast())
	g := outbound.Guard{Ports: []uint16{uint16(canary.Port)}, Resolver: outboundtest.Resolver(t, nil)}
	env, log := bottest.NewEnv(t, &bottest.Inbox{})
	env.HTTP, env.Content = g.Host(s.URL(), bottest.Patience), g.Content(bottest.Patience)
	fetcher, ok := connect(t, s, env, nil).(bots.Fetcher)
	if !ok {
		t.Fatal("no fetcher")
	}
	fetch := func(v outboundtest.Vector, ref string) {
		f, err := fetcher.Fetch(context.Background(), ref, 100)
		if err == nil {
			_ = f.Body.Close()
			t.Errorf("%s (%q) was fetched", v.Name, v.URL)
		} else if strings.Contains(err.Error(), slacktest.BotToken) {
			t.Errorf("%s: the error holds the token", v.Name)
		}
	}
	vectors := canary.Vectors()
	for _, v := range vectors {
		if strings.Contains(v.URL, "://") {
			fetch(v, v.URL)
		}
		s.Misbehave("file", slacktest.Redirect(v.URL))
		fetch(v, strings.TrimSuffix(s.URL(), "api/")+"files-pri/F1/x.png")
	}
	env.HTTP.CloseIdleConnections()
	if n := canary.Hits(); n != 0 || s.Calls("file") != len(vectors) {
		t.Fatalf("the canary was reached %d times, after %d redirects", n, s.Calls("file"))
	}
	if strings.Contains(log.String(), slacktest.BotToken) {
		t.Error("the log holds the token")
	}
}
