package bots

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
)

// What a transport says of a failure bears the address, which is a secret.
func TestRedact(t *testing.T) {
	const secret = "hooks.example.net/response/T1/secret"
	dial := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 9, 8, 7), Port: 443}, Err: errors.New("connection refused")}
	for _, err := range []error{
		&url.Error{Op: "Post", URL: "https://" + secret, Err: io.EOF},
		&url.Error{Op: "Post", URL: "https://" + secret, Err: dial},
		fmt.Errorf("opening: %w", &url.Error{Op: "Get", URL: "wss://" + secret, Err: dial}),
		dial,
	} {
		if got := Redact(err).Error(); strings.Contains(got, "secret") || strings.Contains(got, "10.9.8.7") || got == "" {
			t.Errorf("%v became %q", err, got)
		}
	}
}

// A body that is longer than was promised ends with an error that says so.
func TestBounded(t *testing.T) {
	for max, fits := range map[int64]bool{0: true, 9: false, 10: true, 11: true} {
		body := Bounded(io.NopCloser(strings.NewReader("0123456789")), max)
		content, err := io.ReadAll(body)
		if fits && (err != nil || len(content) != 10) || !fits && FateOf(err) != Rejected {
			t.Errorf("%d: %q, %v", max, content, err)
		}
	}
}
