// Package robottest fakes the group robots of WeCom, Feishu and DingTalk for
// tests, with the limits the platforms document: sizes in bytes, rates, keys,
// signatures, fields. It reads texts as the clients do and counts who would
// have been notified and what could be tapped.
package robottest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Key is what the robot's address holds.
const Key = "693a91f6-7xxx-4bc4-97a0-fake"

// Options are what a group's robot is set to.
type Options struct {
	Flavour string           // wecom, feishu or dingtalk
	Secret  string           // messages must be signed with it; empty: none is asked for
	Keyword string           // a text must hold it; empty: none is asked for
	Now     func() time.Time // nil: time.Now
}

// Message is one message as the group sees it.
type Message struct {
	Text     string
	Notified []string // ids, "all"
	Live     []string // addresses and mentions a tap would follow
}

// Server is one group's robot. Its methods are safe for concurrent use.
type Server struct {
	opts Options
	http *httptest.Server

	mu       sync.Mutex
	messages []Message
	times    []time.Time
	blocked  time.Time
	blocks   int
	refused  map[int]int
	faults   []Fault
}

// Start starts a robot. Close ends it.
func Start(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{opts: o, refused: map[int]int{}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Close ends the robot.
func (s *Server) Close() { s.http.Close() }

// URL is the webhook address to configure.
func (s *Server) URL() string {
	switch s.opts.Flavour {
	case "feishu":
		return s.http.URL + "/open-apis/bot/v2/hook/" + Key
	case "dingtalk":
		return s.http.URL + "/robot/send?access_token=" + Key
	default:
		return s.http.URL + "/cgi-bin/webhook/send?key=" + Key
	}
}

// Messages lists what the group saw, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Refused counts the answers with a code.
func (s *Server) Refused(code int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused[code]
}

// Blocks counts how often the robot was closed for sending too much.
func (s *Server) Blocks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocks
}

// Fault is one misbehaviour.
type Fault struct {
	kind   string
	code   int
	text   string
	status int
	wait   time.Duration
}

// AcceptThenDrop takes the message and closes the connection without a word.
func AcceptThenDrop() Fault { return Fault{kind: "drop"} }

// Reset closes the connection and takes nothing.
func Reset() Fault { return Fault{kind: "reset"} }

// Truncated takes the message and breaks off in the middle of the answer.
func Truncated() Fault { return Fault{kind: "truncated"} }

// Slow takes the message and answers after d.
func Slow(d time.Duration) Fault { return Fault{kind: "slow", wait: d} }

// Code refuses with the platform's code and text.
func Code(code int, text string) Fault { return Fault{kind: "code", code: code, text: text} }

// Status answers with an HTTP status and a body.
func Status(status int, body string) Fault { return Fault{kind: "status", status: status, text: body} }

// Redirect answers 307 to an address.
func Redirect(to string) Fault { return Fault{kind: "redirect", text: to} }

// Misbehave makes the next messages go wrong, one fault each.
func (s *Server) Misbehave(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// refusal is why a message is not taken.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.code, r.text) }

func no(code int, format string, args ...any) error {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var f Fault
	if len(s.faults) > 0 {
		f, s.faults = s.faults[0], s.faults[1:]
	}
	s.mu.Unlock()
	switch f.kind {
	case "reset":
		hangUp(w)
		return
	case "status":
		w.WriteHeader(f.status)
		_, _ = io.WriteString(w, f.text)
		return
	case "redirect":
		w.Header().Set("Location", f.text)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	case "code":
		s.answer(w, &refusal{code: f.code, text: f.text})
		return
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		s.mu.Lock()
		err = s.take(r, body)
		s.mu.Unlock()
	}
	switch f.kind {
	case "drop":
		hangUp(w)
		return
	case "truncated":
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"errco`)
		hangUp(w)
		return
	case "slow":
		time.Sleep(f.wait)
	}
	s.answer(w, err)
}

func hangUp(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close()
		}
	}
}

// answer answers as the flavour does.
func (s *Server) answer(w http.ResponseWriter, err error) {
	code, text := 0, "ok"
	var r *refusal
	if asRefusal(err, &r) {
		code, text = r.code, r.text
		s.mu.Lock()
		s.refused[code]++
		s.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	if s.opts.Flavour == "feishu" {
		if code == 9499 {
			w.WriteHeader(http.StatusBadRequest)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "msg": text, "data": map[string]any{}})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"errcode": code, "errmsg": text})
}

func asRefusal(err error, r **refusal) bool {
	found, ok := err.(*refusal) //nolint:errorlint // never wrapped here
	if ok {
		*r = found
	}
	return ok
}

// take takes one message or says why not.
func (s *Server) take(r *http.Request, body []byte) error {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return no(43004, "wrong method or content type")
	}
	switch s.opts.Flavour {
	case "feishu":
		return s.feishu(r, body)
	case "dingtalk":
		return s.dingtalk(r, body)
	default:
		return s.wecom(r, body)
	}
}

// strict decodes JSON and refuses fields that the platform does not know.
func strict(body []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func (s *Server) wecom(r *http.Request, body []byte) error {
	if r.URL.Query().Get("key") != Key {
		return no(93000, "invalid webhook url")
	}
	var m struct {
		Type string `json:"msgtype"`
		Text struct {
			Content string   `json:"content"`
			Mention []string `json:"mentioned_list"`
		} `json:"text"`
	}
	switch err := strict(body, &m); {
	case err != nil || m.Type != "text":
		return no(40008, "invalid message type")
	case m.Text.Content == "":
		return no(44004, "empty content")
	case len(m.Text.Content) > 2048:
		return no(40058, "text.content exceed max length 2048")
	}
	if !s.room(20, time.Minute) {
		return no(45009, "api freq out of limit")
	}
	s.show(m.Text.Content, m.Text.Mention)
	return nil
}

func (s *Server) feishu(r *http.Request, body []byte) error {
	if !strings.HasSuffix(r.URL.Path, "/"+Key) {
		return no(19001, "param invalid: incoming webhook access token invalid")
	}
	var m struct {
		Type    string `json:"msg_type"`
		Content struct {
			Text string `json:"text"`
		} `json:"content"`
		Timestamp string `json:"timestamp"`
		Sign      string `json:"sign"`
	}
	switch err := strict(body, &m); {
	case err != nil || m.Type != "text" || m.Content.Text == "":
		return no(9499, "Bad Request")
	case len(body) > 20<<10:
		return no(11246, "body larger than 20 KB")
	}
	if s.opts.Secret != "" {
		mac := hmac.New(sha256.New, []byte(m.Timestamp+"\n"+s.opts.Secret))
		if !s.fresh(m.Timestamp, time.Second) || m.Sign != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			return no(19021, "sign match fail or timestamp is not within one hour from current time")
		}
	}
	if !strings.Contains(m.Content.Text, s.opts.Keyword) {
		return no(19024, "Key Words Not Found")
	}
	if !s.room(5, time.Second) || !s.room(100, time.Minute) {
		return no(9499, "too many request")
	}
	s.show(m.Content.Text, nil)
	return nil
}

func (s *Server) dingtalk(r *http.Request, body []byte) error {
	q := r.URL.Query()
	if q.Get("access_token") != Key {
		return no(300001, "token is not exist")
	}
	if s.opts.Secret != "" {
		mac := hmac.New(sha256.New, []byte(s.opts.Secret))
		mac.Write([]byte(q.Get("timestamp") + "\n" + s.opts.Secret))
		if !s.fresh(q.Get("timestamp"), time.Millisecond) || q.Get("sign") != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			return no(310000, "sign not match")
		}
	}
	var m struct {
		Type string `json:"msgtype"`
		Text struct {
			Content string `json:"content"`
		} `json:"text"`
		At struct {
			Users   []string `json:"atUserIds"`
			Mobiles []string `json:"atMobiles"`
			All     bool     `json:"isAtAll"`
		} `json:"at"`
	}
	switch err := strict(body, &m); {
	case err != nil || m.Type != "text" || m.Text.Content == "":
		return no(40035, "缺少参数 json")
	case len(body) > 20000:
		return no(460101, "message too long, exceed 20000 bytes")
	case !strings.Contains(m.Text.Content, s.opts.Keyword):
		return no(310000, "keywords not in content")
	}
	now := s.opts.Now()
	if now.Before(s.blocked) {
		return no(130101, "send too fast, exceed 20 times per minute")
	}
	if !s.room(20, time.Minute) {
		s.blocked = now.Add(10 * time.Minute)
		s.blocks++
		return no(130101, "send too fast, exceed 20 times per minute")
	}
	at := m.At.Users
	if m.At.All {
		at = append(at, "all")
	}
	s.show(m.Text.Content, at)
	return nil
}

// fresh reports whether a time stamp is within an hour.
func (s *Server) fresh(stamp string, unit time.Duration) bool {
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return false
	}
	age := s.opts.Now().Sub(time.Unix(0, n*int64(unit)))
	return age > -time.Hour && age < time.Hour
}

// room reports whether fewer than n messages were taken in the last while.
func (s *Server) room(n int, per time.Duration) bool {
	now, count := s.opts.Now(), 0
	for _, t := range s.times {
		if now.Sub(t) < per {
			count++
		}
	}
	return count < n
}

var (
	atTag    = regexp.MustCompile(`<at\s[^>]*>`)
	atAll    = regexp.MustCompile(`(?i)<at\s+(?:user_)?id="?([^"\s>]+)"?\s*>`)
	angleAt  = regexp.MustCompile(`<@([^>\s]+)>`)
	plainAt  = regexp.MustCompile(`@[\p{L}\p{N}_]+`)
	webLink  = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^\s<>，。）」]+`)
	bareLink = regexp.MustCompile(`(?i)\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b(?:/[^\s]*)?`)
	address4 = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)
	mdLink   = regexp.MustCompile(`\[[^\]]*\]\([^)]+\)`)
	htmlTag  = regexp.MustCompile(`</?[a-zA-Z][^>]*>`)
)

// show adds a message as the group's clients show it.
func (s *Server) show(text string, mention []string) {
	s.times = append(s.times, s.opts.Now())
	m := Message{Text: text, Notified: slices.Clone(mention)}
	for _, tag := range atAll.FindAllStringSubmatch(text, -1) {
		m.Notified = append(m.Notified, tag[1])
	}
	for _, tag := range angleAt.FindAllStringSubmatch(text, -1) {
		m.Notified = append(m.Notified, tag[1])
	}
	m.Live = append(m.Live, mdLink.FindAllString(text, -1)...)
	rest := webLink.ReplaceAllStringFunc(text, func(link string) string {
		m.Live = append(m.Live, link)
		return " "
	})
	rest = atTag.ReplaceAllString(rest, " ")
	rest = strings.ReplaceAll(rest, "</at>", " ")
	for _, pattern := range []*regexp.Regexp{htmlTag, bareLink, address4} {
		m.Live = append(m.Live, pattern.FindAllString(rest, -1)...)
	}
	for _, at := range plainAt.FindAllString(rest, -1) {
		if !slices.Contains(mention, strings.TrimPrefix(at, "@")) {
			m.Live = append(m.Live, at)
		}
	}
	s.messages = append(s.messages, m)
}

// Links returns the live parts of a message that are addresses on a host.
func (m Message) Links(host string) []string {
	var out []string
	for _, l := range m.Live {
		if u, err := url.Parse(l); err == nil && u.Host == host {
			out = append(out, l)
		}
	}
	return out
}
