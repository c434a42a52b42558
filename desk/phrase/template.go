package phrase

import (
	"fmt"
	"slices"
	"strings"
)

// template is a parsed text.
type template []part

// part is literal text, or a placeholder where name is set.
type part struct {
	literal    string
	name       string
	plural     bool // one of two words, by the number that name stands for
	one, other string
}

// parse reads a text. What is no well-formed placeholder is literal.
func parse(text string) template {
	var t template
	literal := func(s string) {
		if s == "" {
			return
		}
		if n := len(t); n > 0 && t[n-1].name == "" {
			t[n-1].literal += s
			return
		}
		t = append(t, part{literal: s})
	}
	for {
		before, rest, found := strings.Cut(text, "{")
		literal(before)
		if !found {
			return t
		}
		inside, after, closed := strings.Cut(rest, "}")
		p, ok := placeholder(inside)
		if !closed || !ok {
			literal("{")
			text = rest
			continue
		}
		t = append(t, p)
		text = after
	}
}

// placeholder reads what stands between braces: name or name|one|other.
func placeholder(inside string) (part, bool) {
	words := strings.Split(inside, "|")
	if !isName(words[0]) || strings.Contains(inside, "{") {
		return part{}, false
	}
	switch len(words) {
	case 1:
		return part{name: words[0]}, true
	case 3:
		return part{name: words[0], plural: true, one: words[1], other: words[2]}, true
	default:
		return part{}, false
	}
}

// isName reports whether s can name a variable: a small letter, then small
// letters, digits and _.
func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// names returns the variables of t, sorted, each once.
func (t template) names() []string {
	var names []string
	for _, p := range t {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// strays returns what stands between braces and is no placeholder: {编号},
// { number }, {Number}. In a brand's own text it was meant to be one.
func (t template) strays() []string {
	var strays []string
	for _, p := range t {
		rest := p.literal
		for {
			_, after, found := strings.Cut(rest, "{")
			if !found {
				break
			}
			inside, behind, closed := strings.Cut(after, "}")
			if !closed {
				inside, behind = "", after
			}
			strays = append(strays, inside)
			rest = behind
		}
	}
	return strays
}

// fill returns the text with vars in their places.
func (t template) fill(vars Vars) string {
	var b strings.Builder
	for _, p := range t {
		value, ok := vars[p.name]
		switch {
		case p.name == "":
			b.WriteString(p.literal)
		case !ok || value == nil:
		case p.plural && fmt.Sprint(value) == "1":
			b.WriteString(p.one)
		case p.plural:
			b.WriteString(p.other)
		default:
			fmt.Fprint(&b, value)
		}
	}
	return b.String()
}
