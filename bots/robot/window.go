package robot

import (
	"time"

	"github.com/huiyin/huiyin/bots"
)

// window keeps a robot below its platform's rates, whoever calls: for DingTalk
// one message too many costs ten minutes. It counts what this process sent.
type window struct {
	rates  []bots.Rate
	past   []time.Time // oldest first, as far back as the longest rate
	closed time.Time   // the platform takes nothing before
}

// take counts a message at now, or returns how long to wait for it.
func (w *window) take(now time.Time) time.Duration {
	if wait := w.closed.Sub(now); wait > 0 {
		return wait
	}
	var wait, longest time.Duration
	for _, r := range w.rates {
		longest = max(longest, r.Per)
		if n := len(w.past); n >= r.N {
			wait = max(wait, w.past[n-r.N].Add(r.Per).Sub(now))
		}
	}
	if wait > 0 {
		return wait
	}
	for len(w.past) > 0 && now.Sub(w.past[0]) >= longest {
		w.past = w.past[1:]
	}
	w.past = append(w.past, now)
	return 0
}

// closeUntil lets nothing through before t.
func (w *window) closeUntil(t time.Time) {
	if t.After(w.closed) {
		w.closed = t
	}
}
