package feed

import (
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxText bounds the text of an entry, in bytes.
const maxText = 32 << 10

// toText returns what a person would read of HTML. Links keep their address,
// resolved against base; pictures keep the words that stand for them.
func toText(source string, base *url.URL) string {
	if !strings.ContainsAny(source, "<&") {
		return tidy(source)
	}
	w := &textWriter{base: base}
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(1 << 20)
	for w.b.Len() < 2*maxText {
		switch z.Next() {
		case html.ErrorToken:
			return tidy(w.finish())
		case html.TextToken:
			if w.hidden == 0 {
				w.b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			w.start(z)
		case html.EndTagToken:
			w.end(z)
		case html.CommentToken, html.DoctypeToken:
		}
	}
	return tidy(w.finish())
}

type textWriter struct {
	b      strings.Builder
	base   *url.URL
	hidden atom.Atom // the element whose content is not for readers
	link   string    // of the link that is open
	from   int       // where its text begins
}

func (w *textWriter) start(z *html.Tokenizer) {
	name, more := z.TagName()
	a := atom.Lookup(name)
	if w.hidden != 0 {
		return
	}
	switch a {
	case atom.Script, atom.Style, atom.Iframe, atom.Object, atom.Template, atom.Svg, atom.Noscript, atom.Head:
		w.hidden = a
	case atom.A:
		w.endLink()
		w.link, w.from = w.address(attribute(z, more, "href")), w.b.Len()
	case atom.Img:
		w.b.WriteString(attribute(z, more, "alt"))
	case atom.Li:
		w.b.WriteString("\n· ")
	case atom.Td, atom.Th:
		w.b.WriteByte(' ')
	default:
		if block(a) {
			w.b.WriteByte('\n')
		}
	}
}

func (w *textWriter) end(z *html.Tokenizer) {
	name, _ := z.TagName()
	a := atom.Lookup(name)
	switch {
	case w.hidden != 0:
		if a == w.hidden {
			w.hidden = 0
		}
	case a == atom.A:
		w.endLink()
	case block(a):
		w.b.WriteByte('\n')
	}
}

// endLink writes the address behind the words that were linked, unless they are
// the address.
func (w *textWriter) endLink() {
	if w.link == "" {
		return
	}
	said := strings.TrimSpace(w.b.String()[min(w.from, w.b.Len()):])
	link := w.link
	w.link = ""
	switch {
	case said == "":
		w.b.WriteString(link)
	case strings.Contains(link, strings.TrimSuffix(strings.TrimPrefix(said, "http://"), "/")) && strings.Contains(said, "."):
	default:
		w.b.WriteString(" (" + link + ")")
	}
}

func (w *textWriter) finish() string {
	w.endLink()
	return w.b.String()
}

// address returns a link that people can follow: of the web, whole.
func (w *textWriter) address(href string) string { return address(href, w.base) }

func address(href string, base *url.URL) string {
	href = strings.TrimSpace(href)
	if href == "" || len(href) > maxAddress || strings.HasPrefix(href, "#") {
		return ""
	}
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.String()
}

func attribute(z *html.Tokenizer, more bool, want string) string {
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if string(key) == want {
			return string(value)
		}
	}
	return ""
}

func block(a atom.Atom) bool {
	switch a {
	case atom.Br, atom.P, atom.Div, atom.Tr, atom.Table, atom.Ul, atom.Ol, atom.Li, atom.Blockquote, atom.Pre, atom.Hr,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dt, atom.Dd, atom.Figcaption:
		return true
	default:
		return false
	}
}

// tidy joins runs of space, drops what cannot be seen and bounds the length.
func tidy(s string) string {
	var b strings.Builder
	b.Grow(min(len(s), maxText))
	space, lines := false, 0
	for _, r := range s {
		switch {
		case r == '\n':
			lines++
		case unicode.IsSpace(r):
			space = true
		case r < ' ' || r == 0x7f || r == '\uFEFF':
		default:
			if b.Len() > 0 {
				switch {
				case lines > 0:
					b.WriteString(strings.Repeat("\n", min(lines, 2)))
				case space:
					b.WriteByte(' ')
				}
			}
			space, lines = false, 0
			b.WriteRune(r)
		}
		if b.Len() >= maxText {
			break
		}
	}
	return b.String()
}
