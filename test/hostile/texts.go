package hostile

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

func huge() []string {
	all := []string{
		strings.Repeat("快递太慢了，等了三天。", 60<<10/33), strings.Repeat("a", 64<<10), strings.Repeat("字", 20_000), strings.Repeat("\n", 20_000) + "尾",
		strings.Repeat("行\n", 10_000), strings.Repeat(" ", 30_000) + "尾", strings.Repeat("，", 9_000), strings.Repeat("!", 9_000) + "差评",
	}
	for i, unit := range []string{"a", "虫", "é", "&", "<", "🙂", "ab ", "差 评 ", "\t", "\r\n", "。", "1", "\\", "\"", "_", "*"} {
		// Just below, at and above where platforms cut.
		for _, n := range []int{1023, 2049, 4097} {
			all = append(all, strings.Repeat(unit, n)+words[i%len(words)])
		}
	}
	return all
}

func marks() []string {
	invisible := []string{
		"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u3164", "\u115f", "\u2800", "\u034f", "\u061c", "\u2061", "\ufe0f", "\U000e0001", "\U000e0041",
	}
	all := crossed([]string{"快%s递%s太%s慢", "%s%s%s退款%s", "@%slilei 在吗", "https://evil%s.example.net"}, invisible)
	all = append(all, strings.Repeat("\u200b", 3000)+"快递太慢了", strings.Join(invisible, ""), "退"+strings.Join(invisible, "")+"款")
	for _, bidi := range []string{"\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u200e", "\u200f"} {
		all = append(all, bidi+"了慢太递快", "单号 "+bidi+"12345 退款", "文件"+bidi+"gpj.exe", strings.Repeat(bidi, 200)+"深")
	}
	return append(all, carried(
		"ｈｔｔｐｓ：／／ｅｖｉｌ．ｅｘａｍｐｌｅ．ｎｅｔ", "ｓｃｒｉｐｔ", "＜script＞window.pwned=1＜/script＞", "аdmin", "раураl", "𝐚𝐝𝐦𝐢𝐧", "ⓐⓓⓜⓘⓝ", "ᴀᴅᴍɪɴ",
		"退\u2028款", "退\u2029款", "退\u0085款", "مرحبا بالعالم", "שלום עולם", "\u200f#128\u200f", "＃１２８", "٣٤٥", "㋿㍿㊙", "⓵⓶⓷",
	)...)
}

func bytes() []string {
	broken := []string{
		"\xff", "\xfe\xff", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xed\xb0\x80", "\xed\xa0\xbd\xed\xb8\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xc3", "\xe5\xa5", "\xf0\x9f\x99", "\x80", "\xbf", "\x00", "\x00\x00\x00", "\x01", "\x07", "\x08", "\x0b", "\x0c", "\x0e", "\x1a", "\x1b", "\x1f", "\x7f", "\u0080", "\u009b", "\ufffd", "\ufffe", "\uffff", "\ufdd0", "\U0010ffff",
	}
	all := crossed([]string{"%s", "快递%s太慢", "%s退款"}, broken)
	return append(all, strings.Repeat("\x00", 3000)+"退款", strings.Repeat("\xff", 3000), strings.Repeat("好\xe5\xa5", 800), `\ud800`, `\udfff\ud800`, `\u0000`, `快递\u0000太慢`)
}

func charsets() []string {
	gbk := "\xbf\xec\xb5\xdd\xcc\xab\xc2\xfd\xc1\xcb"  // 快递太慢了
	big5 := "\xa7\xd6\xbb\xbc\xa4\xd3\xba\xc3\xa4\x46" // 快遞太慢了, near enough
	sjis := "\x93\xcd\x82\xad\x82\xcc\x82\xaa\x92\x78\x82\xa2"
	utf16 := "\xff\xfe\xeb\x5f\x12\x90\x2a\x59\x62\x61"
	all := carried(gbk, big5, sjis, utf16, "\xfe\xff\x5f\xeb\x90\x12", "\xef\xbb\xbf快递", "+Zyp+Zyk-", "+ADw-script+AD4-window.pwned=1+ADw-/script+AD4-",
		"å¿«é€’å¤ªæ…¢äº†", "å¿«é€’", "锟斤拷锟斤拷", "烫烫烫屯屯屯", "=?utf-8?B?5b+r6YCS?=", "=?gbk?Q?=BF=EC=B5=DD?=", "=?utf-8?B?PT91dGYtOD9CPzVhNkw/PQ==?=",
		"%E5%BF%AB%E9%80%92", "%BF%EC%B5%DD", "&#24555;&#36882;", "&#x5feb;", "\\u5feb\\u9012", "caf\xe9", "na\xefve", "\x1b$B2\x7e\x1b(B")
	for _, w := range words[:4] {
		all = append(all, base64.StdEncoding.EncodeToString([]byte(w)), url.QueryEscape(w), strings.ToValidUTF8(gbk+w+big5, "?"), gbk+w)
	}
	return all
}

func graphemes() []string {
	var zalgo strings.Builder
	for i := range 600 {
		zalgo.WriteRune(rune(0x300 + i%0x6f))
	}
	units := []string{
		"👨\u200d👩\u200d👧\u200d👦", "🏳️\u200d🌈", "🇨🇳", "🇨", "👍🏽", "1️⃣", "#️⃣", "*️⃣", "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", "❤️\u200d🔥", "e\u0301", "ก็็็็", "नि", "𠮷", "﷽", "☠︎", "🫠",
	}
	all := crossed([]string{"%s", "差评%s%s%s"}, units)
	for _, u := range units {
		all = append(all, strings.Repeat(u, 600))
	}
	return append(all, "快"+zalgo.String()+"递", strings.Repeat("a\u0301\u0302\u0303\u0304\u0305", 700), zalgo.String(), strings.Repeat("\u200d", 900), "👨"+strings.Repeat("\u200d👩", 500))
}

func crowds() []string {
	var all []string
	for i, unit := range []string{
		"@user%d ", "@all ", "#话题%d ", "#话题%d# ", "https://evil.example.net/%d ", "<@U%08d> ", "<!channel>", "<at id=all></at>", "@a%d@evil.example.net ", "/cmd%d ", "$TAG%d ", "1380013%04d ", "a%d@example.com ", "#%d ",
	} {
		for _, n := range []int{60, 800} {
			var b strings.Builder
			for k := range n {
				b.WriteString(strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(unit, "%08d", fmt.Sprintf("%08d", k)), "%04d", fmt.Sprintf("%04d", k)), "%d", fmt.Sprint(k)))
			}
			all = append(all, b.String()+words[i%len(words)])
		}
	}
	return append(all, strings.Repeat("@张三 ", 10_000), strings.Repeat("#话题 ", 10_000), strings.Repeat("t.me/x ", 10_000))
}

func mentions() []string {
	cores := []string{
		"@all", "@here", "@channel", "@everyone", "@所有人", "@全体成员", "@lilei", "@huiyin_bot", "@_all", "＠all", "@ALL", "@\u200ball", "@\u2060here",
		"<!channel>", "<!here>", "<!everyone>", "<!channel|大家>", "<@U01ABCDEF>", "<@W012345>", "<@U01ABCDEF|李雷>", "<#C01ABCDEF>", "<#C01ABCDEF|客服>", "<!subteam^S012345>", "<!date^0^{date}^https://evil.example.net|x>", "&lt;!channel&gt;", "&#60;!channel&#62;", "<\u200b!channel>",
		"<at id=all></at>", `<at id="all">所有人</at>`, `<at user_id="all"></at>`, `<at user_id="ou_1">李雷</at>`, `<at email="a@example.com"></at>`, "<at id=all/>", "&lt;at id=all&gt;",
		"<@all>", "<@lilei>", "<@userid>", `"mentioned_list":["@all"]`, `"mentioned_mobile_list":["13800138000"]`, `"at":{"isAtAll":true}`, "@13800138000", "@+8613800138000",
		"tg://user?id=1001", "[李雷](tg://user?id=1001)", `<a href="tg://user?id=1001">李雷</a>`, "@lilei_", "@durov", "t.me/durov",
		"@all@evil.example.net", "@a@b", "@lilei@mastodon.example", "~town-square", "@group", "!all", "<@&123456>", "<@!123456>", "@@all", "@all@all@all",
		"/all", "/here@huiyin_bot", "/shrug @channel", "/msg @lilei x", "/invite @lilei",
	}
	all := carried(cores...)
	for i, c := range cores[:40] {
		all = append(all, c+cores[(i+7)%len(cores)]+c, "`"+c+"`", "> "+c+"\n"+words[i%len(words)])
	}
	return all
}

func links() []string {
	cores := []string{
		"https://evil.example.net/x", "http://evil.example.net", "HTTPS://EVIL.EXAMPLE.NET/", "evil.example.net", "www.evil.example.net", "//evil.example.net", "https:evil.example.net", "https:/\\evil.example.net", `\\evil.example.net\x`,
		"[bank.com](https://evil.example.net)", "[https://bank.com](https://evil.example.net)", "<https://evil.example.net|bank.com>", "<a href=https://evil.example.net>bank.com</a>", "![x](https://evil.example.net/x.png)", "[x]: https://evil.example.net", "<https://evil.example.net>", "https://evil.example.net|bank.com",
		"https://bank.com@evil.example.net/", "https://bank.com:443@evil.example.net", "https://bank.com%2f@evil.example.net", "https://user:secret@evil.example.net", "https://bank.com\\@evil.example.net", "https://bank.com.evil.example.net", "https://evil.example.net/bank.com", "https://evil.example.net?bank.com", "https://evil.example.net#bank.com",
		"https://xn--80ak6aa92e.com", "https://аррӏе.com", "https://ｅvil.example.net", "https://evil。example。net", "例子.中国", "https://例子.中国/路径", "https://\u202eten.elpmaxe.live", "https://evil\u00ad.example.net",
		"http://127.0.0.1:6379/", "http://0/", "http://[::]/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/", "http://017700000001/", "http://169.254.169.254/latest/meta-data", "http://localhost:8080/board", "http://10.0.0.1/", "http://127.0.0.1.nip.io/", "http://metadata.google.internal/",
		"javascript:window.pwned=1", "JaVaScRiPt:window.pwned=1", "java\tscript:window.pwned=1", "javascript&colon;window.pwned=1", "\x01javascript:window.pwned=1", "data:text/html,<script>window.pwned=1</script>", "data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==", "vbscript:msgbox(1)", "file:///etc/passwd", "gopher://127.0.0.1:6379/_FLUSHALL", "ftp://evil.example.net/x", "blob:https://evil.example.net/1", "about:blank", "view-source:https://evil.example.net", "intent://evil#Intent;end", "weixin://dl/chat", "alipays://platformapi/startapp", "dingtalk://dingtalkclient/page", "slack://open", "tg://resolve?domain=evil", "ton://transfer/x", "mailto:a@example.com?bcc=all@example.com", "tel:+861380013800", "sms:10086", "ms-word:ofe|u|https://evil.example.net",
	}
	return carried(cores...)
}

func markup() []string {
	cores := []string{
		"*粗", "_斜", "__下划", "~删", "||隐", "`码", "```块", "```\n块", "[链](", "[链]", "](x)", "![", "> 引", "**>折", "||>", "*_*_", "_*~`", "*粗_斜*_", "\\", "\\*", "\\\\", `\_\*\[\]\(\)\~\>\#\+\-\=\|\{\}\.\!`, "_*[]()~`>#+-=|{}.!", "!", ".", "-", "=", "{", "}", "|", "#", "+", "(", ")",
		"<b>粗", "</b>", "<b><i>错</b></i>", "<i", "<", ">", "&", "&amp", "&amp;", "&nbsp;", "&#0;", "&#x110000;", "&bogus;", "<b/>", "<tg-spoiler>隐</tg-spoiler>", `<tg-emoji emoji-id="1">x</tg-emoji>`, `<span class="tg-spoiler">x</span>`, "<pre><code class=\"language-x\">", "<blockquote expandable>", "<a href=''>x</a>", `<a href="tg://user?id=1">`, "<u><s><code>", "<!-- x -->", "<?x?>", "<![CDATA[x]]>", "]]>",
		":smile:", ":not-an-emoji:", "<font color=\"warning\">x</font>", "<font color='red'>", "| a | b |\n|---|---|\n| 1 | 2 |", "# 标题\n## 二", "- [ ] x\n- [x] y", "1. a\n2. b", "***", "---", "~~~", "$$x$$", "\\(x\\)", "<number_tag>1</number_tag>", "<text_tag color='red'>x</text_tag>", "{{template}}", "&lt;b&gt;粗&lt;/b&gt;", "%3Cb%3E",
	}
	all := carried(cores...)
	for _, open := range []string{"*", "_", "`", "```", "<b>", "[", "(", "<a href=\"", "&", "<", "||", "{", "\\"} {
		all = append(all, strings.Repeat(open, 400), strings.Repeat(open+"x", 1500))
	}
	return all
}
