package storetest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Switch is a connection to a database that can be cut and mended, as when its
// server goes away and comes back. It is safe for concurrent use.
type Switch struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

// NewSwitch returns a switch before the server that dsn names, and the address
// through it. It is closed with the test.
func NewSwitch(tb testing.TB, dsn string) (*Switch, string) {
	tb.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once or not at all
	if err != nil {
		tb.Fatal(err)
	}
	s := &Switch{listener: l, server: u.Host, conns: map[net.Conn]bool{}}
	tb.Cleanup(func() {
		l.Close()
		s.Cut()
	})
	go s.serve()
	u.Host = l.Addr().String()
	return s, u.String()
}

// Cut ends every connection and lets nobody in.
func (s *Switch) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = true
	for c := range s.conns {
		c.Close()
	}
}

// Mend lets everybody in again.
func (s *Switch) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = false
}

func (s *Switch) serve() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", s.server) //nolint:noctx // a test's own way to its server
		if err != nil {
			client.Close()
			continue
		}
		if !s.keep(client, server) {
			continue
		}
		go s.pump(client, server)
		go s.pump(server, client)
	}
}

// keep remembers a connection's two ends, or closes them while it is cut.
func (s *Switch) keep(ends ...net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range ends {
		if s.cut {
			c.Close()
		} else {
			s.conns[c] = true
		}
	}
	return !s.cut
}

func (s *Switch) pump(to, from net.Conn) {
	// Either end closing ends both: what is copied until then does not matter.
	_, _ = io.Copy(to, from)
	to.Close()
	from.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, to)
	delete(s.conns, from)
}
