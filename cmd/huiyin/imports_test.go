package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/huiyin/huiyin/"

// mayImport says, of every package, which others of this module it may import.
// A key ending in /* is for each package below; among several that match, the
// longest counts. What is named here is all there is: a new package, or a new
// edge between two, is decided here first.
var mayImport = map[string][]string{
	"feedback":       {},
	"feedback/near":  {},
	"feedback/route": {"feedback", "feedback/near"},
	"feedback/*":     {"feedback"},

	"config": {"feedback", "feedback/*"},
	"nlp":    {"nlp/sentiment"},
	// The two hold what has no need of the others: the model, and the only
	// package with cgo.
	"nlp/sentiment": {},
	"nlp/jieba":     {"nlp"},
	"nlp/*":         {"nlp", "nlp/*"},

	"bots":             {},
	"bots/*":           {"bots", "feedback", "feedback/*"},
	"bots/bottest":     {"bots", "feedback", "feedback/*", "test/hostile"},
	"bots/slack/*":     {"bots", "bots/slack"},
	"bots/telegram/*":  {"bots", "bots/telegram"},
	"bots/robot/*":     {"bots", "bots/robot"},
	"listeners":        {},
	"listeners/*":      {"listeners", "feedback", "feedback/*"},
	"listeners/feed/*": {"listeners", "listeners/feed"},
	"outbound":         {},
	"outbound/*":       {},
	"store":            {"feedback", "feedback/*"},
	"store/stream":     {},
	"store/files":      {},
	"store/spool":      {},
	"store/storetest":  {"store", "feedback", "test/loopback"},
	"store/stream/*":   {"store/stream", "test/loopback"},
	"desk":             {"bots", "desk/credential", "desk/phrase", "feedback", "feedback/*", "nlp", "store", "store/stream"},
	"desk/phrase":      {"feedback", "feedback/*"},
	"desk/credential":  {},
	"pipeline":         {"bots", "desk", "desk/phrase", "feedback", "feedback/*", "listeners", "nlp", "store", "store/stream", "store/files", "store/spool"},
	"web":              {"bots", "bots/webchat", "desk", "desk/credential", "desk/phrase", "feedback", "feedback/*", "store", "store/stream", "store/files"},
	"cmd/huiyin":       {"*"},
	"cmd/huiyin/*":     {"*"},
	"test/*":           {"*"},
	"test/hostile":     {},
	"test/loopback":    {},
}

// onlyIn are packages that few may import, whatever the table above says.
var onlyIn = map[string][]string{
	"config":        {"cmd/huiyin"},
	"pipeline":      {"cmd/huiyin"},
	"web":           {"cmd/huiyin"},
	"outbound":      {"cmd/huiyin"},
	"nlp/jieba":     {"cmd/huiyin", "nlp/jieba/testdata/cut"},
	"bots/slack":    {"cmd/huiyin", "bots/slack/slacktest"},
	"bots/telegram": {"cmd/huiyin", "bots/telegram/telegramtest"},
	"bots/robot":    {"cmd/huiyin", "bots/robot/robottest"},
	// The web chat is a kind whose pages are the web's: the two know each
	// other's bounds.
	"bots/webchat": {"cmd/huiyin", "web"},
}

// forTests are packages made for tests: only tests import them.
var forTests = []string{"bots/bottest", "test/hostile", "test/loopback", "bots/slack/slacktest", "bots/telegram/telegramtest", "bots/robot/robottest", "store/storetest", "store/stream/streamtest", "outbound/outboundtest"}

// std are packages that may import nothing but the standard library and, where
// it says so, what is named.
var std = map[string][]string{
	"feedback":       {},
	"feedback/near":  {},
	"feedback/sla":   {},
	"feedback/route": {"github.com/expr-lang/expr"},
}

// imported is one import of one file that is no test.
type imported struct{ by, file, path string }

// imports reads every import of this module.
func imports(t *testing.T) []imported {
	t.Helper()
	root := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	var all []imported
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name != ".." && (strings.HasPrefix(name, ".") || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all = append(all, imported{by: path.Dir(filepath.ToSlash(rel)), file: filepath.ToSlash(rel), path: p})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// matches reports whether a package is what a pattern names.
func matches(pattern, pkg string) bool {
	below, all := strings.CutSuffix(pattern, "*")
	return pattern == "*" || pattern == pkg || all && below != "" && strings.HasPrefix(pkg, below)
}

// rule returns what a package may import.
func rule(pkg string) ([]string, bool) {
	best := ""
	for pattern := range mayImport {
		if matches(pattern, pkg) && (pattern == pkg || len(pattern) > len(best) && best != pkg) {
			best = pattern
		}
	}
	allowed, known := mayImport[best]
	return allowed, known
}

func TestWhoMayImportWhom(t *testing.T) {
	all := imports(t)
	if len(all) < 200 {
		t.Fatalf("only %d imports found: this reads the wrong tree", len(all))
	}
	seen := map[string]bool{}
	for _, i := range all {
		seen[i.by] = true
		to, own := strings.CutPrefix(i.path, module)
		if !own {
			continue
		}
		allowed, known := rule(i.by)
		if !known {
			t.Errorf("%s: nothing says whom the package may import: decide it in mayImport", i.by)
			continue
		}
		if !slices.ContainsFunc(allowed, func(p string) bool { return matches(p, to) }) {
			t.Errorf("%s imports %s, which %s may not", i.file, to, i.by)
		}
		if few, rare := onlyIn[to]; rare && !slices.Contains(few, i.by) {
			t.Errorf("%s imports %s, which only %v may", i.file, to, few)
		}
		if slices.Contains(forTests, to) && !slices.Contains(forTests, i.by) {
			t.Errorf("%s imports %s, which is for tests", i.file, to)
		}
	}
	for _, room := range []string{"feedback", "bots", "bots/slack", "bots/telegram", "listeners", "nlp", "store", "store/stream", "desk", "desk/phrase", "pipeline", "web", "config", "cmd/huiyin"} {
		if !seen[room] {
			t.Errorf("no file of %s was read", room)
		}
	}
}

func TestTheDomainImportsTheStandardLibraryOnly(t *testing.T) {
	for _, i := range imports(t) {
		allowed, strict := std[i.by]
		if !strict || strings.HasPrefix(i.path, module+"feedback") {
			continue
		}
		if first, _, _ := strings.Cut(i.path, "/"); !strings.Contains(first, ".") {
			continue // the standard library
		}
		if !slices.ContainsFunc(allowed, func(p string) bool { return i.path == p || strings.HasPrefix(i.path, p+"/") }) {
			t.Errorf("%s imports %s", i.file, i.path)
		}
	}
}

// TestOneRoomForCgo: everything else builds without a C++ compiler.
func TestOneRoomForCgo(t *testing.T) {
	for _, i := range imports(t) {
		cgo := i.path == "C" || strings.HasPrefix(i.path, "github.com/yanyiwu/gojieba")
		if cgo && i.by != "nlp/jieba" && i.by != "nlp/jieba/testdata/cut" {
			t.Errorf("%s needs cgo: only nlp/jieba does", i.file)
		}
	}
}

func TestTheRulesAreRead(t *testing.T) {
	for pkg, want := range map[string]string{"bots/slack": "bots", "feedback/route": "feedback/near", "desk": "store", "listeners/feed": "listeners"} {
		allowed, known := rule(pkg)
		if !known || !slices.Contains(allowed, want) {
			t.Errorf("%s may import %v", pkg, allowed)
		}
	}
	for _, pkg := range []string{"util", "internal/x"} {
		if _, known := rule(pkg); known {
			t.Errorf("%s has a rule", pkg)
		}
	}
	for from, to := range map[string]string{"web": "pipeline", "bots/slack": "store", "listeners/feed": "desk", "store": "desk", "bots/telegram": "bots/slack", "nlp": "store", "desk": "pipeline"} {
		allowed, _ := rule(from)
		if slices.ContainsFunc(allowed, func(p string) bool { return matches(p, to) }) {
			t.Errorf("%s may import %s", from, to)
		}
	}
}
