package sentiment

import "math"

// maxGram is the longest run of units that is a feature.
const maxGram = 4

// table holds the weights of the features: a hash table with linear probing
// whose entries are a 16-bit print of the feature and one weight a column. A
// feature is in the table only together with all its beginnings, so that a walk
// over a text stops at the first run it does not know.
type table struct {
	columns int
	slots   int
	entries []byte    // slots × (2 + columns)
	scale   []float32 // a column: what a weight of 1 is worth
}

// slot returns where the search for a feature starts, and its print (never 0,
// which marks a free slot).
func (t *table) slot(hash uint64) (int, uint16) {
	print := uint16(hash)
	if print == 0 {
		print = 1
	}
	return int(hash >> 32 * uint64(t.slots) >> 32), print
}

// find returns the number of the slot of a feature.
func (t *table) find(hash uint64) (int, bool) {
	slot, print := t.slot(hash)
	stride := 2 + t.columns
	for at := slot * stride; ; {
		have := uint16(t.entries[at]) | uint16(t.entries[at+1])<<8
		if have == print {
			return slot, true
		}
		if have == 0 {
			return 0, false
		}
		if slot++; slot == t.slots {
			slot, at = 0, 0
		} else {
			at += stride
		}
	}
}

// weights returns the weights of a slot that find returned.
func (t *table) weights(slot int) []byte {
	at := slot*(2+t.columns) + 2
	return t.entries[at : at+t.columns]
}

// newTable returns the table of features with the weights given a column,
// rounded to 8 bits. The columns have one length.
func newTable(features []uint64, weights [][]float32) *table {
	t := &table{columns: len(weights), slots: len(features)*4/3 + 16}
	t.entries = make([]byte, t.slots*(2+t.columns))
	t.scale = make([]float32, t.columns)
	for c, column := range weights {
		largest := float32(0)
		for _, w := range column {
			largest = max(largest, w, -w)
		}
		t.scale[c] = max(largest, 1e-6) / 127
	}
	stride := 2 + t.columns
	for f, hash := range features {
		slot, print := t.slot(hash)
		for t.entries[slot*stride] != 0 || t.entries[slot*stride+1] != 0 {
			slot = (slot + 1) % t.slots
		}
		t.entries[slot*stride], t.entries[slot*stride+1] = byte(print), byte(print>>8)
		row := t.weights(slot)
		for c := range row {
			row[c] = byte(int8(math.Round(float64(weights[c][f] / t.scale[c]))))
		}
	}
	return t
}
