package feed

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// in encodes a text that the tests hold as UTF-8.
func in(e encoding.Encoding, text string) string {
	b, err := e.NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return b
}

func wide(order unicode.Endianness, bom unicode.BOMPolicy) encoding.Encoding {
	return unicode.UTF16(order, bom)
}

// nasty are feeds as they should not be and are. want has one entry a line:
// text (line breaks as ⏎) | link | author | time.
var nasty = []struct {
	name, contentType, body string
	want                    string
	salvaged                bool
}{
	{"plain RSS", xmlType, rss(post("1", "奶茶洒了", "送到时杯子是空的", noon)),
		"奶茶洒了⏎送到时杯子是空的|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"GB18030 by its prolog", "application/xml", in(simplifiedchinese.GB18030, strings.Replace(rss(post("1", "奶茶洒了", "送到时杯子是空的", noon)), "UTF-8", "gb2312", 1)),
		"奶茶洒了⏎送到时杯子是空的|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"GB18030 that nobody mentions", "application/xml", in(simplifiedchinese.GB18030, strings.Replace(rss(post("1", "奶茶洒了", "送到时杯子是空的", noon)), ` encoding="UTF-8"`, "", 1)),
		"奶茶洒了⏎送到时杯子是空的|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"GB18030 that is said to be UTF-8", xmlType, in(simplifiedchinese.GB18030, rss(post("1", "奶茶洒了", "送到时杯子是空的", noon))),
		"奶茶洒了⏎送到时杯子是空的|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"GB18030 that is said to be Latin-1", "text/xml; charset=iso-8859-1", in(simplifiedchinese.GB18030, rss(post("1", "奶茶洒了", "送到时杯子是空的", noon))),
		"奶茶洒了⏎送到时杯子是空的|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"Big5 that nobody mentions", "", in(traditionalchinese.Big5, strings.Replace(rss(post("1", "奶茶灑了一地", "外送員的態度很差，等了三個小時", noon)), ` encoding="UTF-8"`, "", 1)),
		"奶茶灑了一地⏎外送員的態度很差，等了三個小時|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"Big5 by its header", "text/xml; charset=big5", in(traditionalchinese.Big5, rss(post("1", "灑了", "", noon))),
		"灑了|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"UTF-8 that is said to be GBK", "text/xml; charset=gbk", strings.Replace(rss(post("1", "奶茶洒了", "", noon)), "UTF-8", "gbk", 1),
		"奶茶洒了|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"a byte order mark", xmlType, byteMark + rss(post("1", "奶茶洒了", "", noon)),
		"奶茶洒了|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"UTF-16 with a mark", "", in(wide(unicode.LittleEndian, unicode.UseBOM), strings.Replace(rss(post("1", "奶茶洒了", "", noon)), "UTF-8", "UTF-16", 1)),
		"奶茶洒了|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"UTF-16 without a mark", "", in(wide(unicode.BigEndian, unicode.IgnoreBOM), strings.Replace(rss(post("1", "奶茶洒了", "", noon)), "UTF-8", "UTF-16", 1)),
		"奶茶洒了|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"UTF-32", "", in(utf32.UTF32(utf32.BigEndian, utf32.UseBOM), rss(post("1", "奶茶洒了", "", noon))),
		"奶茶洒了|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"Windows' western letters", "", in(charmap.Windows1252, `<rss><channel><item><guid>1</guid><title>Café zu heiß</title></item></channel></rss>`),
		"Café zu heiß|||", false},
	{"a text cut in the middle of a character", xmlType, rss(post("1", "奶茶洒了一地一地一地一地一地一地一地一地一地", "送到\xe6\x97", noon)),
		"奶茶洒了一地一地一地一地一地一地一地一地一地⏎送到\uFFFD|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"blank lines before the prolog", xmlType, "\n\n  " + rss(post("1", "甲", "", noon)), "甲|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"a server's warning before the prolog", xmlType, "<b>Warning</b>: mysql_connect() in /srv/x.php\n" + rss(post("1", "甲", "", noon)), "甲|https://site.example/1||2026-03-01T04:00:00Z", true},
	{"no prolog at all", "", strings.TrimPrefix(rss(post("1", "甲", "", noon)), `<?xml version="1.0" encoding="UTF-8"?>`), "甲|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"cut in the third of three", xmlType, cutAt(rss(post("1", "甲", "", noon), post("2", "乙", "", noon), post("3", "丙", "", noon)), "<title>丙"),
		"乙|https://site.example/2||2026-03-01T04:00:00Z\n甲|https://site.example/1||2026-03-01T04:00:00Z", true},
	{"a bare ampersand and a bare less-than", xmlType, rss("<guid>1</guid><title>A&B 店 3<5 分</title><link>https://site.example/?a=1&b=2</link>"),
		"A&B 店 3<5 分|https://site.example/?a=1&b=2||", true},
	{"an item that is never closed", xmlType, `<rss><channel><item><guid>1</guid><title>甲</title><item><guid>2</guid><title>乙</title></item></channel></rss>`, "乙|||\n甲|||", true},
	{"no closing of the feed", xmlType, `<rss><channel><item><guid>1</guid><title>甲</title></item>`, "甲|||", true},
	{"a title without end", xmlType, rss("<guid>1</guid><title>甲", "<guid>2</guid><title>乙</title>"), "乙|||\n甲|||", false},
	{"entities nobody declared", xmlType, rss("<guid>1</guid><title>热&nbsp;的&hearts;&eacute;</title>"), "热 的♥é|||", false},
	{"an entity bomb", xmlType, `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><item><guid>1</guid><title>&b;甲</title></item></channel></rss>`, "&b;甲|||", false},
	{"a file's content by an entity", xmlType, `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss><channel><item><guid>1</guid><title>&x;甲</title></item></channel></rss>`, "&x;甲|||", false},
	{"elements without end in each other", xmlType, rss(post("1", "甲", "", noon), "<guid>2</guid><title>乙</title>"+strings.Repeat("<a>", 100000)), "甲|https://site.example/1||2026-03-01T04:00:00Z", true},
	{"HTML", xmlType, rss(post("1", "<b>太</b>慢", `<p>等了<br>三天</p><ul><li>没人理</li></ul><script>alert(1)</script><style>p{}</style><img src=x onerror=alert(1) alt="[怒]"><a href="/help">帮助</a> <a href="javascript:alert(1)">点我</a> <a href="https://a.example/x">https://a.example/x</a>`, noon)),
		"太慢⏎等了⏎三天⏎⏎· 没人理⏎⏎[怒]帮助 (https://site.example/help) 点我 https://a.example/x|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"content before description", xmlType, rss("<guid>1</guid><title>题</title><description>短</description><content:encoded><![CDATA[<p>长的</p>]]></content:encoded>"), "题⏎长的|||", false},
	{"a title made of the text's beginning", xmlType, rss(post("1", "等了三天还没…", "等了三天还没到，客服也不理人", noon)), "等了三天还没到，客服也不理人|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"authors in every way", xmlType, rss("<guid>1</guid><title>甲</title><author>小林</author>", "<guid>2</guid><title>乙</title><dc:creator>小周</dc:creator>", "<guid>3</guid><title>丙</title><author>a@b.example (小吴)</author>"),
		"丙||小吴|\n乙||小周|\n甲||小林|", false},
	{"dates in every way", xmlType, rss("<guid>1</guid><title>甲</title><pubDate>2026年2月28日 09:30</pubDate>", "<guid>2</guid><title>乙</title><pubDate>2026-02-28 09:30:00</pubDate>",
		"<guid>3</guid><title>丙</title><pubDate>Sat, 28 Feb 2026 01:30:00 GMT</pubDate>", "<guid>4</guid><title>丁</title><pubDate>Sat Feb 28 09:30:00 CST 2026</pubDate>", "<guid>5</guid><title>戊</title><dc:date>2026-02-28T09:30:00+08:00</dc:date>"),
		"戊|||2026-02-28T01:30:00Z\n丁|||2026-02-28T01:30:00Z\n丙|||2026-02-28T01:30:00Z\n乙|||2026-02-28T01:30:00Z\n甲|||2026-02-28T01:30:00Z", false},
	{"dates that are none", xmlType, rss("<guid>1</guid><title>甲</title><pubDate>刚刚</pubDate>", "<guid>2</guid><title>乙</title><pubDate>0000-00-00 00:00:00</pubDate>", "<guid>3</guid><title>丙</title><pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>"),
		"丙|||\n乙|||\n甲|||", false},
	{"a date of the future", xmlType, rss(post("1", "甲", "", noon.Add(48*time.Hour)), post("2", "乙", "", noon.Add(-time.Hour))),
		"乙|https://site.example/2||2026-03-01T03:00:00Z\n甲|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"an address as id, and no other", xmlType, rss("<guid>https://site.example/9</guid><title>甲</title>"), "甲|https://site.example/9||", false},
	{"links that lead nowhere", xmlType, rss("<guid>1</guid><title>甲</title><link>javascript:alert(1)</link>", "<guid>2</guid><title>乙</title><link>/rel</link>", "<guid>3</guid><title>丙</title><link>file:///etc/passwd</link>"),
		"丙|||\n乙|https://site.example/rel||\n甲|||", false},
	{"entries without a word", xmlType, rss("<guid>1</guid>", "<guid>2</guid><title> </title><description><![CDATA[<img src=x>]]></description>", "<guid>3</guid><title>丙</title>"), "丙|||", false},
	{"the same entry five times", xmlType, rss(post("1", "甲", "", noon), post("1", "甲", "", noon), post("1", "甲", "", noon), post("1", "甲", "", noon), post("1", "甲", "", noon)),
		"甲|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"control characters", xmlType, rss(post("1", "甲\x00\x01\x0b乙\x1f", "", noon)), "甲乙|https://site.example/1||2026-03-01T04:00:00Z", false},
	{"RDF", "", `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>x</title></channel><item rdf:about="https://site.example/1"><title>甲</title><link>https://site.example/1</link><dc:creator>小林</dc:creator></item></rdf:RDF>`,
		"甲|https://site.example/1|小林|", false},
	{"Atom", "application/atom+xml", `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><id>urn:1</id><title type="html">&lt;b&gt;甲&lt;/b&gt;</title><link href="https://site.example/1"/><author><name>小林</name></author><published>2026-03-01T10:00:00+08:00</published><updated>2026-03-01T11:00:00+08:00</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>第一段</p><p>第二段</p></div></content></entry></feed>`,
		"甲⏎第一段⏎⏎第二段|https://site.example/1|小林|2026-03-01T02:00:00Z", false},
	{"Atom with a prefix, cut", "", `<?xml version="1.0"?><a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:id>urn:1</a:id><a:title>甲</a:title></a:entry><a:entry><a:id>urn:2`, "甲|||", true},
	{"JSON Feed", "application/feed+json", `{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[{"id":"1","url":"https://site.example/1","content_text":"甲 <b>","authors":[{"name":"小林"}],"date_published":"2026-03-01T10:00:00+08:00"}]}`,
		"甲|https://site.example/1|小林|2026-03-01T02:00:00Z", false},
	{"JSON Feed with numbers, nulls and a cut end", "", `{"version":"https://jsonfeed.org/version/1","title":null,"items":[null,{"id":9007199254740993,"content_html":"<p>甲</p>","author":null,"authors":"x","tags":7},{"id":"2","title":5,"content_text":"乙"},{"id":"3","content_te`,
		"5⏎乙|||\n甲|||", true},
}

const byteMark = "\xef\xbb\xbf"

func cutAt(s, mark string) string {
	before, _, _ := strings.Cut(s, mark)
	return before + mark
}

func TestNastyFeeds(t *testing.T) {
	f := &Feed{o: *defaults(), zone: time.FixedZone("CST", 8*3600), now: func() time.Time { return noon }}
	f.o.URL = "https://site.example/feed"
	for _, c := range nasty {
		t.Run(c.name, func(t *testing.T) {
			p, err := f.understand(&answer{body: []byte(c.body), contentType: c.contentType})
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, e := range f.entries(p.feed.Items, f.base(p, cursor{}), noon) {
				at := ""
				if !e.entry.PostedAt.IsZero() {
					at = e.entry.PostedAt.Format(time.RFC3339)
				}
				lines = append(lines, fmt.Sprintf("%s|%s|%s|%s", strings.ReplaceAll(e.entry.Text, "\n", "⏎"), e.entry.URL, e.entry.Author.Name, at))
			}
			if got := strings.Join(lines, "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if p.salvaged != c.salvaged {
				t.Errorf("salvaged: %v", p.salvaged)
			}
		})
	}
}

// FuzzFeed holds every answer to what the pipeline relies on.
func FuzzFeed(f *testing.F) {
	for _, c := range nasty {
		if len(c.body) < 10_000 {
			f.Add([]byte(c.body), c.contentType, c.salvaged)
		}
	}
	feed := &Feed{o: *defaults(), zone: time.UTC, now: func() time.Time { return noon }}
	feed.o.URL = "https://site.example/feed"
	f.Fuzz(func(t *testing.T, body []byte, contentType string, cut bool) {
		p, err := feed.understand(&answer{body: body, contentType: contentType, cut: cut})
		if err != nil || p.feed == nil {
			return
		}
		all := feed.entries(p.feed.Items, feed.base(p, cursor{}), noon)
		ids := map[string]bool{}
		for _, e := range all {
			switch {
			case e.entry.Text == "" || len(e.entry.Text) > 2*maxText+2 || len(e.entry.Raw) > maxRaw:
				t.Fatalf("text of %d bytes, raw of %d", len(e.entry.Text), len(e.entry.Raw))
			case ids[e.entry.ID]:
				t.Fatalf("id %s twice", e.entry.ID)
			case e.entry.PostedAt.After(noon):
				t.Fatal("of the future")
			case e.entry.URL != "" && !strings.HasPrefix(e.entry.URL, "http://") && !strings.HasPrefix(e.entry.URL, "https://"):
				t.Fatalf("url %q", e.entry.URL)
			}
			ids[e.entry.ID] = true
		}
		// Read a second time, nothing is new.
		_, seen, r := sift(readRing(nil), all)
		if again, _, _ := sift(readRing(r.bytes(seen)), all); len(again) != 0 {
			t.Fatalf("%d of %d are new again", len(again), len(all))
		}
	})
}
