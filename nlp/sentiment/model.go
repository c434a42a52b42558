// Package sentiment judges whether a Chinese text is positive, neutral or
// negative, offline, with a model that is part of the program: a linear model
// over the short runs of characters and words of a text, trained by [Train] and
// kept as one table of 8-bit weights. It does not cut words and needs no
// dictionary. MODEL_CARD.md says what it was trained on and how well it does.
package sentiment

import (
	_ "embed" // for the model
	"math"
	"sync"
)

// The labels of a text.
const (
	Positive = "positive"
	Neutral  = "neutral"
	Negative = "negative"
)

// The columns of the table of weights.
const (
	columnPolarity = iota // positive against negative
	columnNeutral         // neutral against the two others
	columns
)

// Model is a trained model. It is immutable and safe for concurrent use.
type Model struct {
	version string
	table   *table
	bias    [columns]float32
	// temperature makes probabilities of the two scores: each is multiplied
	// by its own.
	temperature [columns]float32
}

//go:embed model.bin
var embedded []byte

var loadEmbedded = sync.OnceValues(func() (*Model, error) { return decode(embedded) })

// Default returns the model that is part of the program. It is decoded at the
// first call, which takes a few milliseconds.
func Default() (*Model, error) { return loadEmbedded() }

// Version names the model: the date and seed of its training and a print of its
// weights.
func (m *Model) Version() string { return m.version }

// Score returns the probabilities, calibrated and summing to 1, that a text is
// positive, neutral and negative. The text is one that is folded already: lower
// case, full-width letters half-width, traditional characters simplified. The
// words of the text are not needed and may be nil. A text without a unit (empty,
// only white space) is neutral.
func (m *Model) Score(folded string, _ []string) (pos, neu, neg float64) {
	polarity, neutral, ok := m.logits(folded)
	if !ok {
		return 0, 1, 0
	}
	return m.probabilities(polarity, neutral)
}

func (m *Model) probabilities(polarity, neutral float64) (pos, neu, neg float64) {
	neu = sigmoid(neutral * float64(m.temperature[columnNeutral]))
	p := sigmoid(polarity * float64(m.temperature[columnPolarity]))
	return p * (1 - neu), neu, (1 - p) * (1 - neu)
}

// logits returns the two scores of a text, and false when it has no unit.
func (m *Model) logits(text string) (polarity, neutral float64, ok bool) {
	var space [256]uint64
	hashes := appendUnits(space[:0], text)
	if len(hashes) == 2 {
		return 0, 0, false
	}
	var sum [columns]int
	var seen slotSet
	seen.init()
	n := 0
	for i := range hashes {
		hash := seedGram
		for j := i; j < len(hashes) && j < i+maxGram; j++ {
			hash = mix(hash, hashes[j])
			slot, known := m.table.find(hash)
			if !known {
				break
			}
			if !seen.add(uint32(slot)) {
				continue
			}
			n++
			row := m.table.weights(slot)
			sum[columnPolarity] += int(int8(row[columnPolarity]))
			sum[columnNeutral] += int(int8(row[columnNeutral]))
		}
	}
	worth := featureValue(n)
	return worth*float64(m.table.scale[columnPolarity])*float64(sum[columnPolarity]) + float64(m.bias[columnPolarity]),
		worth*float64(m.table.scale[columnNeutral])*float64(sum[columnNeutral]) + float64(m.bias[columnNeutral]), true
}

// appendUnits appends the hashes of the units of text between its edge marks.
func appendUnits(hashes []uint64, text string) []uint64 {
	hashes = append(hashes, unitStart)
	walk := units{text: text}
	for u, ok := walk.next(); ok; u, ok = walk.next() {
		hashes = append(hashes, u.hash)
	}
	return append(hashes, unitEnd)
}

// featureValue is what each of n features of a text counts: long texts do not
// outweigh short ones.
func featureValue(n int) float64 { return 4 / math.Sqrt(float64(n+1)) }

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// slotSet is a set of slot numbers that needs no memory of its own for texts of
// usual length.
type slotSet struct {
	small [512]uint32
	slots []uint32 // slot+1, or 0
	n     int
}

func (s *slotSet) init() { s.slots = s.small[:] }

// add adds a slot and reports whether it is new.
func (s *slotSet) add(slot uint32) bool {
	mask := uint32(len(s.slots) - 1)
	i := slot * 0x9e3779b1 >> 7 & mask
	for s.slots[i] != 0 {
		if s.slots[i] == slot+1 {
			return false
		}
		i = (i + 1) & mask
	}
	s.slots[i] = slot + 1
	if s.n++; s.n > len(s.slots)/2 {
		s.grow()
	}
	return true
}

func (s *slotSet) grow() {
	old := s.slots
	s.slots, s.n = make([]uint32, 4*len(old)), 0
	for _, slot := range old {
		if slot != 0 {
			s.add(slot - 1)
		}
	}
}

