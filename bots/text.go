package bots

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Len returns the length of s in the unit of l.
func (l Limit) Len(s string) int {
	switch l.Unit {
	case UTF16:
		n := 0
		for _, r := range s {
			n += utf16.RuneLen(r)
		}
		return n
	case Bytes:
		return len(s)
	default:
		return utf8.RuneCountInString(s)
	}
}

// Fits reports whether s is within l.
func (l Limit) Fits(s string) bool { return l.N == 0 || l.Len(s) <= l.N }

// Cut returns s within l, cut on a grapheme boundary and ended by … where
// something was left out.
func (l Limit) Cut(s string) string {
	if l.Fits(s) {
		return s
	}
	const more = "…"
	room := l.N - l.Len(more)
	if room < 0 {
		return ""
	}
	head, _ := l.take(s, room)
	return strings.TrimRight(head, " \n") + more
}

// take returns the longest prefix of s, in whole graphemes, of at most n units.
func (l Limit) take(s string, n int) (head, rest string) {
	used, end := 0, 0
	state := -1
	remaining := s
	for remaining != "" {
		var cluster string
		cluster, remaining, _, state = uniseg.FirstGraphemeClusterInString(remaining, state)
		size := l.Len(cluster)
		if used+size > n {
			break
		}
		used += size
		end += len(cluster)
	}
	return s[:end], s[end:]
}

// Split returns s in parts within l, cut on grapheme boundaries, at a line
// break or a sentence's end where one lies in the last half of a part. A
// single grapheme longer than the limit is cut between runes, so that the
// parts always end.
func (l Limit) Split(s string) []string {
	var parts []string
	for !l.Fits(s) {
		head, rest := l.take(s, l.N)
		if head == "" {
			_, size := utf8.DecodeRuneInString(s)
			head, rest = s[:size], s[size:]
		} else if at := l.breakAt(head); at > 0 {
			head, rest = s[:at], s[at:]
		}
		parts = append(parts, strings.TrimRight(head, "\n"))
		s = strings.TrimLeft(rest, "\n")
	}
	if s != "" || len(parts) == 0 {
		parts = append(parts, s)
	}
	return parts
}

// breakAt returns the byte after the best place to break in the last half of
// s, 0 where there is none between two graphemes.
func (l Limit) breakAt(s string) int {
	for _, marks := range []string{"\n", "。！？!?", "，；、,; "} {
		at := strings.LastIndexAny(s, marks)
		if at < len(s)/2 {
			continue
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		if head, _ := l.take(s, l.Len(s[:at+size])); len(head) == at+size {
			return at + size
		}
	}
	return 0
}

// Clean returns s without what no message needs and some clients choke on:
// invalid bytes, carriage returns, control characters. Line breaks and tabs
// stay.
func Clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n'
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
}

// FileName returns the name of a file that somebody sent as it is handed to a
// platform: without folders, and without anything that could hide its kind or
// reach into the request's headers; 120 characters at most, never empty.
func FileName(name string) string {
	name = strings.Join(strings.Fields(strings.ToValidUTF8(name, "\ufffd")), " ")
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r == '"' || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, name)
	if name = strings.Trim(name, " ."); name == "" || name == "/" {
		name = "file"
	}
	if limit := (Limit{N: 120}); !limit.Fits(name) {
		ext := path.Ext(name)
		name = Limit{N: 100}.Cut(strings.TrimSuffix(name, ext)) + Limit{N: 16}.Cut(ext)
	}
	return name
}
