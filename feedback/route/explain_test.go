package route

import "testing"

func TestExplain(t *testing.T) {
	words := map[string]string{
		"sentiment.negative": "负面", "intent.praise": "表扬", "intent.chat": "闲聊", "author.followers": "粉丝", "group": "群里", "hour": "钟点",
	}
	pick := func(key, otherwise string) string {
		if w, ok := words[key]; ok {
			return w
		}
		return otherwise
	}
	s := Speech{
		Value: func(variable, value string) string { return pick(variable+"."+value, value) },
		Name:  func(variable string) string { return pick(variable, variable) },
		And:   " + ", Or: " 或 ", Not: "不是",
		Quote: func(text string) string { return "「" + text + "」" },
	}
	for condition, want := range map[string]string{
		`sentiment == "negative" && "物流配送" in topics`:        "负面 + 物流配送",
		`"食品安全" in topics`:                                   "食品安全",
		`any(topics, # == "包装")`:                             "包装",
		`any(topics, # in ["包装", "口味"])`:                     "包装/口味",
		`intent in ["praise", "chat"]`:                       "表扬/闲聊",
		`intent != "chat"`:                                   "不是闲聊",
		`intent not in ["chat"]`:                             "不是闲聊",
		`"negative" == sentiment`:                            "负面",
		`group && author.followers >= 10000`:                 "群里 + 粉丝 ≥ 10000",
		`!(group || history)`:                                "不是(群里 或 history)",
		`(group || history) && hour < 9`:                     "(群里 或 history) + 钟点 < 9",
		`text contains "退款" or lower(text) matches "refund"`: "「退款」 或 「refund」",
		`shop == "SH018"`:                                    "SH018",
		`hour == 9`:                                          "钟点 9",
		`len(topics) > 2`:                                    `len(topics) > 2`,
		`all(topics, # == "包装")`:                             `all(topics, # == "包装")`,
		`lower(channel) == "weibo"`:                          "weibo",
		`text == url`:                                        `text == url`,
		`this is (no condition`:                              `this is (no condition`,
		`9 > hour`:                                           `9 > hour`,
		`score + 1 == 2`:                                     `score + 1 == 2`,
	} {
		if got := Explain(condition, s); got != want {
			t.Errorf("%s: %q, want %q", condition, got, want)
		}
	}
}

func FuzzExplain(f *testing.F) {
	f.Add(`sentiment == "negative" && "物流配送" in topics || !group`)
	f.Add(`any(topics, # in [1, "a", b])`)
	s := Speech{
		Value: func(_, value string) string { return value }, Name: func(variable string) string { return variable },
		Quote: func(text string) string { return text },
	}
	f.Fuzz(func(t *testing.T, condition string) {
		if _, err := parse(condition); err != nil && Explain(condition, s) != condition {
			t.Fatalf("%q changed", condition)
		}
		Explain(condition, s)
	})
}
