// Package files keeps what people send along: pictures, recordings, documents.
//
// A file is known by a random path that is made here and never by the name its
// sender gave it. Nothing is unpacked, converted or run. All paths go through
// an os.Root, so that none can lead out of the directory.
package files

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Errors that callers tell apart.
var (
	// ErrTooBig says that a file is longer than Options.MaxFile.
	ErrTooBig = errors.New("the file is larger than allowed")
	// ErrFull says that there is no room: Options.MaxTotal is reached or the
	// disk is full.
	ErrFull = errors.New("there is no room for more files")
	// ErrEmpty says that there was nothing in the file.
	ErrEmpty = errors.New("the file is empty")
)

const (
	defaultMaxFile = 20 << 20
	// measureEvery is how old the figure of the space in use may be: other
	// processes write into the same directory.
	measureEvery = 10 * time.Minute
	// measureAgain is how soon a refusal may measure anew: somebody may have
	// made room.
	measureAgain = 10 * time.Second
)

// Options bound what is kept. A MaxFile of 0 means 20 MiB, a MaxTotal of 0 no
// limit. Both are bytes.
type Options struct {
	MaxFile  int64
	MaxTotal int64
}

// Files is a directory of stored files. It is safe for concurrent use, and
// several processes may share one directory.
type Files struct {
	root *os.Root
	o    Options
	now  func() time.Time

	mu       sync.Mutex
	used     int64
	measured time.Time
}

// Stored is a file that was put.
type Stored struct {
	Path   string // below the directory; hand it to Open
	MIME   string // as sniffed from the content
	Size   int64  // bytes
	SHA256 string // hex
}

// Open opens the directory, which is made where it does not exist.
func Open(dir string, o Options) (*Files, error) {
	if o.MaxFile <= 0 {
		o.MaxFile = defaultMaxFile
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("files: make the directory storage.files names: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("files: open the directory storage.files names: %w", err)
	}
	return &Files{root: root, o: o, now: time.Now}, nil
}

// Close lets go of the directory.
func (f *Files) Close() error { return f.root.Close() }

// MaxFile returns how many bytes one file may have.
func (f *Files) MaxFile() int64 { return f.o.MaxFile }

// Put stores what r holds and returns once it is on disk. Its errors are
// ErrTooBig, ErrFull, ErrEmpty, that of r, or one of the disk; then nothing is
// kept.
func (f *Files) Put(r io.Reader) (Stored, error) {
	if err := f.room(1); err != nil {
		return Stored{}, err
	}
	name, file, err := f.create()
	if err != nil {
		return Stored{}, diskError(err)
	}
	st, err := f.fill(file, r)
	if cerr := file.Close(); err == nil && cerr != nil {
		err = diskError(cerr)
	}
	// The file counts before there is known to be room for it, since measuring
	// anew counts it too.
	f.add(st.Size)
	if err == nil {
		err = f.room(0)
	}
	if err == nil {
		err = f.syncDir(path.Dir(name))
	}
	if err != nil {
		f.add(-st.Size)
		// The name was never handed out: what remains if this fails is waste,
		// not a leak.
		return Stored{}, errors.Join(err, f.root.Remove(name))
	}
	st.Path = name
	return st, nil
}

// fill copies r into file, at most MaxFile bytes, and has it on disk.
func (f *Files) fill(file *os.File, r io.Reader) (Stored, error) {
	head := &headWriter{}
	sum := sha256.New()
	in := &source{r: io.LimitReader(r, f.o.MaxFile+1)}
	n, err := io.Copy(io.MultiWriter(file, sum, head), in)
	switch {
	case in.err != nil:
		return Stored{}, fmt.Errorf("read the file: %w", in.err)
	case err != nil:
		return Stored{}, diskError(err)
	case n == 0:
		return Stored{}, ErrEmpty
	case n > f.o.MaxFile:
		return Stored{}, ErrTooBig
	}
	if err := file.Sync(); err != nil {
		return Stored{}, diskError(err)
	}
	return Stored{MIME: Sniff(head.buf.Bytes()), Size: n, SHA256: hexSum(sum)}, nil
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// create makes a file of a fresh random name in one of 256 directories.
func (f *Files) create() (string, *os.File, error) {
	var b [20]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", nil, fmt.Errorf("random name: %w", err)
	}
	id := hex.EncodeToString(b[:])
	dir := id[:2]
	if err := f.root.Mkdir(dir, 0o700); err == nil {
		if err := f.syncDir("."); err != nil {
			return "", nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return "", nil, err
	}
	name := path.Join(dir, id[2:])
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	return name, file, err
}

// syncDir has the names in a directory survive a power cut.
func (f *Files) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return diskError(err)
	}
	defer func() { _ = d.Close() }() // opened to be synced: closing tells nothing new
	return diskError(d.Sync())
}

// Open opens a stored file for reading.
func (f *Files) Open(name string) (io.ReadCloser, error) { return f.File(name) }

// File opens a stored file for reading anywhere in it.
func (f *Files) File(name string) (*os.File, error) {
	if !valid(name) {
		return nil, fmt.Errorf("stored file: %w", fs.ErrNotExist)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("stored file: %w", err)
	}
	return file, nil
}

// Remove deletes a stored file. One that is not there is no error.
func (f *Files) Remove(name string) error {
	if !valid(name) {
		return fmt.Errorf("stored file: %w", fs.ErrNotExist)
	}
	info, err := f.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("stored file: %w", err)
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stored file: %w", err)
	}
	f.add(-info.Size())
	return nil
}

// valid reports whether name is one that Put could have made.
func valid(name string) bool {
	const length = 2 + 1 + 38
	if len(name) != length || name[2] != '/' {
		return false
	}
	return strings.Trim(name[:2]+name[3:], "0123456789abcdef") == ""
}

// room reports ErrFull where size more bytes would pass MaxTotal.
func (f *Files) room(size int64) error {
	if f.o.MaxTotal <= 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	age := f.now().Sub(f.measured)
	if f.measured.IsZero() || age > measureEvery || (f.used+size > f.o.MaxTotal && age > measureAgain) {
		used, err := f.measure()
		if err != nil {
			return err
		}
		f.used, f.measured = used, f.now()
	}
	if f.used+size > f.o.MaxTotal {
		return ErrFull
	}
	return nil
}

func (f *Files) add(size int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used += size
}

// measure sums up the space in use.
func (f *Files) measure() (int64, error) {
	var sum int64
	err := fs.WalkDir(f.root.FS(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil {
			return err
		}
		sum += info.Size()
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("measure stored files: %w", err)
	}
	return sum, nil
}

// diskError tells a full disk from other failures.
func diskError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: the disk is full", ErrFull)
	default:
		return fmt.Errorf("write stored file: %w", err)
	}
}

// source keeps the error of what is read apart from those of what is written.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// headWriter keeps the first bytes for sniffing.
type headWriter struct{ buf bytes.Buffer }

func (h *headWriter) Write(p []byte) (int, error) {
	if left := HeadLen - h.buf.Len(); left > 0 {
		h.buf.Write(p[:min(left, len(p))])
	}
	return len(p), nil
}
