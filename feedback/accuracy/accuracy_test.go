package accuracy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/accuracy"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

func verdict(model, sentiment, intent string, topics ...string) feedback.Verdict {
	v := feedback.Verdict{Model: model, Sentiment: sentiment, Intent: intent}
	for _, t := range topics {
		v.Topics = append(v.Topics, feedback.Topic{Name: t})
	}
	return v
}

// cases are two weeks: Sunday, 22 November 2026, late, and the Monday after it.
func cases() []accuracy.Case {
	sunday := time.Date(2026, 11, 22, 23, 30, 0, 0, shanghai).UTC()
	monday := sunday.Add(time.Hour)
	left := verdict("a", "negative", "complaint", "口味")
	return []accuracy.Case{
		{At: sunday, Said: left, Right: left},
		{At: sunday, Said: verdict("a", "positive", "praise"), Right: verdict("a", "negative", "praise", "口味")},
		{At: monday, Said: verdict("b", "negative", "question", "包装"), Right: verdict("b", "negative", "question")},
	}
}

func TestOf(t *testing.T) {
	f := accuracy.Of(cases())
	if f.Cases != 3 || f.Changed != 2 {
		t.Errorf("%d cases, %d changed", f.Cases, f.Changed)
	}
	got := ""
	for _, l := range f.Labels() {
		s := f.Scores[l]
		p, said := s.Precision()
		r, is := s.Recall()
		got += fmt.Sprintf("%s %s %.2f %v %.2f %v\n", l.Group, l.Name, p, said, r, is)
	}
	want := `sentiment positive 0.00 true 0.00 false
sentiment negative 1.00 true 0.67 true
intent complaint 1.00 true 1.00 true
intent question 1.00 true 1.00 true
intent praise 1.00 true 1.00 true
topic 口味 1.00 true 0.50 true
topic 包装 0.00 true 0.00 false
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestParts(t *testing.T) {
	weeks := accuracy.ByTime(cases(), shanghai, false)
	if len(weeks) != 2 || weeks[0].From.Format(time.DateOnly) != "2026-11-16" || weeks[1].From.Format(time.DateOnly) != "2026-11-23" || weeks[0].Cases != 2 {
		t.Errorf("weeks %+v", weeks)
	}
	months := accuracy.ByTime(cases(), shanghai, true)
	if len(months) != 1 || months[0].From.Format(time.DateOnly) != "2026-11-01" || months[0].Cases != 3 {
		t.Errorf("months %+v", months)
	}
	models := accuracy.ByModel(cases())
	if len(models) != 2 || models[0].Name != "a" || models[0].Cases != 2 || models[1].Name != "b" {
		t.Errorf("models %+v", models)
	}
	if none := accuracy.ByTime(nil, shanghai, true); len(none) != 0 || accuracy.Of(nil).Cases != 0 {
		t.Error("figures of nothing")
	}
}
