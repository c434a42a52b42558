package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// evaluate runs eval over a file of that name and content.
func evaluate(t *testing.T, name, content string, flags ...string) (code int, out, errs string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	c := &cli{out: &stdout, err: &stderr, in: strings.NewReader(""), env: func(string) (string, bool) { return "", false }}
	code = run(t.Context(), c, append(append([]string{"eval"}, flags...), path))
	return code, stdout.String(), stderr.String()
}

func TestEvalPrintsEachLabel(t *testing.T) {
	const rows = "intent\turgency\ttext\ncomplaint\tnormal\t快递太慢了，等了三天还没收到\nspam\tlow\t加微信领红包，点击链接\nchat\tlow\t快递太慢了，又晚到\n"
	code, out, errs := evaluate(t, "labels.tsv", rows, "-intent", "-urgency")
	if code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	for _, want := range []string{
		"labels.tsv: intent", "complaint              1     0.500     1.000     0.667", "chat                   1     0.000     0.000     0.000",
		"3 rows, accuracy 0.667, macro-F1 0.556", "labels.tsv: urgency", "normal",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

// aspectFiles are the same texts in both forms.
func aspectFiles() (csv, tsv string) {
	csv, tsv = "id,content,service_wait_time,service_attitude,price_level,others_overall\n", "sentiment\tsubject\tcontent_id\ttext\n"
	for _, n := range []string{"一", "二", "三", "四", "五", "六", "七", "八", "九", "十"} {
		csv += "1,服务员态度太差了第" + n + "次,-2,-1,-2,1\n2,价格便宜实惠第" + n + "回,-2,-2,1,1\n"
		tsv += "negative\t服务\t1\t服务员态度太差了第" + n + "次\npositive\t价格\t2\t价格便宜实惠第" + n + "回\n"
	}
	return csv, tsv
}

func TestEvalLearnsAspects(t *testing.T) {
	csv, tsv := aspectFiles()
	for name, content := range map[string]string{"a.csv": csv, "a.tsv": tsv} {
		code, out, errs := evaluate(t, name, content, "-aspects", "-folds", "3")
		if code != 0 {
			t.Fatalf("%s: status %d: %s", name, code, errs)
		}
		for _, want := range []string{name + ": 20 texts, seed 1", "aspects: micro-F1 1.000", "sentiment of the 20 aspects found: accuracy 1.000"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is not in\n%s", want, out)
			}
		}
		if _, again, _ := evaluate(t, name, content, "-aspects", "-folds", "3"); again != out {
			t.Errorf("the second run differs:\n%s%s", out, again)
		}
	}
}

func TestEvalSaysWhatIsWrongWithAFile(t *testing.T) {
	for want, c := range map[string]struct {
		name, content string
		flags         []string
	}{
		"no column intent or label":    {"a.tsv", "a\ttext\nx\t好\n", []string{"-intent"}},
		"no rows below":                {"a.tsv", "label\ttext\n", []string{"-intent"}},
		"row 3 has 1 cells":            {"a.tsv", "label\ttext\nchat\t好\nchat\n", []string{"-intent"}},
		"no column of an aspect":       {"a.csv", "id,content\n1,好\n", []string{"-aspects"}},
		"leaves nothing to learn from": {"a.csv", "id,content\n1,好\n", []string{"-aspects", "-folds", "1"}},
	} {
		if code, _, errs := evaluate(t, c.name, c.content, c.flags...); code == 0 || !strings.Contains(errs, want) {
			t.Errorf("status %d: %q does not say %q", code, errs, want)
		}
	}
}
