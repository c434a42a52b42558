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
	planes   [17]uint64         // column counters, bit-sliced: plane i holds bit i of all 64 counts
	block    [printBlock]uint64 // hashes that are not in planes yet: the last ones
	n        uint
	previous rune
}

// printBlock is how many hashes are counted at once.
const printBlock = 8

// add counts the next letter, of 2^16 at most.
func (p *printSum) add(r rune) {
	if p.n == 1<<16 {
		return
	}
	p.block[p.n%printBlock] = mix(uint64(p.previous)<<32 | uint64(r))
	p.previous = r
	p.n++
	if p.n%printBlock == 0 {
		p.addBlock()
	}
}

// addBlock adds the eight hashes of the block at once: how far a carry goes cannot
// be guessed, and one by one that would be asked for each of them.
func (p *printSum) addBlock() {
	b := &p.block
	sumA, twoA := addBits(b[0], b[1], b[2])
	sumB, twoB := addBits(b[3], b[4], b[5])
	sumC, twoC := addBits(b[6], b[7], sumA)
	ones, twoD := addBits(sumB, sumC, 0)
	sumD, fourA := addBits(twoA, twoB, twoC)
	twos, fourB := addBits(sumD, twoD, 0)
	fours, eights := addBits(fourA, fourB, 0)
	var carry uint64
	p.planes[0], carry = addBits(p.planes[0], ones, 0)
	p.planes[1], carry = addBits(p.planes[1], twos, carry)
	p.planes[2], carry = addBits(p.planes[2], fours, carry)
	p.planes[3], carry = addBits(p.planes[3], eights, carry)
	for i := 4; carry != 0; i++ {
		p.planes[i], carry = addBits(p.planes[i], carry, 0)
	}
}

// addBits adds three numbers of one bit in each of 64 columns.
func addBits(a, b, c uint64) (sum, carry uint64) {
	either := a ^ b
	return either ^ c, a&b | either&c
}

// majority returns the bits whose count is more than half.
func (p *printSum) majority() uint64 {
	if left := p.n % printBlock; left > 0 {
		clear(p.block[left:])
		p.addBlock()
	}
	half := uint64(p.n) / 2
	var more uint64
	equal := ^uint64(0)
	for i := bits.Len(p.n) - 1; i >= 0; i-- {
		set := -(half >> i & 1) // all bits, or none
		more |= equal & p.planes[i] &^ set
		equal &^= p.planes[i] ^ set
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
