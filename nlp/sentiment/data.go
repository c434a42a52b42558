package sentiment

import (
	"bufio"
	_ "embed" // for the rows of our own writing
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
// line, then label, tab, text), aspect/aichallenger_restaurant.csv (what it says
// of the experience as a whole), lexicon/hownet_pos.txt and hownet_neg.txt (a word
// a line) and unlabelled/NAME.txt (a header line, then a text a line); all but the
// first may be absent. NAME.dev.tsv is left for evaluation, see [ReadDevelopment].
// [OwnRows], [OwnPhrases] and [OwnWords], for what the sources lack, are added.
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
	reviews, err := readRestaurants(filepath.Join(dir, "aspect", restaurants+".csv"))
	if err != nil {
		return nil, nil, err
	}
	rows = append(rows, reviews...)
	words, err := readLexicon(filepath.Join(dir, "lexicon"))
	if err != nil {
		return nil, nil, err
	}
	rows = append(rows, words...)
	written, err := OwnRows()
	if err != nil {
		return nil, nil, err
	}
	rows = append(append(rows, written...), OwnPhrases()...)
	known, err := OwnWords()
	if err != nil {
		return nil, nil, err
	}
	rows = append(rows, known...)
	files, err = filepath.Glob(filepath.Join(dir, "unlabelled", "*.txt"))
	if err != nil {
		return nil, nil, fmt.Errorf("look for unlabelled texts in %s: %w", dir, err)
	}
	for _, file := range files {
		texts, err := readTexts(file)
		if err != nil {
			return nil, nil, err
		}
		unlabelled = append(unlabelled, texts...)
	}
	return rows, unlabelled, nil
}

// restaurants is the set of reviews labelled by aspect.
const restaurants = "aichallenger_restaurant"

// readRestaurants reads reviews labelled by aspect: columns content, and
// others_overall_experience with 1, 0, -1, or -2 where the review does not say.
func readRestaurants(file string) ([]Row, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read training data: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read from
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(records) == 0 {
		return nil, nil
	}
	text := slices.Index(records[0], "content")
	overall := slices.Index(records[0], "others_overall_experience")
	if text < 0 || overall < 0 {
		return nil, fmt.Errorf("%s:1: columns content and others_overall_experience are needed", file)
	}
	labels := map[string]string{"1": Positive, "0": Neutral, "-1": Negative}
	var rows []Row
	for _, record := range records[1:] {
		if label, ok := labels[record[overall]]; ok {
			rows = append(rows, Row{Text: record[text], Label: label, Source: restaurants})
		}
	}
	return rows, nil
}

// lexicon is the source of the words of the polarity lists.
const lexicon = "hownet"

// readLexicon reads the words of praise and of blame in dir.
func readLexicon(dir string) (rows []Row, err error) {
	for _, list := range []struct{ name, label string }{{"pos", Positive}, {"neg", Negative}} {
		words, err := readTexts(filepath.Join(dir, lexicon+"_"+list.name+".txt"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, word := range words {
			if word = strings.TrimSpace(word); word != "" {
				rows = append(rows, Row{Text: word, Label: list.label, Source: lexicon})
			}
		}
	}
	return rows, nil
}

// ReadDevelopment reads the rows that are kept for evaluation in dir:
// sentiment/NAME.dev.tsv.
func ReadDevelopment(dir string) (rows []Row, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "sentiment", "*.dev.tsv"))
	if err != nil {
		return nil, fmt.Errorf("look for development data in %s: %w", dir, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no sentiment/*.dev.tsv in %s: give the folder that has them: %w", dir, fs.ErrNotExist)
	}
	for _, file := range files { // Glob sorts
		read, err := ReadFile(file)
		if err != nil {
			return nil, err
		}
		rows = append(rows, read...)
	}
	return rows, nil
}

// own is the source of the rows of our own writing: English, negation, hedges,
// questions, irony, contrast.
const own = "own"

//go:embed own.tsv
var ownRows string

// OwnRows returns the rows of our own writing, with their texts as written.
func OwnRows() ([]Row, error) { return parseRows(own, strings.NewReader(ownRows)) }

// ownWords is the source of the words of our own choice.
const ownWords = "own_words"

//go:embed words.tsv
var ownWordList string

// OwnWords returns words and short collocations of praise and of blame, of our own
// choice, each as a row: what people say of films, meals, games, shampoo or a
// bank, and the slang of recent years, which the older lists lack.
func OwnWords() (rows []Row, err error) {
	const header = "topic\tlabel\twords"
	err = eachLine("words.tsv", strings.NewReader(ownWordList), func(number int, line string) error {
		if line == header {
			return nil
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 3 || cells[1] != Positive && cells[1] != Negative {
			return fmt.Errorf("words.tsv:%d: write the topic, positive or negative, and words, with tabs between", number)
		}
		for _, word := range strings.Fields(cells[2]) {
			rows = append(rows, Row{Text: word, Label: cells[1], Source: ownWords})
		}
		return nil
	})
	return rows, err
}

// isList reports whether the rows of a source are words, not texts.
func isList(source string) bool { return source == lexicon || source == ownWords }

// ReadFile reads labelled texts, one a line: label, tab, text. A first line
// "label<TAB>text" is a header. The Source of the rows is the name of the file
// up to its first dot.
func ReadFile(file string) ([]Row, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read labelled texts: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read from
	return parseRows(file, f)
}

// parseRows reads the rows of a file of this name.
func parseRows(file string, r io.Reader) ([]Row, error) {
	source, _, _ := strings.Cut(filepath.Base(file), ".")
	var rows []Row
	err := eachLine(file, r, func(number int, line string) error {
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

func readTexts(file string) (texts []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read from
	err = eachLine(file, f, func(_ int, line string) error {
		texts = append(texts, line)
		return nil
	})
	return texts, err
}

// eachLine calls use with each line that r gives but a header ("text" or
// "label<TAB>text" as first line) and empty ones, with its number from 1.
func eachLine(file string, r io.Reader, use func(number int, line string) error) error {
	lines := bufio.NewReaderSize(r, maxLine)
	for number, more := 1, true; more; number++ {
		b, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("%s:%d: longer than %d bytes: shorten it", file, number, maxLine)
		case errors.Is(err, io.EOF):
			more = false
		case err != nil:
			return fmt.Errorf("read %s: %w", file, err)
		}
		line := strings.TrimRight(string(b), "\r\n")
		header := number == 1 && (line == "text" || line == "label\ttext")
		if line == "" || header {
			continue
		}
		if err := use(number, line); err != nil {
			return err
		}
	}
	return nil
}
