package loopback_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/huiyin/huiyin/test/loopback"
)

// Each port is free and given away once, and none is one that the system gives
// to whoever asks for any.
func TestPorts(t *testing.T) {
	var ports loopback.Ports
	given := map[int]bool{}
	for range 100 {
		port, err := ports.Find()
		if err != nil {
			t.Fatal(err)
		}
		if given[port] || port >= 32_768 {
			t.Errorf("%d was given away before: %v", port, given[port])
		}
		given[port] = true
	}
	for port := range given {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // taken by somebody since
		}
		_ = l.Close()
		return
	}
	t.Error("none of them is free")
}
