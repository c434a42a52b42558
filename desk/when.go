package desk

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	spanPattern  = regexp.MustCompile(`(?i)^(?:(\d{1,4}|[一二两三四五六七八九十])\s*个?(半)?|(半)\s*个?)\s*(小时|钟头|分钟|分|天|hours?|hrs?|h|minutes?|mins?|m|days?|d)(半)?`)
	laterPattern = regexp.MustCompile(`(?i)^\s*(?:后|以后|之后|later)`)
	clockPattern = regexp.MustCompile(`(?i)^(今天|今晚|明天|明早|明晚|后天|tomorrow|today)?\s*(?:at\s+)?(上午|早上|下午|晚上)?\s*(\d{1,2})(?:[:：点](\d{1,2}|半)?)?(?:分)?\s*(am\b|pm\b)?`)
)

// spanUnits are the units of a length of time.
var spanUnits = map[string]time.Duration{
	"小时": time.Hour, "钟头": time.Hour, "hours": time.Hour, "hour": time.Hour, "hrs": time.Hour, "hr": time.Hour, "h": time.Hour,
	"分钟": time.Minute, "分": time.Minute, "minutes": time.Minute, "minute": time.Minute, "mins": time.Minute, "min": time.Minute, "m": time.Minute,
	"天": 24 * time.Hour, "days": 24 * time.Hour, "day": 24 * time.Hour, "d": 24 * time.Hour,
}

// readWhen reads a time as people write it (2h, 1 小时 30 分, 半小时, 明天9点,
// tomorrow 3pm, 15:30) and returns what follows as a note. now is in the brand's
// time zone. A time of today that was named as such may have passed.
func readWhen(text string, now time.Time) (at time.Time, note string, ok bool) {
	text = strings.TrimSpace(text)
	if span, rest := readSpan(text); span > 0 {
		return now.Add(span), strings.TrimSpace(rest), true
	}
	m := clockPattern.FindStringSubmatch(text)
	if m == nil || m[1] == "" && m[5] == "" && !strings.ContainsAny(m[0], ":：点") {
		return time.Time{}, "", false
	}
	at, ok = clockOf(m, now)
	return at, strings.TrimSpace(text[len(m[0]):]), ok
}

// readSpan reads a length of time in units that grow smaller, and returns what
// follows it; 0 where text begins with none.
func readSpan(text string) (span time.Duration, rest string) {
	for smallest := time.Duration(0); ; {
		m := spanPattern.FindStringSubmatch(text)
		if m == nil {
			break
		}
		unit := spanUnits[strings.ToLower(m[4])]
		next, _ := utf8.DecodeRuneInString(text[len(m[0]):])
		// 3 months are no 3 minutes.
		if unit == 0 || m[4][0] < utf8.RuneSelf && unicode.IsLetter(next) && next < utf8.RuneSelf || smallest != 0 && unit >= smallest {
			break
		}
		length := time.Duration(countOf(m[1])) * unit
		if m[2] != "" || m[3] != "" || m[5] != "" {
			length += unit / 2
		}
		span, smallest, text = span+length, unit, strings.TrimLeftFunc(text[len(m[0]):], unicode.IsSpace)
	}
	if span == 0 {
		return 0, text
	}
	return span, text[len(laterPattern.FindString(text)):]
}

// countOf reads a number in digits or a small one in Chinese; 0 where there is
// none.
func countOf(s string) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	if s == "两" {
		return 2
	}
	for i, r := range []rune("一二三四五六七八九十") {
		if s == string(r) {
			return i + 1
		}
	}
	return 0
}

// clockOf turns a match of clockPattern into a time. A clock time that has
// passed today means tomorrow, unless a day was named.
func clockOf(m []string, now time.Time) (time.Time, bool) {
	hour, err := strconv.Atoi(m[3])
	half := strings.ToLower(m[5])
	if err != nil || hour > 23 || half != "" && (hour == 0 || hour > 12) {
		return time.Time{}, false
	}
	minute := 0
	if m[4] == "半" {
		minute = 30
	} else if m[4] != "" {
		if minute, err = strconv.Atoi(m[4]); err != nil || minute > 59 {
			return time.Time{}, false
		}
	}
	evening := m[2] == "下午" || m[2] == "晚上" || m[1] == "今晚" || m[1] == "明晚" || half == "pm"
	days := 0
	switch {
	case evening && hour < 12:
		hour += 12
	case hour == 12 && (m[2] == "晚上" || m[1] == "今晚" || m[1] == "明晚"):
		hour, days = 0, 1 // twelve at night is the day's end
	case hour == 12 && half == "am":
		hour = 0
	}
	day := strings.ToLower(m[1])
	switch day {
	case "明天", "明早", "明晚", "tomorrow":
		days++
	case "后天":
		days += 2
	}
	at := time.Date(now.Year(), now.Month(), now.Day()+days, hour, minute, 0, 0, now.Location())
	if day == "" && !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at, true
}
