package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/listeners"
)

const xmlType = "application/rss+xml; charset=utf-8"

func TestFirstReadIsHistoryThenNews(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	var old []string
	for i := range 40 {
		old = append(old, post(fmt.Sprint("o", i), fmt.Sprint("旧帖", i), "正文", noon.Add(-time.Duration(i)*time.Hour)))
	}
	s.says(xmlType, rss(old...))
	b := r.poll()
	if !b.First || len(b.Entries) != 40 || len(r.alerts) != 0 || b.Note.Code != "ok" {
		t.Fatalf("first read: first %v, %d entries, %d alerts, note %+v", b.First, len(b.Entries), len(r.alerts), b.Note)
	}
	if !slices.IsSortedFunc(b.Entries, func(a, c listeners.Entry) int { return a.PostedAt.Compare(c.PostedAt) }) {
		t.Error("the entries are not oldest first")
	}
	if b.Next != 5*time.Minute {
		t.Errorf("next in %s", b.Next)
	}
	if b := r.poll(); b.First || len(b.Entries) != 0 || s.last().Header.Get("If-None-Match") != s.etag {
		t.Errorf("unchanged: %+v", b)
	}
	r.now = r.now.Add(10 * time.Minute)
	s.says(xmlType, rss(append([]string{post("n1", "新帖", "送错了还不理人", r.now)}, old...)...))
	if b := r.poll(); len(b.Entries) != 1 || b.First || b.Entries[0].Text != "新帖\n送错了还不理人" || b.Entries[0].URL != "https://site.example/n1" || b.Entries[0].History {
		t.Errorf("news: %+v", b)
	}
	if b := r.poll(); len(b.Entries) != 0 {
		t.Errorf("again: %+v", b)
	}
}

func TestFreshDecides(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s, func(o *Options) { o.Fresh = 2 * time.Hour })
	s.says(xmlType, rss(post("a", "甲", "", noon)))
	r.poll()
	s.says(xmlType, rss(post("a", "甲", "", noon), post("b", "乙", "", noon.Add(-3*time.Hour)), post("c", "丙", "", noon.Add(-time.Hour))))
	r.poll()
	if !slices.Equal(r.alerts, []string{"丙"}) {
		t.Errorf("alerts %q", r.alerts)
	}
}

func TestAnotherAddressIsReadForTheFirstTime(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	s.says(xmlType, rss(post("a", "甲", "", noon)))
	r.poll()
	cursor := r.cursor
	r = newReader(t, s, func(o *Options) { o.URL += "?q=2" })
	r.cursor = cursor
	s.says(xmlType, rss(post("x", "别的", "", noon)))
	if b := r.poll(); !b.First || len(b.Entries) != 1 {
		t.Errorf("%+v", b)
	}
	// The same source under another address goes on.
	r.cursor = cursor
	s.says(xmlType, rss(post("a", "甲", "", noon), post("b", "乙", "", noon)))
	if b := r.poll(); b.First || len(b.Entries) != 1 || len(r.alerts) != 1 {
		t.Errorf("%+v", b)
	}
	s.says(xmlType, rss(post("a", "甲", "", noon)))
	for _, broken := range [][]byte{[]byte("{"), []byte("null"), []byte(`{"ring":"%%"}`), {0xff}} {
		r.cursor = broken
		if b := r.poll(); !b.First || len(b.Entries) != 1 {
			t.Errorf("cursor %q: %+v", broken, b)
		}
	}
}

func TestEdits(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	s.says(xmlType, rss(post("a", "甲", "原来的话", noon)))
	first := r.poll()
	s.says(xmlType, rss(post("a", "甲", "改过的话", noon)))
	b := r.poll()
	if len(b.Entries) != 1 || b.Entries[0].ID != first.Entries[0].ID || b.Entries[0].Revision == first.Entries[0].Revision || b.Entries[0].Text != "甲\n改过的话" {
		t.Errorf("edit: %+v", b.Entries)
	}
	if b := r.poll(); len(b.Entries) != 0 {
		t.Errorf("again: %+v", b.Entries)
	}
}

// Sources that give ids anew with every answer, add numbers to links, or show
// their entries in no order, alert once.
func TestUnstableSourcesAlertOnce(t *testing.T) {
	for name, item := range map[string]func(round, n int) string{
		"new ids": func(round, n int) string {
			return fmt.Sprintf("<guid>%d-%d</guid><link>https://site.example/%d</link><title>帖%d</title><pubDate>%s</pubDate>", round, n, n, n, noon.Format(time.RFC1123Z))
		},
		"new ids, no dates": func(round, n int) string {
			return fmt.Sprintf("<guid>%d-%d</guid><link>https://site.example/%d</link><title>帖%d</title>", round, n, n, n)
		},
		"new ids and links": func(round, n int) string {
			return fmt.Sprintf("<guid>%d-%d</guid><link>https://site.example/%d?t=%d</link><title>帖%d</title><pubDate>%s</pubDate>", round, n, n, round, n, noon.Format(time.RFC1123Z))
		},
		"no ids": func(_, n int) string {
			return fmt.Sprintf("<link>https://site.example/%d</link><title>帖%d</title>", n, n)
		},
		"no ids, no links": func(_, n int) string {
			return fmt.Sprintf("<title>帖%d</title><description>正文%d</description><pubDate>%s</pubDate>", n, n, noon.Format(time.RFC1123Z))
		},
		"one id for all": func(_, n int) string {
			return fmt.Sprintf("<guid>site</guid><title>帖%d</title><link>https://site.example/%d</link>", n, n)
		},
		"one id and one link for all": func(_, n int) string {
			return fmt.Sprintf("<guid>site</guid><title>帖%d</title><link>https://site.example/</link>", n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			r := newReader(t, s)
			var items []string
			for n := range 8 {
				items = append(items, item(0, n))
			}
			s.says(xmlType, rss(items...))
			r.poll()
			for round := 1; round < 6; round++ {
				items = nil
				for n := range 9 { // a ninth is new
					items = append(items, item(round, (n*5+round)%9))
				}
				s.says(xmlType, rss(items...))
				r.poll()
			}
			if !slices.Equal(r.alerts, []string{"帖8"}) && !slices.Equal(r.alerts, []string{"帖8\n正文8"}) {
				t.Errorf("alerts %q", r.alerts)
			}
		})
	}
}

// What scrolls off and comes back is known; what was never seen is news.
func TestScrollingSource(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	window := func(from int) {
		var items []string
		for n := from; n < from+10; n++ {
			items = append(items, post(fmt.Sprint(n), fmt.Sprint("帖", n), "", noon))
		}
		s.says(xmlType, rss(items...))
		r.poll()
	}
	for _, from := range []int{0, 3, 9, 0, 5, 15, 0} {
		window(from)
	}
	if len(r.alerts) != 15 {
		t.Errorf("%d alerts: %q", len(r.alerts), r.alerts)
	}
}

func TestRingIsBounded(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	for round := range 30 {
		var items []string
		for n := range 100 {
			items = append(items, post(fmt.Sprint(round, "-", n), "帖", fmt.Sprint(round, n), noon))
		}
		s.says(xmlType, rss(items...))
		r.poll()
	}
	var c cursor
	if err := json.Unmarshal(r.cursor, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Ring) != minRing*recordSize {
		t.Errorf("ring of %d bytes", len(c.Ring))
	}
}

func TestWatchdog(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	items := func(from, n int) string {
		var list []string
		for i := from; i < from+n; i++ {
			list = append(list, post(fmt.Sprint(i), fmt.Sprint("帖", i), "", noon.Add(time.Duration(i-40)*time.Hour)))
		}
		return rss(list...)
	}
	s.says(xmlType, items(0, 20))
	r.poll()
	s.says(xmlType, rss())
	b := r.poll()
	if b.Note.Code != "empty" || !strings.Contains(b.Note.Text, "平时约 20 条") {
		t.Errorf("empty: %+v", b.Note)
	}
	if b = r.poll(); b.Note.Code != "empty" {
		t.Errorf("still empty: %+v", b.Note)
	}
	s.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	if b = r.poll(); b.Note.Code != "empty" {
		t.Errorf("not a byte: %+v", b.Note)
	}
	s.says(xmlType, items(0, 20))
	if b = r.poll(); b.Note.Code != "ok" || len(b.Entries) != 0 {
		t.Errorf("nothing new: %+v", b)
	}
	s.says(xmlType, items(0, 4))
	if b = r.poll(); b.Note.Code != "shrinking" {
		t.Errorf("shrinking: %+v", b.Note)
	}
	// About one an hour as a rule: silence of a day is worth a word, of an hour is not.
	s.says(xmlType, items(0, 20))
	r.now = noon.Add(10 * time.Hour)
	if b = r.poll(); b.Note.Code != "ok" {
		t.Errorf("ten hours: %+v", b.Note)
	}
	r.now = noon.Add(30 * time.Hour)
	if b = r.poll(); b.Note.Code != "quiet" {
		t.Errorf("thirty hours: %+v", b.Note)
	}
	s.says(xmlType, items(5, 20))
	if b = r.poll(); b.Note.Code != "ok" || len(b.Entries) != 5 {
		t.Errorf("news again: %+v, %d entries", b.Note, len(b.Entries))
	}
	s.says(xmlType, items(100, 20))
	if b = r.poll(); b.Note.Code != "gap" || len(b.Entries) != 20 {
		t.Errorf("gap: %+v, %d entries", b.Note, len(b.Entries))
	}
}

func TestNeverAnythingIsEmptyToo(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	s.says(xmlType, rss())
	if b := r.poll(); !b.First || b.Note.Code != "empty" {
		t.Errorf("%+v", b)
	}
	s.says(xmlType, rss(post("a", "第一条", "", noon)))
	if b := r.poll(); b.First || len(r.alerts) != 1 {
		t.Errorf("%+v", b)
	}
}

func TestFailures(t *testing.T) {
	s := newSite(t)
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(text)) }
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		code   string
		says   string
		after  time.Duration
	}{
		{"gone", status(410), "gone", "410", 24 * time.Hour},
		{"not found", status(404), "failing", "404", 5 * time.Minute},
		{"forbidden", status(403), "failing", "403", 5 * time.Minute},
		{"too many", status(429, "Retry-After", "1800"), "failing", "429", 30 * time.Minute},
		{"too many, by a date", status(429, "Retry-After", noon.Add(time.Hour).Format(http.TimeFormat)), "failing", "429", time.Hour},
		{"too many, for ever", status(429, "Retry-After", "999999999"), "failing", "429", 24 * time.Hour},
		{"too many, for nothing", status(429, "Retry-After", "-5"), "failing", "429", 5 * time.Minute},
		{"busy", status(503, "Retry-After", "7200"), "failing", "503", 2 * time.Hour},
		{"broken", status(500), "failing", "500", 5 * time.Minute},
		{"304 to a whole request", status(304), "failing", "304", 5 * time.Minute},
		{"partial", status(206), "failing", "206", 5 * time.Minute},
		{"a page", body("<!DOCTYPE html><html><head><title>登录</title></head></html>"), "failing", "网页", 5 * time.Minute},
		{"some XML", body("<?xml version='1.0'?><note><to>x</to></note>"), "failing", "RSS", 5 * time.Minute},
		{"some JSON", body(`{"ok":false}`), "failing", "RSS", 5 * time.Minute},
		{"some text", body("rate limited"), "failing", "RSS", 5 * time.Minute},
		{"an unasked compression", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			w.Write([]byte("xxxx"))
		}, "failing", "连不上", 5 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.does(c.answer)
			pe := newReader(t, s).fails()
			if pe.Note.Code != c.code || !strings.Contains(pe.Note.Text, c.says) || pe.After != c.after {
				t.Errorf("%+v after %s", pe.Note, pe.After)
			}
		})
	}
}

func TestBackOff(t *testing.T) {
	s := newSite(t)
	s.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	r := newReader(t, s)
	var waits []string
	for range 9 {
		waits = append(waits, r.fails().After.String())
	}
	if got := strings.Join(waits, " "); got != "5m0s 10m0s 20m0s 40m0s 1h20m0s 2h40m0s 5h20m0s 6h0m0s 6h0m0s" {
		t.Error(got)
	}
	for range 100 {
		_ = r.fails()
	}
	s.says(xmlType, rss(post("a", "甲", "", noon)))
	r.poll()
	s.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	if after := r.fails().After; after != 5*time.Minute {
		t.Errorf("after a good read %s", after)
	}
	r.feed.share = func() float64 { return 1 }
	if after := r.fails().After; after != 12*time.Minute {
		t.Errorf("jitter: %s", after)
	}
}

func TestNoAnswer(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s, func(o *Options) { o.URL += "?key=topsecret" })
	s.server.Close()
	pe := r.fails()
	if strings.Contains(pe.Error()+pe.Note.Text, "topsecret") {
		t.Errorf("the error shows the key: %v, %s", pe, pe.Note.Text)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.feed.Poll(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("at a stop: %v", err)
	}
}

func TestMoved(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	good := rss(post("a", "甲", "", noon))
	fail := false
	asked := map[string]int{}
	s.does(func(w http.ResponseWriter, q *http.Request) {
		asked[q.URL.Path]++
		switch q.URL.Path {
		case "/feed":
			http.Redirect(w, q, "/second", http.StatusMovedPermanently)
		case "/second":
			http.Redirect(w, q, "/new", http.StatusPermanentRedirect)
		case "/new":
			if fail {
				http.NotFound(w, q)
				return
			}
			w.Write([]byte(good))
		default:
			http.NotFound(w, q)
		}
	})
	if b := r.poll(); b.Note.Code != "moved" || len(b.Entries) != 1 {
		t.Fatalf("%+v", b)
	}
	if b := r.poll(); b.Note.Code != "moved" || asked["/feed"] != 1 || asked["/new"] != 2 {
		t.Errorf("%+v, asked %v", b.Note, asked)
	}
	fail = true // the new place is no good: back to what the operator wrote
	_ = r.fails()
	if asked["/feed"] != 2 {
		t.Errorf("asked %v", asked)
	}
}

func TestTemporaryRedirectIsNoMove(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	s.does(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/feed" {
			http.Redirect(w, q, "/now", http.StatusFound)
			return
		}
		if q.URL.Path == "/now" {
			http.Redirect(w, q, "/there", http.StatusMovedPermanently)
			return
		}
		w.Write([]byte(rss(post("a", "甲", "", noon))))
	})
	if b := r.poll(); b.Note.Code != "ok" {
		t.Errorf("%+v", b.Note)
	}
}

func TestRedirectsAreGuarded(t *testing.T) {
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the canary was reached") }))
	defer canary.Close()
	s := newSite(t)
	r := newReader(t, s)
	guard := errors.New("the address is neither public nor inside network.allow")
	r.feed.http = &http.Client{CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if req.URL.Host != strings.TrimPrefix(s.server.URL, "http://") {
			return guard
		}
		return nil
	}}
	s.does(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, canary.URL, http.StatusMovedPermanently)
	})
	if pe := r.fails(); !errors.Is(pe, guard) {
		t.Errorf("%v", pe)
	}
}

func TestWholeReadsNowAndThen(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	s.says(xmlType, rss(post("a", "甲", "", noon)))
	r.poll()
	r.now = r.now.Add(wholeEvery)
	r.poll()
	if got := s.last().Header.Get("If-None-Match"); got != "" {
		t.Errorf("conditional on %s", got)
	}
}

func TestLongHeadersAreNotKept(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"`+strings.Repeat("x", 5000)+`"`)
		w.Write([]byte(rss(post("a", "甲", "", noon))))
	})
	r.poll()
	r.poll()
	if got := s.last().Header.Get("If-None-Match"); got != "" {
		t.Errorf("%d bytes of ETag", len(got))
	}
}

func TestCutBodies(t *testing.T) {
	var items []string
	for n := range 50 {
		items = append(items, post(fmt.Sprint(n), fmt.Sprint("帖", n), strings.Repeat("话", 100), noon))
	}
	whole := rss(items...)
	for name, answer := range map[string]http.HandlerFunc{
		"breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
			w.Write([]byte(whole[:len(whole)/2]))
		},
		"ends early": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(whole[:len(whole)/2])) },
		"ends early, compressed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := zipped(whole)
			w.Write(z[:len(z)*9/10])
		},
		"trickles for ever": func(w http.ResponseWriter, q *http.Request) {
			w.Write([]byte(whole[:len(whole)/2]))
			w.(http.Flusher).Flush() //nolint:errcheck // the server's writer is one
			<-q.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			r := newReader(t, s, func(o *Options) { o.Timeout = 300 * time.Millisecond })
			s.does(answer)
			b := r.poll()
			if !b.First || b.Note.Code != "salvaged" || len(b.Entries) < 10 || len(b.Entries) > 49 {
				t.Fatalf("first %v, %+v, %d entries", b.First, b.Note, len(b.Entries))
			}
			had := len(b.Entries)
			s.says(xmlType, whole)
			if b = r.poll(); len(b.Entries) != 50-had || b.Note.Code == "salvaged" {
				t.Errorf("whole: %+v, %d entries after %d", b.Note, len(b.Entries), had)
			}
		})
	}
}

func TestBombs(t *testing.T) {
	head := strings.TrimSuffix(rss(post("a", "甲", "", noon)), "</channel></rss>")
	bomb := zipped(head + strings.Repeat(" ", 64<<20))
	for name, answer := range map[string]http.HandlerFunc{
		"an endless body": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(head))
			for range 3000 {
				if _, err := w.Write([]byte(strings.Repeat("<!-- -->", 1024))); err != nil {
					return
				}
			}
		},
		"64 MB in gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb)
		},
		"gzip nobody mentions": func(w http.ResponseWriter, _ *http.Request) { w.Write(zipped(head + "</channel></rss>")) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.does(answer)
			r := newReader(t, s)
			if b := r.poll(); len(b.Entries) != 1 {
				t.Errorf("%d entries, %+v", len(b.Entries), b.Note)
			}
		})
	}
}

func TestDoctor(t *testing.T) {
	s := newSite(t)
	r := newReader(t, s)
	s.says(xmlType, rss(post("a", "甲", "", noon)))
	f := r.feed.Doctor(context.Background())
	if len(f) != 1 || !f[0].OK || !strings.Contains(f[0].Text, "读到 1 条（rss，utf-8），最新一条 2026-03-01 12:00") ||
		!strings.Contains(f[0].TextEN, "1 entries (rss, utf-8), the newest of 2026-03-01 12:00") {
		t.Errorf("%+v", f)
	}
	s.says("text/html", `<html><head><link rel="alternate" type="application/rss+xml" href="/rss?key=secret"></head></html>`)
	f = r.feed.Doctor(context.Background())
	if len(f) != 1 || f[0].OK || !strings.Contains(f[0].Do, s.server.URL+"/rss?…") || !strings.Contains(f[0].DoEN, s.server.URL+"/rss?…") {
		t.Errorf("%+v", f)
	}
	s.says(xmlType, rss())
	if f = r.feed.Doctor(context.Background()); len(f) != 1 || f[0].OK || f[0].Do == "" || f[0].TextEN == "" || f[0].DoEN == "" {
		t.Errorf("%+v", f)
	}
	s.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	if f = r.feed.Doctor(context.Background()); len(f) != 1 || f[0].OK || f[0].Do == "" || f[0].TextEN == "" || f[0].DoEN == "" {
		t.Errorf("%+v", f)
	}
}

func TestOptions(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"url missing": func(o *Options) { o.URL = "" },
		"url of ftp":  func(o *Options) { o.URL = "ftp://a/b" },
		"every":       func(o *Options) { o.Every = time.Second },
		"fresh":       func(o *Options) { o.Fresh = 0 },
		"timeout":     func(o *Options) { o.Timeout = time.Hour },
		"timezone":    func(o *Options) { o.Timezone = "Mars/Olympus" },
	} {
		o := defaults()
		o.URL = "https://site.example/feed"
		if p := o.Validate(); len(p) != 0 {
			t.Fatalf("the defaults: %v", p)
		}
		change(o)
		if p := o.Validate(); len(p) != 1 || !strings.HasPrefix(name, p[0].Key) {
			t.Errorf("%s: %v", name, p)
		}
		if _, err := Kind().New(listeners.Env{}, o); err == nil {
			t.Errorf("%s: built", name)
		}
	}
}
