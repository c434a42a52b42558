package web

import (
	"net/http"
)

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz says whether messages can be taken, and else why not; what is wrong
// where they can be taken nevertheless.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	degraded, err := s.ready()
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(err.Error() + "\n"))
		return
	}
	if degraded != "" {
		_, _ = w.Write([]byte("degraded: " + degraded + "\n"))
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// inbound hands what a platform posts to the channel of that name.
func (s *Server) inbound(w http.ResponseWriter, r *http.Request) {
	h := s.site.Load().Inbound[r.PathValue("name")]
	if h == nil {
		s.fail(w, r, http.StatusNotFound, "err.notfound")
		return
	}
	h.ServeHTTP(w, r)
}
