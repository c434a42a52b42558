package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestFaultsLogTheFirstAndEachChangedErrorAndTheEnd(t *testing.T) {
	var out bytes.Buffer
	f := faults{log: slog.New(slog.NewTextHandler(&out, nil))}
	ctx := t.Context()
	broken := func(port int) error {
		return fmt.Errorf("redis: %w", &net.OpError{
			Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: port}, Err: os.NewSyscallError("read", syscall.ECONNRESET),
		})
	}
	for port := range 50 {
		f.failed(ctx, "away", broken(port))
	}
	for range 50 {
		f.failed(ctx, "away", context.DeadlineExceeded)
	}
	f.failed(ctx, "away", errors.New("NOAUTH"))
	f.succeeded(ctx)
	f.succeeded(ctx)
	if n := strings.Count(out.String(), "\n"); n != 4 {
		t.Errorf("%d lines, want three errors and one end:\n%s", n, out.String())
	}
}

func TestAwayTellsTheWayFromTheAnswer(t *testing.T) {
	for text, want := range map[string]bool{
		"LOADING Redis is loading the dataset in memory": true,
		"READONLY You can't write against a read only":   true,
		"OOM command not allowed when used memory":       false,
		"NOGROUP No such key":                            false,
		"WRONGTYPE Operation against a key":              false,
	} {
		if got := away(answer(text)); got != want {
			t.Errorf("away(%q) = %v, want %v", text, got, want)
		}
	}
	if away(nil) || away(context.Canceled) || !away(context.DeadlineExceeded) || !away(net.ErrClosed) {
		t.Error("an end of our own is not Redis's, a time-out and a broken connection are")
	}
}

// answer is an error that Redis itself gave.
type answer string

func (a answer) Error() string { return string(a) }
func (a answer) RedisError()   {}
