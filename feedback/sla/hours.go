// Package sla is the arithmetic of answer times: weekly opening hours, working
// time, when an answer is due and which clock time a customer is told.
//
// Every function is pure. Times are read on the wall clock of their own
// location, so callers convert to the brand's time zone first; results are in
// the location of the time they were computed from.
package sla

import (
	"cmp"
	"slices"
	"time"
)

const (
	minutesPerDay  = 24 * 60
	minutesPerWeek = 7 * minutesPerDay
)

// Hours are weekly opening hours. The zero value is always open.
//
// They are written on the wall clock. Where the clock jumps forward over an
// opening or closing time, the jump is that time; where it turns back and shows
// a time twice, the first showing counts. A shift of 22:00 to 06:00 therefore
// lasts seven or nine hours in the two nights of the year that are different.
type Hours struct {
	// spans are in minutes since Monday 00:00, in order, with a gap between
	// each and the next. Only the last may reach into the following week.
	spans []span
}

// span is [from, to) in minutes of a week.
type span struct{ from, to int }

// Always reports whether h is open around the clock.
func (h Hours) Always() bool { return len(h.spans) == 0 }

// newHours merges spans that touch or overlap, across the end of the week too.
func newHours(spans []span) Hours {
	for i, s := range spans {
		if s.to > minutesPerWeek { // the part beyond Sunday belongs to Monday
			spans[i].to = minutesPerWeek
			spans = append(spans, span{0, s.to - minutesPerWeek})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var merged []span
	for _, s := range spans {
		if n := len(merged); n > 0 && s.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	if len(merged) == 1 && merged[0] == (span{0, minutesPerWeek}) {
		return Hours{}
	}
	if n := len(merged); n > 1 && merged[0].from == 0 && merged[n-1].to == minutesPerWeek {
		merged[n-1].to += merged[0].to
		merged = merged[1:]
	}
	return Hours{spans: merged}
}

// wall returns the first instant at which the clock of loc shows naive or
// later. naive carries a wall clock in the fields of a UTC time.
func wall(naive time.Time, loc *time.Location) time.Time {
	// No clock is further than 14 hours from UTC, so two days before is a
	// moment at which it does not yet show naive.
	at := naive.Add(-48 * time.Hour).In(loc)
	for {
		_, offset := at.Zone()
		_, end := at.ZoneBounds()
		shown := naive.Add(-time.Duration(offset) * time.Second)
		if end.IsZero() || shown.Before(end) {
			if shown.Before(at) {
				return at
			}
			return shown.In(loc)
		}
		at = end
	}
}

// monday returns the Monday 00:00 of t's week as a naive wall clock.
func monday(t time.Time) time.Time {
	y, m, d := t.Date()
	back := (int(t.Weekday()) + 6) % 7
	return time.Date(y, m, d-back, 0, 0, 0, 0, time.UTC)
}

// openings calls yield with the bounds of each opening, in order, starting
// with one that began before t's week, until yield returns false.
func (h Hours) openings(t time.Time, yield func(from, to time.Time) bool) {
	loc := t.Location()
	for week := monday(t).AddDate(0, 0, -14); ; week = week.AddDate(0, 0, 7) {
		for _, s := range h.spans {
			from := wall(week.Add(time.Duration(s.from)*time.Minute), loc)
			to := wall(week.Add(time.Duration(s.to)*time.Minute), loc)
			if !from.Before(to) { // the clock jumped over it
				continue
			}
			if !yield(from, to) {
				return
			}
		}
	}
}

// Open reports whether t lies within the hours. The closing moment itself does
// not.
func (h Hours) Open(t time.Time) bool {
	if h.Always() {
		return true
	}
	open := false
	h.openings(t, func(from, to time.Time) bool {
		if t.Before(to) {
			open = !t.Before(from)
			return false
		}
		return true
	})
	return open
}

// NextOpen returns t where h is open at t, else the next opening.
func (h Hours) NextOpen(t time.Time) time.Time {
	if h.Always() {
		return t
	}
	next := t
	h.openings(t, func(from, to time.Time) bool {
		if !t.Before(to) {
			return true
		}
		if t.Before(from) {
			next = from
		}
		return false
	})
	return next
}

// NextOpening returns the first opening after t, whether h is open at t or not:
// when the opening message is due. It returns the zero time where h is always
// open.
func (h Hours) NextOpening(t time.Time) time.Time {
	var next time.Time
	if h.Always() {
		return next
	}
	h.openings(t, func(from, _ time.Time) bool {
		next = from
		return !from.After(t)
	})
	return next
}

// LastClose returns the latest closing at or before t: at an opening, since
// when nobody was there. It returns the zero time where h is always open.
func (h Hours) LastClose(t time.Time) time.Time {
	var last time.Time
	if h.Always() {
		return last
	}
	h.openings(t, func(_, to time.Time) bool {
		if to.After(t) {
			return false
		}
		last = to
		return true
	})
	return last
}

// Add returns the earliest time that lies d of working time after t. Nothing is
// added for d ≤ 0. A d that ends with an opening gives its closing moment.
func (h Hours) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t
	}
	if h.Always() {
		return t.Add(d)
	}
	result := t
	h.openings(t, func(from, to time.Time) bool {
		if from.Before(t) {
			from = t
		}
		if room := to.Sub(from); room <= 0 {
			return true
		} else if d > room {
			d -= room
			return true
		}
		result = from.Add(d)
		return false
	})
	return result
}

// Between returns the working time from a to b, 0 where b is not after a.
func (h Hours) Between(a, b time.Time) time.Duration {
	if !b.After(a) {
		return 0
	}
	if h.Always() {
		return b.Sub(a)
	}
	var sum time.Duration
	h.openings(a, func(from, to time.Time) bool {
		if from.Before(a) {
			from = a
		}
		if to.After(b) {
			to = b
		}
		if from.Before(to) {
			sum += to.Sub(from)
		}
		return from.Before(b)
	})
	return sum
}
