package load_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/huiyin/huiyin/test/campaign/load"
)

func TestHistogram(t *testing.T) {
	var h load.Histogram
	if h.Quantile(0.5) != 0 {
		t.Error("an empty one has a median")
	}
	for i := range 10_000 {
		h.Record(time.Duration(i+1) * 37 * time.Microsecond)
	}
	for _, q := range []float64{0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		exact := time.Duration(q*10_000) * 37 * time.Microsecond
		got := h.Quantile(q)
		if got < exact || float64(got) > float64(exact)*(1+1.0/15) {
			t.Errorf("quantile %v: %s, exact %s", q, got, exact)
		}
	}
	if h.Max() != 370*time.Millisecond || h.Quantile(1) != h.Max() || h.Count() != 10_000 {
		t.Errorf("max %s, count %d", h.Max(), h.Count())
	}
	h.Record(-time.Second)
	h.Record(100 * time.Hour)
}

// TestAStallIsSeenByAll: while one answer takes a second, all that were due in
// the meantime are sent all the same; and what had to wait counts its wait.
func TestAStallIsSeenByAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h load.Histogram
		free := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(free) })
		var refused atomic.Int64
		n := load.Run(context.Background(), 100, 2*time.Second, &h, func(n int) bool {
			<-free
			if n%2 == 1 {
				refused.Add(1)
			}
			return n%2 == 0
		})
		if n != 200 || h.Count() != 100 || refused.Load() != 100 {
			t.Fatalf("%d begun, %d counted, %d refused", n, h.Count(), refused.Load())
		}
		if p25 := h.Quantile(0.25); p25 > time.Millisecond {
			t.Errorf("a quarter took %s", p25) // the second half was not held up
		}
		if p75 := h.Quantile(0.75); p75 < 400*time.Millisecond || p75 > 600*time.Millisecond {
			t.Errorf("the 75th percentile is %s, want half a second", p75)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var h load.Histogram
	if n := load.Run(ctx, 1, time.Hour, &h, func(int) bool { return true }); n > 1 {
		t.Errorf("%d after the end", n)
	}
}
