package nlp

import (
	"slices"
	"unicode/utf8"
)

const (
	maxKeywords     = 8
	maxKeywordRunes = 16
)

// keyword is a candidate with its weight.
type keyword struct {
	text   string
	weight float64
}

// maxCandidates are enough to choose keywords from.
const maxCandidates = 64

// readWords cuts the beginning of the text into words.
func (a *Analyzer) readWords(s *scratch) {
	end := keywordsEnd(s.folded)
	s.words = s.words[:0]
	if a.cutter != nil {
		runes := s.fold.runes
		if end < len(s.folded) {
			runes = runes[:s.fold.index(int32(end))]
		}
		s.ends = a.cutter.AppendEnds(s.ends[:0], runes)
		first := int32(0)
		for _, last := range s.ends {
			s.words = append(s.words, span{start: first, end: last})
			first = last
		}
		return
	}
	if a.appender != nil {
		s.cut = a.appender.AppendWords(s.cut[:0], s.folded[:end])
	} else {
		s.cut = a.seg.Words(s.folded[:end])
	}
	next := 0 // the rune with which the word begins
	for i := range s.cut {
		for int(s.fold.offsets[next]) < s.cut[i].Start {
			next++
		}
		first := next
		for int(s.fold.offsets[next]) < s.cut[i].End {
			next++
		}
		s.words = append(s.words, span{start: int32(first), end: int32(next)})
	}
}

// word returns the text of a word.
func (s *scratch) word(w span) string { return s.folded[s.fold.offsets[w.start]:s.fold.offsets[w.end]] }

// keywords returns the words that tell most about the text, at most eight: those
// that occur often, are long, speak of a topic or are user words. Of equal ones
// the first go first.
func (a *Analyzer) keywords(s *scratch) []string {
	s.keywords, s.keywordStarts = s.keywords[:0], s.keywordStarts[:0]
	s.nextHit, s.nextCommon = 0, 0
	for _, w := range s.words {
		if n := w.end - w.start; n >= 2 && n <= maxKeywordRunes {
			a.addKeyword(s, int(w.start), int(w.end))
		}
	}
	return s.heaviest()
}

// heaviest returns the heaviest candidates, of equal ones the first ones.
func (s *scratch) heaviest() []string {
	ranked := make([]*keyword, 0, maxKeywords)
	for i := range s.keywords {
		k := &s.keywords[i]
		if len(ranked) < maxKeywords {
			ranked = append(ranked, k)
		} else if ranked[maxKeywords-1].weight >= k.weight {
			continue
		}
		at := len(ranked) - 1
		for ; at > 0 && ranked[at-1].weight < k.weight; at-- {
			ranked[at] = ranked[at-1]
		}
		ranked[at] = k
	}
	out := make([]string, len(ranked))
	for i, k := range ranked {
		out[i] = k.text
	}
	return out
}

// addKeyword counts a word, which has the runes from first up to end, at least
// two, if it may be a keyword.
func (a *Analyzer) addKeyword(s *scratch, first, end int) {
	n := end - first
	seen := marks(0)
	for i, g := range s.glyphs[first:end] {
		if g.marks&(markLetter|markDigit) == 0 && !joinsKeyword(s.fold.runes[first+i]) {
			return
		}
		seen |= g.marks
	}
	if seen&markLetter == 0 {
		return
	}
	word := s.word(span{start: int32(first), end: int32(end)})
	// Most others differ in the first two characters or in how many they have.
	start := uint64(s.fold.runes[first])<<32 | uint64(s.fold.runes[first+1])<<8 | uint64(n)
	for i, other := range s.keywordStarts {
		if other == start && s.keywords[i].text == word {
			s.keywords[i].weight += 0.3
			return
		}
	}
	if len(s.keywords) == maxCandidates {
		return
	}
	weight := keywordWeight(n, nil)
	literal, common := a.literalAt(s, first, end)
	if common {
		return
	}
	if literal >= 0 {
		weight = a.rules.literal(literal).keyword
	}
	s.keywords = append(s.keywords, keyword{text: word, weight: weight})
	s.keywordStarts = append(s.keywordStarts, start)
}

// literalAt returns the literal that the runes from first up to end are, or -1,
// and whether they are a common word. Words come in order.
func (a *Analyzer) literalAt(s *scratch, first, end int) (literal int32, common bool) {
	if isLatinWord(s.fold.runes[first]) || isLatinWord(s.fold.runes[end-1]) {
		// Part of a longer word of Latin script is no hit.
		node := a.rules.matcher.trie.find(s.glyphs[first:end])
		return node.value(), node.marked() // -1 and false where there is none
	}
	from, to := s.fold.offsets[first], s.fold.offsets[end]
	for s.nextCommon < len(s.common) && s.common[s.nextCommon].start < from {
		s.nextCommon++
	}
	for _, w := range s.common[s.nextCommon:] {
		if w.start > from {
			break
		}
		if w.end == to {
			return -1, true
		}
	}
	for s.nextHit < len(s.hits) && s.hits[s.nextHit].start < from {
		s.nextHit++
	}
	for _, h := range s.hits[s.nextHit:] {
		if h.start > from {
			break
		}
		if h.end == to {
			return h.literal, false
		}
	}
	return -1, false
}

// joinsKeyword reports whether a sign may be part of a keyword.
func joinsKeyword(r rune) bool { return r == '-' || r == '_' || r == '+' || r == '\'' }

// keywordsEnd is up to where keywords are taken from a text: what a message is
// about stands at its beginning.
func keywordsEnd(text string) int {
	const most = 8 << 10
	if len(text) <= most {
		return len(text)
	}
	end := most
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return end
}

// keywordWeight weighs one occurrence of a word of n characters that has acts.
func keywordWeight(n int, acts []action) float64 {
	weight := 1 + 0.1*float64(min(n, 6))
	for _, act := range acts {
		switch act.kind {
		case actUserWord, actField:
			weight += 2
		case actTopic, actHazard:
			weight++
		case actPositive, actNegative:
			weight += 0.2
		case actIntent, actContrast, actConcession, actHypothetical, actDegree, actDamper, actNegation:
			weight -= 0.2
		default:
		}
	}
	return weight
}

// listSegmenter cuts by the literals that the analyzer knows, the longest first;
// what lies between is cut into Latin words, numbers and single characters. It
// serves where no other segmenter was given.
type listSegmenter struct{ matcher *matcher }

// Words implements [Segmenter].
func (l listSegmenter) Words(text string) []Word {
	hits := l.matcher.literalsOf(text)
	var words []Word
	next := 0
	add := func(start, end int) {
		words = append(words, Word{Text: text[start:end], Start: start, End: end})
		next = end
	}
	for i := 0; i < len(hits); i++ {
		h := hits[i]
		for i+1 < len(hits) && hits[i+1].start == h.start {
			i++
			h = hits[i] // the longest from here
		}
		if int(h.start) < next {
			continue
		}
		cutPlain(text, next, int(h.start), add)
		add(int(h.start), int(h.end))
	}
	cutPlain(text, next, len(text), add)
	return words
}

// Search implements [Segmenter]: the words, and the literals inside them.
func (l listSegmenter) Search(text string) []string {
	var out []string
	for _, w := range l.Words(text) {
		out = append(out, w.Text)
	}
	hits := l.matcher.literalsOf(text)
	for _, h := range hits {
		if word := text[h.start:h.end]; !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// cutPlain cuts the bytes from start to end of text into Latin words, numbers
// and single characters.
func cutPlain(text string, start, end int, add func(start, end int)) {
	for i := start; i < end; {
		j := i
		for j < end && isLatinWord(rune(text[j]|0x20)) {
			j++
		}
		if j == i {
			_, size := utf8.DecodeRuneInString(text[i:end])
			j = i + size
		}
		add(i, j)
		i = j
	}
}
