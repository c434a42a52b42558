package telegram

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Telegram makes parts of any text live by itself, entities or not: @names,
// /commands, #tags, $CODES and addresses. Nothing in the API switches that off,
// so a mark of no width is put where each pattern would begin to match:
//
//   - joiner (U+200D) after @, #, $ and /. It is no letter, so it ends a name,
//     a tag and a command before they began.
//   - breaker (U+2060) after the dot before a top level domain, after the dots
//     of an IPv4 address and after the colon of "://". Telegram counts U+200D as
//     a character of domain names; U+2060 it does not.
//
// Where there is no room for marks (the text is at the platform's limit), the
// character itself is replaced by its full-width twin instead: ＠ ＃ ＄ ／ ． ：
// look the same and match nothing.
//
// Long numbers are left alone although Telegram offers to call them or to save
// them as a card: people copy order numbers, and a number notifies nobody.
// Only what would be live is touched, so #128 and 12:30 stay as they are. unmark
// takes the marks out again when somebody sends back what they copied.
const (
	joiner  = "\u200d"
	breaker = "\u2060"
)

// mark is a place behind which a pattern would match: text[:at] ends with the
// character that begins it.
type mark struct {
	at   int
	with string
}

// inert returns a tidied text with nothing live in it.
func inert(text string) string {
	marks := live(text)
	if len(marks) == 0 {
		return text
	}
	var b strings.Builder
	last := 0
	for _, m := range marks {
		b.WriteString(text[last:m.at])
		b.WriteString(m.with)
		last = m.at
	}
	b.WriteString(text[last:])
	return b.String()
}

// inertSame does as inert without making the text longer in UTF-16 units.
func inertSame(text string) string {
	var b strings.Builder
	last := 0
	for _, m := range live(text) {
		r, size := utf8.DecodeLastRuneInString(text[:m.at])
		b.WriteString(text[last : m.at-size])
		b.WriteRune(r + '！' - '!')
		last = m.at
	}
	b.WriteString(text[last:])
	return b.String()
}

var quad = regexp.MustCompile(`[0-9]{1,3}(?:\.[0-9]{1,3}){3}`)

// live returns the places where something in a tidied text would come to life.
func live(text string) []mark {
	var marks []mark
	quads := quad.FindAllStringIndex(text, -1)
	before := rune(0)
	for i, r := range text {
		at := i + utf8.RuneLen(r)
		rest := text[at:]
		next, _ := utf8.DecodeRuneInString(rest)
		switch r {
		case '@':
			if isWord(next) {
				marks = append(marks, mark{at, joiner})
			}
		case '#':
			if startsTag(rest) {
				marks = append(marks, mark{at, joiner})
			}
		case '$':
			if next >= 'A' && next <= 'Z' || strings.HasPrefix(rest, "1INCH") {
				marks = append(marks, mark{at, joiner})
			}
		case '/':
			if isWord(next) && !isWord(before) && before != '/' {
				marks = append(marks, mark{at, joiner})
			}
		case ':':
			if strings.HasPrefix(rest, "//") {
				marks = append(marks, mark{at, breaker})
			}
		case '.':
			for len(quads) > 0 && quads[0][1] <= i {
				quads = quads[1:]
			}
			inQuad := len(quads) > 0 && quads[0][0] < i
			if inQuad || isDomain(before) && startsDomain(rest) {
				marks = append(marks, mark{at, breaker})
			}
		}
		before = r
	}
	return marks
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// startsTag reports whether a # before s would begin a tag: letters, digits and
// underscores, not all of them digits.
func startsTag(s string) bool {
	for _, r := range s {
		switch {
		case r == '_' || r == '\u200c' || unicode.IsLetter(r):
			return true
		case !unicode.IsNumber(r):
			return false
		}
	}
	return false
}

func isDomain(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || r == '-' || r == '_' || r == '~' || r == '\u200c' || r == '\u200d'
}

// startsDomain reports whether s begins with what can be a top level domain.
func startsDomain(s string) bool {
	n := 0
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '-' && r != '\u200c' && r != '\u200d' {
			break
		}
		if n++; n == 2 {
			return true
		}
	}
	return false
}

var marked = strings.NewReplacer(
	"@"+joiner, "@", "#"+joiner, "#", "$"+joiner, "$", "/"+joiner, "/", ":"+breaker, ":", "."+breaker, ".",
)

// unmark takes out the marks that inert put in.
func unmark(text string) string { return marked.Replace(text) }

// tidy returns a text as Telegram keeps it: valid, without control characters
// and without marks that turn the direction of what follows. Telegram does the
// same to what it is sent, which would shift entities.
func tidy(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == 0x2028 || r == 0x2029 || r == 0x85:
			return '\n'
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return ' '
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, text)
}
