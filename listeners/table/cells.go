package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	window    = 1 << 20   // bytes that one record may have
	reserve   = 256 << 10 // bytes that are at hand before a record is looked at
	sniffRows = 20        // records a delimiter is judged by
)

// cells reads CSV and TSV as people and programs write them: quotes around a
// cell hold delimiters, line breaks and doubled quotes; a quote that is never
// closed is a character like any other.
type cells struct {
	file  *os.File
	r     *bufio.Reader
	delim byte // 0: a line is a cell
	line  int
	want  int // cells of the header; 0 before it is read
}

// openCells opens a CSV or TSV.
func (r *Reader) openCells(path string) error {
	f, count, text, err := decoded(path)
	if err != nil {
		return err
	}
	c := &cells{file: f, r: bufio.NewReaderSize(text, window), line: 1}
	r.src, r.read = c, count
	head, err := c.peek()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.delim = sniff(head, r.format == "tsv")
	if err := r.begin(); err != nil {
		return err
	}
	c.want = len(r.header)
	if c.want == 1 {
		c.delim = 0
	}
	return nil
}

func (c *cells) close() error { return c.file.Close() }

// peek returns what is at hand, read ahead far enough for any usual record.
func (c *cells) peek() ([]byte, error) {
	n := window
	if c.r.Buffered() >= reserve {
		n = c.r.Buffered()
	}
	b, err := c.r.Peek(n)
	if len(b) == 0 && err != nil {
		return nil, err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b, nil
}

func (c *cells) next() ([]string, int, error) {
	b, err := c.peek()
	if err != nil {
		return nil, c.line, err
	}
	rec := c.record(b)
	if !rec.whole && len(b) < window {
		// Not at hand yet: look at all that one record may have.
		if b, err = c.r.Peek(window); err != nil && !errors.Is(err, io.EOF) {
			return nil, c.line, err
		}
		rec = c.record(b)
	}
	at := c.line
	if !rec.whole && len(b) == window {
		return nil, at, c.skip(at)
	}
	c.line += bytes.Count(b[:rec.size], []byte{'\n'})
	if rec.size > 0 && b[rec.size-1] == '\r' {
		c.line++ // old files end their lines with it alone
	}
	if _, err := c.r.Discard(rec.size); err != nil {
		return nil, at, err
	}
	return rec.cells, at, nil
}

// record reads the record at the beginning of b. A quote that was meant as a
// mere character can make one record of several: where its cells are not as
// many as the header's, and the line alone has as many, the line is it.
func (c *cells) record(b []byte) record {
	rec := split(b, c.delim, true)
	if c.want == 0 || len(rec.cells) == c.want && rec.whole || !rec.broken {
		return rec
	}
	if line := split(b, c.delim, false); len(line.cells) == c.want || !rec.whole {
		return line
	}
	return rec
}

// skip passes over a record that is too long.
func (c *cells) skip(at int) error {
	for {
		part, err := c.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(part) > 0 && err == nil {
			c.line++
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return &RowError{Line: at, Reason: fmt.Sprintf("the row is longer than %d bytes", window)}
	}
}

// record is one record.
type record struct {
	cells  []string
	size   int  // bytes, its line break included
	whole  bool // its end was seen
	broken bool // a quoted cell holds a line break
}

// split reads the record that b begins with. Where multi is false, cells end
// with their line.
func split(b []byte, delim byte, multi bool) record {
	rec := record{}
	i := 0
	for {
		cell, n, broken, ok := quoted(b[i:], delim, multi)
		if !ok {
			cell, n = bare(b[i:], delim)
		}
		rec.cells = append(rec.cells, cell)
		rec.broken = rec.broken || broken
		i += n
		switch {
		case i >= len(b):
			rec.size = len(b)
			return rec
		case delim != 0 && b[i] == delim:
			i++
			if i == len(b) {
				rec.cells = append(rec.cells, "")
				rec.size = i
				return rec
			}
		default:
			rec.whole = true
			rec.size = i + 1
			if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
				rec.size++
			}
			return rec
		}
	}
}

// bare returns the cell up to the delimiter or the end of the line.
func bare(b []byte, delim byte) (string, int) {
	for i, ch := range b {
		if ch == '\n' || ch == '\r' || delim != 0 && ch == delim {
			return plain(string(b[:i])), i
		}
	}
	return plain(string(b)), len(b)
}

// quoted returns a cell in quotes. It is none where the quote is not closed, or
// is closed in the middle of the cell.
func quoted(b []byte, delim byte, multi bool) (cell string, n int, broken, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return "", 0, false, false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\n', '\r':
			if !multi {
				return "", 0, false, false
			}
			broken = true
		case '"':
			if i+1 < len(b) && b[i+1] == '"' {
				i++
				continue
			}
			end := i + 1
			for end < len(b) && b[end] == ' ' {
				end++
			}
			if end < len(b) && b[end] != '\n' && b[end] != '\r' && (delim == 0 || b[end] != delim) {
				return "", 0, false, false
			}
			return plain(strings.ReplaceAll(string(b[1:i]), `""`, `"`)), end, broken, true
		}
	}
	return "", 0, false, false
}

// plain takes the mark away that keeps spreadsheets from reading a text as a
// formula: exports put it there.
func plain(cell string) string {
	if len(cell) < 2 || cell[0] != '\'' {
		return cell
	}
	if strings.ContainsAny(cell[1:2], "=+-@\t\r") || hasWide(cell[1:]) {
		return cell[1:]
	}
	return cell
}

func hasWide(s string) bool {
	for _, p := range [...]string{"＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// sniff returns the delimiter that cuts the first records into the same number
// of cells, more than one; 0: none does.
func sniff(b []byte, tabs bool) byte {
	order := []byte{',', '\t', ';', '|'}
	if tabs {
		order = []byte{'\t', ',', ';', '|'}
	}
	b = bytes.TrimLeft(b, "\r\n ")
	best, most := byte(0), 0
	for _, delim := range order {
		head := split(b, delim, true)
		if len(head.cells) < 2 {
			continue
		}
		same, rest := 1, b[head.size:]
		for range sniffRows {
			if len(rest) == 0 {
				break
			}
			rec := split(rest, delim, true)
			if len(rec.cells) == len(head.cells) {
				same++
			}
			rest = rest[rec.size:]
		}
		if same > most {
			best, most = delim, same
		}
	}
	return best
}
