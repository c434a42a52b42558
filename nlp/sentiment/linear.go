package sentiment

import (
	"context"
	"math"
	"math/rand/v2"
)

// example is one text as a head is trained on it.
type example struct {
	features []uint32
	target   float32 // 0 to 1
	weight   float32
}

// head is a linear score of the features of a text.
type head struct {
	weights []float32
	bias    float32
}

type headOptions struct {
	rate    float64
	epochs  int
	dropout float64
	seed    uint64
	// scale says of each feature how far it is trusted; nil: all alike.
	scale []float32
}

const gradientFloor = 1e-2 // first value of AdaGrad's sums: no first step is a leap

// trainHead fits a logistic regression by AdaGrad with feature dropout. It is
// one sequence of steps, so that the result depends on its arguments alone.
func trainHead(ctx context.Context, examples []example, features int, o headOptions) (*head, error) {
	h := &head{weights: make([]float32, features)}
	sums := make([]float32, features)
	for i := range sums {
		sums[i] = gradientFloor
	}
	biasSum := float32(gradientFloor)
	random := rand.New(rand.NewPCG(o.seed, 1))
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	rate := float32(o.rate)
	var kept []uint32
	for range o.epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for step, i := range order {
			if step%4096 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			e := &examples[i]
			kept = dropFeatures(kept[:0], e.features, o.dropout, random)
			value := float32(featureValue(len(e.features)) / (1 - o.dropout))
			z := float32(0)
			for _, f := range kept {
				z += h.weights[f] * o.scale[f]
			}
			gradient := (float32(sigmoid(float64(z*value+h.bias))) - e.target) * e.weight
			if -1e-4 < gradient && gradient < 1e-4 {
				continue
			}
			for _, f := range kept {
				g := gradient * value * o.scale[f]
				sums[f] += g * g
				h.weights[f] -= rate * g / float32(math.Sqrt(float64(sums[f])))
			}
			biasSum += gradient * gradient
			h.bias -= rate * gradient / float32(math.Sqrt(float64(biasSum)))
		}
	}
	for f := range h.weights {
		h.weights[f] *= o.scale[f]
	}
	return h, nil
}

// dropFeatures appends the features that dropout leaves, each dropped with the
// probability given.
func dropFeatures(to, features []uint32, dropout float64, random *rand.Rand) []uint32 {
	threshold := uint64(dropout * (1 << 16))
	var bits uint64
	for i, f := range features {
		if i%4 == 0 {
			bits = random.Uint64()
		}
		if bits&0xffff >= threshold {
			to = append(to, f)
		}
		bits >>= 16
	}
	return to
}

// score is what h gives a text that has these features.
func (h *head) score(features []uint32) float64 {
	z := float32(0)
	for _, f := range features {
		z += h.weights[f]
	}
	return featureValue(len(features))*float64(z) + float64(h.bias)
}
