package nlp_test

import (
	"slices"
	"testing"
	"time"

	"github.com/yanyiwu/gojieba"

	"github.com/huiyin/huiyin/nlp"
)

// benchmarkTexts are messages of the usual kinds and lengths.
var benchmarkTexts = []string{
	"外卖送得太慢了，等了一个半小时，汤都洒了，打电话给商家也没人接，这家店以后不会再点了，希望平台管一管。",
	"味道不错，但是配送太慢，到手都凉了。",
	"请问你们徐家汇店几点关门？周末要排队吗？",
	"昨天在你们店里买的奶茶，孩子喝了一半发现里面有一条虫，现在肚子疼，我们准备去医院，你们必须给个说法！",
	"建议出小杯装，一个人喝不完，如果能做无糖的就更好了，希望采纳。",
	"这款耳机用了一个月，音质很好，降噪也不错，续航大概六个小时，佩戴舒服，就是充电盒有点大，性价比很高，推荐购买。",
}

// benchmarkKinds are messages of the three kinds that matter, written for this
// purpose, of the lengths that such messages have.
var benchmarkKinds = []struct {
	name  string
	texts []string
}{
	{"review", []string{
		"外卖送得太慢了，等了一个半小时，汤都洒了，打电话给商家也没人接，这家店以后不会再点了，希望平台管一管。",
		"味道不错，但是配送太慢，到手都凉了。",
		"这款耳机用了一个月，音质很好，降噪也不错，续航大概六个小时，佩戴舒服，就是充电盒有点大，性价比很高，推荐购买。",
		"昨天在你们店里买的奶茶，孩子喝了一半发现里面有一条虫，现在肚子疼，我们准备去医院，你们必须给个说法！",
		"粥还是热的，小菜给得也足，骑手小哥特别有礼貌，下雨天还提前到了，五星好评。",
		"点的微辣送来的是特辣，备注完全不看，米饭又硬又冷，这个价格真的不值。",
		"包装很严实，打开没有漏，水果也新鲜，就是葡萄少了几颗，总体满意，下次还来。",
		"第三次在这家买了，衣服面料舒服，尺码标准，洗了两次没有起球，客服回复也快。",
		"房间隔音不行，半夜能听到隔壁说话，热水忽冷忽热，前台态度倒是挺好的，早餐一般。",
		"等餐等了四十分钟，前面才两桌，服务员还一直说快了快了，菜上来以后味道确实可以，但不会再来了。",
		"屏幕边上有一道划痕，联系客服让我拍照，拍了三次都说看不清，申请换货又说超过七天，太失望了。",
		"蛋糕很漂亮，小朋友特别喜欢，甜度刚好不腻，配送的时间也准，谢谢店家。",
	}},
	{"post", []string{
		"今天带爸妈去了徐家汇那家新开的本帮菜，提前两天订的位，到了以后还是在门口坐了半个多小时。红烧肉确实做得好，肥而不腻，我爸一个人吃了大半盘；清蒸鲈鱼也新鲜。就是服务员太忙，加个茶水叫了三遍才来，买单的时候还多算了一份凉菜，说了以后马上退了，态度倒是很诚恳。总的来说值得再去，建议避开周末。",
		"吐槽一下某快递，从周一就显示派送中，到周四了还在派送中，打电话永远是占线，网上客服只会复制粘贴那几句话。里面是给我妈买的生日礼物，生日都过了两天了才送到，盒子还被压扁了一个角。退货也不给退，说是已经签收，可我根本没有签过字！你们到底还管不管？以后再也不用这家了，大家也小心。[怒]",
		"#开箱# 等了快一个月的咖啡机终于到了！颜色比图片上还好看，操作也不复杂，跟着说明书十分钟就做出了第一杯拿铁，奶泡打得很细。唯一的缺点是声音有点大，早上怕吵醒家里人。双十一买的，比平时便宜了五百多，还送了两包豆子，感觉这个价格很划算，推荐给同样喜欢在家喝咖啡的朋友们。",
		"地铁上看到一个小姑娘给老人让座，老人死活不坐，两个人推来推去差不多推了三站，最后旁边的大叔一屁股坐下了，整节车厢的人都笑了。周五下班的路上看到这种事，心情一下子就好起来了，周末愉快呀大家。",
		"有没有人和我一样，升级到新版本以后这个软件就一直闪退？登录要验证码，验证码收不到，换了两个手机号都不行。反馈提交了三次，每次都回复说已经在处理，处理了半个月了。会员费倒是一天没少扣，真的很无语，准备注销账号换别家了。",
		"昨晚的演唱会现场太震撼了，灯光、舞美、音响都是顶级水平，坐在最后一排也能听得清清楚楚。散场的时候几万人一起往外走，工作人员指挥得井井有条，半个小时就疏散完了。唯一要说的就是周边卖得太贵，一件短袖三百多，不过还是忍不住买了，哈哈。",
		"给大家提个醒，小区门口那家药店换老板以后，同样的感冒药比线上贵了一倍，问店员为什么，她说爱买不买。我拍了价签发给市场监管的热线，人家第二天就上门检查了，效率还是很高的。买东西之前多比较，别怕麻烦。",
		"从去年冬天开始跑步，到今天整整一年，体重从八十二公斤降到了七十公斤，最大的变化其实是睡眠，以前要到两点才睡得着，现在十一点就困了。鞋子跑坏了两双，膝盖没有受伤，感谢一路陪我跑的朋友，明年的目标是完成第一个全程马拉松。",
	}},
	{"chat", []string{
		"在吗", "请问你们徐家汇店几点关门？", "谢谢，已经收到了", "帮我查一下订单到哪了", "这个还有货吗", "怎么还没人回复啊", "好的", "我要退款，东西是坏的",
		"能不能开发票？", "快递三天没动了", "地址填错了，可以改吗", "太好吃了！", "什么时候发货", "客服电话打不通", "建议出小杯装，一个人喝不完", "转人工",
	}},
}

// BenchmarkAnalyze is the whole analysis of each kind of message, and in the
// same run what gojieba's own Tokenize, with its own dictionary, takes for the
// same texts. They take turns, text by text, and the fastest turn of each text
// counts: what else the machine does tells on neither.
func BenchmarkAnalyze(b *testing.B) {
	a := analyzer(b, nlp.Options{})
	j := gojieba.NewJieba()
	defer j.Free()
	for _, kind := range benchmarkKinds {
		b.Run(kind.name, func(b *testing.B) {
			tokenizing, analyzing := make([]time.Duration, len(kind.texts)), make([]time.Duration, len(kind.texts))
			for b.Loop() {
				for i, text := range kind.texts {
					start := time.Now()
					j.Tokenize(text, gojieba.DefaultMode, true)
					middle := time.Now()
					a.Analyze(text)
					end := time.Now()
					tokenizing[i] = fastest(tokenizing[i], middle.Sub(start))
					analyzing[i] = fastest(analyzing[i], end.Sub(middle))
				}
			}
			tokenize, analyze := sum(tokenizing), sum(analyzing)
			n := float64(len(kind.texts))
			b.ReportMetric(analyze/n, "ns/analyze")
			b.ReportMetric(tokenize/n, "ns/tokenize")
			b.ReportMetric(analyze/tokenize, "×tokenize")
			b.ReportMetric(0, "ns/op") // of both, which says nothing
		})
	}
}

// BenchmarkTraps is the analysis of what has broken programs of this kind, and
// tells how long the worst of it took in its fastest turn.
func BenchmarkTraps(b *testing.B) {
	a := analyzer(b, nlp.Options{})
	texts := traps()
	turns := make([]time.Duration, len(texts))
	for b.Loop() {
		for i, text := range texts {
			start := time.Now()
			a.Analyze(text)
			turns[i] = fastest(turns[i], time.Since(start))
		}
	}
	b.ReportMetric(float64(slices.Max(turns).Microseconds())/1e3, "ms/worst")
	b.ReportMetric(0, "ns/op") // of all of them
}

func fastest(known, turn time.Duration) time.Duration {
	if known == 0 {
		return turn
	}
	return min(known, turn)
}

func sum(list []time.Duration) (total float64) {
	for _, d := range list {
		total += float64(d)
	}
	return total
}

func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		nlp.Fold(benchmarkTexts[i%len(benchmarkTexts)])
		i++
	}
}

func BenchmarkSearchTokens(b *testing.B) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		nlp.SearchTokens(nil, benchmarkTexts[i%len(benchmarkTexts)])
		i++
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		analyzer(b, nlp.Options{})
	}
}
