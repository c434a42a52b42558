package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/huiyin/huiyin/feedback"
)

// personKey is what a channel knows an author by, or, with the author's id, a
// conversation.
type personKey struct {
	channel, external string
	author            int64
}

// compare orders keys, so that two transactions wait for each other in one
// direction only.
func (k personKey) compare(other personKey) int {
	if c := strings.Compare(k.channel, other.channel); c != 0 {
		return c
	}
	if c := strings.Compare(k.external, other.external); c != 0 {
		return c
	}
	return int(k.author - other.author)
}

// UpsertAuthors is UpsertAuthor for many, in a few statements. One that comes
// twice counts in the order given.
func (tx *Tx) UpsertAuthors(as []*feedback.Author) error {
	if tx.d != postgres || len(as) == 1 {
		for _, a := range as {
			if err := tx.UpsertAuthor(a); err != nil {
				return err
			}
		}
		return nil
	}
	return upsertAll(as, upsertion[feedback.Author]{
		key: func(a *feedback.Author) personKey {
			return personKey{clean(a.Channel), clean(short(a.External)), 0}
		},
		prepare: func(a *feedback.Author) {
			if a.CreatedAt.IsZero() {
				a.CreatedAt = tx.db.now()
			}
		},
		known: func(keys []personKey, keep func(*feedback.Author)) error {
			channels, externals, _ := columnsOf(keys)
			known, err := list(tx, authorRow, "SELECT id, "+authorColumns+" FROM authors WHERE (channel, external) IN (SELECT * FROM unnest(?::text[], ?::text[]))", channels, externals)
			for _, a := range known {
				keep(a)
			}
			return err
		},
		insert: func(as []*feedback.Author, keep func(personKey, int64)) error {
			return tx.insertPeople("authors", authorColumns, "external, 0", " ON CONFLICT (channel, external) DO NOTHING", len(as), func(i int) []any { return authorFields(as[i]) }, keep)
		},
		id:      func(a *feedback.Author) *int64 { return &a.ID },
		refresh: tx.refreshAuthor,
	})
}

// UpsertConversations is UpsertConversation for many, in a few statements. One
// that comes twice counts in the order given.
func (tx *Tx) UpsertConversations(cs []*feedback.Conversation) error {
	if tx.d != postgres || len(cs) == 1 {
		for _, c := range cs {
			if err := tx.UpsertConversation(c); err != nil {
				return err
			}
		}
		return nil
	}
	return upsertAll(cs, upsertion[feedback.Conversation]{
		key: func(c *feedback.Conversation) personKey {
			return personKey{clean(c.Channel), clean(short(c.Chat)), c.Author}
		},
		prepare: func(c *feedback.Conversation) {
			if c.UpdatedAt.IsZero() {
				c.UpdatedAt = tx.db.now()
			}
		},
		known: func(keys []personKey, keep func(*feedback.Conversation)) error {
			channels, chats, authors := columnsOf(keys)
			known, err := list(tx, conversationRow, "SELECT id, "+conversationColumns+" FROM conversations WHERE (channel, chat, author) IN (SELECT * FROM unnest(?::text[], ?::text[], ?::bigint[]))", channels, chats, authors)
			for _, c := range known {
				keep(c)
			}
			return err
		},
		insert: func(cs []*feedback.Conversation, keep func(personKey, int64)) error {
			return tx.insertPeople("conversations", conversationColumns, "chat, author", " ON CONFLICT (channel, chat, author) DO NOTHING", len(cs), func(i int) []any { return conversationFields(cs[i]) }, keep)
		},
		id:      func(c *feedback.Conversation) *int64 { return &c.ID },
		refresh: tx.refreshConversation,
	})
}

func columnsOf(keys []personKey) (channels, externals []string, authors []int64) {
	for _, k := range keys {
		channels, externals, authors = append(channels, k.channel), append(externals, k.external), append(authors, k.author)
	}
	return channels, externals, authors
}

// insertPeople inserts what is not known yet and says which got which id.
func (tx *Tx) insertPeople(table, columns, rest, conflict string, n int, row func(i int) []any, keep func(personKey, int64)) error {
	arrays, err := arraysOf(n, row)
	if err != nil {
		return err
	}
	return tx.each(func(r rows) error {
		var id int64
		var k personKey
		err := r.Scan(&id, &k.channel, &k.external, &k.author)
		keep(k, id)
		return err
	}, "INSERT INTO "+table+" ("+columns+") SELECT * FROM "+unnest(arrays)+conflict+" RETURNING id, channel, "+rest, arrays...)
}

// upsertion is what upsertAll has to know of a table.
type upsertion[T any] struct {
	key     func(*T) personKey
	prepare func(*T) // of a new one
	known   func(keys []personKey, keep func(*T)) error
	insert  func(all []*T, keep func(personKey, int64)) error
	id      func(*T) *int64
	refresh func(stored *T, given T) error // keeps what given brings anew
}

func upsertAll[T any](all []*T, u upsertion[T]) error {
	stored := make(map[personKey]*T, len(all))
	first := make(map[personKey]*T, len(all))
	keys := make([]personKey, 0, len(all))
	for _, v := range all {
		if k := u.key(v); first[k] == nil {
			first[k] = v
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, personKey.compare)
	fresh := make(map[personKey]bool)
	for range 2 {
		err := u.known(keys, func(v *T) { stored[u.key(v)] = v })
		if err != nil {
			return err
		}
		missing := keys[:0:0]
		var rows []*T
		for _, k := range keys {
			if stored[k] == nil {
				given := *first[k]
				u.prepare(&given)
				missing, rows = append(missing, k), append(rows, &given)
			}
		}
		if len(missing) == 0 {
			break
		}
		err = u.insert(rows, func(k personKey, id int64) {
			i, found := slices.BinarySearchFunc(missing, k, personKey.compare)
			if !found {
				return
			}
			*u.id(rows[i]) = id
			stored[k], fresh[k] = rows[i], true
		})
		if err != nil {
			return err
		}
		// Those that another process was faster with, and has committed, are read
		// again.
		keys = slices.DeleteFunc(keys, func(k personKey) bool { return stored[k] != nil })
		if len(keys) == 0 {
			break
		}
	}
	for _, v := range all {
		k := u.key(v)
		now := stored[k]
		if now == nil {
			return fmt.Errorf("somebody in %s: %w", k.channel, feedback.ErrConflict)
		}
		if first[k] != v || !fresh[k] {
			if err := u.refresh(now, *v); err != nil {
				return err
			}
		}
	}
	for _, v := range all {
		*v = *stored[u.key(v)]
	}
	return nil
}
