package sentiment

import (
	"context"
	"math"
)

// domains is how many kinds of text a model tells apart. What sources call
// positive differs: 很快 praises a delivery and blames a battery. A gate guesses
// the domain of a text, and the weights by domain count as far as it is sure.
const domains = 8

// gate is a linear classifier of the domain of a text.
type gate struct {
	weights [][domains]float32
	bias    [domains]float32
}

// sourceDomains are the domains of the known sources, see MODEL_CARD.md.
var sourceDomains = map[string]string{
	"shop_平板": "goods", "shop_手机": "goods", "shop_计算机": "goods", "shop_热水器": "goods", "shop_衣服": "goods", own: "goods", phrases: "goods", lexicon: "goods", ownWords: "goods",
	"shop_水果": "food", "waimai": "food", restaurants: "food",
	"htl": "hotel", "shop_酒店": "hotel", "chnsenticorp": "hotel",
	"book_review": "book", "shop_书籍": "book",
	"weibo2018": "weibo", "ewect_usual": "weibo", "shop_蒙牛": "weibo",
	"chat_xs":     "chat",
	"ewect_virus": "event", "osm": "event",
	"bdci_car": "car",
}

// numberDomains returns the number of the domain of each source, in the order of
// their first sources. Sources that are not known are each a domain while there
// is room, then part of the last one.
func numberDomains(sources []string) []int {
	numbers := map[string]int{}
	of := make([]int, len(sources))
	for s, source := range sources {
		name, known := sourceDomains[source]
		if !known {
			name = source
		}
		if _, ok := numbers[name]; !ok {
			numbers[name] = min(len(numbers), domains-1)
		}
		of[s] = numbers[name]
	}
	return of
}

const (
	gateEpochs = 2
	gateRate   = 0.05
)

// trainGate fits a softmax regression to the domains of texts.
func trainGate(ctx context.Context, features [][]uint32, domain []int, featureCount int, seed uint64) (*gate, error) {
	g := &gate{weights: make([][domains]float32, featureCount)}
	sums := make([][domains]float32, featureCount)
	random := newRandom(seed)
	for range gateEpochs {
		for step, i := range random.Perm(len(features)) {
			if step%4096 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			shares := g.shares(features[i])
			value := float32(featureValue(len(features[i])))
			for d, p := range shares {
				gradient := p
				if d == domain[i] {
					gradient--
				}
				if -0.003 < gradient && gradient < 0.003 {
					continue
				}
				g.bias[d] -= biasRate * gradient
				gradient *= value
				for _, f := range features[i] {
					s := &sums[f][d]
					*s += gradient * gradient
					g.weights[f][d] -= gateRate * gradient / float32(math.Sqrt(float64(*s+gradientFloor)))
				}
			}
		}
	}
	return g, nil
}

// shares returns how far a text is of each domain; they sum to 1.
func (g *gate) shares(features []uint32) [domains]float32 {
	var sum [domains]float32
	for _, f := range features {
		for d, w := range g.weights[f] {
			sum[d] += w
		}
	}
	value := float32(featureValue(len(features)))
	for d := range sum {
		sum[d] = sum[d]*value + g.bias[d]
	}
	Softmax(sum[:])
	return sum
}

// mean returns the gate halfway between g and h.
func (g *gate) mean(h *gate) *gate {
	m := &gate{weights: make([][domains]float32, len(g.weights))}
	for f := range m.weights {
		for d := range m.weights[f] {
			m.weights[f][d] = (g.weights[f][d] + h.weights[f][d]) / 2
		}
	}
	for d := range m.bias {
		m.bias[d] = (g.bias[d] + h.bias[d]) / 2
	}
	return m
}
