package store

import "github.com/huiyin/huiyin/feedback"

// Backlog returns how much work waits, as of Options.Now.
func (tx *Tx) Backlog() (Backlog, error) {
	b := Backlog{Outbox: make(map[OutState]int64)}
	err := tx.each(func(r rows) error {
		var lane string
		var n int64
		err := r.Scan(&lane, &n)
		if feedback.Lane(lane) == feedback.History {
			b.History = n
		} else {
			b.Live += n
		}
		return err
	}, "SELECT lane, count(*) FROM messages WHERE stage = 'new' GROUP BY lane")
	if err != nil {
		return b, err
	}
	if _, err := tx.one([]any{at{&b.OldestLive}}, "SELECT received_at FROM messages WHERE stage = 'new' AND lane = 'live' ORDER BY id LIMIT 1"); err != nil {
		return b, err
	}
	err = tx.each(func(r rows) error {
		var state string
		var n int64
		err := r.Scan(&state, &n)
		b.Outbox[OutState(state)] = n
		return err
	}, "SELECT state, count(*) FROM outbox WHERE state IN ('pending', 'retry', 'sending', 'uncertain', 'dead') GROUP BY state")
	if err != nil {
		return b, err
	}
	if _, err := tx.one([]any{at{&b.OldestOutbox}}, "SELECT next_at FROM outbox WHERE "+waiting+" AND next_at <= ? ORDER BY next_at LIMIT 1", tx.db.now()); err != nil {
		return b, err
	}
	if b.Quarantined, err = tx.number("SELECT count(*) FROM messages WHERE stage = 'quarantined'"); err != nil {
		return b, err
	}
	b.Attachments, err = tx.number("SELECT count(*) FROM attachments WHERE state = 'pending'")
	return b, err
}
