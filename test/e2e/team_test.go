package e2e

import (
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

// TestTeamInATelegramGroup links a person and a chat without hunting for ids,
// then works in the group: buttons, a prompt to reply to, a reply to the card.
func TestTeamInATelegramGroup(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{undo: "0s"})
	h.tg.AddUser(telegramtest.User{ID: boss, First: "老板", Lang: "zh-hans"})
	p := h.start()
	printed := h.run("staff", "add", "店长", "-team", "客服组", "-role", "admin")
	code := regexp.MustCompile(`「(绑定 \S+)」`).FindStringSubmatch(printed)
	if code == nil {
		t.Fatalf("staff add printed no code:\n%s", printed)
	}
	h.tg.UserSays(boss, boss, code[1])
	h.reads(h.hears(boss, "认识你了").Text, "认识你了：店长（客服组 · 管理员）。发「帮助」看能做什么。")
	h.tg.UserSays(boss, boss, "快递太慢了")
	h.reads(h.hears(boss, "您是员工账号").Text, "您是员工账号。想看客户看到什么，发「当客户」，30 分钟有效。")

	group := h.tg.AddGroup("客服群", lead, boss)
	h.tg.AddBotToGroup(boss, group)
	h.reads(h.hears(group, "这个群还没登记").Text, "大家好，我是回音，这个群还没登记。管理员发「/link 客服组」，以后卡片就发到这里。")
	h.tg.UserSays(lead, group, "/link 客服组")
	h.hears(group, "登记群要管理员来。")
	h.tg.UserSays(boss, group, "/link 客服组")
	h.reads(h.hears(group, "好了").Text, "好了，客服组的卡片以后发到这里。")

	h.tg.UserSays(customer, customer, "杯子是破的，漏了一桌子")
	card := h.groupCard(group, 1, "待认领")
	h.card(1, "待认领")
	if got := h.taps(lead, group, card.ID, "认领"); got.Text != "#1 归你了。" {
		t.Errorf("claiming: %+v", got)
	}
	h.groupCard(group, 1, "处理中 · 韩梅梅")
	h.card(1, "处理中 · 韩梅梅")
	h.taps(lead, group, card.ID, "回复")
	prompt := h.hears(group, "请直接回复这条")
	h.reads(prompt.Text, "@韩梅梅 请直接回复这条，写给 #1 客户的话。5 分钟有效，发「算了」取消。")
	if !prompt.ForceReply || !prompt.Selective {
		t.Errorf("the prompt opens nobody's reply field: %+v", prompt)
	}
	h.tg.UserSays(lead, group, "对不起，马上给您换一个", telegramtest.ReplyingTo(prompt.ID))
	h.reads(h.hears(customer, "马上给您换一个").Text, "对不起，马上给您换一个")
	h.tg.UserSays(lead, group, "库房还有没有新的？", telegramtest.ReplyingTo(card.ID))
	h.tg.UserSays(lead, group, "！解决 新杯子寄出了，明天到", telegramtest.ReplyingTo(card.ID))
	closure := h.hears(customer, "处理好了")
	h.reads(closure.Text, "您说的「杯子是破的，漏了一桌子」处理好了：\n新杯子寄出了，明天到\n还有问题直接回我，或点「还没解决」。这次满意吗？")
	h.groupCard(group, 1, "已解决")
	if got := h.customerSees(customer); strings.Contains(got, "库房") {
		t.Errorf("a note reached the customer:\n%s", got)
	}
	if err := p.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}

// TestOperate: one serve a SQLite database, a reload is all or nothing, a stop
// is graceful and loses nothing.
func TestOperate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{undo: "0s"})
	p := h.start()
	second := h.launch(0, nil)
	if err := second.wait(); err == nil || !strings.Contains(second.err.String(), "another huiyin serve works with") {
		t.Errorf("a second serve on the same database: %v\n%s", err, second.err.String())
	}

	const bad = "\ntexts: {receipt: \"好的 #{nummer}\"}\n"
	h.configure(0, bad)
	h.must(p.cmd.Process.Signal(syscall.SIGHUP))
	h.until("the bad configuration is refused", func() bool { return strings.Contains(p.err.String(), "was not reloaded") })
	if !strings.Contains(p.err.String(), "huiyin-0.yaml:19:18: ") {
		t.Errorf("the problem has no place:\n%s", p.err.String())
	}
	h.tg.UserSays(customer, customer, "杯子是破的，漏了一桌子")
	h.hears(customer, "收到了，给您记下了（编号 #1）。")

	h.configure(0, `texts: {receipt: "收到啦～编号 #{number}，{when} 前回您"}`)
	h.must(p.cmd.Process.Signal(syscall.SIGHUP))
	h.until("the good configuration is in force", func() bool { return strings.Contains(p.err.String(), "the configuration was reloaded") })
	h.tg.AddUser(telegramtest.User{ID: voice, First: "张三丰", Lang: "zh-hans"})
	h.tg.UserSays(voice, voice, "咖啡是凉的，等了半小时")
	h.reads(h.hears(voice, "收到啦").Text, "收到啦～编号 #2，⧗ 前回您（只用来处理这件事，详情发「隐私」）")

	// What arrives in the very moment of a stop is dealt with afterwards.
	h.tg.AddUser(telegramtest.User{ID: urger, First: "李四光", Lang: "zh-hans"})
	h.tg.UserSays(urger, urger, "快递太慢了，等了三天还没收到")
	h.must(p.cmd.Process.Signal(syscall.SIGTERM))
	h.until("serve has stopped", p.ended)
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	h.start()
	h.hears(urger, "编号 #3")
	if n := h.times(urger, "编号 #3"); n != 1 {
		t.Errorf("%d receipts", n)
	}
	if _, err := os.Stat(h.file(0)); err != nil {
		t.Error(err)
	}
}
