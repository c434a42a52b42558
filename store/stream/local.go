package stream

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// local is the twin in this process of the Redis streams: the same promises, for one process.
type local struct {
	options Options
	hub     *hub
	gap     *gap
	running running

	mu     sync.Mutex
	stages map[string]*localStage
	closed bool
}

func openLocal(o Options) *local {
	o = o.withDefaults()
	if o.LaneCap <= 0 {
		o.LaneCap = localLaneCap
	}
	return &local{
		options: o,
		hub:     newHub(o.Buffer),
		gap:     &gap{call: o.OnGap},
		stages:  map[string]*localStage{},
	}
}

// stage gives the queues of a stage, new ones at its first use.
func (l *local) stage(name string) (*localStage, error) {
	if err := checkStage(name); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	s := l.stages[name]
	if s == nil {
		s = &localStage{wake: make(chan struct{}, 1), limit: l.options.LaneCap}
		s.live.waiting = map[int64]struct{}{}
		s.history.waiting = map[int64]struct{}{}
		l.stages[name] = s
	}
	return s, nil
}

// Ring implements Stream.
func (l *local) Ring(_ context.Context, stage string, lane Lane, ids ...int64) error {
	if err := checkLane(lane); err != nil {
		return err
	}
	s, err := l.stage(stage)
	if err != nil || len(ids) == 0 {
		return err
	}
	dropped := s.push(lane, ids)
	s.signal()
	if dropped > 0 {
		return fmt.Errorf("ring %s %s: %d of %d: %w", stage, lane, dropped, len(ids), ErrFull)
	}
	return nil
}

// Consume implements Stream.
func (l *local) Consume(ctx context.Context, stage string, limit int, handle Handler) error {
	s, err := l.stage(stage)
	if err != nil {
		return err
	}
	ctx, _, leave, err := l.running.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	defer s.signal() // a token taken just before the stop goes to another worker

	w := newWorker(l.options, stage, handle)
	for ctx.Err() == nil {
		b := s.take(clampBatch(limit), time.Now(), l.options.ClaimIdle)
		if b == nil {
			s.wait(ctx, time.Now())
			continue
		}
		if b.more {
			s.signal()
		}
		if b.drained {
			l.gap.report()
		}
		if w.do(ctx, b.taken.Add(w.patience()), b.ids) == nil {
			s.finish(b)
		}
	}
	return l.running.outcome()
}

// Publish implements Stream.
func (l *local) Publish(_ context.Context, topic string, payload []byte) error {
	l.hub.deliver(Message{Topic: topic, Payload: bytes.Clone(payload)})
	return l.running.outcome()
}

// PublishAll implements Stream.
func (l *local) PublishAll(_ context.Context, messages []Message) error {
	for _, m := range messages {
		l.hub.deliver(Message{Topic: m.Topic, Payload: bytes.Clone(m.Payload)})
	}
	return l.running.outcome()
}

// Subscribe implements Stream.
func (l *local) Subscribe(ctx context.Context, topics ...string) (<-chan Message, error) {
	return l.hub.subscribe(ctx, topics)
}

// Depth implements Stream.
func (l *local) Depth(_ context.Context, stage string) (live, history int64, err error) {
	s, err := l.stage(stage)
	if err != nil {
		return 0, 0, err
	}
	live, history = s.depth()
	return live, history, nil
}

// Ping implements Stream.
func (l *local) Ping(context.Context) error {
	return l.running.outcome()
}

// Close implements Stream.
func (l *local) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.running.close()
	l.hub.close()
	l.gap.close()
	return nil
}

func clampBatch(n int) int { return min(max(n, 1), maxBatch) }
