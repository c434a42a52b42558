package nlp_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

// cueNames returns the cues that are set, Fragment apart.
func cueNames(c nlp.Cues) string {
	var names []string
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).Bool() && name != "Fragment" {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func TestCues(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for want, texts := range map[string][]string{
		"Greeting":        {"你好", "您好！", "早上好", "晚上好呀～", "hello", "Hi", "哈喽", "亲，你好", "你好👋"},
		"Greeting Urging": {"在吗", "在吗？", "你好，在吗", "在不在", "有人在吗", "亲在吗"},
		"Thanks":          {"谢谢", "谢谢您", "多谢啦！", "非常感谢", "🙏", "谢谢你们，辛苦了", "thank you so much", "thx", "[玫瑰]", "谢谢😊", "感谢感谢"},
		"Thanks Received": {"好的谢谢", "收到，谢谢！", "嗯嗯谢谢您", "ok thanks", "好的 麻烦您了"},
		"Greeting Thanks": {"你好，谢谢"},
		"Received":        {"好的", "好", "嗯", "嗯嗯", "收到", "好的收到", "知道了", "明白了", "OK", "ok", "👌", "👍", "行吧", "好嘞", "哦哦", "[OK]", "[强]", "好的，我等你们消息", "可以了", "问题解决了", "退款收到了", "收到👌", "好哒~"},
		"Urging":          {"有人吗", "有人吗？？？", "人呢", "催一下", "怎么还没人回", "有进展吗", "进度怎么样了", "好了没", "处理得怎么样了？", "快点", "还要等多久", "怎么没人理我，等了两个小时了", "any update?", "客服呢", "到现在还没人联系我，你们到底管不管"},
		"Urging BareMark": {"？", "?", "？？？", "？！"},
		"Human":           {"人工", "转人工", "人工客服", "我要人工", "找真人", "转人工！！", "来个人", "不要机器人，给我转人工", "能不能找个真人跟我说", "叫你们经理出来", "I want to talk to a human", "human"},
		"Cancel":          {"不用了", "算了", "取消吧", "不用处理了", "算了吧", "没事了", "发错了", "不需要了", "是我弄错了，不好意思", "不用了，已经找到了", "never mind"},
		"Thanks Cancel":   {"不用了谢谢", "谢谢，不用了"},
		"BareMark":        {"1", "扣1", "666", "🙂", "呵呵", "哈哈哈", "。。。", "。", "😂😂", "......", "[微笑]", "+1", "!!!", "❤️", "👨‍👩‍👧", "233", "🙂🙂🙂", "emmm"},
		"Minor":           {"我今年12岁，我用妈妈的手机买错了", "我才十五岁能退吗", "我是小学生，充错钱了", "我还未成年，想退款", "I'm 13 and I bought this by mistake"},
		"":                {"谢谢，但是还没解决", "好的质量真差", "快递太慢了", "不用了三次就坏", "这个东西不好", "人工客服态度很差", "你好，我的订单还没到", "收到的东西是坏的", "好的时候很好", "在吗你们家的奶茶有虫", "取消订单", "哈哈哈你们这服务真行", "666块钱就买这", "1块钱都不退", "11号买的还没到", "好好的杯子碎了", "我儿子今年12岁很喜欢", "没事找事，态度差", "感谢信都写好了结果没退款", "我买了18岁生日礼物", "ok绷不够长", "明白纸没有给我"},
	} {
		for _, text := range texts {
			if got := cueNames(a.Analyze(text).Cues); got != want {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
		}
	}
}

// TestCuesInTraditionalScript: what is read in one script is read in the other.
func TestCuesInTraditionalScript(t *testing.T) {
	a := analyzer(t, nlp.Options{})
	for text, want := range map[string]string{
		"謝謝": "Thanks", "轉人工": "Human", "有人嗎": "Urging", "不需要了": "Cancel", "ＯＫ": "Received", "您好！": "Greeting", "收\u200b到": "Received",
	} {
		if got := cueNames(a.Analyze(text).Cues); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestComplete(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "有虫": false, "太慢了！！！！！！！！": false, "你们家奶茶有问题": true, "快递太慢了吧": false, "     你好      ": false,
		"where is it": true, "hi there": false, "12345678": true, "😀😀😀😀😀😀😀😀😀": false, "\xff\xff\xff\xff\xff\xff\xff\xff\xff": false,
	} {
		if got := nlp.Complete(text); got != want {
			t.Errorf("Complete(%q) = %v", text, got)
		}
	}
}
