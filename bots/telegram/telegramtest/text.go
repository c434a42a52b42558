package telegramtest

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Entity is a special part of a text; Offset and Length are UTF-16 units.
type Entity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	URL    string `json:"url,omitempty"`
	User   *struct {
		ID int64 `json:"id"`
	} `json:"user,omitempty"`
}

const (
	maxText    = 4096 // UTF-16 units of a message
	maxCaption = 1024 // and of a caption
)

// units returns the length of s in UTF-16 units.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// Part returns the part of text that an entity covers.
func (e Entity) Part(text string) string {
	all := utf16.Encode([]rune(text))
	if e.Offset < 0 || e.Length < 0 || e.Offset+e.Length > len(all) {
		return ""
	}
	return string(utf16.Decode(all[e.Offset : e.Offset+e.Length]))
}

var known = map[string]bool{
	"bold": true, "italic": true, "underline": true, "strikethrough": true, "spoiler": true, "blockquote": true, "expandable_blockquote": true,
	"code": true, "pre": true, "text_link": true, "text_mention": true,
	// A bot may name these; Telegram finds them itself.
	"mention": true, "hashtag": true, "cashtag": true, "bot_command": true, "url": true, "email": true, "phone_number": true,
}

// checkEntities returns why Telegram would refuse a text with these entities,
// "" where it would not. It is strict where Telegram silently drops.
func checkEntities(text string, entities []Entity) string {
	all := utf16.Encode([]rune(text))
	low := func(i int) bool { return i < len(all) && all[i] >= 0xdc00 && all[i] <= 0xdfff }
	for _, e := range entities {
		end := e.Offset + e.Length
		switch {
		case !known[e.Type]:
			return "can't parse entities: unknown entity type"
		case e.Offset < 0 || e.Length <= 0 || end > len(all):
			return "ENTITY_BOUNDS_INVALID"
		case low(e.Offset) || low(end):
			return "ENTITY_BOUNDS_INVALID: inside a surrogate pair"
		case e.Type == "text_link" && !strings.Contains(e.URL, "://"):
			return "ENTITY_URL_INVALID"
		case e.Type == "text_mention" && (e.User == nil || e.User.ID == 0):
			return "ENTITY_MENTION_USER_INVALID"
		}
	}
	if len(entities) > 100 {
		return "ENTITIES_TOO_LONG"
	}
	for i, a := range entities {
		for _, b := range entities[i+1:] {
			if crossing(a, b) {
				return "entities overlap without nesting"
			}
		}
	}
	return ""
}

func crossing(a, b Entity) bool {
	if a.Offset > b.Offset {
		a, b = b, a
	}
	return b.Offset > a.Offset && b.Offset < a.Offset+a.Length && b.Offset+b.Length > a.Offset+a.Length
}

// The patterns that make text live. They are a little greedier than
// Telegram's: a top level domain is any two letters. Joiners of no width are
// part of a domain, as they are for Telegram.
var patterns = []struct {
	kind string
	re   *regexp.Regexp
}{
	{"url", regexp.MustCompile(`(?i)(?:[a-z][a-z0-9+.-]*://)?(?:[\pL\pN\x{200c}\x{200d}_~-]+\.)+[\pL\x{200c}\x{200d}-]{2,}`)},
	{"url", regexp.MustCompile(`(?i)(?:tg|ton|tonsite|http|https|ftp)://[^\s\x{2060}\x{200b}]+`)},
	{"url", regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)},
	{"mention", regexp.MustCompile(`@[A-Za-z0-9_]{2,32}`)},
	{"hashtag", regexp.MustCompile(`#[\pL\pN_\x{200c}]*[\pL_\x{200c}][\pL\pN_\x{200c}]*`)},
	{"cashtag", regexp.MustCompile(`\$(?:1INCH|[A-Z]{1,8})`)},
	{"bot_command", regexp.MustCompile(`/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?`)},
}

// detect returns what Telegram makes live in a text by itself.
func detect(text string) []Entity {
	var found []Entity
	for _, p := range patterns {
		for _, at := range p.re.FindAllStringIndex(text, -1) {
			if p.kind != "url" && at[0] > 0 {
				before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
				if before < utf8.RuneSelf && (before == '_' || before == '/' && p.kind == "bot_command" || isWord(before)) {
					continue
				}
			}
			e := Entity{Type: p.kind, Offset: units(text[:at[0]]), Length: units(text[at[0]:at[1]])}
			if !slices.ContainsFunc(found, func(f Entity) bool { return f.Offset <= e.Offset && e.Offset < f.Offset+f.Length }) {
				found = append(found, e)
			}
		}
	}
	slices.SortFunc(found, func(a, b Entity) int { return a.Offset - b.Offset })
	return found
}

func isWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// clean does to a text what Telegram does to all: control characters become
// spaces, marks that turn the direction or the line are dropped, ends trimmed.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\r', r >= 0x2028 && r <= 0x202e:
			return -1
		case r < ' ':
			return ' '
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

// Refusal says why Telegram would refuse a text of at most limit UTF-16 units
// with these entities; "" where it would take it.
func Refusal(text string, entities []Entity, limit int) string {
	switch reason := checkEntities(text, entities); {
	case reason != "":
		return reason
	case !utf8.ValidString(text):
		return "not UTF-8"
	case len(entities) > 0 && !strings.HasPrefix(text, clean(text)):
		return "the text changes under its entities"
	case units(clean(text)) > limit:
		return "too long"
	}
	return ""
}

// Live returns the parts of a text that Telegram makes live by itself.
func Live(text string) []string {
	var parts []string
	for _, e := range detect(text) {
		parts = append(parts, e.Part(text))
	}
	return parts
}

// empty reports whether nothing of a text can be seen.
func empty(text string) bool {
	return strings.TrimFunc(text, func(r rune) bool {
		return r == ' ' || r == '\n' || r == 0xad || r == 0xfeff || r >= 0x2000 && r <= 0x200f || r >= 0x2060 && r <= 0x206f || r == 0x3000 || r == 0xa0 || r == 0x85
	}) == ""
}
