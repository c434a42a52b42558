package sla

import (
	"time"

	"github.com/huiyin/huiyin/feedback"
)

// Targets are the answer times by priority. A priority that is not in it has
// its default.
type Targets map[feedback.Priority]time.Duration

// DefaultTargets returns the answer times of a team that sets none.
func DefaultTargets() Targets {
	return Targets{
		feedback.P0: 10 * time.Minute,
		feedback.P1: 30 * time.Minute,
		feedback.P2: 2 * time.Hour,
		feedback.P3: 24 * time.Hour,
	}
}

// For returns the answer time of p.
func (t Targets) For(p feedback.Priority) time.Duration {
	if d, ok := t[p]; ok {
		return d
	}
	return DefaultTargets()[p]
}

// HoursFor returns the hours that p's clock follows: P0 runs day and night,
// everything else on the team's hours.
func HoursFor(h Hours, p feedback.Priority) Hours {
	if p == feedback.P0 {
		return Hours{}
	}
	return h
}

// Due returns when an item of priority p that came at from is to be answered.
func Due(h Hours, targets Targets, p feedback.Priority, from time.Time) time.Time {
	return HoursFor(h, p).Add(from, targets.For(p))
}

// Pause returns what is left of the answer time when the clock stops at now: 0
// where it is over, never less. For P0 pass HoursFor.
func Pause(h Hours, due, now time.Time) time.Duration {
	return h.Between(now, due)
}

// Resume returns when the answer is due after a pause that ends at now. What
// was overdue when it was paused is due at once.
func Resume(h Hours, left time.Duration, now time.Time) time.Time {
	return h.Add(now, left)
}

const (
	// promiseStep is what a promise is rounded up to: people keep 15:30 in
	// mind, not 15:22, and the minutes in between are the team's reserve.
	promiseStep = 15 * time.Minute
	// promiseLead is the least time between saying and keeping a promise.
	promiseLead = 5 * time.Minute
)

// Promise returns the clock time told to a customer for an answer due at due:
// the next full quarter of an hour, on the wall clock of due's location, that
// is neither before due nor within five minutes of now. A promise is thus never
// earlier than what the team works towards, at most fifteen minutes later, and
// never in the past, even where due is.
func Promise(due, now time.Time) time.Time {
	at := due
	if soonest := now.Add(promiseLead); at.Before(soonest) {
		at = soonest.In(due.Location())
	}
	past := time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second + time.Duration(at.Nanosecond())
	past %= promiseStep
	if past == 0 {
		return at
	}
	return at.Add(promiseStep - past)
}
