package nlp_test

import (
	"os"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// tally counts, for one label, how often it was rightly and wrongly given and
// missed.
type tally struct{ right, wrong, missed int }

func (t tally) recall() float64    { return float64(t.right) / float64(t.right+t.missed) }
func (t tally) precision() float64 { return float64(t.right) / float64(t.right+t.wrong) }
func (t tally) f1() float64 {
	return 2 * float64(t.right) / float64(2*t.right+t.wrong+t.missed)
}

// score compares labels and returns the tally of each and their mean F1.
func score(want, got []string) (map[string]tally, float64) {
	tallies := make(map[string]tally)
	for i := range want {
		w, g := tallies[want[i]], tallies[got[i]]
		if want[i] == got[i] {
			w.right++
			tallies[want[i]] = w
			continue
		}
		w.missed++
		g.wrong++
		tallies[want[i]], tallies[got[i]] = w, g
	}
	mean := 0.0
	for _, t := range tallies {
		mean += t.f1() / float64(len(tallies))
	}
	return tallies, mean
}

// judged are a file's labels and what the analysis says, side by side.
type judged struct {
	intents, sentiments, urgencies [2][]string // wanted, got
}

// judge analyses the messages of a file. Of a blind one it does not tell the
// single mistakes.
func judge(t *testing.T, file string, blind bool) judged {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := nlp.ReadMessages(string(content))
	if err != nil {
		t.Fatal(err)
	}
	a := analyzer(t, nlp.Options{})
	var j judged
	for _, m := range messages {
		v := a.Analyze(m.Text)
		checkVerdict(t, m.Text, v)
		for _, pair := range []struct {
			to        *[2][]string
			want, got string
		}{{&j.intents, m.Intent, v.Intent}, {&j.sentiments, m.Sentiment, v.Sentiment}, {&j.urgencies, m.Urgency, v.Urgency}} {
			pair.to[0] = append(pair.to[0], pair.want)
			pair.to[1] = append(pair.to[1], pair.got)
			if pair.want != pair.got && testing.Verbose() && !blind {
				t.Logf("%s → %s: %s", pair.want, pair.got, m.Text)
			}
		}
	}
	return j
}

// TestMessages scores the half of the hand-written messages that nothing was
// learned from. The bounds lie a little below what was reached, so that a change
// that harms is seen.
func TestMessages(t *testing.T) {
	j := judge(t, "testdata/messages_test.tsv", false)
	intents, macro := score(j.intents[0], j.intents[1])
	_, sentiments := score(j.sentiments[0], j.sentiments[1])
	urgencies, _ := score(j.urgencies[0], j.urgencies[1])
	critical := urgencies["critical"]
	t.Logf("intent macro-F1 %.3f, sentiment macro-F1 %.3f, critical recall %.3f precision %.3f", macro, sentiments, critical.recall(), critical.precision())
	for name, tally := range intents {
		t.Logf("%-10s F1 %.3f", name, tally.f1())
	}
	if macro < 0.82 || sentiments < 0.75 || critical.recall() < 0.95 || critical.precision() < 0.85 {
		t.Error("worse than it was")
	}
}

// TestServiceMessages scores the intent of short messages that nothing was made
// from, and at whose single mistakes nobody looks.
func TestServiceMessages(t *testing.T) {
	j := judge(t, "testdata/service_test.tsv", true)
	intents, macro := score(j.intents[0], j.intents[1])
	_, sentiments := score(j.sentiments[0], j.sentiments[1])
	urgencies, _ := score(j.urgencies[0], j.urgencies[1])
	t.Logf("intent macro-F1 %.3f, sentiment macro-F1 %.3f, %d false alarms", macro, sentiments, urgencies["critical"].wrong)
	for name, tally := range intents {
		t.Logf("%-10s F1 %.3f %+v", name, tally.f1(), tally)
	}
	if macro < 0.83 || urgencies["critical"].wrong > 4 {
		t.Error("worse than it was")
	}
}
