package stream

import "sync"

// gap tells the owner that announcements were lost, without making anyone wait for the sweep: calls never overlap,
// and any number of losses during one lead to a single call after it.
type gap struct {
	call func()

	mu      sync.Mutex
	running bool
	again   bool
	closed  bool
	idle    sync.WaitGroup
}

func (g *gap) report() {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
	case g.running:
		g.again = true
	default:
		g.running = true
		g.idle.Go(g.run)
	}
}

func (g *gap) run() {
	for {
		g.call()
		g.mu.Lock()
		if !g.again || g.closed {
			g.running = false
			g.mu.Unlock()
			return
		}
		g.again = false
		g.mu.Unlock()
	}
}

// close lets no further call begin and waits for the one under way.
func (g *gap) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.idle.Wait()
}
