package table

import (
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/huiyin/huiyin/test/hostile"
)

// TestHostileCorpus reads a table that says every case as text, name, address
// and field: each row is taken or refused, and none touches another.
func TestHostileCorpus(t *testing.T) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{{"编号", "内容", "昵称", "链接", "门店"}}
	cases := hostile.Corpus()
	for _, c := range cases {
		rows = append(rows, []string{c.Name, "说：" + strings.ToValidUTF8(c.Text, "\ufffd"), strings.ToValidUTF8(c.Author(), "\ufffd"), strings.ToValidUTF8(c.URL(), "\ufffd"), strings.ToValidUTF8(c.Author(), "\ufffd")})
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	got := read(t, file(t, "corpus.csv", b.String()), nil)
	taken := 0
	for _, line := range got {
		if !utf8.ValidString(line) {
			t.Errorf("invalid: %.200q", line)
		}
		if !strings.Contains(line, " refused: ") {
			taken++
		}
	}
	if len(got) != len(cases) || taken < len(cases)*9/10 {
		t.Errorf("%d rows read, %d taken, of %d", len(got), taken, len(cases))
	}
}
