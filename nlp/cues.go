package nlp

// Kinds of phrases of which a message that only reacts is made up.
const (
	cueFiller = 1 << iota
	cueGreeting
	cueThanks
	cueReceived
	cueUrging
	cueHuman
	cueCancel
	cueMark
	cueAsk // a question mark
)

// cuePhrases are phrases a reaction may consist of. A message has cues of this
// kind only when it consists of nothing else: 谢谢 is thanks, 谢谢，但还没解决
// is not.
var cuePhrases = []struct {
	kind  int
	words string
}{
	{cueFiller, `了 啦 啊 呀 哦 噢 喔 哈 呢 吧 嘛 哇 诶 欸 唉 哎 喂 嗨 的 您 你 你们 您们 亲 亲亲 老板 客服 小姐姐 小哥哥 小姐 先生 师傅 店家 商家 们 我 我们 那 就 先 那就 那先 这边 这里 麻烦 辛苦 不好意思 打扰 打扰一下 请 现在 大家 各位 朋友 家人们 宝 and the it so much very much all guys there sir for your help for help`},
	{cueGreeting, `你好 您好 你们好 大家好 哈喽 哈啰 哈罗 嗨喽 嗨 hello hi hey 早 早上好 上午好 中午好 下午好 晚上好 早安 午安 晚安 你好呀 good_morning good_afternoon good_evening 在吗 在不在 在么 在嘛 有人在吗`},
	{cueThanks, `谢谢 谢谢你 谢谢您 谢谢你们 谢谢啦 谢啦 谢了 谢谢了 谢 多谢 感谢 非常感谢 十分感谢 太感谢了 感激不尽 3q 3x thx thanks thank_you ty 感恩 辛苦了 辛苦你了 辛苦您了 麻烦了 麻烦你了 麻烦您了 谢谢帮忙 谢谢处理 谢谢回复 谢谢解答 🙏 🌹 💐`},
	{cueReceived, `好 好的 好滴 好哒 好嘞 好勒 好咧 好吧 好好 好好好 行 行吧 行的 可以 可以的 可以了 嗯 嗯嗯 嗯呢 嗯哼 恩 恩恩 哦 哦哦 噢噢 收到 收到了 已收到 知道了 知道 我知道了 明白 明白了 了解 了解了 清楚了 懂了 ok okay okk okok okey k 👌 👍 好的好的 没问题 没事 没事的 没关系 就这样 就这样吧 先这样 先这样吧 等你消息 等您消息 等你们消息 等消息 我等消息 我等着 等着 我等你们消息 等你们回复 等回复 等通知 已经好了 好了 解决了 已解决 已经解决了 已经解决 问题解决了 处理好了 已处理 到账了 已经到账了 已到账 收到退款了 退款收到了 got_it roger understood noted sure alright fine`},
	{cueUrging, `在吗 在不在 在么 在嘛 有人吗 有人么 有人没 有人在吗 有人没有 人呢 人在吗 人在哪 客服呢 客服在吗 还在吗 有没有人 有人回吗 没人吗 没人回 没人回吗 没人理吗 回一下 回我 回我一下 回个话 回复一下 回复我 快回 快点 快点回 快点回复 快点啊 搞快点 催 催一下 催催 催一催 催单 催下 怎么样了 怎么样 咋样了 进展 有进展吗 进展如何 进度 什么进度 处理了吗 处理好了吗 处理得怎么样了 解决了吗 好了吗 好了没 好了没有 有结果吗 有结果了吗 结果呢 有消息吗 有消息了吗 有消息没 然后呢 还没好吗 还没好 还没处理 还没处理吗 还没处理好吗 还没回 还没人回 怎么还没人回 怎么没人回 怎么不回 怎么不回复 怎么还不回 怎么还不回复 怎么没人理 怎么没人 多久 要多久 还要多久 还要等多久 要等多久 什么时候 什么时候能好 什么时候处理 什么时候解决 什么时候回复 说话 说话呀 理我一下 anyone anyone_there anybody_there is_anyone_there any_update any_updates still_waiting update`},
	{cueHuman, `人工 转人工 人工客服 转人工客服 人工服务 转接人工 接人工 找人工 要人工 我要人工 我要人工客服 真人 真人客服 找真人 要真人 来个人 来个真人 来个活人 活人 找客服 联系客服 叫客服 转客服 human agent real_person talk_to_a_human speak_to_a_human talk_to_a_person operator`},
	{cueCancel, `不用了 不用 不需要了 不需要 不用处理了 不用处理 不用管了 不用退了 不用回了 不用麻烦了 不麻烦了 算了 算了吧 算啦 不弄了 不换了 取消 取消吧 取消了 撤销 撤回 撤销吧 撤销投诉 撤诉 取消投诉 不投诉了 不反馈了 不问了 没事了 没事儿了 当我没说 发错了 发错人了 搞错了 弄错了 我搞错了 我弄错了 是我弄错了 打错了 点错了 误会 误会了 是误会 已经找到了 找到了 自己解决了 自己搞定了 搞定了 不要了 cancel never_mind nevermind forget_it no_need not_needed`},
	{cueMark, `1 11 111 1111 11111 扣1 2 扣2 6 66 666 6666 66666 888 88 233 2333 呵呵 呵呵呵 哈哈 哈哈哈 哈哈哈哈 嘿嘿 嘻嘻 额 呃 嗯? 啊? 。 . ! ... … ~ + +1 d 顶 dd m mark 打卡 沙发 路过 emm emmm emmmm hmm lol haha hahaha test 测试 test1 测试一下`},
}

// humanPhrases ask for a person wherever they stand.
const humanPhrases = `转人工 转接人工 接人工 找人工 要人工 人工客服在哪 人工在哪 有人工吗 有没有人工 有人工客服吗 换人工 叫人工 请人工 联系人工 怎么转人工 不要机器人 别用机器人 不想和机器人 不想跟机器人 不跟机器人 找个真人 有没有活人 有活人吗 有没有真人 有真人吗 来个真人 要真人 真人客服 活人客服 来个活人 跟真人 和真人 找个活人 让人来处理 让你们经理 叫你们经理 找你们经理 找你们负责人 叫你们负责人 找负责人 叫你们领导 找你们领导 talk_to_a_human speak_to_a_human speak_to_someone talk_to_someone real_person human_agent live_agent speak_with_a_person talk_to_a_person speak_to_a_manager`

// urgingPhrases ask again wherever they stand.
const urgingPhrases = `怎么还没人回 怎么还没人处理 怎么还没人联系 怎么还没回 怎么没人回 怎么没人理 怎么还不回 怎么不回复 怎么还没处理 还没处理吗 还没有人联系我 没人联系我 还没人联系我 一直没人回 一直没人联系 到现在没人 到现在还没人 到现在都没人 到现在还没回复 还没回复我 催一下 再催一下 帮我催 催催 有进展吗 有进展了吗 有结果了吗 处理得怎么样 处理的怎么样 什么时候能处理 什么时候处理 什么时候解决 什么时候给我回复 什么时候回复 什么时候才能 还要等多久 还要多久 要等到什么时候 等了~没人 有没有人管 有人管吗 有人处理吗 have_you_forgotten still_waiting any_update still_no_response no_one_has_replied nobody_replied`

// minorPhrases tell that the writer is a minor.
const minorPhrases = `我是小学生 我还是小学生 我是初中生 我是未成年 我未成年 我还未成年 我还没成年 我还没满18 未满18 未满十八 未满14 我上小学 我上初一 我上初二 我上初三 我读小学 我读初中 我在上小学 我在上初中 我才上初 我才上小 我今年上小 我今年上初 我妈不知道 我爸不知道 我爸妈不知道 瞒着爸妈 偷偷用妈妈的 偷偷用爸爸的 用我妈的手机 用我爸的手机 用妈妈的手机 用爸爸的手机 别告诉我妈 不要告诉我妈 别告诉我爸 小学~年级的学生 i'm_a_minor i_am_a_minor`
