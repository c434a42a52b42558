package jieba

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// The states of a character: it begins a word, ends it, lies inside it, or is one.
const (
	stateBegin = iota
	stateEnd
	stateInside
	stateSingle
	states
)

// impossible is the logarithm of a probability of nothing, as gojieba has it.
const impossible = -3.14e100

// model is the hidden Markov model that finds words among characters of which the
// dictionary knows none. It is built once and then only read.
type model struct {
	start [states]float64
	// The steps that are possible, named by the states before and after.
	beginEnd, beginInside, endBegin, endSingle, insideEnd, insideInside, singleBegin, singleSingle float64
	// emit are the probabilities of the characters, by number; of those that are
	// not in it nothing is known.
	emit [][states]float64
}

// unknown are the probabilities of a character that the model does not know.
var unknown = [states]float64{impossible, impossible, impossible, impossible}

// of returns the probabilities of the character with this number.
func (m *model) of(code uint16) *[states]float64 {
	if int(code) < len(m.emit) {
		return &m.emit[code]
	}
	return &unknown
}

// readModel reads a model, whose characters it numbers: after comments, a line of
// 4 start probabilities, 4 lines of 4 steps and 4 lines of the probabilities of
// characters. All are logarithms.
func readModel(text []byte, chars *characters) (*model, error) {
	var lines [][]byte
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1+2*states {
		return nil, fmt.Errorf("not a word model: %d lines instead of %d", len(lines), 1+2*states)
	}
	var rows [1 + states][states]float64
	for i := range rows {
		cells := bytes.Split(lines[i], []byte(" "))
		if len(cells) != states {
			return nil, errors.New("not a word model: four probabilities a line were expected")
		}
		for k, cell := range cells {
			var err error
			if rows[i][k], err = probability(cell); err != nil {
				return nil, err
			}
		}
	}
	m := &model{start: rows[0], emit: [][states]float64{unknown}}
	if err := m.setSteps(rows[1:]); err != nil {
		return nil, err
	}
	for state, line := range lines[1+states:] {
		if err := m.addCharacters(state, line, chars); err != nil {
			return nil, err
		}
	}
	m.emit = slices.Clip(m.emit)
	return m, nil
}

func probability(cell []byte) (float64, error) {
	p, err := strconv.ParseFloat(string(cell), 64)
	if err != nil || !(p <= 0) {
		return 0, fmt.Errorf("not a word model: %.20q is not the logarithm of a probability", cell)
	}
	return p, nil
}

// setSteps takes the steps of rows, which must not let a word begin inside
// another.
func (m *model) setSteps(rows [][states]float64) error {
	steps := [states][states]*float64{
		stateBegin:  {stateEnd: &m.beginEnd, stateInside: &m.beginInside},
		stateEnd:    {stateBegin: &m.endBegin, stateSingle: &m.endSingle},
		stateInside: {stateEnd: &m.insideEnd, stateInside: &m.insideInside},
		stateSingle: {stateBegin: &m.singleBegin, stateSingle: &m.singleSingle},
	}
	for from := range steps {
		for to, step := range steps[from] {
			switch {
			case step != nil:
				*step = rows[from][to]
			case rows[from][to] > impossible:
				return errors.New("not a word model: a word begins inside another")
			}
		}
	}
	return nil
}

// addCharacters reads a line of "character:probability", separated by commas.
func (m *model) addCharacters(state int, line []byte, chars *characters) error {
	for part := range bytes.SplitSeq(line, []byte(",")) {
		r, size := utf8.DecodeRune(part)
		if r == utf8.RuneError || len(part) <= size || part[size] != ':' {
			return fmt.Errorf("not a word model: %.20q is not a character and its probability", part)
		}
		p, err := probability(part[size+1:])
		if err != nil {
			return err
		}
		code := int(chars.add(r))
		if code == 0 {
			return errors.New("not a word model: too many characters")
		}
		for len(m.emit) <= code {
			m.emit = append(m.emit, unknown)
		}
		m.emit[code][state] = p
	}
	return nil
}

// steps are from which state each state of a character was reached, two bits
// each.
type steps uint8

const (
	shiftBegin  = 2 * stateBegin
	shiftEnd    = 2 * stateEnd
	shiftInside = 2 * stateInside
	shiftSingle = 2 * stateSingle
	// unreached is what gojieba says where no way leads.
	unreached steps = stateEnd<<shiftBegin | stateEnd<<shiftEnd | stateEnd<<shiftInside | stateEnd<<shiftSingle
)

// read finds the likeliest states of a row of characters, given by number, and
// writes into way how each was reached (Viterbi). It returns the last one's
// state. Sums are made in gojieba's order: of ways alike, the last bit decides.
func (m *model) read(codes []uint16, way []steps) (last int) {
	e := m.of(codes[0])
	begin, end := m.start[stateBegin]+e[stateBegin], m.start[stateEnd]+e[stateEnd]
	inside, single := m.start[stateInside]+e[stateInside], m.start[stateSingle]+e[stateSingle]
	for i, code := range codes[1:] {
		e = m.of(code)
		from := unreached
		// All logarithms are at most 0, so that a step that is not here is never
		// more than impossible.
		b, n, s, x := impossible, impossible, impossible, impossible
		if p := end + m.endBegin + e[stateBegin]; p > b {
			b = p
		}
		if p := single + m.singleBegin + e[stateBegin]; p > b {
			b = p
			from |= stateSingle << shiftBegin
		}
		if p := begin + m.beginEnd + e[stateEnd]; p > n {
			n = p
			from &^= 3 << shiftEnd
		}
		if p := inside + m.insideEnd + e[stateEnd]; p > n {
			n = p
			from = from&^(3<<shiftEnd) | stateInside<<shiftEnd
		}
		if p := begin + m.beginInside + e[stateInside]; p > x {
			x = p
			from &^= 3 << shiftInside
		}
		if p := inside + m.insideInside + e[stateInside]; p > x {
			x = p
			from = from&^(3<<shiftInside) | stateInside<<shiftInside
		}
		if p := end + m.endSingle + e[stateSingle]; p > s {
			s = p
		}
		if p := single + m.singleSingle + e[stateSingle]; p > s {
			s = p
			from |= stateSingle << shiftSingle
		}
		way[i+1] = from
		begin, end, inside, single = b, n, x, s
	}
	if end >= single {
		return stateEnd
	}
	return stateSingle
}
