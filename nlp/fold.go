package nlp

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/longbridgeapp/opencc"
	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// Fold returns text in the one form that words are matched in: full-width
// letters and signs half-width, lower case, traditional characters simplified,
// accents and compatibility forms (①, ㎏, 𝐀) resolved, white space as plain
// spaces, line breaks kept. Zero-width and other invisible characters, emoji
// joiners, skin tones, control characters and invalid bytes are left out.
//
// Fold(Fold(s)) == Fold(s).
func Fold(text string) string {
	if foldedAlready(text) {
		return text
	}
	b := make([]byte, 0, len(text))
	table := simplified()
	for _, r := range text {
		b = appendFolded(b, r, table)
	}
	return string(b)
}

// foldedAlready reports whether text is plain lower-case ASCII.
func foldedAlready(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf || c < ' ' && c != '\n' || 'A' <= c && c <= 'Z' || c == 0x7f {
			return false
		}
	}
	return true
}

// folded is a folded text with the way back from each character to the one of
// the original that it came from.
type folded struct {
	text    []byte
	runes   []rune
	offsets []int32  // a rune: the byte of text where it begins; and one more for the end
	origins []origin // a rune
	broken  bool     // the original may hold bytes that are not text
}

// origin is a character of the original: its number, and the byte where it
// begins.
type origin struct{ rune, byte int32 }

// reset makes f the folded form of text, reusing its memory.
func (f *folded) reset(text string) {
	f.text, f.runes, f.offsets, f.origins = f.text[:0], f.runes[:0], f.offsets[:0], f.origins[:0]
	f.broken = false
	table, plain := simplified(), plainSigns()
	from := origin{}
	for i, r := range text {
		from.byte = int32(i)
		switch {
		case cjkFirst <= r && r <= cjkLast:
			r = rune(table[r-cjkFirst])
			f.push(r, from)
			f.text = append(f.text, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
		case 'a' <= r && r <= 'z' || ' ' <= r && r < 'A':
			f.push(r, from)
			f.text = append(f.text, byte(r))
		case 0xff01 <= r && r < 0xff21: // the usual signs of Chinese
			f.push(r-0xfee0, from)
			f.text = append(f.text, byte(r-0xfee0))
		case signFirst <= r && r <= signLast && plain[r-signFirst]:
			f.push(r, from)
			f.text = utf8.AppendRune(f.text, r)
		default:
			f.pushRare(r, from, table)
		}
		from.rune++
	}
	f.offsets = append(f.offsets, int32(len(f.text)))
}

// Between these lie the signs of Chinese texts.
const (
	signFirst = 0x2000
	signLast  = 0x33ff
)

// plainSigns tells of each sign whether it folds to itself. It is made at the
// first use; afterwards it is never written.
var plainSigns = sync.OnceValue(func() *[signLast - signFirst + 1]bool {
	plain := new([signLast - signFirst + 1]bool)
	for i := range plain {
		sign := string(rune(signFirst + i))
		plain[i] = Fold(sign) == sign
	}
	return plain
})

// push notes a rune that is about to be appended to the text.
func (f *folded) push(r rune, from origin) {
	f.runes = append(f.runes, r)
	f.offsets = append(f.offsets, int32(len(f.text)))
	f.origins = append(f.origins, from)
}

// pushRare appends what r folds to: nothing, or any number of runes.
func (f *folded) pushRare(r rune, from origin, table *simplifyTable) {
	f.broken = f.broken || r == utf8.RuneError
	start := len(f.text)
	end := appendFolded(f.text, r, table)
	for start < len(end) {
		part, size := utf8.DecodeRune(end[start:])
		f.push(part, from)
		start += size
		f.text = end[:start]
	}
}

// of returns the folded form of original, which was given to reset: many a short
// message is its own.
func (f *folded) of(original string) string {
	if string(f.text) == original {
		return original
	}
	return string(f.text)
}

// index returns the number of the rune that holds the byte at.
func (f *folded) index(at int32) int {
	// Most characters of Chinese text have three bytes, and none has more than four.
	i := int(at) / utf8.UTFMax
	if guess := int(at) / 3; guess < len(f.offsets) && f.offsets[guess] <= at {
		i = guess
	}
	const near = 8
	for range near {
		if i+1 == len(f.offsets) || f.offsets[i+1] > at {
			return i
		}
		i++
	}
	n, found := slices.BinarySearch(f.offsets[i:], at)
	if !found {
		n--
	}
	return i + n
}

// span returns the first rune and the one after the last of the original that
// the bytes from start to end of the folded form, one at least, came from, and
// what stands there, with what belongs to its last character: the colour of a
// thumb, an accent. Invalid bytes count as one rune each, as they do in a range
// loop.
func (f *folded) span(original string, start, end int32) (from, to int, text string) {
	first, last := f.origins[f.index(start)], f.origins[f.index(end-1)]
	_, size := utf8.DecodeRuneInString(original[last.byte:])
	to = int(last.rune) + 1
	next := int(last.byte) + size
	if r, _ := utf8.DecodeRuneInString(original[next:]); belongsBefore(r) {
		whole, _, _, _ := uniseg.FirstGraphemeClusterInString(original[last.byte:], -1)
		to += utf8.RuneCountInString(whole[size:])
		next = int(last.byte) + len(whole)
	}
	return int(first.rune), to, original[first.byte:next]
}

// belongsBefore reports whether r may be a part of the character before it.
func belongsBefore(r rune) bool {
	switch {
	case r < 0x300, cjkFirst <= r && r <= cjkLast, r == utf8.RuneError:
		return false
	}
	return invisible(r) || unicode.Is(unicode.Mark, r)
}

// simplifyTable maps the characters from U+3400 to U+9FFF to their simplified
// forms.
type simplifyTable [cjkLast - cjkFirst + 1]uint16

const (
	cjkFirst = 0x3400
	cjkLast  = 0x9fff
)

// simplified reads the conversion table once; afterwards it is never written.
var simplified = sync.OnceValue(loadSimplified)

// variants are characters that the conversion keeps because they have a use of
// their own, and that in messages stand for the plain one.
var variants = map[rune]rune{
	'妳': '你', '牠': '它', '祂': '他', '喫': '吃', '綫': '线', '裏': '里', '裡': '里',
	'麽': '么', '麼': '么', '後': '后', '贊': '赞', '讚': '赞', '傢': '家', '囬': '回', '卻': '却', '嚐': '尝', '榖': '谷', '鬱': '郁',
}

func loadSimplified() *simplifyTable {
	table := new(simplifyTable)
	for i := range table {
		table[i] = uint16(cjkFirst + i)
	}
	converter, err := opencc.New("t2s")
	if err != nil {
		// The tables are part of the program: this can only be a broken build.
		panic("nlp: the table of simplified characters is damaged: " + err.Error())
	}
	for i := range table {
		// One character at a time: what a phrase would make of it does not matter
		// for matching, and its place in the text stays known.
		form, err := converter.Convert(string(rune(cjkFirst + i)))
		if err != nil {
			continue
		}
		r, size := utf8.DecodeRuneInString(form)
		if size == len(form) && cjkFirst <= r && r <= cjkLast {
			table[i] = uint16(r)
		}
	}
	for from, to := range variants {
		table[from-cjkFirst] = uint16(to)
	}
	// A form may itself have a simpler one; folding twice must change nothing.
	for i := range table {
		for next := table[table[i]-cjkFirst]; next != table[i]; next = table[table[i]-cjkFirst] {
			table[i] = next
		}
	}
	return table
}

func appendFolded(b []byte, r rune, table *simplifyTable) []byte {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case 'A' <= r && r <= 'Z':
			return append(b, byte(r)+'a'-'A')
		case r >= ' ' && r != 0x7f || r == '\n':
			return append(b, byte(r))
		case r == '\t' || r == '\r' || r == '\v' || r == '\f':
			return append(b, ' ')
		}
		return b
	case cjkFirst <= r && r <= cjkLast:
		return utf8.AppendRune(b, rune(table[r-cjkFirst]))
	case 0xff01 <= r && r <= 0xff5e:
		return appendFolded(b, r-0xfee0, table)
	}
	return appendRare(b, r, table)
}

// appendRare folds what is neither ASCII, a common Chinese character nor a
// full-width sign.
func appendRare(b []byte, r rune, table *simplifyTable) []byte {
	switch {
	case invisible(r):
		return b
	case r == 0x2028 || r == 0x2029 || r == 0x85:
		return append(b, '\n')
	case unicode.IsSpace(r):
		return append(b, ' ')
	case unicode.IsControl(r):
		return b
	case !resolvable(r):
		return utf8.AppendRune(b, unicode.ToLower(r))
	}
	var buf [64]byte
	parts := norm.NFKD.AppendString(buf[:0], string(r))
	if len(parts) == utf8.RuneLen(r) && string(parts) == string(r) {
		return utf8.AppendRune(b, unicode.ToLower(r))
	}
	for len(parts) > 0 {
		p, size := utf8.DecodeRune(parts)
		parts = parts[size:]
		if p == r {
			b = utf8.AppendRune(b, unicode.ToLower(p))
			continue
		}
		b = appendFolded(b, p, table)
	}
	return b
}

// invisible reports whether r shows nothing by itself: zero-width characters,
// direction marks, emoji joiners, skin tones, variation selectors, combining
// accents and what stands for invalid bytes.
func invisible(r rune) bool {
	switch {
	case r == utf8.RuneError, r == 0xad, r == 0x34f, r == 0x61c, r == 0x180e, r == 0xfeff, r == 0x3164, r == 0x115f, r == 0x1160, r == 0xffa0:
		return true
	case 0x300 <= r && r <= 0x36f, 0x20d0 <= r && r <= 0x20ff,
		0x200b <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f,
		0xfe00 <= r && r <= 0xfe0f, 0xfff0 <= r && r <= 0xfffb,
		0x1f3fb <= r && r <= 0x1f3ff, 0xe0000 <= r && r <= 0xe0fff:
		return true
	}
	return false
}

// resolvable reports whether r lies where characters have a plainer
// compatibility form. Kana and Hangul, which would fall apart, do not.
func resolvable(r rune) bool {
	switch {
	case 0xa0 <= r && r <= 0x24f, 0x1e00 <= r && r <= 0x1eff, 0x2000 <= r && r <= 0x33ff && (r < 0x3040 || r > 0x30ff),
		0xf900 <= r && r <= 0xfaff, 0xfb00 <= r && r <= 0xfb06, 0xfe30 <= r && r <= 0xfe4f, 0xff5f <= r && r <= 0xff64, 0xffe0 <= r && r <= 0xffee,
		0x1d400 <= r && r <= 0x1d7ff, 0x1f100 <= r && r <= 0x1f16b, 0x2f800 <= r && r <= 0x2fa1f:
		return true
	}
	return false
}

// Normalize returns text as it is stored: valid UTF-8 in NFC, line breaks as
// \n, without control characters other than \n and \t, and without a leading
// byte order mark. Each run of invalid bytes becomes one U+FFFD.
//
// Normalize(Normalize(s)) == Normalize(s).
func Normalize(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.TrimLeft(text, "\ufeff")
	if strings.ContainsFunc(text, unwanted) {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		text = strings.Map(func(r rune) rune {
			switch {
			case r == '\r':
				return '\n'
			case unwanted(r):
				return -1
			}
			return r
		}, text)
	}
	text = strings.TrimLeft(text, "\ufeff")
	return norm.NFC.String(text)
}

// unwanted reports whether r is a control character that has no place in text.
func unwanted(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || 0x7f <= r && r <= 0x9f && r != 0x85
}
