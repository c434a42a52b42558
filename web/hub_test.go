package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/webchat"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
	"github.com/huiyin/huiyin/store/stream"
)

// hub is the pages on a real database, with an inbox and a desk that do as
// little as the pages can tell.
type hub struct {
	t      *testing.T
	db     *store.DB
	files  *files.Files
	stream stream.Stream
	web    *Server
	site   *Site
	srv    *httptest.Server
	log    *bytes.Buffer
	dir    string // of the database
	staff  *feedback.Staff
	// accounts is the real thing: how colleagues sign in with a password.
	accounts *desk.Service

	mu       sync.Mutex
	events   []bots.Event // what the inbox took
	deeds    []bots.Event // what the desk was asked
	actors   []desk.Actor
	refuse   error // what Receive answers
	answer   bots.Answer
	codes    map[string]bool
	notReady error
}

func newHub(t *testing.T, change ...func(*Options)) *hub {
	t.Helper()
	dir := t.TempDir()
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "huiyin.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fs, err := files.Open(filepath.Join(dir, "files"), files.Options{MaxFile: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	str, err := stream.Open(ctx, "", stream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{t: t, dir: dir, db: db, files: fs, stream: str, log: &bytes.Buffer{}, codes: map[string]bool{"LETMEIN": true}}
	h.staff = &feedback.Staff{Name: "李雷", ShownAs: "小雷", Role: feedback.Lead, Team: "care"}
	h.write(func(tx *store.Tx) error { return tx.SaveStaff(h.staff) })
	h.site = &Site{
		Brand: "青禾咖啡", Language: zh, Location: time.FixedZone("Asia/Shanghai", 8*3600), PublicURL: "http://127.0.0.1:8080",
		Chats:    []Chat{{Name: "site", Origins: []string{"https://www.example.com"}}, {Name: "shop", Title: "门店"}},
		Fields:   []Field{{Name: "shop", Title: "门店"}},
		Teams:    []Team{{Name: "care", Title: "客服组"}},
		Channels: map[string]string{"site": "网页"},
		Inbound: map[string]http.Handler{"hook": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		})},
	}
	o := Options{
		DB: db, Files: fs, Stream: str, Inbox: (*fakeInbox)(h), Desk: (*fakeDesk)(h), Now: time.Now, Site: h.site,
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: h.log}, nil)),
		Ready: func() (string, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return "", h.notReady
		},
	}
	for _, c := range change {
		c(&o)
	}
	keys, err := credential.ParseKeys(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	h.accounts = desk.New(desk.Options{
		DB: db, Now: o.Now, Log: o.Log, Rules: &desk.Rules{Brand: "青禾咖啡"}, Keys: keys, Passwords: credential.Params{Time: 1, Memory: 64, Threads: 1},
	})
	h.web = New(o)
	h.srv = httptest.NewUnstartedServer(h.web.Handler())
	h.srv.Config = h.web.HTTPServer()
	h.srv.Start()
	t.Cleanup(func() {
		h.web.Stop()
		h.srv.Close()
		if err := errors.Join(str.Close(), db.Close(), fs.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (h *hub) write(fn func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// fakeInbox stores what it gets as the pipeline does: once a key.
type fakeInbox hub

func (f *fakeInbox) Receive(ctx context.Context, bot string, e bots.Event) (bots.Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return bots.Answer{}, f.refuse
	}
	f.events = append(f.events, e)
	if e.Type != bots.OnMessage {
		return f.answer, nil
	}
	var conv feedback.Conversation
	err := f.db.Write(ctx, func(tx *store.Tx) error {
		author := feedback.Author{Channel: bot, External: e.From.ID, Name: e.From.Name, Lang: e.From.Lang}
		if err := tx.UpsertAuthor(&author); err != nil {
			return err
		}
		conv = feedback.Conversation{Channel: bot, Chat: e.Chat.ID, Author: author.ID, Fields: e.Fields}
		if err := tx.UpsertConversation(&conv); err != nil {
			return err
		}
		m := feedback.Message{
			Channel: bot, External: e.Key, Platform: "web", MessageID: e.MessageID, Conversation: conv.ID, Author: author.ID,
			Direction: feedback.In, Kind: feedback.KindMessage, Text: e.Text, Lane: feedback.Live, Stage: feedback.StageDone,
			PostedAt: e.At, ReceivedAt: e.At,
		}
		for _, a := range e.Attachments {
			path := strings.TrimPrefix(a.Ref, webchat.Stored)
			m.Attachments = append(m.Attachments, feedback.Attachment{
				Kind: a.Kind, Ref: a.Ref, Name: a.Name, MIME: a.MIME, Size: a.Size, Duration: a.Duration, State: feedback.AttachmentStored, Path: path,
			})
		}
		_, err := tx.InsertMessages([]*feedback.Message{&m})
		return err
	})
	if err != nil {
		return bots.Answer{}, err
	}
	return f.answer, f.stream.Publish(ctx, ConversationTopic+strconv.FormatInt(conv.ID, 10), nil)
}

// tell puts a sent message into the only conversation of a channel, as desk and
// deliver do.
func (h *hub) tell(conv *feedback.Conversation, item, staff int64, key, text string, state store.OutState, buttons [][]bots.Button, attached ...bots.Attached) *store.Out {
	h.t.Helper()
	body, err := json.Marshal(bots.Post{Key: key, Chat: conv.Chat, Text: text, Buttons: buttons, Files: attached})
	if err != nil {
		h.t.Fatal(err)
	}
	var o store.Out
	h.write(func(tx *store.Tx) error {
		now := time.Now()
		m := feedback.Message{
			Channel: conv.Channel, External: outPrefix + key, Platform: "web", Conversation: conv.ID, Author: conv.Author, Item: item, Staff: staff,
			Direction: feedback.Out, Kind: feedback.KindMessage, Text: text, Lane: feedback.Live, Stage: feedback.StageDone, PostedAt: now, ReceivedAt: now,
		}
		if _, err := tx.InsertMessages([]*feedback.Message{&m}); err != nil {
			return err
		}
		o = store.Out{
			Key: key, Bot: conv.Channel, Chat: conv.Chat, Audience: store.ToCustomer, Kind: "reply", Item: item, Conversation: conv.ID, Message: m.ID,
			Staff: staff, Body: body, State: state, NextAt: now,
		}
		if state == store.OutSent {
			o.SentAt, o.External = now, key
		}
		_, err := tx.PutOut(&o)
		return err
	})
	if err := h.stream.Publish(context.Background(), ConversationTopic+strconv.FormatInt(conv.ID, 10), nil); err != nil {
		h.t.Fatal(err)
	}
	return &o
}

// onlyConversation returns the conversation of the first visitor on a channel.
func (h *hub) conversation(channel, visitor string) *feedback.Conversation {
	h.t.Helper()
	conv, err := h.web.conversation(context.Background(), Chat{Name: channel}, visitorID(visitor))
	if err != nil || conv == nil {
		h.t.Fatalf("conversation of %s: %v, %v", visitor, conv, err)
	}
	return conv
}

func visitorID(id string) visitor { return visitor{id: id} }

// item makes an item of a conversation's messages.
func (h *hub) item(conv *feedback.Conversation, change func(*feedback.Item)) *feedback.Item {
	h.t.Helper()
	now := time.Now()
	item := &feedback.Item{
		Channel: "site", Platform: "web", Kind: feedback.KindMessage, State: feedback.New, Priority: feedback.P1, Team: "care", AuthorName: "王小明",
		Verdict: feedback.Verdict{Lang: "zh", Sentiment: "negative", Intent: "complaint", Topics: []feedback.Topic{{Name: "食品安全", Score: .9}}},
		Text:    "芋泥奶茶里有条虫", Quote: "芋泥奶茶里有条虫", WayBack: true, Visit: 1, CreatedAt: now, PostedAt: now, UpdatedAt: now, DueAt: now.Add(9 * time.Minute),
		Fields: map[string]string{"shop": "SH018"},
	}
	if conv != nil {
		item.Conversation, item.Author = conv.ID, conv.Author
	}
	if change != nil {
		change(item)
	}
	h.write(func(tx *store.Tx) error {
		if err := tx.InsertItem(item); err != nil {
			return err
		}
		if _, err := tx.AddEvent(&feedback.Event{Item: item.ID, At: now, Kind: "created"}); err != nil {
			return err
		}
		if conv == nil {
			return nil
		}
		said, err := tx.MessagesOfConversation(conv.ID, 0, 0)
		if err != nil {
			return err
		}
		for _, m := range said {
			m.Item = item.ID
			if err := tx.SaveMessage(m); err != nil {
				return err
			}
		}
		return nil
	})
	return item
}

// fakeDesk claims, asks for words and takes them.
type fakeDesk hub

func (f *fakeDesk) SignIn(_ context.Context, code string) (*feedback.Staff, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.codes[code] {
		return nil, fmt.Errorf("code: %w", feedback.ErrNotFound)
	}
	f.codes[code] = false
	return f.staff, nil
}

func (f *fakeDesk) SignInWith(ctx context.Context, name, password, otp string) (*feedback.Staff, error) {
	return f.accounts.SignInWith(ctx, name, password, otp)
}

func (f *fakeDesk) HowSignedIn(ctx context.Context, staff int64) (password, totp, possible bool, err error) {
	return f.accounts.HowSignedIn(ctx, staff)
}

func (f *fakeDesk) SetPassword(ctx context.Context, staff int64, password string) error {
	return f.accounts.SetPassword(ctx, staff, password)
}

func (f *fakeDesk) BeginTOTP(ctx context.Context, staff int64) (text, uri string, err error) {
	return f.accounts.BeginTOTP(ctx, staff)
}

func (f *fakeDesk) ConfirmTOTP(ctx context.Context, staff int64, code string) ([]string, error) {
	return f.accounts.ConfirmTOTP(ctx, staff, code)
}

func (f *fakeDesk) DropTOTP(ctx context.Context, staff int64) error {
	return f.accounts.DropTOTP(ctx, staff)
}

func (f *fakeDesk) SignOutEverywhere(ctx context.Context, staff int64) error {
	return f.accounts.SignOutEverywhere(ctx, staff)
}

func (f *fakeDesk) Handle(ctx context.Context, a desk.Actor, e bots.Event) (bots.Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deeds = append(f.deeds, e)
	f.actors = append(f.actors, a)
	verb, rest, _ := strings.Cut(e.Payload, ":")
	id := number(rest)
	switch {
	case e.Type == bots.OnPress && verb == "claim":
		err := f.db.Write(ctx, func(tx *store.Tx) error {
			item, err := tx.LockItem(id)
			if err != nil {
				return err
			}
			item.State, item.Owner, item.ClaimedAt = feedback.Open, a.Staff.ID, time.Now()
			if err := tx.UpdateItem(item); err != nil {
				return err
			}
			_, err = tx.AddEvent(&feedback.Event{Item: id, At: time.Now(), Kind: "claimed", Staff: a.Staff.ID, Key: a.Key})
			return err
		})
		if err != nil {
			return bots.Answer{}, err
		}
		return bots.Answer{Text: "你认领了 #" + rest, Brief: true}, f.stream.Publish(ctx, ItemsTopic, []byte(rest))
	case e.Type == bots.OnPress && (verb == "reply" || verb == "resolve"):
		return bots.Answer{Dialog: &bots.Dialog{Title: "发给 王**（网页）", Data: "form:" + e.Payload, Label: "给客户的话", Hint: "例如：已退 18 元", Submit: "发送", Min: 4,
			Options: []bots.Option{{Name: "nosurvey", Text: "不评价"}}}}, nil
	case e.Type == bots.OnSubmit, e.Type == bots.OnMessage:
		err := f.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.AddEvent(&feedback.Event{Item: number(e.Thread), At: time.Now(), Kind: "noted", Staff: a.Staff.ID, Key: a.Key})
			return err
		})
		if err != nil || e.Type == bots.OnMessage {
			return bots.Answer{Text: "好的", Brief: true}, err
		}
		return bots.Answer{Text: "10 秒后发给 王**（网页）：「" + e.Values["text"] + "」", Brief: true, Expires: 10 * time.Second,
			Buttons: [][]bots.Button{{{Text: "撤销", Data: "undo:1"}, {Text: "现在发", Data: "now:1", Style: bots.Primary}}}}, nil
	case e.Type == bots.OnPress && verb == "more":
		return bots.Answer{Text: "#" + rest, Buttons: [][]bots.Button{{{Text: "网页打开", URL: f.site.PublicURL + "/i/" + rest}}, {{Text: "转", Data: "assign:" + rest}, {Text: "原文", Data: "full:" + rest}}, {{Text: "关闭", Data: "close:" + rest, Style: bots.Danger}}}}, nil
	case e.Type == bots.OnPress && verb == "words": // as many as id says
		return bots.Answer{
			Text:    "这里不能代发。文字备好了：\n\n" + strings.Repeat("您好，很抱歉给您添麻烦了。\n", int(id)),
			Buttons: [][]bots.Button{{{Text: "看原帖", URL: "https://www.example.com/p/1"}, {Text: "已在原帖回复", Data: "posted:1", Style: bots.Primary}}},
		}, nil
	default:
		return bots.Answer{Text: "好的", Brief: true}, nil
	}
}

func (f *fakeDesk) Card(_ context.Context, i *feedback.Item) (bots.Card, error) {
	id := strconv.FormatInt(i.ID, 10)
	card := bots.Card{
		Item: i.ID, Head: "🟠 " + i.Priority.String() + " #" + id + " · 食品安全/异物 · 负面 · 投诉", State: "待认领", Quote: i.Text, Tone: bots.Amber,
		Lines: []string{"网页 私聊 · 王** · 徐家汇店（华东）· 14:02 · 第 1 次", "请先电话关心，保留实物、批次、监控", "P1 因为：异物 + 身体不适　到这里因为：食品安全 → 客服组"},
		Buttons: [][]bots.Button{{
			{Text: "认领", Data: "claim:" + id, Style: bots.Primary}, {Text: "回复", Data: "reply:" + id}, {Text: "解决", Data: "resolve:" + id}, {Text: "更多", Data: "more:" + id},
		}},
	}
	if i.Owner != 0 {
		card.State, card.Tone = "处理中 · 李雷 14:03", bots.Blue
		card.Buttons[0] = card.Buttons[0][1:]
	}
	return card, nil
}

func (f *fakeDesk) Mask(text string) string {
	return strings.ReplaceAll(text, "13800138000", "138****8000")
}

func (f *fakeDesk) MaskName(name string) string {
	if r := []rune(name); len(r) > 1 {
		return string(r[:1]) + "**"
	}
	return name
}

func (f *fakeDesk) Tokens(query string) []string { return strings.Fields(query) }

func (f *fakeDesk) Step(_ context.Context, e feedback.Event) string {
	return map[string]string{"created": "收到，转到客服组", "claimed": "认领"}[e.Kind]
}

func (f *fakeDesk) Delivery(_ context.Context, o *store.Out) [][]bots.Button {
	id := strconv.FormatInt(o.ID, 10)
	if o.State == store.OutUncertain {
		return [][]bots.Button{{{Text: "客户已收到", Data: "got:" + id}, {Text: "再发一次", Data: "resend:" + id}}}
	}
	return nil
}

// browser is a client with cookies.
type browser struct {
	h *hub
	c *http.Client
}

func (h *hub) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{h: h, c: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(method, path, contentType string, body io.Reader, header ...string) reply {
	b.h.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, b.h.srv.URL+path, body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.c.Do(r)
	if err != nil {
		b.h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		b.h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp.StatusCode, resp.Header, string(all)}
}

func (b *browser) get(path string, header ...string) reply {
	b.h.t.Helper()
	return b.do(http.MethodGet, path, "", nil, header...)
}

func (b *browser) form(path string, values url.Values, header ...string) reply {
	b.h.t.Helper()
	return b.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()), header...)
}

func (b *browser) json(path string, v any, header ...string) reply {
	b.h.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return b.do(http.MethodPost, path, "application/json", bytes.NewReader(body), append([]string{"X-Huiyin", "1"}, header...)...)
}

type upload struct{ name, content string }

// send posts a message as the page does.
func (b *browser) send(bot, nonce, text, page string, uploads []upload, header ...string) reply {
	b.h.t.Helper()
	return b.upload("/c/"+bot+"/send", map[string]string{"nonce": nonce, "text": text, "page": page, "seconds": "7"}, uploads, header...)
}

// upload posts a form with files.
func (b *browser) upload(path string, fields map[string]string, uploads []upload, header ...string) reply {
	b.h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			b.h.t.Fatal(err)
		}
	}
	for _, u := range uploads {
		part, err := w.CreateFormFile("file", u.name)
		if err != nil {
			b.h.t.Fatal(err)
		}
		if _, err := io.WriteString(part, u.content); err != nil {
			b.h.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.h.t.Fatal(err)
	}
	return b.do(http.MethodPost, path, w.FormDataContentType(), &body, append([]string{"X-Huiyin", "1"}, header...)...)
}

// messages reads what a chat page would show.
func (b *browser) messages(bot, query string, header ...string) (list []chatMessage, more bool) {
	b.h.t.Helper()
	r := b.get("/c/"+bot+"/messages"+query, append([]string{"X-Huiyin", "1"}, header...)...)
	var got struct {
		Messages []chatMessage
		More     bool
	}
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != http.StatusOK {
		b.h.t.Fatalf("messages: %d %s: %v", r.status, r.body, err)
	}
	return got.Messages, got.More
}

// signIn gives the browser a session.
func (b *browser) signIn() {
	b.h.t.Helper()
	b.h.mu.Lock()
	b.h.codes["CODE-OF-TEST"] = true
	b.h.mu.Unlock()
	if r := b.form("/signin", url.Values{"code": {"CODE-OF-TEST"}}); r.status != http.StatusSeeOther {
		b.h.t.Fatalf("sign in: %d %s", r.status, r.body)
	}
}

// lastEvent returns what the inbox took last.
func (h *hub) lastEvent() bots.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		h.t.Fatal("the inbox took nothing")
	}
	return h.events[len(h.events)-1]
}

func nonceOf(n int) string { return fmt.Sprintf("nonce-%08d", n) }
