package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// readyWithin is how much processor time a start may take until it is ready.
const readyWithin = 3 * time.Second

// TestReadyAgain ends the program as kill -9 does in the middle of its work, and
// tells how long the next start takes until /readyz says that it is ready. Where
// HUIYIN_SCALE_SQLITE and HUIYIN_SCALE_POSTGRES name the stores that
// BenchmarkScale filled, it is done five times on each.
func TestReadyAgain(t *testing.T) {
	for _, c := range []struct{ name, env string }{{"sqlite", "HUIYIN_SCALE_SQLITE"}, {"postgres", "HUIYIN_SCALE_POSTGRES"}} {
		t.Run(c.name, func(t *testing.T) {
			set, kills := setup{database: os.Getenv(c.env), extra: shopConfig}, 5
			if set.database == "" {
				kills = 1
			}
			if c.name == "postgres" {
				// Without Redis it would wait for the dead one's lease.
				set.redis, _ = streamtest.StartRedis(t)
				if set.database == "" {
					set.database = storetest.PostgresDSN(t)
				}
			}
			h := newHouse(t, set)
			p := h.start()
			var walls, spent []time.Duration
			for i := range kills {
				h.pushUntil(fmt.Sprintf("ready-%d-%d", time.Now().UnixNano(), i))
				p.kill()
				began := time.Now()
				p = h.launch(0, nil)
				h.until("it is ready again", func() bool {
					status, text := h.asks("/readyz")
					return status == http.StatusOK && strings.HasPrefix(text, "ready") || p.ended()
				})
				walls, spent = append(walls, time.Since(began)), append(spent, p.processor())
				if p.ended() {
					t.Fatalf("it ended: %s", tail(p.err.String()))
				}
			}
			slices.Sort(walls)
			slices.Sort(spent)
			t.Logf("%s: ready again in %s to %s, the median %s; processor time %s to %s", c.name,
				walls[0].Round(time.Millisecond), walls[kills-1].Round(time.Millisecond), walls[kills/2].Round(time.Millisecond), spent[0], spent[kills-1])
			if least := spent[0]; least > readyWithin {
				t.Errorf("a start takes %s of processor time until it is ready", least)
			}
		})
	}
}

// processor returns the processor time that a running process has spent; 0 where
// the system does not tell.
func (p *process) processor() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The name, in parentheses, may hold spaces; times are in hundredths.
	cells := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(cells) < 13 {
		return 0
	}
	var ticks int64
	for _, cell := range cells[11:13] {
		n, err := strconv.ParseInt(cell, 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
