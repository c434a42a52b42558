package stream

import (
	"context"
	"sync"
)

// running knows the Consume calls under way, so that Close can end them and wait.
type running struct {
	mu     sync.Mutex
	closed bool
	stops  map[int]context.CancelFunc
	next   int
	idle   sync.WaitGroup
}

// enter gives a context that ends with ctx or at close, a number that no other call has had, and what to call at the
// end.
func (r *running) enter(ctx context.Context) (inner context.Context, number int, leave func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, 0, nil, ErrClosed
	}
	inner, stop := context.WithCancel(ctx)
	if r.stops == nil {
		r.stops = map[int]context.CancelFunc{}
	}
	r.next++
	number = r.next
	r.stops[number] = stop
	r.idle.Add(1)
	leave = func() {
		stop()
		r.mu.Lock()
		delete(r.stops, number)
		r.mu.Unlock()
		r.idle.Done()
	}
	return inner, number, leave, nil
}

// outcome is what a Consume call returns that ended without an error of its own.
func (r *running) outcome() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	return nil
}

// close lets no call begin, stops those under way and waits for them. It says whether it was the first.
func (r *running) close() bool {
	r.mu.Lock()
	first := !r.closed
	r.closed = true
	for _, stop := range r.stops {
		stop()
	}
	r.mu.Unlock()
	r.idle.Wait()
	return first
}
