package desk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/desk/phrase"
)

// TestEveryTextExists reads this package's source: every text it asks for by a
// literal key is in the catalogue, and every variable it gives is one of the
// text's.
func TestEveryTextExists(t *testing.T) {
	vars := map[string][]string{}
	for _, k := range phrase.Keys() {
		vars[k.Key] = k.Vars
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Text", "text", "refuse", "answer", "progress"}, sel.Sel.Name) {
				return true
			}
			for i, arg := range call.Args {
				key, ok := literal(arg)
				if !ok || key == "" || !strings.ContainsAny(key, ".?") && vars[key] == nil && i != 1 && sel.Sel.Name != "refuse" {
					continue
				}
				if strings.HasSuffix(key, ".") || strings.Contains(key, ":") {
					continue // a prefix that a value completes
				}
				want, known := vars[key]
				if !known {
					t.Errorf("%s: there is no text %q", set.Position(arg.Pos()), key)
					continue
				}
				seen++
				if i+1 < len(call.Args) {
					for _, name := range given(call.Args[i+1]) {
						if !slices.Contains(want, name) {
							t.Errorf("%s: text %q has no variable {%s}: %v", set.Position(arg.Pos()), key, name, want)
						}
					}
				}
				break
			}
			return true
		})
	}
	if seen < 100 {
		t.Fatalf("only %d texts found: the test no longer sees them", seen)
	}
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// given returns the names in a phraseVars literal.
func given(e ast.Expr) []string {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	var names []string
	for _, el := range lit.Elts {
		if kv, ok := el.(*ast.KeyValueExpr); ok {
			if name, ok := literal(kv.Key); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

func TestEveryVerbRuns(t *testing.T) {
	src, err := os.ReadFile("execute.go")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.ReadFile("info.go")
	if err != nil {
		t.Fatal(err)
	}
	code := string(src) + string(info)
	catalog, _ := phrase.New(nil, "zh-CN")
	for _, s := range Commands() {
		if !strings.Contains(code, "case "+strconv.Quote(s.Verb)+":") {
			t.Errorf("verb %q has no case", s.Verb)
		}
		for _, key := range []string{"help." + s.Verb, "usage." + s.Verb} {
			if !catalog.Has(key) {
				t.Errorf("verb %q has no text %q", s.Verb, key)
			}
		}
		p := Parse(s.Example, false, false)
		if p.Spec == nil || p.Spec.Verb != s.Verb {
			t.Errorf("example %q is not understood as %q", s.Example, s.Verb)
		}
	}
}
