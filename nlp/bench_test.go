package nlp_test

import (
	"testing"

	"github.com/yanyiwu/gojieba"

	"github.com/huiyin/huiyin/nlp"
)

// benchmarkTexts are messages of the usual kinds and lengths.
var benchmarkTexts = []string{
	"外卖送得太慢了，等了一个半小时，汤都洒了，打电话给商家也没人接，这家店以后不会再点了，希望平台管一管。",
	"味道不错，但是配送太慢，到手都凉了。",
	"请问你们徐家汇店几点关门？周末要排队吗？",
	"昨天在你们店里买的奶茶，孩子喝了一半发现里面有一条虫，现在肚子疼，我们准备去医院，你们必须给个说法！",
	"建议出小杯装，一个人喝不完，如果能做无糖的就更好了，希望采纳。",
	"这款耳机用了一个月，音质很好，降噪也不错，续航大概六个小时，佩戴舒服，就是充电盒有点大，性价比很高，推荐购买。",
}

// BenchmarkAnalyze is the whole analysis; compare it with BenchmarkTokenize of
// the same run, which is what gojieba alone takes for the same texts.
func BenchmarkAnalyze(b *testing.B) {
	a := analyzer(b, nlp.Options{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		a.Analyze(benchmarkTexts[i%len(benchmarkTexts)])
		i++
	}
}

func BenchmarkTokenize(b *testing.B) {
	j := gojieba.NewJieba()
	defer j.Free()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		j.Tokenize(benchmarkTexts[i%len(benchmarkTexts)], gojieba.DefaultMode, true)
		i++
	}
}

func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		nlp.Fold(benchmarkTexts[i%len(benchmarkTexts)])
		i++
	}
}

func BenchmarkSearchTokens(b *testing.B) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		nlp.SearchTokens(nil, benchmarkTexts[i%len(benchmarkTexts)])
		i++
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		analyzer(b, nlp.Options{})
	}
}
