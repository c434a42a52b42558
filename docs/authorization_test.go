package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/web"
)

// TestAuthorizationPage keeps docs/authorization.md as the tables of the
// program say. That the program does as they say is tested where it is done:
// web/routes_test.go and pipeline/roles_test.go.
func TestAuthorizationPage(t *testing.T) {
	const page = "authorization.md"
	want := authorization()
	got, err := os.ReadFile(page)
	if err == nil && string(got) == want {
		return
	}
	if !*update {
		t.Fatalf("docs/%s is not what the program says (%v): go test ./docs -update", page, err)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func authorization() string {
	var b strings.Builder
	b.WriteString(`# Who may do what

Written by ` + "`go test ./docs -update`" + ` from the tables of the program: the routes of ` + "`web/routes.go`" + ` and the commands of
` + "`desk/commands.go`" + `. ` + "`web/routes_test.go`" + ` asks every route as each of these people, and ` + "`pipeline/roles_test.go`" + ` gives every
command as each of them; a route or a command that declares nothing fails these tests.

## Routes

"own" is a customer's own conversation, known by the secret token of their browser; what is another's is answered as what
does not exist. "signed" needs the channel's signature over the body. A command posted to ` + "`/do`" + ` is decided by the second table.

| route | | stranger | customer | viewer | agent | lead | admin |
|---|---|---|---|---|---|---|---|
`)
	columns := map[web.Access]string{
		web.Anyone:     "yes | yes | yes | yes | yes | yes",
		web.Visitors:   "no | own | no | no | no | no",
		web.Colleagues: "no | no | yes | yes | yes | yes",
		web.Platforms:  "signed | signed | signed | signed | signed | signed",
	}
	for _, r := range web.Routes() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Pattern, r.Does, columns[r.Access])
	}
	b.WriteString(`
## Commands

Typed in a team's chat, pressed as a button, or given on the board: the same rule. "asked" means that it is another colleague's
item, and the person is asked first. People who are no colleagues may do none of them, and get no answer in public.

| command | | viewer | agent, own or unowned item | agent, another's | lead | admin |
|---|---|---|---|---|---|---|
`)
	texts, _ := phrase.New(nil, phrase.English)
	for _, c := range desk.Commands() {
		help := strings.ReplaceAll(texts.Text(phrase.English, "help."+c.Verb, nil), "|", `\|`)
		fmt.Fprintf(&b, "| %s %s | %s | %s |\n", c.Zh[0], c.En[0], help, strings.Join(mayOf(c), " | "))
	}
	b.WriteString(`
In a team's chat, ` + "`link`" + ` registers the chat for a team, which takes an admin; in a private chat it redeems the person's own code. Claiming
an item that has an owner only says who has it. A lead or an admin sees 原文 of any item without being asked; it is recorded.
`)
	return b.String()
}

func mayOf(c desk.Spec) []string {
	word := func(role feedback.Role, others bool) string {
		switch {
		case !role.AtLeast(c.Role):
			return "no"
		case c.Verb == "claim" && others:
			return "told who"
		case c.Mine && others && !role.AtLeast(feedback.Lead):
			return "no"
		case c.Mine && others && c.Verb != "full":
			return "yes, asked"
		}
		return "yes"
	}
	return []string{
		word(feedback.Viewer, false), word(feedback.Agent, false), word(feedback.Agent, true), word(feedback.Lead, true), word(feedback.Admin, true),
	}
}
