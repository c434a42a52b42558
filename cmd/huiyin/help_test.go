package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// at runs a command line on a terminal of a language.
func at(t *testing.T, locale string, args ...string) (code int, out, said string) {
	t.Helper()
	var o, e bytes.Buffer
	env := func(name string) (string, bool) { return locale, name == "LANG" }
	code = run(t.Context(), &cli{out: &o, err: &e, in: &bytes.Buffer{}, env: env}, args)
	return code, o.String(), e.String()
}

// TestHelpOfEveryCommand: whoever asks how a command is used reads, in their
// language and on standard output, what it does, what it takes, and every flag.
func TestHelpOfEveryCommand(t *testing.T) {
	flags := regexp.MustCompile("(?m)^  -.*(\n    \t.*)*")
	for _, cmd := range commands() {
		for locale, what := range map[string]string{"zh_CN.UTF-8": cmd.zh, "en_US.UTF-8": cmd.help} {
			code, out, said := at(t, locale, cmd.name, "--help")
			if code != exitDone || said != "" || !strings.HasPrefix(out, strings.TrimSpace("huiyin "+cmd.name+" "+cmd.args)) || !strings.Contains(out, what) {
				t.Errorf("%s in %s: %d\n%s%s", cmd.name, locale, code, out, said)
			}
			for _, f := range flags.FindAllString(out, -1) {
				if han := strings.ContainsFunc(f, func(r rune) bool { return unicode.Is(unicode.Han, r) }); han != (what == cmd.zh) {
					t.Errorf("%s in %s is explained in the other language: %s", cmd.name, locale, f)
				}
			}
			if _, again, _ := at(t, locale, "help", cmd.name); again != out {
				t.Errorf("huiyin help %s says something else", cmd.name)
			}
		}
	}
}

// TestMistakesAreSaidOnce: a mistyped command or flag is named, with what was
// perhaps meant, and is not buried in a page of help.
func TestMistakesAreSaidOnce(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"serv"}, "did you mean serve?"},
		{[]string{"serve", "-nosuch"}, "flag provided but not defined: -nosuch"},
		{[]string{"check", "extra"}, "0 operands expected, 1 given"},
	} {
		code, out, said := at(t, "en_US.UTF-8", c.args...)
		if code != exitUsage || out != "" || strings.Count(said, c.want) != 1 || strings.Count(said, "\n") > 3 {
			t.Errorf("%v: %d\n%s%s", c.args, code, out, said)
		}
	}
}

// TestToolsMakeNoDatabase: who stands in another folder than serve is told so,
// instead of reading that there is nothing, out of a database made on the spot.
func TestToolsMakeNoDatabase(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"export", "-o", "items.csv"}, {"signin", "李雷"}, {"quarantine"}, {"privacy", "erase", "-subject", "web:1"}, {"analyze", "-again"},
		{"eval", "-corrections"}, {"staff", "signout", "李雷"}, {"import", "nosuch.csv", "-channel", "old"},
	} {
		code, out, said := at(t, "en_US.UTF-8", args...)
		if code != exitFailed || out != "" {
			t.Errorf("%v: %d\n%s%s", args, code, out, said)
		}
		if args[0] != "import" && !strings.Contains(said, "there is no database huiyin-data/huiyin.db") {
			t.Errorf("%v says %s", args, said)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("they have left something behind: %v %v", left, err)
	}
}
