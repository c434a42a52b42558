package sentiment

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"runtime"
	"sync"
)

// TrainOptions say how to train. The zero value of a field means its default.
type TrainOptions struct {
	// Seed makes the training repeatable: the same rows, options and seed give
	// the same model to the bit, on one kind of processor.
	Seed uint64
	// Workers is how many goroutines compute at once; it does not change the
	// result. By default, one a processor.
	Workers int
	// Fold brings a text into the form that Score gets. By default, texts are
	// taken as they are.
	Fold func(string) string
	// Name begins the version of the model, a date for instance.
	Name string
	// Log is told, in a line each, what is done. By default, nobody is.
	Log func(string)
	// MinCount is in how many texts a run of characters must occur to be a
	// feature; 3 by default.
	MinCount int
	// Epochs is how often every row is looked at; 5 by default.
	Epochs int
}

// Report says what a training saw and made.
type Report struct {
	Rows       int // rows used
	Skipped    int // rows without text
	Unlabelled int // texts without label used
	Features   int
	HeldOut    Metrics // of a trial model on the tenth of the rows it was not shown
}

// Train fits a model to rows. It fails when ctx is done, and when the rows lack
// positive or negative ones.
func Train(ctx context.Context, rows []Row, unlabelled []string, o TrainOptions) (*Model, *Report, error) {
	o = o.withDefaults()
	t := trainer{options: o}
	t.read(rows)
	if t.count(Positive) == 0 || t.count(Negative) == 0 {
		return nil, nil, errors.New("train the sentiment model: give both positive and negative rows")
	}
	o.Log(fmt.Sprintf("%d rows read, %d without text left out", len(t.rows), t.skipped))
	t.vocabulary = newVocabulary(t.units, o.MinCount)
	t.number()
	o.Log(fmt.Sprintf("%d features", len(t.vocabulary.hashes)))

	trial, err := t.fit(ctx, t.shown)
	if err != nil {
		return nil, nil, err
	}
	var temperature [columns]float32
	temperature[columnPolarity] = t.temperature(trial[columnPolarity], t.polarityTarget)
	temperature[columnNeutral] = t.temperature(trial[columnNeutral], t.neutralTarget)
	heldOut := t.evaluate(t.model(trial, temperature))
	o.Log("trial model on the held-out tenth: " + heldOut.String())

	heads, err := t.fit(ctx, func(int) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	m := t.model(heads, temperature)
	return m, &Report{
		Rows: len(t.rows), Skipped: t.skipped, Unlabelled: len(unlabelled),
		Features: len(t.vocabulary.hashes), HeldOut: heldOut,
	}, nil
}

func (o TrainOptions) withDefaults() TrainOptions {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Fold == nil {
		o.Fold = func(s string) string { return s }
	}
	if o.Name == "" {
		o.Name = "own"
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.MinCount <= 0 {
		o.MinCount = 3
	}
	if o.Epochs <= 0 {
		o.Epochs = 5
	}
	return o
}

// trainer is one training: rows with their texts as units and features.
type trainer struct {
	options    TrainOptions
	rows       []Row // with folded texts
	skipped    int
	units      [][]uint64
	vocabulary *vocabulary
	features   [][]uint32
	sources    []int32 // a row: the number of its source
	neutrals   []bool  // a source: has neutral rows
}

// read folds the rows and cuts them into units.
func (t *trainer) read(rows []Row) {
	folded := make([]Row, len(rows))
	units := make([][]uint64, len(rows))
	t.parallel(len(rows), func(i int) {
		folded[i] = rows[i]
		folded[i].Text = t.options.Fold(rows[i].Text)
		units[i] = appendUnits(nil, folded[i].Text)
	})
	numbers := map[string]int32{}
	for i, row := range folded {
		if len(units[i]) == 2 {
			t.skipped++
			continue
		}
		source, ok := numbers[row.Source]
		if !ok {
			source = int32(len(numbers))
			numbers[row.Source] = source
			t.neutrals = append(t.neutrals, false)
		}
		t.neutrals[source] = t.neutrals[source] || row.Label == Neutral
		t.rows = append(t.rows, row)
		t.units = append(t.units, units[i])
		t.sources = append(t.sources, source)
	}
}

// parallel calls do with 0 to n-1, on several goroutines.
func (t *trainer) parallel(n int, do func(i int)) {
	var wait sync.WaitGroup
	for w := range t.options.Workers {
		wait.Go(func() {
			for i := w; i < n; i += t.options.Workers {
				do(i)
			}
		})
	}
	wait.Wait()
}

func (t *trainer) number() {
	marks := make([]int32, len(t.vocabulary.hashes))
	t.features = make([][]uint32, len(t.units))
	for i, units := range t.units {
		t.features[i] = t.vocabulary.features(nil, units, marks, int32(i+1))
	}
}

func (t *trainer) count(label string) int {
	n := 0
	for _, row := range t.rows {
		if row.Label == label {
			n++
		}
	}
	return n
}

// shown reports whether the trial model sees row i. The same text is always
// shown or always held out.
func (t *trainer) shown(i int) bool {
	h := fnv.New64a()
	h.Write([]byte(t.rows[i].Text)) // never fails
	return h.Sum64()%10 != 0
}

// polarityTarget is what the polarity should be for a row, and false where that
// cannot be said.
func (t *trainer) polarityTarget(i int) (target, weight float32) {
	switch t.rows[i].Label {
	case Positive:
		return 1, 1
	case Negative:
		return 0, 1
	}
	return 0, 0
}

// elsewhere is the weight of a row for the neutral head whose source has no
// neutral rows: it is not neutral, but the source would not have said so.
const elsewhere = 0.1

func (t *trainer) neutralTarget(i int) (target, weight float32) {
	switch {
	case t.rows[i].Label == Neutral:
		return 1, 1
	case t.neutrals[t.sources[i]]:
		return 0, 1
	}
	return 0, elsewhere
}

// fit trains the heads on the rows that use admits.
func (t *trainer) fit(ctx context.Context, use func(i int) bool) (heads [columns]*head, err error) {
	targets := [columns]func(int) (target, weight float32){
		columnPolarity: t.polarityTarget,
		columnNeutral:  t.neutralTarget,
	}
	var errs [columns]error
	var wait sync.WaitGroup
	running := make(chan struct{}, t.options.Workers)
	for c, target := range targets {
		running <- struct{}{}
		wait.Go(func() {
			defer func() { <-running }()
			heads[c], errs[c] = t.fitHead(ctx, use, target, t.options.Seed+uint64(c))
		})
	}
	wait.Wait()
	return heads, errors.Join(errs[:]...)
}

func (t *trainer) fitHead(ctx context.Context, use func(i int) bool, target func(int) (float32, float32), seed uint64) (*head, error) {
	var examples []example
	var sources []int32
	for i, features := range t.features {
		if !use(i) {
			continue
		}
		if y, weight := target(i); weight > 0 {
			examples = append(examples, example{features: features, target: y, weight: weight})
			sources = append(sources, t.sources[i])
		}
	}
	features := len(t.vocabulary.hashes)
	return trainHead(ctx, examples, features, headOptions{
		rate: 0.05, epochs: t.options.Epochs, dropout: 0.1, seed: seed,
		scale: trust(examples, sources, len(t.neutrals), features),
	})
}

// model returns the heads as a model.
func (t *trainer) model(heads [columns]*head, temperature [columns]float32) *Model {
	weights := make([][]float32, columns)
	m := &Model{temperature: temperature}
	for c, h := range heads {
		weights[c] = h.weights
		m.bias[c] = h.bias
	}
	m.table = newTable(t.vocabulary.hashes, weights)
	m.version = fmt.Sprintf("%s-%d-%08x", t.options.Name, t.options.Seed, crc32.Checksum(m.table.entries, castagnoli))
	return m
}

func (t *trainer) evaluate(m *Model) Metrics {
	var rows []Row
	for i, row := range t.rows {
		if !t.shown(i) {
			rows = append(rows, row)
		}
	}
	return Evaluate(m, rows, nil)
}
