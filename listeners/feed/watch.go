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
		return listeners.Note{Code: "empty", Text: "连得上，但里面一条内容也没有：看看地址和关键词对不对"}
	case entries == 0:
		return listeners.Note{Code: "empty", Text: fmt.Sprintf("返回了空内容（平时约 %.0f 条）：多半是被拦了或登录失效，不是没有新帖", c.Typical)}
	case c.Typical >= shrinksFrom && float64(entries)*shrinksTo < c.Typical:
		return listeners.Note{Code: "shrinking", Text: fmt.Sprintf("这次只有 %d 条，平时约 %.0f 条：可能漏了，看看源站", entries, c.Typical)}
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
	return listeners.Note{Code: "quiet", Text: fmt.Sprintf("连得上，但 %s没有新内容了（平时约%s一条）：看看源站是不是真的没有新帖", spoken(quiet), spoken(usual))}
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

func movedNote() listeners.Note {
	return listeners.Note{Code: "moved", Text: "源永久搬家了：已经在读新地址，把配置里的 url 改过来（地址见 huiyin doctor）"}
}

func salvagedNote(n int) listeners.Note {
	return listeners.Note{Code: "salvaged", Text: fmt.Sprintf("内容不完整或有损坏，能读的 %d 条都收下了", n)}
}

func gapNote() listeners.Note {
	return listeners.Note{Code: "gap", Text: "上次读到的这次一条都不在了：中间可能漏了一些，把 every 调短"}
}

// statusNote says what an answer other than 200 means.
func statusNote(status int) listeners.Note {
	var text string
	switch {
	case status == http.StatusGone:
		return listeners.Note{Code: "gone", Text: "源已经关闭（410）：换个地址，或从配置里删掉"}
	case status == http.StatusNotFound:
		text = "找不到这个源（404）：核对地址"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		text = fmt.Sprintf("对方不让读（%d）：可能要登录、换密钥，或这台机器被拦了", status)
	case status == http.StatusTooManyRequests:
		text = "对方嫌读得太勤（429）：已放慢，也可以把 every 调长"
	case status >= 500:
		text = fmt.Sprintf("对方出错（%d），稍后再读", status)
	default:
		text = fmt.Sprintf("对方的回答看不懂（%d）", status)
	}
	return listeners.Note{Code: "failing", Text: text}
}

// failedNote says why a read failed.
func failedNote(err error) listeners.Note {
	text := "连不上：" + err.Error()
	switch {
	case errors.Is(err, errTimeout):
		text = "太慢：规定时间内没读完"
	case errors.Is(err, errName):
		text = "域名解析不了：核对地址"
	case errors.Is(err, errPage):
		text = "返回的是网页，不是订阅源：可能被拦、要登录，或地址不对"
	case errors.Is(err, errNoFeed):
		text = "返回的不是 RSS、Atom 或 JSON Feed：核对地址"
	}
	return listeners.Note{Code: "failing", Text: text}
}
