package slack

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// unescape undoes and escape does Slack's escaping, in one pass, so that
// nothing is undone twice.
func unescape(s string) string { return entityReader().Replace(s) }
func escape(s string) string   { return entityWriter().Replace(s) }

func entityReader() *strings.Replacer {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
}

func entityWriter() *strings.Replacer {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
}

// names says what people, channels and groups are called; an empty answer
// leaves the id.
type names interface {
	user(id string) string
	channel(id string) string
}

// readable returns Slack's markup as a person reads it: mentions by name,
// links as their address (and label, where it says something else), entities
// undone. mentions holds the ids of the users named.
func readable(text string, who names) (out string, mentions []string) {
	var b strings.Builder
	for text != "" {
		open := strings.IndexByte(text, '<')
		if open < 0 {
			break
		}
		end := strings.IndexByte(text[open:], '>')
		if end < 0 {
			break
		}
		b.WriteString(unescape(text[:open]))
		token := text[open+1 : open+end]
		if id, ok := userID(token); ok {
			mentions = append(mentions, id)
		}
		b.WriteString(readToken(token, who))
		text = text[open+end+1:]
	}
	b.WriteString(unescape(text))
	return b.String(), mentions
}

// userID returns the user a token mentions.
func userID(token string) (string, bool) {
	if !strings.HasPrefix(token, "@") {
		return "", false
	}
	id, _, _ := strings.Cut(token[1:], "|")
	return id, id != ""
}

// readToken renders what stood between < and >.
func readToken(token string, who names) string {
	target, label, _ := strings.Cut(token, "|")
	label = unescape(label)
	switch {
	case strings.HasPrefix(target, "@"):
		return "@" + first(label, who.user(target[1:]), target[1:])
	case strings.HasPrefix(target, "#"):
		return "#" + first(label, who.channel(target[1:]), target[1:])
	case strings.HasPrefix(target, "!date^"):
		return label
	case strings.HasPrefix(target, "!subteam^"):
		return "@" + strings.TrimPrefix(first(label, strings.TrimPrefix(target, "!subteam^")), "@")
	case strings.HasPrefix(target, "!"):
		return "@" + strings.TrimPrefix(first(label, target[1:]), "@")
	default:
		return readLink(unescape(target), label)
	}
}

// readLink renders a link. An address that Slack made out of plain words is
// those words again.
func readLink(target, label string) string {
	bare := target
	for _, scheme := range []string{"mailto:", "tel:", "https://", "http://"} {
		bare = strings.TrimPrefix(bare, scheme)
	}
	switch {
	case label == "" || label == target:
		if strings.HasPrefix(target, "mailto:") || strings.HasPrefix(target, "tel:") {
			return bare
		}
		return target
	case strings.TrimSuffix(label, "/") == strings.TrimSuffix(bare, "/"):
		return label
	default:
		return label + " (" + target + ")"
	}
}

func first(candidates ...string) string {
	for _, s := range candidates {
		if s != "" {
			return s
		}
	}
	return ""
}

// withoutLeadingMention removes a mention of the bot from a text's beginning,
// with the space or punctuation after it. raw is Slack's markup.
func withoutLeadingMention(raw, self string) string {
	trimmed := strings.TrimLeftFunc(raw, unicode.IsSpace)
	end := strings.IndexByte(trimmed, '>')
	if self == "" || end < 0 || !strings.HasPrefix(trimmed, "<@") {
		return raw
	}
	if id, _ := userID(trimmed[1:end]); id != self {
		return raw
	}
	return strings.TrimLeft(trimmed[end+1:], " \t\u00a0\u3000,，:：")
}

// wordJoiner is an invisible character of no width that keeps a code from
// being read as one.
const wordJoiner = "\u2060"

// inert returns s for a field that Slack interprets: the fallback of a
// message, shown in notifications and where blocks cannot be. Escaping takes
// the life out of mentions and links; @name, #name and :emoji: are broken by
// an invisible character.
func inert(s string) string {
	var b strings.Builder
	for i, r := range s {
		b.WriteRune(r)
		if r != '@' && r != '#' && r != ':' {
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		if r == '#' && unicode.IsDigit(next) {
			continue // an item's number stays as it is
		}
		if unicode.IsLetter(next) || unicode.IsDigit(next) || next == '_' || next == '+' || next == '-' {
			b.WriteString(wordJoiner)
		}
	}
	return escape(b.String())
}
