package bottest

import (
	"fmt"
	"strings"
)

// Hostile returns texts as ill-meaning or unlucky customers write them. A
// connector must show each without refusing it, with nobody notified and
// nothing in it live.
func Hostile() []string {
	var all []string
	for _, class := range [][]string{mentions, markup, addresses, code, characters} {
		all = append(all, class...)
	}
	for i, m := range mentions {
		all = append(all,
			"退款！"+m+"谢谢",
			"（"+m+"）\n"+m+m,
			m+" "+addresses[i%len(addresses)]+" "+markup[i%len(markup)])
	}
	return append(all, oversized()...)
}

var mentions = []string{
	"@all", "@everyone", "@here", "@channel", "@所有人", "@李雷", "@lilei", "@huiyin_bot", "@durov 看看",
	"@@lilei", "x@lilei", "。@lilei。", "@lilei@example.com", "＠lilei", "@_lilei_",
	"<!channel>", "<!here>", "<!everyone>", "<!channel|渠道>", "<@U01ABCDEF>", "<@U01ABCDEF|李雷>", "<#C01ABCDEF>", "<#C01ABCDEF|客服>",
	"<!subteam^S012345>", "<!subteam^S012345|@care>", "<!date^1392734382^{date}|x>", "&lt;!channel&gt;", "<!channel", "<@", "<!>",
	`<at id=all></at>`, `<at user_id="all">所有人</at>`, `<at user_id="ou_1">李雷</at>`, "<@all>", "<@lilei>",
	"tg://user?id=1001", "[李雷](tg://user?id=1001)", `<a href="tg://user?id=1001">李雷</a>`,
	"#反馈", "#weibo", "#退款#", "#a1", "＃反馈", "$USD", "$1INCH",
	"/start", "/claim #1", "/resolve@huiyin_bot 好了", "请发/help", "「/link 客服组」", "！解决 #1 好了", "!resolve #1",
}

var markup = []string{
	"*粗* _斜_ ~删~ `码` ```块```", "**粗** __下划__ ||隐||", "_未闭", "*未闭 [", "`", "```", "> 引用", ">>> 引用", "- [ ] x", "# 标题",
	"[网银](https://evil.example.net)", "<https://evil.example.net|bank.example.com>", "<mailto:a@example.com|a>", "![x](https://evil.example.net/x.png)",
	"<b>粗</b>", "<b>未闭", "</b>", "<i", "<pre><code>", `<a href="https://evil.example.net">x</a>`, `<tg-spoiler>x</tg-spoiler>`, `<font color="warning">x</font>`,
	"&amp; &lt; &gt; &quot; &#39; &nbsp; &#x40;all", "&", "<", ">", `\`, `\*`, `\\`, `\@lilei`, "a\\nb", ":smile: :not-an-emoji:", "{{.}}", "${HOME}", "%s%n%d", "{0}",
	`{"type":"section"}`, `{"text":"<!channel>"}`, `"},{"tag":"at","user_id":"all"}`, "\"", "'", "',\"", "🙂:x:🙂",
}

var addresses = []string{
	"https://evil.example.net/x?y=z#w", "http://evil.example.net", "HTTPS://EVIL.EXAMPLE.NET", "evil.example.net", "www.evil.example.net", "evil.com", "t.me/evil", "https://t.me/+AbCd",
	"tg://resolve?domain=evil", "tg:resolve", "ton://transfer/x", "slack://open", "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "file:///etc/passwd",
	"https://bank.example.com@evil.example.net/", "https://user:pass@evil.example.net", "http://127.0.0.1:8080/", "http://[::1]/", "http://169.254.169.254/latest", "10.0.0.1", "http://2130706433/",
	"https://xn--80ak6aa92e.com", "https://аррӏе.com", "例子.中国", "https://例子.中国/路径", "a@example.com", "mailto:a@example.com", "看evil.example.net吧", "evil．example．net", "evil。example。net",
	"ftp://evil.example.net", "//evil.example.net", "evil.example.net/路径?参数=值", "https://evil.example.net/\u202efdp.exe", "report.pdf.exe",
}

var code = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "<svg/onload=alert(1)>", "<style>*{display:none}</style>", "<!--", "-->", "<![CDATA[", "]]>",
	"=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "＝1+1", "'; DROP TABLE items; --", "' OR '1'='1", "$(id)", "`id`", "| id", "; id",
	"../../etc/passwd", `C:\con\con`, "%00", "%0d%0aSet-Cookie: x=1", "x\r\nX-Y: z", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"b\">]>",
}

var characters = []string{
	"\u202e右向左\u202c", "\u2066隔离\u2069", "\u200b零宽\u200b", "@\u200blilei", "@\u200dlilei", "\ufeff开头", "\u00ad软", "\u2028行\u2029段", "\u0000空", "a\u0000b",
	"\xff\xfe", "好\xe5\xa5", "\xed\xa0\x80", "\xc0\xaf", "\ufffd", "\uffff", "\u0085", "\u0007\u0008", "\r", "\r\n\r\n", "a\rb", "\v\f",
	"👨‍👩‍👧‍👦", "🇨🇳🇨🇳", "👍🏽", "1️⃣", "#️⃣", "*️⃣", "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", "é", "é", "ﷺ", "𠮷𡘙", "Z̷̢̧͎a̶͇̝l̴̡̛g̸͓̈ȯ̵̙", strings.Repeat("a\u0301\u0302\u0303\u0304\u0305\u0306", 20),
	" ", "\n", "\u3000", "\u00a0", "  前后  ", "\n\n\n空行\n\n\n", "。", "？", "🙂", "呵呵", "666", "扣1",
}

// oversized returns texts beyond what any platform takes in one message.
func oversized() []string {
	var many strings.Builder
	for i := range 400 {
		fmt.Fprintf(&many, "@user%d #tag%d https://evil%d.example.net/ ", i, i, i)
	}
	return []string{
		strings.Repeat("虫", 5000),
		strings.Repeat("👨‍👩‍👧‍👦", 1000),
		strings.Repeat("a\u0301", 4000),
		strings.Repeat("@all ", 2000),
		strings.Repeat("<!channel>", 1000),
		strings.Repeat("&<>", 3000),
		strings.Repeat("\n", 6000) + "尾",
		strings.Repeat("行\n", 6000),
		strings.Repeat("无空格", 5000),
		many.String(),
	}
}
