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

// TestARestoredDatabaseTellsNobodyTwice: what was on its way, and what comes of
// messages and timers from before, is shown to colleagues instead of sent.
func TestARestoredDatabaseTellsNobodyTwice(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.says("丁", "你们的咖啡杯漏了，洒了我一身")
	h.writes("U-LI", 2, "！等客户 方便拍张照片吗？")
	h.now = h.now.Add(11 * time.Second)
	before := h.courier("care")
	h.unsent("甲", "一") // on its way when the copy was made
	// Taken before the copy was made, and analysed after it: its receipt was sent.
	if _, err := h.p.Receive(context.Background(), "care", h.event(bots.OnMessage, bots.Chat{ID: "乙"}, "乙", "杯子里有一根头发，恶心死了，你们管不管")); err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, who := range []string{"王小明", "甲", "乙", "丁"} {
		told[who] = h.customer(who)
	}

	h.now = h.now.Add(30 * time.Hour) // the reminder of 丁 came after the copy, too
	var held int64
	h.write(func(tx *store.Tx) error {
		var err error
		held, err = tx.HoldForRestore(store.Installation{ID: "A"}, h.now)
		return err
	})
	if held != 3 {
		t.Errorf("%d messages were held", held)
	}
	h.p.desk.SetRestored(h.now)
	_ = before // it ended with the database that is no more
	h.p.holder = "another"
	h.now = h.now.Add(time.Minute)
	h.round(h.courier("care"))
	h.round(h.courier("hq"))
	if err := h.p.TimersOnce(context.Background(), h.now); err != nil {
		t.Fatal(err)
	}
	h.settle()
	for who, was := range told {
		if now := h.customer(who); now != was {
			t.Errorf("%s was told:\n%s\nbefore:\n%s", who, now, was)
		}
	}
	if h.item(1).Closure != feedback.DeliveryUncertain {
		t.Errorf("the closure is %s", h.item(1).Closure)
	}
	if got := h.item(3); got.Receipt != feedback.DeliveryUncertain || !strings.Contains(got.Text, "头发") {
		t.Errorf("the receipt of %q is %s", got.Text, got.Receipt)
	}
	team := h.team(teamChat) + h.team(otherChat)
	if n := strings.Count(team, "可能到了，也可能没到"); n < 3 {
		t.Errorf("colleagues were asked %d times:\n%s", n, team)
	}
	// What comes from now on is as ever.
	h.says("丙", "你们的咖啡是凉的，我要退款")
	if !strings.Contains(h.customer("丙"), "编号") {
		t.Errorf("a new customer has no receipt:\n%s", h.customer("丙"))
	}
}

// TestPruneOnce removes what is done with in one pass.
func TestPruneOnce(t *testing.T) {
	h := newHouse(t, nil)
	h.p.keepDone = 90 * 24 * time.Hour
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.says("王小明", "在吗？怎么还没人理我")
	h.resolve("U-LI", 1)
	h.pass(5 * 24 * time.Hour) // it ends
	count := func() (lines, cards, customers int) {
		h.read(func(tx *store.Tx) error {
			outs, err := tx.OutsOf(1)
			for _, o := range outs {
				switch {
				case o.Audience == store.ToCustomer:
					customers++
				case o.Kind == store.CardKind:
					cards++
				default:
					lines++
				}
			}
			return err
		})
		return lines, cards, customers
	}
	lines, cards, customers := count()
	if lines == 0 || cards == 0 || customers == 0 || h.item(1).State != feedback.Closed {
		t.Fatalf("%d lines, %d cards, %d to the customer, %s", lines, cards, customers, h.item(1).State)
	}
	if err := h.p.PruneOnce(context.Background(), h.now.Add(80*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := count(); n != lines {
		t.Errorf("%d of %d lines are left before their time", n, lines)
	}
	if err := h.p.PruneOnce(context.Background(), h.now.Add(100*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, c, k := count(); n != 0 || c != cards || k != customers {
		t.Errorf("left: %d lines, %d of %d cards, %d of %d to the customer", n, c, cards, k, customers)
	}
}
