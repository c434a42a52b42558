package e2e

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/huiyin/huiyin/store/spool"
)

// behind counts what the program still owes of the time until an instant: messages
// that wait on the disk or are not analysed, and what nobody has got yet although
// it was due (receipts and replies for customers, the first card of an item).
// What only changes a card that people see is left out, since Slack's one message
// a second in a channel paces that; so is what comes later. -1: it cannot be told.
func (h *house) behind(until time.Time) int {
	held, err := spool.Look(filepath.Join(h.dir, "huiyin-data", "spool"))
	if err != nil {
		return -1
	}
	db, err := h.sql()
	if err != nil {
		return -1
	}
	defer db.Close()
	n := 0
	err = db.QueryRow(fmt.Sprintf(`SELECT (SELECT count(*) FROM messages WHERE stage = 'new' AND received_at <= %[1]d) + (
		SELECT count(*) FROM outbox WHERE state IN ('pending', 'retry', 'sending') AND created_at <= %[1]d AND (attempts > 0 OR next_at <= %[1]d)
		AND (audience = 'customer' OR kind = 'card' AND external = ''))`, until.UnixMicro())).Scan(&n)
	if err != nil {
		return -1
	}
	return held.Depth + n
}

// catchUp waits until nothing is left of what had come by the end of the trouble,
// and notes how long that took.
func (r *rig) catchUp(calm time.Time) {
	r.house.t.Helper()
	left, looked := -1, time.Time{}
	r.until("what had come in the trouble is done", func() bool {
		if time.Since(looked) < 200*time.Millisecond {
			return false
		}
		left, looked = r.behind(calm), time.Now()
		return left == 0
	})
	r.round.CaughtUp = looked.Sub(calm).Seconds()
}
