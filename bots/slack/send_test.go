package slack_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/slack"
	"github.com/huiyin/huiyin/bots/slack/slacktest"
)

// sender makes a bot that only sends.
func sender(t *testing.T, o slacktest.Options) (*slacktest.Server, bots.Bot) {
	t.Helper()
	s := workspace(t, o)
	env, _ := bottest.NewEnv(t, &bottest.Inbox{})
	return s, connect(t, s, env, nil)
}

func send(t *testing.T, bot bots.Bot, p bots.Post) bots.Sent {
	t.Helper()
	sent, err := bot.Send(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// message returns the channel's message of that ts.
func message(t *testing.T, s *slacktest.Server, channel, ts string) slacktest.Message {
	t.Helper()
	for _, m := range s.Messages(channel) {
		if m.TS == ts {
			return m
		}
	}
	t.Fatalf("no message %s in %s", ts, channel)
	return slacktest.Message{}
}

func card() *bots.Card {
	return &bots.Card{
		Item: 128, Head: "🔴 P0 #128 · 食品安全/异物 · 负面 · 投诉", State: "待认领", Tone: bots.Red,
		Quote: "芋泥奶茶里有条虫，孩子喝了一半肚子疼\n<!channel> *粗* :smile: https://evil.example.net",
		Lines: []string{"🖼 1　🎤 12″ 还没人听", "Telegram 私聊 · 王** · 徐家汇店（华东）· 14:02", "14:12 前回复（剩 9 分）"},
		URL:   "http://127.0.0.1:8080/i/128",
		Buttons: [][]bots.Button{{
			{Text: "认领", Data: "claim:128", Style: bots.Primary}, {Text: "回复", Data: "reply:128"},
			{Text: "解决", Data: "resolve:128"}, {Text: "更多", Data: "more:128"},
		}},
		Plain: "🔴 P0 #128 …",
	}
}

func TestCardLayout(t *testing.T) {
	s, bot := sender(t, fast())
	c := card()
	m := message(t, s, team, send(t, bot, bots.Post{Key: "card:128", Chat: team, Card: c, Mention: []bots.Person{{ID: wang}}}).ID)
	want := c.Head + "\n@王芳 🟥 待认领　#128 ↗\n" + c.Quote + "\n" + strings.Join(c.Lines, "\n")
	if m.Text != want {
		t.Errorf("shows\n%s\nwant\n%s", m.Text, want)
	}
	if len(m.Notified) != 1 || m.Notified[0] != wang {
		t.Errorf("notified %v", m.Notified)
	}
	if len(m.Live) != 2 || m.Live[1] != c.URL {
		t.Errorf("live: %v, want the mention and the board's link", m.Live)
	}
	if m.Key != "card:128" {
		t.Errorf("metadata key %q", m.Key)
	}
	if m.Fallback == "" || strings.Contains(m.Fallback, "<!") {
		t.Errorf("fallback %q", m.Fallback)
	}
	var texts, styles []string
	for _, b := range m.Buttons[0] {
		texts, styles = append(texts, b.Text), append(styles, b.Style)
	}
	if strings.Join(texts, " ") != "认领 回复 解决 更多" || strings.Join(styles, "|") != "primary|||" {
		t.Errorf("buttons %v %v", texts, styles)
	}
}

// A card beyond Slack's limits loses lines from its end, and nothing else.
func TestCardBeyondTheLimits(t *testing.T) {
	s, bot := sender(t, fast())
	c := card()
	c.Head = strings.Repeat("头", 500)
	c.Quote = strings.Repeat("👨‍👩‍👧‍👦", 2000)
	c.Lines = nil
	for range 300 {
		c.Lines = append(c.Lines, strings.Repeat("行", 100))
	}
	var row []bots.Button
	for range 55 {
		row = append(row, bots.Button{Text: strings.Repeat("按", 200), Data: strings.Repeat("d", 64)})
	}
	c.Buttons = append(c.Buttons, row)
	m := message(t, s, team, send(t, bot, bots.Post{Chat: team, Card: c}).ID)
	if len(m.Buttons) != 4 || len(m.Buttons[1]) != 25 {
		t.Errorf("%d rows of buttons", len(m.Buttons))
	}
	if n := s.Refused("invalid_blocks") + s.Refused("msg_blocks_too_long"); n != 0 {
		t.Errorf("refused %d times before it fitted", n)
	}
	lines := strings.Count(m.Text, strings.Repeat("行", 100))
	if lines < 40 || lines == 300 {
		t.Errorf("%d of 300 lines shown", lines)
	}
}

// Refused blocks go out once more as plain text; nothing else is repeated.
func TestPlainResend(t *testing.T) {
	s, bot := sender(t, fast())
	s.Misbehave("chat.postMessage", slacktest.NotOK("invalid_blocks"))
	c := card()
	c.Plain = "P0 #128 <!channel> @所有人 :smile: https://evil.example.net"
	m := message(t, s, team, send(t, bot, bots.Post{Chat: team, Card: c}).ID)
	if bottest.Visible(m.Text) != c.Plain || len(m.Notified)+len(m.Live) != 0 {
		t.Errorf("shows %q, notified %v, live %v", m.Text, m.Notified, m.Live)
	}
	if n := s.Calls("chat.postMessage"); n != 2 {
		t.Errorf("%d requests", n)
	}
	s.Misbehave("chat.update", slacktest.NotOK("msg_too_long"))
	editor, ok := bot.(bots.Editor)
	if !ok {
		t.Fatal("no editor")
	}
	if err := editor.Edit(context.Background(), m.TS, bots.Post{Chat: team, Card: c}); err != nil {
		t.Error(err)
	}
}

func TestThreads(t *testing.T) {
	s, bot := sender(t, fast())
	root := send(t, bot, bots.Post{Chat: team, Card: card()}).ID
	in := message(t, s, team, send(t, bot, bots.Post{Chat: team, Thread: root, Text: "客户又说：在吗"}).ID)
	if in.Thread != root {
		t.Errorf("posted under %q, want %s", in.Thread, root)
	}
	// In a channel an answer stands below its question; in a private chat beside it.
	question := s.Says(lilei, team, "@回音 奶茶漏了")
	if m := message(t, s, team, send(t, bot, bots.Post{Chat: team, ReplyTo: question, Text: "收到（#128）"}).ID); m.Thread != question {
		t.Errorf("the group's answer stands under %q", m.Thread)
	}
	dm := s.DM(lilei)
	question = s.Says(lilei, dm, "奶茶漏了")
	if m := message(t, s, dm, send(t, bot, bots.Post{Chat: dm, ReplyTo: question, Text: "收到了"}).ID); m.Thread != "" {
		t.Errorf("the private answer stands under %q", m.Thread)
	}
	// Slack posts beside a thread whose root was deleted.
	s.Deletes(lilei, team, root)
	if m := message(t, s, team, send(t, bot, bots.Post{Chat: team, Thread: root, Text: "还在"}).ID); m.Thread != "" {
		t.Errorf("posted under a deleted message: %q", m.Thread)
	}
}

func TestPrivatePost(t *testing.T) {
	s, bot := sender(t, fast())
	send(t, bot, bots.Post{Chat: team, Private: lilei, Text: "只给你看"})
	if got := s.Ephemerals(lilei); len(got) != 1 || got[0].Text != "只给你看" {
		t.Errorf("李雷 sees %v", got)
	}
	if len(s.Messages(team)) != 0 || len(s.Ephemerals(wang)) != 0 {
		t.Error("others see it too")
	}
	_, err := bot.Send(context.Background(), bots.Post{Chat: team, Private: "U0STRANGER", Text: "x"})
	if bots.FateOf(err) != bots.Rejected {
		t.Errorf("to somebody outside: %v", err)
	}
}

// Only people are rung for who are named as such, by ids that are Slack's.
func TestMentionOfOddIDs(t *testing.T) {
	s, bot := sender(t, fast())
	m := message(t, s, team, send(t, bot, bots.Post{Chat: team, Text: "看", Mention: []bots.Person{
		{ID: "!channel"}, {ID: "U0LILEI|x"}, {ID: ""}, {ID: "here> <!channel"}, {ID: "S0GROUP"},
	}}).ID)
	if len(m.Notified)+len(m.Live) != 0 || m.Text != "看" {
		t.Errorf("notified %v, live %v", m.Notified, m.Live)
	}
}

func TestRateLimitIsTheChats(t *testing.T) {
	o := fast()
	o.Rate = time.Minute
	s, bot := sender(t, o)
	send(t, bot, bots.Post{Chat: team, Text: "一"})
	_, err := bot.Send(context.Background(), bots.Post{Chat: team, Text: "二"})
	var se *bots.SendError
	if !errors.As(err, &se) || se.Fate != bots.Limited || se.Scope != bots.ScopeChat || se.RetryAfter <= 0 || se.RetryAfter > time.Minute {
		t.Errorf("the second within a minute ended %v", err)
	}
	send(t, bot, bots.Post{Chat: s.DM(lilei), Text: "another chat"})
}

// Slack limits each method by itself. One that is asked too often holds up the
// chat it was for: a customer elsewhere is answered all the same.
func TestALimitedMethodHoldsUpItsChatAlone(t *testing.T) {
	s, bot := sender(t, fast())
	editor, edits := bot.(bots.Editor)
	finder, finds := bot.(bots.Finder)
	recaller, recalls := bot.(bots.Recaller)
	if !edits || !finds || !recalls {
		t.Fatal("no editor, finder or recaller")
	}
	ctx, post := context.Background(), bots.Post{Key: "card:1", Chat: team, Card: card()}
	root := send(t, bot, post).ID
	photo := bots.Attached{Kind: "image", Name: "虫.jpg", MIME: "image/jpeg", Path: "files/photo.jpg"}
	for method, ask := range map[string]func() error{
		"chat.update":           func() error { return editor.Edit(ctx, root, post) },
		"chat.delete":           func() error { return recaller.Recall(ctx, team, root) },
		"conversations.history": func() error { _, err := finder.Find(ctx, post, time.Now()); return err },
		"files.getUploadURLExternal": func() error {
			_, err := bot.Send(ctx, bots.Post{Chat: team, Files: []bots.Attached{photo}})
			return err
		},
		"files.completeUploadExternal": func() error {
			_, err := bot.Send(ctx, bots.Post{Chat: team, Files: []bots.Attached{photo}})
			return err
		},
	} {
		s.Misbehave(method, slacktest.RateLimited(30*time.Second))
		err := ask()
		var se *bots.SendError
		if !errors.As(err, &se) || se.Fate != bots.Limited || se.RetryAfter != 30*time.Second || se.Scope != bots.ScopeChat {
			t.Errorf("%s: %+v", method, err)
		}
	}
}

func TestFilesGoOut(t *testing.T) {
	s, bot := sender(t, fast())
	root := send(t, bot, bots.Post{Chat: team, Card: card()}).ID
	photo := bots.Attached{Kind: "image", Name: "虫.jpg", MIME: "image/jpeg", Path: "files/photo.jpg"}
	m := message(t, s, team, send(t, bot, bots.Post{Chat: team, Thread: root, Text: "客户发来：", Files: []bots.Attached{photo}}).ID)
	if m.Thread != root || m.Text != "客户发来：" || len(m.Files) != 1 || m.Files[0].Name != "虫.jpg" || string(m.Files[0].Content) != "\xff\xd8\xff\xe0 a picture" {
		t.Errorf("shown as %+v", m)
	}
	// With buttons the text is a message of its own.
	sent := send(t, bot, bots.Post{Chat: team, Text: "要发给客户吗", Buttons: [][]bots.Button{{{Text: "发", Data: "send:1"}}}, Files: []bots.Attached{photo}})
	if len(sent.Parts) != 1 || len(message(t, s, team, sent.ID).Buttons) != 1 || len(message(t, s, team, sent.Parts[0]).Files) != 1 {
		t.Errorf("sent as %+v", sent)
	}
	// What fails before sharing left nothing behind and can be repeated.
	before := len(s.Messages(team))
	for method, want := range map[string]bots.Fate{"files.getUploadURLExternal": bots.Unsent, "upload": bots.Unsent, "files.completeUploadExternal": bots.Uncertain} {
		s.Misbehave(method, slacktest.Status(502))
		_, err := bot.Send(context.Background(), bots.Post{Chat: team, Text: "图", Files: []bots.Attached{photo}})
		if bots.FateOf(err) != want {
			t.Errorf("%s failing ends %v, want %s", method, err, want)
		}
	}
	s.Misbehave("files.completeUploadExternal", slacktest.NotOK("channel_not_found"))
	sent, err := bot.Send(context.Background(), bots.Post{Chat: team, Text: "图", Buttons: [][]bots.Button{{{Text: "发", Data: "x"}}}, Files: []bots.Attached{photo}})
	if bots.FateOf(err) != bots.Uncertain || sent.ID == "" {
		t.Errorf("a text without its files ends %v, %+v", err, sent)
	}
	if n := len(s.Messages(team)); n != before+1 {
		t.Errorf("%d messages left behind", n-before-1)
	}
	// Where Slack does not tell the message, the file's id stands in, and works.
	s.Misbehave("files.info", slacktest.NotOK("internal_error"))
	sent = send(t, bot, bots.Post{Chat: team, Files: []bots.Attached{photo}})
	recaller, ok := bot.(bots.Recaller)
	if !ok || !strings.HasPrefix(sent.ID, "F") {
		t.Fatalf("sent as %+v", sent)
	}
	if err := recaller.Recall(context.Background(), team, sent.ID); err != nil {
		t.Error(err)
	}
	if fate := bots.FateOf(recaller.Recall(context.Background(), team, sent.ID)); fate != bots.Vanished {
		t.Errorf("a second recall of a file ends %s", fate)
	}
}

// An upload has its own time: that of other requests would cut it off on a slow
// line, each time it is tried again.
func TestAnUploadMayTakeLonger(t *testing.T) {
	s := workspace(t, fast())
	env, _ := bottest.NewEnv(t, &bottest.Inbox{})
	env.HTTP.Timeout = 2 * time.Second
	bot := connect(t, s, env, func(o *slack.Options) { o.Timeout = 2 * time.Second })
	s.Misbehave("upload", slacktest.Slow(3*time.Second))
	photo := bots.Attached{Kind: "image", Name: "虫.jpg", MIME: "image/jpeg", Path: "files/photo.jpg"}
	m := message(t, s, team, send(t, bot, bots.Post{Chat: team, Text: "客户发来：", Files: []bots.Attached{photo}}).ID)
	if len(m.Files) != 1 {
		t.Errorf("shown as %+v", m)
	}
}

// The token is sent to the configured host and Slack's own, never to another
// and never along a redirect.
func TestFetchGuardsTheToken(t *testing.T) {
	var leaked []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := r.Header.Get("Authorization"); h != "" {
			leaked = append(leaked, h)
		}
		_, _ = w.Write([]byte("from elsewhere"))
	}))
	defer elsewhere.Close()
	s, bot, in := running(t, fast())
	fetcher, ok := bot.(bots.Fetcher)
	if !ok {
		t.Fatal("no fetcher")
	}
	read := func(ref string, limit int64) (string, error) {
		f, err := fetcher.Fetch(context.Background(), ref, limit)
		if err != nil {
			return "", err
		}
		defer f.Body.Close()
		content, err := io.ReadAll(f.Body)
		return string(content), err
	}
	s.Uploads(lilei, s.DM(lilei), "", "图", slacktest.Upload{Name: "a b.jpg", MIME: "image/jpeg", Content: []byte("picture")})
	ref := one(t, in, text("图")).Attachments[0].Ref
	if got, err := read(ref, 100); got != "picture" || err != nil {
		t.Errorf("fetched %q, %v", got, err)
	}
	f, err := fetcher.Fetch(context.Background(), ref, 0)
	if err != nil || f.Name != "a b.jpg" || f.MIME != "image/jpeg" || f.Size != 7 {
		t.Errorf("%+v, %v", f, err)
	} else {
		_ = f.Body.Close()
	}
	if _, err := read(ref, 6); err == nil {
		t.Error("a file larger than allowed was read")
	}
	if got, err := read("F000404", 100); bots.FateOf(err) != bots.Vanished {
		t.Errorf("a file's id nobody knows: %q, %v", got, err)
	}
	if got, err := read(elsewhere.URL+"/x.jpg", 100); got != "from elsewhere" || err != nil {
		t.Errorf("an external file: %q, %v", got, err)
	}
	s.Misbehave("file", slacktest.Redirect(elsewhere.URL+"/cdn"))
	if got, err := read(ref, 100); got != "from elsewhere" || err != nil {
		t.Errorf("a file that moved: %q, %v", got, err)
	}
	s.Misbehave("file", slacktest.Redirect(strings.TrimSuffix(s.URL(), "api/")+"?redir=%2Ffiles-pri%2Fx"))
	if got, err := read(ref, 100); err == nil || !strings.Contains(err.Error(), "files:read") {
		t.Errorf("the sign-in page passes for the file: %q, %v", got, err)
	}
	s.Misbehave("chat.postMessage", slacktest.Redirect(elsewhere.URL+"/api/chat.postMessage"))
	if _, err := bot.Send(context.Background(), bots.Post{Chat: team, Text: "x"}); bots.FateOf(err) != bots.Rejected {
		t.Errorf("a redirected message ends %v", err)
	}
	if len(leaked) != 0 {
		t.Error("the token went elsewhere")
	}
}

func TestDoctor(t *testing.T) {
	findings := func(t *testing.T, s *slacktest.Server, change func(*slack.Options)) string {
		env, _ := bottest.NewEnv(t, &bottest.Inbox{})
		doctor, ok := connect(t, s, env, change).(bots.Doctor)
		if !ok {
			t.Fatal("no doctor")
		}
		var b strings.Builder
		for _, f := range doctor.Doctor(context.Background()) {
			bottest.CheckFinding(t, f)
			b.WriteString(f.Text + " → " + f.Do + "\n")
		}
		return b.String()
	}
	t.Run("well", func(t *testing.T) {
		if got := findings(t, workspace(t, fast()), nil); !strings.Contains(got, "权限齐全") || strings.Count(got, "有效") != 2 {
			t.Error(got)
		}
	})
	t.Run("missing scopes", func(t *testing.T) {
		o := fast()
		o.Scopes = strings.NewReplacer("files:read,", "", "commands", "").Replace(slacktest.AllScopes)
		got := findings(t, workspace(t, o), nil)
		if !strings.Contains(got, "缺权限 files:read（取客户发来的图片和语音）") || !strings.Contains(got, "缺权限 commands") || strings.Contains(got, "缺权限 chat:write") {
			t.Error(got)
		}
	})
	t.Run("wrong tokens", func(t *testing.T) {
		got := findings(t, workspace(t, fast()), func(o *slack.Options) { o.BotToken, o.AppToken = "xoxb-wrong", "xapp-wrong" })
		if strings.Count(got, "invalid_auth") != 2 {
			t.Error(got)
		}
	})
	t.Run("no way there", func(t *testing.T) {
		s := workspace(t, fast())
		s.Close()
		if got := findings(t, s, nil); strings.Count(got, "连不上 Slack") != 2 {
			t.Error(got)
		}
	})
}

func TestOptions(t *testing.T) {
	env, _ := bottest.NewEnv(t, &bottest.Inbox{})
	for key, change := range map[string]func(*slack.Options){
		"bot_token":  func(o *slack.Options) { o.BotToken = "xapp-1" },
		"app_token":  func(o *slack.Options) { o.AppToken = "xoxb-1" },
		"api_url":    func(o *slack.Options) { o.APIURL = "slack.com" },
		"ack_within": func(o *slack.Options) { o.AckWithin = 4 * time.Second },
		"timeout":    func(o *slack.Options) { o.Timeout = 0 },
		"reconnect":  func(o *slack.Options) { o.Reconnect = -1 },
		"silence":    func(o *slack.Options) { o.Silence = 0 },
	} {
		o, ok := slack.Kind().Options().(*slack.Options)
		if !ok {
			t.Fatal("options of another kind")
		}
		o.BotToken, o.AppToken = "xoxb-secret", "xapp-secret"
		if problems := o.Validate(); len(problems) != 0 {
			t.Fatalf("valid options: %v", problems)
		}
		change(o)
		problems := o.Validate()
		if len(problems) != 1 || problems[0].Key != key || strings.Contains(problems[0].Text, "secret") {
			t.Errorf("%s: %v", key, problems)
		}
		if _, err := slack.Kind().New(env, o); err == nil {
			t.Errorf("%s: New took it", key)
		}
	}
}
