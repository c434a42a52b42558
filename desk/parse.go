package desk

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/huiyin/huiyin/nlp"
)

// Parsed is what a staff message is.
type Parsed struct {
	// Spec is the command; nil where the message is none.
	Spec *Spec
	// Near is the command that a mistyped word probably means, and Word that
	// word; set only where Spec is nil and the message was meant as a command.
	Near *Spec
	Word string

	Items   []int64
	Who     string // without the @
	Options map[string]bool
	Text    string
	// Unclear is what was meant as numbers and names none: #0, or a range that
	// is too long. Such a command is not carried out, since its numbers would
	// otherwise be read as words for the customer.
	Unclear string
	// Asked tells that a note begins with 回复 or 解决 as a word of its own:
	// whoever wrote it may have meant to send it.
	Asked *Spec
}

// maxNumbers bounds how many items one command can name.
const maxNumbers = 200

// Parse reads a message from a team chat. A message is a command only when it
// begins with `/` and a Latin verb, with `!` or `！`, or with a mention of the
// bot (addressed: text is what follows it), and the next word is exactly a verb;
// slash tells that the platform itself says so. Everything else is a note.
func Parse(text string, addressed, slash bool) Parsed {
	text = strings.TrimSpace(text)
	body, marked := text, slash || addressed
	latin := false
	switch {
	case strings.HasPrefix(text, "/"):
		body, marked, latin = text[1:], true, true
	case strings.HasPrefix(text, "!"), strings.HasPrefix(text, "！"):
		_, size := utf8.DecodeRuneInString(text)
		body, marked = text[size:], true
	}
	body = strings.TrimLeftFunc(body, unicode.IsSpace)
	word, rest := firstWord(body)
	spec := lookup(word)
	if latin && !slash && !isASCII(word) {
		// After / only Latin verbs count; the Chinese one is asked about.
		if spec != nil {
			return Parsed{Word: word, Near: spec}
		}
		return Parsed{}
	}
	if marked {
		if spec != nil {
			return arguments(spec, rest)
		}
		p := Parsed{Word: word}
		if near := nearest(word); near != nil {
			p.Near = near
		} else if !latin && !slash {
			p.Word = ""
		}
		return p
	}
	p := Parsed{}
	if spec != nil && (spec.Verb == "reply" || spec.Verb == "resolve") {
		p.Asked = spec
		p.Text = strings.TrimLeftFunc(rest, gap)
	}
	return p
}

// gap reports whether r stands between a verb and what follows: a colon, and
// white space of any width, as Chinese keyboards write it.
func gap(r rune) bool { return unicode.IsSpace(r) || r == ':' || r == '：' }

// listGap reports whether r stands between what is listed.
func listGap(r rune) bool { return gap(r) || r == ',' || r == '，' || r == '、' }

// firstWord cuts a verb off: it ends at a space, a line break, a colon, a
// number sign, or the end.
func firstWord(s string) (word, rest string) {
	for i, r := range s {
		if unicode.IsSpace(r) || r == ':' || r == '：' || r == '#' || r == '＃' {
			return s[:i], s[i:]
		}
		// A platform's own mention of the bot behind a slash command.
		if r == '@' && i > 0 && isASCII(s[:i]) {
			if at := strings.IndexFunc(s, unicode.IsSpace); at > 0 {
				return s[:i], s[at:]
			}
			return s[:i], ""
		}
	}
	return s, ""
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// arguments reads `[#NUMBER …] [@WHO | TEAM] [--OPTION] [TEXT]`.
func arguments(spec *Spec, rest string) Parsed {
	p := Parsed{Spec: spec, Options: map[string]bool{}}
	rest = strings.TrimLeftFunc(rest, gap)
	for rest != "" {
		token, tail := splitToken(rest)
		switch {
		case isNumber(token):
			numbers, ok := readNumbers(token)
			if !ok || len(p.Items)+len(numbers) > maxNumbers {
				p.Unclear, p.Items = token, nil
				return p
			}
			p.Items = append(p.Items, numbers...)
		case strings.HasPrefix(token, "@") && spec.Who && p.Who == "" && len(token) > 1:
			p.Who = strings.TrimPrefix(token, "@")
		case isOption(token):
			name := spec.option(strings.TrimLeft(token, "-—"))
			if name == "" {
				p.Text = strings.TrimSpace(rest)
				return trailing(p)
			}
			p.Options[name] = true
		default:
			p.Text = strings.TrimSpace(rest)
			return trailing(p)
		}
		rest = strings.TrimLeftFunc(tail, listGap)
	}
	return p
}

// trailing takes options off the end of the text.
func trailing(p Parsed) Parsed {
	for {
		last := p.Text
		if at := strings.LastIndexFunc(p.Text, unicode.IsSpace); at >= 0 {
			_, size := utf8.DecodeRuneInString(p.Text[at:])
			last = p.Text[at+size:]
		}
		if !isOption(last) {
			return p
		}
		name := p.Spec.option(strings.TrimLeft(last, "-—"))
		if name == "" {
			return p
		}
		p.Options[name] = true
		p.Text = strings.TrimSpace(strings.TrimSuffix(p.Text, last))
	}
}

// isOption reports whether a word is written as an option: with two dashes, or
// with the long one that keyboards make of them.
func isOption(word string) bool {
	return strings.HasPrefix(word, "--") || strings.HasPrefix(word, "—")
}

// splitToken cuts at white space, and where a number is followed by text
// without one (#12已退款).
func splitToken(s string) (token, rest string) {
	if isNumber(s) {
		end := 0
		for i, r := range s {
			if r == '#' || r == '＃' || isDigit(r) || (r == '-' || r == '－' || r == '~' || r == '～') && i > 0 {
				end = i + utf8.RuneLen(r)
				continue
			}
			break
		}
		return s[:end], s[end:]
	}
	if at := strings.IndexFunc(s, unicode.IsSpace); at >= 0 {
		return s[:at], s[at:]
	}
	return s, ""
}

// isNumber reports whether s begins with an item's number: # or ＃ and a digit.
func isNumber(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	if r != '#' && r != '＃' {
		return false
	}
	d, _ := utf8.DecodeRuneInString(s[size:])
	return isDigit(d)
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' || r >= '０' && r <= '９' }

// readNumbers reads #12, ＃１２ and ranges #20-#31.
func readNumbers(token string) ([]int64, bool) {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '＃':
			return '#'
		case r == '－' || r == '~' || r == '～':
			return '-'
		default:
			return r
		}
	}, token)
	var out []int64
	for _, piece := range strings.FieldsFunc(strings.ReplaceAll(plain, "-#", "-"), func(r rune) bool { return r == '#' }) {
		from, to, isRange := strings.Cut(piece, "-")
		a, err := strconv.ParseInt(from, 10, 64)
		if err != nil || a <= 0 {
			return nil, false
		}
		b := a
		if isRange && to != "" {
			if b, err = strconv.ParseInt(to, 10, 64); err != nil || b < a || b-a >= maxNumbers {
				return nil, false
			}
		}
		for n := a; n <= b; n++ {
			out = append(out, n)
		}
	}
	return out, len(out) > 0
}

// nearest returns the command one slip away from word, or written so in the
// traditional script; nil where none is.
func nearest(word string) *Spec {
	word = nlp.Fold(word)
	if word == "" || utf8.RuneCountInString(word) > 12 {
		return nil
	}
	var best *Spec
	least := 3
	for i := range specs {
		for _, name := range specs[i].names() {
			d := distance(word, name)
			limit := 1
			if isASCII(name) && len(name) > 4 {
				limit = 2
			}
			if d <= limit && d < least && (utf8.RuneCountInString(name) > 1 || d == 0) {
				best, least = &specs[i], d
			}
		}
	}
	return best
}

// distance is the Levenshtein distance in runes, with a swap of neighbours as
// one step.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	prev2 := make([]int, len(y)+1)
	prev := make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur := make([]int, len(y)+1)
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, cur
	}
	return prev[len(y)]
}
