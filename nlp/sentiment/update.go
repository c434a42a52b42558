package sentiment

import (
	"context"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math"
	"slices"
)

// UpdateOptions say how to learn from corrections. The zero value of a field
// means its default.
type UpdateOptions struct {
	// Seed makes the result repeatable.
	Seed uint64
	// Fold brings a text into the form that Score gets. By default, texts are
	// taken as they are.
	Fold func(string) string
}

// UpdateReport says what an update did. The figures before and after are of the
// fifth of the corrections and of the base that the trial did not see.
type UpdateReport struct {
	Accepted                    bool
	Learned, HeldOut            int // corrections
	HeldOutBefore, HeldOutAfter Metrics
	BaseBefore, BaseAfter       Metrics
}

const (
	updateEpochs = 12
	updateRate   = 0.02
	updateDecay  = 0.002 // how fast what is learned is drawn back to nothing
	heldOutShare = 5     // every fifth row is held out
)

// Update returns m with what the corrections teach, in seconds: the weights of m
// stay, and small changes to them are learned. The base are rows that m should
// go on labelling right, such as [OwnRows]; they are learned along with the
// corrections. A trial that is not shown a fifth of both must label no fewer of
// that fifth right than m does; otherwise m itself is returned, and the report
// has the figures. Corrections that were withdrawn are left out by the caller,
// who always begins with the model as it was trained: nothing of an earlier
// update is kept.
func Update(ctx context.Context, m *Model, corrections, base []Row, o UpdateOptions) (*Model, *UpdateReport, error) {
	if o.Fold == nil {
		o.Fold = func(s string) string { return s }
	}
	corrections, base = foldRows(corrections, o.Fold), foldRows(base, o.Fold)
	shown, held := splitRows(corrections)
	baseShown, baseHeld := splitRows(base)
	trial, err := m.learn(ctx, slices.Concat(shown, baseShown), o.Seed)
	if err != nil {
		return nil, nil, err
	}
	report := &UpdateReport{
		Learned: len(corrections), HeldOut: len(held),
		HeldOutBefore: Evaluate(m, held, nil), HeldOutAfter: Evaluate(trial, held, nil),
		BaseBefore: Evaluate(m, baseHeld, nil), BaseAfter: Evaluate(trial, baseHeld, nil),
	}
	report.Accepted = len(corrections) > 0 &&
		report.HeldOutAfter.Accuracy >= report.HeldOutBefore.Accuracy &&
		report.BaseAfter.Accuracy >= report.BaseBefore.Accuracy
	if !report.Accepted {
		return m, report, nil
	}
	updated, err := m.learn(ctx, slices.Concat(corrections, base), o.Seed)
	if err != nil {
		return nil, nil, err
	}
	return updated, report, nil
}

// splitRows returns the rows that a trial is shown, and those held out. The same
// text is always in the same part.
func splitRows(rows []Row) (shown, held []Row) {
	for _, row := range rows {
		if textNumber(row.Text)%heldOutShare == 0 {
			held = append(held, row)
		} else {
			shown = append(shown, row)
		}
	}
	return shown, held
}

func foldRows(rows []Row, fold func(string) string) []Row {
	folded := make([]Row, len(rows))
	for i, row := range rows {
		folded[i] = row
		folded[i].Text = fold(row.Text)
	}
	return folded
}

// textNumber returns a number that depends on the text alone, evenly spread.
func textNumber(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum64()
}

// learn returns m with changes that make it label the rows right.
func (m *Model) learn(ctx context.Context, rows []Row, seed uint64) (*Model, error) {
	learned := *m
	learned.deltas = make([]delta, m.table.slots)
	copy(learned.deltas, m.deltas)
	random := newRandom(seed)
	for range updateEpochs {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("learn from corrections: %w", err)
		}
		for _, i := range random.Perm(len(rows)) {
			learned.correct(rows[i])
		}
	}
	learned.version = fmt.Sprintf("%s+%08x", m.version, learned.deltaSum())
	return &learned, nil
}

// correct moves the changes of the features of one row.
func (m *Model) correct(row Row) {
	hashes := appendUnits(nil, row.Text)
	logits, ok := m.logits(row.Text)
	if !ok {
		return
	}
	slots := m.table.slotsOf(hashes)
	value := float32(featureValue(len(slots)))
	for h := range heads {
		target := float32(0)
		switch {
		case h == headPolarity && row.Label == Neutral:
			continue
		case h == headPolarity && row.Label == Positive, h == headNeutral && row.Label == Neutral:
			target = 1
		}
		p := float32(sigmoid(logits[h] * float64(m.temperature[h])))
		step := updateRate * (target - p) * value
		for _, slot := range slots {
			d := &m.deltas[slot][h]
			*d += step - updateDecay**d
		}
	}
}

// deltaSum returns a print of the changes.
func (m *Model) deltaSum() uint32 {
	h := crc32.New(castagnoli)
	var b [4]byte
	for _, d := range m.deltas {
		for _, v := range d {
			bits := math.Float32bits(v)
			b = [4]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)}
			_, _ = h.Write(b[:]) // never fails
		}
	}
	return h.Sum32()
}
