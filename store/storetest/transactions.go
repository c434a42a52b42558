package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

func testLeases(_ *testing.T, s *suite) {
	const ttl = 10 * time.Second
	acquire := func(tx *store.Tx, holder string) (store.Lease, bool) {
		s.Helper()
		l, ours, err := tx.AcquireLease("deliver care", holder, ttl, s.now)
		s.ok(err)
		return l, ours
	}
	s.write(func(tx *store.Tx) {
		a, ours := acquire(tx, "a")
		equal(s, "free", line(ours, a.Epoch), "true 1")
		held, ours := acquire(tx, "b")
		equal(s, "held", line(ours, held.Holder, held.Epoch), "false a 1")
		a, ours = acquire(tx, "a")
		equal(s, "own", line(ours, a.Epoch), "true 1")
		s.now = s.now.Add(ttl - time.Second)
		equal(s, "renewed", must(tx.RenewLease(a, ttl, s.now))(s), true)
		s.now = s.now.Add(ttl - time.Second)
		_, ours = acquire(tx, "b")
		equal(s, "renewed, so held", ours, false)

		// a stops for longer than its lease: b takes over, and a is a zombie.
		s.now = s.now.Add(ttl)
		s.ok(tx.CheckLease(a.Name, a.Epoch))
		o := s.put(tx, "k", nil)
		equal(s, "a sends", must(tx.ClaimOut(o.ID, a.Epoch, s.now))(s), true)
		b, ours := acquire(tx, "b")
		equal(s, "taken over", line(ours, b.Epoch), "true 2")
		equal(s, "b sees what a left", len(must(tx.Sending("care", b.Epoch))(s)), 1)
		equal(s, "a cannot renew", must(tx.RenewLease(a, ttl, s.now))(s), false)
		s.is(tx.CheckLease(a.Name, a.Epoch), feedback.ErrConflict)
		s.ok(tx.CheckLease(b.Name, b.Epoch))
		s.is(tx.CheckLease("none", 1), feedback.ErrConflict)
		o.State = store.OutUncertain
		equal(s, "b settles it", must(tx.ChangeOut(o, store.OutSending))(s), true)
		o.State = store.OutSent
		s.is(tx.FinishOut(o, a.Epoch), feedback.ErrConflict)
		s.ok(tx.ReleaseLease(a))
		equal(s, "a cannot release b's", must(tx.RenewLease(b, ttl, s.now))(s), true)
		s.ok(tx.ReleaseLease(b))
		c, ours := acquire(tx, "b")
		equal(s, "after a release", line(ours, c.Epoch), "true 3")
	})
}

func testSharedState(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		equal(s, "no cursor", must(tx.Cursor("care"))(s) == nil, true)
		s.ok(tx.SaveCursor("care", []byte{0, 1}))
		s.ok(tx.SaveCursor("care", []byte{0, 2}))
		equal(s, "cursor", string(must(tx.Cursor("care"))(s)), "\x00\x02")

		state := func(key string) string {
			s.Helper()
			v, found, err := tx.State(key)
			s.ok(err)
			return line(v, found)
		}
		equal(s, "none", state("a"), " false")
		s.ok(tx.SetState("a%", "1", time.Time{}))
		s.ok(tx.SetState("a_b", "2", s.now.Add(time.Minute)))
		s.ok(tx.SetState("b", "3", time.Time{}))
		equal(s, "for ever", state("a%"), "1 true")
		equal(s, "for a while", state("a_b"), "2 true")
		equal(s, "prefix", line(must(tx.StatesWithPrefix("a"))(s)), "map[a%:1 a_b:2]")
		equal(s, "prefix is no pattern", line(must(tx.StatesWithPrefix("a_"))(s)), "map[a_b:2]")
		s.ok(tx.SetState("t", "3", s.now.Add(time.Hour)))
		equal(s, "taken", must(tx.TakeState("t"))(s), true)
		equal(s, "taken once", must(tx.TakeState("t"))(s), false)
		s.now = s.now.Add(time.Minute)
		equal(s, "expired", state("a_b"), " false")
		equal(s, "nothing to take", must(tx.TakeState("a_b"))(s), false)
		equal(s, "prefix, expired", len(must(tx.StatesWithPrefix("a"))(s)), 1)
		s.ok(tx.SetState("a%", "4", time.Time{}))
		s.ok(tx.DropExpired(s.now))
		equal(s, "replaced", state("a%"), "4 true")
		s.ok(tx.DropState("a%"))
		equal(s, "dropped", state("a%"), " false")

		equal(s, "first", must(tx.Fire("digest", s.now))(s), true)
		equal(s, "second", must(tx.Fire("digest", s.now))(s), false)
		equal(s, "next slot", must(tx.Fire("digest", s.now.Add(time.Hour)))(s), true)
		equal(s, "another job", must(tx.Fire("watch", s.now))(s), true)
	})
}

func testReadOnly(_ *testing.T, s *suite) {
	s.is(s.db.Read(s.Context(), func(tx *store.Tx) error { return tx.SetState("a", "b", time.Time{}) }), store.ErrReadOnly)
	s.is(s.db.Read(s.Context(), func(tx *store.Tx) error {
		return tx.InsertItem(&feedback.Item{})
	}), store.ErrReadOnly)
	s.write(func(tx *store.Tx) { s.item(tx, nil) })
	// A snapshot does not see what is committed after it began.
	s.read(func(tx *store.Tx) {
		equal(s, "before", must(tx.CountItems(store.Query{}))(s), 1)
		s.write(func(tx *store.Tx) { s.item(tx, nil) })
		equal(s, "after", must(tx.CountItems(store.Query{}))(s), 1)
	})
	s.ok(s.db.Ping(s.Context()))
}

var errTest = errors.New("as the test wants")

func testTransactions(_ *testing.T, s *suite) {
	rung := 0
	s.write(func(tx *store.Tx) {
		tx.After(func() { rung++ })
		s.item(tx, nil)
		equal(s, "before the commit", rung, 0)
	})
	equal(s, "after the commit", rung, 1)

	s.is(s.db.Write(s.Context(), func(tx *store.Tx) error {
		tx.After(func() { rung++ })
		s.item(tx, nil)
		return errTest
	}), errTest)
	err := s.db.Write(s.Context(), func(tx *store.Tx) error {
		tx.After(func() { rung++ })
		s.item(tx, nil)
		panic("as the test wants")
	})
	equal(s, "a panic is an error", err != nil, true)
	// The end of its goroutine rolls back, too.
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.db.Write(context.Background(), func(tx *store.Tx) error {
			s.item(tx, nil)
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	equal(s, "dropped on rollback", rung, 1)

	// An engine's error cannot be passed over: an account of nobody.
	err = s.db.Write(s.Context(), func(tx *store.Tx) error {
		s.item(tx, nil)
		_ = tx.LinkAccount(1e9, "hq", "U01")
		return nil
	})
	equal(s, "an error passed over", err != nil, true)

	var kept *store.Tx
	s.write(func(tx *store.Tx) { kept = tx })
	_, err = kept.Item(1)
	equal(s, "used after its end", err != nil, true)
	equal(s, "a Write inside a Write", s.db.Write(s.Context(), func(tx *store.Tx) error {
		return s.db.Write(tx.Context(), func(*store.Tx) error { return nil })
	}) != nil, true)
	s.read(func(tx *store.Tx) { equal(s, "kept", must(tx.CountItems(store.Query{}))(s), 1) })
}

// Many write at once; some fail, some panic. Each sees its own outcome alone.
func testNeighbours(_ *testing.T, s *suite) {
	const n = 300
	var wg sync.WaitGroup
	var rung atomic.Int64
	errs := make([]error, n)
	for k := range n {
		wg.Go(func() {
			errs[k] = s.db.Write(s.Context(), func(tx *store.Tx) error {
				tx.After(func() { rung.Add(1) })
				if err := tx.SetState(fmt.Sprint("neighbour ", k), "x", time.Time{}); err != nil {
					return err
				}
				switch k % 5 {
				case 1:
					return errTest
				case 2:
					panic("as the test wants")
				case 3:
					// Meets another's row.
					_, err := tx.AddEvent(&feedback.Event{Key: "same"})
					return err
				case 4:
					// Fails inside the engine: an account of nobody.
					return tx.LinkAccount(1e9, "hq", fmt.Sprint(k))
				}
				return nil
			})
		})
	}
	wg.Wait()
	want := 0
	for k, err := range errs {
		switch k % 5 {
		case 1:
			s.is(err, errTest)
		case 2, 4:
			equal(s, "failed", err != nil, true)
		default:
			s.ok(err)
			want++
		}
	}
	s.read(func(tx *store.Tx) {
		states := must(tx.StatesWithPrefix("neighbour "))(s)
		equal(s, "kept", len(states), want)
		for k := range n {
			_, there := states[fmt.Sprint("neighbour ", k)]
			equal(s, fmt.Sprint("state ", k), there, k%5 == 0 || k%5 == 3)
		}
	})
	equal(s, "rung", rung.Load(), int64(want))
}

func testCancelled(_ *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(s.Context())
	s.is(s.db.Write(ctx, func(tx *store.Tx) error {
		s.item(tx, nil)
		cancel()
		_, err := tx.Item(1)
		return err
	}), context.Canceled)
	s.is(s.db.Write(ctx, func(tx *store.Tx) error { return tx.InsertItem(&feedback.Item{}) }), context.Canceled)
	s.is(s.db.Read(ctx, func(tx *store.Tx) error { _, err := tx.Item(1); return err }), context.Canceled)
	s.read(func(tx *store.Tx) { equal(s, "nothing kept", must(tx.CountItems(store.Query{}))(s), 0) })

	// One that waits behind another gives up when its time is over.
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.db.Write(s.Context(), func(tx *store.Tx) error {
			_, _, err := tx.AcquireLease("held", "first", time.Hour, s.now)
			close(inside)
			<-leave
			return err
		})
		if err != nil {
			s.Error(err)
		}
	})
	<-inside
	short, done := context.WithTimeout(s.Context(), 50*time.Millisecond)
	defer done()
	err := s.db.Write(short, func(tx *store.Tx) error {
		_, _, err := tx.AcquireLease("held", "second", time.Hour, s.now)
		return err
	})
	close(leave)
	wg.Wait()
	s.is(err, context.DeadlineExceeded)
}

// Sixty-four want the same, as several processes would: one gets it.
func testRaces(_ *testing.T, s *suite) {
	const racers = 64
	var out *store.Out
	var item *feedback.Item
	timer := store.Timer{Item: 1, Kind: "late", Due: s.now}
	s.write(func(tx *store.Tx) {
		out = s.put(tx, "k", nil)
		item = s.item(tx, nil)
		s.ok(tx.SetTimer(timer))
		s.ok(tx.PutCode(store.Code{Kind: "link", Hash: "h", Expires: s.now.Add(time.Minute)}))
	})
	for name, try := range map[string]func(tx *store.Tx, k int) (bool, error){
		"claim an outbox row": func(tx *store.Tx, _ int) (bool, error) { return tx.ClaimOut(out.ID, 1, s.now) },
		"take a timer":        func(tx *store.Tx, _ int) (bool, error) { return tx.TakeTimer(timer) },
		"fire a job":          func(tx *store.Tx, _ int) (bool, error) { return tx.Fire("digest", s.now) },
		"use a code": func(tx *store.Tx, _ int) (bool, error) {
			_, err := tx.UseCode("link", "h", s.now)
			return err == nil, ignore(err, feedback.ErrNotFound)
		},
		"take a lease": func(tx *store.Tx, k int) (bool, error) {
			_, ours, err := tx.AcquireLease("l", fmt.Sprint(k), time.Minute, s.now)
			return ours, err
		},
		"change an item": func(tx *store.Tx, k int) (bool, error) {
			mine := *item
			mine.Owner = int64(k)
			err := tx.UpdateItem(&mine)
			return err == nil, ignore(err, feedback.ErrConflict)
		},
		"add an event": func(tx *store.Tx, _ int) (bool, error) { return tx.AddEvent(&feedback.Event{Key: "e"}) },
		"put a row":    func(tx *store.Tx, _ int) (bool, error) { return tx.PutOut(&store.Out{Key: "once"}) },
		"meet an author": func(tx *store.Tx, k int) (bool, error) {
			a := &feedback.Author{Channel: "care", External: "race", Name: fmt.Sprint(k)}
			if err := tx.UpsertAuthor(a); err != nil {
				return false, err
			}
			m := &feedback.Message{Channel: "care", External: "race", Author: a.ID}
			inserted, err := tx.InsertMessages([]*feedback.Message{m})
			return err == nil && inserted[0], err
		},
	} {
		var winners atomic.Int64
		var wg sync.WaitGroup
		for k := range racers {
			wg.Go(func() {
				won := false
				err := s.db.Write(s.Context(), func(tx *store.Tx) (err error) {
					won, err = try(tx, k)
					return err
				})
				if err != nil {
					s.Errorf("%s: %v", name, err)
				} else if won {
					winners.Add(1)
				}
			})
		}
		wg.Wait()
		equal(s, name, winners.Load(), 1)
	}
	// Whoever holds the conversation decides alone: one item for all of them.
	var c *feedback.Conversation
	s.write(func(tx *store.Tx) { c = s.conversation(tx, "care", "race") })
	var wg sync.WaitGroup
	for range racers {
		wg.Go(func() {
			err := s.db.Write(s.Context(), func(tx *store.Tx) error {
				if _, err := tx.LockConversation(c.ID); err != nil {
					return err
				}
				i, err := tx.CurrentItem(c.ID)
				if err != nil || i != nil {
					return err
				}
				return tx.InsertItem(&feedback.Item{Conversation: c.ID, State: feedback.New})
			})
			if err != nil {
				s.Error(err)
			}
		})
	}
	wg.Wait()
	s.read(func(tx *store.Tx) {
		equal(s, "items of the conversation", must(tx.CountItems(store.Query{Conversation: c.ID}))(s), 1)
	})
}

func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

func testClosed(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) { s.item(tx, nil) })
	s.ok(s.db.Close())
	s.ok(s.db.Close())
	s.is(s.db.Write(s.Context(), func(*store.Tx) error { return nil }), store.ErrClosed)
	s.is(s.db.Read(s.Context(), func(*store.Tx) error { return nil }), store.ErrClosed)
	s.is(s.db.Ping(s.Context()), store.ErrClosed)
}
