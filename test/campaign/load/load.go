// Package load sends at a fixed schedule, however slowly the answers come, and
// counts how long each took from the time it was due: a stall is seen by every
// request that it holds up, not only by the one that met it.
package load

import (
	"context"
	"math"
	"math/bits"
	"sync"
	"time"
)

// Histogram counts durations in buckets that are at most 1/16 wide, from a
// microsecond to hours. It is safe for concurrent use; the zero value is empty.
type Histogram struct {
	mu     sync.Mutex
	counts [64 * perOctave]int64
	n      int64
	max    time.Duration
}

const perOctave = 16

// bucket returns the bucket of a duration.
func bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < perOctave {
		return int(us)
	}
	shift := bits.Len64(us) - 5 // the leading 1 and four bits stay
	return (shift+1)*perOctave + int(us>>shift) - perOctave
}

// upper returns the longest duration of a bucket.
func upper(b int) time.Duration {
	if b < perOctave {
		return time.Duration(b+1)*time.Microsecond - 1
	}
	shift := b/perOctave - 1
	return time.Duration((b%perOctave+perOctave+1)<<shift)*time.Microsecond - 1
}

// Record counts a duration.
func (h *Histogram) Record(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[min(bucket(d), len(h.counts)-1)]++
	h.n++
	h.max = max(h.max, d)
}

// Count returns how many durations were counted.
func (h *Histogram) Count() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

// Max returns the longest duration, as it was.
func (h *Histogram) Max() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.max
}

// Quantile returns a duration that the share q (0 to 1) does not exceed, at most
// 1/16 too long; 0 where nothing was counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	want := max(int64(math.Ceil(q*float64(h.n))), 1)
	var seen int64
	for b, n := range h.counts {
		if seen += n; seen >= want {
			return min(upper(b), h.max)
		}
	}
	return h.max
}

// Run calls send with 0, 1, 2… at rate a second until ctx ends or d is over,
// each in a goroutine of its own, and records the time from when a call was due
// to its end, where it returned true. It returns how many were begun, once all
// have ended.
func Run(ctx context.Context, rate float64, d time.Duration, h *Histogram, send func(n int) bool) int {
	var wg sync.WaitGroup
	began := time.Now()
	n := 0
	for ; ; n++ {
		due := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if due.Sub(began) >= d {
			break
		}
		t := time.NewTimer(time.Until(due))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		if ctx.Err() != nil {
			break
		}
		this := n // n itself goes on
		wg.Go(func() {
			if send(this) {
				h.Record(time.Since(due))
			}
		})
	}
	wg.Wait()
	return n
}
