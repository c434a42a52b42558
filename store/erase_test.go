package store_test

import (
	"errors"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// Erasing one of many people does not read what is kept of the others, by either
// engine: it holds up whoever writes meanwhile.
func TestErasingReadsOnlyThePerson(t *testing.T) {
	// Whole tables are read by SQLite's SCAN without an index and PostgreSQL's Seq Scan.
	whole := regexp.MustCompile(`(?m)^SCAN (messages|m|outbox|o|attachments|items|i)$|Seq Scan on (messages|outbox|attachments|items)`)
	for name, dsn := range map[string]string{"sqlite": storetest.SQLiteDSN(t), "postgres": storetest.PostgresDSN(t)} {
		t.Run(name, func(t *testing.T) {
			db := storetest.Open(t, dsn, store.Options{})
			const people, each = 1000, 5
			var ms []*feedback.Message
			for k := range people * each {
				who := int64(k%people + 1)
				ms = append(ms, &feedback.Message{
					Channel: "care", External: fmt.Sprint(k), MessageID: fmt.Sprint(k), Author: who, Conversation: who, Item: who,
					Direction: feedback.In, Text: "快递太慢了", Stage: feedback.StageDone, Attachments: []feedback.Attachment{{Kind: "image"}},
				})
			}
			mustWrite(t, db, func(tx *store.Tx) error { _, err := tx.InsertMessages(ms); return err })
			mustWrite(t, db, func(tx *store.Tx) error {
				return tx.Together(nil, store.Finishing{}, func() error {
					for who := range int64(people) {
						i := &feedback.Item{Channel: "care", State: feedback.Closed, Author: who + 1, Conversation: who + 1}
						if err := tx.InsertItem(i); err != nil {
							return err
						}
						for k := range each {
							o := &store.Out{Key: fmt.Sprint(who, k), Bot: "care", Item: i.ID, Conversation: who + 1, State: store.OutSent}
							if _, err := tx.PutOut(o); err != nil {
								return err
							}
						}
					}
					return nil
				})
			})
			mustWrite(t, db, func(tx *store.Tx) error { _, err := tx.Exec("ANALYZE"); return err })
			mustRead(t, db, func(tx *store.Tx) error {
				plan, err := tx.ExplainOfAuthor(500)
				if bad := whole.FindString(plan); bad != "" {
					t.Errorf("%q in\n%s", bad, plan)
				}
				return err
			})
		})
	}
}

// Somebody is erased while what they wrote just before is being made an item, by
// another process: the item is emptied, too.
func TestErasedWhileAnalysed(t *testing.T) {
	for name, conversation := range map[string]bool{"a chat": true, "an entry of a feed": false} {
		t.Run(name, func(t *testing.T) {
			db := storetest.OpenPostgres(t, store.Options{})
			m := &feedback.Message{Channel: "care", External: "1", Direction: feedback.In, Kind: feedback.KindMention, Text: "我的电话 13800000000", Lane: feedback.Live, Stage: feedback.StageNew}
			mustWrite(t, db, func(tx *store.Tx) error {
				a := &feedback.Author{Channel: "care", External: "u"}
				if err := tx.UpsertAuthor(a); err != nil {
					return err
				}
				m.Author = a.ID
				if conversation {
					c := &feedback.Conversation{Channel: "care", Chat: "u", Author: a.ID}
					if err := tx.UpsertConversation(c); err != nil {
						return err
					}
					m.Conversation = c.ID
				}
				_, err := tx.InsertMessages([]*feedback.Message{m})
				return err
			})
			i := &feedback.Item{Channel: "care", State: feedback.New, Author: m.Author, Conversation: m.Conversation, Text: m.Text}
			written, leave := make(chan struct{}), make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					if conversation {
						if _, err := tx.LockConversation(m.Conversation); err != nil {
							return err
						}
					}
					if err := tx.InsertItem(i); err != nil {
						return err
					}
					done := *m
					done.Item, done.Stage = i.ID, feedback.StageDone
					finished, err := tx.Finish([]*feedback.Message{&done})
					if err == nil && !finished[0] {
						err = errors.New("somebody else has finished it")
					}
					close(written)
					<-leave
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
			<-written
			wg.Go(func() {
				err := db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.EraseAuthor(m.Author, true); return err })
				if err != nil {
					t.Error(err)
				}
			})
			time.Sleep(200 * time.Millisecond) // it waits by now; if not, the test only shows less
			close(leave)
			wg.Wait()
			mustRead(t, db, func(tx *store.Tx) error {
				left, err := tx.Item(i.ID)
				if err == nil && left.Text != "" {
					t.Errorf("the item still says %q", left.Text)
				}
				return err
			})
		})
	}
}
