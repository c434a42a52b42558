package sentiment

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Row is one labelled text.
type Row struct {
	Text   string
	Label  string // Positive, Neutral or Negative
	Source string // the data set it comes from, without extension
}

const maxLine = 1 << 20 // bytes

// ReadDir reads the training data in dir: sentiment/NAME.train.tsv (a header
// line, then label, tab, text) and unlabelled/NAME.txt (a header line, then a
// text a line; the folder may be absent). NAME.dev.tsv is left for evaluation.
func ReadDir(dir string) (rows []Row, unlabelled []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "sentiment", "*.train.tsv"))
	if err != nil {
		return nil, nil, fmt.Errorf("look for training data in %s: %w", dir, err)
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("no sentiment/*.train.tsv in %s: give the folder that has them: %w", dir, fs.ErrNotExist)
	}
	for _, file := range files { // Glob sorts
		read, err := ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, read...)
	}
	files, err = filepath.Glob(filepath.Join(dir, "unlabelled", "*.txt"))
	if err != nil {
		return nil, nil, fmt.Errorf("look for unlabelled texts in %s: %w", dir, err)
	}
	for _, file := range files {
		err := eachLine(file, func(_ int, line string) error {
			unlabelled = append(unlabelled, line)
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return rows, unlabelled, nil
}

// ReadFile reads labelled texts, one a line: label, tab, text. A first line
// "label<TAB>text" is a header. The Source of the rows is the name of the file
// up to its first dot.
func ReadFile(file string) ([]Row, error) {
	source, _, _ := strings.Cut(filepath.Base(file), ".")
	var rows []Row
	err := eachLine(file, func(number int, line string) error {
		label, text, ok := strings.Cut(line, "\t")
		switch {
		case !ok:
			return fmt.Errorf("%s:%d: write LABEL, a tab and the text", file, number)
		case label != Positive && label != Neutral && label != Negative:
			return fmt.Errorf("%s:%d: label %q: write positive, neutral or negative", file, number, label)
		}
		rows = append(rows, Row{Text: text, Label: label, Source: source})
		return nil
	})
	return rows, err
}

// eachLine calls use with each line of file but a header ("text" or
// "label<TAB>text" as first line) and empty ones, with its number from 1.
func eachLine(file string, use func(number int, line string) error) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("read training data: %w", err)
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, maxLine)
	for number := 1; ; number++ {
		b, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("%s:%d: longer than %d bytes: shorten it", file, number, maxLine)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", file, err)
		}
		line := strings.TrimRight(string(b), "\r\n")
		header := number == 1 && (line == "text" || line == "label\ttext")
		if line != "" && !header {
			if err := use(number, line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}
