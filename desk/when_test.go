package desk

import (
	"testing"
	"time"
)

func TestReadWhen(t *testing.T) {
	zone := time.FixedZone("Asia/Shanghai", 8*3600)
	now := time.Date(2026, 11, 23, 14, 30, 0, 0, zone) // a Monday
	day := func(d, hour, minute int) time.Time { return time.Date(2026, 11, 23+d, hour, minute, 0, 0, zone) }
	for _, c := range []struct {
		text string
		at   time.Time // zero: not a time
		note string
	}{
		{"2h", now.Add(2 * time.Hour), ""},
		{"2H 等门店回电", now.Add(2 * time.Hour), "等门店回电"},
		{"30 分钟", now.Add(30 * time.Minute), ""},
		{"30分", now.Add(30 * time.Minute), ""},
		{"90m", now.Add(90 * time.Minute), ""},
		{"15 minutes later call back", now.Add(15 * time.Minute), "call back"},
		{"2小时后 再问", now.Add(2 * time.Hour), "再问"},
		{"3天", now.Add(72 * time.Hour), ""},
		{"1 day", now.Add(24 * time.Hour), ""},
		{"明天9点", day(1, 9, 0), ""},
		{"明天 9:30 给客户打电话", day(1, 9, 30), "给客户打电话"},
		{"明天上午10点", day(1, 10, 0), ""},
		{"明早8点半", day(1, 8, 30), ""},
		{"明天下午3点", day(1, 15, 0), ""},
		{"明晚8点", day(1, 20, 0), ""},
		{"今晚8点", day(0, 20, 0), ""},
		{"今晚12点", day(1, 0, 0), ""},
		{"后天9点15分", day(2, 9, 15), ""},
		{"tomorrow 9:00 call", day(1, 9, 0), "call"},
		{"15:30", day(0, 15, 30), ""},
		{"15：30", day(0, 15, 30), ""},
		{"下午4点", day(0, 16, 0), ""},
		{"下午12点", day(1, 12, 0), ""}, // noon has passed
		{"9:00", day(1, 9, 0), ""},   // it has passed today: tomorrow
		{"今天9点", day(0, 9, 0), ""},   // a day was named: the caller says that it has passed
		{"2h30m", now.Add(150 * time.Minute), ""},
		{"1 小时 30 分 等门店", now.Add(90 * time.Minute), "等门店"},
		{"1小时30分钟后", now.Add(90 * time.Minute), ""},
		{"2个小时", now.Add(2 * time.Hour), ""},
		{"半小时", now.Add(30 * time.Minute), ""},
		{"半个小时后 再问", now.Add(30 * time.Minute), "再问"},
		{"1个半小时", now.Add(90 * time.Minute), ""},
		{"两小时后", now.Add(2 * time.Hour), ""},
		{"2h 3 天内要回", now.Add(2 * time.Hour), "3 天内要回"}, // units only grow smaller
		{"tomorrow 3pm call back", day(1, 15, 0), "call back"},
		{"Tomorrow at 9:30 am", day(1, 9, 30), ""},
		{"9pm", day(0, 21, 0), ""},
		{"12am", day(1, 0, 0), ""},
		{"3 months", time.Time{}, ""},
		{"2 dollars", time.Time{}, ""},
		{"13pm", time.Time{}, ""},
		{"", time.Time{}, ""},
		{"0h", time.Time{}, ""},
		{"等等再说", time.Time{}, ""},
		{"明天", time.Time{}, ""},
		{"15", time.Time{}, ""},
		{"25:00", time.Time{}, ""},
		{"9:75", time.Time{}, ""},
	} {
		at, note, ok := readWhen(c.text, now)
		if ok != !c.at.IsZero() {
			t.Errorf("%q: ok %v (%v)", c.text, ok, at)
			continue
		}
		if ok && (!at.Equal(c.at) || note != c.note) {
			t.Errorf("%q: %v %q, want %v %q", c.text, at, note, c.at, c.note)
		}
	}
}

func FuzzReadWhen(f *testing.F) {
	for _, s := range []string{"2h", "明天9点半", "今晚12点", "15:30 x", "9999天", "2m\u0130n", "9999天9999小时9999分", "12am"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		at, _, ok := readWhen(text, now)
		if ok && (at.Before(now.AddDate(0, 0, -1)) || at.After(now.AddDate(30, 0, 0))) {
			t.Fatalf("%q is %v", text, at)
		}
	})
}
