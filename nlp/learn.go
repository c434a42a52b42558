package nlp

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/huiyin/huiyin/nlp/sentiment"
)

// Lesson is what people said of a message. Empty labels, and topics that are in
// neither list, are not known.
type Lesson struct {
	Text      string
	Sentiment string
	Intent    string
	Topics    []string // it is about
	Not       []string // it is not about
}

// LearnOptions say how to learn. The zero value works.
type LearnOptions struct {
	// Kept are messages whose labels people left as they were. Nothing is
	// learned from them: what is learned must not change them for the worse.
	Kept []Lesson
	// Pause is called a few thousand times a second and may wait, so that other
	// work goes first; nil: no pause.
	Pause func()
}

// Part is what became of one part of what was to be learned: "sentiment",
// "intent", or "topic:" and the topic's name. The figures count texts judged
// right, before and after, each by a trial that was not shown it: lessons, rows
// of the base and kept messages.
type Part struct {
	Name    string `json:"name"`
	Lessons int    `json:"lessons"`
	Before  int    `json:"before"`
	After   int    `json:"after"`
	// Right and Wrong count the lessons whose label a trial changed, to the right
	// one and to another.
	Right      int     `json:"right"`
	Wrong      int     `json:"wrong"`
	Base       int     `json:"base"`
	BaseBefore int     `json:"base_before"`
	BaseAfter  int     `json:"base_after"`
	Kept       int     `json:"kept"`
	KeptBefore int     `json:"kept_before"`
	KeptAfter  int     `json:"kept_after"`
	Strength   float64 `json:"strength,omitempty"` // of the trial that the figures are of, 1 is the usual
	Applied    bool    `json:"applied"`
	Reason     string  `json:"reason,omitempty"` // why not: one of the Refused codes
}

// Why a part was not applied.
const (
	RefusedFew   = "few"   // a topic needs five texts
	RefusedHeld  = "held"  // lessons that were held out were judged worse than before
	RefusedGuess = "guess" // what it changed in those was wrong too often
	RefusedBase  = "base"  // the base was judged worse than before
	RefusedKept  = "kept"  // messages whose labels people left were judged worse than before
)

// LearnReport says what a try at learning came to.
type LearnReport struct {
	Version        string `json:"version"`
	Base           string `json:"base"`
	Lessons        int    `json:"lessons"`        // texts, each counted once
	Contradictions int    `json:"contradictions"` // labels of a text left out, since people disagree
	Parts          []Part `json:"parts"`
}

// Applied reports whether anything was learned.
func (r *LearnReport) Applied() bool {
	return slices.ContainsFunc(r.Parts, func(p Part) bool { return p.Applied })
}

// folds is how many parts lessons and base are cut into: each part is judged by
// a trial that was shown the others.
const folds = 5

// strengths are tried in order until one passes: a smaller step changes less.
var strengths = [...]float64{1, 0.4, 0.15}

// Learn returns what the lessons teach, beside the analysis that a has without
// anything learned, and nil where nothing passed. The parts are tried one by
// one: what passes is learned from all lessons, and what does not is left as it
// is. The same lessons teach the same, whatever their order. It takes seconds
// and up to 100 MiB for a thousand lessons.
func (a *Analyzer) Learn(ctx context.Context, lessons []Lesson, o LearnOptions) (*Learned, *LearnReport, error) {
	if o.Pause == nil {
		o.Pause = func() {}
	}
	plain, err := a.With(nil)
	if err != nil {
		return nil, nil, err
	}
	base, err := Base()
	if err != nil {
		return nil, nil, err
	}
	report := &LearnReport{Base: base}
	lessons, report.Contradictions = settle(lessons)
	report.Lessons = len(lessons)
	report.Version = versionOf(base, lessons)
	out := &Learned{Version: report.Version, Base: base}
	school, err := newSchool(plain, lessons, o)
	if err != nil {
		return nil, nil, err
	}
	if err := school.learnLabels(ctx, out, report); err != nil {
		return nil, nil, err
	}
	if err := school.learnTopics(ctx, out, report); err != nil {
		return nil, nil, err
	}
	if !report.Applied() {
		return nil, report, nil
	}
	return out, report, nil
}

// versionOf names what is learned from lessons beside base: how many texts there
// are, and a print of them and their labels.
func versionOf(base string, lessons []Lesson) string {
	h := fnv.New32a()
	for _, l := range lessons {
		_, _ = fmt.Fprintf(h, "%q", []any{sameText(l.Text), l.Sentiment, l.Intent, l.Topics, l.Not}) // never fails
	}
	sum := h.Sum32()
	return fmt.Sprintf("%s+%d.%04x", base, len(lessons), (sum>>16^sum)&0xffff)
}

// settle makes one lesson of those of the same text, in the order of the texts:
// what most say counts once. Labels on which as many agree as disagree are left
// out and counted.
func settle(lessons []Lesson) (settled []Lesson, contradictions int) {
	byText := map[string][]Lesson{}
	for _, l := range lessons {
		if same := sameText(l.Text); same != "" {
			byText[same] = append(byText[same], l)
		}
	}
	for _, same := range slices.Sorted(maps.Keys(byText)) {
		one := Lesson{Text: byText[same][0].Text}
		sentiments, intents, topics := map[string]int{}, map[string]int{}, map[string]int{}
		for _, l := range byText[same] {
			one.Text = min(one.Text, l.Text)
			sentiments[l.Sentiment]++
			intents[l.Intent]++
			for _, t := range l.Topics {
				topics[t]++
			}
			for _, t := range l.Not {
				topics[t]--
			}
		}
		var clear bool
		if one.Sentiment, clear = most(sentiments); !clear {
			contradictions++
		}
		if one.Intent, clear = most(intents); !clear {
			contradictions++
		}
		for _, t := range slices.Sorted(maps.Keys(topics)) {
			switch n := topics[t]; {
			case n > 0:
				one.Topics = append(one.Topics, t)
			case n < 0:
				one.Not = append(one.Not, t)
			default:
				contradictions++
			}
		}
		if one.Sentiment != "" || one.Intent != "" || len(one.Topics)+len(one.Not) > 0 {
			settled = append(settled, one)
		}
	}
	return settled, contradictions
}

// most returns the label that more say than any other; false where two are said
// as often.
func most(counts map[string]int) (label string, clear bool) {
	delete(counts, "")
	names := slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	})
	switch {
	case len(names) == 0:
		return "", true
	case len(names) > 1 && counts[names[0]] == counts[names[1]]:
		return "", false
	}
	return names[0], true
}

// school is where lessons are learned: what is the same for every trial.
type school struct {
	plain   *Analyzer // without anything learned
	lessons []Lesson
	base    []Message // the built-in messages
	kept    []Lesson
	pause   func()
	// The sentiment learner's rows: lessons, then the base, then the rows of our
	// own writing.
	learner *sentiment.Learner
	own     []sentiment.Row // folded
	seen    []observation   // of the base, by the plain analysis
}

func newSchool(plain *Analyzer, lessons []Lesson, o LearnOptions) (*school, error) {
	s := &school{plain: plain, lessons: lessons, pause: o.Pause}
	for _, k := range o.Kept {
		if sameText(k.Text) != "" {
			s.kept = append(s.kept, k)
		}
	}
	var err error
	if s.base, err = ReadMessages(trainingMessages); err != nil {
		return nil, fmt.Errorf("built-in messages: %w", err)
	}
	if s.own, err = sentiment.OwnRows(); err != nil {
		return nil, err
	}
	model, err := sentiment.Default()
	if err != nil {
		return nil, fmt.Errorf("sentiment model: %w", err)
	}
	rows := make([]sentiment.Row, 0, len(lessons)+len(s.base)+len(s.own))
	for _, l := range lessons {
		rows = append(rows, sentiment.Row{Text: Fold(l.Text), Label: l.Sentiment})
	}
	for _, m := range s.base {
		rows = append(rows, sentiment.Row{Text: Fold(m.Text), Label: m.Sentiment})
	}
	for i := range s.own {
		s.own[i].Text = Fold(s.own[i].Text)
		rows = append(rows, s.own[i])
	}
	s.learner = sentiment.NewLearner(model, rows)
	return s, nil
}

// foldOf is the part that a text is in; the same text is always in the same.
func foldOf(text string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(sameText(text))) // never fails
	return int(h.Sum32() % folds)
}

// parts are what is learned together of sentiment and intent.
type parts struct{ sentiment, intent bool }

// learnLabels learns sentiment and intent, both, or the one that passes.
func (s *school) learnLabels(ctx context.Context, out *Learned, report *LearnReport) error {
	var have parts
	for _, l := range s.lessons {
		have.sentiment = have.sentiment || l.Sentiment != ""
		have.intent = have.intent || l.Intent != ""
	}
	if have == (parts{}) {
		return nil
	}
	rooms, err := s.rooms(ctx)
	if err != nil {
		return err
	}
	refused := map[string]*Part{}
	for _, tried := range have.ways() {
		for _, strength := range strengths {
			figures, err := s.tryLabels(ctx, rooms, tried, strength)
			if err != nil {
				return err
			}
			if passed(figures) {
				return s.applyLabels(ctx, tried, strength, figures, refused, out, report)
			}
			for name, p := range figures {
				if p.Lessons == 0 {
					continue
				}
				if p.Reason == "" {
					p.Reason = RefusedBase // it did harm to the other one
				}
				if refused[name] == nil || tried != have {
					refused[name] = p
				}
			}
		}
	}
	for _, name := range labelParts {
		if p := refused[name]; p != nil && p.Lessons > 0 {
			report.Parts = append(report.Parts, *p)
		}
	}
	return nil
}

// labelParts are the names of the parts, in the order of reports.
var labelParts = [...]string{"sentiment", "intent"}

// ways are what to try: everything, then each alone.
func (p parts) ways() []parts {
	if p.sentiment && p.intent {
		return []parts{p, {sentiment: true}, {intent: true}}
	}
	return []parts{p}
}

func passed(figures map[string]*Part) bool {
	for _, p := range figures {
		if p.Reason != "" {
			return false
		}
	}
	return true
}

// applyLabels learns from everything what passed.
func (s *school) applyLabels(ctx context.Context, have parts, strength float64, figures, refused map[string]*Part, out *Learned, report *LearnReport) error {
	all := func(string) bool { return true }
	head, err := builtinHead()
	if err != nil {
		return err
	}
	trial, changes, err := s.learned(ctx, head, have, strength, all)
	if err != nil {
		return err
	}
	out.Head = changes
	for _, name := range labelParts {
		p := figures[name]
		if p.Lessons == 0 {
			p = refused[name] // the other one passed without it
		} else {
			p.Applied = true
		}
		if p != nil && p.Lessons > 0 {
			report.Parts = append(report.Parts, *p)
		}
	}
	if model, ok := trial.model.(*sentiment.Model); ok && have.sentiment {
		out.Sentiment = model.Changes()
	}
	return nil
}

// room is where one fold's trials are held: an analysis that was not shown the
// fold's part of the base.
type room struct {
	fold   int
	before *Analyzer
	said   map[string]Verdict // what before says of texts, once it was asked
}

// rooms prepares one for each fold.
func (s *school) rooms(ctx context.Context) ([]room, error) {
	seen, labels := s.observe(s.plain, s.base)
	s.seen = seen
	out := make([]room, folds)
	for f := range out {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("learn from corrections: %w", err)
		}
		var shown []observation
		var said [][len(groups)]int
		for i, m := range s.base {
			if foldOf(m.Text) != f {
				shown, said = append(shown, seen[i]), append(said, labels[i])
			}
		}
		s.pause()
		out[f] = room{fold: f, said: map[string]Verdict{}, before: s.plain.judging(s.plain.model, s.plain.version, trainHead(shown, said), nil)}
	}
	return out, nil
}

// observe reads messages as a's head sees them.
func (s *school) observe(a *Analyzer, messages []Message) ([]observation, [][len(groups)]int) {
	seen := make([]observation, len(messages))
	labels := make([][len(groups)]int, len(messages))
	sc := new(scratch)
	for i, m := range messages {
		a.read(sc, m.Text)
		sc.observe(&seen[i])
		labels[i] = m.labels()
		if i%16 == 0 {
			s.pause()
		}
	}
	return seen, labels
}

// learned returns the plain analysis with this head, after learning the parts
// from the lessons and holding the base, as far as shown, and the changes of the
// head.
func (s *school) learned(ctx context.Context, h *head, have parts, strength float64, shown func(text string) bool) (*Analyzer, []headChange, error) {
	a := s.plain
	if have.sentiment {
		var rows, held []int
		for i, l := range s.lessons {
			if l.Sentiment != "" && shown(l.Text) {
				for range lessonEmphasis {
					rows = append(rows, i)
				}
			}
		}
		for i, m := range s.base {
			if m.Sentiment != "" && shown(m.Text) {
				held = append(held, len(s.lessons)+i)
			}
		}
		for i, r := range s.own {
			if shown(r.Text) {
				held = append(held, len(s.lessons)+len(s.base)+i)
			}
		}
		model, err := s.learner.Learn(ctx, rows, held, 1, strength, s.pause)
		if err != nil {
			return nil, nil, err
		}
		a = a.judging(model, s.plain.version, h, nil)
	}
	var rows []Message
	for _, l := range s.lessons {
		m := Message{Text: l.Text}
		if have.sentiment {
			m.Sentiment = l.Sentiment
		}
		if have.intent {
			m.Intent = l.Intent
		}
		if shown(l.Text) && (m.Sentiment != "" || m.Intent != "") {
			rows = append(rows, m)
		}
	}
	var held []*observation
	for i, m := range s.base {
		if shown(m.Text) {
			held = append(held, &s.seen[i])
		}
	}
	seen, labels := s.observe(a, rows)
	changes, err := h.tuned(ctx, seen, labels, held, strength, s.pause)
	if err != nil {
		return nil, nil, err
	}
	tuned, err := h.changed(changes)
	if err != nil {
		return nil, nil, err
	}
	return a.judging(a.model, s.plain.version, tuned, nil), changes, nil
}

// lessonEmphasis is how often a lesson is read for each time that a row of the
// base is: there are thousands of those.
const lessonEmphasis = 3

const (
	tuneEpochs = 12
	tuneRate   = 0.1
	tuneDecay  = 0.002
)

// tuning is an observation that a head is tuned by.
type tuning struct {
	changes []int // that count for it
	scale   float32
	scores  [classCount]float32 // without any change
	targets [classCount]float32
	groups  [len(groups)]bool // of which the targets are known
}

// tuned returns small changes to those rows of m's table that the lessons have,
// so that messages which share none of them are judged as before. What is held
// draws back what would change it.
func (m *head) tuned(ctx context.Context, lessons []observation, labels [][len(groups)]int, held []*observation, strength float64, pause func()) ([]headChange, error) {
	changes, index := changesFor(lessons)
	rates := tuningRates(len(changes), index, held, float32(tuneRate*strength))
	times := make([]uint8, len(m.sparse)) // one for all: they are looked at one after another
	var order []*tuning
	for i := range lessons {
		t := m.tuning(&lessons[i], index, times)
		for g := range groups {
			if c := labels[i][g]; c >= 0 {
				t.groups[g], t.targets[c] = true, 1
			}
		}
		for range lessonEmphasis {
			order = append(order, t)
		}
	}
	for _, o := range held {
		if t := m.tuning(o, index, times); len(t.changes) > 0 {
			t.targets = t.scores
			for g, group := range groups {
				t.groups[g] = true
				sentiment.Softmax(t.targets[group[0]:group[1]])
			}
			order = append(order, t)
		}
	}
	random := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // G404: learning must be repeatable, not secret
	for range tuneEpochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for k, t := range order {
			t.move(changes, rates)
			if k%64 == 0 {
				pause()
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("learn from corrections: %w", err)
		}
	}
	return changes, nil
}

// changesFor returns a change to nothing for each row that the lessons have, in
// the order of the rows, and where that of a row is.
func changesFor(lessons []observation) ([]headChange, map[uint32]int) {
	index := map[uint32]int{}
	for i := range lessons {
		for _, row := range lessons[i].rows {
			index[row] = 0
		}
	}
	changes := make([]headChange, 0, len(index))
	for _, row := range slices.Sorted(maps.Keys(index)) {
		index[row] = len(changes)
		changes = append(changes, headChange{Row: row})
	}
	return changes, index
}

// tuningRates are how fast each change may grow: the less, the more of what is
// held has its row.
func tuningRates(n int, index map[uint32]int, held []*observation, rate float32) []float32 {
	counts := make([]float32, n)
	for _, o := range held {
		for _, row := range o.rows {
			if i, ok := index[row]; ok {
				counts[i]++
			}
		}
	}
	for i, n := range counts {
		counts[i] = rate / ((1 + n) * (1 + n))
	}
	return counts
}

// tuning prepares an observation; times is lent to it meanwhile.
func (m *head) tuning(o *observation, index map[uint32]int, times []uint8) *tuning {
	o.times = times
	defer func() { o.times = nil }()
	t := &tuning{scale: rowScale(o.told()), scores: m.scores(o)}
	for _, row := range o.rows {
		if i, ok := index[row]; ok {
			t.changes = append(t.changes, i)
		}
	}
	return t
}

// move moves t's changes toward its targets, and what was learned a little back
// to nothing.
func (t *tuning) move(changes []headChange, rates []float32) {
	slope := t.scores
	var sum [classCount]float32
	for _, i := range t.changes {
		for c, d := range &changes[i].Weights {
			sum[c] += d
		}
	}
	for c := range slope {
		slope[c] += t.scale * sum[c]
	}
	for g, group := range groups {
		part := slope[group[0]:group[1]]
		if !t.groups[g] {
			clear(part)
			continue
		}
		sentiment.Softmax(part)
		for c := range part {
			part[c] -= t.targets[group[0]+c]
		}
	}
	for _, i := range t.changes {
		w := &changes[i].Weights
		for c := range w {
			w[c] -= rates[i]*slope[c]*t.scale + tuneDecay*w[c]
		}
	}
}

// tryLabels holds a trial of every fold and counts how it went.
func (s *school) tryLabels(ctx context.Context, rooms []room, have parts, strength float64) (map[string]*Part, error) {
	figures := map[string]*Part{"sentiment": {Name: "sentiment", Strength: strength}, "intent": {Name: "intent", Strength: strength}}
	for _, r := range rooms {
		after, _, err := s.learned(ctx, r.before.head, have, strength, func(text string) bool { return foldOf(text) != r.fold })
		if err != nil {
			return nil, err
		}
		s.examine(r, after, have, figures)
	}
	for _, p := range figures {
		p.Reason = p.refusal()
	}
	return figures, nil
}

// examine has both analyses judge what the fold's trial was not shown.
func (s *school) examine(r room, after *Analyzer, have parts, figures map[string]*Part) {
	n := 0
	each := func(text, sentiment, intent string, count func(p *Part, label, was, is string)) {
		if foldOf(text) != r.fold {
			return
		}
		if n++; n%8 == 0 {
			s.pause()
		}
		was, known := r.said[text]
		if !known {
			was = r.before.Analyze(text)
			r.said[text] = was
		}
		is := after.Analyze(text)
		if sentiment != "" {
			count(figures["sentiment"], sentiment, was.Sentiment, is.Sentiment)
		}
		if intent != "" {
			count(figures["intent"], intent, was.Intent, is.Intent)
		}
	}
	for _, l := range s.lessons {
		if !have.sentiment {
			l.Sentiment = ""
		}
		if !have.intent {
			l.Intent = ""
		}
		each(l.Text, l.Sentiment, l.Intent, (*Part).countLesson)
	}
	for _, m := range s.base {
		each(m.Text, m.Sentiment, m.Intent, (*Part).countBase)
	}
	for _, o := range s.own {
		each(o.Text, o.Label, "", (*Part).countBase)
	}
	for _, k := range s.kept {
		each(k.Text, k.Sentiment, k.Intent, (*Part).countKept)
	}
}

func (p *Part) countLesson(label, was, is string) {
	p.Lessons++
	p.Before += one(was == label)
	p.After += one(is == label)
	if is != was {
		p.Right += one(is == label)
		p.Wrong += one(is != label)
	}
}

func (p *Part) countBase(label, was, is string) {
	p.Base++
	p.BaseBefore += one(was == label)
	p.BaseAfter += one(is == label)
}

func (p *Part) countKept(label, was, is string) {
	p.Kept++
	p.KeptBefore += one(was == label)
	p.KeptAfter += one(is == label)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// chance is of how many texts one may be judged worse: among two thousand, a few
// lie so close between two labels that anything learned tips one of them.
const chance = 1000

// fewLessons is how many lessons may have nothing to do with each other.
const fewLessons = 20

// refusal says why what was tried is not to be applied; empty where it is. What
// a trial changes in lessons that it was not shown has to be right twice as
// often as wrong: people correct what is wrong, so that a change to any other
// label is right half of the time. Lessons of which many are wrong and none is put
// right by the others have nothing in common that could be learned.
func (p *Part) refusal() string {
	switch {
	case p.After < p.Before:
		return RefusedHeld
	case p.Right < 2*p.Wrong, p.Right == 0 && 2*p.Before < p.Lessons && p.Lessons >= fewLessons:
		return RefusedGuess
	case p.BaseAfter+p.Base/chance < p.BaseBefore:
		return RefusedBase
	case p.KeptAfter+p.Kept/chance < p.KeptBefore:
		return RefusedKept
	}
	return ""
}
