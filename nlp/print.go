package nlp

import "math/bits"

// Distance returns in how many bits two prints differ, 0 to 64. Reposts with
// another ending or other punctuation differ in up to about 6; texts that have
// nothing to do with each other in about 32.
func Distance(a, b uint64) int { return bits.OnesCount64(a ^ b) }

// printSum makes the near-duplicate print of a folded text: in each bit what the
// majority of the hashes of its neighbouring pairs of letters has. Signs, spaces
// and digits do not count. It is 0 for a text without letters.
type printSum struct {
	planes   [17]uint64 // column counters, bit-sliced: plane i holds bit i of all 64 counts
	n        int
	previous rune
}

// add counts the next letter, of 2^16 at most.
func (p *printSum) add(r rune) {
	if p.n == 1<<16 {
		return
	}
	carry := mix(uint64(p.previous)<<32 | uint64(r))
	for i := 0; carry != 0; i++ {
		p.planes[i], carry = p.planes[i]^carry, p.planes[i]&carry
	}
	p.previous = r
	p.n++
}

// majority returns the bits whose count is more than half.
func (p *printSum) majority() uint64 {
	half := p.n / 2
	var more uint64
	equal := ^uint64(0)
	for i := len(p.planes) - 1; i >= 0; i-- {
		if half>>i&1 == 0 {
			more |= equal & p.planes[i]
			equal &^= p.planes[i]
		} else {
			equal &= p.planes[i]
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
