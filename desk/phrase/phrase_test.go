package phrase

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/huiyin/huiyin/feedback"
)

func catalog(t testing.TB) *Catalog {
	t.Helper()
	c, problems := New(nil, Chinese)
	for _, p := range problems {
		t.Fatal(p)
	}
	return c
}

// TestTextsAsDesigned holds the texts that were agreed on word for word. A
// space stands between a clock time and 前, wherever the time comes from.
func TestTextsAsDesigned(t *testing.T) {
	c := catalog(t)
	for _, tc := range []struct {
		key  string
		vars Vars
		want string
	}{
		{"greeting", Vars{"brand": "青禾咖啡"}, "您好，这里是青禾咖啡。有什么想说的直接发来，文字、照片、语音都行，有人看，也有人回。"},
		{"receipt", Vars{"number": 128, "when": "今天 15:30"}, "收到了，给您记下了（编号 #128）。我们今天 15:30 前回复您。有照片或订单号，接着发就行。"},
		{"receipt.closed", Vars{"number": 128, "opens": "早上 9:00", "when": "明早 10:00"}, "收到了，给您记下了（编号 #128）。同事早上 9:00 上班，明早 10:00 前回复您。要是身体不舒服或涉及安全，请直接说，我们马上叫人。"},
		{"receipt.busy", Vars{"number": 128}, "收到了（编号 #128）。这会儿人比较多，我们一条条在看，一定回您，不用重复发。"},
		{"receipt.harm", Vars{"number": 128, "when": "今天 15:30"}, "收到了（编号 #128），我们马上处理。您现在身体还好吗？不舒服请先去看医生。东西和小票先留着，同事今天 15:30 前联系您。"},
		{"receipt.urgent", Vars{"number": 128, "when": "今天 15:30"}, "收到了（编号 #128），已经交给负责人，今天 15:30 前联系您。"},
		{"receipt.selfharm", Vars{"hotline": "12356"}, "看到您这么说，我们很担心。您现在安全吗？请先找身边的人，或拨 12356。同事马上联系您。"},
		{"receipt.late", Vars{"number": 128, "sent": "昨晚 21:00", "when": "今天 15:30"}, "让您久等了，抱歉。您昨晚 21:00 发的消息我们刚看到（编号 #128），今天 15:30 前回复您。"},
		{"receipt.privacy", nil, "（只用来处理这件事，详情发「隐私」）"},
		{"photo", nil, "照片收到了。是哪家店、发生了什么？打字或发语音都行。"},
		{"voice", nil, "语音收到了，同事会听。方便的话再打几个字，会更快。"},
		{"details", nil, "谢谢您告诉我们。想查清楚，还差：① 哪家店 ② 大概几点 ③ 小票或订单号。直接发来就行，没有也没关系。"},
		{"progress.taken", Vars{"number": 128, "owner": "小雷", "when": "今天 15:30"}, "#128 小雷在跟了，今天 15:30 前给您答复。"},
		{"progress.later", Vars{"number": 128, "text": "在等品控的结果", "was": "今天 15:30", "when": "今天 16:30"}, "#128 还在处理：在等品控的结果。原来说今天 15:30 前，现在要到今天 16:30，抱歉让您多等。"},
		{"progress.raised", Vars{"when": "今天 15:30"}, "这件事我们提到加急了，今天 15:30 前回复您。"},
		{"progress.urged", Vars{"number": 128, "when": "今天 15:30"}, "看到您在等，又提醒了同事。#128 今天 15:30 前回复您。"},
		{"status", Vars{"number": 128, "quote": "奶茶里有虫", "state": "处理中", "owner": "小雷", "when": "今天 15:30"}, "#128「奶茶里有虫」处理中，小雷在跟，今天 15:30 前回复。"},
		{"status.none", nil, "现在没有在处理的事。想说什么直接发来就行。"},
		{"closure", Vars{"quote": "少了一杯", "text": "已退 18 元，1–3 天到账"}, "您说的「少了一杯」处理好了：\n已退 18 元，1–3 天到账\n还有问题直接回我，或点「还没解决」。这次满意吗？"},
		{"rated.high", nil, "谢谢您！"},
		{"rated.mid", nil, "谢谢，记下了。哪里还能更好？直接说就行。"},
		{"rated.low", Vars{"when": "今天 15:30"}, "抱歉，没让您满意。我们重新打开了，负责人会再看一遍，今天 15:30 前回复您。主要是哪里不好？"},
		{"waiting.remind", Vars{"number": 128, "ask": "哪家店"}, "#128 还差一点信息：哪家店。方便时发来就行；不需要了回「不用了」。"},
		{"waiting.end", Vars{"number": 128}, "一直没等到您，#128 先放下了。想起来随时在这里说，接着办。"},
		{"same?", Vars{"number": 123}, "您说的是刚才那件（#123），还是另一件事？"},
		{"cancel?", Vars{"number": 128}, "这次反馈（#128）不用处理了，还是别的事（比如取消订单）？"},
		{"group", Vars{"name": "小陈", "number": 128}, "@小陈 收到（#128），细节咱们私下说。"},
		{"privacy", Vars{"company": "青禾", "days": 180, "platforms": "Telegram", "contact": "privacy@example.com"}, "关于您的信息：\n· 青禾 只用它处理您的反馈\n· 会用到您发来的内容、昵称、聊天账号；身份证号和银行卡号请别发\n· 处理完 180 天后删掉\n· 回「我的资料」拿一份，回「删除我的资料」清掉\n· 未满 14 岁请让家长来说\n· 消息会经过 Telegram，有疑问找 privacy@example.com"},
		{"minor", nil, "如果您未满 14 岁，请让家长来和我们说，好吗？"},
		{"outofscope", Vars{"who": "12315", "brand": "青禾咖啡"}, "这件事我们帮不上，抱歉。可以找 12315。和青禾咖啡有关的，随时说。"},

		{"claim.lost", Vars{"owner": "李雷", "at": "14:03", "number": 128}, "慢了一步，李雷 14:03 认领了 #128。想帮忙可以发备注。"},
		{"role", Vars{"role": "组长", "lead": "韩梅梅"}, "这一步要组长来。你们组长是韩梅梅。"},
		{"unlinked", nil, "还不认识你的账号。向管理员要绑定码，私聊我发「绑定 6 位码」。"},
		{"verb", Vars{"word": "解绝", "near": "解决"}, "没有「解绝」。是想「解决」吗？"},
		{"verb.fill", Vars{"near": "解决"}, "填好「解决」让我看看"},
		{"notext", nil, "解决要带一句给客户的话，例如：！解决 已退 18 元，1–3 天到账。不用通知就「关闭」。"},
		{"nonumber", nil, "说的是哪条？在卡片下面发，或写上编号。"},
		{"notfound", Vars{"number": 999}, "没有 #999，或者你看不到它。"},
		{"oldbutton", nil, "卡片变了，已刷新，再点一次。"},
		{"othernumber", Vars{"here": 12, "number": 15, "name": "王**"}, "这里是 #12，您写的是 #15（王**）。发给谁？"},
		{"sending", Vars{"delay": "10 秒", "number": 128, "name": "王**", "channel": "Telegram", "text": "在查了"}, "10 秒后发给 #128 王**（Telegram）：「在查了」"},
		{"note?", nil, "这句还没发给客户。要发吗？"},
		{"others", Vars{"number": 123, "owner": "李雷", "at": "14:03"}, "#123 是李雷在跟（14:03）。还是由你发吗？"},
		{"meanwhile", Vars{"text": "算了"}, "你写的时候，客户又说：「算了」。还发吗？"},
		{"undone", nil, "撤销了，没有发出。"},
		{"toolate", nil, "已经发出了，可以试「撤回」。"},
		{"recalled", nil, "撤回了，但对方可能看到过。"},
		{"cannotrecall", nil, "这个渠道撤不回，补一句说明吧。"},
		{"uncertain", Vars{"number": 128, "channel": "Telegram"}, "⚠️ #128 的回复可能到了，也可能没到：Telegram 没回话。怕客户收两遍，没有自动重发。"},
		{"failed", Vars{"number": 128, "reason": "客户停用了机器人"}, "❌ #128 没送到：客户停用了机器人。内容还留着。有电话的话（发「原文」看），打一个，再备注结果。"},
		{"edited", Vars{"was": "虫", "text": "塑料片"}, "客户改了：「虫」→「塑料片」"},
		{"transferred", Vars{"number": 128, "team": "品控组", "by": "李雷", "at": "14:10", "reason": "疑似原料"}, "#128 已转 品控组（李雷 14:10：疑似原料）"},
		{"pingpong", Vars{"number": 128, "count": 3}, "#128 转了 3 次还没人接，请组长定一下归谁。"},
		{"corrected", Vars{"labels": "负面 · 投诉", "number": 12}, "#12 改成「负面 · 投诉」了，现在就按这个办。模型稍后在后台学这一条：考下来不比原来差才用上，只管以后的消息。点错了发「撤销」，以后想收回发「纠正 #12 --撤回」。"},
		{"reply.telegram", Vars{"name": "李雷", "number": 123, "expires": "5 分钟"}, "@李雷 请直接回复这条，写给 #123 客户的话。5 分钟有效，发「算了」取消。"},
		{"opening", Vars{"hello": "早上好", "since": "昨晚 21:00", "count": 12, "priorities": "P1 2 条"}, "早上好，昨晚 21:00 以来等着 12 条（P1 2 条）："},
		{"folded", Vars{"count": 37, "topics": "物流配送 21 · 口味 9 · 其他 7", "negative": 30}, "另有 37 条没有逐条推送：物流配送 21 · 口味 9 · 其他 7（负面 30）"},
		{"group.unknown", Vars{"team": "客服组"}, "大家好，我是回音，这个群还没登记。管理员发「/link 客服组」，以后卡片就发到这里。"},
		{"group.deaf", Vars{"group": "粉丝群", "bot": "回音"}, "我在「粉丝群」里只看得到命令和对我的回复。让我听见 @回音 和 #反馈：把我设为管理员，或在 @BotFather 关闭 Group Privacy 后重新拉我进群。"},
		{"staff.private", nil, "您是员工账号。想看客户看到什么，发「当客户」，30 分钟有效。"},
		{"imported", Vars{"count": "8,214", "duplicate": 0, "rejected": 3, "file": "x.csv.rejected.csv"}, "已导入 8,214 条历史数据，不发卡片、不通知客户。重复 0，退回 3（见 x.csv.rejected.csv）。"},
		{"connected", Vars{"channel": "微博", "name": "青禾咖啡", "count": 37}, "微博「青禾咖啡」接通了。先收下 37 条旧帖作参考，从现在起有新帖再告诉你们。"},
		{"many", Vars{"count": 18, "text": "…"}, "将发给 18 位客户：「…」"},
		{"card.due", Vars{"at": "14:12", "left": "9 分"}, "14:12 前回复（剩 9 分）"},
		{"card.why", Vars{"priority": "P0", "reasons": "异物 + 身体不适 + 孩子"}, "P0 因为：异物 + 身体不适 + 孩子"},
		{"card.route", Vars{"path": "食品安全", "team": "品控组"}, "到这里因为：食品安全 → 品控组"},
	} {
		if got := c.Text(Chinese, tc.key, tc.vars); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.key, got, tc.want)
		}
	}
	for key, want := range map[string]string{
		"rate.1": "😡 1", "rate.2": "😕 2", "rate.3": "😐 3", "rate.4": "😊 4", "rate.5": "😍 5", "rate.unsolved": "还没解决",
		"greeting.complaint": "投诉", "greeting.question": "咨询", "greeting.suggestion": "建议", "greeting.praise": "表扬",
		"rated.low.unsolved": "没解决", "rated.low.slow": "太慢", "rated.low.attitude": "态度", "rated.low.compensation": "补偿", "rated.low.other": "其他", "rated.low.mistake": "点错了",
		"same?.yes": "还是那件", "same?.no": "另一件", "cancel?.yes": "不用处理了", "cancel?.no": "别的事", "group.private": "私聊补充",
		"button.claim": "认领", "button.reply": "回复", "button.resolve": "解决", "button.more": "更多", "button.post": "看原帖", "button.posted": "已在原帖回复",
		"verb.all": "全部命令", "sending.undo": "撤销", "sending.now": "现在发", "note?.send": "发给客户", "note?.keep": "只留内部",
		"others.send": "我来发", "others.drop": "不发了", "meanwhile.send": "发", "meanwhile.change": "改一下",
		"uncertain.received": "客户已收到", "uncertain.resend": "再发一次", "button.list": "看列表", "folded.each": "逐条推送",
	} {
		if got := c.Text(Chinese, key, nil); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range entries() {
		if seen[e.key] {
			t.Errorf("%s: there twice", e.key)
		}
		seen[e.key] = true
		zh, en := parse(e.zh), parse(e.en)
		if !slices.Equal(zh.names(), en.names()) {
			t.Errorf("%s: variables %v in Chinese, %v in English", e.key, zh.names(), en.names())
		}
		if strings.TrimSpace(e.zh) == "" || strings.TrimSpace(e.en) == "" {
			t.Errorf("%s: empty", e.key)
		}
		if strings.Count(e.zh, "\n") != strings.Count(e.en, "\n") {
			t.Errorf("%s: not the same lines", e.key)
		}
		for lang, parts := range map[string]template{Chinese: zh, English: en} {
			for _, p := range parts {
				if p.name == "" && strings.ContainsAny(p.literal, "{}") {
					t.Errorf("%s, %s: broken placeholder in %q", e.key, lang, p.literal)
				}
			}
		}
	}
}

// TestTone reads the texts for what a person would not say or type.
func TestTone(t *testing.T) {
	stiff := []string{"敬请", "特此", "予以", "贵方", "谅解", "给您带来不便", "感谢您的支持", "尽快为您", "亲爱的", "尊敬的", "工单", "提交成功", "!", "?", "...", "您好！"}
	chinese := regexp.MustCompile(`[\p{Han}，。：；！？「」]`)
	examples := []string{"notext", "help.", "usage.", "nolabel", "group.deaf", "topic.", "notime"}
	for _, e := range entries() {
		for _, word := range stiff {
			if strings.Contains(e.zh, word) {
				t.Errorf("%s: %q in %s", e.key, word, e.zh)
			}
		}
		quotesUsage := slices.ContainsFunc(examples, func(prefix string) bool { return strings.HasPrefix(e.key, prefix) })
		if found := chinese.FindString(e.en); found != "" && !quotesUsage {
			t.Errorf("%s: %q in %s", e.key, found, e.en)
		}
		if strings.Contains(strings.ToLower(e.en), "dear customer") || strings.Contains(e.en, "inconvenience") {
			t.Errorf("%s: nobody talks like this: %s", e.key, e.en)
		}
		for _, text := range []string{e.zh, e.en} {
			for _, r := range text {
				if r != '\n' && r != '\u200d' && r != '\ufe0f' && !unicode.IsPrint(r) && r != '　' {
					t.Errorf("%s: %U", e.key, r)
				}
			}
		}
	}
}

// TestEveryValueHasItsWord goes through the domain's enumerations.
func TestEveryValueHasItsWord(t *testing.T) {
	c := catalog(t)
	groups := map[string][]string{
		"sentiment": feedback.Sentiments, "intent": feedback.Intents, "urgency": feedback.Urgencies,
		"priority": {"P0", "P1", "P2", "P3"},
		"reason":   {"harm", "food", "selfharm", "legal", "media", "minor", "churn", "deadline", "critical", "urgent", "complaint", "negative", "strong", "reach", "urged", "reopened", "repeated", "spam"},
		"delivery": {string(feedback.DeliveryNone), string(feedback.DeliveryPending), string(feedback.DeliverySent), string(feedback.DeliveryUncertain), string(feedback.DeliveryDead), string(feedback.DeliveryCancelled)},
	}
	for _, s := range feedback.States {
		groups["state"] = append(groups["state"], string(s))
	}
	for _, k := range feedback.Kinds {
		groups["kind"] = append(groups["kind"], string(k))
	}
	for _, r := range feedback.Roles {
		groups["role"] = append(groups["role"], string(r))
	}
	for group, values := range groups {
		for _, value := range values {
			if !c.Has(group + "." + value) {
				t.Errorf("%s has no word for %s", group, value)
			}
		}
	}
	if got := c.Word(Chinese, "sentiment", "negative"); got != "负面" {
		t.Error(got)
	}
	if got := c.Words(English, "topic", []string{"口味", "自定义"}); !slices.Equal(got, []string{"Taste", "自定义"}) {
		t.Error(got)
	}
}

func TestPlurals(t *testing.T) {
	c := catalog(t)
	for count, want := range map[any]string{1: "1 item done.", 2: "2 items done.", 0: "0 items done.", int64(1): "1 item done.", "1": "1 item done."} {
		if got := c.Text(English, "many.done", Vars{"count": count}); got != want {
			t.Errorf("%v: %q, want %q", count, got, want)
		}
	}
}

func TestValuesAreData(t *testing.T) {
	c := catalog(t)
	nasty := "{text} {number|a|b} %s %d {{when}} $1 \\n <b>"
	got := c.Text(Chinese, "thread.customer", Vars{"name": nasty, "text": nasty})
	if want := "💬 " + nasty + "：" + nasty; got != want {
		t.Errorf("%q", got)
	}
	if got := c.Text(Chinese, "thread.customer", nil); got != "💬 ：" {
		t.Errorf("without values: %q", got)
	}
	if got := c.Text(Chinese, "no such text", nil); got != "no such text" || c.Has("no such text") {
		t.Errorf("unknown key: %q", got)
	}
}

func TestOverrides(t *testing.T) {
	c, problems := New(map[string]string{
		"receipt":         "收到啦～编号 #{number}，{when}前回您",
		"receipt.privacy": "",
		"greeting":        "哈喽",
	}, "zh")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := c.Text(Chinese, "receipt", Vars{"number": 7, "when": "今天 15:30"}); got != "收到啦～编号 #7，今天 15:30前回您" {
		t.Error(got)
	}
	if got := c.Text(Chinese, "receipt.privacy", nil); got != "" {
		t.Error(got)
	}
	if got := c.Text(English, "greeting", Vars{"brand": "Qinghe"}); !strings.HasPrefix(got, "Hi, this is Qinghe.") {
		t.Errorf("the other language changed: %s", got)
	}

	_, problems = New(map[string]string{
		"receitp":      "x",
		"receipt":      "{numbr} {when} {x}",
		"greeting":     "  ",
		"photo":        "{shop}",
		"closure":      "{编号} { quote } {Text} {text",
		"receipt.busy": strings.Repeat("长", MaxText+1),
	}, Chinese)
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.Error())
	}
	want := []string{
		"closure: {编号} is unknown: use {quote}, {text}",
		"closure: { quote } is unknown: use {quote}, {text}",
		"closure: {Text} is unknown: use {quote}, {text}",
		"closure: {} is unknown: use {quote}, {text}",
		"greeting: the text is empty",
		"photo: {shop} is unknown: this text has no variables",
		"receipt: {numbr} is unknown: use {number}, {when}",
		"receipt: {x} is unknown: use {number}, {when}",
		"receipt.busy: longer than 1000 characters",
		`no text is named "receitp": write "receipt"`,
	}
	if !slices.Equal(texts, want) {
		t.Errorf("got  %q\nwant %q", texts, want)
	}
	if problems[6].Nearest != "number" {
		t.Errorf("nearest %q", problems[2].Nearest)
	}
}

func TestKeysDocumentEveryText(t *testing.T) {
	docs := Keys()
	if len(docs) != len(entries()) {
		t.Fatalf("%d of %d", len(docs), len(entries()))
	}
	for _, d := range docs {
		if d.Key == "receipt" && (!slices.Equal(d.Vars, []string{"number", "when"}) || d.Zh == "" || d.En == "") {
			t.Errorf("%+v", d)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"{a}", "{a|one|other}", "{", "}", "{}", "{{a}}", "{a|b}", "{A}", "x{a}y{a|1|2}z{", "{中}"} {
		f.Add(seed, "{a}", 1)
	}
	f.Fuzz(func(t *testing.T, text, value string, n int) {
		parsed := parse(text)
		got := parsed.fill(Vars{"a": value, "count": n})
		if len(parsed.names()) == 0 && got != text {
			t.Fatalf("%q without placeholders became %q", text, got)
		}
		if strings.Count(text, "{a}") > 0 && slices.Contains(parsed.names(), "a") && !strings.Contains(got, value) {
			t.Fatalf("%q with %q became %q", text, value, got)
		}
	})
}

func TestClock(t *testing.T) {
	c := catalog(t)
	loc := time.FixedZone("", 8*3600)
	read := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tc := range []struct{ now, at, zh, en string }{ // 2026-11-18 is a Wednesday
		{"2026-11-18 13:30", "2026-11-18 15:30", "今天 15:30", "15:30 today"},
		{"2026-11-18 13:30", "2026-11-18 20:05", "今天 20:05", "20:05 today"},
		{"2026-11-18 01:30", "2026-11-18 02:00", "今天凌晨 2:00", "2:00 today"},
		{"2026-11-18 22:30", "2026-11-19 00:00", "今晚 24:00", "midnight tonight"},
		{"2026-11-18 22:30", "2026-11-19 00:15", "明天凌晨 0:15", "0:15 tomorrow"},
		{"2026-11-18 22:30", "2026-11-19 10:00", "明早 10:00", "10:00 tomorrow"},
		{"2026-11-18 22:30", "2026-11-19 12:00", "明天 12:00", "12:00 tomorrow"},
		{"2026-11-18 22:30", "2026-11-19 18:00", "明晚 18:00", "18:00 tomorrow"},
		{"2026-11-18 22:30", "2026-11-20 00:00", "明晚 24:00", "midnight tomorrow"},
		{"2026-11-16 22:30", "2026-11-18 09:00", "周三 9:00", "9:00 on Wednesday"},
		{"2026-11-20 22:30", "2026-11-23 09:00", "下周一 9:00", "9:00 on Monday"},
		{"2026-11-18 22:30", "2026-11-24 09:00", "下周二 9:00", "9:00 on Tuesday"},
		{"2026-11-18 22:30", "2026-11-25 09:00", "11月25日 9:00", "9:00 on 25 November"},
		{"2026-12-30 22:30", "2027-01-08 09:00", "2027年1月8日 9:00", "9:00 on 8 January 2027"},
		{"2026-12-30 22:30", "2027-01-02 09:00", "周六 9:00", "9:00 on Saturday"},
		{"2026-11-18 08:30", "2026-11-17 21:00", "昨晚 21:00", "21:00 yesterday"},
		{"2026-11-18 08:30", "2026-11-17 09:00", "昨天 9:00", "9:00 yesterday"},
		{"2026-11-18 08:30", "2026-11-18 00:00", "今天凌晨 0:00", "0:00 today"},
		{"2026-11-18 08:30", "2026-11-16 09:00", "11月16日 9:00", "9:00 on 16 November"},
	} {
		now, at := read(tc.now), read(tc.at)
		if got := c.Clock(Chinese, at, now); got != tc.zh {
			t.Errorf("%s at %s: %q, want %q", tc.at, tc.now, got, tc.zh)
		}
		if got := c.Clock(English, at, now); got != tc.en {
			t.Errorf("%s at %s: %q, want %q", tc.at, tc.now, got, tc.en)
		}
	}
	now := read("2026-11-18 22:30")
	for at, want := range map[string]string{"2026-11-18 14:03": "14:03", "2026-11-17 21:00": "昨晚 21:00"} {
		if got := c.Stamp(Chinese, read(at), now); got != want {
			t.Errorf("stamp of %s: %q, want %q", at, got, want)
		}
	}
	for at, want := range map[string]string{"2026-11-19 09:00": "早上 9:00", "2026-11-19 13:00": "下午 13:00", "2026-11-21 09:00": "周六 9:00", "2026-11-23 09:00": "下周一 9:00"} {
		if got := c.Opening(Chinese, read(at), now); got != want {
			t.Errorf("opening at %s: %q, want %q", at, got, want)
		}
	}
	for at, want := range map[string]string{"2026-11-18 09:00": "早上好", "2026-11-18 13:00": "下午好", "2026-11-18 22:00": "晚上好"} {
		if got := c.Hello(Chinese, read(at)); got != want {
			t.Errorf("hello at %s: %q, want %q", at, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	c := catalog(t)
	for d, want := range map[time.Duration][2]string{
		10 * time.Second:            {"10 秒", "10 seconds"},
		time.Second:                 {"1 秒", "1 second"},
		59*time.Second + 900e6:      {"60 秒", "60 seconds"},
		9 * time.Minute:             {"9 分钟", "9 minutes"},
		9*time.Minute + 40e9:        {"10 分钟", "10 minutes"},
		time.Minute:                 {"1 分钟", "1 minute"},
		59*time.Minute + 50e9:       {"1 小时", "1 hour"},
		90 * time.Minute:            {"1 小时 30 分", "1 h 30 min"},
		-2 * time.Hour:              {"2 小时", "2 hours"},
		25 * time.Hour:              {"1 天 1 小时", "1 day 1 h"},
		48 * time.Hour:              {"2 天", "2 days"},
		200 * time.Hour:             {"8 天", "8 days"},
		0:                           {"0 秒", "0 seconds"},
		24*time.Hour - time.Second:  {"1 天", "1 day"},
		time.Duration(-1<<63 + 100): {"106751 天", "106751 days"},
	} {
		if got := c.Duration(Chinese, d); got != want[0] {
			t.Errorf("%v: %q, want %q", d, got, want[0])
		}
		if got := c.Duration(English, d); got != want[1] {
			t.Errorf("%v: %q, want %q", d, got, want[1])
		}
	}
	for d, want := range map[time.Duration][2]string{
		9 * time.Minute:          {"9 分", "9 min"},
		8*time.Minute + 1:        {"9 分", "9 min"},
		0:                        {"0 分", "0 min"},
		-time.Hour:               {"0 分", "0 min"},
		60 * time.Minute:         {"1 小时", "1 h"},
		90 * time.Minute:         {"1 小时 30 分", "1 h 30 min"},
		47*time.Hour + 1:         {"47 小时 1 分", "47 h 1 min"},
		72 * time.Hour:           {"3 天", "3 days"},
		59*time.Minute + 1:       {"1 小时", "1 h"},
		time.Duration(1<<63 - 1): {"106752 天", "106752 days"},
	} {
		if got := c.Left(Chinese, d); got != want[0] {
			t.Errorf("left %v: %q, want %q", d, got, want[0])
		}
		if got := c.Left(English, d); got != want[1] {
			t.Errorf("left %v: %q, want %q", d, got, want[1])
		}
	}
	for seconds, want := range map[int]string{12: "12″", 65: "1′05″", 0: "0″"} {
		if got := c.Length(seconds); got != want {
			t.Errorf("%d s: %q", seconds, got)
		}
	}
}

func TestCondition(t *testing.T) {
	c := catalog(t)
	for when, want := range map[string][2]string{
		`sentiment == "negative" && "物流配送" in topics`:  {"负面 + 物流配送", "negative + Delivery"},
		`intent != "praise" || text contains "退款"`:     {"不是表扬 或 「退款」", "not praise or “退款”"},
		`author.followers >= 10000 && shop == "SH018"`: {"粉丝 ≥ 10000 + SH018", "followers ≥ 10000 + SH018"},
		`"自己的话题" in topics && group`:                   {"自己的话题 + 群里", "自己的话题 + in a group"},
	} {
		if got := c.Condition(Chinese, when); got != want[0] {
			t.Errorf("%s: %q, want %q", when, got, want[0])
		}
		if got := c.Condition(English, when); got != want[1] {
			t.Errorf("%s: %q, want %q", when, got, want[1])
		}
	}
}
