package near

import (
	"strings"
	"testing"
)

func TestWord(t *testing.T) {
	keys := []string{"brand", "storage", "web", "bots", "listeners", "topics", "teams", "staff", "fields", "routes", "公众号", "解决", "认领", "转", "物流配送"}
	for _, tc := range []struct{ word, want string }{
		{"team", "teams"},
		{"Teams", "teams"},
		{"tpoics", "topics"},
		{"listenres", "listeners"},
		{"lis", "listeners"},
		{"stroage", "storage"},
		{"解绝", "解决"},
		{"人领", "认领"},
		{"物流", ""},
		{"物流配", "物流配送"},
		{"赚", ""},
		{"zebra", ""},
		{"li", ""},
		{"", ""},
		{strings.Repeat("w", 1000), ""},
	} {
		got, ok := Word(tc.word, keys)
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("Word(%q) = %q, %v, want %q", tc.word, got, ok, tc.want)
		}
	}
}

func FuzzWord(f *testing.F) {
	f.Add("team", "teams")
	f.Add("解绝", "解决")
	f.Fuzz(func(t *testing.T, word, known string) {
		got, ok := Word(word, []string{known})
		if ok && got != known {
			t.Fatalf("Word(%q, %q) = %q", word, known, got)
		}
		if n := len([]rune(strings.ToLower(known))); n > 1 && n <= maxLen && word == known && !ok {
			t.Fatalf("%q is not near itself", known)
		}
		a, b := []rune(word), []rune(known)
		if len(a) <= maxLen && len(b) <= maxLen && distance(a, b) != distance(b, a) {
			t.Fatalf("the distance of %q and %q depends on their order", word, known)
		}
	})
}
