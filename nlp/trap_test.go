package nlp_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/nlp"
)

// checkVerdict fails unless v keeps its word about text.
func checkVerdict(t *testing.T, text string, v nlp.Verdict) {
	t.Helper()
	if !slices.Contains([]string{"positive", "neutral", "negative"}, v.Sentiment) ||
		!slices.Contains([]string{"complaint", "suggestion", "question", "praise", "request", "chat", "spam"}, v.Intent) ||
		!slices.Contains([]string{"low", "normal", "high", "critical"}, v.Urgency) || v.Lang == "" {
		t.Fatalf("%.60q: %+v", text, v)
	}
	if math.IsNaN(v.Score) || math.Abs(v.Score) > 1 || v.Confidence < 0 || v.Confidence > 1 || v.Spam < 0 || v.Spam > 1 || math.IsNaN(v.Confidence+v.Spam) {
		t.Fatalf("%.60q: score %v, confidence %v, spam %v", text, v.Score, v.Confidence, v.Spam)
	}
	if empty := strings.TrimSpace(nlp.Fold(text)) == ""; empty != (v.Score == 0) {
		t.Fatalf("%.60q: score %v", text, v.Score)
	}
	if (v.Urgency == "high" || v.Urgency == "critical") != (len(v.Hazards) > 0) {
		t.Fatalf("%.60q: urgency %s for %v", text, v.Urgency, v.Hazards)
	}
	runes := []rune(text)
	for _, e := range v.Evidence {
		if e.Start < 0 || e.End <= e.Start || e.End > len(runes) || string(runes[e.Start:e.End]) != e.Text && utf8.ValidString(text) {
			t.Fatalf("%.60q: evidence %+v", text, e)
		}
	}
	for _, topic := range v.Topics {
		if topic.Score <= 0 || topic.Score > 1 {
			t.Fatalf("%.60q: %+v", text, topic)
		}
	}
}

// traps are inputs that have broken programs of this kind.
func traps() []string {
	return []string{
		"", " ", "\n", "\x00", "\x00快递\x00太慢", "\xff\xfe", "快递\xe5\xbf太慢\xc0了", strings.Repeat("\xf0\x9f", 1000),
		"加薇❤信 abc123", "加\u200b微\u200b信领红包", "ｋｕａｉｄｉ　太慢", "𝓴𝓾𝓪𝓲", "👨‍👩‍👧‍👦👍🏽", "\u202e了慢太递快", "服務太差了",
		strings.Repeat("好", 100_000), strings.Repeat("快递太慢", 100_000), strings.Repeat("a", 200_000), strings.Repeat("不", 65_000),
		strings.Repeat("，", 65_000), strings.Repeat("? ", 65_000), strings.Repeat("没", 30_000) + "好", strings.Repeat("怎么还没", 10_000),
		strings.Repeat("但是", 15_000), strings.Repeat("但是不好", 15_000), strings.Repeat("好但是不,", 5_000), strings.Repeat("有虫,好吃,", 4_000), "如果" + strings.Repeat("有虫好吃", 5_000), strings.Repeat("没有虫", 7_000), strings.Repeat("笑死我了爆炸", 3_600),
		strings.Repeat("孩子烫", 7_000) + strings.Repeat("孩子", 10_000), strings.Repeat("这里有", 7_000) + "虫", strings.Repeat("1", 65_000), strings.Repeat("1 ", 30_000), strings.Repeat("订单", 20_000),
		strings.Repeat("我", 65_000), strings.Repeat("🙂", 16_000), strings.Repeat("加+", 20_000), strings.Repeat("vx", 30_000), strings.Repeat("\u0301", 30_000),
		strings.Repeat("希望~", 9_000), strings.Repeat("ﷺ", 20_000), strings.Repeat("谢谢", 20_000), strings.Repeat("有虫,", 9_000), strings.Repeat("[", 65_000),
		strings.Repeat("麻烦", 10_000), strings.Repeat("快递,好吃,贵,退款,", 3_000), "\ufeff快递", "快递\u2028太慢\u0085了",
	}
}

func TestTraps(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for _, text := range traps() {
		checkVerdict(t, text, a.Analyze(text))
	}
}

// TestTimeBound: no text takes much longer than 64 KiB of plain words do in the
// same run, whatever the machine. The best of three counts. The figure itself,
// below 100 ms per 64 KiB, is printed by the benchmarks.
func TestTimeBound(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	best := func(text string) time.Duration {
		least := time.Hour
		for range 3 {
			start := processorTime(t)
			a.Analyze(text)
			least = min(least, processorTime(t)-start)
		}
		return least
	}
	plain := strings.Repeat("快递太慢了，等了三天还没收到，客服也不回。", nlp.MaxAnalyzed/60)
	bound := 25 * best(plain)
	for _, text := range traps() {
		if took := best(text); took > bound {
			t.Errorf("%.20q… (%d bytes) took %v, twenty-five times plain words %v", text, len(text), took, bound)
		}
	}
}

// processorTime is what this process has used: others on a busy machine do not
// add to it.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestConcurrentUse: many goroutines get the verdicts that one gets.
func TestConcurrentUse(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	want := make([]nlp.Verdict, len(benchmarkTexts))
	for i, text := range benchmarkTexts {
		want[i] = a.Analyze(text)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for k := range 40 {
				i := (g + k) % len(benchmarkTexts)
				if got := a.Analyze(benchmarkTexts[i]); !reflect.DeepEqual(got, want[i]) {
					t.Errorf("%q: %+v, alone %+v", benchmarkTexts[i], got, want[i])
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestNoNulls: what analyze prints has lists, be they empty.
func TestNoNulls(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for _, text := range []string{"", "嗯", "😀", "加微信领红包，点击链接"} {
		if b, err := json.Marshal(a.Analyze(text)); err != nil || strings.Contains(string(b), "null") {
			t.Errorf("%q: %s %v", text, b, err)
		}
	}
}

func FuzzAnalyze(f *testing.F) {
	for _, text := range traps() {
		if len(text) < 2000 {
			f.Add(text)
		}
	}
	for _, text := range []string{"快递太慢了，等了三天还没收到", "味道不错但配送太慢", "订单号:A-1234 我今年12岁", "i am 12", "希望能出无糖的?", "我才十", "[玫瑰", "加v信x+微"} {
		f.Add(text)
	}
	a := analyzer(f, nlp.Options{Topics: []nlp.Topic{{Name: "t", Words: []string{"/a.c/", "x +y !z"}}}})
	f.Fuzz(func(t *testing.T, text string) {
		checkVerdict(t, text, a.Analyze(text))
		nlp.Mask(text)
		nlp.MaskName(text)
		nlp.SearchTokens(nil, text)
	})
}

// TestNothingSaidIsNotGrave: what says nothing, however often, wakes nobody.
func TestNothingSaidIsNotGrave(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for _, unit := range []string{"👨‍👩‍👧‍👦", "😀", "啊", "哈", "abc ", "#话题 ", "。", "？", "好的", "1 ", "@张三 ", "https://a.example/x ", "\u200b", "ลูกค้า "} {
		for _, n := range []int{3, 50, 3000} {
			if v := a.Analyze(strings.Repeat(unit, n)); v.Urgency == "critical" || len(v.Hazards) > 0 {
				t.Errorf("%q %d times is %s, %v", unit, n, v.Urgency, v.Hazards)
			}
		}
	}
}
