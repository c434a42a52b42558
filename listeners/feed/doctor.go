package feed

import (
	"cmp"
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
		return []listeners.Finding{finding(failedNote(err), "在这台机器上打开这个地址试试；内网地址要写在 url 里，或列进 network.allow",
			"open this address from this machine; an inside address must be in url, or listed in network.allow")}
	}
	if a.status != http.StatusOK {
		return []listeners.Finding{finding(statusNote(a.status), "核对 url；需要密钥的源把密钥写进地址", "check url; where the source wants a key, write it into the address")}
	}
	var out []listeners.Finding
	if a.moved != "" {
		out = append(out, listeners.Finding{
			Text: "源永久搬到了 " + withoutQuery(a.moved), Do: "把配置里的 url 改成新地址",
			TextEN: "the source has moved for good to " + withoutQuery(a.moved), DoEN: "change url to the new address",
		})
	}
	text, charset := decode(a.body, a.contentType)
	p, err := f.understand(a)
	if err != nil {
		wrong := finding(failedNote(err), "换成源的 RSS、Atom 或 JSON Feed 地址", "use the address of its RSS, Atom or JSON Feed")
		if other := alternate(string(text)); other != "" {
			at := withoutQuery(address(other, f.base(parsed{feed: &gofeed.Feed{}}, cursor{})))
			wrong.Do, wrong.DoEN = "这个网页自己写着它的订阅地址："+at, "the page itself names its feed: "+at
		}
		return append(out, wrong)
	}
	if p.feed == nil {
		p.feed = &gofeed.Feed{}
	}
	all := f.entries(p.feed.Items, f.base(p, cursor{}), f.now())
	return append(out, f.contents(p, all, charset))
}

// finding is a note with what to do about it.
func finding(n listeners.Note, do, doEN string) listeners.Finding {
	return listeners.Finding{Text: n.Text, TextEN: n.TextEN, Do: do, DoEN: doEN}
}

// contents says what a source that can be read holds.
func (f *Feed) contents(p parsed, all []found, charset string) listeners.Finding {
	kind := cmp.Or(p.feed.FeedType, "-")
	out := listeners.Finding{
		OK:     true,
		Text:   fmt.Sprintf("读到 %d 条（%s，%s）", len(all), kind, charset),
		TextEN: fmt.Sprintf("%d entries (%s, %s)", len(all), kind, charset),
	}
	if n := len(all); n > 0 && !all[n-1].entry.PostedAt.IsZero() {
		at := all[n-1].entry.PostedAt.In(f.zone).Format("2006-01-02 15:04")
		out.Text, out.TextEN = out.Text+"，最新一条 "+at, out.TextEN+", the newest of "+at
	}
	switch {
	case len(all) == 0:
		out.OK = false
		out.Do = "连得上但没有内容：核对地址和关键词；RSSHub 看看它的日志是不是被拦了"
		out.DoEN = "it answers without content: check address and keyword; with RSSHub see in its log whether it is blocked"
	case p.salvaged:
		out.Text, out.TextEN = out.Text+"；内容有损坏，只收得下完整的", out.TextEN+"; the content is damaged, only what is whole is taken"
		out.Do, out.DoEN = "告诉源站它的订阅源格式有误", "tell the source that its feed is malformed"
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
