package pipeline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// finding is a platform that can be searched for what was posted.
type finding struct {
	*fakeBot
	refuse error // what searching answers; nil: it works
	asked  int
}

func (f *finding) Find(_ context.Context, p bots.Post, _ time.Time) (string, error) {
	f.asked++
	if f.refuse != nil {
		return "", f.refuse
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.shown {
		if m.Chat == p.Chat && m.Key == p.Key {
			return m.ID, nil
		}
	}
	return "", nil
}

func (f *finding) KeyOf(_ context.Context, chat, id string) (string, error) {
	f.asked++
	if f.refuse != nil {
		return "", f.refuse
	}
	for _, m := range f.in(chat) {
		if m.ID == id {
			return m.Key, nil
		}
	}
	return "", nil
}

func (h *house) searchable() *finding {
	f := &finding{fakeBot: h.hq}
	h.p.bots["hq"].bot = f
	return f
}

func cardsIn(h *house) (n int) {
	for _, m := range h.hq.in(teamChat) {
		if m.Card {
			n++
		}
	}
	return n
}

// TestACardWhoseAnswerWasLostIsFound: it is not posted again, it becomes what
// the item is now, and what is written under it arrives.
func TestACardWhoseAnswerWasLostIsFound(t *testing.T) {
	h := newHouse(t, nil)
	f := h.searchable()
	h.hq.lose = 1
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.says("王小明", "能不能快一点，急用")
	h.pass(5 * time.Minute)
	if n := cardsIn(h); n != 1 || f.asked == 0 {
		t.Fatalf("%d cards, looked %d times:\n%s", n, f.asked, h.team(teamChat))
	}
	if o := h.out("card:1:hq:" + teamChat); o.External != h.card(teamChat, 1).ID || o.State != store.OutSent {
		t.Fatalf("the card's row: %+v", o)
	}
	h.writes("U-LI", 1, "！认领")
	if !strings.Contains(h.card(teamChat, 1).Text, "李雷") {
		t.Errorf("the found card is not kept up:\n%s", h.card(teamChat, 1).Text)
	}

	// A line in the thread, too, is there once.
	h.hq.lose = 1
	h.says("王小明", "还在吗？我等很久了")
	h.pass(time.Minute)
	if n := strings.Count(h.team(teamChat), "还在吗？我等很久了"); n < 1 || n > 2 { // in the thread, and perhaps quoted on the card
		t.Errorf("the line stands %d times:\n%s", n, h.team(teamChat))
	}
	lines := 0
	for _, m := range h.hq.in(teamChat) {
		if m.Thread != "" && strings.Contains(m.Text, "还在吗") {
			lines++
		}
	}
	if lines != 1 {
		t.Errorf("%d lines in the thread", lines)
	}
}

// TestNobodyPostsAgainWhileNobodyKnows: while the platform cannot be searched
// nothing is posted; later it is found, or posted where it is not there.
func TestNobodyPostsAgainWhileNobodyKnows(t *testing.T) {
	for _, there := range []bool{true, false} {
		h := newHouse(t, nil)
		f := h.searchable()
		h.hq.lose = 1
		f.refuse = &bots.SendError{Fate: bots.Limited, Code: "429", Scope: bots.ScopeBot, RetryAfter: 2 * time.Second}
		h.says("王小明", "快递太慢了，等了三天还没收到")
		if !there {
			h.hq.shown = nil // the platform had not taken it after all
		}
		h.pass(time.Minute)
		if n := cardsIn(h); n > 1 || n == 1 && !there || f.asked < 2 {
			t.Fatalf("%d cards while nobody knew, looked %d times", n, f.asked)
		}
		f.refuse = nil
		h.pass(10 * time.Minute)
		if n := cardsIn(h); n != 1 {
			t.Fatalf("there %t: %d cards", there, n)
		}
	}
}

// TestWrittenUnderACopyNobodyRecorded: the process ended between sending a card
// and recording it, and the platform cannot be searched: the card comes again.
// What is written under the first copy is about the item all the same.
func TestWrittenUnderACopyNobodyRecorded(t *testing.T) {
	h := newHouse(t, nil)
	h.hq.lose = 1
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.pass(time.Minute)
	if cardsIn(h) != 2 {
		t.Fatalf("%d cards", cardsIn(h))
	}
	orphan := h.hq.in(teamChat)[0]
	under := func(text, about string) bots.Event {
		e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", text)
		e.Thread, e.Own, e.About = orphan.ID, true, about
		return e
	}
	// A button that names nothing we know tells nothing.
	for _, about := range []string{"", "claim:99", "claim:x", "odd:1", "gotit:999"} {
		if a := h.receive("hq", under("！认领", about)); !strings.Contains(a.Text, "说的是哪条") {
			t.Errorf("%q: answered %q", about, a.Text)
		}
		if h.item(1).Owner != 0 {
			t.Fatalf("%q claimed #1", about)
		}
	}
	h.receive("hq", under("先问问快递那边", "claim:1"))
	h.receive("hq", under("！解决 今天会送到，久等了", "claim:1"))
	h.pass(time.Minute)
	if !strings.Contains(h.customer("王小明"), "今天会送到") {
		t.Errorf("the customer reads:\n%s", h.customer("王小明"))
	}
	// It is known from then on, whatever the platform shows of it.
	h.receive("hq", under("！重开", ""))
	if h.item(1).State == feedback.Resolved {
		t.Errorf("#1 is %s after it was opened again", h.item(1).State)
	}
}

// TestWrittenBeforeItIsFound: what is written under a card that is not recorded
// yet is understood by asking the platform; where it does not answer, the event
// is left to be delivered again.
func TestWrittenBeforeItIsFound(t *testing.T) {
	h := newHouse(t, nil)
	f := h.searchable()
	h.says("王小明", "快递太慢了，等了三天还没收到")
	card := h.card(teamChat, 1)
	h.write(func(tx *store.Tx) error { // as if the process had ended before it was recorded
		o, err := tx.OutByKey("card:1:hq:" + teamChat)
		if err != nil {
			return err
		}
		o.External, o.State, o.Error, o.NextAt = "", store.OutRetry, leftSending, h.now.Add(time.Minute)
		_, err = tx.ChangeOut(o, store.OutSent)
		return err
	})
	e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", "！解决 今天会送到，久等了")
	e.Thread, e.Own = card.ID, true
	f.refuse = &bots.SendError{Fate: bots.Unsent, Code: "dial"}
	if _, err := h.p.Receive(context.Background(), "hq", e); err == nil {
		t.Fatal("taken although nobody knows what it is about")
	}
	f.refuse = nil
	h.receive("hq", e)
	h.receive("hq", e) // delivered once more
	h.pass(5 * time.Minute)
	if n := strings.Count(h.customer("王小明"), "今天会送到"); n != 1 {
		t.Errorf("the customer reads it %d times:\n%s", n, h.customer("王小明"))
	}
	if n := cardsIn(h); n != 1 {
		t.Errorf("%d cards", n)
	}
	// Somebody else's thread costs no question.
	asked := f.asked
	e = h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", "中午吃什么")
	e.Thread = "m-of-a-person"
	h.receive("hq", e)
	if f.asked != asked {
		t.Error("the platform was asked about a colleague's thread")
	}
}
