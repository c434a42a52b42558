package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
	"github.com/huiyin/huiyin/feedback/sla"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
	"github.com/huiyin/huiyin/store/stream"
)

// shanghai is the brand's time zone in stories.
var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// monday is a working hour: Monday, 23 November 2026, 14:00.
var monday = time.Date(2026, 11, 23, 14, 0, 0, 0, shanghai)

// fakeBot is a chat platform that shows what people would see.
type fakeBot struct {
	mu     sync.Mutex
	name   string
	next   int
	shown  []*shown
	refuse map[string]error // chat → what Send and Edit answer
	lose   int              // so many answers are lost after the platform took the message
	room   time.Duration    // how long the latest message had to leave
	chats  map[string]int   // the last id of each chat, where each counts its own; nil: all count together
	keeps  bool             // nothing is taken back any more
}

// shown is one message as it stands in a chat now.
type shown struct {
	ID, Chat, Thread, Text string
	Key                    string
	Buttons                []bots.Button
	Card                   bool
	Silent                 bool
	Edits                  int
	Mention                []bots.Person
	Files                  int
	Recalled               bool
}

func (b *fakeBot) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (b *fakeBot) Send(ctx context.Context, p bots.Post) (bots.Sent, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until, bounded := ctx.Deadline(); bounded {
		b.room = time.Until(until)
	}
	if err := b.refuse[p.Chat]; err != nil {
		return bots.Sent{}, err
	}
	b.next++
	id := b.next
	if b.chats != nil {
		b.chats[p.Chat]++
		id = b.chats[p.Chat]
	}
	m := &shown{ID: strconv.Itoa(id), Chat: p.Chat, Thread: p.Thread, Key: p.Key, Silent: p.Silent, Mention: p.Mention, Files: len(p.Files)}
	m.fill(p)
	b.shown = append(b.shown, m)
	if b.lose > 0 {
		b.lose--
		return bots.Sent{}, &bots.SendError{Fate: bots.Uncertain, Code: "no answer"}
	}
	return bots.Sent{ID: m.ID}, nil
}

func (m *shown) fill(p bots.Post) {
	m.Text = p.Text
	m.Buttons = nil
	rows := p.Buttons
	if p.Card != nil {
		m.Card, m.Text, rows = true, p.Card.Plain, p.Card.Buttons
	}
	for _, row := range rows {
		m.Buttons = append(m.Buttons, row...)
	}
}

func (b *fakeBot) Edit(_ context.Context, id string, p bots.Post) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.shown {
		if m.ID == id && m.Chat == p.Chat {
			if err := b.refuse[m.Chat]; err != nil {
				return err
			}
			m.fill(p)
			m.Edits++
			return nil
		}
	}
	return &bots.SendError{Fate: bots.Vanished, Code: "not found"}
}

func (b *fakeBot) Recall(_ context.Context, _, id string) error {
	if b.keeps {
		return &bots.SendError{Fate: bots.Rejected, Code: "too old"}
	}
	for _, m := range b.shown {
		if m.ID == id {
			m.Recalled = true
		}
	}
	return nil
}

// Fetch returns a tiny picture for any reference.
func (b *fakeBot) Fetch(context.Context, string, int64) (bots.File, error) {
	return bots.File{Body: nopCloser{strings.NewReader("\x89PNG\r\n\x1a\n0000")}, Name: "a.png", MIME: "image/png", Size: 12}, nil
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }

// in returns what stands in a chat.
func (b *fakeBot) in(chat string) []*shown {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*shown
	for _, m := range b.shown {
		if m.Chat == chat {
			out = append(out, m)
		}
	}
	return out
}

// house is a whole Huiyin without sockets, whose time is moved by hand.
type house struct {
	t    testing.TB
	p    *Pipeline
	db   *store.DB
	care *fakeBot // customers, and the lead's private chat
	hq   *fakeBot // the teams' chats
	now  time.Time
	file string // the SQLite database's
	n    int
	from int64 // state looks at the items from this one on
}

const teamChat, otherChat = "C-CARE", "C-QC"

func newHouse(t testing.TB, change func(*desk.Rules)) *house {
	t.Helper()
	file := filepath.Join(t.TempDir(), "h.db")
	h := newHouseOn(t, "sqlite:"+file, change)
	h.file = file
	return h
}

// newHouseOn is newHouse on any store.
func newHouseOn(t testing.TB, dsn string, change func(*desk.Rules)) *house {
	t.Helper()
	h := &house{t: t, now: monday, care: &fakeBot{name: "care", refuse: map[string]error{}}, hq: &fakeBot{name: "hq", refuse: map[string]error{}}}
	now := func() time.Time { return h.now }
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(context.Background(), dsn, store.Options{Log: log, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := stream.Open(context.Background(), "", stream.Options{Prefix: "t", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	f, err := files.Open(filepath.Join(dir, "files"), files.Options{MaxFile: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	h.db = db
	h.p = New(Options{DB: db, Stream: s, Files: f, Log: log, Now: now, Holder: "test", Fresh: 24 * time.Hour})
	rules := storyRules(t)
	if change != nil {
		change(rules)
	}
	h.p.Bind(desk.New(desk.Options{DB: db, Now: now, Log: log, Bell: h.p, Rules: rules}))
	h.p.AddBot("care", "telegram", rules.Channels["care"].Caps, h.care)
	h.p.AddBot("hq", "slack", rules.Channels["hq"].Caps, h.hq)
	h.p.AddListener("weibo", "feed", struct{}{})
	h.staff("李雷", feedback.Agent, "U-LI")
	h.staff("韩梅梅", feedback.Lead, "U-HAN")
	return h
}

// analyzer is read once for all houses: it never changes.
var analyzer = sync.OnceValues(func() (*nlp.Analyzer, error) { return nlp.New(nlp.Options{}) })

func storyRules(t testing.TB) *desk.Rules {
	t.Helper()
	analyzer, err := analyzer()
	if err != nil {
		t.Fatal(err)
	}
	texts, problems := phrase.New(nil, "zh-CN")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	hours, herr := sla.ParseHours([]string{"mon-sun 09:00-21:00"})
	if herr != nil {
		t.Fatal(herr)
	}
	tree, rp := route.Compile(route.Node{Team: "care", Routes: []route.Node{{When: `"食品安全" in topics`, Team: "qc"}}},
		route.Known{Topics: analyzer.Topics(), Channels: []string{"care", "hq", "weibo"}, Teams: []string{"care", "qc"}})
	if len(rp) > 0 {
		t.Fatal(rp)
	}
	caps := bots.Caps{TwoWay: true, Team: true, Text: bots.Limit{N: 4096, Unit: bots.UTF16}}
	tokens := func(s string) []string { return strings.Split(s, "") }
	return &desk.Rules{
		Brand: "青禾咖啡", Company: "青禾咖啡", Contact: "青禾咖啡", Hotline: "12356", Language: "zh-CN", Location: shanghai,
		PublicURL: "http://board", Retention: 180, Texts: texts, Phrases: map[string]string{"催件": "已经帮您催了，有消息马上告诉您。"},
		Teams: map[string]*desk.Team{
			"care": {Name: "care", Title: "客服组", Alerts: []desk.Place{{Bot: "hq", Chat: teamChat}}, Hours: hours, Answer: sla.DefaultTargets()},
			"qc":   {Name: "qc", Title: "品控组", Alerts: []desk.Place{{Bot: "hq", Chat: otherChat}}, Hours: hours, Answer: sla.DefaultTargets()},
		},
		TeamOrder: []string{"care", "qc"},
		Channels: map[string]desk.Channel{
			"care":  {Name: "care", Platform: "telegram", Title: "Telegram", Bot: true, Caps: caps, Edits: true, Recalls: true, PrivateLink: func() string { return "https://t.me/qinghe" }},
			"hq":    {Name: "hq", Platform: "slack", Title: "Slack", Bot: true, Caps: caps, Edits: true, Dialogs: true},
			"weibo": {Name: "weibo", Platform: "feed", Title: "微博"},
		},
		Topics: analyzer.Topics(), Routes: tree, Cards: desk.CardRules{Fold: 20, Within: 10 * time.Minute},
		Desk: desk.DefaultDurations(), Analyze: analyzer.Analyze, Index: tokens, Query: tokens,
	}
}

func (h *house) staff(name string, role feedback.Role, account string) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		st := &feedback.Staff{Name: name, ShownAs: "小" + string([]rune(name)[1:]), Role: role, Team: "care"}
		if err := tx.SaveStaff(st); err != nil {
			return err
		}
		return tx.LinkAccount(st.ID, "hq", account)
	})
}

func (h *house) write(fn func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) read(fn func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Read(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// settle does all work that is due now, until none is left.
func (h *house) settle() {
	h.t.Helper()
	ctx := context.WithValue(context.Background(), epochKey{}, int64(0))
	for range 20 {
		var ids []int64
		h.read(func(tx *store.Tx) error {
			live, history, err := tx.Unfinished(h.now.Add(time.Second), 10_000)
			ids = append(live, history...)
			return err
		})
		for chunk := range slices.Chunk(ids, analyzeBatch) {
			if err := h.p.analyze(ctx, chunk); err != nil {
				h.t.Fatal(err)
			}
		}
		if err := h.p.TimersOnce(ctx, h.now); err != nil {
			h.t.Fatal(err)
		}
		for fetched := newFetching(h.p); ; {
			begun, err := fetched.step(ctx)
			fetched.work.Wait()
			if err := errors.Join(err, h.p.forget(ctx)); err != nil {
				h.t.Fatal(err)
			}
			if begun == 0 {
				break
			}
		}
		sent := h.deliver()
		if len(ids) == 0 && sent == 0 {
			return
		}
	}
	h.t.Fatal("the house does not come to rest")
}

// deliver sends what is due, and returns how much that was.
func (h *house) deliver() int {
	h.t.Helper()
	n := 0
	for _, name := range []string{"care", "hq"} {
		var due []*store.Out
		h.read(func(tx *store.Tx) error {
			var err error
			due, err = tx.DueOut(name, h.now, 1000)
			return err
		})
		if len(due) == 0 {
			continue
		}
		lease, _, err := h.p.acquire(context.Background(), "deliver:"+name)
		if err != nil {
			h.t.Fatal(err)
		}
		r := h.p.runner(name)
		d := newDelivery(h.p, r, lease.Epoch)
		for _, o := range due {
			wait, err := d.one(context.Background(), o)
			if err != nil {
				h.t.Fatal(err)
			}
			if !wait {
				n++
			}
		}
	}
	return n
}

// pass moves time, stopping at every timer on the way.
func (h *house) pass(d time.Duration) {
	h.t.Helper()
	until := h.now.Add(d)
	for h.now.Before(until) {
		next := until
		h.read(func(tx *store.Tx) error {
			for _, find := range []func() (time.Time, bool, error){
				tx.NextTimer, func() (time.Time, bool, error) { return tx.NextOut("care") }, func() (time.Time, bool, error) { return tx.NextOut("hq") },
			} {
				at, ok, err := find()
				if err != nil {
					return err
				}
				if ok && at.After(h.now) && at.Before(next) {
					next = at
				}
			}
			return nil
		})
		h.now = next
		h.settle()
	}
}

func (h *house) event(kind bots.EventType, chat bots.Chat, from, text string) bots.Event {
	h.n++
	return bots.Event{
		Key: fmt.Sprintf("%s:%d", chat.ID, h.n), Type: kind, Chat: chat, MessageID: fmt.Sprintf("m%d", h.n),
		From: bots.Person{ID: from, Name: from, Lang: "zh-CN"}, Text: text, At: h.now,
	}
}

func (h *house) receive(bot string, e bots.Event) bots.Answer {
	h.t.Helper()
	a, err := h.p.Receive(context.Background(), bot, e)
	if err != nil {
		h.t.Fatal(err)
	}
	h.settle()
	return a
}

// says is a customer writing in private.
func (h *house) says(who, text string) string {
	h.t.Helper()
	e := h.event(bots.OnMessage, bots.Chat{ID: who}, who, text)
	h.receive("care", e)
	return e.MessageID
}

// taps is a customer pressing the button with that text.
func (h *house) taps(who, button string) bots.Answer {
	h.t.Helper()
	ms := h.care.in(who)
	for i := len(ms) - 1; i >= 0; i-- {
		for _, b := range ms[i].Buttons {
			if b.Text == button {
				e := h.event(bots.OnPress, bots.Chat{ID: who}, who, "")
				e.Payload, e.MessageID = b.Data, ms[i].ID
				return h.receive("care", e)
			}
		}
	}
	h.t.Fatalf("%s has no button %q; sees:\n%s", who, button, h.customer(who))
	return bots.Answer{}
}

// card returns the card of an item in a chat.
func (h *house) card(chat string, item int64) *shown {
	h.t.Helper()
	for _, m := range h.hq.in(chat) {
		if m.Card && strings.Contains(m.Text, fmt.Sprintf("#%d ", item)) || m.Card && strings.Contains(m.Text, fmt.Sprintf("#%d　", item)) {
			return m
		}
	}
	h.t.Fatalf("no card of #%d in %s:\n%s", item, chat, h.team(chat))
	return nil
}

// writes is somebody writing in the thread of an item's card.
func (h *house) writes(who string, item int64, text string) bots.Answer {
	h.t.Helper()
	e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, who, text)
	e.Thread = h.card(teamChat, item).ID
	return h.receive("hq", e)
}

// presses is somebody pressing a button of a card or of an answer.
func (h *house) presses(who string, b bots.Button) bots.Answer {
	h.t.Helper()
	e := h.event(bots.OnPress, bots.Chat{ID: teamChat, Group: true}, who, "")
	e.Payload = b.Data
	return h.receive("hq", e)
}

func (h *house) item(id int64) *feedback.Item {
	h.t.Helper()
	var item *feedback.Item
	h.read(func(tx *store.Tx) error {
		var err error
		item, err = tx.Item(id)
		return err
	})
	return item
}

// customer is everything a customer sees from the bot, a message a line.
func (h *house) customer(who string) string { return lines(h.care.in(who)) }

// team is everything a team's chat shows.
func (h *house) team(chat string) string { return lines(h.hq.in(chat)) }

func lines(ms []*shown) string {
	var b strings.Builder
	for _, m := range ms {
		b.WriteString(m.Text)
		for _, button := range m.Buttons {
			b.WriteString(" [" + button.Text + "]")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// want fails where got is not the expected text, word for word.
func (h *house) want(got, want string) {
	h.t.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		h.t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func (h *house) feed(entries ...listeners.Entry) []listeners.Outcome {
	h.t.Helper()
	out, err := h.p.Put(context.Background(), "weibo", entries)
	if err != nil {
		h.t.Fatal(err)
	}
	h.settle()
	return out
}
