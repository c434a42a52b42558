package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// TestUndoButtonMeansItsOwnMessage, whatever was done in between.
func TestUndoButtonMeansItsOwnMessage(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.says("李四", late)
	first := h.writes("U-LI", 1, "！回复 给李四的话")
	h.pass(3 * time.Second)
	h.writes("U-LI", 2, "！回复 马上给您送到")
	h.pass(3 * time.Second)
	h.want(h.presses("U-LI", h.button(first, "撤销")).Text, "撤销了，没有发出。")
	// A second tap on the same button says the same.
	h.want(h.presses("U-LI", h.button(first, "撤销")).Text, "撤销了，没有发出。")
	h.want(h.presses("U-LI", h.button(first, "现在发")).Text, "已经撤销了，没有要发的。")
	h.pass(time.Minute)
	h.lacks("王小明", "给李四的话")
	h.gets("李四", "马上给您送到")
	h.want(h.presses("U-LI", h.button(first, "撤销")).Text, "撤销了，没有发出。")
}

// TestUndoOfSeveral takes all of them back, and 现在发 sends all of them.
func TestUndoOfSeveral(t *testing.T) {
	people := []string{"甲某", "乙某", "丙某"}
	for _, press := range []string{"撤销", "现在发"} {
		h := newHouse(t, nil)
		for _, who := range people {
			h.says(who, late)
		}
		a := h.writes("U-LI", 1, "！解决 #1-#3 今天都会送到，久等了")
		a = h.presses("U-LI", a.Buttons[0][0])
		h.command("U-HAN", 2, "！备注 知道了")
		answer := h.presses("U-LI", h.button(a, press))
		if press == "现在发" {
			h.want(answer.Text, "好，这 3 条现在就发。")
			for _, who := range people {
				h.gets(who, "今天都会送到")
			}
			continue
		}
		h.want(answer.Text, "撤销了，没有发出。")
		h.pass(time.Minute)
		for i, who := range people {
			h.lacks(who, "今天都会送到")
			if got := h.item(int64(i + 1)).State; got != feedback.New {
				t.Errorf("#%d is %s", i+1, got)
			}
		}
	}
}

// TestALeadTakesBackAColleaguesMessage that has not left yet.
func TestALeadTakesBackAColleaguesMessage(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	a := h.writes("U-LI", 1, "！回复 这话不该说")
	h.want(h.presses("U-HAN", h.button(a, "撤销")).Text, "撤销了，没有发出。")
	h.pass(time.Minute)
	h.lacks("王小明", "这话不该说")
}

// TestUndoLeavesWhatAColleagueDidSince.
func TestUndoLeavesWhatAColleagueDidSince(t *testing.T) {
	h := newHouse(t, nil)
	h.staff("孙六", feedback.Agent, "U-SUN")
	h.says("王小明", late)
	h.writes("U-LI", 1, "！标签 +食品安全")
	h.lends(1, "孙六")
	h.want(h.command("U-LI", 0, "！撤销").Text, "撤销了，#1 回到处理中。")
	item := h.item(1)
	if got := strings.Join(item.Verdict.TopicNames(), " "); strings.Contains(got, "食品安全") {
		t.Errorf("topics %s", got)
	}
	var sun int64
	h.read(func(tx *store.Tx) error {
		st, err := tx.StaffByAccount("hq", "U-SUN")
		sun = st.ID
		return err
	})
	if item.Owner != sun {
		t.Errorf("undoing a tag took the item from its owner: %d", item.Owner)
	}
	// What a colleague has changed again is theirs.
	h.says("李四", late)
	h.writes("U-LI", 2, "！认领")
	h.lends(2, "孙六")
	h.want(h.command("U-LI", 0, "！撤销").Text, "#2 后来又有人动过，撤销不了。要改就直接改。")
	if h.item(2).Owner != sun {
		t.Errorf("undoing a claim took the item from its owner: %d", h.item(2).Owner)
	}
}

// TestUndoKeepsTheItemsAlarmClocks: a snoozed item wakes, a waiting one is
// reminded, and a promise is kept, whatever else was undone.
func TestUndoKeepsTheItemsAlarmClocks(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！稍后 2h")
	h.writes("U-LI", 1, "！标签 +食品安全")
	h.command("U-LI", 0, "！撤销")
	h.pass(3 * time.Hour)
	if item := h.item(1); !item.SnoozedUntil.IsZero() {
		t.Error("it never wakes")
	}
	if !strings.Contains(h.team(teamChat), "到点了") {
		t.Errorf("nobody is told:\n%s", h.team(teamChat))
	}

	h = newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！等客户 方便发一下订单号吗？")
	h.pass(time.Minute)
	h.writes("U-LI", 1, "！解决 已经办好了")
	h.command("U-LI", 0, "！撤销")
	if h.item(1).State != feedback.Waiting {
		t.Fatal(h.item(1).State)
	}
	h.pass(25 * time.Hour)
	h.gets("王小明", "#1 还差一点信息")
	h.pass(80 * time.Hour)
	if h.item(1).State != feedback.Closed {
		t.Errorf("it waits for ever: %s", h.item(1).State)
	}

	h = newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！回复 在查了")
	h.command("U-LI", 0, "！撤销")
	if item := h.item(1); item.PromisedAt.IsZero() || !item.RepliedAt.IsZero() {
		t.Errorf("promised %v, replied %v", item.PromisedAt, item.RepliedAt)
	}
	h.pass(3 * time.Hour)
	h.gets("王小明", "原来说今天 16:00 前，现在要到")
}

// TestUndoMeansTheLastCommand and the item that it names.
func TestUndoMeansTheLastCommand(t *testing.T) {
	h := newHouse(t, nil)
	for _, who := range []string{"甲某", "乙某"} {
		h.says(who, late)
		h.now = h.now.Add(time.Second)
	}
	h.command("U-LI", 1, "！认领")
	h.want(h.command("U-LI", 2, "！撤销").Text, "没有可以撤销的。")
	if h.item(1).Owner == 0 {
		t.Error("undoing #2 released #1")
	}
	h.want(h.command("U-LI", 1, "！撤销").Text, "撤销了，#1 回到待认领。")

	// Merging cannot be undone, and neither is what came before it.
	h.command("U-LI", 1, "！认领")
	h.write(func(tx *store.Tx) error {
		item, err := tx.LockItem(2)
		if err != nil {
			return err
		}
		item.Author = h.item(1).Author
		return tx.UpdateItem(item)
	})
	h.command("U-LI", 0, "！合并 #1 #2")
	h.want(h.command("U-LI", 0, "！撤销").Text, "没有可以撤销的。")
	if h.item(1).Owner == 0 {
		t.Error("undoing a merge released the item")
	}
}

// TestTransferFromWaitingIsOnTheClock: nobody is to forget what has no owner.
func TestTransferFromWaitingIsOnTheClock(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！等客户 方便发一下订单号吗？")
	h.pass(time.Minute)
	h.writes("U-LI", 1, "！转 品控组 疑似原料")
	if item := h.item(1); item.State != feedback.New || item.DueAt.IsZero() {
		t.Fatalf("%s, due %v", item.State, item.DueAt)
	}
	h.pass(3 * time.Hour)
	if got := h.team(otherChat); !strings.Contains(got, "过点了还没人回复") {
		t.Errorf("nobody is called:\n%s", got)
	}
}

// TestASecondLostAnswerIsToldAgain: a message that was sent again and is uncertain
// again is shown again.
func TestASecondLostAnswerIsToldAgain(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.care.lose = 1
	h.writes("U-LI", 1, "！回复 今天会送到")
	h.pass(time.Minute)
	asked := func() (all []bots.Button) {
		for _, m := range h.hq.in(teamChat) {
			if strings.HasPrefix(m.Text, "⚠️ #1 的回复可能到了") {
				all = append(all, m.Buttons...)
			}
		}
		return all
	}
	if n := len(asked()); n != 2 {
		t.Fatalf("%d buttons:\n%s", n, h.team(teamChat))
	}
	h.care.lose = 1
	h.presses("U-LI", asked()[1])
	h.pass(time.Minute)
	if n := len(asked()); n != 4 {
		t.Errorf("the second time nobody was asked:\n%s", h.team(teamChat))
	}
}

// long is a reply that Telegram takes in three messages only.
var long = strings.Repeat("这件事我们查清楚了。", 1000)

// TestALongMessageIsSentAgainWhole, all that did not arrive of it.
func TestALongMessageIsSentAgainWhole(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.care.refuse["王小明"] = &bots.SendError{Fate: bots.Rejected, Code: "400"}
	h.writes("U-LI", 1, "！回复 "+long)
	h.pass(time.Minute)
	h.lacks("王小明", "查清楚")
	delete(h.care.refuse, "王小明")
	h.want(h.command("U-LI", 1, "！重发").Text, "又发了一次。")
	h.pass(time.Minute)
	if n := strings.Count(h.customer("王小明"), "查清楚了"); n != 1000 {
		t.Errorf("%d of 1000 sentences arrived", n)
	}
	h.want(h.command("U-LI", 1, "！重发").Text, "#1 没有要重发的。")
}

// TestALongMessageIsTakenBackWhole, once, however many colleagues ask for it; and
// where it cannot be taken back, they are told so.
func TestALongMessageIsTakenBackWhole(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！回复 第一句")
	h.pass(time.Minute)
	h.writes("U-LI", 1, "！回复 "+long)
	h.pass(time.Minute)
	h.want(h.command("U-LI", 1, "！撤回").Text, "撤回了，但对方可能看到过。")
	h.want(h.command("U-HAN", 1, "！撤回").Text, "#1 是李雷在跟（14:00）。还是由你来吗？")
	h.want(h.command("U-LI", 1, "！撤回").Text, "#1 最近那条已经撤回了。")
	h.pass(time.Minute)
	for _, m := range h.care.in("王小明") {
		if strings.Contains(m.Text, "查清楚") != m.Recalled {
			t.Errorf("recalled %v: %.30s", m.Recalled, m.Text)
		}
	}

	h = newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！回复 说错了的话")
	h.pass(time.Minute)
	h.care.keeps = true
	h.command("U-LI", 1, "！撤回")
	h.pass(time.Minute)
	if got := h.team(teamChat); !strings.Contains(got, "❌ #1 那条没撤回成，客户还看得到。补一句说明吧。") {
		t.Errorf("nobody is told that it is still there:\n%s", got)
	}
}

// TestAnotherPriorityCountsFromWhenTheyWait: what was answered yesterday is not
// late since yesterday.
func TestAnotherPriorityCountsFromWhenTheyWait(t *testing.T) {
	for _, command := range []string{"！优先 P1", "！纠正 负面 投诉 +食品安全"} {
		h := newHouse(t, nil)
		h.says("王小明", late)
		h.writes("U-LI", 1, "！回复 正在帮您查")
		h.pass(24 * time.Hour)
		h.says("王小明", "那到底什么时候能送到？")
		h.writes("U-LI", 1, command)
		if due := h.item(1).DueAt; !due.After(h.now) {
			t.Errorf("%s: due %v at %v", command, due.In(shanghai), h.now)
		}
		h.pass(time.Minute)
		if got := h.team(teamChat) + h.team(otherChat); strings.Contains(got, "过点了") {
			t.Errorf("%s:\n%s", command, got)
		}
	}
	// An answered item stays answered, whatever its labels are.
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！回复 正在帮您查")
	h.pass(24 * time.Hour)
	h.writes("U-LI", 1, "！纠正 正面 建议")
	if due := h.item(1).DueAt; !due.IsZero() {
		t.Errorf("correcting put the clock on: %v", due)
	}
	// While the clock is paused, what is left of it is fitted.
	h = newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！等客户 方便发一下订单号吗？")
	h.writes("U-LI", 1, "！优先 P0")
	h.pass(time.Hour)
	h.says("王小明", "订单号是 20261123001")
	if due := h.item(1).DueAt; due.Sub(h.now) > 10*time.Minute {
		t.Errorf("a P0 is due %v after the customer's answer", due.Sub(h.now))
	}
}

// TestAReminderIsOneSentence.
func TestAReminderIsOneSentence(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！等客户 方便发一下订单号吗？")
	h.pass(25 * time.Hour)
	h.gets("王小明", "#1 还差一点信息：方便发一下订单号吗。方便时发来就行；不需要了回「不用了」。")
}
