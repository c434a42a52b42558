package stream

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// breaker keeps callers from waiting for a server that did not answer a moment ago: the first failure opens it, a
// probe in the background closes it. Nobody's request is the probe.
type breaker struct {
	probe func(ctx context.Context) error
	back  func() // called when the server answers again

	faults faults
	life   context.Context // of the probing goroutine; ended by close
	stop   context.CancelFunc

	mu     sync.Mutex
	open   bool
	closed bool
	idle   sync.WaitGroup
}

func newBreaker(log *slog.Logger, probe func(context.Context) error, back func()) *breaker {
	life, stop := context.WithCancel(context.Background())
	return &breaker{probe: probe, back: back, faults: faults{log: log}, life: life, stop: stop}
}

const (
	probeFirst = 50 * time.Millisecond
	probeMost  = time.Second
)

// allow returns ErrAway while the server is known to be away.
func (b *breaker) allow() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open {
		return ErrAway
	}
	return nil
}

// note looks at the outcome of a request and opens the breaker when it says that the server is away.
func (b *breaker) note(err error) {
	if !away(err) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open || b.closed {
		return
	}
	b.open = true
	b.idle.Go(func() { b.watch(err) })
}

// watch probes until the server answers.
func (b *breaker) watch(err error) {
	ctx := b.life
	for wait := probeFirst; ; wait = min(2*wait, probeMost) {
		b.faults.failed(ctx, "redis is away, work goes on from the database", err)
		if !sleep(ctx, jitter(wait)) {
			return
		}
		if err = b.probe(ctx); err == nil {
			break
		}
	}
	b.mu.Lock()
	b.open = false
	b.mu.Unlock()
	b.faults.succeeded(ctx)
	b.back()
}

func (b *breaker) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.stop()
	b.idle.Wait()
}

// away tells errors of the way to the server, and a server that is starting or stepping down, from answers that a
// server gave about a request.
func away(err error) bool {
	var answer redis.Error
	switch {
	case err == nil, errors.Is(err, redis.Nil), errors.Is(err, context.Canceled), errors.Is(err, redis.ErrClosed):
		return false
	case errors.As(err, &answer):
		for _, p := range []string{"LOADING", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "max number of clients"} {
			if strings.Contains(answer.Error(), p) {
				return true
			}
		}
		return false
	default:
		return true // refused, reset, timed out: a broken connection has many names
	}
}
