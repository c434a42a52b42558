package pipeline

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
	"github.com/huiyin/huiyin/store"
)

const late = "快递太慢了，等了三天还没收到"

func (h *house) count() int64 {
	h.t.Helper()
	var n int64
	h.read(func(tx *store.Tx) error {
		var err error
		n, err = tx.CountItems(store.Query{})
		return err
	})
	return n
}

// last is the newest message a customer sees.
func (h *house) last(who string) *shown {
	h.t.Helper()
	ms := h.care.in(who)
	if len(ms) == 0 {
		h.t.Fatalf("%s sees nothing", who)
	}
	return ms[len(ms)-1]
}

func (h *house) resolve(who string, item int64) {
	h.t.Helper()
	h.writes(who, item, "！解决 今天会送到，久等了")
	h.pass(11 * time.Second)
}

func TestStoryABlockedAuthorIsSilence(t *testing.T) {
	h := newHouse(t, nil)
	h.says("推销", late)
	h.want(h.writes("U-LI", 1, "！垃圾 --拉黑").Text, "#1 当垃圾处理了，这个人以后发的也不再提示。误判就「重开」。")
	if !strings.Contains(h.command("U-LI", 1, "！重开").Text, "#1") {
		t.Fatal("重开 did not undo 垃圾")
	}
	if h.item(1).State == feedback.Closed {
		t.Fatalf("after 重开: %s", h.item(1).State)
	}
	h.says("推销", "我是真的没收到快递啊")
	if !strings.Contains(h.item(1).Text, "我是真的") {
		t.Fatal("重开 left the person unheard")
	}
	h.command("U-LI", 1, "！垃圾 --拉黑")
	h.command("U-LI", 0, "！撤销")
	h.says("推销", "三天了还没到")
	if !strings.Contains(h.item(1).Text, "三天了") {
		t.Fatal("撤销 left the person unheard")
	}
	h.command("U-LI", 1, "！垃圾 --拉黑")
	before, seen := h.count(), h.customer("推销")
	h.says("推销", "加我微信领红包，名额有限")
	h.says("推销", "在吗")
	h.says("推销", "帮助")
	h.pass(time.Minute)
	if h.count() != before || h.customer("推销") != seen {
		t.Errorf("a blocked person was answered:\n%s", h.customer("推销"))
	}
}

func TestStorySnoozeAndWake(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.writes("U-LI", 1, "！认领")
	h.want(h.writes("U-LI", 1, "！稍后 45 分钟 等门店回电").Text, "#1 今天 14:45 再提醒你。")
	h.pass(44 * time.Minute)
	if strings.Contains(h.team(teamChat), "等门店回电") {
		t.Fatal("woken early")
	}
	h.pass(2 * time.Minute)
	if n := strings.Count(h.team(teamChat), "等门店回电"); n != 1 {
		t.Fatalf("woken %d times:\n%s", n, h.team(teamChat))
	}
	h.writes("U-LI", 1, "！稍后 明天9点")
	h.says("王小明", "今天能到吗，急着用")
	if !h.item(1).SnoozedUntil.IsZero() {
		t.Error("the customer's words did not wake it")
	}
	h.want(h.writes("U-LI", 1, "！稍后 改天").Text, "看不懂这个时间。可以写 2h、30 分钟、明天9点。")
}

func TestStoryHandover(t *testing.T) {
	h := newHouse(t, nil)
	for _, who := range []string{"甲某", "乙某", "丙某"} {
		h.says(who, late)
	}
	h.writes("U-LI", 1, "！认领 #1 #2")
	a := h.writes("U-LI", 1, "！交班 @韩梅梅")
	if !strings.Contains(a.Text, "2") || !strings.Contains(a.Text, "韩梅梅") || !strings.Contains(a.Text, "#1") {
		t.Errorf("answer: %s", a.Text)
	}
	han := h.item(1).Owner
	if h.item(2).Owner != han || han == 0 || h.item(3).Owner != 0 {
		t.Errorf("owners %d %d %d", h.item(1).Owner, h.item(2).Owner, h.item(3).Owner)
	}
	h.command("U-LI", 0, "！撤销")
	if h.item(1).Owner == han || h.item(2).Owner == han {
		t.Errorf("撤销 left %d %d", h.item(1).Owner, h.item(2).Owner)
	}
}

func TestStoryMerge(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.command("U-LI", 1, "！关闭 先放着")
	h.says("王小明", "杯子是破的，漏了一桌子")
	h.says("李四", "外卖送错了，给我的是别人的")
	h.command("U-LI", 1, "！重开")
	a := h.receive("hq", h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", "！合并 #1 #2"))
	if one, two := h.item(1), h.item(2); two.Merged != 1 || two.State != feedback.Closed || !strings.Contains(one.Text, "杯子是破的") {
		t.Fatalf("%s: #2 %s into %d, #1 %q", a.Text, two.State, two.Merged, one.Text)
	}
	a = h.receive("hq", h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", "！合并 #1 #3"))
	if h.item(3).Merged != 0 || a.Text == "" {
		t.Fatalf("two people's items were merged: %s", a.Text)
	}
}

func TestStorySetTagCorrectAndUndo(t *testing.T) {
	h := newHouse(t, func(r *desk.Rules) {
		r.Fields = []desk.Field{{Name: "shop", Title: "门店", Values: map[string]desk.FieldValue{"SH018": {Code: "SH018", Name: "徐家汇店"}}}}
	})
	h.says("王小明", late)
	was := h.item(1)
	h.writes("U-LI", 1, "！设 门店=徐家汇店")
	if h.item(1).Fields["shop"] != "SH018" {
		t.Fatalf("fields %v", h.item(1).Fields)
	}
	h.writes("U-LI", 1, "！撤销")
	if h.item(1).Fields["shop"] != was.Fields["shop"] {
		t.Errorf("after 撤销: %v", h.item(1).Fields)
	}
	h.writes("U-LI", 1, "！标签 +食品安全 -物流配送")
	if got := strings.Join(h.item(1).Verdict.TopicNames(), " "); !strings.Contains(got, "食品安全") || strings.Contains(got, "物流配送") {
		t.Errorf("topics %s", got)
	}
	h.writes("U-LI", 1, "！撤销")
	if got, want := h.item(1).Verdict.TopicNames(), was.Verdict.TopicNames(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("after 撤销: %v, was %v", got, want)
	}
	h.want(h.writes("U-LI", 1, "！纠正 正面 表扬 +食品安全").Text, "#1 改成「正面 · 表扬 · +食品安全」了，现在就按这个办。模型稍后在后台学这一条：考下来不比原来差才用上，只管以后的消息。点错了发「撤销」，以后想收回发「纠正 #1 --撤回」。")
	item := h.item(1)
	if item.Verdict.Sentiment != "positive" || item.Verdict.Intent != "praise" || item.Priority != feedback.P3 || item.Team != "qc" {
		t.Errorf("corrected: %s %s %s, team %s", item.Verdict.Sentiment, item.Verdict.Intent, item.Priority, item.Team)
	}
	h.card(otherChat, 1)
	var learned int
	h.read(func(tx *store.Tx) error {
		cs, err := tx.Corrections(10)
		learned = len(cs)
		return err
	})
	if learned != 1 {
		t.Errorf("%d corrections kept", learned)
	}
	h.command("U-LI", 0, "！撤销")
	if got := h.item(1); got.Verdict.Sentiment != was.Verdict.Sentiment || got.Team != was.Team || got.Priority != was.Priority {
		t.Errorf("after 撤销: %s, team %s, %s", got.Verdict.Sentiment, got.Team, got.Priority)
	}
	for text, want := range map[string]string{"！设 颜色=红": "没有", "！标签 +不存在": "没有", "！纠正 很坏": "很坏", "！优先 P9": "还差内容"} {
		if a := h.writes("U-LI", 1, text); !strings.Contains(a.Text, want) {
			t.Errorf("%s: %s", text, a.Text)
		}
	}
}

func TestStoryCopiesByContinue(t *testing.T) {
	h := newHouse(t, func(r *desk.Rules) {
		tree, problems := route.Compile(route.Node{Team: "care", Routes: []route.Node{
			{When: `sentiment == "negative"`, Team: "qc", Continue: true}, {When: `"物流配送" in topics`, Team: "care"},
		}}, route.Known{Topics: r.Topics, Channels: []string{"care", "hq", "weibo"}, Teams: []string{"care", "qc"}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		r.Routes = tree
	})
	h.says("王小明", late)
	item := h.item(1)
	if len(item.Copies) != 1 || item.Team == item.Copies[0] {
		t.Fatalf("team %s, copies %v", item.Team, item.Copies)
	}
	h.presses("U-LI", bots.Button{Data: "claim:1"})
	for _, chat := range []string{teamChat, otherChat} {
		if card := h.card(chat, 1); !strings.Contains(card.Text, "处理中 · 李雷") {
			t.Errorf("%s shows\n%s", chat, card.Text)
		}
	}
	h.says("王小明", "今天能到吗，急着用")
	for _, chat := range []string{teamChat, otherChat} {
		if n := strings.Count(h.team(chat), "💬 王**：今天能到吗"); n != 1 {
			t.Errorf("%s heard it %d times:\n%s", chat, n, h.team(chat))
		}
	}
	a := h.writes("U-LI", 1, "！回复 下午会到")
	h.pass(time.Minute)
	if n := strings.Count(h.customer("王小明"), "下午会到"); n != 1 || a.Text == "" {
		t.Errorf("two cards, and the reply arrived %d times", n)
	}
}

func TestStoryOneQuestionADay(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.resolve("U-LI", 1)
	if n := len(h.last("王小明").Buttons); n != 6 {
		t.Fatalf("%d buttons under the first closure", n)
	}
	h.says("王小明", "还是没有收到，你们怎么回事")
	h.resolve("U-LI", 1)
	if got := h.last("王小明"); len(got.Buttons) != 1 || got.Buttons[0].Text != "还没解决" || strings.Contains(got.Text, "满意") {
		t.Fatalf("asked twice within a day:\n%s", h.customer("王小明"))
	}
	h.says("李四", "杯子是破的，漏了一桌子")
	h.writes("U-LI", 2, "！解决 已退 18 元，1–3 天到账 --不评价")
	h.pass(11 * time.Second)
	if len(h.last("李四").Buttons) != 1 {
		t.Errorf("--不评价 asked:\n%s", h.customer("李四"))
	}
	h.pass(25 * time.Hour)
	h.says("王小明", "又有问题，这次的杯子是破的")
	id := h.count()
	h.command("U-LI", id, "！解决 已退 18 元，1–3 天到账")
	h.pass(11 * time.Second)
	if n := len(h.last("王小明").Buttons); n != 6 {
		t.Errorf("not asked again after a day:\n%s", h.customer("王小明"))
	}
}

func TestStoryAMarkCanBeChangedForADay(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	h.resolve("U-LI", 1)
	h.want(h.taps("王小明", "😊 4").Text, "谢谢您！")
	h.pass(23 * time.Hour)
	h.want(h.taps("王小明", "😐 3").Text, "谢谢，记下了。哪里还能更好？直接说就行。")
	if h.item(1).Rating != 3 {
		t.Fatalf("rating %d", h.item(1).Rating)
	}
	h.pass(25 * time.Hour)
	if a := h.taps("王小明", "😡 1"); h.item(1).Rating != 3 || a.Text == "" || h.item(1).Reopened != 0 {
		t.Errorf("changed after a day: %d, %s", h.item(1).Rating, a.Text)
	}
}

func TestStoryThirdTimeTheLeadDecides(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", late)
	for n := 1; n <= 2; n++ {
		h.resolve("U-LI", 1)
		h.taps("王小明", "还没解决")
		if item := h.item(1); item.Reopened != n || item.State != feedback.Open {
			t.Fatalf("time %d: reopened %d, %s", n, item.Reopened, item.State)
		}
	}
	if !strings.Contains(lines(h.hq.in("U-HAN")), "#1") {
		t.Errorf("the lead was not told:\n%s", lines(h.hq.in("U-HAN")))
	}
	h.resolve("U-LI", 1)
	before := lines(h.hq.in("U-HAN"))
	h.taps("王小明", "还没解决")
	if item := h.item(1); item.Reopened != 2 || item.State != feedback.Resolved {
		t.Errorf("a third time: reopened %d, %s", item.Reopened, item.State)
	}
	if lines(h.hq.in("U-HAN")) == before {
		t.Error("the lead was not asked to decide")
	}
	h.command("U-HAN", 1, "！重开")
	h.settle()
}

func TestStoryUnknownGroup(t *testing.T) {
	h := newHouse(t, nil)
	e := h.event(bots.OnJoined, bots.Chat{ID: "G-NEW", Group: true, Title: "新群"}, "U-LI", "")
	h.receive("hq", e)
	h.want(h.team("G-NEW"), "大家好，我是回音，这个群还没登记。管理员发「/link 客服组」，以后卡片就发到这里。")
	h.receive("hq", e)
	if n := len(h.hq.in("G-NEW")); n != 1 {
		t.Errorf("greeted %d times", n)
	}
	h.staff("赵管", feedback.Admin, "U-ADMIN")
	for _, who := range []string{"U-LI", "U-HAN"} {
		h.receive("hq", h.event(bots.OnMessage, bots.Chat{ID: "G-NEW", Group: true}, who, "/link 客服组"))
	}
	h.says("甲某", late)
	if len(h.hq.in("G-NEW")) != 1 {
		t.Fatal("registered by somebody who is no admin")
	}
	h.receive("hq", h.event(bots.OnMessage, bots.Chat{ID: "G-NEW", Group: true}, "U-ADMIN", "/link 客服组"))
	h.says("乙某", late)
	h.card("G-NEW", 2)
	h.receive("hq", h.event(bots.OnMessage, bots.Chat{ID: "G-NEW", Group: true}, "U-ADMIN", "/unlink"))
	h.says("丙某", late)
	if strings.Contains(h.team("G-NEW"), "#3") {
		t.Error("a card after /unlink")
	}
}

func TestStoryPrivacyAndOnesOwnData(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "隐私")
	h.want(h.last("王小明").Text, "关于您的信息：\n· 青禾咖啡 只用它处理您的反馈\n· 会用到您发来的内容、昵称、聊天账号；身份证号和银行卡号请别发\n· 处理完 180 天后删掉\n· 回「我的资料」拿一份，回「删除我的资料」清掉\n· 未满 14 岁请让家长来说\n· 消息会经过 Telegram，有疑问找 青禾咖啡")
	h.says("王小明", late)
	h.says("李四", "杯子是破的，漏了一桌子")
	h.says("王小明", "我的资料")
	if got := h.last("王小明").Text; !strings.Contains(got, late) || strings.Contains(got, "杯子") {
		t.Errorf("我的资料:\n%s", got)
	}
	h.says("王小明", "删除我的资料")
	if !strings.Contains(h.item(1).Text, "快递") {
		t.Fatal("erased without a yes")
	}
	h.taps("王小明", h.last("王小明").Buttons[0].Text)
	item := h.item(1)
	if item.State != feedback.Closed || strings.Contains(item.Text+item.Quote+item.AuthorName, "快递") || strings.Contains(item.AuthorName, "王小明") {
		t.Errorf("left: %q %q %q %s", item.Text, item.Quote, item.AuthorName, item.State)
	}
	if !strings.Contains(h.item(2).Text, "杯子") {
		t.Error("another's words were erased")
	}
	h.pass(time.Minute)
	if strings.Contains(h.card(teamChat, 1).Text, "快递太慢") {
		t.Errorf("the card still shows it:\n%s", h.card(teamChat, 1).Text)
	}
}

func TestStoryMinorsAndSelfHarm(t *testing.T) {
	h := newHouse(t, nil)
	h.says("小朋友", "我今年十岁，奶茶洒了想换一杯可以吗")
	if !strings.Contains(h.customer("小朋友"), "如果您未满 14 岁，请让家长来和我们说，好吗？") {
		t.Errorf("customer sees:\n%s", h.customer("小朋友"))
	}
	h.says("某人", "我真的不想活了，活着没意思")
	if got := h.customer("某人"); !strings.HasPrefix(got, "看到您这么说，我们很担心。您现在安全吗？请先找身边的人，或拨 12356。同事马上联系您。") {
		t.Errorf("customer sees:\n%s", got)
	}
	if h.item(2).Priority != feedback.P0 || !strings.Contains(lines(h.hq.in("U-HAN")), "P0 #2") {
		t.Errorf("%s\n%s", h.item(2).Priority, lines(h.hq.in("U-HAN")))
	}
}

func TestStoryBusy(t *testing.T) {
	h := newHouse(t, nil)
	for i := range 62 {
		h.says(fmt.Sprintf("客户%d", i), late)
	}
	h.want(h.customer("客户61"), "收到了（编号 #62）。这会儿人比较多，我们一条条在看，一定回您，不用重复发。（只用来处理这件事，详情发「隐私」）")
	h.says("李四", "奶茶里有玻璃渣，孩子喝了肚子疼，嘴都流血了")
	if !strings.HasPrefix(h.customer("李四"), "收到了（编号 #63），我们马上处理。") {
		t.Errorf("urgent in a rush:\n%s", h.customer("李四"))
	}
	h.pass(2 * time.Minute)
	h.says("王小明", late)
	if !strings.Contains(h.customer("王小明"), "我们今天 16:15 前回复您") && !strings.Contains(h.customer("王小明"), "前回复您") {
		t.Errorf("after the rush:\n%s", h.customer("王小明"))
	}
}

func TestStoryAsACustomer(t *testing.T) {
	h := newHouse(t, nil)
	h.write(func(tx *store.Tx) error {
		st, err := tx.StaffByName("李雷")
		if err != nil {
			return err
		}
		return tx.LinkAccount(st.ID, "care", "李雷本人")
	})
	private := func(text string) bots.Answer {
		return h.receive("care", h.event(bots.OnMessage, bots.Chat{ID: "李雷本人"}, "李雷本人", text))
	}
	h.want(private(late).Text, "您是员工账号。想看客户看到什么，发「当客户」，30 分钟有效。")
	if h.count() != 0 {
		t.Fatal("a colleague's words became an item")
	}
	private("当客户")
	private(late)
	if h.count() != 1 || !strings.Contains(h.customer("李雷本人"), "编号 #1") {
		t.Fatalf("当客户 shows:\n%s", h.customer("李雷本人"))
	}
	h.pass(31 * time.Minute)
	h.want(private(late).Text, "您是员工账号。想看客户看到什么，发「当客户」，30 分钟有效。")
}

// TestOpeningAndDigestComeOnce: two processes look at the same schedules.
func TestOpeningAndDigestComeOnce(t *testing.T) {
	h := newHouse(t, func(r *desk.Rules) { r.Teams["care"].Digest = "0 9 * * *" })
	h.now = time.Date(2026, 11, 23, 22, 0, 0, 0, shanghai)
	for _, who := range []string{"甲某", "乙某"} {
		h.says(who, late)
	}
	other := New(Options{DB: h.db, Stream: h.p.stream, Files: h.p.files, Log: h.p.log, Now: h.p.now, Holder: "other"})
	other.Bind(h.p.desk)
	last := h.now
	h.now = time.Date(2026, 11, 24, 9, 0, 30, 0, shanghai)
	for range 3 {
		for _, p := range []*Pipeline{h.p, other} {
			if err := p.schedules(context.Background(), last, h.now); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.settle()
	text := h.team(teamChat)
	if n := strings.Count(text, "早上好，昨晚 21:00 以来等着 2 条"); n != 1 {
		t.Errorf("opening %d times:\n%s", n, text)
	}
	if n := strings.Count(text, "2026-11-24"); n != 1 {
		t.Errorf("digest %d times:\n%s", n, text)
	}
	if got := h.team(otherChat); got != "" {
		t.Errorf("a team with nothing to say got:\n%s", got)
	}
}

func TestAnEditBeforeItsOriginal(t *testing.T) {
	h := newHouse(t, nil)
	e := h.event(bots.OnEdited, bots.Chat{ID: "王小明"}, "王小明", "快递太慢了，等了五天还没收到")
	e.MessageID = "m-unknown"
	h.receive("care", e)
	if h.count() != 1 || !strings.Contains(h.item(1).Text, "五天") {
		t.Fatalf("%d items", h.count())
	}
	h.card(teamChat, 1)
}

func TestTwoWorkersKeepAConversationsOrder(t *testing.T) {
	h := newHouse(t, nil)
	var ids []int64
	for i := range 20 {
		e := h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", fmt.Sprintf("第 %02d 句，快递还没有到", i))
		if _, err := h.p.Receive(context.Background(), "care", e); err != nil {
			t.Fatal(err)
		}
	}
	h.read(func(tx *store.Tx) error {
		var err error
		ids, _, err = tx.Unfinished(h.now.Add(time.Second), 100)
		return err
	})
	done := make(chan error, 2)
	for w := range 2 {
		go func() {
			var failed error
			for i := range ids {
				id := ids[i]
				if w == 1 {
					id = ids[len(ids)-1-i] // the latest first
				}
				if err := h.p.analyze(context.Background(), []int64{id}); err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	h.settle()
	if h.count() != 1 {
		t.Fatalf("%d items of one conversation", h.count())
	}
	at := -1
	for i := range 20 {
		next := strings.Index(h.item(1).Text, fmt.Sprintf("第 %02d 句", i))
		if next <= at {
			t.Fatalf("out of order or lost:\n%s", h.item(1).Text)
		}
		at = next
	}
	if n := strings.Count(h.customer("王小明"), "收到了"); n != 1 {
		t.Errorf("%d receipts", n)
	}
}
