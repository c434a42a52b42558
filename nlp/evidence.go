package nlp

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxSentimentSpans = 3
	maxUrgentRunes    = 60
	maxModelSpans     = 4 << 10 // bytes of the longest text that the model is asked to explain
	maxSpanRunes      = 18      // a longer clause is shown from the words that moved it
)

// evidence collects the spans that a person accepts as reasons.
func (a *Analyzer) evidence(s *scratch, v *Verdict, text string) []Evidence {
	s.evidence = s.evidence[:0]
	s.sentimentSpans(v, text)
	if len(s.evidence) == 0 && v.Sentiment != "neutral" && len(s.fold.text) <= maxModelSpans {
		// No word of the lists tells why: the model's own reasons.
		s.names = s.names[:0]
		for _, w := range s.words {
			s.names = append(s.names, s.word(w))
		}
		for _, span := range a.model.Reasons(&s.reading, s.names, v.Sentiment, maxSentimentSpans-1) {
			s.addEvidence("sentiment", text, int32(span.Start), int32(span.End))
		}
	}
	if v.Intent == "spam" && s.advert.end > 0 {
		s.addEvidence("intent", text, s.advert.start, s.advert.end)
	} else if i := intentIndex(v.Intent); i >= 0 && s.intents[i].best > 0 {
		s.addEvidence("intent", text, s.intents[i].start, s.intents[i].end)
	}
	for _, name := range v.Hazards {
		if h := &s.hazards[slices.Index(hazardNames[:], name)]; h.weight > 0 {
			s.addEvidence("urgency", text, h.start, h.end)
		} else if len(s.clauses) > 0 && len(s.fold.runes) <= maxUrgentRunes {
			// Learned, not read from a word: the message as a whole.
			s.addEvidence("urgency", text, s.clauses[0].start, s.clauses[len(s.clauses)-1].end)
		}
	}
	if len(v.Topics) > 0 {
		for i := range s.topics {
			t := &s.topics[i]
			for _, span := range t.spans[:min(2, t.words)] {
				s.addEvidence(a.topicReasons[t.index], text, span.start, span.end)
			}
		}
	}
	out := make([]Evidence, len(s.evidence))
	copy(out, s.evidence)
	return out
}

// addEvidence adds the span of text that the bytes from start to end of the
// folded form came from, unless it is there already.
func (s *scratch) addEvidence(why, text string, start, end int32) {
	for start < end && s.fold.text[start] == ' ' {
		start++
	}
	if start >= end {
		return
	}
	from, to, said := s.fold.span(text, start, end)
	if s.fold.broken {
		said = strings.ToValidUTF8(said, "\ufffd")
	}
	e := Evidence{For: why, Start: from, End: to, Text: said}
	if !slices.Contains(s.evidence, e) {
		s.evidence = append(s.evidence, e)
	}
}

// sentimentSpans adds the clauses that speak most for v's sentiment.
func (s *scratch) sentimentSpans(v *Verdict, text string) {
	sign := 1.0
	switch v.Sentiment {
	case "neutral":
		return
	case "negative":
		sign = -1
	}
	var best [maxSentimentSpans]int
	n := 0
	for range maxSentimentSpans {
		top := -1
		for i := range s.clauses {
			if s.clauses[i].score*sign > 0.3 && !slices.Contains(best[:n], i) && (top < 0 || s.clauses[i].score*sign > s.clauses[top].score*sign) {
				top = i
			}
		}
		if top < 0 {
			break
		}
		best[n] = top
		n++
	}
	slices.SortFunc(best[:n], func(a, b int) int { return cmp.Compare(a, b) })
	for _, i := range best[:n] {
		start, end := s.tighten(&s.clauses[i], sign)
		s.addEvidence("sentiment", text, start, end)
	}
}

// tighten returns the span of c to show: all of it, or of a long one from its
// first word of the right sign to the last.
func (s *scratch) tighten(c *clause, sign float64) (start, end int32) {
	if s.fold.index(c.end)-s.fold.index(c.start) <= maxSpanRunes {
		return c.start, c.end
	}
	start, end = math.MaxInt32, 0
	for _, t := range s.tokens {
		if t.start < c.start || t.end > c.end {
			continue
		}
		if t.kind == actPositive && sign > 0 || t.kind == actNegative && sign < 0 || t.kind == actNegation {
			start, end = min(start, t.start), max(end, t.end)
		}
	}
	if start >= end {
		return c.start, c.end
	}
	// Two characters before: what is slow, or bad.
	for range 2 {
		r, size := utf8.DecodeLastRune(s.fold.text[c.start:start])
		if start <= c.start || r < utf8.RuneSelf {
			break
		}
		start -= int32(size)
	}
	return start, end
}
