package sla

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tables, wherever the tests run
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func hours(t testing.TB, lines ...string) Hours {
	t.Helper()
	h, err := ParseHours(lines)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// at reads "2026-03-02 15:04", with an offset behind it where the clock shows
// that time twice.
func at(t testing.TB, loc *time.Location, s string) time.Time {
	t.Helper()
	if parsed, err := time.Parse("2006-01-02 15:04 -0700", s); err == nil {
		return parsed.In(loc)
	}
	parsed, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestAdd(t *testing.T) {
	week := []string{"mon-fri 09:00-12:00 13:00-18:00", "sat 10:00-14:00"}
	for _, tc := range []struct {
		name  string
		lines []string
		zone  string
		from  string
		add   time.Duration
		want  string
	}{
		{"always open", nil, "Asia/Shanghai", "2026-11-02 23:50", 30 * time.Minute, "2026-11-03 00:20"},
		{"within an opening", week, "Asia/Shanghai", "2026-11-02 09:10", 30 * time.Minute, "2026-11-02 09:40"},
		{"up to the closing moment", week, "Asia/Shanghai", "2026-11-02 11:00", time.Hour, "2026-11-02 12:00"},
		{"over lunch", week, "Asia/Shanghai", "2026-11-02 11:50", 30 * time.Minute, "2026-11-02 13:20"},
		{"from lunch", week, "Asia/Shanghai", "2026-11-02 12:30", 30 * time.Minute, "2026-11-02 13:30"},
		{"from the closing moment", week, "Asia/Shanghai", "2026-11-02 18:00", time.Minute, "2026-11-03 09:01"},
		{"over night", week, "Asia/Shanghai", "2026-11-02 17:30", time.Hour, "2026-11-03 09:30"},
		{"over the weekend", week, "Asia/Shanghai", "2026-11-07 13:30", time.Hour, "2026-11-09 09:30"},
		{"a whole week", week, "Asia/Shanghai", "2026-11-02 09:00", 44 * time.Hour, "2026-11-07 14:00"},
		{"a minute more than a week", week, "Asia/Shanghai", "2026-11-02 09:00", 44*time.Hour + time.Minute, "2026-11-09 09:01"},
		{"night shift across midnight", []string{"daily 22:00-02:00"}, "Asia/Shanghai", "2026-11-02 23:30", time.Hour, "2026-11-03 00:30"},
		{"night shift, next night", []string{"daily 22:00-02:00"}, "Asia/Shanghai", "2026-11-03 01:30", time.Hour, "2026-11-03 22:30"},
		{"night shift across the week's end", []string{"sun 22:00-02:00"}, "Asia/Shanghai", "2026-11-09 01:30", time.Hour, "2026-11-15 22:30"},
		{"until midnight", []string{"sat,sun 10:00-24:00"}, "Asia/Shanghai", "2026-11-07 23:30", time.Hour, "2026-11-08 10:30"},
		{"nothing", week, "Asia/Shanghai", "2026-11-02 20:00", 0, "2026-11-02 20:00"},
		{"less than nothing", week, "Asia/Shanghai", "2026-11-02 20:00", -time.Hour, "2026-11-02 20:00"},

		{"the clock jumps forward inside an opening", []string{"daily 00:00-06:00"}, "Europe/Berlin", "2026-03-29 01:30", time.Hour, "2026-03-29 03:30"},
		{"the clock turns back inside an opening", []string{"daily 00:00-06:00"}, "Europe/Berlin", "2026-10-25 01:30", 2 * time.Hour, "2026-10-25 02:30 +0100"},
		{"an opening at a time that is jumped over", []string{"daily 02:30-06:00"}, "Europe/Berlin", "2026-03-29 00:00", time.Hour, "2026-03-29 04:00"},
		{"a closing at a time that is jumped over", []string{"daily 01:00-02:30"}, "Europe/Berlin", "2026-03-29 01:00", 2 * time.Hour, "2026-03-30 02:00"},
		{"an opening that is jumped over as a whole", []string{"daily 02:00-03:00"}, "Europe/Berlin", "2026-03-29 00:00", time.Hour, "2026-03-30 03:00"},
		{"an opening at a time shown twice", []string{"daily 02:30-06:00"}, "Europe/Berlin", "2026-10-25 00:00", time.Hour, "2026-10-25 02:30 +0100"},
		{"a closing at a time shown twice", []string{"daily 01:00-02:30"}, "Europe/Berlin", "2026-10-25 01:00", 2 * time.Hour, "2026-10-26 01:30"},
		{"midnight is jumped over", []string{"daily 00:00-12:00"}, "America/Santiago", "2026-09-05 23:00", time.Hour, "2026-09-06 02:00"},
		{"a half hour's jump", []string{"daily 00:00-06:00"}, "Australia/Lord_Howe", "2026-10-04 01:30", time.Hour, "2026-10-04 03:00"},
		{"a day that never was", []string{"daily 09:00-10:00"}, "Pacific/Apia", "2011-12-29 09:30", time.Hour, "2011-12-31 09:30"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			loc, h := zone(t, tc.zone), hours(t, tc.lines...)
			from, want := at(t, loc, tc.from), at(t, loc, tc.want)
			got := h.Add(from, tc.add)
			if !got.Equal(want) {
				t.Errorf("Add(%v, %v) = %v, want %v", from, tc.add, got, want)
			}
			if got.Location() != loc {
				t.Errorf("the result is in %v, not in %v", got.Location(), loc)
			}
		})
	}
}

func TestOpenings(t *testing.T) {
	loc := zone(t, "Asia/Shanghai")
	h := hours(t, "mon-fri 09:00-12:00 13:00-18:00", "fri 22:00-02:00")
	for _, tc := range []struct {
		at, next, opening, last string
		open                    bool
	}{
		{"2026-11-02 08:59", "2026-11-02 09:00", "2026-11-02 09:00", "2026-10-31 02:00", false},
		{"2026-11-02 09:00", "2026-11-02 09:00", "2026-11-02 13:00", "2026-10-31 02:00", true},
		{"2026-11-02 12:00", "2026-11-02 13:00", "2026-11-02 13:00", "2026-11-02 12:00", false},
		{"2026-11-02 13:00", "2026-11-02 13:00", "2026-11-03 09:00", "2026-11-02 12:00", true},
		{"2026-11-06 23:00", "2026-11-06 23:00", "2026-11-09 09:00", "2026-11-06 18:00", true},
		{"2026-11-07 01:00", "2026-11-07 01:00", "2026-11-09 09:00", "2026-11-06 18:00", true},
		{"2026-11-07 02:00", "2026-11-09 09:00", "2026-11-09 09:00", "2026-11-07 02:00", false},
	} {
		now := at(t, loc, tc.at)
		if got := h.Open(now); got != tc.open {
			t.Errorf("Open(%s) = %v", tc.at, got)
		}
		for name, pair := range map[string][2]time.Time{
			"NextOpen":    {h.NextOpen(now), at(t, loc, tc.next)},
			"NextOpening": {h.NextOpening(now), at(t, loc, tc.opening)},
			"LastClose":   {h.LastClose(now), at(t, loc, tc.last)},
		} {
			if !pair[0].Equal(pair[1]) {
				t.Errorf("%s(%s) = %v, want %v", name, tc.at, pair[0], pair[1])
			}
		}
	}
}

func TestAlwaysOpen(t *testing.T) {
	now := at(t, zone(t, "Asia/Shanghai"), "2026-11-02 03:00")
	for _, h := range []Hours{{}, hours(t, "mon-sun 00:00-24:00"), hours(t, "mon-thu 00:00-24:00", "fri-sun 00:00-12:00 11:00-24:00"), hours(t, "daily 09:00-08:00", "daily 08:00-09:00")} {
		if !h.Always() || !h.Open(now) || !h.NextOpen(now).Equal(now) {
			t.Errorf("%+v is not always open", h)
		}
		if !h.NextOpening(now).IsZero() || !h.LastClose(now).IsZero() {
			t.Errorf("%+v opens or closes", h)
		}
		if got := h.Between(now, now.Add(50*time.Hour)); got != 50*time.Hour {
			t.Errorf("Between = %v", got)
		}
	}
}

// randomHours returns hours made of a few spans; they may touch, overlap and
// wrap.
func randomHours(rng *rand.Rand) Hours {
	var spans []span
	for range 1 + rng.IntN(6) {
		from := rng.IntN(minutesPerWeek/15) * 15
		spans = append(spans, span{from, from + 15*(1+rng.IntN(80))})
	}
	return newHours(spans)
}

// TestAgainstCounting compares the arithmetic with counting minutes one by one
// on weeks with and without a change of the clock.
func TestAgainstCounting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	starts := []time.Time{
		at(t, zone(t, "Asia/Shanghai"), "2026-11-04 00:00"),
		at(t, zone(t, "Europe/Berlin"), "2026-03-26 00:00"),
		at(t, zone(t, "Europe/Berlin"), "2026-10-22 00:00"),
		at(t, zone(t, "Australia/Lord_Howe"), "2026-04-02 00:00"),
		at(t, zone(t, "America/Santiago"), "2026-09-03 00:00"),
	}
	for round := range 60 {
		h, start := randomHours(rng), starts[round%len(starts)]
		from := start.Add(time.Duration(rng.IntN(2*24*60)) * time.Minute)
		to := from.Add(time.Duration(rng.IntN(6*24*60)) * time.Minute)
		var counted time.Duration
		for m := from; m.Before(to); m = m.Add(time.Minute) {
			if h.Open(m) {
				counted += time.Minute
			}
		}
		if got := h.Between(from, to); got != counted {
			t.Fatalf("%v: Between(%v, %v) = %v, counted %v", h, from, to, got, counted)
		}
	}
}

func TestProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	locs := []*time.Location{zone(t, "Asia/Shanghai"), zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "Australia/Lord_Howe")}
	for range 3000 {
		h, loc := randomHours(rng), locs[rng.IntN(len(locs))]
		from := time.Unix(1_770_000_000+rng.Int64N(366*24*3600), rng.Int64N(1e9)).In(loc)
		d := time.Duration(1 + rng.Int64N(int64(100*time.Hour)))
		e := time.Duration(1 + rng.Int64N(int64(100*time.Hour)))
		due := h.Add(from, d)
		if due.Before(from.Add(d)) {
			t.Fatalf("%v: Add(%v, %v) = %v: less than the clock time", h, from, d, due)
		}
		if got := h.Between(from, due); got != d {
			t.Fatalf("%v: Between(%v, Add(…, %v)) = %v", h, from, d, got)
		}
		if step := h.Add(due, e); !step.Equal(h.Add(from, d+e)) {
			t.Fatalf("%v: %v from %v in two steps ends at %v, in one at %v", h, d+e, from, step, h.Add(from, d+e))
		}
		if h.Between(from, due.Add(-time.Nanosecond)) >= d {
			t.Fatalf("%v: %v is not the earliest time %v after %v", h, due, d, from)
		}
		next := h.NextOpen(from)
		if !h.Open(next) || next.Before(from) || h.Between(from, next) != 0 {
			t.Fatalf("%v: NextOpen(%v) = %v", h, from, next)
		}
		if h.Always() {
			continue
		}
		last := h.LastClose(from)
		if h.Open(last) || last.After(from) || last.IsZero() {
			t.Fatalf("%v: LastClose(%v) = %v", h, from, last)
		}
		if opening := h.NextOpening(from); !opening.After(from) || h.Open(opening.Add(-time.Nanosecond)) || !h.Open(opening) {
			t.Fatalf("%v: NextOpening(%v) = %v", h, from, opening)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	h, loc := hours(b, "mon-fri 09:00-12:00 13:00-18:00", "sat 10:00-14:00"), zone(b, "Asia/Shanghai")
	from := at(b, loc, "2026-11-02 17:30")
	b.ReportAllocs()
	for b.Loop() {
		h.Add(from, 24*time.Hour)
	}
}
