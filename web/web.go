// Package web serves what people open in a browser: the customers' chat page,
// the team board, and the health of the process. It reads the store, listens
// to store/stream for what changed, and changes nothing itself: what customers
// write goes to the Inbox, what staff do goes to the Desk.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
	"github.com/huiyin/huiyin/store/stream"
)

// Inbox takes what customers write and press. Once Receive returns nil the
// event is durable; the same Key again is no error.
type Inbox interface {
	Receive(ctx context.Context, bot string, e bots.Event) (bots.Answer, error)
}

// Desk is where staff's commands and buttons go, and what knows how an item
// reads. Package desk and its wiring provide it.
type Desk interface {
	// SignIn uses up a code and returns whom it signs in, or
	// feedback.ErrNotFound where it is unknown, used or expired.
	SignIn(ctx context.Context, code string) (*feedback.Staff, error)
	// SignInWith returns whom a name, a password and a one-time password sign in.
	// Whatever is wrong: feedback.ErrNotFound, after the same time. A
	// *desk.SlowError where there were too many wrong ones.
	SignInWith(ctx context.Context, name, password, otp string) (*feedback.Staff, error)
	// The following are about a colleague's own ways to sign in. Each change ends
	// all of their sessions.
	HowSignedIn(ctx context.Context, staff int64) (password, totp, possible bool, err error)
	SetPassword(ctx context.Context, staff int64, password string) error
	BeginTOTP(ctx context.Context, staff int64) (text, uri string, err error)
	ConfirmTOTP(ctx context.Context, staff int64, code string) (recovery []string, err error)
	DropTOTP(ctx context.Context, staff int64) error
	SignOutEverywhere(ctx context.Context, staff int64) error
	// Handle carries out a command, a pressed button or a submitted dialog. The
	// event's Thread is the item's number where it was given on an item's page.
	Handle(ctx context.Context, actor desk.Actor, e bots.Event) (bots.Answer, error)
	// Card returns an item as its team sees it, personal data masked.
	Card(ctx context.Context, item *feedback.Item) (bots.Card, error)
	// Mask hides phone, card and identity numbers in a text.
	Mask(text string) string
	// MaskName shortens a customer's name as cards do.
	MaskName(name string) string
	// Tokens cuts a query for search.
	Tokens(query string) []string
	// Step says an event of an item in words, without who: the page names them.
	// Empty where it is not worth a line.
	Step(ctx context.Context, e feedback.Event) string
	// Delivery returns the buttons of a message to a customer in its present
	// state: what to do about one that is uncertain or failed.
	Delivery(ctx context.Context, out *store.Out) [][]bots.Button
}

// Subscriber tells what changed. *stream.Stream implementations do.
type Subscriber interface {
	Subscribe(ctx context.Context, topics ...string) (<-chan stream.Message, error)
}

// Options are what a Server needs. All but Limits are required.
type Options struct {
	DB     *store.DB
	Files  *files.Files
	Stream Subscriber
	Inbox  Inbox
	Desk   Desk
	// Ready returns why the process cannot take messages now, nil when it can,
	// and what is wrong where it can nevertheless. Both texts are shown to
	// whoever asks: no addresses, no secrets.
	Ready func() (degraded string, err error)
	// Waiting returns how many messages are kept on disk until the database can
	// take them, and when the oldest came. Nil: none ever are.
	Waiting func() (n int, oldest time.Time)
	Now     func() time.Time
	Log     *slog.Logger
	Site    *Site
	Limits  Limits
}

// Site is what the configuration says about the pages. It is never changed once
// it is in force; SetSite puts another one in force.
type Site struct {
	Brand          string
	Language       string // zh-CN or en: of the board, and of customers whose browser names neither
	Location       *time.Location
	PublicURL      string // without a trailing slash; https makes cookies secure
	TrustedProxies []netip.Prefix
	Chats          []Chat // the web bots, in the configuration's order
	Fields         []Field
	Teams          []Team
	Channels       map[string]string // channel name → how people call it
	Greeting       func(lang string) string
	// Inbound serves /in/NAME.
	Inbound map[string]http.Handler
}

// Chat is one customers' page.
type Chat struct {
	Name     string
	Title    string   // empty: the brand
	Greeting string   // empty: Site.Greeting
	Origins  []string // sites that may embed it, as webchat.Origin returns them
}

// Field is a configured field: links may set it, items show it.
type Field struct{ Name, Title string }

// Team is a team as the board lists it.
type Team struct{ Name, Title string }

// Server serves the pages. It is safe for concurrent use.
type Server struct {
	db      *store.DB
	files   *files.Files
	stream  Subscriber
	inbox   Inbox
	desk    Desk
	ready   func() (string, error)
	waiting func() (int, time.Time)
	now     func() time.Time
	log     *slog.Logger
	site    atomic.Pointer[Site]
	guard   atomic.Pointer[http.CrossOriginProtection]
	limits  Limits

	pages    *pages
	assets   *assets
	visitors *buckets // messages by visitor
	senders  *buckets // messages by address
	readers  *buckets // reads by visitor
	uploads  *gate    // requests in work by visitor
	signIns  *buckets // codes tried by address, before they are counted in SQL
	streams  *gate    // open streams by visitor or colleague
	stopping context.Context
	stop     context.CancelFunc
	handler  http.Handler
}

// New returns a Server. It touches neither network nor database.
func New(o Options) *Server {
	stopping, stop := context.WithCancel(context.Background())
	limits := o.Limits.withDefaults()
	assets := loadAssets()
	s := &Server{
		db: o.DB, files: o.Files, stream: o.Stream, inbox: o.Inbox, desk: o.Desk, ready: o.Ready, waiting: o.Waiting, now: o.Now, log: o.Log,
		limits: limits, assets: assets, pages: loadPages(assets),
		visitors: newBuckets(limits.VisitorMessages), senders: newBuckets(limits.AddressMessages),
		readers: newBuckets(limits.VisitorReads), signIns: newBuckets(Rate{2 * limits.SignInTries, triesIn / time.Duration(limits.SignInTries)}), uploads: newGate(limits.VisitorUploads), streams: newGate(limits.Streams),
		stopping: stopping, stop: stop,
	}
	if s.waiting == nil {
		s.waiting = func() (int, time.Time) { return 0, time.Time{} }
	}
	s.SetSite(o.Site)
	s.handler = s.routes()
	return s
}

// SetSite puts another configuration in force, whole and at once.
func (s *Server) SetSite(site *Site) {
	s.guard.Store(newGuard(site, s.log))
	s.site.Store(site)
}

// Handler returns everything that is served on web.listen.
func (s *Server) Handler() http.Handler { return s.handler }

// Stop ends open streams, so that a graceful stop of the HTTP server does not
// wait for pages that stay open.
func (s *Server) Stop() { s.stop() }

// chat returns the page of a web bot by its name, or the first one.
func (site *Site) chat(name string) (Chat, bool) {
	for _, c := range site.Chats {
		if name == "" || c.Name == name {
			return c, true
		}
	}
	return Chat{}, false
}

// secure reports whether browsers reach this program by https.
func (site *Site) secure() bool { return len(site.PublicURL) > 8 && site.PublicURL[:8] == "https://" }

// channel returns how people call a channel.
func (site *Site) channel(name string) string {
	if t := site.Channels[name]; t != "" {
		return t
	}
	return name
}
