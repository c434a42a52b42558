package nlp_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/huiyin/huiyin/nlp"
)

func TestFold(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "abc 123", "abc 123"},
		{"case", "iPhone ÀÉ", "iphone ae"},
		{"full width", "ＡＢｃ１２３，！？", "abc123,!?"},
		{"ideographic space", "快递　太慢", "快递 太慢"},
		{"traditional", "服務態度很差，東西壞了，發貨慢，這裡", "服务态度很差,东西坏了,发货慢,这里"},
		{"variants", "妳們裏面麼", "你们里面么"},
		{"zero width", "加\u200b微\u200d信\ufeff", "加微信"},
		{"emoji joiners", "👨‍👩‍👧 👍🏽 ❤️", "👨👩👧 👍 ❤"},
		{"compatibility", "①②㎏ 𝐀𝐁 ⅷ", "12kg ab viii"},
		{"combining", "cafe\u0301 n\u0303", "cafe n"},
		{"controls", "a\x00b\x07c\td\r\ne", "abc d \ne"},
		{"invalid", "好\xff\xfe的\xe5", "好的"},
		{"kana and hangul stay", "がぎ カ 각", "がぎ カ 각"},
		{"punctuation stays", "「」。、…", "「」。、..."},
	} {
		if got := nlp.Fold(c.in); got != c.want {
			t.Errorf("%s: Fold(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "快递太慢了\n\t第二行", "快递太慢了\n\t第二行"},
		{"NUL and controls", "a\x00b\x01c\x1b[31md\x7f", "abc[31md"},
		{"line breaks", "a\r\nb\rc", "a\nb\nc"},
		{"invalid", "好\xff\xfe的", "好\ufffd的"},
		{"byte order mark", "\ufeff好", "好"},
		{"composed", "cafe\u0301", "café"},
		{"emoji stay whole", "👨‍👩‍👧 ❤️", "👨‍👩‍👧 ❤️"},
	} {
		if got := nlp.Normalize(c.in); got != c.want {
			t.Errorf("%s: Normalize(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"快遞 ＡＢＣ", "a\x00\xff", "e\u0301", "①㍿ﷺ", "𝐀\u200d", "İIıſK", "\u0344\u0390"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := nlp.Fold(s)
		if !utf8.ValidString(once) {
			t.Fatalf("Fold(%q) = %q is not valid", s, once)
		}
		if twice := nlp.Fold(once); twice != once {
			t.Fatalf("Fold(Fold(%q)) = %q, not %q", s, twice, once)
		}
	})
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"快遞\r\n", "a\x00\xff", "e\u0301", "\ufeff\ufeffa", "\x00\ufeffa", "\xff\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := nlp.Normalize(s)
		if !utf8.ValidString(once) || !norm.NFC.IsNormalString(once) || strings.ContainsAny(once, "\x00\r\x1b\x7f") {
			t.Fatalf("Normalize(%q) = %q", s, once)
		}
		if twice := nlp.Normalize(once); twice != once {
			t.Fatalf("Normalize(Normalize(%q)) = %q, not %q", s, twice, once)
		}
	})
}

// TestEvidenceLiesWhereItIsSaid: reasons are found again in texts of characters of
// every length, near and far from where three bytes a character would put them.
func TestEvidenceLiesWhereItIsSaid(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for _, before := range []string{"", "ok ", "😀", "😀😀😀😀😀😀😀😀😀😀😀😀", "1234567890 1234567890 ", "é ", strings.Repeat("abc ", 60), strings.Repeat("你好，", 40), strings.Repeat("Ａ㈱", 20)} {
		text := before + "快递太慢了，差评。"
		found := false
		for _, e := range a.Analyze(text).Evidence {
			if string([]rune(text)[e.Start:e.End]) != e.Text {
				t.Errorf("%.30q: %+v is not what stands there", text, e)
			}
			found = found || strings.Contains(e.Text, "快递") || strings.Contains(e.Text, "差评")
		}
		if !found {
			t.Errorf("%.30q: nothing of what was said is a reason", text)
		}
	}
}

// TestEvidenceIsWholeCharacters: what is shown as a reason ends with the whole of
// its last character, the skin of a hand and accents included.
func TestEvidenceIsWholeCharacters(t *testing.T) {
	a := analyzer(t, nlp.Options{Topics: []nlp.Topic{{Name: "咖啡", Words: []string{"cafe"}}}})
	for text, want := range map[string]string{
		"太好了👍🏽":           "太好了👍🏽",
		"爱你们❤️":           "爱你们❤️",
		"爱你们❤️\u200d🔥，真的": "爱你们❤️\u200d🔥",
		"去了cafe\u0301":    "cafe\u0301",
	} {
		said := []string{}
		for _, e := range a.Analyze(text).Evidence {
			said = append(said, e.Text)
			if runes := []rune(text); string(runes[e.Start:e.End]) != e.Text {
				t.Errorf("%q: %+v", text, e)
			}
		}
		if !slices.Contains(said, want) {
			t.Errorf("%q: %q, want %q among them", text, said, want)
		}
	}
}
