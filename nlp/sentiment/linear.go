package sentiment

import (
	"context"
	"math"
	"math/rand/v2"
)

// example is one text as a head is trained on it.
type example struct {
	features []uint32
	domains  *[domains]float32 // how far the text is of each domain
	target   float32           // 0 to 1
	weight   float32
}

// row holds the weights of one feature in a head: one for all texts, and one
// that counts as far as a text is of a domain.
type row [1 + domains]float32

// head is a linear score of the features of a text, with experts by domain.
type head struct {
	rows []row
	bias row
}

type headOptions struct {
	rate    float64 // of the weights for all texts
	expert  float64 // rate of the weights by domain
	epochs  int
	dropout float64
	seed    uint64
	// scale says of each feature how far it is trusted.
	scale []float32
	// experts is false for a head without weights by domain.
	experts bool
}

const (
	gradientFloor = 1e-2 // first value of AdaGrad's sums: no first step is a leap
	foreign       = 0.05 // a domain below this share learns nothing from a text
	biasRate      = 0.01
)

// trainHead fits a logistic regression by AdaGrad with feature dropout. It is
// one sequence of steps, so that the result depends on its arguments alone.
func trainHead(ctx context.Context, examples []example, features int, o headOptions) (*head, error) {
	h := &head{rows: make([]row, features)}
	sums := make([]row, features)
	random := newRandom(o.seed)
	order := random.Perm(len(examples))
	var kept []uint32
	for range o.epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for step, i := range order {
			if step%4096 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			e := &examples[i]
			kept = dropFeatures(kept[:0], e.features, o.dropout, random)
			h.step(e, kept, sums, o)
		}
	}
	for f := range h.rows {
		for c := range h.rows[f] {
			h.rows[f][c] *= o.scale[f]
		}
	}
	return h, nil
}

// average makes h the mean of h and g.
func (h *head) average(g *head) {
	for f := range h.rows {
		for c := range h.rows[f] {
			h.rows[f][c] = (h.rows[f][c] + g.rows[f][c]) / 2
		}
	}
	for c := range h.bias {
		h.bias[c] = (h.bias[c] + g.bias[c]) / 2
	}
}

// newRandom returns the numbers of a seed. They choose the order of the rows
// and what dropout leaves out, so they must be repeatable, not secret.
func newRandom(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable on purpose, see above
}

// step moves the weights of the kept features of one example.
func (h *head) step(e *example, kept []uint32, sums []row, o headOptions) {
	value := float32(featureValue(len(e.features)) / (1 - o.dropout))
	part := row{1}
	if o.experts {
		copy(part[1:], e.domains[:])
	}
	var sum row
	for _, f := range kept {
		scale := o.scale[f]
		if !o.experts {
			sum[0] += scale * h.rows[f][0]
			continue
		}
		for c, w := range h.rows[f] {
			sum[c] += scale * w
		}
	}
	z := float32(0)
	for c := range sum {
		z += part[c] * (sum[c]*value + h.bias[c])
	}
	gradient := (float32(sigmoid(float64(z))) - e.target) * e.weight
	if -1e-4 < gradient && gradient < 1e-4 {
		return
	}
	for c, share := range part {
		if share < foreign {
			continue
		}
		h.bias[c] -= biasRate * gradient * share
		rate := float32(o.expert)
		if c == 0 {
			rate = float32(o.rate)
		}
		for _, f := range kept {
			g := gradient * share * value * o.scale[f]
			s := &sums[f][c]
			*s += g * g
			h.rows[f][c] -= rate * g / float32(math.Sqrt(float64(*s+gradientFloor)))
		}
	}
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

// shared is what the part of h that is for all texts gives a text that has
// these features.
func (h *head) shared(features []uint32) float64 {
	z := float32(0)
	for _, f := range features {
		z += h.rows[f][0]
	}
	return featureValue(len(features))*float64(z) + float64(h.bias[0])
}
