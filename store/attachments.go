package store

import (
	"fmt"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

const attachmentColumns = "message, kind, ref, name, mime, size, duration, state, path, attempts, error"

func attachmentFields(a *feedback.Attachment) []any {
	return []any{
		&a.Message, &a.Kind, &a.Ref, &a.Name, &a.MIME, &a.Size, whole{&a.Duration},
		(*string)(&a.State), &a.Path, whole{&a.Attempts}, &a.Error,
	}
}

func attachmentRow(a *feedback.Attachment) []any {
	return append([]any{&a.ID}, attachmentFields(a)...)
}

// insertAttachment keeps an attachment, due at once.
func (tx *Tx) insertAttachment(a *feedback.Attachment) error {
	return tx.get("attachment", []any{&a.ID}, "INSERT INTO attachments ("+attachmentColumns+", next_at) VALUES ("+places(attachmentColumns)+", 0) RETURNING id", attachmentFields(a)...)
}

// attach adds the attachments to their messages, in their order.
func (tx *Tx) attach(ms []*feedback.Message) error {
	byID := make(map[int64]*feedback.Message, len(ms))
	ids := make([]int64, len(ms))
	for i, m := range ms {
		byID[m.ID], ids[i] = m, m.ID
	}
	in, arg := anyID(tx.d, ids)
	return tx.attachments("message "+in, arg, func(a feedback.Attachment) {
		m := byID[a.Message]
		m.Attachments = append(m.Attachments, a)
	})
}

func (tx *Tx) attachments(where string, arg any, keep func(feedback.Attachment)) error {
	return tx.each(func(r rows) error {
		var a feedback.Attachment
		err := r.Scan(attachmentRow(&a)...)
		keep(a)
		return err
	}, "SELECT id, "+attachmentColumns+" FROM attachments WHERE "+where+" ORDER BY id", arg)
}

// AttachmentsOf returns the files of a message.
func (tx *Tx) AttachmentsOf(message int64) ([]feedback.Attachment, error) {
	if b := tx.batch; b != nil {
		if files, known := b.files[message]; known {
			return files, nil
		}
	}
	var files []feedback.Attachment
	return files, tx.attachments("message = ?", message, func(a feedback.Attachment) { files = append(files, a) })
}

// Attachment returns the attachment with id.
func (tx *Tx) Attachment(id int64) (*feedback.Attachment, error) {
	a := new(feedback.Attachment)
	return a, tx.get(fmt.Sprintf("attachment %d", id), attachmentRow(a), "SELECT id, "+attachmentColumns+" FROM attachments WHERE id = ?", id)
}

// FileDue is an attachment that is to be fetched, with its message's channel.
type FileDue struct {
	feedback.Attachment
	Channel string
}

// AttachmentsDue returns attachments that are to be fetched, those that wait
// longest first.
func (tx *Tx) AttachmentsDue(now time.Time, limit int) ([]*FileDue, error) {
	return list(tx, func(f *FileDue) []any { return append(attachmentRow(&f.Attachment), &f.Channel) },
		"SELECT "+qualified("a", "id, "+attachmentColumns)+", m.channel FROM attachments a JOIN messages m ON m.id = a.message WHERE a.state = 'pending' AND a.next_at <= ? ORDER BY a.next_at, a.id LIMIT ?", now, limit)
}

// SaveAttachment keeps all of a stored attachment. One that is still pending is
// due again at nextAt.
func (tx *Tx) SaveAttachment(a *feedback.Attachment, nextAt time.Time) error {
	n, err := tx.exec("UPDATE attachments SET "+assignments(attachmentColumns)+", next_at = ? WHERE id = ?", append(attachmentFields(a), nextAt, a.ID)...)
	return changed(n, err, "attachment", a.ID)
}
