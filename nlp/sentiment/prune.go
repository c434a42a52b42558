package sentiment

import (
	"cmp"
	"math"
	"slices"
)

// pruned returns v with the limit features that matter most, most weight times
// most texts first, and with their beginnings.
func (v *vocabulary) pruned(weights []row, counts []uint32, limit int) *vocabulary {
	if len(v.hashes) <= limit {
		return v
	}
	matter := make([]float64, len(v.hashes))
	for f := range matter {
		matter[f] = math.Abs(float64(weights[f][0])) * math.Sqrt(float64(counts[f]))
	}
	// A beginning matters at least as much as what it begins. Runs are numbered
	// by length, so that going backwards passes it on all the way.
	for f := len(matter) - 1; f >= 0; f-- {
		if p := v.begins[f]; p >= 0 {
			matter[p] = max(matter[p], matter[f])
		}
	}
	order := make([]int32, len(matter))
	for f := range order {
		order[f] = int32(f)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(matter[b], matter[a]) })
	kept := order[:limit]
	slices.Sort(kept)
	// Sorting is stable and a beginning has the lower number, so among equals it
	// is kept first.
	p := &vocabulary{numbers: newCounter()}
	numbers := make([]int32, len(matter))
	for _, f := range kept {
		p.hashes = append(p.hashes, v.hashes[f])
		begins := int32(-1)
		if b := v.begins[f]; b >= 0 {
			begins = numbers[b]
		}
		p.begins = append(p.begins, begins)
		numbers[f] = int32(len(p.hashes) - 1)
		p.numbers.at(v.hashes[f]).number = int32(len(p.hashes))
	}
	return p
}
