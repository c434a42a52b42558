package nlp

import "math"

// weights are those of one row, a class each, and a last one that stays 0: a
// processor that works on four at a time then needs no other way for the rest.
type weights [classCount + 1]float32

// The assembler has this many turns of four, and this many rows of products.
const (
	_ = uint(len(weights{}) - 5*4)
	_ = uint(5*4 - len(weights{}))
	_ = uint(denseSize - 80)
	_ = uint(80 - denseSize)
)

// descent is how weights descend, each number four times over.
type descent struct{ decay, rate, floor [4]float32 }

// headDescent is how those of the head do.
func headDescent() *descent {
	four := func(x float32) [4]float32 { return [4]float32{x, x, x, x} }
	return &descent{decay: four(headDecay), rate: four(headRate), floor: four(1e-3)}
}

// descendPlain moves w against the slope, for a feature that counts x, and adds to
// its squares (AdaGrad).
func descendPlain(w, squares, slope *weights, x float32, o *descent) {
	for c := range w {
		g := slope[c]*x + o.decay[0]*w[c]
		squares[c] += g * g
		w[c] -= o.rate[0] * g / (o.floor[0] + float32(math.Sqrt(float64(squares[c]))))
	}
}

// sumRowsPlain adds to sum the rows of these numbers, all of which there are.
func sumRowsPlain(sum *weights, rows []weights, numbers []uint32) {
	for _, n := range numbers {
		for c, w := range &rows[n] {
			sum[c] += w
		}
	}
}

// addProductsPlain adds to sum each of rows times its number, unless that is 0.
func addProductsPlain(sum *weights, rows *[denseSize]weights, times *[denseSize]float32) {
	for i, x := range times {
		if x == 0 {
			continue
		}
		for c, w := range &rows[i] {
			sum[c] += x * w
		}
	}
}
