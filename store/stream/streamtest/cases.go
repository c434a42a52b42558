package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huiyin/huiyin/store/stream"
)

func everyIDOnce(t *testing.T, open Open) {
	s := start(t, open)
	ring(t, s, stream.Live, sequence(1, 1000)...)
	ring(t, s, stream.History, sequence(1001, 100)...)
	wantDepth(t, s, 1000, 100)
	c := NewCollector()
	stop := Go(t, s, "analyze", 64, c.Handle)
	c.WaitDistinct(t, 1100)
	wantDepth(t, s, 0, 0)
	stop()
	for _, b := range c.Batches() {
		if len(b) > 64 {
			t.Errorf("a batch of %d, want at most 64", len(b))
		}
	}
	for id := int64(1); id <= 1100; id++ {
		if n := c.Times(id); n != 1 {
			t.Errorf("id %d came %d times", id, n)
		}
	}
	if n := len(c.Batches()); n > 100 {
		t.Errorf("%d batches for 1,100 ids that all waited: reads are not batched", n)
	}
}

func workersShare(t *testing.T, open Open) {
	s := start(t, open)
	both := NewCollector()
	var each [2]atomic.Int32
	gate := make(chan struct{})
	for i := range each {
		Go(t, s, "analyze", 4, func(ctx context.Context, ids []int64) error {
			if each[i].Add(1) == 1 { // the first batch is held until both workers have one
				select {
				case gate <- struct{}{}:
				case <-gate:
				case <-ctx.Done():
				}
			}
			return both.Handle(ctx, ids)
		})
	}
	ring(t, s, stream.Live, sequence(1, 200)...)
	both.WaitDistinct(t, 200)
	for i := range each {
		if each[i].Load() == 0 {
			t.Errorf("worker %d got nothing", i)
		}
	}
	for id := int64(1); id <= 200; id++ {
		if n := both.Times(id); n != 1 {
			t.Errorf("id %d came %d times", id, n)
		}
	}
}

func failedComesAgain(t *testing.T, open Open) {
	s := startWith(t, open, ClaimIdle)
	began := time.Now()
	ring(t, s, stream.Live, 1, 2, 3, 4, 5)
	const bad = 3
	var mu sync.Mutex
	var attempts []time.Time
	var alone atomic.Bool
	c := NewCollector()
	Go(t, s, "analyze", 10, func(ctx context.Context, ids []int64) error {
		if !slices.Contains(ids, bad) {
			return c.Handle(ctx, ids)
		}
		mu.Lock()
		attempts = append(attempts, time.Now())
		n := len(attempts)
		mu.Unlock()
		alone.Store(len(ids) == 1)
		if n <= 3 {
			return errors.New("the third is bad")
		}
		return c.Handle(ctx, ids)
	})
	c.WaitDistinct(t, 5)
	wantDepth(t, s, 0, 0)
	mu.Lock()
	defer mu.Unlock()
	if len(attempts) != 4 || !alone.Load() {
		t.Fatalf("the bad one was tried %d times, alone at last: %v; want 4, true", len(attempts), alone.Load())
	}
	// From the beginning: a busy machine may begin an attempt long after it was due,
	// and no rest is the shorter for that.
	for i, at := range attempts {
		if rested := at.Sub(began); rested < time.Duration(i)*ClaimIdle*9/10 {
			t.Errorf("attempt %d came after %v, want %d rests of %v before it", i+1, rested, i, ClaimIdle)
		}
	}
}

func panicsAreFailures(t *testing.T, open Open) {
	s := startWith(t, open, ClaimIdle)
	var calls atomic.Int32
	c := NewCollector()
	stop := Go(t, s, "analyze", 1, func(ctx context.Context, ids []int64) error {
		switch calls.Add(1) {
		case 1:
			ids[len(ids)]++ // out of range
		case 2:
			panic("客户的话")
		case 3:
			runtime.Goexit()
		}
		return c.Handle(ctx, ids)
	})
	ring(t, s, stream.Live, 1, 2, 3, 4)
	c.WaitDistinct(t, 4)
	wantDepth(t, s, 0, 0)
	stop()
	if n := calls.Load(); n != 7 {
		t.Errorf("%d calls, want 7: three failures and four successes", n)
	}
}

func lanes(t *testing.T, open Open) {
	s := start(t, open)
	ring(t, s, stream.History, sequence(1000, 40)...)
	ring(t, s, stream.Live, sequence(1, 40)...)
	c := NewCollector()
	stop := Go(t, s, "analyze", 4, c.Handle)
	c.WaitDistinct(t, 80)
	stop()
	var order strings.Builder
	for _, b := range c.Batches()[:12] {
		if b[0] >= 1000 {
			order.WriteByte('h')
		} else {
			order.WriteByte('L')
		}
	}
	if want := "LLLLhLLLLhLL"; order.String() != want {
		t.Errorf("batches came as %s, want %s", order.String(), want)
	}
}

func historyFillsUp(t *testing.T, open Open) {
	s := start(t, open)
	ring(t, s, stream.History, sequence(1000, 9)...)
	ring(t, s, stream.Live, 1)
	c := NewCollector()
	stop := Go(t, s, "analyze", 4, c.Handle)
	c.WaitDistinct(t, 10)
	stop()
	if first, want := c.Batches()[0], []int64{1, 1000, 1001, 1002}; !slices.Equal(first, want) {
		t.Errorf("the first batch was %v, want %v", first, want)
	}
}

func stopFinishesBatch(t *testing.T, open Open) {
	s := start(t, open)
	ring(t, s, stream.Live, 1, 2, 3)
	inHand, release := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var handlerErr error
	go func() {
		done <- s.Consume(ctx, "analyze", 10, func(ctx context.Context, _ []int64) error {
			close(inHand)
			<-release
			handlerErr = ctx.Err()
			return nil
		})
	}()
	<-inHand
	cancel()
	close(release)
	if err := <-done; err != nil {
		t.Errorf("consume after a stop: %v", err)
	}
	if handlerErr != nil {
		t.Errorf("the batch in hand was cut off by the stop: %v", handlerErr)
	}
	wantDepth(t, s, 0, 0)
}

func handlerTimeIsBounded(t *testing.T, open Open) {
	const idle = time.Minute // long beside what a busy machine takes to begin
	s := startWith(t, open, idle)
	ring(t, s, stream.Live, 1)
	left := make(chan time.Duration, 1)
	c := NewCollector()
	Go(t, s, "analyze", 10, func(ctx context.Context, ids []int64) error {
		if deadline, ok := ctx.Deadline(); ok {
			left <- time.Until(deadline)
		} else {
			left <- math.MaxInt64
		}
		return c.Handle(ctx, ids)
	})
	if d := <-left; d >= idle || d < idle/4 {
		t.Errorf("the handler had %v, want less than the %v after which others claim", d, idle)
	}
	c.WaitDistinct(t, 1)
}

func ringWhileInHand(t *testing.T, open Open) {
	s := start(t, open)
	inHand, release := make(chan struct{}, 2), make(chan struct{})
	c := NewCollector()
	Go(t, s, "analyze", 10, func(ctx context.Context, ids []int64) error {
		inHand <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
			return ctx.Err()
		}
		return c.Handle(ctx, ids)
	})
	ring(t, s, stream.Live, 7)
	<-inHand
	ring(t, s, stream.Live, 7)
	close(release)
	Eventually(t, "7 came twice", func() bool { return c.Times(7) == 2 })
}

func anyNumber(t *testing.T, open Open) {
	s := start(t, open)
	ids := []int64{0, -1, math.MinInt64, math.MaxInt64, 1 << 53}
	ring(t, s, stream.Live, ids...)
	ring(t, s, stream.Live) // none at all
	c := NewCollector()
	Go(t, s, "analyze", 256, c.Handle)
	c.WaitDistinct(t, len(ids))
	for _, id := range ids {
		if c.Times(id) != 1 {
			t.Errorf("id %d came %d times", id, c.Times(id))
		}
	}
}

func manyRing(t *testing.T, open Open) {
	s := start(t, open)
	c := NewCollector()
	Go(t, s, "analyze", 256, c.Handle)
	Go(t, s, "analyze", 256, c.Handle)
	var ringers sync.WaitGroup
	for g := range int64(8) {
		ringers.Go(func() {
			for i := range int64(50) {
				if err := s.Ring(context.Background(), "analyze", stream.Live, g*1000+i); err != nil {
					t.Errorf("ring: %v", err)
				}
			}
		})
	}
	ringers.Wait()
	c.WaitDistinct(t, 400)
	wantDepth(t, s, 0, 0)
}

func namesChecked(t *testing.T, open Open) {
	s := start(t, open)
	ctx := context.Background()
	for _, stage := range []string{"", "an alyze", "{x}", "a:b", "分析", "A"} {
		if err := s.Ring(ctx, stage, stream.Live, 1); err == nil {
			t.Errorf("ring on stage %q was accepted", stage)
		}
		if err := s.Consume(ctx, stage, 1, NewCollector().Handle); err == nil {
			t.Errorf("consume of stage %q was accepted", stage)
		}
		if _, _, err := s.Depth(ctx, stage); err == nil {
			t.Errorf("depth of stage %q was accepted", stage)
		}
	}
	if err := s.Ring(ctx, "analyze", "urgent", 1); err == nil {
		t.Error("an unknown lane was accepted")
	}
	if _, err := s.Subscribe(ctx); err == nil {
		t.Error("a subscription to no topic was accepted")
	}
}

func subscribe(t *testing.T, open Open) {
	s := start(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	two, err := s.Subscribe(ctx, "item:1", "item:2", "item:1")
	if err != nil {
		t.Fatal(err)
	}
	one, err := s.Subscribe(ctx, "item:1")
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte{0, 1, 0xff, '\r', '\n'}
	for _, topic := range []string{"item:3", "item:2", "item:1", "item:10"} {
		if err := s.Publish(ctx, topic, payload); err != nil {
			t.Fatal(err)
		}
	}
	topics := map[string]bool{} // nothing orders what different topics tell
	for range 2 {
		m := <-two
		topics[m.Topic] = true
		if !bytes.Equal(m.Payload, payload) || m.Resync {
			t.Errorf("got %+v, want the payload as sent", m)
		}
	}
	if !topics["item:1"] || !topics["item:2"] {
		t.Errorf("got %v, want both topics", topics)
	}
	if m := <-one; m.Topic != "item:1" {
		t.Errorf("got %+v, want item:1", m)
	}
	cancel()
	for _, ch := range []<-chan stream.Message{one, two} {
		if m, open := <-ch; open {
			t.Errorf("got %+v, want a closed channel", m)
		}
	}
}

func slowSubscriber(t *testing.T, open Open) {
	s := start(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	slow, err := s.Subscribe(ctx, "board")
	if err != nil {
		t.Fatal(err)
	}
	quick, err := s.Subscribe(ctx, "board")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if err := s.Publish(ctx, "board", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
		if m := <-quick; string(m.Payload) != fmt.Sprint(i) {
			t.Fatalf("the quick one got %+v, want %d", m, i)
		}
	}
	for i := range 7 { // the room is for eight, the last place for the Resync
		if m := <-slow; string(m.Payload) != fmt.Sprint(i) || m.Resync {
			t.Fatalf("the slow one got %+v, want %d", m, i)
		}
	}
	if m := <-slow; !m.Resync || m.Topic != "" || m.Payload != nil {
		t.Fatalf("the slow one got %+v, want a Resync", m)
	}
	if err := s.Publish(ctx, "board", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if m := <-slow; string(m.Payload) != "new" {
		t.Errorf("after the Resync the slow one got %+v, want what is new", m)
	}
}

func closeEndsEverything(t *testing.T, open Open) {
	s := start(t, open)
	sub, err := s.Subscribe(context.Background(), "board")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	c := NewCollector()
	go func() { done <- s.Consume(context.Background(), "analyze", 10, c.Handle) }()
	ring(t, s, stream.Live, 1)
	c.WaitDistinct(t, 1)
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-done; !errors.Is(err, stream.ErrClosed) {
		t.Errorf("consume after close: %v, want ErrClosed", err)
	}
	if m, open := <-sub; open {
		t.Errorf("got %+v, want a closed channel", m)
	}
	ctx := context.Background()
	_, subErr := s.Subscribe(ctx, "board")
	_, _, depthErr := s.Depth(ctx, "analyze")
	for name, err := range map[string]error{
		"ring": s.Ring(ctx, "analyze", stream.Live, 1), "consume": s.Consume(ctx, "analyze", 1, c.Handle),
		"publish": s.Publish(ctx, "board", nil), "subscribe": subErr, "depth": depthErr, "ping": s.Ping(ctx),
	} {
		if !errors.Is(err, stream.ErrClosed) {
			t.Errorf("%s after close: %v, want ErrClosed", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}
