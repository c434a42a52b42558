package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

// More people on Telegram.
const (
	voice     = int64(1002)
	urger     = int64(1003)
	canceller = int64(1004)
	fan       = int64(1005)
	boss      = int64(2002)
)

// TestLifeOfAnItem plays the contract's section 5 on the embedded default: a
// customer on Telegram, the team in Slack.
func TestLifeOfAnItem(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	p := h.start()
	h.playLife()
	if err := p.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	if n := h.tg.Notified(); n != 0 {
		t.Errorf("%d people were notified by a customer's words", n)
	}
}

// png is a picture that a customer sends.
var png = []byte("\x89PNG\r\n\x1a\n0000")

// playLife is the life of item #1, from three fragments to the second rating.
func (h *house) playLife() {
	h.t.Helper()
	h.tg.UserSays(customer, customer, "你们家")
	latte := h.tg.UserSays(customer, customer, "那个拿铁")
	h.tg.UserSays(customer, customer, "是酸的 <!channel> @all")
	h.tg.SendsPhoto(customer, customer, "", png)
	h.hears(customer, "编号 #1")
	if got := h.tg.FromBot(customer); len(got) != 1 {
		h.t.Errorf("three fragments and a photo were answered %d times", len(got))
	} else {
		h.reads(got[0].Text, "收到了，给您记下了（编号 #1）。我们⧗ 前回复您。有照片或订单号，接着发就行。（只用来处理这件事，详情发「隐私」）")
	}
	card := h.card(1, "🖼 1")
	for _, want := range []string{"🟡 P2 #1 · 负面 · 投诉", "待认领", "你们家\n那个拿铁\n是酸的 <!channel> @all", "Telegram 私聊 · 王** · ", "第 1 次", "前回复（剩 ", "P2 因为：", "→ 客服组"} {
		if !strings.Contains(card.Text, want) {
			h.t.Errorf("the card lacks %q:\n%s", want, card.Text)
		}
	}
	if got := slackButtons(card); !strings.HasPrefix(got, "[认领] [回复] [解决] [更多]") {
		h.t.Errorf("buttons of the card: %s", got)
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
	h.tg.UserEdits(customer, customer, latte, "那个美式")
	h.thread(channel, card.TS, "客户改了：「拿铁」→「美式」")

	h.playClaim(card.TS)
	h.playWords(card.TS)
	h.playResolve(card.TS)
}

// playClaim: an unknown person can do nothing, a colleague claims with one tap.
func (h *house) playClaim(card string) {
	h.t.Helper()
	h.must(h.sl.Presses(stranger, channel, card, "认领"))
	h.whispered(stranger, "还不认识你的账号。向管理员要绑定码，私聊我发「绑定 6 位码」。")
	h.must(h.sl.Presses(agent, channel, card, "认领"))
	h.card(1, "处理中 · 李雷")
}

// playWords: what is written in the thread stays inside unless it is a command
// or meant to go out; a command leaves after the time to undo, or at once.
func (h *house) playWords(card string) {
	h.t.Helper()
	before := h.customerSees(customer)
	h.sl.Replies(agent, channel, card, "解决不了，先问品控")
	h.sl.Replies(agent, channel, card, "回复 马上给您查")
	ask := h.whispered(agent, "这句还没发给客户。要发吗？")
	if got := h.customerSees(customer); got != before {
		h.t.Errorf("a note reached the customer:\n%s", got)
	}
	h.must(h.sl.Presses(agent, channel, ask.TS, "发给客户"))
	h.reads(h.hears(customer, "马上给您查").Text, "马上给您查")

	h.must(h.sl.Presses(agent, channel, card, "回复"))
	form := h.opens(agent, "回复 #1")
	h.must(h.sl.Submits(form.ID, "查到了，是咖啡机没清洗干净"))
	h.reads(h.whispered(agent, "咖啡机没清洗").Text, "8 秒后发给 #1 王**（Telegram）：「查到了，是咖啡机没清洗干净」")
	h.sendsNow("咖啡机没清洗")
	h.hears(customer, "查到了，是咖啡机没清洗干净")

	h.sl.Replies(agent, channel, card, "！等客户 方便发一下小票吗？")
	h.card(1, "等客户")
	h.sendsNow("方便发一下小票吗？")
	h.hears(customer, "方便发一下小票吗？")
	h.tg.UserSays(customer, customer, "小票找不到了，是昨天下午买的")
	h.card(1, "处理中")
	h.thread(channel, card, "💬 王**：小票找不到了，是昨天下午买的")
}

// sendsNow is the colleague not waiting for the time to undo.
func (h *house) sendsNow(text string) {
	h.t.Helper()
	h.must(h.sl.Presses(agent, channel, h.whispered(agent, text).TS, "现在发"))
}

// playResolve: a resolution can be taken back, arrives once, and is rated.
func (h *house) playResolve(card string) {
	h.t.Helper()
	h.sl.Replies(agent, channel, card, "！解决 已给您退 18 元")
	sending := h.whispered(agent, "已给您退 18 元")
	h.reads(sending.Text, "8 秒后发给 #1 王**（Telegram）：「已给您退 18 元」")
	h.must(h.sl.Presses(agent, channel, sending.TS, "撤销"))
	undone := time.Now()
	h.whispered(agent, "撤销了，没有发出。")
	h.card(1, "处理中")
	h.must(h.sl.Presses(agent, channel, card, "解决"))
	form := h.opens(agent, "解决 #1")
	// Longer than desk.undo: what was taken back would have left by now.
	h.until("the time to undo is over", func() bool { return time.Since(undone) > 8200*time.Millisecond })
	if h.times(customer, "退 18 元") != 0 {
		h.t.Fatal("undone, and sent all the same")
	}
	h.must(h.sl.Submits(form.ID, "已给您退 18 元，1–3 天到账"))
	h.card(1, "已解决")
	h.sendsNow("1–3 天到账")
	closure := h.hears(customer, "处理好了")
	const words = "处理好了：\n已给您退 18 元，1–3 天到账\n还有问题直接回我，或点「还没解决」。这次满意吗？"
	if got := plain(closure.Text); !strings.HasPrefix(got, "您说的「") || !strings.HasSuffix(got, "」"+words) {
		h.t.Errorf("closure:\n%s", got)
	}
	if got := telegramButtons(closure); got != "[😡 1] [😕 2] [😐 3] [😊 4] [😍 5] / [还没解决]" {
		h.t.Errorf("buttons of the closure: %s", got)
	}

	// Thanks change nothing; a 2 reopens; a second resolution is rated 5.
	h.tg.UserSays(customer, customer, "谢谢")
	h.taps(customer, customer, closure.ID, "😕 2")
	sorry := h.hears(customer, "抱歉，没让您满意。")
	h.reads(sorry.Text, "抱歉，没让您满意。我们重新打开了，负责人会再看一遍，⧗ 前回复您。主要是哪里不好？")
	h.taps(customer, customer, sorry.ID, "补偿")
	h.thread(channel, card, "客户说主要是：补偿")
	h.card(1, "重开 ×1")
	h.sl.Replies(agent, channel, card, "！解决 店长给您打过电话了，再送一杯")
	h.sendsNow("再送一杯")
	again := h.hears(customer, "再送一杯")
	h.taps(customer, customer, again.ID, "😍 5")
	h.card(1, "⭐5")
	if n := h.times(customer, "这次满意吗"); n != 2 {
		h.t.Errorf("asked %d times for two resolutions", n)
	}
	if n := h.times(customer, "已给您退 18 元"); n != 1 {
		h.t.Errorf("the first closure arrived %d times", n)
	}
}

// TestOtherLives plays what else customers do, and a transfer: voice, thanks,
// urging, 取消, a customers' group.
func TestOtherLives(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{undo: "0s"})
	for id, name := range map[int64]string{voice: "张三丰", urger: "李四光", canceller: "赵六安", fan: "小陈"} {
		h.tg.AddUser(telegramtest.User{ID: id, First: name, Lang: "zh-hans"})
	}
	p := h.start()

	h.tg.UserSays(voice, voice, "你好")
	greeting := h.hears(voice, "您好")
	h.reads(greeting.Text, "您好，这里是青禾咖啡。有什么想说的直接发来，文字、照片、语音都行，有人看，也有人回。")
	if got := telegramButtons(greeting); got != "[投诉] [咨询] / [建议] [表扬]" {
		t.Errorf("buttons of the greeting: %s", got)
	}
	h.tg.SendsVoice(voice, voice, 12, []byte("OggS0000"))
	h.reads(h.hears(voice, "语音收到了").Text, "语音收到了，同事会听。方便的话再打几个字，会更快。\n收到了，给您记下了（编号 #1）。我们⧗ 前回复您。有照片或订单号，接着发就行。（只用来处理这件事，详情发「隐私」）")
	h.card(1, "🎤 12″ 还没人听")

	h.tg.UserSays(urger, urger, "快递太慢了，等了三天还没收到")
	h.hears(urger, "编号 #2")
	slow := h.card(2, "待认领")
	h.tg.UserSays(urger, urger, "在吗")
	h.reads(h.hears(urger, "看到您在等").Text, "看到您在等，又提醒了同事。#2 ⧗ 前回复您。")
	h.tg.UserSays(urger, urger, "？")
	h.card(2, "客户催 ×2")
	if n := h.times(urger, "看到您在等"); n != 1 {
		t.Errorf("urging twice was answered %d times", n)
	}
	h.tg.UserSays(urger, urger, "进度")
	h.reads(h.hears(urger, "#2「").Text, "#2「快递太慢了，等了三天还没收到」收到了，⧗ 前回复。")
	h.must(h.sl.Slash(agent, channel, "转 #2 物流组 骑手的事"))
	h.cardIn(logistic, 2, "待认领")
	old := h.card(2, "#2 已转 物流组（李雷 ")
	if got := slackButtons(old); got != "" {
		t.Errorf("the old card has buttons: %s", got)
	}
	h.reads(firstLine(old.Text), "#2 已转 物流组（李雷 ⧗：骑手的事） ")
	if old.TS != slow.TS {
		t.Error("the card was posted again instead of edited")
	}

	h.tg.UserSays(canceller, canceller, "杯子漏了，洒了一桌子")
	h.hears(canceller, "编号 #3")
	h.tg.UserSays(canceller, canceller, "取消")
	sure := h.hears(canceller, "不用处理了")
	h.reads(sure.Text, "这次反馈（#3）不用处理了，还是别的事（比如取消订单）？")
	h.taps(canceller, canceller, sure.ID, "不用处理了")
	h.card(3, "已结束")
	h.hears(canceller, "好的，#3 不再处理了。想起来随时在这里说。")

	fans := h.tg.AddGroup("粉丝群", fan, urger)
	h.tg.AddBotToGroup(fan, fans)
	h.hears(fans, "这个群还没登记")
	h.tg.UserSays(fan, fans, "今天天气不错")
	h.tg.UserSays(fan, fans, "#反馈 徐家汇店排队太久了，等了四十分钟")
	said := h.hears(fans, "收到（#4）")
	h.reads(said.Text, "@小陈 收到（#4），细节咱们私下说。")
	if got := telegramButtons(said); got != "[私聊补充]" {
		t.Errorf("buttons in the group: %s", got)
	}
	if got := h.tg.FromBot(fans); len(got) != 2 {
		t.Errorf("the bot spoke %d times in public:\n%s", len(got), h.customerSees(fans))
	}
	if err := p.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}
