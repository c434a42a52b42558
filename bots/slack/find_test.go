package slack_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/slack/slacktest"
)

// TestFindsWhatWasPosted: a message whose answer was lost is found by its key,
// in a channel and in a thread, and nothing else is taken for it.
func TestFindsWhatWasPosted(t *testing.T) {
	s, bot := sender(t, fast())
	finder, ok := bot.(bots.Finder)
	if !ok {
		t.Fatal("Slack cannot be searched")
	}
	ctx, since := context.Background(), time.Now()
	for i := range 250 { // more than one page
		s.Says(lilei, team, fmt.Sprintf("闲聊 %d", i))
	}
	lost := bots.Post{Key: "card:7", Chat: team, Card: card()}
	if id, err := finder.Find(ctx, lost, since); id != "" || err != nil {
		t.Fatalf("found %q before it was posted: %v", id, err)
	}
	s.Misbehave("chat.postMessage", slacktest.AcceptThenDrop())
	if _, err := bot.Send(ctx, lost); bots.FateOf(err) != bots.Uncertain {
		t.Fatalf("sending: %v", err)
	}
	for i := range 250 {
		s.Says(wang, team, fmt.Sprintf("又闲聊 %d", i))
	}
	id, err := finder.Find(ctx, lost, since)
	if err != nil || message(t, s, team, id).Key != "card:7" {
		t.Fatalf("found %q: %v", id, err)
	}
	if key, err := finder.KeyOf(ctx, team, id); key != "card:7" || err != nil {
		t.Errorf("its key: %q, %v", key, err)
	}
	if other, err := finder.Find(ctx, bots.Post{Key: "card:8", Chat: team}, since); other != "" || err != nil {
		t.Errorf("another key found %q: %v", other, err)
	}

	line := bots.Post{Key: "say:1", Chat: team, Thread: id, Text: "客户又说：在吗"}
	s.Misbehave("chat.postMessage", slacktest.Truncated())
	if _, err := bot.Send(ctx, line); bots.FateOf(err) != bots.Uncertain {
		t.Fatalf("sending: %v", err)
	}
	in, err := finder.Find(ctx, line, since)
	if err != nil || message(t, s, team, in).Thread != id {
		t.Errorf("the line was found as %q: %v", in, err)
	}
	theirs := s.Says(lilei, team, "这个谁跟？")
	if key, err := finder.KeyOf(ctx, team, theirs); key != "" || err != nil {
		t.Errorf("a colleague's message has the key %q: %v", key, err)
	}
	if key, err := finder.KeyOf(ctx, team, "1600000000.000001"); key != "" || err != nil {
		t.Errorf("no message has the key %q: %v", key, err)
	}
}

// TestCannotLook: while Slack does not answer nobody knows; an app that may not
// look posts as before.
func TestCannotLook(t *testing.T) {
	s, bot := sender(t, fast())
	finder, ok := bot.(bots.Finder)
	if !ok {
		t.Fatal("Slack cannot be searched")
	}
	look := func(f slacktest.Fault) error {
		s.Misbehave("conversations.history", f)
		id, err := finder.Find(context.Background(), bots.Post{Key: "card:7", Chat: team}, time.Now())
		if id != "" {
			t.Errorf("found %q", id)
		}
		return err
	}
	for fate, f := range map[bots.Fate]slacktest.Fault{
		bots.Limited: slacktest.RateLimited(3 * time.Second), bots.Uncertain: slacktest.Truncated(), bots.Unauthorized: slacktest.NotOK("token_revoked"),
	} {
		var se *bots.SendError
		if err := look(f); !errors.As(err, &se) || se.Fate != fate {
			t.Errorf("%v, want %s", err, fate)
		}
	}
	for _, f := range []slacktest.Fault{slacktest.NotOK("missing_scope"), slacktest.NotOK("not_in_channel"), slacktest.Answer(`{"ok":true,"messages":[]}`)} {
		if err := look(f); err != nil {
			t.Error(err)
		}
	}
	if err := look(slacktest.Answer(`{"ok":true,"messages":{"odd":1}}`)); bots.FateOf(err) != bots.Uncertain {
		t.Errorf("an answer that cannot be read: %v", err)
	}
}

// TestRepliesToOnesOwn: a reply under the bot's message tells so.
func TestRepliesToOnesOwn(t *testing.T) {
	s, bot, in := running(t, fast())
	root := send(t, bot, bots.Post{Key: "card:7", Chat: team, Card: card()}).ID
	s.Replies(lilei, team, root, "先问问品控")
	if e := one(t, in, text("先问问品控")); !e.Own || e.Thread != root {
		t.Errorf("%+v", e)
	}
	s.Replies(lilei, team, s.Says(wang, team, "中午吃什么"), "面")
	if e := one(t, in, text("面")); e.Own {
		t.Errorf("%+v", e)
	}
}
