package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// ownTime is the processor time that this process has used.
func ownTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// timeOf is the processor time of this process and of the servers that it works
// with, on this machine.
func timeOf(tb testing.TB, dsn, redisURL string) func() time.Duration {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	var backend int
	if err := c.QueryRow(tb.Context(), "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		tb.Fatal(err)
	}
	postmaster, _, err := procStat(backend)
	if err != nil {
		tb.Fatal(err)
	}
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		tb.Fatal(err)
	}
	r := redis.NewClient(options)
	tb.Cleanup(func() { r.Close() })
	info, err := r.Info(tb.Context(), "server").Result()
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "process_id:")
	pid, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]))
	if err != nil {
		tb.Fatal(err)
	}
	return func() time.Duration {
		_, redisTime, err := procStat(pid)
		if err != nil {
			tb.Fatal(err)
		}
		return ownTime() + redisTime + familyTime(postmaster)
	}
}

// procStat returns a process's parent and the processor time it has used, that of
// ended children included.
func procStat(pid int) (parent int, used time.Duration, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 15 {
		return 0, 0, fmt.Errorf("process %d: %d fields", pid, len(f))
	}
	parent, err = strconv.Atoi(f[1])
	for _, s := range f[11:15] {
		ticks, _ := strconv.ParseInt(s, 10, 64)
		used += time.Duration(ticks) * 10 * time.Millisecond
	}
	return parent, used, err
}

// familyTime is the processor time of a process and its children.
func familyTime(pid int) time.Duration {
	_, sum, _ := procStat(pid)
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if parent, used, err := procStat(child); err == nil && parent == pid {
			sum += used
		}
	}
	return sum
}

// peakMemory is the most memory that this process has held, in bytes.
func peakMemory() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kib << 10
}

// forgetPeak has peakMemory count from now.
func forgetPeak(tb testing.TB) {
	tb.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200); err != nil {
		tb.Logf("the peak is that of the whole run: %v", err)
	}
}
