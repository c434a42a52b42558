package store

import (
	"fmt"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

const eventColumns = "item, at, kind, staff, key, data"

func eventFields(e *feedback.Event) []any {
	return []any{&e.Item, at{&e.At}, &e.Kind, &e.Staff, name{&e.Key}, inJSON(&e.Data)}
}

func eventRow(e *feedback.Event) []any { return append([]any{&e.ID}, eventFields(e)...) }

// AddEvent keeps an event, unless its key is known: a command that the platform
// delivers again acts once. It sets the ID either way; inside Together that of an
// event with a key only.
func (tx *Tx) AddEvent(e *feedback.Event) (inserted bool, err error) {
	if b := tx.batch; b != nil && e.Key == "" {
		b.events = append(b.events, *e)
		return true, nil
	}
	err = tx.apart(func() error { inserted, err = tx.addEvent(e); return err })
	return inserted, err
}

func (tx *Tx) addEvent(e *feedback.Event) (inserted bool, err error) {
	inserted, err = tx.one([]any{&e.ID}, "INSERT INTO events ("+eventColumns+") VALUES ("+places(eventColumns)+") ON CONFLICT (key) WHERE key <> '' DO NOTHING RETURNING id", eventFields(e)...)
	if err != nil || inserted {
		return inserted, err
	}
	return false, tx.get("event", []any{&e.ID}, "SELECT id FROM events WHERE key = ? AND key <> ''", short(e.Key))
}

// EventByKey returns the event that was caused under key.
func (tx *Tx) EventByKey(key string) (*feedback.Event, error) {
	e := new(feedback.Event)
	return e, tx.get("event", eventRow(e), "SELECT id, "+eventColumns+" FROM events WHERE key = ? AND key <> ''", short(key))
}

// Events returns the events of an item, the oldest first.
func (tx *Tx) Events(item int64) ([]*feedback.Event, error) {
	return list(tx, eventRow, "SELECT id, "+eventColumns+" FROM events WHERE item = ? ORDER BY id", item)
}

func timerRow(t *Timer) []any { return []any{&t.Item, &t.Kind, at{&t.Due}, &t.Data} }

const timerColumns = "item, kind, due, data"

// SetTimer sets the item's timer of t's kind, instead of the one that is set.
func (tx *Tx) SetTimer(t Timer) error {
	if b := tx.batch; b != nil {
		b.timers[timerKey{t.Item, t.Kind}] = &t
		return nil
	}
	_, err := tx.exec(setOneTimer, timerRow(&t)...)
	return err
}

// DropTimers takes back the item's timers of the given kinds; all without kinds.
func (tx *Tx) DropTimers(item int64, kinds ...string) error {
	if tx.dropTimersLater(item, kinds) {
		return nil
	}
	query, args := "DELETE FROM timers WHERE item = ?", []any{item}
	if len(kinds) > 0 {
		query += " AND kind IN (" + marks(len(kinds)) + ")"
		for _, k := range kinds {
			args = append(args, k)
		}
	}
	return tx.apart(func() error {
		_, err := tx.exec(query, args...)
		return err
	})
}

// DueTimers returns timers that are due, the longest due first.
func (tx *Tx) DueTimers(now time.Time, limit int) ([]*Timer, error) {
	return list(tx, timerRow, "SELECT "+timerColumns+" FROM timers WHERE due <= ? ORDER BY due, item, kind LIMIT ?", now, limit)
}

// TakeTimer removes t if it is still set for the same time: exactly one of those
// who saw it due acts on it.
func (tx *Tx) TakeTimer(t Timer) (bool, error) {
	n, err := tx.exec("DELETE FROM timers WHERE item = ? AND kind = ? AND due = ?", t.Item, t.Kind, t.Due)
	return n == 1, err
}

// Timers returns the timers of an item, the first due first.
func (tx *Tx) Timers(item int64) ([]*Timer, error) {
	return list(tx, timerRow, "SELECT "+timerColumns+" FROM timers WHERE item = ? ORDER BY due, kind", item)
}

// NextTimer returns when the next timer of all is due; false when none is set.
func (tx *Tx) NextTimer() (time.Time, bool, error) {
	var due time.Time
	found, err := tx.one([]any{at{&due}}, "SELECT due FROM timers ORDER BY due LIMIT 1")
	return due, found, err
}

func ratingRow(r *Rating) []any {
	return []any{&r.Item, whole{&r.Resolution}, whole{&r.Mark}, at{&r.At}}
}

// SaveRating keeps the customer's mark for one resolution, instead of an earlier
// one.
func (tx *Tx) SaveRating(r Rating) error {
	_, err := tx.exec("INSERT INTO ratings (item, resolution, mark, at) VALUES (?, ?, ?, ?) ON CONFLICT (item, resolution) DO UPDATE SET mark = excluded.mark, at = excluded.at", ratingRow(&r)...)
	return err
}

// Ratings returns the marks of an item by resolution.
func (tx *Tx) Ratings(item int64) ([]*Rating, error) {
	return list(tx, ratingRow, "SELECT item, resolution, mark, at FROM ratings WHERE item = ? ORDER BY resolution", item)
}

// Fire reports whether the caller is the first to run job for a slot of its
// schedule.
func (tx *Tx) Fire(job string, slot time.Time) (bool, error) {
	if job == "" {
		return false, fmt.Errorf("%w: a job without a name", feedback.ErrInvalid)
	}
	n, err := tx.exec("INSERT INTO fires (job, slot) VALUES (?, ?) ON CONFLICT DO NOTHING", job, slot)
	return n == 1, err
}
