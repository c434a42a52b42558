package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/huiyin/huiyin/test/hostile"
)

// TestHostileCorpusIsExported imports the corpus and exports it in every form:
// no cell is a formula and nothing is lost.
func TestHostileCorpusIsExported(t *testing.T) {
	d := newDesktop(t)
	var b strings.Builder
	cases := hostile.Short(5000)
	for _, c := range cases {
		line, err := json.Marshal(map[string]any{
			"id": c.Name, "text": "说：" + c.Text, "author": map[string]any{"name": c.Author()}, "fields": map[string]string{"门店": c.Author()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexByte("=+-@\t\r", c.Text[0]); i >= 0 && c.Class == hostile.Formulas {
			line = bytes.Replace(line, []byte("说："), nil, 1)
		}
		b.Write(append(line, '\n'))
	}
	d.write("a.jsonl", b.String())
	if out := d.done("import", "a.jsonl", "-channel", "x"); !strings.Contains(out, "退回 0") {
		t.Error(out)
	}
	for _, name := range []string{"out.csv", "out.jsonl", "out.xlsx"} {
		d.done("export", "-o", name)
	}
	content, err := os.ReadFile("out.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte(byteOrderMark)))).ReadAll()
	if err != nil || len(rows) != len(cases)+1 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for i, row := range rows {
		for k, cell := range row {
			r, _ := utf8.DecodeRuneInString(cell)
			if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", r) && rows[0][k] != "情感得分" || !utf8.ValidString(cell) {
				t.Errorf("row %d, %s: %.80q", i, rows[0][k], cell)
			}
		}
	}
	if got := readJSON(t, "out.jsonl"); len(got) != len(cases) {
		t.Errorf("%d lines", len(got))
	}
	if n, formulas := sheetRows(t, "out.xlsx"); n != len(cases)+1 || formulas != 0 {
		t.Errorf("the sheet has %d rows, %d formulas", n, formulas)
	}
}

// sheetRows counts the rows and formulas of a workbook's first sheet.
func sheetRows(t *testing.T, path string) (rows, formulas int) {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(fmt.Errorf("first sheet: %w", err))
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("<row ")), bytes.Count(b, []byte("<f>")) + bytes.Count(b, []byte("<f ")) + bytes.Count(b, []byte(`t="str"`))
}
