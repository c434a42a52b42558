package nlp

import (
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// trie is a tree of characters, each known by its class in an alphabet. It is
// one hash table with linear probing: a node is known by the place of the edge
// that leads to it, plus 1, and 0 is no node. Half of the time of a search is
// spent waiting for memory: an edge and what its node holds are one word.
type trie struct {
	root  []trieNode // by class
	edges []uint64   // the node it leads from, or 0 for the root, its class, and what its node holds; 0: free
	shift uint8      // makes a place of a hash
	used  int
}

// trieNode is a node of a trie and what it holds: whether others follow it, a
// mark, and a value, plus 1. The zero trieNode is no node.
type trieNode struct {
	id    int32
	holds uint32
}

const (
	nodeMore  = 1 << iota
	nodeMark         // set for marked words
	nodeValue = iota // bits below the value

	edgeBits = 40 // below what the node holds: 24 of the node before, 16 of the class
	edgeMask = 1<<edgeBits - 1

	// So many places and values there can be.
	maxTrieEdges = 1 << (edgeBits - 16)
	maxTrieValue = 1<<(64-edgeBits-nodeValue) - 2
)

func (n trieNode) more() bool { return n.holds&nodeMore != 0 }

// ends reports whether a word ends with n.
func (n trieNode) ends() bool { return n.holds > nodeMore }

func (n trieNode) marked() bool { return n.holds&nodeMark != 0 }

// value returns the value of n, or -1.
func (n trieNode) value() int32 { return int32(n.holds>>nodeValue) - 1 }

// trieEntry is a word to put into a trie, and what its node holds.
type trieEntry struct {
	text   string
	value  int32 // -1: none
	marked bool
}

// newTrie returns a trie of entries, whose characters it adds to a.
func newTrie(a *alphabet, entries []trieEntry) (*trie, error) {
	for size := 1 << 10; size < maxTrieEdges; size *= 2 {
		t := &trie{edges: make([]uint64, size), shift: uint8(64 - bits.TrailingZeros(uint(size)))}
		if t.fill(a, entries) {
			t.root = make([]trieNode, a.next)
			for class := range t.root {
				t.root[class] = t.child(trieNode{}, uint16(class))
			}
			return t, nil
		}
	}
	return nil, fmt.Errorf("%d words are more than can be looked for at once", len(entries))
}

// fill puts entries in, unless more than half of the places would be taken or a
// value is too large.
func (t *trie) fill(a *alphabet, entries []trieEntry) bool {
	for _, e := range entries {
		node := trieNode{}
		for _, r := range e.text {
			t.hold(node, nodeMore)
			if t.used > len(t.edges)/2 || e.value > maxTrieValue {
				return false
			}
			node = t.grow(node, a.add(r))
		}
		if e.value >= 0 {
			t.hold(node, uint32(e.value+1)<<nodeValue)
		}
		if e.marked {
			t.hold(node, nodeMark)
		}
	}
	return true
}

// hold adds to what a node holds; the root holds nothing.
func (t *trie) hold(node trieNode, what uint32) {
	if node.id != 0 {
		t.edges[node.id-1] |= uint64(what) << edgeBits
	}
}

// grow returns the child of node by class, which it makes if there is none.
func (t *trie) grow(node trieNode, class uint16) trieNode {
	if child := t.child(node, class); child.id != 0 {
		return child
	}
	edge, place := t.edge(node, class)
	for t.edges[place] != 0 {
		place = (place + 1) & uint64(len(t.edges)-1)
	}
	t.edges[place] = edge
	t.used++
	return trieNode{id: int32(place) + 1}
}

// edge returns the edge from node by class, and the place where it is looked for
// first.
func (t *trie) edge(node trieNode, class uint16) (edge, place uint64) {
	edge = uint64(node.id)<<16 | uint64(class)
	return edge, edge * 0x9e3779b97f4a7c15 >> t.shift
}

// child returns the child of node by class, or no node.
func (t *trie) child(node trieNode, class uint16) trieNode {
	if class == 0 {
		return trieNode{}
	}
	edge, place := t.edge(node, class)
	for {
		place &= uint64(len(t.edges) - 1)
		switch found := t.edges[place]; {
		case found&edgeMask == edge:
			return trieNode{id: int32(place) + 1, holds: uint32(found >> edgeBits)}
		case found == 0:
			return trieNode{}
		}
		place++
	}
}

// first returns the child of the root by class, or no node.
func (t *trie) first(class uint16) trieNode {
	if int(class) < len(t.root) {
		return t.root[class]
	}
	return trieNode{} // the character was added to the alphabet later
}

// find returns the node of word, or no node.
func (t *trie) find(word []glyph) trieNode {
	node := t.first(word[0].class)
	for _, g := range word[1:] {
		if node.id == 0 {
			return node
		}
		node = t.child(node, g.class)
	}
	return node
}

// matcher finds every occurrence of many literals in one pass over a folded
// text. It is built once and then only read.
type matcher struct {
	alphabet *alphabet
	trie     *trie     // values are the ids of literals; stop words are marked
	literals []literal // by id
}

// literal is all that is known of a word, in half a line of memory.
type literal struct {
	kinds      kindSet // of its actions
	startsWord bool    // it begins with a Latin letter or digit: nothing such may precede it
	endsWord   bool
	token      actionKind // what it means for polarity, or actNothing
	weight     float32    // of that
	signs      uint32     // the classes of signs it belongs to
	from, to   uint32     // its actions
	keyword    float64    // the weight of a keyword that is one
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

// build returns the matcher of literals, of which it notes how they begin and end,
// and of marked words, some of which may be literals.
func (b *matcherBuilder) build(a *alphabet, literals []literal, marked []string) (*matcher, error) {
	entries := make([]trieEntry, 0, len(b.texts)+len(marked))
	for id, text := range b.texts {
		first, _ := utf8.DecodeRuneInString(text)
		last, _ := utf8.DecodeLastRuneInString(text)
		literals[id].startsWord, literals[id].endsWord = isLatinWord(first), isLatinWord(last)
		entries = append(entries, trieEntry{text: text, value: int32(id)})
	}
	for _, text := range marked {
		entries = append(entries, trieEntry{text: text, value: -1, marked: true})
	}
	words, err := newTrie(a, entries)
	return &matcher{alphabet: a, literals: literals, trie: words}, err
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
		for j := i + 1; node.id != 0; j++ {
			if node.ends() {
				if id := node.value(); id >= 0 && m.bounded(id, text, offsets[i], offsets[j]) {
					hits = append(hits, hit{literal: id, start: offsets[i], end: offsets[j], kinds: m.literals[id].kinds})
				}
				if node.marked() {
					common = append(common, span{start: offsets[i], end: offsets[j]})
				}
			}
			if !node.more() || j == len(glyphs) {
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
