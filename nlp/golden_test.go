package nlp_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// mark writes into the first column of testdata/golden.tsv what is wrong now.
var mark = flag.Bool("mark", false, "rewrite the known mistakes of testdata/golden.tsv")

// TestGolden holds the analysis against a file of messages with the verdict that
// a person expects: negation, contrast, irony, comparison, questions, mixed
// English, traditional script, emoji, slang. A star is not compared. The first
// column names what is known to be wrong today: it must be wrong, so that no
// mark outlives its mistake, and everything else must be right. After a change
// that is better on the whole, run the test with -mark and look at the
// difference.
func TestGolden(t *testing.T) {
	const file = "testdata/golden.tsv"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a := analyzer(t, nlp.Options{})
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	known := 0
	for i, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != 6 {
			t.Fatalf("%q has %d cells", line, len(cells))
		}
		v := a.Analyze(cells[5])
		checkVerdict(t, cells[5], v)
		wrong := strings.Join(differences(cells, v), ",")
		if wrong != "" {
			known++
		}
		if *mark {
			lines[i+1] = wrong + "\t" + strings.Join(cells[1:], "\t")
		} else if wrong != cells[0] {
			t.Errorf("%s: wrong %q, known to be wrong %q: %s %s %s %v", cells[5], wrong, cells[0], v.Sentiment, v.Intent, v.Urgency, v.Topics)
		}
	}
	t.Logf("%d messages, of which %d have something that is wrong", len(lines)-1, known)
	if len(lines)-1 < 300 || known > (len(lines)-1)/8 {
		t.Error("too few messages, or too many that are wrong")
	}
	if *mark {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
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
