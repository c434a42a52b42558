package store

import (
	"fmt"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

// AcquireLease makes the lease called name the holder's for ttl if it is free,
// has expired or is the holder's already. The epoch rises whenever the lease
// changes hands, and after a release. It reports false, and who has it, where
// another holds it. A holder's name is to be unique to its process.
func (tx *Tx) AcquireLease(name, holder string, ttl time.Duration, now time.Time) (Lease, bool, error) {
	l := Lease{Name: name, Holder: holder, Expires: now.Add(ttl)}
	found, err := tx.one([]any{&l.Epoch}, `INSERT INTO leases (name, holder, epoch, expires) VALUES (?1, ?2, 1, ?3)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires,
  epoch = CASE WHEN leases.holder = excluded.holder THEN leases.epoch ELSE leases.epoch + 1 END
WHERE leases.expires <= ?4 OR leases.holder = excluded.holder RETURNING epoch`, name, holder, l.Expires, now)
	if err != nil || found {
		return l, found, err
	}
	err = tx.get("lease "+name, []any{&l.Holder, &l.Epoch, at{&l.Expires}}, "SELECT holder, epoch, expires FROM leases WHERE name = ?", name)
	return l, false, err
}

// RenewLease prolongs a lease to ttl from now. It reports false where another
// has taken it: whatever was done under it must stop.
func (tx *Tx) RenewLease(l Lease, ttl time.Duration, now time.Time) (bool, error) {
	n, err := tx.exec("UPDATE leases SET expires = ? WHERE name = ? AND holder = ? AND epoch = ?", now.Add(ttl), l.Name, l.Holder, l.Epoch)
	return n == 1, err
}

// ReleaseLease gives a lease back, if it is still l's. Its epoch stays, so that
// the next is above.
func (tx *Tx) ReleaseLease(l Lease) error {
	_, err := tx.exec("UPDATE leases SET holder = '', expires = 0 WHERE name = ? AND holder = ? AND epoch = ?", l.Name, l.Holder, l.Epoch)
	return err
}

// CheckLease returns feedback.ErrConflict when epoch is not the lease's latest.
// What is written in the same transaction is so fenced: nobody takes the lease
// until it is committed.
func (tx *Tx) CheckLease(name string, epoch int64) error {
	lock := ""
	if tx.d == postgres && tx.write {
		lock = " FOR SHARE"
	}
	now, err := tx.number("SELECT epoch FROM leases WHERE name = ?"+lock, name)
	if err == nil && now != epoch {
		err = fmt.Errorf("lease %s has epoch %d, not %d: %w", name, now, epoch, feedback.ErrConflict)
	}
	return err
}

// Cursor returns where the reading of a channel stands; nil before the first.
func (tx *Tx) Cursor(channel string) ([]byte, error) {
	var data []byte
	_, err := tx.one([]any{&data}, "SELECT data FROM cursors WHERE channel = ?", channel)
	return data, err
}

// SaveCursor keeps where the reading of a channel stands.
func (tx *Tx) SaveCursor(channel string, data []byte) error {
	_, err := tx.exec("INSERT INTO cursors (channel, data) VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET data = excluded.data", channel, data)
	return err
}

// State returns the value kept under key; false when there is none or it has
// expired.
func (tx *Tx) State(key string) (value string, found bool, err error) {
	if value, found, read := tx.stateHeld(key); read {
		return value, found, nil
	}
	err = tx.beside(func() error {
		found, err = tx.one([]any{&value}, "SELECT value FROM state WHERE key = ? AND (expires = 0 OR expires > ?)", short(key), tx.db.now())
		return err
	})
	if b := tx.batch; b != nil && err == nil {
		b.states[key] = &heldState{value: value, known: found}
	}
	return value, found, err
}

// SetState keeps a value under key until it expires; the zero time: for ever.
func (tx *Tx) SetState(key, value string, expires time.Time) error {
	if b := tx.batch; b != nil {
		b.states[key] = &heldState{value: value, expires: expires, known: true}
		b.savedStates[key] = true
		return nil
	}
	_, err := tx.exec(setOneState, short(key), value, expires)
	return err
}

// DropState removes what is kept under key.
func (tx *Tx) DropState(key string) error {
	_, err := tx.exec("DELETE FROM state WHERE key = ?", short(key))
	return err
}

// TakeState removes what is kept under key and reports whether it was there and
// had not expired: of several who saw it, exactly one takes it.
func (tx *Tx) TakeState(key string) (bool, error) {
	n, err := tx.exec("DELETE FROM state WHERE key = ? AND (expires = 0 OR expires > ?)", short(key), tx.db.now())
	return n == 1, err
}

// StatesWithPrefix returns what has not expired of the keys that begin with
// prefix.
func (tx *Tx) StatesWithPrefix(prefix string) (map[string]string, error) {
	states := make(map[string]string)
	err := tx.each(func(r rows) error {
		var key, value string
		err := r.Scan(&key, &value)
		states[key] = value
		return err
	}, "SELECT key, value FROM state WHERE substr(key, 1, length(CAST(?1 AS TEXT))) = ?1 AND (expires = 0 OR expires > ?2)", prefix, tx.db.now())
	return states, err
}

// DropExpired removes states, codes and sessions that have expired.
func (tx *Tx) DropExpired(now time.Time) error {
	for _, query := range []string{
		"DELETE FROM state WHERE expires <> 0 AND expires <= ?",
		"DELETE FROM codes WHERE expires <= ?",
		"DELETE FROM sessions WHERE expires <= ?",
		"DELETE FROM tries WHERE expires <= ?",
	} {
		if _, err := tx.exec(query, now); err != nil {
			return err
		}
	}
	return nil
}
