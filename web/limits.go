package web

import (
	"sync"
	"time"
)

// Limits bound what one visitor or one address may ask for, so that a burst
// from one never keeps others waiting. Zero fields mean the defaults.
type Limits struct {
	VisitorMessages Rate // default 30 at once, then one a second
	AddressMessages Rate // default 300 at once, then 20 a second: a shop's guests share an address
	VisitorReads    Rate // default 60 at once, then 5 a second
	VisitorUploads  int  // messages of one visitor in work at a time, default 4
	Streams         int  // open live connections of one visitor or colleague, default 6
	MaxFiles        int  // in one message, default 9
	// Ping is how often an open live connection is looked after: whether it is
	// still there, and still somebody's who may look. Default 20 s.
	Ping time.Duration
	// SignInTries is how many codes one address may try in ten minutes,
	// default 10; all addresses together may try twenty times as many.
	SignInTries int
}

// Rate is Burst at once and then one every Every.
type Rate struct {
	Burst int
	Every time.Duration
}

func (l Limits) withDefaults() Limits {
	rate := func(r *Rate, burst int, every time.Duration) {
		if r.Burst <= 0 || r.Every <= 0 {
			*r = Rate{burst, every}
		}
	}
	count := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	rate(&l.VisitorMessages, 30, time.Second)
	rate(&l.AddressMessages, 300, 50*time.Millisecond)
	rate(&l.VisitorReads, 60, 200*time.Millisecond)
	count(&l.VisitorUploads, 4)
	count(&l.Streams, 6)
	count(&l.MaxFiles, 9)
	count(&l.SignInTries, 10)
	if l.Ping <= 0 {
		l.Ping = livePing
	}
	return l
}

// maxBuckets bounds how many keys are remembered; full ones are forgotten
// first, since they say nothing.
const maxBuckets = 50_000

// buckets is a token bucket a key. A key not seen is a full bucket, so that
// forgetting one is harmless.
type buckets struct {
	rate Rate

	mu    sync.Mutex
	byKey map[string]bucket
}

// bucket is when the bucket will be full again: one number says everything.
type bucket struct{ full time.Time }

func newBuckets(r Rate) *buckets { return &buckets{rate: r, byKey: map[string]bucket{}} }

// take takes one token. Where there is none it returns how long to wait for
// one.
func (b *buckets) take(key string, now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.byKey) >= maxBuckets {
		b.forget(now)
	}
	full := b.byKey[key].full
	if full.Before(now) {
		full = now
	}
	full = full.Add(b.rate.Every)
	if over := full.Sub(now) - time.Duration(b.rate.Burst)*b.rate.Every; over > 0 {
		return over, false
	}
	b.byKey[key] = bucket{full}
	return 0, true
}

// forget drops full buckets, and everything where none is full: then for a
// moment the limits are looser, which is better than a growing map.
func (b *buckets) forget(now time.Time) {
	for k, v := range b.byKey {
		if !v.full.After(now) {
			delete(b.byKey, k)
		}
	}
	if len(b.byKey) >= maxBuckets {
		clear(b.byKey)
	}
}

// gate counts what is under way by key.
type gate struct {
	most int

	mu    sync.Mutex
	byKey map[string]int
}

func newGate(most int) *gate { return &gate{most: most, byKey: map[string]int{}} }

// enter takes a place; leave gives it back. ok is false where none is free.
func (g *gate) enter(key string) (leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byKey[key] >= g.most {
		return nil, false
	}
	g.byKey[key]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.byKey[key]--; g.byKey[key] == 0 {
			delete(g.byKey, key)
		}
	}, true
}
