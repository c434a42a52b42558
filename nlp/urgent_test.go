package nlp_test

import (
	"os"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// TestUrgent scores messages that are critical, each in its own words, against
// others that only sound so. They were written after the rules and are not what
// the rules were made from.
func TestUrgent(t *testing.T) {
	content, err := os.ReadFile("testdata/urgent_test.tsv")
	if err != nil {
		t.Fatal(err)
	}
	a := analyzer(t, nlp.Options{})
	var critical tally
	for i, line := range strings.Split(strings.TrimSpace(string(content)), "\n") {
		hazard, text, _ := strings.Cut(line, "\t")
		if i == 0 {
			continue
		}
		v := a.Analyze(text)
		switch got := v.Urgency == "critical"; {
		case got && hazard != "-":
			critical.right++
		case got:
			critical.wrong++
			t.Logf("%v: %s", v.Hazards, text)
		case hazard != "-":
			critical.missed++
			t.Logf("missed %s: %s (%s)", hazard, text, v.Urgency)
		}
	}
	t.Logf("recall %.3f, precision %.3f: %+v", critical.recall(), critical.precision(), critical)
	if critical.recall() < 0.6 || critical.precision() < 0.7 {
		t.Error("worse than it was")
	}
}
