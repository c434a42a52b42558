// Package loopback finds ports of the loopback for servers that a test ends and
// starts again.
package loopback

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// Ports are taken from below the ranges that systems take them from when nobody
// names one (Linux from 32768, macOS and Windows from 49152): there, any
// connection of any process may get the port between two starts of its server.
const (
	first = 20_000
	last  = 31_999
)

// sign is an address whose ports say which of 127.0.0.1's are given away: whoever
// listens there has it, and loses it with its process. Linux has all of 127/8;
// elsewhere there is no such address, and chance has to do.
const sign = "127.71.83.9"

// Find returns a port of 127.0.0.1 that nobody listens on. It is the process's own
// until it ends: no other Find, here or in a test beside it, returns it.
func Find() (int, error) {
	var failed error
	for range 1000 {
		port := first + rand.N(last-first+1)
		held, err := listen(sign, port)
		if errors.Is(err, syscall.EADDRINUSE) {
			failed = err
			continue
		}
		l, err := listen("127.0.0.1", port)
		if err != nil {
			failed = err
			if held != nil {
				_ = held.Close()
			}
			continue
		}
		if held != nil {
			keep(held)
		}
		return port, l.Close()
	}
	return 0, fmt.Errorf("no port between %d and %d is free: %w", first, last, failed)
}

func listen(host string, port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))) //nolint:noctx // at once or not at all
}

// signs keeps what this process has reserved: a listener that nothing refers to
// is closed when memory is tidied.
var signs struct {
	sync.Mutex
	held []net.Listener
}

func keep(l net.Listener) {
	signs.Lock()
	defer signs.Unlock()
	signs.held = append(signs.held, l)
}
