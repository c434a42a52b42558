package phrase

import (
	"fmt"
	"time"
)

// Clock returns the time t as a person says it at now: 今天 15:30, 明早 10:00,
// 下周三 9:00, 11月30日 9:00; 15:30 today, 10:00 tomorrow, 9:00 on Wednesday,
// 9:00 on 30 November. Both are in the brand's location. The end of a day is
// 24:00 of that day: nobody is sure which night 0:00 belongs to.
func (c *Catalog) Clock(lang string, t, now time.Time) string {
	if Language(lang) == Chinese {
		return clockChinese(t, now)
	}
	return clockEnglish(t, now)
}

// Stamp returns when something happened, or happens, as short as it is clear:
// 14:03 on the same day, else as Clock.
func (c *Catalog) Stamp(lang string, t, now time.Time) string {
	if days(t, now) == 0 {
		return fmt.Sprintf("%d:%02d", t.Hour(), t.Minute())
	}
	return c.Clock(lang, t, now)
}

// Opening returns when a team opens: 早上 9:00 where that is the next morning
// anyone would think of (within 18 hours), else as Clock.
func (c *Catalog) Opening(lang string, t, now time.Time) string {
	if wait := t.Sub(now); Language(lang) == Chinese && wait >= 0 && wait <= 18*time.Hour && t.Hour() > 0 {
		return fmt.Sprintf("%s %d:%02d", partOfDay(t.Hour()), t.Hour(), t.Minute())
	}
	return c.Clock(lang, t, now)
}

// Hello returns the greeting that fits the time of day.
func (c *Catalog) Hello(lang string, t time.Time) string {
	switch h := t.Hour(); {
	case h < 12:
		return c.Text(lang, "hello.morning", nil)
	case h < 18:
		return c.Text(lang, "hello.afternoon", nil)
	default:
		return c.Text(lang, "hello.evening", nil)
	}
}

// Duration returns a length of time in its one or two largest units, rounded
// to minutes above one minute: 40 秒, 9 分钟, 1 小时 30 分, 3 天; 40 sec, 9 min,
// 1 h 30 min, 3 days. A negative one is said as if it were positive.
func (c *Catalog) Duration(lang string, d time.Duration) string {
	if d < 0 {
		d = -d
	}
	text := func(key string, n time.Duration, rest time.Duration) string {
		return c.Text(lang, key, Vars{"count": int64(n), "minutes": int64(rest), "hours": int64(rest)})
	}
	if d < time.Minute {
		return text("duration.seconds", d.Round(time.Second)/time.Second, 0)
	}
	d = d.Round(time.Minute)
	hours, minutes := d/time.Hour, d%time.Hour/time.Minute
	switch {
	case hours == 0:
		return text("duration.minutes", minutes, 0)
	case hours < 24 && minutes == 0:
		return text("duration.hours", hours, 0)
	case hours < 24:
		return text("duration.hoursminutes", hours, minutes)
	case hours < 72 && hours%24 != 0:
		return text("duration.dayshours", hours/24, hours%24)
	default:
		return text("duration.days", hours/24, 0)
	}
}

// Left returns a length of time as cards count it down, shorter than Duration:
// 9 分, 1 小时 30 分, 2 天; 9 min, 1 h 30 min, 2 days. It is rounded up to
// minutes, so that 0 分 is never left of a time that is not over; from two days
// on to days.
func (c *Catalog) Left(lang string, d time.Duration) string {
	minutes := max(int64(d/time.Minute), 0)
	if d > 0 && d%time.Minute > 0 {
		minutes++
	}
	hours := minutes / 60
	switch {
	case hours == 0:
		return c.Text(lang, "left.minutes", Vars{"count": minutes})
	case hours >= 48:
		return c.Text(lang, "left.days", Vars{"count": (hours + 12) / 24})
	case minutes%60 == 0:
		return c.Text(lang, "left.hours", Vars{"count": hours})
	default:
		return c.Text(lang, "left.hoursminutes", Vars{"count": hours, "minutes": minutes % 60})
	}
}

// Length returns the length of a recording: 12″ or 1′05″.
func (c *Catalog) Length(seconds int) string {
	if seconds < 60 {
		return fmt.Sprintf("%d″", seconds)
	}
	return fmt.Sprintf("%d′%02d″", seconds/60, seconds%60)
}

// days returns how many calendar days t lies after now.
func days(t, now time.Time) int {
	date := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(date(t).Sub(date(now)) / (24 * time.Hour))
}

// endOfDay returns the day before t and true where t is midnight sharp.
func endOfDay(t time.Time) (time.Time, bool) {
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.AddDate(0, 0, -1), true
	}
	return t, false
}

// partOfDay names the part of the day that an hour lies in.
func partOfDay(hour int) string {
	switch {
	case hour < 5:
		return "凌晨"
	case hour < 12:
		return "早上"
	case hour < 18:
		return "下午"
	default:
		return "晚上"
	}
}

func clockChinese(t, now time.Time) string {
	clock := fmt.Sprintf(" %d:%02d", t.Hour(), t.Minute())
	hour := t.Hour()
	if before, midnight := endOfDay(t); midnight && t.After(now) {
		t, hour, clock = before, 24, " 24:00"
	}
	// near names a day by a short word for its morning and evening.
	near := func(day, morning, evening string) string {
		switch {
		case hour < 5:
			return day + "凌晨" + clock
		case hour < 12:
			return morning + clock
		case hour >= 18:
			return evening + clock
		default:
			return day + clock
		}
	}
	switch n := days(t, now); {
	case n == 0 && hour == 24:
		return "今晚" + clock
	case n == 0:
		return near("今天", "今天", "今天")
	case n == 1:
		return near("明天", "明早", "明晚")
	case n == -1:
		return near("昨天", "昨天", "昨晚")
	case n > 1 && n < 7:
		return weekChinese(t, now) + clock
	case t.Year() == now.Year():
		return fmt.Sprintf("%d月%d日", t.Month(), t.Day()) + clock
	default:
		return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day()) + clock
	}
}

// weekChinese names a day of the coming week: 周三, or 下周三 from Monday on.
func weekChinese(t, now time.Time) string {
	name := "周" + string([]rune("日一二三四五六")[t.Weekday()])
	if _, week := t.ISOWeek(); week != isoWeek(now) {
		return "下" + name
	}
	return name
}

func isoWeek(t time.Time) int {
	_, week := t.ISOWeek()
	return week
}

func clockEnglish(t, now time.Time) string {
	clock := fmt.Sprintf("%d:%02d", t.Hour(), t.Minute())
	if before, midnight := endOfDay(t); midnight && t.After(now) {
		t, clock = before, "midnight"
	}
	switch n := days(t, now); {
	case n == 0 && clock == "midnight":
		return "midnight tonight"
	case n == 0:
		return clock + " today"
	case n == 1:
		return clock + " tomorrow"
	case n == -1:
		return clock + " yesterday"
	case n > 1 && n < 7:
		return clock + " on " + t.Weekday().String()
	case t.Year() == now.Year():
		return fmt.Sprintf("%s on %d %s", clock, t.Day(), t.Month())
	default:
		return fmt.Sprintf("%s on %d %s %d", clock, t.Day(), t.Month(), t.Year())
	}
}
