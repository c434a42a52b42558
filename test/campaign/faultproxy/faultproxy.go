// Package faultproxy is a TCP proxy on the loopback interface that misbehaves
// on demand: it stands between a program and what the program talks to, and
// plays a slow, cut, silent or one-way network.
package faultproxy

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Fault is how the network misbehaves. The zero value is a good network.
type Fault struct {
	Delay    time.Duration // before each piece is passed on, in both directions
	ToServer bool          // nothing reaches the server; connections stay open
	ToClient bool          // nothing reaches the client; connections stay open
	Refuse   bool          // new connections are reset
	CutAfter int           // a connection is reset after so many bytes to the client; 0: never
}

// Blackhole passes nothing on in either direction.
var Blackhole = Fault{ToServer: true, ToClient: true}

// Proxy passes connections on to one server. Its methods are safe for
// concurrent use.
type Proxy struct {
	server   string
	listener net.Listener

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when the fault changes
	fault   Fault
	open    map[net.Conn]bool
	closed  bool
	done    sync.WaitGroup
}

// Start starts a proxy to server (host:port). Close ends it.
func Start(server string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a listener ends with Close
	if err != nil {
		return nil, fmt.Errorf("faultproxy: %w", err)
	}
	p := &Proxy{server: server, listener: l, changed: make(chan struct{}), open: map[net.Conn]bool{}}
	p.done.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens (host:port).
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Set makes the network misbehave from now on, open connections included. What
// was held back is passed on once nothing holds it back any more.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.changed)
	p.changed = make(chan struct{})
}

// Reset resets all open connections, whose data on the way is lost, and returns
// how many there were.
func (p *Proxy) Reset() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for c := range p.open {
		reset(c)
		n++
	}
	return n / 2
}

// Close ends the proxy and all its connections.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Set(Fault{})
	p.Reset()
	p.done.Wait()
}

func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // a reset, not a goodbye
	}
	_ = c.Close()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if f, _ := p.now(); f.Refuse {
			reset(client)
			continue
		}
		server, err := net.DialTimeout("tcp", p.server, 5*time.Second) //nolint:noctx // bounded by its timeout
		if err != nil {
			reset(client)
			continue
		}
		if !p.keep(client, server) {
			return
		}
		p.done.Go(func() { p.pump(server, client, false) })
		p.done.Go(func() { p.pump(client, server, true) })
	}
}

// keep makes a pair known; false where the proxy is closed.
func (p *Proxy) keep(pair ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range pair {
		if p.closed {
			reset(c)
			continue
		}
		p.open[c] = true
	}
	return !p.closed
}

func (p *Proxy) forget(pair ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range pair {
		delete(p.open, c)
	}
}

func (p *Proxy) now() (Fault, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.changed
}

// pump passes one direction on until either side ends.
func (p *Proxy) pump(to, from net.Conn, toClient bool) {
	defer func() {
		p.forget(to, from) // first: who sees the end may ask at once how many are open
		_ = to.Close()
		_ = from.Close()
	}()
	passed := 0
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			f := p.wait(toClient)
			if toClient && f.CutAfter > 0 && passed+n > f.CutAfter {
				_, _ = to.Write(buf[:max(0, f.CutAfter-passed)])
				p.forget(to, from)
				reset(to)
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
			passed += n
		}
		if err != nil {
			return
		}
	}
}

// wait returns once a piece may be passed on.
func (p *Proxy) wait(toClient bool) Fault {
	for {
		f, changed := p.now()
		if toClient && !f.ToClient || !toClient && !f.ToServer {
			if f.Delay > 0 {
				time.Sleep(f.Delay)
			}
			return f
		}
		<-changed
	}
}
