package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

func (h *house) quarantined() []*feedback.Message {
	h.t.Helper()
	var ms []*feedback.Message
	h.read(func(tx *store.Tx) error {
		var err error
		ms, err = tx.Quarantined(100)
		return err
	})
	return ms
}

// analyzeAll takes everything unfinished through analysis once.
func (h *house) analyzeAll() {
	h.t.Helper()
	var ids []int64
	h.read(func(tx *store.Tx) error {
		live, history, err := tx.Unfinished(h.now.Add(time.Second), 1000)
		ids = append(live, history...)
		return err
	})
	if err := h.p.analyze(context.Background(), ids); err != nil {
		h.t.Fatal(err)
	}
}

// poisoned has the analysis panic over one word.
func poisoned(r *desk.Rules) {
	healthy := r.Analyze
	r.Analyze = func(text string) nlp.Verdict {
		if strings.Contains(text, "毒") {
			panic("cannot analyse this")
		}
		return healthy(text)
	}
}

func TestAPoisonousMessageIsSetAside(t *testing.T) {
	h := newHouse(t, poisoned)
	for i, text := range []string{late, "这条有毒，谁看谁出错", "杯子是破的，漏了一桌子"} {
		who := fmt.Sprintf("客户%d", i)
		if _, err := h.p.Receive(context.Background(), "care", h.event(bots.OnMessage, bots.Chat{ID: who}, who, text)); err != nil {
			t.Fatal(err)
		}
	}
	h.analyzeAll()
	if h.count() != 2 || len(h.quarantined()) != 0 {
		t.Fatalf("%d items after the first pass: the neighbours waited", h.count())
	}
	for range maxAttempts + 1 {
		h.analyzeAll()
	}
	bad := h.quarantined()
	if len(bad) != 1 || bad[0].Attempts <= maxAttempts-1 || !strings.Contains(bad[0].Error, "cannot analyse this") {
		t.Fatalf("quarantined: %+v", bad)
	}
	// The customer is answered as usual, and people are told to read it.
	h.settle()
	if said := h.customer("客户1"); !strings.Contains(said, "收到了（编号 #3）") || h.count() != 3 {
		t.Errorf("%d items; the customer reads:\n%s", h.count(), said)
	}
	item := h.item(3)
	if item.Team != "care" || item.Priority != feedback.P1 || !item.Verdict.Unjudged() || item.Verdict.Sentiment != "" || item.DueAt.IsZero() || bad[0].Item != 3 {
		t.Errorf("the item: %+v, of message %+v", item, bad[0])
	}
	if card := h.card(teamChat, 3).Text; !strings.Contains(card, "P1 #3 · 未能分析") || !strings.Contains(card, "机器没读懂，要人看") || !strings.Contains(card, "这条有毒") {
		t.Errorf("the card:\n%s", card)
	}
	// Something worse is said beside it: that counts, and the poison is not tried again.
	h.says("客户1", "我女儿喝了上吐下泻，现在在医院")
	if item = h.item(3); item.Priority != feedback.P0 || !item.Verdict.Unread || !strings.Contains(item.Text, "有毒") || h.count() != 3 {
		t.Errorf("after the next message: %+v", item)
	}
	// Once the fault is mended, it is played again: the same item, understood.
	h.p.desk.SetRules(storyRules(t))
	was := h.customer("客户1")
	for range 2 {
		h.write(func(tx *store.Tx) error { return tx.Replay(bad[0].ID) })
		h.settle()
		if h.count() != 3 || len(h.quarantined()) != 0 {
			t.Fatalf("%d items after playing it again, set aside: %+v", h.count(), h.quarantined())
		}
		if item = h.item(3); item.Verdict.Unread || item.Verdict.Sentiment != "negative" || strings.Count(item.Text, "有毒") != 1 {
			t.Errorf("after playing it again: %+v", item)
		}
		h.write(func(tx *store.Tx) error { // as though it had been set aside twice
			m, err := tx.Message(bad[0].ID)
			if err != nil {
				return err
			}
			m.Stage = feedback.StageQuarantined
			return tx.SaveMessage(m)
		})
	}
	if now := h.customer("客户1"); now != was {
		t.Errorf("the customer was told something again:\n%s", now)
	}
	if card := h.card(teamChat, 3).Text; strings.Contains(card, "未能分析") {
		t.Errorf("the card after playing it again:\n%s", card)
	}
}

// TestWhatIsUnreadStaysSo: neither later words, nor labels withdrawn, nor an
// analysis of everything anew runs into the poison again, and a newer text of an
// entry takes its place.
func TestWhatIsUnreadStaysSo(t *testing.T) {
	h := newHouse(t, poisoned)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.says("王小明", "这条有毒，谁看谁出错")
	h.feed(listeners.Entry{ID: "w1", Text: "这条帖子也有毒", PostedAt: h.now, Author: listeners.Author{ID: "a", Name: "甲"}})
	for range maxAttempts + 1 {
		h.analyzeAll()
	}
	h.settle()
	if n := len(h.quarantined()); n != 2 || h.count() != 2 {
		t.Fatalf("%d set aside, %d items", n, h.count())
	}
	joined, post := h.item(1), h.item(2)
	if !joined.Verdict.Unjudged() || joined.Verdict.Sentiment != "negative" || !strings.Contains(joined.Text, "有毒") || joined.Priority > feedback.P1 {
		t.Errorf("what it joined: %+v", joined)
	}
	if !post.Verdict.Unjudged() || !strings.Contains(h.card(teamChat, 2).Text, "未能分析") {
		t.Errorf("the post: %+v\n%s", post, h.card(teamChat, 2).Text)
	}
	again := []desk.Change{&desk.Again{Item: 1}, &desk.Again{Item: 2}}
	for _, r := range h.p.desk.Apply(context.Background(), again...) {
		if r.Err != nil || !r.Item.Verdict.Unread {
			t.Errorf("analysed again: %+v", r)
		}
	}
	h.writes("U-LI", 1, "！纠正 投诉 +口味")
	if item := h.item(1); item.Verdict.Unjudged() || !item.Verdict.Unread {
		t.Errorf("a colleague has read it: %+v", item.Verdict)
	}
	h.feed(listeners.Entry{ID: "w1", Revision: "2", Text: "这条帖子改好了，店员态度太差", PostedAt: h.now, Author: listeners.Author{ID: "a", Name: "甲"}})
	h.settle()
	if post = h.item(2); post.Verdict.Unread || post.Verdict.Sentiment != "negative" || len(h.quarantined()) != 1 {
		t.Errorf("the newer text: %+v", post)
	}
}

// TestAKillerTakesNobodyAlong: those that were in one batch with a message which
// ends the process are dealt with, and it alone goes to people unread.
func TestAKillerTakesNobodyAlong(t *testing.T) {
	ended := 0
	h := newHouse(t, func(r *desk.Rules) {
		healthy := r.Analyze
		r.Analyze = func(text string) nlp.Verdict {
			if strings.Contains(text, "毒") {
				ended++
				runtime.Goexit() // nothing recovers from this
			}
			return healthy(text)
		}
	})
	for i := range 6 {
		text := late
		if i == 2 {
			text = "这条有毒，谁看谁死"
		}
		who := fmt.Sprintf("客户%d", i)
		if _, err := h.p.Receive(context.Background(), "care", h.event(bots.OnMessage, bots.Chat{ID: who}, who, text)); err != nil {
			t.Fatal(err)
		}
	}
	for try := range maxAttempts + 3 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.analyzeAll()
		}()
		<-done
		h.now = h.now.Add(DefaultTiming().Reconcile)
		if n := h.count(); try >= 3 && n < 5 {
			t.Errorf("%d items after %d tries: the neighbours wait", n, try+1)
		}
	}
	bad := h.quarantined()
	if len(bad) != 1 || bad[0].Text != "这条有毒，谁看谁死" || bad[0].Item == 0 || h.count() != 6 || ended > maxAttempts+1 {
		t.Fatalf("%d items, ended %d times, set aside: %+v", h.count(), ended, bad)
	}
	if !h.item(bad[0].Item).Verdict.Unjudged() {
		t.Errorf("its item: %+v", h.item(bad[0].Item))
	}
}

// TestAMessageThatKillsTheProcess: its tries are counted before the work, from
// the second on, which is never before it is some seconds old.
func TestAMessageThatKillsTheProcess(t *testing.T) {
	h := newHouse(t, nil)
	type killed struct{}
	h.p.fail = func(name string) {
		if name == "analyze.attempted" {
			panic(killed{})
		}
	}
	if _, err := h.p.Receive(context.Background(), "care", h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", late)); err != nil {
		t.Fatal(err)
	}
	for range maxAttempts + 1 {
		func() {
			defer func() { _ = recover() }()
			h.analyzeAll()
		}()
		h.now = h.now.Add(DefaultTiming().Reconcile)
	}
	h.p.fail = func(string) {}
	h.analyzeAll()
	if bad := h.quarantined(); len(bad) != 1 || bad[0].Error == "" {
		t.Fatalf("quarantined: %+v", bad)
	}
}

func TestHostileTextsAreTaken(t *testing.T) {
	for name, text := range map[string]string{
		"nul":              "快递\x00太慢了，等了\x00三天",
		"invalid":          "快递\xff\xfe太慢了，等了\xc3三天",
		"megabyte":         strings.Repeat("快递太慢了，等了三天。", 1<<20/33),
		"one long word":    strings.Repeat("a", 1<<20),
		"lines":            strings.Repeat("\n", 100_000) + "快递太慢了",
		"mentions":         strings.Repeat("@张三 ", 10_000) + "快递太慢了",
		"hashtags":         strings.Repeat("#话题 ", 10_000),
		"links":            strings.Repeat("https://a.example/x ", 10_000),
		"zalgo":            "快" + strings.Repeat("\u0301", 5_000) + "递太慢了",
		"right to left":    "快递\u202e了慢太\u202c，等了三天",
		"zero width":       strings.Repeat("\u200b", 5_000) + "快递太慢了",
		"family":           strings.Repeat("👨‍👩‍👧‍👦", 3_000),
		"surrogates":       "快递\xed\xa0\x80太慢了，等了三天",
		"broadcast":        "<!channel> <!here> <@U01> @all <at id=all></at> 快递太慢了",
		"template":         "{number} {{.}} ${HOME} {brand} 快递太慢了，等了三天",
		"looks like staff": "！解决 #1 都解决了",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			h.says("王小明", text)
			h.pass(time.Minute)
			h.read(func(tx *store.Tx) error {
				items, err := tx.Items(store.Query{Limit: 10})
				for _, i := range items {
					if !utf8.ValidString(i.Text) || strings.ContainsRune(i.Text, 0) || len(i.Text) > maxText {
						t.Errorf("kept: %d bytes, valid %v", len(i.Text), utf8.ValidString(i.Text))
					}
				}
				return err
			})
			if len(h.quarantined()) > 0 {
				t.Errorf("set aside: %s", h.quarantined()[0].Error)
			}
			limit := h.p.runner("care").caps.Text
			for _, m := range append(h.hq.in(teamChat), h.care.in("王小明")...) {
				if !utf8.ValidString(m.Text) || m.Chat == "王小明" && !limit.Fits(m.Text) {
					t.Errorf("sent %d units, valid %v", limit.Len(m.Text), utf8.ValidString(m.Text))
				}
				if n := len(m.Mention); n > 0 {
					t.Errorf("%d people called by a customer's words: %.200q", n, m.Text)
				}
			}
			if h.item(1).State != feedback.New && h.count() > 0 && name == "looks like staff" {
				t.Errorf("a customer gave a command: %s", h.item(1).State)
			}
		})
	}
}

func TestHostileNamesAndFiles(t *testing.T) {
	h := newHouse(t, nil)
	e := h.event(bots.OnMessage, bots.Chat{ID: "王小明", Title: strings.Repeat("长", 5000)}, "王小明", late)
	e.From.Name, e.From.Handle = "王\x00\xff"+strings.Repeat("名", 5000), "<!channel>\n@all"
	e.Raw = bytes.Repeat([]byte{0xff}, 1<<20)
	e.Attachments = []bots.Attachment{{Kind: "file", Ref: "f1", Name: "../../etc/passwd\x00\u202egpj.exe"}}
	h.receive("care", e)
	h.pass(time.Minute)
	item := h.item(1)
	if len(item.AuthorName) > maxName || !utf8.ValidString(item.AuthorName) {
		t.Errorf("name of %d bytes", len(item.AuthorName))
	}
	h.read(func(tx *store.Tx) error {
		ms, err := tx.MessagesOf(1)
		if err != nil {
			return err
		}
		a := ms[0].Attachments[0]
		if strings.Contains(a.Path, "..") || strings.Contains(a.Path, "passwd") || a.State != feedback.AttachmentStored {
			t.Errorf("stored at %q, %s", a.Path, a.State)
		}
		if len(ms[0].Raw) > maxRaw {
			t.Errorf("%d raw bytes kept", len(ms[0].Raw))
		}
		return nil
	})
}

// recorder is a log that is read afterwards.
type recorder struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

// TestPersonalDataStaysWithThePerson seeds what must never be seen, plays a day
// and looks for it in every team's chat and in the log.
func TestPersonalDataStaysWithThePerson(t *testing.T) {
	log := &recorder{}
	h := newHouse(t, func(r *desk.Rules) {
		r.Fields = []desk.Field{{Name: "order", Title: "订单号", Private: true}}
	})
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.p.log = logger
	rules := h.p.desk.Rules()
	h.p.Bind(desk.New(desk.Options{DB: h.db, Now: h.p.now, Log: logger, Bell: h.p, Rules: rules}))

	seeds := []string{"13812345678", "11010519491231002X", "6222021234567890128", "幸福路128号3栋502", "zhang.san@example.com"}
	text := "快递太慢了，电话13812345678，身份证11010519491231002X，卡号6222021234567890128，地址上海市徐汇区幸福路128号3栋502室"
	id := h.says("王小明", text)
	h.says("王小明", "再说一遍我的电话 138-1234-5678，快点")
	h.writes("U-LI", 1, "！认领")
	e := h.event(bots.OnEdited, bots.Chat{ID: "王小明"}, "王小明", text+"，手机13812345678")
	e.MessageID = id
	h.receive("care", e)
	h.writes("U-LI", 1, "！回复 已给 13812345678 打过电话，也发到了 zhang.san@example.com")
	h.pass(time.Minute)
	h.writes("U-LI", 1, "！转 品控组 请联系 13812345678")
	h.care.refuse["王小明"] = &bots.SendError{Fate: bots.Rejected, Code: "400"}
	h.command("U-HAN", 1, "！回复 地址是上海市徐汇区幸福路128号3栋502室吧")
	h.pass(time.Minute)
	h.care.lose = 1
	delete(h.care.refuse, "王小明")
	h.command("U-LI", 1, "！解决 已寄到上海市徐汇区幸福路128号3栋502室")
	h.pass(time.Minute)
	h.says("王小明", "没收到，打我 13812345678")
	h.feed(listeners.Entry{ID: "w1", Text: "青禾咖啡太难喝了，差评，客服电话骗人 13812345678", PostedAt: h.now, URL: "https://weibo.example/1", Author: listeners.Author{ID: "a", Name: "甲 13812345678"}})
	h.pass(3 * time.Hour)
	var answers strings.Builder
	for _, text := range []string{"！详情 #1", "！追踪 #1", "！查 快递", "！待办", "！报告"} {
		answers.WriteString(h.receive("hq", h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-HAN", text)).Text + "\n")
	}
	log.mu.Lock()
	logged := log.b.String()
	log.mu.Unlock()
	for _, seed := range append(seeds, "138-1234-5678") {
		for place, seen := range map[string]string{"care's chat": h.team(teamChat), "qc's chat": h.team(otherChat), "the lead's chat": lines(h.hq.in("U-HAN")), "answers": answers.String(), "log": logged} {
			if at := strings.Index(seen, seed); at >= 0 {
				line := seen[strings.LastIndexByte(seen[:at], '\n')+1:]
				line, _, _ = strings.Cut(line, "\n")
				t.Errorf("%s in %s: %s", seed, place, line)
			}
		}
	}
	for _, word := range []string{"王小明", "快递太慢"} {
		if strings.Contains(logged, word) {
			t.Errorf("%s in the log:\n%s", word, logged)
		}
	}
	a := h.command("U-HAN", 1, "！原文")
	if strings.Contains(a.Text, "13812345678") {
		t.Error("原文 was shown to the whole chat")
	}
	h.settle()
	if !strings.Contains(lines(h.hq.in("U-HAN")), "13812345678") {
		t.Errorf("原文 shows nothing:\n%s\n%s", a.Text, lines(h.hq.in("U-HAN")))
	}
	h.read(func(tx *store.Tx) error {
		events, err := tx.Events(1)
		seen := false
		for _, e := range events {
			seen = seen || e.Kind == "full" && e.Staff != 0
		}
		if !seen {
			t.Error("nobody knows who looked at the whole text")
		}
		return err
	})
}

// TestAnUnreadablePayloadIsKept: it is acknowledged, and so must not be lost.
func TestAnUnreadablePayloadIsKept(t *testing.T) {
	h := newHouse(t, nil)
	for range 2 {
		h.receive("care", bots.Event{Key: "unread:1", Type: bots.OnUnread, At: h.now, Raw: []byte(`{"update_id":"what?"}`)})
	}
	bad := h.quarantined()
	if len(bad) != 1 || !strings.Contains(string(bad[0].Raw), "what?") || bad[0].Error == "" {
		t.Fatalf("kept: %+v", bad)
	}
	if h.count() != 0 {
		t.Errorf("%d items", h.count())
	}
}
