package nlp

import (
	"math/bits"
	"unicode/utf8"
)

// trie is a tree of characters, each known by its class in an alphabet. It is
// one hash table with linear probing: a node is known by the place of the edge
// that leads to it, plus 1, and 0 is no node.
type trie struct {
	root  []int32  // class → node
	edges []uint64 // the node it leads from, or 0 for the root, and the class; 0: free
	nodes []uint32 // of each edge: what the node it leads to holds
	shift uint8    // makes a place of a hash
	used  int
}

// What a node holds: whether others follow it, a mark, and a value, plus 1.
const (
	nodeMore = 1 << iota
	nodeMark
	nodeValue = iota // bits below the value
)

// trieEntry is a word to put into a trie, and what its node holds.
type trieEntry struct {
	text   string
	value  int32 // -1: none
	marked bool
}

// newTrie returns a trie of entries, whose characters it adds to a.
func newTrie(a *alphabet, entries []trieEntry) *trie {
	for size := 1 << 10; ; size *= 2 {
		t := &trie{edges: make([]uint64, size), nodes: make([]uint32, size), shift: uint8(64 - bits.TrailingZeros(uint(size)))}
		if t.fill(a, entries) {
			t.root = make([]int32, a.next)
			for class := range t.root {
				t.root[class] = t.child(0, uint16(class))
			}
			return t
		}
	}
}

// fill puts entries in, unless more than half of the places would be taken.
func (t *trie) fill(a *alphabet, entries []trieEntry) bool {
	for _, e := range entries {
		node := int32(0)
		for _, r := range e.text {
			if node != 0 {
				t.nodes[node-1] |= nodeMore
			}
			if t.used > len(t.edges)/2 {
				return false
			}
			node = t.grow(node, a.add(r))
		}
		if node == 0 {
			continue
		}
		if e.value >= 0 {
			t.nodes[node-1] |= uint32(e.value+1) << nodeValue
		}
		if e.marked {
			t.nodes[node-1] |= nodeMark
		}
	}
	return true
}

// grow returns the child of node by class, which it makes if there is none.
func (t *trie) grow(node int32, class uint16) int32 {
	if child := t.child(node, class); child != 0 {
		return child
	}
	edge, place := t.edge(node, class)
	for t.edges[place] != 0 {
		place = (place + 1) & uint64(len(t.edges)-1)
	}
	t.edges[place] = edge
	t.used++
	return int32(place) + 1
}

// edge returns the edge from node by class, and the place where it is looked for
// first.
func (t *trie) edge(node int32, class uint16) (edge, place uint64) {
	edge = uint64(node)<<16 | uint64(class)
	return edge, edge * 0x9e3779b97f4a7c15 >> t.shift
}

// child returns the child of node by class, or 0.
func (t *trie) child(node int32, class uint16) int32 {
	if class == 0 {
		return 0
	}
	edge, place := t.edge(node, class)
	for {
		switch t.edges[place&uint64(len(t.edges)-1)] {
		case edge:
			return int32(place&uint64(len(t.edges)-1)) + 1
		case 0:
			return 0
		}
		place++
	}
}

// first returns the child of the root by class, or 0.
func (t *trie) first(class uint16) int32 {
	if int(class) < len(t.root) {
		return t.root[class]
	}
	return 0 // the character was added to the alphabet later
}

// value returns the value of node, or -1.
func (t *trie) value(node int32) int32 { return int32(t.nodes[node-1]>>nodeValue) - 1 }

// find returns the node of word, or 0.
func (t *trie) find(word []glyph) int32 {
	node := t.first(word[0].class)
	for _, g := range word[1:] {
		if node == 0 {
			return 0
		}
		node = t.child(node, g.class)
	}
	return node
}

// matcher finds every occurrence of many literals in one pass over a folded
// text. It is built once and then only read.
type matcher struct {
	alphabet *alphabet
	trie     *trie            // values are the ids of literals; stop words are marked
	literals []matcherLiteral // by id
}

type matcherLiteral struct {
	kinds      kindSet // of the literal's actions
	startsWord bool    // the literal begins with a Latin letter or digit: nothing such may precede it
	endsWord   bool
}

// hit is an occurrence of a literal: bytes of the folded text.
type hit struct {
	literal    int32
	start, end int32
	kinds      kindSet
}

// span is a part of the folded text: bytes.
type span struct{ start, end int32 }

// matcherBuilder collects literals.
type matcherBuilder struct {
	ids   map[string]int32
	texts []string
}

// add registers literal, which must be folded and not empty, and returns its id.
func (b *matcherBuilder) add(literal string) int32 {
	if id, ok := b.ids[literal]; ok {
		return id
	}
	if b.ids == nil {
		b.ids = make(map[string]int32)
	}
	id := int32(len(b.texts))
	b.ids[literal] = id
	b.texts = append(b.texts, literal)
	return id
}

// build returns the matcher of the literals, with the kinds of each, and with
// marked words, of which some may be literals.
func (b *matcherBuilder) build(a *alphabet, kinds []kindSet, marked []string) *matcher {
	m := &matcher{alphabet: a, literals: make([]matcherLiteral, len(b.texts))}
	entries := make([]trieEntry, 0, len(b.texts)+len(marked))
	for id, text := range b.texts {
		first, _ := utf8.DecodeRuneInString(text)
		last, _ := utf8.DecodeLastRuneInString(text)
		m.literals[id] = matcherLiteral{kinds: kinds[id], startsWord: isLatinWord(first), endsWord: isLatinWord(last)}
		entries = append(entries, trieEntry{text: text, value: int32(id)})
	}
	for _, text := range marked {
		entries = append(entries, trieEntry{text: text, value: -1, marked: true})
	}
	m.trie = newTrie(a, entries)
	return m
}

// read returns the glyphs of text and where they begin, its end included. Both
// are working memory, returned for reuse.
func (m *matcher) read(text []byte, glyphs []glyph, offsets []int32) ([]glyph, []int32) {
	glyphs, offsets = glyphs[:0], offsets[:0]
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		glyphs = append(glyphs, m.alphabet.glyph(r))
		offsets = append(offsets, int32(i))
		i += size
	}
	return glyphs, append(offsets, int32(len(text)))
}

// scan appends to hits every occurrence of a literal in text, and to common those
// of common words, by start and then by length. glyphs are those of text, and
// offsets tell where they begin.
func (m *matcher) scan(hits []hit, common []span, text []byte, glyphs []glyph, offsets []int32) ([]hit, []span) {
	for i, g := range glyphs {
		node := m.trie.first(g.class)
		for j := i + 1; node != 0; j++ {
			holds := m.trie.nodes[node-1]
			if id := int32(holds>>nodeValue) - 1; id >= 0 && m.bounded(id, text, offsets[i], offsets[j]) {
				hits = append(hits, hit{literal: id, start: offsets[i], end: offsets[j], kinds: m.literals[id].kinds})
			}
			if holds&nodeMark != 0 {
				common = append(common, span{start: offsets[i], end: offsets[j]})
			}
			if holds&nodeMore == 0 || j == len(glyphs) {
				break
			}
			node = m.trie.child(node, glyphs[j].class)
		}
	}
	return hits, common
}

// literalsOf returns the occurrences of literals in a text of which no more is
// known.
func (m *matcher) literalsOf(text string) []hit {
	glyphs, offsets := m.read([]byte(text), nil, nil)
	hits, _ := m.scan(nil, nil, []byte(text), glyphs, offsets)
	return hits
}

// bounded reports whether the literal id, found from start to end, is not part
// of a longer Latin word or number there.
func (m *matcher) bounded(id int32, text []byte, start, end int32) bool {
	l := &m.literals[id]
	if l.startsWord && start > 0 && isLatinWord(rune(text[start-1])) {
		return false
	}
	return !l.endsWord || int(end) >= len(text) || !isLatinWord(rune(text[end]))
}

func isLatinWord(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
}
