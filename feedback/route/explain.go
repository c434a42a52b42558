package route

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// Speech is how a condition is said in a language.
type Speech struct {
	// Value returns the word for what a variable is compared with: negative of
	// sentiment, a topic of topics, a shop's code.
	Value func(variable, value string) string
	// Name returns the word for a variable that stands beside a number, and
	// for group and history.
	Name func(variable string) string
	And  string // between two that must both hold, such as " + "
	Or   string // such as " 或 "
	Not  string // before what must not hold, such as "不是"
	// Quote puts marks around words that a text must hold.
	Quote func(words string) string
}

// Explain returns a condition as people would say it, for cards: sentiment ==
// "negative" && "物流配送" in topics becomes 负面 + 物流配送. What cannot be said
// shorter stays as it is written.
func Explain(condition string, s Speech) string {
	tree, err := parse(condition)
	if err != nil {
		return condition
	}
	return s.say(tree)
}

// say returns n in words.
func (s Speech) say(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return s.Name(n.Value)
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return s.Not + s.group(n.Node)
		}
	case *ast.BinaryNode:
		return s.binary(n)
	case *ast.BuiltinNode:
		if said, ok := s.list(n); ok {
			return said
		}
	}
	return n.String()
}

// group says n in brackets where it is made of several parts.
func (s Speech) group(n ast.Node) string {
	if b, ok := n.(*ast.BinaryNode); ok && isLogic(b.Operator) {
		return "(" + s.say(n) + ")"
	}
	return s.say(n)
}

func isLogic(operator string) bool {
	return operator == "&&" || operator == "and" || operator == "||" || operator == "or"
}

func (s Speech) binary(n *ast.BinaryNode) string {
	switch n.Operator {
	case "&&", "and":
		return s.both(n.Left) + s.And + s.both(n.Right)
	case "||", "or":
		return s.say(n.Left) + s.Or + s.say(n.Right)
	case "contains", "startsWith", "endsWith", "matches":
		if constant, ok := n.Right.(*ast.StringNode); ok {
			return s.Quote(constant.Value)
		}
	case "in":
		if list, ok := n.Right.(*ast.IdentifierNode); ok { // "口味" in topics
			return s.values(list.Value, n.Left, n)
		}
		return s.values(variableOf(n.Left), n.Right, n) // intent in ["praise"]
	case "==", "!=":
		variable, value := variableOf(n.Left), n.Right
		if variable == "" {
			variable, value = variableOf(n.Right), n.Left
		}
		said := s.values(variable, value, n)
		if n.Operator == "!=" && said != n.String() {
			return s.Not + said
		}
		return said
	case "<", "<=", ">", ">=":
		variable := variableOf(n.Left)
		if variable == "" {
			return n.String()
		}
		sign := strings.NewReplacer("<=", "≤", ">=", "≥").Replace(n.Operator)
		return s.Name(variable) + " " + sign + " " + n.Right.String()
	}
	return n.String()
}

// both says one side of an and: an or inside it needs its brackets.
func (s Speech) both(n ast.Node) string {
	if b, ok := n.(*ast.BinaryNode); ok && (b.Operator == "||" || b.Operator == "or") {
		return s.group(n)
	}
	return s.say(n)
}

// values says the texts that a variable is compared with, else whole.
func (s Speech) values(variable string, n ast.Node, whole ast.Node) string {
	if variable == "" {
		return whole.String()
	}
	var words []string
	for _, c := range constants(n) {
		switch c := c.(type) {
		case *ast.StringNode:
			words = append(words, s.Value(variable, c.Value))
		case *ast.IntegerNode, *ast.FloatNode:
			words = append(words, s.Name(variable)+" "+c.String())
		default:
			return whole.String()
		}
	}
	if len(words) == 0 {
		return whole.String()
	}
	return strings.Join(words, "/")
}

// list says any(topics, # == "口味") like "口味" in topics.
func (s Speech) list(n *ast.BuiltinNode) (string, bool) {
	if n.Name != "any" || len(n.Arguments) != 2 {
		return "", false
	}
	list, isName := n.Arguments[0].(*ast.IdentifierNode)
	predicate, isPredicate := n.Arguments[1].(*ast.PredicateNode)
	if !isName || !isPredicate {
		return "", false
	}
	b, ok := predicate.Node.(*ast.BinaryNode)
	if !ok {
		return "", false
	}
	if _, ok := b.Left.(*ast.PointerNode); !ok || b.Operator != "==" && b.Operator != "in" {
		return "", false
	}
	return s.values(list.Value, b.Right, n), true
}

// variableOf returns the name of a variable, alone or within lower or upper,
// or a nested one; empty where n is something else.
func variableOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.MemberNode:
		owner, isName := n.Node.(*ast.IdentifierNode)
		property, isText := n.Property.(*ast.StringNode)
		if isName && isText {
			return owner.Value + "." + property.Value
		}
	case *ast.BuiltinNode:
		if (n.Name == "lower" || n.Name == "upper") && len(n.Arguments) == 1 {
			return variableOf(n.Arguments[0])
		}
	}
	return ""
}
