// Package table reads rows of feedback from files: CSV, TSV, XLSX and JSON
// Lines. It tells character sets and delimiters apart, knows the usual names
// of columns in Chinese and English, and reads files of any length in the same
// memory.
package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/huiyin/huiyin/listeners"
)

// Options say how a file is to be read.
type Options struct {
	// Map says which column holds what: target (text, id, author, author_id,
	// followers, posted_at, url, kind, or any field's name) → a header's name
	// or a column's number from 1.
	Map map[string]string
	// Location is the zone of times that name none. Nil: UTC.
	Location *time.Location
}

// Row is one row that can be taken.
type Row struct {
	Line int // in the file, from 1
	// Entry has no ID where the file has no column of ids.
	Entry listeners.Entry
	Cells []string // as they stand in the file, for the list of refused rows
}

// RowError is a row that cannot be taken. Reading goes on after it.
type RowError struct {
	Line   int
	Reason string // in English
	Cells  []string
}

// Error says where and why.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// FileError is a file that cannot be read, or not from here on.
type FileError struct {
	Line int // 0: the file as a whole
	Err  error
}

// Error says where and why.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("line %d: %v", e.Line, e.Err)
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// source gives the records of one kind of file.
type source interface {
	// next returns a record's cells and the line it begins at. A *RowError
	// does not end the file; io.EOF does.
	next() (cells []string, line int, err error)
	close() error
}

// Reader reads a file's rows. It is not safe for concurrent use.
type Reader struct {
	src     source
	lines   *jsonLines // set for JSON Lines, which have names instead of columns
	columns columns
	header  []string
	o       Options
	format  string
	read    *counter
	size    int64
}

// Open opens a file. The caller closes the Reader.
func Open(path string, o Options) (*Reader, error) {
	if o.Location == nil {
		o.Location = time.UTC
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &FileError{Err: fmt.Errorf("%s is a folder: name a file", path)}
	}
	r := &Reader{o: o, size: info.Size()}
	if r.format, err = formatOf(path); err != nil {
		return nil, err
	}
	switch r.format {
	case "xlsx":
		err = r.openSheet(path)
	case "jsonl":
		err = r.openLines(path)
	default:
		err = r.openCells(path)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// formatOf tells the kind of a file from its beginning and its name.
func formatOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only looked into
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	head = head[:n]
	switch {
	case n == 0:
		return "", &FileError{Err: errors.New("the file is empty")}
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "xlsx", nil
	case bytes.HasPrefix(head, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return "", &FileError{Err: errors.New("the file is an old or a protected Excel file: save it as .xlsx without a password")}
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".tsv", ".tab":
		return "tsv", nil
	case ".jsonl", ".ndjson", ".json":
		return "jsonl", nil
	case ".xlsx", ".xlsm":
		return "", &FileError{Err: errors.New("the file is named like an Excel file and is none")}
	case ".csv":
		return "csv", nil
	}
	if head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \r\n\t"); len(head) > 0 && head[0] == '{' {
		return "jsonl", nil
	}
	return "csv", nil
}

// Next returns the next row; io.EOF at the end. After a *RowError reading goes
// on; any other error ends it.
func (r *Reader) Next() (*Row, error) {
	if r.lines != nil {
		return r.lines.row(r.o)
	}
	for {
		cells, line, err := r.src.next()
		if err != nil {
			return nil, err
		}
		if blank(cells) {
			continue
		}
		entry, err := r.columns.entry(cells, r.o.Location)
		if err != nil {
			return nil, &RowError{Line: line, Reason: err.Error(), Cells: cells}
		}
		return &Row{Line: line, Entry: entry, Cells: cells}, nil
	}
}

// Header returns the names of the columns; nil for JSON Lines.
func (r *Reader) Header() []string { return r.header }

// Format returns csv, tsv, xlsx or jsonl.
func (r *Reader) Format() string { return r.format }

// Progress returns how many bytes of how many were read; for XLSX, where that
// is not known, total is 0.
func (r *Reader) Progress() (done, total int64) {
	if r.read == nil {
		return 0, 0
	}
	return r.read.n, r.size
}

// Close closes the file.
func (r *Reader) Close() error {
	if r.lines != nil {
		return r.lines.close()
	}
	if r.src == nil {
		return nil
	}
	return r.src.close()
}

// begin reads the header.
func (r *Reader) begin() error {
	for {
		cells, line, err := r.src.next()
		switch {
		case errors.Is(err, io.EOF):
			return &FileError{Err: errors.New("the file holds no rows")}
		case err != nil:
			return &FileError{Line: line, Err: err}
		case blank(cells):
			continue
		}
		r.header = cells
		r.columns, err = assign(cells, r.o.Map)
		return err
	}
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
