// Package streamtest holds what every implementation of stream.Stream must do, as one suite, and a real Redis server
// for tests.
package streamtest

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/huiyin/huiyin/store/stream"
)

// Open makes a new stream for a test. What one announces another opened in the same test may see or not.
type Open func(t testing.TB, o stream.Options) stream.Stream

// ClaimIdle is what the suite's tests of redelivery set: long enough for a slow machine, short enough to wait for.
const ClaimIdle = 600 * time.Millisecond

// Run plays the whole contract against what open makes.
func Run(t *testing.T, open Open) {
	t.Helper()
	cases := []struct {
		name string
		test func(t *testing.T, open Open)
	}{
		{"every id comes once, in batches", everyIDOnce},
		{"workers share", workersShare},
		{"what failed comes again, alone, after its rest", failedComesAgain},
		{"a handler that panics or ends its goroutine failed", panicsAreFailures},
		{"live before history, which never starves", lanes},
		{"history fills up batches", historyFillsUp},
		{"a stop lets the batch in hand finish", stopFinishesBatch},
		{"a handler's time is bounded", handlerTimeIsBounded},
		{"an id announced while in hand comes again", ringWhileInHand},
		{"any number is an id", anyNumber},
		{"many ring at once", manyRing},
		{"names are checked", namesChecked},
		{"subscribers get their topics until their context ends", subscribe},
		{"a slow subscriber is told to read again", slowSubscriber},
		{"close ends everything", closeEndsEverything},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Run("play", func(t *testing.T) { c.test(t, open) })
			// Ending takes its moment on a busy machine; what is left after that stays.
			Eventually(t, "every goroutine has ended", func() bool { return goleak.Find(before) == nil })
		})
	}
}

// Collector is a handler that remembers what it was given.
type Collector struct {
	mu      sync.Mutex
	batches [][]int64
	seen    map[int64]int
	changed chan struct{}
}

// NewCollector makes an empty one.
func NewCollector() *Collector {
	return &Collector{seen: map[int64]int{}, changed: make(chan struct{}, 1)}
}

// Handle is the handler; it always succeeds.
func (c *Collector) Handle(_ context.Context, ids []int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches = append(c.batches, append([]int64(nil), ids...))
	for _, id := range ids {
		c.seen[id]++
	}
	select {
	case c.changed <- struct{}{}:
	default:
	}
	return nil
}

// Distinct is how many different ids came.
func (c *Collector) Distinct() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

// Times is how often an id came.
func (c *Collector) Times(id int64) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[id]
}

// Batches gives a copy of what came, in order.
func (c *Collector) Batches() [][]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([][]int64(nil), c.batches...)
}

// patience is how long is waited for what must come, on however busy a machine.
const patience = time.Minute

// WaitDistinct waits for n different ids, and fails the test when they do not come within a generous time.
func (c *Collector) WaitDistinct(t testing.TB, n int) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for c.Distinct() < n {
		select {
		case <-c.changed:
		case <-deadline.C:
			t.Fatalf("%d of %d ids came", c.Distinct(), n)
		}
	}
}

// Go runs Consume until the test ends or stop is called, which waits for it.
func Go(t testing.TB, s stream.Stream, stage string, limit int, handle stream.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Consume(ctx, stage, limit, handle); err != nil {
			t.Errorf("consume %s: %v", stage, err)
		}
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			<-done
		})
	}
	t.Cleanup(stop)
	return stop
}

// Eventually polls until ok says yes, and fails the test when it does not within a generous time.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never came true: %s", what)
}

func ring(t testing.TB, s stream.Stream, lane stream.Lane, ids ...int64) {
	t.Helper()
	if err := s.Ring(context.Background(), "analyze", lane, ids...); err != nil {
		t.Fatalf("ring: %v", err)
	}
}

func wantDepth(t testing.TB, s stream.Stream, live, history int64) {
	t.Helper()
	Eventually(t, "depth as expected", func() bool {
		l, h, err := s.Depth(context.Background(), "analyze")
		if err != nil {
			t.Fatalf("depth: %v", err)
		}
		return l == live && h == history
	})
}

func sequence(from, n int64) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = from + int64(i)
	}
	return ids
}

// start opens a stream that is closed with the test. What is unfinished rests for a minute: a busy machine does not
// make ids come twice.
func start(t testing.TB, open Open) stream.Stream {
	t.Helper()
	return startWith(t, open, time.Minute)
}

// startWith opens one in which what is unfinished comes again after claimIdle.
func startWith(t testing.TB, open Open, claimIdle time.Duration) stream.Stream {
	t.Helper()
	s := open(t, stream.Options{
		ClaimIdle: claimIdle, Block: 100 * time.Millisecond, Timeout: 10 * time.Second, Buffer: 8,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
