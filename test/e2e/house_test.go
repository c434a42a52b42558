// Package e2e starts the real program as a process and plays what people do,
// against fake platforms that enforce the platforms' documented limits. It
// reads what people would see, nothing else.
package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/huiyin/huiyin/bots/slack/slacktest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
	"github.com/huiyin/huiyin/test/loopback"
)

// program is the path of the built program; with failpoints, since kills need
// them and nothing else notices.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "huiyin-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Several long campaigns beside each other share one program.
	if program = os.Getenv("HUIYIN_PROGRAM"); program == "" {
		program = filepath.Join(dir, "huiyin")
		build := exec.Command("go", "build", "-tags", "failpoints", "-o", program, "../../cmd/huiyin")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
			os.Exit(1)
		}
	}
	if err := quickStart(dir); err != nil {
		fmt.Fprintf(os.Stderr, "prepare quick starts: %v\n", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// quick are the variables of a process that starts quickly: with a dictionary of
// the commonest words only. Everything else is as it is.
var quick []string

// leastFrequency is how common the words of the small dictionary are.
const leastFrequency = 200

func quickStart(dir string) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yanyiwu/gojieba").Output()
	if err != nil {
		return err
	}
	from, to := filepath.Join(strings.TrimSpace(string(out)), "deps", "cppjieba", "dict"), filepath.Join(dir, "common")
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	hmm, err := os.ReadFile(filepath.Join(from, "hmm_model.utf8"))
	if err != nil {
		return err
	}
	all, err := os.ReadFile(filepath.Join(from, "jieba.dict.utf8"))
	if err != nil {
		return err
	}
	var common strings.Builder
	for line := range strings.Lines(string(all)) {
		if cells := strings.Fields(line); len(cells) == 3 {
			if n, err := strconv.Atoi(cells[1]); err == nil && n >= leastFrequency {
				common.WriteString(line)
			}
		}
	}
	quick = []string{"HUIYIN_DICT=" + to}
	return errors.Join(os.WriteFile(filepath.Join(to, "hmm_model.utf8"), hmm, 0o600), os.WriteFile(filepath.Join(to, "jieba.dict.utf8"), []byte(common.String()), 0o600))
}

const (
	customer = int64(1001) // 王小明 on Telegram
	lead     = int64(2001) // 韩梅梅 on Telegram
	channel  = "C0CARE"    // the care team's, in Slack
	logistic = "C0LOGIS"
	agent    = "U01" // 李雷 in Slack
	stranger = "U99" // in the channel, and unknown to Huiyin
	// patience is how long anything may take on a busy machine.
	patience = 40 * time.Second
)

// setup is what one house differs in from another.
type setup struct {
	database string // empty: a SQLite file of the house's own
	redis    string
	undo     string // desk.undo; empty: 8s
	lease    string // advanced.lease; empty: 2s
	spool    string // advanced.spool_after; empty: 1s
	teams    string // further teams
	ack      bool   // Slack waits for an acknowledgement no longer than it does
	storage  string // further keys of storage, each with a comma before it
	extra    string // further configuration
	metrics  string // where /metrics is served; empty: nowhere
	cards    string // which of the ledger's items have cards; empty: as by default
}

// house is a configured Huiyin with its platforms.
type house struct {
	t     *testing.T
	set   setup
	dir   string
	web   string // host:port of the first process
	tg    *telegramtest.Server
	tgURL string // where the program reaches it
	sl    *slacktest.Server

	mu    sync.Mutex
	webs  map[int]string // host:port of each process
	procs []*process
}

// process is one running serve.
type process struct {
	cmd  *exec.Cmd
	out  *buffer
	err  *buffer
	done chan error
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newHouse prepares platforms and configuration; nothing runs yet.
func newHouse(t *testing.T, set setup) *house {
	t.Helper()
	h := &house{t: t, set: set, dir: t.TempDir(), web: freePort(t), webs: map[int]string{}}
	if h.set.database == "" {
		h.set.database = "sqlite:" + filepath.Join(h.dir, "data", "huiyin.db")
	}
	if h.set.undo == "" {
		h.set.undo = "8s" // time enough to take something back on a busy machine
	}
	if h.set.lease == "" {
		h.set.lease = "2s"
	}
	if h.set.spool == "" {
		h.set.spool = "1s"
	}
	var err error
	if h.tg, err = telegramtest.Start(telegramtest.Config{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.tg.Close)
	h.tgURL = h.tg.URL()
	// The figures of Slack that only cost time are shortened.
	slack := slacktest.Options{AckWithin: patience, TriggerTTL: patience, Retry: []time.Duration{0, time.Second, time.Second, time.Second, 2 * time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second, 8 * time.Second}}
	if set.ack {
		slack.AckWithin = 3 * time.Second
	}
	if h.sl, err = slacktest.Start(slack); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.sl.Close)
	h.tg.AddUser(telegramtest.User{ID: customer, First: "王小明", Lang: "zh-hans"})
	h.tg.AddUser(telegramtest.User{ID: lead, First: "韩梅梅", Lang: "zh-hans"})
	h.sl.AddUser(agent, "lilei")
	h.sl.AddUser(stranger, "stranger")
	h.sl.AddChannel(channel, "care", agent, stranger)
	h.sl.AddChannel(logistic, "logistics", agent)
	h.configure(0, h.set.extra)
	t.Cleanup(h.stopAll)
	return h
}

// file is the configuration of the n-th process.
func (h *house) file(n int) string { return filepath.Join(h.dir, fmt.Sprintf("huiyin-%d.yaml", n)) }

// configure writes the configuration of the n-th process, with extra at its
// end.
func (h *house) configure(n int, extra string) {
	h.t.Helper()
	web := h.web
	h.mu.Lock()
	if n > 0 && h.webs[n] == "" {
		h.webs[n] = freePort(h.t)
	}
	if n > 0 {
		web = h.webs[n]
	}
	h.webs[n] = web
	h.mu.Unlock()
	text := fmt.Sprintf(`
brand: {name: 青禾咖啡}
storage: {database: %q, redis: %q, files: %q%s}
web: {listen: %q, public_url: "http://%s", metrics_listen: %q}
bots:
  - {name: site, type: web}
  - {name: care, type: telegram, token: %q, api_url: %q, poll: 1s, retry: 50ms, conflict: 200ms, timeout: 5s}
  - {name: hq, type: slack, bot_token: %q, app_token: %q, api_url: %q, timeout: 5s, reconnect: 500ms}
teams:
  - {name: care, title: 客服组, alerts: ["hq:%s"]}
  - {name: logistics, title: 物流组, alerts: ["hq:%s"]}
%sstaff:
  - {name: 李雷, shown_as: 小雷, role: agent, team: care, accounts: {hq: %s}}
  - {name: 韩梅梅, role: lead, team: care, accounts: {care: "%d"}}
cards: {fold: 0}
desk: {undo: %s, settle: 1s, settle_max: 4s, survey_every: 0s, urge_every: 1h}
advanced: {lease: %s, poll: 100ms, reconcile: 500ms, send_timeout: 5s, retry_max: 500ms, spool_after: %s, stop: 5s}
%s
`, h.set.database, h.set.redis, filepath.Join(h.dir, "files"), h.set.storage, web, web, h.set.metrics, h.tg.Token(), h.tgURL,
		slacktest.BotToken, slacktest.AppToken, h.sl.URL(), channel, logistic, h.set.teams, agent, lead, h.set.undo, h.set.lease, h.set.spool, extra)
	if err := os.WriteFile(h.file(n), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// addresses returns where processes serve pages, or would.
func (h *house) addresses() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Values(h.webs))
}

// start runs serve and waits until it is ready. env are further variables.
func (h *house) start(env ...string) *process {
	h.t.Helper()
	p := h.launch(0, nil, env...)
	h.ready(p)
	return p
}

// ready waits until a process says that it is.
func (h *house) ready(p *process) {
	h.t.Helper()
	h.until("serve is ready", func() bool { return p.isReady() || p.ended() })
	if p.ended() {
		h.t.Fatalf("serve ended: %s", p.err.String())
	}
}

func (p *process) isReady() bool {
	return strings.Contains(p.out.String(), "回音准备好了") || strings.Contains(p.err.String(), "msg=ready")
}

// launch runs serve with the n-th configuration, without waiting for it.
func (h *house) launch(n int, args []string, env ...string) *process {
	h.t.Helper()
	p := &process{out: &buffer{}, err: &buffer{}, done: make(chan error, 1)}
	p.cmd = exec.Command(program, append([]string{"serve", "-c", h.file(n)}, args...)...)
	p.cmd.Dir = h.dir
	p.cmd.Env = append(os.Environ(), append([]string{"LANG=zh_CN.UTF-8"}, env...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	if err := p.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	h.mu.Lock()
	h.procs = append(h.procs, p)
	h.mu.Unlock()
	return p
}

// crashAt has a process end at the n-th passing of a step, as kill -9 ends it.
func crashAt(step string, n int) string { return fmt.Sprintf("HUIYIN_CRASH_AT=%s:%d", step, n) }

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case err := <-p.done:
		p.done <- err
		return true
	default:
		return false
	}
}

// wait returns how the process ended.
func (p *process) wait() error {
	err := <-p.done
	p.done <- err
	return err
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	if !p.ended() {
		_ = p.cmd.Process.Kill()
	}
	_ = p.wait()
}

// stop asks the process to end, and waits.
func (p *process) stop() error {
	if !p.ended() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	return p.wait()
}

func (h *house) stopAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.procs {
		p.kill()
	}
	if h.t.Failed() {
		for i, p := range h.procs {
			if i >= len(h.procs)-3 {
				h.t.Logf("process %d:\n%s%s", i, p.out.String(), tail(p.err.String()))
			}
		}
	}
}

func tail(s string) string {
	if len(s) > 4000 {
		return "…" + s[len(s)-4000:]
	}
	return s
}

// until waits for something to become true.
func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	if !within(patience, ok) {
		h.t.Fatalf("%s: not within %s\n%s", what, patience, h.sees())
	}
}

func within(d time.Duration, ok func() bool) bool {
	deadline := time.Now().Add(d)
	for !ok() {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(15 * time.Millisecond)
	}
	return true
}

// run runs another command of the program and returns what it printed.
func (h *house) run(args ...string) string {
	h.t.Helper()
	return h.runFor(patience, args...)
}

// runFor is run for what may take longer.
func (h *house) runFor(most time.Duration, args ...string) string {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(args, "-c", h.file(0))...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "LANG=zh_CN.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		h.t.Fatalf("huiyin %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// freePort returns an address of the house's own, where it can restart a process.
func freePort(t *testing.T) string {
	t.Helper()
	port, err := loopback.Find()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// locks has somebody else hold the house's SQLite database, as a backup tool
// may, until release is called.
func (h *house) locks() (release func()) {
	h.t.Helper()
	// The program may be writing at this moment.
	db, err := sql.Open("sqlite", strings.TrimPrefix(h.set.database, "sqlite:")+fmt.Sprintf("?_pragma=busy_timeout(%d)", patience.Milliseconds()))
	h.must(err)
	h.t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	_, err = db.Exec("BEGIN IMMEDIATE")
	h.must(err)
	return func() {
		h.t.Helper()
		_, err := db.Exec("ROLLBACK")
		h.must(errors.Join(err, db.Close()))
	}
}
