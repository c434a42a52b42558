package jieba

// #include <math.h>
// #cgo LDFLAGS: -lm
import "C"

// weight returns the logarithm of the probability of a word of this frequency. It
// is the C library's, which gojieba takes: of one in a hundred numbers Go's differs
// in the last bit, and where two ways to cut a text are as likely that decides.
func weight(frequency, sum int) float64 {
	return float64(C.log(C.double(float64(frequency) / float64(sum))))
}
