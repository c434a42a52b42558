package stream

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
)

// faults logs the first error of a series and each one that differs from the last, then the end of the series: a
// server that is away for a night is two lines.
type faults struct {
	log *slog.Logger

	mu   sync.Mutex
	last string
}

func (f *faults) failed(ctx context.Context, msg string, err error, attrs ...any) {
	text := plain(err)
	f.mu.Lock()
	changed := text != f.last
	f.last = text
	f.mu.Unlock()
	if changed {
		f.log.WarnContext(ctx, msg, append(attrs, "error", text)...)
	}
}

// succeeded ends a series and says whether there was one.
func (f *faults) succeeded(ctx context.Context) bool {
	f.mu.Lock()
	was := f.last
	f.last = ""
	f.mu.Unlock()
	if was == "" {
		return false
	}
	f.log.InfoContext(ctx, "works again", "after", was)
	return true
}

// plain is an error's text without what changes from one attempt to the next, such as our own port.
func plain(err error) string {
	var op *net.OpError
	var netErr net.Error
	switch {
	case errors.As(err, &op) && op.Err != nil && !op.Timeout():
		return op.Op + ": " + op.Err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "no answer in time"
	default:
		return err.Error()
	}
}
