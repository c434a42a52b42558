package feed

import (
	"net/http"
	"testing"
	"time"

	"github.com/huiyin/huiyin/outbound"
	"github.com/huiyin/huiyin/outbound/outboundtest"
)

// TestASourceLeadsNowhereInside: a source that redirects, for good or for now,
// to every address that is not public.
func TestASourceLeadsNowhereInside(t *testing.T) {
	canary := outboundtest.NewCanary(t)
	s := newSite(t)
	r := newReader(t, s)
	g := outbound.Guard{Ports: []uint16{uint16(canary.Port)}, Resolver: outboundtest.Resolver(t, nil)}
	r.feed.http = g.Host(s.server.URL, time.Minute)
	r.feed.o.Timeout = time.Minute
	for i, v := range canary.Vectors() {
		code := []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}[i%4]
		s.does(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{v.URL}
			w.WriteHeader(code)
		})
		a, err := r.feed.fetch(t.Context(), s.server.URL+"/feed", conditions{})
		if err == nil && a.status == http.StatusOK {
			t.Errorf("%s (%q) was read", v.Name, v.URL)
		}
	}
	if n := canary.Hits(); n != 0 {
		t.Fatalf("the canary was reached %d times", n)
	}
}
