package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a configuration. Text says what, Fix what to
// write instead; both are in the language that Load was asked for and hold
// neither source lines nor secrets. Line and Column count from 1; they are 0
// where the file as a whole is meant.
type Problem struct {
	File         string
	Line, Column int
	Text, Fix    string
}

// Error returns the problem in one line, as editors and people find it.
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Text)
	if p.Fix != "" {
		b.WriteString(" → ")
		b.WriteString(p.Fix)
	}
	return b.String()
}

// pos is a place in a file.
type pos struct {
	file         string
	line, column int
}

// problems collects what is wrong. It knows the secrets that it has seen, so
// that none of them leaves in a text, whoever wrote that text.
type problems struct {
	lang    string
	found   []Problem
	secrets []string
}

// maxProblems bounds the list: nobody reads more.
const maxProblems = 200

// add reports the message of code at p.
func (ps *problems) add(p pos, code code, args ...any) {
	text, fix := message(ps.lang, code, args...)
	ps.addText(p, text, fix)
}

// addText reports a text that somebody else wrote.
func (ps *problems) addText(p pos, text, fix string) {
	if len(ps.found) < maxProblems {
		ps.found = append(ps.found, Problem{File: p.file, Line: p.line, Column: p.column, Text: text, Fix: fix})
	}
}

// hide remembers a secret.
func (ps *problems) hide(secret string) {
	if len(secret) >= minHidden && !slices.Contains(ps.secrets, secret) {
		ps.secrets = append(ps.secrets, secret)
	}
}

// minHidden is the shortest value that is looked for in texts: shorter ones are
// part of ordinary words, and are no secrets.
const minHidden = 6

// result returns the problems in the order of their places, without secrets
// and without repetitions.
func (ps *problems) result() []Problem {
	slices.SortFunc(ps.secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for i := range ps.found {
		for _, s := range ps.secrets {
			ps.found[i].Text = strings.ReplaceAll(ps.found[i].Text, s, redacted)
			ps.found[i].Fix = strings.ReplaceAll(ps.found[i].Fix, s, redacted)
		}
	}
	slices.SortStableFunc(ps.found, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(ps.found, func(a, b Problem) bool { return a == b })
}
