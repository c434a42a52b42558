// Package jieba cuts Chinese text into words with gojieba. It is the only
// package of the program that uses cgo.
//
// # The dictionary
//
// gojieba's dictionary is not part of this repository. New looks for a folder
// with jieba.dict.utf8 and hmm_model.utf8 in this order:
//
//  1. Options.Dict, where given: nothing else is tried then
//  2. dict/ next to the executable, as the image and the release archives have it
//  3. the folder named by the environment variable HUIYIN_DICT
//  4. the module cache the program was built from, which is what `go run` uses
//
// Of it New takes the words of frequency 5 and more, 137 thousand of 349 thousand:
// a quarter of the time and half of the memory. A few small files that gojieba
// wants besides are kept in Options.Dir.
package jieba

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/yanyiwu/gojieba"

	"github.com/huiyin/huiyin/nlp"
)

// Options tell where dictionaries lie and which words to add.
type Options struct {
	// Dir is where small files beside the dictionary are kept. Empty: huiyin below
	// the user's cache folder. Where it cannot be written, they are made in a
	// temporary folder at each start and removed again.
	Dir string
	// Full keeps the rare words: 4 times the time to start, twice the memory.
	Full bool
	// Words are never cut: brands, products, shops.
	Words []string
	// Dict is the folder of gojieba's dictionary. Empty: it is looked for.
	Dict string
}

// Segmenter implements [nlp.Segmenter]. It is safe for concurrent use, SetWords
// included.
type Segmenter struct {
	options Options
	current atomic.Pointer[gojieba.Jieba]
	setting sync.Mutex // one SetWords at a time
}

var (
	_ nlp.Segmenter    = (*Segmenter)(nil)
	_ nlp.WordAppender = (*Segmenter)(nil)
)

// New loads the dictionary, which takes 0.3 s or, with Options.Full, more than
// 1 s. One Segmenter serves a whole process.
func New(o Options) (*Segmenter, error) {
	s := &Segmenter{options: o}
	if err := s.SetWords(o.Words); err != nil {
		return nil, err
	}
	return s, nil
}

// SetWords makes words the ones that are never cut, instead of those set
// before. It loads the dictionary again beside the one in use and then changes
// over, so that texts cut meanwhile see either the old words or the new ones.
func (s *Segmenter) SetWords(words []string) error {
	s.setting.Lock()
	defer s.setting.Unlock()
	j, err := load(s.options)
	if err != nil {
		return err
	}
	for _, word := range forms(words) {
		j.AddWordEx(word, userFrequency, "nz")
	}
	s.current.Store(j) // the one before is freed by its finalizer once no call holds it
	return nil
}

// userFrequency is the frequency user words get: so high that two words of the
// dictionary, however common, are less likely than the one user word.
const userFrequency = 2_000_000

// forms returns the words as they can occur in texts, as written and folded,
// without those that no segmenter could keep whole (gojieba ends words at white
// space and commas) and without single characters.
func forms(words []string) []string {
	var out []string
	seen := make(map[string]bool)
	for _, w := range words {
		for _, form := range []string{strings.TrimSpace(nlp.Normalize(w)), strings.TrimSpace(nlp.Fold(w))} {
			if utf8.RuneCountInString(form) < 2 || seen[form] || strings.ContainsFunc(form, separates) {
				continue
			}
			seen[form] = true
			out = append(out, form)
		}
	}
	return out
}

func separates(r rune) bool {
	return unicode.IsSpace(r) || r == '，' || r == '。' || r == 0 || r == utf8.RuneError
}

// Words implements [nlp.Segmenter]. Bytes that are not text (NUL, invalid
// UTF-8) belong to no word.
func (s *Segmenter) Words(text string) []nlp.Word { return s.cut(nil, text, gojieba.DefaultMode) }

// AppendWords implements [nlp.WordAppender].
func (s *Segmenter) AppendWords(words []nlp.Word, text string) []nlp.Word {
	return s.cut(words, text, gojieba.DefaultMode)
}

// Search implements [nlp.Segmenter].
func (s *Segmenter) Search(text string) []string {
	words := s.cut(nil, text, gojieba.SearchMode)
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

// maxChunk bounds, in bytes, what is given to gojieba at once: its working
// memory grows with the text.
const maxChunk = 16 << 10

func (s *Segmenter) cut(words []nlp.Word, text string, mode gojieba.TokenizeMode) []nlp.Word {
	j := s.current.Load()
	// gojieba frees the instance in a finalizer, and does not keep it alive while
	// C++ still works with it.
	defer runtime.KeepAlive(j)
	whole := len(text) <= maxChunk && strings.IndexByte(text, 0) < 0 && utf8.ValidString(text)
	for start := 0; start < len(text); {
		end := len(text)
		if !whole {
			end = chunkEnd(text, start)
		}
		if end == start { // a byte that is not text
			start++
			continue
		}
		tokens := j.Tokenize(text[start:end], mode, true)
		words = slices.Grow(words, len(tokens))
		for _, t := range tokens {
			words = append(words, nlp.Word{Text: t.Str, Start: start + t.Start, End: start + t.End})
		}
		start = end
	}
	return words
}

// chunkEnd returns where the piece of text that begins at start ends: before
// the next byte that gojieba cannot take, and after at most maxChunk bytes,
// there rather behind a sign than inside a word.
func chunkEnd(text string, start int) int {
	limit := min(len(text), start+maxChunk)
	boundary := 0
	for i := start; i < limit; {
		c := text[i]
		if c < utf8.RuneSelf {
			if c == 0 {
				return i
			}
			i++
			if limit < len(text) && !isWordByte(c) {
				boundary = i
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		if i+size > limit {
			limit = i // the chunk ends before a character it would cut
			break
		}
		i += size
		if limit < len(text) && (unicode.IsPunct(r) || unicode.IsSpace(r)) {
			boundary = i
		}
	}
	if limit < len(text) && boundary > start+maxChunk/2 {
		return boundary
	}
	return limit
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// load prepares the dictionary and reads it.
func load(o Options) (*gojieba.Jieba, error) {
	source, err := findDictionary(o.Dict)
	if err != nil {
		return nil, err
	}
	least := trimmedFrequency
	if o.Full {
		least = 0
	}
	words, err := openDictionary(filepath.Join(source, wordsFile), least)
	if err != nil {
		return nil, fmt.Errorf("prepare the word dictionary: %w", err)
	}
	files, err := prepare(words, filepath.Join(source, hmmFile), o.Dir)
	if err != nil {
		return nil, fmt.Errorf("prepare the word dictionary: %w", err)
	}
	j := gojieba.NewJieba(files.words, files.hmm, files.user, files.idf, files.stop)
	return j, errors.Join(words.addTo(j), files.release())
}

// ErrNoDictionary is wrapped by the error of New where no dictionary was found.
var ErrNoDictionary = errors.New("no word dictionary found")
