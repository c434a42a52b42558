package stream_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/huiyin/huiyin/store/stream"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// childURL, when set, makes this test program a worker that takes a batch, says so, and never finishes it.
const childURL = "HUIYIN_STREAM_TEST_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		stuckWorker(url)
		return
	}
	goleak.VerifyTestMain(m)
}

func stuckWorker(url string) {
	ctx := context.Background()
	s, err := stream.Open(ctx, url, stream.Options{ClaimIdle: time.Minute, Block: 100 * time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = s.Consume(ctx, "analyze", 10, func(_ context.Context, ids []int64) error {
		fmt.Fprintln(os.Stdout, len(ids))
		select {}
	})
}

// logBook is a log that can be read while it is written.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func usualTimeout(o *stream.Options) { o.Timeout = 0 }

type process struct {
	stream.Stream
	gaps atomic.Int32
	log  logBook
}

// open is one process of several on a server.
func open(t *testing.T, url string, change func(*stream.Options)) *process {
	t.Helper()
	p := &process{}
	o := stream.Options{
		ClaimIdle: streamtest.ClaimIdle, Block: 100 * time.Millisecond,
		Timeout: 10 * time.Second, // the machine may be busy: only tests of outages have the usual
		OnGap:   func() { p.gaps.Add(1) },
		Log:     slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	s, err := stream.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	p.Stream = s
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

func ring(t *testing.T, s stream.Stream, ids ...int64) {
	t.Helper()
	if err := s.Ring(t.Context(), "analyze", stream.Live, ids...); err != nil {
		t.Fatal(err)
	}
}

func upTo(n int64) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = int64(i)
	}
	return ids
}

func TestTwoProcessesShareAndHearEachOther(t *testing.T) {
	url, _ := streamtest.StartRedis(t)
	patient := func(o *stream.Options) { o.ClaimIdle = time.Minute }
	a, b := open(t, url, patient), open(t, url, patient)
	heard, err := b.Subscribe(t.Context(), "board")
	if err != nil {
		t.Fatal(err)
	}
	c := streamtest.NewCollector()
	var byA, byB atomic.Int32
	streamtest.Go(t, a, "analyze", 4, func(ctx context.Context, ids []int64) error { byA.Add(1); return c.Handle(ctx, ids) })
	streamtest.Go(t, b, "analyze", 4, func(ctx context.Context, ids []int64) error { byB.Add(1); return c.Handle(ctx, ids) })
	ring(t, a, upTo(2000)...)
	c.WaitDistinct(t, 2000)
	for id := range int64(2000) {
		if n := c.Times(id); n != 1 {
			t.Errorf("id %d came %d times", id, n)
		}
	}
	if byA.Load() == 0 || byB.Load() == 0 {
		t.Errorf("shares of %d and %d batches", byA.Load(), byB.Load())
	}
	if err := a.Publish(t.Context(), "board", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if m := <-heard; m.Topic != "board" || string(m.Payload) != "x" {
		t.Errorf("the other process heard %+v", m)
	}
}

func TestAKilledProcessesEntriesAreClaimed(t *testing.T) {
	url, _ := streamtest.StartRedis(t)
	a := open(t, url, nil)
	ring(t, a, upTo(10)...)

	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childURL+"="+url)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	taken, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if strings.TrimSpace(taken) != "10" {
		t.Fatalf("the worker took %q, want all ten", taken)
	}

	c := streamtest.NewCollector()
	streamtest.Go(t, a, "analyze", 10, c.Handle)
	c.WaitDistinct(t, 10)
	streamtest.Eventually(t, "all are struck off", func() bool {
		live, _, err := a.Depth(t.Context(), "analyze")
		return err == nil && live == 0
	})
}

func TestFlushUnderLoadLosesNothingThatASweepRingsAgain(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	const total = 3000
	c := streamtest.NewCollector()
	var a *process
	sweep := func() { // the reconciler: rings whatever is not finished
		var unfinished []int64
		for id := range int64(total) {
			if c.Times(id) == 0 {
				unfinished = append(unfinished, id)
			}
		}
		_ = a.Ring(context.Background(), "analyze", stream.Live, unfinished...) // a hint that is lost leads to another sweep
	}
	ready := make(chan struct{})
	a = open(t, url, func(o *stream.Options) {
		o.OnGap = func() { <-ready; sweep() }
	})
	close(ready)
	b := open(t, url, func(o *stream.Options) { o.OnGap = sweep }) // whoever notices sweeps
	slow := func(ctx context.Context, ids []int64) error {
		time.Sleep(2 * time.Millisecond)
		return c.Handle(ctx, ids)
	}
	streamtest.Go(t, a, "analyze", 16, slow)
	streamtest.Go(t, b, "analyze", 16, slow)
	for id := int64(0); id < total; id += 100 {
		_ = a.Ring(t.Context(), "analyze", stream.Live, upTo(id + 100)[id:]...)
		if id%500 == 0 {
			server.Flush()
		}
	}
	server.Flush()
	c.WaitDistinct(t, total)
}

func TestAHungRedisSlowsNobodyAndIsFoundAgain(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	a := open(t, url, usualTimeout)
	c := streamtest.NewCollector()
	streamtest.Go(t, a, "analyze", 10, c.Handle)
	ring(t, a, 1)
	c.WaitDistinct(t, 1)
	before := a.gaps.Load()
	heard, err := a.Subscribe(t.Context(), "board")
	if err != nil {
		t.Fatal(err)
	}

	server.Stop()
	waited := 0
	for range 200 {
		switch err := a.Ring(t.Context(), "analyze", stream.Live, 2); {
		case err == nil:
			t.Error("ringing a hung Redis gave no hint")
		case !errors.Is(err, stream.ErrAway):
			waited++ // Redis was asked
		}
	}
	if waited > 1 {
		t.Errorf("%d of 200 rings waited for an answer, want one at most", waited)
	}
	if err := a.Publish(t.Context(), "board", []byte("here")); err == nil {
		t.Error("publishing to a hung Redis gave no hint")
	}
	if m := <-heard; string(m.Payload) != "here" {
		t.Errorf("this process heard %+v, want what it published itself", m)
	}
	if err := a.Ping(t.Context()); err == nil {
		t.Error("ping of a hung Redis succeeded")
	}

	server.Cont()
	streamtest.Eventually(t, "a sweep is asked for", func() bool { return a.gaps.Load() > before })
	streamtest.Eventually(t, "ringing works again", func() bool {
		return a.Ring(t.Context(), "analyze", stream.Live, 3) == nil
	})
	c.WaitDistinct(t, 2)
}

func TestKillAndRestartOfRedis(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	a := open(t, url, usualTimeout)
	c := streamtest.NewCollector()
	for range 3 {
		streamtest.Go(t, a, "analyze", 10, c.Handle)
	}
	heard, err := a.Subscribe(t.Context(), "board")
	if err != nil {
		t.Fatal(err)
	}
	for round := range int64(3) {
		streamtest.Eventually(t, "ringing works", func() bool {
			return a.Ring(t.Context(), "analyze", stream.Live, round) == nil
		})
		c.WaitDistinct(t, int(round)+1)
		before := a.gaps.Load()
		server.Kill()
		streamtest.Eventually(t, "the loss is noticed", func() bool { return a.Ping(t.Context()) != nil })
		server.Start()
		streamtest.Eventually(t, "a sweep is asked for", func() bool { return a.gaps.Load() > before })
		if m := <-heard; !m.Resync {
			t.Errorf("after the restart subscribers got %+v, want a Resync", m)
		}
	}
	if lines := strings.Count(a.log.String(), "\n"); lines > 60 {
		t.Errorf("three outages made %d lines of log:\n%s", lines, a.log.String())
	}
}

func TestRedisAwayAtTheStart(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	server.Kill()
	a := open(t, url, usualTimeout)
	if err := a.Ping(t.Context()); err == nil {
		t.Error("ping of a Redis that is away succeeded")
	}
	c := streamtest.NewCollector()
	streamtest.Go(t, a, "analyze", 10, c.Handle)
	heard, err := a.Subscribe(t.Context(), "board")
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	if m := <-heard; !m.Resync {
		t.Errorf("once Redis came subscribers got %+v, want a Resync", m)
	}
	streamtest.Eventually(t, "ringing works", func() bool { return a.Ring(t.Context(), "analyze", stream.Live, 1) == nil })
	c.WaitDistinct(t, 1)
	if !strings.Contains(a.log.String(), "redis is away") {
		t.Errorf("the log does not say that Redis was away:\n%s", a.log.String())
	}
}

func TestAFullRedisIsOnlyAHint(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	a := open(t, url, nil)
	c := streamtest.NewCollector()
	ring(t, a, 1)
	server.Do("CONFIG", "SET", "maxmemory", "1")
	err := a.Ring(t.Context(), "analyze", stream.Live, 2)
	if err == nil || errors.Is(err, stream.ErrAway) || !strings.Contains(err.Error(), "maxmemory") {
		t.Errorf("ringing a full Redis: %v, want a hint at maxmemory", err)
	}
	streamtest.Go(t, a, "analyze", 10, c.Handle)
	streamtest.Eventually(t, "the full Redis is not taken for one that is away", func() bool {
		return a.Ping(t.Context()) == nil && !errors.Is(a.Ring(t.Context(), "analyze", stream.Live, 2), stream.ErrAway)
	})
	server.Do("CONFIG", "SET", "maxmemory", "0")
	streamtest.Eventually(t, "ringing works", func() bool { return a.Ring(t.Context(), "analyze", stream.Live, 3) == nil })
	streamtest.Eventually(t, "the first and third came", func() bool { return c.Times(1) == 1 && c.Times(3) == 1 })
}

func TestMalformedEntriesAreStruckOff(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	a := open(t, url, nil)
	for _, field := range [][]any{{"id", "twelve"}, {"id", ""}, {"other", "1"}, {"id", "99999999999999999999"}} {
		server.Do(append([]any{"XADD", "hy:{analyze}:live", "*"}, field...)...)
	}
	ring(t, a, 1)
	c := streamtest.NewCollector()
	streamtest.Go(t, a, "analyze", 10, c.Handle)
	c.WaitDistinct(t, 1)
	streamtest.Eventually(t, "nothing is left", func() bool {
		live, _, err := a.Depth(t.Context(), "analyze")
		return err == nil && live == 0
	})
	if n := strings.Count(a.log.String(), "malformed"); n != 4 {
		t.Errorf("%d log lines about four malformed entries:\n%s", n, a.log.String())
	}
	if strings.Contains(a.log.String(), "twelve") {
		t.Error("the log quotes an entry")
	}
}

func TestDeletedBeforeFinishedAsksForASweep(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	a := open(t, url, nil)
	c := streamtest.NewCollector()
	var failed atomic.Bool
	streamtest.Go(t, a, "analyze", 10, func(ctx context.Context, ids []int64) error {
		if failed.CompareAndSwap(false, true) {
			return errors.New("not now")
		}
		return c.Handle(ctx, ids)
	})
	ring(t, a, 1, 2, 3)
	streamtest.Eventually(t, "the handler failed", failed.Load)
	before := a.gaps.Load()
	server.Do("XTRIM", "hy:{analyze}:live", "MAXLEN", "0")
	streamtest.Eventually(t, "a sweep is asked for", func() bool { return a.gaps.Load() > before })
	ring(t, a, 1, 2, 3)
	c.WaitDistinct(t, 3)
}

// The same of what a consumer finds under its own name: the read that brought it broke off.
func TestDeletedBeforeItWasSeenAsksForASweep(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	for _, lane := range []string{"live", "history"} {
		server.Do("XGROUP", "CREATE", "hy:{analyze}:"+lane, "workers", "0", "MKSTREAM")
	}
	server.Do("XADD", "hy:{analyze}:live", "*", "id", "1")
	server.Do("XREADGROUP", "GROUP", "workers", "me-1", "STREAMS", "hy:{analyze}:live", ">")
	server.Do("XTRIM", "hy:{analyze}:live", "MAXLEN", "0")
	a := open(t, url, func(o *stream.Options) { o.Consumer, o.ClaimIdle = "me", time.Minute })
	streamtest.Go(t, a, "analyze", 10, streamtest.NewCollector().Handle)
	streamtest.Eventually(t, "a sweep is asked for", func() bool { return a.gaps.Load() > 0 })
	if strings.Contains(a.log.String(), "malformed") {
		t.Errorf("the log tells of something else:\n%s", a.log.String())
	}
}

func TestConsumersThatAreGoneAreStruckOff(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	a := open(t, url, func(o *stream.Options) { o.ConsumerIdle = 300 * time.Millisecond })
	c := streamtest.NewCollector()
	stop := streamtest.Go(t, a, "analyze", 10, c.Handle)
	ring(t, a, 1)
	c.WaitDistinct(t, 1)
	server.Do("XGROUP", "CREATECONSUMER", "hy:{analyze}:live", "workers", "gone")
	server.Do("XADD", "hy:{analyze}:history", "*", "id", "5")
	names := func(lane string) string {
		return fmt.Sprint(server.Do("XINFO", "CONSUMERS", "hy:{analyze}:"+lane, "workers"))
	}
	streamtest.Eventually(t, "the silent consumer is struck off, the working one is not", func() bool {
		list := names("live")
		return !strings.Contains(list, "gone") && strings.Contains(list, "name")
	})
	c.WaitDistinct(t, 2)
	stop()
	if list := names("live") + names("history"); list != "[][]" {
		t.Errorf("after a stop with nothing unfinished the groups list %s", list)
	}
}

func TestALaneThatIsFullDropsAndAsksForASweepOnceDrained(t *testing.T) {
	url, _ := streamtest.StartRedis(t)
	a := open(t, url, func(o *stream.Options) { o.LaneCap = 100 })
	ring(t, a, upTo(120)...)
	if err := a.Ring(t.Context(), "analyze", stream.Live, 500); !errors.Is(err, stream.ErrFull) {
		t.Fatalf("ringing a full lane: %v, want ErrFull", err)
	}
	if err := a.Ring(t.Context(), "analyze", stream.History, 1); err != nil {
		t.Errorf("the other lane: %v", err)
	}
	c := streamtest.NewCollector()
	streamtest.Go(t, a, "analyze", 10, c.Handle)
	c.WaitDistinct(t, 120)
	streamtest.Eventually(t, "sweeps are asked for: a new group, room again", func() bool { return a.gaps.Load() >= 2 })
	ring(t, a, 500)
	c.WaitDistinct(t, 121)
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	a := open(t, url, usualTimeout)
	doctor, ok := a.Stream.(stream.Doctor)
	if !ok {
		t.Fatal("the Redis stream is no Doctor")
	}
	if advice := doctor.Doctor(t.Context()); len(advice) != 0 {
		t.Errorf("a good server got %q", advice)
	}
	server.Do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	server.Do("CONFIG", "SET", "maxmemory", "1mb")
	advice := fmt.Sprint(doctor.Doctor(t.Context()))
	if !strings.Contains(advice, "noeviction") || !strings.Contains(advice, "nearly full") || !strings.Contains(advice, "快满了") {
		t.Errorf("advice %q, want noeviction and nearly full", advice)
	}
	b := open(t, url, nil)
	if !strings.Contains(b.log.String(), "noeviction") {
		t.Errorf("the log at start does not warn:\n%s", b.log.String())
	}
	server.Kill()
	if advice := doctor.Doctor(t.Context()); len(advice) != 1 {
		t.Errorf("about a dead server: %q", advice)
	}
}

func TestOpenNeverQuotesThePassword(t *testing.T) {
	for _, address := range []string{
		"http://user:geheim@host", "redis://user:geheim@host/x?a=%zz", "user:geheim@host:1",
		"redis://user:geheim@host/notanumber", "rediss://user:geheim@[::1", "redis://user:geheim@host/0?read_timeout=x",
	} {
		_, err := stream.Open(t.Context(), address, stream.Options{})
		if err == nil {
			t.Errorf("%s was accepted", address)
			continue
		}
		if strings.Contains(err.Error(), "geheim") {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}
