// Package jieba cuts Chinese text into words as jieba does: the likeliest way
// through the words of its dictionary and, where those leave single characters, a
// model of how words are made up. [Segmenter] does so in Go. [Gojieba] is the C++
// library that it is compared with. This is the only package of the program that
// uses cgo.
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
// Of it New takes the words of frequency 5 and more, 137 thousand of 349 thousand.
package jieba

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/huiyin/huiyin/nlp"
)

// Options tell where dictionaries lie and which words to add.
type Options struct {
	// Dir is where [Gojieba] keeps small files beside the dictionary. Empty: huiyin
	// below the user's cache folder. Where it cannot be written, they are made in a
	// temporary folder at each start and removed again. [Segmenter] writes nothing.
	Dir string
	// Full keeps the rare words: twice the memory, and twice the time to start.
	Full bool
	// Words are never cut: brands, products, shops.
	Words []string
	// Dict is the folder of gojieba's dictionary. Empty: it is looked for.
	Dict string
}

func (o *Options) least() int {
	if o.Full {
		return 0
	}
	return trimmedFrequency
}

// Segmenter implements [nlp.Segmenter], with the words that gojieba would give:
// byte for byte, for every text. It is safe for concurrent use, SetWords included.
type Segmenter struct {
	plain   *lexicon // without user words
	current atomic.Pointer[lexicon]
	memory  sync.Pool // of *cutting
}

var (
	_ nlp.Segmenter    = (*Segmenter)(nil)
	_ nlp.WordAppender = (*Segmenter)(nil)
	_ nlp.RuneCutter   = (*Segmenter)(nil)
)

// New loads the dictionary, which takes a tenth of a second. One Segmenter serves a
// whole process.
func New(o Options) (*Segmenter, error) {
	folder, err := findDictionary(o.Dict)
	if err != nil {
		return nil, err
	}
	s := &Segmenter{}
	if s.plain, err = openLexicon(folder, o.least()); err != nil {
		return nil, fmt.Errorf("read the word dictionary: %w", err)
	}
	return s, s.SetWords(o.Words)
}

// SetWords makes words the ones that are never cut, instead of those set before.
// Texts cut meanwhile see either the old words or the new ones. It takes some
// microseconds a word, and its error is always nil.
func (s *Segmenter) SetWords(words []string) error {
	s.current.Store(s.plain.withUsers(forms(words)))
	return nil
}

// Words implements [nlp.Segmenter]. Bytes that are not text (NUL, invalid
// UTF-8) belong to no word.
func (s *Segmenter) Words(text string) []nlp.Word { return s.AppendWords(nil, text) }

// AppendWords implements [nlp.WordAppender].
func (s *Segmenter) AppendWords(words []nlp.Word, text string) []nlp.Word {
	m := s.take()
	defer s.memory.Put(m)
	l := s.current.Load()
	for start, end := range chunks(text) {
		l.cutChunk(text[start:end], m)
		words = slices.Grow(words, len(m.ends))
		from := start
		for _, last := range m.ends {
			to := start + int(m.offsets[last])
			words = append(words, nlp.Word{Text: text[from:to], Start: from, End: to})
			from = to
		}
	}
	return words
}

// AppendEnds implements [nlp.RuneCutter].
func (s *Segmenter) AppendEnds(ends []int32, runes []rune) []int32 {
	m := s.take()
	ends = s.current.Load().appendEnds(ends, runes, m)
	s.memory.Put(m)
	return ends
}

func (s *Segmenter) take() *cutting {
	if m, ok := s.memory.Get().(*cutting); ok {
		return m
	}
	return new(cutting)
}

// cutChunk cuts a text, whose runes, their offsets and the ends of whose words it
// leaves in m.
func (l *lexicon) cutChunk(text string, m *cutting) {
	m.runes, m.offsets = m.runes[:0], m.offsets[:0]
	for i, r := range text {
		m.runes = append(m.runes, r)
		m.offsets = append(m.offsets, int32(i))
	}
	m.offsets = append(m.offsets, int32(len(text)))
	m.ends = l.appendEnds(m.ends[:0], m.runes, m)
}

// Search implements [nlp.Segmenter]: before each word, the words of two and then
// of three characters inside it.
func (s *Segmenter) Search(text string) []string {
	m := s.take()
	defer s.memory.Put(m)
	l := s.current.Load()
	var words []string
	for start, end := range chunks(text) {
		chunk := text[start:end]
		l.cutChunk(chunk, m)
		first := 0
		for _, last := range m.ends {
			words = l.appendInner(words, chunk, first, int(last), m)
			words = append(words, chunk[m.offsets[first]:m.offsets[last]])
			first = int(last)
		}
	}
	return words
}

// appendInner appends the words inside the one from first to last.
func (l *lexicon) appendInner(words []string, text string, first, last int, m *cutting) []string {
	var codes [3]uint16
	for n := 2; n <= len(codes); n++ {
		for i := first; last-first > n && i+n <= last; i++ {
			for k, r := range m.runes[i : i+n] {
				codes[k] = l.chars.code(r)
			}
			if l.has(codes[:n]) {
				words = append(words, text[m.offsets[i]:m.offsets[i+n]])
			}
		}
	}
	return words
}

// userFrequency is the frequency user words get: so high that two words of the
// dictionary, however common, are less likely than the one user word.
const userFrequency = 2_000_000

// forms returns the words as they can occur in texts, as written and folded,
// without those that no segmenter could keep whole (jieba ends words at white
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

// maxChunk bounds, in bytes, what is cut at once: the working memory grows with
// the text.
const maxChunk = 16 << 10

// chunks returns the parts of text that are cut one by one, without the bytes
// that are not text.
func chunks(text string) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
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
			if !yield(start, end) {
				return
			}
			start = end
		}
	}
}

// chunkEnd returns where the piece of text that begins at start ends: before
// the next byte that is not text, and after at most maxChunk bytes, there rather
// behind a sign than inside a word.
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
