package nlp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// minExamples is how many examples a topic needs for the classifier.
const minExamples = 5

// exampleHead finds topics by what their examples have in common: for each topic
// a logistic regression over the short runs of characters of the text.
type exampleHead struct {
	topics  []int32   // index of each topic that has examples
	rows    uint32    // of weights: a power of two
	weights []float32 // by row, then by topic
	bias    []float32
}

const (
	// minExampleRows and maxExampleRows bound how many rows of weights there are,
	// for each topic one: as many as keep most runs apart, of thousands of texts
	// too, and of a few examples no more than they fill.
	minExampleRows = 1 << 12
	maxExampleRows = 1 << 18
	exampleRate    = 0.15
	// Few examples are read more often than many.
	exampleSteps     = 20_000
	minExampleEpochs = 6
	maxExampleEpochs = 30
	// likelyTopic is from which probability on a topic counts. On held-out parts
	// of restaurant and car reviews it gave the best balance.
	likelyTopic = 0.35
	// tellingClause is from which probability on a clause alone is about a topic.
	tellingClause = 0.6
	minOthers     = 200
)

// example is a text with the topics that it is an example of.
type example struct {
	rows   []uint32
	labels []bool
}

// learnTopics trains the head for the topics that have examples. A text may be
// an example of several topics; those that it is not listed under count as
// topics it is not about. Messages about other matters are the built-in ones.
func (a *Analyzer) learnTopics(configured []Topic) (*exampleHead, error) {
	h := new(exampleHead)
	var learned []Topic
	for _, t := range configured {
		switch {
		case len(t.Examples) == 0:
			continue
		case len(t.Examples) < minExamples && len(t.Words) == 0:
			return nil, fmt.Errorf("topic %q has no words and only %d examples: at least %d are needed", t.Name, len(t.Examples), minExamples)
		case len(t.Examples) < minExamples:
			continue
		}
		learned = append(learned, t)
		h.topics = append(h.topics, a.topicIndex(t.Name))
	}
	if len(learned) == 0 {
		return nil, nil //nolint:nilnil // no head where there is nothing to learn
	}
	examples, err := a.collectExamples(learned)
	if err != nil {
		return nil, err
	}
	h.fit(examples)
	h.train(examples)
	return h, nil
}

func (a *Analyzer) topicIndex(name string) int32 {
	for i, n := range a.topics {
		if n == strings.TrimSpace(name) {
			return int32(i)
		}
	}
	return -1
}

func (a *Analyzer) collectExamples(learned []Topic) ([]example, error) {
	var examples []example
	at := make(map[string]int)
	for k, t := range learned {
		for _, text := range t.Examples {
			folded := Fold(text)
			i, ok := at[folded]
			if !ok {
				i = len(examples)
				at[folded] = i
				examples = append(examples, example{rows: exampleRowsOf(nil, []rune(folded), math.MaxUint32), labels: make([]bool, len(learned))})
			}
			examples[i].labels[k] = true
		}
	}
	others, err := ReadMessages(trainingMessages)
	if err != nil {
		return nil, fmt.Errorf("built-in messages: %w", err)
	}
	// As many messages about other matters as there are examples, and at least
	// minOthers. One that has a word of a topic might be about it, and is left out.
	s := new(scratch)
	for i, n := 0, max(minOthers, len(examples)); i < len(others) && i < n; i++ {
		a.read(s, others[i].Text)
		if a.names(s, learned) {
			continue
		}
		examples = append(examples, example{rows: exampleRowsOf(nil, s.fold.runes, math.MaxUint32), labels: make([]bool, len(learned))})
	}
	return examples, nil
}

// names reports whether the text has a word of one of topics.
func (a *Analyzer) names(s *scratch, topics []Topic) bool {
	for _, h := range s.hits {
		if !h.kinds.has(actTopic) {
			continue
		}
		for _, act := range a.rules.of(h.literal) {
			if act.kind != actTopic {
				continue
			}
			for _, t := range topics {
				if a.topics[act.index] == strings.TrimSpace(t.Name) {
					return true
				}
			}
		}
	}
	return false
}

// exampleRowsOf appends the rows of text under a mask, each once.
func exampleRowsOf(rows []uint32, text []rune, mask uint32) []uint32 {
	start := len(rows)
	rows = appendRowsUnder(rows, appendUnits(nil, text), mask)
	return append(rows[:start], onceUnder(mask, rows[start:])...)
}

// onceUnder returns rows under a mask, each once, in place.
func onceUnder(mask uint32, rows []uint32) []uint32 {
	seen := make(map[uint32]struct{}, len(rows))
	out := rows[:0]
	for _, r := range rows {
		r &= mask
		if _, ok := seen[r]; !ok {
			seen[r] = struct{}{}
			out = append(out, r)
		}
	}
	return out
}

// fit chooses how many rows there are, and gives the examples those.
func (h *exampleHead) fit(examples []example) {
	distinct := make(map[uint32]struct{})
	for i := range examples {
		for _, r := range examples[i].rows {
			distinct[r] = struct{}{}
		}
	}
	for h.rows = minExampleRows; h.rows < maxExampleRows && int(h.rows) < 2*len(distinct); {
		h.rows *= 2
	}
	for i := range examples {
		examples[i].rows = onceUnder(h.rows-1, examples[i].rows)
	}
}

// train learns the weights of h.rows rows, which the examples' are below.
func (h *exampleHead) train(examples []example) {
	k := len(h.topics)
	h.weights = make([]float32, int(h.rows)*k)
	h.bias = make([]float32, k)
	squares := make([]float32, int(h.rows)*k)
	biasSquares := make([]float32, k)
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // G404: training must be repeatable, not secret
	order := random.Perm(len(examples))
	chances := make([]float32, k)
	emphasis := emphases(examples, k)
	epochs := min(maxExampleEpochs, max(minExampleEpochs, exampleSteps/len(examples)))
	for range epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			e := &examples[i]
			h.chances(e.rows, chances)
			scale := rowScale(len(e.rows))
			for t := range chances {
				slope := chances[t]
				if e.labels[t] {
					slope = (slope - 1) * emphasis[t]
				}
				adjust(&h.bias[t], &biasSquares[t], slope)
				for _, r := range e.rows {
					adjust(&h.weights[int(r)*k+t], &squares[int(r)*k+t], slope*scale)
				}
			}
		}
	}
}

// emphases makes up for topics of which few of the examples are: the root of how
// many others there are for each, ten at most.
func emphases(examples []example, k int) []float32 {
	counts := make([]int, k)
	for i := range examples {
		for t, is := range examples[i].labels {
			if is {
				counts[t]++
			}
		}
	}
	out := make([]float32, k)
	for t, n := range counts {
		out[t] = float32(min(10, max(1, math.Sqrt(float64(len(examples)-n)/float64(n)))))
	}
	return out
}

func adjust(w, squares *float32, g float32) {
	*squares += g * g
	*w -= exampleRate * g / (1e-3 + float32(math.Sqrt(float64(*squares))))
}

// chances fills into the probability of each topic.
func (h *exampleHead) chances(rows []uint32, into []float32) {
	copy(into, h.bias)
	k := len(h.topics)
	scale := rowScale(len(rows))
	for _, r := range rows {
		for t, w := range h.weights[int(r)*k : int(r)*k+k] {
			into[t] += w * scale
		}
	}
	for t, x := range into {
		into[t] = 1 / (1 + float32(math.Exp(-float64(x))))
	}
}

// find adds to the topics of s those that the head sees, with the clauses that
// tell of each: those that by themselves do, and the one that tells most.
func (h *exampleHead) find(s *scratch) {
	k := len(h.topics)
	chances := make([]float32, k)
	rows := exampleRowsOf(nil, s.fold.runes, h.rows-1)
	h.chances(rows, chances)
	if slices.Max(chances) < likelyTopic {
		return
	}
	inClause := make([]float32, len(s.clauses)*k)
	for i := range s.clauses {
		c := &s.clauses[i]
		rows = exampleRowsOf(rows[:0], s.fold.runes[s.fold.index(c.start):s.fold.index(c.end)], h.rows-1)
		h.chances(rows, inClause[i*k:i*k+k])
	}
	for t, chance := range chances {
		if chance < likelyTopic {
			continue
		}
		best := 0
		for i := range s.clauses {
			if inClause[i*k+t] > inClause[best*k+t] {
				best = i
			}
		}
		for i, c := range s.clauses {
			if i == best || inClause[i*k+t] >= tellingClause {
				s.addTopic(h.topics[t], hit{literal: -1 - maxRegexes - int32(t), start: c.start, end: c.end})
			}
		}
	}
}
