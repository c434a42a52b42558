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

// cueBook finds the phrases of which reactions are made up.
type cueBook struct {
	kinds map[string]int
	max   int // bytes of the longest phrase
}

func newCueBook() (*cueBook, error) {
	b := &cueBook{kinds: make(map[string]int)}
	for _, list := range cuePhrases {
		for _, phrase := range strings.Fields(list.words) {
			phrase = Fold(strings.ReplaceAll(phrase, "_", " "))
			b.kinds[phrase] |= list.kind
			b.max = max(b.max, len(phrase))
		}
	}
	return b, nil
}

// cover returns the kinds of the phrases that text is made up of, or 0 where
// something else is in it. The longest phrase goes first.
func (b *cueBook) cover(text []byte) int {
	kinds := 0
	for i := 0; i < len(text); {
		kind, size := b.phraseAt(text[i:])
		if size == 0 {
			return 0
		}
		kinds |= kind
		i += size
	}
	return kinds
}

func (b *cueBook) phraseAt(text []byte) (kind, size int) {
	for n := min(b.max, len(text)); n > 0; n-- {
		if n < len(text) && !utf8.RuneStart(text[n]) {
			continue
		}
		k, ok := b.kinds[string(text[:n])]
		if inside := n < len(text) && isLatinWord(rune(text[n-1])) && isLatinWord(rune(text[n])); ok && !inside {
			return k, n
		}
	}
	if text[0] == '[' { // a platform's own emoji: [微笑]
		if end := strings.IndexByte(string(text[:min(len(text), 20)]), ']'); end > 1 {
			return emojiKind(string(text[1:end])), end + 1
		}
	}
	r, size := utf8.DecodeRune(text)
	switch {
	case unicode.IsSpace(r), r == ',', r == '、':
		return cueFiller, size
	case r == '?':
		return cueMark | cueAsk, size
	case unicode.IsPunct(r), unicode.IsSymbol(r):
		return cueMark, size
	}
	return 0, 0
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
	if utf8.RuneCount(s.fold.text) <= maxCueRunes {
		kinds = a.cues.cover(s.fold.text)
	}
	c.Greeting = kinds&cueGreeting != 0
	c.Thanks = kinds&cueThanks != 0
	c.Received = kinds&cueReceived != 0
	c.Human = kinds&cueHuman != 0
	c.Cancel = kinds&cueCancel != 0 || kinds == 0 && a.cancels(s)
	c.BareMark = kinds&cueMark != 0 && kinds&^(cueMark|cueAsk|cueFiller) == 0
	// A question mark urges when it stands alone, not behind a greeting.
	c.Urging = kinds&cueUrging != 0 && kinds&(cueThanks|cueReceived|cueCancel) == 0 || c.BareMark && kinds&cueAsk != 0
	for i, h := range s.hits {
		if kinds := a.rules.kinds[h.literal]; !kinds.has(actHuman) && !kinds.has(actUrging) && !kinds.has(actMinor) {
			continue
		}
		for k := range a.rules.actions[h.literal] {
			act := &a.rules.actions[h.literal][k]
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
	c.Minor = c.Minor || tellsMinorAge(s.fold.text)
	c.Fragment = !Complete(s.folded)
	return c
}

// maxCancelRunes bounds a message that takes back what was said before with a
// few words of why.
const maxCancelRunes = 24

// cancels reports whether one clause of a short text says that nothing is
// needed any more, and no other says otherwise.
func (a *Analyzer) cancels(s *scratch) bool {
	if utf8.RuneCount(s.fold.text) > maxCancelRunes {
		return false
	}
	cancel := false
	for i := range s.clauses {
		c := &s.clauses[i]
		if c.asks || c.score < -0.5 {
			return false
		}
		cancel = cancel || a.cues.cover(s.fold.text[c.start:c.end])&cueCancel != 0
	}
	return cancel
}

// minorAge is the age from which on nobody is a minor.
const minorAge = 18

// tellsMinorAge reports whether the writer gives an age below 18: 我今年12岁,
// 我才十五岁, i am 12.
func tellsMinorAge(text []byte) bool {
	t := string(text)
	for rest := t; ; {
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
	for _, begin := range []string{"i am ", "i'm ", "im "} {
		if _, after, ok := strings.Cut(t, begin); ok {
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
