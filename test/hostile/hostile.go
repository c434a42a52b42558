// Package hostile makes texts as ill-meaning, broken or unlucky senders write
// them: a corpus by class, built by code from small tables, the same at every
// call. Whoever shows, stores, sends or reads customers' words runs it through.
package hostile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentinel is the global that every script of the corpus would set in a page:
// where it is undefined, none ran.
const Sentinel = "pwned"

// Elsewhere is the host that every address of the corpus leads to, but for
// those that lead inside a network or look like another host.
const Elsewhere = "evil.example.net"

// The classes, in the order of the corpus.
const (
	Huge       = "huge"       // long texts, many lines
	Marks      = "marks"      // zero width, right to left, look-alikes
	Bytes      = "bytes"      // invalid UTF-8, NUL, lone surrogates, control characters
	Charsets   = "charsets"   // words in another character set, or encoded twice
	Graphemes  = "graphemes"  // emoji, flags, stacked marks
	Crowds     = "crowds"     // thousands of mentions, hashtags, links
	Mentions   = "mentions"   // what would call a person or a whole team
	Links      = "links"      // addresses that look like others, or lead inside
	Markup     = "markup"     // what breaks a platform's own markup
	Scripts    = "scripts"    // HTML, scripts, styles, SVG
	Templates  = "templates"  // expressions of template languages
	Bombs      = "bombs"      // small texts that grow where they are unpacked, bounded here
	Names      = "names"      // names of files
	XML        = "xml"        // entities, nesting, instructions
	Patterns   = "patterns"   // what slow patterns stumble over
	JSON       = "json"       // depth, nulls, numbers, keys
	Formulas   = "formulas"   // what spreadsheets would compute
	Forgeries  = "forgeries"  // numbers, commands, headers that are not the sender's to give
	Prompts    = "prompts"    // words meant for a language model
	Personal   = "personal"   // data that must not leave the desk
	Injections = "injections" // SQL, shells, logs, terminals, headers
)

// Case is one hostile text. A text may hold any bytes, invalid UTF-8 too.
type Case struct {
	Class string
	Name  string // class/NNN, unique
	Text  string
}

// Author returns the text as a sender's name: one of a few hundred bytes at
// most, as platforms hand them over.
func (c Case) Author() string { return clip(c.Text, 200) }

// File returns the text as the name of a file.
func (c Case) File() string { return clip(c.Text, 200) + ".svg" }

// URL returns the text as an address that a source gives as its own.
func (c Case) URL() string {
	if c.Class == Links {
		return c.Text
	}
	return "https://" + Elsewhere + "/" + clip(c.Text, 200)
}

// clip returns the beginning of s, n bytes at most, not cutting a character
// that is whole.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Corpus returns every case, class by class. Each call builds a new slice.
func Corpus() []Case {
	var all []Case
	for _, class := range []struct {
		name string
		make func() []string
	}{
		{Huge, huge}, {Marks, marks}, {Bytes, bytes}, {Charsets, charsets}, {Graphemes, graphemes}, {Crowds, crowds},
		{Mentions, mentions}, {Links, links}, {Markup, markup}, {Scripts, scripts}, {Templates, templates}, {Bombs, bombs},
		{Names, names}, {XML, xml}, {Patterns, patterns}, {JSON, jsons}, {Formulas, formulas}, {Forgeries, forgeries},
		{Prompts, prompts}, {Personal, personal}, {Injections, injections},
	} {
		for i, text := range class.make() {
			all = append(all, Case{Class: class.name, Name: fmt.Sprintf("%s/%03d", class.name, i+1), Text: text})
		}
	}
	return all
}

// Short returns the cases whose text has at most n bytes.
func Short(n int) []Case {
	var some []Case
	for _, c := range Corpus() {
		if len(c.Text) <= n {
			some = append(some, c)
		}
	}
	return some
}

// words is what a customer has to say between the hostile parts.
var words = []string{
	"快递太慢了，等了三天", "奶茶里有异物，要求退款", "店员态度很差", "味道还行，就是有点贵", "My order never arrived", "发票抬头开错了，怎么改",
	"外卖洒了一半", "会员积分不见了", "空调太冷坐不住", "優惠券用不了",
}

// carried puts each core alone and into sentences: one carrier a core, in turn.
func carried(cores ...string) []string {
	all := make([]string, 0, 2*len(cores))
	for i, core := range cores {
		w := words[i%len(words)]
		all = append(all, core)
		switch i % 5 {
		case 0:
			all = append(all, w+" "+core)
		case 1:
			all = append(all, core+" "+w)
		case 2:
			all = append(all, w+"\n"+core+"\n"+w)
		case 3:
			all = append(all, "（"+core+"）"+w)
		default:
			all = append(all, w+core+w)
		}
	}
	return all
}

// crossed returns every pairing of a form with a core; a form names the core
// by %s once or more.
func crossed(forms, cores []string) []string {
	all := make([]string, 0, len(forms)*len(cores))
	for _, form := range forms {
		for _, core := range cores {
			all = append(all, strings.ReplaceAll(form, "%s", core))
		}
	}
	return all
}

// Trace returns a part of the text that can be looked for where the text must
// not be, a log above all: its longest run of letters, digits and words' own
// signs, cut to 60 bytes; empty where that has less than 12.
func (c Case) Trace() string {
	best := ""
	for _, run := range strings.FieldsFunc(c.Text, func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		if len(run) > len(best) {
			best = run
		}
	}
	if len(best) < 12 {
		return ""
	}
	return clip(best, 60)
}
