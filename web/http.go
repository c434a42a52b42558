package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// The limits of a connection. A slow sender is cut off; uploads and streams
// move their own deadlines as they make progress.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10

	maxForm = 16 << 10 // bytes of a form or a JSON body
)

// HTTPServer returns a server for Handler with its limits set; the caller gives
// it a listener. Its Shutdown ends open streams first.
func (s *Server) HTTPServer() *http.Server {
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
	srv.RegisterOnShutdown(s.Stop)
	return srv
}

// sameSite refuses what another site makes a browser post here.
func (s *Server) sameSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.guard.Load().Check(r); err != nil {
			s.fail(w, r, http.StatusForbidden, "err.crossorigin")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// newGuard trusts the address that browsers use: a proxy may hand us another
// Host.
func newGuard(site *Site, log *slog.Logger) *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	if site.PublicURL == "" {
		return p
	}
	if err := p.AddTrustedOrigin(originOf(site.PublicURL)); err != nil {
		log.Warn("web: public_url is no origin, posts are compared with the Host header only", "err", err)
	}
	return p
}

// originOf cuts an address down to scheme and host.
func originOf(u string) string {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return u
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

type nonceKey struct{}

// headers sets what every answer carries. Pages loosen what they need.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce := rand.Text()
		h := w.Header()
		h.Set("Content-Security-Policy", policy(nonce, "'none'"))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(self)")
		h.Set("Cache-Control", "no-store")
		if s.site.Load().secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		// Routes read less than this; none reads more.
		r.Body = http.MaxBytesReader(w, r.Body, maxSend)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), nonceKey{}, nonce)))
	})
}

// policy is the content security policy of a page: only what we serve ourselves
// and marked with the nonce runs, and nothing is asked of other hosts.
func policy(nonce, ancestors string) string {
	return "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce + "'; img-src 'self' blob: data:; " +
		"media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors " + ancestors
}

// recovered turns a panic into a 500 that tells an id only.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				id := rand.Text()[:8]
				s.log.Error("web: panic", "id", id, "path", r.Pattern, "stack", string(debug.Stack()))
				http.Error(w, "internal error "+id, http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// address returns the client's address: the connection's, or the last one that
// a trusted proxy did not add itself.
func (s *Server) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	trusted := s.site.Load().TrustedProxies
	if !within(trusted, host) {
		return addressBlock(host)
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(hop); err != nil {
			break
		}
		host = hop
		if !within(trusted, hop) {
			break
		}
	}
	return addressBlock(host)
}

func within(prefixes []netip.Prefix, host string) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range prefixes {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// addressBlock is what limits count by: an IPv4 address, or the /64 that one
// connection owns.
func addressBlock(host string) string {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return p.String()
}

// writeJSON answers with a value.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		// Answers are structs of strings and numbers.
		status, b = http.StatusInternalServerError, []byte(`{"error":"internal error"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// fail answers with an error text: JSON where a script asks, else a page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, key string, args ...string) {
	text := say(s.language(r), key, args...)
	if wantsJSON(r) {
		writeJSON(w, status, map[string]string{"error": text})
		return
	}
	v := messageView{Text: text, Home: "/", Way: say(s.language(r), "account.back")}
	if forCustomers(r) {
		v.Home, v.Way = "/c", say(s.language(r), "page.home")
	}
	s.render(w, r, status, "message", v)
}

// slow answers 429 with the time to wait.
func (s *Server) slow(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second))))
	s.fail(w, r, http.StatusTooManyRequests, "err.slow")
}

// broken answers 500 or 503 and logs why.
func (s *Server) broken(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody is left to answer
	}
	s.log.Error("web: request failed", "path", r.Pattern, "err", err)
	w.Header().Set("Retry-After", "3")
	s.fail(w, r, http.StatusServiceUnavailable, "err.later")
}

func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json") || r.Header.Get("X-Huiyin") != ""
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, http.StatusNotFound, "err.notfound")
}

// language is the brand's own for staff, whose cards are in it, too. Customers
// get what their browser prefers.
func (s *Server) language(r *http.Request) string {
	fallback := s.site.Load().Language
	if !forCustomers(r) {
		return pickLanguage("", fallback)
	}
	return pickLanguage(r.Header.Get("Accept-Language"), fallback)
}

// forCustomers reports whether a request is for a page of theirs.
func forCustomers(r *http.Request) bool {
	return r.URL.Path == "/c" || strings.HasPrefix(r.URL.Path, "/c/")
}

func pickLanguage(accept, fallback string) string {
	best, at := "", 0.0
	for _, part := range strings.Split(accept, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			if f, err := strconv.ParseFloat(v, 64); err == nil {
				q = f
			}
		}
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if q <= at {
			continue
		}
		switch base {
		case "zh":
			best, at = zh, q
		case "en":
			best, at = en, q
		}
	}
	switch {
	case best != "":
		return best
	case fallback == en:
		return en
	default:
		return zh
	}
}
