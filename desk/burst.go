package desk

import (
	"sync"
	"time"
)

const (
	// burstSpan and burstItems say when it is busy: this many new items within
	// this time, in this process.
	burstSpan  = time.Minute
	burstItems = 60
)

// burst counts new items lately. While one is on, receipts name no clock time:
// a promise made to sixty people a minute would not be kept.
type burst struct {
	mu    sync.Mutex
	times []time.Time
}

func (b *burst) add(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trim(now)
	if len(b.times) < 4*burstItems {
		b.times = append(b.times, now)
	}
}

func (b *burst) busy(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trim(now)
	return len(b.times) > burstItems
}

func (b *burst) trim(now time.Time) {
	keep := 0
	for keep < len(b.times) && now.Sub(b.times[keep]) > burstSpan {
		keep++
	}
	b.times = b.times[keep:]
}
