package storetest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/huiyin/huiyin/test/loopback"
)

// Postgres is a PostgreSQL server of a test's own, which the test may crash.
type Postgres struct {
	tb             testing.TB
	bin, dir, data string
	port           int
	who            *syscall.Credential
	address        string
	alive          []io.Closer
}

// StartOwnPostgres starts a server that ends with the test. Where PostgreSQL is
// not installed the test fails.
func StartOwnPostgres(tb testing.TB) *Postgres {
	tb.Helper()
	p := &Postgres{tb: tb}
	var err error
	if p.bin, err = binaries(); err != nil {
		tb.Fatal(err)
	}
	if p.who, err = owner(); err != nil {
		tb.Fatal(err)
	}
	if p.dir, err = os.MkdirTemp("", "huiyin-postgres-"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for _, a := range p.alive {
			_ = a.Close() // the watcher ends the server and removes its directory
		}
	})
	if p.data, err = initialise(p.bin, p.dir, p.who); err != nil {
		tb.Fatal(err)
	}
	if p.port, err = loopback.Find(); err != nil {
		tb.Fatal(err)
	}
	p.Start()
	return p
}

// DSN is the server's address.
func (p *Postgres) DSN() string { return p.address }

// Start starts the server, on the same port and with the same data after Crash,
// and waits until it answers.
func (p *Postgres) Start() {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := serve(ctx, p.bin, p.dir, p.data, p.port, p.who)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.address, p.alive = s.address, append(p.alive, s.alive)
}

// Crash ends the server at once, without a checkpoint (immediate shutdown): the
// next Start recovers from the log. Transactions under way are lost, committed
// ones are not.
func (p *Postgres) Crash() {
	p.tb.Helper()
	text, err := os.ReadFile(filepath.Join(p.data, "postmaster.pid"))
	if err != nil {
		p.tb.Fatalf("the server does not run: %v", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		p.tb.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		p.tb.Fatal(err)
	}
	// It removes its lock file last.
	for deadline := time.Now().Add(20 * time.Second); err == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.tb.Fatal("the server does not end")
		}
		_, err = os.Stat(filepath.Join(p.data, "postmaster.pid"))
	}
}
