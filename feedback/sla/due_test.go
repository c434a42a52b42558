package sla

import (
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

func TestDue(t *testing.T) {
	loc := zone(t, "Asia/Shanghai")
	h := hours(t, "mon-sun 09:00-21:00")
	for _, tc := range []struct {
		priority   feedback.Priority
		targets    Targets
		from, want string
	}{
		{feedback.P0, nil, "2026-11-02 23:00", "2026-11-02 23:10"},
		{feedback.P1, nil, "2026-11-02 23:00", "2026-11-03 09:30"},
		{feedback.P2, nil, "2026-11-02 20:00", "2026-11-03 10:00"},
		{feedback.P3, nil, "2026-11-02 09:00", "2026-11-03 21:00"},
		{feedback.P2, Targets{feedback.P2: 15 * time.Minute}, "2026-11-02 20:00", "2026-11-02 20:15"},
		{feedback.P1, Targets{feedback.P2: 15 * time.Minute}, "2026-11-02 20:00", "2026-11-02 20:30"},
	} {
		if got, want := Due(h, tc.targets, tc.priority, at(t, loc, tc.from)), at(t, loc, tc.want); !got.Equal(want) {
			t.Errorf("%v from %s: due %v, want %v", tc.priority, tc.from, got, want)
		}
	}
}

func TestPauseAndResume(t *testing.T) {
	loc := zone(t, "Asia/Shanghai")
	h := hours(t, "mon-sun 09:00-21:00")
	due := Due(h, nil, feedback.P2, at(t, loc, "2026-11-02 19:30")) // 21:00 is 90 minutes later
	if want := at(t, loc, "2026-11-03 09:30"); !due.Equal(want) {
		t.Fatalf("due %v, want %v", due, want)
	}
	left := Pause(h, due, at(t, loc, "2026-11-02 20:45"))
	if left != 45*time.Minute {
		t.Errorf("left %v, want 45m", left)
	}
	if got, want := Resume(h, left, at(t, loc, "2026-11-03 23:00")), at(t, loc, "2026-11-04 09:45"); !got.Equal(want) {
		t.Errorf("resumed: due %v, want %v", got, want)
	}
	late := at(t, loc, "2026-11-04 12:00")
	if left := Pause(h, due, late); left != 0 {
		t.Errorf("overdue: left %v, want 0", left)
	}
	if got := Resume(h, 0, late); !got.Equal(late) {
		t.Errorf("overdue: due %v, want at once", got)
	}
}

func TestPromise(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	for _, tc := range []struct{ due, now, want string }{
		{"2026-11-02 15:22", "2026-11-02 13:22", "2026-11-02 15:30"},
		{"2026-11-02 15:30", "2026-11-02 13:30", "2026-11-02 15:30"},
		{"2026-11-02 15:31", "2026-11-02 13:31", "2026-11-02 15:45"},
		{"2026-11-02 23:50", "2026-11-02 23:40", "2026-11-03 00:00"},
		{"2026-11-02 14:12", "2026-11-02 14:12", "2026-11-02 14:30"}, // 14:15 would be said and broken in one breath
		{"2026-11-02 10:00", "2026-11-02 12:00", "2026-11-02 12:15"}, // overdue
	} {
		if got, want := Promise(at(t, shanghai, tc.due), at(t, shanghai, tc.now)), at(t, shanghai, tc.want); !got.Equal(want) {
			t.Errorf("Promise(%s, %s) = %v, want %v", tc.due, tc.now, got, want)
		}
	}
	kathmandu := zone(t, "Asia/Kathmandu") // 5:45 from UTC: quarters of the wall clock, not of UTC
	due := at(t, kathmandu, "2026-11-02 15:22")
	if got, want := Promise(due, due.Add(-time.Hour)), at(t, kathmandu, "2026-11-02 15:30"); !got.Equal(want) {
		t.Errorf("in Kathmandu: %v, want %v", got, want)
	}
	if got := Promise(due, time.Time{}); got.Location() != kathmandu {
		t.Errorf("the promise is in %v", got.Location())
	}
}

func FuzzPromise(f *testing.F) {
	f.Add(int64(1_770_000_000), int64(1_770_000_100), uint16(0))
	f.Fuzz(func(t *testing.T, due, now int64, offset uint16) {
		const century = 100 * 366 * 24 * 3600
		loc := time.FixedZone("", int(offset%28-14)*1800)
		at := Promise(time.Unix(due%century, 0).In(loc), time.Unix(now%century, 0))
		if at.Unix() < due%century || at.Unix() < now%century+300 {
			t.Fatalf("promise %v is too early", at)
		}
		if at.Minute()%15 != 0 || at.Second() != 0 {
			t.Fatalf("promise %v is no quarter of an hour", at)
		}
	})
}
