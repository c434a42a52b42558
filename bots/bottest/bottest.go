package bottest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// Run checks a connector against the contract. Each part is a subtest with a
// platform of its own.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(*suite)
	}{
		{"kind", (*suite).kind},
		{"hostile texts", (*suite).hostile},
		{"hostile cards", (*suite).hostileCards},
		{"hostile corpus", (*suite).corpus},
		{"mention", (*suite).mention},
		{"limits", (*suite).limits},
		{"buttons", (*suite).buttons},
		{"edit and recall", (*suite).edits},
		{"files", (*suite).files},
		{"fates", (*suite).fates},
		{"redelivery", (*suite).redelivery},
		{"acknowledgement", (*suite).acknowledgement},
		{"stop", (*suite).stop},
	} {
		t.Run(part.name, func(t *testing.T) {
			s := &suite{T: t, h: h, inbox: &Inbox{}}
			env, log := NewEnv(t, s.inbox)
			s.platform = h.Start(t, env)
			part.test(s)
			s.noSecrets("the log", log.String())
		})
	}
}

// suite is one part's surroundings.
type suite struct {
	*testing.T
	h        Harness
	inbox    *Inbox
	platform Platform
}

// send posts and fails the test where the platform does not take it.
func (s *suite) send(p bots.Post) bots.Sent {
	s.Helper()
	sent, err := s.platform.Bot().Send(context.Background(), p)
	if err != nil {
		s.noSecrets("an error", err.Error())
		s.Fatalf("Send refused: %v\npost: %.300q card: %.300v", err, p.Text, p.Card)
	}
	if sent.ID == "" {
		s.Fatal("Send returned no id")
	}
	return sent
}

// shown returns the message of that id as people see it.
func (s *suite) shown(chat, id string) Shown {
	s.Helper()
	for _, m := range s.platform.Shown(chat) {
		if m.ID == id {
			return m
		}
	}
	s.Fatalf("chat %s shows no message %s", chat, id)
	return Shown{}
}

// noSecrets fails the test where text holds a secret.
func (s *suite) noSecrets(where, text string) {
	s.Helper()
	for _, secret := range s.platform.Secrets() {
		if strings.Contains(text, secret) {
			s.Errorf("%s holds a secret", where)
		}
	}
}

// inert fails the test where a message notifies anybody or can be tapped.
func (s *suite) inert(m Shown, from string) {
	s.Helper()
	if m.Pings != 0 {
		s.Errorf("%.80q notified %d people", from, m.Pings)
	}
	if len(m.Live) != 0 {
		s.Errorf("%.80q is live: %q", from, m.Live)
	}
}

func (s *suite) kind() {
	k := s.h.Kind
	if k.Name == "" || k.Title == "" || strings.ContainsAny(k.Name, " _:") {
		s.Errorf("name %q, title %q", k.Name, k.Title)
	}
	if !strings.HasSuffix(k.Sample, "\n") || !strings.Contains(k.Sample, "type: "+k.Name) {
		s.Errorf("the sample is no entry of type %s that ends in a newline:\n%s", k.Name, k.Sample)
	}
	if !k.Caps.TwoWay || k.Caps.Text.N == 0 || k.Caps.Data < 64 {
		s.Errorf("caps of a two-way kind: %+v", k.Caps)
	}
	if a, b := k.Options(), k.Options(); a == nil || a == b {
		s.Error("Options must return a new pointer each time")
	}
	v, ok := k.Options().(bots.Validator)
	if !ok {
		s.Fatal("options do not validate themselves")
	}
	if len(v.Validate()) == 0 {
		s.Error("defaults without a token pass for valid")
	}
}

func (s *suite) hostile() {
	for _, chat := range []string{s.platform.Private(), s.platform.Group()} {
		for _, text := range Hostile() {
			if Visible(text) == "" {
				continue // nothing to see is nothing to send: the next part shows it inside a card
			}
			sent := s.send(bots.Post{Key: "hostile", Chat: chat, Text: text})
			for _, id := range append([]string{sent.ID}, sent.Parts...) {
				s.inert(s.shown(chat, id), text)
			}
			if s.h.Kind.Caps.Text.Fits(text) && len(text) < 1000 {
				if got, want := squeeze(s.shown(chat, sent.ID).Text), squeeze(text); got != want {
					s.Errorf("text changed\n got %q\nwant %q", got, want)
				}
			}
		}
	}
}

func (s *suite) hostileCards() {
	editor, editable := s.platform.Bot().(bots.Editor)
	chat := s.platform.Group()
	for i, text := range Hostile() {
		card := &bots.Card{
			Item: int64(i + 1), Head: "🔴 P0 #" + fmt.Sprint(i+1) + " · " + text, State: text, Quote: text,
			Lines: []string{text, "来源 · " + text}, Tone: bots.Red, Plain: text,
		}
		sent := s.send(bots.Post{Key: "card", Chat: chat, Card: card})
		s.inert(s.shown(chat, sent.ID), text)
		if !editable {
			continue
		}
		changed := *card
		changed.Head, changed.Tone = "✅ #"+fmt.Sprint(i+1)+" · 已解决", bots.Green
		if err := editor.Edit(context.Background(), sent.ID, bots.Post{Key: "card", Chat: chat, Card: &changed}); err != nil {
			s.Errorf("edit refused: %v\ncard of %.100q", err, text)
		}
		s.inert(s.shown(chat, sent.ID), text)
	}
}

func (s *suite) mention() {
	chat, person := s.platform.Group(), s.platform.Person()
	sent := s.send(bots.Post{
		Key: "ping", Chat: chat, Mention: []bots.Person{person},
		Text: "@" + person.Name + " 客户又说：「@all <!channel> <@U01> tg://user?id=1」",
	})
	m := s.shown(chat, sent.ID)
	if m.Pings != 1 {
		s.Errorf("notified %d people, want the one who was meant: %q", m.Pings, m.Text)
	}
	if len(m.Live) > 1 {
		s.Errorf("more is live than the mention: %q", m.Live)
	}
}

func (s *suite) limits() {
	limit := s.h.Kind.Caps.Text
	chat := s.platform.Private()
	for _, unit := range []string{"a", "虫", "👍🏽", "👨‍👩‍👧‍👦", "https://a.example.com/ ", "@lilei ", "&"} {
		size := limit.Len(unit)
		for _, n := range []int{limit.N/size - 1, limit.N / size, limit.N/size + 1, 3 * limit.N / size} {
			text := strings.TrimSpace(strings.Repeat(unit, n))
			sent := s.send(bots.Post{Key: "long", Chat: chat, Text: text})
			var got strings.Builder
			for _, id := range append([]string{sent.ID}, sent.Parts...) {
				got.WriteString(s.shown(chat, id).Text)
			}
			s.whole(limit, text, got.String())
		}
	}
}

// squeeze returns what is to be seen of a text without its spaces: platforms
// differ in which control characters become one.
func squeeze(text string) string { return strings.ReplaceAll(Visible(text), " ", "") }

// whole fails the test where a text within the limit lost anything, or a
// longer one is not its own beginning.
func (s *suite) whole(limit bots.Limit, text, shown string) {
	s.Helper()
	got, want := squeeze(shown), squeeze(text)
	if limit.Fits(text) {
		if got != want {
			s.Errorf("a text of %d lost words: %d of %d bytes shown", limit.Len(text), len(got), len(want))
		}
		return
	}
	got = strings.TrimSuffix(got, squeeze("…"))
	if !strings.HasPrefix(want, got) || limit.Len(got) < limit.N/3 {
		s.Errorf("a text of %d was not cut at its end: …%q", limit.Len(text), got[max(0, len(got)-40):])
	}
}

func (s *suite) buttons() {
	chat := s.platform.Group()
	data := strings.Repeat("d", 64)
	sent := s.send(bots.Post{Key: "buttons", Chat: chat, Text: "请选择", Buttons: [][]bots.Button{
		{{Text: "认领", Data: data, Style: bots.Primary}, {Text: "解决", Data: "resolve:1"}, {Text: "垃圾", Data: "spam:1", Style: bots.Danger}},
		{{Text: "看原帖", URL: "https://www.example.com/post/1?a=b&c=d"}},
		{},
	}})
	if got := fmt.Sprint(s.shown(chat, sent.ID).Buttons); !strings.Contains(got, "认领") || !strings.Contains(got, "看原帖") {
		s.Errorf("buttons shown: %s", got)
	}
	for _, bad := range []string{"http://localhost:8080/board", "http://board/1", "javascript:alert(1)", "", "::", "https://"} {
		s.send(bots.Post{Key: "buttons", Chat: chat, Text: "地址", Buttons: [][]bots.Button{{{Text: "打开", URL: bad}}}})
	}
	s.inbox.Reply = func(context.Context, bots.Event) (bots.Answer, error) {
		return bots.Answer{Text: "你认领了 #1", Brief: true}, nil
	}
	Start(s, s.platform.Bot())
	s.platform.Press(chat, sent.ID, "认领")
	e := s.inbox.Wait(s, 1, func(e bots.Event) bool { return e.Type == bots.OnPress })[0]
	if e.Payload != data || e.MessageID != sent.ID || e.Chat.ID != chat || !e.Chat.Group || e.From.ID != s.platform.Person().ID || e.Key == "" {
		s.Errorf("press arrived as %+v", e)
	}
}

func (s *suite) edits() {
	chat := s.platform.Group()
	editor, ok := s.platform.Bot().(bots.Editor)
	if !ok {
		s.Fatal("a two-way bot must be able to edit its cards")
	}
	card := &bots.Card{Item: 1, Head: "🔴 P1 #1 · 质量 · 负面 · 投诉", State: "待认领", Quote: "漏了", Lines: []string{"来源"},
		Buttons: [][]bots.Button{{{Text: "认领", Data: "claim:1"}}}}
	sent := s.send(bots.Post{Key: "card", Chat: chat, Card: card})
	before := s.shown(chat, sent.ID)
	for _, part := range []string{"#1", "待认领", "漏了", "来源"} {
		if !strings.Contains(Visible(before.Text), part) {
			s.Errorf("the card does not show %q: %q", part, before.Text)
		}
	}
	changed := *card
	changed.State, changed.Buttons = "处理中 · 李雷 14:03", [][]bots.Button{{{Text: "释放", Data: "release:1"}}}
	if err := editor.Edit(context.Background(), sent.ID, bots.Post{Key: "card", Chat: chat, Card: &changed}); err != nil {
		s.Fatalf("edit: %v", err)
	}
	after := s.shown(chat, sent.ID)
	if !strings.Contains(after.Text, "李雷") || strings.Contains(after.Text, "待认领") || fmt.Sprint(after.Buttons) != "[[释放]]" {
		s.Errorf("after the edit: %+v", after)
	}
	changed.Buttons = nil
	if err := editor.Edit(context.Background(), sent.ID, bots.Post{Key: "card", Chat: chat, Card: &changed}); err != nil {
		s.Fatalf("edit: %v", err)
	}
	if got := s.shown(chat, sent.ID).Buttons; len(got) != 0 {
		s.Errorf("buttons stay after an edit without any: %v", got)
	}
	recaller, ok := s.platform.Bot().(bots.Recaller)
	if !ok {
		return
	}
	if err := recaller.Recall(context.Background(), chat, sent.ID); err != nil {
		s.Fatalf("recall: %v", err)
	}
	if !s.shown(chat, sent.ID).Deleted {
		s.Error("still there after Recall")
	}
	if fate := bots.FateOf(recaller.Recall(context.Background(), chat, sent.ID)); fate != bots.Vanished {
		s.Errorf("a second Recall ends %s, want %s", fate, bots.Vanished)
	}
}

func (s *suite) files() {
	chat := s.platform.Private()
	photo := bots.Attached{Kind: "image", Name: "photo.jpg", MIME: "image/jpeg", Path: "files/photo.jpg", Size: 14}
	voice := bots.Attached{Kind: "audio", Name: "voice.ogg", MIME: "audio/ogg", Path: "files/voice.ogg", Size: 12}
	report := bots.Attached{Kind: "file", Name: "a\r\n\"@all\" ../../\u202efdp.exe", MIME: "application/pdf", Path: "files/report.pdf", Size: 15}
	for _, files := range [][]bots.Attached{{photo}, {voice}, {report}, {photo, photo}, {photo, voice, report}} {
		for _, text := range []string{"", "@lilei 您看", strings.Repeat("长", 1500)} {
			sent := s.send(bots.Post{Key: "files", Chat: chat, Text: text, Files: files})
			var got strings.Builder
			for _, id := range append([]string{sent.ID}, sent.Parts...) {
				m := s.shown(chat, id)
				s.inert(m, text)
				got.WriteString(m.Text)
			}
			if !strings.Contains(Visible(got.String()), Visible(text)) {
				s.Errorf("%d files: the text did not come with them", len(files))
			}
		}
	}
	lost := bots.Attached{Kind: "image", Name: "x.jpg", MIME: "image/jpeg", Path: "files/none.jpg"}
	before := len(s.platform.Shown(chat))
	_, err := s.platform.Bot().Send(context.Background(), bots.Post{Key: "files", Chat: chat, Text: "图", Files: []bots.Attached{lost}})
	if fate := bots.FateOf(err); fate != bots.Rejected {
		s.Errorf("a file that is not there ends %s (%v), want %s", fate, err, bots.Rejected)
	}
	if after := len(s.platform.Shown(chat)); after != before {
		s.Errorf("%d messages left although the file is not there", after-before)
	}
}

func (s *suite) fates() {
	covered := map[bots.Fate]bool{}
	for _, f := range s.platform.Faults() {
		covered[f.Want] = true
		s.Run(f.Name, func(t *testing.T) {
			env, log := NewEnv(t, s.inbox)
			one := &suite{T: t, h: s.h, inbox: s.inbox, platform: s.h.Start(t, env)}
			one.fault(f.Name)
			one.noSecrets("the log", log.String())
		})
	}
	for _, fate := range []bots.Fate{
		bots.Unsent, bots.Limited, bots.Rejected, bots.Gone, bots.Moved, bots.Unauthorized, bots.Vanished, bots.Unchanged, bots.Uncertain,
	} {
		if reason, never := s.h.Never[fate]; !covered[fate] && (!never || reason == "") {
			s.Errorf("no fault ends %s, and no reason says why", fate)
		}
	}
}

// fault plays the fault of that name on a platform of its own.
func (s *suite) fault(name string) {
	var f Fault
	for _, f = range s.platform.Faults() {
		if f.Name == name {
			break
		}
	}
	const words = "客户的原话 13800138000"
	post := bots.Post{Key: "fault", Chat: s.platform.Group(), Text: words}
	var id string
	if f.Edit {
		id = s.send(post).ID
	}
	if changed := f.Arm(post); changed != nil {
		post = *changed
	}
	before := len(s.platform.Shown(post.Chat))
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	var err error
	if f.Edit {
		err = s.platform.Bot().(bots.Editor).Edit(ctx, id, post) //nolint:errcheck // a two-way bot without it must fail here
	} else {
		_, err = s.platform.Bot().Send(ctx, post)
	}
	if err == nil {
		s.Fatalf("no error, want %s", f.Want)
	}
	s.noSecrets("an error", fmt.Sprintf("%v %+v", err, err))
	if strings.Contains(err.Error(), "13800138000") {
		s.Errorf("the error repeats the customer's words: %v", err)
	}
	var se *bots.SendError
	if !errors.As(err, &se) {
		s.Fatalf("%T is no *SendError: %v", err, err)
	}
	if se.Fate != f.Want {
		s.Errorf("ended %s, want %s: %v", se.Fate, f.Want, err)
	}
	if se.Fate == bots.Limited && (se.RetryAfter <= 0 || se.Scope == "") {
		s.Errorf("a limit without time or scope: %+v", se)
	}
	if se.Fate == bots.Moved && se.NewChat == "" {
		s.Errorf("moved, but not where to: %+v", se)
	}
	if taken := len(s.platform.Shown(post.Chat)) > before; !f.Edit && taken != f.Taken {
		s.Errorf("the platform took the message: %v, want %v (the connector must not try again by itself)", taken, f.Taken)
	}
}

func (s *suite) redelivery() {
	var refused atomic.Int32
	s.inbox.Reply = func(context.Context, bots.Event) (bots.Answer, error) {
		if refused.Add(1) <= 2 {
			return bots.Answer{}, errors.New("cannot store now")
		}
		return bots.Answer{}, nil
	}
	Start(s, s.platform.Bot())
	s.platform.Say(s.platform.Private(), "第一条")
	events := s.inbox.Wait(s, 3, func(e bots.Event) bool { return e.Text == "第一条" })
	for _, e := range events {
		if e.Key == "" || e.Key != events[0].Key {
			s.Errorf("a redelivery has the key %q, the first had %q", e.Key, events[0].Key)
		}
	}
	second := s.platform.Say(s.platform.Private(), "第二条")
	e := s.inbox.Wait(s, 1, func(e bots.Event) bool { return e.Text == "第二条" })[0]
	if e.Key == events[0].Key || e.MessageID != second {
		s.Errorf("the second message arrived as %+v", e)
	}
	if e.Type != bots.OnMessage || e.Chat.ID != s.platform.Private() || e.Chat.Group || e.From.ID != s.platform.Person().ID || e.At.IsZero() {
		s.Errorf("the second message arrived as %+v", e)
	}
}

func (s *suite) acknowledgement() {
	entered, release := make(chan struct{}, 100), make(chan struct{})
	s.inbox.Reply = func(ctx context.Context, _ bots.Event) (bots.Answer, error) {
		entered <- struct{}{}
		select {
		case <-release:
			return bots.Answer{}, nil
		case <-ctx.Done():
			return bots.Answer{}, ctx.Err()
		}
	}
	Start(s, s.platform.Bot())
	s.platform.Say(s.platform.Private(), "慢慢存")
	select {
	case <-entered:
	case <-time.After(Patience):
		s.Fatal("nothing arrived")
	}
	if s.platform.Pending() == 0 {
		s.Error("acknowledged before it was stored")
	}
	close(release)
	Eventually(s, "the acknowledgement", func() bool { return s.platform.Pending() == 0 })
}

func (s *suite) stop() {
	stop := Start(s, s.platform.Bot())
	s.platform.Say(s.platform.Private(), "在吗")
	s.inbox.Wait(s, 1, func(e bots.Event) bool { return e.Text == "在吗" })
	stop()
	s.platform.Say(s.platform.Private(), "停了以后")
	if s.platform.Pending() == 0 {
		s.Error("an event is acknowledged though nobody listens")
	}
}
