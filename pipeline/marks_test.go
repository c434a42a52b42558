package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
)

// tapsOld is a customer pressing a button of the n-th message that has it.
func (h *house) tapsOld(who, button string, n int) bots.Answer {
	h.t.Helper()
	for _, m := range h.care.in(who) {
		for _, b := range m.Buttons {
			if b.Text != button {
				continue
			}
			if n--; n == 0 {
				e := h.event(bots.OnPress, bots.Chat{ID: who}, who, "")
				e.Payload, e.MessageID = b.Data, m.ID
				return h.receive("care", e)
			}
		}
	}
	h.t.Fatalf("%s has no such button %q:\n%s", who, button, h.customer(who))
	return bots.Answer{}
}

// TestALowMarkOnAnOldResolution says nothing of the latest one: nothing is opened
// again, no clock runs, and the customer is told no such thing.
func TestALowMarkOnAnOldResolution(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.resolve("U-LI", 1)
	h.taps("王小明", "还没解决")
	h.resolve("U-LI", 1)
	for range 2 {
		a := h.tapsOld("王小明", "还没解决", 1)
		if strings.Contains(a.Text, "重新打开") || strings.Contains(a.Text, "前回复您") {
			t.Errorf("says: %s", a.Text)
		}
	}
	item := h.item(1)
	if item.State != feedback.Resolved || !item.DueAt.IsZero() || !item.PromisedAt.IsZero() {
		t.Errorf("%s, due %v, promised %v", item.State, item.DueAt, item.PromisedAt)
	}
}

// TestAWrongTapThenARightOne: who has taken a low mark back can give it again, and
// then it counts.
func TestAWrongTapThenARightOne(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.resolve("U-LI", 1)
	a := h.taps("王小明", "😡 1")
	press := func(b bots.Button) bots.Answer {
		e := h.event(bots.OnPress, bots.Chat{ID: "王小明"}, "王小明", "")
		e.Payload = b.Data
		return h.receive("care", e)
	}
	h.want(press(h.button(a, "点错了")).Text, "没事，当您没点过。")
	if got := h.item(1).State; got != feedback.Resolved {
		t.Fatal(got)
	}
	if got := h.team(teamChat); !strings.Contains(got, "客户说刚才点错了") {
		t.Errorf("the team was called and is not told:\n%s", got)
	}
	h.pass(time.Minute)
	a = h.taps("王小明", "😡 1")
	if item := h.item(1); item.State != feedback.Open || item.Rating != 1 {
		t.Errorf("%s, rating %d; says %s", item.State, item.Rating, a.Text)
	}
}

// TestAskingForAPersonAfterTheClosure opens the matter again: it is the same
// conversation, which has one item at a time.
func TestAskingForAPersonAfterTheClosure(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.resolve("U-LI", 1)
	h.says("王小明", "人工")
	if h.count() != 1 || h.item(1).State != feedback.Open {
		t.Errorf("%d items, #1 %s", h.count(), h.item(1).State)
	}
}

// TestAGreetingEditedIntoAComplaint is a complaint.
func TestAGreetingEditedIntoAComplaint(t *testing.T) {
	h := newHouse(t, nil)
	id := h.says("王小明", "你好")
	if h.count() != 0 {
		t.Fatal("a greeting opened an item")
	}
	e := h.event(bots.OnEdited, bots.Chat{ID: "王小明"}, "王小明", "你好，芋泥奶茶里有条虫，气死了")
	e.MessageID = id
	h.receive("care", e)
	if h.count() != 1 {
		t.Fatal("nobody hears of it")
	}
	if got := h.item(1).Text; !strings.Contains(got, "有条虫") {
		t.Errorf("text %q", got)
	}
}

// TestSomebodyBlockedStaysUnheard when they edit what they wrote.
func TestSomebodyBlockedStaysUnheard(t *testing.T) {
	h := newHouse(t, nil)
	h.says("推销", late)
	h.writes("U-LI", 1, "！垃圾 --拉黑")
	before := h.team(teamChat)
	e := h.event(bots.OnEdited, bots.Chat{ID: "推销"}, "推销", "加微信领红包，天天有")
	e.MessageID = "never-seen"
	h.receive("care", e)
	if h.count() != 1 || h.team(teamChat) != before {
		t.Errorf("%d items:\n%s", h.count(), h.team(teamChat))
	}
}

// TestAClosureOfAPictureQuotesNoEmptyWords.
func TestAClosureOfAPictureQuotesNoEmptyWords(t *testing.T) {
	h := newHouse(t, nil)
	e := h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", "")
	e.Attachments = []bots.Attachment{{Kind: "image", Ref: "photo-1"}}
	h.receive("care", e)
	h.pass(time.Minute)
	h.says("王小明", "进度")
	h.command("U-LI", 1, "！解决 给您补发了一杯")
	h.pass(time.Minute)
	h.lacks("王小明", "「」")
	h.gets("王小明", "您反映的事处理好了：\n给您补发了一杯")
	h.gets("王小明", "#1「照片」收到了")
}

// TestWhoTakesAFoldedItemHearsOfIt: an item without a card of its own gets one
// once somebody has it, so that what the customer says next is heard.
func TestWhoTakesAFoldedItemHearsOfIt(t *testing.T) {
	for _, command := range []string{"！认领", "！回复 在查了"} {
		h := newHouse(t, nil)
		for range 21 {
			h.says("客户"+string(rune('a'+h.n%26)), late)
		}
		who := h.item(21).AuthorName
		h.command("U-LI", 21, command)
		h.pass(time.Minute)
		h.card(teamChat, 21)
		h.says(who, "怎么还没有人理我，到底什么时候送")
		if got := h.team(teamChat); !strings.Contains(got, "怎么还没有人理我") {
			t.Errorf("after %s nobody hears the customer:\n%s", command, got)
		}
	}
}

// TestAnOlderFoldIsPostedToo: the button under a folded card means the items that
// this card counts.
func TestAnOlderFoldIsPostedToo(t *testing.T) {
	h := newHouse(t, nil)
	for range 22 {
		h.says("客户"+string(rune('a'+h.n%26)), late)
	}
	h.pass(15 * time.Minute)
	h.says("新客户", late)
	var each bots.Button
	for _, m := range h.hq.in(teamChat) {
		for _, b := range m.Buttons {
			if b.Text == "逐条推送" {
				each = b
			}
		}
	}
	h.want(h.presses("U-LI", each).Text, "好，2 条逐条推送。")
	h.card(teamChat, 21)
	h.card(teamChat, 22)
	h.want(h.presses("U-LI", each).Text, "已经推送过了。")
}

// TestNobodyIsAskedAboutWhatIsLate: once the time is over, the lead is told, and
// nobody is asked who takes it with some minutes left.
func TestNobodyIsAskedAboutWhatIsLate(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.now = h.now.Add(5 * time.Hour) // nothing ran for so long
	h.settle()
	if got := h.team(teamChat); strings.Contains(got, "还没人认领") {
		t.Errorf("asked with time left:\n%s", got)
	}
}

// TestADayOfFigures counts what was settled of the new ones, and says so.
func TestADayOfFigures(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.says("李四", late)
	h.command("U-LI", 1, "！关闭 重复")
	h.pass(time.Second)
	h.want(strings.Split(h.command("U-LI", 0, "！报告").Text, "\n")[1], "新来 2 条（负面 2），其中办完 1 条。物流配送 2")
}

// TestOnesOwnDataIsAllOfIt, or says what is left out.
func TestOnesOwnDataIsAllOfIt(t *testing.T) {
	h := newHouse(t, nil)
	e := h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", "最早的一句")
	e.Attachments = []bots.Attachment{{Kind: "image", Ref: "photo-1"}}
	h.receive("care", e)
	for range 8 {
		h.says("王小明", strings.Repeat("中间的话很长。", 120))
	}
	h.receive("care", h.event(bots.OnMessage, bots.Chat{ID: "G-FANS", Group: true}, "王小明", "#反馈 群里说的一句"))
	before := len(h.care.in("王小明"))
	h.says("王小明", "我的资料")
	var all strings.Builder
	for _, m := range h.care.in("王小明")[before:] {
		all.WriteString(m.Text + "\n")
	}
	got := all.String()
	for _, want := range []string{"说过的事：2 件", "照片、语音和文件：1 份", "群里说的一句", "更早的 2 条没有列出，要全部的请找 青禾咖啡"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%.900s", want, got)
		}
	}
	if strings.Contains(got, "最早的一句") {
		t.Error("far too much for a chat")
	}
}

// TestDetailsOfALongConversation show its end: a platform cuts what is too long
// for a message, and what was said last matters most.
func TestDetailsOfALongConversation(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	for n := range 60 {
		h.says("王小明", fmt.Sprintf("第 %d 次问：%s", n, strings.Repeat("到底什么时候送到啊", 8)))
	}
	for verb, last := range map[string]string{"！详情": "第 59 次问", "！追踪": "14:00:00 客户说"} {
		got := h.command("U-LI", 1, verb).Text
		if n := utf8.RuneCountInString(got); n > 3500 {
			t.Errorf("%s: %d characters", verb, n)
		}
		if !strings.Contains(got, last) || verb == "！详情" && !strings.Contains(got, "条在网页上看") {
			t.Errorf("%s does not show the end:\n%s", verb, got)
		}
	}
	if b := h.command("U-HAN", 1, "！详情").Buttons; len(b) != 1 || b[0][0].Text != "网页打开" {
		t.Errorf("buttons %+v", b)
	}
}
