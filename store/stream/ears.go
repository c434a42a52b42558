package stream

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// ears is this process's one connection that hears of all topics. It fills the hub, and tells all subscribers to read
// again whenever it was deaf for a while.
type ears struct {
	client  redis.UniversalClient
	prefix  string
	timeout time.Duration
	hub     *hub
	faults  faults

	heard chan struct{} // closed when the subscription stood for the first time
	first sync.Once
	ctx   context.Context // of the listening goroutine; ended by close
	stop  context.CancelFunc
	pulse atomic.Int64 // when anything was last heard, in nanoseconds since begun
	begun time.Time

	mu      sync.Mutex
	started bool
	closed  bool
	idle    sync.WaitGroup
}

const (
	earsPing = 2 * time.Second // between pings that keep the connection honest
	earsDeaf = 5 * time.Second // without any answer the connection is given up
)

func newEars(client redis.UniversalClient, o Options, h *hub) *ears {
	ctx, stop := context.WithCancel(context.Background())
	return &ears{
		client: client, prefix: o.Prefix + ":topic:", timeout: o.Timeout, hub: h, faults: faults{log: o.Log},
		heard: make(chan struct{}), ctx: ctx, stop: stop, begun: time.Now(),
	}
}

func (e *ears) channel(topic string) string { return e.prefix + topic }

// open begins to listen and waits a moment for the subscription to stand. When it does not, subscribers get a Resync
// once it does.
func (e *ears) open(ctx context.Context) {
	e.begin()
	patience := time.NewTimer(e.timeout)
	defer patience.Stop()
	select {
	case <-e.heard:
	case <-patience.C:
	case <-ctx.Done():
	case <-e.ctx.Done():
	}
}

func (e *ears) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.started && !e.closed {
		e.started = true
		e.idle.Go(e.listen)
	}
}

func (e *ears) listen() {
	for wait := probeFirst; e.ctx.Err() == nil; wait = min(2*wait, probeMost) {
		stood, err := e.once()
		if stood {
			wait = probeFirst
		}
		if e.ctx.Err() != nil {
			return
		}
		e.faults.failed(e.ctx, "live updates from other processes are cut off", err)
		sleep(e.ctx, jitter(wait))
	}
}

// once listens on one connection until it breaks, and says whether the subscription ever stood.
func (e *ears) once() (stood bool, err error) {
	sub := e.client.PSubscribe(e.ctx, globEscape(e.prefix)+"*")
	end := context.AfterFunc(e.ctx, func() { _ = sub.Close() }) // a blocked read hears nothing else
	defer end()
	defer sub.Close() //nolint:errcheck // the connection is given up
	e.hear()
	done := make(chan struct{})
	defer close(done)
	e.idle.Go(func() { e.keepHonest(sub, done) })
	for {
		m, err := sub.Receive(e.ctx)
		if err != nil {
			return stood, err
		}
		e.hear()
		switch m := m.(type) {
		case *redis.Subscription:
			stood = true
			e.hub.resync()
			e.faults.succeeded(e.ctx)
			e.first.Do(func() { close(e.heard) })
		case *redis.Message:
			e.deliver(strings.TrimPrefix(m.Channel, e.prefix), []byte(m.Payload))
		}
	}
}

func (e *ears) deliver(topic string, payload []byte) {
	if topic != manyTopic {
		e.hub.deliver(Message{Topic: topic, Payload: payload})
		return
	}
	for _, m := range unpacked(payload) {
		e.hub.deliver(m)
	}
}

func (e *ears) hear() { e.pulse.Store(int64(time.Since(e.begun))) }

// keepHonest pings, and closes a connection on which nothing is heard any more: a read alone would wait for ever.
func (e *ears) keepHonest(sub *redis.PubSub, done <-chan struct{}) {
	tick := time.NewTicker(earsPing)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		if time.Since(e.begun)-time.Duration(e.pulse.Load()) > earsDeaf {
			_ = sub.Close() // the read fails, and once returns
			return
		}
		ctx, cancel := context.WithTimeout(e.ctx, e.timeout)
		_ = sub.Ping(ctx) // an unanswered ping is seen above, a broken connection by the read
		cancel()
	}
}

func (e *ears) close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	e.idle.Wait()
}

// globEscape takes the meaning out of what Redis's patterns would read as wildcards.
func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(s)
}
