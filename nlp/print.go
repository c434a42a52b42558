package nlp

import (
	"math/bits"
	"unicode/utf8"
)

// Distance returns in how many bits two prints differ, 0 to 64. Reposts with
// another ending or other punctuation differ in up to about 6; texts that have
// nothing to do with each other in about 32.
func Distance(a, b uint64) int { return bits.OnesCount64(a ^ b) }

// simhash returns the near-duplicate print of a folded text: in each bit what
// the majority of the hashes of its neighbouring pairs of letters has. Signs,
// spaces and digits do not count. It is 0 for a text without letters.
func simhash(text []byte) uint64 {
	// Column counters, bit-sliced: plane i holds bit i of all 64 counts.
	var planes [17]uint64
	n := 0
	previous := rune(0)
	for len(text) > 0 && n < 1<<16 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if !printed(r) {
			continue
		}
		carry := mix(uint64(previous)<<32 | uint64(r))
		for i := 0; carry != 0; i++ {
			planes[i], carry = planes[i]^carry, planes[i]&carry
		}
		previous = r
		n++
	}
	return majority(&planes, n/2)
}

// majority returns the bits whose count is more than half.
func majority(planes *[17]uint64, half int) uint64 {
	var more uint64
	equal := ^uint64(0)
	for i := len(planes) - 1; i >= 0; i-- {
		if half>>i&1 == 0 {
			more |= equal & planes[i]
			equal &^= planes[i]
		} else {
			equal &= planes[i]
		}
	}
	return more
}

func printed(r rune) bool {
	return 'a' <= r && r <= 'z' || r >= 0x80 && (isHan(r) || unspaced(r) || 0x400 <= r && r < 0x2000)
}

// mix scrambles x so that each bit of the result depends on all of x.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
