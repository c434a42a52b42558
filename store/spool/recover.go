package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const markName = "done"

func segmentName(seq int64) string { return fmt.Sprintf("%012d.seg", seq) }

// recover reads a slot as a process left it, however it ended.
func (s *Spool) recover() error {
	segments, at, err := survey(s.dir)
	if err != nil {
		return err
	}
	s.at, s.seq = at, at.seq
	s.held, s.aside = asideIn(s.dir)
	for _, g := range segments {
		s.seq = max(s.seq, g.seq)
		if g.seq < at.seq {
			if err := os.Remove(g.path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("spool: delete a segment: %w", err)
			}
			continue
		}
		if err := s.adopt(g); err != nil {
			return err
		}
	}
	if err := s.drop(); err != nil {
		return err
	}
	return s.readOldest()
}

// adopt counts a segment's records and cuts a torn end off.
func (s *Spool) adopt(g *segment) error {
	body, err := os.ReadFile(g.path)
	if err != nil {
		return fmt.Errorf("spool: read: %w", err)
	}
	last, torn := g.count(body, s.at)
	g.size = int64(len(body))
	if last < len(body) && torn {
		s.log.Warn("the disk spool had a torn end, which nobody was told was kept", "segment", g.seq, "bytes", len(body)-last)
		if err := os.Truncate(g.path, int64(last)); err != nil {
			return fmt.Errorf("spool: cut a torn end: %w", err)
		}
		g.size = int64(last)
	}
	if g.size == 0 {
		if err := os.Remove(g.path); err != nil {
			return fmt.Errorf("spool: delete an empty segment: %w", err)
		}
		return nil
	}
	s.segments = append(s.segments, g)
	return nil
}

// count counts the records behind the position.
func (g *segment) count(body []byte, at position) (last int, torn bool) {
	from := int64(0)
	if at.seq == g.seq {
		from = min(at.offset, int64(len(body)))
	}
	last, torn = scan(body[from:], func(int, int, Record) bool { g.unread++; return true }, func(int, int, error) {})
	return last + int(from), torn
}

// survey lists a slot's segments, the oldest first, and the position.
func survey(dir string) ([]*segment, position, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, position{}, fmt.Errorf("spool: %w", err)
	}
	var segments []*segment
	for _, e := range entries {
		number, ok := strings.CutSuffix(e.Name(), ".seg")
		if !ok {
			continue
		}
		if seq, err := strconv.ParseInt(number, 10, 64); err == nil {
			segments = append(segments, &segment{seq: seq, path: filepath.Join(dir, e.Name())})
		}
	}
	slices.SortFunc(segments, func(a, b *segment) int { return int(a.seq - b.seq) })
	return segments, readMark(dir), nil
}

// readMark returns the position that was kept; the beginning where none can be
// read: what was taken over already is then known to the database.
func readMark(dir string) position {
	b, err := os.ReadFile(filepath.Join(dir, markName))
	if err != nil {
		return position{}
	}
	var at position
	if n, err := fmt.Sscanf(string(b), "%d %d\n", &at.seq, &at.offset); n != 2 || err != nil || at.seq < 0 || at.offset < 0 {
		return position{}
	}
	return at
}

// mark keeps the position durably.
func (s *Spool) mark(at position) error {
	if err := writeFile(filepath.Join(s.dir, markName), fmt.Appendf(nil, "%d %d\n", at.seq, at.offset)); err != nil {
		return fmt.Errorf("spool: keep how far it was read: %w", err)
	}
	s.at = at
	return nil
}

// writeFile replaces a file, whole and durably.
func writeFile(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(writeAll(f, data), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// look counts what a slot holds without changing it.
func look(dir string) (Stats, error) {
	var st Stats
	segments, at, err := survey(dir)
	if err != nil {
		return st, err
	}
	st.Quarantined, st.Bytes = asideIn(dir)
	for _, g := range segments {
		body, err := os.ReadFile(g.path)
		if errors.Is(err, os.ErrNotExist) || g.seq < at.seq {
			continue // taken over in the meantime
		}
		if err != nil {
			return st, fmt.Errorf("spool: read: %w", err)
		}
		st.Bytes += int64(len(body))
		g.count(body, at)
		if g.unread > 0 && st.Oldest.IsZero() {
			from := int64(0)
			if at.seq == g.seq {
				from = at.offset
			}
			st.Oldest = timeOf(body[from:])
		}
		st.Depth += g.unread
	}
	return st, nil
}

// timeOf returns the time in the header that b begins with; zero where none
// does.
func timeOf(b []byte) time.Time {
	if len(b) < headerSize || !bytes.HasPrefix(b, beginning) {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.LittleEndian.Uint64(b[8:]))).UTC()
}
