package nlp

import (
	"bytes"
	"compress/flate"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/huiyin/huiyin/nlp/sentiment"
)

// ErrOtherBase is wrapped when what was learned does not belong to this
// program's analysis: it was learned beside another one, and has to be learned
// again.
var ErrOtherBase = errors.New("learned beside another analysis")

// Learned is what [Learn] made of people's corrections: small changes beside the
// analysis that is part of the program. It holds weights, no text. It is never
// changed once it is made.
type Learned struct {
	Version   string // names it in verdicts
	Base      string // what it was learned beside, see [Base]
	Sentiment []byte // changes of the sentiment model; nil where there are none
	Head      []headChange
	Topics    []learnedTopic
}

// headChange is what is added to a row of the head's table.
type headChange struct {
	Row     uint32
	Weights [classCount]float32
}

// learnedTopic says of a topic which texts are about it, beyond its words.
type learnedTopic struct {
	Name    string
	Yes, No float32 // from which probability on it is a topic, and below which it is none although a word was found
	Bias    float32
	Rows    []uint32
	Weights []float32 // of Rows
}

// maxLearned bounds what is read back, in bytes.
const maxLearned = 64 << 20

// MarshalBinary returns l in the form that [Learned.UnmarshalBinary] reads.
func (l *Learned) MarshalBinary() ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return nil, fmt.Errorf("keep what was learned: %w", err)
	}
	type plain Learned // without the methods, of which gob would make use
	if err := errors.Join(gob.NewEncoder(w).Encode((*plain)(l)), w.Close()); err != nil {
		return nil, fmt.Errorf("keep what was learned: %w", err)
	}
	return b.Bytes(), nil
}

// UnmarshalBinary reads what [Learned.MarshalBinary] wrote.
func (l *Learned) UnmarshalBinary(b []byte) error {
	type plain Learned
	var p plain
	if err := gob.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(b)), maxLearned)).Decode(&p); err != nil {
		return fmt.Errorf("what was learned cannot be read: %w", err)
	}
	*l = Learned(p)
	return nil
}

// Base names what is learned beside: the sentiment model and, in four digits, a
// print of the built-in messages and of what the rules find in them. What was
// learned beside one Base is of no use beside another.
func Base() (string, error) { return baseName() }

// learnedFormat is raised whenever the meaning of a Learned changes.
const learnedFormat = 1

// baseName is read once; afterwards it never changes.
var baseName = sync.OnceValues(func() (string, error) {
	a, err := newAnalyzer(Options{})
	if err != nil {
		return "", err
	}
	messages, err := ReadMessages(trainingMessages)
	if err != nil {
		return "", fmt.Errorf("built-in messages: %w", err)
	}
	h := fnv.New32a()
	_, _ = fmt.Fprintln(h, learnedFormat, headRows, classCount, judgeRows) // never fails
	s := new(scratch)
	for _, m := range messages {
		a.read(s, m.Text)
		_, _ = fmt.Fprintln(h, m) // never fails
		// Sums of plain numbers, the same on every processor.
		for i := range s.intents {
			_, _ = fmt.Fprint(h, s.intents[i].sum, " ")
		}
		for i := range s.hazards {
			_, _ = fmt.Fprint(h, s.hazards[i].weight, " ")
		}
	}
	sum := h.Sum32()
	return fmt.Sprintf("%s.%04x", a.version, (sum>>16^sum)&0xffff), nil
})

// With returns a that judges with what was learned, too; nil takes everything
// learned back. Both may be used at the same time. An error that wraps
// [ErrOtherBase] says that l was learned beside another analysis.
func (a *Analyzer) With(l *Learned) (*Analyzer, error) {
	head, err := builtinHead()
	if err != nil {
		return nil, err
	}
	model, err := sentiment.Default()
	if err != nil {
		return nil, fmt.Errorf("sentiment model: %w", err)
	}
	if l == nil {
		return a.judging(model, model.Version(), head, nil), nil
	}
	base, err := Base()
	if err != nil {
		return nil, err
	}
	if l.Base != base {
		return nil, fmt.Errorf("%s: %w: %s, and here is %s", l.Version, ErrOtherBase, l.Base, base)
	}
	if l.Sentiment != nil {
		if model, err = model.WithChanges(l.Sentiment, l.Version); err != nil {
			return nil, fmt.Errorf("%s: %w", l.Version, err)
		}
	}
	if len(l.Head) > 0 {
		if head, err = head.changed(l.Head); err != nil {
			return nil, fmt.Errorf("%s: %w", l.Version, err)
		}
	}
	judges, err := a.topicJudges(l.Topics)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Version, err)
	}
	return a.judging(model, l.Version, head, judges), nil
}

// Version names what judges: the sentiment model, or what was learned beside it.
func (a *Analyzer) Version() string { return a.version }

// judging returns a with other judges: what it reads from texts is shared.
func (a *Analyzer) judging(model scorer, version string, h *head, topics []topicJudge) *Analyzer {
	b := &Analyzer{
		seg: a.seg, cutter: a.cutter, appender: a.appender, rules: a.rules, topics: a.topics, topicReasons: a.topicReasons, fields: a.fields, cues: a.cues, examples: a.examples,
		model: model, version: version, head: h, judges: topics,
	}
	b.scratch.New = func() any { return new(scratch) }
	return b
}

// changed returns m with changes. Rows that it does not know are added.
func (m *head) changed(changes []headChange) (*head, error) {
	out := &head{dense: m.dense, known: slices.Clone(m.known)}
	for i := range changes {
		row := changes[i].Row
		if row >= headRows {
			return nil, fmt.Errorf("a row of what was learned is %d, there are %d", row, headRows)
		}
		out.known.put(row)
	}
	out.sparse = make([]weights, out.known.number())
	for row := range uint32(headRows) {
		if m.known.has(row) {
			from, _ := m.known.find(row)
			to, _ := out.known.find(row)
			out.sparse[to] = m.sparse[from]
		}
	}
	for i := range changes {
		slot, _ := out.known.find(changes[i].Row)
		for c, d := range &changes[i].Weights {
			out.sparse[slot][c] += d
		}
	}
	return out, nil
}

// topicJudge tells whether texts are about one topic.
type topicJudge struct {
	index   int32
	yes, no float32
	bias    float32
	weights []float32 // by row
}

// topicJudges brings what was learned of topics into the form of use. Topics that a
// no longer looks for are left out.
func (a *Analyzer) topicJudges(topics []learnedTopic) ([]topicJudge, error) {
	var out []topicJudge
	for _, t := range topics {
		index := a.topicIndex(t.Name)
		if index < 0 {
			continue
		}
		if len(t.Rows) != len(t.Weights) {
			return nil, fmt.Errorf("topic %s: %d rows, %d weights", t.Name, len(t.Rows), len(t.Weights))
		}
		j := topicJudge{index: index, yes: t.Yes, no: t.No, bias: t.Bias, weights: make([]float32, judgeRows)}
		for i, row := range t.Rows {
			if row >= judgeRows {
				return nil, fmt.Errorf("topic %s: row %d, there are %d", t.Name, row, judgeRows)
			}
			j.weights[row] = t.Weights[i]
		}
		out = append(out, j)
	}
	return out, nil
}

// chance is the probability that a text of these rows is about the topic.
func (j *topicJudge) chance(rows []uint32) float32 {
	sum := float32(0)
	for _, r := range rows {
		sum += j.weights[r]
	}
	return 1 / (1 + float32(math.Exp(-float64(j.bias+sum*rowScale(len(rows))))))
}

// judgeTopics adds the topics that the learned judges see, and takes away those
// that only a word speaks for.
func (a *Analyzer) judgeTopics(s *scratch) {
	rows := exampleRowsOf(nil, s.fold.runes, judgeRows-1)
	for i := range a.judges {
		j := &a.judges[i]
		at := slices.IndexFunc(s.topics, func(t topicSum) bool { return t.index == j.index })
		chance := j.chance(withWord(rows, at >= 0))
		switch {
		case at >= 0 && chance < j.no:
			// Kept behind the others, so that its memory serves again.
			last := len(s.topics) - 1
			gone := s.topics[at]
			copy(s.topics[at:], s.topics[at+1:])
			s.topics[last] = gone
			s.topics = s.topics[:last]
		case at < 0 && chance >= j.yes && len(s.clauses) > 0:
			c := &s.clauses[a.likeliest(s, j)]
			s.addTopic(j.index, hit{literal: learnedLiteral - j.index, start: c.start, end: c.end})
		}
	}
}

// judgeRows is how many rows a judge of a topic has. Corrections are few, and a
// model that was learned with another number is of no use.
const judgeRows = 1 << 16

// foundWord is the row of a judge that says that a word of the topic was found.
const foundWord = judgeRows - 1

// judgedRows are the rows of a text as the judge of a topic sees it.
func judgedRows(folded []rune, found bool) []uint32 {
	return withWord(exampleRowsOf(nil, folded, judgeRows-1), found)
}

func withWord(rows []uint32, found bool) []uint32 {
	if !found {
		return rows
	}
	return append(slices.Clip(rows), foundWord)
}

// learnedLiteral is below the numbers that other finders of topics give.
const learnedLiteral = -1 << 20

// likeliest returns the clause that tells most of the topic.
func (a *Analyzer) likeliest(s *scratch, j *topicJudge) int {
	best, top := 0, float32(-1)
	for i := range s.clauses {
		c := &s.clauses[i]
		if chance := j.chance(exampleRowsOf(nil, s.fold.runes[s.fold.index(c.start):s.fold.index(c.end)], judgeRows-1)); chance > top {
			best, top = i, chance
		}
	}
	return best
}

// sameText is the form in which texts are compared: corrections of the same
// words are one lesson.
func sameText(text string) string { return strings.TrimSpace(Fold(text)) }
