// Package outboundtest has what tests of outgoing requests share: a canary that
// must never sing, a name server that lies, and the addresses that lead to the
// canary in every spelling.
package outboundtest

import (
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// Canary listens on the loopback and counts who connects.
type Canary struct {
	Port int
	hits atomic.Int64
}

// NewCanary starts a canary on 127.0.0.1 and, where the machine has it, on the
// same port of ::1. It stops with the test.
func NewCanary(tb testing.TB) *Canary {
	tb.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c := &Canary{}
	if addr, ok := ln.Addr().(*net.TCPAddr); ok {
		c.Port = addr.Port
	}
	c.listen(tb, ln)
	if six, err := lc.Listen(tb.Context(), "tcp", net.JoinHostPort("::1", strconv.Itoa(c.Port))); err == nil {
		c.listen(tb, six)
	}
	return c
}

func (c *Canary) listen(tb testing.TB, ln net.Listener) {
	tb.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return // closed
			}
			c.hits.Add(1)
			// A client that is answered before it asked takes the answer for a
			// stray one.
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			_, _ = conn.Read(make([]byte, 4<<10))
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary"))
			_ = conn.Close()
		}
	}()
}

// Hits returns how many connections there were.
func (c *Canary) Hits() int { return int(c.hits.Load()) }

// Names is a name server on the loopback. It answers each name with what its
// table holds, one answer after the other, the last for ever, and any other
// name with 127.0.0.1 and ::1: what a hostile zone would say.
type Names struct {
	conn  net.PacketConn
	table map[string][]netip.Addr
	asked map[string]int
}

// Resolver returns a resolver that asks a name server of its own with this
// table. Keys are lower case and without the dot at the end.
func Resolver(tb testing.TB, table map[string][]netip.Addr) *net.Resolver {
	tb.Helper()
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(tb.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	n := &Names{conn: conn, table: table, asked: map[string]int{}}
	go n.serve()
	return n.resolver()
}
