package bots

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/huiyin/huiyin/test/hostile"
)

// family is one grapheme of 7 runes, 11 UTF-16 units and 25 bytes.
const family = "👨‍👩‍👧‍👦"

func TestLenCountsInThePlatformsUnit(t *testing.T) {
	for _, c := range []struct {
		s                    string
		runes, utf16s, bytes int
	}{
		{"", 0, 0, 0}, {"abc", 3, 3, 3}, {"虫", 1, 1, 3}, {"🙂", 1, 2, 4}, {family, 7, 11, 25}, {"e\u0301", 2, 2, 3}, {"🇨🇳", 2, 4, 8}, {"\xff", 1, 1, 1},
	} {
		for unit, want := range map[Unit]int{Runes: c.runes, UTF16: c.utf16s, Bytes: c.bytes} {
			if got := (Limit{Unit: unit}).Len(c.s); got != want {
				t.Errorf("%q in unit %d: %d, want %d", c.s, unit, got, want)
			}
		}
	}
	if got := (Limit{Unit: UTF16}).Len("奶茶🙂里有" + family); got != len(utf16.Encode([]rune("奶茶🙂里有"+family))) {
		t.Errorf("UTF-16 length %d", got)
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		limit Limit
		s     string
		want  string
	}{
		{Limit{}, strings.Repeat("长", 5000), strings.Repeat("长", 5000)}, // no limit
		{Limit{N: 3}, "三个字", "三个字"},
		{Limit{N: 3}, "四个字呢", "四个…"},
		{Limit{N: 1}, "四个字呢", "…"},
		{Limit{N: 0, Unit: Bytes}, "没有限制", "没有限制"},
		{Limit{N: 6}, "ab" + family + "cd", "ab…"},
		{Limit{N: 9}, "ab" + family + "cd", "ab…"},
		{Limit{N: 4, Unit: UTF16}, "ab🙂cd", "ab…"},
		{Limit{N: 5, Unit: UTF16}, "ab🙂cd", "ab🙂…"},
		{Limit{N: 2, Unit: Bytes}, "四个字", ""}, // … itself has three
		{Limit{N: 6, Unit: Bytes}, "四个字", "四…"},
		{Limit{N: 5}, "ab  \nxyz", "ab…"},
	} {
		if got := c.limit.Cut(c.s); got != c.want {
			t.Errorf("%+v of %q: %q, want %q", c.limit, c.s, got, c.want)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		limit Limit
		s     string
		want  []string
	}{
		{Limit{N: 10}, "", []string{""}},
		{Limit{N: 10}, "短", []string{"短"}},
		{Limit{N: 4}, "一二三四五", []string{"一二三四", "五"}},
		{Limit{N: 8}, "一二三四。五六七八九", []string{"一二三四。", "五六七八九"}},
		{Limit{N: 8}, "一二三四\n五六七八九", []string{"一二三四", "五六七八九"}},
		{Limit{N: 8}, "一，二三四五六七八", []string{"一，二三四五六七", "八"}}, // the comma lies too far in front
		{Limit{N: 3}, family + "好", []string{"👨", "\u200d", "👩", "\u200d", "👧\u200d👦", "好"}},
		{Limit{N: 4}, "ab!\u0301cdef", []string{"ab!\u0301", "cdef"}}, // an accent belongs to its mark
		{Limit{N: 12, Unit: UTF16}, family + family, []string{family, family}},
		{Limit{N: 4, Unit: Bytes}, "奶茶", []string{"奶", "茶"}},
	} {
		if got := c.limit.Split(c.s); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%+v of %q: %q, want %q", c.limit, c.s, got, c.want)
		}
	}
}

// FuzzLimit: whatever the text, what comes out fits, loses nothing but white
// space and marks at the cuts, and no grapheme that fits is torn.
func FuzzLimit(f *testing.F) {
	for _, s := range []string{"", "奶茶里有虫。退款！\n谢谢", family + family, strings.Repeat("a\u0300\u0301", 20), "🇨🇳🇯🇵🇨", "\xff\xfe", "x\r\ny", strings.Repeat("\n", 9), "ไทยกำ", "क्षि"} {
		f.Add(s, 7, 0)
		f.Add(s, 12, 1)
		f.Add(s, 30, 2)
	}
	f.Fuzz(func(t *testing.T, s string, n, unit int) {
		if n < 1 || n > 5000 || unit < 0 || unit > 2 || len(s) > 4096 || !utf8.ValidString(s) {
			return
		}
		l := Limit{N: n, Unit: Unit(unit)}
		cut := l.Cut(s)
		if !l.Fits(cut) {
			t.Fatalf("Cut is %d long: %q", l.Len(cut), cut)
		}
		if l.Fits(s) && cut != s {
			t.Fatalf("what fits was cut: %q", cut)
		}
		if head, was := strings.CutSuffix(cut, "…"); was && !l.Fits(s) && !strings.HasPrefix(s, head) {
			t.Fatalf("Cut invented %q", cut)
		}
		if n < 4 {
			return // the smallest units: a rune of four bytes cannot fit
		}
		parts := l.Split(s)
		for _, p := range parts {
			if !l.Fits(p) || !utf8.ValidString(p) {
				t.Fatalf("a part is %d long: %q", l.Len(p), p)
			}
		}
		bare := func(s string) string { return strings.ReplaceAll(s, "\n", "") }
		if bare(strings.Join(parts, "")) != bare(s) {
			t.Fatalf("parts %q are not %q", parts, s)
		}
		whole := graphemes(s)
		for _, p := range parts {
			for g := range graphemes(p) {
				if !whole[g] && g != "\r" && l.Fits(g) && torn(s, g, l) {
					t.Fatalf("grapheme torn: %q of %q", g, s)
				}
			}
		}
	})
}

func graphemes(s string) map[string]bool {
	out := map[string]bool{}
	g := uniseg.NewGraphemes(s)
	for g.Next() {
		out[g.Str()] = true
	}
	return out
}

// torn reports whether a grapheme of s that fits the limit holds piece as a
// part: such a one must never be cut.
func torn(s, piece string, l Limit) bool {
	torn := false
	for g := range graphemes(s) {
		if strings.Contains(g, piece) {
			torn = true
			if !l.Fits(g) {
				return false // longer than the limit: it has to be cut
			}
		}
	}
	return torn
}

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"a.pdf": "a.pdf", "../../etc/passwd": "passwd", `C:\x\con.txt`: "con.txt", "": "file", "..": "file", "/": "file", "a\r\nb\".pdf": "a b.pdf",
		"x\u202efdp.exe": "xfdp.exe", "\u200b.htaccess": "htaccess", "好.pdf": "好.pdf", "a\x1b[31m.pdf": "a[31m.pdf", "a\x00b.pdf": "ab.pdf", "a\xff.pdf": "a\ufffd.pdf",
		strings.Repeat("长", 300) + ".pdf": strings.Repeat("长", 99) + "….pdf",
	} {
		if got := FileName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	for _, c := range hostile.Corpus() {
		got := FileName(c.File())
		if got == "" || !(Limit{N: 120}).Fits(got) || strings.ContainsFunc(got, unicode.IsControl) || strings.ContainsAny(got, `"/\`) {
			t.Errorf("%s: %q", c.Name, got)
		}
	}
}
