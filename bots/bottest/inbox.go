package bottest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// Inbox records what a bot received and answers as it was told to. Its zero
// value takes everything and stays silent. It is safe for concurrent use.
type Inbox struct {
	// Reply decides what Receive returns; nil takes every event silently. It
	// is called without a lock held and may block until ctx ends.
	Reply func(ctx context.Context, e bots.Event) (bots.Answer, error)

	mu     sync.Mutex
	events []bots.Event
}

// Receive implements bots.Inbox.
func (in *Inbox) Receive(ctx context.Context, _ string, e bots.Event) (bots.Answer, error) {
	in.mu.Lock()
	in.events = append(in.events, e)
	in.mu.Unlock()
	if in.Reply == nil {
		return bots.Answer{}, nil
	}
	return in.Reply(ctx, e)
}

// Events returns what was received so far, oldest first, refused events and
// repeats included.
func (in *Inbox) Events() []bots.Event {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]bots.Event(nil), in.events...)
}

// Wait returns the first n events that ok accepts, and ends the test where
// they do not come within Patience.
func (in *Inbox) Wait(t testing.TB, n int, ok func(bots.Event) bool) []bots.Event {
	t.Helper()
	var found []bots.Event
	Eventually(t, "events at the inbox", func() bool {
		found = found[:0]
		for _, e := range in.Events() {
			if ok(e) {
				found = append(found, e)
			}
		}
		return len(found) >= n
	})
	return found[:n]
}

// Patience is how long tests wait for something that must come, on however busy
// a machine.
const Patience = time.Minute

// Eventually waits until ok holds and ends the test where it never does. what
// names what was waited for.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", Patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// Start runs the bot until the test ends and fails the test where Run returns
// an error or does not end with its context.
func Start(t testing.TB, bot bots.Bot) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- bot.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(Patience):
			t.Errorf("Run did not return within %s after its context ended", Patience)
		}
	})
	t.Cleanup(stop)
	return stop
}
