package nlp

import (
	"strings"
	"sync"
	"unicode"
)

// marks tell what a character of a folded text is.
type marks uint8

const (
	markHan       marks = 1 << iota // a Chinese character
	markLetter                      // of any script
	markDigit                       // of any script
	markPrinted                     // counts for the near-duplicate print
	markSign                        // breaks words apart when it stands behind a Chinese character
	markLookalike                   // stands for a sign of a contact, and for little else
	markEnds                        // ends a clause
)

// glyph is what the analysis needs to know of a character.
type glyph struct {
	class uint16 // its number among the characters of the literals; 0: in none of them
	marks marks
}

// alphabet numbers the characters of literals. It is built once and then only
// read.
type alphabet struct {
	common []glyph         // the BMP, by rune
	rare   map[rune]uint16 // classes beyond it
	next   uint16          // class
}

func newAlphabet() *alphabet {
	a := &alphabet{common: make([]glyph, 1<<16), rare: make(map[rune]uint16), next: 1}
	for r, m := range commonMarks() {
		a.common[r].marks = m
	}
	return a
}

// add returns the class of r, which it gives it if there is none.
func (a *alphabet) add(r rune) uint16 {
	if class := a.glyph(r).class; class != 0 {
		return class
	}
	class := a.next
	a.next++
	if int(r) < len(a.common) {
		a.common[r].class = class
	} else {
		a.rare[r] = class
	}
	return class
}

func (a *alphabet) glyph(r rune) glyph {
	if int(r) < len(a.common) {
		return a.common[r]
	}
	return glyph{class: a.rare[r], marks: rareMarks(r)}
}

// commonMarks is made at the first use; afterwards it is never written.
var commonMarks = sync.OnceValue(func() *[1 << 16]marks {
	table := new([1 << 16]marks)
	mark := func(m marks, set *unicode.RangeTable) {
		for _, run := range set.R16 {
			for r := int(run.Lo); r <= int(run.Hi); r += int(run.Stride) {
				table[r] |= m
			}
		}
	}
	mark(markLetter, unicode.Letter)
	mark(markDigit, unicode.Digit)
	mark(markSign, unicode.Symbol)
	for r := range rune(len(table)) {
		table[r] |= shapeMarks(r)
	}
	for r := range lookalikes {
		if !strings.ContainsRune(plainLookalikes, r) {
			table[r] |= markLookalike
		}
	}
	return table
})

// rareMarks returns the marks of a character beyond the BMP.
func rareMarks(r rune) marks {
	m := shapeMarks(r)
	if unicode.IsLetter(r) {
		m |= markLetter
	}
	if unicode.IsDigit(r) {
		m |= markDigit
	}
	if unicode.IsSymbol(r) {
		m |= markSign
	}
	return m
}

// shapeMarks returns the marks that do not depend on Unicode's categories.
func shapeMarks(r rune) marks {
	m := marks(0)
	if isHan(r) {
		m |= markHan
	}
	if printed(r) {
		m |= markPrinted
	}
	switch r {
	case '*', '_', '-', '.', '+', '/', '|':
		m |= markSign
	}
	if endsClause(r) {
		m |= markEnds
	}
	return m
}

// survey is what one look at each character of a text tells.
type survey struct {
	alphanumeric int  // letters and digits of any script
	digits       int  // 0 to 9
	longNumber   bool // five of them in a row
	spaces       int  // without line breaks
	latin        int  // letters of Latin script
	age          bool // 岁, which tells one
	evasive      bool // see [Analyzer.readSpam]
	lang         string
	sketch       uint64 // the near-duplicate print
}

// look surveys the text and finds the glyphs of its characters.
func (s *scratch) look(a *alphabet) {
	var scripts scriptCount
	var sketch printSum
	w := survey{}
	glyphs := s.glyphs[:0]
	before := marks(0)
	run := 0
	for _, r := range s.fold.runes {
		g := a.glyph(r)
		glyphs = append(glyphs, g)
		if g.marks&(markLetter|markDigit) != 0 {
			w.alphanumeric++
		}
		if g.marks&markPrinted != 0 {
			sketch.add(r)
		}
		if g.marks&markLookalike != 0 || g.marks&markSign != 0 && before&markHan != 0 {
			w.evasive = true
		}
		before = g.marks
		switch {
		case g.marks&markHan != 0:
			scripts.han++
			w.age = w.age || r == '岁'
		case 'a' <= r && r <= 'z':
			scripts.latin++
		case '0' <= r && r <= '9':
			w.digits++
			run++
			w.longNumber = w.longNumber || run == longNumber
			continue
		case r >= 0x80:
			scripts.add(r)
		case r == ' ':
			w.spaces++
		}
		run = 0
	}
	s.glyphs = glyphs
	w.latin = scripts.latin
	w.lang = scripts.language()
	w.sketch = sketch.majority()
	s.survey = w
}
