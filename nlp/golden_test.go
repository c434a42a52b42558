package nlp_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// TestGolden holds the analysis against a file of messages with the verdict that
// a person expects: negation, contrast, irony, comparison, questions, mixed
// English, traditional script. A star is not compared. The first column names
// what is known to be wrong today; what it does not name must be right, but for
// a few that a newly trained model may turn.
func TestGolden(t *testing.T) {
	content, err := os.ReadFile("testdata/golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	a := analyzer(t, nlp.Options{})
	rows, known, wrong := 0, 0, 0
	for _, line := range strings.Split(strings.TrimSpace(string(content)), "\n")[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != 6 {
			t.Fatalf("%q has %d cells", line, len(cells))
		}
		v := a.Analyze(cells[5])
		checkVerdict(t, cells[5], v)
		rows++
		if cells[0] != "" {
			known++
		}
		for _, field := range differences(cells, v) {
			if slices.Contains(strings.Split(cells[0], ","), field) {
				continue
			}
			wrong++
			t.Logf("%s: %s: %s %s %s %v", field, cells[5], v.Sentiment, v.Intent, v.Urgency, v.Topics)
		}
	}
	t.Logf("%d messages, %d with something known to be wrong, %d newly wrong", rows, known, wrong)
	if wrong > rows/8 || known > rows/3 {
		t.Error("too many are wrong")
	}
}

// differences names the columns of a golden row that v does not have.
func differences(cells []string, v nlp.Verdict) []string {
	var fields []string
	for i, got := range []string{v.Sentiment, v.Intent, v.Urgency} {
		if want := cells[1+i]; want != "*" && want != got {
			fields = append(fields, [...]string{"sentiment", "intent", "urgency"}[i])
		}
	}
	if cells[4] == "*" {
		return fields
	}
	for want := range strings.SplitSeq(cells[4], ",") {
		name, sentiment, _ := strings.Cut(want, ":")
		at := slices.IndexFunc(v.Topics, func(topic nlp.TopicScore) bool { return topic.Name == name })
		if at < 0 || sentiment != "" && v.Topics[at].Sentiment != sentiment {
			return append(fields, "topics")
		}
	}
	return fields
}
