package nlp_test

import (
	"os"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// maxShared is how much of its runs of three characters a message of a test may
// share with one that the head learned from.
const maxShared = 0.7

// TestTestsWereNotLearned: no message that the urgency is scored on resembles
// one of the training messages.
func TestTestsWereNotLearned(t *testing.T) {
	content, err := os.ReadFile("messages_train.tsv")
	if err != nil {
		t.Fatal(err)
	}
	training, err := nlp.ReadMessages(string(content))
	if err != nil {
		t.Fatal(err)
	}
	known := make([]map[string]struct{}, len(training))
	for i, m := range training {
		known[i] = threes(m.Text)
	}
	for _, file := range []string{"testdata/urgent_test.tsv", "testdata/critical_test.tsv", "testdata/fresh_test.tsv", "testdata/fresh2_test.tsv", "testdata/fresh3_test.tsv", "testdata/fresh4_test.tsv"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range messageLines(string(content)) {
			_, text, _ := strings.Cut(line, "\t")
			own := threes(text)
			for i := range known {
				shared := 0
				for run := range own {
					if _, ok := known[i][run]; ok {
						shared++
					}
				}
				if float64(shared) > maxShared*float64(len(own)) {
					t.Errorf("%s: %s resembles %s", file, text, training[i].Text)
				}
			}
		}
	}
}

// threes returns the runs of three characters of text.
func threes(text string) map[string]struct{} {
	runes := []rune(nlp.Fold(text))
	runs := make(map[string]struct{})
	for i := range max(0, len(runes)-2) {
		runs[string(runes[i:i+3])] = struct{}{}
	}
	return runs
}
