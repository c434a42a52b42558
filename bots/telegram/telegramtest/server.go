// Package telegramtest is a fake of the Telegram Bot API for tests: a server on
// the loopback interface that takes what Telegram takes and refuses what it
// refuses. People, groups and their doings are played by methods; what the bot
// did is observed by others. It needs no *testing.T, so that a test of the
// whole program can point the program at URL with Token.
//
// Enforced are the documented limits of Bot API 10.1 (lengths in UTF-16 units,
// entities, callback data, answers, files, 48 hours to delete, who may be
// written to, one poller at a time) and, where Config.Limits asks for it, the
// sending rates. Text is read for links, mentions and commands at least as
// eagerly as Telegram does, so that what stays inert here stays so there.
package telegramtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config is what a server can be told at its start. The zero value is usable.
type Config struct {
	Token    string           // default DefaultToken; digits before the colon are the bot's id
	Username string           // of the bot; default huiyin_bot
	Privacy  bool             // group privacy mode: the bot sees commands and replies to itself only
	Limits   bool             // enforce the sending rates
	Now      func() time.Time // default time.Now
	Addr     string           // to listen on; default a free port of 127.0.0.1
}

// DefaultToken is the token of a server whose Config names none.
const DefaultToken = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

// Server is a fake Bot API. It is safe for concurrent use.
type Server struct {
	cfg   Config
	http  *http.Server
	port  net.Listener
	url   string
	botID int64
	stop  chan struct{}

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced at every change
	users     map[int64]*User
	chats     map[int64]*chat
	files     map[string]*file
	updates   []update
	lastID    int64 // of an update
	poller    chan struct{}
	allowed   map[string]bool
	webhook   string
	queries   map[string]*query
	answers   []CallbackAnswer
	commands  map[string][]Command
	requests  map[string]int
	faults    map[string][]*Fault
	sent      []time.Time // of the last second, for the overall rate
	refusals  map[int]int
	serial    int64 // for file, query and other ids
	nextGroup int64
}

// Start starts a server. Close ends it.
func Start(cfg Config) (*Server, error) {
	if cfg.Token == "" {
		cfg.Token = DefaultToken
	}
	if cfg.Username == "" {
		cfg.Username = "huiyin_bot"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	id, _, _ := strings.Cut(cfg.Token, ":")
	botID, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("token must begin with the bot's number: %w", err)
	}
	listener, err := net.Listen("tcp", cfg.Addr) //nolint:noctx // listening on loopback ends at once
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{
		cfg: cfg, port: listener, url: "http://" + listener.Addr().String(), botID: botID, stop: make(chan struct{}),
		changed: make(chan struct{}), users: map[int64]*User{}, chats: map[int64]*chat{}, files: map[string]*file{},
		queries: map[string]*query{}, commands: map[string][]Command{}, requests: map[string]int{},
		faults: map[string][]*Fault{}, refusals: map[int]int{}, lastID: 700000000, nextGroup: -4001,
	}
	s.users[botID] = &User{ID: botID, First: "回音", Username: cfg.Username, Bot: true}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(listener) }() // ends with Close
	return s, nil
}

// Close ends the server and cuts its connections.
func (s *Server) Close() {
	select {
	case <-s.stop:
		return
	default:
		close(s.stop)
	}
	_ = s.port.Close() // before the serving may even have begun
	_ = s.http.Close()
}

// URL is what a bot takes for https://api.telegram.org.
func (s *Server) URL() string { return s.url }

// Token is the token that the server accepts.
func (s *Server) Token() string { return s.cfg.Token }

// Username is the bot's name without the @.
func (s *Server) Username() string { return s.cfg.Username }

// SetLimits switches the sending rates on or off.
func (s *Server) SetLimits(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Limits = on
}

// SetPrivacy switches group privacy mode on or off.
func (s *Server) SetPrivacy(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Privacy = on
}

// ServeHTTP implements http.Handler: /bot<token>/<method> and
// /file/bot<token>/<path>.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, "/file/bot"+s.cfg.Token+"/"); ok {
		s.download(w, rest)
		return
	}
	method, ok := strings.CutPrefix(path, "/bot"+s.cfg.Token+"/")
	if !ok {
		write(w, refuse(http.StatusUnauthorized, "Unauthorized"))
		return
	}
	call, err := parse(r, method)
	if err != nil {
		write(w, refuse(http.StatusBadRequest, "Bad Request: "+err.Error()))
		return
	}
	s.mu.Lock()
	s.requests[method]++
	fault := s.takeFault(method)
	s.mu.Unlock()
	if fault != nil {
		s.misbehave(w, r, call, fault)
		return
	}
	write(w, s.answer(r, call))
}

// answer performs a call as Telegram would.
func (s *Server) answer(r *http.Request, c *call) reply {
	if c.method == "getUpdates" {
		return s.getUpdates(r.Context(), c)
	}
	handle, ok := map[string]func(*call) reply{
		"getMe": s.getMe, "getWebhookInfo": s.getWebhookInfo, "deleteWebhook": s.deleteWebhook, "setMyCommands": s.setMyCommands,
		"sendMessage": s.sendMessage, "sendPhoto": s.sendMedia, "sendVoice": s.sendMedia, "sendAudio": s.sendMedia,
		"sendVideo": s.sendMedia, "sendDocument": s.sendMedia, "sendMediaGroup": s.sendMediaGroup,
		"editMessageText": s.editMessageText, "editMessageCaption": s.editMessageCaption, "editMessageReplyMarkup": s.editMessageReplyMarkup,
		"deleteMessage": s.deleteMessage, "answerCallbackQuery": s.answerCallbackQuery, "getFile": s.getFile,
	}[c.method]
	if !ok {
		return refuse(http.StatusNotFound, "Not Found")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.change()
	out := handle(c)
	if !out.OK {
		s.refusals[out.Code]++
	}
	return out
}

// change wakes everyone who waits. The lock is held.
func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// now is the server's time in whole seconds, as Telegram gives it.
func (s *Server) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Second) }

// reply is an answer of the Bot API.
type reply struct {
	OK          bool            `json:"ok"`
	Result      any             `json:"result,omitempty"`
	Code        int             `json:"error_code,omitempty"`
	Description string          `json:"description,omitempty"`
	Parameters  *replyParameter `json:"parameters,omitempty"`
}

type replyParameter struct {
	RetryAfter int   `json:"retry_after,omitempty"`
	MigrateTo  int64 `json:"migrate_to_chat_id,omitempty"`
}

func done(result any) reply { return reply{OK: true, Result: result} }

func refuse(code int, description string) reply { return reply{Code: code, Description: description} }

func bad(description string) reply {
	return refuse(http.StatusBadRequest, "Bad Request: "+description)
}

func write(w http.ResponseWriter, out reply) {
	w.Header().Set("Content-Type", "application/json")
	if !out.OK {
		w.WriteHeader(out.Code)
	}
	_ = json.NewEncoder(w).Encode(out) // a client that has gone needs no answer
}

// call is a request's method and parameters.
type call struct {
	method string
	params map[string]string
	files  map[string]upload
}

type upload struct {
	name    string
	content []byte
}

const maxUpload = 50 << 20 // bytes of a file that a bot may send

// parse reads a request's parameters: a form, a multipart form or JSON.
func parse(r *http.Request, method string) (*call, error) {
	c := &call{method: method, params: map[string]string{}, files: map[string]upload{}}
	switch contentType := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(contentType, "multipart/form-data"):
		return c, c.readMultipart(r)
	case strings.HasPrefix(contentType, "application/json"):
		var fields map[string]json.RawMessage
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&fields); err != nil {
			return nil, fmt.Errorf("can't parse JSON: %w", err)
		}
		for key, raw := range fields {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			c.params[key] = text
		}
		return c, nil
	}
	r.Body = http.MaxBytesReader(nil, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return nil, fmt.Errorf("can't parse form: %w", err)
	}
	for key := range r.Form {
		c.params[key] = r.Form.Get(key)
	}
	return c, nil
}

func (c *call) readMultipart(r *http.Request) error {
	reader, err := r.MultipartReader()
	if err != nil {
		return fmt.Errorf("can't parse multipart: %w", err)
	}
	for {
		part, err := reader.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart returns io.EOF itself at the regular end only
			return nil
		}
		if err != nil {
			return fmt.Errorf("can't parse multipart: %w", err)
		}
		content, err := io.ReadAll(io.LimitReader(part, maxUpload+1))
		if err != nil {
			return fmt.Errorf("can't read %s: %w", part.FormName(), err)
		}
		if part.FileName() == "" {
			c.params[part.FormName()] = string(content)
			continue
		}
		c.files[part.FormName()] = upload{name: part.FileName(), content: content}
	}
}

// number returns a parameter as a number, 0 where it is none.
func (c *call) number(name string) int64 {
	n, err := strconv.ParseInt(c.params[name], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// flag reports whether a parameter is true.
func (c *call) flag(name string) bool { return c.params[name] == "true" || c.params[name] == "True" }

// decode reads a JSON parameter into v. A missing one leaves v alone.
func (c *call) decode(name string, v any) error {
	if c.params[name] == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(c.params[name]), v); err != nil {
		return fmt.Errorf("can't parse %s: %w", name, err)
	}
	return nil
}
