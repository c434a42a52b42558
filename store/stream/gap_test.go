package stream

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestGapCallsNeverOverlapAndNoLossIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, under := 0, 0
		g := &gap{call: func() {
			calls++
			if under++; under > 1 {
				t.Error("two sweeps at once")
			}
			time.Sleep(time.Minute)
			under--
		}}
		g.report()
		time.Sleep(time.Second)
		for range 100 {
			g.report()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if calls != 2 {
			t.Errorf("%d sweeps, want one, and one for all losses during it", calls)
		}
		g.report()
		synctest.Wait()
		g.close()
		g.report()
		synctest.Wait()
		if calls != 3 || under != 0 {
			t.Errorf("%d sweeps with %d under way after close, want 3 and 0", calls, under)
		}
	})
}
