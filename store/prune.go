package store

import "time"

// Pruned is what one call of Prune did.
type Pruned struct {
	Next    int64 // the id to go on after
	Looked  int
	Removed int64
	More    bool // there may be more after Next
}

// Prune removes outbox rows that nobody needs any more, looking at up to limit
// of them whose id is above after: lines to teams that were sent or taken back,
// made before the given time, about no item or one that ended before it. Cards
// stay, for they are edited when an item is opened again; so does everything to
// customers, which pages show and answers refer to; and what is uncertain, dead
// or still to be sent. Events are never removed: they are what 追踪 tells and
// what a command that comes twice is known by.
func (tx *Tx) Prune(after int64, before time.Time, limit int) (Pruned, error) {
	p := Pruned{Next: after}
	var ids []int64
	err := tx.each(func(r rows) error {
		var id, made int64
		var over bool
		if err := r.Scan(&id, &made, &over); err != nil {
			return err
		}
		p.Looked++
		if made >= micros(before) {
			p.More = false
			return nil
		}
		p.Next, p.More = id, true
		if over {
			ids = append(ids, id)
		}
		return nil
	}, `SELECT o.id, o.created_at, CASE WHEN o.audience = 'staff' AND o.kind <> 'card' AND o.state IN ('sent', 'cancelled')
  AND (o.item = 0 OR i.id IS NULL OR (i.state = 'closed' AND i.ended_at <> 0 AND i.ended_at < ?)) THEN 1 = 1 ELSE 1 = 0 END
FROM outbox o LEFT JOIN items i ON i.id = o.item WHERE o.id > ? ORDER BY o.id LIMIT ?`, before, after, limit)
	if err != nil {
		return p, err
	}
	p.More = p.More && p.Looked == limit
	if len(ids) == 0 {
		return p, nil
	}
	in, arg := anyID(tx.d, ids)
	p.Removed, err = tx.exec("DELETE FROM outbox WHERE id "+in, arg)
	return p, err
}

// PruneFires removes the slots of schedules that lie before a time: none so old
// is looked for again.
func (tx *Tx) PruneFires(before time.Time) (int64, error) {
	return tx.exec("DELETE FROM fires WHERE slot < ?", before)
}
