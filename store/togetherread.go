package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/huiyin/huiyin/feedback"
)

// hold reads what the handling of a batch will ask for, and holds the rows that
// decide: conversations first, then items, each in the order of their numbers,
// so that two batches wait for each other in one direction only.
func (tx *Tx) hold(b *together, ms []*feedback.Message, f Finishing) error {
	authors, convs, items := map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	for _, m := range ms {
		note(authors, m.Author)
		note(convs, m.Conversation)
	}
	for _, o := range f.Outs {
		if o.Audience == ToCustomer {
			note(items, o.Item)
		}
	}
	if len(convs) > 0 {
		if err := tx.holdConversations(b, sortedKeys(convs)); err != nil {
			return err
		}
	}
	if len(authors) > 0 {
		if err := tx.holdAuthors(b, sortedKeys(authors)); err != nil {
			return err
		}
	}
	if len(convs) > 0 {
		if err := tx.holdCurrent(b, sortedKeys(convs), sortedKeys(authors)); err != nil {
			return err
		}
	}
	if len(items) > 0 {
		if err := tx.holdItems(b, sortedKeys(items)); err != nil {
			return err
		}
	}
	if err := tx.finishOuts(b, f); err != nil {
		return err
	}
	return tx.holdOuts(b)
}

func note(ids map[int64]bool, id int64) {
	if id != 0 {
		ids[id] = true
	}
}

func (tx *Tx) holdConversations(b *together, ids []int64) error {
	in, arg := anyID(tx.d, ids)
	convs, err := list(tx, conversationRow, "SELECT id, "+conversationColumns+" FROM conversations WHERE id "+in+" ORDER BY id"+tx.locked(), arg)
	for _, c := range convs {
		b.convs[c.ID] = c
	}
	return err
}

func (tx *Tx) holdAuthors(b *together, ids []int64) error {
	in, arg := anyID(tx.d, ids)
	authors, err := list(tx, authorRow, "SELECT id, "+authorColumns+" FROM authors WHERE id "+in, arg)
	for _, a := range authors {
		b.authors[a.ID] = a
		tx.authorRead(a)
	}
	return err
}

// holdCurrent reads the newest item of each conversation, and the newest that is
// not closed, and how many items each author has.
func (tx *Tx) holdCurrent(b *together, convs, authors []int64) error {
	in, arg := anyID(tx.d, convs)
	var ids []int64
	for _, id := range convs {
		b.newest[id], b.current[id] = 0, 0
	}
	err := tx.each(func(r rows) error {
		var conv, newest int64
		var current *int64
		if err := r.Scan(&conv, &newest, &current); err != nil {
			return err
		}
		b.newest[conv] = newest
		ids = append(ids, newest)
		if current != nil {
			b.current[conv] = *current
			ids = append(ids, *current)
		}
		return nil
	}, "SELECT conversation, max(id), max(CASE WHEN state <> 'closed' THEN id END) FROM items WHERE conversation "+in+" AND conversation <> 0 GROUP BY conversation", arg)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		slices.Sort(ids)
		if err := tx.holdItems(b, slices.Compact(ids)); err != nil {
			return err
		}
	}
	for _, id := range authors {
		b.visits[id] = 0
	}
	if len(authors) == 0 {
		return nil
	}
	in, arg = anyID(tx.d, authors)
	return tx.each(func(r rows) error {
		var author, n int64
		err := r.Scan(&author, &n)
		b.visits[author] = n
		return err
	}, "SELECT author, count(*) FROM items WHERE author "+in+" AND author <> 0 GROUP BY author", arg)
}

func (tx *Tx) holdItems(b *together, ids []int64) error {
	in, arg := anyID(tx.d, ids)
	return tx.each(func(r rows) error {
		h := new(heldItem)
		var kept string
		if err := r.Scan(append(itemRow(&h.item), &kept)...); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(kept), &h.facets); err != nil {
			return fmt.Errorf("the facets of item %d cannot be read: %w", h.item.ID, err)
		}
		h.stored = h.item.Version
		b.items[h.item.ID] = h
		return nil
	}, "SELECT "+selectItemColumns+", facets FROM items WHERE id "+in+" ORDER BY id"+tx.locked(), arg)
}

// holdOuts reads every row of the items that are held.
func (tx *Tx) holdOuts(b *together) error {
	if len(b.items) == 0 {
		return nil
	}
	ids := sortedKeys(b.items)
	for _, id := range ids {
		b.outs[id] = nil
	}
	in, arg := anyID(tx.d, ids)
	outs, err := list(tx, outRow, selectOut+"WHERE item "+in+" AND item <> 0 ORDER BY id", arg)
	for _, o := range outs {
		b.outs[o.Item] = append(b.outs[o.Item], o)
	}
	return err
}

// finishOuts keeps what became of the rows of f and what they are now.
func (tx *Tx) finishOuts(b *together, f Finishing) error {
	b.finished = make(map[int64]finishedOut, len(f.Outs))
	if len(f.Outs) == 0 {
		return nil
	}
	if tx.d != postgres {
		for i, o := range f.Outs {
			same := *o
			if err := tx.FinishOut(&same, f.Epochs[i]); err != nil {
				return err
			}
			b.finished[o.ID] = finishedOut{string(same.State), same.Attempts, same.Rev}
		}
		return nil
	}
	arrays, err := arraysOf(len(f.Outs), func(i int) []any {
		o := f.Outs[i]
		return []any{o.ID, f.Epochs[i], string(o.State), o.SentRev, name{&o.External}, o.Error, o.NextAt, o.SentAt}
	})
	if err != nil {
		return err
	}
	err = tx.each(func(r rows) error {
		var id int64
		var o finishedOut
		err := r.Scan(&id, &o.state, whole{&o.attempts}, &o.rev)
		b.finished[id] = o
		return err
	}, finishAllOuts+unnest(arrays)+finishAllOutsWhere, arrays...)
	return err
}

const (
	finishAllOuts = `UPDATE outbox o SET
  state = CASE WHEN o.kind IN ('card', 'fold') AND g.state = 'sent' AND o.rev > g.sent_rev THEN 'pending' ELSE g.state END,
  attempts = CASE WHEN g.state = 'sent' THEN 0 ELSE o.attempts END,
  external = g.external, error = g.error, next_at = g.next_at, sent_at = g.sent_at, sent_rev = g.sent_rev
FROM `
	finishAllOutsWhere = ` AS g(id, epoch, state, sent_rev, external, error, next_at, sent_at)
WHERE o.id = g.id AND o.state = 'sending' AND o.epoch = g.epoch RETURNING o.id, o.state, o.attempts, o.rev`
)

// LookAt reads at once, in a transaction that reads, what sending rows of the
// outbox asks for: the rows as they are now, their items with all their rows, and
// the files of their messages.
func (tx *Tx) LookAt(outs []*Out) error {
	if tx.write {
		return errors.New("store: LookAt is for reading")
	}
	b := &together{writing: true}
	b.forget()
	b.clear()
	items, messages := map[int64]bool{}, map[int64]bool{}
	for _, o := range outs {
		note(messages, o.Message)
		if o.Audience == ToStaff {
			note(items, o.Item)
		}
	}
	if len(items) > 0 {
		if err := tx.holdItems(b, sortedKeys(items)); err != nil {
			return err
		}
		if err := tx.holdOuts(b); err != nil {
			return err
		}
		b.rows = map[int64]*Out{}
		for _, outs := range b.outs {
			for _, o := range outs {
				b.rows[o.ID] = o
			}
		}
	}
	if len(messages) > 0 {
		if err := tx.holdFiles(b, sortedKeys(messages)); err != nil {
			return err
		}
	}
	tx.batch = b
	return nil
}

func (tx *Tx) holdFiles(b *together, messages []int64) error {
	b.files = make(map[int64][]feedback.Attachment, len(messages))
	for _, id := range messages {
		b.files[id] = nil
	}
	in, arg := anyID(tx.d, messages)
	return tx.attachments("message "+in, arg, func(a feedback.Attachment) { b.files[a.Message] = append(b.files[a.Message], a) })
}
