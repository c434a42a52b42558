package pipeline

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
)

// TestOnePersonWhoCannotBeErasedHoldsUpNothing: a damaged row keeps somebody from
// being erased when their time has come. What was not analysed is rung for again
// all the same, and others are erased.
func TestOnePersonWhoCannotBeErasedHoldsUpNothing(t *testing.T) {
	h := newHouse(t, nil)
	for i, who := range []string{"王小明", "李四"} {
		h.says(who, slow)
		h.writes("U-LI", int64(i+1), "！关闭 重复")
	}
	first := h.item(1)
	h.write(func(tx *store.Tx) error {
		_, err := tx.PutOut(&store.Out{
			Key: "damaged", Bot: "care", Chat: "王小明", Audience: store.ToCustomer, Kind: "reply", Conversation: first.Conversation,
			State: store.OutSent, Body: []byte("{"), NextAt: h.now, CreatedAt: h.now,
		})
		return err
	})
	h.now = h.now.AddDate(0, 0, 200)
	if _, err := h.p.Receive(context.Background(), "care", h.event(bots.OnMessage, bots.Chat{ID: "赵五"}, "赵五", slow)); err != nil {
		t.Fatal(err)
	}
	ids := make(chan []int64, 8)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		_ = h.p.stream.Consume(ctx, stageAnalyze, 16, func(_ context.Context, got []int64) error { ids <- got; return nil })
	}()
	<-ids // as it came; its process ends, and after a while:
	h.now = h.now.Add(time.Minute)
	done := make(chan error, 1)
	go func() { done <- h.p.reconcileLoop(ctx) }()
	select {
	case <-ids:
	case err := <-done:
		t.Fatalf("the reconciler gave up: %v", err)
	case <-time.After(forever):
		t.Fatal("nobody rings for it")
	}
	stop()
	if err := <-done; err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	if text := h.item(2).Text; text != "" {
		t.Errorf("the other one was not erased: %q", text)
	}
}

// TestAClockSetBackStopsNoFeed: an entry is edited, the clock is set right, and it
// is edited again.
func TestAClockSetBackStopsNoFeed(t *testing.T) {
	h := newHouse(t, nil)
	e := listeners.Entry{ID: "1", Text: slow, Revision: "a", PostedAt: h.now}
	h.feed(e)
	e.Text, e.Revision = slow+"，第一次改", "b"
	h.feed(e)
	h.now = h.now.Add(-26 * time.Hour)
	e.Text, e.Revision = slow+"，第二次改", "c"
	got := h.feed(e, listeners.Entry{ID: "2", Text: "新的一条：奶茶里有虫", PostedAt: h.now})
	if len(got) != 2 || got[0] != listeners.Changed || got[1] != listeners.Accepted {
		t.Errorf("%v", got)
	}
	h.now = h.now.Add(27 * time.Hour)
	h.settle()
	if text := h.item(1).Text; !strings.HasSuffix(text, "第二次改") {
		t.Errorf("#1: %s", text)
	}
}

// TestOneItemsTroubleStopsNoOtherTimer: what is due at the same time is acted on,
// whatever the database refuses for one of them.
func TestOneItemsTroubleStopsNoOtherTimer(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", slow)
	h.says("李四", slow)
	db, err := sql.Open("sqlite", h.file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TRIGGER broken BEFORE UPDATE ON items WHEN NEW.id = 1 BEGIN SELECT RAISE(ABORT, 'broken'); END"); err != nil {
		t.Fatal(err)
	}
	h.pass(3 * time.Hour)
	if chat := h.team(teamChat); !strings.Contains(chat, "#2 过点了") {
		t.Errorf("nobody hears of #2:\n%s", chat)
	}
}

// TestAChannelIsWellOnceItsTokenIsTaken: and not before.
func TestAChannelIsWellOnceItsTokenIsTaken(t *testing.T) {
	h := newHouse(t, nil)
	h.care.refuse["王小明"] = &bots.SendError{Fate: bots.Unauthorized, Code: "401"}
	h.says("王小明", slow)
	if h.p.Channels()["care"].OK {
		t.Error("it is well although its token is refused")
	}
	delete(h.care.refuse, "王小明")
	h.pass(2 * time.Minute)
	if got := h.p.Channels()["care"]; !got.OK {
		t.Errorf("a message was sent, and it says %+v", got)
	}
}

// failingBot cannot receive a few times, then can.
type failingBot struct {
	fakeBot
	times int
}

func (b *failingBot) Run(ctx context.Context) error {
	if b.times--; b.times >= 0 {
		return errors.New("the token is refused")
	}
	<-ctx.Done()
	return nil
}

// TestABotIsNotWellBecauseItIsTried: people are told once that it has a problem,
// and once, after it has received for a while, that it is well again.
func TestABotIsNotWellBecauseItIsTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := New(Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now})
		r := newRunner("care", "fake", bots.Caps{}, &failingBot{times: 3})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.guard(ctx, "bot care", func(ctx context.Context) error { return p.runBot(ctx, r) })
		}()
		time.Sleep(80 * time.Second)
		synctest.Wait()
		if p.Channels()["care"].OK {
			t.Error("it is well while its token is refused")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !p.Channels()["care"].OK {
			t.Error("it is not well although it receives")
		}
		stop()
		<-done
		if n := strings.Count(log.String(), "channel has a problem"); n != 1 {
			t.Errorf("told of %d problems:\n%s", n, &log)
		}
		if n := strings.Count(log.String(), "channel is well again"); n != 1 {
			t.Errorf("told %d times that it is well:\n%s", n, &log)
		}
	})
}
