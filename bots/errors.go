package bots

import (
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"context"
)

// Fate tells what became of a request to a platform.
type Fate string

// The fates of a request.
const (
	// Unsent: certainly not taken, and worth trying again (dial or TLS failed).
	Unsent Fate = "unsent"
	// Limited: refused for now; RetryAfter says until when, Scope for whom.
	Limited Fate = "limited"
	// Rejected: refused for good as it is (4xx, ok:false).
	Rejected Fate = "rejected"
	// Gone: the person stopped the bot, or the chat is no more.
	Gone Fate = "gone"
	// Moved: the chat has a new id, NewChat; nothing was sent.
	Moved Fate = "moved"
	// Unauthorized: the platform does not accept the bot's token.
	Unauthorized Fate = "unauthorized"
	// Vanished: the message to edit or to write under does not exist.
	Vanished Fate = "vanished"
	// Unchanged: an edit that changes nothing. It counts as done.
	Unchanged Fate = "unchanged"
	// Uncertain: the request was written and nobody knows whether it was taken.
	Uncertain Fate = "uncertain"
)

// Scope is whom a limit holds for.
type Scope string

// The scopes of a limit.
const (
	ScopeChat Scope = "chat"
	ScopeBot  Scope = "bot"
)

// SendError is why a request did not certainly succeed. Its text never holds a
// token, an address or a customer's words.
type SendError struct {
	Fate       Fate
	RetryAfter time.Duration
	Scope      Scope
	NewChat    string
	Code       string // the platform's own word: "429", "channel_not_found"
	Err        error  // redacted
}

// Error says fate and code.
func (e *SendError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s (%s): %v", e.Fate, e.Code, e.Err)
	}
	return fmt.Sprintf("%s (%s)", e.Fate, e.Code)
}

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// FateOf returns the fate an error stands for: Uncertain for an error that is
// no *SendError, since nothing is known of it.
func FateOf(err error) Fate {
	var se *SendError
	if errors.As(err, &se) {
		return se.Fate
	}
	return Uncertain
}

// Written watches an HTTP request: Was reports whether a connection was had, so
// that the platform may have seen the request. A dial or TLS failure leaves it
// false, and such a request can be repeated safely.
type Written struct{ got atomic.Bool }

// Watch returns a context that records into w.
func (w *Written) Watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { w.got.Store(true) },
	})
}

// Was reports whether the request may have reached the platform.
func (w *Written) Was() bool { return w.got.Load() }

// Failure turns a transport error into a SendError: Unsent where no connection
// was had, else Uncertain. cause must be redacted by the caller.
func (w *Written) Failure(cause error) *SendError {
	if w.Was() {
		return &SendError{Fate: Uncertain, Code: "no answer", Err: cause}
	}
	return &SendError{Fate: Unsent, Code: "no connection", Err: cause}
}
