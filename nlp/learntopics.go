package nlp

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

const (
	// otherMessages is how many messages of the base a topic is told apart from.
	otherMessages = 600
	// topicChanges is how large a share of the base may get or lose a topic: one
	// in two hundred. Its words alone say what the base is about, and they miss
	// some.
	topicChanges = 0.005
)

// bars are from which probability on a text is about a topic, and below which it
// is not although a word was found; tried in order until one passes.
var bars = [...][2]float32{{0.35, 0.15}, {0.6, 0.08}, {0.85, 0.03}}

// topicLesson is a text of which it is known whether it is about a topic.
type topicLesson struct {
	text  string
	rows  []uint32
	words bool // a word of the topic was found
	about bool
}

// learnTopics learns each topic that at least minExamples lessons speak of.
func (s *school) learnTopics(ctx context.Context, out *Learned, report *LearnReport) error {
	counts := map[string]int{}
	for _, l := range s.lessons {
		for _, t := range slices.Concat(l.Topics, l.Not) {
			if s.plain.topicIndex(t) >= 0 {
				counts[t]++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		part := Part{Name: "topic:" + name, Lessons: counts[name], Reason: RefusedFew}
		if counts[name] >= minExamples {
			learned, p, err := s.learnTopic(ctx, name)
			if err != nil {
				return err
			}
			if part = p; learned != nil {
				out.Topics = append(out.Topics, *learned)
			}
		}
		report.Parts = append(report.Parts, part)
	}
	return nil
}

// learnTopic learns one topic; nil where nothing passed.
func (s *school) learnTopic(ctx context.Context, name string) (*learnedTopic, Part, error) {
	lessons, base, kept := s.topicLessons(name)
	chances := map[string]float32{} // of texts, by a judge that was not shown them
	for f := range folds {
		if err := ctx.Err(); err != nil {
			return nil, Part{}, fmt.Errorf("learn from corrections: %w", err)
		}
		judge := s.trainTopic(lessons, base, func(text string) bool { return foldOf(text) != f })
		for _, t := range slices.Concat(lessons, base, kept) {
			if foldOf(t.text) == f {
				chances[t.text] = judge.chance(t.rows)
			}
		}
	}
	var part Part
	for _, bar := range bars {
		part = Part{Name: "topic:" + name, Strength: 1}
		say := func(t topicLesson) (label, was, is string) {
			chance := chances[t.text]
			return yesNo(t.about), yesNo(t.words), yesNo(chance >= bar[0] || t.words && chance >= bar[1])
		}
		for _, t := range lessons {
			part.countLesson(say(t))
		}
		for _, t := range base {
			part.countBase(say(t))
		}
		for _, t := range kept {
			part.countKept(say(t))
		}
		if part.Reason = part.topicRefusal(); part.Reason == "" {
			part.Applied = true
			judge := s.trainTopic(lessons, base, func(string) bool { return true })
			return judge.learned(name, bar), part, nil
		}
	}
	return nil, part, nil
}

// topicRefusal is refusal, but that a small share of the base may change.
func (p *Part) topicRefusal() string {
	allowed := *p
	allowed.BaseAfter += int(topicChanges * float64(p.Base))
	return allowed.refusal()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// topicLessons gathers what is known about a topic: from the lessons, from the
// base, where its words tell, and from what people kept.
func (s *school) topicLessons(name string) (lessons, base, kept []topicLesson) {
	index := s.plain.topicIndex(name)
	sc := new(scratch)
	read := func(text string) topicLesson {
		s.pause()
		s.plain.read(sc, text)
		v := Verdict{}
		s.plain.readTopics(sc, &v)
		found := slices.ContainsFunc(sc.topics, func(t topicSum) bool { return t.index == index })
		return topicLesson{text: text, rows: judgedRows(sc.fold.runes, found), words: found, about: found}
	}
	for _, l := range s.lessons {
		about := slices.Contains(l.Topics, name)
		if about || slices.Contains(l.Not, name) {
			t := read(l.Text)
			t.about = about
			lessons = append(lessons, t)
		}
	}
	others := 0
	for _, m := range s.base {
		t := read(m.Text)
		if !t.words {
			if others++; others > otherMessages {
				continue
			}
		}
		base = append(base, t)
	}
	for _, k := range s.kept {
		t := read(k.Text)
		t.about = slices.Contains(k.Topics, name)
		kept = append(kept, t)
	}
	return lessons, base, kept
}

// trainTopic trains a judge of one topic on what is shown.
func (s *school) trainTopic(lessons, base []topicLesson, shown func(text string) bool) *topicJudge {
	var examples []example
	add := func(t topicLesson, times int) {
		for range times {
			examples = append(examples, example{rows: t.rows, labels: []bool{t.about}})
		}
	}
	for _, t := range lessons {
		if shown(t.text) {
			add(t, lessonEmphasis)
		}
	}
	for _, t := range base {
		if shown(t.text) {
			add(t, 1)
		}
	}
	h := &exampleHead{topics: []int32{0}, rows: judgeRows}
	h.train(examples)
	s.pause()
	return &topicJudge{bias: h.bias[0], weights: h.weights}
}

// learned returns the judge in the form that is kept.
func (j *topicJudge) learned(name string, bar [2]float32) *learnedTopic {
	t := &learnedTopic{Name: name, Yes: bar[0], No: bar[1], Bias: j.bias}
	for row, w := range j.weights {
		if w != 0 {
			t.Rows, t.Weights = append(t.Rows, uint32(row)), append(t.Weights, w)
		}
	}
	return t
}
