package stream

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLocalDropsBeyondItsCapAndAsksForASweepOnceDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gaps atomic.Int32
		s := openLocal(Options{LaneCap: 8, OnGap: func() { gaps.Add(1) }})
		defer s.Close()
		err := s.Ring(t.Context(), "analyze", Live, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
		if !errors.Is(err, ErrFull) {
			t.Fatalf("ring beyond the cap: got %v, want ErrFull", err)
		}
		synctest.Wait()
		if n := gaps.Load(); n != 0 {
			t.Fatalf("asked for %d sweeps while full: a sweep would be dropped, too", n)
		}
		ctx, stop := context.WithCancel(t.Context())
		var got []int64
		go func() {
			_ = s.Consume(ctx, "analyze", 2, func(_ context.Context, ids []int64) error {
				got = append(got, ids...)
				return nil
			})
		}()
		synctest.Wait()
		stop()
		synctest.Wait()
		if want := []int64{1, 2, 3, 4, 5, 6, 7, 8}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if n := gaps.Load(); n != 1 {
			t.Errorf("asked for %d sweeps, want 1", n)
		}
	})
}

func TestLocalHoldsAWaitingIdOnceButNotOneInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openLocal(Options{})
		defer s.Close()
		ring := func(ids ...int64) {
			if err := s.Ring(t.Context(), "analyze", Live, ids...); err != nil {
				t.Error(err)
			}
		}
		ring(7, 7, 7)
		var calls [][]int64
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			_ = s.Consume(ctx, "analyze", 10, func(_ context.Context, ids []int64) error {
				calls = append(calls, slices.Clone(ids))
				if len(calls) == 1 {
					ring(7) // news about 7 while it is worked on must not be lost
				}
				return nil
			})
		}()
		synctest.Wait()
		stop()
		synctest.Wait()
		if len(calls) != 2 || len(calls[0]) != 1 || len(calls[1]) != 1 {
			t.Errorf("calls %v, want [7] twice", calls)
		}
	})
}

func TestLocalHandsOutAgainOneByOneAfterClaimIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openLocal(Options{ClaimIdle: time.Minute})
		defer s.Close()
		start := time.Now()
		if err := s.Ring(t.Context(), "analyze", Live, 1, 2, 3); err != nil {
			t.Fatal(err)
		}
		var sizes []int
		var done []int64
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			_ = s.Consume(ctx, "analyze", 10, func(_ context.Context, ids []int64) error {
				sizes = append(sizes, len(ids))
				if slices.Contains(ids, 2) && time.Since(start) < 3*time.Minute {
					return errors.New("2 is bad")
				}
				done = append(done, ids...)
				return nil
			})
		}()
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if want := []int64{1, 3}; !slices.Equal(done, want) {
			t.Errorf("after one rest got %v, want the neighbours %v", done, want)
		}
		live, _, err := s.Depth(t.Context(), "analyze")
		if err != nil || live != 1 {
			t.Errorf("depth %d %v, want the bad one alone", live, err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		stop()
		synctest.Wait()
		if want := []int64{1, 3, 2}; !slices.Equal(done, want) {
			t.Errorf("got %v, want %v", done, want)
		}
		if want := []int{3, 1, 1, 1, 1, 1}; !slices.Equal(sizes, want) {
			t.Errorf("batches of %v, want %v", sizes, want)
		}
		if live, _, _ := s.Depth(t.Context(), "analyze"); live != 0 {
			t.Errorf("depth %d at the end", live)
		}
	})
}

func TestLocalStopLetsTheBatchInHandFinishWithinGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openLocal(Options{ClaimIdle: time.Minute, Grace: 5 * time.Second})
		defer s.Close()
		if err := s.Ring(t.Context(), "analyze", Live, 1); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stopped := time.Now().Add(time.Second)
		time.AfterFunc(time.Second, stop)
		var ended time.Time
		err := s.Consume(ctx, "analyze", 1, func(ctx context.Context, _ []int64) error {
			<-ctx.Done()
			ended = time.Now()
			return ctx.Err()
		})
		if err != nil {
			t.Errorf("consume: %v", err)
		}
		if got := ended.Sub(stopped); got != 5*time.Second {
			t.Errorf("the handler's context ended %v after the stop, want the grace of 5s", got)
		}
	})
}

func TestLocalLeavesAStuckHandlerBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openLocal(Options{ClaimIdle: 8 * time.Second})
		defer s.Close()
		if err := s.Ring(t.Context(), "analyze", Live, 1); err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		var next []int64
		ctx, stop := context.WithCancel(t.Context())
		var calls atomic.Int32
		go func() {
			_ = s.Consume(ctx, "analyze", 1, func(_ context.Context, ids []int64) error {
				if calls.Add(1) == 1 {
					<-release
					return nil
				}
				next = append(next, ids...)
				return nil
			})
		}()
		time.Sleep(time.Second)
		if err := s.Ring(t.Context(), "analyze", Live, 2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * time.Second)
		synctest.Wait()
		close(release)
		stop()
		synctest.Wait()
		slices.Sort(next)
		if want := []int64{1, 2}; !slices.Equal(next, want) {
			t.Errorf("after the stuck call got %v, want %v", next, want)
		}
	})
}

func TestFifoKeepsOrderAndGivesMemoryBack(t *testing.T) {
	var q fifo[int]
	next, want := 0, 0
	for round := range 50 {
		for range 1000 + round*10 {
			q.push(next)
			next++
		}
		for range 900 {
			if got := q.pop(); got != want {
				t.Fatalf("got %d, want %d", got, want)
			}
			want++
		}
	}
	for q.len() > 0 {
		if got := q.pop(); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
		want++
	}
	if want != next || cap(q.items) != 0 {
		t.Errorf("%d of %d came out, room for %d kept", want, next, cap(q.items))
	}
}
