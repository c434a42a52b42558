// Package slacktest is a fake Slack for tests: the Web API and Socket Mode on
// loopback, as strict as Slack documents itself to be. It refuses what Slack
// would refuse, reads markup as Slack would read it and counts who would have
// been notified, and misbehaves on demand. The program under test needs its
// API address and the two tokens.
package slacktest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Tokens and ids of the fake workspace.
const (
	BotToken = "xoxb-fake-0123456789"
	AppToken = "xapp-fake-0123456789"
	Bot      = "U0HUIYIN" // the bot's user id
	botID    = "B0HUIYIN"
	teamID   = "T0FAKE"
)

// AllScopes is what the bot token is granted unless Options say otherwise.
const AllScopes = "chat:write,app_mentions:read,channels:history,groups:history,im:history,channels:read,groups:read,users:read,files:read,files:write,commands"

// Options are the figures of the fake. Zero values mean Slack's own.
type Options struct {
	AckWithin  time.Duration   // 3 s: how long an envelope waits for its acknowledgement
	Retry      []time.Duration // 0, 1 min, 5 min: when an event is delivered again
	TriggerTTL time.Duration   // 3 s: how long a dialog can be opened
	Rate       time.Duration   // 1 s: between two messages in a channel; below 0: no limit
	Ping       time.Duration   // 10 s: between two pings on a socket
	Scopes     string          // of the bot token
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&o.AckWithin, 3*time.Second)
	set(&o.TriggerTTL, 3*time.Second)
	set(&o.Rate, time.Second)
	set(&o.Ping, 10*time.Second)
	if o.Retry == nil {
		o.Retry = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	if o.Scopes == "" {
		o.Scopes = AllScopes
	}
	return o
}

// Server is a fake workspace with one app. Its methods are safe for concurrent
// use.
type Server struct {
	opts Options
	http *http.Server
	base string          // http://127.0.0.1:port
	ctx  context.Context // ends with Close
	stop context.CancelFunc
	done sync.WaitGroup

	mu        sync.Mutex
	seq       int64
	users     map[string]*user
	channels  map[string]*channel
	files     map[string]*file
	views     map[string]*View
	triggers  map[string]*trigger
	responses map[string]*responseURL
	tickets   map[string]time.Time
	sockets   []*socket
	envelopes map[string]*delivery
	events    []json.RawMessage // all that happened, for Repeat
	lost      []string
	abandoned map[string]bool // ts of the messages whose events were given up
	failures  map[string]int  // by user: actions the app did not acknowledge
	faults    map[string][]Fault
	calls     map[string]int
	refused   map[string]int // by error code
}

type user struct {
	id, name, title, locale string
}

type channel struct {
	id, name string
	im       bool
	bot      bool // the bot is in it
	archived bool
	members  map[string]bool
	messages []*Message
	lastPost time.Time
}

type trigger struct {
	user string
	at   time.Time
	used bool
}

// Start starts a fake workspace. Close ends it.
func Start(o Options) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a listener ends with Close
	if err != nil {
		return nil, fmt.Errorf("slacktest: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		opts: o.withDefaults(), base: "http://" + listener.Addr().String(), ctx: ctx, stop: cancel,
		users: map[string]*user{}, channels: map[string]*channel{}, files: map[string]*file{},
		views: map[string]*View{}, triggers: map[string]*trigger{}, responses: map[string]*responseURL{},
		tickets: map[string]time.Time{}, envelopes: map[string]*delivery{}, abandoned: map[string]bool{}, failures: map[string]int{},
		faults: map[string][]Fault{}, calls: map[string]int{}, refused: map[string]int{},
	}
	s.users[Bot] = &user{id: Bot, name: "huiyin", title: "回音"}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("/link", s.serveSocket)
	mux.HandleFunc("POST /upload/{id}", s.serveUpload)
	mux.HandleFunc("GET /files-pri/{id}/{name}", s.serveFile)
	mux.HandleFunc("GET /{$}", serveSignIn)
	mux.HandleFunc("POST /response/{id}", s.serveResponse)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	s.done.Go(func() { _ = s.http.Serve(listener) })
	return s, nil
}

// Close ends the workspace and everything it has going.
func (s *Server) Close() {
	s.stop()
	s.DropSockets()
	_ = s.http.Close()
	s.done.Wait()
}

// URL is the api_url to configure.
func (s *Server) URL() string { return s.base + "/api/" }

// AddUser makes a person known. The id begins with U.
func (s *Server) AddUser(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[id] = &user{id: id, name: strings.ToLower(id), title: name, locale: "zh-CN"}
}

// AddChannel makes a channel with the bot and the named people in it. The id
// begins with C.
func (s *Server) AddChannel(id, name string, members ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &channel{id: id, name: name, bot: true, members: map[string]bool{}}
	for _, m := range members {
		c.members[m] = true
	}
	s.channels[id] = c
}

// DM returns the id of a person's private chat with the bot.
func (s *Server) DM(person string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dm(person)
}

func (s *Server) dm(person string) string {
	id := "D" + strings.TrimPrefix(person, "U")
	if s.channels[id] == nil {
		s.channels[id] = &channel{id: id, name: "directmessage", im: true, bot: true, members: map[string]bool{person: true}}
	}
	return id
}

// RateLimit changes the time between two messages in a channel; below 0: no
// limit.
func (s *Server) RateLimit(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Rate = d
}

// next returns a number that no other call gets.
func (s *Server) next() int64 {
	s.seq++
	return s.seq
}

// ts returns a fresh message time.
func (s *Server) ts() string {
	return fmt.Sprintf("%d.%06d", time.Now().Unix(), s.next()%1_000_000)
}
