// Package e2e starts the real program as a process and plays what people do,
// against fake platforms that enforce the platforms' documented limits.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots/slack/slacktest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
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
	program = filepath.Join(dir, "huiyin")
	build := exec.Command("go", "build", "-tags", "failpoints", "-o", program, "../../cmd/huiyin")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

const (
	customer = int64(1001) // 王小明 on Telegram
	lead     = int64(2001) // 韩梅梅 on Telegram
	channel  = "C0CARE"
	agent    = "U01"
	patience = 20 * time.Second
)

// house is a configured Huiyin with its platforms.
type house struct {
	t        *testing.T
	dir      string
	config   string
	tg       *telegramtest.Server
	sl       *slacktest.Server
	database string
	redis    string

	mu    sync.Mutex
	procs []*process
}

// process is one running serve.
type process struct {
	cmd  *exec.Cmd
	out  *buffer
	err  *buffer
	web  string
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
func newHouse(t *testing.T, database, redis string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), database: database, redis: redis}
	if h.database == "" {
		h.database = "sqlite:" + filepath.Join(h.dir, "data", "huiyin.db")
	}
	h.tg = telegramtest.Start(t, telegramtest.Config{})
	sl, err := slacktest.Start(slacktest.Options{Rate: -1, Retry: []time.Duration{0, time.Second, 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	h.sl = sl
	t.Cleanup(sl.Close)
	h.tg.AddUser(telegramtest.User{ID: customer, First: "王小明", Lang: "zh-hans"})
	h.tg.AddUser(telegramtest.User{ID: lead, First: "韩梅梅", Lang: "zh-hans"})
	h.sl.AddUser(agent, "lilei")
	h.sl.AddUser("U99", "stranger")
	h.sl.AddChannel(channel, "care", agent, "U99")
	h.config = filepath.Join(h.dir, "huiyin.yaml")
	h.configure("")
	t.Cleanup(h.stopAll)
	return h
}

// configure writes the configuration, with extra at its end.
func (h *house) configure(extra string) {
	h.t.Helper()
	text := fmt.Sprintf(`
brand: {name: 青禾咖啡}
storage: {database: %q, redis: %q, files: %q}
web: {listen: "127.0.0.1:0", public_url: "http://127.0.0.1:1", metrics_listen: ""}
bots:
  - {name: site, type: web}
  - {name: care, type: telegram, token: %q, api_url: %q, poll: 1s}
  - {name: hq, type: slack, bot_token: %q, app_token: %q, api_url: %q}
teams:
  - {name: care, title: 客服组, alerts: ["hq:%s"]}
staff:
  - {name: 李雷, shown_as: 小雷, role: agent, team: care, accounts: {hq: %s}}
  - {name: 韩梅梅, role: lead, team: care, accounts: {care: "%d"}}
desk: {undo: 400ms, settle: 1s, settle_max: 3s, survey_every: 0s, urge_every: 1m}
advanced: {lease: 2s, poll: 100ms, reconcile: 1s, retry: 50ms, retry_max: 500ms, stop: 5s}
%s`, h.database, h.redis, filepath.Join(h.dir, "files"), h.tg.Token(), h.tg.URL(), slacktest.BotToken, slacktest.AppToken, h.sl.URL(), channel, agent, lead, extra)
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// start runs serve and waits until it is ready. env are further variables.
func (h *house) start(env ...string) *process {
	h.t.Helper()
	p := h.launch(nil, env...)
	h.until("serve is ready", func() bool {
		line := p.out.String()
		at := strings.Index(line, "http://127.0.0.1:")
		_ = at
		return strings.Contains(line, "回音准备好了") || p.ended()
	})
	if p.ended() {
		h.t.Fatalf("serve ended: %s", p.err.String())
	}
	return p
}

// launch runs serve without waiting for it.
func (h *house) launch(args []string, env ...string) *process {
	h.t.Helper()
	p := &process{out: &buffer{}, err: &buffer{}, done: make(chan error, 1)}
	p.cmd = exec.Command(program, append([]string{"serve", "-c", h.config}, args...)...)
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

// kill ends the process as a power cut would.
func (p *process) kill() {
	if !p.ended() {
		_ = p.cmd.Process.Kill()
	}
	err := <-p.done
	p.done <- err
}

// stop asks the process to end, and waits.
func (p *process) stop() error {
	if !p.ended() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	err := <-p.done
	p.done <- err
	return err
}

func (h *house) stopAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.procs {
		p.kill()
	}
	if h.t.Failed() {
		for i, p := range h.procs {
			h.t.Logf("process %d:\n%s%s", i, p.out.String(), tail(p.err.String()))
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
	if !h.within(patience, ok) {
		h.t.Fatalf("%s: not within %s\ncustomer sees:\n%s\nteam sees:\n%s", what, patience, h.customerSees(), h.teamSees())
	}
}

func (h *house) within(d time.Duration, ok func() bool) bool {
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
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(args, "-c", h.config)...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "LANG=zh_CN.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		h.t.Fatalf("huiyin %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// heard returns what the customer got from the bot.
func (h *house) heard() []telegramtest.Message { return h.tg.FromBot(customer) }

func (h *house) customerSees() string {
	var b strings.Builder
	for _, m := range h.heard() {
		fmt.Fprintln(&b, m.Text)
	}
	return b.String()
}

func (h *house) teamSees() string {
	var b strings.Builder
	for _, m := range h.sl.Messages(channel) {
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", len(m.Thread)/17), m.Text)
	}
	return b.String()
}

// hears waits until the customer got a message that contains text.
func (h *house) hears(text string) telegramtest.Message {
	h.t.Helper()
	var found telegramtest.Message
	h.until("the customer hears «"+text+"»", func() bool {
		for _, m := range h.heard() {
			if strings.Contains(m.Text, text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// times counts the customer's messages that contain text.
func (h *house) times(text string) int {
	n := 0
	for _, m := range h.heard() {
		if strings.Contains(m.Text, text) {
			n++
		}
	}
	return n
}

// card waits for the card of an item, in a state that contains text.
func (h *house) card(number int, text string) slacktest.Message {
	h.t.Helper()
	var found slacktest.Message
	h.until(fmt.Sprintf("the card of #%d says «%s»", number, text), func() bool {
		for _, m := range h.sl.Messages(channel) {
			if m.Thread == "" && !m.Deleted && strings.Contains(m.Text, fmt.Sprintf("#%d ", number)) && strings.Contains(m.Text, text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// thread waits for a line under a message.
func (h *house) thread(ts, text string) slacktest.Message {
	h.t.Helper()
	var found slacktest.Message
	h.until("the thread says «"+text+"»", func() bool {
		for _, m := range h.sl.Thread(channel, ts) {
			if strings.Contains(m.Text, text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// whispered waits for something only one person sees.
func (h *house) whispered(person, text string) slacktest.Message {
	h.t.Helper()
	var found slacktest.Message
	h.until(person+" is told privately «"+text+"»", func() bool {
		for _, m := range h.sl.Ephemerals(person) {
			if strings.Contains(m.Text, text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
