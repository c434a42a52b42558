package desk

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	spanPattern  = regexp.MustCompile(`^(\d{1,4})\s*(小时|分钟|分|天|hours|hour|h|minutes|minute|min|m|days|day|d)(?:\s*(?:后|以后|later))?`)
	clockPattern = regexp.MustCompile(`^(今天|今晚|明天|明早|明晚|后天|tomorrow|today)?\s*(上午|早上|下午|晚上)?\s*(\d{1,2})(?:[:：点](\d{1,2}|半)?)?(?:分)?`)
)

// readWhen reads a time as people write it (2h, 30 分钟, 明天9点, 15:30) and
// returns what follows as a note. now is in the brand's time zone.
func readWhen(text string, now time.Time) (at time.Time, note string, ok bool) {
	text = strings.TrimSpace(text)
	lower := strings.ToLower(text)
	if m := spanPattern.FindStringSubmatch(lower); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return time.Time{}, "", false
		}
		unit := time.Minute
		switch m[2] {
		case "小时", "hours", "hour", "h":
			unit = time.Hour
		case "天", "days", "day", "d":
			unit = 24 * time.Hour
		}
		return now.Add(time.Duration(n) * unit), strings.TrimSpace(text[len(m[0]):]), n > 0
	}
	m := clockPattern.FindStringSubmatch(lower)
	if m == nil || m[1] == "" && !strings.ContainsAny(m[0], ":：点") {
		return time.Time{}, "", false
	}
	at, ok = clockOf(m, now)
	return at, strings.TrimSpace(text[len(m[0]):]), ok
}

// clockOf turns a match of clockPattern into a time. A clock time that has
// passed today means tomorrow, unless a day was named.
func clockOf(m []string, now time.Time) (time.Time, bool) {
	hour, err := strconv.Atoi(m[3])
	if err != nil || hour > 23 {
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
	evening := m[2] == "下午" || m[2] == "晚上" || m[1] == "今晚" || m[1] == "明晚"
	days := 0
	switch {
	case evening && hour < 12:
		hour += 12
	case hour == 12 && (m[2] == "晚上" || m[1] == "今晚" || m[1] == "明晚"):
		hour, days = 0, 1 // twelve at night is the day's end
	}
	switch m[1] {
	case "明天", "明早", "明晚", "tomorrow":
		days++
	case "后天":
		days += 2
	}
	at := time.Date(now.Year(), now.Month(), now.Day()+days, hour, minute, 0, 0, now.Location())
	if m[1] == "" && !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at, true
}
