package stream

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// hub hands messages to the subscribers in this process. Nobody waits for a slow one: its last free place is kept for
// a Resync, which stands for everything dropped behind it.
type hub struct {
	buffer int

	mu     sync.Mutex
	topics map[string][]*subscriber
	all    map[*subscriber]struct{}
	closed bool
}

type subscriber struct {
	topics  []string
	ch      chan Message
	lagging bool // the Resync is in the channel and what came later was dropped
}

func newHub(buffer int) *hub {
	return &hub{buffer: buffer, topics: map[string][]*subscriber{}, all: map[*subscriber]struct{}{}}
}

func (h *hub) subscribe(ctx context.Context, topics []string) (<-chan Message, error) {
	if len(topics) == 0 {
		return nil, errors.New("subscribe: name at least one topic")
	}
	s := &subscriber{topics: slices.Compact(slices.Sorted(slices.Values(topics))), ch: make(chan Message, h.buffer)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, ErrClosed
	}
	h.all[s] = struct{}{}
	for _, t := range s.topics {
		h.topics[t] = append(h.topics[t], s)
	}
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(s)
	})
	return s.ch, nil
}

// drop forgets a subscriber and closes its channel, once. The caller holds the lock.
func (h *hub) drop(s *subscriber) {
	if _, there := h.all[s]; !there {
		return
	}
	delete(h.all, s)
	for _, t := range s.topics {
		rest := slices.DeleteFunc(h.topics[t], func(other *subscriber) bool { return other == s })
		if len(rest) == 0 {
			delete(h.topics, t)
		} else {
			h.topics[t] = rest
		}
	}
	close(s.ch)
}

func (h *hub) deliver(m Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.topics[m.Topic] {
		s.offer(m)
	}
}

// resync tells every subscriber that messages may have been lost.
func (h *hub) resync() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.all {
		s.offer(Message{Resync: true})
	}
}

// offer never blocks: only the hub sends, under its lock, so that free places cannot become fewer meanwhile.
func (s *subscriber) offer(m Message) {
	switch free := cap(s.ch) - len(s.ch); {
	case free > 1:
		s.lagging = false
		s.ch <- m
	case !s.lagging && free == 1:
		s.lagging = true
		s.ch <- Message{Resync: true}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.all {
		h.drop(s)
	}
}
