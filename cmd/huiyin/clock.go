package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/huiyin/huiyin/store"
)

const (
	// slewMost is how far the program's clock may run ahead of the right time and
	// wait for it. It is less than the five minutes that signed requests may be off.
	slewMost = 4 * time.Minute
	// stepSaid is the least change of the machine's clock that is logged.
	stepSaid = time.Second
	// clockEvery is how often the database is asked for the time.
	clockEvery = 30 * time.Second
	// clockTrip is how long the question may take for its answer to count.
	clockTrip = 2 * time.Second
	// skewSaid is how far a machine's clock may be off before somebody is told.
	skewSaid = time.Minute
)

// clock is the time that the program goes by. Deadlines, leases and what is due
// are kept as times of day, so that a clock that is set would make them early or
// late: a step forward is followed at once, a step back of at most slewMost by
// running at half the speed until the right time has caught up, and one of more
// at once. What is right is what the machine says, or, once a database that
// several processes share has been asked, what that says: they all go by one
// clock, however wrong their machines are. The zero value is not ready: newClock.
type clock struct {
	wall func() time.Time     // the machine's clock; it can be set
	run  func() time.Duration // time since some moment; nothing sets it
	log  *slog.Logger

	mu     sync.Mutex
	told   time.Time // what was said last…
	toldAt time.Duration
	ref    time.Time // the database's time…
	refAt  time.Duration
	off    bool // the last one was not where the right time is
}

func newClock(log *slog.Logger) *clock {
	start := time.Now()
	return &clock{wall: wall, run: func() time.Duration { return time.Since(start) }, log: log}
}

// now returns the time of day. It never goes back by slewMost or less.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.run()
	right := c.right(at)
	if c.told.IsZero() {
		c.told, c.toldAt = right, at
		return right
	}
	passed := at - c.toldAt
	off := right.Sub(c.told) - passed
	if off.Abs() < stepSaid {
		c.off = false
	} else if !c.off {
		c.off = true
		c.log.Warn("the clock was set, or the machine slept", "by", off.Round(time.Millisecond))
	}
	if off >= 0 || off < -slewMost {
		c.told = right
	} else if slow := c.told.Add(passed / 2); right.Before(slow) {
		c.told = slow
	} else {
		c.told = right
	}
	c.toldAt = at
	return c.told
}

// right is the time as the reference has it. The caller holds mu.
func (c *clock) right(at time.Duration) time.Time {
	if c.ref.IsZero() {
		return c.wall().Round(0)
	}
	return c.ref.Add(at - c.refAt)
}

// heed takes a database's time for the right one: it was read between two
// moments of run. A difference that the way there may account for is none.
func (c *clock) heed(t time.Time, asked, answered time.Duration) {
	trip := answered - asked
	if trip > clockTrip {
		return
	}
	t = t.Add(trip / 2)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ref.IsZero() {
		if t.Sub(c.right(answered)).Abs() <= max(trip, 100*time.Millisecond) {
			return
		}
	} else if off := c.wall().Sub(t); off.Abs() > skewSaid {
		c.log.Warn("this machine's clock differs from the database's, which is gone by: set it", "by", off.Round(time.Second))
	}
	c.ref, c.refAt = t, answered
}

// ask asks a database for the time. Where it is only a file of this machine, or
// does not answer, nothing changes.
func (c *clock) ask(ctx context.Context, db *store.DB) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		asked := c.run()
		t, ok, err := tx.Clock()
		if err != nil || !ok {
			return err
		}
		c.heed(t, asked, c.run())
		return nil
	})
}

// keepClock asks now, and from then on every clockEvery.
func (a *app) keepClock(ctx context.Context) error {
	if a.db.Dialect() != "postgres" {
		return nil
	}
	if err := a.clock.ask(ctx, a.db); err != nil {
		return err
	}
	keep, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(clockEvery)
		defer t.Stop()
		for {
			select {
			case <-keep.Done():
				return
			case <-t.C:
				if err := a.clock.ask(keep, a.db); err != nil && keep.Err() == nil {
					a.log.Debug("the database was not asked for the time", "err", err)
				}
			}
		}
	}()
	a.onStop("clock", func(context.Context) error { cancel(); <-done; return nil })
	return nil
}
