package store

import (
	"fmt"
	"slices"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

const outColumns = "key, bot, chat, audience, kind, item, conversation, message, staff, resolution, body, state, urgent, attempts, next_at, rev, sent_rev, external, epoch, error, created_at, sent_at"

func outFields(o *Out) []any {
	return []any{
		name{&o.Key}, &o.Bot, name{&o.Chat}, (*string)(&o.Audience), &o.Kind, &o.Item, &o.Conversation, &o.Message, &o.Staff,
		whole{&o.Resolution}, &o.Body, (*string)(&o.State), &o.Urgent, whole{&o.Attempts}, at{&o.NextAt},
		&o.Rev, &o.SentRev, name{&o.External}, &o.Epoch, &o.Error, at{&o.CreatedAt}, at{&o.SentAt},
	}
}

func outRow(o *Out) []any { return append([]any{&o.ID}, outFields(o)...) }

const selectOut = "SELECT id, " + outColumns + " FROM outbox "

// waiting is what may be sent. It stands in the statements as it does in the
// index, for SQLite to see that they fit.
const waiting = "state IN ('pending', 'retry')"

// unheld leaves out the rows o that an earlier row of their conversation holds
// up: one that is being sent, or that will be tried again. A row that is
// uncertain, dead or not due holds up nobody.
const unheld = `(o.conversation = 0 OR NOT EXISTS (
  SELECT 1 FROM outbox e WHERE e.conversation = o.conversation AND e.id < o.id AND e.state IN ('sending', 'retry')))`

// CardKind is the kind of the rows that hold an item's card: they are sent again
// and again, as edits, while the item changes.
const CardKind = "card"

// PutOut keeps what is to leave, unless its key is known. It sets the ID either
// way. An empty state means pending.
func (tx *Tx) PutOut(o *Out) (inserted bool, err error) {
	if o.State == "" {
		o.State = OutPending
	}
	if o.CreatedAt.IsZero() {
		o.CreatedAt = tx.db.now()
	}
	if inserted, known, err := tx.putOutLater(o); known || err != nil {
		return inserted, err
	}
	err = tx.apart(func() error { inserted, err = tx.putOut(o); return err })
	if b := tx.batch; b != nil {
		delete(b.outs, o.Item)
	}
	return inserted, err
}

func (tx *Tx) putOut(o *Out) (inserted bool, err error) {
	inserted, err = tx.one([]any{&o.ID}, "INSERT INTO outbox ("+outColumns+") VALUES ("+places(outColumns)+") ON CONFLICT (key) DO NOTHING RETURNING id", outFields(o)...)
	if err != nil || inserted {
		return inserted, err
	}
	return false, tx.get("outbox row", []any{&o.ID}, "SELECT id FROM outbox WHERE key = ?", short(o.Key))
}

// PutFold keeps a row whose content changes while it stands, or takes over the
// content of a known one: that is due again where it was sent, or given up.
func (tx *Tx) PutFold(o Out) error {
	o.State = OutPending
	if b := tx.batch; b != nil {
		b.folds[o.Key] = &o
		return nil
	}
	_, err := tx.exec(putFold, outFields(&o)...)
	return err
}

var putFold = "INSERT INTO outbox AS t (" + outColumns + ") VALUES (" + places(outColumns) + ")" + renewFold

const renewFold = ` ON CONFLICT (key) DO UPDATE SET body = excluded.body, rev = t.rev + 1,
  attempts = CASE WHEN t.state IN ('sent', 'dead') THEN 0 ELSE t.attempts END,
  next_at = CASE WHEN t.state IN ('sent', 'dead') THEN excluded.next_at ELSE t.next_at END,
  state = CASE WHEN t.state IN ('sent', 'dead') THEN 'pending' ELSE t.state END
WHERE t.state IN ('pending', 'sending', 'retry', 'sent', 'dead')`

func (tx *Tx) out(what, where string, args ...any) (*Out, error) {
	o := new(Out)
	return o, tx.get(what, outRow(o), selectOut+where, args...)
}

// Out returns the outbox row with id.
func (tx *Tx) Out(id int64) (*Out, error) {
	if o := tx.batch.outByID(id); o != nil {
		return o, nil
	}
	return tx.out(fmt.Sprintf("outbox row %d", id), "WHERE id = ?", id)
}

// OutByKey returns the outbox row that was put under key.
func (tx *Tx) OutByKey(key string) (*Out, error) {
	return tx.out("outbox row", "WHERE key = ?", short(key))
}

// OutOf is OutByKey for a row that belongs to item.
func (tx *Tx) OutOf(item int64, key string) (*Out, error) {
	if o, known := tx.batch.outByKey(item, short(key)); known {
		if o == nil {
			return nil, fmt.Errorf("outbox row: %w", feedback.ErrNotFound)
		}
		return o, nil
	}
	return tx.OutByKey(key)
}

// OutByExternal returns the latest row that bot sent as external in a chat: what
// a reply or a tap belongs to.
func (tx *Tx) OutByExternal(bot, chat, external string) (*Out, error) {
	return tx.out("outbox row of "+bot, "WHERE bot = ? AND external = ? AND external <> '' AND chat = ? ORDER BY id DESC LIMIT 1", bot, short(external), short(chat))
}

// OutsOf returns the rows of an item, the oldest first.
func (tx *Tx) OutsOf(item int64) ([]*Out, error) {
	if outs, known := tx.batch.outsOf(item); known {
		return outs, nil
	}
	return list(tx, outRow, selectOut+"WHERE item = ? AND item <> 0 ORDER BY id", item)
}

// TouchCards says that an item's cards no longer show it as it is, and returns
// how many there are. A card that was sent is due again at once, and so is one
// that was given up: its chat may be back; one that waits will be built from the
// newest state anyway; one that is being sent is seen to be behind when it is
// finished.
func (tx *Tx) TouchCards(item int64, now time.Time) (int, error) {
	if n, known := tx.touchCardsLater(item, now); known {
		return n, nil
	}
	var n int64
	err := tx.apart(func() error {
		var err error
		n, err = tx.exec(touchCards, now, item)
		return err
	})
	return int(n), err
}

var touchCards = "UPDATE outbox AS t SET " + touchedColumns("?") + " WHERE item = ? AND item <> 0 AND kind = 'card' AND state <> 'cancelled'"

// touchedColumns returns what a card's row becomes when its item changed at now.
func touchedColumns(now string) string {
	return `rev = t.rev + 1,
  attempts = CASE WHEN t.state IN ('sent', 'dead') THEN 0 ELSE t.attempts END,
  next_at = CASE WHEN t.state IN ('sent', 'dead') THEN ` + now + ` ELSE t.next_at END,
  state = CASE WHEN t.state IN ('sent', 'dead') THEN 'pending' ELSE t.state END`
}

// DueOut returns rows of bot that can be sent now: first cards of urgent items,
// other urgent rows, first cards of other items and what customers wait for, then
// what staff have seen in another form, each by age. So what is new is not behind
// the reminders and changes of what came before, in a storm or after an outage. Of two rows of one conversation the second waits for
// the first. Chats named in except are left out.
func (tx *Tx) DueOut(bot string, now time.Time, limit int, except ...string) ([]*Out, error) {
	due, err := tx.due(bot, now, limit, "", except)
	if err != nil {
		return nil, err
	}
	if len(due) == limit { // there may be more, and something new among it
		fresh, err := tx.due(bot, now, limit, " AND (o.kind = '"+CardKind+"' AND o.external = '' OR o.audience = '"+string(ToCustomer)+"')", except)
		if err != nil {
			return nil, err
		}
		due = append(fresh, slices.DeleteFunc(due, (*Out).fresh)...)
	}
	slices.SortStableFunc(due, func(a, b *Out) int { return a.rank() - b.rank() })
	return due[:min(len(due), limit)], nil
}

// firstCard reports whether o is the card of an item that nobody has seen.
func (o *Out) firstCard() bool { return o.Kind == CardKind && o.External == "" }

// fresh reports whether o is of something that its readers know nothing of.
func (o *Out) fresh() bool { return o.firstCard() || o.Audience == ToCustomer }

// rank is o's place among what is due: the lowest goes first.
func (o *Out) rank() int {
	switch {
	case o.Urgent && o.firstCard():
		return 0
	case o.Urgent:
		return 1
	case o.fresh():
		return 2
	default:
		return 3
	}
}

// due is DueOut for rows that meet a condition besides, urgent ones first.
func (tx *Tx) due(bot string, now time.Time, limit int, condition string, except []string) ([]*Out, error) {
	args := []any{bot, now}
	if len(except) > 0 {
		in, arg := anyText(tx.d, except)
		condition += " AND NOT (o.chat " + in + ")"
		args = append(args, arg)
	}
	return list(tx, outRow, "SELECT "+qualified("o", "id, "+outColumns)+" FROM outbox o WHERE o.bot = ? AND o."+waiting+" AND o.next_at <= ?"+condition+" AND "+unheld+" ORDER BY o.urgent DESC, o.id LIMIT ?", append(args, limit)...)
}

// NextOut returns when the next row of bot is due that nothing holds up, which
// may be in the past; false when there is none.
func (tx *Tx) NextOut(bot string) (time.Time, bool, error) {
	var next *int64
	_, err := tx.one([]any{&next}, "SELECT min(o.next_at) FROM outbox o WHERE o.bot = ? AND o."+waiting+" AND "+unheld, bot)
	if err != nil || next == nil {
		return time.Time{}, false, err
	}
	return moment(*next), true, nil
}

// NextOutAfter returns when the next row of bot is due that is not due now;
// false when there is none.
func (tx *Tx) NextOutAfter(bot string, now time.Time) (time.Time, bool, error) {
	var next *int64
	_, err := tx.one([]any{&next}, "SELECT min(o.next_at) FROM outbox o WHERE o.bot = ? AND o."+waiting+" AND o.next_at > ?", bot, now)
	if err != nil || next == nil {
		return time.Time{}, false, err
	}
	return moment(*next), true, nil
}

// ClaimOuts is ClaimOut for rows of different conversations, and says which the
// caller got. A row that somebody is changing just now is left for the next time.
func (tx *Tx) ClaimOuts(ids []int64, epoch int64, now time.Time) (map[int64]bool, error) {
	claimed := make(map[int64]bool, len(ids))
	in, arg := anyID(tx.d, ids)
	free := "o.id " + in
	if tx.d == postgres {
		// Waiting for one row while holding others could be waited for in turn.
		free = "o.id IN (SELECT id FROM outbox WHERE id " + in + " FOR UPDATE SKIP LOCKED)"
	}
	err := tx.each(func(r rows) error {
		var id int64
		err := r.Scan(&id)
		claimed[id] = true
		return err
	}, "UPDATE outbox AS o SET state = 'sending', attempts = attempts + 1, epoch = ? WHERE "+free+" AND o."+waiting+" AND o.next_at <= ? AND "+unheld+" RETURNING id", epoch, arg, now)
	return claimed, err
}

// ClaimOut makes a row that is due the caller's to send under the lease's epoch,
// and counts the attempt: exactly one caller gets it. It gets nobody while an
// earlier row of its conversation is being sent or will be tried again.
func (tx *Tx) ClaimOut(id, epoch int64, now time.Time) (bool, error) {
	n, err := tx.exec("UPDATE outbox AS o SET state = 'sending', attempts = attempts + 1, epoch = ? WHERE o.id = ? AND o."+waiting+" AND o.next_at <= ? AND "+unheld, epoch, id, now)
	return n == 1, err
}

// FinishOut keeps what became of a row that was claimed under epoch: state,
// external, error, next_at, sent_at and sent_rev. A card, or what folds several,
// that changed while it was being sent is pending again. Where the row is no longer being sent under
// that epoch, feedback.ErrConflict: another process has taken over.
func (tx *Tx) FinishOut(o *Out, epoch int64) error {
	if b := tx.batch; b != nil {
		f, known := b.finished[o.ID]
		if !known {
			return fmt.Errorf("outbox row %d is not being sent under epoch %d: %w", o.ID, epoch, feedback.ErrConflict)
		}
		delete(b.finished, o.ID)
		o.State, o.Attempts, o.Rev, o.Epoch = OutState(f.state), f.attempts, f.rev, epoch
		return nil
	}
	var state string
	var attempts int
	found, err := tx.one([]any{&state, whole{&attempts}, &o.Rev}, `UPDATE outbox SET
  state = CASE WHEN kind IN ('card', 'fold') AND CAST(?1 AS TEXT) = 'sent' AND rev > ?2 THEN 'pending' ELSE ?1 END,
  attempts = CASE WHEN CAST(?1 AS TEXT) = 'sent' THEN 0 ELSE attempts END,
  external = ?3, error = ?4, next_at = ?5, sent_at = ?6, sent_rev = ?2
WHERE id = ?7 AND state = 'sending' AND epoch = ?8 RETURNING state, attempts, rev`,
		string(o.State), o.SentRev, short(o.External), o.Error, o.NextAt, o.SentAt, o.ID, epoch)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("outbox row %d is not being sent under epoch %d: %w", o.ID, epoch, feedback.ErrConflict)
	}
	o.State, o.Attempts, o.Epoch = OutState(state), attempts, epoch
	return nil
}

// ChangeOut keeps what a person decided about a row (cancelled, sent again,
// received after all): state, body, urgent, attempts, next_at, external, error
// and sent_at. It reports false where the row is in none of the states from.
func (tx *Tx) ChangeOut(o *Out, from ...OutState) (bool, error) {
	if len(from) == 0 {
		return false, fmt.Errorf("%w: a change of an outbox row from no state", feedback.ErrInvalid)
	}
	args := []any{string(o.State), o.Body, o.Urgent, o.Attempts, o.NextAt, short(o.External), o.Error, o.SentAt, o.ID}
	for _, s := range from {
		args = append(args, string(s))
	}
	if b := tx.batch; b != nil {
		defer delete(b.outs, o.Item)
	}
	var n int64
	err := tx.apart(func() error {
		var err error
		n, err = tx.changeOut(args, len(from))
		return err
	})
	return n == 1, err
}

func (tx *Tx) changeOut(args []any, from int) (int64, error) {
	return tx.exec("UPDATE outbox SET state = ?, body = ?, urgent = ?, attempts = ?, next_at = ?, external = ?, error = ?, sent_at = ? WHERE id = ? AND state IN ("+marks(from)+")", args...)
}

// Sending returns the rows of bot that were left being sent under an epoch below
// the given one: whoever sent them is gone.
func (tx *Tx) Sending(bot string, below int64) ([]*Out, error) {
	return list(tx, outRow, selectOut+"WHERE state = 'sending' AND state IN ('pending', 'retry', 'sending', 'uncertain', 'dead') AND bot = ? AND epoch < ? ORDER BY id", bot, below)
}

// SentSince returns what bot sent since a time, the earliest first, for its
// limits. Only Chat and SentAt are set.
func (tx *Tx) SentSince(bot string, since time.Time) ([]*Out, error) {
	return list(tx, func(o *Out) []any { return []any{&o.Chat, at{&o.SentAt}} },
		"SELECT chat, sent_at FROM outbox WHERE bot = ? AND sent_at <> 0 AND sent_at >= ? ORDER BY sent_at", bot, since)
}
