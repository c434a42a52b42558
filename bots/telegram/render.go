package telegram

import (
	"net/netip"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
)

// entity is a special part of a text. Offset and Length are UTF-16 units.
type entity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	URL    string `json:"url,omitempty"`
	User   *user  `json:"user,omitempty"`
}

// rich is a text with its entities under construction.
type rich struct {
	text     strings.Builder
	units    int
	entities []entity
	// same tells to make text inert without making it longer.
	same bool
}

var textLimit = bots.Limit{N: maxText, Unit: bots.UTF16}

// write appends a tidied text, inert, below the given entities. Each entity
// comes with its type and what belongs to it; place and length are set here.
func (r *rich) write(text string, below ...entity) {
	if r.same {
		text = inertSame(text)
	} else {
		text = inert(text)
	}
	n := textLimit.Len(text)
	if n == 0 {
		return
	}
	for _, e := range below {
		e.Offset, e.Length = r.units, n
		r.entities = append(r.entities, e)
	}
	r.text.WriteString(text)
	r.units += n
}

// message is a finished text, ready to be sent.
type message struct {
	text     string
	entities []entity
}

func (r *rich) message() message { return message{r.text.String(), r.entities} }

// render lays out what a post says, within limit: its card, or its text with
// the people it mentions.
func render(p bots.Post, limit bots.Limit) message {
	lost := strings.Join(lostLinks(p.Buttons), "\n")
	if p.Card != nil {
		return renderCard(*p.Card, p.Mention, strings.Join(lostLinks(p.Card.Buttons), "\n"), limit)
	}
	text := p.Text
	if lost != "" {
		text += "\n" + lost
	}
	return renderText(text, p.Mention, limit)
}

// renderText writes a text and turns the first "@name" of each mentioned person
// into a mention; people whose name is not there are named first.
func renderText(text string, mention []bots.Person, limit bots.Limit) message {
	text = strings.TrimSpace(tidy(text))
	for _, p := range mention {
		if _, known := account(p); known && !strings.Contains(text, "@"+personName(p)) {
			text = "@" + personName(p) + " " + text
		}
	}
	text = limit.Cut(text)
	r := &rich{}
	if r.writeMentions(text, mention); r.units > limit.N {
		r = &rich{same: true}
		r.writeMentions(text, mention)
	}
	return r.message()
}

// writeMentions writes a text with mentions where the names stand.
func (r *rich) writeMentions(text string, mention []bots.Person) {
	type place struct {
		from, to int
		who      user
	}
	var places []place
	for _, p := range mention {
		who, known := account(p)
		name := "@" + personName(p)
		at := strings.Index(text, name)
		if known && at >= 0 {
			places = append(places, place{at, at + len(name), who})
		}
	}
	sort.Slice(places, func(i, j int) bool { return places[i].from < places[j].from })
	last := 0
	for _, p := range places {
		if p.from < last {
			continue // a name that begins with another's
		}
		r.write(text[last:p.from])
		r.write(text[p.from:p.to], entity{Type: "text_mention", User: &p.who})
		last = p.to
	}
	r.write(text[last:])
}

// account returns the user that a mention of p names, and whether p has an
// account here.
func account(p bots.Person) (user, bool) {
	id, err := strconv.ParseInt(p.ID, 10, 64)
	if err != nil || id <= 0 {
		return user{}, false
	}
	return user{ID: id, First: personName(p)}, true
}

func personName(p bots.Person) string {
	name := strings.Join(strings.Fields(tidy(p.Name)), " ")
	if name == "" {
		name = p.Handle
	}
	if name == "" {
		name = p.ID
	}
	return bots.Limit{N: 64}.Cut(name)
}

// renderCard lays out a card: head in bold with its number leading to the
// board, state, the customer's words as a quotation, the lines. Where it is too
// long, lines go from the end, then the quotation is cut.
func renderCard(c bots.Card, mention []bots.Person, lost string, limit bots.Limit) message {
	// Nothing longer than the whole needs to be looked at any further.
	c.Head, c.State = limit.Cut(oneLine(c.Head)), limit.Cut(oneLine(c.State))
	c.Quote = limit.Cut(strings.TrimSpace(tidy(c.Quote)))
	var lines []string
	for _, line := range c.Lines[:min(len(c.Lines), limit.N)] {
		if line = strings.TrimSpace(tidy(line)); line != "" {
			lines = append(lines, limit.Cut(line))
		}
	}
	var people []string
	for _, p := range mention {
		if _, known := account(p); known {
			people = append(people, "@"+personName(p))
		}
	}
	foot := strings.TrimSpace(strings.Join(people, " ") + "\n" + oneLine(lost))
	for _, same := range []bool{false, true} {
		if r := layCard(c, lines, foot, mention, same); r.units <= limit.N {
			return r.message()
		}
	}
	over := layCard(c, lines, foot, mention, true).units - limit.N
	for over > 0 && len(lines) > 0 {
		over -= limit.Len(lines[len(lines)-1]) + 1
		lines = lines[:len(lines)-1]
	}
	if over > 0 {
		// Even then the first line says which item this is and how it stands.
		c.Head = bots.Limit{N: limit.N / 6, Unit: bots.UTF16}.Cut(c.Head)
		c.State = bots.Limit{N: limit.N / 20, Unit: bots.UTF16}.Cut(c.State)
		foot = bots.Limit{N: limit.N / 6, Unit: bots.UTF16}.Cut(foot)
		if over = layCard(c, lines, foot, mention, true).units - limit.N; over > 0 {
			c.Quote = bots.Limit{N: max(1, limit.Len(c.Quote)-over), Unit: bots.UTF16}.Cut(c.Quote)
		}
	}
	return layCard(c, lines, foot, mention, true).message()
}

// layCard writes a card as it is.
func layCard(c bots.Card, lines []string, foot string, mention []bots.Person, same bool) *rich {
	r := &rich{same: same}
	r.writeHead(c)
	if c.State != "" {
		r.write("　　" + c.State)
	}
	if c.Quote != "" {
		r.write("\n")
		r.write(quotation(c.Quote), entity{Type: "blockquote"})
	}
	for _, line := range lines {
		r.write("\n" + line)
	}
	if foot != "" {
		r.write("\n")
		r.writeMentions(foot, mention)
	}
	return r
}

// writeHead writes a card's head in bold; the item's number leads to the board
// where the board has an address that Telegram takes.
func (r *rich) writeHead(c bots.Card) {
	bold := entity{Type: "bold"}
	number := "#" + strconv.FormatInt(c.Item, 10)
	before, after, found := strings.Cut(c.Head, number)
	if found && strings.HasPrefix(after, number[1:]) {
		found = false
	}
	if !found || !linkable(c.URL) {
		r.write(c.Head, bold)
		return
	}
	r.write(before, bold)
	r.write(number, bold, entity{Type: "text_link", URL: c.URL})
	r.write(after, bold)
}

// quotation puts the customer's words into marks, so that a card copied as
// plain text still tells them from ours.
func quotation(text string) string {
	if strings.HasPrefix(text, "「") {
		return text
	}
	return "「" + text + "」"
}

func oneLine(text string) string { return strings.Join(strings.Fields(tidy(text)), " ") }

// button is an inline button as Telegram takes it.
type button struct {
	Text  string `json:"text"`
	Data  string `json:"callback_data,omitempty"`
	URL   string `json:"url,omitempty"`
	Style string `json:"style,omitempty"`
}

// buttonRoom is how much of a button's text is kept: a phone shows less.
const buttonRoom = 64

// keyboard turns buttons into rows that Telegram takes. Buttons whose address
// it would refuse, and with it the whole message, are left out: lostLinks tells
// of them in the text.
func keyboard(rows [][]bots.Button) [][]button {
	var out [][]button
	for _, row := range rows {
		var keys []button
		for _, b := range row {
			key := button{Text: bots.Limit{N: buttonRoom}.Cut(oneLine(b.Text)), Data: b.Data, Style: style(b.Style)}
			switch {
			case key.Text == "":
				key.Text = "…"
			case b.Data == "" && linkable(b.URL):
				key.URL = b.URL
			}
			if key.Data != "" && len(key.Data) <= maxData && utf8.ValidString(key.Data) || key.URL != "" {
				keys = append(keys, key)
			}
		}
		for len(keys) > maxRow {
			out, keys = append(out, keys[:maxRow]), keys[maxRow:]
		}
		if len(keys) > 0 {
			out = append(out, keys)
		}
	}
	return out
}

func style(s bots.Style) string {
	switch s {
	case bots.Primary, bots.Danger:
		return string(s)
	case bots.Plain:
	}
	return ""
}

// lostLinks returns a line for each button whose address Telegram refuses, such
// as a board on localhost.
func lostLinks(rows [][]bots.Button) []string {
	var lines []string
	for _, row := range rows {
		for _, b := range row {
			if b.Data == "" && b.URL != "" && !linkable(b.URL) {
				lines = append(lines, oneLine(b.Text+"："+b.URL))
			}
		}
	}
	return lines
}

// linkable reports whether Telegram takes an address for a button: http or
// https to a host with a dot or an IP address.
func linkable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !utf8.ValidString(address) {
		return false
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return strings.Contains(strings.Trim(host, "."), ".") && !strings.ContainsAny(host, " \t\n")
}
