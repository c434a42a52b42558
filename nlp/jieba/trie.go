package jieba

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// trie is a tree of characters as a double array: the child of a node by a
// character lies at the node's base plus the character's number, and is its child
// if it says that number. No two nodes have the same base. The children of the
// root lie at the numbers themselves. It is built once and then only read.
type trie struct {
	nodes []node
	first int // the highest number that may lead from the root
}

// node is a node of a trie.
type node struct {
	base   uint32 // 0: it has no children
	code   uint16 // that leads to it; noCode: there is no node here
	weight uint16 // of the word that ends here: an index; 0: none does
}

const noCode = 1<<16 - 1

// root returns the child of the root by code, which may be a node of nothing.
func (t *trie) root(code uint16) node {
	if int(code) <= t.first {
		return t.nodes[code]
	}
	return node{}
}

// child returns the child of n by code, and false where there is none.
func (t *trie) child(n node, code uint16) (node, bool) {
	if n.base == 0 {
		return node{}, false
	}
	at := uint(n.base) + uint(code)
	if at >= uint(len(t.nodes)) {
		return node{}, false
	}
	next := t.nodes[at]
	return next, next.code == code
}

// entry is a word to put into a trie: bytes of a text, and the index of its
// weight.
type entry struct {
	start, end uint32
	weight     uint16
}

// maxWord bounds the words that are looked for, in characters, as gojieba does.
const maxWord = 512

// newTrie returns a trie of words, whose characters all have a number. Of the
// same word twice the last counts. It sorts words.
func newTrie(text []byte, words []entry, chars *characters) *trie {
	order := func(a, b entry) int {
		return cmp.Or(bytes.Compare(text[a.start:a.end], text[b.start:b.end]), cmp.Compare(a.start, b.start))
	}
	if !slices.IsSortedFunc(words, order) {
		slices.SortFunc(words, order)
	}
	b := trieBuilder{text: text, words: words, chars: chars}
	b.grow(chars.count + len(words) + len(words)/2) // about as many as there will be
	for code := range chars.count + 1 {
		b.used.put(uint(code))
		b.nodes[code] = node{code: uint16(code)}
	}
	b.based.put(0)
	level := []branch{{last: uint32(len(words))}}
	for below := []branch(nil); len(level) > 0; level, below = below, level[:0] {
		for _, at := range level {
			below = b.fill(at, below)
		}
	}
	return &trie{nodes: slices.Clone(b.nodes[:b.end]), first: chars.count}
}

// branch is a node whose words are known: from first to last, exclusive, all with
// the same beginning of depth bytes.
type branch struct {
	node        uint32
	first, last uint32
	depth       uint32
}

// trieBuilder builds a trie level by level.
type trieBuilder struct {
	text     []byte
	words    []entry
	chars    *characters
	nodes    []node
	used     bitSet // of nodes
	based    bitSet // of bases
	end      int    // behind the last node
	codes    []uint16
	branches []branch
	// from is where the search for a base begins, by how many children need one:
	// before it little is free.
	from [4]uint
}

// fill gives a node its weight and its children, and appends to below those that
// are to be filled.
func (b *trieBuilder) fill(at branch, below []branch) []branch {
	for ; at.first < at.last && b.length(at.first) == at.depth; at.first++ {
		b.nodes[at.node].weight = b.words[at.first].weight
	}
	b.codes, b.branches = b.codes[:0], b.branches[:0]
	before := rune(-1)
	for i := at.first; i < at.last; i++ {
		w := b.words[i]
		r, size := utf8.DecodeRune(b.text[w.start+at.depth : w.end])
		if r != before {
			before = r
			b.codes = append(b.codes, b.chars.code(r))
			b.branches = append(b.branches, branch{first: i, depth: at.depth + uint32(size)})
		}
		b.branches[len(b.branches)-1].last = i + 1
	}
	if len(b.codes) == 0 {
		return below
	}
	base := uint(0)
	if at.depth > 0 {
		base = b.place()
		b.nodes[at.node].base = uint32(base)
	}
	for i, code := range b.codes {
		slot := base + uint(code)
		b.used.put(slot)
		b.nodes[slot] = node{code: code}
		b.end = max(b.end, int(slot)+1, b.chars.count+1)
		next := b.branches[i]
		if next.first+1 == next.last && b.length(next.first) == next.depth { // one word, which ends here
			b.nodes[slot].weight = b.words[next.first].weight
			continue
		}
		next.node = uint32(slot)
		below = append(below, next)
	}
	return below
}

func (b *trieBuilder) length(word uint32) uint32 { return b.words[word].end - b.words[word].start }

// place returns a base that no node has, for which the places of all codes are
// free. It looks at 64 bases at a time.
func (b *trieBuilder) place() uint {
	class := min(bits.Len(uint(len(b.codes)))-1, len(b.from)-1)
	const patience = 16 // blocks that are looked at in vain before the next search begins later
	for base, looked := b.from[class], 0; ; base, looked = base+64, looked+1 {
		b.grow(int(base) + 64 + b.chars.count + 1)
		taken := b.based.at(base)
		for _, code := range b.codes {
			if taken == 1<<64-1 {
				break
			}
			taken |= b.used.at(base + uint(code))
		}
		if taken == 1<<64-1 {
			continue
		}
		if looked > patience {
			b.from[class] = base
		}
		base += uint(bits.TrailingZeros64(^taken))
		b.based.put(base)
		return base
	}
}

// grow makes room for n nodes.
func (b *trieBuilder) grow(n int) {
	if n <= len(b.nodes) {
		return
	}
	n += n / 8
	more := make([]node, n)
	for i := copy(more, b.nodes); i < n; i++ {
		more[i].code = noCode
	}
	b.nodes = more
	b.used, b.based = b.used.room(n), b.based.room(n)
}

// bitSet is a set of numbers, a bit each.
type bitSet []uint64

// room returns s with room for numbers below n, and for those that at looks at.
func (s bitSet) room(n int) bitSet {
	return append(s, make(bitSet, n/64+2-len(s))...)
}

func (s bitSet) put(n uint) { s[n/64] |= 1 << (n % 64) }

// at returns the bits of 64 numbers from n on.
func (s bitSet) at(n uint) uint64 {
	return s[n/64]>>(n%64) | s[n/64+1]<<(64-n%64)
}
