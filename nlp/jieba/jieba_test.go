package jieba_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/yanyiwu/gojieba"

	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/nlp/jieba"
)

func open(t testing.TB, o jieba.Options) *jieba.Segmenter {
	t.Helper()
	s, err := jieba.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openGojieba(t testing.TB, o jieba.Options) *jieba.Gojieba {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := jieba.NewGojieba(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shared is loaded once: loading takes most of these tests' time.
var shared = sync.OnceValues(func() (*jieba.Segmenter, error) {
	return jieba.New(jieba.Options{Words: userWords})
})

var userWords = []string{"青禾咖啡", "芋泥波波", "TA7 Pro", "ZenTea茶铺", "好茶", "😀茶", "老师傅"}

func segmenter(t testing.TB) *jieba.Segmenter {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func texts(words []nlp.Word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

func TestWords(t *testing.T) {
	s := segmenter(t)
	for text, want := range map[string]string{
		"":             "",
		"快递太慢了,等了三天":   "快递/太慢/了/,/等/了/三天",
		"我在青禾咖啡馆买的":    "我/在/青禾咖啡/馆/买/的",
		"芋泥波波奶茶不好喝":    "芋泥波波/奶茶/不/好喝",
		"zentea茶铺排队太久": "zentea茶铺/排队/太久",
		"今天喝了好茶":       "今天/喝/了/好茶",
	} {
		if got := strings.Join(texts(s.Words(text)), "/"); got != want {
			t.Errorf("Words(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestSearchHoldsTheShorterWords(t *testing.T) {
	got := segmenter(t).Search("中华人民共和国的快递员")
	for _, want := range []string{"共和国", "人民", "中华人民共和国", "快递"} {
		if !slices.Contains(got, want) {
			t.Errorf("Search lacks %s: %v", want, got)
		}
	}
}

func TestWordsOfWhatIsNoText(t *testing.T) {
	s := segmenter(t)
	for _, text := range []string{
		"快递\x00太慢", "\xff\xfe快递\xe5\xbf太慢\xc0", "\x00", "\xff", strings.Repeat("\xf0\x9f", 100),
		strings.Repeat("好", 50_000), strings.Repeat("快递太慢了,", 9_000), strings.Repeat("a", 100_000),
		"👨‍👩‍👧‍👦快递" + strings.Repeat("👍🏽", 10_000),
	} {
		words := s.Words(text)
		checkOffsets(t, text, words)
		if strings.Contains(text, "快递") && !slices.Contains(texts(words), "快递") {
			t.Errorf("快递 not found in %.40q: %d words", text, len(words))
		}
	}
}

// checkOffsets fails unless words lie in order in text, hold what they say and
// leave out only bytes that are not text.
func checkOffsets(t *testing.T, text string, words []nlp.Word) {
	t.Helper()
	at := 0
	for _, w := range words {
		if w.Start < at || w.End <= w.Start || w.End > len(text) || text[w.Start:w.End] != w.Text {
			t.Fatalf("word %q at %d-%d does not follow %d in %.60q", w.Text, w.Start, w.End, at, text)
		}
		checkSkipped(t, text[at:w.Start])
		at = w.End
	}
	checkSkipped(t, text[at:])
}

func checkSkipped(t *testing.T, skipped string) {
	t.Helper()
	for _, r := range skipped {
		if r != 0 && r != utf8.RuneError {
			t.Fatalf("%.20q was left out", skipped)
		}
	}
}

// changing is what both segmenters can do.
type changing interface {
	nlp.Segmenter
	SetWords(words []string) error
}

func TestSetWordsWhileInUse(t *testing.T) {
	for name, s := range map[string]changing{"own": open(t, jieba.Options{}), "gojieba": openGojieba(t, jieba.Options{})} {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			done := make(chan struct{})
			for range 4 {
				wg.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
						}
						got := strings.Join(texts(s.Words("禾青绿禾😀真好喝")), "")
						if got != "禾青绿禾😀真好喝" {
							t.Errorf("cut %q", got)
							return
						}
					}
				})
			}
			for _, words := range [][]string{{"禾青绿"}, {"禾青绿禾😀"}} { // a character that no other word has
				if err := s.SetWords(words); err != nil {
					t.Error(err)
				}
			}
			close(done)
			wg.Wait()
			if got := texts(s.Words("禾青绿禾😀真好喝")); got[0] != "禾青绿禾😀" {
				t.Errorf("user word was cut: %v", got)
			}
			if err := s.SetWords(nil); err != nil {
				t.Error(err)
			}
			if got := texts(s.Words("禾青绿禾😀真好喝")); got[0] == "禾青绿禾😀" {
				t.Errorf("a word that was taken back is there: %v", got)
			}
		})
	}
}

// TestWordsAsReadFromAFile: words that are added one by one weigh what they would
// if gojieba had read them from a file.
func TestWordsAsReadFromAFile(t *testing.T) {
	dict, err := os.ReadFile(filepath.Join(gojieba.DICT_DIR, "jieba.dict.utf8"))
	if err != nil {
		t.Fatal(err)
	}
	words := filepath.Join(t.TempDir(), "words")
	var often []byte
	for line := range bytes.Lines(dict) {
		if n, err := strconv.Atoi(strings.Fields(string(line))[1]); err != nil || n >= 5 {
			often = append(often, line...)
		}
	}
	if err := os.WriteFile(words, often, 0o600); err != nil {
		t.Fatal(err)
	}
	read := gojieba.NewJieba(words)
	defer read.Free()
	added := openGojieba(t, jieba.Options{})
	messages, err := filepath.Glob("../testdata/*.tsv")
	if err != nil || len(messages) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	for _, name := range messages {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for text := range strings.Lines(string(content)) {
			var want []string
			for _, w := range read.Tokenize(text, gojieba.DefaultMode, true) {
				want = append(want, w.Str)
			}
			if got := texts(added.Words(text)); !slices.Equal(got, want) {
				t.Errorf("%q: %q, from a file %q", text, got, want)
			}
		}
	}
}

func TestNewWithoutDictionary(t *testing.T) {
	if _, err := jieba.New(jieba.Options{Dict: t.TempDir()}); !errors.Is(err, jieba.ErrNoDictionary) {
		t.Errorf("error = %v", err)
	}
	if _, err := jieba.NewGojieba(jieba.Options{Dict: t.TempDir(), Dir: t.TempDir()}); !errors.Is(err, jieba.ErrNoDictionary) {
		t.Errorf("error of gojieba's = %v", err)
	}
}

// TestNewWithDamagedDictionary keeps gojieba from ending the process.
func TestNewWithDamagedDictionary(t *testing.T) {
	hmm, err := os.ReadFile(filepath.Join(gojieba.DICT_DIR, "hmm_model.utf8"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][2][]byte{
		"empty words":    {nil, hmm},
		"blank line":     {[]byte("快递 10 n\n\n太慢 7 a\n"), hmm},
		"no tag":         {[]byte("快递 10\n"), hmm},
		"zero frequency": {[]byte("快递 0 n\n"), hmm},
		"only rare":      {[]byte("快递 2 n\n"), hmm},
		"short model":    {[]byte("快递 10 n\n"), hmm[:len(hmm)/3]},
		"no model":       {[]byte("快递 10 n\n"), []byte("1 2 3\n")},
		"no logarithm":   {[]byte("快递 10 n\n"), bytes.Replace(hmm, []byte("\n-0.58"), []byte("\n0.58"), 1)},
		"strange steps":  {[]byte("快递 10 n\n"), bytes.Replace(hmm, []byte("\n-3.14e+100 -0.5108"), []byte("\n-0.5108 -3.14e+100"), 1)},
		"no characters":  {[]byte("快递 10 n\n"), bytes.ReplaceAll(hmm, []byte("好:"), []byte(":"))},
	} {
		dict := t.TempDir()
		if err := errors.Join(os.WriteFile(filepath.Join(dict, "jieba.dict.utf8"), content[0], 0o600),
			os.WriteFile(filepath.Join(dict, "hmm_model.utf8"), content[1], 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := jieba.New(jieba.Options{Dict: dict}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := jieba.NewGojieba(jieba.Options{Dict: dict, Dir: t.TempDir()}); err == nil {
			t.Errorf("%s: no error of gojieba's", name)
		}
	}
}

// TestDamagedCache: a cache cut short by a full disk is written anew.
func TestDamagedCache(t *testing.T) {
	dir := t.TempDir()
	openGojieba(t, jieba.Options{Dir: dir})
	entries, err := filepath.Glob(filepath.Join(dir, "dict-words-*"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("cache holds %v, %v", entries, err)
	}
	if err := os.Truncate(entries[0], 10); err != nil {
		t.Fatal(err)
	}
	s := openGojieba(t, jieba.Options{Dir: dir})
	if got := strings.Join(texts(s.Words("快递太慢了")), "/"); got != "快递/太慢/了" {
		t.Errorf("cut as %s", got)
	}
}

// TestNothingIsWritten: without gojieba there is no cache that could be torn or
// not be written.
func TestNothingIsWritten(t *testing.T) {
	dir := t.TempDir()
	open(t, jieba.Options{Dir: dir})
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("wrote %v, %v", entries, err)
	}
}

// TestMovedProgram builds a program with -trimpath, moves it and runs it in an
// empty folder, with the dictionary found in each documented place.
func TestMovedProgram(t *testing.T) {
	dir := t.TempDir()
	exe := filepath.Join(dir, "cut")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", exe, "./testdata/cut")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := func(env ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), exe, "快递太慢了")
		cmd.Dir = t.TempDir()
		cmd.Env = append([]string{"HOME=" + t.TempDir()}, env...)
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	const want = "快递/太慢/了"
	if out, err := run(); err == nil || !strings.Contains(out, jieba.EnvDict) {
		t.Errorf("without a dictionary: %v, %q does not say what to do", err, out)
	}
	if out, err := run(jieba.EnvDict + "=" + gojieba.DICT_DIR); err != nil || out != want {
		t.Errorf("by environment: %q, %v", out, err)
	}
	cache := strings.TrimSuffix(gojieba.DICT_DIR, "github.com/yanyiwu/gojieba@v1.4.6/deps/cppjieba/dict")
	if out, err := run("GOMODCACHE=" + cache); err != nil || out != want {
		t.Errorf("by the module cache: %q, %v", out, err)
	}
	if err := os.Symlink(gojieba.DICT_DIR, filepath.Join(dir, "dict")); err != nil {
		t.Fatal(err)
	}
	if out, err := run(); err != nil || out != want {
		t.Errorf("next to the executable: %q, %v", out, err)
	}
}

func FuzzWords(f *testing.F) {
	for _, text := range []string{"快递太慢了，等了三天", "a\x00b", "\xff好", "👨‍👩‍👧‍👦", "ＡＢＣ　全角"} {
		f.Add(text)
	}
	s := segmenter(f)
	f.Fuzz(func(t *testing.T, text string) {
		checkOffsets(t, text, s.Words(text))
		for _, w := range s.Search(text) {
			if !strings.Contains(text, w) {
				t.Errorf("%q is not in %q", w, text)
			}
		}
	})
}

const review = "外卖送得太慢了，等了一个半小时，汤都洒了，打电话给商家也没人接，这家店以后不会再点了，希望平台管一管。"

// BenchmarkWords cuts a review by both segmenters in turns, of which the fastest
// counts: what else the machine does tells on neither.
func BenchmarkWords(b *testing.B) {
	own, theirs := segmenter(b), openGojieba(b, jieba.Options{})
	runes := []rune(review)
	var ends []int32
	var words []nlp.Word
	var turns [3]time.Duration
	for b.Loop() {
		start := time.Now()
		ends = own.AppendEnds(ends[:0], runes)
		took := []time.Duration{time.Since(start), 0, 0}
		start = time.Now()
		words = own.AppendWords(words[:0], review)
		took[1] = time.Since(start)
		start = time.Now()
		words = theirs.AppendWords(words[:0], review)
		took[2] = time.Since(start)
		for i := range turns {
			if turns[i] == 0 || took[i] < turns[i] {
				turns[i] = took[i]
			}
		}
	}
	b.ReportMetric(float64(turns[0].Nanoseconds()), "ns/ends")
	b.ReportMetric(float64(turns[1].Nanoseconds()), "ns/words")
	b.ReportMetric(float64(turns[2].Nanoseconds()), "ns/gojieba")
	b.ReportMetric(0, "ns/op") // of all of them
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		open(b, jieba.Options{})
	}
}
