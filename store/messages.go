package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

const messageColumns = "channel, external, platform, message_id, reply_to, conversation, author, item, staff, direction, kind, event, mentioned, is_group, text, raw, url, fields, lane, stage, attempts, error, posted_at, received_at, edited_at, verdict"

func messageFields(m *feedback.Message) []any {
	return []any{
		&m.Channel, name{&m.External}, &m.Platform, name{&m.MessageID}, name{&m.ReplyTo}, &m.Conversation, &m.Author, &m.Item, &m.Staff,
		(*string)(&m.Direction), (*string)(&m.Kind), &m.Event, &m.Mentioned, &m.Group, &m.Text, &m.Raw, &m.URL, inJSON(&m.Fields),
		(*string)(&m.Lane), (*string)(&m.Stage), whole{&m.Attempts}, &m.Error,
		at{&m.PostedAt}, at{&m.ReceivedAt}, at{&m.EditedAt}, inJSON(&m.Verdict),
	}
}

func messageRow(m *feedback.Message) []any { return append([]any{&m.ID}, messageFields(m)...) }

const selectMessage = "SELECT id, " + messageColumns + " FROM messages "

// selectUnfinished leaves the payload out of what only its text is asked of.
var selectUnfinished = strings.Replace(selectMessage, " raw,", " CASE WHEN event <> '' THEN raw END,", 1)

// messages runs a query of whole messages and adds their attachments.
func (tx *Tx) messages(query string, args ...any) ([]*feedback.Message, error) {
	ms, err := list(tx, messageRow, query, args...)
	if err != nil || len(ms) == 0 {
		return nil, err
	}
	return ms, tx.attach(ms)
}

func (tx *Tx) message(what, where string, args ...any) (*feedback.Message, error) {
	ms, err := tx.messages(selectMessage+where, args...)
	if err != nil {
		return nil, err
	}
	if len(ms) == 0 {
		return nil, fmt.Errorf("%s: %w", what, feedback.ErrNotFound)
	}
	return ms[0], nil
}

// InsertMessages keeps the messages that are not known yet, with their
// attachments, in the given order. It sets the ID of each, of known ones too,
// and reports which were new: of two with the same channel and external id the
// first wins, whatever else they hold.
func (tx *Tx) InsertMessages(ms []*feedback.Message) (inserted []bool, err error) {
	inserted = make([]bool, len(ms))
	if later, err := tx.sayLater(ms); later || err != nil {
		inserted[0] = later
		return inserted, err
	}
	if tx.d == postgres {
		err = tx.insertMessagesPostgres(ms, inserted)
	} else {
		err = tx.insertMessagesSQLite(ms, inserted)
	}
	if err != nil {
		return nil, err
	}
	for i, m := range ms {
		if !inserted[i] {
			continue
		}
		for k := range m.Attachments {
			m.Attachments[k].Message = m.ID
			if err := tx.insertAttachment(&m.Attachments[k]); err != nil {
				return nil, err
			}
		}
	}
	return inserted, nil
}

// Row by row with a prepared statement: on SQLite that is faster than rows in
// one statement.
func (tx *Tx) insertMessagesSQLite(ms []*feedback.Message, inserted []bool) error {
	for i, m := range ms {
		n, id, err := tx.execID(insertMessage, messageFields(m)...)
		if err != nil {
			return err
		}
		if n == 1 {
			m.ID, inserted[i] = id, true
			continue
		}
		if err := tx.get("message", []any{&m.ID}, "SELECT id FROM messages WHERE channel = ? AND external = ?", m.Channel, short(m.External)); err != nil {
			return err
		}
	}
	return nil
}

var insertMessage = "INSERT INTO messages (" + messageColumns + ") VALUES (" + places(messageColumns) + ") ON CONFLICT (channel, external) DO NOTHING"

type messageKey struct{ channel, external string }

func keyOf(m *feedback.Message) messageKey {
	return messageKey{clean(m.Channel), clean(short(m.External))}
}

// All rows in one statement, an array a column.
func (tx *Tx) insertMessagesPostgres(ms []*feedback.Message, inserted []bool) error {
	if len(ms) == 0 {
		return nil
	}
	arrays, err := arraysOf(len(ms), func(i int) []any { return messageFields(ms[i]) })
	if err != nil {
		return err
	}
	first := make(map[messageKey]int, len(ms)) // the first of its key in this batch
	for i, m := range ms {
		if _, ok := first[keyOf(m)]; !ok {
			first[keyOf(m)] = i
		}
	}
	ids := make(map[messageKey]int64, len(ms))
	keep := func(r rows) error {
		var id int64
		var k messageKey
		if err := r.Scan(&id, &k.channel, &k.external); err != nil {
			return err
		}
		ids[k] = id
		return nil
	}
	if err := tx.each(keep, insertMessages, arrays...); err != nil {
		return err
	}
	for k := range ids {
		inserted[first[k]] = true
	}
	if len(ids) < len(first) {
		// Known ones: committed before, for an insert that loses waits for its winner.
		err := tx.each(keep, "SELECT id, channel, external FROM messages WHERE (channel, external) IN (SELECT * FROM unnest(?::text[], ?::text[]))", arrays[0], arrays[1])
		if err != nil {
			return err
		}
	}
	for _, m := range ms {
		id, ok := ids[keyOf(m)]
		if !ok {
			return fmt.Errorf("store: a message of %s was neither new nor known", m.Channel)
		}
		m.ID = id
	}
	return nil
}

const insertMessages = "INSERT INTO messages (" + messageColumns + `)
SELECT ` + messageColumns + ` FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
  ?::text[], ?::text[], ?::text[], ?::bool[], ?::bool[], ?::text[], ?::bytea[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[])
  WITH ORDINALITY AS given(` + messageColumns + `, place) ORDER BY place
ON CONFLICT (channel, external) DO NOTHING RETURNING id, channel, external`

// arraysOf returns an array for each column of n rows, of the kind that the
// column's values have.
func arraysOf(n int, row func(i int) []any) ([]any, error) {
	var arrays []any
	for i := range n {
		values, err := bind(row(i))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			arrays = make([]any, len(values))
		}
		for k, v := range values {
			switch v := v.(type) {
			case string:
				arrays[k] = appendTo[string](arrays[k], v, n)
			case int64:
				arrays[k] = appendTo[int64](arrays[k], v, n)
			case bool:
				arrays[k] = appendTo[bool](arrays[k], v, n)
			case []byte:
				arrays[k] = appendTo[[]byte](arrays[k], v, n)
			case nil:
				arrays[k] = appendTo[[]byte](arrays[k], nil, n)
			default:
				return nil, fmt.Errorf("store: no array of %T", v)
			}
		}
	}
	return arrays, nil
}

func appendTo[T any](array any, v T, size int) []T {
	a, ok := array.([]T)
	if !ok {
		a = make([]T, 0, size)
	}
	return append(a, v)
}

// Message returns the message with id.
func (tx *Tx) Message(id int64) (*feedback.Message, error) {
	return tx.message(fmt.Sprintf("message %d", id), "WHERE id = ?", id)
}

// MessageByExternal returns the message that channel knows as external.
func (tx *Tx) MessageByExternal(channel, external string) (*feedback.Message, error) {
	return tx.message("message of "+channel, "WHERE channel = ? AND external = ?", channel, short(external))
}

// MessageByPlatformID returns the message, from or to a customer, that the
// platform shows as messageID in a chat: what a reply answers. Of ours, the
// message that an outbox row delivered is found, too; what later happened to a
// message (an edit, a deletion) is not.
func (tx *Tx) MessageByPlatformID(channel, chat, messageID string) (*feedback.Message, error) {
	if messageID == "" {
		return nil, fmt.Errorf("message without an id: %w", feedback.ErrNotFound)
	}
	return tx.message("message in a chat of "+channel, `WHERE id = COALESCE(
  (SELECT max(m.id) FROM conversations c CROSS JOIN messages m WHERE c.channel = ?1 AND c.chat = ?2 AND m.conversation = c.id AND m.message_id = ?3 AND m.message_id <> '' AND m.event = ''),
  (SELECT max(o.message) FROM outbox o WHERE o.bot = ?1 AND o.external = ?3 AND o.external <> '' AND o.chat = ?2 AND o.message <> 0))`, channel, short(chat), short(messageID))
}

// EditMessage keeps the newest text of a message and returns the one before. An
// edit older than the one that is known changes nothing: feedback.ErrConflict.
func (tx *Tx) EditMessage(id int64, text string, raw []byte, editedAt time.Time) (was string, err error) {
	var known time.Time
	if err := tx.get(fmt.Sprintf("message %d", id), []any{&was, at{&known}}, "SELECT text, edited_at FROM messages WHERE id = ?"+tx.locked(), id); err != nil {
		return "", err
	}
	if editedAt.Before(known) {
		return was, fmt.Errorf("message %d was edited since: %w", id, feedback.ErrConflict)
	}
	_, err = tx.exec("UPDATE messages SET text = ?, raw = COALESCE(?, raw), edited_at = ? WHERE id = ?", text, raw, editedAt, id)
	return was, err
}

// SaveMessage keeps the item, stage, lane, verdict, error, text and platform id
// of a stored message, whatever they are by then: of one that others may be
// finishing, Finish and Failed do so.
func (tx *Tx) SaveMessage(m *feedback.Message) error {
	n, err := tx.exec("UPDATE messages SET item = ?, stage = ?, lane = ?, verdict = ?, error = ?, text = ?, message_id = ? WHERE id = ?",
		m.Item, string(m.Stage), string(m.Lane), inJSON(&m.Verdict), m.Error, m.Text, short(m.MessageID), m.ID)
	return changed(n, err, "message", m.ID)
}

// AnalyzeBatch returns what is unfinished among ids together with every earlier
// unfinished message of the same conversations, in the order they came: a
// conversation is understood from its beginning. Of one conversation at most
// limitPerConversation come, the earliest; 0 means all. Payloads come only with
// what happened to a message, not with what was said.
//
// The condition on stage is written so that what is asked for is found by its id:
// PostgreSQL believes the index of new messages to be the shorter way, which
// under load holds thousands that are done, and walked it once for each id.
func (tx *Tx) AnalyzeBatch(ids []int64, limitPerConversation int) ([]*feedback.Message, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, arg := anyID(tx.d, ids)
	return tx.messages(analyzeBatch(in), arg, limit(limitPerConversation))
}

func analyzeBatch(in string) string {
	return `WITH asked AS (
  SELECT id, conversation FROM messages WHERE id ` + in + ` AND stage || '' = 'new'
), latest AS (
  SELECT conversation, max(id) AS id FROM asked WHERE conversation <> 0 GROUP BY conversation
), due AS (
  SELECT m.id, row_number() OVER (PARTITION BY m.conversation ORDER BY m.id) AS place
  FROM latest CROSS JOIN messages m WHERE m.conversation = latest.conversation AND m.conversation <> 0 AND m.stage = 'new' AND m.id <= latest.id
)
` + selectUnfinished + `WHERE id IN (SELECT id FROM due WHERE place <= ? UNION ALL SELECT id FROM asked WHERE conversation = 0) ORDER BY id`
}

// limit returns n, or a number that no table reaches for 0 and below.
func limit(n int) int64 {
	if n <= 0 {
		return 1 << 40
	}
	return int64(n)
}

// CountAttempts raises the attempts of the unfinished among ids and returns
// them by id: committed before the work, they count what kills the worker, too.
func (tx *Tx) CountAttempts(ids []int64) (map[int64]int, error) {
	attempts := make(map[int64]int, len(ids))
	if len(ids) == 0 {
		return attempts, nil
	}
	in, arg := anyID(tx.d, ids)
	err := tx.each(func(r rows) error {
		var id int64
		var n int
		if err := r.Scan(&id, whole{&n}); err != nil {
			return err
		}
		attempts[id] = n
		return nil
	}, "UPDATE messages SET attempts = attempts + 1 WHERE id "+in+" AND stage || '' = 'new' RETURNING id, attempts", arg)
	return attempts, err
}

// Finish keeps the stage, item, verdict and error of messages that are still
// new, and reports which were: the others have been finished by someone else.
func (tx *Tx) Finish(ms []*feedback.Message) (finished []bool, err error) {
	finished = make([]bool, len(ms))
	if b := tx.batch; b != nil {
		for i, m := range ms {
			b.done, finished[i] = append(b.done, m), true
		}
		return finished, nil
	}
	if tx.d == postgres {
		return finished, tx.finishPostgres(ms, finished)
	}
	for i, m := range ms {
		n, err := tx.exec(finishOne, string(m.Stage), m.Item, inJSON(&m.Verdict), m.Error, m.ID)
		if err != nil {
			return nil, err
		}
		finished[i] = n == 1
	}
	return finished, nil
}

func (tx *Tx) finishPostgres(ms []*feedback.Message, finished []bool) error {
	n := len(ms)
	ids, items := make([]int64, n), make([]int64, n)
	stages, verdicts, errs := make([]string, n), make([]string, n), make([]string, n)
	place := make(map[int64]int, n)
	for i, m := range ms {
		v, err := inJSON(&m.Verdict).text()
		if err != nil {
			return err
		}
		ids[i], items[i], stages[i], verdicts[i], errs[i] = m.ID, m.Item, string(m.Stage), v, m.Error
		if _, twice := place[m.ID]; !twice {
			place[m.ID] = i
		}
	}
	return tx.each(func(r rows) error {
		var id int64
		if err := r.Scan(&id); err != nil {
			return err
		}
		finished[place[id]] = true
		return nil
	}, `UPDATE messages m SET stage = g.stage, item = g.item, verdict = g.verdict, error = g.error
FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::text[], ?::text[]) AS g(id, stage, item, verdict, error)
WHERE m.id = g.id AND m.stage || '' = 'new' RETURNING m.id`, ids, stages, items, verdicts, errs)
}

// Failed remembers why an unfinished message could not be dealt with, and that it
// was tried at all. One that somebody else has finished meanwhile stays as it is.
func (tx *Tx) Failed(id int64, cause string) error {
	_, err := tx.exec("UPDATE messages SET error = ?, attempts = CASE WHEN attempts = 0 THEN 1 ELSE attempts END WHERE id = ? AND stage || '' = 'new'", cause, id)
	return err
}

// Unfinished returns messages received before a time that nobody has finished,
// the earliest first, at most limit of each lane: what the reconciler rings for
// again.
func (tx *Tx) Unfinished(before time.Time, limit int) (live, history []int64, err error) {
	if live, err = tx.unfinished(feedback.Live, before, limit); err != nil {
		return nil, nil, err
	}
	history, err = tx.unfinished(feedback.History, before, limit)
	return live, history, err
}

func (tx *Tx) unfinished(lane feedback.Lane, before time.Time, limit int) ([]int64, error) {
	return tx.ids("SELECT id FROM messages WHERE stage = 'new' AND lane = ? AND received_at < ? ORDER BY id LIMIT ?", string(lane), before, limit)
}

// ids runs a query for ids.
func (tx *Tx) ids(query string, args ...any) ([]int64, error) {
	var ids []int64
	err := tx.each(func(r rows) error {
		var id int64
		if err := r.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	}, query, args...)
	return ids, err
}

// Quarantined returns the messages that failed too often, the latest first, at most max (0: all).
func (tx *Tx) Quarantined(max int) ([]*feedback.Message, error) {
	return tx.messages(selectMessage+"WHERE stage = 'quarantined' ORDER BY id DESC LIMIT ?", limit(max))
}

// Replay makes a quarantined message new again, with its attempts forgotten.
func (tx *Tx) Replay(id int64) error {
	n, err := tx.exec("UPDATE messages SET stage = 'new', attempts = 0, error = '' WHERE id = ? AND stage = 'quarantined'", id)
	return changed(n, err, "quarantined message", id)
}

// MessagesOf returns the messages of an item, the oldest first.
func (tx *Tx) MessagesOf(item int64) ([]*feedback.Message, error) {
	return tx.messages(selectMessage+"WHERE item = ? AND item <> 0 ORDER BY id", item)
}

// MessagesOfConversation returns the messages of a conversation whose id is
// above after, the oldest first, at most limit (0: all).
func (tx *Tx) MessagesOfConversation(conversation, after int64, max int) ([]*feedback.Message, error) {
	return tx.messages(selectMessage+"WHERE conversation = ? AND conversation <> 0 AND id > ? ORDER BY id LIMIT ?", conversation, after, limit(max))
}
