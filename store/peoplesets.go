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

func authorKey(a *feedback.Author) personKey {
	return personKey{clean(a.Channel), clean(short(a.External)), 0}
}

func conversationKey(c *feedback.Conversation) personKey {
	return personKey{clean(c.Channel), clean(short(c.Chat)), c.Author}
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
	if len(as) == 1 {
		return tx.UpsertAuthor(as[0])
	}
	return upsertAll(as, upsertion[feedback.Author]{
		key: authorKey,
		prepare: func(a *feedback.Author) {
			if a.CreatedAt.IsZero() {
				a.CreatedAt = tx.db.now()
			}
		},
		known: func(keys []personKey, keep func(*feedback.Author)) error {
			return knownPeople(tx, keys, authorRow, "SELECT id, "+authorColumns+" FROM authors WHERE ", "channel, external", keep)
		},
		insert: func(as []*feedback.Author, keep func(personKey, int64)) error {
			return tx.insertPeople("authors", authorColumns, "external, 0", " ON CONFLICT (channel, external) DO NOTHING", len(as), func(i int) []any { return authorFields(as[i]) },
				func(i int) personKey { return authorKey(as[i]) }, keep)
		},
		id:      func(a *feedback.Author) *int64 { return &a.ID },
		refresh: tx.refreshAuthor,
	})
}

// UpsertConversations is UpsertConversation for many, in a few statements. One
// that comes twice counts in the order given.
func (tx *Tx) UpsertConversations(cs []*feedback.Conversation) error {
	if len(cs) == 1 {
		return tx.UpsertConversation(cs[0])
	}
	return upsertAll(cs, upsertion[feedback.Conversation]{
		key: conversationKey,
		prepare: func(c *feedback.Conversation) {
			if c.UpdatedAt.IsZero() {
				c.UpdatedAt = tx.db.now()
			}
		},
		known: func(keys []personKey, keep func(*feedback.Conversation)) error {
			return knownPeople(tx, keys, conversationRow, "SELECT id, "+conversationColumns+" FROM conversations WHERE ", "channel, chat, author", keep)
		},
		insert: func(cs []*feedback.Conversation, keep func(personKey, int64)) error {
			return tx.insertPeople("conversations", conversationColumns, "chat, author", " ON CONFLICT (channel, chat, author) DO NOTHING", len(cs), func(i int) []any { return conversationFields(cs[i]) },
				func(i int) personKey { return conversationKey(cs[i]) }, keep)
		},
		id:      func(c *feedback.Conversation) *int64 { return &c.ID },
		refresh: tx.refreshConversation,
	})
}

// knownPeople calls keep for each row of query whose columns are one of keys.
func knownPeople[T any](tx *Tx, keys []personKey, row func(*T) []any, query, columns string, keep func(*T)) error {
	known, err := list(tx, row, query+"("+columns+") IN "+keySet(tx.d, strings.Count(columns, ",")+1), keyArgs(tx.d, keys, strings.Count(columns, ",")+1)...)
	for _, v := range known {
		keep(v)
	}
	return err
}

// keySet is the set of n-column keys that keyArgs gives.
func keySet(d dialect, n int) string {
	if d == postgres {
		return [...]string{2: "(SELECT * FROM unnest(?::text[], ?::text[]))", 3: "(SELECT * FROM unnest(?::text[], ?::text[], ?::bigint[]))"}[n]
	}
	return [...]string{2: "(SELECT value->>0, value->>1 FROM json_each(?))", 3: "(SELECT value->>0, value->>1, value->>2 FROM json_each(?))"}[n]
}

func keyArgs(d dialect, keys []personKey, n int) []any {
	if d != postgres {
		rows := make([][]any, len(keys))
		for i, k := range keys {
			rows[i] = []any{k.channel, k.external, k.author}[:n]
		}
		return []any{inJSON(&rows)}
	}
	var channels, externals []string
	var authors []int64
	for _, k := range keys {
		channels, externals, authors = append(channels, k.channel), append(externals, k.external), append(authors, k.author)
	}
	return []any{channels, externals, authors}[:n]
}

// insertPeople inserts what is not known yet and says which got which id.
func (tx *Tx) insertPeople(table, columns, rest, conflict string, n int, row func(i int) []any, key func(i int) personKey, keep func(personKey, int64)) error {
	if tx.d == sqlite {
		return tx.insertPeopleRows("INSERT INTO "+table+" ("+columns+") VALUES ("+places(columns)+")"+conflict, n, row, key, keep)
	}
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

func (tx *Tx) insertPeopleRows(insert string, n int, row func(i int) []any, key func(i int) personKey, keep func(personKey, int64)) error {
	for i := range n {
		inserted, id, err := tx.execID(insert, row(i)...)
		if err != nil {
			return err
		}
		if inserted == 1 {
			keep(key(i), id)
		}
	}
	return nil
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
