package table

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

var shanghai = time.FixedZone("CST", 8*3600)

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns a file's rows and refusals, one a line.
func read(t *testing.T, path string, mapped map[string]string) []string {
	t.Helper()
	r, err := Open(path, Options{Map: mapped, Location: shanghai})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []string
	for {
		row, err := r.Next()
		var bad *RowError
		switch {
		case errors.Is(err, io.EOF):
			return out
		case errors.As(err, &bad):
			out = append(out, fmt.Sprintf("%d refused: %s", bad.Line, bad.Reason))
		case err != nil:
			t.Fatal(err)
		default:
			e := row.Entry
			s := fmt.Sprintf("%d %s", row.Line, strings.ReplaceAll(e.Text, "\n", "⏎"))
			if e.ID != "" {
				s += " id=" + e.ID
			}
			if e.Author.ID+e.Author.Name != "" {
				s += " by=" + e.Author.ID + "/" + e.Author.Name
			}
			if e.Author.Followers != 0 {
				s += fmt.Sprint(" followers=", e.Author.Followers)
			}
			if !e.PostedAt.IsZero() {
				s += " at=" + e.PostedAt.Format(time.RFC3339)
			}
			if e.URL != "" {
				s += " url=" + e.URL
			}
			if e.Kind != "review" {
				s += " kind=" + e.Kind
			}
			if len(e.Fields) > 0 {
				s += " " + fmt.Sprint(e.Fields)
			}
			out = append(out, s)
		}
	}
}

func gb(s string) string {
	b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestCells(t *testing.T) {
	chinese := "编号,评论内容,昵称,评价时间,门店,粉丝数\nA1,\"太慢了，\n等了三天\",小林,2026-03-01 09:30,徐家汇,1.2万\nA2,好喝,,,,\n"
	want := []string{"2 太慢了，⏎等了三天 id=A1 by=/小林 followers=12000 at=2026-03-01T01:30:00Z map[门店:徐家汇]", "4 好喝 id=A2"}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.ReplaceAll(chinese, ",", "\t"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file, content string
		mapped              map[string]string
		want                []string
	}{
		{"UTF-8", "a.csv", chinese, nil, want},
		{"UTF-8 with a mark", "a.csv", "\xef\xbb\xbf" + chinese, nil, want},
		{"GB18030", "a.csv", gb(chinese), nil, want},
		{"UTF-16, as Excel calls text", "a.txt", utf16, nil, want},
		{"semicolons", "a.csv", strings.ReplaceAll(chinese, ",", ";"), nil, want},
		{"tabs in a .csv", "a.csv", strings.ReplaceAll(chinese, ",", "\t"), nil, want},
		{"line breaks of Windows", "a.csv", strings.ReplaceAll(chinese, "\n", "\r\n"), nil, []string{"2 太慢了，⏎等了三天 id=A1 by=/小林 followers=12000 at=2026-03-01T01:30:00Z map[门店:徐家汇]", "4 好喝 id=A2"}},
		{"no line break at the end", "a.csv", strings.TrimSuffix(chinese, "\n"), nil, want},
		{"English", "a.csv", "Review Text,Comment ID,User,created_at,Link,Rating\nlate again,7,Ann,2026-03-01T09:30:00Z,https://a.example/7,1\n", nil,
			[]string{"2 late again id=7 by=/Ann at=2026-03-01T09:30:00Z url=https://a.example/7 map[Rating:1]"}},
		{"label and text", "a.tsv", "label\ttext\nnegative\t难吃\npositive\t他说\"好吃\"\npositive\t\"好吃\" 他说\n", nil,
			[]string{"2 难吃 map[label:negative]", "3 他说\"好吃\" map[label:positive]", "4 \"好吃\" 他说 map[label:positive]"}},
		{"a quote that is never closed", "a.tsv", "label\ttext\nx\t\"难吃\ny\t好吃\nz\t不\"错\"\n", nil,
			[]string{"2 \"难吃 map[label:x]", "3 好吃 map[label:y]", "4 不\"错\" map[label:z]"}},
		{"one column with commas in it", "a.csv", "内容\n慢，太慢, 非常慢\n\"引号\"\n", nil, []string{"2 慢，太慢, 非常慢", "3 引号"}},
		{"mapped by name", "a.csv", "q1,q2,who\n5,太慢,小林\n", map[string]string{"text": "q2", "author": "who", "分数": "q1"}, []string{"2 太慢 by=/小林 map[分数:5]"}},
		{"mapped by number", "a.csv", "q1,q2\n5,太慢\n", map[string]string{"text": "2"}, []string{"2 太慢 map[q1:5]"}},
		{"mapped against its name", "a.csv", "text,text2\n甲,乙\n", map[string]string{"text": "text2"}, []string{"2 乙 map[text:甲]"}},
		{"two columns of texts", "a.csv", "评论,内容\n甲,乙\n", nil, []string{"2 乙 map[评论:甲]"}},
		{"two columns of one name", "a.csv", "text,tag,tag,\n甲,a,b,c\n", nil, []string{"2 甲 map[column 4:c tag:a tag 2:b]"}},
		{"rows that cannot be taken", "a.csv", "id,text,time,followers,kind\n1,,,,\n2,甲,昨天,,\n3,乙,,很多,\n4,丙,,,tweet\n5,丁,,,CALL\n6,戊,1999,,,多\n", nil, []string{
			"2 refused: the text is empty", `3 refused: the time "昨天" cannot be read: write it as 2026-03-01 09:30`, "4 refused: followers is no number of people",
			`5 refused: kind "tweet" is unknown: message, mention, review, survey, call or form`, "6 丁 id=5 kind=call", "7 refused: 6 cells, but 5 columns: a delimiter inside a text needs quotes around it",
		}},
		{"blank rows and short rows", "a.csv", "\n\nid,text,shop\n\n1,甲\n,,\n2,乙,丙\n", nil, []string{"5 甲 id=1", "7 乙 id=2 map[shop:丙]"}},
		{"what exports mark is unmarked", "a.csv", "id,text\n1,'=1+1\n2,'＝1\n3,'tis\n", nil, []string{"2 =1+1 id=1", "3 ＝1 id=2", "4 'tis id=3"}},
		{"a list of refused rows", "a.csv", "huiyin_line,huiyin_reason,id,text\n7,the text is empty,1,补上了\n", nil, []string{"2 补上了 id=1"}},
		{"an address that is none", "a.csv", "text,url\n甲,javascript:alert(1)\n", nil, []string{"2 甲 map[url:javascript:alert(1)]"}},
		{"a broken character in UTF-8", "a.csv", "id,text\n1,这一条被截断了\xe6\x97\n2,这一条好好的\n", nil, []string{"2 这一条被截断了\xe6\x97 id=1", "3 这一条好好的 id=2"}},
		{"a header alone", "a.csv", "id,text\n", nil, nil},
		{"JSON Lines", "a.jsonl", `{"id":9007199254740993,"text":"甲","author":{"id":5,"name":"小林","followers":3},"posted_at":"2026-03-01T09:30:00+08:00","fields":{"shop":"SH018","n":null},"kind":"call"}` + "\n\nnull\n{\"text\":1}\n[1]\n{\"内容\":\"乙\",\"门店\":\"x\"}\n{\"id\":\"8\"}", nil, []string{
			"1 甲 id=9007199254740993 by=5/小林 followers=3 at=2026-03-01T01:30:00Z kind=call map[shop:SH018]", "3 refused: the line is no JSON object", "4 1", "5 refused: the line is no JSON object", "6 乙 map[门店:x]", "7 refused: the text is missing",
		}},
		{"JSON Lines, mapped", "a.jsonl", `{"q":"甲","text":"乙"}`, map[string]string{"text": "q"}, []string{"1 甲 map[text:乙]"}},
		{"JSON Lines without the name", "data", `{"text":"甲"}`, nil, []string{"1 甲"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := read(t, file(t, c.file, c.content), c.mapped); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		name, file, content, says string
		mapped                    map[string]string
	}{
		{"nothing", "a.csv", "", "empty", nil},
		{"blank lines", "a.csv", "\n\n \n", "no rows", nil},
		{"no text", "a.csv", "a,b\n1,2\n", `among "a", "b": say which one with -map text=COLUMN`, nil},
		{"no such column", "a.csv", "a,text\n1,2\n", `there is no column "c"`, map[string]string{"id": "c"}},
		{"no such number", "a.csv", "a,text\n1,2\n", `there is no column "3"`, map[string]string{"id": "3"}},
		{"an old workbook", "a.xls", "\xd0\xcf\x11\xe0xxxxxxxx", "save it as .xlsx", nil},
		{"no workbook", "a.xlsx", "id,text", "named like an Excel file", nil},
		{"a broken workbook", "a.xlsx", "PK\x03\x04xxxxxxxxxxxxxxx", "cannot be opened", nil},
		{"an array", "a.jsonl", `[{"text":"甲"}]`, "one object a line", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Open(file(t, c.file, c.content), Options{Map: c.mapped})
			var fe *FileError
			if r != nil || !errors.As(err, &fe) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Open(t.TempDir(), Options{}); err == nil {
		t.Error("a folder was opened")
	}
}

func TestSheet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "意见箱.xlsx")
	f := excelize.NewFile()
	if _, err := f.NewSheet("反馈"); err != nil {
		t.Fatal(err)
	}
	for i, row := range [][]any{
		{"编号", "内容", "时间", "门店"},
		{12345678901, "太慢了\n等了三天", time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC), "徐家汇"},
		{},
		{"A2", "=1+1", "2026/3/2", true},
		{"A3", nil, nil, "x"},
	} {
		if err := f.SetSheetRow("反馈", fmt.Sprint("A", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	want := []string{"2 太慢了⏎等了三天 id=12345678901 at=2026-03-01T01:30:00Z map[门店:徐家汇]", "4 =1+1 id=A2 at=2026-03-01T16:00:00Z map[门店:1]", "5 refused: the text is empty"}
	if got := read(t, path, nil); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := Open(path, Options{Map: map[string]string{"text": "没有"}}); err == nil || !strings.Contains(err.Error(), "没有") {
		t.Error(err)
	}
}

func TestTimes(t *testing.T) {
	want := time.Date(2026, 3, 1, 1, 30, 0, 0, time.UTC)
	for _, s := range []string{
		"2026-03-01 09:30", "2026-03-01 09:30:00", "2026/3/1 9:30", "2026.3.1 9:30", "2026年3月1日 9:30", "2026年03月01日 09时30分", "20260301093000",
		"2026-03-01T09:30:00+08:00", "2026-03-01T01:30:00Z", "2026-03-01 09:30:00 +0800", "Sun, 01 Mar 2026 09:30:00 +0800", "46082.395833333336", "1772328600", "1772328600000",
	} {
		if got, err := instant(s, shanghai); err != nil || !got.Equal(want) {
			t.Errorf("%q: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"昨天", "13/14/2026", "0", "-5", "1e400", "NaN", "0001-01-01", "9999-12-31", "2026-02-30"} {
		if got, err := instant(s, shanghai); err == nil {
			t.Errorf("%q: %s", s, got)
		}
	}
}

func TestRowsBeyondBounds(t *testing.T) {
	path := file(t, "a.csv", "id,text\n1,甲\n2,\""+strings.Repeat("长", window/2)+"\n\"\n3,丙\n")
	got := read(t, path, nil)
	if len(got) < 3 || got[0] != "2 甲 id=1" || !strings.Contains(got[1], "3 refused: the row is longer") || got[len(got)-1] != "5 丙 id=3" {
		for i := range got {
			got[i] = cut(got[i], 80)
		}
		t.Errorf("%q", got)
	}
	path = file(t, "a.jsonl", `{"text":"甲"}`+"\n"+`{"text":"`+strings.Repeat("x", window)+`"}`+"\n"+`{"text":"丙"}`)
	if got := read(t, path, nil); len(got) != 3 || got[2] != "3 丙" {
		t.Errorf("%d rows", len(got))
	}
}

func FuzzTable(f *testing.F) {
	for _, seed := range []string{
		"id,text\n1,甲\n", "label\ttext\nx\t\"难吃\ny\t好吃\n", "\"text\"\r\"a\"\"b\"\r", "text;url\n\"a\n\n", gb("编号,内容\n1,太慢了\n"), "\xff\xfet\x00e\x00", `{"text":"甲"}` + "\n{", "text\n'=1\n",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte, lines bool) {
		name := "a.csv"
		if lines {
			name = "a.jsonl"
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, Options{})
		if err != nil {
			return
		}
		defer r.Close()
		last := 0
		for range len(b) + 2 {
			row, err := r.Next()
			var bad *RowError
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &bad):
				if bad.Line < last || bad.Reason == "" {
					t.Fatalf("%+v after line %d", bad, last)
				}
				last = bad.Line
			case err != nil:
				return
			default:
				if row.Line < last || row.Entry.Text == "" || len(row.Entry.Fields) > maxFields {
					t.Fatalf("%+v after line %d", row, last)
				}
				last = row.Line
			}
		}
		t.Fatal("more rows than bytes")
	})
}
