// Package accuracy says how often verdicts were right, from what people said of
// them. It is a pure function of its arguments.
//
// What people said is all there is to go by, and it flatters: a label counts as
// right where a colleague worked on the item and left it, and nobody corrects
// everything they see. What nobody worked on is not counted at all. So precision
// is rather too high, and recall knows only what somebody missed.
package accuracy

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

// Case is a verdict that people judged: what was said and what is right, the
// same where they left it.
type Case struct {
	At    time.Time
	Said  feedback.Verdict
	Right feedback.Verdict
}

// The groups of labels.
const (
	Sentiment = "sentiment"
	Intent    = "intent"
	Topic     = "topic"
)

// Label is one label of a group.
type Label struct{ Group, Name string }

// Score counts how often a label was said, how often it is right, and how often
// both.
type Score struct{ Said, Is, Hit int }

// Precision is how often the label was right where it was said; false where it
// never was.
func (s Score) Precision() (float64, bool) { return ratio(s.Hit, s.Said) }

// Recall is how often the label was said where it is right; false where it never
// is.
func (s Score) Recall() (float64, bool) { return ratio(s.Hit, s.Is) }

func ratio(part, whole int) (float64, bool) {
	if whole == 0 {
		return 0, false
	}
	return float64(part) / float64(whole), true
}

// Figures are the scores of some cases.
type Figures struct {
	Cases   int
	Changed int // in which people changed anything
	Scores  map[Label]Score
}

// Of counts cases.
func Of(cases []Case) Figures {
	f := Figures{Cases: len(cases), Scores: map[Label]Score{}}
	for _, c := range cases {
		f.Changed += f.add(c)
	}
	return f
}

// add counts one case, and returns 1 where anything in it was wrong.
func (f *Figures) add(c Case) (changed int) {
	one := func(group string, said, right []string) {
		for _, name := range said {
			s := f.Scores[Label{group, name}]
			s.Said++
			if slices.Contains(right, name) {
				s.Hit++
			} else {
				changed = 1
			}
			f.Scores[Label{group, name}] = s
		}
		for _, name := range right {
			s := f.Scores[Label{group, name}]
			s.Is++
			if !slices.Contains(said, name) {
				changed = 1
			}
			f.Scores[Label{group, name}] = s
		}
	}
	one(Sentiment, []string{c.Said.Sentiment}, []string{c.Right.Sentiment})
	one(Intent, []string{c.Said.Intent}, []string{c.Right.Intent})
	one(Topic, c.Said.TopicNames(), c.Right.TopicNames())
	return changed
}

// Labels returns the labels that occur: sentiments and intents in the order of
// the domain, then topics, the most frequent first.
func (f Figures) Labels() []Label {
	order := func(l Label) int {
		switch l.Group {
		case Sentiment:
			return slices.Index(feedback.Sentiments, l.Name)
		case Intent:
			return 10 + slices.Index(feedback.Intents, l.Name)
		default:
			return 100
		}
	}
	return slices.SortedFunc(maps.Keys(f.Scores), func(a, b Label) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(f.Scores[b].Is, f.Scores[a].Is), cmp.Compare(a.Name, b.Name))
	})
}

// Part are the figures of the cases of one time, or of one model.
type Part struct {
	Name string    // of the model; empty of a time
	From time.Time // when the time, or the model's first case, began
	Figures
}

// ByTime returns the figures of each week (from Monday) or month in loc that has
// cases, the earliest first.
func ByTime(cases []Case, loc *time.Location, months bool) []Part {
	return parts(cases, func(c Case) (string, time.Time) {
		at := c.At.In(loc)
		day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, loc)
		if months {
			return "", day.AddDate(0, 0, 1-day.Day())
		}
		return "", day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	})
}

// ByModel returns the figures of each model that made verdicts, in the order of
// their first cases.
func ByModel(cases []Case) []Part {
	first := map[string]time.Time{}
	for _, c := range cases {
		if at, ok := first[c.Said.Model]; !ok || c.At.Before(at) {
			first[c.Said.Model] = c.At
		}
	}
	return parts(cases, func(c Case) (string, time.Time) { return c.Said.Model, first[c.Said.Model] })
}

func parts(cases []Case, of func(Case) (string, time.Time)) []Part {
	type key struct {
		name string
		from int64
	}
	sorted := map[key][]Case{}
	from := map[key]time.Time{}
	for _, c := range cases {
		name, at := of(c)
		k := key{name, at.UnixMicro()}
		sorted[k], from[k] = append(sorted[k], c), at
	}
	out := make([]Part, 0, len(sorted))
	for k, cases := range sorted {
		out = append(out, Part{Name: k.name, From: from[k], Figures: Of(cases)})
	}
	slices.SortFunc(out, func(a, b Part) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Name, b.Name)) })
	return out
}
