package slack_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/slack"
	"github.com/huiyin/huiyin/bots/slack/slacktest"
)

// one waits for the first event that ok accepts.
func one(t *testing.T, in *bottest.Inbox, ok func(bots.Event) bool) bots.Event {
	t.Helper()
	return in.Wait(t, 1, ok)[0]
}

func typed(kind bots.EventType) func(bots.Event) bool {
	return func(e bots.Event) bool { return e.Type == kind }
}

func text(s string) func(bots.Event) bool {
	return func(e bots.Event) bool { return e.Type == bots.OnMessage && e.Text == s }
}

func TestMessageInAThread(t *testing.T) {
	s, _, in := running(t, fast())
	root := s.Says(lilei, team, "第一句 <b> & c")
	reply := s.Replies(wang, team, root, "解决不了，先问品控")
	e := one(t, in, text("第一句 <b> & c"))
	if e.Key != team+":"+root || e.Thread != "" || !e.Chat.Group || e.Chat.Title != "care" || e.From.Name != "李雷" || e.From.Lang != "zh-CN" || e.Mentioned {
		t.Errorf("the root arrived as %+v", e)
	}
	e = one(t, in, text("解决不了，先问品控"))
	if e.MessageID != reply || e.Thread != root || e.ReplyTo != root || e.Own || e.From.ID != wang || len(e.Raw) == 0 || time.Since(e.At) > time.Minute {
		t.Errorf("the reply arrived as %+v", e)
	}
}

// A mention comes as message and as app_mention; whichever is first, both are
// the same event.
func TestMentionComesTwice(t *testing.T) {
	s, _, in := running(t, fast())
	for range 4 { // the fake swaps the order now and then
		s.Says(lilei, team, slacktest.At(slacktest.Bot)+"：认领 #12")
	}
	byKey := map[string]int{}
	for _, e := range in.Wait(t, 8, typed(bots.OnMessage)) {
		byKey[e.Key]++
		if e.Text != "认领 #12" || !e.Mentioned || !e.Addressed || e.Slash {
			t.Errorf("arrived as %q, mentioned %v, at the beginning %v", e.Text, e.Mentioned, e.Addressed)
		}
	}
	if len(byKey) != 4 {
		t.Errorf("4 mentions have %d keys: %v", len(byKey), byKey)
	}
	s.Says(lilei, team, "问问 "+slacktest.At(slacktest.Bot)+" 和 "+slacktest.At(wang))
	if e := one(t, in, text("问问 @回音 和 @王芳")); !e.Mentioned || e.Addressed {
		t.Errorf("a mention further on: %v, at the beginning %v", e.Mentioned, e.Addressed)
	}
}

func TestEditsAndDeletions(t *testing.T) {
	s, _, in := running(t, fast())
	dm := s.DM(lilei)
	ts := s.Says(lilei, dm, "奶茶里有虫")
	s.Unfurls(lilei, dm, ts)
	s.Edits(lilei, dm, ts, "奶茶里有塑料片")
	e := one(t, in, typed(bots.OnEdited))
	if e.MessageID != ts || e.Text != "奶茶里有塑料片" || !strings.HasPrefix(e.Key, dm+":"+ts+":") || e.Chat.Group {
		t.Errorf("the edit arrived as %+v", e)
	}
	s.Deletes(lilei, dm, ts)
	if e := one(t, in, typed(bots.OnDeleted)); e.MessageID != ts || e.Key == "" || e.From.ID != lilei {
		t.Errorf("the deletion arrived as %+v", e)
	}
	s.Sends(map[string]any{
		"type": "message", "subtype": "message_changed", "channel": dm, "ts": "1700000001.000001",
		"message":          map[string]any{"type": "message", "subtype": "tombstone", "ts": "1700000000.000009", "user": "USLACKBOT"},
		"previous_message": map[string]any{"ts": "1700000000.000009", "user": lilei},
	})
	in.Wait(t, 1, func(e bots.Event) bool { return e.Type == bots.OnDeleted && e.MessageID == "1700000000.000009" })
	for _, e := range in.Events() {
		if e.Type == bots.OnEdited && e.Text == "奶茶里有虫" {
			t.Error("an unfurled link passes for an edit")
		}
	}
}

func TestProgramsAreNotHeard(t *testing.T) {
	s, bot, in := running(t, fast())
	if _, err := bot.Send(context.Background(), bots.Post{Chat: team, Text: "我说的"}); err != nil {
		t.Fatal(err)
	}
	for _, m := range []map[string]any{
		{"user": slacktest.Bot, "text": "own"},
		{"user": "U0OTHER", "bot_id": "B0OTHER", "text": "another bot"},
		{"subtype": "bot_message", "text": "an old bot"},
		{"subtype": "channel_join", "user": lilei, "text": "joined"},
		{"subtype": "channel_topic", "user": lilei, "text": "topic"},
	} {
		m["type"], m["channel"], m["ts"] = "message", team, "1700000000.000001"
		s.Sends(m)
	}
	bottest.Eventually(t, "acknowledgements", func() bool { return s.Pending() == 0 })
	s.Says(lilei, team, "真人")
	one(t, in, text("真人"))
	if n := len(in.Events()); n != 1 {
		t.Errorf("%d events, want the person's alone", n)
	}
}

func TestFilesArrive(t *testing.T) {
	s, _, in := running(t, fast())
	s.Uploads(lilei, s.DM(lilei), "", "看这个",
		slacktest.Upload{Name: "虫.jpg", MIME: "image/jpeg", Content: []byte("jpeg")},
		slacktest.Upload{Name: "audio.m4a", MIME: "audio/mp4", Content: []byte("voice"), Voice: 11200 * time.Millisecond},
		slacktest.Upload{Name: "a.pdf", MIME: "application/pdf", Content: []byte("pdf")})
	e := one(t, in, text("看这个"))
	if len(e.Attachments) != 3 {
		t.Fatalf("%d attachments", len(e.Attachments))
	}
	for i, want := range []bots.Attachment{
		{Kind: "image", Name: "虫.jpg", MIME: "image/jpeg", Size: 4},
		{Kind: "audio", Name: "audio.m4a", MIME: "audio/mp4", Size: 5, Duration: 12},
		{Kind: "file", Name: "a.pdf", MIME: "application/pdf", Size: 3},
	} {
		got := e.Attachments[i]
		if got.Ref == "" {
			t.Errorf("%s has no ref", got.Name)
		}
		got.Ref = ""
		if got != want {
			t.Errorf("attachment %d is %+v, want %+v", i, got, want)
		}
	}
}

// TestForwardedMessages: Slack puts what is forwarded beside a text that may be
// empty. A customer's is read; what a colleague writes beside one in a channel
// stays what they wrote, so that nothing forwarded gets into a command.
func TestForwardedMessages(t *testing.T) {
	s, _, in := running(t, fast())
	shared := func(words string) map[string]any {
		return map[string]any{
			"is_share": true, "is_msg_unfurl": true, "author_name": "王芳", "text": words, "fallback": "[today] 王芳: " + words,
			"files": []any{map[string]any{"id": "F1", "name": "虫.jpg", "mimetype": "image/jpeg", "size": 4, "url_private": "https://files.slack.com/1"}},
		}
	}
	preview := map[string]any{"title": "a page", "text": "what a page says of itself", "from_url": "https://www.example.com"}
	dm := s.DM(lilei)
	for i, c := range []struct {
		chat, text  string
		attachments []any
		want        string
		forwarded   bool
		files       int
	}{
		{dm, "", []any{shared("奶茶里有虫 &lt;b&gt; <@" + wang + ">")}, "奶茶里有虫 <b> @王芳", true, 1},
		{dm, "看看这个", []any{shared("漏了"), shared("又漏了")}, "看看这个\n漏了\n又漏了", true, 2},
		{dm, "见 https://www.example.com", []any{preview, nil, "x"}, "见 https://www.example.com", false, 0},
		{team, "！认领 #1", []any{shared("不相干")}, "！认领 #1", false, 0},
		{team, "", []any{shared("！解决 #1 好了")}, "！解决 #1 好了", true, 1},
	} {
		ts := fmt.Sprintf("1700000100.00000%d", i)
		s.Sends(map[string]any{"type": "message", "channel": c.chat, "user": lilei, "ts": ts, "text": c.text, "attachments": c.attachments})
		e := one(t, in, func(e bots.Event) bool { return e.MessageID == ts })
		if e.Text != c.want || e.Forwarded != c.forwarded || len(e.Attachments) != c.files {
			t.Errorf("%q beside %d: %q, forwarded %v, %d files", c.text, len(c.attachments), e.Text, e.Forwarded, len(e.Attachments))
		}
	}
}

func TestSlashCommand(t *testing.T) {
	s, _, in := running(t, fast())
	in.Reply = func(_ context.Context, e bots.Event) (bots.Answer, error) {
		return bots.Answer{Text: "李雷认领了 #12", Public: strings.Contains(e.Text, "公开")}, nil
	}
	if err := s.Slash(lilei, team, "认领 #12 "+slacktest.At(wang)); err != nil {
		t.Fatal(err)
	}
	e := one(t, in, typed(bots.OnMessage))
	if !e.Slash || e.Text != "认领 #12 @王芳" || !strings.HasPrefix(e.Key, "slash:") || e.Trigger == "" || e.Chat.ID != team || !e.Chat.Group || e.From.ID != lilei {
		t.Errorf("arrived as %+v", e)
	}
	m, ok := s.WaitMessage(team, bottest.Patience, func(m slacktest.Message) bool { return m.Text == "李雷认领了 #12" })
	if !ok || m.Ephemeral != lilei {
		t.Errorf("the answer is seen by %q, want %s alone", m.Ephemeral, lilei)
	}
	// In a channel the bot is not in, the response URL is the only way.
	s.AddChannel("C0OTHER", "random", lilei)
	s.Removes(lilei, "C0OTHER")
	for _, words := range []string{"待办", "待办 公开"} {
		if err := s.Slash(lilei, "C0OTHER", words); err != nil {
			t.Fatal(err)
		}
	}
	bottest.Eventually(t, "both answers", func() bool {
		return len(s.Messages("C0OTHER")) == 1 && len(s.Ephemerals(lilei)) == 2
	})
}

func TestMembership(t *testing.T) {
	s, _, in := running(t, fast())
	s.AddChannel("C0NEW", "new", lilei)
	s.Invites(lilei, "C0NEW")
	e := one(t, in, typed(bots.OnJoined))
	if e.Chat.ID != "C0NEW" || !e.Chat.Group || e.Chat.Title != "new" || e.From.ID != lilei || e.Key == "" {
		t.Errorf("joining arrived as %+v", e)
	}
	s.Removes(lilei, "C0NEW")
	s.Archives(lilei, team)
	left := in.Wait(t, 2, typed(bots.OnLeft))
	if left[0].Key == left[1].Key {
		t.Errorf("two chats were left under one key %s", left[0].Key)
	}
	s.Sends(map[string]any{"type": "channel_id_changed", "old_channel_id": "C0NEW", "new_channel_id": team, "event_ts": "1700000000.000001"})
	if e := one(t, in, typed(bots.OnMoved)); e.Chat.ID != "C0NEW" || e.NewChat != team {
		t.Errorf("the move arrived as %+v", e)
	}
	s.Sends(map[string]any{"type": "member_joined_channel", "user": lilei, "channel": team, "event_ts": "1700000000.000002"})
	s.Opens(lilei)
	if e := one(t, in, typed(bots.OnStart)); e.Chat.ID != s.DM(lilei) || e.Chat.Group || e.Key != "start:"+lilei {
		t.Errorf("the start arrived as %+v", e)
	}
	for _, e := range in.Events() {
		if e.Type == bots.OnJoined && e.Chat.ID == team {
			t.Error("somebody else's joining passes for the bot's")
		}
	}
}

// What cannot be read is kept as it came and not asked for again.
func TestUnreadableEventsAreKept(t *testing.T) {
	s, _, in := running(t, fast())
	s.Sends(map[string]any{"type": "message", "channel": []any{1}, "text": nil, "ts": 5})
	e := one(t, in, typed(bots.OnUnread))
	if e.Key == "" || !strings.Contains(string(e.Raw), `"channel":[1]`) {
		t.Errorf("kept as %+v", e)
	}
	bottest.Eventually(t, "the acknowledgement", func() bool { return s.Pending() == 0 })
	for _, frame := range []string{"", "{", "null", "[]", `"x"`, `{"type":"events_api","envelope_id":7}`, `{"type":"events_api","envelope_id":"x","payload":null}`,
		`{"type":"interactive","envelope_id":"y","payload":{"type":"block_actions","actions":[null],"user":null}}`, `{"type":"tomorrow","envelope_id":"z","payload":{}}`} {
		s.SendFrame(frame)
	}
	// Fields of odd shapes beside what matters cost nothing.
	s.Sends(map[string]any{
		"type": "message", "channel": team, "user": lilei, "ts": "1700000000.000077", "text": "照样",
		"blocks": []any{nil, map[string]any{"type": 5}}, "files": []any{nil, "x", map[string]any{"id": 5}}, "edited": "no", "thread_ts": 3, "channel_type": []any{},
	})
	if e := one(t, in, text("照样")); e.Thread != "" || len(e.Attachments) != 0 {
		t.Errorf("arrived as %+v", e)
	}
	if s.Connected() == 0 {
		t.Error("odd frames closed the socket")
	}
}

// What can neither be read nor stored is not acknowledged: it comes again.
func TestUnreadableEventsThatCannotBeKept(t *testing.T) {
	theirs, ours := impatient()
	s, _, in := runningWith(t, theirs, ours)
	var tries atomic.Int32
	in.Reply = func(context.Context, bots.Event) (bots.Answer, error) {
		if tries.Add(1) == 1 {
			return bots.Answer{}, errors.New("the database is away and the spool is full")
		}
		return bots.Answer{}, nil
	}
	s.Sends(map[string]any{"type": "message", "channel": []any{1}, "text": nil, "ts": 5})
	kept := in.Wait(t, 2, typed(bots.OnUnread))
	if kept[0].Key != kept[1].Key {
		t.Errorf("it came again as %s, was %s", kept[1].Key, kept[0].Key)
	}
	bottest.Eventually(t, "the acknowledgement", func() bool { return s.Pending() == 0 })
	if len(s.Lost()) != 0 {
		t.Errorf("lost %v", s.Lost())
	}
}

func TestOrderWithinAChat(t *testing.T) {
	s, _, in := running(t, fast())
	dm := s.DM(lilei)
	var sent []string
	for i := range 20 {
		sent = append(sent, s.Says(lilei, dm, strings.Repeat("甲", i+1)))
		bottest.Eventually(t, "delivery", func() bool { return s.Pending() == 0 })
	}
	for i, e := range in.Wait(t, len(sent), typed(bots.OnMessage)) {
		if e.MessageID != sent[i] {
			t.Fatalf("message %d is %s, want %s", i, e.MessageID, sent[i])
		}
	}
}

// Storing that takes too long is not acknowledged: Slack brings it again.
func TestSlowStoreIsNotAcknowledged(t *testing.T) {
	theirs, ours := impatient()
	s, _, in := runningWith(t, theirs, ours)
	var calls atomic.Int32
	in.Reply = func(ctx context.Context, _ bots.Event) (bots.Answer, error) {
		if calls.Add(1) == 1 {
			<-ctx.Done()
			return bots.Answer{Text: "zu spät"}, nil
		}
		return bots.Answer{}, nil
	}
	s.Says(lilei, s.DM(lilei), "慢")
	in.Wait(t, 2, text("慢"))
	bottest.Eventually(t, "the acknowledgement", func() bool { return s.Pending() == 0 })
	if len(s.Lost()) != 0 {
		t.Errorf("lost %v", s.Lost())
	}
	if _, said := s.WaitMessage(s.DM(lilei), 50*time.Millisecond, func(m slacktest.Message) bool { return m.Text == "zu spät" }); said {
		t.Error("answered an event that was not acknowledged")
	}
}

func TestReconnects(t *testing.T) {
	s, _, in := running(t, fast())
	dm := s.DM(lilei)
	for i, disturb := range []func(){
		s.DropSockets,
		func() { s.AskToReconnect("refresh_requested") },
		func() { s.AskToReconnect("warning") },
		func() {
			s.Misbehave("apps.connections.open", slacktest.Status(500), slacktest.NotOK("internal_error"))
			s.DropSockets()
		},
		func() { s.Misbehave("socket", slacktest.Status(503), slacktest.Reset()); s.DropSockets() },
		func() { s.Misbehave("apps.connections.open", slacktest.RateLimited(time.Second)); s.DropSockets() },
	} {
		before := s.Calls("socket")
		disturb()
		bottest.Eventually(t, "another socket", func() bool { return s.Calls("socket") > before && s.Connected() > 0 })
		words := strings.Repeat("在吗", i+1)
		bottest.Eventually(t, "a message after it", func() bool {
			s.Says(lilei, dm, words)
			return s.WaitFor(300*time.Millisecond, func() bool {
				for _, e := range in.Events() {
					if e.Text == words {
						return true
					}
				}
				return false
			})
		})
	}
}

// An event that is being stored while Slack renews the socket is still
// acknowledged.
func TestRenewalKeepsWhatIsBeingStored(t *testing.T) {
	s, _, in := running(t, fast())
	release := make(chan struct{})
	in.Reply = func(context.Context, bots.Event) (bots.Answer, error) {
		<-release
		return bots.Answer{}, nil
	}
	s.Says(lilei, s.DM(lilei), "正在存")
	in.Wait(t, 1, text("正在存"))
	s.AskToReconnect("refresh_requested")
	bottest.Eventually(t, "the second socket", func() bool { return s.Calls("socket") >= 2 })
	close(release)
	bottest.Eventually(t, "the acknowledgement", func() bool { return s.Pending() == 0 })
	if n := len(in.Events()); n != 1 {
		t.Errorf("stored %d times, want once", n)
	}
}

func TestSilentSocketIsReplaced(t *testing.T) {
	o := fast()
	o.Ping = time.Hour
	s := workspace(t, o)
	env, _ := bottest.NewEnv(t, &bottest.Inbox{})
	bottest.Start(t, connect(t, s, env, func(o *slack.Options) { o.Silence = 50 * time.Millisecond }))
	bottest.Eventually(t, "three sockets", func() bool { return s.Calls("socket") >= 3 })
}

// Refusals that trying again does not mend end Run, with what to do.
func TestRefusedForGood(t *testing.T) {
	for _, c := range []struct{ method, code, say string }{
		{"auth.test", "invalid_auth", "bot_token"},
		{"auth.test", "account_inactive", "install"},
		{"apps.connections.open", "missing_scope", "connections:write"},
		{"apps.connections.open", "not_allowed_token_type", "xapp-"},
		{"apps.connections.open", "token_revoked", "app_token"},
	} {
		t.Run(c.code, func(t *testing.T) {
			s := workspace(t, fast())
			env, _ := bottest.NewEnv(t, &bottest.Inbox{})
			s.Misbehave(c.method, slacktest.NotOK(c.code))
			refused(t, connect(t, s, env, nil), c.say)
		})
	}
	t.Run("link_disabled", func(t *testing.T) {
		s := workspace(t, fast())
		env, _ := bottest.NewEnv(t, &bottest.Inbox{})
		go s.WaitFor(bottest.Patience, func() bool {
			if s.Connected() == 0 {
				return false
			}
			s.AskToReconnect("link_disabled")
			return true
		})
		refused(t, connect(t, s, env, nil), "Socket Mode")
	})
	t.Run("not found", func(t *testing.T) {
		s := workspace(t, fast())
		env, _ := bottest.NewEnv(t, &bottest.Inbox{})
		refused(t, connect(t, s, env, func(o *slack.Options) { o.APIURL = strings.TrimSuffix(s.URL(), "api/") + "nowhere" }), "api_url")
	})
}

func refused(t *testing.T, bot bots.Bot, say string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), bottest.Patience)
	defer cancel()
	err := bot.Run(ctx)
	if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), say) {
		t.Errorf("Run ended with %v, want advice about %s", err, say)
	}
}

// A name that cannot be had does not hold up its message, and is asked for
// once.
func TestNamesThatCannotBeHad(t *testing.T) {
	s, _, in := running(t, fast())
	s.Misbehave("users.info", slacktest.NotOK("user_not_visible"))
	s.Says(lilei, s.DM(lilei), "一")
	s.Says(lilei, s.DM(lilei), "二")
	if e := one(t, in, text("一")); e.From.Name != lilei {
		t.Errorf("the name is %q, want the id", e.From.Name)
	}
	one(t, in, text("二"))
	if n := s.Calls("users.info"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// Ended, a bot leaves no goroutine and no connection behind.
func TestNothingIsLeftBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s, err := slacktest.Start(fast())
	if err != nil {
		t.Fatal(err)
	}
	s.AddUser(lilei, "李雷")
	inbox := &bottest.Inbox{}
	env, _ := bottest.NewEnv(t, inbox)
	stop := bottest.Start(t, connect(t, s, env, nil))
	s.Says(lilei, s.DM(lilei), "在吗")
	inbox.Wait(t, 1, text("在吗"))
	s.AskToReconnect("warning")
	bottest.Eventually(t, "the second socket", func() bool { return s.Calls("socket") >= 2 })
	stop()
	s.Close()
	env.HTTP.CloseIdleConnections()
	// Ending takes its moment on a busy machine; what is left after that stays.
	s.WaitFor(bottest.Patience, func() bool { return goleak.Find(before) == nil })
	goleak.VerifyNone(t, before)
}

// A button in a group leads to the private chat once the app's id is known.
func TestLinkToThePrivateChat(t *testing.T) {
	s := workspace(t, fast())
	env, _ := bottest.NewEnv(t, &bottest.Inbox{})
	bot := connect(t, s, env, nil)
	linker, ok := bot.(bots.Linker)
	if !ok || linker.PrivateLink() != "" {
		t.Fatal("a link before anything is known")
	}
	bottest.Start(t, bot)
	bottest.Eventually(t, "the link", func() bool {
		return linker.PrivateLink() == "https://slack.com/app_redirect?app=A0FAKE&team=T0FAKE"
	})
}

// What Slack delivers again has the key it had.
func TestRepeatedEvents(t *testing.T) {
	s, _, in := running(t, fast())
	s.Says(lilei, s.DM(lilei), "一")
	s.Edits(lilei, s.DM(lilei), s.Says(lilei, s.DM(lilei), "二"), "贰")
	in.Wait(t, 3, func(bots.Event) bool { return true })
	s.Repeat(3)
	keys := map[string]int{}
	for _, e := range in.Wait(t, 6, func(bots.Event) bool { return true }) {
		keys[e.Key]++
	}
	for key, n := range keys {
		if n != 2 {
			t.Errorf("%s came %d times, want twice", key, n)
		}
	}
}
