package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// who are the columns of expectedRoutes: nobody, a customer whose things they
// are not, the customer whose they are, and colleagues by role.
var who = []string{"stranger", "another customer", "own customer", "viewer", "agent", "lead", "admin"}

// visit is what one route answers to each of who.
type visit struct {
	path string // with what stands in for the pattern's names
	body string // of a POST: JSON where it begins with {
	want []int
}

func all(status int) []int { return []int{status, status, status, status, status, status, status} }

// colleagues lets everybody who is signed in through.
func colleagues(refused, status int) []int {
	return []int{refused, refused, refused, status, status, status, status}
}

// ownOnly is a customer's own: colleagues have the board for it.
func ownOnly(without, others, own int) []int {
	return []int{without, others, own, without, without, without, without}
}

// expectedRoutes declares every route. One of the table that is not here fails
// the test, so that nobody adds one without deciding who may use it.
func expectedRoutes(o *openedOffice) map[string]visit {
	asset := must(o.h.web.assets.url("base.css"))
	return map[string]visit{
		"GET /static/{sum}/{name}":   {asset, "", all(http.StatusOK)},
		"GET /favicon.ico":           {"/favicon.ico", "", all(http.StatusOK)},
		"GET /healthz":               {"/healthz", "", all(http.StatusOK)},
		"GET /readyz":                {"/readyz", "", all(http.StatusOK)},
		"GET /c":                     {"/c", "", all(http.StatusOK)},
		"GET /c/embed.js":            {"/c/embed.js", "", all(http.StatusOK)},
		"GET /c/{bot}":               {"/c/site", "", all(http.StatusOK)},
		"POST /c/{bot}/hello":        {"/c/site/hello", "", all(http.StatusOK)},
		"GET /c/{bot}/messages":      {"/c/site/messages", "", all(http.StatusOK)}, // what they hold is looked at below
		"POST /c/{bot}/send":         {"/c/site/send", "", ownOnly(http.StatusUnauthorized, http.StatusBadRequest, http.StatusBadRequest)},
		"POST /c/{bot}/press":        {"/c/site/press", o.press, ownOnly(http.StatusUnauthorized, http.StatusNotFound, http.StatusOK)},
		"GET /c/{bot}/live":          {"/c/site/live", "", ownOnly(http.StatusUnauthorized, http.StatusOK, http.StatusOK)},
		"GET /c/{bot}/files/{id}":    {o.file, "", ownOnly(http.StatusNotFound, http.StatusNotFound, http.StatusOK)},
		"GET /c/{bot}/sent/{id}/{n}": {o.sent, "", ownOnly(http.StatusNotFound, http.StatusNotFound, http.StatusOK)},
		"GET /{$}":                   {"/", "", colleagues(http.StatusSeeOther, http.StatusOK)},
		"GET /i/{number}":            {o.item, "", colleagues(http.StatusSeeOther, http.StatusOK)},
		"GET /live":                  {"/live", "", colleagues(http.StatusUnauthorized, http.StatusOK)},
		"POST /do":                   {"/do", `{"nonce":"nonce-00000001","data":"show:1"}`, colleagues(http.StatusUnauthorized, http.StatusOK)},
		"GET /files/{id}":            {strings.TrimPrefix(o.file, "/c/site"), "", colleagues(http.StatusSeeOther, http.StatusOK)},
		"GET /sent/{id}/{n}":         {strings.TrimPrefix(o.sent, "/c/site"), "", colleagues(http.StatusSeeOther, http.StatusOK)},
		"GET /account":               {"/account", "", colleagues(http.StatusSeeOther, http.StatusOK)},
		"POST /account":              {"/account", "do=password&password=x&again=y", colleagues(http.StatusUnauthorized, http.StatusUnprocessableEntity)},
		"GET /signin":                {"/signin", "", all(http.StatusOK)},
		"POST /signin":               {"/signin", "code=WRONG", all(http.StatusUnauthorized)},
		"GET /s/{code}":              {"/s/x", "", all(http.StatusOK)},
		"POST /signout":              {"/signout", "", all(http.StatusSeeOther)},
		"/in/{name}":                 {"/in/hook", "", all(http.StatusTeapot)},
		"/in/{name}/{rest...}":       {"/in/hook/x/y", "", all(http.StatusTeapot)},
		"/":                          {"/no/such/page", "", all(http.StatusNotFound)},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// openedOffice is a hub with a customer's item, files in both directions, and a
// colleague of every role.
type openedOffice struct {
	h                       *hub
	browsers                []*browser
	file, sent, item, press string
}

func openOffice(t *testing.T) *openedOffice {
	t.Helper()
	h := newHub(t, func(o *Options) { o.Limits.SignInTries = 1000 })
	o := &openedOffice{h: h}
	for range who {
		o.browsers = append(o.browsers, h.browser())
	}
	for i, role := range []feedback.Role{feedback.Viewer, feedback.Agent, feedback.Lead, feedback.Admin} {
		st := &feedback.Staff{Name: string(role), Role: role, Team: "care"}
		h.write(func(tx *store.Tx) error { return tx.SaveStaff(st) })
		h.staff = st
		o.browsers[3+i].signIn()
	}
	for _, b := range o.browsers[1:3] {
		b.get("/c")
		b.send("site", nonceOf(1), "虫子！电话 13800138000", "", []upload{{"a.png", tinyPNG}})
	}
	conv := h.conversation("site", h.lastEvent().From.ID)
	item := h.item(conv, nil)
	stored, err := h.files.Put(strings.NewReader(tinyPNG))
	if err != nil {
		t.Fatal(err)
	}
	out := h.tell(conv, item.ID, h.staff.ID, "reply:1", "好了吗", store.OutSent, [][]bots.Button{{{Text: "好了", Data: "rate:1"}}}, bots.Attached{Path: stored.Path, Name: "b.png"})
	var file int64
	err = h.db.Read(context.Background(), func(tx *store.Tx) error {
		said, err := tx.MessagesOfConversation(conv.ID, 0, 0)
		file = said[0].Attachments[0].ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	o.file, o.sent, o.item = fmt.Sprintf("/c/site/files/%d", file), fmt.Sprintf("/c/site/sent/%d/0", out.ID), fmt.Sprintf("/i/%d", item.ID)
	o.press = fmt.Sprintf(`{"nonce":"nonce-00000002","message":%d,"data":"rate:1"}`, out.Message)
	return o
}

// ask asks once. A stream is left as soon as it stands.
func (b *browser) ask(method, path, body string, header ...string) reply {
	b.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	kind := "application/x-www-form-urlencoded"
	if strings.HasPrefix(body, "{") {
		kind = "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, method, b.h.srv.URL+path, strings.NewReader(body))
	if err != nil {
		b.h.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.c.Do(r)
	if err != nil {
		b.h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		return reply{resp.StatusCode, resp.Header, ""}
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		b.h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp.StatusCode, resp.Header, string(got)}
}

// without returns a browser with the same cookies but one.
func (b *browser) without(name string) *browser {
	b.h.t.Helper()
	other := b.h.browser()
	at := must(url.Parse(b.h.srv.URL))
	for _, c := range b.c.Jar.Cookies(at) {
		if c.Name != name {
			other.c.Jar.SetCookies(at, []*http.Cookie{c})
		}
	}
	return other
}

func method(pattern string) string {
	m, _, ok := strings.Cut(pattern, " ")
	if !ok {
		return http.MethodPost
	}
	return m
}

// TestEveryRouteForEverybody: every route of the table, asked by everybody.
func TestEveryRouteForEverybody(t *testing.T) {
	o := openOffice(t)
	expected := expectedRoutes(o)
	routes := Routes()
	if len(routes) != len(expected) {
		t.Errorf("%d routes, %d declared", len(routes), len(expected))
	}
	for _, r := range routes {
		v, declared := expected[r.Pattern]
		if !declared {
			t.Errorf("%s: nothing says who may use it: declare it in expectedRoutes", r.Pattern)
			continue
		}
		if r.Pattern == "POST /signout" {
			continue // last, below: it ends their sessions
		}
		for i, b := range o.browsers {
			if i != 1 && i != 2 && strings.HasPrefix(r.Pattern, "GET /c") {
				b = b.without("hy_visitor") // a chat page makes everybody a customer
			}
			got := b.ask(method(r.Pattern), v.path, v.body)
			if got.status != v.want[i] {
				t.Errorf("%s by %s: %d, want %d", r.Pattern, who[i], got.status, v.want[i])
			}
			held := strings.Contains(got.body, "虫") || strings.Contains(got.body, "13800138000")
			mayHold := i == 2 || i == 1 && strings.HasSuffix(r.Pattern, "/messages") || i > 2 && r.Access == Colleagues
			if held && !mayHold {
				t.Errorf("%s by %s holds what a customer wrote", r.Pattern, who[i])
			}
		}
	}
	for i, b := range o.browsers {
		if got := b.ask(http.MethodPost, "/signout", "").status; got != http.StatusSeeOther {
			t.Errorf("signing out by %s: %d", who[i], got)
		}
		if got := b.ask(http.MethodGet, "/", "").status; got != http.StatusSeeOther {
			t.Errorf("the board after signing out, by %s: %d", who[i], got)
		}
	}
}

// TestEveryRouteIsGuarded: what every answer carries, and that no other site
// can make a browser post.
func TestEveryRouteIsGuarded(t *testing.T) {
	o := openOffice(t)
	lead := o.browsers[5]
	for _, r := range Routes() {
		v := expectedRoutes(o)[r.Pattern]
		asks := lead
		if r.Pattern == "POST /signout" {
			asks = o.browsers[6]
		}
		got := asks.ask(method(r.Pattern), v.path, v.body)
		csp := got.header.Get("Content-Security-Policy")
		page := strings.HasPrefix(got.header.Get("Content-Type"), "text/html")
		framed := r.Pattern == "GET /c" || r.Pattern == "GET /c/{bot}" // sites that are listed may embed them
		switch {
		case !strings.HasPrefix(csp, "default-src 'none'"), strings.Contains(csp, "unsafe"), strings.Contains(csp, "*"):
			t.Errorf("%s: policy %q", r.Pattern, csp)
		case page && !framed && !strings.Contains(csp, "frame-ancestors 'none'"):
			t.Errorf("%s may be framed: %q", r.Pattern, csp)
		case page && !strings.Contains(csp, "base-uri 'none'"), page && !strings.Contains(csp, "form-action 'self'"):
			t.Errorf("%s: policy %q", r.Pattern, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin"} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s %q", r.Pattern, name, got.header.Get(name))
			}
		}
		if p := got.header.Get("Referrer-Policy"); p != "same-origin" && p != "no-referrer" {
			t.Errorf("%s: Referrer-Policy %q", r.Pattern, p)
		}
		if c := got.header.Get("Cache-Control"); page && c != "no-store" {
			t.Errorf("%s: a page is kept: %q", r.Pattern, c)
		}
		if server := got.header.Get("Server") + got.header.Get("X-Powered-By"); server != "" {
			t.Errorf("%s says what it runs on: %s", r.Pattern, server)
		}
		if r.Access == Platforms || method(r.Pattern) != http.MethodPost {
			continue
		}
		for _, header := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
			{"Origin", "http://127.0.0.1.evil.example"}, {"Sec-Fetch-Site", "cross-site", "Origin", "https://www.example.com"},
		} {
			if got := lead.ask(http.MethodPost, v.path, v.body, header...).status; got != http.StatusForbidden {
				t.Errorf("%s from %v: %d, want 403", r.Pattern, header, got)
			}
		}
	}
	if got := lead.get("/").status; got != http.StatusOK {
		t.Errorf("another site has signed the lead out: %d", got)
	}
}

// TestEveryRouteIsBounded: no route reads a body without an end.
func TestEveryRouteIsBounded(t *testing.T) {
	o := openOffice(t)
	read := &counted{}
	o.h.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &counting{r.Body, read}
		o.h.web.Handler().ServeHTTP(w, r)
	})
	for _, r := range Routes() {
		if method(r.Pattern) != http.MethodPost {
			continue
		}
		v := expectedRoutes(o)[r.Pattern]
		for _, kind := range []string{"application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/plain"} {
			for i, b := range []*browser{o.browsers[2], o.browsers[5]} {
				read.n = 0
				req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, v.path, &endless{left: 80 << 20, pattern: []byte("--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na")})
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", kind)
				for _, c := range b.c.Jar.Cookies(must(url.Parse(o.h.srv.URL))) {
					req.AddCookie(c)
				}
				req.RemoteAddr = "127.0.0.1:1"
				w := &discarding{header: http.Header{}}
				o.h.srv.Config.Handler.ServeHTTP(w, req)
				if w.status >= 500 || read.n > maxSend+1 {
					t.Errorf("%s, %s, %d: answered %d after %d bytes", r.Pattern, kind, i, w.status, read.n)
				}
			}
		}
	}
	s := o.h.web.HTTPServer()
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 15*time.Second || s.WriteTimeout != 30*time.Second || s.IdleTimeout != time.Minute || s.MaxHeaderBytes != 16<<10 {
		t.Errorf("the server's bounds: %v %v %v %v %d", s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes)
	}
}

type counted struct{ n int64 }

type counting struct {
	io.ReadCloser
	c *counted
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.c.n += int64(n)
	return n, err
}

// endless repeats a pattern once and then its last letter.
type endless struct {
	left    int
	pattern []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.pattern)
	e.pattern = e.pattern[n:]
	if n == 0 {
		n = copy(p, bytes.Repeat([]byte{'a'}, min(len(p), e.left)))
	}
	e.left -= n
	return n, nil
}

// discarding is an answer that nobody reads.
type discarding struct {
	header http.Header
	status int
}

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) Write(p []byte) (int, error) { return len(p), nil }
func (d *discarding) WriteHeader(status int)      { d.status = status }

// TestALiveConnectionEndsWithTheSession: who signed out, left or was revoked
// learns no more.
func TestALiveConnectionEndsWithTheSession(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.Ping = 20 * time.Millisecond })
	b := h.browser()
	b.signIn()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.srv.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	h.write(func(tx *store.Tx) error { return tx.DropSessionsOf(h.staff.ID) })
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatalf("the stream did not end: %v", err)
	}
}
