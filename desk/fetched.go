package desk

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// Fetched keeps what became of fetching an attachment. Where it was stored, or will
// not be, the team sees it in the thread of its item. feedback.ErrNotFound: it is no
// longer wanted, its person was erased.
type Fetched struct {
	Attachment *feedback.Attachment
	Next       time.Time // when it is asked for again; of one that is pending
	Quota      int64     // bytes of one person's files that are kept in a day; 0: no bound
}

func (f Fetched) run(w *work) (*feedback.Item, error) {
	m, err := w.tx.Message(f.Attachment.Message)
	if err != nil {
		return nil, err
	}
	if m.Conversation != 0 {
		// One file of a person after the other; and what brings the message to its item
		// holds the conversation, too: either that sees the file, or this sees the item.
		if _, err := w.tx.LockConversation(m.Conversation); err != nil {
			return nil, err
		}
		if m, err = w.tx.Message(m.ID); err != nil {
			return nil, err
		}
	}
	same := *f.Attachment // what is changed in it must not be found by another try
	f.Attachment = &same
	if same.State == feedback.AttachmentStored {
		if err := w.withinQuota(f.Attachment, m, f.Quota); err != nil {
			return nil, err
		}
	}
	if err := w.tx.SaveAttachment(f.Attachment, f.Next); err != nil || same.State == feedback.AttachmentPending {
		return nil, err
	}
	if m.Conversation != 0 {
		w.convs[m.Conversation] = true
	}
	if m.Direction == feedback.Out {
		// A reply waits for its file.
		w.bots[m.Channel] = true
		return nil, nil
	}
	if m.Item == 0 || m.Direction != feedback.In {
		return nil, nil
	}
	item, err := w.tx.LockItem(m.Item)
	if err != nil {
		return nil, err
	}
	return item, w.showFile(item, f.Attachment)
}

// withinQuota counts a customer's file on their day, and sets it aside where the
// day is full.
func (w *work) withinQuota(a *feedback.Attachment, m *feedback.Message, quota int64) error {
	if quota <= 0 || m.Direction != feedback.In || m.Author == 0 {
		return nil
	}
	key := fmt.Sprintf("quota:%d:%s", m.Author, w.now.Format(time.DateOnly))
	raw, known, err := w.tx.State(key)
	if err != nil {
		return err
	}
	var used int64
	if known {
		if used, err = strconv.ParseInt(raw, 10, 64); err != nil {
			return fmt.Errorf("a person's quota: %w", err)
		}
	}
	if used+a.Size > quota {
		a.State, a.Error = feedback.AttachmentTooBig, "the person's files of the day are too many"
		return w.forgetFiles([]string{a.Path})
	}
	return w.tx.SetState(key, strconv.FormatInt(used+a.Size, 10), w.now.Add(24*time.Hour))
}

// showFile puts a customer's file into the threads of the item's cards.
func (w *work) showFile(item *feedback.Item, a *feedback.Attachment) error {
	lang := w.r.Language
	kind := w.r.Texts.Word(lang, "attachment", a.Kind)
	line := said{key: "file:" + strconv.FormatInt(a.ID, 10), kind: OutSaid}
	if a.State != feedback.AttachmentStored {
		line.text = w.r.Texts.Text(lang, "thread.attachment.failed", phraseVars{
			"kind": kind, "reason": w.r.Texts.Text(lang, "attachment."+string(a.State), nil),
		})
		return w.say(item, line)
	}
	line.text = w.r.Texts.Text(lang, "thread.attachment", phraseVars{"name": w.who(item), "kind": kind})
	line.files = []bots.Attached{{Kind: a.Kind, Name: a.Name, MIME: a.MIME, Path: a.Path, Size: a.Size}}
	line.sound = item.Owner != 0
	w.items[item.ID] = true
	return w.say(item, line)
}

// showFiles puts the stored files of a message into the thread of the item that
// the message has just joined: they may have been fetched before.
func (w *work) showFiles(item *feedback.Item, m *feedback.Message) error {
	for i := range m.Attachments {
		a, err := w.tx.Attachment(m.Attachments[i].ID)
		if err != nil {
			return err
		}
		if a.State == feedback.AttachmentPending {
			continue
		}
		if err := w.showFile(item, a); err != nil {
			return err
		}
	}
	return nil
}

// ChannelNote tells the first team, once, that a source needs looking after,
// and when it is well again. code is empty or ok where all is well; text and
// textEN say the same in Chinese and in English.
func (s *Service) ChannelNote(ctx context.Context, channel, code, text, textEN string) error {
	if code == "ok" {
		code = ""
	}
	key := "channel:" + channel
	// Nearly always nothing has changed: that is found out without a write.
	var was string
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		was, _, err = tx.State(key)
		return err
	})
	if err != nil || was == code {
		return err
	}
	return s.do(ctx, func(w *work) error {
		was, _, err := w.tx.State(key)
		if err != nil || was == code {
			return err
		}
		if w.r.Language == "en" {
			text = textEN
		}
		if code == "" {
			err = w.tx.DropState(key)
			text = w.r.Texts.Text(w.r.Language, "health.back", phraseVars{"name": channel})
		} else {
			err = w.tx.SetState(key, code, time.Time{})
		}
		if err != nil {
			return err
		}
		return w.toTeam(w.r.TeamOrder[0], key+":"+code+":"+strconv.FormatInt(w.now.Unix(), 10), bots.Post{Text: text, Silent: true})
	})
}

// Connected tells the first team, once, that a source is read from now on and
// what its first read brought.
func (s *Service) Connected(ctx context.Context, channel string, n int) error {
	return s.do(ctx, func(w *work) error {
		ch := w.r.Channels[channel]
		post := bots.Post{Silent: true, Text: w.r.Texts.Text(w.r.Language, "connected", phraseVars{
			"channel": ch.Title, "name": channel, "count": n,
		})}
		return w.toTeam(w.r.TeamOrder[0], "connected:"+channel, post)
	})
}
