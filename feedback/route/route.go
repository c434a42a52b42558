// Package route decides which team an item belongs to: a tree of conditions,
// compiled and checked once, that is walked for each item.
//
// The walk is Alertmanager's: depth first, a node matches itself when none of
// its children does, the first match decides, and a matching child marked
// `continue` lets its later siblings be looked at, too.
package route

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Node is one node of the tree as it is written down. Team, Priority and Cards
// are inherited from the parent where they are empty.
type Node struct {
	When     string // empty: always true; the root has none
	Team     string
	Priority string // P0 to P3; empty: as analysed
	Cards    string // on, off, urgent; empty: by default
	Continue bool
	Routes   []Node
	Pos      any // where it was written; comes back in Problem.Pos
}

// Env is what conditions see of an item. Every list and map may be nil.
type Env struct {
	Text, Lang, Sentiment, Intent, Urgency, Priority   string
	Channel, Platform, Kind, URL, AuthorID, AuthorName string
	Followers                                          int64
	Score, Confidence                                  float64
	Attachments                                        int
	Hour                                               int // 0 to 23, in the brand's time zone
	Weekday                                            int // 1 Monday to 7 Sunday, in the brand's time zone
	Topics, Keywords                                   []string
	Group, History                                     bool
	Fields                                             map[string]string
}

// Decision is where an item goes, and why.
type Decision struct {
	Team     string
	Copies   []string // teams that get the card, too; Team is not among them
	Priority string   // P0 to P3, or empty: as analysed
	Cards    string   // on, off, urgent, or empty: by default
	// Path holds the conditions from the root to the node that decided, as
	// they were written. It is empty where only the root matched.
	Path    []string
	Default bool // only the root matched
	// Err joins what went wrong in conditions, nil where nothing did. A
	// condition that fails counts as not matching.
	Err error
}

// Tree is a compiled tree. It is immutable and safe for concurrent use.
type Tree struct {
	root   node
	fields []string
}

// node is a compiled Node with what it inherited.
type node struct {
	when     string
	program  *vm.Program // nil: always true
	team     string
	priority string
	cards    string
	goOn     bool
	path     []string
	routes   []node
}

// maxText bounds the text that conditions see, in bytes: the cost of `matches`
// grows with it.
const maxText = 64 << 10

// Route walks the tree for e. It never panics, and its cost is bounded by the
// bounds that Compile puts on trees and conditions.
func (t *Tree) Route(e Env) Decision {
	w := walk{vars: t.variables(e)}
	matched := w.match(&t.root)
	owner := matched[0]
	d := Decision{
		Team: owner.team, Priority: owner.priority, Cards: owner.cards,
		Path: slices.Clone(owner.path), Default: owner == &t.root, Err: errors.Join(w.errs...),
	}
	for _, n := range matched[1:] {
		if n.team != d.Team && !slices.Contains(d.Copies, n.team) {
			d.Copies = append(d.Copies, n.team)
		}
	}
	return d
}

// variables returns e under the names that conditions use.
func (t *Tree) variables(e Env) map[string]any {
	text := e.Text
	if len(text) > maxText {
		end := maxText
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	vars := map[string]any{
		"text": text, "lang": e.Lang, "sentiment": e.Sentiment, "intent": e.Intent, "urgency": e.Urgency,
		"priority": e.Priority, "channel": e.Channel, "platform": e.Platform, "kind": e.Kind, "url": e.URL,
		"author": author{ID: e.AuthorID, Name: e.AuthorName, Followers: e.Followers},
		"score":  e.Score, "confidence": e.Confidence,
		"attachments": e.Attachments, "hour": e.Hour, "weekday": e.Weekday,
		"topics": e.Topics, "keywords": e.Keywords,
		"group": e.Group, "history": e.History,
	}
	for _, name := range t.fields {
		vars[name] = e.Fields[name]
	}
	return vars
}

// author is what conditions see below `author.`.
type author struct {
	ID        string `expr:"id"`
	Name      string `expr:"name"`
	Followers int64  `expr:"followers"`
}

// walk is one walk through the tree.
type walk struct {
	vars map[string]any
	errs []error
}

// match returns the deepest matching nodes below and including n, in order;
// none where n itself does not match.
func (w *walk) match(n *node) []*node {
	if !w.holds(n) {
		return nil
	}
	var matched []*node
	for i := range n.routes {
		below := w.match(&n.routes[i])
		matched = append(matched, below...)
		if len(below) > 0 && !n.routes[i].goOn {
			break
		}
	}
	if len(matched) == 0 {
		return []*node{n}
	}
	return matched
}

// holds reports whether n's condition is true.
func (w *walk) holds(n *node) bool {
	if n.program == nil {
		return true
	}
	value, err := expr.Run(n.program, w.vars)
	if err != nil {
		w.errs = append(w.errs, fmt.Errorf("condition %q: %s", n.when, plainError(err)))
		return false
	}
	yes, ok := value.(bool)
	return ok && yes
}

// plainError returns the message of an expression's error without the excerpt
// of its source.
func plainError(err error) string {
	var fe *file.Error
	if errors.As(err, &fe) {
		return fe.Message
	}
	return err.Error()
}
