package route

import (
	"errors"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"github.com/huiyin/huiyin/feedback/near"
)

// parse returns the syntax tree of a condition.
func parse(condition string) (ast.Node, error) {
	tree, err := parser.Parse(condition)
	if err != nil {
		return nil, err
	}
	return tree.Node, nil
}

// offsetOf returns where in its condition an error lies, in runes.
func offsetOf(err error) int {
	var fe *file.Error
	if errors.As(err, &fe) {
		return fe.From
	}
	return 0
}

// checker looks through one condition for what the expression language allows
// and the contract does not, and for constants that can never match.
type checker struct {
	*compiler
	at    Problem // where the condition is
	found bool    // a problem was reported
}

// scope is where in a condition a node stands.
type scope struct {
	over   string // inside a predicate: the list it runs over
	within bool   // inside a predicate
}

// problem reports p with the condition's place and the node's.
func (c *checker) problem(n ast.Node, p Problem) {
	p.Path, p.Pos, p.Key, p.Offset = c.at.Path, c.at.Pos, c.at.Key, n.Location().From
	c.report(p)
	c.found = true
}

// visit checks n and what is below it.
func (c *checker) visit(n ast.Node, s scope) {
	switch n := n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
	case *ast.IdentifierNode:
		c.identifier(n)
	case *ast.MemberNode:
		c.member(n)
	case *ast.UnaryNode:
		c.visit(n.Node, s)
	case *ast.BinaryNode:
		c.binary(n, s)
	case *ast.ArrayNode:
		for _, element := range n.Nodes {
			c.visit(element, s)
		}
	case *ast.BuiltinNode:
		c.builtin(n, s)
	case *ast.PointerNode:
		if !s.within || n.Name != "" {
			c.problem(n, Problem{Code: NotAllowed, Word: "#" + n.Name})
		}
	case *ast.CallNode:
		c.call(n)
	default:
		c.problem(n, Problem{Code: NotAllowed, Word: construct(n)})
	}
}

// construct names a part of the expression language that conditions lack.
func construct(n ast.Node) string {
	switch n.(type) {
	case *ast.NilNode:
		return "nil"
	case *ast.ConditionalNode:
		return "? :"
	case *ast.VariableDeclaratorNode:
		return "let"
	case *ast.SequenceNode:
		return ";"
	case *ast.SliceNode:
		return "[:]"
	case *ast.MapNode, *ast.PairNode:
		return "{}"
	case *ast.ChainNode:
		return "?."
	case *ast.BytesNode:
		return `b""`
	default:
		return "{ }"
	}
}

// identifier checks a name that stands alone.
func (c *checker) identifier(n *ast.IdentifierNode) {
	if n.Value == "author" {
		c.problem(n, Problem{Code: UnknownName, Word: n.Value, Nearest: "author.name", Known: authorNames})
		return
	}
	if _, ok := c.names.sample[n.Value]; !ok {
		c.unknown(n, n.Value)
	}
}

// unknown reports a name that does not exist, with the nearest that does.
func (c *checker) unknown(n ast.Node, name string) {
	p := Problem{Code: UnknownName, Word: name, Known: c.names.all}
	switch upper := strings.ToUpper(name); upper {
	case "AND", "OR", "NOT", "IN":
		p.Nearest = strings.ToLower(name)
	default:
		p.Nearest, _ = near.Word(name, c.names.all)
	}
	c.problem(n, p)
}

// member checks author.name and its like: there is no other nesting.
func (c *checker) member(n *ast.MemberNode) {
	owner, isName := n.Node.(*ast.IdentifierNode)
	property, isText := n.Property.(*ast.StringNode)
	switch {
	case !isName || !isText || n.Optional:
		c.problem(n, Problem{Code: NotAllowed, Word: "[ ]"})
	case !slices.Contains(authorNames, owner.Value+"."+property.Value):
		c.unknown(n, owner.Value+"."+property.Value)
	}
}

// call checks what looks like a function and is not one of the expression
// language.
func (c *checker) call(n *ast.CallNode) {
	name := "( )"
	if id, ok := n.Callee.(*ast.IdentifierNode); ok {
		name = id.Value
	}
	c.function(n, name)
}

// function reports a function that does not exist or is off.
func (c *checker) function(n ast.Node, name string) {
	p := Problem{Code: UnknownFunction, Word: name, Known: builtins}
	p.Nearest, _ = near.Word(name, builtins)
	c.problem(n, p)
}

// builtin checks a call of one of the language's functions. Predicates do not
// nest: with lists inside lists the cost of a condition would have no bound.
func (c *checker) builtin(n *ast.BuiltinNode, s scope) {
	if !slices.Contains(builtins, n.Name) {
		c.function(n, n.Name)
		return
	}
	for _, argument := range n.Arguments {
		predicate, ok := argument.(*ast.PredicateNode)
		if !ok {
			c.visit(argument, s)
			continue
		}
		if s.within {
			c.problem(predicate, Problem{Code: NotAllowed, Word: n.Name + "(… " + n.Name + "(…))"})
			return
		}
		inner := scope{within: true}
		if list, ok := n.Arguments[0].(*ast.IdentifierNode); ok {
			inner.over = list.Value
		}
		c.visit(predicate.Node, inner)
	}
}

// binary checks an operator and the constants beside it.
func (c *checker) binary(n *ast.BinaryNode, s scope) {
	if !slices.Contains(operators, n.Operator) {
		c.problem(n, Problem{Code: NotAllowed, Word: n.Operator})
		return
	}
	c.visit(n.Left, s)
	c.visit(n.Right, s)
	switch n.Operator {
	case "==", "!=", "<", "<=", ">", ">=":
		c.compared(n.Left, n.Right, s)
		c.compared(n.Right, n.Left, s)
	case "in":
		c.compared(n.Left, n.Right, s) // sentiment in ["negative"]
		c.compared(n.Right, n.Left, s) // "物流配送" in topics
	case "matches":
		c.pattern(n.Right)
	}
}

// compared checks the constants in value that name is compared with.
func (c *checker) compared(name, value ast.Node, s scope) {
	var variable string
	switch n := name.(type) {
	case *ast.IdentifierNode:
		variable = n.Value
	case *ast.PointerNode:
		variable = s.over
	default:
		return
	}
	for _, constant := range constants(value) {
		switch constant := constant.(type) {
		case *ast.StringNode:
			c.text(variable, constant)
		case *ast.IntegerNode:
			c.number(variable, constant, float64(constant.Value))
		case *ast.FloatNode:
			c.number(variable, constant, constant.Value)
		}
	}
}

// constants returns the constants that n is or lists, those with a sign too.
func constants(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.ArrayNode:
		var all []ast.Node
		for _, element := range n.Nodes {
			all = append(all, constants(element)...)
		}
		return all
	case *ast.UnaryNode:
		switch operand := n.Node.(type) {
		case *ast.IntegerNode:
			signed := &ast.IntegerNode{Value: signOf(n) * operand.Value}
			signed.SetLocation(n.Location())
			return []ast.Node{signed}
		case *ast.FloatNode:
			signed := &ast.FloatNode{Value: float64(signOf(n)) * operand.Value}
			signed.SetLocation(n.Location())
			return []ast.Node{signed}
		}
		return nil
	case nil:
		return nil
	default:
		return []ast.Node{n}
	}
}

func signOf(n *ast.UnaryNode) int {
	if n.Operator == "-" {
		return -1
	}
	return 1
}

// text checks a text that variable is compared with. Empty text asks whether
// the variable is known, which is always a fair question, except of a list.
func (c *checker) text(variable string, constant *ast.StringNode) {
	known, listed := c.names.values[variable]
	if !listed || slices.Contains(known, constant.Value) || constant.Value == "" && variable != "topics" {
		return
	}
	p := Problem{Code: UnknownValue, Variable: variable, Word: constant.Value, Known: known}
	if english, ok := chineseValues[constant.Value]; ok && slices.Contains(known, english) {
		p.Nearest = english
	} else {
		p.Nearest, _ = near.Word(constant.Value, known)
	}
	c.problem(constant, p)
}

// chineseValues are the names that cards show for values, for those who write
// what they read.
var chineseValues = map[string]string{
	"正面": "positive", "中性": "neutral", "负面": "negative",
	"投诉": "complaint", "建议": "suggestion", "咨询": "question", "提问": "question", "表扬": "praise", "请求": "request", "求助": "request", "闲聊": "chat", "垃圾": "spam",
	"低": "low", "普通": "normal", "一般": "normal", "高": "high", "紧急": "critical", "危急": "critical",
}

// bounds are the ranges of numbers; a comparison with something outside is
// always true or always false.
var bounds = map[string][2]float64{
	"hour": {0, 24}, "weekday": {1, 7}, "score": {-1, 1}, "confidence": {0, 1},
}

// number checks a number that variable is compared with.
func (c *checker) number(variable string, at ast.Node, value float64) {
	if b, ok := bounds[variable]; ok && (value < b[0] || value > b[1]) {
		c.problem(at, Problem{Code: OutOfRange, Variable: variable, Low: b[0], High: b[1]})
	}
}

// pattern checks the right side of `matches`.
func (c *checker) pattern(n ast.Node) {
	constant, ok := n.(*ast.StringNode)
	if !ok {
		c.problem(n, Problem{Code: PatternConstant})
		return
	}
	if utf8.RuneCountInString(constant.Value) > MaxPattern {
		c.problem(n, Problem{Code: PatternLong, Limit: MaxPattern})
		return
	}
	steps, err := stepsOf(constant.Value)
	switch {
	case err != nil:
		detail := err.Error()
		var se *syntax.Error
		if errors.As(err, &se) {
			detail = se.Code.String()
		}
		c.problem(n, Problem{Code: PatternSyntax, Detail: detail})
	case steps > MaxSteps:
		c.problem(n, Problem{Code: PatternHeavy, Limit: MaxSteps})
	}
}

// stepsOf returns how many steps a pattern has once its repetitions are written
// out: each may be tried at each character of a text.
func stepsOf(pattern string) (int, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, err
	}
	return len(program.Inst), nil
}

// syntaxHint returns what people most often meant by a condition that does not
// parse.
func syntaxHint(condition string) Hint {
	bare := outsideQuotes(condition)
	switch {
	case strings.ContainsAny(bare, "“”‘’「」『』"):
		return HintQuotes
	case strings.ContainsAny(bare, "（），＝＆｜！＞＜"):
		return HintWidth
	case strings.Contains(bare, " AND ") || strings.Contains(bare, " OR ") || strings.Contains(bare, " 且 ") || strings.Contains(bare, " 或 "):
		return HintAnd
	case singleEqual(bare):
		return HintEqual
	default:
		return ""
	}
}

// outsideQuotes returns condition with what stands between straight quotes
// left out.
func outsideQuotes(condition string) string {
	var b strings.Builder
	var quote rune
	for _, r := range condition {
		switch {
		case quote == 0 && (r == '"' || r == '\'' || r == '`'):
			quote = r
		case quote == r:
			quote = 0
		case quote == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// singleEqual reports whether s holds a = that is no part of ==, !=, <= or >=.
func singleEqual(s string) bool {
	for _, operator := range []string{"==", "!=", "<=", ">="} {
		s = strings.ReplaceAll(s, operator, "")
	}
	return strings.Contains(s, "=")
}
