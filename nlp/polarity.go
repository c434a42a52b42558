package nlp

import (
	"bytes"
	"math"
	"strings"
)

// clause is a part of the text between signs, or from a word of contrast on.
type clause struct {
	start, end int32 // bytes of the folded text, signs excluded
	contrast   bool  // begins with 但 and the like
	concession bool  // holds 虽然 and the like
	asks       bool  // ends as a question
	wishes     bool  // holds a word of wishing or supposing
	score      float64
}

// token is a word of the polarity lists.
type token struct {
	kind       actionKind
	start, end int32
	weight     float32
}

// cutClauses cuts the text at signs; contrasts are cut later, by readTokens.
func (s *scratch) cutClauses() {
	s.clauses = s.clauses[:0]
	start := int32(0)
	text := s.fold.text
	closeAt := func(end int32, asks bool) {
		if end > start {
			s.clauses = append(s.clauses, clause{start: start, end: end, asks: asks})
		} else if asks && len(s.clauses) > 0 {
			s.clauses[len(s.clauses)-1].asks = true
		}
	}
	for i, g := range s.glyphs {
		r := s.fold.runes[i]
		if g.marks&markEnds == 0 && r != ' ' {
			continue
		}
		at := s.fold.offsets[i]
		if r == ' ' && s.besideHan(i) || r != ' ' && !insideNumber(text, int(at), r) {
			closeAt(at, r == '?')
			start = s.fold.offsets[i+1]
		}
	}
	closeAt(int32(len(text)), false)
	if len(s.clauses) == 0 {
		s.clauses = append(s.clauses, clause{start: 0, end: int32(len(text))})
	}
}

func endsClause(r rune) bool {
	switch r {
	case ',', '.', '!', '?', ';', '\n', '。', '、', '…', '~', '～', '—', '·', '|':
		return true
	}
	return false
}

// insideNumber reports whether the sign r at i stands between two digits or
// Latin letters: 3.5, 1,000, a.b.
func insideNumber(text []byte, i int, r rune) bool {
	return (r == '.' || r == ',') && i > 0 && i+1 < len(text) && isLatinWord(rune(text[i-1])) && isLatinWord(rune(text[i+1]))
}

// besideHan reports whether the space that is rune i stands between Chinese
// characters: there it is used as a sign.
func (s *scratch) besideHan(i int) bool {
	return i > 0 && i+1 < len(s.glyphs) && s.glyphs[i-1].marks&s.glyphs[i+1].marks&markHan != 0
}

// clauseIndex returns the index of the clause that holds the byte at.
func (s *scratch) clauseIndex(at int32) int {
	first := 0
	for n := len(s.clauses); n > 1; {
		half := n / 2
		if s.clauses[first+half].start <= at {
			first += half
		}
		n -= half
	}
	return first
}

func (s *scratch) clauseAt(at int32) *clause { return &s.clauses[s.clauseIndex(at)] }

// readTokens reads the words of the polarity lists: where several lie over each
// other the first and of these the longest counts.
func (a *Analyzer) readTokens(s *scratch) {
	s.tokens = s.tokens[:0]
	var best token
	for _, h := range s.hits {
		if h.kinds&polarityKinds == 0 {
			continue
		}
		l := a.rules.literal(h.literal)
		t := token{kind: l.token, start: h.start, end: h.end, weight: l.weight}
		switch {
		case t.start < best.end && t.start > best.start: // inside or across the one before
			continue
		case t.start == best.start && best.end > 0: // longer from the same place: hits come by length
			best = t
			s.tokens[len(s.tokens)-1] = t
			continue
		}
		best = t
		s.tokens = append(s.tokens, t)
	}
	s.splitClauses()
	if s.kinds&(1<<actConcession|1<<actHypothetical) == 0 {
		return
	}
	for _, t := range s.tokens {
		switch t.kind {
		case actConcession:
			s.clauseAt(t.start).concession = true
		case actHypothetical:
			s.clauseAt(t.start).wishes = true
		default:
		}
	}
}

// splitClauses marks the clauses that begin with a word of contrast; within a
// clause such a word begins a new one.
func (s *scratch) splitClauses() {
	if !s.kinds.has(actContrast) {
		return
	}
	s.split = s.split[:0]
	next := 0
	for _, c := range s.clauses {
		for ; next < len(s.tokens) && s.tokens[next].start < c.end; next++ {
			t := s.tokens[next]
			switch {
			case t.kind != actContrast:
			case t.start == c.start:
				c.contrast = true
			case t.end-t.start >= 3 && t.end < c.end && !weakContrast(s.fold.text[t.start:t.end]):
				before := c
				before.end, before.asks = t.start, false
				s.split = append(s.split, before)
				c.start, c.contrast = t.start, true
			}
		}
		s.split = append(s.split, c)
	}
	s.clauses, s.split = s.split, s.clauses
}

// weakContrast reports whether a word means contrast only at the beginning of
// a clause.
func weakContrast(word []byte) bool {
	switch string(word) {
	case "就是", "只是", "结果", "除了", "唯一", "反而", "偏偏", "却", "but", "yet":
		return true
	}
	return false
}

const (
	negationReach = 15 // bytes between a negation and what it turns: five characters
	degreeReach   = 9
)

// scoreClauses gives each clause the sum of its words, and the text what its
// clauses add up to.
func (s *scratch) scoreClauses() {
	next := 0
	s.turned = false
	for i := range s.clauses {
		c := &s.clauses[i]
		if !c.asks && endsAsQuestion(s.folded[c.start:c.end]) {
			c.asks = true
		}
		negated, degree := int32(-1), int32(-1)
		turns, strength := 1.0, 1.0
		wish := int32(-1)
		for ; next < len(s.tokens) && s.tokens[next].start < c.end; next++ {
			t := s.tokens[next]
			switch t.kind {
			case actNegation:
				if negated >= 0 && t.start-negated <= 3 {
					turns = -turns
				} else {
					turns = -1
				}
				negated = t.end
			case actDegree, actDamper:
				degree, strength = t.end, float64(t.weight)
			case actHypothetical:
				wish = t.start
			case actPositive, actNegative:
				value := float64(t.weight)
				s.turned = s.turned || t.kind == actPositive && negates(s.fold.text[t.start:t.end])
				if t.kind == actNegative {
					value = -value
				}
				if degree >= 0 && t.start-degree <= degreeReach {
					value *= strength
				}
				if negated >= 0 && t.start-negated <= negationReach && turns < 0 {
					value *= turnedWeight(value)
					s.turned = true
				}
				c.score += value * c.certainty(value, wish)
				if negated >= 0 && t.start-negated > negationReach || turns < 0 {
					negated, turns = -1, 1
				}
			default:
			}
		}
	}
	s.listed = s.listScore()
}

// negates reports whether a word of several characters holds a negation.
func negates(word []byte) bool {
	return len(word) > 6 && (bytes.HasPrefix(word, []byte("不")) || bytes.HasPrefix(word, []byte("没")) || bytes.HasPrefix(word, []byte("无")) ||
		bytes.HasPrefix(word, []byte("挑不出")) || bytes.HasPrefix(word, []byte("找不出")))
}

// turnedWeight is what is left of a value that a negation turns: not good is
// bad, not bad is only somewhat good.
func turnedWeight(value float64) float64 {
	if value > 0 {
		return -1
	}
	return -0.6
}

// certainty tells how much of a value counts in a clause that asks or wishes.
func (c *clause) certainty(value float64, wish int32) float64 {
	switch {
	case c.asks && value > 0:
		return 0.15
	case c.asks:
		return 0.7
	case wish >= 0 && value > 0:
		return 0.15
	case wish >= 0:
		return 0.5
	}
	return 1
}

// endsAsQuestion reports whether a clause without a question mark asks.
func endsAsQuestion(text string) bool {
	before, asks := strings.CutSuffix(text, "吗")
	if !asks {
		before, asks = strings.CutSuffix(text, "么")
	}
	if !asks {
		return strings.HasSuffix(text, "?")
	}
	return !strings.HasSuffix(before, "什") && !strings.HasSuffix(before, "那") && !strings.HasSuffix(before, "这")
}

// listScore sums the clauses: what follows a contrast counts more than what it
// is set against.
func (s *scratch) listScore() float64 {
	last := -1
	for i := range s.clauses {
		if s.clauses[i].contrast {
			last = i
		}
	}
	sum := 0.0
	for i := range s.clauses {
		weight := 1.0
		switch {
		case s.clauses[i].concession:
			weight = 0.4
		case last >= 0 && i < last:
			weight = 0.6
		case last >= 0:
			weight = 1.4
		}
		sum += weight * s.clauses[i].score
	}
	return sum
}

const (
	// blendWeight is how much the head may say about the sentiment of a message
	// to a business. Reviews and posts, which the model was trained on, are left
	// to it.
	blendWeight = 0.6
	// listWeight bounds what the word lists may add, in half logits, to a short
	// message; listWeightTurned where a negation turned a word, which
	// short runs of characters see badly (没什么不满意的); listWeightSigns where a
	// text is made up of signs and emoji.
	listWeight       = 0.5
	listRunes        = 15 // up to how many characters a text is short
	listWeightTurned = 3.0
	listWeightSigns  = 6.0
	// englishWeight is the same for English, of which the model has seen little.
	englishWeight = 0.7
)

// blend joins the sentiment model's judgement and the head's, as logarithms.
func (s *scratch) blend(scores *[classCount]float32) (positive, neutral, negative float64) {
	weight := s.message()
	weight *= blendWeight * weight
	if s.survey.lang == "en" {
		weight = englishWeight
	}
	join := func(model float64, head float32) float64 {
		const least = 1e-6
		return math.Exp((1-weight)*math.Log(model+least) + weight*math.Log(float64(head)+least))
	}
	shift := 1.0
	if by := s.listShift(); by != 0 {
		shift = math.Exp(by)
	}
	positive = join(s.positive, scores[classPositive]) * shift
	neutral = join(s.neutral, scores[classNeutral])
	negative = join(s.negative, scores[classNegative]) / shift
	sum := positive + neutral + negative
	return positive / sum, neutral / sum, negative / sum
}

// message returns how likely the text is a message to a business and not one of
// the reviews and posts that the sentiment model was trained on: messages are
// shorter, and the model is less sure which of its domains they are of. The
// weights are those of a logistic regression over messages_train.tsv and as many
// training rows of each source.
func (s *scratch) message() float64 {
	familiar := s.reading.Familiar()
	z := 6.09 - 1.53*math.Log(float64(len(s.fold.runes))) + 1.40*math.Log(1.01-familiar) + 0.95*familiar
	return 1 / (1 + math.Exp(-z))
}

// listShift is what the word lists add to the judgement of a short message.
func (s *scratch) listShift() float64 {
	weight := listWeight
	switch {
	case s.survey.alphanumeric == 0: // emoji: there is nothing else to go by
		weight = listWeightSigns
	case s.turned:
		weight = listWeightTurned
	}
	if s.listed == 0 {
		return 0
	}
	short := min(1, listRunes/float64(len(s.fold.runes)))
	return weight * short * math.Tanh(s.listed)
}
