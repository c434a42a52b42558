package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

// Erased counts what EraseAuthor removed.
type Erased struct {
	Messages    int64 `json:"messages"`
	Attachments int64 `json:"attachments"`
	Items       int64 `json:"items"` // emptied: state, times and figures stay
	Outgoing    int64 `json:"outgoing"`
	Corrections int64 `json:"corrections"`
	// Files are the stored files of the attachments. The caller deletes them
	// after the commit.
	Files []string `json:"-"`
}

// EraseAuthor removes what is personal about an author: names, ids, texts,
// payloads, attachments, search words, notes, corrections, what was sent to
// them. Their items stay as figures: state, team, times, sentiment, topics. What
// still waited to be sent is cancelled. oneWay says that the author's channel
// shows what they said again and again, so that the ids are remembered.
func (tx *Tx) EraseAuthor(id int64, oneWay bool) (Erased, error) {
	var e Erased
	if _, err := tx.LockAuthor(id); err != nil {
		return e, err
	}
	err := tx.each(func(r rows) error {
		var a feedback.Attachment
		err := r.Scan(&a.Path, &a.Ref)
		if file := a.File(); file != "" {
			e.Files = append(e.Files, file)
		}
		return err
	}, "SELECT path, ref FROM attachments WHERE message IN ("+authorsMessages+") ORDER BY id", id)
	if err != nil {
		return e, err
	}
	if oneWay {
		if err := tx.rememberErased(id); err != nil {
			return e, err
		}
	}
	// Who is erased, and what they wrote, is known by this from now on. Sources name
	// people and messages as they like: it is nothing that they could guess.
	mark := rand.Text()
	if err := tx.eraseItems(id, mark, &e); err != nil {
		return e, err
	}
	for _, s := range []struct {
		n     *int64
		query string
		args  []any
	}{
		{&e.Attachments, "DELETE FROM attachments WHERE message IN (" + authorsMessages + ")", []any{id}},
		// The id stays unique, and says nothing.
		{&e.Messages, "UPDATE messages SET external = " + erasedName + ", message_id = '', reply_to = '', text = '', raw = NULL, url = '', fields = '', verdict = '', error = '', stage = 'done' WHERE id IN (" + authorsMessages + ")", []any{id, mark}},
		{nil, "UPDATE outbox SET state = 'cancelled' WHERE " + waiting + " AND kind <> 'card' AND id IN (" + authorsOut + ")", []any{id}},
		{&e.Outgoing, "UPDATE outbox SET key = " + erasedName + ", body = NULL, external = '', error = '', chat = CASE WHEN audience = 'customer' THEN '' ELSE chat END WHERE kind <> 'card' AND id IN (" + authorsOut + ")", []any{id, mark}},
		{nil, "UPDATE conversations SET chat = " + erasedName + ", title = '', fields = '', pending = '' WHERE author = ?1", []any{id, mark}},
		{nil, "UPDATE authors SET external = " + erasedName + ", name = '', handle = '', followers = 0 WHERE id = ?1", []any{id, mark}},
	} {
		n, err := tx.exec(s.query, s.args...)
		if err != nil {
			return e, err
		}
		if s.n != nil {
			*s.n = n
		}
	}
	return e, nil
}

// LockAuthor returns the author, and holds until the transaction ends what could
// become something new of theirs: their conversations, and what nobody has
// finished. What was being made of them at this moment is there when it returns.
func (tx *Tx) LockAuthor(id int64) (*feedback.Author, error) {
	for _, query := range []string{
		"SELECT id FROM conversations WHERE author = ? ORDER BY id",
		"SELECT id FROM messages WHERE author = ? AND stage = 'new' ORDER BY id",
	} {
		if lock := tx.locked(); lock != "" {
			if _, err := tx.ids(query+lock, id); err != nil {
				return nil, err
			}
		}
	}
	return tx.Author(id)
}

// IsErased reports whether nothing is left of a person but figures: nobody can be
// told anything any more.
func IsErased(a *feedback.Author) bool { return strings.HasPrefix(a.External, "erased ") }

// The rows of an author, ?1. Each set is looked up in an index of its own: neither
// engine would use them for alternatives.
const (
	authorsConversations = "SELECT c.id FROM conversations c WHERE c.author = ?1"
	authorsItems         = "SELECT i.id FROM items i WHERE i.author = ?1 AND i.author <> 0"
	authorsMessages      = "SELECT m.id FROM messages m WHERE m.author = ?1 UNION SELECT m.id FROM messages m WHERE m.item <> 0 AND m.item IN (" + authorsItems + ") UNION SELECT m.id FROM messages m WHERE m.conversation <> 0 AND m.conversation IN (" + authorsConversations + ")"
	authorsOut           = "SELECT o.id FROM outbox o WHERE o.conversation <> 0 AND o.conversation IN (" + authorsConversations + ") UNION SELECT o.id FROM outbox o WHERE o.item <> 0 AND o.item IN (" + authorsItems + ")"
)

// erasedName is what an erased row is called by instead of what its source calls
// it; ?2 is the mark of the erasure.
const erasedName = "'erased ' || id || ' ' || ?2"

// notErased is the condition that a row of table bears the name that its source
// gave it. Rows that were erased by older programs have no mark.
func notErased(table string) string {
	name := "'erased ' || " + table + ".id || ' '"
	return "substr(" + table + ".external || ' ', 1, length(" + name + ")) <> " + name
}

// eraseItems empties the author's items, raising their versions: nobody who read
// one before can write its text back.
func (tx *Tx) eraseItems(author int64, mark string, e *Erased) error {
	items, err := list(tx, itemRow, "SELECT "+selectItemColumns+" FROM items WHERE author = ? AND author <> 0 ORDER BY id"+tx.locked(), author)
	if err != nil {
		return err
	}
	for _, i := range items {
		v := &i.Verdict
		v.Keywords, v.Evidence, v.Found, v.Print = nil, nil, nil, 0
		i.AuthorName, i.Text, i.Quote, i.URL, i.Resolved, i.Ask, i.Fields = "", "", "", "", "", "", nil
		if err := tx.UpdateItem(i); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		if err := tx.IndexItem(i.ID, nil); err != nil {
			return err
		}
		if _, err := tx.exec("UPDATE events SET data = '', key = CASE WHEN key <> '' THEN "+erasedName+" ELSE '' END WHERE item = ?1", i.ID, mark); err != nil {
			return err
		}
		if _, err := tx.exec("UPDATE timers SET data = '' WHERE item = ?", i.ID); err != nil {
			return err
		}
		n, err := tx.exec("DELETE FROM corrections WHERE item = ?", i.ID)
		if err != nil {
			return err
		}
		e.Corrections += n
	}
	e.Items = int64(len(items))
	return nil
}

// rememberErased keeps the hashes of the ids of what an author said on one-way
// channels. Platforms where people write to us send nothing again; a feed shows
// an entry, and a shop sends a review, for as long as it likes.
func (tx *Tx) rememberErased(author int64) error {
	var ids [][2]string
	err := tx.each(func(r rows) error {
		var channel, external string
		err := r.Scan(&channel, &external)
		ids = append(ids, [2]string{channel, external})
		return err
	}, "SELECT channel, external FROM messages m WHERE author = ? AND direction = 'in' AND "+notErased("m"), author)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := tx.exec("INSERT INTO erased (channel, hash) VALUES (?, ?) ON CONFLICT (channel, hash) DO NOTHING", id[0], erasedHash(id[0], id[1])); err != nil {
			return err
		}
	}
	return nil
}

func erasedHash(channel, external string) string {
	sum := sha256.Sum256([]byte("huiyin erased\x00" + channel + "\x00" + short(external)))
	return hex.EncodeToString(sum[:20])
}

// erasedPerson begins the keys of states that say when a person was erased.
const erasedPerson = "erased:"

// RememberErased keeps, until a time, that a person of a channel was erased at
// another. Who it was is kept as a hash.
func (tx *Tx) RememberErased(channel, external string, at, until time.Time) error {
	return tx.SetState(erasedPerson+erasedHash(channel, "person\x00"+external), strconv.FormatInt(at.UnixMicro(), 10), until)
}

// ErasedAt returns when a person of a channel was erased last; the zero time
// where that is not remembered.
func (tx *Tx) ErasedAt(channel, external string) (time.Time, error) {
	value, found, err := tx.State(erasedPerson + erasedHash(channel, "person\x00"+external))
	if err != nil || !found {
		return time.Time{}, err
	}
	at, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("store: when a person was erased: %w", err)
	}
	return time.UnixMicro(at).UTC(), nil
}

// WasErased returns which of a channel's message ids were erased. On a channel
// of which nothing was, it costs one look.
func (tx *Tx) WasErased(channel string, externals []string) (map[string]bool, error) {
	some, err := tx.number("SELECT 1 FROM erased WHERE channel = ? LIMIT 1", channel)
	if err != nil || some == 0 {
		return nil, err
	}
	gone := make(map[string]bool)
	for _, external := range externals {
		found, err := tx.number("SELECT 1 FROM erased WHERE channel = ? AND hash = ?", channel, erasedHash(channel, external))
		if err != nil {
			return nil, err
		}
		if found == 1 {
			gone[external] = true
		}
	}
	return gone, nil
}

// AuthorSending returns how many messages to an author are at this moment handed
// to a platform.
func (tx *Tx) AuthorSending(id int64) (int, error) {
	n, err := tx.number("SELECT count(*) FROM outbox WHERE state = 'sending' AND state IN ('pending', 'retry', 'sending', 'uncertain', 'dead') AND kind <> 'card' AND id IN ("+authorsOut+")", id)
	return int(n), err
}

// OutsOfAuthor returns what was or is to be sent because of an author, the oldest
// first; cards, which are built anew, are left out.
func (tx *Tx) OutsOfAuthor(id int64) ([]*Out, error) {
	return list(tx, outRow, selectOut+"WHERE kind <> 'card' AND id IN ("+authorsOut+") ORDER BY id", id)
}

// MessagesOfAuthor returns everything said by an author, to them, and about them
// in their items, the oldest first.
func (tx *Tx) MessagesOfAuthor(id int64) ([]*feedback.Message, error) {
	return tx.messages(selectMessage+"WHERE id IN ("+authorsMessages+") ORDER BY id", id)
}

// ConversationsOf returns an author's conversations.
func (tx *Tx) ConversationsOf(author int64) ([]*feedback.Conversation, error) {
	return list(tx, conversationRow, "SELECT id, "+conversationColumns+" FROM conversations WHERE author = ? ORDER BY id", author)
}

// CorrectionsOf returns the corrections of an item's verdict.
func (tx *Tx) CorrectionsOf(item int64) ([]*Correction, error) {
	return list(tx, func(c *Correction) []any { return append([]any{&c.ID}, correctionFields(c)...) },
		"SELECT id, "+correctionColumns+" FROM corrections WHERE item = ? ORDER BY id", item)
}

// FilesInUse returns which of stored files belong to an attachment that is left.
// What the outbox sends of them are attachments of its messages, too.
func (tx *Tx) FilesInUse(paths []string) (map[string]bool, error) {
	used := make(map[string]bool)
	if len(paths) == 0 {
		return used, nil
	}
	in, arg := anyText(tx.d, paths)
	return used, tx.each(func(r rows) error {
		var path string
		err := r.Scan(&path)
		used[path] = true
		return err
	}, "SELECT DISTINCT path FROM attachments WHERE path "+in, arg)
}

// AuthorChannels returns the channels that anybody wrote on.
func (tx *Tx) AuthorChannels() ([]string, error) {
	var channels []string
	for last := ""; ; {
		var next *string
		if _, err := tx.one([]any{&next}, "SELECT min(channel) FROM authors WHERE channel > ?", last); err != nil || next == nil {
			return channels, err
		}
		channels, last = append(channels, *next), *next
	}
}

// AuthorsToForget returns people of a channel who have been known since before,
// whose matters are all over since then, and who were not erased yet, at most
// limit. Those to whom no answer
// could ever be given are among them only where oneWay says so: then what nobody
// has taken up counts as over, too.
func (tx *Tx) AuthorsToForget(channel string, oneWay bool, before time.Time, limit int) ([]int64, error) {
	over, ours := "i.state <> 'closed' OR i.ended_at > ?2", "EXISTS (SELECT 1 FROM items i WHERE i.author = a.id AND i.way_back) OR NOT EXISTS (SELECT 1 FROM items i WHERE i.author = a.id)"
	if oneWay {
		over, ours = "i.state IN ('open', 'waiting') OR i.state = 'new' AND i.way_back OR i.ended_at > ?2 OR i.created_at > ?2", "1 = 1"
	}
	return tx.ids(`SELECT a.id FROM authors a WHERE a.channel = ?1 AND `+notErased("a")+` AND a.created_at <= ?2
  AND (`+ours+`)
  AND NOT EXISTS (SELECT 1 FROM items i WHERE i.author = a.id AND (`+over+`))
  AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.author = a.id AND m.received_at > ?2)
ORDER BY a.id LIMIT ?3`, channel, before, limit)
}
