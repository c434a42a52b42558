package telegramtest

import (
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// Fault is one way a request goes wrong. Without a field of its own the
// request is served as usual after Delay.
type Fault struct {
	// Times is how many requests it befalls; 0 is one, negative all.
	Times int
	// Delay passes before anything else happens.
	Delay time.Duration
	// Code refuses the request as ok:false with Description, RetryAfter
	// (seconds) and MigrateTo. Nothing is taken.
	Code        int
	Description string
	RetryAfter  int
	MigrateTo   int64
	// Status answers with that HTTP status and an HTML page. Nothing is taken.
	Status int
	// Reset cuts the connection before anything is taken.
	Reset bool
	// Drop takes the request, then cuts the connection instead of answering.
	Drop bool
	// Truncate takes the request, then sends half of the answer.
	Truncate bool
	// Late takes the request, then answers after that time.
	Late time.Duration
}

// Fail makes the next requests of a method go wrong. Faults of one method take
// their turns in order. The method "send" stands for all sending methods.
func (s *Server) Fail(method string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults[method] = append(s.faults[method], &f)
}

// Heal takes back all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = map[string][]*Fault{}
}

// Faulty counts the requests that faults still wait for; those that befall all
// count as one.
func (s *Server) Faulty() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, queue := range s.faults {
		for _, f := range queue {
			n += max(f.Times, 1)
		}
	}
	return n
}

// takeFault returns what shall befall this request, nil for nothing. The lock
// is held.
func (s *Server) takeFault(method string) *Fault {
	names := []string{method}
	if len(method) > 4 && method[:4] == "send" {
		names = append(names, "send")
	}
	for _, name := range names {
		queue := s.faults[name]
		if len(queue) == 0 {
			continue
		}
		f := queue[0]
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults[name] = queue[1:]
			}
		}
		return f
	}
	return nil
}

// misbehave serves a request that a fault befell.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, c *call, f *Fault) {
	if !s.pause(r, f.Delay) {
		return
	}
	switch {
	case f.Reset:
		cut(w)
	case f.Status != 0:
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte("<html><body>" + http.StatusText(f.Status) + "</body></html>"))
	case f.Code != 0:
		out := refuse(f.Code, f.Description)
		if f.RetryAfter != 0 || f.MigrateTo != 0 {
			out.Parameters = &replyParameter{RetryAfter: f.RetryAfter, MigrateTo: f.MigrateTo}
		}
		write(w, out)
	case f.Drop:
		s.answer(r, c)
		cut(w)
	case f.Truncate:
		truncate(w, s.answer(r, c))
	default:
		out := s.answer(r, c)
		if s.pause(r, f.Late) {
			write(w, out)
		}
	}
}

// pause waits and reports whether the client is still there.
func (s *Server) pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.stop:
	}
	return false
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, not a goodbye
	}
	_ = conn.Close()
}

// truncate announces the whole answer, sends half of it and cuts.
func truncate(w http.ResponseWriter, out reply) {
	body, err := json.Marshal(out)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", itoa(int64(len(body))))
	_, _ = w.Write(body[:len(body)/2])
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	cut(w)
}
