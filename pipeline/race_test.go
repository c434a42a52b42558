package pipeline

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// TestOneOfManyClaims: whoever claims at the same moment, one has it, and the
// others are told who.
func TestOneOfManyClaims(t *testing.T) {
	const people, items = 8, 12
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteDSN, "postgres": storetest.PostgresDSN} {
		t.Run(name, func(t *testing.T) {
			w := newWorks(t, dsn(t), "")
			w.bring(t, items)
			w.analyzeAll(t)
			err := w.db.Write(t.Context(), func(tx *store.Tx) error {
				for i := range people {
					st := &feedback.Staff{Name: fmt.Sprintf("同事%d", i), Role: feedback.Agent, Team: "care"}
					if err := tx.SaveStaff(st); err != nil {
						return err
					}
					if err := tx.LinkAccount(st.ID, "hq", fmt.Sprintf("U%d", i)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			won := make([][]string, people)
			for i := range people {
				wg.Add(1)
				go func() {
					defer wg.Done()
					for id := 1; id <= items; id++ {
						a, err := w.p.Receive(t.Context(), "hq", bots.Event{
							Key: fmt.Sprintf("press:%d:%d", i, id), Type: bots.OnPress, Chat: bots.Chat{ID: teamChat, Group: true},
							From: bots.Person{ID: fmt.Sprintf("U%d", i)}, Payload: fmt.Sprintf("claim:%d", id), At: time.Now(),
						})
						switch {
						case err != nil:
							t.Errorf("claim %d by %d: %v", id, i, err)
						case strings.Contains(a.Text, "归你了"):
							won[i] = append(won[i], fmt.Sprint(id))
						case !strings.Contains(a.Text, "慢了一步") && !strings.Contains(a.Text, "再点一次"):
							t.Errorf("claim %d by %d: answered %q", id, i, a.Text)
						}
					}
				}()
			}
			wg.Wait()
			total := 0
			for _, ids := range won {
				total += len(ids)
			}
			if total != items {
				t.Fatalf("%d winners of %d items: %v", total, items, won)
			}
			err = w.db.Read(t.Context(), func(tx *store.Tx) error {
				for id := int64(1); id <= items; id++ {
					item, err := tx.Item(id)
					if err != nil {
						return err
					}
					events, err := tx.Events(id)
					claims := 0
					for _, e := range events {
						if e.Kind == "claimed" {
							claims++
							if e.Staff != item.Owner {
								t.Errorf("#%d: claimed by %d, owned by %d", id, e.Staff, item.Owner)
							}
						}
					}
					if err != nil || claims != 1 {
						t.Errorf("#%d: %d claims recorded, %v", id, claims, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func (w *works) analyzeAll(t testing.TB) {
	t.Helper()
	var ids []int64
	err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		var err error
		ids, _, err = tx.Unfinished(time.Now().Add(time.Minute), 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.p.analyze(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
}

// TestWipedRedisLosesNothing: the stream forgets everything while messages come;
// each still becomes one item, one card and one receipt.
func TestWipedRedisLosesNothing(t *testing.T) {
	const messages = 60
	url, redis := streamtest.StartRedis(t)
	w := newWorks(t, storetest.SQLiteDSN(t), url)
	w.p.timing.Reconcile = 500 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.p.Run(ctx, Roles{Pipeline: true}) }()
	wiping := make(chan struct{})
	go func() {
		defer close(wiping)
		for range 10 {
			redis.Flush()
			time.Sleep(20 * time.Millisecond)
		}
	}()
	w.bring(t, messages)
	<-wiping
	w.await(t, messages)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		n, err := tx.CountItems(store.Query{})
		if n != messages {
			t.Errorf("%d items of %d messages", n, messages)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if cards, receipts := w.hq.cards.Load(), w.care.texts.Load(); cards != messages || receipts != messages {
		t.Errorf("%d cards and %d receipts of %d messages", cards, receipts, messages)
	}
}

// TestTwoPipelinesShareTheWork: two on one database and one Redis; nothing is
// lost and nothing comes twice.
func TestTwoPipelinesShareTheWork(t *testing.T) {
	const messages = 30
	url, _ := streamtest.StartRedis(t)
	dsn := storetest.PostgresDSN(t)
	one, two := newWorks(t, dsn, url), newWorks(t, dsn, url)
	two.p.holder = "other"
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for _, w := range []*works{one, two} {
		go func() { done <- w.p.Run(ctx, Roles{Pipeline: true}) }()
	}
	one.bring(t, messages)
	sum := func() (cards, receipts int64) {
		return one.hq.cards.Load() + two.hq.cards.Load(), one.care.texts.Load() + two.care.texts.Load()
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		cards, receipts := sum()
		if cards >= messages && receipts >= messages {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d cards and %d receipts", cards, receipts)
		}
	}
	two.bring(t, messages) // the same again, from another door
	stop()
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if cards, receipts := sum(); cards != messages || receipts != messages {
		t.Errorf("%d cards and %d receipts of %d messages", cards, receipts, messages)
	}
}
