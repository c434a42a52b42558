package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// The bounds of one group of appends: what waits while the disk flushes is
// written and flushed together.
const (
	groupJobs  = 256
	groupBytes = 2 << 20
)

// appending is one call of Append.
type appending struct {
	frames []byte
	n      int
	first  time.Time
	done   chan error
}

// Append keeps records, all or none, and returns once they are durable.
// ErrFull: there is no room, nothing was kept. A caller whose ctx ends first may
// still have its records kept: it says nothing to whom they came from, who
// brings them again.
func (s *Spool) Append(ctx context.Context, records ...Record) error {
	if len(records) == 0 {
		return nil
	}
	j := &appending{n: len(records), first: records[0].At, done: make(chan error, 1)}
	for _, r := range records {
		if len(r.Data) > MaxRecord {
			return ErrTooBig
		}
		j.frames = appendFrame(j.frames, r)
	}
	select {
	case <-s.quit:
		return ErrClosed
	default:
	}
	select {
	case s.queue <- j:
	case <-s.ended:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
		select {
		case err := <-j.done:
			return err
		default:
			return ErrClosed
		}
	}
}

func (s *Spool) loop() {
	defer close(s.ended)
	for {
		select {
		case j := <-s.queue:
			s.group(j)
		case <-s.quit:
			for {
				select {
				case j := <-s.queue:
					s.group(j)
				default:
					return
				}
			}
		}
	}
}

// group appends first and what waits behind it with one flush.
func (s *Spool) group(first *appending) {
	jobs, size := []*appending{first}, len(first.frames)
	for len(jobs) < groupJobs && size < groupBytes {
		select {
		case j := <-s.queue:
			jobs = append(jobs, j)
			size += len(j.frames)
			continue
		default:
		}
		break
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.max - s.bytes()
	var taken []*appending
	var frames []byte
	for _, j := range jobs {
		if int64(len(frames)+len(j.frames)) > room {
			j.done <- ErrFull
			continue
		}
		taken, frames = append(taken, j), append(frames, j.frames...)
	}
	if len(taken) == 0 {
		return
	}
	err := s.put(frames)
	for _, j := range taken {
		if err == nil {
			s.segments[len(s.segments)-1].unread += j.n
			if s.oldest.IsZero() {
				s.oldest = j.first
			}
		}
		j.done <- err
	}
	if err == nil {
		select {
		case s.bell <- struct{}{}:
		default:
		}
	}
}

// put writes frames to the segment that is open and flushes them. Where that
// fails the segment is as it was.
func (s *Spool) put(frames []byte) error {
	if s.active != nil && s.segments[len(s.segments)-1].size >= s.limit {
		s.seal()
	}
	if s.active == nil {
		if err := s.begin(); err != nil {
			return refused("begin a segment", err)
		}
	}
	g := s.segments[len(s.segments)-1]
	if err := s.write(s.active, frames); err != nil {
		s.undo(g)
		return refused("write", err)
	}
	s.fail("spool.written")
	if err := s.sync(s.active); err != nil {
		// What the system dropped cannot be flushed again: the segment ends here.
		s.undo(g)
		s.seal()
		return refused("flush", err)
	}
	g.size += int64(len(frames))
	s.fail("spool.synced")
	return nil
}

// refused tells a full disk from other troubles.
func refused(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("spool: %s: %w: %w", what, ErrFull, err)
	}
	return fmt.Errorf("spool: %s: %w", what, err)
}

// undo cuts off what was written of frames that are not kept.
func (s *Spool) undo(g *segment) {
	_, seek := s.active.Seek(g.size, 0)
	if err := errors.Join(s.active.Truncate(g.size), seek); err != nil {
		// What stays behind was not acknowledged: at the next start it is a torn
		// end or, whole, a record that comes a second time and is known.
		s.log.Warn("the disk spool could not take back an append", "err", err)
		s.seal()
	}
}

// seal closes the segment that is written.
func (s *Spool) seal() {
	if err := s.active.Close(); err != nil {
		s.log.Warn("the disk spool could not close a segment", "err", err)
	}
	s.active = nil
}

// begin makes a new segment, known to its directory before anything is in it.
func (s *Spool) begin() error {
	s.seq++
	g := &segment{seq: s.seq, path: filepath.Join(s.dir, segmentName(s.seq))}
	f, err := os.OpenFile(g.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, f.Close(), os.Remove(g.path))
	}
	s.active, s.segments = f, append(s.segments, g)
	return nil
}

func writeAll(f *os.File, b []byte) error {
	_, err := f.Write(b)
	return err
}

// syncDir makes names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
