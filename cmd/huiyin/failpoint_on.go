//go:build failpoints

package main

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// failpoint ends the process as kill -9 would, at the n-th passing of a named
// step: HUIYIN_CRASH_AT=deliver.performed:3. It is for the campaigns that prove
// that nothing is lost; without the variable it does nothing.
var failpoint = newFailpoint(os.Getenv("HUIYIN_CRASH_AT"))

func newFailpoint(spec string) func(string) {
	name, times, ok := strings.Cut(spec, ":")
	n, err := strconv.ParseInt(times, 10, 64)
	if !ok || err != nil || n < 1 {
		return nil
	}
	var passed atomic.Int64
	return func(at string) {
		if at == name && passed.Add(1) == n {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // SIGKILL is on its way
		}
	}
}

// wall is the machine's clock as a campaign has set it: off by the duration that
// the file HUIYIN_CLOCK holds, as of a moment ago.
var wall = newWall(os.Getenv("HUIYIN_CLOCK"))

func newWall(file string) func() time.Time {
	if file == "" {
		return time.Now
	}
	const moment = 20 * time.Millisecond
	var mu sync.Mutex
	var looked time.Time
	var off time.Duration
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(looked) > moment {
			looked = time.Now()
			// A file that is being written is read again in a moment.
			if b, err := os.ReadFile(file); err == nil { //nolint:gosec // the campaign's own
				if d, err := time.ParseDuration(string(b)); err == nil {
					off = d
				}
			}
		}
		return time.Now().Round(0).Add(off)
	}
}
