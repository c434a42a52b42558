package nlp_test

import (
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// maxAllocations is how often the analysis of a message may allocate beside the
// segmenter: the folded text, the lists of the verdict, and what a rare
// character or a number takes.
const maxAllocations = 8

func TestAllocations(t *testing.T) {
	seg := segmenter(t)
	a := analyzer(t, nlp.Options{})
	var words []nlp.Word
	for _, kind := range benchmarkKinds {
		for _, text := range kind.texts {
			folded := nlp.Fold(text)
			cutting := fewestAllocations(func() { words = seg.AppendWords(words[:0], folded) })
			all := fewestAllocations(func() { a.Analyze(text) })
			if all-cutting > maxAllocations {
				t.Errorf("%.30q: %v allocations beside the segmenter's %v, want %d at most", text, all-cutting, cutting, maxAllocations)
			}
		}
	}
}

// fewestAllocations is how many a turn of fn takes that finds the memory of an
// earlier one in its pool: under the race detector pools lose some on purpose.
func fewestAllocations(fn func()) float64 {
	fewest := testing.AllocsPerRun(1, fn)
	for range 20 {
		fewest = min(fewest, testing.AllocsPerRun(1, fn))
	}
	return fewest
}
