package pipeline

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/spool"
	"github.com/huiyin/huiyin/store/storetest"
)

// forever is how long tests wait for what must not wait for a database that hangs.
const forever = 5 * time.Second

// hangs has a database stand still, until release: the one connection that writes,
// or all that read.
func hangs(t *testing.T, db *store.DB, read bool) (release func()) {
	t.Helper()
	stop, begun := make(chan struct{}), make(chan struct{}, 32)
	var standing sync.WaitGroup
	use, n := db.Write, 1
	if read {
		use, n = db.Read, cap(begun) // more than there are connections
	}
	for range n {
		standing.Go(func() {
			if err := use(context.Background(), func(*store.Tx) error { begun <- struct{}{}; <-stop; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	<-begun
	for free := read; free; {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		free = db.Read(ctx, func(*store.Tx) error { return nil }) == nil
		cancel()
	}
	return func() { close(stop); standing.Wait() }
}

// TestPushedMessagesDoNotWaitForADatabaseThatHangs: one that neither answers nor
// refuses. Whoever comes first, and whoever comes while a message that its
// platform keeps waits for it, is on the disk spool in time.
func TestPushedMessagesDoNotWaitForADatabaseThatHangs(t *testing.T) {
	for name, read := range map[string]bool{"it cannot be written": false, "it cannot be read": true} {
		t.Run(name, func(t *testing.T) {
			h := newAwayHouse(t, spool.Options{})
			h.p.timing.SpoolAfter = 100 * time.Millisecond
			h.p.AddBot("polled", "fake", bots.Caps{TwoWay: true, Polled: true}, h.care)
			release := hangs(t, h.db, read)
			patient, end := context.WithCancel(context.Background())
			var all sync.WaitGroup
			all.Go(func() {
				if _, err := h.p.Receive(patient, "polled", word(1)); err == nil {
					t.Error("it was stored")
				}
			})
			time.Sleep(50 * time.Millisecond)
			kept := make(chan bots.Answer, 1)
			all.Go(func() {
				a, err := h.p.Receive(context.Background(), "care", word(2))
				if err != nil {
					t.Error(err)
				}
				kept <- a
			})
			select {
			case a := <-kept:
				if !a.Kept {
					t.Errorf("answered %+v", a)
				}
			case <-time.After(forever):
				t.Error("a pushed message still waits for the database")
			}
			end()
			release()
			all.Wait()
		})
	}
}

// TestTheFirstOfAGroupWaitsNoLongerThanTheOthers: whoever leads the group of
// arrivals that a database takes its time over has no more time than its platform
// gives it.
func TestTheFirstOfAGroupWaitsNoLongerThanTheOthers(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	h.p.timing.SpoolAfter = 100 * time.Millisecond
	release := hangs(t, h.db, false)
	began := time.Now()
	a, err := h.p.Receive(context.Background(), "care", word(1))
	if took := time.Since(began); err != nil || !a.Kept || took > forever {
		t.Errorf("after %s: kept %v, %v", took, a.Kept, err)
	}
	release()
}

// TestAHolderStopsWhileTheDatabaseHangs: another process may have the lease by
// then.
func TestAHolderStopsWhileTheDatabaseHangs(t *testing.T) {
	w := newWorks(t, storetest.SQLiteDSN(t), "")
	w.p.timing.Lease = 500 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	began, ended := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var all sync.WaitGroup
	all.Go(func() {
		_ = w.p.leased("x", func(ctx context.Context) error {
			once.Do(func() {
				close(began)
				<-ctx.Done()
				close(ended)
			})
			return nil
		})(ctx)
	})
	<-began
	release := hangs(t, w.db, false)
	select {
	case <-ended:
	case <-time.After(forever):
		t.Error("it is still at work, long after its lease")
	}
	stop()
	release()
	all.Wait()
}
