package stream_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/store/stream"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

func TestMasterBehindSentinelsIsReplaced(t *testing.T) {
	servers := streamtest.StartSentinel(t)
	survivesALostMaster(t, servers)
}

func TestMasterInAClusterIsReplaced(t *testing.T) {
	servers := streamtest.StartCluster(t)
	survivesALostMaster(t, servers)
}

// survivesALostMaster kills the master that holds a stage's lanes while it works: what replication had not carried over
// is rung again by the sweep that the loss asks for.
func survivesALostMaster(t *testing.T, servers *streamtest.Servers) {
	t.Helper()
	const before, total = 1000, 2000
	c := streamtest.NewCollector()
	var p *process
	opened := make(chan struct{})
	sweep := func() {
		<-opened
		var unfinished []int64
		for id := range int64(total) {
			if c.Times(id) == 0 {
				unfinished = append(unfinished, id)
			}
		}
		_ = p.Ring(context.Background(), "analyze", stream.Live, unfinished...) // a hint that is lost leads to another sweep
	}
	p = open(t, servers.URL(), func(o *stream.Options) {
		o.Timeout = time.Second // a busy machine is no outage
		o.OnGap = sweep
	})
	close(opened)
	heard, err := p.Subscribe(t.Context(), "board")
	if err != nil {
		t.Fatal(err)
	}
	streamtest.Go(t, p, "analyze", 16, func(ctx context.Context, ids []int64) error {
		time.Sleep(2 * time.Millisecond)
		return c.Handle(ctx, ids)
	})
	streamtest.Eventually(t, "ringing works", func() bool { // servers that are busy may take each other for dead
		return p.Ring(t.Context(), "analyze", stream.Live, upTo(before)...) == nil
	})
	servers.Master("hy:{analyze}:live").Kill()
	for id := int64(before); id < total; id += 100 {
		_ = p.Ring(t.Context(), "analyze", stream.Live, upTo(id + 100)[id:]...) // lost where nobody is master
	}
	c.WaitDistinct(t, total)
	streamtest.Eventually(t, "another is master and hears", func() bool { return p.Ping(t.Context()) == nil })
	streamtest.Eventually(t, "live updates go on", func() bool {
		if p.Publish(t.Context(), "board", []byte("x")) != nil {
			return false
		}
		for {
			select {
			case m := <-heard:
				if string(m.Payload) == "x" {
					return true
				}
			case <-time.After(100 * time.Millisecond):
				return false
			}
		}
	})
	if lines := strings.Count(p.log.String(), "\n"); lines > 60 {
		t.Errorf("one outage made %d lines of log:\n%s", lines, p.log.String())
	}
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"redis://127.0.0.1:1/0", "rediss://u:p@127.0.0.1:1", "unix:///nowhere/redis.sock?db=1",
		"redis+sentinel://127.0.0.1:1,127.0.0.1:2/main", "redis+sentinel://u:p%40ss@127.0.0.1/main/3?sentinel_password=x",
		"rediss+cluster://u:p@127.0.0.1:1,[::1]:2",
	} {
		s, err := stream.Open(t.Context(), address, stream.Options{Timeout: 50 * time.Millisecond})
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Errorf("%s: nobody is there, and Ping says nothing", address)
		}
		_ = s.Close()
	}
	for _, address := range []string{
		"http://127.0.0.1", "127.0.0.1:6379", "redis://127.0.0.1/zero", "redis+sentinel://127.0.0.1", "redis+sentinel:///main",
		"redis+sentinel://127.0.0.1/main/first", "redis+cluster://127.0.0.1/0", "redis+cluster://", "redis+cluster://a,,b",
		"redis+cluster://us er:geheim@%zz",
	} {
		_, err := stream.Open(t.Context(), address, stream.Options{})
		if err == nil || !strings.Contains(err.Error(), "storage.redis: write redis") {
			t.Errorf("%s: %v, want an error that says what to write", address, err)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}
