package slack

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/huiyin/huiyin/bots"
)

// Block Kit's limits. Slack says characters and does not say which: UTF-16
// units are never fewer than runes, so what fits in them fits.
const (
	valueLimit    = 2000
	urlLimit      = 3000
	maxBlocks     = 50
	maxElements   = 25    // of one actions block
	blocksBudget  = 12000 // of all texts together; Slack refuses at about 13,000
	fallbackLimit = 3000
)

func units(n int) bots.Limit { return bots.Limit{N: n, Unit: bots.UTF16} }

// marks show a card's tone beside its state. A coloured attachment would do it
// too, but Slack folds long attachments away, buttons included.
func mark(t bots.Tone) string {
	switch t {
	case bots.Red:
		return "🟥 "
	case bots.Amber:
		return "🟧 "
	case bots.Blue:
		return "🟦 "
	case bots.Green:
		return "🟩 "
	case bots.Grey:
		return "⬜ "
	default:
		return ""
	}
}

// layout is a message as Slack takes it.
type layout struct {
	blocks   []slack.Block
	fallback string // escaped: for notifications, and alone where blocks are refused
}

// layPost lays a post out. All text is plain_text or rich_text, which Slack
// interprets nothing in; only the mentions and the buttons are live.
func layPost(p bots.Post) layout {
	if p.Card != nil {
		return layCard(*p.Card, p.Mention)
	}
	rows := layButtons(p.Buttons, maxBlocks-1)
	l := layWithin(p.Text, p.Mention, blocksBudget-labels(rows))
	l.blocks = append(l.blocks, rows...)
	return l
}

// layText lays out a text without buttons.
func layText(text string, mention []bots.Person) layout {
	return layWithin(text, mention, blocksBudget)
}

// layWithin lays out a text of at most room units.
func layWithin(text string, mention []bots.Person, room int) layout {
	text = units(room).Cut(strings.TrimRight(bots.Clean(text), "\n "))
	var elements []slack.RichTextSectionElement
	elements = append(elements, layMentions(mention)...)
	if text != "" {
		elements = append(elements, slack.NewRichTextSectionTextElement(text, nil))
	}
	l := layout{fallback: fallback(text, mention)}
	if len(elements) > 0 {
		l.blocks = []slack.Block{slack.NewRichTextBlock("", slack.NewRichTextSection(elements...))}
	}
	return l
}

// layCard lays an item's card out: its head, its state with the link to the
// board, the customer's words, the lines, the buttons.
func layCard(c bots.Card, mention []bots.Person) layout {
	rows := layButtons(c.Buttons, maxBlocks-2)
	head := units(150).Cut(oneLine(c.Head))
	left := blocksBudget - units(0).Len(head) - labels(rows)
	var parts []slack.RichTextElement
	if state := layState(c, mention); state != nil {
		parts = append(parts, state)
		left -= units(0).Len(c.State)
	}
	if quote := units(fallbackLimit).Cut(strings.TrimSpace(bots.Clean(c.Quote))); quote != "" {
		parts = append(parts, &slack.RichTextQuote{
			Type:     slack.RTEQuote,
			Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(quote, nil)},
		})
		left -= units(0).Len(quote)
	}
	if lines := linesWithin(c.Lines, left); lines != "" {
		parts = append(parts, slack.NewRichTextSection(slack.NewRichTextSectionTextElement(lines, nil)))
	}
	l := layout{fallback: fallback(first(c.Plain, c.Head), mention)}
	if head != "" {
		l.blocks = append(l.blocks, slack.NewHeaderBlock(plain(head)))
	}
	if len(parts) > 0 {
		l.blocks = append(l.blocks, slack.NewRichTextBlock("", parts...))
	}
	l.blocks = append(l.blocks, rows...)
	return l
}

// layState lays out the line below the head; nil where there is nothing in it.
func layState(c bots.Card, mention []bots.Person) slack.RichTextElement {
	elements := layMentions(mention)
	if state := units(fallbackLimit).Cut(oneLine(c.State)); state != "" {
		elements = append(elements, slack.NewRichTextSectionTextElement(
			mark(c.Tone)+state, &slack.RichTextSectionTextStyle{Bold: true}))
	}
	if liveURL(c.URL) {
		if len(elements) > 0 {
			elements = append(elements, slack.NewRichTextSectionTextElement("　", nil))
		}
		elements = append(elements, slack.NewRichTextSectionLinkElement(c.URL, "#"+strconv.FormatInt(c.Item, 10)+" ↗", nil))
	}
	if len(elements) == 0 {
		return nil
	}
	return slack.NewRichTextSection(elements...)
}

// linesWithin joins lines within n units, dropping them from the end.
func linesWithin(lines []string, n int) string {
	for len(lines) > 0 {
		joined := strings.TrimRight(bots.Clean(strings.Join(lines, "\n")), "\n ")
		if units(0).Len(joined) <= n {
			return joined
		}
		if len(lines) == 1 {
			return units(max(n, 1)).Cut(joined)
		}
		lines = lines[:len(lines)-1]
	}
	return ""
}

// userPattern is what a Slack user's id looks like. Anything else in a mention
// is not sent on.
var userPattern = regexp.MustCompile(`^[UW][A-Z0-9]{1,30}$`)

// layMentions lays out whom a message rings for, each followed by a space.
func layMentions(mention []bots.Person) []slack.RichTextSectionElement {
	var out []slack.RichTextSectionElement
	for _, p := range mention {
		if userPattern.MatchString(p.ID) {
			out = append(out, slack.NewRichTextSectionUserElement(p.ID, nil), slack.NewRichTextSectionTextElement(" ", nil))
		}
	}
	return out
}

// fallback is the message as one escaped text.
func fallback(text string, mention []bots.Person) string {
	var b strings.Builder
	for _, p := range mention {
		if userPattern.MatchString(p.ID) {
			b.WriteString("<@" + p.ID + "> ")
		}
	}
	b.WriteString(inert(units(fallbackLimit).Cut(strings.TrimSpace(bots.Clean(text)))))
	return b.String()
}

// labels counts the units of the buttons' texts.
func labels(rows []slack.Block) int {
	n := 0
	for _, block := range rows {
		actions, ok := block.(*slack.ActionBlock)
		if !ok {
			continue
		}
		for _, e := range actions.Elements.ElementSet {
			if button, ok := e.(*slack.ButtonBlockElement); ok {
				n += units(0).Len(button.Text.Text)
			}
		}
	}
	return n
}

// maxButtons bounds a message's buttons, so that their texts leave room for
// its own.
const maxButtons = 60

// layButtons lays rows of buttons out in at most room blocks.
func layButtons(rows [][]bots.Button, room int) []slack.Block {
	var blocks []slack.Block
	count := 0
	for _, row := range rows {
		var elements []slack.BlockElement
		for _, button := range row {
			if e := layButton(button, count); e != nil && count < maxButtons {
				elements = append(elements, e)
				count++
			}
		}
		for len(elements) > 0 && len(blocks) < room {
			n := min(len(elements), maxElements)
			blocks = append(blocks, slack.NewActionBlock("", elements[:n]...))
			elements = elements[n:]
		}
	}
	return blocks
}

// layButton lays one button out; nil where Slack would refuse the message for
// it.
func layButton(button bots.Button, index int) slack.BlockElement {
	text := units(75).Cut(oneLine(button.Text))
	if text == "" {
		return nil
	}
	e := slack.NewButtonBlockElement("b"+strconv.Itoa(index), button.Data, plain(text))
	switch {
	case button.URL != "" && !liveURL(button.URL), button.URL == "" && button.Data == "", len(button.Data) > valueLimit:
		return nil
	case button.URL != "":
		e.URL, e.Value = button.URL, ""
	}
	switch button.Style {
	case bots.Primary:
		e.Style = slack.StylePrimary
	case bots.Danger:
		e.Style = slack.StyleDanger
	case bots.Plain:
	}
	return e
}

// liveURL reports whether Slack takes an address for a button or a link.
func liveURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= urlLimit && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// plain is a text object in which nothing is interpreted, emoji codes
// included. s is clean and within its limit.
func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func oneLine(s string) string { return strings.Join(strings.Fields(bots.Clean(s)), " ") }
