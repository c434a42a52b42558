package nlp

import (
	"cmp"
	"slices"
	"unicode"
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
	first  int
}

// keywords returns the words that tell most about the text, at most eight: those
// that occur often, are long, speak of a topic or are user words.
func (a *Analyzer) keywords(s *scratch) []string {
	words := a.seg.Words(s.folded[:keywordsEnd(s.folded)])
	s.words = s.words[:0]
	for _, w := range words {
		s.words = append(s.words, w.Text)
	}
	var found []keyword
	for i, w := range words {
		if !a.mayBeKeyword(w.Text) {
			continue
		}
		at := slices.IndexFunc(found, func(k keyword) bool { return k.text == w.Text })
		if at < 0 {
			if len(found) >= 64 {
				continue // enough to choose from
			}
			found = append(found, keyword{text: w.Text, weight: a.keywordWeight(w.Text), first: i})
			continue
		}
		found[at].weight += 0.3
	}
	slices.SortStableFunc(found, func(a, b keyword) int { return cmp.Compare(b.weight, a.weight) })
	found = found[:min(len(found), maxKeywords)]
	out := make([]string, len(found))
	for i, k := range found {
		out[i] = k.text
	}
	return out
}

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

func (a *Analyzer) mayBeKeyword(word string) bool {
	n := utf8.RuneCountInString(word)
	if n < 2 || n > maxKeywordRunes {
		return false
	}
	if _, stop := a.stop[word]; stop {
		return false
	}
	letters := false
	for _, r := range word {
		switch {
		case unicode.IsLetter(r):
			letters = true
		case !unicode.IsDigit(r) && r != '-' && r != '_' && r != '+' && r != '\'':
			return false
		}
	}
	return letters
}

// keywordWeight weighs one occurrence of word.
func (a *Analyzer) keywordWeight(word string) float64 {
	weight := 1 + 0.1*float64(min(utf8.RuneCountInString(word), 6))
	id, ok := a.rules.builder.ids[word]
	if !ok {
		return weight
	}
	for _, act := range a.rules.actions[id] {
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
	hits, _, _ := l.matcher.scan([]byte(text), nil, nil, nil)
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
	hits, _, _ := l.matcher.scan([]byte(text), nil, nil, nil)
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
