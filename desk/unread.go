package desk

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/huiyin/huiyin/feedback"
)

// What the analysis fails on, time and again, is no reason that nobody reads it:
// it becomes an item without a verdict, or joins the one it belongs to, and
// people are told to read it. The message stays set aside for the operator, who
// has it analysed after all once the cause is gone.

// markUnread notes on an item, and in its history, that c could not be analysed.
func (w *work) markUnread(item *feedback.Item, c Incoming) error {
	if c.Unread == "" {
		return nil
	}
	item.Verdict.Unread = true
	return w.record(item.ID, step{kind: "unread", data: map[string]string{"message": strconv.FormatInt(c.Message.ID, 10)}})
}

// judge says what an item's whole text is about, and what fields it names. A text
// that could not be analysed is not tried again: its item keeps what was known,
// unless what is said now weighs more by itself.
func (w *work) judge(item *feedback.Item) (v feedback.Verdict, found map[string]string) {
	if !item.Verdict.Unread {
		v := w.analyze(item.Text)
		return verdictOf(v), v.Found
	}
	old, said := item.Verdict, verdictOf(w.verdict)
	said.Unread, said.Evidence = true, nil // the places are those of another text
	before, _ := feedback.Rank(feedback.Grounds{Verdict: old})
	now, _ := feedback.Rank(feedback.Grounds{Verdict: said})
	if said.Sentiment != "" && (now < before || old.Sentiment == "") {
		return said, said.Found
	}
	return old, said.Found
}

// index cuts an item's text for the search index. A part of it may be what the
// analysis fails on: such an item is then found by its number only.
func (w *work) index(item *feedback.Item) (tokens []string) {
	if item.Verdict.Unread {
		defer func() {
			if p := recover(); p != nil {
				w.s.log.Warn("the text of an item could not be cut for search", "item", item.ID, "err", fmt.Sprint(p))
				tokens = nil
			}
		}()
	}
	return w.r.Index(item.Text)
}

// readAgain takes a message that is an item's already, because it could not be
// analysed when it came, and now was: the item gets its verdict, and what follows
// from it where nobody has it in work. known is false for any other message.
func (w *work) readAgain(c Incoming) (item *feedback.Item, known bool, err error) {
	m := c.Message
	if m.Item == 0 {
		return nil, false, nil
	}
	if item, err = w.tx.LockItem(m.Item); err != nil {
		return nil, false, err
	}
	if !w.r.Channels[m.Channel].Bot && (!item.Verdict.Unread || !strings.Contains(item.Text, cutBytes(m.Text, maxItemText))) {
		return nil, false, nil // a newer text of an entry
	}
	if !item.Verdict.Unread || c.Unread != "" {
		return item, true, nil
	}
	others, err := w.tx.MessagesOf(item.ID)
	if err != nil {
		return nil, false, err
	}
	for _, o := range others {
		if o.ID != m.ID && o.Stage == feedback.StageQuarantined {
			return item, true, nil // a part of it is unread still
		}
	}
	item.Verdict.Unread = false
	if err := w.tx.IndexItem(item.ID, w.r.Index(item.Text)); err != nil {
		return nil, false, err
	}
	if item.Ended() {
		old := item.Verdict
		if item.Verdict, _ = w.judge(item); old.Model == corrected {
			item.Verdict = old
		}
	} else if err := w.reconsider(item); err != nil {
		return nil, false, err
	}
	return item, true, w.save(item, step{kind: "read", data: map[string]string{"message": strconv.FormatInt(m.ID, 10)}})
}
