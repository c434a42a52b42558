package streamtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/huiyin/huiyin/test/loopback"
)

// Redis is a real server of a test's own, on a free port of the loopback, with its files, if any, in a temporary folder.
type Redis struct {
	t       testing.TB
	port    string
	command func(port string) []string // redis-server's arguments

	mu      sync.Mutex
	process *exec.Cmd
	log     bytes.Buffer
}

// StartRedis starts a server that ends with the test, and fails the test when redis-server is not installed.
// It keeps nothing on disk, so that a Kill followed by Start is a Redis that has forgotten everything.
func StartRedis(t testing.TB) (url string, control *Redis) {
	t.Helper()
	r := startServer(t)
	return r.URL(), r
}

// startServer starts a server with more options than the usual ones.
func startServer(t testing.TB, options ...string) *Redis {
	t.Helper()
	dir := t.TempDir()
	return startCommand(t, func(port string) []string {
		return append([]string{
			"--port", port, "--bind", "127.0.0.1", "--dir", dir,
			"--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory-policy", "noeviction",
		}, options...)
	})
}

// startCommand starts redis-server with the arguments that command gives for a port.
func startCommand(t testing.TB, command func(port string) []string) *Redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("redis-server is not installed (Debian: apt-get install redis-server; macOS: brew install redis): %v", err)
	}
	r := &Redis{t: t, command: command}
	t.Cleanup(r.Kill)
	for range 5 { // the port that was free a moment ago may be taken by now
		r.port = freePort(t)
		if r.start() {
			return r
		}
	}
	t.Fatalf("redis-server does not start:\n%s", r.log.String())
	return nil
}

// URL is the server's address, as storage.redis takes it.
func (r *Redis) URL() string { return "redis://127.0.0.1:" + r.port + "/0" }

// Start starts the server again, on the same port, after Kill.
func (r *Redis) Start() {
	r.t.Helper()
	if !r.start() {
		r.t.Fatalf("redis-server does not start again:\n%s", r.log.String())
	}
}

// Kill ends the server with SIGKILL: connections break, nothing is kept. Killing a dead server does nothing.
func (r *Redis) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.process == nil {
		return
	}
	_ = r.process.Process.Kill() // it may be gone already
	_ = r.process.Wait()         // it was killed: that is what Wait reports
	r.process = nil
}

// Stop freezes the server (SIGSTOP): connections stay, nothing is answered, until Cont.
func (r *Redis) Stop() { r.signal(syscall.SIGSTOP) }

// Cont lets a frozen server go on.
func (r *Redis) Cont() { r.signal(syscall.SIGCONT) }

// Flush removes everything, consumer groups included.
func (r *Redis) Flush() {
	r.t.Helper()
	r.Do("FLUSHALL")
}

// Do sends a command and gives its answer; an error fails the test. Safe in any goroutine.
func (r *Redis) Do(args ...any) any {
	r.t.Helper()
	client := r.client()
	defer client.Close()
	answer, err := client.Do(context.Background(), args...).Result()
	if err != nil {
		r.t.Errorf("redis %v: %v", args, err)
	}
	return answer
}

func (r *Redis) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + r.port, MaxRetries: -1, Protocol: 2})
}

func (r *Redis) signal(s os.Signal) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.process == nil {
		r.t.Errorf("signal %v: redis-server does not run", s)
		return
	}
	if err := r.process.Process.Signal(s); err != nil {
		r.t.Errorf("signal %v: %v", s, err)
	}
}

// start says whether the server answers on its port within a minute.
func (r *Redis) start() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Reset()
	p := exec.Command("redis-server", r.command(r.port)...) //nolint:noctx // its life is the test's, not a request's
	p.Stdout, p.Stderr = &r.log, &r.log
	if err := p.Start(); err != nil {
		r.t.Fatalf("start redis-server: %v", err)
	}
	client := r.client()
	defer client.Close()
	for range 3000 {
		if pid := client.InfoMap(context.Background(), "server"); pid.Err() == nil &&
			pid.Item("Server", "process_id") == strconv.Itoa(p.Process.Pid) {
			r.process = p
			return true
		}
		time.Sleep(20 * time.Millisecond)
		if p.ProcessState != nil || syscall.Kill(p.Process.Pid, 0) != nil {
			break
		}
	}
	_ = p.Process.Kill() // it did not start; its own words are in the log
	_ = p.Wait()
	return false
}

func freePort(t testing.TB) string {
	t.Helper()
	n, err := loopback.Find()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(n)
}
