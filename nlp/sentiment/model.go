// Package sentiment judges whether a Chinese text is positive, neutral or
// negative, offline, with a model that is part of the program: a linear model
// over the short runs of characters and words of a text, trained by [Train] and
// kept as one table of 8-bit weights. It does not cut words and needs no
// dictionary. MODEL_CARD.md says what it was trained on and how well it does.
package sentiment

import (
	_ "embed" // for the model
	"math"
	"slices"
	"sync"
)

// The labels of a text.
const (
	Positive = "positive"
	Neutral  = "neutral"
	Negative = "negative"
)

// The columns of the table of weights: the gate's, a domain each; then for each
// head the one for all texts and those by domain.
const (
	columnGate     = 0
	columnPolarity = columnGate + domains
	columnNeutral  = columnPolarity + 1 + domains
	columns        = columnNeutral + 1 + domains
)

var firstColumn = [heads]int{headPolarity: columnPolarity, headNeutral: columnNeutral}

// Model is a trained model. It is immutable and safe for concurrent use.
type Model struct {
	version string
	table   *table
	bias    [columns]float32
	// deltas are what was learned from corrections, a slot of the table each;
	// nil when nothing was.
	deltas []delta
	// temperature makes probabilities of the scores of the heads: each is
	// multiplied by its own.
	temperature [heads]float32
}

// delta is a change to the weights of a feature that count for all texts, a
// head each.
type delta [heads]float32

//go:embed model.bin
var embedded []byte

var loadEmbedded = sync.OnceValues(func() (*Model, error) { return decode(embedded) })

// Default returns the model that is part of the program. It is decoded at the
// first call, which takes a few milliseconds.
func Default() (*Model, error) { return loadEmbedded() }

// Version names the model: the date and seed of its training, a print of its
// weights and, after a plus sign, one of what was learned from corrections.
func (m *Model) Version() string { return m.version }

// Score returns the probabilities, calibrated and summing to 1, that a text is
// positive, neutral and negative. The text is one that is folded already: lower
// case, full-width letters half-width, traditional characters simplified. The
// words of the text are not needed and may be nil. A text without a unit (empty,
// only white space) is neutral.
func (m *Model) Score(folded string, _ []string) (pos, neu, neg float64) {
	logits, ok := m.logits(folded)
	if !ok {
		return 0, 1, 0
	}
	return m.probabilities(logits)
}

// Reading is a text as a model read it, from which [Model.Reasons] tells why it
// was judged so. Its memory serves the next text: it is not safe for concurrent
// use.
type Reading struct {
	text   string
	hashes []uint64 // of the units, edge marks included
	runs   []run
	space  []uint32
	scores [columns]float32
	shares [domains]float32 // how far the text is of each domain
	value  float32          // what a feature counts
	pieces []piece
	joined []piece
	spread []float64
	spans  []Span
}

// Read is [Model.Score] that keeps in r what it read.
func (m *Model) Read(r *Reading, folded string) (pos, neu, neg float64) {
	r.text = folded
	r.hashes = appendUnits(r.hashes[:0], folded)
	r.runs = r.runs[:0]
	r.shares = [domains]float32{}
	if len(r.hashes) == 2 {
		return 0, 1, 0
	}
	r.runs = m.table.appendRuns(r.runs, r.hashes)
	r.space = slices.Grow(r.space[:0], slotSetSize(len(r.runs)))
	r.scores, r.value = m.scores(r.runs, r.space)
	r.shares = m.shares(&r.scores)
	return m.probabilities(m.join(&r.scores, &r.shares))
}

// Familiar returns how sure the model is, from 0 to 1, which of the domains that
// it was trained on the text is of. Of a text without a unit it is 0.
func (r *Reading) Familiar() float64 { return float64(slices.Max(r.shares[:])) }

func (m *Model) probabilities(logits [heads]float64) (pos, neu, neg float64) {
	neu = sigmoid(logits[headNeutral] * float64(m.temperature[headNeutral]))
	p := sigmoid(logits[headPolarity] * float64(m.temperature[headPolarity]))
	return p * (1 - neu), neu, (1 - p) * (1 - neu)
}

// logits returns the scores of a text, and false when it has no unit.
func (m *Model) logits(text string) (logits [heads]float64, ok bool) {
	var space [256]uint64
	hashes := appendUnits(space[:0], text)
	if len(hashes) == 2 {
		return logits, false
	}
	var runs [512]run
	var seen [1024]uint32
	scores, _ := m.scores(m.table.appendRuns(runs[:0], hashes), seen[:])
	shares := m.shares(&scores)
	return m.join(&scores, &shares), true
}

// join returns the scores of the heads, in which a domain counts as far as a
// text is of it, as shares say.
func (m *Model) join(scores *[columns]float32, shares *[domains]float32) (logits [heads]float64) {
	for h, first := range firstColumn {
		z := scores[first]
		for d, share := range shares {
			z += share * scores[first+1+d]
		}
		logits[h] = float64(z)
	}
	return logits
}

// scores returns the sum of each column over the features of a text, given as
// its runs, and what one feature counts. Space is working memory.
func (m *Model) scores(runs []run, space []uint32) (scores [columns]float32, value float32) {
	var sums [columns]int32
	var changes delta
	n := m.table.add(&sums, &changes, runs, m.deltas, space)
	value = float32(featureValue(n))
	for c, sum := range sums {
		scores[c] = value*m.table.scale[c]*float32(sum) + m.bias[c]
	}
	for h, first := range firstColumn {
		scores[first] += value * changes[h]
	}
	return scores, value
}

// shares returns how far a text of these scores is of each domain.
func (m *Model) shares(scores *[columns]float32) [domains]float32 {
	shares := [domains]float32(scores[columnGate:columnPolarity])
	Softmax(shares[:])
	return shares
}

// appendUnits appends the hashes of the units of text between its edge marks.
func appendUnits(hashes []uint64, text string) []uint64 {
	hashes = append(hashes, unitStart)
	walk := units{text: text}
	for walk.next() {
		hashes = append(hashes, walk.last)
	}
	return append(hashes, unitEnd)
}

// featureValue is what each of n features of a text counts: long texts do not
// outweigh short ones.
func featureValue(n int) float64 { return 4 / math.Sqrt(float64(n+1)) }

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
