// Package outbound makes the HTTP clients through which everything leaves:
// Guarded for addresses found in content, which reaches public addresses only,
// and Trusted for an address the operator wrote, which reaches that host as
// written and guards where its answers redirect to. Neither uses a proxy from
// the environment: a proxy would be a way around the guard.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrForbidden is wrapped where an address must not be reached.
var ErrForbidden = errors.New("the address is neither public nor inside network.allow")

// maxRedirects is how many redirects are followed.
const maxRedirects = 5

// special are the ranges that are not the public internet although nothing
// else tells: RFC 6890 and its successors, as registered by IANA.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// global is where public IPv6 addresses are assigned from.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Public reports whether an address is on the public internet. IPv4 inside IPv6
// counts as what it is.
func Public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if addr.Is6() && !global.Contains(addr) {
		return false
	}
	for _, p := range special {
		if p.Contains(addr) {
			return false
		}
	}
	return addr.IsValid() && addr.Zone() == ""
}

// Guard decides which addresses may be reached. Its zero value lets through the
// public internet on ports 80 and 443, as the system resolves names.
type Guard struct {
	// Allow are private networks that the operator allows, on any port.
	Allow []netip.Prefix
	// Ports may be reached on public addresses besides 80 and 443.
	Ports []uint16
	// Resolver looks names up; nil means the system's.
	Resolver *net.Resolver
	// host, where set, is the host and port that the operator wrote: it is
	// reached as it is.
	host string
}

// allowed checks the address of a connection that is being made: the one the
// name resolved to, so that no name and no second resolution can get past it.
func (g Guard) allowed(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrForbidden, "not an IP address")
	}
	addr := ap.Addr().Unmap()
	for _, p := range g.Allow {
		if p.Contains(addr) {
			return nil
		}
	}
	if !Public(addr) {
		return ErrForbidden
	}
	if port := ap.Port(); port != 80 && port != 443 && !slices.Contains(g.Ports, port) {
		return fmt.Errorf("%w: port %d, only 80 and 443 are open", ErrForbidden, port)
	}
	return nil
}

// Guarded returns a client for addresses found in content.
func Guarded(allow []netip.Prefix, timeout time.Duration) *http.Client {
	return Guard{Allow: allow}.Content(timeout)
}

// Trusted returns a client for the address the operator wrote. Other hosts,
// which redirects may lead to, are guarded.
func Trusted(address string, allow []netip.Prefix, timeout time.Duration) *http.Client {
	return Guard{Allow: allow}.Host(address, timeout)
}

// Content is Guarded under this guard.
func (g Guard) Content(timeout time.Duration) *http.Client {
	g.host = ""
	return g.client(timeout)
}

// Host is Trusted under this guard.
func (g Guard) Host(address string, timeout time.Duration) *http.Client {
	g.host = ""
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		g.host = hostPort(u)
	}
	return g.client(timeout)
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "ws": "80"}[u.Scheme]
		if port == "" {
			port = "443"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func (g Guard) client(timeout time.Duration) *http.Client {
	plain := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Resolver: g.Resolver}
	guarded := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Resolver: g.Resolver}
	guarded.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error { return g.allowed(address) }
	transport := &http.Transport{
		Proxy: nil,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if g.host != "" && strings.EqualFold(address, g.host) {
				return plain.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConns: 64, MaxIdleConnsPerHost: 16, IdleConnTimeout: 60 * time.Second,
		ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
	}
	return &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: redirect}
}

// redirect decides about the next address of a chain. Where it leads is checked
// when the connection is made, like every other.
func redirect(req *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return fmt.Errorf("%w: scheme %q", ErrForbidden, req.URL.Scheme)
	}
	if req.URL.User != nil {
		return fmt.Errorf("%w: a redirect with a password in it", ErrForbidden)
	}
	// The address that led here may hold a token in its path or query: the next
	// host is not to read it.
	req.Header.Del("Referer")
	return nil
}
