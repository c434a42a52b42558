package feed

import (
	"encoding/hex"
	"encoding/json"
	"time"
)

// cursor is what is remembered from one read to the next.
type cursor struct {
	Source   string    `json:"source"` // of which address: another one is read for the first time
	ETag     string    `json:"etag,omitempty"`
	Modified string    `json:"modified,omitempty"`
	Moved    string    `json:"moved,omitempty"`   // where the source says it lives now
	Began    time.Time `json:"began"`             // of the first read
	Partial  bool      `json:"partial,omitempty"` // the first read was not whole
	Whole    time.Time `json:"whole"`             // of the last unconditional read
	News     time.Time `json:"news"`              // when something was new
	Count    int       `json:"count"`             // how much was new so far, up to enoughNews
	Every    float64   `json:"every"`             // seconds between two new entries, as a rule
	Typical  float64   `json:"typical"`           // entries in one answer, as a rule
	Ring     []byte    `json:"ring,omitempty"`
}

// load reads a cursor and reports whether there was one of this address. What
// cannot be read counts as none: the store knows the entries anyway. Of another
// address only the entries are kept, to see whether it is the same source.
func (f *Feed) load(raw []byte) (c cursor, known bool) {
	source := sourceOf(f.o.URL)
	if len(raw) == 0 || json.Unmarshal(raw, &c) != nil || c.Began.IsZero() {
		return cursor{Source: source}, false
	}
	if c.Source != source {
		c.Source, c.ETag, c.Modified, c.Moved = source, "", "", ""
		return c, false
	}
	return c, true
}

// continues reports whether an answer of another address is of the source read
// so far: half of its entries are known. A key in the address was changed, or
// the operator wrote down where the source had moved.
func (c *cursor) continues(all []found) bool {
	if len(c.Ring) == 0 || len(all) == 0 {
		return false
	}
	r := readRing(c.Ring)
	same := 0
	for _, e := range all {
		if r.find(e.marks) >= 0 {
			same++
		}
	}
	return 2*same >= len(all)
}

func sourceOf(address string) string {
	d := digest("source", address)
	return hex.EncodeToString(d[:8])
}

// remembered is one entry in the ring.
type remembered struct {
	id    [16]byte // what the store knows it by
	marks marks
}

const (
	recordSize = 16 + 16 + 8 + 8 + 8
	minRing    = 500
	maxRing    = 4 * maxEntries
)

// ring remembers entries, the least lately seen first.
type ring struct {
	list []remembered
	by   map[string]int // mark → place in list, plus one
}

// readRing takes a ring from a cursor; what is not a whole record is left out.
func readRing(b []byte) *ring {
	r := &ring{by: map[string]int{}}
	for ; len(b) >= recordSize && len(r.list) < maxRing; b = b[recordSize:] {
		var m remembered
		copy(m.id[:], b)
		copy(m.marks.primary[:], b[16:])
		copy(m.marks.linked[:], b[32:])
		copy(m.marks.dated[:], b[40:])
		copy(m.marks.revision[:], b[48:])
		r.add(m)
	}
	return r
}

func (r *ring) add(m remembered) {
	r.list = append(r.list, m)
	r.index(len(r.list) - 1)
}

func (r *ring) index(at int) {
	m := r.list[at].marks
	r.by["p"+string(m.primary[:])] = at + 1
	if m.linked != ([8]byte{}) {
		r.by["l"+string(m.linked[:])] = at + 1
	}
	if m.dated != ([8]byte{}) {
		r.by["d"+string(m.dated[:])] = at + 1
	}
}

// find returns where an entry is remembered, by its id or by everything else;
// -1: nowhere.
func (r *ring) find(m marks) int {
	if at := r.by["p"+string(m.primary[:])]; at > 0 {
		return at - 1
	}
	if m.linked != ([8]byte{}) {
		if at := r.by["l"+string(m.linked[:])]; at > 0 {
			return at - 1
		}
	}
	if m.dated != ([8]byte{}) {
		if at := r.by["d"+string(m.dated[:])]; at > 0 {
			return at - 1
		}
	}
	return -1
}

// bytes returns the ring with those seen just now last, bounded to a few
// answers' worth.
func (r *ring) bytes(seen map[int]bool) []byte {
	size := min(max(minRing, 4*len(seen)), maxRing)
	order := make([]int, 0, len(r.list))
	for at := range r.list {
		if !seen[at] {
			order = append(order, at)
		}
	}
	for at := range r.list {
		if seen[at] {
			order = append(order, at)
		}
	}
	order = order[max(0, len(order)-size):]
	b := make([]byte, 0, len(order)*recordSize)
	for _, at := range order {
		m := r.list[at]
		b = append(b, m.id[:]...)
		b = append(b, m.marks.primary[:]...)
		b = append(b, m.marks.linked[:]...)
		b = append(b, m.marks.dated[:]...)
		b = append(b, m.marks.revision[:]...)
	}
	return b
}

// stamp returns t as the cursor keeps it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
