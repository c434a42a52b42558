package nlp

import (
	"slices"
	"unicode/utf8"
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
	s.harmless = s.harmless[:0]
	if !s.kinds.has(actHazard) {
		return
	}
	for _, h := range s.hits {
		if h.kinds.has(actHarmless) {
			s.harmless = append(s.harmless, h)
		}
	}
	for i, h := range s.hits {
		if !h.kinds.has(actHazard) {
			continue
		}
		for k := range a.rules.actions[h.literal] {
			act := &a.rules.actions[h.literal][k]
			if act.kind != actHazard || !s.holds(act) || s.isHarmless(h) {
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
		if c.asks || c.wishes && !c.tells {
			weight--
		}
		if s.positive > 0.9 {
			weight -= 2
		}
	}
	return weight
}

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

const (
	// sureHazard is from which probability on the head alone makes a hazard,
	// likelyHazard from which on it confirms a word that is none by itself, and
	// unlikelyHazard below which it takes back what only a word says.
	sureHazard     = 0.5
	likelyHazard   = 0.3
	unlikelyHazard = 0.02
)

// urgency tells how urgent the message is and which hazards make it so. chances
// are the head's, of each hazard and of none. A rule counts unless the head is
// sure that nothing is the matter, and the head counts where it is sure.
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
	bad := v.Intent == "complaint" || v.Sentiment == "negative"
	for i, h := range s.hazards {
		chance := chances[i]
		if i == hazardHarm || i == hazardFood {
			chance = chances[hazardHarm] + chances[hazardFood] // the words tell which of them
		}
		if i == hazardMinor && chance < likelyHazard && s.worst() < 3 {
			continue // a child is mentioned, no more
		}
		counts := h.weight >= 2 && chance >= unlikelyHazard || h.weight >= 1 && chance >= likelyHazard || chances[i] >= sureHazard ||
			i == hazardSelfharm && (h.weight >= 3 || chance >= likelyHazard) || // rather once too often
			i == hazardMinor && h.weight >= 2 && s.worst() >= 3 // a child in the midst of something grave
		switch {
		case !counts, i == hazardMinor && !bad, i == hazardDeadline && v.Intent == "praise":
			continue
		case i <= hazardMedia && (h.weight >= 3 || chance > likelyHazard):
			rank = critical
		default:
			rank = max(rank, high)
		}
		hazards = append(hazards, hazardNames[i])
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
