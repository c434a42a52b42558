package telegramtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// update is one entry of the queue, as it is sent.
type update struct {
	id  int64
	raw json.RawMessage
}

// push queues an update of a kind. The lock is held.
func (s *Server) push(kind string, payload any) {
	if s.allowed != nil && !s.allowed[kind] {
		return
	}
	s.lastID++
	raw, err := json.Marshal(map[string]any{"update_id": s.lastID, kind: payload})
	if err != nil {
		panic(err) // payloads are maps of plain values made in this package
	}
	s.updates = append(s.updates, update{s.lastID, raw})
	s.change()
}

// PushRaw queues an update as it stands, with %d, if there, replaced by its
// id, and returns the id: for updates that no client would cause.
func (s *Server) PushRaw(format string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	raw := replaceID(format, s.lastID)
	s.updates = append(s.updates, update{s.lastID, json.RawMessage(raw)})
	s.change()
	return s.lastID
}

// Unconfirmed counts the updates that the bot has not confirmed.
func (s *Server) Unconfirmed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.updates)
}

// getUpdates answers a poll: at once where updates wait, else after the
// timeout. A newer poll ends an older one with 409.
func (s *Server) getUpdates(ctx context.Context, c *call) reply {
	s.mu.Lock()
	if s.webhook != "" {
		s.mu.Unlock()
		return refuse(http.StatusConflict, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
	}
	var allowed []string
	if err := c.decode("allowed_updates", &allowed); err != nil {
		s.mu.Unlock()
		return bad(err.Error())
	}
	if len(allowed) > 0 {
		s.allowed = map[string]bool{}
		for _, kind := range allowed {
			s.allowed[kind] = true
		}
	}
	s.confirm(c.number("offset"))
	if s.poller != nil {
		close(s.poller)
	}
	mine := make(chan struct{})
	s.poller = mine
	s.change()
	s.mu.Unlock()
	return s.wait(ctx, c, mine)
}

// confirm forgets updates before offset; a negative offset keeps that many.
// The lock is held.
func (s *Server) confirm(offset int64) {
	if offset < 0 {
		keep := min(int(-offset), len(s.updates))
		s.updates = s.updates[len(s.updates)-keep:]
		return
	}
	s.updates = slices.DeleteFunc(s.updates, func(u update) bool { return u.id < offset })
}

// wait answers the poll that owns mine.
func (s *Server) wait(ctx context.Context, c *call, mine chan struct{}) reply {
	limit := int(c.number("limit"))
	if limit < 1 || limit > 100 {
		limit = 100
	}
	timer := time.NewTimer(time.Duration(c.number("timeout")) * time.Second)
	defer timer.Stop()
	timeout := false
	for {
		s.mu.Lock()
		changed := s.changed
		ours := s.poller == mine
		if ours && (len(s.updates) > 0 || timeout) {
			out := make([]json.RawMessage, 0, len(s.updates))
			for _, u := range s.updates[:min(limit, len(s.updates))] {
				out = append(out, u.raw)
			}
			s.poller = nil
			s.mu.Unlock()
			return done(out)
		}
		s.mu.Unlock()
		select {
		case <-mine:
			return refuse(http.StatusConflict, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
		case <-ctx.Done():
			s.leave(mine)
			return refuse(http.StatusInternalServerError, "gone")
		case <-s.stop:
			return refuse(http.StatusInternalServerError, "stopped")
		case <-changed:
		case <-timer.C:
			timeout = true
		}
	}
}

// leave frees the poll of a client that went away.
func (s *Server) leave(mine chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poller == mine {
		s.poller = nil
	}
}

// Forget drops the updates that wait, as if the bot had confirmed them.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updates = nil
	s.change()
}
