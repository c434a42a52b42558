package pipeline

import (
	"context"
	"sync"
)

// grouped has callers that come at the same time served together: while one
// group is being worked on, the next gathers, and begins when that one is done.
// A lone caller waits for nothing, and groups grow by themselves with the time
// that one takes.
type grouped[J any] struct {
	most  int                    // weight of a group, unless one job alone has more
	weigh func(J) int            // nil: each weighs 1
	work  func(jobs []J) []error // an error a job; nil: all went well

	mu    sync.Mutex
	queue []waiting[J]
	busy  bool
}

type waiting[J any] struct {
	job  J
	done chan error
}

// do has job worked on and returns its error, or that of ctx where it ends
// before: the job is worked on all the same.
func (g *grouped[J]) do(ctx context.Context, job J) error {
	w := waiting[J]{job, make(chan error, 1)}
	g.mu.Lock()
	g.queue = append(g.queue, w)
	lead := !g.busy
	g.busy = true
	g.mu.Unlock()
	if lead {
		go g.next() // the caller may have less time than the group takes
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fits returns how many of the queue make a group. The caller holds the lock.
func (g *grouped[J]) fits() int {
	weight := 0
	for n, w := range g.queue {
		if g.weigh == nil {
			weight++
		} else {
			weight += g.weigh(w.job)
		}
		if n > 0 && weight > g.most {
			return n
		}
	}
	return len(g.queue)
}

// next works on the group that has gathered and hands on to the one behind it.
func (g *grouped[J]) next() {
	g.mu.Lock()
	n := g.fits()
	group := g.queue[:n:n]
	g.queue = g.queue[n:]
	g.mu.Unlock()
	jobs := make([]J, n)
	for i, w := range group {
		jobs[i] = w.job
	}
	var errs []error
	if err := safely(func() error { errs = g.work(jobs); return nil }); err != nil {
		errs = make([]error, n)
		for i := range errs {
			errs[i] = err
		}
	}
	for i, w := range group {
		var err error
		if errs != nil {
			err = errs[i]
		}
		w.done <- err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.queue, g.busy = nil, false
		return
	}
	go g.next()
}
