package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
)

// gets fails where what a customer sees does not hold the words.
func (h *house) gets(who, words string) {
	h.t.Helper()
	if got := h.customer(who); !strings.Contains(got, words) {
		h.t.Errorf("%s does not hear %q:\n%s", who, words, got)
	}
}

// lacks fails where what a customer sees holds the words.
func (h *house) lacks(who, words string) {
	h.t.Helper()
	if got := h.customer(who); strings.Contains(got, words) {
		h.t.Errorf("%s hears %q:\n%s", who, words, got)
	}
}

// button returns the button of an answer with that text.
func (h *house) button(a bots.Answer, text string) bots.Button {
	h.t.Helper()
	for _, row := range a.Buttons {
		for _, b := range row {
			if b.Text == text {
				return b
			}
		}
	}
	h.t.Fatalf("no button %q under %q: %+v", text, a.Text, a.Buttons)
	return bots.Button{}
}

// lends gives an item to a colleague by the lead's hand.
func (h *house) lends(item int64, to string) {
	h.t.Helper()
	if a := h.command("U-HAN", item, "！转 @"+to); len(a.Buttons) > 0 {
		h.presses("U-HAN", h.button(a, "我来"))
	}
}

// TestANoteThatMentionsTheBotFurtherOnIsANote: only a mention at the beginning
// makes a command of what follows.
func TestANoteThatMentionsTheBotFurtherOnIsANote(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", "回复 之前先问一下 @回音 怎么用")
	e.Thread, e.Mentioned = h.card(teamChat, 1).ID, true
	h.want(h.receive("hq", e).Text, "这句还没发给客户。要发吗？")
	h.pass(time.Minute)
	h.lacks("王小明", "怎么用")
}

// TestNumbersBehindWideSpaces: a Chinese keyboard writes a wide space, and the
// number behind it is a number all the same, not words for another customer.
func TestNumbersBehindWideSpaces(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.says("李四", late)
	h.command("U-LI", 0, "！回复　#1　正在帮您查")
	h.pass(time.Minute)
	h.gets("王小明", "正在帮您查")
	a := h.writes("U-LI", 2, "！回复　#1　再查一遍")
	h.want(a.Text, "这里是 #2，您写的是 #1（王**）。发给谁？")
	h.pass(time.Minute)
	h.lacks("李四", "#1")
}

// TestAYesToOneQuestionIsNoYesToAnother: who says that an item of a colleague is
// theirs to answer has not said that eighteen customers shall read it.
func TestAYesToOneQuestionIsNoYesToAnother(t *testing.T) {
	h := newHouse(t, nil)
	for _, who := range []string{"甲某", "乙某"} {
		h.says(who, late)
	}
	h.lends(1, "李雷")
	a := h.command("U-HAN", 0, "！回复 #1 #2 今天都会送到")
	h.want(a.Text, "#1 是李雷在跟（14:00）。还是由你发吗？")
	a = h.presses("U-HAN", h.button(a, "我来发"))
	h.want(a.Text, "将发给 2 位客户：「今天都会送到」")
	h.pass(time.Minute)
	h.lacks("乙某", "今天都会送到")
	h.presses("U-HAN", h.button(a, "发给 2 位"))
	h.pass(time.Minute)
	h.gets("甲某", "今天都会送到")
	h.gets("乙某", "今天都会送到")

	// And whose number was meant says nothing about whose item it is.
	h.says("丙某", late)
	h.lends(3, "李雷")
	a = h.writes("U-HAN", 2, "！回复 #3 马上到")
	a = h.presses("U-HAN", h.button(a, "#3"))
	h.want(a.Text, "#3 是李雷在跟（14:02）。还是由你发吗？")
	h.pass(time.Minute)
	h.lacks("丙某", "马上到")
}

// TestANoteOnAnothersItemIsAskedAboutTwice: that it is for the customer, and
// that it is one's own to send.
func TestANoteOnAnothersItemIsAskedAboutTwice(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.lends(1, "李雷")
	a := h.writes("U-HAN", 1, "回复 马上给您送到")
	a = h.presses("U-HAN", h.button(a, "发给客户"))
	h.want(a.Text, "#1 是李雷在跟（14:00）。还是由你发吗？")
	h.pass(time.Minute)
	h.lacks("王小明", "马上给您送到")
}

// TestSeveralOfWhichSomeCannotBeAnswered: one text for customers and for a post
// elsewhere goes to the customers, and the count says how many people read it.
func TestSeveralOfWhichSomeCannotBeAnswered(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.feed(mention("w1", h.now))
	h.want(h.command("U-LI", 0, "！回复 #1 #2 今天都会送到").Text, "#2 在微博，这里不能代发。去掉它再发一次，或者单独回它。")
	a := h.command("U-LI", 0, "！解决 #1 #2 今天都会送到")
	h.want(a.Text, "将发给 1 位客户：「今天都会送到」")
	a = h.presses("U-LI", a.Buttons[0][0])
	if a.Text != "2 条办好了。\n10 秒后发给 #1 王**（Telegram）：「今天都会送到」" {
		t.Errorf("says: %s", a.Text)
	}
	h.presses("U-LI", h.button(a, "撤销"))
	h.pass(time.Minute)
	h.lacks("王小明", "今天都会送到")
}

// TestDismissingAPromptInWords: what the prompt asks for is what people type,
// with the marks that they end a sentence with.
func TestDismissingAPromptInWords(t *testing.T) {
	for _, word := range []string{"算了", "算了。", "「算了」", "算了！", " 算了 ", "Never mind.", "“never mind”", "never mind"} {
		h := newHouse(t, nil)
		h.says("王小明", late)
		before := h.customer("王小明")
		d := h.presses("U-LI", bots.Button{Data: "reply:1"}).Dialog
		e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", word)
		e.Payload = d.Data
		h.want(h.receive("hq", e).Text, "好，没有发。")
		h.pass(time.Minute)
		if got := h.customer("王小明"); got != before {
			t.Errorf("%q reached the customer:\n%s", word, got)
		}
	}
}

// TestAnExpiredPromptNamesItsOwnButton: who is sent to 回复 for a note would tell
// it to the customer.
func TestAnExpiredPromptNamesItsOwnButton(t *testing.T) {
	for verb, button := range map[string]string{"reply": "回复", "note": "备注", "close": "关闭", "resolve": "解决"} {
		h := newHouse(t, nil)
		h.says("王小明", late)
		d := h.presses("U-LI", bots.Button{Data: verb + ":1"}).Dialog
		h.pass(6 * time.Minute)
		e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", "这单明天到")
		e.Payload = d.Data
		h.want(h.receive("hq", e).Text, "刚才那句没有用上：提示已经过期了。请再点一次「"+button+"」。")
	}
}

// TestASignInLinkIsForOnePersonOnly: where a chat has no private answers, what
// is written there everybody could open.
func TestASignInLinkIsForOnePersonOnly(t *testing.T) {
	h := newHouse(t, nil)
	a := h.command("U-HAN", 0, "！网页")
	if strings.Contains(a.Text, "/s/") || strings.Contains(h.team(teamChat), "/s/") {
		t.Errorf("the whole chat reads the link: %s\n%s", a.Text, h.team(teamChat))
	}
	h.want(a.Text, "这里大家都看得到，登录链接不能发。私聊我发「网页」。")
	e := h.event(bots.OnMessage, bots.Chat{ID: "U-HAN"}, "U-HAN", "网页")
	if a := h.receive("hq", e); !strings.Contains(a.Text, "http://board/s/") {
		t.Errorf("asked in private: %s", a.Text)
	}
}

// TestWhatOnePersonAsksInAGroupIsNotToldToAll: their data and their matters are
// nobody else's.
func TestWhatOnePersonAsksInAGroupIsNotToldToAll(t *testing.T) {
	fans := bots.Chat{ID: "G-FANS", Group: true, Title: "粉丝群"}
	for _, word := range []string{"我的资料", "进度", "帮助", "隐私"} {
		h := newHouse(t, nil)
		h.receive("care", h.event(bots.OnMessage, fans, "小陈", "#反馈 徐家汇店排队太久了，电话13812345678"))
		before := len(h.care.in("G-FANS"))
		e := h.event(bots.OnMessage, fans, "小陈", word)
		e.Mentioned = true
		h.receive("care", e)
		ms := h.care.in("G-FANS")
		if len(ms) != before+1 {
			t.Fatalf("%s: %d messages:\n%s", word, len(ms)-before, lines(ms))
		}
		h.want(ms[before].Text, "@小陈 这个咱们私下说。")
		if b := ms[before].Buttons; len(b) != 1 || b[0].URL != "https://t.me/qinghe" {
			t.Errorf("%s: buttons %+v", word, b)
		}
	}
}

// TestPhonesInNotesAreMasked where they are shown to a chat.
func TestPhonesInNotesAreMasked(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.command("U-LI", 1, "！备注 打过 13812345678，没人接")
	h.writes("U-LI", 1, "！稍后 1h 再打 13812345678")
	h.writes("U-LI", 1, "！等客户 您的电话是 13812345678 吗？")
	h.pass(2 * time.Hour)
	if got := h.team(teamChat); strings.Contains(got, "13812345678") {
		t.Errorf("the chat reads the number:\n%s", got)
	}
}

// TestWhoCannotWorkGetsNothing: an item of somebody who may not act is stuck.
func TestWhoCannotWorkGetsNothing(t *testing.T) {
	h := newOffice(t)
	h.says("王小明", late)
	h.want(h.writes("U-LI", 1, "！转 @周看").Text, "周看是观察员，接不了单。")
	if h.item(1).Owner != 0 {
		t.Error("a viewer owns it")
	}
}

// TestTwoColleaguesOfOneName: nobody is chosen by chance.
func TestTwoColleaguesOfOneName(t *testing.T) {
	h := newHouse(t, nil)
	h.staff("王雷", feedback.Agent, "U-WANG") // customers know both as 小雷
	h.says("王小明", late)
	h.want(h.writes("U-HAN", 1, "！转 @小雷 看一下").Text, "叫「小雷」的有几位：李雷、王雷。写全名吧。")
	if h.item(1).Owner != 0 {
		t.Error("one of them was chosen")
	}
	h.writes("U-HAN", 1, "！转 @王雷 看一下")
	if h.item(1).Owner == 0 {
		t.Error("the whole name does not do")
	}
}

// TestNamesWithSpaces are names all the same.
func TestNamesWithSpaces(t *testing.T) {
	h := newHouse(t, func(r *desk.Rules) {
		r.Teams["qc"].Title = "Quality Control"
		r.Fields = []desk.Field{{Name: "shop", Title: "门店", Values: map[string]desk.FieldValue{"NY5": {Code: "NY5", Name: "Fifth Avenue"}}}, {Name: "order", Title: "订单"}}
	})
	h.staff("Jane Doe", feedback.Agent, "U-JANE")
	h.says("王小明", late)
	h.writes("U-HAN", 1, "！转 @Jane Doe a broken cup")
	if got := h.item(1).Owner; got == 0 {
		t.Fatal("Jane Doe was not found")
	}
	h.writes("U-HAN", 1, "！转 Quality Control：疑似原料")
	h.presses("U-HAN", bots.Button{Data: "no:0"})
	if a := h.writes("U-HAN", 1, "！转 Quality Control：疑似原料"); h.item(1).Team != "qc" {
		a = h.presses("U-HAN", h.button(a, "我来"))
		h.want(a.Text, "#1 已转 Quality Control（韩梅梅 14:00）")
	}
	if h.item(1).Team != "qc" {
		t.Errorf("team %s", h.item(1).Team)
	}
	h.writes("U-HAN", 1, "！设 门店=Fifth Avenue 订单=A1")
	if f := h.item(1).Fields; f["shop"] != "NY5" || f["order"] != "A1" {
		t.Errorf("fields %v", f)
	}
}

// TestAnUnknownTeamHasNoReport: another team's figures are no answer.
func TestAnUnknownTeamHasNoReport(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.want(h.command("U-LI", 0, "！报告 品空组").Text, "没有叫「品空组」的组。有：客服组、品控组")
	h.want(strings.Split(h.command("U-LI", 0, "！报告 品控").Text, "\n")[0], "最近一天没有新的，也没有等着的。")
}

// TestAButtonSaysWhatItDoes: a command that is looked at shows all of it, its
// options too, and its button does not claim to open a page.
func TestAButtonSaysWhatItDoes(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	a := h.command("U-LI", 1, "！垃极 --拉黑")
	a = h.presses("U-LI", h.button(a, "填好「垃圾」让我看看"))
	h.want(a.Text, "！垃圾 #1 --拉黑")
	a = h.command("U-LI", 1, "！标迁 +食品安全")
	a = h.presses("U-LI", h.button(a, "填好「标签」让我看看"))
	h.presses("U-LI", h.button(a, "就这样做"))
	if got := h.item(1).Verdict.TopicNames(); !strings.Contains(fmt.Sprint(got), "食品安全") {
		t.Errorf("topics %v", got)
	}
}

// TestSpamWithoutAnAuthor: a feed does not always say who wrote something.
func TestSpamWithoutAnAuthor(t *testing.T) {
	h := newHouse(t, nil)
	e := mention("w1", h.now)
	e.Author.ID, e.Author.Name = "", ""
	h.feed(e)
	h.want(h.command("U-LI", 1, "！垃圾 --拉黑").Text, "#1 当垃圾处理了，误判就「重开」。")
	if h.item(1).State != feedback.Closed {
		t.Error(h.item(1).State)
	}
}

// TestAnOldQuestionSaysSo: its button has expired, nothing was refreshed.
func TestAnOldQuestionSaysSo(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	a := h.writes("U-LI", 1, "回复 马上给您送到")
	h.pass(6 * time.Minute)
	h.want(h.presses("U-LI", a.Buttons[0][0]).Text, "这个按钮过期了，什么也没做。还要做就再写一遍。")
	h.pass(time.Minute)
	h.lacks("王小明", "马上给您送到")
}

// TestAnErasedPersonsMatterStaysEnded: an answer would reach nobody, and count as
// sent.
func TestAnErasedPersonsMatterStaysEnded(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.says("王小明", "删除我的资料")
	h.taps("王小明", "删掉")
	h.want(h.command("U-LI", 1, "！重开").Text, "#1 的客户资料已经删除，联系不上了，不能重开。")
	if got := h.item(1).State; got != feedback.Closed {
		t.Error(got)
	}
}

// TestACallUponAColleagueIsAskedAbout: it was perhaps not meant for the customer.
func TestACallUponAColleagueIsAskedAbout(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	a := h.writes("U-LI", 1, "！回复 @韩梅梅 这单你跟一下")
	h.want(a.Text, "这句里有「@韩梅梅」，客户也会看到。还发吗？")
	h.pass(time.Minute)
	h.lacks("王小明", "这单你跟一下")
	h.presses("U-LI", h.button(a, "发"))
	h.pass(time.Minute)
	h.gets("王小明", "这单你跟一下")
	if a := h.writes("U-LI", 1, "！回复 @王小明 给您查到了"); strings.Contains(a.Text, "还发吗") {
		t.Errorf("asked about the customer's own name: %s", a.Text)
	}
}

// TestAnInvisibleAnswerIsNone: a joiner of no width is not a reply.
func TestAnInvisibleAnswerIsNone(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	before := h.customer("王小明")
	for _, text := range []string{"！回复 \u200b", "！等客户 \u200b\u200d", "！解决 \u200b\u200b\u200b\u200b"} {
		h.writes("U-LI", 1, text)
	}
	h.pass(time.Minute)
	if got := h.customer("王小明"); got != before || h.item(1).State != feedback.New {
		t.Errorf("%s:\n%s", h.item(1).State, got)
	}
}

// TestWhoHasItSinceWhen names the day where it was not today.
func TestWhoHasItSinceWhen(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！认领")
	h.pass(24 * time.Hour)
	h.want(h.writes("U-HAN", 1, "！认领").Text, "慢了一步，李雷 昨天 14:00 认领了 #1。想帮忙可以发备注。")
}
