package sentiment

import "unicode/utf8"

// A text is read as a sequence of units: a Chinese character, a Latin word, a
// number, a bracketed emoticon such as [微笑], an emoji, a punctuation mark. The
// features are the short runs of units. A unit is known by its hash only.

const (
	unitStart uint64 = 1 // before the first unit
	unitEnd   uint64 = 2 // after the last one

	seedRune     uint64 = 7
	seedWord     uint64 = 3
	seedEmoticon uint64 = 5
	seedGram     uint64 = 9

	maxEmoticon = 8 // runes inside the brackets of an emoticon
)

// mix returns h extended by v.
func mix(h, v uint64) uint64 {
	h ^= v + 0x9e3779b97f4a7c15
	h *= 0xff51afd7ed558ccd
	return h ^ h>>32
}

// units walks over the units of a text. Beyond the folding that the text has
// already, all numbers are one unit, a run of one unit counts twice at most, and
// links are one unit.
type units struct {
	text       string
	start, pos int    // the last unit begins at start and ends before pos
	last, prev uint64 // the hashes of the last unit and of the one before
}

// next reads the next unit. It returns false at the end of the text.
func (u *units) next() bool {
	for u.pos < len(u.text) {
		u.start = u.pos
		hash := u.read()
		if hash == hashSpace || hash == u.last && hash == u.prev {
			continue
		}
		u.prev, u.last = u.last, hash
		return true
	}
	return false
}

var (
	hashSpace  = mix(seedRune, ' ')
	hashNumber = mix(seedRune, '0')
	hashLink   = mix(seedWord, 1)
)

// read moves over one unit and returns its hash.
func (u *units) read() uint64 {
	c := u.text[u.pos]
	if r, ok := u.ideograph(); ok {
		u.pos += utf8.RuneLen('一')
		return mix(seedRune, uint64(r))
	}
	switch {
	case isLetter(c):
		return u.readWord()
	case isDigit(c):
		for u.pos < len(u.text) && (isDigit(u.text[u.pos]) || u.text[u.pos] == '.' && u.pos+1 < len(u.text) && isDigit(u.text[u.pos+1])) {
			u.pos++
		}
		return hashNumber
	case c == '[':
		return u.readEmoticon()
	case c < utf8.RuneSelf:
		u.pos++
		if c <= ' ' {
			return hashSpace
		}
		return mix(seedRune, uint64(c))
	}
	r, size := utf8.DecodeRuneInString(u.text[u.pos:])
	u.pos += size
	return hashRune(r)
}

// ideograph returns the character at pos where it is one of U+4000 to U+9FFF, as
// most are, without the call that decoding takes.
func (u *units) ideograph() (r rune, ok bool) {
	if rest := u.text[u.pos:]; len(rest) >= 3 && 0xe4 <= rest[0] && rest[0] <= 0xe9 && (rest[1]^0x80|rest[2]^0x80) < 0x40 {
		return rune(rest[0]&0xf)<<12 | rune(rest[1]&0x3f)<<6 | rune(rest[2]&0x3f), true
	}
	return 0, false
}

func (u *units) readWord() uint64 {
	if rest := u.text[u.pos:]; len(rest) > 7 && rest[:4] == "http" {
		for u.pos < len(u.text) && u.text[u.pos] > ' ' && u.text[u.pos] < utf8.RuneSelf {
			u.pos++
		}
		return hashLink
	}
	hash := seedWord
	var last, prev byte
	for ; u.pos < len(u.text); u.pos++ {
		c := u.text[u.pos]
		if !isLetter(c) && c != '\'' {
			break
		}
		c |= 0x20
		if c != last || c != prev {
			hash = mix(hash, uint64(c))
		}
		prev, last = last, c
	}
	return hash
}

// readEmoticon reads [微笑] as one unit, and a bracket that is not closed soon
// as itself.
func (u *units) readEmoticon() uint64 {
	hash, runes := seedEmoticon, 0
	for i, r := range u.text[u.pos+1:] {
		if r == ']' && runes > 0 {
			u.pos += i + 2
			return hash
		}
		if runes++; runes > maxEmoticon || r == '[' || r == ']' {
			break
		}
		hash = mix(hash, uint64(r))
	}
	u.pos++
	return mix(seedRune, '[')
}

// hashRune returns the unit of a rune outside ASCII. Marks that differ in shape
// only are one.
func hashRune(r rune) uint64 {
	switch {
	case r >= 0xff01 && r <= 0xff5e:
		r -= 0xfee0
	case r == '。' || r == '…':
		r = '.'
	case r == '“' || r == '”' || r == '「' || r == '」':
		r = '"'
	case r == 0x3000:
		r = ' '
	}
	return mix(seedRune, uint64(r))
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
