package nlp

import (
	"math/rand/v2"
	"testing"
)

// TestDescend: whatever the processor, training takes the same steps to the bit.
func TestDescend(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	o := headDescent()
	for range 1000 {
		var w, squares, slope weights
		for c := range classCount {
			w[c], slope[c] = random.Float32()-0.5, (random.Float32()-0.5)/float32(1+random.IntN(1e6))
			squares[c] = random.Float32() * float32(random.IntN(3))
		}
		x := 2 * random.Float32()
		wantW, wantSquares := w, squares
		descendPlain(&wantW, &wantSquares, &slope, x, o)
		descend(&w, &squares, &slope, x, o)
		if w != wantW || squares != wantSquares {
			t.Fatalf("%v %v, want %v %v", w, squares, wantW, wantSquares)
		}
		if w[classCount] != 0 {
			t.Fatalf("the weight of no class is %v", w[classCount])
		}
	}
}

// TestSumsOfWeights: whatever the processor, sums are the same to the bit.
func TestSumsOfWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([]weights, 50)
	for i := range rows {
		for c := range classCount {
			rows[i][c] = random.Float32() - 0.5
		}
	}
	var dense [denseSize]weights
	for i := range dense {
		dense[i] = rows[random.IntN(len(rows))]
	}
	for n := range 100 {
		numbers := make([]uint32, n)
		for i := range numbers {
			numbers[i] = uint32(random.IntN(len(rows)))
		}
		got, want := rows[n%len(rows)], rows[n%len(rows)]
		sumRows(&got, rows, numbers)
		sumRowsPlain(&want, rows, numbers)
		var times [denseSize]float32
		for i := range times {
			if random.IntN(3) == 0 {
				times[i] = random.Float32() - 0.5
			}
		}
		addProducts(&got, &dense, &times)
		addProductsPlain(&want, &dense, &times)
		if got != want {
			t.Fatalf("%d rows: %v, want %v", n, got, want)
		}
	}
}
