// Package loopback finds ports of the loopback for servers that a test ends and
// starts again.
package loopback

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Ports are taken from below the ranges that systems take them from when nobody
// names one (Linux from 32768, macOS and Windows from 49152): there, any
// connection of any process may get the port between two starts of its server.
const (
	first = 20_000
	last  = 31_999
)

// Ports gives each port away once. Its zero value is ready; it is safe for
// concurrent use.
type Ports struct {
	mu    sync.Mutex
	given map[int]bool
}

// Find returns a port of 127.0.0.1 that nobody listens on and that these Ports
// have not given away before.
func (p *Ports) Find() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var failed error
	for range 1000 {
		port := first + rand.N(last-first+1)
		if p.given[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // at once or not at all
		if err != nil {
			failed = err
			continue
		}
		if p.given == nil {
			p.given = map[int]bool{}
		}
		p.given[port] = true
		return port, l.Close()
	}
	return 0, fmt.Errorf("no port between %d and %d is free: %w", first, last, failed)
}
