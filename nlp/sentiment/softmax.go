package sentiment

import (
	"math"
	"slices"
)

// Softmax makes probabilities of scores, of which there is one at least.
func Softmax(scores []float32) {
	largest := slices.Max(scores)
	sum := float32(0)
	for i, score := range scores {
		p := exp(score - largest)
		scores[i] = p
		sum += p
	}
	for i := range scores {
		scores[i] /= sum
	}
}

// expSteps is how many steps there are from one power of two to the next: 2^6.
const expSteps = 64

// expPowers are the powers of two of these steps, from 1 up to 2.
var expPowers = func() (powers [expSteps]uint64) {
	for i := range powers {
		powers[i] = math.Float64bits(math.Exp2(float64(i) / expSteps))
	}
	return powers
}()

// exp returns float32(math.Exp(float64(x))), in a third of the time: a short text
// is mostly exponentials. It takes the next step of a power of two, and a short
// series for the rest. That is off by less than expError; where it leaves two
// numbers to round to, as it seldom does, math.Exp decides.
func exp(x float32) float32 {
	const (
		least    = -80 // of which the exponential is a normal number
		expError = 1e-13
	)
	if least < x && x <= 0 {
		steps := int64(float64(x) * (expSteps / math.Ln2)) // toward 0
		rest := float64(x) - float64(steps)*(math.Ln2/expSteps)
		series := 1 + rest*(1+rest*(1./2+rest*(1./6+rest*(1./24+rest*(1./120)))))
		value := series * math.Float64frombits(expPowers[steps&(expSteps-1)]+uint64(steps>>6)<<52)
		if low, high := float32(value-value*expError), float32(value+value*expError); low == high {
			return low
		}
	}
	return float32(math.Exp(float64(x)))
}
