package sentiment

import "strings"

// phrases is the source of the rows that [OwnPhrases] makes.
const phrases = "own_phrases"

// phraseWords are words of our own choice that the templates are filled with:
// {s} and {t} with subjects, {p} with words of praise, {n} with words of blame,
// {r} with what somebody may want done.
type phraseWords struct {
	subjects, praise, blame, requests []string
	templates                         map[string][]string // by label
}

var chinesePhrases = phraseWords{
	subjects: strings.Fields("味道 质量 服务 客服 物流 包装 房间 手机 屏幕 电池 衣服 环境 软件 价格 骑手 前台 快递 音质 这家店 你们家的东西"),
	praise:   strings.Fields("好 好吃 好用 好看 满意 舒服 干净 新鲜 热情 方便 划算 靠谱 耐心 及时 清晰 流畅 漂亮 实惠 安静 专业 贴心 细致 给力"),
	blame:    strings.Fields("差 难吃 难用 难看 失望 难受 脏 糟糕 麻烦 慢 卡 吵 恶心 敷衍 粗糙 模糊 离谱 坑人 劣质 拖沓 冷淡 差劲"),
	requests: strings.Fields("申请退款 退货 换货 取消订单 投诉 举报 注销账号 修改密码 找回密码 补发漏掉的配件 报修 挂失 解绑手机 退会员 关闭自动续费 开发票 申诉 赔付 重新配送 更换坏了的零件 登记丢失的物品 联系售后"),
	templates: map[string][]string{
		Positive: {
			"以前{n},现在{p}多了", "之前{s}{n},这次{p}多了", "{s}比以前{p}", "{s}以前{n},现在改进了很多", "除了{s}有点{n},没别的毛病", "除了有点{n},其他都很{p}", "不会让人觉得{n}的{s}",
			"{s}很{p}", "{s}真的特别{p}", "{s}一点都不{n}", "没什么不{p}的", "{s}没什么不{p}的地方", "{s}没有什么{n}的", "{s}不{n},挺{p}的",
			"{p}", "很{p}", "{s}太{p}了", "{s}超级{p}", "{s}并不{n}", "{s}一点也不{n},很{p}", "{s}不但不{n},还很{p}", "{s}完全不{n}", "{s}没有不{p}的时候",
			"没见过这么{p}的{s}", "从没遇到过这么{p}的{s}", "{s}越来越{p}", "原以为{s}会{n},结果很{p}", "{s}确实{p}", "感谢{s},真{p}",
			"{s}比我想象的{p}", "比我预期的还要{p}多了", "虽然{s}有点{n},但是{t}特别{p}", "没有一点{n},很{p}", "{s}从来没有{n}过",
		},
		Negative: {
			"以前{p},现在{n}", "{s}以前挺{p},现在越来越{n}", "{s}没有之前{p}", "你们{s}可真{p}啊,{n}成这样也敢拿出来", "除了{p}没有别的优点", "{s}还不如以前{p}",
			"{s}很{n}", "{s}太{n}了", "{s}一点都不{p}", "{s}不{p}", "{s}没有想象中{p}", "{s}没那么{p}", "{s}没有以前{p}了", "说好的{p}呢", "哪里{p}了",
			"{n}", "很{n}", "不{p}", "一点都不{p}", "{s}一点也不{p}", "{s}不够{p}", "{s}并不{p}", "{s}根本不{p}", "{s}完全不{p}", "{s}怎么这么{n}",
			"从没遇到过这么{n}的{s}", "原以为{s}会{p},结果很{n}", "{s}又{n}了", "感谢{s}让我白等这么久", "谢谢你们这么{n}的{s}",
			"{s}很{p},但是{t}太{n}了", "{s}还算{p},可是{t}实在{n}", "呵呵,真是{p}的{s}啊", "真是{p}啊,{s}{n}成这样", "{s}越来越{n}", "没见过这么{n}的{s}",
		},
		Neutral: {
			"{s}一般般吧", "{s}一般", "{s}还行吧", "{s}还可以吧", "{s}就那样吧", "{s}凑合", "{s}不算{p}也不算{n}", "一般般", "还行", "{s}也就一般", "{s}普普通通", "{s}中规中矩", "{s}马马虎虎", "还凑合", "就那样吧,不{p}也不{n}",
			"怎么{r}", "请问如何{r}", "我想{r},要怎么操作", "{r}要多久", "{r}的入口在哪里", "{r}需要准备什么", "可以帮我{r}吗", "麻烦帮我{r}", "如果{s}{n}了可以{r}吗",
			"请问{s}怎么选", "想问一下{s}的事", "{s}是什么样的", "{s}什么时候能有", "我的{s}到哪了", "{s}可以换吗", "{s}在哪里看", "你们的{s}支持定制吗", "麻烦介绍一下{s}",
		},
	},
}

var englishPhrases = phraseWords{
	subjects: []string{
		"the food", "the service", "the staff", "the delivery", "the app", "the room", "the coffee", "my order", "the quality", "your support",
		"this phone", "the screen", "the waiter", "the packaging", "the price", "the update", "the product", "the hotel", "it", "this shop",
	},
	praise: strings.Fields("good great excellent nice amazing awesome perfect wonderful fantastic delicious tasty friendly helpful fast clean comfortable reliable beautiful lovely fresh easy polite quick smooth kind impressive quiet worth"),
	blame:  strings.Fields("bad terrible awful horrible poor slow dirty rude broken disappointing useless disgusting cold expensive noisy ugly late wrong annoying confusing buggy fake unacceptable overpriced stale tasteless ridiculous"),
	requests: []string{
		"cancel my order", "get a refund", "return an item", "reset my password", "close my account", "report a problem", "change the delivery date",
		"replace a broken part", "get an invoice", "contact support", "file a complaint", "track my parcel", "use the voucher", "stop the subscription",
	},
	templates: map[string][]string{
		Positive: {
			"{s} used to be {n}, now it is {p}",
			"{p}", "very {p}", "so {p}", "{s} is {p}", "{s} was really {p}", "{s} was {p} and {p}", "{s} is not {n}", "not {n} at all", "not {n}", "i love {s}, so {p}",
			"{s} was never {n}", "{s} arrived on time", "{s} works well", "i will buy {s} again", "thank you, {s} is {p}", "we really enjoyed {s}", "i like {s}", "very happy with {s}",
		},
		Negative: {
			"{s} used to be {p}, now it is {n}",
			"{n}", "very {n}", "so {n}", "too {n}", "{s} is {n}", "{s} was really {n}", "{s} was {n} and {n}", "{s} is not {p}", "not {p} at all", "not {p}", "i hate {s}, so {n}",
			"{s} is {p} but too {n}", "{s} is no longer {p}", "why is {s} so {n}", "still waiting for {s}", "{s} does not work", "{s} never came", "i waited an hour for {s}",
			"{s} never arrived", "{s} has not arrived yet", "{s} stopped working", "i will never buy {s} again", "{s} broke after a week",
			"nobody answered about {s}", "i want a refund for {s}", "very disappointed with {s}", "stop, {s} is {n}",
		},
		Neutral: {
			"how do i {r}", "how can i {r}", "where can i {r}", "can you help me {r}", "how long does it take to {r}",
			"when will {s} arrive", "how much is {s}", "where is {s}", "can i change {s}", "i have a question about {s}", "tell me about {s}", "is {s} available", "please cancel {s}",
			"{s} is okay", "{s} is just average", "{s} is neither {p} nor {n}", "do you have {s} in black", "what about {s}", "hello, about {s}",
		},
	},
}

// OwnPhrases returns rows made of templates and words of our own: negation,
// contrast and hedges in Chinese, and plain English.
func OwnPhrases() []Row {
	var rows []Row
	for _, words := range []phraseWords{chinesePhrases, englishPhrases} {
		for _, label := range labels {
			for t, template := range words.templates[label] {
				rows = append(rows, words.fill(template, label, t)...)
			}
		}
	}
	return rows
}

// fill returns a template with each word of praise and of blame once, or with
// each request once, and subjects in turn.
func (w phraseWords) fill(template, label string, turn int) []Row {
	n := max(len(w.praise), len(w.blame))
	if strings.Contains(template, "{r}") {
		n = len(w.requests)
	}
	if !strings.ContainsAny(template, "{}") {
		n = 1
	}
	rows := make([]Row, 0, n)
	for i := range n {
		text := strings.NewReplacer(
			"{s}", w.subjects[(i+turn)%len(w.subjects)],
			"{t}", w.subjects[(i+turn+7)%len(w.subjects)],
			"{p}", w.praise[i%len(w.praise)],
			"{n}", w.blame[(i+turn)%len(w.blame)],
			"{r}", w.requests[i%len(w.requests)],
		).Replace(template)
		rows = append(rows, Row{Text: text, Label: label, Source: phrases})
	}
	return rows
}
