package jieba

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"
)

// lexicon is all that a text is cut by. It is immutable.
type lexicon struct {
	chars *characters
	words *trie
	users *trie // words that are never cut; nil where there are none
	// weights are logarithms of probabilities: the first is that of characters that
	// are no word, the last that of user words.
	weights []float64
	model   *model
}

// openLexicon reads the dictionary and the model of a folder, without words rarer
// than least.
func openLexicon(folder string, least int) (*lexicon, error) {
	path := filepath.Join(folder, hmmFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l := &lexicon{chars: new(characters)}
	if l.model, err = readModel(text, l.chars); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	path = filepath.Join(folder, wordsFile)
	if err := l.readWords(path, least); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

func (l *lexicon) readWords(path string, least int) error {
	var text []byte
	var words []entry
	var frequencies []int // of the weights
	indexes := make(map[int]uint16)
	d := &dictionary{path: path, least: least}
	err := d.each(func(word []byte, frequency int, _ []byte) {
		d.count(frequency)
		if !utf8.Valid(word) || utf8.RuneCount(word) > maxWord {
			return
		}
		index, ok := indexes[frequency]
		if !ok {
			frequencies = append(frequencies, frequency)
			index = uint16(len(frequencies))
			indexes[frequency] = index
		}
		start := uint32(len(text))
		text = append(text, word...)
		words = append(words, entry{start: start, end: uint32(len(text)), weight: index})
	})
	switch {
	case err != nil:
		return err
	case d.sum == 0:
		return errNoWords
	case len(frequencies) > math.MaxUint16-1 || len(text) > math.MaxInt32:
		return errors.New("too large: 65,534 different frequencies and 2 GiB of words at most")
	}
	l.weights = append(l.weights, weight(d.rare, d.sum))
	for _, frequency := range frequencies {
		l.weights = append(l.weights, weight(frequency, d.sum))
	}
	l.weights = append(l.weights, weight(userFrequency, d.sum))
	l.chars.addAll(text)
	if l.chars.count == maxCharacters {
		return errors.New("too many different characters")
	}
	l.words = newTrie(text, words, l.chars)
	return nil
}

// withUsers returns a lexicon that has words besides, and no other user words.
func (l *lexicon) withUsers(words []string) *lexicon {
	own := *l
	own.users = nil
	own.chars = l.chars.with(words)
	var text []byte
	var entries []entry
	for _, word := range words {
		if utf8.RuneCountInString(word) > maxWord {
			continue
		}
		start := uint32(len(text))
		text = append(text, word...)
		entries = append(entries, entry{start: start, end: uint32(len(text)), weight: uint16(len(l.weights) - 1)})
	}
	if len(entries) > 0 {
		own.users = newTrie(text, entries, own.chars)
	}
	return &own
}

// has reports whether a word, given by the numbers of its characters, is in l.
func (l *lexicon) has(codes []uint16) bool {
	return slices.ContainsFunc([]*trie{l.words, l.users}, func(t *trie) bool {
		if t == nil {
			return false
		}
		at := t.root(codes[0])
		for _, code := range codes[1:] {
			next, ok := t.child(at, code)
			if !ok {
				return false
			}
			at = next
		}
		return at.weight != 0
	})
}
