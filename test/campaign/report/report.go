// Package report keeps what campaigns counted, and writes docs/RELIABILITY.md
// from it.
package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Round is one round of a campaign: one house, one seed.
type Round struct {
	Campaign string         `json:"campaign"`
	Seed     uint64         `json:"seed"`
	Began    time.Time      `json:"began"`
	Seconds  float64        `json:"seconds"`
	Injected map[string]int `json:"injected"`         // faults by name
	Counted  map[string]int `json:"counted"`          // see the names below
	Commit   string         `json:"commit,omitempty"` // of the program; "+" behind it: with changes
	// Kills counts kill -9 by process and step, a space between.
	Kills map[string]int `json:"kills,omitempty"`
	// Measured is what a steady load showed, by name and unit.
	Measured map[string]float64 `json:"measured,omitempty"`
	// Ready is the longest a killed process took from its start to being ready,
	// CaughtUp how long it took from the end of the trouble until nothing was left
	// of what had come by then: all analysed, customers answered, cards shown.
	// Recovered is when people, too, were at their end. In seconds.
	Ready     float64 `json:"ready_s,omitempty"`
	CaughtUp  float64 `json:"caught_up_s,omitempty"`
	Recovered float64 `json:"recovered_s,omitempty"`
	// Of the load's acknowledgements, from when each request was due, retries
	// of the client included.
	AckP50 float64 `json:"ack_p50_ms,omitempty"`
	AckP99 float64 `json:"ack_p99_ms,omitempty"`
	AckMax float64 `json:"ack_max_ms,omitempty"`
	Failed bool    `json:"failed,omitempty"`
}

// What is counted in every round.
const (
	Acknowledged = "acknowledged" // the load's messages that were answered 200
	Repeated     = "repeated"     // …and sent again, to be a duplicate
	Customers    = "customers"    // people whose way was followed to the closing reply
	Lost         = "lost"         // acknowledged, and no item
	Twice        = "twice"        // messages with two items
	Unalerted    = "unalerted"    // urgent, and no card
	Urgent       = "urgent"       // messages that must have a card at once
	Closures     = "closures"     // customers who got their closing reply
	SecondTimes  = "second"       // closing replies that came twice, nobody having chosen it
	Uncertain    = "uncertain"    // closing replies shown to staff as uncertain
	GivenUp      = "given_up"     // events that Slack gave up while nobody listened
)

// Append adds a round to a file of JSON lines.
func Append(path string, r Round) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("a round's result: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("the campaign's results: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("the campaign's results: %w", err)
	}
	return nil
}

// Read returns the rounds of a file that Append wrote.
func Read(path string) ([]Round, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the campaigns' results: %w", err)
	}
	var rounds []Round
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var r Round
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		rounds = append(rounds, r)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rounds, nil
}

// Table returns the Markdown that tells what the rounds injected and counted: a
// row a campaign. Steady loads have a table of their own.
func Table(rounds []Round) string {
	var b strings.Builder
	b.WriteString("| campaign | rounds, minutes | injected | messages acknowledged (sent twice) | customers followed | lost | two items | urgent, without a card | closing replies: arrived / uncertain, shown / twice | acknowledged in, p50 / p99 / longest | after the trouble, at most: caught up / people done, too | program | seeds |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	by := map[string][]Round{}
	for _, r := range rounds {
		if r.Measured == nil {
			by[r.Campaign] = append(by[r.Campaign], r)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		b.WriteString(row(name, by[name]))
	}
	return b.String()
}

func row(name string, rounds []Round) string {
	injected, counted := map[string]int{}, map[string]int{}
	var seconds, p50, p99, longest, caughtUp, recovered float64
	var seeds, commits []string
	failed := 0
	for _, r := range rounds {
		for k, n := range r.Injected {
			injected[k] += n
		}
		for k, n := range r.Counted {
			counted[k] += n
		}
		seconds += r.Seconds
		caughtUp, recovered = max(caughtUp, r.CaughtUp), max(recovered, r.Recovered)
		if r.Commit != "" && !slices.Contains(commits, r.Commit) {
			commits = append(commits, r.Commit)
		}
		p50, p99, longest = max(p50, r.AckP50), max(p99, r.AckP99), max(longest, r.AckMax)
		seeds = append(seeds, fmt.Sprint(r.Seed))
		if r.Failed {
			failed++
			seeds[len(seeds)-1] += " (failed)"
		}
	}
	var faults []string
	for _, k := range slices.Sorted(maps.Keys(injected)) {
		faults = append(faults, fmt.Sprintf("%s ×%d", k, injected[k]))
	}
	acks, done := "–", "–"
	if recovered > 0 {
		done = fmt.Sprintf("– / %.0f s", recovered)
	}
	if caughtUp > 0 {
		done = fmt.Sprintf("%.1f / %.0f s", caughtUp, recovered)
	}
	if longest > 0 {
		acks = fmt.Sprintf("%.0f / %.0f / %.0f ms", p50, p99, longest)
	}
	if len(seeds) > 3 && failed == 0 {
		seeds = []string{seeds[0], "…", seeds[len(seeds)-1]}
	}
	return fmt.Sprintf("| %s | %d, %.0f | %s | %d (%d) | %d | %d | %d | %d of %d | %d / %d / %d | %s | %s | %s | %s |\n",
		name, len(rounds), seconds/60, strings.Join(faults, ", "), counted[Acknowledged], counted[Repeated], counted[Customers],
		counted[Lost], counted[Twice], counted[Unalerted], counted[Urgent], counted[Closures], counted[Uncertain], counted[SecondTimes],
		acks, done, strings.Join(commits, " "), strings.Join(seeds, " "))
}

// Kills returns the Markdown that tells how often which process was killed at
// which step: a row a step, a column a campaign.
func Kills(rounds []Round) string {
	counts := map[string]map[string]map[string]int{} // by step, campaign, process
	columns, sums := map[string]bool{}, map[string]int{}
	total, cells, least := 0, 0, 0
	var ready []float64
	for _, r := range rounds {
		if r.Ready > 0 {
			ready = append(ready, r.Ready)
		}
		for key, n := range r.Kills {
			process, step, _ := strings.Cut(key, " ")
			if counts[step] == nil {
				counts[step] = map[string]map[string]int{}
			}
			if counts[step][r.Campaign] == nil {
				counts[step][r.Campaign] = map[string]int{}
			}
			counts[step][r.Campaign][process] += n
			columns[r.Campaign] = true
			sums[r.Campaign] += n
			total += n
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	var b strings.Builder
	fmt.Fprintf(&b, "| killed at | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, step := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "| `%s` |", step)
		for _, name := range names {
			var all []string
			for _, process := range slices.Sorted(maps.Keys(counts[step][name])) {
				n := counts[step][name][process]
				all = append(all, fmt.Sprintf("%s %d", process, n))
				if cells++; least == 0 || n < least {
					least = n
				}
			}
			fmt.Fprintf(&b, " %s |", strings.Join(all, ", "))
		}
		b.WriteString("\n")
	}
	b.WriteString("| **in all** |")
	for _, name := range names {
		fmt.Fprintf(&b, " %d |", sums[name])
	}
	fmt.Fprintf(&b, "\n\n%d kills in %d cells of process × step, %d or more in each.\n", total, cells, least)
	if len(ready) > 0 {
		slices.Sort(ready)
		fmt.Fprintf(&b, "A killed process was ready again after %.1f s at most; in half of the rounds after %.1f s at most.\n", ready[len(ready)-1], ready[(len(ready)-1)/2])
	}
	return b.String()
}

// Steady returns the Markdown that tells of loads at a fixed rate: a row a round.
func Steady(rounds []Round) string {
	var b strings.Builder
	b.WriteString("| load | minutes | injected | sent | acknowledged (sent twice) | lost | two items | acknowledged in, p50 / p99 / longest | urgent with a card; after, p50 / p99 | the rest done after the last | memory (RSS): longest, at half, at the end | growth of its own memory in the second half | goroutines, open files in the second half | program | seed |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rounds {
		if r.Measured == nil {
			continue
		}
		var faults []string
		for _, k := range slices.Sorted(maps.Keys(r.Injected)) {
			faults = append(faults, fmt.Sprintf("%s ×%d", k, r.Injected[k]))
		}
		failed := ""
		if r.Failed {
			failed = " (failed)"
		}
		c, m := r.Counted, r.Measured
		fmt.Fprintf(&b, "| %s | %.0f | %s | %d | %d (%d) | %d | %d | %.0f / %.0f / %.0f ms | %d; %.0f / %.0f ms | %.1f s | %.0f, %.0f, %.0f MiB | %.1f MiB/h over %.2f h | %.0f–%.0f, %.0f–%.0f | %s | %d%s |\n",
			r.Campaign, r.Seconds/60, cmp.Or(strings.Join(faults, ", "), "nothing"), c["sent"], c[Acknowledged], c[Repeated], c[Lost], c[Twice], r.AckP50, r.AckP99, r.AckMax,
			c[Urgent], m["card_p50_ms"], m["card_p99_ms"], m["drained_s"], m["rss_peak_mib"], m["rss_half_mib"], m["rss_end_mib"], m["anon_slope_mib_h"], m["watched_h"],
			m["goroutines_from"], m["goroutines_to"], m["files_from"], m["files_to"], r.Commit, r.Seed, failed)
	}
	return b.String()
}

// tables are what a document holds between marks of their names.
var tables = []struct {
	name string
	of   func([]Round) string
}{{"campaigns", Table}, {"kills", Kills}, {"steady", Steady}}

// Fill returns a document with the tables of rounds, each between the marks
// "<!-- NAME: begin -->" and "<!-- NAME: end -->".
func Fill(document string, rounds []Round) (string, error) {
	for _, table := range tables {
		begin, end := "<!-- "+table.name+": begin -->\n", "<!-- "+table.name+": end -->\n"
		before, rest, found := strings.Cut(document, begin)
		_, after, ends := strings.Cut(rest, end)
		if !found || !ends {
			return "", fmt.Errorf("the document has no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
		}
		document = before + begin + "\n" + table.of(rounds) + "\n" + end + after
	}
	return document, nil
}
