package nlp

import (
	"slices"
	"unicode/utf8"
)

// matcher finds every occurrence of many literals in one pass over a folded
// text. It is built once and then only read.
type matcher struct {
	classes  []uint16         // BMP rune → class; 0: in no literal
	rare     map[rune]uint16  // the same beyond the BMP
	root     []int32          // class → node
	nodes    []matcherNode    // node 0 is no node
	edges    []matcherEdge    // of all nodes, each node's sorted by class
	literals []matcherLiteral // by id
}

type matcherNode struct {
	first, count int32 // edges
	literal      int32 // id that ends here, -1: none
}

type matcherEdge struct {
	class uint16
	node  int32
}

type matcherLiteral struct {
	runes      int32
	startsWord bool // the literal begins with a Latin letter or digit: nothing such may precede it
	endsWord   bool
}

// hit is an occurrence of a literal: bytes of the folded text.
type hit struct {
	literal    int32
	start, end int32
}

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

// buildNode is a node while the tree grows.
type buildNode struct {
	children map[uint16]*buildNode
	literal  int32
}

func newBuildNode() *buildNode {
	return &buildNode{children: make(map[uint16]*buildNode), literal: -1}
}

func (b *matcherBuilder) build() *matcher {
	m := &matcher{classes: make([]uint16, 1<<16), rare: make(map[rune]uint16), nodes: make([]matcherNode, 1)}
	top := newBuildNode()
	next := uint16(1)
	class := func(r rune) uint16 {
		c := m.class(r)
		if c != 0 {
			return c
		}
		c = next
		next++
		if r < 1<<16 {
			m.classes[r] = c
		} else {
			m.rare[r] = c
		}
		return c
	}
	for id, text := range b.texts {
		node := top
		for _, r := range text {
			c := class(r)
			child := node.children[c]
			if child == nil {
				child = newBuildNode()
				node.children[c] = child
			}
			node = child
		}
		node.literal = int32(id)
		first, _ := utf8.DecodeRuneInString(text)
		last, _ := utf8.DecodeLastRuneInString(text)
		m.literals = append(m.literals, matcherLiteral{
			runes:      int32(utf8.RuneCountInString(text)),
			startsWord: isLatinWord(first), endsWord: isLatinWord(last),
		})
	}
	m.root = make([]int32, next)
	for c, child := range top.children {
		m.root[c] = m.flatten(child)
	}
	return m
}

// flatten appends node and what is below it and returns its number.
func (m *matcher) flatten(node *buildNode) int32 {
	number := int32(len(m.nodes))
	m.nodes = append(m.nodes, matcherNode{literal: node.literal})
	edges := make([]matcherEdge, 0, len(node.children))
	for c, child := range node.children {
		edges = append(edges, matcherEdge{class: c, node: m.flatten(child)})
	}
	slices.SortFunc(edges, func(a, b matcherEdge) int { return int(a.class) - int(b.class) })
	m.nodes[number].first = int32(len(m.edges))
	m.nodes[number].count = int32(len(edges))
	m.edges = append(m.edges, edges...)
	return number
}

func (m *matcher) class(r rune) uint16 {
	if r < 1<<16 {
		return m.classes[r]
	}
	return m.rare[r]
}

func (m *matcher) child(node int32, class uint16) int32 {
	n := &m.nodes[node]
	for _, e := range m.edges[n.first : n.first+n.count] {
		if e.class >= class {
			if e.class == class {
				return e.node
			}
			return 0
		}
	}
	return 0
}

// scan appends to hits every occurrence of a literal in text, by start and then
// by length. classes and offsets are working memory, returned for reuse.
func (m *matcher) scan(text []byte, hits []hit, classes []uint16, offsets []int32) ([]hit, []uint16, []int32) {
	classes, offsets = classes[:0], offsets[:0]
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			classes = append(classes, m.classes[c])
			offsets = append(offsets, int32(i))
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		classes = append(classes, m.class(r))
		offsets = append(offsets, int32(i))
		i += size
	}
	offsets = append(offsets, int32(len(text)))
	for i, c := range classes {
		node := m.root[c]
		for j := i + 1; node != 0; j++ {
			if id := m.nodes[node].literal; id >= 0 && m.bounded(id, text, offsets[i], offsets[j]) {
				hits = append(hits, hit{literal: id, start: offsets[i], end: offsets[j]})
			}
			if j == len(classes) {
				break
			}
			node = m.child(node, classes[j])
		}
	}
	return hits, classes, offsets
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
