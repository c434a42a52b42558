// Package near finds the known word that a mistyped one was meant to be, for
// errors that say what to write instead.
package near

import "strings"

// maxLen bounds the words that are compared, in runes: nobody mistypes more,
// and the cost grows with the square.
const maxLen = 64

// Word returns the element of known that word was most likely meant to be, and
// false where nothing is near. Case does not count. Up to a third of the letters
// may be wrong, left out, added or swapped with their neighbour, and one of a
// shorter word (解绝 is 解决); else word may be the beginning, three letters or
// more, of a known one. Of equally near words the first wins.
func Word(word string, known []string) (string, bool) {
	typed := []rune(strings.ToLower(word))
	if len(typed) == 0 || len(typed) > maxLen {
		return "", false
	}
	best, bestDistance := "", maxLen
	for _, candidate := range known {
		target := []rune(strings.ToLower(candidate))
		if len(target) > maxLen {
			continue
		}
		if d := distance(typed, target); d < bestDistance && d <= allowed(max(len(typed), len(target))) {
			best, bestDistance = candidate, d
		}
	}
	if best != "" {
		return best, true
	}
	const prefix = 3
	for _, candidate := range known {
		if len(typed) >= prefix && strings.HasPrefix(strings.ToLower(candidate), string(typed)) {
			return candidate, true
		}
	}
	return "", false
}

// allowed is how many slips a word of n letters may hold.
func allowed(n int) int {
	switch {
	case n < 2:
		return 0
	case n < 6:
		return 1
	default:
		return n / 3
	}
}

// distance is the number of slips between a and b: letters wrong, missing,
// added, or two neighbours swapped (optimal string alignment).
func distance(a, b []rune) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
