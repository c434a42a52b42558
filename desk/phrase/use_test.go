package phrase

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTextsThatAreAskedFor reads the calls of Text (and of the desk's own
// shorthands for it) in the packages that speak to people: each key that is
// written out must exist, and vars that are written out must hold every
// variable of its text. A misspelt key would be read by a customer. Each kind of
// step in an item's history must have its word, too.
func TestTextsThatAreAskedFor(t *testing.T) {
	docs := map[string][]string{}
	for _, d := range Keys() {
		docs[d.Key] = append([]string{}, d.Vars...)
	}
	files := token.NewFileSet()
	seen := 0
	for _, dir := range []string{"..", "../../pipeline", "../../web", "../../cmd/huiyin"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if kind, ok := stepKind(n); ok && docs["event."+kind] == nil {
					t.Errorf("%s: there is no word for the step %q", files.Position(n.Pos()), kind)
				}
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				key, vars, ok := asked(call)
				if !ok {
					return true
				}
				seen++
				at := files.Position(call.Pos())
				want, known := docs[key]
				if !known {
					t.Errorf("%s: there is no text %q", at, key)
				}
				for _, v := range want {
					if vars != nil && !slices.Contains(vars, v) {
						t.Errorf("%s: the text %q needs {%s}", at, key, v)
					}
				}
				return true
			})
		}
	}
	if seen == 0 {
		t.Error("no text is asked for anywhere: the names of the calls have changed")
	}
}

// stepKind returns the kind that a literal of the desk's steps has.
func stepKind(n ast.Node) (string, bool) {
	literal, ok := n.(*ast.CompositeLit)
	if !ok {
		return "", false
	}
	if name, isName := literal.Type.(*ast.Ident); !isName || name.Name != "step" {
		return "", false
	}
	for _, e := range literal.Elts {
		pair, isPair := e.(*ast.KeyValueExpr)
		if !isPair {
			continue
		}
		key, isKey := pair.Key.(*ast.Ident)
		value, isText := pair.Value.(*ast.BasicLit)
		if isKey && isText && key.Name == "kind" {
			kind, err := strconv.Unquote(value.Value)
			return kind, err == nil
		}
	}
	return "", false
}

// asked returns the key that a call asks for, and the names of the variables
// it gives; nil where they are not written out.
func asked(call *ast.CallExpr) (key string, vars []string, ok bool) {
	at := 0
	switch fn := call.Fun.(type) {
	case *ast.SelectorExpr:
		switch owner, _ := fn.X.(*ast.SelectorExpr); {
		case fn.Sel.Name == "Text" && owner != nil && owner.Sel.Name == "Texts":
			at = 1
		case fn.Sel.Name == "text" || fn.Sel.Name == "answer":
		default:
			return "", nil, false
		}
	default:
		return "", nil, false
	}
	if len(call.Args) != at+2 && len(call.Args) != at+3 {
		return "", nil, false
	}
	literal, isLiteral := call.Args[at].(*ast.BasicLit)
	if !isLiteral || literal.Kind != token.STRING {
		return "", nil, false
	}
	key, err := strconv.Unquote(literal.Value)
	if err != nil {
		return "", nil, false
	}
	switch given := call.Args[at+1].(type) {
	case *ast.CompositeLit:
		vars = []string{}
		for _, e := range given.Elts {
			if pair, isPair := e.(*ast.KeyValueExpr); isPair {
				if name, isName := pair.Key.(*ast.BasicLit); isName {
					unquoted, err := strconv.Unquote(name.Value)
					if err == nil {
						vars = append(vars, unquoted)
					}
				}
			}
		}
	case *ast.Ident:
		if given.Name == "nil" {
			vars = []string{}
		}
	}
	return key, vars, true
}
