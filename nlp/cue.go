package nlp

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// completeLength is from how many letters and digits on a message is complete.
const completeLength = 8

// Complete reports whether text is a complete message: eight characters or
// more, where letters and digits count and signs, spaces and emoji do not.
// After a shorter one more is likely to follow. Whoever asks must let urgency go
// before it: 有虫 is short, and complete.
func Complete(text string) bool {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
			if n == completeLength {
				return true
			}
		}
	}
	return false
}

// maxCueRunes bounds a message that only reacts.
const maxCueRunes = 40

// cueBook finds the phrases of which reactions are made up. The values of its
// trie are their kinds.
type cueBook struct{ phrases *trie }

func newCueBook(a *alphabet) (*cueBook, error) {
	kinds := make(map[string]int32)
	for _, list := range cuePhrases {
		for phrase := range strings.FieldsSeq(list.words) {
			kinds[Fold(strings.ReplaceAll(phrase, "_", " "))] |= int32(list.kind)
		}
	}
	entries := make([]trieEntry, 0, len(kinds))
	for phrase, kind := range kinds {
		entries = append(entries, trieEntry{text: phrase, value: kind})
	}
	phrases, err := newTrie(a, entries)
	return &cueBook{phrases: phrases}, err
}

// cover returns the kinds of the phrases that the text from first up to end is
// made up of, or 0 where something else is in it. The longest phrase goes first.
func (b *cueBook) cover(s *scratch, first, end int) int {
	kinds := 0
	for i := first; i < end; {
		kind, next := b.phraseAt(s, i, end)
		if next == i {
			return 0
		}
		kinds |= kind
		i = next
	}
	return kinds
}

// phraseAt returns the kind of the phrase that begins with the rune i, and the
// rune after it, which is i where there is none.
func (b *cueBook) phraseAt(s *scratch, i, end int) (kind, next int) {
	next = i
	runes := s.fold.runes
	node := b.phrases.first(s.glyphs[i].class)
	for j := i + 1; node.id != 0; j++ {
		inside := j < end && isLatinWord(runes[j-1]) && isLatinWord(runes[j])
		if k := node.value(); k >= 0 && !inside {
			kind, next = int(k), j
		}
		if j == end {
			break
		}
		node = b.phrases.child(node, s.glyphs[j].class)
	}
	if next > i {
		return kind, next
	}
	if runes[i] == '[' { // a platform's own emoji: [微笑]
		const most = 20 // bytes
		text := s.folded[s.fold.offsets[i]:s.fold.offsets[end]]
		if stop := strings.IndexByte(text[:min(len(text), most)], ']'); stop > 1 {
			return emojiKind(text[1:stop]), s.fold.index(s.fold.offsets[i]+int32(stop)) + 1
		}
	}
	switch r := runes[i]; {
	case s.glyphs[i].marks&(markLetter|markDigit) != 0:
		return 0, i
	case unicode.IsSpace(r), r == ',', r == '、':
		return cueFiller, i + 1
	case r == '?':
		return cueMark | cueAsk, i + 1
	case unicode.IsPunct(r), unicode.IsSymbol(r):
		return cueMark, i + 1
	}
	return 0, i
}

// emojiKind tells what an emoji named in brackets means.
func emojiKind(name string) int {
	switch name {
	case "抱拳", "合十", "玫瑰", "鲜花", "送花", "感谢":
		return cueThanks
	case "ok", "好的", "强", "赞", "握手", "收到", "点头":
		return cueReceived
	}
	return cueMark
}

// readCues reads the cues of the text.
func (a *Analyzer) readCues(s *scratch) Cues {
	var c Cues
	kinds := 0
	if n := len(s.fold.runes); n <= maxCueRunes {
		kinds = a.cues.cover(s, 0, n)
	}
	c.Greeting = kinds&cueGreeting != 0
	c.Thanks = kinds&cueThanks != 0
	c.Received = kinds&cueReceived != 0
	c.Human = kinds&cueHuman != 0
	c.Cancel = kinds&cueCancel != 0 || kinds == 0 && a.cancels(s)
	c.BareMark = kinds&cueMark != 0 && kinds&^(cueMark|cueAsk|cueFiller) == 0
	// A question mark urges when it stands alone, not behind a greeting.
	c.Urging = kinds&cueUrging != 0 && kinds&(cueThanks|cueReceived|cueCancel) == 0 || c.BareMark && kinds&cueAsk != 0
	const told = 1<<actHuman | 1<<actUrging | 1<<actMinor
	for i := 0; i < len(s.hits) && s.kinds&told != 0; i++ {
		if s.hits[i].kinds&told == 0 {
			continue
		}
		acts := a.rules.of(s.hits[i].literal)
		for k := range acts {
			act := &acts[k]
			if act.kind != actHuman && act.kind != actUrging && act.kind != actMinor || s.pair(act, i) < 0 {
				continue
			}
			switch act.kind {
			case actHuman:
				c.Human = true
			case actUrging:
				c.Urging = true
			case actMinor:
				c.Minor = true
			default:
			}
		}
	}
	c.Minor = c.Minor || s.tellsMinorAge()
	c.Fragment = s.survey.alphanumeric < completeLength
	return c
}

// maxCancelRunes bounds a message that takes back what was said before with a
// few words of why.
const maxCancelRunes = 24

// cancels reports whether one clause of a short text says that nothing is
// needed any more, and no other says otherwise.
func (a *Analyzer) cancels(s *scratch) bool {
	if len(s.fold.runes) > maxCancelRunes {
		return false
	}
	cancel := false
	for i := range s.clauses {
		c := &s.clauses[i]
		if c.asks || c.score < -0.5 {
			return false
		}
		cancel = cancel || a.cues.cover(s, s.fold.index(c.start), s.fold.index(c.end))&cueCancel != 0
	}
	return cancel
}

// minorAge is the age from which on nobody is a minor.
const minorAge = 18

// tellsMinorAge reports whether the writer gives an age below 18: 我今年12岁,
// 我才十五岁, and where there is Latin script i am 12.
func (s *scratch) tellsMinorAge() bool {
	for rest := s.folded; s.survey.age && strings.Contains(rest, "岁"); {
		_, after, ok := strings.Cut(rest, "我")
		if !ok {
			break
		}
		rest = after
		age := strings.TrimSpace(after)
		for _, filler := range []string{"今年", "现在", "只有", "才", "刚", "还不到", "不到", "还没满", "未满", "虚岁", "只是", "是"} {
			age = strings.TrimSpace(strings.TrimPrefix(age, filler))
		}
		if n, unit := leadingNumber(age); n > 0 && n < minorAge && strings.HasPrefix(unit, "岁") {
			return true
		}
	}
	if s.survey.latin == 0 {
		return false
	}
	for _, begin := range []string{"i am ", "i'm ", "im "} {
		if _, after, ok := strings.Cut(s.folded, begin); ok {
			n, unit := leadingNumber(after)
			unit = strings.TrimSpace(unit)
			if n > 4 && n < minorAge && (unit == "" || strings.HasPrefix(unit, "year") || unit[0] == ',' || unit[0] == '.' || strings.HasPrefix(unit, "and")) {
				return true
			}
		}
	}
	return false
}

// leadingNumber reads a number below 100 in digits or Chinese numerals and
// returns what follows it; n is 0 where there is none.
func leadingNumber(text string) (n int, rest string) {
	i := 0
	for i < len(text) && i < 3 && '0' <= text[i] && text[i] <= '9' {
		n = n*10 + int(text[i]-'0')
		i++
	}
	if i > 0 {
		return n, text[i:]
	}
	const numerals = "一二三四五六七八九十"
	for _, r := range text {
		at := strings.IndexRune(numerals, r)
		if at < 0 {
			break
		}
		if d := at/utf8.RuneLen('一') + 1; d == 10 {
			n = max(n, 1) * 10
		} else {
			n += d
		}
		i += utf8.RuneLen(r)
	}
	return n, text[i:]
}
