package desk

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/huiyin/huiyin/feedback"
)

// goal is somebody or a team that an item can go to, under one name.
type goal struct {
	name   string
	person *feedback.Staff
	team   *Team
	rank   int // of several of one name: the lowest is meant
}

// target reads who an item goes to, a person or a team, and why. Names may hold
// spaces: the longest that fits is meant.
func (c *call) target() (*feedback.Staff, *Team, string, error) {
	said := strings.TrimSpace(c.p.Who + " " + c.p.Text)
	if said == "" {
		return nil, nil, "", c.refuse("needtext", phraseVars{"example": c.p.Spec.example(c.lang)})
	}
	staff, err := c.tx.AllStaff()
	if err != nil {
		return nil, nil, "", err
	}
	staff = slices.DeleteFunc(staff, func(st *feedback.Staff) bool { return st.Disabled })
	var fit []goal
	for _, g := range c.goals(staff) {
		if !begins(said, g.name) {
			continue
		}
		if len(fit) > 0 && len(g.name) > len(fit[0].name) {
			fit = nil
		}
		if len(fit) == 0 || len(g.name) == len(fit[0].name) {
			fit = append(fit, g)
		}
	}
	if len(fit) == 0 {
		return nil, nil, "", c.nobody(said, staff)
	}
	reason := strings.TrimLeftFunc(said[len(fit[0].name):], listGap)
	slices.SortStableFunc(fit, func(a, b goal) int { return cmp.Compare(a.rank, b.rank) })
	meant := fit[0]
	if meant.team != nil {
		return nil, meant.team, reason, nil
	}
	var people []string
	for _, g := range fit {
		if g.rank == meant.rank && g.person != nil && !slices.Contains(people, g.person.Name) {
			people = append(people, g.person.Name)
		}
	}
	if len(people) > 1 {
		return nil, nil, "", c.refuse("noperson.many", phraseVars{"name": meant.name, "people": strings.Join(people, c.text("list.separator", nil))})
	}
	if !meant.person.Role.AtLeast(feedback.Agent) {
		return nil, nil, "", c.refuse("noperson.role", phraseVars{"name": meant.person.Name, "role": c.text("role."+string(meant.person.Role), nil)})
	}
	return meant.person, nil, reason, nil
}

// goals returns everybody and every team under every name that they go by. A name
// written with @ is rather a person's; what customers call a colleague comes last,
// since several may share it.
func (c *call) goals(staff []*feedback.Staff) []goal {
	teamRank := 0
	if c.p.Who != "" {
		teamRank = 2
	}
	var all []goal
	for _, name := range c.r.TeamOrder {
		t := c.r.Teams[name]
		for _, n := range []string{t.Name, t.Title, strings.TrimSuffix(t.Title, "组")} {
			all = append(all, goal{name: n, team: t, rank: teamRank})
		}
	}
	for _, st := range staff {
		all = append(all, goal{name: st.Name, person: st, rank: 1}, goal{name: st.Accounts[c.a.Bot], person: st, rank: 1}, goal{name: st.ShownAs, person: st, rank: 3})
	}
	return slices.DeleteFunc(all, func(g goal) bool { return g.name == "" })
}

// begins reports whether a text begins with a name as a word of its own.
func begins(text, name string) bool {
	if len(text) < len(name) || !strings.EqualFold(text[:len(name)], name) {
		return false
	}
	next, size := utf8.DecodeRuneInString(text[len(name):])
	return size == 0 || listGap(next)
}

// nobody says that no person or team is called so, and who might be meant.
func (c *call) nobody(said string, staff []*feedback.Staff) error {
	name, _ := firstWord(said)
	for _, st := range staff {
		if distance(st.Name, name) == 1 {
			return c.refuse("noperson.near", phraseVars{"name": clip(name), "near": st.Name})
		}
	}
	return c.refuse("noperson", phraseVars{"name": clip(name)})
}

// teamNamed returns the team of that name or title; nil where there is none.
func (c *call) teamNamed(name string) *Team {
	for _, key := range c.r.TeamOrder {
		if t := c.r.Teams[key]; strings.EqualFold(t.Name, name) || strings.EqualFold(t.Title, name) || t.Title == name+"组" {
			return t
		}
	}
	return nil
}

func (c *call) teamTitles() []string {
	var out []string
	for _, name := range c.r.TeamOrder {
		out = append(out, c.r.Teams[name].Title)
	}
	return out
}
