package bots

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// Redact drops the addresses from a transport's error. On many platforms an
// address holds a key, and errors are logged.
func Redact(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}

// NoRedirects returns client with redirects handed back instead of followed: a
// request bears a token or a customer's words, and must not be repeated
// elsewhere, nor a POST become a GET.
func NoRedirects(client *http.Client) *http.Client {
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// Bounded returns body with an error, Rejected, where it is longer than max
// bytes; 0: as long as it is. A platform may say less than it sends.
func Bounded(body io.ReadCloser, max int64) io.ReadCloser {
	if max <= 0 {
		return body
	}
	return &bounded{ReadCloser: body, left: max, max: max}
}

type bounded struct {
	io.ReadCloser
	left, max int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, TooLarge(b.max)
	}
	return n, err
}

// TooLarge is the error of a file that is longer than max bytes.
func TooLarge(max int64) *SendError {
	return &SendError{Fate: Rejected, Code: "too large", Err: fmt.Errorf("the file is larger than %d bytes", max)}
}
