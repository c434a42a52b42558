package nlp_test

import (
	"os"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// TestBuiltinTopics scores the built-in topics, and the sentiment of each, on
// messages written for this test. The bounds lie a little below what was
// reached.
func TestBuiltinTopics(t *testing.T) {
	content, err := os.ReadFile("testdata/topics_test.tsv")
	if err != nil {
		t.Fatal(err)
	}
	a := analyzer(t, nlp.Options{})
	var all, sentiments tally
	perTopic := make(map[string]tally)
	for _, line := range strings.Split(strings.TrimSpace(string(content)), "\n")[1:] {
		labels, text, _ := strings.Cut(line, "\t")
		want := make(map[string]string)
		for label := range strings.SplitSeq(labels, ",") {
			if name, sentiment, _ := strings.Cut(label, ":"); name != "-" {
				want[name] = sentiment
			}
		}
		for _, topic := range a.Analyze(text).Topics {
			sentiment, ok := want[topic.Name]
			one := perTopic[topic.Name]
			switch {
			case !ok:
				one.wrong++
				t.Logf("also %s: %s", topic.Name, text)
			default:
				one.right++
				delete(want, topic.Name)
				if sentiment == topic.Sentiment {
					sentiments.right++
				} else if sentiment != "" {
					sentiments.wrong++
					t.Logf("%s is %s, not %s: %s", topic.Name, topic.Sentiment, sentiment, text)
				}
			}
			perTopic[topic.Name] = one
		}
		for name := range want {
			one := perTopic[name]
			one.missed++
			perTopic[name] = one
			t.Logf("missed %s: %s", name, text)
		}
	}
	for name, one := range perTopic {
		all.right, all.wrong, all.missed = all.right+one.right, all.wrong+one.wrong, all.missed+one.missed
		t.Logf("%-12s precision %.2f recall %.2f of %d", name, one.precision(), one.recall(), one.right+one.missed)
	}
	t.Logf("topics: precision %.3f, recall %.3f, F1 %.3f; sentiment right of %.3f", all.precision(), all.recall(), all.f1(), sentiments.precision())
	if all.precision() < 0.85 || all.recall() < 0.9 || sentiments.precision() < 0.88 {
		t.Error("worse than it was")
	}
}
