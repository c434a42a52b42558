//go:build failpoints

package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
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
