package nlp

// These are descendPlain, sumRowsPlain and addProductsPlain for four classes at a
// time. Half of the time of training, at every start and six times at every try to
// learn from corrections, went into the roots and quotients of descend, and a
// tenth of an analysis into sums.

//go:noescape
func descend(w, squares, slope *weights, x float32, o *descent)

//go:noescape
func addRows(sum, rows *weights, numbers []uint32)

//go:noescape
func addProducts(sum *weights, rows *[denseSize]weights, times *[denseSize]float32)

// sumRows adds to sum the rows of these numbers, all of which there are.
func sumRows(sum *weights, rows []weights, numbers []uint32) {
	if len(numbers) > 0 {
		addRows(sum, &rows[0], numbers)
	}
}
