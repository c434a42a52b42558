package table

import (
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

const (
	maxUnzipped = 1 << 30  // bytes of an unpacked workbook
	onDiskFrom  = 16 << 20 // bytes from which a sheet is unpacked to disk
	maxWorkbook = 200 << 20
)

// sheet reads a workbook's first sheet that holds anything.
type sheet struct {
	book *excelize.File
	rows *excelize.Rows
	line int
}

// openSheet opens an XLSX.
func (r *Reader) openSheet(path string) error {
	if r.size > maxWorkbook {
		return &FileError{Err: fmt.Errorf("the workbook is larger than %d MiB: save it as CSV", maxWorkbook>>20)}
	}
	book, err := excelize.OpenFile(path, excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: onDiskFrom, RawCellValue: true})
	if err != nil {
		return &FileError{Err: fmt.Errorf("the workbook cannot be opened, save it as .xlsx again: %w", err)}
	}
	s := &sheet{book: book}
	r.src = s
	for _, name := range book.GetSheetList() {
		rows, err := book.Rows(name)
		if err != nil {
			continue // a sheet of charts
		}
		s.rows, s.line = rows, 0
		err = r.begin()
		var none *FileError
		if err == nil || errors.As(err, &none) && r.header != nil {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
		s.rows = nil
	}
	return &FileError{Err: errors.New("no sheet of the workbook holds rows")}
}

func (s *sheet) next() ([]string, int, error) {
	if !s.rows.Next() {
		if err := s.rows.Error(); err != nil {
			return nil, s.line, &FileError{Line: s.line, Err: err}
		}
		return nil, s.line, io.EOF
	}
	s.line++
	cells, err := s.rows.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, s.line, &FileError{Line: s.line, Err: err}
	}
	return cells, s.line, nil
}

func (s *sheet) close() error {
	var err error
	if s.rows != nil {
		err = s.rows.Close()
	}
	return errors.Join(err, s.book.Close())
}
