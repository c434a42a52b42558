package sentiment

import "math"

// calibrate returns for each head the factor for its scores that makes the
// probabilities of m fit the held-out rows best (least mean log loss).
func (t *trainer) calibrate(m *Model) (temperature [heads]float32) {
	var scores, targets, weights [heads][]float64
	for _, i := range t.heldOut() {
		logits, _ := m.logits(t.rows[i].Text)
		for h := range heads {
			if y, weight := t.target(h, i); weight > 0 {
				scores[h] = append(scores[h], logits[h])
				targets[h] = append(targets[h], float64(y))
				weights[h] = append(weights[h], float64(weight))
			}
		}
	}
	for h := range heads {
		temperature[h] = 1
		if len(scores[h]) < 20 {
			continue
		}
		temperature[h] = float32(bestFactor(func(factor float64) float64 {
			loss := 0.0
			for i, z := range scores[h] {
				loss += weights[h][i] * logLoss(z*factor, targets[h][i])
			}
			return loss
		}))
	}
	return temperature
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
