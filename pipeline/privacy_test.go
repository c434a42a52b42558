package pipeline

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
)

// TestErasingWaitsForWhatIsBeingSent: while a message to the person is in a
// platform's hands nothing is removed; once it is settled, everything is. What
// waits to be sent is never sent.
func TestErasingWaitsForWhatIsBeingSent(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.says("李四", "杯子是破的，漏了一桌子")
	author, other := h.item(1).Author, h.item(2).Author
	h.writes("U-LI", 1, "！回复 马上给您查")
	var reply *store.Out
	set := func(state store.OutState) {
		t.Helper()
		h.write(func(tx *store.Tx) error {
			outs, err := tx.OutsOfAuthor(author)
			if err != nil {
				return err
			}
			for _, o := range outs {
				if o.Kind == desk.OutReply {
					reply = o
				}
			}
			if state == store.OutSending {
				won, err := tx.ClaimOut(reply.ID, 7, h.now.Add(time.Hour))
				if err == nil && !won {
					t.Error("the reply cannot be claimed")
				}
				return err
			}
			reply.State = state
			_, err = tx.ChangeOut(reply, store.OutSending)
			return err
		})
	}
	set(store.OutSending)
	if _, err := h.p.desk.Erase(t.Context(), author, "test"); !errors.Is(err, desk.ErrSending) {
		t.Fatalf("erased in the middle of sending: %v", err)
	}
	if h.item(1).Text == "" {
		t.Fatal("something was removed all the same")
	}
	if _, err := h.p.desk.Erase(t.Context(), other, "test"); err != nil {
		t.Fatalf("somebody else waits, too: %v", err)
	}
	set(store.OutPending)
	erased, err := h.p.desk.Erase(t.Context(), author, "test")
	if err != nil || erased.Messages == 0 || erased.Items != 1 {
		t.Fatalf("%+v %v", erased, err)
	}
	h.pass(time.Minute)
	if got := h.customer("王小明"); strings.Contains(got, "马上给您查") {
		t.Errorf("sent after the person was erased:\n%s", got)
	}
	h.read(func(tx *store.Tx) error {
		lines, err := tx.Audits(0)
		if err != nil {
			return err
		}
		if len(lines) != 2 || lines[0].Kind != desk.AuditErase || lines[0].Data["items"] != "1" {
			t.Errorf("%d lines: %+v", len(lines), lines[0])
		}
		return nil
	})
}

// TestChannelsKeepForATimeOfTheirOwn: a channel's keep goes before the common
// one, is what the privacy text says, and alone makes one-way sources forget.
func TestChannelsKeepForATimeOfTheirOwn(t *testing.T) {
	const day = 24 * time.Hour
	h := newHouse(t, func(r *desk.Rules) {
		for name, keep := range map[string]time.Duration{"care": 30 * day, "weibo": 60 * day} {
			ch := r.Channels[name]
			ch.Keep = keep
			r.Channels[name] = ch
		}
	})
	h.says("王小明", "隐私")
	if got := h.last("王小明").Text; !strings.Contains(got, "处理完 30 天后删掉") {
		t.Errorf("the privacy text:\n%s", got)
	}
	h.says("王小明", late)
	h.writes("U-LI", 1, "！关闭 重复")
	h.feed(mention("w1", h.now), mention("w2", h.now))
	h.writes("U-LI", 2, "！认领")
	forget := func(after time.Duration, want int) {
		t.Helper()
		h.now = h.now.Add(after)
		n, err := h.p.desk.Forget(t.Context())
		if err != nil || n != want {
			t.Fatalf("%d forgotten, want %d: %v", n, want, err)
		}
	}
	forget(29*day, 0)
	forget(2*day, 1)
	if h.item(1).Text != "" || h.item(2).Text == "" || h.item(3).Text == "" {
		t.Error("somebody else was forgotten")
	}
	forget(30*day, 1)
	if h.item(2).Text == "" || h.item(3).Text != "" || h.item(3).State != feedback.Closed {
		t.Errorf("#2 %q, in work; #3 %q %s, nobody took it up", h.item(2).Text, h.item(3).Text, h.item(3).State)
	}
	// The source still shows it.
	if got := h.feed(mention("w2", h.now), mention("w3", h.now)); got[0] != listeners.Duplicate || got[1] != listeners.Accepted {
		t.Errorf("the erased entry and a new one: %v", got)
	}
	forget(time.Minute, 0)
}

// TestAPersonWhoOnlyGreetedIsForgotten: there is no item, and a name and an
// account all the same.
func TestAPersonWhoOnlyGreetedIsForgotten(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "你好")
	for _, c := range []struct{ days, want int }{{179, 0}, {2, 1}, {200, 0}} {
		h.now = h.now.AddDate(0, 0, c.days)
		if n, err := h.p.desk.Forget(t.Context()); err != nil || n != c.want {
			t.Errorf("after %d days more: %d forgotten, %v", c.days, n, err)
		}
	}
}
