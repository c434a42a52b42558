package robot

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
)

// layOut returns a post as one text within the flavour's limit. Everything in
// it is inert but the mentions, the board's address and the buttons'.
func layOut(p bots.Post, f flavour) string {
	head := mentions(p.Mention, f)
	var body, links []string
	if p.Card != nil {
		body, links = layCard(*p.Card)
	} else {
		body, links = []string{inert(bots.Clean(p.Text))}, addresses(p.Buttons)
	}
	for _, file := range p.Files {
		body = append(body, "📎 "+inert(oneLine(file.Name)))
	}
	return fit(head, body, links, f.limit)
}

// layCard lays a card out: head, state, quote, lines, then the way to the
// board. Its buttons work there, not here.
func layCard(c bots.Card) (body, links []string) {
	body = append(body, join("　　", inert(oneLine(c.Head)), inert(oneLine(c.State))))
	if quote := strings.TrimSpace(bots.Clean(c.Quote)); quote != "" {
		body = append(body, "「"+inert(quote)+"」")
	}
	for _, line := range c.Lines {
		body = append(body, inert(bots.Clean(line)))
	}
	if liveURL(c.URL) {
		links = append(links, "→ "+c.URL)
	}
	return body, append(links, addresses(c.Buttons)...)
}

// addresses lists the buttons that open a page.
func addresses(rows [][]bots.Button) []string {
	var out []string
	for _, row := range rows {
		for _, b := range row {
			if liveURL(b.URL) {
				out = append(out, inert(oneLine(b.Text))+" "+b.URL)
			}
		}
	}
	return out
}

// liveURL reports whether s can be shown as an address: people tap it.
func liveURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && len(s) <= 500 &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' })
}

// fit joins the parts within limit bytes: lines go from the body's end, and
// its last one is cut where it alone is too long. The way to the board stays.
func fit(head string, body, links []string, limit int) string {
	room := bots.Limit{N: limit, Unit: bots.Bytes}
	whole := func(body []string) string {
		return strings.TrimSpace(join("\n", append(append([]string{head}, body...), links...)...))
	}
	for len(body) > 1 && !room.Fits(whole(body)) {
		body = body[:len(body)-1]
	}
	text := whole(body)
	if room.Fits(text) {
		return text
	}
	if len(body) == 0 {
		return room.Cut(text)
	}
	left := limit - len(whole(nil)) - len("\n\n")
	if left < 100 {
		return room.Cut(text) // mentions or addresses beyond all measure
	}
	return whole([]string{bots.Limit{N: left, Unit: bots.Bytes}.Cut(body[0])})
}

// join joins what is not empty.
func join(by string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, by)
}

// maxMentions bounds for how many people one message rings.
const maxMentions = 20

// ids returns those who can be mentioned.
func ids(people []bots.Person, f flavour) []string {
	var out []string
	for _, p := range people {
		if f.userID.MatchString(p.ID) && !strings.EqualFold(p.ID, "all") && len(out) < maxMentions {
			out = append(out, p.ID)
		}
	}
	return out
}

// mentions is what stands at a text's beginning for those it rings for.
func mentions(people []bots.Person, f flavour) string {
	if f.inline == nil {
		return ""
	}
	wanted := map[string]bool{}
	for _, id := range ids(people, f) {
		wanted[id] = true
	}
	var out []string
	for _, p := range people {
		if wanted[p.ID] {
			out = append(out, f.inline(p.ID, oneLine(p.Name)))
			wanted[p.ID] = false
		}
	}
	return strings.Join(out, " ")
}

func oneLine(s string) string { return strings.Join(strings.Fields(bots.Clean(s)), " ") }

var quad = regexp.MustCompile(`[0-9]{1,3}(?:\.[0-9]{1,3}){3}`)

// inert returns s with nothing in it that one of the platforms would make a
// mention, a tag or a link of. The characters that begin one become their
// full-width twins: everybody who reads Chinese knows them, and they need no
// invisible characters, which some of the clients show as boxes.
func inert(s string) string {
	s = quad.ReplaceAllStringFunc(s, func(q string) string { return strings.ReplaceAll(q, ".", "．") })
	var b strings.Builder
	before := rune(0)
	for i, r := range s {
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		b.WriteRune(twin(before, r, next))
		before = r
	}
	return b.String()
}

// twin returns r, or its full-width twin where it would begin something live.
func twin(before, r, next rune) rune {
	switch {
	case r == '@' && word(next),
		r == '<' && (unicode.IsLetter(next) || next == '/' || next == '@' || next == '!'),
		r == ':' && next == '/',
		r == '.' && unicode.IsLetter(next) && (word(before) || before == ')'),
		r == ']' && next == '(':
		return r + '！' - '!'
	}
	return r
}

func word(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-'
}
