package sentiment

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"runtime"
	"slices"
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
	// MaxFeatures bounds the features, and so the file: 28 bytes each, and a
	// third more for room in the table; 250,000 by default.
	MaxFeatures int
	// Epochs is how often every row is looked at; 5 by default.
	Epochs int
}

// Report says what a training saw and made.
type Report struct {
	Rows       int // rows used
	Skipped    int // rows without text
	Unlabelled int // texts without label used
	Features   int
	Domains    [][]string // the sources of each domain
	HeldOut    Metrics    // of a trial model on the tenth of the rows it was not shown
}

// Train fits a model to rows. Texts without label are labelled by a first model
// and learned from as far as it is sure. Train fails when ctx is done, and when
// the rows lack positive or negative ones.
func Train(ctx context.Context, rows []Row, unlabelled []string, o TrainOptions) (*Model, *Report, error) {
	o = o.withDefaults()
	t := trainer{options: o}
	t.read(rows, unlabelled)
	if t.count(Positive) == 0 || t.count(Negative) == 0 {
		return nil, nil, errors.New("train the sentiment model: give both positive and negative rows")
	}
	o.Log(fmt.Sprintf("%d rows read, %d without text left out", len(t.rows), t.skipped))
	if err := t.chooseFeatures(ctx); err != nil {
		return nil, nil, err
	}
	o.Log(fmt.Sprintf("%d features", len(t.vocabulary.hashes)))
	if err := t.tellDomains(ctx); err != nil {
		return nil, nil, err
	}
	o.Log(fmt.Sprintf("domains: %v", t.domainNames()))

	trial, err := t.fit(ctx, t.shown)
	if err != nil {
		return nil, nil, err
	}
	temperature := t.calibrate(t.model(trial, [heads]float32{1, 1}))
	heldOut := t.evaluate(t.model(trial, temperature))
	o.Log("trial model on the held-out tenth: " + heldOut.String())

	final, err := t.fit(ctx, func(int) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	return t.model(final, temperature), &Report{
		Rows: len(t.rows), Skipped: t.skipped, Unlabelled: len(t.guesses),
		Features: len(t.vocabulary.hashes), Domains: t.domainNames(), HeldOut: heldOut,
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
	if o.MaxFeatures <= 0 {
		o.MaxFeatures = 250_000
	}
	if o.Epochs <= 0 {
		o.Epochs = 5
	}
	return o
}

// trainer is one training: rows with their texts as units and features, and
// behind them the texts without label.
type trainer struct {
	options    TrainOptions
	rows       []Row // with folded texts
	skipped    int
	units      [][]uint64 // of the rows, then of the texts without label
	vocabulary *vocabulary
	features   [][]uint32
	sources    []int32  // a row: the number of its source
	names      []string // a source
	sizes      []int    // a source: its rows
	neutral    []int    // a source: its neutral rows
	domain     []int    // a source: its domain
	gate       *gate
	shares     [][domains]float32 // a text: how far it is of each domain
	guesses    []guess
}

// guess is what the first model says of a text without label.
type guess struct {
	text   int // its index in features
	target float32
}

// read folds the texts and cuts them into units.
func (t *trainer) read(rows []Row, unlabelled []string) {
	folded := make([]Row, len(rows)+len(unlabelled))
	units := make([][]uint64, len(folded))
	t.parallel(len(folded), func(i int) {
		if i < len(rows) {
			folded[i] = rows[i]
		} else {
			folded[i].Text = unlabelled[i-len(rows)]
		}
		folded[i].Text = t.options.Fold(folded[i].Text)
		units[i] = appendUnits(nil, folded[i].Text)
	})
	numbers := map[string]int32{}
	for i, row := range folded {
		if len(units[i]) == 2 {
			t.skipped++
			continue
		}
		t.units = append(t.units, units[i])
		if i >= len(rows) {
			continue
		}
		source, ok := numbers[row.Source]
		if !ok {
			source = int32(len(numbers))
			numbers[row.Source] = source
			t.names = append(t.names, row.Source)
			t.sizes = append(t.sizes, 0)
			t.neutral = append(t.neutral, 0)
		}
		t.sizes[source]++
		if row.Label == Neutral {
			t.neutral[source]++
		}
		t.rows = append(t.rows, row)
		t.sources = append(t.sources, source)
	}
	t.domain = numberDomains(t.names)
}

// groups returns the number of the group of each source, as trust sees them: its
// domain, but each list of words and the guesses, one more source, are groups of
// their own.
func (t *trainer) groups() []int {
	groups := append(slices.Clone(t.domain), domains)
	for next, list := range []string{lexicon, ownWords} {
		if s := slices.Index(t.names, list); s >= 0 {
			groups[s] = domains + 1 + next
		}
	}
	return groups
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

// each calls do with 0 to n-1, as many at once as there are workers, and
// returns what failed.
func (t *trainer) each(n int, do func(i int) error) error {
	errs := make([]error, n)
	var wait sync.WaitGroup
	running := make(chan struct{}, t.options.Workers)
	for i := range n {
		running <- struct{}{}
		wait.Go(func() {
			defer func() { <-running }()
			errs[i] = do(i)
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// chooseFeatures fits a first model to all runs of characters, keeps those that
// matter to it, and lets it guess the labels of the texts without one.
func (t *trainer) chooseFeatures(ctx context.Context) error {
	t.vocabulary = newVocabulary(t.units, t.options.MinCount)
	counts := t.number()
	first, err := t.fitHeads(ctx, t.shown, false)
	if err != nil {
		return err
	}
	for i := len(t.rows); i < len(t.units); i++ {
		if z := first[headPolarity].shared(t.features[i]); math.Abs(z) > sureEnough {
			t.guesses = append(t.guesses, guess{text: i, target: float32(sigmoid(2 * z))})
		}
	}
	weights := first[headPolarity].rows
	for f := range weights {
		if n := first[headNeutral].rows[f][0]; math.Abs(float64(n)) > math.Abs(float64(weights[f][0])) {
			weights[f][0] = n
		}
	}
	t.vocabulary = t.vocabulary.pruned(weights, counts, t.options.MaxFeatures)
	t.number()
	return nil
}

// sureEnough is the score from which on the first model's guess is learned from.
const sureEnough = 1

// number finds the features of all texts and counts the texts of each feature.
func (t *trainer) number() (counts []uint32) {
	marks := make([]int32, len(t.vocabulary.hashes))
	counts = make([]uint32, len(t.vocabulary.hashes))
	t.features = make([][]uint32, len(t.units))
	for i, units := range t.units {
		t.features[i] = t.vocabulary.features(nil, units, marks, int32(i+1))
		for _, f := range t.features[i] {
			counts[f]++
		}
	}
	return counts
}

// tellDomains trains the gate that tells the domains of texts apart. It is the
// mean of two, each trained on half of the rows; the shares of each half come
// from the gate that has not seen it, as sure or unsure as it will be of new
// texts. Words of lists are of no domain.
func (t *trainer) tellDomains(ctx context.Context) error {
	rows := t.features[:len(t.rows)]
	var halves [2]*gate
	err := t.each(2, func(half int) (err error) {
		var features [][]uint32
		var domain []int
		for i := half; i < len(rows); i += 2 {
			if isList(t.rows[i].Source) {
				continue
			}
			features = append(features, rows[i])
			domain = append(domain, t.domain[t.sources[i]])
		}
		halves[half], err = trainGate(ctx, features, domain, len(t.vocabulary.hashes), t.options.Seed+uint64(half))
		return err
	})
	if err != nil {
		return err
	}
	t.gate = halves[0].mean(halves[1])
	t.shares = make([][domains]float32, len(t.features))
	t.parallel(len(t.features), func(i int) {
		g := t.gate
		if i < len(rows) {
			g = halves[1-i%2]
		}
		t.shares[i] = g.shares(t.features[i])
	})
	return nil
}

// domainNames returns the names of the sources by domain.
func (t *trainer) domainNames() [][]string {
	var names [][]string
	for s, d := range t.domain {
		for len(names) <= d {
			names = append(names, nil)
		}
		names[d] = append(names[d], t.names[s])
	}
	return names
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
// shown or always held out; words of lists are no texts to be measured by.
func (t *trainer) shown(i int) bool {
	return isList(t.rows[i].Source) || textNumber(t.rows[i].Text)%10 != 0
}

// The heads of a model.
const (
	headPolarity = iota // positive against negative
	headNeutral         // neutral against the two others
	heads
)

// elsewhere is the weight of a row for the neutral head whose source has no
// neutral rows: it is not neutral, but the source would not have said so.
const elsewhere = 0.1

// target is what a head should say of row i, with the weight of the row; 0
// where that cannot be said.
func (t *trainer) target(head, i int) (target, weight float32) {
	label := t.rows[i].Label
	switch {
	case head == headNeutral && isList(t.names[t.sources[i]]):
		return 0, 0
	case head == headPolarity && label == Positive, head == headNeutral && label == Neutral:
		return 1, 1
	case head == headPolarity && label == Neutral:
		return 0, 0
	case head == headNeutral && t.neutral[t.sources[i]] == 0:
		return 0, elsewhere
	}
	return 0, 1
}

// prior is how much more a neutral row of a source counts for the neutral head
// than another one: it moves the source's share of neutral rows halfway to a
// half, which the next source need not share and which the rarer labels suffer
// from.
func (t *trainer) prior(source int32) float32 {
	neutral, others := t.neutral[source], t.sizes[source]-t.neutral[source]
	if neutral == 0 || others == 0 {
		return 1
	}
	return float32(min(2, max(0.5, math.Sqrt(float64(others)/float64(neutral)))))
}

// copies is how often a row of a source is shown in an epoch. Rows and words of our
// own are few, and each stands for a way of speaking that the sources do not have. A
// weight would not do: AdaGrad takes the size out of what is rare.
func (t *trainer) copies(source int32) int {
	switch t.names[source] {
	case ownWords:
		return 10
	case own, phrases:
		return 2
	}
	return 1
}

// balance is the weight of the rows of a source: rows of small sources count
// more, though not so much that all sources count alike.
func (t *trainer) balance(source int32) float32 {
	return float32(min(3, math.Sqrt(8000/float64(t.sizes[source]))))
}

// neutralElsewhere is added to the score of the neutral head: the sources that
// tell neutral texts apart have fewer of them than the messages of a place that
// is not among the sources, by what leaving sources out shows.
const neutralElsewhere = 0.3

// fit trains the heads on the rows that use admits, and on the guesses. They are
// the mean of heads with weights by domain, which do best where the domain is
// known, and of heads without, which do best where it is not.
func (t *trainer) fit(ctx context.Context, use func(i int) bool) (fitted [heads]*head, err error) {
	plain, err := t.fitHeads(ctx, use, false)
	if err != nil {
		return fitted, err
	}
	fitted, err = t.fitHeads(ctx, use, true)
	if err != nil {
		return fitted, err
	}
	for h := range fitted {
		fitted[h].average(plain[h])
	}
	fitted[headNeutral].bias[0] += neutralElsewhere
	return fitted, nil
}

func (t *trainer) fitHeads(ctx context.Context, use func(i int) bool, experts bool) (fitted [heads]*head, err error) {
	dropout := 0.1
	if experts {
		dropout = 0.3
	}
	err = t.each(heads, func(h int) (err error) {
		examples, sources := t.examples(h, use, experts)
		features := len(t.vocabulary.hashes)
		fitted[h], err = trainHead(ctx, examples, features, headOptions{
			rate: 0.05, expert: 0.1, epochs: t.options.Epochs, dropout: dropout, seed: t.options.Seed + uint64(h), experts: experts,
			scale: trust(examples, sources, t.groups(), features),
		})
		return err
	})
	return fitted, err
}

// examples returns what a head is trained on, and the source of each. The
// guesses are one more source.
func (t *trainer) examples(head int, use func(i int) bool, experts bool) (examples []example, sources []int32) {
	add := func(text int, target, weight float32, source int32) {
		e := example{features: t.features[text], target: target, weight: weight}
		if experts {
			e.domains = &t.shares[text]
		}
		examples = append(examples, e)
		sources = append(sources, source)
	}
	for i, source := range t.sources {
		if !use(i) {
			continue
		}
		if y, weight := t.target(head, i); weight > 0 {
			weight *= t.balance(source)
			if head == headNeutral && y > 0 {
				weight *= t.prior(source)
			}
			for range t.copies(source) {
				add(i, y, weight, source)
			}
		}
	}
	if head == headPolarity {
		for _, g := range t.guesses {
			add(g.text, g.target, 1, int32(len(t.names)))
		}
	}
	return examples, sources
}

// model returns the heads as a model.
func (t *trainer) model(fitted [heads]*head, temperature [heads]float32) *Model {
	m := &Model{temperature: temperature}
	weights := make([][]float32, columns)
	for c := range weights {
		weights[c] = make([]float32, len(t.vocabulary.hashes))
	}
	for f := range t.vocabulary.hashes {
		for d := range domains {
			weights[columnGate+d][f] = t.gate.weights[f][d]
		}
		for c := range fitted[headPolarity].rows[f] {
			weights[columnPolarity+c][f] = fitted[headPolarity].rows[f][c]
			weights[columnNeutral+c][f] = fitted[headNeutral].rows[f][c]
		}
	}
	copy(m.bias[columnGate:], t.gate.bias[:])
	copy(m.bias[columnPolarity:], fitted[headPolarity].bias[:])
	copy(m.bias[columnNeutral:], fitted[headNeutral].bias[:])
	m.table = newTable(t.vocabulary.hashes, weights)
	m.version = fmt.Sprintf("%s-%d-%08x", t.options.Name, t.options.Seed, crc32.Checksum(m.table.rows, castagnoli))
	return m
}

// heldOut returns the indices of the rows that the trial model was not shown.
func (t *trainer) heldOut() []int {
	var held []int
	for i := range t.rows {
		if !t.shown(i) {
			held = append(held, i)
		}
	}
	return held
}

func (t *trainer) evaluate(m *Model) Metrics {
	var rows []Row
	for _, i := range t.heldOut() {
		rows = append(rows, t.rows[i])
	}
	return Evaluate(m, rows, nil)
}
