package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
)

// heard counts what made a sound in a chat since the message at from.
func heard(all []*shown, from int) (n int) {
	for _, m := range all[from:] {
		if !m.Silent {
			n++
		}
	}
	return n
}

// summaries returns the messages that sum reminders up.
func (h *house) summaries(chat string) []string {
	var out []string
	for _, m := range h.hq.in(chat) {
		if strings.Contains(m.Text, "没有逐条提醒") {
			out = append(out, m.Text)
		}
	}
	return out
}

// TestAStormOfRemindersIsOneMessage: of many items that nobody takes the first are
// asked about one by one, in their threads; the others in one message, that is
// edited and names the worst of those that are still nobody's. The lead is not
// written to once for each either.
func TestAStormOfRemindersIsOneMessage(t *testing.T) {
	const items = 12
	for name, dsn := range dsns(t) {
		t.Run(name, func(t *testing.T) {
			h := newHouseOn(t, dsn, nil)
			for i := range items {
				h.says(fmt.Sprintf("客户%d", i+1), slow)
				h.pass(time.Second)
			}
			from := len(h.hq.in(teamChat))
			h.pass(62 * time.Minute) // half of two hours
			if n := heard(h.hq.in(teamChat), from); n != 6 {
				t.Errorf("%d sounds about %d items that nobody took:\n%s", n, items, h.team(teamChat))
			}
			if n := strings.Count(h.team(teamChat), "还没人认领"); n != 5 {
				t.Errorf("%d were asked about one by one", n)
			}
			h.want(strings.Join(h.summaries(teamChat), "\n"),
				"⏳ 另有 7 条没有逐条提醒：过点没人回复 0，时间过半没人认领 7。最急的：#6 P2（今天 16:00 前）、#7 P2（今天 16:00 前）、#8 P2（今天 16:00 前）")

			for _, taken := range []int64{6, 8} {
				h.presses("U-LI", bots.Button{Data: fmt.Sprintf("claim:%d", taken)})
			}
			from = len(h.hq.in(teamChat))
			h.pass(time.Hour) // their time is over
			// Those that somebody has are told to them, each.
			if n := heard(h.hq.in(teamChat), from); n != 6+2 {
				t.Errorf("%d sounds about %d items that are late:\n%s", n, items, h.team(teamChat))
			}
			all := h.summaries(teamChat)
			h.want(all[len(all)-1], "⏳ 另有 5 条没有逐条提醒：过点没人回复 5，时间过半没人认领 0。最急的：#7 P2（今天 16:00 前）、#9 P2（今天 16:00 前）、#10 P2（今天 16:00 前）")
			direct := h.hq.in("U-HAN")
			if len(direct) != 6 || !strings.Contains(direct[5].Text, "不再逐条私信你") {
				t.Errorf("the lead got:\n%s", lines(direct))
			}
		})
	}
}

// TestWhatIsLessUrgentTakesNoSoundFromP0: however many others a chat was reminded
// of.
func TestWhatIsLessUrgentTakesNoSoundFromP0(t *testing.T) {
	h := newHouse(t, func(r *desk.Rules) {
		r.Cards.Within = 3 * time.Hour
		r.Teams["qc"].Alerts = r.Teams["care"].Alerts // one chat for both
	})
	for i := range 12 {
		h.says(fmt.Sprintf("客户%d", i+1), slow)
	}
	h.pass(61 * time.Minute)
	h.says("王小明", "奶茶里有虫，孩子喝了肚子疼")
	from := len(h.hq.in(teamChat))
	h.pass(11 * time.Minute)
	var asked, late int
	for _, m := range h.hq.in(teamChat)[from:] {
		asked += strings.Count(m.Text, "还没人认领")
		late += strings.Count(m.Text, "#13 过点了")
	}
	if asked != 1 || late != 1 {
		t.Errorf("asked about %d times, said to be late %d times:\n%s", asked, late, h.team(teamChat))
	}
}

// TestRemindersAreNotSummedUpWhereNothingFolds: cards.fold 0 says that everything
// comes one by one.
func TestRemindersAreNotSummedUpWhereNothingFolds(t *testing.T) {
	h := newHouse(t, func(r *desk.Rules) { r.Cards.Fold = 0 })
	for i := range 8 {
		h.says(fmt.Sprintf("客户%d", i+1), slow)
	}
	h.pass(61 * time.Minute)
	if n := strings.Count(h.team(teamChat), "还没人认领"); n != 8 || len(h.summaries(teamChat)) != 0 {
		t.Errorf("%d of 8:\n%s", n, h.team(teamChat))
	}
}
