package store

import (
	"strconv"
	"strings"
)

// dialect is which SQL an engine speaks, for the few statements that differ.
type dialect int

const (
	sqlite dialect = iota
	postgres
)

func (d dialect) String() string {
	if d == postgres {
		return "postgres"
	}
	return "sqlite"
}

// numbered returns query with each ? numbered from 1, as $1. A ? that bears a
// number already keeps it: ?2. Quoted text is left alone. SQLite numbers them
// alike itself, and is the slower at it the more of them have names: its driver
// asks for the name of each argument each time.
func numbered(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 32)
	quoted, n := false, 0
	for i := range len(query) {
		c := query[i]
		switch {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			b.WriteByte('$')
			if i+1 == len(query) || query[i+1] < '0' || query[i+1] > '9' {
				n++
				b.WriteString(strconv.Itoa(n))
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
