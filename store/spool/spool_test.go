package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string, o Options) *Spool {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t *testing.T, s *Spool, texts ...string) {
	t.Helper()
	for i, text := range texts {
		if err := s.Append(context.Background(), Record{At: noon.Add(time.Duration(i) * time.Second), Data: []byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
}

// drain takes everything over and returns it.
func drain(t *testing.T, s *Spool, max int) []string {
	t.Helper()
	var all []string
	for {
		b, err := s.Next(max, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if b.Empty() {
			return all
		}
		for _, r := range b.Records {
			all = append(all, string(r.Data))
		}
		if err := s.Done(b, len(b.Records)); err != nil {
			t.Fatal(err)
		}
	}
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// segments returns the segment files of slot 0.
func segments(t *testing.T, root string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "0", "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestKeptInOrderAndDeletedAfterwards(t *testing.T) {
	root := filepath.Join(t.TempDir(), "spool")
	s := open(t, root, Options{Segment: 60})
	put(t, s, "一", "二", "三", "四", "五")
	if st := s.Stats(); st.Depth != 5 || !st.Oldest.Equal(noon) || st.Bytes == 0 {
		t.Errorf("stats are %+v", st)
	}
	if got, err := Look(root); err != nil || got.Depth != 5 || !got.Oldest.Equal(noon) {
		t.Errorf("a look from outside says %+v, %v", got, err)
	}
	if len(segments(t, root)) < 2 {
		t.Error("no second segment was begun")
	}
	b, err := s.Next(2, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Done(b, 1); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Depth != 4 || !st.Oldest.Equal(noon.Add(time.Second)) {
		t.Errorf("after the first, stats are %+v", st)
	}
	same(t, drain(t, s, 2), "二", "三", "四", "五")
	if left := segments(t, root); len(left) != 0 {
		t.Errorf("raw payloads remain in %v", left)
	}
	if st := s.Stats(); st != (Stats{}) {
		t.Errorf("emptied, stats are %+v", st)
	}
	put(t, s, "六")
	same(t, drain(t, s, 2), "六")
}

func TestOwnersEyesOnly(t *testing.T) {
	root := filepath.Join(t.TempDir(), "spool")
	s := open(t, root, Options{})
	put(t, s, "电话 13800138000")
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReopened(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, Options{})
	put(t, s, "一", "二", "三")
	b, err := s.Next(1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Done(b, 1), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, root, Options{})
	if st := s.Stats(); st.Depth != 2 || !st.Oldest.Equal(noon.Add(time.Second)) {
		t.Errorf("stats are %+v", st)
	}
	put(t, s, "四")
	same(t, drain(t, s, 10), "二", "三", "四")
	if err := s.Append(context.Background(), Record{At: noon, Data: []byte("五")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(context.Background(), Record{At: noon}); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed spool says %v", err)
	}
	s = open(t, root, Options{})
	same(t, drain(t, s, 10), "五")
}

// TestTornEnd cuts the last segment at every byte: what was whole stays, what
// broke off is gone, and nothing stands in the way of what follows.
func TestTornEnd(t *testing.T) {
	first := appendFrame(nil, Record{At: noon, Data: []byte("一")})
	both := appendFrame(bytes.Clone(first), Record{At: noon, Data: []byte("二二")})
	for cut := len(first); cut < len(both); cut++ {
		root := t.TempDir()
		write(t, root, 1, both[:cut])
		s := open(t, root, Options{})
		put(t, s, "三")
		same(t, drain(t, s, 10), "一", "三")
		if st := s.Stats(); st.Quarantined != 0 {
			t.Errorf("cut at %d, %d were set aside", cut, st.Quarantined)
		}
	}
	root := t.TempDir()
	write(t, root, 1, append(bytes.Clone(both), make([]byte, 500)...))
	same(t, drain(t, open(t, root, Options{}), 10), "一", "二二")
}

func write(t *testing.T, root string, seq int64, body []byte) {
	t.Helper()
	dir := filepath.Join(root, "0")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, segmentName(seq)), body, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamageIsSetAside flips every byte of the middle one of three records, and
// of the last one of two: what is whole comes, the rest is kept for a person.
func TestDamageIsSetAside(t *testing.T) {
	first := appendFrame(nil, Record{At: noon, Data: []byte("一")})
	two := appendFrame(bytes.Clone(first), Record{At: noon, Data: []byte("二二")})
	three := appendFrame(bytes.Clone(two), Record{At: noon, Data: []byte("三")})
	for at := len(first); at < len(two); at++ {
		root := t.TempDir()
		body := bytes.Clone(three)
		body[at] ^= 0x41
		write(t, root, 1, body)
		s := open(t, root, Options{})
		same(t, drain(t, s, 10), "一", "三")
		reasons, err := filepath.Glob(filepath.Join(root, "0", "quarantine", "*.reason"))
		if err != nil || len(reasons) != 1 || s.Stats().Quarantined != 1 {
			t.Fatalf("byte %d: set aside: %v, %v", at, reasons, err)
		}
		if why, err := os.ReadFile(reasons[0]); err != nil || len(why) < 10 {
			t.Errorf("the reason reads %q, %v", why, err)
		}
	}
	for at := len(first) + headerSize; at < len(two); at++ {
		root := t.TempDir()
		body := bytes.Clone(two)
		body[at] ^= 0x41
		write(t, root, 1, body)
		write(t, root, 2, appendFrame(nil, Record{At: noon, Data: []byte("三")}))
		s := open(t, root, Options{})
		same(t, drain(t, s, 10), "一", "三")
		if s.Stats().Quarantined != 1 {
			t.Errorf("byte %d: nothing was set aside", at)
		}
	}
}

func TestRefusedRecordIsSetAside(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, Options{})
	put(t, s, "一", "坏", "三")
	b, err := s.Next(10, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Quarantine(b, 1, errors.New("no bot has this name")); err != nil {
		t.Fatal(err)
	}
	if err := s.Done(b, 3); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Depth != 0 || st.Quarantined != 1 {
		t.Errorf("stats are %+v", st)
	}
	kept, err := filepath.Glob(filepath.Join(root, "0", "quarantine", "*.record"))
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	if body, err := os.ReadFile(kept[0]); err != nil || string(body) != "坏" {
		t.Errorf("kept %q, %v", body, err)
	}
	if got, err := Look(root); err != nil || got.Quarantined != 1 {
		t.Errorf("a look says %+v, %v", got, err)
	}
}

func TestBound(t *testing.T) {
	s := open(t, t.TempDir(), Options{Max: 1000})
	record := Record{At: noon, Data: make([]byte, 300)}
	for range 3 {
		if err := s.Append(context.Background(), record); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Append(context.Background(), record); !errors.Is(err, ErrFull) {
		t.Errorf("beyond its bound it says %v", err)
	}
	if err := s.Append(context.Background(), record, record); !errors.Is(err, ErrFull) {
		t.Errorf("beyond its bound it says %v", err)
	}
	if s.Room() {
		t.Error("it says that there is room")
	}
	if n := len(drain(t, s, 10)); n != 3 {
		t.Errorf("%d were kept", n)
	}
	if err := s.Append(context.Background(), record); err != nil {
		t.Errorf("emptied, it says %v", err)
	}
	if err := s.Append(context.Background(), Record{Data: make([]byte, MaxRecord+1)}); !errors.Is(err, ErrTooBig) {
		t.Errorf("of a huge record it says %v", err)
	}
}

// TestDiskTroubles lets writing and flushing fail: nothing of the refused append
// stays, and the next one is kept.
func TestDiskTroubles(t *testing.T) {
	for name, trouble := range map[string]func(s *Spool){
		"full": func(s *Spool) {
			s.write = func(f *os.File, b []byte) error {
				if _, err := f.Write(b[:len(b)/2]); err != nil {
					return err
				}
				return &os.PathError{Op: "write", Err: syscall.ENOSPC}
			}
		},
		"flush": func(s *Spool) { s.sync = func(*os.File) error { return syscall.EIO } },
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, root, Options{})
			put(t, s, "一")
			trouble(s)
			err := s.Append(context.Background(), Record{At: noon, Data: []byte("二")})
			if err == nil || name == "full" != errors.Is(err, ErrFull) {
				t.Errorf("it says %v", err)
			}
			s.write, s.sync = writeAll, (*os.File).Sync
			put(t, s, "三")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			same(t, drain(t, open(t, root, Options{}), 10), "一", "三")
		})
	}
}

func TestOneProcessASlot(t *testing.T) {
	root := t.TempDir()
	a, b := open(t, root, Options{}), open(t, root, Options{})
	put(t, a, "甲")
	put(t, b, "乙")
	if orphans, err := Orphans(root, Options{}); err != nil || len(orphans) != 0 {
		t.Fatalf("of two living ones orphans are %v, %v", orphans, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	orphans, err := Orphans(root, Options{})
	if err != nil || len(orphans) != 1 {
		t.Fatalf("orphans are %v, %v", orphans, err)
	}
	same(t, drain(t, orphans[0], 10), "乙")
	if err := orphans[0].Close(); err != nil {
		t.Fatal(err)
	}
	if st, err := Look(root); err != nil || st.Depth != 1 {
		t.Errorf("%+v waits, %v", st, err)
	}
}

func TestManyAtOnce(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, Options{Segment: 4 << 10})
	const writers, each = 20, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := s.Append(context.Background(), Record{At: noon, Data: fmt.Appendf(nil, "%d/%d", w, i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen, next := 0, map[string]int{}
	for seen < writers*each {
		for _, text := range drain(t, s, 7) {
			var w, i int
			if _, err := fmt.Sscanf(text, "%d/%d", &w, &i); err != nil {
				t.Fatal(err)
			}
			if key := fmt.Sprint(w); next[key] != i {
				t.Fatalf("of writer %d came %d, not %d", w, i, next[key])
			}
			next[fmt.Sprint(w)]++
			seen++
		}
	}
	wg.Wait()
	if left := segments(t, root); len(left) != 0 {
		t.Errorf("%v remain", left)
	}
}

func TestUnreadableMarkMeansFromTheBeginning(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, Options{})
	put(t, s, "一", "二")
	b, err := s.Next(1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Done(b, 1), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "0", markName), []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	same(t, drain(t, open(t, root, Options{}), 10), "一", "二")
}

// FuzzDecode reads anything as a segment: no panic, whole records come as they
// were written, and what comes can be written again.
func FuzzDecode(f *testing.F) {
	whole := appendFrame(appendFrame(nil, Record{At: noon, Data: []byte("一")}), Record{At: noon, Data: nil})
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(append([]byte("junk"), whole...))
	f.Add(bytes.Repeat(beginning, 50))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		end := 0
		last, _ := scan(b, func(start, stop int, r Record) bool {
			if start < end || stop > len(b) {
				t.Fatalf("a record from %d to %d after %d", start, stop, end)
			}
			end = stop
			if !bytes.Equal(appendFrame(nil, r), b[start:stop]) {
				t.Fatal("a record does not read as it is written")
			}
			return true
		}, func(start, stop int, why error) {
			if start != end || stop <= start || why == nil {
				t.Fatalf("damage from %d to %d after %d: %v", start, stop, end, why)
			}
			end = stop
		})
		if last != end {
			t.Fatalf("stopped at %d, not %d", last, end)
		}
		root := t.TempDir()
		write(t, root, 1, b)
		s := open(t, root, Options{})
		put(t, s, "last")
		all := drain(t, s, 3)
		if len(all) == 0 || all[len(all)-1] != "last" {
			t.Fatalf("what came after does not come: %q", all)
		}
	})
}
