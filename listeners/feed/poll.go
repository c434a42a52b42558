package feed

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/huiyin/huiyin/listeners"
)

const (
	// longestWait bounds the pause after failed reads.
	longestWait = 6 * time.Hour
	// longestAsked bounds what Retry-After can ask for.
	longestAsked = 24 * time.Hour
	// wholeEvery is how often a feed is read without conditions, whatever its
	// ETag says.
	wholeEvery = 6 * time.Hour
)

func randomShare() float64 {
	return rand.Float64() //nolint:gosec // spreads reads over time, decides nothing
}

// Poll implements listeners.Poller.
func (f *Feed) Poll(ctx context.Context, raw []byte) (listeners.Batch, error) {
	c, known := f.load(raw)
	now := f.now()
	var when conditions
	if known && now.Sub(c.Whole) < wholeEvery {
		when = conditions{c.ETag, c.Modified}
	}
	a, err := f.ask(ctx, &c, when)
	if err != nil {
		return listeners.Batch{}, f.fail(failedNote(err), 0, err)
	}
	if a.status == http.StatusNotModified && when != (conditions{}) {
		return f.batch(c, nil, false, first(c.rhythm(now), c.movedNote())), nil
	}
	if a.status == http.StatusNoContent {
		a.status = http.StatusOK
	}
	if a.status != http.StatusOK && a.status != http.StatusNonAuthoritativeInfo {
		return listeners.Batch{}, f.fail(statusNote(a.status), a.retry, fmt.Errorf("the source answered %d", a.status))
	}
	p, err := f.understand(a)
	if err != nil {
		return listeners.Batch{}, f.fail(failedNote(err), 0, err)
	}
	return f.take(c, known, a, p, now)
}

// ask fetches the feed from where it lives now; where that fails, from where
// the operator said.
func (f *Feed) ask(ctx context.Context, c *cursor, when conditions) (*answer, error) {
	if c.Moved != "" {
		a, err := f.fetch(ctx, c.Moved, when)
		if err == nil && a.status < 400 {
			if a.moved != "" {
				c.Moved = a.moved
			}
			return a, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.Moved, when = "", conditions{}
	}
	a, err := f.fetch(ctx, f.o.URL, when)
	if err == nil {
		c.Moved = a.moved
	}
	return a, err
}

// understand decodes and parses an answer. One without a byte is a feed with
// nothing in it.
func (f *Feed) understand(a *answer) (parsed, error) {
	text, _ := decode(a.body, a.contentType)
	if len(text) == 0 && !a.cut {
		return parsed{}, nil
	}
	p, err := parse(text, a.cut)
	if err == nil && p.salvaged && len(p.feed.Items) == 0 {
		err = fmt.Errorf("%w: it is broken, no entry could be read", errNoFeed)
	}
	return p, err
}

// take makes a batch of what was read.
func (f *Feed) take(c cursor, known bool, a *answer, p parsed, now time.Time) (listeners.Batch, error) {
	var all []found
	if p.feed != nil {
		all = f.entries(p.feed.Items, f.base(p, c), now)
	}
	c.ETag, c.Modified = a.etag, a.modified
	if a.cut || p.salvaged || len(all) == 0 {
		c.ETag, c.Modified = "", "" // the next read is to be whole
	}
	c.Whole = stamp(now)
	if !known && !c.continues(all) {
		c = cursor{Source: c.Source, ETag: c.ETag, Modified: c.Modified, Moved: c.Moved, Whole: c.Whole}
		c.begin(all, now)
		c.Partial = p.salvaged
		_, seen, r := sift(readRing(nil), all)
		c.Ring = r.bytes(seen)
		b := f.batch(c, entriesOf(all), true, first(f.salvaged(p, all), c.contents(len(all)), c.movedNote()))
		return b, nil
	}
	before := readRing(c.Ring)
	had := len(before.list)
	fresh, seen, r := sift(before, all)
	c.Ring = r.bytes(seen)
	contents := c.contents(len(all))
	var gap listeners.Note
	if isGap(had, len(all), newAmong(fresh)) {
		gap = gapNote()
	}
	if c.Partial {
		for i := range fresh {
			at := fresh[i].entry.PostedAt
			fresh[i].entry.History = fresh[i].entry.History || at.IsZero() || at.Before(c.Began)
		}
		c.Partial = p.salvaged
	}
	c.learn(len(all), newAmong(fresh), now)
	note := first(contents, f.salvaged(p, all), gap, c.rhythm(now), c.movedNote())
	return f.batch(c, entriesOf(fresh), false, note), nil
}

func (f *Feed) salvaged(p parsed, all []found) listeners.Note {
	if !p.salvaged {
		return listeners.Note{}
	}
	return salvagedNote(len(all))
}

func (c *cursor) movedNote() listeners.Note {
	if c.Moved == "" {
		return listeners.Note{}
	}
	return movedNote()
}

// isGap reports whether an answer has nothing in common with the ones before:
// what was said in between may have scrolled off.
func isGap(had, now, fresh int) bool { return had >= 3 && now >= 3 && fresh == now }

// sift returns those of all that are new or edited, with the id the store knows
// them by, and the ring with all of them seen.
func sift(r *ring, all []found) (fresh []found, seen map[int]bool, _ *ring) {
	seen = map[int]bool{}
	for _, e := range all {
		at := r.find(e.marks)
		if at < 0 || seen[at] && r.list[at].marks.primary != e.marks.primary {
			// New; or it looks like one that this answer holds beside it.
			r.add(remembered{id: e.marks.primary, marks: e.marks})
			seen[len(r.list)-1] = true
			fresh = append(fresh, e)
			continue
		}
		m := &r.list[at]
		seen[at] = true
		if m.marks.revision != e.marks.revision {
			e.entry.ID = hex.EncodeToString(m.id[:])
			e.edited = true
			fresh = append(fresh, e)
		}
		m.marks = e.marks
		r.index(at)
	}
	return fresh, seen, r
}

func newAmong(list []found) int {
	n := 0
	for _, e := range list {
		if !e.edited {
			n++
		}
	}
	return n
}

func entriesOf(list []found) []listeners.Entry {
	out := make([]listeners.Entry, len(list))
	for i, e := range list {
		out[i] = e.entry
	}
	return out
}

// base is what relative addresses are relative to.
func (f *Feed) base(p parsed, c cursor) *url.URL {
	at := f.o.URL
	if c.Moved != "" {
		at = c.Moved
	}
	u, err := url.Parse(at)
	if err != nil {
		return nil
	}
	if site := address(p.feed.Link, u); site != "" {
		if s, err := url.Parse(site); err == nil {
			return s
		}
	}
	return u
}

// batch ends a good read.
func (f *Feed) batch(c cursor, entries []listeners.Entry, begun bool, note listeners.Note) listeners.Batch {
	f.mu.Lock()
	f.failed = 0
	f.mu.Unlock()
	raw, err := json.Marshal(c)
	if err != nil {
		raw = nil // a struct of plain fields: cannot happen, and means a first read if it did
	}
	return listeners.Batch{Entries: entries, Cursor: raw, First: begun, Note: note, Next: f.jittered(f.o.Every, 0.1)}
}

// fail ends a failed read with the time until the next: longer with every
// failure, and no shorter than the source asked for.
func (f *Feed) fail(note listeners.Note, asked time.Duration, err error) error {
	f.mu.Lock()
	f.failed++
	wait := longestWait
	if shift := f.failed - 1; shift < 16 {
		wait = min(f.o.Every<<shift, longestWait)
	}
	f.mu.Unlock()
	wait = max(wait, f.o.Every)
	if note.Code == "gone" {
		wait = longestAsked
	}
	wait = f.jittered(wait, 0.2)
	if note.Code != "gone" {
		wait = max(min(wait, longestWait), f.o.Every/2)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &listeners.PollError{After: max(wait, min(asked, longestAsked)), Note: note, Err: fmt.Errorf("feed: %w", err)}
}

// jittered spreads d by a part of it, so that many sources are not read at the
// same moment.
func (f *Feed) jittered(d time.Duration, part float64) time.Duration {
	return d + time.Duration(float64(d)*part*(2*f.share()-1))
}
