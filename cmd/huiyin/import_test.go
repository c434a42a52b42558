package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gofrs/flock"
	"github.com/xuri/excelize/v2"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// desktop is a folder in which commands are run as a person runs them.
type desktop struct {
	t   *testing.T
	dir string
}

func newDesktop(t *testing.T) *desktop {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	return &desktop{t, dir}
}

// run runs one command line and returns its exit status and what it said.
func (d *desktop) run(args ...string) (code int, out, err string) {
	d.t.Helper()
	return d.runIn("zh_CN.UTF-8", args...)
}

// runIn is run on a terminal of a language.
func (d *desktop) runIn(lang string, args ...string) (code int, out, err string) {
	d.t.Helper()
	var o, e bytes.Buffer
	env := func(name string) (string, bool) {
		return map[string]string{"LANG": lang}[name], name == "LANG"
	}
	code = run(context.Background(), &cli{out: &o, err: &e, in: strings.NewReader(""), env: env}, args)
	return code, o.String(), e.String()
}

// done runs a command that must succeed and returns what it printed.
func (d *desktop) done(args ...string) string {
	d.t.Helper()
	code, out, err := d.run(args...)
	if code != exitDone {
		d.t.Fatalf("huiyin %s: %d\n%s%s", strings.Join(args, " "), code, out, err)
	}
	return strings.TrimSpace(out)
}

func (d *desktop) write(name, content string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(content), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// see reads the database.
func (d *desktop) see(fn func(tx *store.Tx) error) {
	d.t.Helper()
	db, err := store.Open(context.Background(), "sqlite:huiyin-data/huiyin.db", store.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	if err := db.Read(context.Background(), fn); err != nil {
		d.t.Fatal(err)
	}
}

// exported returns the texts of an exported CSV, and how often each is there.
func (d *desktop) exported(name, column string) map[string]int {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		d.t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(b, []byte(byteOrderMark))
	if !ok {
		d.t.Error("no byte order mark: Excel would not read it as UTF-8")
	}
	rows, err := csv.NewReader(bytes.NewReader(rest)).ReadAll()
	if err != nil {
		d.t.Fatal(err)
	}
	at := slices.Index(rows[0], column)
	if at < 0 {
		d.t.Fatalf("no column %s in %q", column, rows[0])
	}
	texts := map[string]int{}
	for _, row := range rows[1:] {
		texts[row[at]]++
	}
	return texts
}

// reviews makes n rows, some of them alike, and returns how often each text is
// there.
func reviews(n int) (rows string, texts map[string]int) {
	what := []string{"拿铁", "美式", "燕麦奶", "可颂", "外卖袋"}
	how := []string{"等了半小时还没做好", "味道比上个月淡了", "很好喝，下次还来", "送到的时候洒了一半", "包装漂亮"}
	var b strings.Builder
	b.WriteString("门店,内容\n")
	texts = map[string]int{}
	for i := range n {
		text := fmt.Sprintf("%s%s", what[i%5], how[i/5%5])
		if i%4 != 0 {
			text = fmt.Sprintf("第%d单的%s", i, text)
		}
		texts[text]++
		fmt.Fprintf(&b, "SH%03d,%s\n", i%7, text)
	}
	return b.String(), texts
}

// Eight thousand rows of history: everything in, nothing sent, nothing twice.
func TestImportOfEightThousandRows(t *testing.T) {
	d := newDesktop(t)
	rows, texts := reviews(8000)
	d.write("rows.csv", rows)
	if out := d.done("import", "rows.csv", "-channel", "hotline"); out != "已导入 8,000 条历史数据，不发卡片、不通知客户。重复 0，退回 0。" {
		t.Error(out)
	}
	d.see(func(tx *store.Tx) error {
		b, err := tx.Backlog()
		if err != nil {
			return err
		}
		if len(b.Outbox) != 0 || b.Live != 0 || b.History != 0 || b.Quarantined != 0 {
			t.Errorf("backlog %+v", b)
		}
		n := 0
		err = tx.EachItem(store.Query{}, func(i *feedback.Item) error {
			n++
			if !i.History || i.State != feedback.Closed || i.EndedAt.IsZero() || i.Verdict.Sentiment == "" || i.Channel != "hotline" || i.Receipt != feedback.DeliveryNone || !i.DueAt.IsZero() {
				return fmt.Errorf("item %d: %+v", i.ID, i)
			}
			return nil
		})
		if n != 8000 {
			t.Errorf("%d items", n)
		}
		return err
	})
	if out := d.done("import", "rows.csv", "-channel", "hotline"); out != "已导入 0 条历史数据，不发卡片、不通知客户。重复 8,000，退回 0。" {
		t.Error(out)
	}
	if out := d.done("export", "-o", "all.csv"); out != "all.csv：8,000 条" {
		t.Error(out)
	}
	if got := d.exported("all.csv", "内容"); !maps.Equal(got, texts) {
		t.Errorf("%d different texts come back, %d were given", len(got), len(texts))
	}
}

func TestImportKnowsRowsAgain(t *testing.T) {
	d := newDesktop(t)
	d.write("a.csv", "id,text\n1,甲\n1,又是一\n2,乙\n")
	if out := d.done("import", "a.csv", "-channel", "x"); !strings.Contains(out, "已导入 2 条") || !strings.Contains(out, "重复 1，") {
		t.Error(out)
	}
	d.write("b.csv", "text\n丙\n丙\n丙\n")
	if out := d.done("import", "b.csv", "-channel", "x"); !strings.Contains(out, "已导入 3 条") {
		t.Error(out)
	}
	d.write("b.csv", "text\n丙\n丁\n丙\n丙\n丙\n")
	if out := d.done("import", "b.csv", "-channel", "x"); !strings.Contains(out, "已导入 2 条") || !strings.Contains(out, "重复 3，") {
		t.Error(out)
	}
	// Another channel is another place.
	if out := d.done("import", "b.csv", "-channel", "y"); !strings.Contains(out, "已导入 5 条") {
		t.Error(out)
	}
	// The same rows saved in another way are the same rows.
	d.write("c.tsv", "text\n丙\n丁\n丙\n丙\n丙\n")
	if out := d.done("import", "c.tsv", "-channel", "y"); !strings.Contains(out, "已导入 0 条") {
		t.Error(out)
	}
}

func TestImportRefusesRowsAndTakesThemBack(t *testing.T) {
	d := newDesktop(t)
	d.write("a.csv", "id,text,time\n1,甲,2026-03-01\n2,,2026-03-01\n3,=丙,昨天\n")
	if out := d.done("import", "-channel", "x", "a.csv"); out != "已导入 1 条历史数据，不发卡片、不通知客户。重复 0，退回 2（见 a.csv.rejected.csv）。" {
		t.Error(out)
	}
	b, err := os.ReadFile("a.csv.rejected.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := byteOrderMark + "huiyin_line,huiyin_reason,id,text,time\n3,the text is empty,2,,2026-03-01\n" +
		"4,\"the time \"\"昨天\"\" cannot be read: write it as 2026-03-01 09:30\",3,'=丙,昨天\n"
	if string(b) != want {
		t.Errorf("%s\nwant\n%s", b, want)
	}
	d.write("fixed.csv", strings.ReplaceAll(strings.ReplaceAll(string(b), "2,,", "2,乙,"), ",昨天\n", ",2026-03-02\n"))
	if out := d.done("import", "fixed.csv", "-channel", "x"); !strings.Contains(out, "已导入 2 条") || !strings.Contains(out, "退回 0") {
		t.Error(out)
	}
	d.done("export", "-o", "out.jsonl")
	rows := readJSON(t, "out.jsonl")
	if len(rows) != 3 || rows[2]["text"] != "=丙" || rows[2]["created_at"] != "2026-03-01T16:00:00Z" {
		t.Errorf("%v", rows)
	}
}

func readJSON(t *testing.T, path string) []map[string]any {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	for _, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestImportWorksBesideServe(t *testing.T) {
	d := newDesktop(t)
	if err := os.MkdirAll("huiyin-data", 0o700); err != nil {
		t.Fatal(err)
	}
	lock := flock.New("huiyin-data/huiyin.db.serve.lock")
	if held, err := lock.TryLock(); err != nil || !held {
		t.Fatal(held, err)
	}
	defer lock.Close()
	d.write("a.csv", "text\n甲\n")
	if out := d.done("import", "a.csv", "-channel", "x"); !strings.Contains(out, "已导入 1 条") {
		t.Error(out)
	}
}

func TestImportLiveSaysWhatFollows(t *testing.T) {
	d := newDesktop(t)
	d.write("huiyin.yaml", "bots:\n  - {name: qun, type: telegram, token: \"123:abc\"}\nteams:\n  - {name: care, title: 客服组, alerts: [\"qun:-100\"]}\n")
	d.write("a.csv", "id,text,time\n1,等了一个小时还没送到，太差了，要求退款,2025-01-01\n2,很好喝,2025-01-01\n3,,\n")
	code, out, err := d.run("import", "a.csv", "-channel", "x", "-live", "-c", "huiyin.yaml")
	if code != exitUsage || out != "" || !strings.Contains(err, "新反馈 2 条（已有 0，不能用 1）。最多 1 张卡片，往团队群发 1 条消息。不给客户发消息。") || !strings.Contains(err, "-yes") {
		t.Fatalf("%d %s %s", code, out, err)
	}
	if out := d.done("import", "a.csv", "-channel", "x", "-live", "-yes", "-c", "huiyin.yaml"); !strings.HasPrefix(out, "已导入 2 条，按新反馈处理。重复 0，退回 1。") {
		t.Error(out)
	}
	d.see(func(tx *store.Tx) error {
		b, err := tx.Backlog()
		if err == nil && b.Outbox[store.OutPending] != 1 {
			t.Errorf("outbox %v", b.Outbox)
		}
		return err
	})
}

func TestImportUsage(t *testing.T) {
	d := newDesktop(t)
	d.write("a.csv", "text\n甲\n")
	for _, args := range [][]string{
		{"import"}, {"import", "a.csv"}, {"import", "a.csv", "b.csv", "-channel", "x"}, {"import", "a.csv", "-channel", "a b"},
		{"import", "a.csv", "-channel", "x", "-map", "text"}, {"export"}, {"export", "-o", "x.pdf"}, {"export", "-o", "x.csv", "-lang", "fr"},
	} {
		if code, _, err := d.run(args...); code != exitUsage || err == "" {
			t.Errorf("%v: %d %s", args, code, err)
		}
	}
	for _, args := range [][]string{{"import", "none.csv", "-channel", "x"}, {"import", "a.csv", "-channel", "x", "-map", "text=nope"}} {
		if code, _, err := d.run(args...); code != exitFailed || err == "" {
			t.Errorf("%v: %d %s", args, code, err)
		}
	}
}

func TestExport(t *testing.T) {
	d := newDesktop(t)
	long := strings.Repeat("很长的话", 5000)
	d.write("a.jsonl", `{"id":"1","text":"=HYPERLINK(\"http://evil.example\",\"点我\")","author":{"name":"+小林"},"url":"https://a.example/1","posted_at":"2026-03-01T09:30:00+08:00","fields":{"门店":"@徐家汇"}}`+"\n"+
		`{"id":"2","text":"＝1+1"}`+"\n"+`{"id":"3","text":"\tx"}`+"\n"+`{"id":"4","text":"`+long+`"}`)
	d.done("import", "a.jsonl", "-channel", "x")
	d.done("export", "-o", "out.csv", "-lang", "en")
	texts := d.exported("out.csv", "text")
	for _, want := range []string{`'=HYPERLINK("http://evil.example","点我")`, "'＝1+1", "x", long} {
		if texts[want] != 1 {
			t.Errorf("no text %.60q", want)
		}
	}
	if got := d.exported("out.csv", "author"); got["'+小林"] != 1 {
		t.Errorf("authors %v", got)
	}
	if got := d.exported("out.csv", "created_at"); got["2026-03-01 09:30:00"] != 1 {
		t.Errorf("times %v", got)
	}
	if got := d.exported("out.csv", "fields"); got["门店=@徐家汇"] != 1 {
		t.Errorf("fields %v", got)
	}
	d.done("export", "-o", "out.jsonl")
	rows := readJSON(t, "out.jsonl")
	if len(rows) != 4 || rows[3]["text"] != long || rows[0]["receipt"] != "none" || rows[0]["closure"] != "none" || rows[0]["rating"] != nil || rows[0]["state"] != "closed" {
		t.Errorf("%.300v", rows)
	}
	if fields, ok := rows[0]["fields"].(map[string]any); !ok || fields["门店"] != "@徐家汇" {
		t.Errorf("fields %v", rows[0]["fields"])
	}
	d.done("export", "-o", "out.xlsx")
	checkSheet(t, "out.xlsx", long)
	d.done("export", "-o", "none.csv", "-channel", "other")
	if got := d.exported("none.csv", "内容"); len(got) != 0 {
		t.Errorf("other channel: %v", got)
	}
	if left, err := filepath.Glob(".huiyin-export-*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// checkSheet opens a workbook again: texts as they are, no formulas, real dates.
func checkSheet(t *testing.T, path, long string) {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheet := f.GetSheetName(0)
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(rows[0], "内容")
	if len(rows) != 5 || at < 0 || rows[1][at] != `=HYPERLINK("http://evil.example","点我")` || rows[2][at] != "＝1+1" {
		t.Fatalf("%.500v", rows)
	}
	if got := rows[4][at]; got != long {
		t.Errorf("the long text has %d of %d bytes", len(got), len(long))
	}
	if got := rows[1][slices.Index(rows[0], "创建时间")]; !strings.HasPrefix(got, "46082.3958") {
		t.Errorf("a time is %s", got)
	}
	for r := range rows {
		for c := range rows[r] {
			cell, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			if formula, err := f.GetCellFormula(sheet, cell); err != nil || formula != "" {
				t.Errorf("%s holds %q, %v", cell, formula, err)
			}
		}
	}
	panes, err := f.GetPanes(sheet)
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v, %v", panes, err)
	}
}

func TestCellsAreSafe(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "好": "好", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\ta": "'\ta", "\ra": "'\ra", "＝a": "'＝a", "＋a": "'＋a", "－a": "'－a", "＠a": "'＠a", "a=1": "a=1",
	} {
		if got := formulaSafe(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if got := cellText("a\x00b\x08c\uFFFEd\te"); got != "abcd\te" {
		t.Errorf("%q", got)
	}
	if got := cellText(strings.Repeat("🙂", 20000)); len([]rune(got)) != maxCell/2 {
		t.Errorf("%d characters", len([]rune(got)))
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 8214: "8,214", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
