package feed

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxBody bounds a feed after decompression.
	maxBody = 5 << 20
	// maxHeader bounds what is kept of ETag and Last-Modified.
	maxHeader = 1 << 10
	// maxAddress bounds an address that a redirect names.
	maxAddress = 2000
)

// answer is what a source answered.
type answer struct {
	status      int
	contentType string
	body        []byte
	// cut tells that the body ended early: too long, too slow or broken off.
	cut      bool
	etag     string
	modified string
	retry    time.Duration // Retry-After; 0: none
	moved    string        // where permanent redirects led; empty: nowhere
}

// conditions are what makes a request conditional.
type conditions struct{ etag, modified string }

// fetch asks address once. Its errors name no more of the address than the host.
func (f *Feed) fetch(ctx context.Context, address string, c conditions) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, f.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	req.Header.Set("User-Agent", "Huiyin/1.0 (feed reader)")
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, application/json;q=0.8, text/xml;q=0.8, */*;q=0.1")
	// Asked for by hand, decompressed by hand: the size after it must be bounded.
	req.Header.Set("Accept-Encoding", "gzip")
	if c.etag != "" {
		req.Header.Set("If-None-Match", c.etag)
	}
	if c.modified != "" {
		req.Header.Set("If-Modified-Since", c.modified)
	}
	a := &answer{}
	resp, err := f.client(a).Do(req)
	if err != nil {
		return nil, plain(err)
	}
	defer resp.Body.Close()
	a.status, a.contentType = resp.StatusCode, resp.Header.Get("Content-Type")
	a.etag, a.modified = bounded(resp.Header.Get("ETag")), bounded(resp.Header.Get("Last-Modified"))
	a.retry = retryAfter(resp.Header.Get("Retry-After"), f.now())
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNonAuthoritativeInfo {
		return a, nil
	}
	return a, a.read(resp)
}

// client follows redirects as the given client does and notes where permanent
// ones led.
func (f *Feed) client(a *answer) *http.Client {
	c := *f.http
	permanent := true
	follow := c.CheckRedirect
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if follow != nil {
			if err := follow(req, via); err != nil {
				return err
			}
		} else if len(via) >= 5 {
			return errors.New("more than 5 redirects")
		}
		code := 0
		if req.Response != nil {
			code = req.Response.StatusCode
		}
		permanent = permanent && (code == http.StatusMovedPermanently || code == http.StatusPermanentRedirect)
		if to := req.URL.String(); permanent && len(to) <= maxAddress {
			a.moved = to
		}
		return nil
	}
	return &c
}

// read reads the body, bounded after decompression. What could be read of a
// broken one is kept.
func (a *answer) read(resp *http.Response) error {
	body, err := decompressed(resp.Header.Get("Content-Encoding"), resp.Body)
	if err != nil {
		return err
	}
	a.body, err = io.ReadAll(io.LimitReader(body, maxBody+1))
	if len(a.body) > maxBody {
		a.body, a.cut = a.body[:maxBody], true
		return nil
	}
	if err == nil {
		return nil
	}
	if len(a.body) == 0 {
		return plain(err)
	}
	a.cut = true
	return nil
}

// decompressed returns what a body holds. Some servers compress without saying
// so.
func decompressed(encoding string, body io.Reader) (io.Reader, error) {
	r := bufio.NewReader(body)
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	magic, err := r.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, plain(err)
	}
	zipped := bytes.Equal(magic, []byte{0x1f, 0x8b})
	switch {
	case zipped:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, errors.New("the compressed answer cannot be read")
		}
		return z, nil
	case encoding == "deflate":
		return flate.NewReader(r), nil
	case encoding == "", encoding == "identity", encoding == "gzip", encoding == "x-gzip", encoding == "utf-8":
		return r, nil
	default:
		return nil, errors.New("the answer is compressed in a way that was not asked for")
	}
}

// plain returns an error without the address it was about: addresses carry keys.
func plain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errTimeout
	case errors.As(err, &dns):
		return fmt.Errorf("%w: %s", errName, dns.Name)
	}
	return err
}

var (
	errTimeout = errors.New("no complete answer in time")
	errName    = errors.New("the name cannot be resolved")
)

func bounded(header string) string {
	if len(header) > maxHeader {
		return ""
	}
	return header
}

// retryAfter reads the header in both of its forms.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	if n, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(0, time.Duration(n)*time.Second)
	}
	if t, err := http.ParseTime(header); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
