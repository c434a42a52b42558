package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/near"
)

// Bounds of a tree. They are far above what people write, and with them a
// condition takes some tens of milliseconds at the worst.
const (
	MaxNodes     = 1000 // of a tree
	MaxDepth     = 16   // of a tree; the root is 1
	MaxCondition = 4096 // bytes of a condition
	MaxPattern   = 256  // characters of a `matches` pattern
	MaxSteps     = 600  // of a pattern, with all its repetitions written out
	maxExprNodes = 500  // of a condition's syntax tree
)

// cardSettings are the values of Node.Cards.
var cardSettings = []string{"on", "off", "urgent"}

var priorities = []string{"P0", "P1", "P2", "P3"}

// Known is what names in a tree may refer to.
type Known struct {
	Topics, Channels, Teams, Platforms []string
	// Fields are the fields' names; each is a variable of its own.
	Fields []string
	// Values are the codes of fields that have a list of them. A constant
	// compared with such a field must be one of these.
	Values map[string][]string
	// Langs are the languages the analysis tells apart; empty: not checked.
	Langs []string
}

// Compile checks a tree and makes it ready to walk. It returns every problem
// that it finds, in the order of the tree; the Tree is nil where there is one.
func Compile(root Node, known Known) (*Tree, []Problem) {
	c := compiler{known: known, names: newNames(known)}
	for _, name := range known.Fields {
		if !ValidField(name) {
			c.report(Problem{Key: "fields", Code: FieldName, Word: name})
		}
	}
	if root.When != "" {
		c.report(Problem{Pos: root.Pos, Key: "when", Code: RootWhen})
	}
	if root.Team == "" {
		c.report(Problem{Pos: root.Pos, Key: "team", Code: RootTeam, Known: known.Teams})
	}
	root.When = ""
	compiled := c.node(root, nil, "", 1)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return &Tree{root: compiled, fields: slices.Clone(known.Fields)}, nil
}

// compiler collects problems while it goes through a tree.
type compiler struct {
	known    Known
	names    names
	problems []Problem
	count    int
}

func (c *compiler) report(p Problem) { c.problems = append(c.problems, p) }

// node compiles n below parent, which is nil for the root.
func (c *compiler) node(n Node, parent *node, path string, depth int) node {
	if c.count++; c.count > MaxNodes || depth > MaxDepth {
		if c.count == MaxNodes+1 || depth == MaxDepth+1 {
			c.report(Problem{Path: path, Pos: n.Pos, Key: "routes", Code: TooMany})
		}
		return node{}
	}
	out := node{when: strings.TrimSpace(n.When), goOn: n.Continue}
	out.team = c.oneOf(n, path, "team", n.Team, UnknownTeam, c.known.Teams)
	out.priority = c.oneOf(n, path, "priority", strings.ToUpper(n.Priority), UnknownPriority, priorities)
	out.cards = c.oneOf(n, path, "cards", n.Cards, UnknownCards, cardSettings)
	if parent != nil {
		out.team = firstOf(out.team, parent.team)
		out.priority = firstOf(out.priority, parent.priority)
		out.cards = firstOf(out.cards, parent.cards)
		out.path = slices.Clone(parent.path)
	}
	if out.when != "" {
		out.path = append(out.path, out.when)
		out.program = c.condition(n, path)
	}
	covered := false // by a sibling that is always true and does not continue
	for i, child := range n.Routes {
		below := strings.TrimPrefix(fmt.Sprintf("%s.routes[%d]", path, i), ".")
		if covered {
			c.report(Problem{Path: below, Pos: child.Pos, Key: "when", Code: Unreachable})
			covered = false // said once is enough
		}
		out.routes = append(out.routes, c.node(child, &out, below, depth+1))
		covered = covered || strings.TrimSpace(child.When) == "" && !child.Continue
	}
	return out
}

// oneOf returns value, reporting it where it is set and not among known.
func (c *compiler) oneOf(n Node, path, key, value string, code Code, known []string) string {
	if value != "" && !slices.Contains(known, value) {
		p := Problem{Path: path, Pos: n.Pos, Key: key, Code: code, Word: value, Known: known}
		p.Nearest, _ = near.Word(value, known)
		c.report(p)
	}
	return value
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// condition compiles n's condition, nil where it has problems.
func (c *compiler) condition(n Node, path string) *vm.Program {
	at := Problem{Path: path, Pos: n.Pos, Key: "when"}
	if len(n.When) > MaxCondition {
		at.Code, at.Limit = TooLong, MaxCondition
		c.report(at)
		return nil
	}
	tree, err := parse(n.When)
	if err != nil {
		at.Code, at.Offset, at.Detail = Syntax, offsetOf(err), plainError(err)
		at.Hint = syntaxHint(n.When)
		c.report(at)
		return nil
	}
	check := checker{compiler: c, at: at}
	check.visit(tree, scope{})
	if check.found {
		return nil
	}
	program, err := expr.Compile(n.When, c.options()...)
	if err != nil {
		at.Code, at.Offset, at.Detail = Type, offsetOf(err), plainError(err)
		c.report(at)
		return nil
	}
	return program
}

// options returns what expressions are compiled with: our names, the few
// built-ins that the contract lists, and a result that is true or false.
func (c *compiler) options() []expr.Option {
	options := []expr.Option{
		expr.Env(c.names.sample), expr.AsBool(), expr.WarnOnAny(), expr.DisableAllBuiltins(), expr.MaxNodes(maxExprNodes),
	}
	for _, name := range builtins {
		options = append(options, expr.EnableBuiltin(name))
	}
	return options
}

// builtins are the functions that conditions may call.
var builtins = []string{"len", "any", "all", "none", "lower", "upper"}

// operators are the binary operators that conditions may use.
var operators = []string{
	"&&", "||", "and", "or", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%",
	"in", "contains", "startsWith", "endsWith", "matches",
}

// keywords are words that the expression language keeps for itself.
var keywords = []string{"and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "let", "if", "else", "true", "false", "nil"}

// names are the variables of conditions.
type names struct {
	sample map[string]any      // a value of each variable's type
	values map[string][]string // constants that a variable can be compared with
	all    []string            // for suggestions
}

func newNames(known Known) names {
	empty := Tree{fields: known.Fields}
	n := names{sample: empty.variables(Env{}), values: map[string][]string{
		"sentiment": feedback.Sentiments, "intent": feedback.Intents, "urgency": feedback.Urgencies, "priority": priorities,
		"topics": known.Topics, "channel": known.Channels, "platform": known.Platforms,
	}}
	for _, kind := range feedback.Kinds {
		n.values["kind"] = append(n.values["kind"], string(kind))
	}
	if len(known.Langs) > 0 {
		n.values["lang"] = known.Langs
	}
	for field, values := range known.Values {
		if slices.Contains(known.Fields, field) && len(values) > 0 {
			n.values[field] = values
		}
	}
	for name := range n.sample {
		n.all = append(n.all, name)
	}
	n.all = append(n.all, authorNames...)
	slices.Sort(n.all)
	return n
}

// authorNames are the nested variables.
var authorNames = []string{"author.followers", "author.id", "author.name"}

// ValidField reports whether a field's name can be a variable: letters, digits
// and _, beginning with a letter, and neither a variable nor a word of the
// expression language.
func ValidField(name string) bool {
	if slices.Contains(builtins, name) || slices.Contains(keywords, name) || name == "fields" {
		return false
	}
	var none Tree
	if _, taken := none.variables(Env{})[name]; taken {
		return false
	}
	tree, err := parse(name)
	if err != nil || strings.Contains(name, "$") {
		return false
	}
	id, ok := tree.(*ast.IdentifierNode)
	return ok && id.Value == name
}
