package slacktest

import (
	"net/http"
	"strconv"
	"time"
)

// Fault is one misbehaviour. The zero value does nothing.
type Fault struct {
	kind  string
	code  string
	wait  time.Duration
	count int
	do    func()
}

// AcceptThenDrop takes the request and closes the connection without a word.
func AcceptThenDrop() Fault { return Fault{kind: "drop"} }

// AcceptThenDo takes the request, does something (stops the program, say) and
// closes the connection without a word.
func AcceptThenDo(do func()) Fault { return Fault{kind: "drop", do: do} }

// Reset closes the connection without taking the request.
func Reset() Fault { return Fault{kind: "reset"} }

// Truncated takes the request and breaks off in the middle of the answer.
func Truncated() Fault { return Fault{kind: "truncated"} }

// RateLimited answers 429 with Retry-After in whole seconds; below 0 without
// the header.
func RateLimited(after time.Duration) Fault { return Fault{kind: "429", wait: after} }

// Status answers with an HTTP status and takes nothing.
func Status(code int) Fault { return Fault{kind: "status", count: code} }

// NotOK answers ok:false with that error and takes nothing.
func NotOK(code string) Fault { return Fault{kind: "notok", code: code} }

// Slow takes the request and answers after d.
func Slow(d time.Duration) Fault { return Fault{kind: "slow", wait: d} }

// Redirect answers 307 to that address.
func Redirect(to string) Fault { return Fault{kind: "redirect", code: to} }

// Answer answers 200 with that body and takes nothing.
func Answer(body string) Fault { return Fault{kind: "answer", code: body} }

// Misbehave makes the next requests of a method go wrong, one fault each.
func (s *Server) Misbehave(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], faults...)
}

// Faulty counts the requests that faults still wait for.
func (s *Server) Faulty() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, queue := range s.faults {
		n += len(queue)
	}
	return n
}

// Heal takes back all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = map[string][]Fault{}
}

// fault takes the next fault of a method.
func (s *Server) fault(method string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method]++
	queue := s.faults[method]
	if len(queue) == 0 {
		return Fault{}
	}
	s.faults[method] = queue[1:]
	return queue[0]
}

// before performs a fault that happens before a request is taken, and reports
// whether that was all.
func (f Fault) before(s *Server, w http.ResponseWriter) bool {
	switch f.kind {
	case "reset":
		hangUp(w)
	case "429":
		s.note("429")
		if f.wait >= 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(f.wait/time.Second)))
		}
		w.WriteHeader(http.StatusTooManyRequests)
	case "status":
		w.WriteHeader(f.count)
	case "notok":
		s.note(f.code)
		writeJSON(w, answer{"ok": false, "error": f.code})
	case "redirect":
		w.Header().Set("Location", f.code)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case "answer":
		_, _ = w.Write([]byte(f.code))
	default:
		return false
	}
	return true
}

// after performs a fault that happens to the answer of a request that was
// taken, and reports whether that was all.
func (f Fault) after(s *Server, w http.ResponseWriter) bool {
	switch f.kind {
	case "drop":
		if f.do != nil {
			f.do()
		}
		hangUp(w)
		return true
	case "truncated":
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"ok":true,"chan`))
		hangUp(w)
		return true
	case "slow":
		select {
		case <-time.After(f.wait):
		case <-s.ctx.Done():
		}
	}
	return false
}

// hangUp closes the connection under an answer.
func hangUp(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close()
		}
	}
}

func (s *Server) note(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[code]++
}
