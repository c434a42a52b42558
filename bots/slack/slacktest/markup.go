package slacktest

import (
	"regexp"
	"strings"
)

// interpretation is what Slack is told to look for in a text.
type interpretation struct {
	links     bool // bare addresses become links (parse other than none)
	linkNames bool // @name and #name become mentions
	emoji     bool
	names     func(userID string) string
}

var (
	tokenPattern   = regexp.MustCompile(`<([^<>]*)>`)
	addressPattern = regexp.MustCompile(`(?i)\b(https?://|www\.)[^\s<>]+|\b[a-z0-9-]+\.(com|net|org|cn|io|me)\b`)
	emojiPattern   = regexp.MustCompile(`:[a-z0-9_+'-]+:`)
	namePattern    = regexp.MustCompile(`(^|[^\p{L}\p{N}])([@#][\p{L}\p{N}_.-]+)`)
)

func emojiCodes(s string) []string { return emojiPattern.FindAllString(s, -1) }

// interpret reads a text field or mrkdwn as Slack does: who is notified, what
// is live, and what a person reads.
func interpret(s string, how interpretation) (notified, live []string, shown string) {
	rest := s
	var b strings.Builder
	bare := func(part string) {
		if how.links {
			live = append(live, addressPattern.FindAllString(part, -1)...)
		}
		if how.emoji {
			live = append(live, emojiCodes(part)...)
		}
		if how.linkNames {
			for _, m := range namePattern.FindAllStringSubmatch(part, -1) {
				live = append(live, m[2])
				if strings.HasPrefix(m[2], "@") {
					notified = append(notified, m[2])
				}
			}
		}
		b.WriteString(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(part))
	}
	for {
		at := tokenPattern.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		bare(rest[:at[0]])
		token := rest[at[2]:at[3]]
		target, label, _ := strings.Cut(token, "|")
		switch {
		case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "!subteam"):
			notified, live = append(notified, target[1:]), append(live, target)
			if how.names != nil && how.names(target[1:]) != "" {
				label = "@" + how.names(target[1:])
			}
		case strings.HasPrefix(target, "!date"):
		case strings.HasPrefix(target, "!"):
			notified, live = append(notified, target), append(live, target)
		default:
			live = append(live, target)
		}
		if label == "" {
			label = target
		}
		b.WriteString(label)
		rest = rest[at[1]:]
	}
	bare(rest)
	return notified, live, b.String()
}
