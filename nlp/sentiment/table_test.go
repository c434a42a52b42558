package sentiment

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// crowded returns a table in which searches go far, some around its end, and
// rows of units of which it knows many.
func crowded(random *rand.Rand, slots int) (*table, [][]uint64) {
	t := &table{slots: slots, marks: make([]byte, 2*slots), rows: make([]byte, columns*slots)}
	for i := range t.rows {
		t.rows[i] = byte(random.Uint32())
	}
	var texts [][]uint64
	for used := 0; used < slots*3/4; {
		units := make([]uint64, random.IntN(12))
		for i := range units {
			units[i] = uint64(random.IntN(60))
		}
		texts = append(texts, units)
		for i := range units {
			hash := seedGram
			for _, unit := range units[i:min(len(units), i+1+random.IntN(maxGram))] {
				hash = mix(hash, unit)
				if _, known := t.find(hash); known || used == slots*3/4 {
					continue
				}
				slot, mark := t.slot(hash)
				for ; t.mark(slot%slots) != 0; slot++ {
				}
				t.marks[2*(slot%slots)], t.marks[2*(slot%slots)+1] = byte(mark), byte(mark>>8)
				used++
			}
		}
	}
	return t, texts
}

// TestRuns: whatever the processor, and however many marks are looked at at once,
// the runs are those that are found one by one.
func TestRuns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, slots := range []int{5, 8, 16, 100, 5000} {
		table, texts := crowded(random, slots)
		for _, units := range texts {
			var want []run
			for i := range units {
				space := make([]run, maxGram)
				n := table.runsFrom(space, units[i:min(len(units), i+maxGram)], 0, run(i)<<runMoreBits)
				want = append(want, space[:n]...)
			}
			if got := table.appendRuns(nil, units); !slices.Equal(got, want) {
				t.Fatalf("%d slots, %v: %v, want %v", slots, units, got, want)
			}
			space := make([]run, maxGram*(len(units)+1))
			if found, _, known := table.foursPlain(space, units, 0); !slices.Equal(space[:found+known], want[:found+known]) {
				t.Fatalf("%d slots, %v: plainly %v, want %v", slots, units, space[:found+known], want)
			}
		}
	}
}

// TestSums: whatever the processor, sums are the same.
func TestSums(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	table, _ := crowded(random, 100)
	for i := range 50 {
		table.rows[random.IntN(len(table.rows))] = []byte{0x80, 0x7f, 0}[i%3]
	}
	for n := range maxLaneRows + 1 {
		slots := make([]uint32, n)
		for i := range slots {
			slots[i] = uint32(random.IntN(table.slots))
			if n%2 == 0 {
				slots[i] = uint32(table.slots - 1)
			}
		}
		var got, want [columns]int32
		got[0], want[0] = 7, 7
		table.sum(&got, slots)
		table.sumPlain(&want, slots)
		if got != want {
			t.Fatalf("%d rows: %v, want %v", n, got, want)
		}
	}
}
