package desk

import "strings"

// difference returns what was and what is, without the beginning and the end
// that they share: 「虫」→「塑料片」. Where nothing is shared both come whole, cut.
func difference(was, is string) (before, after string) {
	a, b := []rune(was), []rune(is)
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	const most = 60
	cut := func(r []rune) string {
		s := strings.TrimSpace(string(r))
		if len(r) > most {
			s = string(r[:most]) + "…"
		}
		return s
	}
	return cut(a[start : len(a)-end]), cut(b[start : len(b)-end])
}
