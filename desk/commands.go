package desk

import (
	"strings"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
)

// Need says what of an argument a command takes.
type Need int

// The needs.
const (
	No Need = iota
	May
	Must
)

// Spec is one command: parser, help, permissions and the platforms' menus all
// come from it.
type Spec struct {
	Verb    string   // its name in data, events and menus
	Zh, En  []string // what people type, the usual one first
	Role    feedback.Role
	Item    Need // an item, from the thread or by number
	Many    bool // several items at once
	Text    Need
	Who     bool // takes @WHO
	Mine    bool // on another's item it takes a lead, who is asked first
	Options []Option
	Example string // in Chinese; parses back to this command
	Sample  string // the same in English
}

// Option is an option of a command in both languages.
type Option struct{ Name, Zh, En string }

// name returns the verb as people of that language write it.
func (s *Spec) name(lang string) string {
	if phrase.Language(lang) == phrase.Chinese {
		return s.Zh[0]
	}
	return s.En[0]
}

// example returns the command as people of that language would give it.
func (s *Spec) example(lang string) string {
	if phrase.Language(lang) == phrase.Chinese {
		return s.Example
	}
	return s.Sample
}

// names returns everything that can be typed for the command.
func (s *Spec) names() []string { return append(append([]string(nil), s.Zh...), s.En...) }

// toCustomer reports whether the command's text is for the customer.
func (s *Spec) toCustomer() bool { return s.Verb == "reply" || s.Verb == "resolve" || s.Verb == "wait" }

// option returns the name of the option typed as word; empty where it is none.
func (s *Spec) option(word string) string {
	for _, o := range s.Options {
		if word == o.Zh || strings.EqualFold(word, o.En) {
			return o.Name
		}
	}
	return ""
}

// specs is the command table, in the order of the help. (*call).execute has a
// case for each verb.
var specs = []Spec{
	{Verb: "claim", Zh: []string{"认领"}, En: []string{"claim"}, Role: feedback.Agent, Item: Must, Many: true, Example: "！认领 #12", Sample: "!claim #12"},
	{Verb: "release", Zh: []string{"释放"}, En: []string{"release"}, Role: feedback.Agent, Item: Must, Mine: true, Example: "！释放 #12", Sample: "!release #12"},
	{Verb: "assign", Zh: []string{"转"}, En: []string{"assign"}, Role: feedback.Agent, Item: Must, Many: true, Who: true, Text: May, Mine: true, Example: "！转 #12 @韩梅梅 疑似原料", Sample: "!assign #12 @Jane looks like the raw material"},
	{Verb: "reply", Zh: []string{"回复"}, En: []string{"reply"}, Role: feedback.Agent, Item: Must, Many: true, Text: May, Mine: true, Example: "！回复 #12 正在帮您查", Sample: "!reply #12 We're checking this for you"},
	{Verb: "wait", Zh: []string{"等客户"}, En: []string{"wait"}, Role: feedback.Agent, Item: Must, Text: Must, Mine: true, Example: "！等客户 #12 方便发一下小票吗？", Sample: "!wait #12 Could you send us the receipt?"},
	{Verb: "note", Zh: []string{"备注"}, En: []string{"note"}, Role: feedback.Agent, Item: Must, Text: Must, Example: "！备注 #12 已联系门店", Sample: "!note #12 Called the shop"},
	{Verb: "resolve", Zh: []string{"解决"}, En: []string{"resolve"}, Role: feedback.Agent, Item: Must, Many: true, Text: May, Mine: true,
		Options: []Option{{"nosurvey", "不评价", "no-survey"}}, Example: "！解决 #12 已退 18 元，1–3 天到账", Sample: "!resolve #12 Refunded 18 yuan, it arrives in 1–3 days"},
	{Verb: "close", Zh: []string{"关闭"}, En: []string{"close"}, Role: feedback.Agent, Item: Must, Many: true, Text: May, Mine: true, Example: "！关闭 #12 重复", Sample: "!close #12 duplicate"},
	{Verb: "spam", Zh: []string{"垃圾"}, En: []string{"spam"}, Role: feedback.Agent, Item: Must, Mine: true,
		Options: []Option{{"block", "拉黑", "block"}}, Example: "！垃圾 #12 --拉黑", Sample: "!spam #12 --block"},
	{Verb: "reopen", Zh: []string{"重开"}, En: []string{"reopen"}, Role: feedback.Agent, Item: Must, Mine: true, Example: "！重开 #12", Sample: "!reopen #12"},
	{Verb: "undo", Zh: []string{"撤销"}, En: []string{"undo"}, Role: feedback.Agent, Example: "！撤销", Sample: "!undo"},
	{Verb: "recall", Zh: []string{"撤回"}, En: []string{"recall"}, Role: feedback.Agent, Item: Must, Mine: true, Example: "！撤回 #12", Sample: "!recall #12"},
	{Verb: "resend", Zh: []string{"重发"}, En: []string{"resend"}, Role: feedback.Agent, Item: Must, Mine: true, Example: "！重发 #12", Sample: "!resend #12"},
	{Verb: "priority", Zh: []string{"优先"}, En: []string{"priority"}, Role: feedback.Agent, Item: Must, Text: Must, Mine: true, Example: "！优先 #12 P1", Sample: "!priority #12 P1"},
	{Verb: "tag", Zh: []string{"标签"}, En: []string{"tag"}, Role: feedback.Agent, Item: Must, Many: true, Text: Must, Mine: true, Example: "！标签 #12 +物流配送 -产品质量", Sample: "!tag #12 +Delivery -Taste"},
	{Verb: "set", Zh: []string{"设"}, En: []string{"set"}, Role: feedback.Agent, Item: Must, Text: Must, Mine: true, Example: "！设 #12 门店=徐家汇", Sample: "!set #12 shop=Xujiahui"},
	{Verb: "correct", Zh: []string{"纠正"}, En: []string{"correct"}, Role: feedback.Agent, Item: Must, Text: May, Mine: true,
		Options: []Option{{"withdraw", "撤回", "withdraw"}}, Example: "！纠正 #12 负面 投诉 +口味", Sample: "!correct #12 negative complaint +Taste"},
	{Verb: "merge", Zh: []string{"合并"}, En: []string{"merge"}, Role: feedback.Agent, Item: Must, Many: true, Mine: true, Example: "！合并 #12 #15", Sample: "!merge #12 #15"},
	{Verb: "snooze", Zh: []string{"稍后"}, En: []string{"snooze"}, Role: feedback.Agent, Item: Must, Text: Must, Mine: true, Example: "！稍后 #12 2h 等门店回电", Sample: "!snooze #12 2h waiting for the shop"},
	{Verb: "handover", Zh: []string{"交班"}, En: []string{"handover"}, Role: feedback.Agent, Who: true, Text: May, Example: "！交班 @韩梅梅", Sample: "!handover @Jane"},
	{Verb: "posted", Zh: []string{"已在原帖回复"}, En: []string{"posted"}, Role: feedback.Agent, Item: Must, Mine: true, Example: "！已在原帖回复 #12", Sample: "!posted #12"},
	{Verb: "full", Zh: []string{"原文"}, En: []string{"full"}, Role: feedback.Agent, Item: Must, Mine: true, Example: "！原文 #12", Sample: "!full #12"},
	{Verb: "show", Zh: []string{"详情"}, En: []string{"show"}, Role: feedback.Viewer, Item: Must, Example: "！详情 #12", Sample: "!show #12"},
	{Verb: "trace", Zh: []string{"追踪"}, En: []string{"trace"}, Role: feedback.Viewer, Item: Must, Example: "！追踪 #12", Sample: "!trace #12"},
	{Verb: "mine", Zh: []string{"我的"}, En: []string{"mine"}, Role: feedback.Viewer, Example: "！我的", Sample: "!mine"},
	{Verb: "queue", Zh: []string{"待办"}, En: []string{"queue"}, Role: feedback.Viewer, Text: May, Example: "！待办", Sample: "!queue"},
	{Verb: "search", Zh: []string{"查"}, En: []string{"search"}, Role: feedback.Viewer, Text: Must, Example: "！查 漏水", Sample: "!search leaking"},
	{Verb: "report", Zh: []string{"报告"}, En: []string{"report"}, Role: feedback.Viewer, Text: May, Example: "！报告", Sample: "!report"},
	{Verb: "help", Zh: []string{"帮助"}, En: []string{"help"}, Role: feedback.Viewer, Text: May, Example: "！帮助", Sample: "!help"},
	{Verb: "web", Zh: []string{"网页"}, En: []string{"web"}, Role: feedback.Viewer, Example: "！网页", Sample: "!web"},
	{Verb: "whoami", Zh: []string{"我是谁"}, En: []string{"whoami"}, Role: feedback.Viewer, Example: "！我是谁", Sample: "!whoami"},
	{Verb: "link", Zh: []string{"绑定", "登记"}, En: []string{"link"}, Role: feedback.Viewer, Text: Must, Example: "/link 客服组", Sample: "/link Care"},
	{Verb: "unlink", Zh: []string{"取消登记"}, En: []string{"unlink"}, Role: feedback.Admin, Example: "/unlink", Sample: "/unlink"},
	{Verb: "customer", Zh: []string{"当客户"}, En: []string{"customer"}, Role: feedback.Viewer, Example: "！当客户", Sample: "!customer"},
}

// lookup returns the command typed as word, exactly but for the case of Latin
// letters.
func lookup(word string) *Spec {
	for i := range specs {
		for _, name := range specs[i].Zh {
			if word == name {
				return &specs[i]
			}
		}
		for _, name := range specs[i].En {
			if strings.EqualFold(word, name) {
				return &specs[i]
			}
		}
	}
	return nil
}

// byVerb returns the command of a button's data.
func byVerb(verb string) *Spec {
	for i := range specs {
		if specs[i].Verb == verb {
			return &specs[i]
		}
	}
	return nil
}

// Commands returns the table, for help pages and documentation.
func Commands() []Spec { return specs }

// Menu returns the entries of a platform's own command menu, the customers'
// and the team's, in the words of the catalogue: help.VERB.
func Menu(texts *phrase.Catalog) []bots.MenuEntry {
	var out []bots.MenuEntry
	add := func(name, key string, staff bool) {
		for menu, lang := range map[string]string{"zh": phrase.Chinese, "en": phrase.English} {
			out = append(out, bots.MenuEntry{Name: name, Help: texts.Text(lang, key, nil), Lang: menu, Staff: staff})
		}
	}
	for _, name := range []string{"help", "status", "human", "cancel", "privacy"} {
		add(name, "help.customer."+name, false)
	}
	for i := range specs {
		add(specs[i].Verb, "help."+specs[i].Verb, true)
	}
	return out
}
