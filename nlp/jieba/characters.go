package jieba

import (
	"maps"
	"unicode/utf8"
)

// characters numbers the characters that words and the word model are made of,
// from 1 on; 0 is any other. It is built once and then only read.
type characters struct {
	common [1 << 16]uint16
	rare   map[rune]uint16 // beyond the BMP
	count  int             // the highest number
}

// maxCharacters is how many can be told apart. The highest number there could be
// marks what is free in a trie.
const maxCharacters = 1<<16 - 2

// code returns the number of r, or 0.
func (c *characters) code(r rune) uint16 {
	if uint32(r) < uint32(len(c.common)) {
		return c.common[r]
	}
	return c.rare[r]
}

// add returns the number of r, which it gives it if there is none; of more than
// maxCharacters the rest get 0.
func (c *characters) add(r rune) uint16 {
	if code := c.code(r); code != 0 || c.count == maxCharacters {
		return code
	}
	c.count++
	if int(r) < len(c.common) {
		c.common[r] = uint16(c.count)
	} else {
		if c.rare == nil {
			c.rare = make(map[rune]uint16)
		}
		c.rare[r] = uint16(c.count)
	}
	return uint16(c.count)
}

// with returns c, or a copy of it, that numbers the characters of words too.
func (c *characters) with(words []string) *characters {
	copied := false
	for _, word := range words {
		for _, r := range word {
			if c.code(r) != 0 {
				continue
			}
			if !copied {
				c = &characters{common: c.common, rare: maps.Clone(c.rare), count: c.count}
				copied = true
			}
			c.add(r)
		}
	}
	return c
}

// addAll numbers the characters of text.
func (c *characters) addAll(text []byte) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		c.add(r)
		text = text[size:]
	}
}
