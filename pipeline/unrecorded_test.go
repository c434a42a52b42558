package pipeline

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// refuses has the database refuse what a condition on outbox rows says, until the
// returned function is called: as a full disk does.
func (h *house) refuses(condition string) (accepts func()) {
	h.t.Helper()
	run := func(statement string) {
		db, err := sql.Open("sqlite", h.file)
		if err != nil {
			h.t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(h.t.Context(), statement); err != nil {
			h.t.Fatal(err)
		}
	}
	run("CREATE TRIGGER refused BEFORE UPDATE ON outbox WHEN " + condition + " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
	return func() { run("DROP TRIGGER refused") }
}

// fails has a courier work until the database refuses it something.
func (h *house) fails(d *delivery) {
	h.t.Helper()
	d.rung = true
	for range 100 {
		if _, err := d.step(context.Background()); err != nil {
			d.work.Wait()
			return
		}
		d.work.Wait()
	}
	h.t.Fatal("the database refused nothing")
}

// TestWhatWasSentIsRecordedOnceTheDatabaseTakesIt: the process that sent it lives,
// and knows what became of it. It has its lease still, with the same epoch, since
// it could not give it back either.
func TestWhatWasSentIsRecordedOnceTheDatabaseTakesIt(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", slow)
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.now = h.now.Add(11 * time.Second)
	accepts := h.refuses("NEW.state = 'sent'")
	h.fails(h.courier("care"))
	h.fails(h.courier("hq"))
	if got := h.out("closure:1:1").State; got != store.OutSending {
		t.Fatalf("it is %s", got)
	}
	accepts()
	h.courier("care")
	h.courier("hq")
	h.settle()
	if got := h.item(1).Closure; got != feedback.DeliverySent {
		t.Errorf("the closure is %s", got)
	}
	if n := strings.Count(h.customer("王小明"), "今天会送到"); n != 1 {
		t.Errorf("it came %d times\n%s", n, h.customer("王小明"))
	}
	if !strings.Contains(h.card(teamChat, 1).Text, "已解决") {
		t.Errorf("the card is behind:\n%s", h.card(teamChat, 1).Text)
	}
}

// TestWhatNobodyKnowsOfIsNotLeftSending: a courier was stopped between its claim
// and the platform's answer, its lease was not given back, and the same process
// goes on under it.
func TestWhatNobodyKnowsOfIsNotLeftSending(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", slow)
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.now = h.now.Add(11 * time.Second)
	d := h.courier("care")
	h.write(func(tx *store.Tx) error {
		if ok, err := tx.ClaimOut(h.outID(tx, "closure:1:1"), d.epoch, h.now); err != nil || !ok {
			t.Fatal("not claimed", err)
		}
		return nil
	})
	if again := h.courier("care"); again.epoch != d.epoch {
		t.Fatalf("epoch %d, then %d", d.epoch, again.epoch)
	}
	h.settle()
	if h.item(1).Closure != feedback.DeliveryUncertain || !strings.Contains(h.team(teamChat), "⚠️ #1 的回复可能到了，也可能没到") {
		t.Errorf("the closure is %s, and nobody was asked\n%s", h.item(1).Closure, h.team(teamChat))
	}
}
