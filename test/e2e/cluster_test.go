package e2e

import (
	"testing"

	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// TestTwoProcesses: two serve on PostgreSQL and Redis share the work. One is
// killed, Redis is wiped and killed: nothing is lost, nothing comes twice.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	redis, server := streamtest.StartRedis(t)
	h := ledgerHouse(t, setup{database: storetest.PostgresDSN(t), redis: redis, undo: "8s"})
	l := newLedger(h, 3)
	h.configure(1, h.set.extra)
	first, second := h.launch(0, nil), h.launch(1, nil)
	h.ready(first)
	h.ready(second)
	h.playLife()

	for i := range 6 {
		l.says([]kind{complaint, onPage, photo}[i%3])
	}
	l.until("the first ones are under way", func() bool { return l.tracks[0].card != "" && l.tracks[1].card != "" })
	// The leases are with one or the other: first the one, then the other is
	// killed in the middle of the work.
	second.kill()
	for range 3 {
		l.says(complaint)
	}
	l.until("the first process goes on alone", func() bool { return l.tracks[len(l.tracks)-1].card != "" })
	server.Flush()
	for range 2 {
		l.says(onPage)
	}
	second = h.launch(1, nil)
	h.ready(second)
	first.kill()
	for range 3 {
		l.says(complaint)
	}
	l.until("the second process takes over", func() bool { return l.tracks[len(l.tracks)-1].card != "" })
	first = h.launch(0, nil) // the chat page is its
	h.ready(first)
	server.Kill()
	for range 2 {
		l.says(complaint)
	}
	l.until("SQL is enough while Redis is away", func() bool { return l.tracks[len(l.tracks)-1].card != "" })
	server.Start()
	l.finish()
	l.choose()
	l.check()
	for _, p := range []*process{first, second} {
		if err := p.stop(); err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
	}
}

// TestRolesApart runs each role in a process of its own.
func TestRolesApart(t *testing.T) {
	t.Parallel()
	redis, server := streamtest.StartRedis(t)
	h := ledgerHouse(t, setup{database: storetest.PostgresDSN(t), redis: redis})
	l := newLedger(h, 4)
	var procs []*process
	for i, only := range []string{"web", "bots", "pipeline"} {
		if i > 0 {
			h.configure(i, h.set.extra)
		}
		p := h.launch(i, []string{"-only", only})
		h.ready(p)
		procs = append(procs, p)
	}
	for i := range 3 {
		l.says([]kind{complaint, onPage, photo}[i])
	}
	l.finish()
	// Without the pipeline everything is kept, and done later; Redis forgets.
	procs[2].kill()
	late := l.says(complaint)
	page := l.says(onPage)
	l.until("both are taken", func() bool { return h.tg.Unconfirmed() == 0 && page.sent })
	server.Flush()
	procs[2] = h.launch(2, []string{"-only", "pipeline"})
	h.ready(procs[2])
	l.until("what was kept is dealt with", func() bool { return l.settled(late) || late.asked })
	l.finish()
	l.choose()
	l.check()
	for _, p := range procs {
		if err := p.stop(); err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
	}
}
