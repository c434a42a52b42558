package table

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/huiyin/huiyin/listeners"
)

// jsonLines reads one object a line.
type jsonLines struct {
	file *os.File
	r    *bufio.Reader
	line int
}

// openLines opens a file of JSON Lines.
func (r *Reader) openLines(path string) error {
	f, count, text, err := decoded(path)
	if err != nil {
		return err
	}
	r.lines, r.read = &jsonLines{file: f, r: bufio.NewReaderSize(text, window)}, count
	head, err := r.lines.r.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if head = bytes.TrimSpace(head); len(head) > 0 && head[0] == '[' {
		return &FileError{Line: 1, Err: errors.New("the file is one array: write one object a line")}
	}
	return nil
}

func (l *jsonLines) close() error { return l.file.Close() }

// row returns the next object as a row.
func (l *jsonLines) row(o Options) (*Row, error) {
	for {
		line, err := l.read()
		var bad *RowError
		if errors.As(err, &bad) {
			return nil, bad
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			if err != nil {
				return nil, err
			}
			continue
		}
		cells := []string{string(line)}
		entry, err := objectEntry(line, o)
		if err != nil {
			return nil, &RowError{Line: l.line, Reason: err.Error(), Cells: cells}
		}
		return &Row{Line: l.line, Entry: *entry, Cells: cells}, nil
	}
}

// read returns the next line without its end.
func (l *jsonLines) read() ([]byte, error) {
	l.line++
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.r.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, &RowError{Line: l.line, Reason: fmt.Sprintf("the line is longer than %d bytes", window)}
	}
	return bytes.TrimRight(line, "\r\n"), err
}

// objectEntry makes an entry of an object. Its names mean what columns of the
// same names do; author and fields may be objects of their own.
func objectEntry(line []byte, o Options) (*listeners.Entry, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil || object == nil {
		return nil, errors.New("the line is no JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value in the line")
	}
	flat := map[string]string{}
	v := values{zone: o.Location}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch value := object[name].(type) {
		case map[string]any:
			inner(name, value, flat, &v)
		default:
			if s, ok := scalar(value); ok {
				flat[name] = s
			}
		}
	}
	header := slices.Sorted(maps.Keys(flat))
	mapped := map[string]string{}
	for target, name := range o.Map {
		if _, ok := flat[name]; ok {
			mapped[target] = name
		}
	}
	c, err := assign(header, mapped)
	if err != nil {
		return nil, errors.New("the text is missing")
	}
	v.get = func(target string) string {
		if at, ok := c.at[target]; ok {
			return flat[header[at]]
		}
		return ""
	}
	for i, name := range c.fields {
		if name != "" {
			v.field(name, flat[header[i]])
		}
	}
	e, err := v.entry()
	if err != nil {
		return nil, err
	}
	return &e, nil
}

// inner takes over an object within the object.
func inner(name string, object map[string]any, flat map[string]string, v *values) {
	for key, value := range object {
		s, ok := scalar(value)
		if !ok {
			continue
		}
		switch {
		case name == "author" && key == "id":
			flat[toAuthorID] = s
		case name == "author" && key == "name":
			flat[toAuthor] = s
		case name == "author" && key == "followers":
			flat[toFollowers] = s
		case name == "fields":
			v.field(cut(strings.TrimSpace(key), maxKey), s)
		}
	}
}

func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	default:
		return "", false
	}
}
