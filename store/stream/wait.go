package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

// sleep waits for d and says whether it did so to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter spreads d over a half to one and a half of it, so that many processes do not come back at once.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(max(d, 1)) //nolint:gosec // G404: spreads load, guards nothing
}
