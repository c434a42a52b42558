package outbound

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestPublic(t *testing.T) {
	private := []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.168.1.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "2001:0:1::1",
	}
	for _, s := range private {
		if Public(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as public", s)
		}
	}
	for _, s := range []string{"1.1.1.1", "203.0.112.255", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"} {
		if !Public(netip.MustParseAddr(s)) {
			t.Errorf("%s does not count as public", s)
		}
	}
}

func get(t *testing.T, c *http.Client, address string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err == nil {
		res.Body.Close()
	}
	return err
}

func TestGuardedReachesNoLoopback(t *testing.T) {
	hits := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer srv.Close()
	err := get(t, Guarded(nil, 10*time.Second), srv.URL)
	if !errors.Is(err, ErrForbidden) || hits != 0 {
		t.Fatalf("err = %v, hits = %d: the guard let it through", err, hits)
	}
	if err := get(t, Guarded([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 10*time.Second), srv.URL); err != nil || hits != 1 {
		t.Fatalf("allowed network: err = %v, hits = %d", err, hits)
	}
}

func TestTrustedGuardsItsRedirects(t *testing.T) {
	hits := 0
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer inner.Close()
	outer := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusFound))
	defer outer.Close()
	c := Trusted(outer.URL, nil, 10*time.Second)
	if err := get(t, c, outer.URL); !errors.Is(err, ErrForbidden) || hits != 0 {
		t.Fatalf("err = %v, hits = %d: a redirect reached a loopback address", err, hits)
	}
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	if err := get(t, Trusted(plain.URL, nil, 10*time.Second), plain.URL); err != nil {
		t.Fatalf("the address the operator wrote: %v", err)
	}
}

func TestRedirectLoopEnds(t *testing.T) {
	srv := httptest.NewServer(nil)
	defer srv.Close()
	srv.Config.Handler = http.RedirectHandler(srv.URL, http.StatusFound)
	if err := get(t, Trusted(srv.URL, nil, 10*time.Second), srv.URL); err == nil {
		t.Fatal("an endless redirect came to an end without an error")
	}
}
