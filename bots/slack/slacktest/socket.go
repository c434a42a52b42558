package slacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	maxSockets = 10
	ticketTTL  = 30 * time.Second
)

// socket is one Socket Mode connection.
type socket struct {
	ws *websocket.Conn
	mu sync.Mutex
}

func (c *socket) write(v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.ws.SetWriteDeadline(time.Now().Add(5 * time.Second))
	return c.ws.WriteJSON(v)
}

// delivery is one envelope on its way.
type delivery struct {
	id, kind string
	payload  json.RawMessage
	person   string // whose action it is; empty for events
	attempt  int
	acked    chan struct{} // closed once
	taken    bool
}

func (s *Server) openConnection(call) (answer, error) {
	ticket := fmt.Sprintf("ticket-%d-%d", time.Now().UnixNano(), s.next())
	s.tickets[ticket] = time.Now()
	return answer{"url": "ws" + s.base[len("http"):] + "/link?ticket=" + ticket}, nil
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	fault := s.fault("socket")
	if fault.before(s, w) {
		return
	}
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	at, known := s.tickets[ticket]
	delete(s.tickets, ticket)
	full := len(s.sockets) >= maxSockets
	s.mu.Unlock()
	if !known || time.Since(at) > ticketTTL || full {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &socket{ws: ws}
	s.mu.Lock()
	s.sockets = append(s.sockets, c)
	count := len(s.sockets)
	s.mu.Unlock()
	_ = c.write(answer{
		"type": "hello", "num_connections": count, "connection_info": answer{"app_id": "A0FAKE"},
		"debug_info": answer{"host": "applink-1", "approximate_connection_time": 18060},
	})
	s.done.Go(func() { s.pings(c) })
	s.read(c)
}

// pings keeps a socket alive until it is closed.
func (s *Server) pings(c *socket) {
	t := time.NewTicker(s.opts.Ping)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if c.ws.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second)) != nil {
				return
			}
		case <-s.ctx.Done():
			return
		}
		if !s.connected(c) {
			return
		}
	}
}

func (s *Server) connected(c *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, open := range s.sockets {
		if open == c {
			return true
		}
	}
	return false
}

// read takes acknowledgements until the socket closes.
func (s *Server) read(c *socket) {
	defer func() {
		s.mu.Lock()
		for i, open := range s.sockets {
			if open == c {
				s.sockets = append(s.sockets[:i:i], s.sockets[i+1:]...)
				break
			}
		}
		s.mu.Unlock()
		_ = c.ws.Close()
	}()
	for {
		var ack struct {
			ID string `json:"envelope_id"`
		}
		if err := c.ws.ReadJSON(&ack); err != nil {
			return
		}
		s.mu.Lock()
		if d := s.envelopes[ack.ID]; d != nil && !d.taken {
			d.taken = true
			close(d.acked)
		}
		s.mu.Unlock()
	}
}

// Connected counts the open sockets.
func (s *Server) Connected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// DropSockets closes every socket without a word.
func (s *Server) DropSockets() {
	s.mu.Lock()
	open := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, c := range open {
		_ = c.ws.Close()
	}
}

// AskToReconnect sends every socket a disconnect frame with that reason
// (warning, refresh_requested, link_disabled) and closes it soon after.
func (s *Server) AskToReconnect(reason string) {
	s.mu.Lock()
	open := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, c := range open {
		_ = c.write(answer{"type": "disconnect", "reason": reason, "debug_info": answer{"host": "applink-1"}})
	}
	for _, c := range open {
		s.done.Go(func() {
			select {
			case <-time.After(s.opts.AckWithin):
			case <-s.ctx.Done():
			}
			_ = c.ws.Close()
		})
	}
}

// SendFrame sends a frame as it is over every socket.
func (s *Server) SendFrame(frame string) {
	s.mu.Lock()
	open := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, c := range open {
		c.mu.Lock()
		_ = c.ws.WriteMessage(websocket.TextMessage, []byte(frame))
		c.mu.Unlock()
	}
}

// Pending counts the events that are neither acknowledged nor lost.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, d := range s.envelopes {
		if !d.taken {
			n++
		}
	}
	return n
}

// Lost lists the envelopes of events that were given up after all tries.
func (s *Server) Lost() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lost...)
}

// Abandoned reports whether the event of a person's message was given up after
// all tries: the app was never connected, or never acknowledged it. The app
// cannot know of the message then, unless it looks.
func (s *Server) Abandoned(ts string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.abandoned[ts]
}

// Repeat delivers the last n events again, acknowledged or not, as Slack does
// now and then.
func (s *Server) Repeat(n int) {
	s.mu.Lock()
	last := append([]json.RawMessage(nil), s.events[max(0, len(s.events)-n):]...)
	s.mu.Unlock()
	for _, payload := range last {
		s.queue("events_api", payload, "")
	}
}

// queue delivers an envelope until it is acknowledged or all tries are spent.
// Only events are tried again: for a person's action Slack shows a warning.
func (s *Server) queue(kind string, payload any, person string) *delivery {
	raw, err := json.Marshal(payload)
	if err != nil {
		raw = json.RawMessage(`{}`)
	}
	s.mu.Lock()
	d := &delivery{id: fmt.Sprintf("envelope-%d", s.next()), kind: kind, payload: raw, person: person, acked: make(chan struct{})}
	s.envelopes[d.id] = d
	if person == "" {
		s.events = append(s.events, raw)
	}
	s.mu.Unlock()
	s.done.Go(func() { s.deliver(d) })
	return d
}

func (s *Server) deliver(d *delivery) {
	waits := s.opts.Retry
	if d.person != "" {
		waits = nil
	}
	for {
		if s.attempt(d) {
			return
		}
		if d.attempt >= len(waits) {
			break
		}
		wait := waits[d.attempt]
		d.attempt++
		select {
		case <-d.acked:
			return
		case <-time.After(wait):
		case <-s.ctx.Done():
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.envelopes, d.id)
	if d.taken {
		return
	}
	if d.person != "" {
		s.failures[d.person]++
	} else {
		s.lost = append(s.lost, d.id)
		s.abandoned[eventTS(d.payload)] = true
	}
}

// eventTS is the ts of the message that an event tells of; empty for others.
func eventTS(payload json.RawMessage) string {
	var p struct {
		Event struct {
			TS string `json:"ts"`
		} `json:"event"`
	}
	_ = json.Unmarshal(payload, &p) // what is no event has no ts
	return p.Event.TS
}

// attempt delivers once, over any socket, and reports whether it was
// acknowledged in time.
func (s *Server) attempt(d *delivery) bool {
	s.mu.Lock()
	var c *socket
	if n := len(s.sockets); n > 0 {
		c = s.sockets[int(s.next())%n]
	}
	s.mu.Unlock()
	if c == nil {
		return false
	}
	frame := answer{"type": d.kind, "envelope_id": d.id, "payload": d.payload, "accepts_response_payload": d.kind != "events_api"}
	if d.kind == "events_api" {
		frame["retry_attempt"] = d.attempt
		frame["retry_reason"] = ""
		if d.attempt > 0 {
			frame["retry_reason"] = "timeout"
		}
	}
	if c.write(frame) != nil {
		return false
	}
	timer := time.NewTimer(s.opts.AckWithin)
	defer timer.Stop()
	select {
	case <-d.acked:
		return true
	case <-timer.C:
	case <-s.ctx.Done():
	}
	return false
}
