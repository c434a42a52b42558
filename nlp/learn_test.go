package nlp_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/nlp"
)

// things are what the brand's people speak of.
var things = []string{"燕麦拿铁", "桂花乌龙", "生椰", "冷萃", "芋泥麻薯", "气泡美式", "抹茶", "海盐卷", "可颂", "杨枝甘露", "手冲", "厚乳"}

// slang is how a brand's customers praise in words that say something else
// elsewhere.
func slang() []nlp.Lesson {
	var out []nlp.Lesson
	for i, thing := range things {
		text := [...]string{"%s今天又上天了", "点了%s，果然上天了", "%s上天了，谁懂"}[i%3]
		out = append(out, nlp.Lesson{Text: fmt.Sprintf(text, thing), Sentiment: "positive", Intent: "praise"})
	}
	return out
}

// topics are corrected topics: a way of speaking of taste, and riders on cups.
func topics() []nlp.Lesson {
	var out []nlp.Lesson
	for _, thing := range things {
		out = append(out, nlp.Lesson{Text: thing + "喝起来一股刷锅水的感觉", Topics: []string{"口味"}},
			nlp.Lesson{Text: "骑手服的" + thing + "联名杯套好看", Not: []string{"物流配送"}})
	}
	return append(out, nlp.Lesson{Text: "包装像棺材", Topics: []string{"包装"}})
}

type taught struct {
	before, after *nlp.Analyzer
	learned       *nlp.Learned
	report        *nlp.LearnReport
	took          time.Duration
}

// school learns once for all tests: it takes seconds.
var school = sync.OnceValues(func() (taught, error) {
	a, err := nlp.New(nlp.Options{})
	if err != nil {
		return taught{}, err
	}
	began := time.Now()
	learned, report, err := a.Learn(context.Background(), slices.Concat(slang(), topics()), nlp.LearnOptions{})
	if err != nil || learned == nil {
		return taught{report: report}, errors.Join(err, errors.New("nothing learned"))
	}
	after, err := a.With(learned)
	return taught{a, after, learned, report, time.Since(began)}, err
})

func lesson(t testing.TB) taught {
	t.Helper()
	s, err := school()
	if err != nil {
		t.Fatalf("%v: %+v", err, s.report)
	}
	return s
}

func TestLearnWhatABrandsPeopleSay(t *testing.T) {
	s := lesson(t)
	t.Logf("%v: %+v", s.took, s.report)
	for _, text := range []string{"这杯柚子茶上天了", "我的柚子茶今天又上天了"} {
		was, is := s.before.Analyze(text), s.after.Analyze(text)
		if is.Sentiment != "positive" || is.Intent != "praise" {
			t.Errorf("%s: %s %s, then %s %s", text, was.Sentiment, was.Intent, is.Sentiment, is.Intent)
		}
		if is.Model != s.report.Version || was.Model == is.Model {
			t.Errorf("%s: judged by %q, then by %q", text, was.Model, is.Model)
		}
	}
	for _, text := range []string{"快递太慢了，等了三天还没收到", "很好喝，谢谢店员", "请问几点开门", "希望多开几家店", "喝了之后上吐下泻"} {
		was, is := s.before.Analyze(text), s.after.Analyze(text)
		if was.Sentiment != is.Sentiment || was.Intent != is.Intent || was.Urgency != is.Urgency || names(was) != names(is) {
			t.Errorf("%s: %+v, then %+v", text, was, is)
		}
	}
	if !strings.HasPrefix(s.report.Version, s.report.Base+"+37.") {
		t.Errorf("version %s of base %s", s.report.Version, s.report.Base)
	}
}

func names(v nlp.Verdict) string {
	var out []string
	for _, t := range v.Topics {
		out = append(out, t.Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestLearnTopics(t *testing.T) {
	s := lesson(t)
	for text, want := range map[string]string{
		"柠檬茶喝起来一股刷锅水的感觉": "口味", "骑手服的柠檬茶联名杯套好看": "门店业务", "骑手送错了，超时一小时": "物流配送",
	} {
		if was, is := names(s.before.Analyze(text)), names(s.after.Analyze(text)); is != want {
			t.Errorf("%s: %q, then %q, want %q", text, was, is, want)
		}
	}
	v := s.after.Analyze("柠檬茶喝起来一股刷锅水的感觉")
	if !slices.ContainsFunc(v.Evidence, func(e nlp.Evidence) bool { return e.For == "topic:口味" && e.Text != "" }) {
		t.Errorf("no reason for the topic: %+v", v.Evidence)
	}
	at := slices.IndexFunc(s.report.Parts, func(p nlp.Part) bool { return p.Name == "topic:包装" })
	if at < 0 || s.report.Parts[at].Applied || s.report.Parts[at].Reason != nlp.RefusedFew {
		t.Errorf("one text made a topic: %+v", s.report.Parts)
	}
}

func TestWhatWasLearnedIsKept(t *testing.T) {
	s := lesson(t)
	b, err := s.learned.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(b))
	var read nlp.Learned
	if err := read.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	again, err := s.before.With(&read)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range slices.Concat(slang(), topics()) {
		if a, b := fmt.Sprint(s.after.Analyze(l.Text)), fmt.Sprint(again.Analyze(l.Text)); a != b {
			t.Errorf("%s: %s, and read back %s", l.Text, a, b)
		}
	}
	if err := read.UnmarshalBinary(b[:len(b)/2]); err == nil {
		t.Error("half of it was read")
	}
	read.Base = "another"
	if _, err := s.before.With(&read); !errors.Is(err, nlp.ErrOtherBase) {
		t.Errorf("of another base: %v", err)
	}
	none, err := s.after.With(nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(s.before.Analyze("柚子茶上天了")), fmt.Sprint(none.Analyze("柚子茶上天了")); a != b {
		t.Errorf("taken back: %s, before %s", b, a)
	}
}

// TestLearnRefusesGuesses gives labels that have nothing to do with the texts.
func TestLearnRefusesGuesses(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var lessons []nlp.Lesson
	for _, said := range []string{"%s挺好喝的，下次还来", "%s怎么卖", "%s送来都凉了，失望", "%s的杯盖漏了洒一身", "等%s等了四十分钟", "谢谢店员帮我换了%s", "%s太甜了喝不完"} {
		for _, thing := range things {
			lessons = append(lessons, nlp.Lesson{Text: fmt.Sprintf(said, thing), Sentiment: []string{"positive", "neutral", "negative"}[random.IntN(3)]})
		}
	}
	a := analyzer(t, nlp.Options{})
	learned, report, err := a.Learn(context.Background(), lessons, nlp.LearnOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if learned != nil || report.Applied() {
		t.Errorf("guesses were learned: %+v", report)
	}
	if len(report.Parts) != 1 || report.Parts[0].Reason == "" || report.Parts[0].Lessons != len(lessons) {
		t.Errorf("parts: %+v", report.Parts)
	}
}

func TestPeopleWhoDisagreeTeachNothing(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	learned, report, err := a.Learn(context.Background(), []nlp.Lesson{
		{Text: "上天了", Sentiment: "negative", Topics: []string{"口味"}}, {Text: " 上天了 ", Sentiment: "positive", Not: []string{"口味"}}, {Text: "", Sentiment: "negative"},
	}, nlp.LearnOptions{})
	if err != nil || learned != nil || report.Lessons != 0 || report.Contradictions != 2 || len(report.Parts) != 0 {
		t.Errorf("learned %v, report %+v, err %v", learned != nil, report, err)
	}
}

func TestLearningIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	pauses := 0
	_, _, err := analyzer(t, nlp.Options{}).Learn(ctx, slang(), nlp.LearnOptions{Pause: func() {
		if pauses++; pauses == 200 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err %v after %d pauses", err, pauses)
	}
}

// BenchmarkLearn learns from 500 corrections.
func BenchmarkLearn(b *testing.B) {
	a := analyzer(b, nlp.Options{})
	var lessons []nlp.Lesson
	for i := range 500 {
		said := [...]string{"%s上天了", "%s真是绝绝子了家人们", "这%s属于是小脑萎缩了", "%s一整个大无语", "%s的杯子能不能换回来", "%s给我喝不会了", "%s封神，冲", "%s还有吗，刷不到", "%s又是薛定谔的库存", "%s把我送走"}[i%10]
		is := [...]nlp.Lesson{
			{Sentiment: "negative", Intent: "complaint"}, {Sentiment: "positive", Intent: "praise"}, {Sentiment: "negative", Intent: "complaint"}, {Sentiment: "negative", Intent: "complaint"},
			{Intent: "suggestion", Topics: []string{"包装"}}, {Sentiment: "negative", Topics: []string{"口味"}}, {Sentiment: "positive", Intent: "praise"}, {Intent: "question"},
			{Intent: "complaint", Topics: []string{"门店业务"}}, {Sentiment: "negative", Intent: "complaint"},
		}[i%10]
		is.Text = fmt.Sprintf("第%d天，", i/10) + fmt.Sprintf(said, things[i/10%12])
		lessons = append(lessons, is)
	}
	for b.Loop() {
		learned, report, err := a.Learn(context.Background(), lessons, nlp.LearnOptions{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(report.Lessons), "corrections")
		if learned == nil {
			b.Fatalf("nothing learned: %+v", report)
		}
	}
}
