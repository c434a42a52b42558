package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

var (
	photo  = bots.Attached{Kind: "image", Name: "photo.jpg", MIME: "image/jpeg", Path: "files/photo.jpg", Size: 14}
	voice  = bots.Attached{Kind: "audio", Name: "voice.ogg", MIME: "audio/ogg; codecs=opus", Path: "files/voice.ogg", Size: 12}
	report = bots.Attached{Kind: "file", Name: "report.pdf", MIME: "application/pdf", Path: "files/report.pdf", Size: 15}
)

func idle(t *testing.T) (*platform, *bottest.Log) {
	t.Helper()
	env, log := bottest.NewEnv(t, &bottest.Inbox{})
	return start(t, env, telegramtest.Config{}), log
}

// told lists the bot's messages of the private chat: kind, text, album.
func told(p *platform) string {
	var out []string
	for _, m := range p.fake.FromBot(lilei) {
		line := m.Media + ":" + m.Text
		if m.Album != "" {
			line += "+"
		}
		if len(m.Buttons) > 0 {
			line += "!"
		}
		out = append(out, line)
	}
	return strings.Join(out, " ")
}

func TestFilesAreSentInAsFewMessagesAsCan(t *testing.T) {
	long := strings.Repeat("长", 1025)
	keys := [][]bots.Button{{{Text: "好", Data: "ok"}}}
	for _, c := range []struct {
		post     bots.Post
		want     string
		requests int
	}{
		{bots.Post{Text: "您看", Files: []bots.Attached{photo}}, "photo:您看", 1},
		{bots.Post{Files: []bots.Attached{voice}}, "voice:", 1},
		{bots.Post{Text: "您看", Files: []bots.Attached{report}, Buttons: keys}, "document:您看!", 1},
		{bots.Post{Files: []bots.Attached{photo}, Buttons: keys}, "photo:!", 1},
		{bots.Post{Text: "您看", Files: []bots.Attached{photo, photo, photo}}, "photo:您看+ photo:+ photo:+", 1},
		{bots.Post{Text: "您看", Files: []bots.Attached{photo, photo}, Buttons: keys}, ":您看! photo:+ photo:+", 2},
		{bots.Post{Text: long, Files: []bots.Attached{photo}}, ":" + long + " photo:", 2},
		{bots.Post{Text: "您看", Files: []bots.Attached{photo, voice, report}}, ":您看 photo: voice: document:", 4},
	} {
		p, _ := idle(t)
		c.post.Chat = p.Private()
		sent, err := p.bot.Send(t.Context(), c.post)
		if err != nil {
			t.Fatal(err)
		}
		if got := told(p); got != c.want {
			t.Errorf("sent %s, want %s", got, c.want)
		}
		requests := 0
		for _, method := range []string{"sendMessage", "sendPhoto", "sendVoice", "sendDocument", "sendMediaGroup"} {
			requests += p.fake.Requests(method)
		}
		if ids := 1 + len(sent.Parts); requests != c.requests || ids != len(p.fake.FromBot(lilei)) {
			t.Errorf("%s: %d requests and %d ids", c.want, requests, ids)
		}
	}
}

func TestElevenPicturesAreTwoAlbums(t *testing.T) {
	p, _ := idle(t)
	post := bots.Post{Chat: p.Private()}
	for range 11 {
		post.Files = append(post.Files, photo)
	}
	if _, err := p.bot.Send(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	if p.fake.Requests("sendMediaGroup") != 1 || p.fake.Requests("sendPhoto") != 1 {
		t.Errorf("sent %s", told(p))
	}
}

func TestWhatCannotBeShownIsSentAsAFile(t *testing.T) {
	p, _ := idle(t)
	notAPicture := report
	notAPicture.Kind, notAPicture.MIME = "image", "image/jpeg"
	if _, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Text: "您看", Files: []bots.Attached{notAPicture}}); err != nil {
		t.Fatal(err)
	}
	if got := told(p); got != "document:您看" {
		t.Errorf("sent %s", got)
	}
	p.fake.Fail("sendVoice", telegramtest.Fault{Code: 400, Description: "Bad Request: VOICE_MESSAGES_FORBIDDEN"})
	if _, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Files: []bots.Attached{voice}}); err != nil {
		t.Fatal(err)
	}
	if got := told(p); got != "document:您看 document:" {
		t.Errorf("sent %s", got)
	}
}

func TestAPartThatWasSentIsNotSentAgain(t *testing.T) {
	for _, f := range []telegramtest.Fault{{Code: 429, RetryAfter: 5, Description: "Too Many Requests"}, {Status: 502}, {Code: 400, Description: "Bad Request: chat not found"}} {
		p, _ := idle(t)
		p.fake.Fail("sendVoice", f)
		sent, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Text: "您看", Files: []bots.Attached{voice, report}})
		var se *bots.SendError
		if !errors.As(err, &se) || se.Fate != bots.Uncertain || se.Code != "partial" || sent.ID == "" {
			t.Errorf("%+v: %+v %v", f, sent, err)
		}
	}
	p, _ := idle(t)
	p.fake.Fail("sendPhoto", telegramtest.Fault{Code: 429, RetryAfter: 5, Description: "Too Many Requests"})
	if _, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Text: "您看", Files: []bots.Attached{photo}}); bots.FateOf(err) != bots.Limited {
		t.Errorf("a single message that was refused: %v", err)
	}
}

func TestTooLargeToSend(t *testing.T) {
	p, _ := idle(t)
	huge := report
	huge.Size = maxUpload + 1
	_, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Text: "您看", Files: []bots.Attached{huge}})
	if bots.FateOf(err) != bots.Rejected || p.fake.Requests("sendMessage") != 0 {
		t.Errorf("%v", err)
	}
}

func (p *platform) fetch(ctx context.Context, ref string, limit int64) (bots.File, error) {
	fetcher, ok := p.bot.(bots.Fetcher)
	if !ok {
		p.t.Fatal("no Fetcher")
	}
	return fetcher.Fetch(ctx, ref, limit)
}

func TestFetch(t *testing.T) {
	p, _ := idle(t)
	ref := p.fake.AddFile("名字 #1?.jpg", []byte("\xff\xd8 picture"), 0)
	f, err := p.fetch(t.Context(), ref, 100)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f.Body)
	f.Body.Close()
	if err != nil || string(content) != "\xff\xd8 picture" || f.Name != "名字 #1?.jpg" || f.Size != 10 {
		t.Errorf("%q %q %d %v", content, f.Name, f.Size, err)
	}
}

func TestFetchRefuses(t *testing.T) {
	p, _ := idle(t)
	small := p.fake.AddFile("a.bin", []byte("0123456789"), 0)
	for name, c := range map[string]struct {
		ref   string
		limit int64
		fault *telegramtest.Fault
		want  bots.Fate
	}{
		"unknown":         {"nothing", 100, nil, bots.Rejected},
		"beyond 20 MB":    {p.fake.AddFile("b.bin", []byte("x"), 20<<20+1), 0, nil, bots.Rejected},
		"beyond ours":     {small, 9, nil, bots.Rejected},
		"server error":    {small, 100, &telegramtest.Fault{Status: 502}, bots.Uncertain},
		"limited":         {small, 100, &telegramtest.Fault{Code: 429, RetryAfter: 3, Description: "Too Many Requests"}, bots.Limited},
		"revoked token":   {small, 100, &telegramtest.Fault{Code: 401, Description: "Unauthorized"}, bots.Unauthorized},
		"connection lost": {small, 100, &telegramtest.Fault{Reset: true}, bots.Uncertain},
	} {
		if c.fault != nil {
			p.fake.Fail("getFile", *c.fault)
		}
		f, err := p.fetch(t.Context(), c.ref, c.limit)
		if err == nil {
			f.Body.Close()
		}
		if bots.FateOf(err) != c.want || strings.Contains(fmt.Sprint(err), p.fake.Token()) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestEditOfACaption(t *testing.T) {
	p, _ := idle(t)
	sent, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Private(), Text: "您看", Files: []bots.Attached{photo}})
	if err != nil {
		t.Fatal(err)
	}
	editor, ok := p.bot.(bots.Editor)
	if !ok {
		t.Fatal("no Editor")
	}
	if err := editor.Edit(t.Context(), sent.ID, bots.Post{Chat: p.Private(), Text: "改了"}); err != nil {
		t.Fatal(err)
	}
	if got := told(p); got != "photo:改了" {
		t.Errorf("became %s", got)
	}
}

func TestPrivatePostGoesToThePerson(t *testing.T) {
	p, _ := idle(t)
	if _, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Group(), Thread: "1", Private: p.Private(), Text: "原文：13800138000"}); err != nil {
		t.Fatal(err)
	}
	if len(p.fake.FromBot(p.group)) != 0 || told(p) != ":原文：13800138000" {
		t.Errorf("group %v, person %s", p.fake.FromBot(p.group), told(p))
	}
	_, err := p.bot.Send(t.Context(), bots.Post{Chat: p.Group(), Private: fmt.Sprint(hanmei), Text: "原文"})
	var se *bots.SendError
	if !errors.As(err, &se) || se.Fate != bots.Rejected || se.Code != "private" {
		t.Errorf("to somebody who never wrote: %v", err)
	}
}

func TestSilentAndQuoting(t *testing.T) {
	p, _ := idle(t)
	said := p.fake.UserSays(lilei, lilei, "在吗")
	for _, post := range []bots.Post{
		{Text: "一", Silent: true, Thread: fmt.Sprint(said)}, {Text: "二", ReplyTo: fmt.Sprint(said)}, {Text: "三", ReplyTo: "99999"}, {Text: "四", Thread: "not a number"},
	} {
		post.Chat = p.Private()
		if _, err := p.bot.Send(t.Context(), post); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, m := range p.fake.FromBot(lilei) {
		got = append(got, fmt.Sprint(m.Text, m.Silent, m.ReplyTo == said, m.Preview))
	}
	if strings.Join(got, " ") != "一true true false 二false true false 三false false false 四false false false" {
		t.Errorf("%v", got)
	}
}

func TestRefusedLayoutIsSentPlain(t *testing.T) {
	p, log := idle(t)
	for _, reason := range []string{"Bad Request: can't parse entities: unknown user", "Bad Request: BUTTON_URL_INVALID"} {
		p.fake.Fail("sendMessage", telegramtest.Fault{Code: 400, Description: reason})
		card := sampleCard()
		card.Buttons = [][]bots.Button{{{Text: "认领", Data: "c"}, {Text: "原帖", URL: "https://example.com"}}, {{Text: "后台", URL: "https://example.com"}}}
		sent, err := p.bot.Send(t.Context(), bots.Post{Key: "k1", Chat: p.Group(), Card: card})
		if err != nil {
			t.Fatal(err)
		}
		m := p.message(p.group, "#128")
		if fmt.Sprint(m.ID) != sent.ID || len(m.Entities) != 0 || len(m.Buttons) != 1 || len(m.Buttons[0]) != 1 || !strings.Contains(m.Text, "待认领") {
			t.Errorf("%s: %+v", reason, m)
		}
	}
	if !strings.Contains(log.String(), `"post":"k1"`) || strings.Contains(log.String(), "奶茶") {
		t.Errorf("the log must name the post and none of its words: %s", log)
	}
}
