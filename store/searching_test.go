package store

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCoverOf: the blocks of a stretch hold every item of it, and beside it only
// what shares the smallest blocks at its edges.
func TestCoverOf(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const smallest = 1 << 13
	for range 2000 {
		from := 1 + r.Int64N(1<<(1+r.IntN(40)))
		before := from + 1 + r.Int64N(1<<(1+r.IntN(26)))
		cover := coverOf(from, before)
		in := func(item int64) bool {
			return slices.ContainsFunc(blocksOf(item), func(code string) bool { return slices.Contains(cover, code) })
		}
		for _, item := range []int64{from, before - 1, from + r.Int64N(before-from), from + r.Int64N(before-from)} {
			if !in(item) {
				t.Fatalf("%d is missing in the blocks of %d to %d: %q", item, from, before, cover)
			}
		}
		for _, item := range []int64{from - smallest, before + smallest - 1} {
			if item >= 0 && in(item) {
				t.Fatalf("%d is in the blocks of %d to %d: %q", item, from, before, cover)
			}
		}
		if n := (before-from)>>22 + 4*7*2; int64(len(cover)) > n {
			t.Fatalf("%d blocks for %d to %d", len(cover), from, before)
		}
	}
}
