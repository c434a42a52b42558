package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/test/campaign/report"
)

func TestTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	for seed := range 5 {
		if err := report.Append(path, report.Round{
			Campaign: "redis", Seed: uint64(seed + 40), Seconds: 60, Injected: map[string]int{"FLUSHALL": 2, "kill -9": 1},
			Commit: "c0ffee", Ready: float64(seed) / 2, Recovered: float64(seed), Kills: map[string]int{"bots desk.handled": 2, "web desk.handled": 1},
			Counted: map[string]int{report.Acknowledged: 1000, report.Urgent: 3, report.Customers: 6, report.Closures: 6}, AckP50: float64(seed), AckP99: 30, AckMax: 700,
		}); err != nil {
			t.Fatal(err)
		}
	}
	rounds, err := report.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	const want = "| redis | 5, 5 | FLUSHALL ×10, kill -9 ×5 | 5000 (0) | 30 | 0 | 0 | 0 of 15 | 30 / 0 / 0 | 4 / 30 / 700 ms | – / 4 s | c0ffee | 40 … 44 |"
	if got := report.Table(rounds); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	rounds[1].CaughtUp, rounds[3].CaughtUp = 0.42, 1.26
	if got := report.Table(rounds); !strings.Contains(got, "| 1.3 / 4 s |") {
		t.Errorf("catching up does not show:\n%s", got)
	}
	rounds[2].Failed = true
	if got := report.Table(rounds); !strings.Contains(got, "40 41 42 (failed) 43 44") {
		t.Errorf("a failed round does not show:\n%s", got)
	}
	kills := report.Kills(rounds)
	for _, want := range []string{"| `desk.handled` | bots 10, web 5 |", "| **in all** | 15 |", "15 kills in 2 cells of process × step, 5 or more in each.", "ready again after 2.0 s at most; in half of the rounds after 1.0 s at most."} {
		if !strings.Contains(kills, want) {
			t.Errorf("got\n%s\nwant %s", kills, want)
		}
	}
	steady := report.Round{Campaign: "soak", Seconds: 600, Counted: map[string]int{"sent": 9, report.Acknowledged: 9}, Measured: map[string]float64{"anon_slope_mib_h": 0.51, "watched_h": 0.08}}
	if got := report.Steady([]report.Round{rounds[0], steady}); strings.Contains(got, "redis") || !strings.Contains(got, "| soak | 10 | nothing | 9 | 9 (0) |") || !strings.Contains(got, "| 0.5 MiB/h over 0.08 h |") {
		t.Errorf("a steady load:\n%s", got)
	}
	const marks = "<!-- campaigns: begin -->\nold\n<!-- campaigns: end -->\n<!-- kills: begin -->\n<!-- kills: end -->\n<!-- steady: begin -->\n<!-- steady: end -->\n"
	doc, err := report.Fill("# 甲\n"+marks+"乙\n", rounds)
	if err != nil || strings.Contains(doc, "old") || !strings.HasPrefix(doc, "# 甲\n") || !strings.HasSuffix(doc, "乙\n") {
		t.Errorf("%v\n%s", err, doc)
	}
	if _, err := report.Fill("nothing", rounds); err == nil {
		t.Error("a document without marks was filled")
	}
	if err := os.WriteFile(path, []byte("{}\nodd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := report.Read(path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("an odd line: %v", err)
	}
}

// TestTheDocumentIsWhatWasCounted: docs/RELIABILITY.md holds the table of
// docs/reliability.jsonl, and nothing was changed by hand.
func TestTheDocumentIsWhatWasCounted(t *testing.T) {
	rounds, err := report.Read("../../../docs/reliability.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../../docs/RELIABILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	filled, err := report.Fill(string(doc), rounds)
	if err != nil {
		t.Fatal(err)
	}
	if filled != string(doc) {
		t.Error("docs/RELIABILITY.md is not what the results say: go run ./test/campaign/reliability docs/reliability.jsonl docs/RELIABILITY.md")
	}
}
