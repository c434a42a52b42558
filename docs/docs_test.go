// Package docs_test keeps what the pages say in step with the program.
package docs_test

import (
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	pathpkg "path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
)

var update = flag.Bool("update", false, "write the tables into the pages")

// The table of commands stands between these in both READMEs.
const (
	tableBegins = "<!-- commands: kept by docs/docs_test.go -->\n"
	tableEnds   = "<!-- /commands -->"
)

func TestCommandTable(t *testing.T) {
	for name, lang := range map[string]string{"README.md": phrase.English, "README.zh-CN.md": phrase.Chinese} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("..", name)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			head, rest, begun := strings.Cut(string(b), tableBegins)
			shown, tail, ended := strings.Cut(rest, tableEnds)
			if !begun || !ended {
				t.Fatalf("%s has no place for the table of commands", name)
			}
			want := commandTable(lang)
			if shown == want {
				return
			}
			if !*update {
				t.Fatalf("%s lists other commands than the program has: go test ./docs -update", name)
			}
			if err := os.WriteFile(path, []byte(head+tableBegins+want+tableEnds+tail), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// commandTable writes the desk's commands as Markdown in a language.
func commandTable(lang string) string {
	texts, _ := phrase.New(nil, lang)
	var b strings.Builder
	if lang == phrase.English {
		b.WriteString("| 中文 | English | does | from |\n|---|---|---|---|\n")
	} else {
		b.WriteString("| 命令 | English | 做什么 | 谁能用 |\n|---|---|---|---|\n")
	}
	for _, c := range desk.Commands() {
		help := strings.ReplaceAll(texts.Text(lang, "help."+c.Verb, nil), "|", `\|`)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.Join(c.Zh, "、"), strings.Join(c.En, ", "), help, texts.Text(lang, "role."+string(c.Role), nil))
	}
	return b.String()
}

var (
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)|src="([^"]+)"`)
	fenced = regexp.MustCompile("(?s)```.*?```")
)

// Every relative link leads to a file that is there.
func TestLinks(t *testing.T) {
	pages := 0
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "." {
			return fs.SkipDir
		}
		if pathpkg.Ext(path) != ".md" {
			return nil
		}
		pages++
		b, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(string(b), ""), -1) {
			u, err := url.Parse(m[1] + m[2])
			if err != nil {
				t.Errorf("%s: link %q: %v", path, m[0], err)
				continue
			}
			if u.Scheme != "" || u.Path == "" {
				continue
			}
			if _, err := fs.Stat(root, pathpkg.Join(pathpkg.Dir(path), u.Path)); err != nil {
				t.Errorf("%s: link %s leads nowhere", path, u)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if pages < 5 {
		t.Fatalf("found %d pages only", pages)
	}
}
