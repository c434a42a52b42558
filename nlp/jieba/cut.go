package jieba

import "slices"

// cutting is the working memory of one text.
type cutting struct {
	runes   []rune
	offsets []int32   // of runes, and the end
	codes   []uint16  // of a range
	sums    []float64 // of the best way from each character to the end
	lengths []uint16  // of the word that it begins with
	way     []steps
	ends    []int32
}

// appendEnds appends behind which of runes words end. Where s names a text of n
// runes, its words are those between 0, the ends, and n.
func (l *lexicon) appendEnds(ends []int32, runes []rune, s *cutting) []int32 {
	start := 0
	for i, r := range runes {
		if !breaks(r) {
			continue
		}
		if start < i {
			ends = l.cutRange(ends, runes, start, i, s)
		}
		ends = append(ends, int32(i+1))
		start = i + 1
	}
	if start < len(runes) {
		ends = l.cutRange(ends, runes, start, len(runes), s)
	}
	return ends
}

// breaks reports whether a word ends before and behind r.
func breaks(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '，' || r == '。'
}

// cutRange appends the ends of the words between from and to, where nothing
// breaks.
func (l *lexicon) cutRange(ends []int32, runes []rune, from, to int, s *cutting) []int32 {
	n := to - from
	s.codes = slices.Grow(s.codes[:0], n)[:n]
	for i, r := range runes[from:to] {
		s.codes[i] = l.chars.code(r)
	}
	l.weigh(s)
	for i := 0; i < n; {
		if length := int(s.lengths[i]); length > 1 {
			i += length
			ends = append(ends, int32(from+i))
			continue
		}
		first := i
		for i++; i < n && s.lengths[i] == 1; i++ {
		}
		if i == first+1 {
			ends = append(ends, int32(from+i))
			continue
		}
		ends = l.cutSingles(ends, runes, from, first, i, s)
	}
	return ends
}

// weigh finds the likeliest way through the words that a range may be made of:
// from the last character to the first, which word makes the rest likeliest. Of
// words alike the shorter one counts. Characters that are no word weigh what the
// rarest word does.
func (l *lexicon) weigh(s *cutting) {
	n := len(s.codes)
	s.sums = slices.Grow(s.sums[:0], n+1)[:n+1]
	s.lengths = slices.Grow(s.lengths[:0], n)[:n]
	codes, sums, lengths := s.codes, s.sums, s.lengths
	sums[n] = 0
	for i := n - 1; i >= 0; i-- {
		at := l.words.root(codes[i])
		if l.users != nil {
			if user := l.users.root(codes[i]); user.base != 0 {
				sums[i], lengths[i] = l.weighBoth(at, user, i, s)
				continue
			}
		}
		best, length := sums[i+1]+l.weights[at.weight], 1
		for j := i + 1; j < n; j++ {
			next, ok := l.words.child(at, codes[j])
			if !ok {
				break
			}
			at = next
			if at.weight == 0 {
				continue
			}
			if sum := sums[j+1] + l.weights[at.weight]; sum > best {
				best, length = sum, j+1-i
			}
		}
		sums[i], lengths[i] = best, uint16(length)
	}
}

// weighBoth is one step of weigh where a user word may begin, which counts instead
// of the same word of the dictionary.
func (l *lexicon) weighBoth(at, user node, i int, s *cutting) (best float64, length uint16) {
	best, length = s.sums[i+1]+l.weights[at.weight], 1
	known, own := true, true
	for j := i + 1; j < min(len(s.codes), i+maxWord); j++ {
		if known {
			at, known = l.words.child(at, s.codes[j])
		}
		if own {
			user, own = l.users.child(user, s.codes[j])
		}
		weight := uint16(0)
		switch {
		case !known && !own:
			return best, length
		case own && user.weight != 0:
			weight = user.weight
		case known:
			weight = at.weight
		}
		if weight == 0 {
			continue
		}
		if sum := s.sums[j+1] + l.weights[weight]; sum > best {
			best, length = sum, uint16(j+1-i)
		}
	}
	return best, length
}

// cutSingles appends the ends of the words of several characters, from first to
// last of a range that begins at from, that the dictionary leaves single: Latin
// words and numbers by their shape, others by the model.
func (l *lexicon) cutSingles(ends []int32, runes []rune, from, first, last int, s *cutting) []int32 {
	left := first
	for i := first; i < last; {
		if runes[from+i] >= 0x80 {
			i++
			continue
		}
		ends = l.cutUnknown(ends, from, left, i, s)
		i += plainWord(runes[from+i : from+last])
		ends = append(ends, int32(from+i))
		left = i
	}
	return l.cutUnknown(ends, from, left, last, s)
}

// cutUnknown appends the ends of the words that the model finds from first to
// last of a range that begins at from.
func (l *lexicon) cutUnknown(ends []int32, from, first, last int, s *cutting) []int32 {
	n := last - first
	if n < 2 {
		if n == 1 {
			ends = append(ends, int32(from+last))
		}
		return ends
	}
	s.way = slices.Grow(s.way[:0], n)[:n]
	state := l.model.read(s.codes[first:last], s.way)
	begin := len(ends)
	for i := n - 1; i >= 0; i-- {
		if state == stateEnd || state == stateSingle {
			ends = append(ends, int32(from+first+i+1))
		}
		state = int(s.way[i] >> (2 * state) & 3)
	}
	slices.Reverse(ends[begin:])
	return ends
}

// plainWord returns how many runes the Latin word or the number has that begins
// with an ASCII character, or 1.
func plainWord(runes []rune) int {
	n := 1
	switch r := runes[0]; {
	case isLetter(r):
		for n < len(runes) && (isLetter(runes[n]) || isDigit(runes[n])) {
			n++
		}
	case isDigit(r):
		for n < len(runes) && (isDigit(runes[n]) || runes[n] == '.') {
			n++
		}
	}
	return n
}

func isLetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }

func isDigit(r rune) bool { return '0' <= r && r <= '9' }
