package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestSectionFive plays an item's life in both directions on the embedded
// default: a customer on Telegram, the team in Slack.
func TestSectionFive(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "", "")
	p := h.start()
	h.playLife()
	if err := p.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	if h.tg.Notified() != 0 {
		t.Error("somebody was notified by a customer's words")
	}
}

// playLife is the life of one item from three fragments to the second rating.
func (h *house) playLife() {
	h.t.Helper()
	for _, text := range []string{"你们家", "那个拿铁", "是酸的 <!channel> @all"} {
		h.tg.UserSays(customer, customer, text)
	}
	h.tg.SendsPhoto(customer, customer, "", []byte("\x89PNG\r\n\x1a\n0000"))
	receipt := h.hears("收到了，给您记下了（编号 #1）。我们")
	if !strings.HasSuffix(receipt.Text, "前回复您。有照片或订单号，接着发就行。（只用来处理这件事，详情发「隐私」）") {
		h.t.Errorf("receipt: %s", receipt.Text)
	}
	card := h.card(1, "待认领")
	for _, want := range []string{"你们家", "是酸的", "🖼 1", "第 1 次"} {
		if !strings.Contains(card.Text, want) {
			h.t.Errorf("the card lacks %q:\n%s", want, card.Text)
		}
	}
	if len(card.Notified) != 0 {
		h.t.Errorf("a customer's words notified %v", card.Notified)
	}
	h.until("the photo is in the thread", func() bool {
		for _, m := range h.sl.Thread(channel, card.TS) {
			if len(m.Files) == 1 {
				return true
			}
		}
		return false
	})

	// An unknown person can do nothing; a colleague claims with one tap.
	h.must(h.sl.Presses("U99", channel, card.TS, "认领"))
	h.whispered("U99", "还不认识你的账号。")
	h.must(h.sl.Presses(agent, channel, card.TS, "认领"))
	card = h.card(1, "处理中 · 李雷")

	// What is written in the thread stays inside.
	before := h.customerSees()
	h.sl.Replies(agent, channel, card.TS, "解决不了，先问品控")
	h.sl.Replies(agent, channel, card.TS, "回复 马上给您查")
	ask := h.whispered(agent, "这句还没发给客户。要发吗？")
	if h.customerSees() != before {
		h.t.Errorf("a note reached the customer:\n%s", h.customerSees())
	}
	h.must(h.sl.Presses(agent, channel, ask.TS, "发给客户"))
	h.hears("马上给您查")

	// The customer edits and asks again: the thread hears it.
	h.sl.Replies(agent, channel, card.TS, "！等客户 方便发一下小票吗？")
	h.hears("方便发一下小票吗？")
	h.card(1, "等客户")
	h.tg.UserSays(customer, customer, "小票找不到了，是昨天下午买的")
	h.card(1, "处理中")
	h.thread(card.TS, "小票找不到了")

	// Resolving takes effect on the card at once and can be taken back.
	h.sl.Replies(agent, channel, card.TS, "！解决 已给您退 18 元")
	sending := h.whispered(agent, "后发给 #1 王**（Telegram）：「已给您退 18 元」")
	h.card(1, "已解决")
	h.must(h.sl.Presses(agent, channel, sending.TS, "撤销"))
	h.card(1, "处理中")
	time.Sleep(600 * time.Millisecond) // longer than desk.undo: nothing may leave
	if h.times("退 18 元") != 0 {
		h.t.Fatal("undone, and sent all the same")
	}
	h.must(h.sl.Presses(agent, channel, card.TS, "解决"))
	h.until("the form is open", func() bool { return len(h.sl.Views(agent)) > 0 })
	views := h.sl.Views(agent)
	h.must(h.sl.Submits(views[len(views)-1].ID, "已给您退 18 元，1–3 天到账"))
	closure := h.hears("您说的「")
	want := "处理好了：\n已给您退 18 元，1–3 天到账\n还有问题直接回我，或点「还没解决」。这次满意吗？"
	if !strings.HasSuffix(closure.Text, want) {
		h.t.Errorf("closure:\n%s", closure.Text)
	}

	// Thanks change nothing; a 2 reopens; a second resolution is rated 5.
	h.tg.UserSays(customer, customer, "谢谢")
	h.taps(closure.ID, "😕 2")
	h.card(1, "重开 ×1")
	h.sl.Replies(agent, channel, card.TS, "！解决 店长给您打过电话了，再送一杯")
	again := h.hears("再送一杯")
	h.taps(again.ID, "😍 5")
	h.card(1, "⭐5")
	if n := h.times("这次满意吗"); n != 2 {
		h.t.Errorf("asked %d times for two resolutions", n)
	}
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// taps is the customer pressing a button of a message.
func (h *house) taps(message int64, button string) {
	h.t.Helper()
	if _, err := h.tg.Presses(customer, customer, message, button); err != nil {
		h.t.Fatal(err)
	}
}
