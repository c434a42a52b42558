package sla

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault is what is wrong with a line of opening hours.
type Fault string

// The faults of a line.
const (
	FaultEmpty Fault = "empty" // nothing is written
	FaultDay   Fault = "day"   // Word is no day
	FaultTimes Fault = "times" // days without times
	FaultTime  Fault = "time"  // Word is no time of day
	FaultSpan  Fault = "span"  // Word is no span of two times
	FaultSame  Fault = "same"  // Word opens and closes at once
)

// HoursError is one line of opening hours that cannot be read. Line counts
// from 0. Its text says what to write instead.
type HoursError struct {
	Line  int
	Fault Fault
	Word  string
}

// Error says what to write instead.
func (e *HoursError) Error() string {
	const form = `write days and times, such as "mon-fri 09:00-12:00 13:00-18:00"`
	switch e.Fault {
	case FaultDay:
		return fmt.Sprintf("%q is no day: write mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, or daily", e.Word)
	case FaultTimes:
		return "times are missing: " + form
	case FaultTime:
		return fmt.Sprintf("%q is no time of day: write it from 00:00 to 24:00", e.Word)
	case FaultSpan:
		return fmt.Sprintf("%q is no span of time: write it like 09:00-21:00", e.Word)
	case FaultSame:
		return fmt.Sprintf("%q opens and closes at the same time: write 00:00-24:00 for the whole day", e.Word)
	default:
		return "the line is empty: " + form
	}
}

const maxWord = 40 // runes of a wrong word that an error repeats

// ParseHours reads weekly opening hours, a line each: days, then one or more
// spans of the clock.
//
//	mon-sun 09:00-21:00
//	mon-fri 09:00-12:00 13:00-18:00
//	sat,sun 10:00-24:00
//	fri 22:00-02:00          (until Saturday 02:00)
//	周一至周五 9:00-18:00
//
// Lines add up. No lines mean always open. The error is a *HoursError about the
// first line that cannot be read.
func ParseHours(lines []string) (Hours, error) {
	var spans []span
	for i, line := range lines {
		parsed, err := parseLine(line)
		if err != nil {
			err.Line = i
			return Hours{}, err
		}
		spans = append(spans, parsed...)
	}
	return newHours(spans), nil
}

// parseLine reads one line. Its error is nil where all is well.
func parseLine(line string) ([]span, *HoursError) {
	words := strings.Fields(plain(line))
	if len(words) == 0 {
		return nil, &HoursError{Fault: FaultEmpty}
	}
	days, err := parseDays(words[0])
	if err != nil {
		return nil, err
	}
	if len(words) == 1 {
		return nil, &HoursError{Fault: FaultTimes}
	}
	var spans []span
	for _, word := range words[1:] {
		s, err := parseSpan(word)
		if err != nil {
			return nil, err
		}
		for day, open := range days {
			if open {
				spans = append(spans, span{day*minutesPerDay + s.from, day*minutesPerDay + s.to})
			}
		}
	}
	return spans, nil
}

// plain writes the full-width and Chinese forms of punctuation as ASCII, drops
// spaces around ranges and lists, and lowers the case.
func plain(line string) string {
	s := strings.NewReplacer(
		"：", ":", "，", ",", "、", ",", "；", ",", ";", ",", "　", " ",
		"－", "-", "–", "-", "—", "-", "~", "-", "～", "-", "至", "-", "到", "-",
	).Replace(strings.ToLower(line))
	for _, mark := range []string{"-", ","} {
		for strings.Contains(s, " "+mark) || strings.Contains(s, mark+" ") {
			s = strings.ReplaceAll(strings.ReplaceAll(s, " "+mark, mark), mark+" ", mark)
		}
	}
	return s
}

// parseDays reads a list of days and ranges of days; index 0 is Monday. A range
// may wrap: fri-mon.
func parseDays(word string) (days [7]bool, fault *HoursError) {
	for part := range strings.SplitSeq(word, ",") {
		if part == "daily" || part == "每天" || part == "天天" {
			part = "mon-sun"
		}
		first, last, ranged := strings.Cut(part, "-")
		from, ok := dayNumber(first)
		if !ok {
			return days, &HoursError{Fault: FaultDay, Word: clip(first)}
		}
		to := from
		if ranged {
			if to, ok = dayNumber(last); !ok {
				return days, &HoursError{Fault: FaultDay, Word: clip(last)}
			}
		}
		for day := from; ; day = (day + 1) % 7 {
			days[day] = true
			if day == to {
				break
			}
		}
	}
	return days, nil
}

// dayNumber returns the number of a day's name, 0 for Monday.
func dayNumber(name string) (int, bool) {
	english := []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	for i, day := range english {
		if len(name) >= 3 && strings.HasPrefix(day, name) {
			return i, true
		}
	}
	for _, prefix := range []string{"星期", "礼拜", "周"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
			break
		}
	}
	chinese := []string{"一", "二", "三", "四", "五", "六", "日"}
	for i, day := range chinese {
		if name == day {
			return i, true
		}
	}
	return 6, name == "天"
}

// parseSpan reads 09:00-21:00. One that ends before it begins ends on the
// following day.
func parseSpan(word string) (span, *HoursError) {
	first, last, ok := strings.Cut(word, "-")
	if !ok {
		return span{}, &HoursError{Fault: FaultSpan, Word: clip(word)}
	}
	from, ok := parseClock(first)
	if !ok || from == minutesPerDay {
		return span{}, &HoursError{Fault: FaultTime, Word: clip(first)}
	}
	to, ok := parseClock(last)
	if !ok {
		return span{}, &HoursError{Fault: FaultTime, Word: clip(last)}
	}
	if from == to {
		return span{}, &HoursError{Fault: FaultSame, Word: clip(word)}
	}
	if to < from {
		to += minutesPerDay
	}
	return span{from, to}, nil
}

// parseClock reads 9:00, 09:00 or 24:00 as minutes of a day.
func parseClock(s string) (int, bool) {
	hour, minute, ok := strings.Cut(s, ":")
	if !ok || len(hour) < 1 || len(hour) > 2 || len(minute) != 2 {
		return 0, false
	}
	h, errH := strconv.ParseUint(hour, 10, 8)
	m, errM := strconv.ParseUint(minute, 10, 8)
	total := int(h)*60 + int(m)
	if errH != nil || errM != nil || m > 59 || total > minutesPerDay {
		return 0, false
	}
	return total, true
}

// clip bounds what an error repeats.
func clip(word string) string {
	if utf8.RuneCountInString(word) <= maxWord {
		return word
	}
	return string([]rune(word)[:maxWord]) + "…"
}
