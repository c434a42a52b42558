package store

import (
	"fmt"
	"time"
)

// EraseAuthor removes what is personal about an author: names, ids, texts,
// payloads, attachments, search words, what was sent to them. Their items stay
// as figures: state, team, times, sentiment, topics. What still waited to be
// sent is cancelled. It returns the paths of the stored attachments, whose files
// the caller deletes after the commit.
func (tx *Tx) EraseAuthor(id int64) (files []string, err error) {
	if _, err := tx.Author(id); err != nil {
		return nil, err
	}
	err = tx.each(func(r rows) error {
		var path string
		err := r.Scan(&path)
		files = append(files, path)
		return err
	}, "SELECT path FROM attachments WHERE path <> '' AND message IN ("+authorsMessages+")", id)
	if err != nil {
		return nil, err
	}
	if err := tx.eraseItems(id); err != nil {
		return nil, err
	}
	for _, query := range []string{
		"DELETE FROM attachments WHERE message IN (" + authorsMessages + ")",
		// The id stays unique, and says nothing.
		"UPDATE messages SET external = 'erased ' || id, message_id = '', reply_to = '', text = '', raw = NULL, url = '', fields = '', verdict = '', error = '', stage = 'done' WHERE id IN (" + authorsMessages + ")",
		"UPDATE outbox SET state = 'cancelled' WHERE " + waiting + " AND audience = 'customer' AND (conversation IN (" + authorsConversations + ") OR item IN (" + authorsItems + "))",
		"UPDATE outbox SET body = NULL, external = '', chat = CASE WHEN audience = 'customer' THEN '' ELSE chat END WHERE kind <> 'card' AND (conversation IN (" + authorsConversations + ") OR item IN (" + authorsItems + "))",
		"UPDATE conversations SET chat = 'erased ' || id, title = '', fields = '', pending = '' WHERE author = ?1",
		"UPDATE authors SET external = 'erased ' || id, name = '', handle = '', followers = 0 WHERE id = ?1",
	} {
		if _, err := tx.exec(query, id); err != nil {
			return nil, err
		}
	}
	return files, nil
}

const (
	authorsConversations = "SELECT c.id FROM conversations c WHERE c.author = ?1"
	authorsItems         = "SELECT i.id FROM items i WHERE i.author = ?1 AND i.author <> 0"
	authorsMessages      = "SELECT m.id FROM messages m WHERE m.author = ?1 OR (m.item <> 0 AND m.item IN (" + authorsItems + ")) OR (m.conversation <> 0 AND m.conversation IN (" + authorsConversations + "))"
)

// eraseItems empties the author's items, raising their versions: nobody who read
// one before can write its text back.
func (tx *Tx) eraseItems(author int64) error {
	items, err := list(tx, itemRow, "SELECT "+selectItemColumns+" FROM items WHERE author = ? AND author <> 0 ORDER BY id"+tx.locked(), author)
	if err != nil {
		return err
	}
	for _, i := range items {
		v := &i.Verdict
		v.Keywords, v.Evidence, v.Found, v.Print = nil, nil, nil, 0
		i.AuthorName, i.Text, i.Quote, i.URL, i.Resolved, i.Fields = "", "", "", "", "", nil
		if err := tx.UpdateItem(i); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		if err := tx.IndexItem(i.ID, nil); err != nil {
			return err
		}
		for _, query := range []string{
			"UPDATE events SET data = '' WHERE item = ?",
			"DELETE FROM corrections WHERE item = ?",
		} {
			if _, err := tx.exec(query, i.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// AuthorsToForget returns people whose matters are all over since before, and
// who were not erased yet, at most limit. One-way sources' authors are not among
// them: nothing was promised to people who never wrote to us.
func (tx *Tx) AuthorsToForget(before time.Time, limit int) ([]int64, error) {
	return tx.ids(`SELECT a.id FROM authors a WHERE a.external NOT LIKE 'erased %'
  AND EXISTS (SELECT 1 FROM items i WHERE i.author = a.id AND i.way_back)
  AND NOT EXISTS (SELECT 1 FROM items i WHERE i.author = a.id AND (i.state <> 'closed' OR i.ended_at > ?))
  AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.author = a.id AND m.received_at > ?)
ORDER BY a.id LIMIT ?`, before, before, limit)
}
