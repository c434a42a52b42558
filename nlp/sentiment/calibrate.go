package sentiment

import "math"

// temperature returns the factor for the scores of h that makes its
// probabilities fit the held-out rows best (least mean log loss).
func (t *trainer) temperature(h *head, target func(i int) (target, weight float32)) float32 {
	var scores, targets, weights []float64
	for i := range t.rows {
		if t.shown(i) {
			continue
		}
		if y, weight := target(i); weight > 0 {
			scores = append(scores, h.score(t.features[i]))
			targets = append(targets, float64(y))
			weights = append(weights, float64(weight))
		}
	}
	if len(scores) < 20 {
		return 1
	}
	return float32(bestFactor(func(factor float64) float64 {
		loss := 0.0
		for i, z := range scores {
			loss += weights[i] * logLoss(z*factor, targets[i])
		}
		return loss
	}))
}

// logLoss is -log of the probability that the logit z gives to the target.
func logLoss(z, target float64) float64 {
	return math.Max(z, 0) - z*target + math.Log1p(math.Exp(-math.Abs(z)))
}

// bestFactor returns where between 1/16 and 16 the loss, which has one lowest
// point, is lowest.
func bestFactor(loss func(float64) float64) float64 {
	low, high := -4.0, 4.0 // powers of two
	for range 40 {
		a, b := low+(high-low)/3, high-(high-low)/3
		if loss(math.Exp2(a)) < loss(math.Exp2(b)) {
			high = b
		} else {
			low = a
		}
	}
	return math.Exp2((low + high) / 2)
}
