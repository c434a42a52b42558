//go:build !amd64

package nlp

func descend(w, squares, slope *weights, x float32, o *descent) {
	descendPlain(w, squares, slope, x, o)
}

func sumRows(sum *weights, rows []weights, numbers []uint32) { sumRowsPlain(sum, rows, numbers) }

func addProducts(sum *weights, rows *[denseSize]weights, times *[denseSize]float32) {
	addProductsPlain(sum, rows, times)
}
