package pipeline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/store"
)

// at has a process note that it is at work.
func (h *house) atWork(begins bool) {
	h.t.Helper()
	if err := h.p.desk.Alive(context.Background(), begins); err != nil {
		h.t.Fatal(err)
	}
	h.settle()
}

// TestAnAbsenceIsStated: the program was away for longer than platforms keep what
// they have to bring, and says of which time something may be missing.
func TestAnAbsenceIsStated(t *testing.T) {
	h := newHouse(t, func(r *desk.Rules) {
		for name, keeps := range map[string]time.Duration{"care": 24 * time.Hour, "hq": 6 * time.Minute} {
			ch := r.Channels[name]
			ch.Caps.Keeps = keeps
			r.Channels[name] = ch
		}
	})
	h.atWork(true)
	if said := h.team(teamChat); said != "" {
		t.Fatalf("the first start says\n%s", said)
	}
	h.now = h.now.Add(9 * time.Minute)
	h.atWork(true)
	h.now = h.now.Add(time.Hour) // the database was away, the process was not
	h.atWork(false)
	if said := h.team(teamChat); said != "" {
		t.Fatalf("a restart, and an outage of the database, say\n%s", said)
	}
	h.now = h.now.Add(2*time.Hour + 28*time.Minute)
	h.atWork(true)
	h.atWork(true) // another process begins as well
	const first = "⚠️ 从 15:09 到 17:37，回音没有运行（2 小时 28 分）。\n" +
		"Telegram「care」：这段时间写来的会补上。\n" +
		"Slack「hq」：那边只留 6 分钟，15:09 到 17:31 写来的可能收不到了。请去看一眼，要办的再写一次。\n"
	if said := h.team(teamChat); said != first {
		t.Errorf("said\n%s\nwant\n%s", said, first)
	}
	h.now = h.now.Add(30 * time.Hour)
	h.atWork(true)
	if said := strings.TrimPrefix(h.team(teamChat), first); !strings.Contains(said, "Telegram「care」：那边只留 1 天，昨天 17:37 到 ") {
		t.Errorf("said\n%s", said)
	}
}

// TestARestoredDatabaseKnowsOfNoAbsence: since its copy the program did run.
func TestARestoredDatabaseKnowsOfNoAbsence(t *testing.T) {
	h := newHouse(t, nil)
	h.atWork(true)
	h.now = h.now.Add(50 * time.Hour)
	h.write(func(tx *store.Tx) error { return desk.ForgetAlive(tx) })
	h.atWork(true)
	if said := h.team(teamChat); said != "" {
		t.Errorf("said\n%s", said)
	}
}
