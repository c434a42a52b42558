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
	out := make([]Evidence, 0, 4+2*len(s.topics))
	add := func(why string, start, end int32) {
		for start < end && s.fold.text[start] == ' ' {
			start++
		}
		from, to := s.fold.span(int(start), int(end))
		e := Evidence{For: why, Start: from, End: to, Text: runeSlice(text, from, to)}
		if e.Text != "" && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	s.sentimentSpans(v, func(start, end int32) { add("sentiment", start, end) })
	if len(out) == 0 && v.Sentiment != "neutral" && len(s.fold.text) <= maxModelSpans {
		// No word of the lists tells why: the model's own reasons.
		for _, span := range a.model.Reasons(&s.reading, s.words, v.Sentiment, maxSentimentSpans-1) {
			add("sentiment", int32(span.Start), int32(span.End))
		}
	}
	if v.Intent == "spam" && s.advert.end > 0 {
		add("intent", s.advert.start, s.advert.end)
	} else if i := intentIndex(v.Intent); i >= 0 && s.intents[i].best > 0 {
		add("intent", s.intents[i].start, s.intents[i].end)
	}
	for _, name := range v.Hazards {
		if h := &s.hazards[slices.Index(hazardNames[:], name)]; h.weight > 0 {
			add("urgency", h.start, h.end)
		} else if len(s.clauses) > 0 && utf8.RuneCount(s.fold.text) <= maxUrgentRunes {
			// Learned, not read from a word: the message as a whole.
			add("urgency", s.clauses[0].start, s.clauses[len(s.clauses)-1].end)
		}
	}
	if len(v.Topics) > 0 {
		for i := range s.topics {
			t := &s.topics[i]
			for _, span := range t.spans[:min(2, t.words)] {
				add("topic:"+a.topics[t.index], span.start, span.end)
			}
		}
	}
	return out
}

// sentimentSpans calls add with the clauses that speak most for v's sentiment.
func (s *scratch) sentimentSpans(v *Verdict, add func(start, end int32)) {
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
		add(start, end)
	}
}

// tighten returns the span of c to show: all of it, or of a long one from its
// first word of the right sign to the last.
func (s *scratch) tighten(c *clause, sign float64) (start, end int32) {
	if utf8.RuneCount(s.fold.text[c.start:c.end]) <= maxSpanRunes {
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

// runeSlice returns the runes from to to of text; invalid bytes count as one
// rune each, as they do in a range loop.
func runeSlice(text string, from, to int) string {
	n, start := 0, -1
	for i := range text {
		if n == from {
			start = i
		}
		if n == to {
			return strings.ToValidUTF8(text[start:i], "\ufffd")
		}
		n++
	}
	if start < 0 || to <= from {
		return ""
	}
	return strings.ToValidUTF8(text[start:], "\ufffd")
}
