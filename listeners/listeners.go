// Package listeners is the contract between Huiyin and the places where a
// brand is talked about: one-way sources of entries. A connector is one folder
// below this one and one line in cmd/huiyin/kinds.go. It parses; it stores
// nothing: entries and cursor go into one transaction of the Sink's.
package listeners

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Kind describes a listener. Configuration, sample, documentation, metric
// labels and doctor derive from it.
type Kind struct {
	Name  string
	Title string // as people call it: 订阅源
	// TitleEN is the title in English; empty where it is the same.
	TitleEN string
	Sample  string // YAML of one entry below `listeners:`, with comments
	// Options returns a pointer to the kind's options with their defaults,
	// named by `yaml` tags; `secret:"true"` marks what never shows.
	Options func() any
	// New builds a listener from decoded options: a Poller, a Receiver or
	// both. It touches no network.
	New func(env Env, options any) (any, error)
}

// Validator is implemented by options that can be wrong in ways types do not
// tell.
type Validator interface{ Validate() []Problem }

// Problem is one thing wrong with a kind's options.
type Problem struct{ Key, Text string }

// Env is what a listener gets from its surroundings.
type Env struct {
	Name string // the channel's name
	Sink Sink
	Log  *slog.Logger
	HTTP *http.Client // reaches the operator's own address as written; redirects and addresses from content are guarded
	Now  func() time.Time
}

// Poller is a listener that reads: one process at a time, under a lease.
type Poller interface {
	// Poll reads once. cursor is what the last Batch returned, nil the first
	// time. An error leaves the cursor where it is; a *PollError says how long
	// to wait.
	Poll(ctx context.Context, cursor []byte) (Batch, error)
}

// Batch is what one poll brought.
type Batch struct {
	Entries []Entry       // oldest first
	Cursor  []byte        // stored with the entries
	Next    time.Duration // until the next poll; 0: the listener's own rhythm
	// First tells that this was the first read ever: its entries are history.
	First bool
	// Note is a state worth showing in health: "moved", "empty", "gone"…
	// with its text for staff; empty when all is well.
	Note Note
}

// Note is a state of a source that people should know of.
type Note struct {
	Code         string // ok, empty, moved, gone, failing, salvaged
	Text, TextEN string // zh-CN and English
}

// PollError is a failed poll with the time to wait.
type PollError struct {
	After time.Duration
	Note  Note
	Err   error
}

// Error says what failed, without addresses' secrets.
func (e *PollError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PollError) Unwrap() error { return e.Err }

// Receiver is a listener that is posted to, below /in/NAME.
type Receiver interface{ Handler() http.Handler }

// Doctor tries the source and says what works and what to do.
type Doctor interface {
	Doctor(ctx context.Context) []Finding
}

// Finding is one line of `huiyin doctor`, in both languages.
type Finding struct {
	OK           bool
	Text, TextEN string // what works, or what is wrong
	Do, DoEN     string // what to do about it; empty where OK
}

// Sink stores entries. pipeline implements it.
type Sink interface {
	// Put stores entries of a channel in one transaction and returns what
	// became of each, in order. Once it returns nil they are durable.
	Put(ctx context.Context, channel string, entries []Entry) ([]Outcome, error)
}

// Outcome tells what became of one entry.
type Outcome string

// The outcomes of an entry.
const (
	Accepted  Outcome = "accepted"
	Duplicate Outcome = "duplicate"
	Changed   Outcome = "changed" // known, with a newer text
	Spooled   Outcome = "spooled"
)

// Entry is one thing that was said.
type Entry struct {
	ID       string // unique and stable within the channel
	Kind     string // message mention review survey call form
	Text     string
	URL      string // of the original post; http or https, or empty
	Author   Author
	PostedAt time.Time // zero where the source does not say
	Fields   map[string]string
	Raw      []byte // as received, capped at 64 KiB
	History  bool   // stored and counted on its own date, never alerted
	// Judged tells that the source itself decided what is History: by its own
	// `fresh`, which may be longer than the desk's. Polled sources do.
	Judged bool
	// Revision tells versions of an entry apart where the source allows edits:
	// a hash of what can change. The same ID with another Revision is an edit.
	Revision string
}

// Author is who said it.
type Author struct {
	ID        string
	Name      string
	Followers int64
}
