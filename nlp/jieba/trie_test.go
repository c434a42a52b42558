package jieba

import (
	"math/rand/v2"
	"testing"
)

// TestTrie: a trie holds the words that were put in, with the weight given last,
// and no others.
func TestTrie(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		letters := []rune("天地玄黄宇宙洪荒abc𠮷")[:1+random.IntN(12)]
		word := func() string {
			runes := make([]rune, 1+random.IntN(5))
			for i := range runes {
				runes[i] = letters[random.IntN(len(letters))]
			}
			return string(runes)
		}
		want := make(map[string]uint16)
		var text []byte
		var words []entry
		for i := range 1 + random.IntN(400) {
			w := word()
			start := uint32(len(text))
			text = append(text, w...)
			words = append(words, entry{start: start, end: uint32(len(text)), weight: uint16(i + 1)})
			want[w] = uint16(i + 1)
		}
		chars := new(characters)
		chars.addAll(text)
		tree := newTrie(text, words, chars)
		for range 500 {
			w := word()
			if got := find(tree, chars, w); got != want[w] {
				t.Fatalf("%q weighs %d, want %d", w, got, want[w])
			}
		}
		if got := find(tree, chars, "無"); got != 0 {
			t.Fatalf("a character of no word weighs %d", got)
		}
	}
}

// find returns the weight of word, or 0.
func find(tree *trie, chars *characters, word string) uint16 {
	var at node
	for i, r := range word {
		code := chars.code(r)
		if i == 0 {
			at = tree.root(code)
			continue
		}
		next, ok := tree.child(at, code)
		if !ok {
			return 0
		}
		at = next
	}
	return at.weight
}
