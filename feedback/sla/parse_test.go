package sla

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseHours(t *testing.T) {
	same := [][]string{
		{"mon-fri 09:00-18:00"},
		{"Mon-Fri 9:00-18:00"},
		{"monday-friday 09:00 - 18:00"},
		{"周一-周五 09:00-18:00"},
		{"周一至周五 9：00－18：00"},
		{"星期一到星期五　09:00～18:00"},
		{"mon,tue,wed-fri 09:00-18:00"},
		{"周一、周二，礼拜三-周五 09:00–18:00"},
		{"mon-fri 09:00-12:00 12:00-18:00"},
		{"mon-wed 09:00-18:00", "thu, fri 09:00-18:00"},
		{"mon-fri 09:00-18:00", "tue 10:00-11:00"},
	}
	want := hours(t, same[0]...)
	for _, lines := range same[1:] {
		if got := hours(t, lines...); !reflect.DeepEqual(got, want) {
			t.Errorf("%q = %v, want %v", lines, got, want)
		}
	}
	if a, b := hours(t, "fri-mon 22:00-02:00"), hours(t, "fri,sat,sun,mon 22:00-24:00", "sat,sun,mon,tue 00:00-02:00"); !reflect.DeepEqual(a, b) {
		t.Errorf("wrapped: %v and %v", a, b)
	}
	if a, b := hours(t, "每天 09:00-21:00"), hours(t, "mon-sun 09:00-21:00"); !reflect.DeepEqual(a, b) {
		t.Errorf("daily: %v and %v", a, b)
	}
	if h := hours(t); !h.Always() {
		t.Error("no lines: not always open")
	}
}

func TestParseHoursErrors(t *testing.T) {
	for _, tc := range []struct {
		line  string
		fault Fault
		word  string
	}{
		{"", FaultEmpty, ""},
		{"   ", FaultEmpty, ""},
		{"mo-fri 09:00-18:00", FaultDay, "mo"},
		{"mon-fry 09:00-18:00", FaultDay, "fry"},
		{"周八 09:00-18:00", FaultDay, "周八"},
		{"09:00-18:00", FaultDay, "09:00"},
		{"mon- 09:00-18:00", FaultDay, "09:00-18:00"},
		{"mon-fri", FaultTimes, ""},
		{"mon-fri 9-18", FaultTime, "9"},
		{"mon-fri 09:00-25:00", FaultTime, "25:00"},
		{"mon-fri 09:00-24:01", FaultTime, "24:01"},
		{"mon-fri 24:00-09:00", FaultTime, "24:00"},
		{"mon-fri 09:60-18:00", FaultTime, "09:60"},
		{"mon-fri 09:0-18:00", FaultTime, "09:0"},
		{"mon-fri +9:00-18:00", FaultTime, "+9:00"},
		{"mon-fri 09:00", FaultSpan, "09:00"},
		{"mon-fri 09:00-09:00", FaultSame, "09:00-09:00"},
		{"mon-fri " + strings.Repeat("长", 100), FaultSpan, strings.Repeat("长", 40) + "…"},
	} {
		_, err := ParseHours([]string{"daily 09:00-21:00", tc.line})
		var he *HoursError
		if !errors.As(err, &he) {
			t.Errorf("%q: error %v", tc.line, err)
			continue
		}
		if he.Fault != tc.fault || he.Word != tc.word || he.Line != 1 {
			t.Errorf("%q: %+v, want fault %s and word %q in line 1", tc.line, he, tc.fault, tc.word)
		}
		if !strings.Contains(he.Error(), ":") {
			t.Errorf("%q: %q does not say what to write", tc.line, he)
		}
	}
}

func FuzzParseHours(f *testing.F) {
	for _, seed := range []string{"mon-sun 09:00-21:00", "周一-周五 9:00-12:00 13:00-18:00\nsat 22:00-02:00", "fri-mon 00:00-24:00", "x", "-", ",", "mon-fri 9:00-9:00"} {
		f.Add(seed, int64(1_770_000_000), int64(time.Hour))
	}
	loc := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, lines string, from, add int64) {
		h, err := ParseHours(strings.Split(lines, "\n"))
		if err != nil {
			var he *HoursError
			if !errors.As(err, &he) {
				t.Fatalf("error %T", err)
			}
			return
		}
		for i, s := range h.spans {
			if s.from < 0 || s.from >= s.to || i > 0 && s.from <= h.spans[i-1].to {
				t.Fatalf("spans %v", h.spans)
			}
		}
		start := time.Unix(from%4_000_000_000, 0).In(loc)
		d := time.Duration(add % int64(200*time.Hour)).Abs()
		if got := h.Between(start, h.Add(start, d)); got != d {
			t.Fatalf("%v: %v after %v counts as %v", h, d, start, got)
		}
	})
}
