package sentiment

// addRows adds to lanes the rows of slots, of columns bytes each: the first sixteen
// columns, then the last sixteen, made positive.
//
//go:noescape
func addRows(lanes *[32]uint16, rows *byte, slots []uint32)

// sum is sumPlain for sixteen columns at a time.
func (t *table) sum(sums *[columns]int32, slots []uint32) {
	if len(slots) == 0 {
		return
	}
	var lanes [32]uint16
	addRows(&lanes, &t.rows[0], slots)
	bias := 128 * int32(len(slots))
	for c := range 16 {
		sums[c] += int32(lanes[c]) - bias
	}
	for c := 16; c < columns; c++ {
		sums[c] += int32(lanes[32-columns+c]) - bias
	}
}

// findRuns is foursPlain of so many fours, that looks at eight marks at a time. There
// are eight slots at least.
//
//go:noescape
func findRuns(runs *run, units *uint64, fours int, first run, marks *byte, slots int) (found, done, known int)

// The assembler knows where in a run its slot is, how long runs are, and how many
// bytes a row has.
const (
	_ = uint(columns - 26)
	_ = uint(26 - columns)
	_ = uint(runMoreBits + runFirstBits - 32)
	_ = uint(32 - runMoreBits - runFirstBits)
	_ = uint(maxGram - 4)
	_ = uint(4 - maxGram)
)

// fours is foursPlain.
func (t *table) fours(runs []run, units []uint64, first run) (found, done, known int) {
	fours := len(units) - maxGram + 1
	if t.slots < 8 || fours < 1 || len(runs) < maxGram*fours {
		return 0, 0, 0
	}
	return findRuns(&runs[0], &units[0], fours, first, &t.marks[0], t.slots)
}
