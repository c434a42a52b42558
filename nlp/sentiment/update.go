package sentiment

import (
	"context"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"slices"
)

const (
	updateEpochs = 12
	updateRate   = 0.02
	updateDecay  = 0.002 // how fast what is learned is drawn back to nothing
)

// Learner learns small changes to a model from labelled texts, in a fraction of
// a second: the weights stay, and what is learned lies beside them. It always
// begins with the model as it was trained, so that what is no longer among the
// rows is no longer known. Whether a model that learned is better is for the
// caller to find out. A Learner is not safe for concurrent use.
type Learner struct {
	model   *Model
	lessons []lesson
}

// lesson is a row as learning sees it.
type lesson struct {
	label  string
	slots  []int // of its features
	value  float32
	logits [heads]float64 // what the model says without any change; none where slots is empty
	held   [heads]float32 // the same as probabilities
}

// NewLearner returns a Learner of m, which must not have learned anything. The
// texts of the rows are folded, as [Model.Score] wants them.
func NewLearner(m *Model, rows []Row) *Learner {
	l := &Learner{model: m, lessons: make([]lesson, len(rows))}
	for i, row := range rows {
		one := &l.lessons[i]
		one.label = row.Label
		if logits, ok := m.logits(row.Text); ok {
			one.slots, one.logits = m.table.slotsOf(appendUnits(nil, row.Text)), logits
			one.value = float32(featureValue(len(one.slots)))
			for h, z := range logits {
				one.held[h] = float32(sigmoid(z * float64(m.temperature[h])))
			}
		}
	}
	return l
}

// Learn returns the model that has learned the rows of these numbers. Those of
// held are texts that it should go on judging as it does, whatever their labels:
// they draw back what would change them. Nothing is changed but features of the
// learned rows, so that texts which share none of them are judged as before.
// Strength, above 0 and at most 1, is how much of the usual step each row takes;
// pause is called between steps, a few thousand times a second, and may be nil.
// The same rows, seed and strength give the same model.
func (l *Learner) Learn(ctx context.Context, rows, held []int, seed uint64, strength float64, pause func()) (*Model, error) {
	m := *l.model
	m.deltas = make([]delta, m.table.slots)
	rates := l.rates(rows, held, float32(updateRate*strength))
	random := newRandom(seed)
	// Numbers below zero are of held rows.
	order := slices.Clone(rows)
	for _, i := range held {
		order = append(order, ^i)
	}
	for range updateEpochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for k, i := range order {
			if i < 0 {
				m.move(&l.lessons[^i], l.lessons[^i].held, rates)
			} else {
				m.move(&l.lessons[i], l.lessons[i].targets(), rates)
			}
			if pause != nil && k%64 == 0 {
				pause()
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("learn from corrections: %w", err)
		}
	}
	m.version = fmt.Sprintf("%s+%08x", l.model.version, crc32.Checksum(m.appendDeltas(nil), castagnoli))
	return &m, nil
}

// rates are how fast the feature of each slot may change: not at all where no
// learned row has it, and the less the more held rows have it. What everybody
// says is known already; what is new hangs on what is rare.
func (l *Learner) rates(rows, held []int, rate float32) []float32 {
	rates := make([]float32, l.model.table.slots)
	for _, i := range held {
		for _, slot := range l.lessons[i].slots {
			rates[slot]--
		}
	}
	for _, i := range rows {
		for _, slot := range l.lessons[i].slots {
			if n := rates[slot]; n <= 0 {
				rates[slot] = rate / ((1 - n) * (1 - n))
			}
		}
	}
	for slot, r := range rates {
		rates[slot] = max(r, 0)
	}
	return rates
}

// unknown is a target that says nothing.
const unknown = -1

// targets are what the heads should say of a row.
func (l *lesson) targets() (t [heads]float32) {
	switch l.label {
	case Positive:
		t[headPolarity] = 1
	case Neutral:
		t[headPolarity], t[headNeutral] = unknown, 1
	}
	return t
}

// move moves the changes of the features of one row toward targets.
func (m *Model) move(l *lesson, targets [heads]float32, rates []float32) {
	var changes delta
	for _, slot := range l.slots {
		for h, d := range &m.deltas[slot] {
			changes[h] += d
		}
	}
	for h, target := range targets {
		if target == unknown {
			continue
		}
		z := l.logits[h] + float64(l.value*changes[h])
		p := float32(sigmoid(z * float64(m.temperature[h])))
		step := (target - p) * l.value
		for _, slot := range l.slots {
			if rate := rates[slot]; rate > 0 {
				d := &m.deltas[slot][h]
				*d += rate*step - updateDecay**d
			}
		}
	}
}

// Changes returns what m has learned, for [Model.WithChanges]; weights only, no
// text can be read from it.
func (m *Model) Changes() []byte { return m.appendDeltas(nil) }

// WithChanges returns m with what another copy of it has learned, under this
// version. What does not fit m gives an error that wraps [ErrCorrupt].
func (m *Model) WithChanges(changes []byte, version string) (*Model, error) {
	d := decoder{rest: changes}
	learned := *m
	learned.deltas, learned.version = d.deltas(m.table.slots), version
	if d.failed || len(d.rest) > 0 {
		return nil, fmt.Errorf("%w (what it learned does not fit it)", ErrCorrupt)
	}
	return &learned, nil
}

// textNumber returns a number that depends on the text alone, evenly spread.
func textNumber(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum64()
}
