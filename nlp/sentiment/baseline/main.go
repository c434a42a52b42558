// Command baseline trains a plain linear model on the rows that the sentiment
// model is trained on and prints, by source, how well it does on the development
// rows and on sources left out: what the figures of MODEL_CARD.md are to be
// compared with.
//
//	go run ./nlp/sentiment/baseline DIR
//
// DIR is that of huiyin train. It takes some minutes.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/nlp/sentiment"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}

func run(args []string, out, log io.Writer) error {
	if len(args) != 1 {
		return errors.New("name the folder of training data, as for huiyin train")
	}
	rows, err := sources(args[0])
	if err != nil {
		return err
	}
	development, err := sentiment.ReadDevelopment(args[0])
	if err != nil {
		return err
	}
	leftOut, err := sentiment.EvaluateLeftOutOf(rows, development, func(left []string, shown []sentiment.Row) (sentiment.Judge, error) {
		fmt.Fprintln(log, "left out:", left)
		return fit(shown).judge, nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, sentiment.LeaveOutTable(sentiment.EvaluateJudge(fit(rows).judge, development), leftOut))
	return err
}

// sources returns the rows of the sources, without what the model learns from
// besides: lists of words and rows of our own.
func sources(dir string) (rows []sentiment.Row, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "sentiment", "*.train.tsv"))
	if err != nil {
		return nil, fmt.Errorf("look for training data in %s: %w", dir, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no sentiment/*.train.tsv in %s: give the folder that has them", dir)
	}
	for _, file := range files {
		read, err := sentiment.ReadFile(file)
		if err != nil {
			return nil, err
		}
		rows = append(rows, read...)
	}
	return rows, nil
}

const maxUnits = 800 // of a text; the rest is not read

// units returns the folded text with digits alike, runs of a character cut to
// two, and an edge mark at each end.
func units(text string) []rune {
	out := []rune{'^'}
	for _, r := range nlp.Fold(text) {
		if '0' <= r && r <= '9' {
			r = '0'
		}
		n := len(out)
		if r == ' ' || r == '\t' || n > 2 && out[n-1] == r && out[n-2] == r {
			continue
		}
		if out = append(out, r); len(out) > maxUnits {
			break
		}
	}
	return append(out, '$')
}

// features returns the hashes, each once, of the runs of one to four units.
func features(text string) []uint32 {
	var out []uint32
	u := units(text)
	for i := range u {
		hash := uint64(14695981039346656037)
		for _, r := range u[i:min(i+4, len(u))] {
			hash = (hash ^ uint64(r)) * 1099511628211 // FNV-1a, a character at a time
			out = append(out, uint32((hash^hash>>29)*0x9e3779b97f4a7c15>>(64-hashBits)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
