package table

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// followers reads a count as people write it: 1,200 or 1.2万.
func followers(s string) (int64, error) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", "")
	if s == "" {
		return 0, nil
	}
	unit := 1.0
	for _, u := range []struct {
		suffix string
		n      float64
	}{{"万", 1e4}, {"亿", 1e8}, {"w", 1e4}, {"k", 1e3}} {
		if rest, ok := strings.CutSuffix(strings.ToLower(s), u.suffix); ok {
			s, unit = rest, u.n
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(n) || n < 0 || n*unit > 1e12 {
		return 0, errors.New("followers is no number of people")
	}
	return int64(math.Round(n * unit)), nil
}

// layouts are how times are written; the first that fits counts. Those without
// a zone are in the reader's.
var layouts = [...]string{
	time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", "2006-1-2 15:04:05", "2006-1-2 15:04", "2006-1-2",
	"2006/1/2 15:04:05", "2006/1/2 15:04", "2006/1/2", "2006.1.2 15:04:05", "2006.1.2 15:04", "2006.1.2", "2006年1月2日 15:04:05", "2006年1月2日 15:04",
	"2006年1月2日15:04:05", "2006年1月2日15:04", "2006年1月2日 15时04分05秒", "2006年1月2日 15时04分", "2006年1月2日", "20060102150405", "20060102 15:04:05", "20060102",
	time.RFC1123Z, time.RFC1123, "Jan 2, 2006", "2 Jan 2006", "Jan 2, 2006 15:04",
}

// Excel counts days from 1899-12-30.
const (
	excelFrom = 20_000 // 1954
	excelTo   = 80_000 // 2119
)

// instant reads a time; zero where there is none. Numbers are Excel's days or
// Unix time in seconds or milliseconds.
func instant(s string, zone *time.Location) (time.Time, error) {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return plausible(t, s)
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
	case n >= excelFrom && n < excelTo:
		days := math.Floor(n)
		seconds := math.Round((n - days) * 86400)
		return plausible(time.Date(1899, 12, 30, 0, 0, 0, 0, zone).AddDate(0, 0, int(days)).Add(time.Duration(seconds)*time.Second), s)
	case n >= 1e8 && n < 1e10:
		return plausible(time.Unix(int64(n), 0), s)
	case n >= 1e11 && n < 1e13:
		return plausible(time.UnixMilli(int64(n)), s)
	}
	return time.Time{}, fmt.Errorf("the time %q cannot be read: write it as 2026-03-01 09:30", cut(s, 40))
}

func plausible(t time.Time, s string) (time.Time, error) {
	if t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}, fmt.Errorf("the time %q lies outside of all years that can be meant", cut(s, 40))
	}
	return t.UTC(), nil
}
