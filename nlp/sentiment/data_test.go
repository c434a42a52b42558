package sentiment

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadDir(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "sentiment", "b.train.tsv"), "label\ttext\npositive\t很好\r\nnegative\t很差\t还有制表符\n")
	write(t, filepath.Join(dir, "sentiment", "a.train.tsv"), "neutral\t一般\n\n")
	write(t, filepath.Join(dir, "sentiment", "a.dev.tsv"), "label\ttext\npositive\t开发集\n")
	write(t, filepath.Join(dir, "unlabelled", "u.txt"), "text\n第一条\n第二条")
	write(t, filepath.Join(dir, "lexicon", "hownet_pos.txt"), "可靠 \n\n")
	write(t, filepath.Join(dir, "lexicon", "hownet_neg.txt"), "粗鲁\r\n")
	write(t, filepath.Join(dir, "aspect", "aichallenger_restaurant.csv"), "id,content,others_overall_experience\n1,\"好吃\n再来\",1\n2,没说,-2\n3,难吃,-1\n")

	rows, unlabelled, err := ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []Row
	for _, row := range rows {
		if row.Source != own && row.Source != phrases && row.Source != ownWords {
			got = append(got, row)
		}
	}
	want := []Row{
		{Text: "一般", Label: Neutral, Source: "a"},
		{Text: "很好", Label: Positive, Source: "b"},
		{Text: "很差\t还有制表符", Label: Negative, Source: "b"},
		{Text: "好吃\n再来", Label: Positive, Source: restaurants},
		{Text: "难吃", Label: Negative, Source: restaurants},
		{Text: "可靠", Label: Positive, Source: lexicon},
		{Text: "粗鲁", Label: Negative, Source: lexicon},
	}
	if len(got) != len(want) {
		t.Fatalf("rows %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d: %v, want %v", i, got[i], want[i])
		}
	}
	if strings.Join(unlabelled, "|") != "第一条|第二条" {
		t.Errorf("unlabelled %q", unlabelled)
	}
}

func TestReadDevelopment(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadDevelopment(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "dev.tsv") {
		t.Errorf("empty folder: %v", err)
	}
	write(t, filepath.Join(dir, "sentiment", "a.train.tsv"), "positive\t好\n")
	write(t, filepath.Join(dir, "sentiment", "a.dev.tsv"), "label\ttext\nnegative\t差\n")
	rows, err := ReadDevelopment(dir)
	if err != nil || len(rows) != 1 || rows[0] != (Row{Text: "差", Label: Negative, Source: "a"}) {
		t.Errorf("rows %v, err %v", rows, err)
	}
}

func TestReadErrorsSayWhere(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := ReadDir(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "train.tsv") {
		t.Errorf("empty folder: %v", err)
	}
	file := filepath.Join(dir, "x.tsv")
	for content, want := range map[string]string{
		"label\ttext\nhappy\t好\n":                   ":2: label",
		"positive\t好\nnegative 差\n":                 ":2: write LABEL",
		"positive\t" + strings.Repeat("好", 400_000): ":1: longer",
	} {
		write(t, file, content)
		if _, err := ReadFile(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: err = %v, want %q in it", content, err, want)
		}
	}
}

func TestOwnRowsAreUsable(t *testing.T) {
	rows, err := OwnRows()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, row := range append(rows, OwnPhrases()...) {
		counts[row.Label]++
		if strings.ContainsAny(row.Text, "{}") || strings.TrimSpace(row.Text) == "" {
			t.Errorf("row %+v", row)
		}
	}
	for _, label := range labels {
		if counts[label] < 100 {
			t.Errorf("%d rows are %s", counts[label], label)
		}
	}
}

func TestOwnWordsAreSaidOnce(t *testing.T) {
	words, err := OwnWords()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	counts := map[string]int{}
	for _, row := range words {
		if label, twice := known[row.Text]; twice {
			t.Errorf("%s is %s and %s", row.Text, label, row.Label)
		}
		known[row.Text] = row.Label
		counts[row.Label]++
	}
	if counts[Positive] < 1500 || counts[Negative] < 1500 || len(counts) != 2 {
		t.Errorf("words by label: %v", counts)
	}
}
