package sentiment

import "math"

const (
	trustPrior   = 2 // texts that a source is thought to have seen beforehand
	trustSources = 1 // sources that are thought to have no opinion
)

// trust returns for each feature how far it is trusted, from what the sources
// say of it: the square root of the mean, over the sources, of the log-odds that
// the feature adds to the source's own share of positive texts. What speaks the
// same way in many sources is likely to do so in the next one; what speaks in
// one only, or here so and there so, is likely not to.
func trust(examples []example, sources []int32, sourceCount, features int) []float32 {
	type count struct{ positive, all float32 }
	base := make([]count, sourceCount)
	byFeature := make([]count, features*sourceCount)
	for i := range examples {
		e, source := &examples[i], int(sources[i])
		base[source].positive += e.target
		base[source].all++
		for _, f := range e.features {
			c := &byFeature[int(f)*sourceCount+source]
			c.positive += e.target
			c.all++
		}
	}
	scale := make([]float32, features)
	for f := range scale {
		var sum, weights float64
		for s, c := range byFeature[f*sourceCount : (f+1)*sourceCount] {
			if c.all == 0 {
				continue
			}
			share := (float64(base[s].positive) + 0.5) / (float64(base[s].all) + 1)
			all := float64(c.all)
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
