package bottest

import (
	"strings"
	"testing"

	"github.com/huiyin/huiyin/bots"
)

// CheckFinding fails the test where a line of doctor is not of use in both
// languages: advice where something is wrong and only there, and English that is
// not the Chinese over again. Names in it may be Chinese, its punctuation not.
func CheckFinding(t *testing.T, f bots.Finding) {
	t.Helper()
	if f.Text == "" || f.TextEN == "" || f.OK != (f.Do == "") || f.OK != (f.DoEN == "") {
		t.Errorf("a finding that is not whole: %+v", f)
	}
	for _, text := range []string{f.TextEN, f.DoEN} {
		if strings.ContainsAny(text, "，。：；（）、") {
			t.Errorf("English written as Chinese is: %q", text)
		}
	}
}
