package bottest

import "strings"

// Visible returns s as the eye sees it: without marks of no width (connectors
// put them into text to make it inert, and platforms drop some of them), with
// full-width forms of ASCII folded to ASCII, and with spaces collapsed.
func Visible(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	folded := strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return ' '
		case r < ' ' || r == '\u007f' || r >= '\u0080' && r < '\u00a0':
			return -1
		case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u206f':
			return -1
		case r == '\ufeff' || r == '\u00ad' || r == '\ufffd' || r == '\uffff' || r == '\ufffe':
			return -1
		case r >= '\uff01' && r <= '\uff5e':
			return r - '\uff01' + '!'
		}
		return r
	}, s)
	return strings.Join(strings.Fields(folded), " ")
}
