package feed

import (
	"strings"
	"time"
)

// unzoned are the layouts in which no zone is named; gofeed would take them for
// UTC.
var unzoned = [...]string{
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02",
	"2006/01/02 15:04:05", "2006/01/02 15:04", "2006/1/2 15:04:05", "2006/1/2 15:04", "2006/1/2",
	"2006年1月2日 15:04:05", "2006年1月2日 15:04", "2006年1月2日15:04", "2006年1月2日",
	"Mon, 02 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04:05",
}

// dateOf returns when an entry says it was written: the source's own words,
// read in the zone of its readers where they name none. Zero where nothing
// plausible is said.
func dateOf(said string, parsed *time.Time, zone *time.Location) time.Time {
	said = strings.TrimSpace(said)
	var t time.Time
	if parsed != nil {
		t = *parsed
	}
	for _, layout := range unzoned {
		if at, err := time.ParseInLocation(layout, said, zone); err == nil {
			t = at
			break
		}
	}
	// CST is China's as well as Chicago's: it means the readers'.
	if parsed != nil && strings.Contains(said, "CST") {
		if name, _ := t.In(zone).Zone(); name == "CST" {
			wall := t.UTC().Add(-6 * time.Hour) // gofeed took it for Chicago's
			t = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
		}
	}
	if t.IsZero() || t.Year() < 1995 {
		return time.Time{}
	}
	return t.UTC()
}
