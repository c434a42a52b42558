package table

import (
	"bytes"
	"errors"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// decoded opens a text file as UTF-8, without a byte order mark. The whole file
// is looked through first: where it is not UTF-8 it is GB18030.
func decoded(path string) (*os.File, *counter, io.Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, nil, err
	}
	name, skip, err := charsetOf(f)
	if err == nil {
		_, err = f.Seek(int64(skip), io.SeekStart)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, f.Close())
	}
	c := &counter{r: f, n: int64(skip)}
	switch name {
	case "gb18030":
		return f, c, transform.NewReader(c, simplifiedchinese.GB18030.NewDecoder()), nil
	case "utf-16le":
		return f, c, transform.NewReader(c, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()), nil
	case "utf-16be":
		return f, c, transform.NewReader(c, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()), nil
	default:
		return f, c, c, nil
	}
}

// charsetOf looks through a file and returns its character set and the length
// of its byte order mark.
func charsetOf(r io.Reader) (name string, skip int, err error) {
	buf := make([]byte, 256<<10)
	n, err := io.ReadFull(r, buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", 0, err
	}
	head := buf[:n]
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		skip = 3
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return "utf-16le", 2, nil
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "utf-16be", 2, nil
	}
	var v validity
	v.add(head)
	for err == nil {
		n, err = r.Read(buf)
		v.add(buf[:n])
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", 0, err
	}
	if v.utf8() {
		return "utf-8", skip, nil
	}
	return "gb18030", skip, nil
}

// validity counts characters that are valid UTF-8, and runs of bytes that are
// not.
type validity struct {
	wide, broken int
	within       bool   // a broken run
	rest         []byte // the beginning of a character that the next piece ends
}

func (v *validity) add(b []byte) {
	if len(v.rest) > 0 {
		b = append(v.rest, b...)
		v.rest = nil
	}
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			v.within = false
			i++
			continue
		}
		if !utf8.FullRune(b[i:]) {
			v.rest = bytes.Clone(b[i:])
			return
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			v.wide++
			v.within = false
		case !v.within:
			v.broken++
			v.within = true
		}
		i += n
	}
}

// utf8 reports whether what was seen is UTF-8, but for a text cut by bytes here
// and there.
func (v *validity) utf8() bool { return v.broken*8 <= v.wide }
