package feed

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/listeners"
)

var noon = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

// site is a fake source. It is strict about what readers send: what it did not
// ask for, or does not understand, fails the test.
type site struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	answer   http.HandlerFunc // of /feed
	etag     string
	requests []*http.Request
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	answer := s.answer
	s.mu.Unlock()
	switch {
	case r.Method != http.MethodGet:
		s.t.Errorf("method %s", r.Method)
	case r.UserAgent() == "" || strings.HasPrefix(r.UserAgent(), "Go-http-client"):
		s.t.Errorf("user agent %q", r.UserAgent())
	case r.Header.Get("Accept") == "":
		s.t.Error("no Accept")
	case r.Header.Get("Cookie") != "":
		s.t.Error("a cookie")
	case r.URL.Path != "/feed" && answer == nil:
		s.t.Errorf("path %s", r.URL.Path)
	}
	if answer == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, r)
}

// says makes the site answer with a body from now on. It answers 304 where the
// reader shows the ETag it was given, and fails readers that show another.
func (s *site) says(contentType, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	etag := `"` + string(short8hex(body)) + `"`
	s.etag = etag
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("ETag", etag)
		if got := r.Header.Get("If-None-Match"); got == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Write([]byte(body))
	}
}

func short8hex(body string) []byte {
	d := digest(body)
	return []byte(strings.ToLower(hexOf(d[:8])))
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out []byte
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// does makes the site answer by a function from now on.
func (s *site) does(fn http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = fn
}

func (s *site) last() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[len(s.requests)-1]
}

// reader is a feed under test with its cursor, as the pipeline keeps it.
type reader struct {
	t      *testing.T
	feed   *Feed
	cursor []byte
	now    time.Time
	known  map[string]string // what the store knows: id → text
	alerts []string          // texts that were news
}

func newReader(t *testing.T, s *site, change ...func(*Options)) *reader {
	t.Helper()
	o := defaults()
	o.URL = s.server.URL + "/feed"
	o.Timeout = time.Minute
	for _, fn := range change {
		fn(o)
	}
	r := &reader{t: t, now: noon, known: map[string]string{}}
	l, err := Kind().New(listeners.Env{Name: "weibo", HTTP: s.server.Client(), Now: func() time.Time { return r.now }}, o)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := l.(*Feed)
	if !ok {
		t.Fatalf("%T", l)
	}
	f.share = func() float64 { return 0.5 }
	r.feed = f
	return r
}

// poll reads once and stores what came, as the pipeline does.
func (r *reader) poll() listeners.Batch {
	r.t.Helper()
	b, err := r.feed.Poll(context.Background(), r.cursor)
	if err != nil {
		r.t.Fatalf("poll: %v", err)
	}
	r.keep(b)
	return b
}

func (r *reader) keep(b listeners.Batch) {
	r.t.Helper()
	if len(b.Cursor) == 0 {
		r.t.Error("no cursor")
	}
	r.cursor = b.Cursor
	for i, e := range b.Entries {
		switch {
		case e.ID == "" || e.Text == "" || e.Revision == "" || e.Kind != "mention":
			r.t.Errorf("entry %d: %+v", i, e)
		case e.PostedAt.After(r.now):
			r.t.Errorf("entry %d is of the future: %s", i, e.PostedAt)
		}
		if _, known := r.known[e.ID]; !known && !b.First && !e.History {
			r.alerts = append(r.alerts, e.Text)
		}
		r.known[e.ID] = e.Text
	}
}

// fails reads once and expects a failure.
func (r *reader) fails() *listeners.PollError {
	r.t.Helper()
	b, err := r.feed.Poll(context.Background(), r.cursor)
	pe, ok := err.(*listeners.PollError) //nolint:errorlint // the contract is the type itself
	if !ok {
		r.t.Fatalf("poll: %+v, %v", b, err)
	}
	if pe.Note.Text == "" || pe.After <= 0 {
		r.t.Errorf("failure without a word or a wait: %+v", pe)
	}
	return pe
}

func zipped(body string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(body)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// rss writes an RSS feed of items, each the inside of an item.
func rss(items ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>青禾咖啡</title><link>https://site.example/</link>`)
	for _, item := range items {
		b.WriteString("<item>" + item + "</item>")
	}
	b.WriteString("</channel></rss>")
	return b.String()
}

// post writes a usual item.
func post(id, title, text string, at time.Time) string {
	return "<guid isPermaLink=\"false\">" + id + "</guid><link>https://site.example/" + id + "</link><title>" + title + "</title><description><![CDATA[" + text + "]]></description><pubDate>" + at.Format(time.RFC1123Z) + "</pubDate>"
}
