package main

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/huiyin/huiyin/nlp/sentiment"
)

const (
	hashBits = 22
	epochs   = 5
	rate     = 0.3
	dropout  = 0.3
)

var classes = []string{sentiment.Positive, sentiment.Neutral, sentiment.Negative}

// linear is a multinomial logistic regression.
type linear struct{ weights [][3]float32 }

// fit learns from rows by AdaGrad (Duchi, Hazan, Singer 2011), leaving out some
// features of a text each time.
func fit(rows []sentiment.Row) *linear {
	m := &linear{weights: make([][3]float32, 1<<hashBits)}
	squares := make([][3]float32, 1<<hashBits)
	texts := make([][]uint32, len(rows))
	for i, row := range rows {
		texts[i] = features(row.Text)
	}
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // G404: repeatable on purpose
	var kept []uint32
	for range epochs {
		for _, i := range random.Perm(len(rows)) {
			kept = kept[:0]
			for _, f := range texts[i] {
				if random.Float32() >= dropout {
					kept = append(kept, f)
				}
			}
			m.step(squares, kept, slices.Index(classes, rows[i].Label))
		}
	}
	return m
}

func (m *linear) step(squares [][3]float32, features []uint32, class int) {
	errors, value := m.probabilities(features)
	errors[class]--
	for _, f := range features {
		for c, e := range errors {
			g := float32(e * value)
			squares[f][c] += g * g
			m.weights[f][c] -= rate * g / float32(math.Sqrt(float64(squares[f][c])+1e-6))
		}
	}
}

// probabilities returns those of the classes, and what a feature counts.
func (m *linear) probabilities(features []uint32) (p [3]float64, value float64) {
	value = 1 / math.Sqrt(float64(max(len(features), 1)))
	for _, f := range features {
		for c, w := range m.weights[f] {
			p[c] += float64(w) * value
		}
	}
	top, sum := slices.Max(p[:]), 0.0
	for c := range p {
		p[c] = math.Exp(p[c] - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return p, value
}

func (m *linear) judge(text string) (pos, neu, neg float64) {
	p, _ := m.probabilities(features(text))
	return p[0], p[1], p[2]
}
