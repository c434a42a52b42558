package loopback_test

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/test/loopback"
)

// Each port is free and given away once, and none is one that the system gives
// to whoever asks for any.
func TestFind(t *testing.T) {
	given := map[int]bool{}
	for range 100 {
		port, err := loopback.Find()
		if err != nil {
			t.Fatal(err)
		}
		if given[port] || port >= 32_768 {
			t.Errorf("%d was given away before: %v", port, given[port])
		}
		given[port] = true
	}
	for port := range given {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue // taken by somebody since
		}
		_ = l.Close()
		return
	}
	t.Error("none of them is free")
}

// TestFindBeside: tests run beside each other, each in a process of its own, and
// a server that is down for a moment must find its port free again.
func TestFindBeside(t *testing.T) {
	if os.Getenv("LOOPBACK_BESIDE") != "" {
		for range 300 {
			port, err := loopback.Find()
			if err != nil {
				t.Fatal(err)
			}
			t.Log("port", port)
		}
		return
	}
	if runtime.GOOS != "linux" {
		t.Log("no second address of the loopback here: ports are told apart by chance")
		return
	}
	mine := map[string]bool{}
	for range 300 {
		port, err := loopback.Find()
		if err != nil {
			t.Fatal(err)
		}
		mine[strconv.Itoa(port)] = true
	}
	beside := exec.Command(os.Args[0], "-test.run", "^TestFindBeside$", "-test.v")
	beside.Env = append(os.Environ(), "LOOPBACK_BESIDE=1")
	out, err := beside.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	theirs := 0
	for line := range strings.Lines(string(out)) {
		if _, port, ok := strings.Cut(strings.TrimSpace(line), "port "); ok {
			theirs++
			if mine[port] {
				t.Errorf("%s was given away twice", port)
			}
		}
	}
	if theirs != 300 {
		t.Errorf("the other process found %d ports", theirs)
	}
}
