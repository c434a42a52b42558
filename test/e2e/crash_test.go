package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// cell is one place where the process is ended, and what makes it get there.
type cell struct {
	at   string
	says kind
	long bool // for long rounds: nearly the same as another
}

// cells are all the steps between a platform and the closing reply.
func cells() []cell {
	list := []cell{
		{at: "analyze.attempted", says: complaint}, {at: "analyze.committed", says: complaint}, {at: "timers.due", says: fragment},
		{at: "attach.fetched", says: photo}, {at: "desk.handled", says: complaint}, {at: "desk.tapped", says: complaint},
		{at: "intake.located.care", says: complaint}, {at: "intake.located.site", says: onPage, long: true},
		{at: "intake.before_commit.care", says: complaint, long: true}, {at: "intake.before_commit.site", says: onPage}, {at: "intake.before_commit.shop", says: nothing, long: true},
		{at: "intake.after_commit.care", says: complaint}, {at: "intake.after_commit.site", says: onPage}, {at: "intake.after_commit.shop", says: nothing, long: true},
		{at: "intake.rung.care", says: complaint, long: true}, {at: "intake.rung.site", says: onPage}, {at: "intake.rung.shop", says: nothing, long: true},
	}
	for _, step := range []string{"claimed", "performed", "recorded"} {
		for _, out := range []string{"receipt", "card", "closure", "said"} {
			list = append(list, cell{at: "deliver." + step + "." + out, says: complaint})
		}
	}
	return list
}

// shortCells are those of them that short rounds know.
func shortCells() []cell {
	var list []cell
	for _, c := range cells() {
		if !c.long {
			list = append(list, c)
		}
	}
	return list
}

// role is the process in which a step is taken, where each role has one.
func (c cell) role() string {
	switch {
	case strings.HasSuffix(c.at, ".site"), strings.HasSuffix(c.at, ".shop"):
		return "web"
	case strings.HasPrefix(c.at, "intake"), strings.HasPrefix(c.at, "desk"):
		return "bots"
	default:
		return "pipeline"
	}
}

// ledgerHouse is a house whose cards are spread over lanes.
func ledgerHouse(t *testing.T, set setup) *house {
	t.Helper()
	set.teams, set.ack = laneTeams(), true
	if set.undo == "" {
		set.undo = "0s"
	}
	set.extra = laneConfig(set.cards) + set.extra
	return newHouse(t, set)
}

// TestKilledBetweenEachStep ends the process as kill -9 does, once at each
// step, and starts it again: nothing is lost, nothing comes twice, and what is
// uncertain is shown.
func TestKilledBetweenEachStep(t *testing.T) {
	t.Parallel()
	h := ledgerHouse(t, setup{})
	l := newLedger(h, 1)
	l.kill(&victim{name: "serve", list: shortCells()})
	l.finish()
	uncertain := 0
	for _, tr := range l.tracks {
		if tr.asked {
			uncertain++
		}
	}
	if uncertain == 0 {
		t.Error("no closure was uncertain, although two kills were in the middle of one")
	}
	l.choose()
	l.check()
}

// victim is a process that is ended and started again and again: once at each
// step of its list, in their order.
type victim struct {
	name    string
	conf    int        // which configuration it has
	args    []string   // of serve
	list    []cell     // what is still to come
	passing func() int // at which passing of a step; nil: the first

	p        *process
	at       string    // where it will end; empty: it runs on
	says     kind      // what makes it get there
	launched time.Time // …when
	more     time.Time // when it is helped on
	kills    map[string]int
	readies  []time.Duration // how long it took to be ready, where it came so far
	ready    bool
	lasted   []string // how long it lived, by where it ended
}

// kill keeps processes running and ends each at all steps of its list, while
// people write and what was begun goes on; afterwards all of them run.
func (l *ledger) kill(victims ...*victim) {
	l.h.t.Helper()
	for busy := true; busy; time.Sleep(15 * time.Millisecond) {
		busy = false
		for _, v := range victims {
			l.tend(v)
			busy = busy || v.at != ""
		}
		l.step()
	}
	for _, v := range victims {
		l.h.ready(v.p)
	}
}

// tend starts a process that has ended, and sees to it that it ends again.
func (l *ledger) tend(v *victim) {
	l.h.t.Helper()
	if v.p != nil && !v.ready && v.p.isReady() {
		v.ready = true
		v.readies = append(v.readies, time.Since(v.launched))
	}
	switch {
	case v.p == nil:
	case v.p.ended():
		if out := v.p.err.String(); v.at == "" || strings.Contains(out, "panic") || v.p.cmd.ProcessState.ExitCode() != -1 {
			l.h.t.Fatalf("%s ended otherwise than at %q: %s\n%s", v.name, v.at, v.p.cmd.ProcessState, tail(out))
		}
		v.kills[v.at]++
		v.lasted = append(v.lasted, fmt.Sprintf("%s %.1fs (ready %t)", v.at, time.Since(v.launched).Seconds(), v.ready))
	case v.at == "":
		return
	case time.Since(v.launched) > 10*patience:
		l.h.t.Fatalf("%s does not get to %s within %s", v.name, v.at, 10*patience)
	case time.Now().After(v.more):
		// Several may pass a step at once, which counts once.
		v.more = time.Now().Add(10 * time.Second)
		l.says(v.says)
		return
	default:
		return
	}
	if v.kills == nil {
		v.kills = map[string]int{}
	}
	v.at, v.ready, v.launched, v.more = "", false, time.Now(), time.Now().Add(10*time.Second)
	if len(v.list) == 0 {
		v.p = l.h.launch(v.conf, v.args, quick...)
		return
	}
	c := v.list[0]
	v.list, v.at, v.says = v.list[1:], c.at, c.says
	n := 1
	if v.passing != nil && c.at != "timers.due" { // all that are due pass at once
		n = v.passing()
	}
	v.p = l.h.launch(v.conf, v.args, append(quick, crashAt(c.at, n))...)
	for range n {
		l.says(c.says)
	}
}
