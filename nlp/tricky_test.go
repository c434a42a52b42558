package nlp_test

import (
	"maps"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// TestTrickyCues: words of a reaction in messages that say something else, and
// reactions in unusual words.
func TestTrickyCues(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for want, texts := range map[string][]string{
		"": {
			"谢谢你们毁了我的生日", "感谢让我白等一天", "收到假货", "收到空盒子了", "好的不来，坏的来", "好吧你们赢了，钱不要了是吧", "可以退吗", "知道错了吗",
			"行不行啊你们", "了解一下什么叫诚信", "1月1日", "1月1日的单还没发", "2杯拿铁", "66路公交站旁边那家", "888包间有空吗", "呵呵，服务真好", "哈哈镜坏了",
			"不用谢，差评送上", "算了一下少给我三块", "取消了我的订单也不说一声", "没事找你们干嘛", "嗯？怎么又扣钱", "人工费怎么算", "人工岛怎么走", "真人CS几点开始",
			"收到了一个破的", "谢谢，但没用", "好的东西不贵", "👍个鬼", "哦豁，又涨价", "催熟的水果吧", "多久没打扫了",
		},
		"Received":        {"好的吧", "好吧", "okk", "嗯嗯好", "收到啦", "行，就这样", "了解～", "好滴好滴", "[OK]", "知道啦"},
		"Thanks":          {"谢谢谢谢", "谢啦～", "[抱拳]", "多谢多谢", "thank you!!", "感谢🙏", "辛苦了哈"},
		"Thanks Received": {"好的，谢谢！", "收到🙏", "嗯，谢了"},
		"BareMark":        {"🙂", "呵呵", "扣1", "666", "6", "哈哈哈哈", "！！", "～", "[哈哈]", "1111"},
		"Cancel":          {"不用啦", "不用处理了", "算啦", "撤销投诉", "不用麻烦了"},
		"Human":           {"给我转人工客服", "有没有活人", "人工！", "叫你们负责人接电话", "轉真人客服"},
		"Urging":          {"人呢？？", "有人管吗", "处理好了吗？", "怎么还不回复我", "催一催"},
		"Minor":           {"我今年13岁", "我才十四岁，充了三千", "我还没成年", "我是初中生，用我妈手机充的"},
	} {
		for _, text := range texts {
			if got := cueNames(a.Analyze(text).Cues); got != want {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
		}
	}
}

// TestTrickyMask: personal data written so as not to be found, and numbers that
// are none.
func TestTrickyMask(t *testing.T) {
	for in, want := range map[string]string{
		"打我手机138 1234 5678":        "打我手机138****5678",
		"+86-138-1234-5678":        "+86138****5678",
		"0086 13812345678":         "0086138****5678",
		"电话：１３８１２３４５６７８":           "电话：138****5678",
		"一三八一二三四五六七八":              "138****5678",
		"电话幺三八幺二三四五六七八":            "电话138****5678",
		"我是13812345678的机主":         "我是138****5678的机主",
		"12812345678":              "12812345678",       // no mobile network has it
		"卡4111111111111112":        "卡4111111111111112", // fails Luhn
		"身份证 110105 19491231 002X": "身份证 110***********002X",
		"ID:11010519491231002X":    "ID:110***********002X",
		"a.b+c@mail.example.org":   "a***@mail.example.org",
		"订单号2024011500334455":      "订单号2024011500334455",
		"12345":                    "12345",
		"一三五七八号店":                  "一三五七八号店",
		"地址：杭州市西湖区文三路100号2幢301":    "地址：杭州市西湖区文三路***",
		"2024年1月15日":               "2024年1月15日",
		"价格13800元":                 "价格13800元",
		"单号SF1381234567890":        "单号SF1381234567890",
		"两千零二十四年一月十五日下的单，一共一百三十八块": "两千零二十四年一月十五日下的单，一共一百三十八块",
	} {
		if got := nlp.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestTrickySpam: advertising with the words broken apart, and messages of
// customers that have its words.
func TestTrickySpam(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for _, text := range []string{"加薇❤信 abc123", "代 刷 单 日 入 三 百", "V信 xx888 高仿", "扫 码 进 群 领 红 包", "代開發票，加賴", "私聊领取0元购"} {
		if v := a.Analyze(text); v.Spam <= 0.5 {
			t.Errorf("%q: %.2f", text, v.Spam)
		}
	}
	for _, text := range []string{"我的微信支付失败了", "加微波炉费用多少", "怎么开发票", "红包没到账", "你们的二维码扫不出来", "贷款利率是多少", "链接打不开", "代理商服务太差", "会员群怎么进不去了", "免费停车两小时吗"} {
		if v := a.Analyze(text); v.Spam > 0.5 {
			t.Errorf("%q: %.2f", text, v.Spam)
		}
	}
}

// TestTrickyFields: numbers that are an order's and numbers that are not.
func TestTrickyFields(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for text, want := range map[string]map[string]string{
		"订单号 ＴＢ２０２４０１１５": {"order": "TB20240115"},
		"订单1月1日下的":       nil,
		"下单13812345678":  nil,
		"订单号是多少":         nil,
		"我2024年的订单":      nil,
	} {
		if got := a.Analyze(text).Found; !maps.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
