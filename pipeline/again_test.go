package pipeline

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
)

// TestABatchThatIsTriedAgain: another process was quicker with one message, so
// that the batch cannot be kept together. The others are dealt with all the
// same, each once, at this very try.
func TestABatchThatIsTriedAgain(t *testing.T) {
	h := newHouse(t, nil)
	var entries []listeners.Entry
	for i := range 20 {
		entries = append(entries, listeners.Entry{ID: fmt.Sprint("e", i), Text: fmt.Sprintf("第 %d 家店的拿铁很好喝", i), PostedAt: h.now})
	}
	if _, err := h.p.Put(context.Background(), "weibo", entries); err != nil {
		t.Fatal(err)
	}
	var ids []int64
	var mine, theirs []*feedback.Message
	h.read(func(tx *store.Tx) error {
		var err error
		if ids, _, err = tx.Unfinished(h.now.Add(time.Second), 100); err != nil {
			return err
		}
		if mine, err = tx.AnalyzeBatch(ids, perConversation); err != nil {
			return err
		}
		theirs, err = tx.AnalyzeBatch(ids[len(ids)-1:], perConversation)
		return err
	})
	if len(mine) != 20 || len(theirs) != 1 {
		t.Fatalf("%d and %d messages", len(mine), len(theirs))
	}
	h.p.Process(context.Background(), theirs)
	h.p.Process(context.Background(), mine)
	h.read(func(tx *store.Tx) error {
		items := map[int64]bool{}
		for _, id := range ids {
			m, err := tx.Message(id)
			if err != nil {
				return err
			}
			if m.Stage != feedback.StageDone || m.Error != "" || m.Item == 0 || items[m.Item] {
				t.Errorf("message %d: %s, item %d, %q", id, m.Stage, m.Item, m.Error)
			}
			items[m.Item] = true
		}
		return nil
	})
}
