package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Batch is some of the oldest records that wait.
type Batch struct {
	Records []Record
	seq     int64
	ends    []int64 // where each record ends
	end     int64   // of all, damaged bytes behind them included
	damaged []damage
}

// Empty reports whether there is nothing to take over and nothing to set aside.
func (b Batch) Empty() bool { return len(b.Records) == 0 && len(b.damaged) == 0 }

type damage struct {
	bytes  []byte
	offset int64
	why    error
}

// Next returns the oldest records that wait, at most max of them and about
// maxBytes of data, from one segment; none where nothing waits. They stay until
// Done. Damaged bytes in between are passed over: Done sets them aside. Empty
// tells a batch that there is nothing to do for.
func (s *Spool) Next(max int, maxBytes int64) (Batch, error) {
	s.mu.Lock()
	at, g := s.at, s.head()
	var size int64
	if g != nil {
		size = g.size
	}
	s.mu.Unlock()
	if g == nil {
		return Batch{}, nil
	}
	from := int64(0)
	if at.seq == g.seq {
		from = at.offset
	}
	b := Batch{seq: g.seq, end: from}
	body, err := readRange(g.path, from, size)
	if err != nil {
		return b, fmt.Errorf("spool: read: %w", err)
	}
	var read int64
	stopped := false
	last, _ := scan(body, func(start, end int, r Record) bool {
		if len(b.Records) >= max || len(b.Records) > 0 && read >= maxBytes {
			stopped = true
			return false
		}
		b.Records, b.ends = append(b.Records, r), append(b.ends, from+int64(end))
		b.end = from + int64(end)
		read += int64(end - start)
		return true
	}, func(start, end int, why error) {
		b.damaged = append(b.damaged, damage{body[start:end], from + int64(start), why})
		b.end = from + int64(end)
	})
	if !stopped && last < len(body) {
		b.damaged = append(b.damaged, damage{body[last:], from + int64(last), errCorrupt})
		b.end = size
	}
	return b, nil
}

// head returns the segment that the oldest record which waits lies in, dropping
// empty ones before it.
func (s *Spool) head() *segment {
	for _, g := range s.segments {
		if s.at.seq > g.seq || s.at.seq == g.seq && s.at.offset >= g.size {
			continue
		}
		if g.size > 0 {
			return g
		}
	}
	return nil
}

func readRange(path string, from, to int64) (_ []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := make([]byte, to-from)
	if _, err := io.ReadFull(io.NewSectionReader(f, from, to-from), b); err != nil {
		return nil, err
	}
	return b, nil
}

// Done forgets the first n records of a batch: they are in the database, or set
// aside. n = len(b.Records) forgets the damaged bytes too, which are set aside
// first. Segments that are done with are deleted.
func (s *Spool) Done(b Batch, n int) error {
	end := b.end
	if n < len(b.Records) {
		if n == 0 {
			return nil
		}
		end = b.ends[n-1]
	}
	for _, d := range b.damaged {
		if d.offset < end {
			if err := s.setAside(position{b.seq, d.offset}, d.bytes, d.why); err != nil {
				return err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mark(position{b.seq, end}); err != nil {
		return err
	}
	s.fail("spool.marked")
	for _, g := range s.segments {
		if g.seq == b.seq {
			g.unread = max(g.unread-n, 0)
			if end >= g.size {
				g.unread = 0
			}
		}
	}
	s.oldest = time.Time{}
	if err := s.drop(); err != nil {
		return err
	}
	return s.readOldest()
}

// Quarantine sets record i of a batch aside with the reason why the database
// will not have it, for a person to look at.
func (s *Spool) Quarantine(b Batch, i int, why error) error {
	return s.setAside(position{b.seq, b.ends[i]}, b.Records[i].Data, why)
}

// setAside keeps bytes in a file of their own, the reason in one beside it.
func (s *Spool) setAside(at position, data []byte, why error) error {
	dir := filepath.Join(s.dir, "quarantine")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("spool: set a record aside: %w", err)
	}
	name := filepath.Join(dir, fmt.Sprintf("%012d-%012d", at.seq, at.offset))
	if err := writeFile(name+".reason", []byte(why.Error()+"\n")); err != nil {
		return fmt.Errorf("spool: set a record aside: %w", err)
	}
	if err := writeFile(name+".record", data); err != nil {
		return fmt.Errorf("spool: set a record aside: %w", err)
	}
	s.log.Error("a record of the disk spool was set aside", "segment", at.seq, "offset", at.offset, "bytes", len(data), "file", name+".record")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.aside = asideIn(s.dir)
	return nil
}

// asideIn counts what was set aside in a slot.
func asideIn(slot string) (n int, size int64) {
	files, err := filepath.Glob(filepath.Join(slot, "quarantine", "*.record"))
	if err != nil {
		return 0, 0
	}
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			n++
			size += info.Size()
		}
	}
	return n, size
}

// drop deletes the segments before the position; the one that is written, too,
// once all of it is done with.
func (s *Spool) drop() error {
	for len(s.segments) > 0 {
		g := s.segments[0]
		if s.at.seq < g.seq || s.at.seq == g.seq && s.at.offset < g.size {
			return nil
		}
		if len(s.segments) == 1 && s.active != nil {
			s.seal()
		}
		if err := os.Remove(g.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("spool: delete a segment: %w", err)
		}
		s.segments = s.segments[1:]
		s.fail("spool.dropped")
	}
	return nil
}

// readOldest finds out when the oldest record that waits came.
func (s *Spool) readOldest() error {
	g := s.head()
	if g == nil {
		return nil
	}
	from := int64(0)
	if s.at.seq == g.seq {
		from = s.at.offset
	}
	head, err := readRange(g.path, from, min(from+headerSize, g.size))
	if err != nil {
		return fmt.Errorf("spool: read: %w", err)
	}
	s.oldest = timeOf(head)
	return nil
}
