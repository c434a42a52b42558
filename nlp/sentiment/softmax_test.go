package sentiment

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestExp: exp is math.Exp to the bit, for what softmax asks for and beside it.
func TestExp(t *testing.T) {
	check := func(x float32) {
		got, want := exp(x), float32(math.Exp(float64(x)))
		if math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
	}
	random := rand.New(rand.NewPCG(1, 4))
	for range 1_000_000 {
		check(-random.Float32() * 20)
		check(-random.Float32() * 110)
		check(math.Float32frombits(random.Uint32()))
	}
	for _, x := range []float32{0, float32(math.Copysign(0, -1)), -80, -87.3, -87.4, -103, -104, 1, 88, 89, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())} {
		check(x)
	}
	for steps := range 80 * expSteps {
		x := -float32(steps) * math.Ln2 / expSteps
		check(x)
		check(math.Nextafter32(x, 0))
		check(math.Nextafter32(x, -200))
	}
}
