package jieba_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/yanyiwu/gojieba"

	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/nlp/jieba"
)

// reference is gojieba with the words of shared.
var reference = sync.OnceValues(func() (*jieba.Gojieba, error) {
	dir, err := os.MkdirTemp("", "huiyin-test-")
	if err != nil {
		return nil, err
	}
	s, err := jieba.NewGojieba(jieba.Options{Dir: dir, Words: userWords})
	return s, errors.Join(err, os.RemoveAll(dir))
})

func gojiebaSegmenter(t testing.TB) *jieba.Gojieba {
	t.Helper()
	s, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkSame fails unless own cuts text as gojieba does: every word, in both modes.
func checkSame(t *testing.T, own *jieba.Segmenter, theirs *jieba.Gojieba, text string) {
	t.Helper()
	if got, want := own.Words(text), theirs.Words(text); !slices.Equal(got, want) {
		t.Fatalf("%.200q: %.200q, gojieba %.200q", text, texts(got), texts(want))
	}
	if got, want := own.Search(text), theirs.Search(text); !slices.Equal(got, want) {
		t.Fatalf("%.200q: search mode %.200q, gojieba %.200q", text, got, want)
	}
}

// corpus returns the lines of the texts that the packages nearby are tested and
// trained with, each once.
func corpus(t testing.TB) []string {
	t.Helper()
	var lines []string
	seen := make(map[string]bool)
	packages := os.DirFS("..")
	err := fs.WalkDir(packages, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".tsv") {
			return err
		}
		content, err := fs.ReadFile(packages, path)
		for line := range strings.Lines(string(content)) {
			if !seen[line] {
				seen[line] = true
				lines = append(lines, line)
			}
		}
		return err
	})
	if err != nil || len(lines) < 5000 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	return lines
}

// oddities are characters that segmenters trip over: what ends words, what only
// seems to, letters and digits of other kinds, characters that no dictionary has.
var oddities = []rune(" \t\n\r\u3000，。,.、！!?~AaZz09４Ａ＋+-_'薇v①㈱👍🏽\u200d♥é한かカкТ臺體\ufffd\x00\u0085\u2028[]#@龘𠮷𪚥囧")

// TestSameWords: the words are gojieba's for every text that there is here, as
// written and folded, for pieces of them put together anew with signs between,
// and for what is hostile.
func TestSameWords(t *testing.T) {
	own, theirs := segmenter(t), gojiebaSegmenter(t)
	lines := corpus(t)
	for _, text := range lines {
		checkSame(t, own, theirs, text)
		checkSame(t, own, theirs, nlp.Fold(text))
	}
	random := rand.New(rand.NewPCG(1, 2))
	mixed := func() string {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			if random.IntN(6) == 0 {
				b.WriteString(userWords[random.IntN(len(userWords))])
			}
			piece := []rune(lines[random.IntN(len(lines))])
			from := random.IntN(len(piece))
			b.WriteString(string(piece[from:min(len(piece), from+random.IntN(12))]))
			for range random.IntN(3) {
				b.WriteRune(oddities[random.IntN(len(oddities))])
			}
		}
		return b.String()
	}
	for range 20_000 {
		checkSame(t, own, theirs, mixed())
	}
	for _, r := range oddities { // long rows, across the borders of pieces too
		checkSame(t, own, theirs, strings.Repeat(string(r), 7000))
		checkSame(t, own, theirs, strings.Repeat("快递"+string(r), 3000))
	}
	var long strings.Builder
	for long.Len() < 100_000 {
		long.WriteString(mixed())
	}
	checkSame(t, own, theirs, long.String())
	for range 2000 { // characters at random
		runes := make([]rune, random.IntN(40))
		for i := range runes {
			runes[i] = 0x4e00 + rune(random.IntN(0x51a6))
		}
		checkSame(t, own, theirs, string(runes))
	}
	for range 500 { // bytes at random
		b := make([]byte, random.IntN(60))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		checkSame(t, own, theirs, string(b))
	}
}

// TestSameWordsOfTheFullDictionary: and with the rare words.
func TestSameWordsOfTheFullDictionary(t *testing.T) {
	own, theirs := open(t, jieba.Options{Full: true}), openGojieba(t, jieba.Options{Full: true})
	for _, text := range corpus(t) {
		checkSame(t, own, theirs, text)
	}
}

// TestSameWordsOfAnotherDictionary: one that is out of order, with a word twice, a
// word that is no text, and user words that are words of it.
func TestSameWordsOfAnotherDictionary(t *testing.T) {
	hmm, err := os.ReadFile(filepath.Join(gojieba.DICT_DIR, "hmm_model.utf8"))
	if err != nil {
		t.Fatal(err)
	}
	dict := t.TempDir()
	words := "配送 90 n\n快递 700 n\n慢 50 a\n太慢 6 a\n太 900 d\n快 800 a\n快递 6 n\n慢了 5 a\n外卖 5 n\n\xff\xfe 9 x\nT恤 7 n\n快递员 8 n\n𠮷野家 9 n\n了 5 u\n"
	if err := errors.Join(os.WriteFile(filepath.Join(dict, "hmm_model.utf8"), hmm, 0o600), os.WriteFile(filepath.Join(dict, "jieba.dict.utf8"), []byte(words), 0o600)); err != nil {
		t.Fatal(err)
	}
	user := []string{"快递", "递员", strings.Repeat("慢", 600), strings.Repeat("快", 512)}
	own, theirs := open(t, jieba.Options{Dict: dict, Words: user}), openGojieba(t, jieba.Options{Dict: dict, Words: user})
	for _, text := range append(corpus(t)[:500], "快递员太慢了外卖T恤𠮷野家配送", strings.Repeat("快", 1300), strings.Repeat("慢", 1300), strings.Repeat("太慢了", 900)) {
		checkSame(t, own, theirs, text)
	}
}

// TestEndsAreThoseOfWords: a text that was taken apart is cut alike.
func TestEndsAreThoseOfWords(t *testing.T) {
	s := segmenter(t)
	for _, text := range corpus(t)[:2000] {
		ends := s.AppendEnds([]int32{-1}, []rune(text))
		words := s.Words(text)
		if len(ends) != len(words)+1 || ends[0] != -1 {
			t.Fatalf("%q: %d ends of %d words", text, len(ends)-1, len(words))
		}
		last := 0
		for i, w := range words {
			if last += len([]rune(w.Text)); int(ends[i+1]) != last {
				t.Fatalf("%q: word %q ends at %d, not %d", text, w.Text, ends[i+1], last)
			}
		}
	}
}

func FuzzSameWords(f *testing.F) {
	for _, text := range []string{"快递太慢了，等了三天", "a\x00b", "\xff好", "👨‍👩‍👧‍👦", "ＡＢＣ　全角", "T恤3.5折4S店c++", "龘龘𠮷茶青禾咖啡馆"} {
		f.Add(text)
	}
	own, theirs := segmenter(f), gojiebaSegmenter(f)
	f.Fuzz(func(t *testing.T, text string) { checkSame(t, own, theirs, text) })
}
