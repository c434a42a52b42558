package nlp_test

import (
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/nlp/jieba"
)

// Loading the dictionary takes most of the time of these tests: it is done once.
var sharedSegmenter = sync.OnceValues(func() (*jieba.Segmenter, error) {
	dir, err := os.MkdirTemp("", "huiyin-test-")
	if err != nil {
		return nil, err
	}
	s, err := jieba.New(jieba.Options{Dir: dir, Words: []string{"青禾咖啡"}})
	return s, errors.Join(err, os.RemoveAll(dir))
})

func segmenter(t testing.TB) *jieba.Segmenter {
	t.Helper()
	s, err := sharedSegmenter()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// analyzer returns an Analyzer with o and the shared segmenter.
func analyzer(t testing.TB, o nlp.Options) *nlp.Analyzer {
	t.Helper()
	o.Segmenter = segmenter(t)
	a, err := nlp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
