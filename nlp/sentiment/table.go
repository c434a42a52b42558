package sentiment

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// maxGram is the longest run of units that is a feature.
const maxGram = 4

// table holds the weights of the features: a hash table with linear probing. A
// slot has a 16-bit mark of its feature, so that a search reads little memory,
// and a row of weights. A feature is in the table only together with all its
// beginnings, so that a walk over a text stops at the first run it does not know.
type table struct {
	slots int
	marks []byte    // slots × 2; 0: free
	rows  []byte    // slots × columns
	scale []float32 // a column: what a weight of 1 is worth
}

// slot returns where the search for a feature starts, and its mark.
func (t *table) slot(hash uint64) (int, uint16) {
	mark := uint16(hash)
	if mark == 0 {
		mark = 1
	}
	return int(hash >> 32 * uint64(t.slots) >> 32), mark
}

// find returns the number of the slot of a feature. It looks at four marks at a
// time, as lanes of one word.
func (t *table) find(hash uint64) (int, bool) {
	slot, mark := t.slot(hash)
	wanted := uint64(mark) * laneOnes
	for ; slot+4 <= t.slots; slot += 4 {
		marks := binary.LittleEndian.Uint64(t.marks[2*slot : 2*slot+8])
		same, free := firstZero(marks^wanted), firstZero(marks)
		if first := same | free; first != 0 {
			first &= -first
			return slot + bits.TrailingZeros64(first)/16, same&first != 0
		}
	}
	return t.findNearEnd(slot, mark)
}

const laneOnes = 0x0001000100010001

// firstZero returns a word of which the lowest bit that is set, if any, is the
// highest of the first lane of x that is 0.
func firstZero(x uint64) uint64 { return (x - laneOnes) & ^x & (laneOnes << 15) }

// findNearEnd goes on with a search where the table may end.
func (t *table) findNearEnd(slot int, mark uint16) (int, bool) {
	for {
		if slot == t.slots {
			slot = 0
		}
		switch t.mark(slot) {
		case mark:
			return slot, true
		case 0:
			return 0, false
		}
		slot++
	}
}

func (t *table) mark(slot int) uint16 { return binary.LittleEndian.Uint16(t.marks[2*slot:]) }

// weights returns the weights of a slot that find returned.
func (t *table) weights(slot int) *[columns]byte {
	return (*[columns]byte)(t.rows[slot*columns:])
}

// run is a run of units that is a feature: its slot, its first unit and, in the
// lowest bits, how many more units it has.
type run uint64

const (
	runMoreBits  = 2 // hold 0 to maxGram-1
	runFirstBits = 30
)

func (r run) slot() uint32 { return uint32(r >> (runMoreBits + runFirstBits)) }

// units returns the first unit and the last one.
func (r run) units() (first, last int) {
	first = int(r >> runMoreBits & (1<<runFirstBits - 1))
	return first, first + int(r&(1<<runMoreBits-1))
}

// appendRuns appends the runs of units that are features, by their first unit and
// then by length. It looks for all of them before any weight is read, so that the
// processor can fetch many weights at once: most of the time of judging a text is
// spent here and in add.
func (t *table) appendRuns(runs []run, hashes []uint64) []run {
	before, n := len(runs), len(runs)
	runs = slices.Grow(runs, maxGram*(len(hashes)+1))[:n+maxGram*(len(hashes)+1)]
	units := append(hashes, make([]uint64, maxGram-1)...) // so that the last ones too begin four
	for i := 0; i < len(hashes); {
		found, done, known := t.fours(runs[n:], units[i:], run(i)<<runMoreBits)
		n += found
		if i += done; i < len(hashes) {
			n += t.runsFrom(runs[n:], hashes[i:min(len(hashes), i+maxGram)], known, run(i)<<runMoreBits)
			i++
		}
	}
	return dropBeyond(runs[:n], before, len(hashes))
}

// dropBeyond drops of runs, without the first ones, those that reach beyond the
// last of n units: what stands there may look like a feature.
func dropBeyond(runs []run, from, n int) []run {
	kept := len(runs)
	for kept > from {
		if first, _ := runs[kept-1].units(); first <= n-maxGram {
			break
		}
		kept--
	}
	for _, r := range runs[kept:] {
		if _, last := r.units(); last < n {
			runs[kept] = r
			kept++
		}
	}
	return runs[:kept]
}

// runsFrom writes into runs those that begin at first with all or some of units,
// of which the shortest are there already, so many as known says. It returns how
// many there are.
func (t *table) runsFrom(runs []run, units []uint64, known int, first run) (n int) {
	hash := seedGram
	for k, unit := range units {
		hash = mix(hash, unit)
		if k < known {
			continue
		}
		slot, ok := t.find(hash)
		if !ok {
			return k
		}
		runs[k] = run(slot)<<(runMoreBits+runFirstBits) | first + run(k)
	}
	return len(units)
}

// foursPlain writes into runs those of each four units in turn, of which the first
// four begin at first. How long a run is known cannot be guessed, and a wrong guess
// of the processor costs more than a look at marks: it looks at those of all four
// lengths, and asks only then. Where something lies beyond the first four marks, as
// one search in eight does, or near the table's end, it stops and leaves that to
// runsFrom. It returns how many runs there are, and of how many fours; of the next
// four the shortest runs, so many as known says, are written too.
func (t *table) foursPlain(runs []run, units []uint64, first run) (found, done, known int) {
	for ; done+maxGram <= len(units); done++ {
		hash := seedGram
		have, open := uint(0), uint(0) // a bit for each length: found, and not decided
		to := (*[maxGram]run)(runs[found:])
		for k, unit := range (*[maxGram]uint64)(units[done:]) {
			hash = mix(hash, unit)
			slot, mark := t.slot(hash)
			if slot+4 > t.slots {
				return found, done, 0
			}
			marks := binary.LittleEndian.Uint64(t.marks[2*slot : 2*slot+8])
			same, free := firstZero(marks^uint64(mark)*laneOnes), firstZero(marks)
			lowest := (same | free) & -(same | free)
			have |= bit(same&lowest != 0) << k
			open |= bit(lowest == 0) << k
			to[k] = run(slot+bits.TrailingZeros64(lowest)/16)<<(runMoreBits+runFirstBits) | first + run(k)
		}
		n := bits.TrailingZeros(^have)
		if open>>n&1 != 0 {
			return found, done, n
		}
		found += n
		first += 1 << runMoreBits
	}
	return found, done, 0
}

// bit returns 1 for true. The compiler makes no branch of it.
func bit(b bool) uint {
	if b {
		return 1
	}
	return 0
}

// add adds to sums the weights of the features of runs, each once, and to changes
// those of deltas, unless that is nil. It returns how many features there are.
// Space is working memory.
func (t *table) add(sums *[columns]int32, changes *delta, runs []run, deltas []delta, space []uint32) (n int) {
	seen := newSlotSet(len(runs), space)
	var found [maxLaneRows]uint32
	in := 0
	for i := range runs {
		slot := runs[i].slot()
		if !seen.add(slot) {
			continue
		}
		n++
		if in == maxLaneRows {
			t.sum(sums, found[:])
			in = 0
		}
		found[in] = slot
		in++
		if deltas != nil {
			for h, d := range deltas[slot] {
				changes[h] += d
			}
		}
	}
	t.sum(sums, found[:in])
	return n
}

const (
	maxLaneRows = 256 // of which a lane can hold the sum
	laneMask    = 0x00ff00ff00ff00ff
	laneSigns   = 0x8080808080808080 // makes 0 to 255 of -128 to 127
	laneLast    = columns - 8        // column with which the last word of a row begins

	// Four words hold a row. With another number of columns, sum needs another
	// number of words, and the assembler another way to find a row.
	_ = uint(columns - 25)
	_ = uint(32 - columns)
)

// sumPlain adds to sums the rows of slots, of which there are maxLaneRows at most. It
// adds eight columns at a time: the bytes of a word, made positive, lie in lanes
// of 16 bits, those of even columns in one word and those of odd columns in
// another. The last word of a row ends with it and has some columns again.
func (t *table) sumPlain(sums *[columns]int32, slots []uint32) {
	var even0, even1, even2, even3, odd0, odd1, odd2, odd3 uint64
	for _, slot := range slots {
		row := t.weights(int(slot))
		w := binary.LittleEndian.Uint64(row[0:]) ^ laneSigns
		even0 += w & laneMask
		odd0 += w >> 8 & laneMask
		w = binary.LittleEndian.Uint64(row[8:]) ^ laneSigns
		even1 += w & laneMask
		odd1 += w >> 8 & laneMask
		w = binary.LittleEndian.Uint64(row[16:]) ^ laneSigns
		even2 += w & laneMask
		odd2 += w >> 8 & laneMask
		w = binary.LittleEndian.Uint64(row[laneLast:]) ^ laneSigns
		even3 += w & laneMask
		odd3 += w >> 8 & laneMask
	}
	even, odd := [...]uint64{even0, even1, even2, even3}, [...]uint64{odd0, odd1, odd2, odd3}
	bias := 128 * int32(len(slots))
	for c := range sums {
		word, at := c/8, c%8
		if c >= 24 {
			word, at = 3, c-laneLast
		}
		lane := even[word]
		if at%2 == 1 {
			lane = odd[word]
		}
		sums[c] += int32(uint16(lane>>(at/2*16))) - bias
	}
}

// slotsOf returns the slots of the features of a text, given as its units, each
// once.
func (t *table) slotsOf(hashes []uint64) (slots []int) {
	runs := t.appendRuns(nil, hashes)
	seen := newSlotSet(len(runs), nil)
	for _, run := range runs {
		if seen.add(run.slot()) {
			slots = append(slots, int(run.slot()))
		}
	}
	return slots
}

// slotSet is a set of slot numbers: a hash table with linear probing, of a power
// of two of places.
type slotSet struct {
	slots []uint32 // slot+1, or 0
	shift uint8    // makes a place of a hash
}

// newSlotSet returns an empty set with room for n slots, in space if that is
// large enough.
func newSlotSet(n int, space []uint32) slotSet {
	size := slotSetSize(n)
	if cap(space) < size {
		space = make([]uint32, size)
	}
	clear(space[:size])
	return slotSet{slots: space[:size], shift: uint8(32 - bits.TrailingZeros(uint(size)))}
}

// slotSetSize is how many places a set of n slots needs.
func slotSetSize(n int) int { return 1 << bits.Len(uint(2*n|15)) }

// add adds a slot and reports whether it is new.
func (s *slotSet) add(slot uint32) bool {
	mask := uint32(len(s.slots) - 1)
	i := slot * 0x9e3779b1 >> s.shift
	for ; s.slots[i&mask] != 0; i++ {
		if s.slots[i&mask] == slot+1 {
			return false
		}
	}
	s.slots[i&mask] = slot + 1
	return true
}

// newTable returns the table of features with the weights given a column,
// rounded to 8 bits.
func newTable(features []uint64, weights [][]float32) *table {
	t := &table{slots: len(features)*4/3 + 16, scale: make([]float32, columns)}
	t.marks = make([]byte, 2*t.slots)
	t.rows = make([]byte, columns*t.slots)
	for c, column := range weights {
		largest := float32(0)
		for _, w := range column {
			largest = max(largest, w, -w)
		}
		t.scale[c] = max(largest, 1e-6) / 127
	}
	for f, hash := range features {
		slot, mark := t.slot(hash)
		for t.mark(slot) != 0 {
			slot = (slot + 1) % t.slots
		}
		binary.LittleEndian.PutUint16(t.marks[2*slot:], mark)
		for c := range columns {
			t.weights(slot)[c] = byte(int8(math.Round(float64(weights[c][f] / t.scale[c]))))
		}
	}
	return t
}
