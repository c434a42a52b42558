package sentiment

import "math"

const (
	trustPrior   = 2 // texts that a group is thought to have seen beforehand
	trustSources = 1 // groups that are thought to have no opinion
)

// trust returns for each feature how far it is trusted, from what the groups of
// sources say of it: the square root of the mean, over the groups, of the log-odds
// that the feature adds to the share of positive texts in the sources it is found
// in. What speaks the same way in many groups is likely to do so in the next one;
// what speaks in one only, or here so and there so, is likely not to. Sources of
// one domain are one group: that three sets of hotel reviews agree says little
// about other things. group has the number of the group of each source.
func trust(examples []example, sources []int32, group []int, features int) []float32 {
	type count struct{ positive, all, expected float32 }
	groups := 0
	for _, g := range group {
		groups = max(groups, g+1)
	}
	base := make([]count, len(group))
	for i := range examples {
		b := &base[sources[i]]
		b.positive += examples[i].target
		b.all++
	}
	byFeature := make([]count, features*groups)
	for i := range examples {
		e, source := &examples[i], sources[i]
		share := (base[source].positive + 0.5) / (base[source].all + 1)
		for _, f := range e.features {
			c := &byFeature[int(f)*groups+group[source]]
			c.positive += e.target
			c.all++
			c.expected += share
		}
	}
	scale := make([]float32, features)
	for f := range scale {
		var sum, weights float64
		for _, c := range byFeature[f*groups : (f+1)*groups] {
			if c.all == 0 {
				continue
			}
			all := float64(c.all)
			share := float64(c.expected) / all
			p := (float64(c.positive) + trustPrior*share) / (all + trustPrior)
			weight := all / (all + trustPrior)
			sum += weight * (logit(p) - logit(share))
			weights += weight
		}
		scale[f] = float32(math.Sqrt(math.Abs(sum) / (weights + trustSources)))
	}
	return scale
}

func logit(p float64) float64 { return math.Log(p / (1 - p)) }
