package feed

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"

	"github.com/huiyin/huiyin/listeners"
)

// Doctor reads the source once and says how it does. It stores nothing.
func (f *Feed) Doctor(ctx context.Context) []listeners.Finding {
	a, err := f.fetch(ctx, f.o.URL, conditions{})
	if err != nil {
		return []listeners.Finding{{Text: failedNote(err).Text, Do: "在这台机器上打开这个地址试试；内网地址要写在 url 里，或列进 network.allow"}}
	}
	if a.status != http.StatusOK {
		return []listeners.Finding{{Text: statusNote(a.status).Text, Do: "核对 url；需要密钥的源把密钥写进地址"}}
	}
	var out []listeners.Finding
	if a.moved != "" {
		out = append(out, listeners.Finding{Text: "源永久搬到了 " + withoutQuery(a.moved), Do: "把配置里的 url 改成新地址"})
	}
	text, charset := decode(a.body, a.contentType)
	p, err := f.understand(a)
	if err != nil {
		finding := listeners.Finding{Text: failedNote(err).Text, Do: "换成源的 RSS、Atom 或 JSON Feed 地址"}
		if other := alternate(string(text)); other != "" {
			finding.Do = "这个网页自己写着它的订阅地址：" + withoutQuery(address(other, f.base(parsed{feed: &gofeed.Feed{}}, cursor{})))
		}
		return append(out, finding)
	}
	if p.feed == nil {
		p.feed = &gofeed.Feed{}
	}
	all := f.entries(p.feed.Items, f.base(p, cursor{}), f.now())
	kind := p.feed.FeedType
	if kind == "" {
		kind = "空"
	}
	line := fmt.Sprintf("读到 %d 条（%s，%s）", len(all), kind, charset)
	if n := len(all); n > 0 && !all[n-1].entry.PostedAt.IsZero() {
		line += "，最新一条 " + all[n-1].entry.PostedAt.In(f.zone).Format("2006-01-02 15:04")
	}
	switch {
	case len(all) == 0:
		out = append(out, listeners.Finding{Text: line, Do: "连得上但没有内容：核对地址和关键词；RSSHub 看看它的日志是不是被拦了"})
	case p.salvaged:
		out = append(out, listeners.Finding{OK: true, Text: line + "；内容有损坏，只收得下完整的", Do: "告诉源站它的订阅源格式有误"})
	default:
		out = append(out, listeners.Finding{OK: true, Text: line})
	}
	return out
}

// withoutQuery leaves out the part of an address that may hold a key.
func withoutQuery(s string) string {
	before, _, cut := strings.Cut(s, "?")
	if at := strings.Index(before, "@"); at >= 0 {
		if scheme, _, ok := strings.Cut(before, "://"); ok {
			before = scheme + "://" + before[at+1:]
		}
	}
	if cut {
		return before + "?…"
	}
	return before
}

// alternate returns the address of the feed that a web page names as its own.
func alternate(page string) string {
	z := html.NewTokenizer(strings.NewReader(page))
	for range 2000 {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data != "link" {
				continue
			}
			var kind, href string
			for _, a := range t.Attr {
				switch a.Key {
				case "type":
					kind = a.Val
				case "href":
					href = a.Val
				}
			}
			if strings.Contains(kind, "rss+xml") || strings.Contains(kind, "atom+xml") || strings.Contains(kind, "feed+json") {
				return href
			}
		case html.TextToken, html.EndTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
	return ""
}
