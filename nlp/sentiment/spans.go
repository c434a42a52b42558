package sentiment

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a part of a folded text that moved the verdict: bytes from Start to
// End, and by how much (of the logit, above 0).
type Span struct {
	Start, End int
	Weight     float64
}

const (
	spanRunes   = 14   // the longest span within a clause
	wholeClause = 12   // a clause of so many runes at most is shown whole
	wholeShare  = 0.6  // if as a whole it says this share of what its best part says
	wordGap     = 64   // bytes that may lie between two words, white space for instance
	spanShare   = 0.25 // what says less than this share of the best span is no reason
)

// Spans returns the parts of a folded text that moved the verdict most toward
// label, best first, at most n: one a clause, short clauses whole. Where words
// are given, those of the text in order, spans begin and end with words.
func (m *Model) Spans(folded string, words []string, label string, n int) []Span {
	var r Reading
	m.Read(&r, folded)
	return m.Reasons(&r, words, label, n)
}

// Reasons is [Model.Spans] of a text that was read. What it returns is valid
// until r is used again.
func (m *Model) Reasons(r *Reading, words []string, label string, n int) []Span {
	pieces := m.pieces(r, label)
	if len(words) > 0 {
		r.joined = joinWords(r.joined[:0], pieces, r.text, words)
		pieces = r.joined
	}
	spans := r.spans[:0]
	for len(pieces) > 0 {
		end := 0
		for end < len(pieces) && !pieces[end].ends {
			end++
		}
		if span, ok := bestSpan(r.text, pieces[:end]); ok {
			spans = append(spans, span)
		}
		pieces = pieces[min(end+1, len(pieces)):]
	}
	r.spans = spans
	slices.SortStableFunc(spans, func(a, b Span) int { return cmp.Compare(b.Weight, a.Weight) })
	for i, span := range spans {
		if i == n || span.Weight < spanShare*spans[0].Weight {
			return spans[:i]
		}
	}
	return spans
}

// piece is a unit or a word of a text, and what it says for a label.
type piece struct {
	start, end int
	runes      int
	weight     float64
	ends       bool // ends a clause
}

// pieces returns the units of a text, the weight of each feature spread over
// the units it is made of.
func (m *Model) pieces(r *Reading, label string) []piece {
	pieces := r.pieces[:0]
	walk := units{text: r.text}
	for walk.next() {
		part := r.text[walk.start:walk.pos]
		pieces = append(pieces, piece{start: walk.start, end: walk.pos, runes: utf8.RuneCountInString(part), ends: endsClause(part)})
	}
	r.pieces = pieces
	worth, head, change := m.worth(r, label)
	first := firstColumn[head] // the columns before it, and those after its own, are worth nothing
	spread := slices.Grow(r.spread[:0], len(r.hashes))[:len(r.hashes)]
	clear(spread)
	r.spread = spread
	for _, run := range r.runs {
		share := 0.0
		for c, w := range (*[1 + domains]byte)(m.table.weights(int(run.slot()))[first:]) {
			share += worth[c] * float64(int8(w))
		}
		if m.deltas != nil {
			share += change * float64(m.deltas[run.slot()][head])
		}
		from, to := run.units()
		share /= float64(to - from + 1)
		for k := from; k <= to; k++ {
			spread[k] += share
		}
	}
	for i := range pieces {
		pieces[i].weight = spread[i+1]
	}
	return pieces
}

// worth returns what a weight of 1 says for label in a text, in the column that
// counts for all texts and in those by domain of the head that judges the label;
// which head that is, and what a delta of 1 says.
func (m *Model) worth(r *Reading, label string) (worth [1 + domains]float64, head int, change float64) {
	value := r.value
	switch label {
	case Negative:
		value = -value
	case Neutral:
		head = headNeutral
	}
	first := firstColumn[head]
	worth[0] = float64(value * m.table.scale[first])
	for d, share := range r.shares {
		worth[1+d] = float64(value * share * m.table.scale[first+1+d])
	}
	return worth, head, float64(value)
}

func endsClause(part string) bool {
	switch r, _ := utf8.DecodeRuneInString(part); r {
	case ',', '.', ';', ':', '!', '?', '~', '、', '。', '，', '；', '：', '！', '？', '…', '\n':
		return true
	}
	return false
}

// joinWords appends to joined one piece for the units of each word.
func joinWords(joined, pieces []piece, text string, words []string) []piece {
	at := 0
	for _, word := range words {
		i := strings.Index(text[at:min(len(text), at+len(word)+wordGap)], word)
		if word == "" || i < 0 {
			continue
		}
		end := at + i + len(word)
		first := true
		for len(pieces) > 0 && pieces[0].start < end {
			if p := pieces[0]; first || p.ends || p.start < at+i {
				joined = append(joined, p)
				first = p.ends || p.start < at+i
			} else {
				last := &joined[len(joined)-1]
				last.end, last.runes, last.weight = p.end, last.runes+p.runes, last.weight+p.weight
			}
			pieces = pieces[1:]
		}
		at = end
	}
	return append(joined, pieces...)
}

// bestSpan returns the part of a clause that says most for the label, and false
// when nothing does.
func bestSpan(text string, clause []piece) (Span, bool) {
	var best Span
	total, runes := 0.0, 0
	for i, first := range clause {
		total += first.weight
		runes += first.runes
		weight, length := 0.0, 0
		for _, p := range clause[i:] {
			if length += p.runes; length > spanRunes && p.start > first.start {
				break
			}
			if weight += p.weight; weight > best.Weight {
				best = Span{Start: first.start, End: p.end, Weight: weight}
			}
		}
	}
	if best.Weight <= 0 {
		return best, false
	}
	if runes <= wholeClause && total >= wholeShare*best.Weight {
		best.Start, best.End = clause[0].start, clause[len(clause)-1].end
	}
	for part := text[best.Start:best.End]; part != ""; part = text[best.Start:best.End] {
		r, size := utf8.DecodeRuneInString(part)
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsSymbol(r) || r == '[' {
			return best, true
		}
		best.Start += size
	}
	return best, false
}
