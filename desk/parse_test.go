package desk

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// typed is how one message is read.
type typed struct {
	text      string
	mentioned bool
	slash     bool

	verb    string // empty: a note
	near    string // the command a mistyped word probably means
	asked   string // the command a note begins with
	items   []int64
	who     string
	options []string
	says    string // Text
	unclear string
}

func (want typed) check(t *testing.T) {
	t.Helper()
	got := Parse(want.text, want.mentioned, want.slash)
	verb := func(s *Spec) string {
		if s == nil {
			return ""
		}
		return s.Verb
	}
	if verb(got.Spec) != want.verb || verb(got.Near) != want.near || verb(got.Asked) != want.asked {
		t.Errorf("%q: command %q near %q asked %q, want %q %q %q", want.text, verb(got.Spec), verb(got.Near), verb(got.Asked), want.verb, want.near, want.asked)
	}
	if !slices.Equal(got.Items, want.items) {
		t.Errorf("%q: items %v, want %v", want.text, got.Items, want.items)
	}
	options := slices.Sorted(maps.Keys(got.Options))
	if got.Who != want.who || got.Text != want.says || !slices.Equal(options, want.options) || got.Unclear != want.unclear {
		t.Errorf("%q: who %q options %v text %q unclear %q, want %q %v %q %q",
			want.text, got.Who, options, got.Text, got.Unclear, want.who, want.options, want.says, want.unclear)
	}
}

func TestWhatIsACommand(t *testing.T) {
	for _, c := range []typed{
		{text: "！认领", verb: "claim"},
		{text: "!认领", verb: "claim"},
		{text: "! 认领 #12", verb: "claim", items: []int64{12}},
		{text: "  ！认领", verb: "claim"},
		{text: "/claim #12", verb: "claim", items: []int64{12}},
		{text: "/CLAIM #12", verb: "claim", items: []int64{12}},
		{text: "!Claim", verb: "claim"},
		{text: "/claim@huiyin_bot #12", verb: "claim", items: []int64{12}},
		{text: "认领", mentioned: true, verb: "claim"},
		{text: "认领 #12", mentioned: true, verb: "claim", items: []int64{12}},
		{text: "claim #12", slash: true, verb: "claim", items: []int64{12}},
		{text: "解决 #12 已退款", slash: true, verb: "resolve", items: []int64{12}, says: "已退款"},
		{text: "！解决：已退 18 元", verb: "resolve", says: "已退 18 元"},
		{text: "!解决:已退 18 元", verb: "resolve", says: "已退 18 元"},
		{text: "！解决\n已退 18 元", verb: "resolve", says: "已退 18 元"},
		{text: "！解决#12 已退 18 元", verb: "resolve", items: []int64{12}, says: "已退 18 元"},
		{text: "！解决＃１２ 已退", verb: "resolve", items: []int64{12}, says: "已退"},
		{text: "！我的", verb: "mine"},
		{text: "！　认领　#12", verb: "claim", items: []int64{12}},
		{text: "！解决　#12　已退 18 元", verb: "resolve", items: []int64{12}, says: "已退 18 元"},
		{text: "！解决\u00a0#12\u00a0已退", verb: "resolve", items: []int64{12}, says: "已退"},
		{text: "！关闭　#12　#15　重复", verb: "close", items: []int64{12, 15}, says: "重复"},
		{text: "！解决　#12　已退款　--不评价", verb: "resolve", items: []int64{12}, options: []string{"nosurvey"}, says: "已退款"},
		{text: "/claim@huiyin_bot　#12", verb: "claim", items: []int64{12}},
	} {
		c.check(t)
	}
}

func TestWhatIsANote(t *testing.T) {
	for _, c := range []typed{
		{text: ""}, {text: "   "}, {text: "解决不了"}, {text: "解决不了，先问品控"}, {text: "回复他了没有"}, {text: "转给谁啊"}, {text: "我的天"}, {text: "查一下单号 123"},
		{text: "转"}, {text: "认领"}, {text: "关闭 #12"}, {text: "claim #12"}, {text: "我的"},
		{text: "先 ！解决 #12 再说"}, {text: "他说！解决"}, {text: "“！解决”"}, {text: "#12 ！关闭"}, {text: "@李雷 认领 #12"},
		{text: "！"}, {text: "!!"}, {text: "！！！"}, {text: "！太好了"}, {text: "谢谢你", mentioned: true}, {text: "／claim #12"},
		// A note that begins with 回复 or 解决 as a word of its own is asked about.
		{text: "解决", asked: "resolve"},
		{text: "解决 已退款", asked: "resolve", says: "已退款"},
		{text: "解决：已退款", asked: "resolve", says: "已退款"},
		{text: "回复 在查了", asked: "reply", says: "在查了"},
		{text: "reply we are on it", asked: "reply", says: "we are on it"},
	} {
		c.check(t)
	}
	for _, verb := range []string{"！解决不了", "!回复他了没有", "！转给谁啊", "！查一下单号", "/解决不了"} {
		if got := Parse(verb, false, false); got.Spec != nil {
			t.Errorf("%q became the command %s", verb, got.Spec.Verb)
		}
	}
}

func TestNumbersOfACommand(t *testing.T) {
	many := func(from, to int64) (out []int64) {
		for n := from; n <= to; n++ {
			out = append(out, n)
		}
		return out
	}
	for _, c := range []typed{
		{text: "！关闭 #12 ＃１２ #20-#31", verb: "close", items: append([]int64{12, 12}, many(20, 31)...)},
		{text: "！关闭 #12 #15 #20-#22 重复", verb: "close", items: []int64{12, 15, 20, 21, 22}, says: "重复"},
		{text: "！关闭 #12#15", verb: "close", items: []int64{12, 15}},
		{text: "！关闭 #12，#15、#16", verb: "close", items: []int64{12, 15, 16}},
		{text: "！关闭 ＃２０－＃２２", verb: "close", items: []int64{20, 21, 22}},
		{text: "！关闭 #20～#22", verb: "close", items: []int64{20, 21, 22}},
		{text: "！回复 12 号下午送到", verb: "reply", says: "12 号下午送到"},
		{text: "！回复 １２ 号下午送到", verb: "reply", says: "１２ 号下午送到"},
		{text: "！解决 #12 3 天内到账", verb: "resolve", items: []int64{12}, says: "3 天内到账"},
		{text: "！解决 #12已退款", verb: "resolve", items: []int64{12}, says: "已退款"},
		{text: "！回复 单号 #88 已退", verb: "reply", says: "单号 #88 已退"},
		{text: "！回复 #好评 有礼", verb: "reply", says: "#好评 有礼"},
		{text: "！关闭 #1-#200", verb: "close", items: many(1, 200)},
		// What names no item is never read as words for the customer.
		{text: "！解决 #1-#201 今天送到", verb: "resolve", unclear: "#1-#201"},
		{text: "！解决 #0 今天送到", verb: "resolve", unclear: "#0"},
		{text: "！解决 #31-#20 今天送到", verb: "resolve", unclear: "#31-#20"},
		{text: "！解决 #99999999999999999999 今天送到", verb: "resolve", unclear: "#99999999999999999999"},
		{text: "！解决 #1-#150 #151-#300 今天送到", verb: "resolve", unclear: "#151-#300"},
	} {
		c.check(t)
	}
}

func TestWhoTeamOptionsAndText(t *testing.T) {
	for _, c := range []typed{
		{text: "！转 #12 @韩梅梅 疑似原料", verb: "assign", items: []int64{12}, who: "韩梅梅", says: "疑似原料"},
		{text: "！转 @韩梅梅", verb: "assign", who: "韩梅梅"},
		{text: "！转 #12 物流组 送错了", verb: "assign", items: []int64{12}, says: "物流组 送错了"},
		{text: "！交班 @韩梅梅", verb: "handover", who: "韩梅梅"},
		{text: "！回复 @小王 您好", verb: "reply", says: "@小王 您好"},
		{text: "！转 @", verb: "assign", says: "@"},
		{text: "！解决 #12 --不评价 已退款", verb: "resolve", items: []int64{12}, options: []string{"nosurvey"}, says: "已退款"},
		{text: "！解决 #12 已退款 --不评价", verb: "resolve", items: []int64{12}, options: []string{"nosurvey"}, says: "已退款"},
		{text: "！解决 已退款 ——不评价", verb: "resolve", options: []string{"nosurvey"}, says: "已退款"},
		{text: "！解决 已退款 —不评价", verb: "resolve", options: []string{"nosurvey"}, says: "已退款"},
		{text: "!resolve --no-survey refunded", verb: "resolve", options: []string{"nosurvey"}, says: "refunded"},
		{text: "!resolve refunded --No-Survey", verb: "resolve", options: []string{"nosurvey"}, says: "refunded"},
		{text: "！解决 --不评价", verb: "resolve", options: []string{"nosurvey"}},
		{text: "！解决 --别的 已退款", verb: "resolve", says: "--别的 已退款"},
		{text: "！解决 已退款--不评价", verb: "resolve", says: "已退款--不评价"},
		{text: "！回复 已退款 --不评价", verb: "reply", says: "已退款 --不评价"},
		{text: "！垃圾 #12 --拉黑", verb: "spam", items: []int64{12}, options: []string{"block"}},
		{text: "!spam --block", verb: "spam", options: []string{"block"}},
		{text: "！回复 %催件", verb: "reply", says: "%催件"},
		{text: "！回复 第一行\n第二行", verb: "reply", says: "第一行\n第二行"},
		{text: "！标签 +物流配送 -产品质量", verb: "tag", says: "+物流配送 -产品质量"},
	} {
		c.check(t)
	}
}

func TestMistypedVerbs(t *testing.T) {
	for _, c := range []typed{
		{text: "！解绝 已退款", near: "resolve"},
		{text: "！认頜 #12", near: "claim"},
		{text: "!resolvee #12 refunded", near: "resolve"},
		{text: "/claime #12", near: "claim"},
		{text: "/clami", near: "claim"},
		{text: "关必 #12", mentioned: true, near: "close"},
		{text: "resolev #12", slash: true, near: "resolve"},
		// After / only Latin verbs count: the Chinese one is asked about, not done.
		{text: "/解决 已退款", near: "resolve"},
		{text: "/转 品控组", near: "assign"},
	} {
		c.check(t)
	}
	for text, word := range map[string]string{"/unheardof": "unheardof", "！怎么又这样": "", "!whatever this is": ""} {
		if got := Parse(text, false, false); got.Spec != nil || got.Near != nil || got.Word != word {
			t.Errorf("%q: %+v, want word %q", text, got, word)
		}
	}
}

func TestEveryExampleParsesBackToItsCommand(t *testing.T) {
	for _, s := range Commands() {
		got := Parse(s.Example, false, false)
		if got.Spec == nil || got.Spec.Verb != s.Verb {
			t.Errorf("%s: example %q parses to %+v", s.Verb, s.Example, got)
			continue
		}
		if s.Item == Must && len(got.Items) == 0 {
			t.Errorf("%s: example %q names no item", s.Verb, s.Example)
		}
		if s.Text == Must && got.Text == "" {
			t.Errorf("%s: example %q has no text", s.Verb, s.Example)
		}
	}
}

func TestEveryNameOfEveryCommandIsItsOwn(t *testing.T) {
	owner := map[string]string{}
	for i := range specs {
		s := &specs[i]
		for _, name := range s.names() {
			if other, taken := owner[strings.ToLower(name)]; taken {
				t.Errorf("%q is both %s and %s", name, other, s.Verb)
			}
			owner[strings.ToLower(name)] = s.Verb
			if got := Parse("！"+name, false, false); got.Spec != s {
				t.Errorf("！%s is not %s", name, s.Verb)
			}
			if got := Parse(name, false, false); got.Spec != nil {
				t.Errorf("%s alone is a command", name)
			}
		}
		for _, o := range s.Options {
			for _, word := range []string{o.Zh, o.En} {
				if got := Parse("！"+s.Zh[0]+" --"+word, false, false); !got.Options[o.Name] {
					t.Errorf("--%s is no option of %s", word, s.Verb)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"！解决 #12 #20-#31 --不评价 已退款", "/claim@bot #1", "解决不了", "！转 @李雷 为什么", "＃１２", "!", "！#", "/解决#", "！关闭 #9-#1", "!tag ＋物流 —x", "\xff！解决", "！回复 %催件 50%",
	} {
		f.Add(s, false, false)
		f.Add(s, true, false)
		f.Add(s, false, true)
	}
	f.Fuzz(func(t *testing.T, text string, mentioned, slash bool) {
		got := Parse(text, mentioned, slash)
		begins := strings.TrimSpace(text)
		marked := mentioned || slash || strings.HasPrefix(begins, "/") || strings.HasPrefix(begins, "!") || strings.HasPrefix(begins, "！")
		if !marked && (got.Spec != nil || got.Near != nil || got.Word != "") {
			t.Fatalf("a note became a command: %+v", got)
		}
		if got.Spec != nil && (got.Near != nil || got.Asked != nil) {
			t.Fatalf("a command and a question at once: %+v", got)
		}
		if len(got.Items) > maxNumbers {
			t.Fatalf("%d items", len(got.Items))
		}
		for _, n := range got.Items {
			if n <= 0 {
				t.Fatalf("item %d", n)
			}
		}
		if got.Unclear != "" && (got.Text != "" || len(got.Items) > 0) {
			t.Fatalf("unclear numbers, and still something to do: %+v", got)
		}
		if got.Text != strings.TrimFunc(got.Text, unicode.IsSpace) && got.Spec != nil {
			t.Fatalf("text with white space around it: %q", got.Text)
		}
		if got.Text != "" && !strings.Contains(text, got.Text) {
			t.Fatalf("text %q was never written", got.Text)
		}
		if got.Spec != nil {
			exact := false
			for _, name := range got.Spec.names() {
				at := strings.Index(strings.ToLower(text), strings.ToLower(name))
				exact = exact || at >= 0
			}
			if !exact {
				t.Fatalf("%q: the verb %s was never written", text, got.Spec.Verb)
			}
		}
	})
}

// TestTraditionalScript: who writes it is asked, not left without an answer.
func TestTraditionalScript(t *testing.T) {
	for word, verb := range map[string]string{
		"認領": "claim", "釋放": "release", "轉": "assign", "回覆": "reply", "備註": "note", "解決": "resolve", "關閉": "close", "撤銷": "undo",
		"標籤": "tag", "糾正": "correct", "詳情": "show", "追蹤": "trace", "報告": "report",
	} {
		if p := Parse("！"+word+" #12", false, false); p.Spec != nil || p.Near == nil || p.Near.Verb != verb {
			t.Errorf("%s: %+v", word, p)
		}
	}
}

func TestWordsThatCustomersTypeAlone(t *testing.T) {
	for text, want := range map[string]string{
		"进度": "status", "進度": "status", " 进度？": "status", "「隐私」": "privacy", "隱私。": "privacy", "／help": "help", "/status@huiyin_bot": "status",
		"/start SH018": "help", "人工！！": "human", "投訴": "complaint", "刪除我的資料": "erase", "Delete my data.": "erase", "ＨＥＬＰ": "help",
		"进度怎么样": "", "取消订单": "", "我要投诉你们": "", "": "", "？": "",
	} {
		if got := customerCommand(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
