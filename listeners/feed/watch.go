package feed

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/huiyin/huiyin/listeners"
)

// What a source's habits are judged by.
const (
	enoughNews   = 10             // new entries before its rhythm is known
	quietAtLeast = 24 * time.Hour // no source is called quiet before that
	quietTimes   = 8              // times its usual interval
	shrinksFrom  = 8              // entries an answer must usually hold
	shrinksTo    = 4              // and the part of them that is too few
	learning     = 0.2            // how much one answer counts
)

// notes are ordered by how much they matter: the first is shown.
func first(notes ...listeners.Note) listeners.Note {
	for _, n := range notes {
		if n.Code != "" {
			return n
		}
	}
	return listeners.Note{Code: "ok"}
}

// learn takes what an answer held into a source's habits.
func (c *cursor) learn(entries, fresh int, now time.Time) {
	if entries > 0 {
		if c.Typical == 0 {
			c.Typical = float64(entries)
		} else {
			c.Typical += learning * (float64(entries) - c.Typical)
		}
	}
	if fresh == 0 {
		return
	}
	if !c.News.IsZero() {
		every := math.Max(now.Sub(c.News).Seconds(), 1) / float64(fresh)
		if c.Every == 0 {
			c.Every = every
		} else {
			c.Every += learning * (every - c.Every)
		}
	}
	c.News = stamp(now)
	c.Count = min(c.Count+fresh, enoughNews)
}

// begin takes a source's habits from its first answer.
func (c *cursor) begin(all []found, now time.Time) {
	c.Began, c.News, c.Typical = stamp(now), stamp(now), float64(len(all))
	var oldest, newest time.Time
	dated := 0
	for _, e := range all {
		at := e.entry.PostedAt
		if at.IsZero() {
			continue
		}
		dated++
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
		if at.After(newest) {
			newest = at
		}
	}
	if dated < enoughNews || !newest.After(oldest) {
		return
	}
	c.Count = enoughNews
	c.Every = newest.Sub(oldest).Seconds() / float64(dated-1)
}

// contents says whether an answer holds as much as one may expect.
func (c *cursor) contents(entries int) listeners.Note {
	switch {
	case entries == 0 && c.Typical == 0:
		return listeners.Note{Code: "empty", Text: "连得上，但里面一条内容也没有：看看地址和关键词对不对", TextEN: "it answers, but holds no entry at all: check the address and the keyword"}
	case entries == 0:
		return listeners.Note{
			Code: "empty", Text: fmt.Sprintf("返回了空内容（平时约 %.0f 条）：多半是被拦了或登录失效，不是没有新帖", c.Typical),
			TextEN: fmt.Sprintf("it came back empty (usually about %.0f entries): more likely blocked or signed out than without news", c.Typical),
		}
	case c.Typical >= shrinksFrom && float64(entries)*shrinksTo < c.Typical:
		return listeners.Note{
			Code: "shrinking", Text: fmt.Sprintf("这次只有 %d 条，平时约 %.0f 条：可能漏了，看看源站", entries, c.Typical),
			TextEN: fmt.Sprintf("only %d entries this time, usually about %.0f: some may be missing, look at the source", entries, c.Typical),
		}
	default:
		return listeners.Note{}
	}
}

// rhythm says whether something new is overdue.
func (c *cursor) rhythm(now time.Time) listeners.Note {
	if c.Count < enoughNews || c.Every == 0 {
		return listeners.Note{}
	}
	usual := time.Duration(c.Every * float64(time.Second))
	quiet := now.Sub(c.News)
	if quiet < quietAtLeast || quiet < quietTimes*usual {
		return listeners.Note{}
	}
	return listeners.Note{
		Code: "quiet", Text: fmt.Sprintf("连得上，但 %s没有新内容了（平时约%s一条）：看看源站是不是真的没有新帖", spoken(quiet), spoken(usual)),
		TextEN: fmt.Sprintf("it answers, but has had nothing new for %s (usually one in %s): see whether the source is really silent", spokenEN(quiet), spokenEN(usual)),
	}
}

// spoken says a length of time as people do.
func spoken(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d 天", int(d.Hours()/24+0.5))
	case d >= time.Hour:
		return fmt.Sprintf("%d 小时", int(d.Hours()+0.5))
	default:
		return fmt.Sprintf("%d 分钟", max(1, int(d.Minutes()+0.5)))
	}
}

// spokenEN is spoken in English.
func spokenEN(d time.Duration) string {
	say := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case d >= 48*time.Hour:
		return say(int(d.Hours()/24+0.5), "day")
	case d >= time.Hour:
		return say(int(d.Hours()+0.5), "hour")
	default:
		return say(max(1, int(d.Minutes()+0.5)), "minute")
	}
}

func movedNote() listeners.Note {
	return listeners.Note{
		Code: "moved", Text: "源永久搬家了：已经在读新地址，把配置里的 url 改过来（地址见 huiyin doctor）",
		TextEN: "the source has moved for good: its new address is read already, change url in the configuration (huiyin doctor shows it)",
	}
}

func salvagedNote(n int) listeners.Note {
	return listeners.Note{
		Code: "salvaged", Text: fmt.Sprintf("内容不完整或有损坏，能读的 %d 条都收下了", n),
		TextEN: fmt.Sprintf("the content is cut off or damaged; the %d entries that can be read were taken", n),
	}
}

func gapNote() listeners.Note {
	return listeners.Note{
		Code: "gap", Text: "上次读到的这次一条都不在了：中间可能漏了一些，把 every 调短",
		TextEN: "none of the last reading's entries is there any more: some in between may be missing, make every shorter",
	}
}

// statusNote says what an answer other than 200 means.
func statusNote(status int) listeners.Note {
	n := listeners.Note{Code: "failing"}
	switch {
	case status == http.StatusGone:
		n = listeners.Note{Code: "gone", Text: "源已经关闭（410）：换个地址，或从配置里删掉", TextEN: "the source is closed (410): change the address, or take it out of the configuration"}
	case status == http.StatusNotFound:
		n.Text, n.TextEN = "找不到这个源（404）：核对地址", "there is no such source (404): check the address"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		n.Text = fmt.Sprintf("对方不让读（%d）：可能要登录、换密钥，或这台机器被拦了", status)
		n.TextEN = fmt.Sprintf("reading is refused (%d): it may want a login or another key, or block this machine", status)
	case status == http.StatusTooManyRequests:
		n.Text, n.TextEN = "对方嫌读得太勤（429）：已放慢，也可以把 every 调长", "read too often (429): slowed down; every may be made longer, too"
	case status >= 500:
		n.Text, n.TextEN = fmt.Sprintf("对方出错（%d），稍后再读", status), fmt.Sprintf("the source has an error (%d): read again later", status)
	default:
		n.Text, n.TextEN = fmt.Sprintf("对方的回答看不懂（%d）", status), fmt.Sprintf("an unknown answer (%d)", status)
	}
	return n
}

// failedNote says why a read failed.
func failedNote(err error) listeners.Note {
	n := listeners.Note{Code: "failing", Text: "连不上：" + err.Error(), TextEN: "cannot be reached: " + err.Error()}
	switch {
	case errors.Is(err, errTimeout):
		n.Text, n.TextEN = "太慢：规定时间内没读完", "too slow: not read to its end in time"
	case errors.Is(err, errName):
		n.Text, n.TextEN = "域名解析不了：核对地址", "its name cannot be resolved: check the address"
	case errors.Is(err, errPage):
		n.Text, n.TextEN = "返回的是网页，不是订阅源：可能被拦、要登录，或地址不对", "a web page came back, not a feed: blocked, signed out, or the wrong address"
	case errors.Is(err, errNoFeed):
		n.Text, n.TextEN = "返回的不是 RSS、Atom 或 JSON Feed：核对地址", "this is no RSS, Atom or JSON Feed: check the address"
	}
	return n
}
