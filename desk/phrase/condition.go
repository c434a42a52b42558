package phrase

import "github.com/huiyin/huiyin/feedback/route"

// Condition returns a routing condition as people say it, for cards and lists:
// sentiment == "negative" && "物流配送" in topics becomes 负面 + 物流配送. What
// cannot be said shorter stays as it is written.
func (c *Catalog) Condition(lang, when string) string {
	return route.Explain(when, route.Speech{
		Value: func(variable, value string) string {
			group := variable
			if variable == "topics" {
				group = "topic"
			}
			return c.Word(lang, group, value)
		},
		Name:  func(variable string) string { return c.Word(lang, "variable", variable) },
		Quote: func(words string) string { return c.Text(lang, "card.quote", Vars{"text": words}) },
		And:   " + ",
		Or:    c.Text(lang, "condition.or", nil),
		Not:   c.Text(lang, "condition.not", nil),
	})
}
