//go:build campaign

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/test/campaign/load"
	"github.com/huiyin/huiyin/test/campaign/report"
)

// steady is a load at a fixed rate for a long time, on which everything is
// counted: what is lost or there twice, how long the answers, the urgent cards
// and the rest at the end take, and what the process holds.
type steady struct {
	name    string
	on      deployment
	rate    int
	long    time.Duration
	urgent  int           // one message in so many must be a card at once
	trouble time.Duration // how often something fails meanwhile; 0: never
}

func steadies() []steady {
	return []steady{
		{name: "sustained", on: onSQLite, rate: 1000, long: 10 * time.Minute, urgent: 500},
		{name: "sustained-postgres", on: onOwnBoth, rate: 1000, long: 10 * time.Minute, urgent: 500},
		{name: "soak", on: onSQLite, rate: 50, long: 2 * time.Hour, urgent: 50},
		{name: "soak-postgres", on: onOwnBoth, rate: 50, long: 2 * time.Hour, urgent: 50, trouble: 5 * time.Minute},
	}
}

// play plays one round. A length above 0 is instead of its own.
func (c steady) play(t *testing.T, seed uint64, length time.Duration) {
	t.Helper()
	if length > 0 {
		c.long = length
	}
	r := campaign{name: c.name, on: c.on}.rig(t, seed, true, setup{metrics: freePort(t), cards: "urgent"})
	r.load.urgentEvery = c.urgent
	// Who gives up and asks again while the first is still worked on makes more
	// load than there is: the wait is what is measured here.
	r.load.c.Timeout = time.Minute
	began := time.Now()
	defer func() {
		r.round.Seconds, r.round.Failed = time.Since(began).Seconds(), t.Failed()
		r.keep()
	}()
	r.serves(1)
	r.some(3)
	r.finish()

	watch := newWatch(r)
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { watch.run(ctx) })
	defer func() { cancel(); watching.Wait() }()
	if c.trouble > 0 {
		watching.Go(func() { r.disturb(ctx, c.trouble) })
	}
	sent := load.Run(ctx, float64(c.rate), c.long, &r.load.hist, func(n int) bool {
		watch.due(n)
		return r.load.send(context.WithoutCancel(ctx), n)
	})
	last := time.Now()
	r.round.Counted["sent"] = sent
	left := -1
	if !within(10*time.Minute, func() bool { left = r.undone(); time.Sleep(100 * time.Millisecond); return left == 0 }) {
		t.Errorf("%d messages are not analysed ten minutes after the last one", left)
	}
	watch.m["drained_s"] = time.Since(last).Seconds()
	urgent := len(watch.dues)
	if !within(2*time.Minute, func() bool { return watch.shown() == urgent }) {
		t.Errorf("%d of %d urgent messages have a card", watch.shown(), urgent)
	}
	cancel()
	watching.Wait()
	watch.sum()
	r.round.Measured = watch.m
	r.ledgerOf(sent)
	if err := r.procs[0].stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	r.acks()
	t.Logf("seed %d: %v, %v, acknowledged in p50 %.0f ms, p99 %.0f ms, longest %.0f ms", seed, r.round.Counted, r.round.Measured, r.round.AckP50, r.round.AckP99, r.round.AckMax)
}

// undone counts messages that are not analysed; -1: it cannot be told.
func (r *rig) undone() int {
	db, err := r.sql()
	if err != nil {
		return -1
	}
	defer db.Close()
	n := -1
	if err := db.QueryRow("SELECT count(*) FROM messages WHERE stage = 'new'").Scan(&n); err != nil {
		return -1
	}
	return n
}

// ledgerOf holds what was acknowledged against an export.
func (r *rig) ledgerOf(sent int) {
	t := r.house.t
	t.Helper()
	file := filepath.Join(r.dir, "export.jsonl")
	r.runFor(10*time.Minute, "export", "-o", file)
	f, err := os.Open(file)
	r.must(err)
	defer f.Close()
	rows := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct {
			Text string `json:"text"`
		}
		r.must(json.Unmarshal(lines.Bytes(), &row))
		rows[row.Text[strings.LastIndexByte(row.Text, ' ')+1:]]++
	}
	r.must(lines.Err())
	n := r.round.Counted
	for token, urgent := range r.load.known() {
		n[report.Acknowledged]++
		if urgent {
			n[report.Urgent]++
		}
		switch {
		case rows[token] == 0:
			n[report.Lost]++
		case rows[token] > 1:
			n[report.Twice]++
		}
	}
	n[report.Repeated] = r.load.repeated
	if n[report.Acknowledged] != sent || n[report.Lost]+n[report.Twice] > 0 || len(r.load.wrong) > 0 {
		t.Errorf("sent %d, counted %v, wrong answers %v", sent, n, r.load.wrong)
	}
}

// disturb has something fail every so often.
func (r *rig) disturb(ctx context.Context, every time.Duration) {
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
		switch i % 3 {
		case 0:
			r.redis.Flush()
			r.round.Injected["FLUSHALL"]++
		case 1:
			r.endConnections()
			r.round.Injected["all connections ended"]++
		default:
			r.redis.Kill()
			time.Sleep(time.Second)
			r.redis.Start()
			r.round.Injected["kill -9, back empty"]++
		}
	}
}

// watch looks at a process from outside while it works.
type watch struct {
	r  *rig
	m  map[string]float64
	at []float64 // hours since the start, of each sample
	// What was seen at each.
	anon, total, goroutines, files []float64

	mu    sync.Mutex
	dues  map[string]time.Time // urgent messages by token
	cards load.Histogram
	had   map[string]bool
}

func newWatch(r *rig) *watch {
	return &watch{r: r, m: map[string]float64{}, dues: map[string]time.Time{}, had: map[string]bool{}}
}

// due remembers when an urgent message was sent.
func (w *watch) due(n int) {
	if !w.r.load.urgent(n) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dues[streamToken(n)] = time.Now()
}

// shown returns how many urgent messages have a card.
func (w *watch) shown() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.had)
}

var streamTokens = regexp.MustCompile(`w[bcdfghjkmnpqrstvwxz]{5}y`)

// look counts cards that came since it looked last.
func (w *watch) look() {
	for i := range lanes {
		for _, m := range w.r.sl.Messages(laneChannel(i)) {
			token := streamTokens.FindString(m.Text)
			w.mu.Lock()
			if at, known := w.dues[token]; known && m.Thread == "" && !w.had[token] {
				w.had[token] = true
				w.cards.Record(time.Since(at))
			}
			w.mu.Unlock()
		}
	}
}

// run looks until ctx ends: for cards five times a second, at the process every
// five seconds.
func (w *watch) run(ctx context.Context) {
	began := time.Now()
	for i := 0; ctx.Err() == nil; i++ {
		w.look()
		if i%25 == 0 {
			w.sample(time.Since(began))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

var statusLine = regexp.MustCompile(`(VmRSS|RssAnon|VmHWM):\s+(\d+) kB`)

func (w *watch) sample(since time.Duration) {
	proc := fmt.Sprintf("/proc/%d", w.r.procs[0].cmd.Process.Pid)
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		return
	}
	mib := map[string]float64{}
	for _, m := range statusLine.FindAllStringSubmatch(string(status), -1) {
		kib, _ := strconv.ParseFloat(m[2], 64)
		mib[m[1]] = kib / 1024
	}
	files, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return
	}
	w.at = append(w.at, since.Hours())
	w.total, w.anon = append(w.total, mib["VmRSS"]), append(w.anon, mib["RssAnon"])
	w.files, w.goroutines = append(w.files, float64(len(files))), append(w.goroutines, w.metric("go_goroutines"))
	w.m["rss_peak_mib"] = mib["VmHWM"]
}

// metric returns what /metrics says of a name; 0 where it says nothing.
func (w *watch) metric(name string) float64 {
	resp, err := http.Get("http://" + w.r.set.metrics + "/metrics")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			f, _ := strconv.ParseFloat(value, 64)
			return f
		}
	}
	return 0
}

// sum says what the samples show: of the second half, when everything is warm,
// the slope of the memory, and how far goroutines and files go.
func (w *watch) sum() {
	half := len(w.at) / 2
	if half < 2 {
		return
	}
	w.m["rss_half_mib"], w.m["rss_end_mib"] = w.total[half], w.total[len(w.total)-1]
	w.m["anon_half_mib"], w.m["anon_end_mib"] = w.anon[half], w.anon[len(w.anon)-1]
	w.m["anon_slope_mib_h"] = slope(w.at[half:], w.anon[half:])
	w.m["goroutines_from"], w.m["goroutines_to"] = extent(w.goroutines[half:])
	w.m["files_from"], w.m["files_to"] = extent(w.files[half:])
	w.m["watched_h"] = w.at[len(w.at)-1] - w.at[half]
	w.m["card_p50_ms"] = float64(w.cards.Quantile(0.5).Milliseconds())
	w.m["card_p99_ms"] = float64(w.cards.Quantile(0.99).Milliseconds())
}

// slope is how fast y grows with x: least squares.
func slope(x, y []float64) float64 {
	var sx, sy, sxx, sxy float64
	n := float64(len(x))
	for i := range x {
		sx, sy, sxx, sxy = sx+x[i], sy+y[i], sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	if d := n*sxx - sx*sx; d != 0 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}

func extent(of []float64) (from, to float64) {
	from, to = of[0], of[0]
	for _, v := range of {
		from, to = min(from, v), max(to, v)
	}
	return from, to
}
