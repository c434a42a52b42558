package desk

import (
	"context"
	"strconv"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
)

// Fetched tells that an attachment was stored, or will not be: the team sees it
// in the thread of its item.
type Fetched struct{ Attachment *feedback.Attachment }

func (f Fetched) run(w *work) (*feedback.Item, error) {
	m, err := w.tx.Message(f.Attachment.Message)
	if err != nil {
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

// Connected tells every team's chat, once, that a source is read from now on
// and what its first read brought.
func (s *Service) Connected(ctx context.Context, channel string, n int) error {
	return s.do(ctx, func(w *work) error {
		ch := w.r.Channels[channel]
		post := bots.Post{Silent: true, Text: w.r.Texts.Text(w.r.Language, "connected", phraseVars{
			"channel": ch.Title, "name": channel, "count": n,
		})}
		for _, team := range w.r.TeamOrder[:1] {
			if err := w.toTeam(team, "connected:"+channel, post); err != nil {
				return err
			}
		}
		return nil
	})
}
