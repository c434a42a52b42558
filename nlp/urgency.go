package nlp

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/huiyin/huiyin/nlp/sentiment"
)

// hazardSum is what was found for a hazard.
type hazardSum struct {
	weight     float32 // of the heaviest rule that counts: 3 is critical, 2 high
	start, end int32
}

// readHazards finds the hazards: words that are not part of a harmless one, not
// negated and, but for self-harm, not merely asked about or supposed.
func (a *Analyzer) readHazards(s *scratch) {
	s.hazards = [hazardCount]hazardSum{}
	s.signs = [len(signs)]uint8{}
	s.harmless = s.harmless[:0]
	if !s.kinds.has(actHazard) && !s.kinds.has(actSign) {
		return
	}
	for _, h := range s.hits {
		if h.kinds.has(actHarmless) {
			s.harmless = append(s.harmless, h)
		}
	}
	a.countSigns(s)
	for i, h := range s.hits {
		if !h.kinds.has(actHazard) || s.isHarmless(h) {
			continue
		}
		acts := a.rules.of(h.literal)
		for k := range acts {
			act := &acts[k]
			if act.kind != actHazard || act.first >= 0 && s.last[act.first] != s.run || !s.holds(act) {
				continue
			}
			start := s.pair(act, i)
			if start < 0 {
				continue
			}
			weight := s.hazardWeight(act, start)
			if sum := &s.hazards[act.index]; weight > sum.weight {
				*sum = hazardSum{weight: weight, start: start, end: h.end}
			}
		}
	}
}

// countSigns counts the words of each class of signs. Of words that overlap in
// one class the first counts.
func (a *Analyzer) countSigns(s *scratch) {
	var covered [len(signs)]int32
	for _, h := range s.hits {
		if !h.kinds.has(actSign) || s.isHarmless(h) {
			continue
		}
		for classes := a.rules.literal(h.literal).signs; classes != 0; classes &= classes - 1 {
			class := bits.TrailingZeros32(classes)
			if h.start >= covered[class] {
				covered[class] = h.end
				s.signs[class] = min(maxSign, s.signs[class]+1)
			}
		}
	}
}

func (s *scratch) isHarmless(h hit) bool {
	// The harmless words lie in order; only those that begin shortly before can
	// reach over h.
	const longest = maxLiteral * utf8.UTFMax
	first, _ := slices.BinarySearchFunc(s.harmless, h.start-longest, func(m hit, at int32) int { return int(m.start - at) })
	for _, m := range s.harmless[first:] {
		if m.start > h.start {
			break
		}
		if h.end <= m.end {
			return true
		}
	}
	return false
}

// hazardWeight is what the rule act counts where it was found.
func (s *scratch) hazardWeight(act *action, start int32) float32 {
	if act.index == hazardSelfharm {
		return act.weight
	}
	c := s.clauseAt(start)
	if s.negatedBefore(c, start) {
		return 0
	}
	weight := act.weight
	switch act.index {
	case hazardHarm, hazardFood, hazardLegal, hazardMedia:
		if c.asks || c.wishes && !s.tells(c) {
			weight--
		}
		if s.positive > 0.9 {
			weight -= 2
		}
	}
	return weight
}

// tells reports whether c tells what has happened.
func (s *scratch) tells(c *clause) bool { return strings.Contains(s.folded[c.start:c.end], "了") }

// negatedBefore reports whether a negation ends right before start, or with up
// to two characters between.
func (s *scratch) negatedBefore(c *clause, start int32) bool {
	const reach = 6
	first, _ := slices.BinarySearchFunc(s.tokens, max(c.start, start-3*reach), func(t token, at int32) int { return int(t.start - at) })
	for i := first; i < len(s.tokens); i++ {
		t := &s.tokens[i]
		if t.start >= start {
			break
		}
		if t.kind == actNegation && t.start >= c.start && t.end <= start && start-t.end <= reach {
			return true
		}
	}
	return false
}

// From which probability of something grave on a message is critical: by the
// head alone, and where a rule of that weight found a word of it besides.
const (
	sureHazard   = 0.4
	likelyHazard = 0.27
	// heardEnough is how many different runs of characters the head must know of
	// a text to find it grave by itself: long messages mostly are, and one of
	// nothing but smileys or strange words says no more than that it is long.
	heardEnough = 12
)

// highHazard is from which probability on a hazard that is high, not critical,
// counts by the head alone, and confirmedHigh where a word of it was found.
const (
	highHazard    = 0.5
	confirmedHigh = 0.02
	likelyMinor   = 0.3
)

// calm is how far the head's score of a message without a hazard must be above
// that of every hazard for all of these bounds to be out of reach: each then has a
// chance below .007.
const calm = 5

// weighScores makes chances of the head's scores, a group each. Where no hazard is
// near a bound it gives them a chance of 0: half of the exponentials are theirs.
func (s *scratch) weighScores(scores *[classCount]float32) {
	sentiment.Softmax(scores[:intentCount])
	sentiment.Softmax(scores[classPositive:classHazard])
	hazards := scores[classHazard:classSafe]
	if !s.despairs() && scores[classSafe]-slices.Max(hazards) > calm {
		clear(hazards)
		scores[classSafe] = 1
		return
	}
	sentiment.Softmax(scores[classHazard:])
}

// despairs reports whether a word of the text tells of self-harm.
func (s *scratch) despairs() bool { return s.hazards[hazardSelfharm].weight >= 3 }

// urgency tells how urgent the message is and which hazards make it so. chances
// are the head's, of each hazard and of none. What is grave is decided for all
// grave hazards together: whether a burn or a bug in the soup, somebody has to
// know. The words tell which of them it is.
func (s *scratch) urgency(v *Verdict, chances []float32) (level string, hazards []string) {
	const (
		low = iota
		normal
		high
		critical
	)
	if v.Intent == "spam" {
		return "low", nil
	}
	rank := normal
	if v.Intent == "praise" || v.Intent == "chat" {
		rank = low
	}
	grave := float32(0)
	likeliest := 0
	for i := hazardHarm; i <= hazardMedia; i++ {
		grave += chances[i]
		if chances[i] > chances[likeliest] {
			likeliest = i
		}
	}
	despair := s.despairs() // rather once too often
	isCritical := despair || grave >= sureHazard && (s.seen.heard >= heardEnough || s.worst() > 0) || grave >= likelyHazard && s.worst() >= 3
	if isCritical {
		rank = critical
		for i := hazardHarm; i <= hazardMedia; i++ {
			if i == likeliest || s.hazards[i].weight >= 3 || chances[i] >= likelyHazard {
				hazards = append(hazards, hazardNames[i])
			}
		}
	}
	bad := v.Intent == "complaint" || v.Sentiment == "negative"
	for i := hazardMinor; i <= hazardDeadline; i++ {
		counts := chances[i] >= highHazard || s.hazards[i].weight >= 2 && chances[i] >= confirmedHigh
		switch i {
		case hazardMinor: // a child is mentioned in many messages
			counts = bad && (chances[i] >= likelyMinor || isCritical && s.hazards[i].weight >= 2)
		case hazardDeadline:
			counts = counts && v.Intent != "praise"
		}
		if counts {
			rank = max(rank, high)
			hazards = append(hazards, hazardNames[i])
		}
	}
	return [...]string{"low", "normal", "high", "critical"}[rank], hazards
}

// worst returns the weight of the heaviest of the hazards that are critical by
// themselves.
func (s *scratch) worst() float32 {
	w := float32(0)
	for i := hazardHarm; i <= hazardMedia; i++ {
		w = max(w, s.hazards[i].weight)
	}
	return w
}
