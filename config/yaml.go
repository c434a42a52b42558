package config

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file. The parser's time grows faster than its input and its
// stack with the nesting, so both are checked on the tokens, before it runs.
const (
	maxFile   = 1 << 20 // bytes
	maxTokens = 40_000
	maxNested = 40     // brackets, dashes in a line
	maxValues = 50_000 // decoded, with what aliases repeat
)

// shape is what a node is.
type shape int

const (
	scalar shape = iota
	mapping
	list
	null
)

// node is a YAML value with its place. It may be shared by aliases and is
// never changed once it is made.
type node struct {
	shape shape
	pos   pos
	text  string // of a scalar, with variables filled in
	// column is where text begins in its line, behind a quote; 0 where it does
	// not stand in the file as it is, so that offsets into it mean nothing.
	column int
	// filled tells that a variable's value is part of text: it may be secret
	// and is never repeated.
	filled bool
	// broken tells that a problem was reported already: the value is left out.
	broken bool
	pairs  []pair
	items  []*node
}

// empty reports whether n says nothing. What is broken was meant to say
// something.
func (n *node) empty() bool {
	return !n.broken && (n.shape == null || n.shape == scalar && strings.TrimSpace(n.text) == "")
}

// pair is one key of a mapping with its value.
type pair struct {
	key   string
	pos   pos
	value *node
}

// reader turns a file into nodes.
type reader struct {
	*problems
	file    string
	lines   []string
	env     func(string) (string, bool)
	anchors map[string]*node
}

// read parses source and returns its one document, nil where it is empty or
// cannot be parsed.
func (r *reader) read(source []byte) *node {
	at := pos{r.file, 1, 1}
	if len(source) > maxFile {
		r.add(at, fileTooBig, maxFile>>20)
		return nil
	}
	if !utf8.Valid(source) || slices.Contains(source, 0) {
		r.add(at, notUTF8)
		return nil
	}
	text := strings.TrimPrefix(strings.ReplaceAll(string(source), "\r\n", "\n"), "\ufeff")
	r.lines = strings.Split(text, "\n")
	tokens := lexer.Tokenize(text)
	if !r.bounded(tokens) {
		return nil
	}
	file, err := parseTokens(tokens)
	if err != nil {
		r.syntax(err)
		return nil
	}
	var body *node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.CommentGroupType {
			continue
		}
		if body != nil {
			r.add(r.place(doc.Body.GetToken()), severalDocuments)
			break
		}
		body = r.node(doc.Body)
	}
	return body
}

// errParser is a parser that gave up in a way it should not.
var errParser = errors.New("parser failed")

// parseTokens runs the parser. A panic of it is an error of the file: there are
// files that nobody has tried.
func parseTokens(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errParser
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// bounded reports problems where tokens nest deeper or are more than any real
// configuration.
func (r *reader) bounded(tokens token.Tokens) bool {
	depth, line, marks := 0, 0, 0
	for i, t := range tokens {
		if i >= maxTokens {
			r.add(r.place(t), fileTooLong)
			return false
		}
		if t.Position.Line != line {
			line, marks = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.AnchorType, token.TagType, token.MappingKeyType:
			marks++
		default:
		}
		if depth > maxNested || marks > maxNested {
			r.add(r.place(t), nestedTooDeep)
			return false
		}
	}
	return true
}

// place returns where a token stands.
func (r *reader) place(t *token.Token) pos {
	if t == nil || t.Position == nil {
		return pos{r.file, 1, 1}
	}
	return pos{r.file, t.Position.Line, t.Position.Column}
}

// syntax reports an error of the parser, by the nearest of the mistakes that
// people make: the parser's own words may hold pieces of the file.
func (r *reader) syntax(err error) {
	at, said := pos{r.file, 1, 1}, ""
	var parserError interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &parserError) {
		at, said = r.place(parserError.GetToken()), parserError.GetMessage()
	}
	line := ""
	if at.line >= 1 && at.line <= len(r.lines) {
		line = r.lines[at.line-1]
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	switch {
	case strings.Contains(indent, "\t") || strings.Contains(said, `'\t'`):
		r.add(at, syntaxTab)
	case strings.Contains(line, "${") && strings.ContainsAny(strings.ReplaceAll(line, "${", ""), "{["):
		r.add(at, syntaxVariable)
	case strings.Contains(said, "double-quoted") || strings.Contains(said, "single-quoted"):
		r.add(at, syntaxQuote)
	case strings.Contains(said, "']'") || strings.Contains(said, "'}'") || strings.Contains(said, "'['") || strings.Contains(said, "'{'"):
		r.add(at, syntaxBracket)
	case strings.Contains(said, "mapping value is not allowed") || strings.Contains(said, "map key-value is pre-defined") || strings.Contains(said, "non-map value"):
		r.add(at, syntaxColon)
	default:
		r.add(at, syntaxError)
	}
}

// node converts what the parser found.
func (r *reader) node(n ast.Node) *node {
	at := r.place(n.GetToken())
	switch n := n.(type) {
	case *ast.NullNode:
		return &node{shape: null, pos: at}
	case *ast.StringNode:
		return r.scalar(at, n.Value, n.Token)
	case *ast.LiteralNode:
		return r.scalar(at, n.Value.Value, nil)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return r.scalar(at, n.GetToken().Value, n.GetToken())
	case *ast.MappingNode:
		return r.mapping(at, n.Values)
	case *ast.MappingValueNode:
		return r.mapping(at, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out := &node{shape: list, pos: at}
		for _, item := range n.Values {
			out.items = append(out.items, r.node(item))
		}
		return out
	case *ast.AnchorNode:
		value := r.node(n.Value)
		r.anchors[n.Name.GetToken().Value] = value
		return value
	case *ast.AliasNode:
		if value, ok := r.anchors[n.Value.GetToken().Value]; ok {
			return value
		}
		r.add(at, unknownAlias)
		return &node{shape: null, pos: at, broken: true}
	case *ast.TagNode:
		r.add(at, tagUsed)
		return &node{shape: null, pos: at, broken: true}
	default:
		r.add(at, syntaxError)
		return &node{shape: null, pos: at, broken: true}
	}
}

// mapping converts the pairs of a mapping. `<<` adds the pairs of a mapping
// that are not there.
func (r *reader) mapping(at pos, values []*ast.MappingValueNode) *node {
	out := &node{shape: mapping, pos: at}
	if len(values) > 0 {
		out.pos = r.place(values[0].Key.GetToken())
	}
	var merged []*node
	seen := map[string]bool{}
	for _, v := range values {
		keyAt := r.place(v.Key.GetToken())
		if v.Key.Type() == ast.MergeKeyType {
			merged = append(merged, r.node(v.Value))
			continue
		}
		key, ok := keyText(v.Key)
		if !ok {
			r.add(keyAt, strangeKey)
			continue
		}
		if seen[key] {
			r.add(keyAt, duplicateKey, quotable(key))
			continue
		}
		seen[key] = true
		out.pairs = append(out.pairs, pair{key, keyAt, r.node(v.Value)})
	}
	for _, m := range merged {
		for _, p := range m.pairs {
			if !seen[p.key] {
				seen[p.key] = true
				out.pairs = append(out.pairs, p)
			}
		}
	}
	return out
}

// keyText returns a key that is plain text.
func keyText(key ast.MapKeyNode) (string, bool) {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return k.GetToken().Value, true
	default:
		return "", false
	}
}

// scalar converts text, with variables filled in. t is nil for a block.
func (r *reader) scalar(at pos, text string, t *token.Token) *node {
	before := len(r.found)
	out := &node{shape: scalar, pos: at}
	out.text, out.filled = r.fill(at, text)
	out.broken = len(r.found) > before
	if t != nil && !out.filled && at.line >= 1 && at.line <= len(r.lines) {
		line, start := []rune(r.lines[at.line-1]), at.column-1
		if t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType {
			start++
		}
		end := start + utf8.RuneCountInString(out.text)
		if start >= 0 && end <= len(line) && string(line[start:end]) == out.text {
			out.column = start + 1
		}
	}
	return out
}

// fill replaces ${NAME} by the variable's value, and $${ by ${. It reports
// variables that are not set.
func (r *reader) fill(at pos, text string) (string, bool) {
	var b strings.Builder
	filled := false
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String(), filled
		}
		if i > 0 && text[i-1] == '$' {
			b.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			filled = true // no longer as it stands in the file
			continue
		}
		b.WriteString(text[:i])
		name, rest, closed := strings.Cut(text[i+2:], "}")
		if !closed || !isVariable(name) {
			r.add(at, variableForm)
			return "", true
		}
		filled = true
		value, ok := r.env(name)
		if !ok {
			r.add(at, variableUnset, name)
		}
		r.hide(value)
		b.WriteString(value)
		text = rest
	}
}

// isVariable reports whether name can be a variable of the environment.
func isVariable(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= 100
}

// quotable returns a key as an error may repeat it: letters only, so that a
// token in the place of a key is not repeated.
func quotable(key string) string {
	const longest = 24
	if utf8.RuneCountInString(key) > longest {
		return "…"
	}
	for _, c := range key {
		if c != '_' && c != '.' && c != '?' && c != '-' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < 0x4e00 || c > 0x9fff) {
			return "…"
		}
	}
	return key
}
