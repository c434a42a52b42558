package jieba

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/yanyiwu/gojieba"

	"github.com/huiyin/huiyin/nlp"
)

// Gojieba cuts with gojieba itself, the C++ library. It is what [Segmenter] is
// compared with, and can be chosen by configuration. It takes ten times the
// memory. It implements [nlp.Segmenter] and is safe for concurrent use, SetWords
// included.
type Gojieba struct {
	options Options
	current atomic.Pointer[gojieba.Jieba]
	setting sync.Mutex // one SetWords at a time
}

var (
	_ nlp.Segmenter    = (*Gojieba)(nil)
	_ nlp.WordAppender = (*Gojieba)(nil)
)

// NewGojieba loads the dictionary, which takes 0.3 s or, with Options.Full, more
// than 1 s.
func NewGojieba(o Options) (*Gojieba, error) {
	s := &Gojieba{options: o}
	if err := s.SetWords(o.Words); err != nil {
		return nil, err
	}
	return s, nil
}

// SetWords makes words the ones that are never cut, instead of those set
// before. It loads the dictionary again beside the one in use and then changes
// over, so that texts cut meanwhile see either the old words or the new ones.
func (s *Gojieba) SetWords(words []string) error {
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

// Words implements [nlp.Segmenter]. Bytes that are not text (NUL, invalid
// UTF-8) belong to no word.
func (s *Gojieba) Words(text string) []nlp.Word { return s.cut(nil, text, gojieba.DefaultMode) }

// AppendWords implements [nlp.WordAppender].
func (s *Gojieba) AppendWords(words []nlp.Word, text string) []nlp.Word {
	return s.cut(words, text, gojieba.DefaultMode)
}

// Search implements [nlp.Segmenter].
func (s *Gojieba) Search(text string) []string {
	words := s.cut(nil, text, gojieba.SearchMode)
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

func (s *Gojieba) cut(words []nlp.Word, text string, mode gojieba.TokenizeMode) []nlp.Word {
	j := s.current.Load()
	// gojieba frees the instance in a finalizer, and does not keep it alive while
	// C++ still works with it.
	defer runtime.KeepAlive(j)
	for start, end := range chunks(text) {
		tokens := j.Tokenize(text[start:end], mode, true)
		words = slices.Grow(words, len(tokens))
		for _, t := range tokens {
			words = append(words, nlp.Word{Text: t.Str, Start: start + t.Start, End: start + t.End})
		}
	}
	return words
}

// load prepares the dictionary and reads it.
func load(o Options) (*gojieba.Jieba, error) {
	source, err := findDictionary(o.Dict)
	if err != nil {
		return nil, err
	}
	words, err := openDictionary(filepath.Join(source, wordsFile), o.least())
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

// stem is the dictionary that gojieba is made with, before the words are added:
// two words that occur in no text, since commas end words, with the least
// frequency and the sum of all of d. What gojieba computes of those, the weights
// of words and of what is no word, is then the same as if it had read them all.
func (d *dictionary) stem() []byte {
	stem := fmt.Appendf(nil, "，。 %d x\n", d.rare)
	if rest := d.sum - d.rare; rest > 0 {
		stem = fmt.Appendf(stem, "，， %d x\n", rest)
	}
	return stem
}

// addTo adds the words to j, which was made of the stem. Reading them from a file
// of theirs, gojieba would sort a copy and make lists of them, which takes longer
// and, for a moment, a fifth more memory.
func (d *dictionary) addTo(j *gojieba.Jieba) error {
	return d.each(func(word []byte, frequency int, tag []byte) { j.AddWordEx(string(word), frequency, string(tag)) })
}
