package nlp_test

import (
	"slices"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// answers tells whether a text with these tokens answers a query whose tokens
// must all be there, as the store decides it.
func answers(text, query []string) bool {
	for _, q := range query {
		if !slices.Contains(text, q) {
			return false
		}
	}
	return len(query) > 0
}

// holds tells whether phrase's tokens are neighbours in text.
func holds(text, phrase []string) bool {
	for i := range text {
		if len(text)-i >= len(phrase) && slices.Equal(text[i:i+len(phrase)], phrase) {
			return len(phrase) > 0
		}
	}
	return false
}

func TestSearch(t *testing.T) {
	seg := segmenter(t)
	const text = "青禾咖啡（徐家汇店）的外送太慢，快遞員態度差。型號TWS3-Pro，訂單TB2024"
	tokens := nlp.SearchTokens(seg, text)
	for _, query := range []string{
		"慢", "青禾", "青禾咖啡", "禾咖", "徐家汇店", "快递员", "快遞員", "態度", "态度差 外送", "tws3", "TWS", "Pro", "tb2024", "2024", "ＴＷＳ３", "外送 慢", "慢 tws3", "徐家汇 态度",
	} {
		if q := nlp.QueryTokens(seg, query); !answers(tokens, q) {
			t.Errorf("%q (%v) does not find the text", query, q)
		}
	}
	for _, query := range []string{"快慢", "退款", "青禾奶茶", "tw", "", "，。"} {
		if q := nlp.QueryTokens(seg, query); answers(tokens, q) {
			t.Errorf("%q (%v) finds the text", query, q)
		}
	}
	for phrase, want := range map[string]bool{
		"外送太慢": true, "咖啡(徐家汇": true, "型号tws3-pro": true, "太慢快递员": true, "外送慢": false, "态度 太慢": false, "": false,
	} {
		if got := holds(tokens, nlp.PhraseTokens(phrase)); got != want {
			t.Errorf("phrase %q (%v): %v", phrase, nlp.PhraseTokens(phrase), got)
		}
	}
}

// FuzzSearch: whatever is cut out of a text by characters finds it.
func FuzzSearch(f *testing.F) {
	f.Add("青禾咖啡的外送太慢", 2, 4)
	f.Add("型号TWS3-Pro ok", 0, 3)
	seg := segmenter(f)
	f.Fuzz(func(t *testing.T, text string, from, n int) {
		runes := []rune(nlp.Fold(nlp.Normalize(text)))
		for _, r := range runes {
			if r < 0x3400 || r > 0x9fff {
				return // of other scripts whole words are found
			}
		}
		if from < 0 || n <= 0 || n > 8 || from > len(runes) || from+n > len(runes) || from+n < 0 {
			return
		}
		part := string(runes[from : from+n])
		tokens := nlp.SearchTokens(seg, text)
		if !answers(tokens, nlp.QueryTokens(seg, part)) || !holds(tokens, nlp.PhraseTokens(part)) {
			t.Fatalf("%q does not find %q", part, text)
		}
	})
}
