package store

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/huiyin/huiyin/feedback"
)

const authorColumns = "channel, external, name, handle, lang, followers, blocked, gone, informed, surveyed, created_at"

func authorFields(a *feedback.Author) []any {
	return []any{
		&a.Channel, name{&a.External}, &a.Name, &a.Handle, &a.Lang, &a.Followers,
		&a.Blocked, &a.Gone, &a.Informed, at{&a.Surveyed}, at{&a.CreatedAt},
	}
}

func authorRow(a *feedback.Author) []any { return append([]any{&a.ID}, authorFields(a)...) }

// UpsertAuthor makes a the stored author of its channel and external id. A known
// author's flags and times are loaded into a; a name, handle, language or number
// of followers that a brings replaces the stored one, an empty one does not.
func (tx *Tx) UpsertAuthor(a *feedback.Author) error {
	given := *a
	for range 2 {
		err := tx.get("author", authorRow(a), "SELECT id, "+authorColumns+" FROM authors WHERE channel = ? AND external = ?", given.Channel, short(given.External))
		if err == nil {
			return tx.refreshAuthor(a, given)
		}
		if !errors.Is(err, feedback.ErrNotFound) {
			return err
		}
		*a = given
		if a.CreatedAt.IsZero() {
			a.CreatedAt = tx.db.now()
		}
		found, err := tx.one([]any{&a.ID}, "INSERT INTO authors ("+authorColumns+") VALUES ("+places(authorColumns)+") ON CONFLICT (channel, external) DO NOTHING RETURNING id", authorFields(a)...)
		if err != nil || found {
			return err
		}
		// Another process was faster, and has committed: read again.
	}
	return fmt.Errorf("author of %s: %w", given.Channel, feedback.ErrConflict)
}

// refreshAuthor keeps what given brings anew of the stored author a.
func (tx *Tx) refreshAuthor(a *feedback.Author, given feedback.Author) error {
	was := *a
	a.Name = or(given.Name, a.Name)
	a.Handle = or(given.Handle, a.Handle)
	a.Lang = or(given.Lang, a.Lang)
	if given.Followers != 0 {
		a.Followers = given.Followers
	}
	if *a == was {
		return nil
	}
	_, err := tx.exec("UPDATE authors SET name = ?, handle = ?, lang = ?, followers = ? WHERE id = ?", a.Name, a.Handle, a.Lang, a.Followers, a.ID)
	return err
}

// or returns s, or other where s is empty.
func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// Author returns the author with id.
func (tx *Tx) Author(id int64) (*feedback.Author, error) {
	if a := tx.batch.author(id); a != nil {
		return a, nil
	}
	a := new(feedback.Author)
	err := tx.get(fmt.Sprintf("author %d", id), authorRow(a), "SELECT id, "+authorColumns+" FROM authors WHERE id = ?", id)
	if err == nil {
		tx.authorRead(a)
	}
	return a, err
}

// readAuthors are authors as a transaction last read or wrote them.
type readAuthors map[int64]feedback.Author

// authorRead remembers an author as the database has it.
func (tx *Tx) authorRead(a *feedback.Author) {
	if tx.authors == nil {
		tx.authors = make(readAuthors)
	}
	tx.authors[a.ID] = *a
}

// changes returns which columns of an author differ from what was read, and their
// values as they are kept; all of one that was not read.
func (read readAuthors) changes(a *feedback.Author) (columns []string, values []any, err error) {
	now, err := bind(authorFields(a))
	if err != nil {
		return nil, nil, err
	}
	columns = strings.Split(authorColumns, ", ")
	stored, known := read[a.ID]
	if !known {
		return columns, now, nil
	}
	was, err := bind(authorFields(&stored))
	if err != nil {
		return nil, nil, err
	}
	changed := columns[:0]
	for i, c := range columns {
		if was[i] != now[i] {
			changed, values = append(changed, c), append(values, now[i])
		}
	}
	return changed, values, nil
}

// AuthorByExternal returns the author whom channel knows as external.
func (tx *Tx) AuthorByExternal(channel, external string) (*feedback.Author, error) {
	a := new(feedback.Author)
	return a, tx.get("author of "+channel, authorRow(a), "SELECT id, "+authorColumns+" FROM authors WHERE channel = ? AND external = ?", channel, short(external))
}

// SaveAuthor keeps what of a stored author differs from what this transaction read.
// What it did not change stays as another one leaves it: nobody holds an author.
func (tx *Tx) SaveAuthor(a *feedback.Author) error {
	if b := tx.batch; b != nil && b.authors[a.ID] != nil {
		same := *a
		b.authors[a.ID], b.savedAuthors[a.ID] = &same, true
		return nil
	}
	columns, values, err := tx.authors.changes(a)
	if err != nil || len(columns) == 0 {
		return err
	}
	n, err := tx.exec(updateAuthor(columns), append(values, a.ID)...)
	if err := changed(n, err, "author", a.ID); err != nil {
		return err
	}
	tx.authorRead(a)
	return nil
}

func updateAuthor(columns []string) string {
	return "UPDATE authors SET " + assignments(strings.Join(columns, ", ")) + " WHERE id = ?"
}

// changed turns an update that met no row into ErrNotFound.
func changed(n int64, err error, what string, id int64) error {
	if err == nil && n == 0 {
		return fmt.Errorf("%s %d: %w", what, id, feedback.ErrNotFound)
	}
	return err
}

const conversationColumns = "channel, chat, is_group, title, author, pending, pending_item, pending_at, fields, updated_at"

func conversationFields(c *feedback.Conversation) []any {
	return []any{
		&c.Channel, name{&c.Chat}, &c.Group, &c.Title, &c.Author,
		&c.Pending, &c.PendingItem, at{&c.PendingAt}, inJSON(&c.Fields), at{&c.UpdatedAt},
	}
}

func conversationRow(c *feedback.Conversation) []any {
	return append([]any{&c.ID}, conversationFields(c)...)
}

// UpsertConversation makes c the stored conversation of its channel, chat and
// author. Of a known one, what waits for an answer is loaded into c; a title and
// fields that c brings are added to the stored ones, and UpdatedAt never goes
// back.
func (tx *Tx) UpsertConversation(c *feedback.Conversation) error {
	given := *c
	for range 2 {
		err := tx.get("conversation", conversationRow(c), "SELECT id, "+conversationColumns+" FROM conversations WHERE channel = ? AND chat = ? AND author = ?", given.Channel, short(given.Chat), given.Author)
		if err == nil {
			return tx.refreshConversation(c, given)
		}
		if !errors.Is(err, feedback.ErrNotFound) {
			return err
		}
		*c = given
		if c.UpdatedAt.IsZero() {
			c.UpdatedAt = tx.db.now()
		}
		found, err := tx.one([]any{&c.ID}, "INSERT INTO conversations ("+conversationColumns+") VALUES ("+places(conversationColumns)+") ON CONFLICT (channel, chat, author) DO NOTHING RETURNING id", conversationFields(c)...)
		if err != nil || found {
			return err
		}
	}
	return fmt.Errorf("conversation in %s: %w", given.Channel, feedback.ErrConflict)
}

func (tx *Tx) refreshConversation(c *feedback.Conversation, given feedback.Conversation) error {
	was := *c
	c.Title = or(given.Title, c.Title)
	c.Group = c.Group || given.Group
	if given.UpdatedAt.After(c.UpdatedAt) {
		c.UpdatedAt = given.UpdatedAt
	}
	if len(given.Fields) > 0 {
		c.Fields = maps.Clone(c.Fields)
		if c.Fields == nil {
			c.Fields = make(map[string]string, len(given.Fields))
		}
		maps.Copy(c.Fields, given.Fields)
	}
	if c.Title == was.Title && c.Group == was.Group && c.UpdatedAt.Equal(was.UpdatedAt) && maps.Equal(c.Fields, was.Fields) {
		return nil
	}
	_, err := tx.exec("UPDATE conversations SET title = ?, is_group = ?, fields = ?, updated_at = ? WHERE id = ?", c.Title, c.Group, inJSON(&c.Fields), c.UpdatedAt, c.ID)
	return err
}

// Conversation returns the conversation with id.
func (tx *Tx) Conversation(id int64) (*feedback.Conversation, error) {
	return tx.conversation(id, "")
}

// LockConversation returns the conversation with id and holds it until the
// transaction ends: whoever decides which item a message joins holds its
// conversation.
func (tx *Tx) LockConversation(id int64) (*feedback.Conversation, error) {
	return tx.conversation(id, tx.locked())
}

func (tx *Tx) conversation(id int64, lock string) (*feedback.Conversation, error) {
	if c := tx.batch.conversation(id); c != nil {
		return c, nil
	}
	c := new(feedback.Conversation)
	return c, tx.get(fmt.Sprintf("conversation %d", id), conversationRow(c), "SELECT id, "+conversationColumns+" FROM conversations WHERE id = ?"+lock, id)
}

// ConversationOf returns the conversation of author in a channel's chat.
func (tx *Tx) ConversationOf(channel, chat string, author int64) (*feedback.Conversation, error) {
	c := new(feedback.Conversation)
	return c, tx.get("conversation in "+channel, conversationRow(c), "SELECT id, "+conversationColumns+" FROM conversations WHERE channel = ? AND chat = ? AND author = ?", channel, short(chat), author)
}

// SaveConversation keeps all of a stored conversation.
func (tx *Tx) SaveConversation(c *feedback.Conversation) error {
	if b := tx.batch; b != nil && b.convs[c.ID] != nil {
		same := *c
		b.convs[c.ID], b.savedConvs[c.ID] = &same, true
		return nil
	}
	n, err := tx.exec(updateConv, append(conversationFields(c), c.ID)...)
	return changed(n, err, "conversation", c.ID)
}
