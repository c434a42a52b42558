package sentiment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Metrics say how well a model does on labelled rows.
type Metrics struct {
	Rows int
	// Polarity is the accuracy of the sign of P(positive) − P(negative) on the
	// rows that are positive or negative. PolarityRows counts them.
	Polarity     float64
	PolarityRows int
	// MacroF1 is the mean F1 of the labels that occur among the rows, each row
	// given its most probable label.
	MacroF1 float64
	// Accuracy is the share of rows whose most probable label is right.
	Accuracy float64
	// ECE is the expected calibration error of the most probable label, over
	// ten bins of equal width: how far probabilities and shares lie apart.
	ECE float64
	// ByLabel has precision, recall and F1 of each label.
	ByLabel map[string]LabelMetrics
	// BySource has the same figures by source; nil in those themselves.
	BySource map[string]Metrics
}

// LabelMetrics are the figures of one label, between 0 and 1.
type LabelMetrics struct {
	Precision, Recall, F1 float64
	Rows                  int
}

// Mean returns the means over the sources, each counting alike: of Polarity over
// all of them, of MacroF1 over those with neutral rows.
func (m Metrics) Mean() (polarity, macroF1 float64) {
	var polarities, macros int
	for _, s := range m.BySource {
		if s.PolarityRows > 0 {
			polarity += s.Polarity
			polarities++
		}
		if s.ByLabel[Neutral].Rows > 0 {
			macroF1 += s.MacroF1
			macros++
		}
	}
	return polarity / max(1, float64(polarities)), macroF1 / max(1, float64(macros))
}

// String returns the overall figures in a line.
func (m Metrics) String() string {
	return fmt.Sprintf("%d rows: polarity %.4f, macro-F1 %.4f, accuracy %.4f, calibration error %.4f", m.Rows, m.Polarity, m.MacroF1, m.Accuracy, m.ECE)
}

// Table returns the figures by source as aligned text, a line each.
func (m Metrics) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%8s %9s %9s %9s %9s  source\n", "rows", "polarity", "macro-F1", "accuracy", "ECE")
	line := func(name string, m Metrics) {
		fmt.Fprintf(&b, "%8d %9.4f %9.4f %9.4f %9.4f  %s\n", m.Rows, m.Polarity, m.MacroF1, m.Accuracy, m.ECE, name)
	}
	for _, name := range slices.Sorted(maps.Keys(m.BySource)) {
		line(name, m.BySource[name])
	}
	line("all rows", m)
	polarity, macro := m.Mean()
	fmt.Fprintf(&b, "%8s %9.4f %9.4f  mean of the sources (macro-F1: of those with neutral)\n", "", polarity, macro)
	return b.String()
}

// Evaluate scores rows with m. The texts must be folded as for Score. The
// segmenter may be nil.
func Evaluate(m *Model, rows []Row, segment func(string) []string) Metrics {
	return EvaluateJudge(func(text string) (pos, neu, neg float64) {
		var words []string
		if segment != nil {
			words = segment(text)
		}
		return m.Score(text, words)
	}, rows)
}

// EvaluateJudge scores rows with a judge.
func EvaluateJudge(judge Judge, rows []Row) Metrics {
	t := newTallies()
	for _, row := range rows {
		pos, neu, neg := judge(row.Text)
		t.add(row, pos, neu, neg)
	}
	return t.metrics()
}

// tallies count verdicts, of all rows and by source.
type tallies struct {
	all      tally
	bySource map[string]*tally
}

func newTallies() *tallies { return &tallies{bySource: map[string]*tally{}} }

func (t *tallies) add(row Row, pos, neu, neg float64) {
	source, ok := t.bySource[row.Source]
	if !ok {
		source = &tally{}
		t.bySource[row.Source] = source
	}
	t.all.add(row.Label, pos, neu, neg)
	source.add(row.Label, pos, neu, neg)
}

func (t *tallies) metrics() Metrics {
	metrics := t.all.metrics()
	metrics.BySource = make(map[string]Metrics, len(t.bySource))
	for name, source := range t.bySource {
		metrics.BySource[name] = source.metrics()
	}
	return metrics
}

var labels = [...]string{Positive, Neutral, Negative}

const bins = 10

// tally counts verdicts.
type tally struct {
	rows, polarityRows, polarityRight int
	confusion                         [3][3]int // true label, given label
	bins                              [bins]struct {
		n, right   int
		confidence float64
	}
}

func (t *tally) add(label string, pos, neu, neg float64) {
	truth := 0
	for i, l := range labels {
		if l == label {
			truth = i
		}
	}
	t.rows++
	if label != Neutral {
		t.polarityRows++
		if (pos > neg) == (label == Positive) {
			t.polarityRight++
		}
	}
	given, confidence := 0, pos
	if neu > confidence {
		given, confidence = 1, neu
	}
	if neg > confidence {
		given, confidence = 2, neg
	}
	t.confusion[truth][given]++
	bin := &t.bins[min(int(confidence*bins), bins-1)]
	bin.n++
	bin.confidence += confidence
	if given == truth {
		bin.right++
	}
}

func (t *tally) metrics() Metrics {
	m := Metrics{Rows: t.rows, PolarityRows: t.polarityRows, ByLabel: map[string]LabelMetrics{}}
	m.Polarity = ratio(t.polarityRight, t.polarityRows)
	present, right := 0, 0
	for i, label := range labels {
		var rows, given int
		for j := range labels {
			rows += t.confusion[i][j]
			given += t.confusion[j][i]
		}
		hit := t.confusion[i][i]
		right += hit
		l := LabelMetrics{Precision: ratio(hit, given), Recall: ratio(hit, rows), F1: ratio(2*hit, given+rows), Rows: rows}
		m.ByLabel[label] = l
		if rows > 0 {
			present++
			m.MacroF1 += l.F1
		}
	}
	m.MacroF1 /= max(1, float64(present))
	m.Accuracy = ratio(right, t.rows)
	for _, bin := range t.bins {
		gap := bin.confidence - float64(bin.right)
		m.ECE += max(gap, -gap) / max(1, float64(t.rows))
	}
	return m
}

func ratio(part, whole int) float64 { return float64(part) / max(1, float64(whole)) }
