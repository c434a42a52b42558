package outbound

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/huiyin/huiyin/outbound/outboundtest"
)

// guard lets the canary's port through, so that nothing but the address stops a
// vector.
func guard(t *testing.T, c *outboundtest.Canary) Guard {
	return Guard{Ports: []uint16{uint16(c.Port)}, Resolver: outboundtest.Resolver(t, nil)}
}

// try asks for an address, which must fail before anything was dialled.
func try(t *testing.T, client *http.Client, v outboundtest.Vector) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, v.URL, nil)
	if err != nil {
		return // nothing that could be asked for
	}
	res, err := client.Do(req)
	if err == nil {
		res.Body.Close()
		t.Errorf("%s (%q) was answered with %s", v.Name, v.URL, res.Status)
		return
	}
	var errno syscall.Errno
	var timeout net.Error
	if errors.As(err, &errno) || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("%s (%q) was dialled: %v", v.Name, v.URL, err)
	}
}

// TestVectors asks for every spelling of every address that is not public, by
// every way there is: straight, and redirected to by the operator's own host,
// with proxies in the environment that lead to the canary.
func TestVectors(t *testing.T) {
	c := outboundtest.NewCanary(t)
	proxy := "http://127.0.0.1:" + strconv.Itoa(c.Port)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, proxy)
	}
	vectors := c.Vectors()
	if len(vectors) < 200 {
		t.Fatalf("%d vectors", len(vectors))
	}
	t.Logf("%d vectors", len(vectors))
	var to atomic.Value
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		next, _ := to.Load().(string)
		w.Header()["Location"] = []string{next}
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	defer own.Close()
	g := guard(t, c)
	straight, trusted := g.Content(time.Minute), g.Host(own.URL, 10*time.Second)
	empty, broken := g.Host("", 10*time.Second), g.Host("::", 10*time.Second)
	for _, v := range vectors {
		for _, client := range []*http.Client{straight, trusted, empty, broken} {
			try(t, client, v)
		}
		to.Store(v.URL)
		res, err := trusted.Get(own.URL)
		if err == nil {
			res.Body.Close()
			// What is no address leads back to the host itself.
			if res.Request.URL.Host != own.Listener.Addr().String() {
				t.Errorf("%s (%q): redirected to, and answered with %s", v.Name, v.URL, res.Status)
			}
		}
	}
	if n := c.Hits(); n != 0 {
		t.Fatalf("the canary was reached %d times", n)
	}
	// The canary sings where it may.
	g.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	if err := get(t, g.Content(time.Second), proxy); err != nil || c.Hits() == 0 {
		t.Fatalf("the canary cannot be reached at all: %v", err)
	}
}

// TestRebinding plays a name whose first answer may be reached and whose second
// is the canary: what was checked is what is dialled.
func TestRebinding(t *testing.T) {
	c := outboundtest.NewCanary(t)
	port := strconv.Itoa(c.Port)
	outside, inside := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")
	var asked atomic.Int64
	ln, err := net.Listen("tcp", net.JoinHostPort(outside.String(), port))
	if err != nil {
		t.Fatal(err)
	}
	public := &httptest.Server{Listener: ln, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Connection", "close")
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "http://rebind.example:"+port+"/", http.StatusFound)
		}
	})}}
	public.Start()
	defer public.Close()
	g := Guard{
		Allow: []netip.Prefix{netip.PrefixFrom(outside, 32)}, // stands for the public internet
		Ports: []uint16{uint16(c.Port)},
		Resolver: outboundtest.Resolver(t, map[string][]netip.Addr{
			"rebind.example": {outside, inside},
			"again.example":  {outside, inside},
		}),
	}
	client := g.Content(time.Minute)
	if err := get(t, client, "http://rebind.example:"+port+"/"); err != nil || asked.Load() != 1 {
		t.Fatalf("the first answer: %v, asked %d times", err, asked.Load())
	}
	if err := get(t, client, "http://rebind.example:"+port+"/"); !errors.Is(err, ErrForbidden) {
		t.Errorf("the second answer: %v", err)
	}
	if err := get(t, client, "http://again.example:"+port+"/again"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a redirect to a name that moved inside: %v", err)
	}
	if c.Hits() != 0 {
		t.Fatal("the canary was reached")
	}
}

// TestOddPorts: a public address is no way to other services.
func TestOddPorts(t *testing.T) {
	for _, port := range []uint16{0, 1, 22, 25, 53, 79, 81, 110, 442, 444, 3306, 5432, 6379, 8080, 9200, 11211, 27017, 65535} {
		if err := (Guard{}).allowed(netip.AddrPortFrom(netip.MustParseAddr("1.1.1.1"), port).String()); !errors.Is(err, ErrForbidden) {
			t.Errorf("port %d: %v", port, err)
		}
	}
	for _, address := range []string{"1.1.1.1:80", "1.1.1.1:443", "[2606:4700::1111]:443"} {
		if err := (Guard{}).allowed(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"", "name:80", "1.1.1.1", "[fe80::1%lo]:80"} {
		if err := (Guard{}).allowed(address); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestNothingFollowsARedirect: addresses hold tokens, and headers do.
func TestNothingFollowsARedirect(t *testing.T) {
	seen := http.Header{}
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Clone() }))
	defer other.Close()
	own := httptest.NewServer(http.RedirectHandler("http://localhost:"+other.URL[len("http://127.0.0.1:"):]+"/", http.StatusFound))
	defer own.Close()
	client := Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}.Host(own.URL, 10*time.Second)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, own.URL+"/bot123:secret/x?key=secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer secret")
	req.Header.Set("Cookie", "id=secret")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if len(seen) == 0 {
		t.Fatal("the redirect was not followed")
	}
	for _, name := range []string{"Referer", "Authorization", "Cookie"} {
		if seen.Get(name) != "" {
			t.Errorf("%s went along: %s", name, seen.Get(name))
		}
	}
	withUser := httptest.NewServer(http.RedirectHandler("http://me:secret@127.0.0.1:1/", http.StatusFound))
	defer withUser.Close()
	if err := get(t, Trusted(withUser.URL, nil, 10*time.Second), withUser.URL); !errors.Is(err, ErrForbidden) {
		t.Errorf("a redirect with a password: %v", err)
	}
}
