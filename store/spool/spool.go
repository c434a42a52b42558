// Package spool keeps on disk what was pushed to us while the database cannot
// take it: records are appended, flushed, and only then acknowledged, and given
// back in their order once the database is there again.
//
// A spool is one slot (a directory of numbered segments) under a root that
// processes of one machine share; an OS lock makes a slot one process's. What a
// record holds is its owner's business: bytes here. Files are the owner's alone
// (0700, 0600), and a segment is deleted as soon as all of it was taken over.
package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Errors of a spool.
var (
	// ErrFull says that the spool has reached its bound or the disk has no room:
	// nothing was kept.
	ErrFull = errors.New("the disk spool is full")
	// ErrClosed says that the spool was closed.
	ErrClosed = errors.New("the disk spool is closed")
	// ErrTooBig says that a record is larger than MaxRecord.
	ErrTooBig = errors.New("the record is too large for the disk spool")
)

const (
	// MaxRecord bounds one record, in bytes.
	MaxRecord = 4 << 20
	// DefaultMax bounds a spool that names no bound, in bytes.
	DefaultMax = 256 << 20
	// defaultSegment is the size at which a new segment is begun, in bytes.
	defaultSegment = 8 << 20
	// maxSlots is how many processes may share a root.
	maxSlots = 64
)

// Options are what a Spool needs. Zero values mean the defaults.
type Options struct {
	Max     int64 // bytes of all segments and of what was set aside; 0: DefaultMax
	Segment int64 // bytes at which a new segment is begun
	Log     *slog.Logger
	// Failpoint, in tests, is called by name at each step.
	Failpoint func(name string)
}

// Record is something to be kept, and when it came.
type Record struct {
	At   time.Time // kept in microseconds
	Data []byte
}

// Stats say how much is kept.
type Stats struct {
	Depth       int       // records that wait
	Bytes       int64     // on disk
	Oldest      time.Time // when the oldest that waits came; zero: none waits
	Quarantined int       // records that were set aside
}

// Spool is one process's slot. It is safe for concurrent use; one goroutine at a
// time may read (Next, Quarantine, Done).
type Spool struct {
	dir   string
	lock  *flock.Flock
	max   int64
	limit int64 // of a segment
	log   *slog.Logger
	fail  func(string)
	write func(f *os.File, b []byte) error
	sync  func(f *os.File) error

	queue chan *appending
	quit  chan struct{}
	ended chan struct{}
	once  sync.Once
	bell  chan struct{}

	mu       sync.Mutex
	segments []*segment // the oldest first; the last may be the one that is written
	active   *os.File   // nil: the next append begins a segment
	seq      int64      // of the newest segment there ever was
	at       position   // before the oldest record that waits
	oldest   time.Time  // when it came, where that was read
	aside    int64      // bytes set aside
	held     int        // records set aside
}

// segment is one file. size is what of it is durable and whole.
type segment struct {
	seq    int64
	path   string
	size   int64
	unread int
}

// position is a place between two records.
type position struct{ seq, offset int64 }

// Open takes the first free slot below root and recovers what it holds: a torn
// end, which was never acknowledged, is cut off. It is an error where every
// slot is in use or the directory cannot be written.
func Open(root string, o Options) (*Spool, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("spool: make its directory: %w", err)
	}
	for n := range maxSlots {
		s, err := openSlot(filepath.Join(root, strconv.Itoa(n)), o)
		if s != nil || err != nil {
			return s, err
		}
	}
	return nil, fmt.Errorf("spool: all %d slots below %s are in use: give each group of processes a directory of its own", maxSlots, root)
}

// Orphans takes the slots below root that hold records and belong to no living
// process: theirs has died while others lived. The caller replays and closes
// them.
func Orphans(root string, o Options) ([]*Spool, error) {
	slots, err := slotsOf(root)
	if err != nil {
		return nil, err
	}
	var orphans []*Spool
	for _, dir := range slots {
		if st, err := look(dir); err != nil || st.Depth == 0 {
			continue
		}
		s, err := openSlot(dir, o)
		if err != nil {
			return orphans, err
		}
		if s != nil {
			orphans = append(orphans, s)
		}
	}
	return orphans, nil
}

// openSlot returns nil where another process has the slot.
func openSlot(dir string, o Options) (_ *Spool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: make a slot: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("spool: lock a slot: %w", err)
	}
	if !held {
		return nil, nil //nolint:nilnil // a slot in use is no failure
	}
	s := &Spool{
		dir: dir, lock: lock, max: o.Max, limit: o.Segment, log: o.Log, fail: o.Failpoint, write: writeAll, sync: (*os.File).Sync,
		queue: make(chan *appending, 1024), quit: make(chan struct{}), ended: make(chan struct{}), bell: make(chan struct{}, 1),
	}
	if s.max <= 0 {
		s.max = DefaultMax
	}
	if s.limit <= 0 {
		s.limit = defaultSegment
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.fail == nil {
		s.fail = func(string) {}
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	go s.loop()
	return s, nil
}

// Stats returns how much is kept now.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Depth: s.depth(), Bytes: s.bytes(), Oldest: s.oldest, Quarantined: s.held}
}

// Depth returns how many records wait.
func (s *Spool) Depth() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.depth()
}

func (s *Spool) depth() int {
	n := 0
	for _, g := range s.segments {
		n += g.unread
	}
	return n
}

func (s *Spool) bytes() int64 {
	n := s.aside
	for _, g := range s.segments {
		n += g.size
	}
	return n
}

// Room reports whether a small record would be taken.
func (s *Spool) Room() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes()+4<<10 <= s.max
}

// Bell rings after records were appended.
func (s *Spool) Bell() <-chan struct{} { return s.bell }

// Close finishes what is being appended and gives the slot back. What waits
// stays on disk.
func (s *Spool) Close() error {
	var err error
	s.once.Do(func() {
		close(s.quit)
		<-s.ended
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.active != nil {
			err = s.active.Close()
			s.active = nil
		}
		err = errors.Join(err, s.lock.Unlock())
	})
	return err
}

// Look says how much all slots below root hold, without taking any: for people
// who ask while a process works, and before work that must see everything.
func Look(root string) (Stats, error) {
	var all Stats
	slots, err := slotsOf(root)
	if err != nil {
		return all, err
	}
	for _, dir := range slots {
		st, err := look(dir)
		if err != nil {
			return all, err
		}
		all.Depth += st.Depth
		all.Bytes += st.Bytes
		all.Quarantined += st.Quarantined
		if !st.Oldest.IsZero() && (all.Oldest.IsZero() || st.Oldest.Before(all.Oldest)) {
			all.Oldest = st.Oldest
		}
	}
	return all, nil
}

func slotsOf(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	var slots []string
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && n >= 0 && e.IsDir() {
			slots = append(slots, filepath.Join(root, e.Name()))
		}
	}
	slices.Sort(slots)
	return slots, nil
}
