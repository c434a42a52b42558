package config

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a table of values.
const (
	maxTable = 10 << 20 // bytes
	maxRows  = 100_000
)

// values reads a field's table. A file that cannot be read is a problem of
// where it is named, a row one of the table.
func (l *loader) values(name string, at pos) []Value {
	content, err := readFile(l.dir, name, maxTable)
	switch {
	case errors.Is(err, errValue):
		l.add(at, csvBig, maxTable>>20)
		return nil
	case err != nil:
		l.add(at, csvMissing)
		return nil
	}
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(l.dir, name)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if !utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0 {
		l.add(pos{file, 1, 1}, csvUTF8)
		return nil
	}
	t := table{problems: l.problems, file: file, codes: map[string]int{}, names: map[string]int{}}
	return t.read(content)
}

// table is a table that is being read.
type table struct {
	*problems
	file  string
	codes map[string]int // row of each code
	names map[string]int // row of each code, name and alias
}

// column names, with what they are called in Chinese.
var columns = map[string]string{
	"code": "code", "编码": "code", "编号": "code", "name": "name", "名称": "name", "名字": "name",
	"region": "region", "区域": "region", "地区": "region", "aliases": "aliases", "alias": "aliases", "别名": "aliases",
}

// read reads the rows below the header.
func (t *table) read(content []byte) []Value {
	r := csv.NewReader(bytes.NewReader(content))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil {
		t.rowError(err, csvHeader)
		return nil
	}
	var order []string
	for _, name := range header {
		order = append(order, columns[strings.ToLower(strings.TrimSpace(name))])
	}
	if !slices.Contains(order, "code") {
		t.add(pos{t.file, 1, 1}, csvHeader)
		return nil
	}
	var values []Value
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return values
		}
		if err != nil {
			t.rowError(err, csvQuote)
			return nil
		}
		line, _ := r.FieldPos(0)
		if len(values) >= maxRows {
			t.add(pos{t.file, line, 1}, csvBig, maxTable>>20)
			return nil
		}
		if len(row) > len(order) {
			last, column := r.FieldPos(len(order))
			t.add(pos{t.file, last, column}, csvColumns)
			continue
		}
		if v, ok := t.row(row, order, line); ok {
			values = append(values, v)
		}
	}
}

// rowError reports an error of the CSV reader, by its place alone.
func (t *table) rowError(err error, c code) {
	at := pos{t.file, 1, 1}
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		at.line, at.column = pe.Line, max(pe.Column, 1)
		c = csvQuote
	}
	t.add(at, c)
}

// row reads one value; what is not unique is a problem.
func (t *table) row(row, order []string, line int) (Value, bool) {
	var v Value
	for i, cell := range row {
		switch cell = strings.TrimSpace(cell); order[i] {
		case "code":
			v.Code = cell
		case "name":
			v.Name = cell
		case "region":
			v.Region = cell
		case "aliases":
			for alias := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune("|;；、/", r) }) {
				if alias = strings.TrimSpace(alias); alias != "" {
					v.Aliases = appendNew(v.Aliases, alias)
				}
			}
		}
	}
	at := pos{t.file, line, 1}
	if v.Code == "" {
		t.add(at, csvCode)
		return v, false
	}
	if first, taken := t.codes[v.Code]; taken {
		t.add(at, csvTwice, first)
		return v, false
	}
	t.codes[v.Code] = line
	if v.Name == "" {
		v.Name = v.Code
	}
	called := slices.Concat([]string{v.Code, v.Name}, v.Aliases)
	slices.Sort(called)
	for _, name := range slices.Compact(called) {
		key := strings.ToLower(name)
		if first, taken := t.names[key]; taken && first != line {
			t.add(at, csvAlias, first)
			return v, false
		}
		t.names[key] = line
	}
	return v, true
}
