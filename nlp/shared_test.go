package nlp_test

import (
	"sync"
	"testing"

	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/nlp/jieba"
)

// Loading the dictionary takes most of the time of these tests: it is done once.
var sharedSegmenter = sync.OnceValues(func() (*jieba.Segmenter, error) {
	return jieba.New(jieba.Options{Words: []string{"青禾咖啡"}})
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
