package nlp

import (
	_ "embed" // for the messages
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/huiyin/huiyin/nlp/sentiment"
)

// The classes that the head tells apart: the intents, then the sentiments, then
// the hazards and that there is none.
const (
	classPositive = intentCount + iota
	classNeutral
	classNegative
	classHazard
	classSafe  = classHazard + hazardCount
	classCount = classSafe + 1
)

// groups are the classes of which one applies: from, up to and exclusive.
var groups = [...][2]int{{0, intentCount}, {classPositive, classHazard}, {classHazard, classCount}}

// Message is a message with the labels that a person gave it. Empty labels are
// not known.
type Message struct {
	Intent    string
	Urgency   string
	Hazard    string // the main reason of the urgency; "-" where there is none
	Sentiment string
	Text      string
}

//go:embed messages_train.tsv
var trainingMessages string

// ReadMessages reads rows of "intent, urgency, hazard, sentiment, text", with tabs
// between and a title row.
func ReadMessages(tsv string) ([]Message, error) {
	var messages []Message
	for n, line := range strings.Split(strings.TrimRight(tsv, "\n"), "\n") {
		cells := strings.Split(line, "\t")
		if len(cells) != 5 {
			return nil, fmt.Errorf("line %d has %d cells instead of 5", n+1, len(cells))
		}
		if n == 0 {
			continue
		}
		messages = append(messages, Message{Intent: cells[0], Urgency: cells[1], Hazard: cells[2], Sentiment: cells[3], Text: cells[4]})
	}
	if len(messages) == 0 {
		return nil, errors.New("no messages")
	}
	return messages, nil
}

const (
	headRows  = 1 << 19 // of the hashes of runs of characters
	denseSize = 80
)

// head is a linear model over what the rules found (dense) and over the short
// runs of characters of a text (sparse), learned from messages with labels. It
// is trained once, in a tenth of a second, and then only read.
type head struct {
	dense  [denseSize]weights
	known  rowSet
	sparse []weights // of the known rows, in order
}

// rowSet is a set of rows that numbers them in order. A search in it reads little
// memory, all of one line: about half of the runs of a text are known.
type rowSet []struct {
	rows   uint64 // a bit each
	before uint32 // how many rows of the set come before these
}

// newRowSet returns a set without rows; number follows when some were put in.
func newRowSet() rowSet { return make(rowSet, headRows/64) }

func (s rowSet) put(row uint32) { s[row/64].rows |= 1 << (row % 64) }

func (s rowSet) has(row uint32) bool { return s[row/64].rows>>(row%64)&1 != 0 }

// number numbers the rows and returns how many there are.
func (s rowSet) number() int {
	n := 0
	for i := range s {
		s[i].before = uint32(n)
		n += bits.OnesCount64(s[i].rows)
	}
	return n
}

// find returns the number of row, which is of no use where known is 0 and not 1.
func (s rowSet) find(row uint32) (slot uint32, known int) {
	part := &s[row/64]
	return part.before + uint32(bits.OnesCount64(part.rows&(1<<(row%64)-1))), int(part.rows >> (row % 64) & 1)
}

// observation is what the head sees of a text.
type observation struct {
	dense [denseSize]float32
	rows  []uint32
	slots []uint32 // of the rows that the head knows, each at most maxRepeats times
	times []uint8  // by slot: how often it was taken; zeros between texts
	heard int      // how many different runs the head knows of the text
	known int      // how many with every repeat
}

// maxRepeats is how often a run counts in a text: one word said a thousand times
// would outweigh everything that a message can say.
const maxRepeats = 3

// told is of how many runs the text tells something. Where it is mostly one thing
// said over and over, the repeats that do not count are left out, or what is said
// would weigh nothing beside how long it is.
func (o *observation) told() int {
	if o.known <= 2*len(o.slots) {
		return len(o.rows)
	}
	return max(1, len(o.rows)*len(o.slots)/o.known)
}

// scores returns a score for each class.
func (m *head) scores(o *observation) [classCount]float32 {
	m.take(o)
	return m.sums(o)
}

// sums is scores of what take has found already.
func (m *head) sums(o *observation) [classCount]float32 {
	var sum weights
	sumRows(&sum, m.sparse, o.slots)
	scale := rowScale(o.told())
	for c := range sum {
		sum[c] *= scale
	}
	addProducts(&sum, &m.dense, &o.dense)
	return [classCount]float32(sum[:])
}

// bit returns 1 for true. The compiler makes no branch of it.
func bit(b bool) uint {
	if b {
		return 1
	}
	return 0
}

// take finds the slots of the rows that the head knows.
func (m *head) take(o *observation) {
	if len(o.times) < len(m.sparse) {
		o.times = make([]uint8, len(m.sparse))
	}
	// Which rows are known cannot be guessed, and a wrong guess of the processor
	// costs more than to write down every one.
	found := slices.Grow(o.slots[:0], len(o.rows)+1)[:len(o.rows)+1]
	n := 0
	for _, row := range o.rows {
		slot, known := m.known.find(row)
		found[n] = slot
		n += known
	}
	o.slots, o.heard, o.known = found[:0], 0, n
	for _, slot := range found[:n] {
		times := o.times[slot]
		o.heard += int(bit(times == 0))
		if times < maxRepeats {
			o.times[slot] = times + 1
			o.slots = append(o.slots, slot)
		}
	}
	for _, slot := range o.slots {
		o.times[slot] = 0
	}
}

func rowScale(n int) float32 {
	if n == 0 {
		return 0
	}
	return float32(headScale / math.Sqrt(float64(n)))
}

// Chosen by five-fold cross-validation on the training messages.
const (
	headEpochs = 12
	headRate   = 0.1
	headDecay  = 2e-4
	headScale  = 2
	// hazardEmphasis makes a missed hazard count for more than a false alarm.
	hazardEmphasis = 1.5
)

// trainHead learns from observations and their classes; -1 is a label that is
// not known. The same input gives the same head.
func trainHead(seen []observation, labels [][len(groups)]int) *head {
	m := newHead(seen)
	times := make([]uint8, len(m.sparse)) // one for all: they are looked at one after another
	for i := range seen {
		// Which rows an observation has does not change from turn to turn.
		seen[i].times = times
		m.take(&seen[i])
		seen[i].times = nil
	}
	how := headDescent()
	squares := &head{sparse: make([]weights, len(m.sparse))}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // G404: training must be repeatable, not secret
	order := make([]int, len(seen))
	for i := range order {
		order[i] = i
	}
	for range headEpochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			m.step(squares, &seen[i], &labels[i], how)
		}
	}
	return m
}

// newHead returns an untrained head that knows the runs of characters of seen.
func newHead(seen []observation) *head {
	m := &head{known: newRowSet()}
	for i := range seen {
		for _, row := range seen[i].rows {
			m.known.put(row)
		}
	}
	m.sparse = make([]weights, m.known.number())
	return m
}

// step moves the weights toward the labels of one observation, whose rows were
// taken (AdaGrad).
func (m *head) step(squares *head, o *observation, labels *[len(groups)]int, how *descent) {
	var slope weights
	*(*[classCount]float32)(slope[:]) = m.sums(o)
	for g, group := range groups {
		part := slope[group[0]:group[1]]
		sentiment.Softmax(part)
		if labels[g] < 0 {
			clear(part)
			continue
		}
		slope[labels[g]]--
		if group[0] == classHazard && labels[g] != classSafe {
			for c := range part {
				part[c] *= hazardEmphasis
			}
		}
	}
	for i, x := range o.dense {
		if x != 0 {
			descend(&m.dense[i], &squares.dense[i], &slope, x, how)
		}
	}
	scale := rowScale(len(o.rows))
	for _, slot := range o.slots {
		descend(&m.sparse[slot], &squares.sparse[slot], &slope, scale, how)
	}
}

// appendUnits appends what the head reads a folded text as: single characters of
// Chinese and signs, and whole words of Latin script; digits in a row count as
// one.
func appendUnits(units []uint64, text []rune) []uint64 {
	word := uint64(0)
	before := uint64(textEdge)
	for _, r := range text {
		if 'a' <= r && r <= 'z' {
			word = (word ^ uint64(r)) * 0x100000001b3
			continue
		}
		if word != 0 {
			before = word | 1<<40
			units = append(units, before)
			word = 0
		}
		switch {
		case r == ' ' || r == '\n':
			continue
		case '0' <= r && r <= '9':
			if before == '0' {
				continue
			}
			r = '0'
		}
		before = uint64(r)
		units = append(units, before)
	}
	if word != 0 {
		units = append(units, word|1<<40)
	}
	return units
}

// textEdge stands before the first unit and after the last one.
const textEdge = 1

// appendRows appends the rows of the runs of one to three units.
func appendRows(rows []uint32, units []uint64) []uint32 {
	return appendRowsUnder(rows, units, headRows-1)
}

// appendRowsUnder is appendRows with another number of rows, by its mask.
func appendRowsUnder(rows []uint32, units []uint64, mask uint32) []uint32 {
	rows = slices.Grow(rows, 3*(len(units)+1))
	a, b := uint64(textEdge), uint64(textEdge) // the units two and one before
	for i := range len(units) + 1 {
		u := uint64(textEdge)
		if i < len(units) {
			u = units[i]
		}
		rows = append(rows,
			uint32(mix(u<<2|1)>>40)&mask,
			uint32(mix((b*0x9e3779b97f4a7c15+u)<<2|2)>>40)&mask,
			uint32(mix(((a*0x9e3779b97f4a7c15+b)*0x9e3779b97f4a7c15+u)<<2|3)>>40)&mask)
		a, b = b, u
	}
	return rows
}

// builtinHead is trained at the first use; afterwards it is never written.
var builtinHead = sync.OnceValues(func() (*head, error) {
	messages, err := ReadMessages(trainingMessages)
	if err != nil {
		return nil, fmt.Errorf("built-in messages: %w", err)
	}
	return learn(messages)
})

// learn trains a head on messages, and on texts about nothing grave.
func learn(messages []Message) (*head, error) {
	a, err := newAnalyzer(Options{})
	if err != nil {
		return nil, err
	}
	s := new(scratch)
	ordinary, err := a.ordinary(s)
	if err != nil {
		return nil, err
	}
	messages = append(slices.Clip(messages), ordinary...)
	seen := make([]observation, len(messages))
	labels := make([][len(groups)]int, len(messages))
	for i, m := range messages {
		a.read(s, m.Text)
		s.observe(&s.seen)
		seen[i] = observation{dense: s.seen.dense, rows: slices.Clone(s.seen.rows)}
		labels[i] = m.labels()
	}
	return trainHead(seen, labels), nil
}

// ordinary returns the sentiment model's own rows as messages about nothing
// grave, without those in which a rule finds something that may be.
func (a *Analyzer) ordinary(s *scratch) ([]Message, error) {
	rows, err := sentiment.OwnRows()
	if err != nil {
		return nil, fmt.Errorf("built-in rows: %w", err)
	}
	var messages []Message
	for _, row := range rows {
		a.read(s, row.Text)
		if s.worst() == 0 {
			messages = append(messages, Message{Hazard: "-", Text: row.Text})
		}
	}
	return messages, nil
}

// labels returns the class of m in each group, -1 where it is not known.
func (m Message) labels() [len(groups)]int {
	sentiment := -1
	switch m.Sentiment {
	case "positive":
		sentiment = classPositive
	case "neutral":
		sentiment = classNeutral
	case "negative":
		sentiment = classNegative
	}
	hazard := -1
	if m.Hazard == "-" {
		hazard = classSafe
	} else if i := slices.Index(hazardNames[:], m.Hazard); i >= 0 {
		hazard = classHazard + i
	}
	return [...]int{intentIndex(m.Intent), sentiment, hazard}
}
