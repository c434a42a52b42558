package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp/sentiment"
)

func TestFit(t *testing.T) {
	var rows []sentiment.Row
	for range 20 {
		rows = append(rows, sentiment.Row{Text: "味道很好", Label: sentiment.Positive}, sentiment.Row{Text: "明天开门吗", Label: sentiment.Neutral}, sentiment.Row{Text: "太难吃了", Label: sentiment.Negative})
	}
	m := fit(rows)
	for text, want := range map[string]int{"很好": 0, "后天开门吗": 1, "真难吃": 2} {
		pos, neu, neg := m.judge(text)
		if got := []float64{pos, neu, neg}; got[want] < 0.5 {
			t.Errorf("%s: %v, want class %d", text, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	if got := string(units("好好好好 １２０Km\t")); got != "^好好00km$" {
		t.Errorf("units %q", got)
	}
	if n := len(units(strings.Repeat("好坏", 5000))); n > maxUnits+2 {
		t.Errorf("%d units of a long text", n)
	}
}

func TestRunNeedsTheFolder(t *testing.T) {
	if err := run(nil, io.Discard, io.Discard); err == nil {
		t.Error("no folder, no error")
	}
	if err := run([]string{t.TempDir()}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "train.tsv") {
		t.Errorf("an empty folder: %v", err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sentiment"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"waimai.train", "waimai.dev", "htl.train", "htl.dev"} {
		text := "label\ttext\npositive\t好吃\nnegative\t难吃\n"
		if err := os.WriteFile(filepath.Join(dir, "sentiment", name+".tsv"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := run([]string{dir}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "1.0000") || !strings.Contains(out.String(), "mean") {
		t.Errorf("the table:\n%s", out.String())
	}
}
