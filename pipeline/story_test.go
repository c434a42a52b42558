package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
)

func TestStoryThreeShortMessagesAndAPhoto(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "你们家")
	h.pass(2 * time.Second)
	h.says("王小明", "那个拿铁")
	h.pass(2 * time.Second)
	h.says("王小明", "是酸的")
	e := h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", "")
	e.Attachments = []bots.Attachment{{Kind: "image", Ref: "photo-1"}}
	h.receive("care", e)
	if got := h.customer("王小明"); got != "" {
		t.Fatalf("answered before the silence:\n%s", got)
	}
	h.pass(time.Minute)
	h.want(h.customer("王小明"), "收到了，给您记下了（编号 #1）。我们今天 16:00 前回复您。有照片或订单号，接着发就行。（只用来处理这件事，详情发「隐私」）")
	cards := 0
	for _, m := range h.hq.in(teamChat) {
		if m.Card {
			cards++
		}
	}
	if cards != 1 {
		t.Fatalf("%d cards:\n%s", cards, h.team(teamChat))
	}
	card := h.card(teamChat, 1)
	if !strings.Contains(card.Text, "「你们家\n那个拿铁\n是酸的」") || !strings.Contains(card.Text, "🖼 1") {
		t.Errorf("card:\n%s", card.Text)
	}
	if len(card.Buttons) > 4 || card.Buttons[0].Text != "认领" {
		t.Errorf("buttons: %+v", card.Buttons)
	}
	photo := false
	for _, m := range h.hq.in(teamChat) {
		photo = photo || m.Files == 1 && m.Thread == card.ID
	}
	if !photo {
		t.Errorf("the photo is not in the thread:\n%s", h.team(teamChat))
	}
}

func TestStoryFromComplaintToRatingAndBack(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.want(h.customer("王小明"), "收到了，给您记下了（编号 #1）。我们今天 16:00 前回复您。有照片或订单号，接着发就行。（只用来处理这件事，详情发「隐私」）")
	a := h.presses("U-LI", h.card(teamChat, 1).Buttons[0])
	h.want(a.Text, "#1 归你了。")
	if !strings.Contains(h.card(teamChat, 1).Text, "处理中 · 李雷 14:00") {
		t.Errorf("card after claiming:\n%s", h.card(teamChat, 1).Text)
	}
	a = h.presses("U-HAN", bots.Button{Data: "claim:1"})
	h.want(a.Text, "慢了一步，李雷 14:00 认领了 #1。想帮忙可以发备注。")
	a = h.writes("U-LI", 1, "！解决 已退 18 元，1–3 天到账")
	h.want(a.Text, "10 秒后发给 #1 王**（Telegram）：「已退 18 元，1–3 天到账」")
	if strings.Contains(h.customer("王小明"), "已退") {
		t.Fatal("the closing text left before the time to undo had passed")
	}
	h.pass(11 * time.Second)
	last := func() *shown { ms := h.care.in("王小明"); return ms[len(ms)-1] }
	h.want(last().Text, "您说的「快递太慢了，等了三天还没收到」处理好了：\n已退 18 元，1–3 天到账\n还有问题直接回我，或点「还没解决」。这次满意吗？")
	if n := len(last().Buttons); n != 6 {
		t.Fatalf("%d buttons under the closure", n)
	}
	if item := h.item(1); item.Closure != feedback.DeliverySent || item.State != feedback.Resolved {
		t.Fatalf("closure %s, state %s", item.Closure, item.State)
	}
	before := len(h.care.in("王小明"))
	for _, thanks := range []string{"谢谢", "好的", "收到", "👌"} {
		h.says("王小明", thanks)
	}
	if got := h.item(1); got.State != feedback.Resolved || len(h.care.in("王小明")) != before {
		t.Fatalf("thanks changed something: %s\n%s", got.State, h.customer("王小明"))
	}
	a = h.taps("王小明", "😕 2")
	h.want(a.Text, "抱歉，没让您满意。我们重新打开了，负责人会再看一遍，今天 14:45 前回复您。主要是哪里不好？")
	item := h.item(1)
	if item.State != feedback.Open || item.Reopened != 1 || item.Rating != 2 {
		t.Fatalf("after a 2: %s, reopened %d, rating %d", item.State, item.Reopened, item.Rating)
	}
	a = h.taps("王小明", "还没解决")
	if a.Text == "" || h.item(1).Reopened != 1 {
		t.Fatalf("a second tap on the same resolution reopened again: %d", h.item(1).Reopened)
	}
}

func TestStoryUndoTakesBackAClosingText(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	a := h.writes("U-LI", 1, "！解决 已经给您补发了")
	h.pass(5 * time.Second)
	a = h.presses("U-LI", a.Buttons[0][0])
	h.want(a.Text, "撤销了，没有发出。")
	h.pass(time.Hour)
	if strings.Contains(h.customer("王小明"), "补发") {
		t.Fatal("undone, and sent all the same")
	}
	if item := h.item(1); item.State != feedback.New || item.DueAt.IsZero() {
		t.Fatalf("after undo: %s, due %v", item.State, item.DueAt)
	}
	a = h.writes("U-LI", 1, "！解决 已经给您补发了")
	h.pass(time.Minute)
	if n := strings.Count(h.customer("王小明"), "补发"); n != 1 {
		t.Fatalf("closing text arrived %d times", n)
	}
	h.want(h.presses("U-LI", a.Buttons[0][0]).Text, "已经发出了，可以试「撤回」。")
}

func TestStoryNotesNeverReachTheCustomer(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	before := h.customer("王小明")
	for _, note := range []string{"解决不了，先问品控", "回复他了没有", "转给谁啊", "我的天", "解决", "先别回复客户", "查一下单号 123"} {
		if a := h.writes("U-LI", 1, note); a.Text != "" {
			t.Errorf("note %q was answered: %s", note, a.Text)
		}
	}
	a := h.writes("U-LI", 1, "回复 您好，已经在查了")
	h.want(a.Text, "这句还没发给客户。要发吗？")
	h.pass(time.Minute)
	if h.customer("王小明") != before {
		t.Fatalf("a note reached the customer:\n%s", h.customer("王小明"))
	}
	if item := h.item(1); item.State != feedback.New {
		t.Fatalf("a note changed the item: %s", item.State)
	}
	h.presses("U-HAN", a.Buttons[0][0])
	h.pass(time.Minute)
	if h.customer("王小明") != before {
		t.Fatal("somebody else's button sent it")
	}
	h.presses("U-LI", a.Buttons[0][0])
	h.pass(time.Minute)
	if !strings.Contains(h.customer("王小明"), "您好，已经在查了") {
		t.Fatalf("confirmed, and not sent:\n%s", h.customer("王小明"))
	}
}

func TestStoryAnEdit(t *testing.T) {
	h := newHouse(t, nil)
	id := h.says("王小明", "芋泥奶茶里有条虫，气死了")
	e := h.event(bots.OnEdited, bots.Chat{ID: "王小明"}, "王小明", "芋泥奶茶里有块塑料片，气死了")
	e.MessageID = id
	h.receive("care", e)
	if !strings.Contains(h.team(otherChat)+h.team(teamChat), "客户改了：「条虫」→「块塑料片」") {
		t.Errorf("the edit made no sound:\n%s\n%s", h.team(teamChat), h.team(otherChat))
	}
	if got := h.item(1).Text; got != "芋泥奶茶里有块塑料片，气死了" {
		t.Errorf("item text: %s", got)
	}
}

func TestStoryVoiceOnly(t *testing.T) {
	h := newHouse(t, nil)
	e := h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", "")
	e.Attachments = []bots.Attachment{{Kind: "audio", Ref: "v1", Duration: 12}}
	h.receive("care", e)
	h.pass(time.Minute)
	if !strings.HasPrefix(h.customer("王小明"), "语音收到了，同事会听。方便的话再打几个字，会更快。") {
		t.Errorf("customer sees:\n%s", h.customer("王小明"))
	}
	if !strings.Contains(h.card(teamChat, 1).Text, "🎤 12″ 还没人听") {
		t.Errorf("card:\n%s", h.card(teamChat, 1).Text)
	}
}

func TestStoryASecondMatterLater(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.pass(26 * time.Hour)
	h.says("王小明", "杯子是破的，漏了一桌子")
	ms := h.care.in("王小明")
	h.want(ms[len(ms)-1].Text, "您说的是刚才那件（#1），还是另一件事？")
	if h.item(2).State != feedback.New || h.item(1).State != feedback.Closed {
		t.Fatalf("#1 %s, #2 %s", h.item(1).State, h.item(2).State)
	}
	h.taps("王小明", "还是那件")
	if one, two := h.item(1), h.item(2); one.State != feedback.Open || two.Merged != 1 || !strings.Contains(one.Text, "杯子是破的") {
		t.Fatalf("#1 %s %q, #2 merged into %d", one.State, one.Text, two.Merged)
	}
}

func TestStoryCancelAndUrging(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.pass(10 * time.Minute)
	h.says("王小明", "在吗")
	h.says("王小明", "？")
	h.pass(time.Minute)
	if n := strings.Count(h.customer("王小明"), "看到您在等，又提醒了同事"); n != 1 {
		t.Errorf("urging was answered %d times:\n%s", n, h.customer("王小明"))
	}
	if !strings.Contains(h.card(teamChat, 1).Text, "客户催 ×2") {
		t.Errorf("card:\n%s", h.card(teamChat, 1).Text)
	}
	h.says("王小明", "取消")
	ms := h.care.in("王小明")
	h.want(ms[len(ms)-1].Text, "这次反馈（#1）不用处理了，还是别的事（比如取消订单）？")
	h.taps("王小明", "不用处理了")
	if got := h.item(1).State; got != feedback.Closed {
		t.Errorf("after 不用处理了: %s", got)
	}
}

func TestStoryNightAndP0(t *testing.T) {
	h := newHouse(t, nil)
	h.now = time.Date(2026, 11, 23, 23, 30, 0, 0, shanghai)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.want(h.customer("王小明"), "收到了，给您记下了（编号 #1）。同事早上 9:00 上班，明早 11:00 前回复您。要是身体不舒服或涉及安全，请直接说，我们马上叫人。（只用来处理这件事，详情发「隐私」）")
	if !h.card(teamChat, 1).Silent {
		t.Error("a card made a sound at night")
	}
	h.says("李四", "奶茶里有玻璃渣，孩子喝了肚子疼，嘴都流血了")
	got := h.customer("李四")
	if !strings.HasPrefix(got, "收到了（编号 #2），我们马上处理。您现在身体还好吗？不舒服请先去看医生。东西和小票先留着，同事今天 23:45 前联系您。") {
		t.Errorf("customer sees:\n%s", got)
	}
	item := h.item(2)
	if item.Priority != feedback.P0 {
		t.Fatalf("priority %s, reasons %v, hazards %v", item.Priority, item.Reasons, item.Verdict.Hazards)
	}
	if h.card(otherChat, 2).Silent {
		t.Error("P0 made no sound at night")
	}
	if !strings.Contains(lines(h.hq.in("U-HAN")), "P0 #2") {
		t.Errorf("the lead was not told privately:\n%s", lines(h.hq.in("U-HAN")))
	}
}

func TestStoryCustomersGroup(t *testing.T) {
	h := newHouse(t, nil)
	fans := bots.Chat{ID: "G-FANS", Group: true, Title: "粉丝群"}
	h.receive("care", h.event(bots.OnMessage, fans, "小陈", "今天天气不错"))
	if got := lines(h.care.in("G-FANS")); got != "" {
		t.Fatalf("the bot spoke unasked:\n%s", got)
	}
	h.receive("care", h.event(bots.OnMessage, fans, "小陈", "#反馈 徐家汇店排队太久了，等了四十分钟"))
	ms := h.care.in("G-FANS")
	if len(ms) != 1 {
		t.Fatalf("%d messages in the group:\n%s", len(ms), lines(ms))
	}
	h.want(ms[0].Text, "@小陈 收到（#1），细节咱们私下说。")
	if len(ms[0].Buttons) != 1 || ms[0].Buttons[0].URL != "https://t.me/qinghe" {
		t.Errorf("buttons: %+v", ms[0].Buttons)
	}
}

func TestStoryAnUnlinkedColleague(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.want(h.presses("U-NEW", bots.Button{Data: "claim:1"}).Text, "还不认识你的账号。向管理员要绑定码，私聊我发「绑定 6 位码」。")
	h.want(h.writes("U-NEW", 1, "！解决 已经办好了").Text, "还不认识你的账号。向管理员要绑定码，私聊我发「绑定 6 位码」。")
	if h.item(1).State != feedback.New {
		t.Fatal("an unknown person changed an item")
	}
}

func TestStoryMistypedVerb(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	a := h.writes("U-LI", 1, "！解绝 已退 18 元，1–3 天到账")
	h.want(a.Text, "没有「解绝」。是想「解决」吗？")
	a = h.presses("U-LI", a.Buttons[0][0])
	h.pass(time.Minute)
	if h.item(1).State != feedback.New {
		t.Fatal("looking at a command carried it out")
	}
	h.presses("U-LI", a.Buttons[0][0])
	h.pass(time.Minute)
	if !strings.Contains(h.customer("王小明"), "已退 18 元") {
		t.Errorf("customer sees:\n%s", h.customer("王小明"))
	}
}

func TestStoryOldEntriesAreHistory(t *testing.T) {
	h := newHouse(t, nil)
	var entries []listeners.Entry
	for i := range 40 {
		entries = append(entries, listeners.Entry{ID: fmt.Sprintf("w%d", i), Text: "青禾咖啡的快递太慢了，差评", PostedAt: h.now.Add(-time.Hour), History: true, Author: listeners.Author{ID: "a", Name: "甲"}})
	}
	h.feed(entries...)
	h.pass(72 * time.Hour)
	if got := h.team(teamChat); got != "" {
		t.Fatalf("history made a card:\n%s", got)
	}
	item := h.item(1)
	if !item.History || item.State != feedback.Closed || item.Verdict.Sentiment != "negative" {
		t.Errorf("history item: %+v", item)
	}
	out := h.feed(entries[0], listeners.Entry{ID: "new", Text: "青禾咖啡太难喝了，差评，再也不来了", PostedAt: h.now, URL: "https://weibo.example/1", Author: listeners.Author{ID: "b", Name: "乙某"}})
	if out[0] != listeners.Duplicate || out[1] != listeners.Accepted {
		t.Fatalf("outcomes: %v", out)
	}
	card := h.card(teamChat, 41)
	if !strings.Contains(card.Text, "不能代发") {
		t.Errorf("card:\n%s", card.Text)
	}
	var names []string
	for _, b := range card.Buttons {
		names = append(names, b.Text)
	}
	h.want(strings.Join(names, " "), "认领 看原帖 已在原帖回复 更多")
}

func TestStoryThirtyCardsInTenMinutes(t *testing.T) {
	h := newHouse(t, nil)
	for i := range 30 {
		h.says(fmt.Sprintf("客户%d", i), "快递太慢了，等了三天还没收到")
		h.pass(10 * time.Second)
	}
	cards, folds := 0, 0
	for _, m := range h.hq.in(teamChat) {
		if m.Card {
			cards++
		} else if strings.HasPrefix(m.Text, "另有 10 条没有逐条推送：物流配送 10") {
			folds++
		}
	}
	if cards != 20 || folds != 1 {
		t.Fatalf("%d cards, %d folded:\n%s", cards, folds, h.team(teamChat))
	}
	for _, m := range h.hq.in(teamChat) {
		for _, b := range m.Buttons {
			if b.Text == "逐条推送" {
				h.presses("U-LI", b)
			}
		}
	}
	h.card(teamChat, 30)
}

func TestStoryABlockedBotAndAnUndeliveredResolution(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.care.refuse["王小明"] = &bots.SendError{Fate: bots.Gone, Code: "403"}
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.pass(time.Minute)
	item := h.item(1)
	if item.Closure != feedback.DeliveryDead || !item.Live() {
		t.Fatalf("closure %s, live %v", item.Closure, item.Live())
	}
	if !strings.Contains(h.team(teamChat), "❌ #1 没送到：客户停用了机器人。") {
		t.Errorf("the team was not told:\n%s", h.team(teamChat))
	}
	if !strings.Contains(h.card(teamChat, 1).Text, "未通知") {
		t.Errorf("card:\n%s", h.card(teamChat, 1).Text)
	}
	h.pass(80 * time.Hour)
	if h.item(1).State != feedback.Resolved {
		t.Fatal("a resolution nobody was told of ended by itself")
	}
}

func TestStoryAnswerLostAfterTheClosureArrived(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.care.lose = 1
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.pass(time.Hour)
	if n := strings.Count(h.customer("王小明"), "今天会送到"); n != 1 {
		t.Fatalf("the closing text arrived %d times", n)
	}
	if h.item(1).Closure != feedback.DeliveryUncertain {
		t.Fatalf("closure %s", h.item(1).Closure)
	}
	text := "⚠️ #1 的回复可能到了，也可能没到：Telegram 没回话。怕客户收两遍，没有自动重发。"
	var asked *shown
	for _, m := range h.hq.in(teamChat) {
		if m.Text == text {
			asked = m
		}
	}
	if asked == nil {
		t.Fatalf("the team was not asked:\n%s", h.team(teamChat))
	}
	h.presses("U-LI", asked.Buttons[0])
	if h.item(1).Closure != feedback.DeliverySent {
		t.Fatalf("after 客户已收到: %s", h.item(1).Closure)
	}
}

func TestStoryUnclaimedIsAskedAboutThenTheLead(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.pass(70 * time.Minute)
	if n := strings.Count(h.team(teamChat), "还没人认领"); n != 1 {
		t.Fatalf("asked %d times:\n%s", n, h.team(teamChat))
	}
	h.pass(60 * time.Minute)
	if n := strings.Count(h.team(teamChat), "过点了还没人回复"); n != 1 {
		t.Fatalf("the lead was called %d times:\n%s", n, h.team(teamChat))
	}
	if !strings.Contains(h.customer("王小明"), "原来说今天 16:00 前，现在要到") {
		t.Errorf("a missed promise was not told:\n%s", h.customer("王小明"))
	}
}

func TestStoryWaitingForTheCustomer(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.writes("U-LI", 1, "！等客户 方便发一下订单号吗？")
	h.pass(time.Minute)
	if item := h.item(1); item.State != feedback.Waiting || !item.DueAt.IsZero() {
		t.Fatalf("%s, due %v", item.State, item.DueAt)
	}
	h.pass(25 * time.Hour)
	if !strings.Contains(h.customer("王小明"), "#1 还差一点信息：方便发一下订单号吗？。方便时发来就行") && !strings.Contains(h.customer("王小明"), "#1 还差一点信息：方便发一下订单号吗") {
		t.Errorf("no reminder:\n%s", h.customer("王小明"))
	}
	h.pass(80 * time.Hour)
	if h.item(1).State != feedback.Closed || !strings.Contains(h.customer("王小明"), "一直没等到您，#1 先放下了。") {
		t.Errorf("%s\n%s", h.item(1).State, h.customer("王小明"))
	}
}

func TestStorySeveralAtOnce(t *testing.T) {
	h := newHouse(t, nil)
	for _, who := range []string{"甲某", "乙某", "丙某"} {
		h.says(who, "快递太慢了，等了三天还没收到")
	}
	a := h.writes("U-LI", 1, "！解决 #1-#3 今天都会送到，久等了")
	h.want(a.Text, "将发给 3 位客户：「今天都会送到，久等了」")
	h.pass(time.Minute)
	if strings.Contains(h.customer("乙某"), "送到") {
		t.Fatal("sent without a yes")
	}
	h.presses("U-LI", a.Buttons[0][0])
	h.pass(time.Minute)
	for _, who := range []string{"甲某", "乙某", "丙某"} {
		if n := strings.Count(h.customer(who), "今天都会送到"); n != 1 {
			t.Errorf("%s heard %d times", who, n)
		}
	}
}

func TestStoryTransfer(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	a := h.writes("U-LI", 1, "！转 品控组 疑似原料")
	h.want(a.Text, "#1 已转 品控组（李雷 14:00）")
	old := h.card(teamChat, 1)
	if !strings.Contains(old.Text, "#1 已转 品控组") || len(old.Buttons) != 0 {
		t.Errorf("old card:\n%s %v", old.Text, old.Buttons)
	}
	h.card(otherChat, 1)
}

func TestARedeliveredCommandAnswersOnce(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", "！回复 正在帮您查")
	e.Thread = h.card(teamChat, 1).ID
	h.receive("hq", e)
	h.receive("hq", e)
	h.pass(time.Minute)
	if n := strings.Count(h.customer("王小明"), "正在帮您查"); n != 1 {
		t.Fatalf("a redelivered 回复 answered %d times", n)
	}
}

// TestAClosingTextWrittenTwiceIsSentOnce: a colleague whose card still showed the
// old state writes the same again.
func TestAClosingTextWrittenTwiceIsSentOnce(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.writes("U-LI", 1, "！解决 给您补发了，明天到")
	h.want(h.writes("U-LI", 1, "！解决 给您补发了，明天到").Text, "#1 已经用这句话解决了，客户不会再收一遍。还想说别的，用「回复」。")
	h.pass(time.Minute)
	h.writes("U-LI", 1, "！解决 给您补发了，明天到")
	h.pass(time.Minute)
	if n := strings.Count(h.customer("王小明"), "给您补发了"); n != 1 {
		t.Errorf("the customer heard it %d times", n)
	}
	// Other words are another closing message, and so are the same ones for an
	// item that was opened again.
	h.writes("U-LI", 1, "！解决 改成今天就到了")
	h.pass(time.Minute)
	h.says("王小明", "还是没有收到啊")
	h.writes("U-LI", 1, "！解决 改成今天就到了")
	h.pass(time.Minute)
	if n := strings.Count(h.customer("王小明"), "改成今天就到了"); n != 2 {
		t.Errorf("the customer heard the other words %d times", n)
	}
}

func TestARedeliveredMessageIsOne(t *testing.T) {
	h := newHouse(t, nil)
	e := h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", "快递太慢了，等了三天还没收到")
	for range 3 {
		h.receive("care", e)
	}
	var n int64
	h.read(func(tx *store.Tx) error {
		var err error
		n, err = tx.CountItems(store.Query{})
		return err
	})
	if n != 1 || strings.Count(h.customer("王小明"), "收到了") != 1 {
		t.Fatalf("%d items\n%s", n, h.customer("王小明"))
	}
}

func TestStoryASecondQuestionAfterTheReplyIsOnTheClock(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.writes("U-LI", 1, "！回复 正在帮您查")
	h.pass(time.Minute)
	if due := h.item(1).DueAt; !due.IsZero() {
		t.Fatalf("answered, and still due %v", due)
	}
	h.says("王小明", "好的谢谢")
	if due := h.item(1).DueAt; !due.IsZero() {
		t.Fatalf("thanks put the clock on: %v", due)
	}
	h.says("王小明", "那到底什么时候能送到？")
	if h.item(1).DueAt.IsZero() {
		t.Fatal("a second question has no clock")
	}
	h.pass(3 * time.Hour)
	if !strings.Contains(h.team(teamChat), "过点了：") {
		t.Errorf("the owner was not told:\n%s", h.team(teamChat))
	}
}

func TestStoryWhatIsOverIsDeletedWhenPromised(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.says("李四", "杯子是破的，漏了一桌子，给换一个吧")
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.pass(80 * time.Hour)
	forget := func() int {
		n, err := h.p.desk.Forget(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	h.now = h.now.AddDate(0, 0, 170)
	if n := forget(); n != 0 {
		t.Fatalf("%d people erased too early", n)
	}
	h.now = h.now.AddDate(0, 0, 20)
	if n := forget(); n != 1 {
		t.Fatalf("%d people erased, one was due", n)
	}
	if one, two := h.item(1), h.item(2); one.Text != "" || one.AuthorName != "" || two.Text == "" {
		t.Errorf("#1 %q %q, #2 %q", one.Text, one.AuthorName, two.Text)
	}
	if n := forget(); n != 0 {
		t.Errorf("%d people erased again", n)
	}
}

func TestStoryAComplaintWithAnAddressIsHeard(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，电话13812345678，邮箱zhang.san@example.com")
	h.card(teamChat, 1)
	h.says("广告", "兼职日结日入过万，加微信 abc123 领取，www.example.com")
	if got := h.customer("广告"); got != "" {
		t.Errorf("an advertisement was answered:\n%s", got)
	}
}

func TestStoryAComplaintThatAlsoUrgesOpensAnItem(t *testing.T) {
	h := newHouse(t, nil)
	for i, text := range []string{"等了一个小时没人理我，咖啡也没有", "怎么还没人处理我的退款？订单号 123", "不用了，退款吧，太慢了等不了"} {
		h.says(fmt.Sprintf("客户%d", i), text)
		if got := h.item(int64(i + 1)).Text; got != text {
			t.Errorf("item %d: %q", i+1, got)
		}
	}
}
