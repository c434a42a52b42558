package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheReliabilityMapNamesTests: every test that docs/reliability-map.md or
// SECURITY.md names is one.
func TestTheReliabilityMapNamesTests(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "reliability-map.md"))
	if err != nil {
		t.Fatal(err)
	}
	namedTest := regexp.MustCompile("`([a-z0-9_/]+_test\\.go):((?:Test|Fuzz)[A-Za-z0-9]+)`")
	named := namedTest.FindAllStringSubmatch(string(page), -1)
	if len(named) < 100 {
		t.Fatalf("only %d tests are named", len(named))
	}
	security, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	named = append(named, namedTest.FindAllStringSubmatch(string(security), -1)...)
	for _, n := range named {
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(n[1])))
		if err != nil || !strings.Contains(string(source), "\nfunc "+n[2]+"(") {
			t.Errorf("%s has no %s (%v)", n[1], n[2], err)
		}
	}
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| ") && strings.Count(line, "_test.go:") == 0 && strings.HasSuffix(strings.TrimSpace(line), "| |") {
			t.Errorf("neither a test nor a reason: %s", line)
		}
	}
}
