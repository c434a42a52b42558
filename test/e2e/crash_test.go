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
}

// cells are all the steps between a platform and the closing reply.
func cells() []cell {
	list := []cell{
		{"intake.located", complaint}, {"intake.before_commit", onPage}, {"intake.after_commit", complaint}, {"intake.rung", onPage},
		{"intake.after_commit", onPage}, {"analyze.attempted", complaint}, {"analyze.committed", complaint}, {"timers.due", fragment},
		{"attach.fetched", photo}, {"desk.handled", complaint}, {"desk.tapped", complaint},
	}
	for _, step := range []string{"claimed", "performed", "recorded"} {
		for _, out := range []string{"receipt", "card", "closure", "said"} {
			list = append(list, cell{"deliver." + step + "." + out, complaint})
		}
	}
	return list
}

// ledgerHouse is a house whose cards are spread over lanes.
func ledgerHouse(t *testing.T, set setup) *house {
	t.Helper()
	set.teams, set.ack = laneTeams(), true
	if set.undo == "" {
		set.undo = "0s"
	}
	set.extra = laneConfig() + set.extra
	return newHouse(t, set)
}

// TestKilledBetweenEachStep ends the process as kill -9 does, once at each
// step, and starts it again: nothing is lost, nothing comes twice, and what is
// uncertain is shown.
func TestKilledBetweenEachStep(t *testing.T) {
	t.Parallel()
	h := ledgerHouse(t, setup{})
	l := newLedger(h, 1)
	l.kill(cells(), func() int { return 1 })
	h.start()
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

// kill runs the program once for each cell until it ends there. passing says at
// which passing of the step.
func (l *ledger) kill(list []cell, passing func() int) {
	l.h.t.Helper()
	for _, c := range list {
		n := passing()
		p := l.h.launch(0, nil, fmt.Sprintf("HUIYIN_CRASH_AT=%s:%d", c.at, n))
		for range n {
			l.says(c.says)
		}
		// Several may pass a step at once, which counts once.
		more := time.Now().Add(10 * time.Second)
		l.until("the process ends at "+c.at, func() bool {
			if time.Now().After(more) && !p.ended() {
				more = time.Now().Add(10 * time.Second)
				l.says(c.says)
			}
			return p.ended()
		})
		if out := p.err.String(); strings.Contains(out, "panic") || p.cmd.ProcessState.ExitCode() != -1 {
			l.h.t.Fatalf("the process ended otherwise at %s: %s\n%s", c.at, p.cmd.ProcessState, tail(out))
		}
	}
}
