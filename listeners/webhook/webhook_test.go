package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/listeners"
)

const secret = "a secret of the shop"

var noon = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

// sink keeps what is put, as the store does: an id counts once.
type sink struct {
	known map[string]bool
	puts  [][]listeners.Entry
	err   error
	spool bool
}

func (s *sink) Put(_ context.Context, channel string, entries []listeners.Entry) ([]listeners.Outcome, error) {
	if channel != "shop" {
		return nil, fmt.Errorf("channel %q", channel)
	}
	if s.err != nil {
		return nil, s.err
	}
	s.puts = append(s.puts, entries)
	out := make([]listeners.Outcome, len(entries))
	for i, e := range entries {
		switch {
		case s.spool:
			out[i] = listeners.Spooled
		case s.known[e.ID]:
			out[i] = listeners.Duplicate
		default:
			s.known[e.ID] = true
			out[i] = listeners.Accepted
		}
	}
	return out, nil
}

type hook struct {
	t    *testing.T
	sink *sink
	h    http.Handler
}

func newHook(t *testing.T) *hook {
	t.Helper()
	s := &sink{known: map[string]bool{}}
	l, err := Kind().New(listeners.Env{Name: "shop", Sink: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }}, &Options{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	r, ok := l.(listeners.Receiver)
	if !ok {
		t.Fatalf("%T receives nothing", l)
	}
	return &hook{t, s, r.Handler()}
}

// post sends a signed body and returns the answer.
func (h *hook) post(body string) (int, string) {
	h.t.Helper()
	stamp := strconv.FormatInt(noon.Unix(), 10)
	return h.send(http.MethodPost, body, stamp, Sign(secret, stamp, []byte(body)))
}

func (h *hook) send(method, body, stamp, signature string) (int, string) {
	h.t.Helper()
	r := httptest.NewRequest(method, "/in/shop", strings.NewReader(body))
	if stamp != "" {
		r.Header.Set(TimestampHeader, stamp)
	}
	if signature != "" {
		r.Header.Set(SignatureHeader, signature)
	}
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestAnswers(t *testing.T) {
	const none = `{"accepted":0,"duplicate":0,"rejected":[]}`
	for _, c := range []struct {
		name, body string
		status     int
		answer     string
	}{
		{"one object", `{"id":"1","text":"送错了"}`, 200, `{"accepted":1,"duplicate":0,"rejected":[]}`},
		{"an array", `[{"id":"1","text":"送错了"},{"id":"2","text":"好喝"}]`, 200, `{"accepted":2,"duplicate":0,"rejected":[]}`},
		{"an empty array", ` [] `, 200, none},
		{"the same id twice", `[{"id":"1","text":"甲"},{"id":"1","text":"乙"}]`, 200, `{"accepted":1,"duplicate":1,"rejected":[]}`},
		{"a number is an id, to its last digit", `[{"id":9007199254740993,"text":"甲"},{"id":"9007199254740993","text":"甲"},{"id":9007199254740992,"text":"乙"}]`, 200, `{"accepted":2,"duplicate":1,"rejected":[]}`},
		{"null elements", `[null,{"id":"1","text":"甲"},null]`, 200, `{"accepted":1,"duplicate":0,"rejected":[{"index":0,"id":"","error":"is no object"},{"index":2,"id":"","error":"is no object"}]}`},
		{"other elements", `[7,"x",[],true]`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"","error":"is no object"},{"index":1,"id":"","error":"is no object"},{"index":2,"id":"","error":"is no object"},{"index":3,"id":"","error":"is no object"}]}`},
		{"a bad one between good ones", `[{"id":"1","text":"甲"},{"id":"2"},{"id":"3","text":"丙"}]`, 200, `{"accepted":2,"duplicate":0,"rejected":[{"index":1,"id":"2","error":"text is missing"}]}`},
		{"blank text", `{"id":"1","text":" \n\t"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"text is missing"}]}`},
		{"no id", `{"text":"甲"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"","error":"id is missing"}]}`},
		{"null everywhere", `{"id":null,"text":null,"author":null,"posted_at":null,"url":null,"fields":null,"kind":null}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"","error":"id is missing"}]}`},
		{"odd case is another name", `{"ID":"1","id":"2","TEXT":"假","text":"真"}`, 200, `{"accepted":1,"duplicate":0,"rejected":[]}`},
		{"odd case alone", `{"Id":"1","Text":"甲"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"","error":"id is missing"}]}`},
		{"a name twice", `{"id":"1","text":"甲","text":"乙"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"\"text\" is there twice"}]}`},
		{"an author's name twice", `{"id":"1","text":"甲","author":{"id":"u","id":"v"}}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"author: \"id\" is there twice"}]}`},
		{"the id after what is wrong", `{"text":5,"id":"9"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"9","error":"text must be a text in quotes"}]}`},
		{"an unknown kind", `{"id":"1","text":"甲","kind":"tweet"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"kind must be one of message, mention, review, survey, call, form"}]}`},
		{"a time that is none", `{"id":"1","text":"甲","posted_at":"昨天"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"posted_at must be written as RFC 3339: 2026-03-01T09:30:00+08:00"}]}`},
		{"a time as a number", `{"id":"1","text":"甲","posted_at":1772337600}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"posted_at must be a text in quotes"}]}`},
		{"a script as address", `{"id":"1","text":"甲","url":"javascript:alert(1)"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"url must be an address that begins with http:// or https://, of 2000 bytes at most"}]}`},
		{"followers below nothing", `{"id":"1","text":"甲","author":{"followers":-1}}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"author: followers must be a whole number, not below 0"}]}`},
		{"followers beyond counting", `{"id":"1","text":"甲","author":{"followers":1e99}}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"author: followers must be a whole number, not below 0"}]}`},
		{"fields within fields", `{"id":"1","text":"甲","fields":{"shop":{"a":1}}}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"1","error":"fields: \"shop\" must be a text, a number, true or false"}]}`},
		{"an id with a NUL", `{"id":"1\u0000","text":"甲"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"","error":"id holds characters that cannot be kept"}]}`},
		{"an id that is true", `{"id":true,"text":"甲"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"","error":"id must be a text in quotes or a number"}]}`},
		{"an id too long", `{"id":"` + strings.Repeat("x", 257) + `","text":"甲"}`, 200, `{"accepted":0,"duplicate":0,"rejected":[{"index":0,"id":"","error":"id is longer than 256 bytes"}]}`},
		{"not JSON", `{"id":`, 400, `{"error":"the body is not JSON: an object, or an array of them"}`},
		{"nothing", ``, 400, `{"error":"the body is not JSON: an object, or an array of them"}`},
		{"a text", `"x"`, 400, `{"error":"the body is not JSON: an object, or an array of them"}`},
		{"more behind it", `{"id":"1","text":"甲"} {}`, 400, `{"error":"the body is not JSON: an object, or an array of them"}`},
		{"more behind the array", `[] []`, 400, `{"error":"the body is not JSON: an object, or an array of them"}`},
		{"an array cut short", `[{"id":"1","text":"甲"}`, 400, `{"error":"the body is not JSON: an object, or an array of them"}`},
		{"depth beyond reason", strings.Repeat("[", 20000), 400, `{"error":"the body is not JSON: an object, or an array of them"}`},
		{"as many as may be", "[" + strings.TrimSuffix(strings.Repeat("null,", 1000), ",") + "]", 200, ""},
		{"one too many", "[" + strings.TrimSuffix(strings.Repeat("null,", 1001), ",") + "]", 413, `{"error":"more than 1000 objects: post in several parts"}`},
		{"as large as may be", `{"id":"1","text":"` + strings.Repeat("x", MaxBody-20) + `"}`, 200, `{"accepted":1,"duplicate":0,"rejected":[]}`},
		{"too large", strings.Repeat(" ", MaxBody+1), 413, `{"error":"the body is larger than 1048576 bytes: post in several parts"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, answer := newHook(t).post(c.body)
			if status != c.status || c.answer != "" && answer != c.answer {
				t.Errorf("%d %s\nwant %d %s", status, answer, c.status, c.answer)
			}
		})
	}
}

func TestEntry(t *testing.T) {
	h := newHook(t)
	h.post(`{"id":" A-1 ","text":"三天没到","author":{"id":42,"name":"小林","followers":1200,"secret":1},
		"posted_at":"2026-03-01T10:30:00+08:00","url":"https://shop.example/o/1","fields":{"shop":"SH018","order":123456789012345678901,"vip":true,"none":null},"kind":"review","more":[1]}`)
	if len(h.sink.puts) != 1 || len(h.sink.puts[0]) != 1 {
		t.Fatalf("put: %v", h.sink.puts)
	}
	e := h.sink.puts[0][0]
	want := listeners.Entry{
		ID: "A-1", Kind: "review", Text: "三天没到", URL: "https://shop.example/o/1", PostedAt: time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC),
		Author: listeners.Author{ID: "42", Name: "小林", Followers: 1200},
	}
	if e.ID != want.ID || e.Kind != want.Kind || e.Text != want.Text || e.URL != want.URL || !e.PostedAt.Equal(want.PostedAt) || e.Author != want.Author || e.Revision != "" || e.History {
		t.Errorf("%+v", e)
	}
	if got := fmt.Sprint(e.Fields); got != "map[order:123456789012345678901 shop:SH018 vip:true]" {
		t.Errorf("fields %s", got)
	}
	if !bytes.Contains(e.Raw, []byte(`"more":[1]`)) {
		t.Errorf("raw %s", e.Raw)
	}
	h.post(`{"id":"B","text":"甲"}`)
	if e := h.sink.puts[1][0]; e.Kind != "mention" || !e.PostedAt.IsZero() || e.Author != (listeners.Author{}) {
		t.Errorf("defaults: %+v", e)
	}
}

func TestSameIDAgain(t *testing.T) {
	h := newHook(t)
	if _, answer := h.post(`{"id":"1","text":"甲"}`); answer != `{"accepted":1,"duplicate":0,"rejected":[]}` {
		t.Fatal(answer)
	}
	if _, answer := h.post(`{"id":"1","text":"别的"}`); answer != `{"accepted":0,"duplicate":1,"rejected":[]}` {
		t.Fatal(answer)
	}
}

func TestCannotStore(t *testing.T) {
	h := newHook(t)
	h.sink.err = errors.New("database: password=hunter2")
	status, answer := h.post(`[{"id":"1","text":"甲"},null]`)
	if status != 503 || answer != `{"error":"cannot store now, nothing was taken: post again"}` {
		t.Errorf("%d %s", status, answer)
	}
	h.sink.err, h.sink.spool = nil, true
	if status, answer := h.post(`[{"id":"1","text":"甲"},{"id":"2","text":"乙"}]`); status != 202 || answer != `{"spooled":2}` {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := h.post(`[{"id":"1","text":"甲"},{"id":"2"}]`); status != 202 || answer != `{"spooled":1,"rejected":[{"index":1,"id":"2","error":"text is missing"}]}` {
		t.Errorf("%d %s", status, answer)
	}
}

func TestSignatureVectors(t *testing.T) {
	for _, v := range vectors {
		if got := Sign(v.secret, v.timestamp, []byte(v.body)); got != v.signature {
			t.Errorf("Sign(%q, %s, %q) = %s, want %s", v.secret, v.timestamp, v.body, got, v.signature)
		}
	}
}

func TestSignatures(t *testing.T) {
	body := `{"id":"1","text":"甲"}`
	at := func(d time.Duration) string { return strconv.FormatInt(noon.Add(d).Unix(), 10) }
	sign := func(stamp string) string { return Sign(secret, stamp, []byte(body)) }
	now := at(0)
	for _, c := range []struct {
		name, stamp, signature string
		status                 int
	}{
		{"good", now, sign(now), 200},
		{"good, in capitals", now, "sha256=" + strings.ToUpper(sign(now)[7:]), 200},
		{"five minutes old", at(-5 * time.Minute), sign(at(-5 * time.Minute)), 200},
		{"five minutes ahead", at(5 * time.Minute), sign(at(5 * time.Minute)), 200},
		{"older", at(-5*time.Minute - time.Second), sign(at(-5*time.Minute - time.Second)), 401},
		{"further ahead", at(5*time.Minute + time.Second), sign(at(5*time.Minute + time.Second)), 401},
		{"of another time", now, sign(at(-time.Second)), 401},
		{"no signature", now, "", 401},
		{"no timestamp", "", sign(now), 401},
		{"another secret", now, Sign("other", now, []byte(body)), 401},
		{"an empty secret", now, Sign("", now, []byte(body)), 401},
		{"of another body", now, Sign(secret, now, []byte(body+" ")), 401},
		{"without its name", now, sign(now)[7:], 401},
		{"cut", now, sign(now)[:60], 401},
		{"not hex", now, "sha256=" + strings.Repeat("z", 64), 401},
		{"a signed timestamp", "+" + now, sign("+" + now), 401},
		{"a fraction", now + ".0", sign(now + ".0"), 401},
		{"in milliseconds", now + "000", sign(now + "000"), 401},
		{"beyond all time", "99999999999999999999", sign("99999999999999999999"), 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHook(t)
			status, answer := h.send(http.MethodPost, body, c.stamp, c.signature)
			if status != c.status {
				t.Errorf("%d %s, want %d", status, answer, c.status)
			}
			if c.status == 401 && (answer != `{"error":"unauthorized"}` || len(h.sink.puts) > 0) {
				t.Errorf("%s, stored %d", answer, len(h.sink.puts))
			}
		})
	}
	r := httptest.NewRequest(http.MethodPost, "/in/shop", strings.NewReader(body))
	r.Header[TimestampHeader] = []string{now, now}
	r.Header[SignatureHeader] = []string{sign(now)}
	w := httptest.NewRecorder()
	newHook(t).h.ServeHTTP(w, r)
	if w.Code != 401 {
		t.Errorf("two timestamps: %d", w.Code)
	}
}

func TestPostOnly(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		h := newHook(t)
		now := strconv.FormatInt(noon.Unix(), 10)
		if status, _ := h.send(method, "", now, Sign(secret, now, nil)); status != 405 {
			t.Errorf("%s: %d", method, status)
		}
	}
}

func TestSecretIsNeeded(t *testing.T) {
	for _, o := range []*Options{{}, {Secret: "  "}} {
		if len(o.Validate()) != 1 {
			t.Errorf("%+v is taken", o)
		}
		if _, err := Kind().New(listeners.Env{}, o); err == nil {
			t.Errorf("built with %+v", o)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","text":"甲"}`, `[null]`, `[{"id":1e5,"text":"\ud800","author":{"id":{}},"fields":{"a":[]}}]`, `{"id":"1","text":"a","fields":{"":""}}`,
		`[{"id":"1","text":"甲","posted_at":"2026-03-01T10:30:00+08:00","url":"http://a","kind":"call"}]`, "\xef\xbb\xbf{}", `{"author":null,"author":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, refused, err := decode(body)
		if err != nil {
			if entries != nil || refused != nil {
				t.Fatal("an error and objects")
			}
			return
		}
		if refused == nil || len(entries)+len(refused) > MaxObjects {
			t.Fatalf("%d entries, refused %v", len(entries), refused)
		}
		for _, e := range entries {
			if e.ID == "" || len(e.ID) > maxID || strings.TrimSpace(e.Text) == "" || len(e.Fields) > maxFields || e.Author.Followers < 0 {
				t.Fatalf("%+v", e)
			}
			if e.URL != "" && !strings.HasPrefix(strings.ToLower(e.URL), "http") {
				t.Fatalf("url %q", e.URL)
			}
		}
	})
}
