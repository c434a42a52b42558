// Package desk is what people do with items. Service.Apply alone changes an
// item: compare-and-set, event, timers and outbox rows in one transaction.
// Bots, the board, timers and the pipeline all go through it. The command
// table in commands.go is the single source of parser, help, permissions and
// platform menus.
package desk

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
	"github.com/huiyin/huiyin/feedback/sla"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

// Board is the name under which the team board appears as a place where
// commands come from. It is no bot: it has no outbox rows.
const Board = "board"

// Service applies changes. It is safe for concurrent use.
type Service struct {
	db    *store.DB
	now   func() time.Time
	log   *slog.Logger
	rules atomic.Pointer[Rules]
	bell  Bell
	chats chatCache
	burst burst
	// restored is when the database was found to be a restored one; nil or zero:
	// never.
	restored atomic.Pointer[time.Time]

	keys    *credential.Keys
	params  credential.Params
	dummy   string        // a hash of nobody's password
	hashers chan struct{} // how many passwords are looked at together
}

// Bell announces what was committed to whoever works on it. Its methods must
// not block and may lose calls: the reconciler and the polls catch up.
type Bell interface {
	// Deliver announces outbox rows of a bot.
	Deliver(bot string)
	// Item announces that an item changed, for open pages.
	Item(id int64)
	// Conversation announces a new message in a conversation, for open pages.
	Conversation(id int64)
	// Timer announces a timer due earlier than what was known.
	Timer(due time.Time)
}

// Options are what a Service needs.
type Options struct {
	DB    *store.DB
	Now   func() time.Time
	Log   *slog.Logger
	Bell  Bell
	Rules *Rules
	// Keys seal the seeds of one-time passwords; nil: there are none.
	Keys *credential.Keys
	// Passwords are the parameters of new hashes; zero: credential.DefaultParams.
	Passwords credential.Params
}

// New returns a Service.
func New(o Options) *Service {
	const together = 2
	s := &Service{db: o.DB, now: o.Now, log: o.Log, bell: o.Bell, keys: o.Keys, params: o.Passwords, hashers: make(chan struct{}, together)}
	if s.params == (credential.Params{}) {
		s.params = credential.DefaultParams()
	}
	s.dummy = s.params.Dummy()
	s.rules.Store(o.Rules)
	return s
}

// SetRestored says when the database was found to be a restored one; zero:
// never. What a customer would be told by reason of something older is not sent
// by itself: perhaps it was, after the copy was made.
func (s *Service) SetRestored(at time.Time) { s.restored.Store(&at) }

// Rules returns the configuration in force.
func (s *Service) Rules() *Rules { return s.rules.Load() }

// SetRules puts another configuration in force, whole and at once.
func (s *Service) SetRules(r *Rules) { s.rules.Store(r) }

// Rules is what the configuration says about the desk's work. It is never
// changed once it is in force.
type Rules struct {
	Brand     string
	Company   string // for the privacy text; Brand where empty
	Contact   string
	Hotline   string // for receipt.selfharm
	Language  string // zh-CN or en
	Location  *time.Location
	PublicURL string
	Retention int // days, told in the privacy text
	Texts     *phrase.Catalog
	Phrases   map[string]string
	Teams     map[string]*Team
	TeamOrder []string
	Channels  map[string]Channel // bots and listeners by name
	Fields    []Field
	Topics    []string // topic names known, for completion and checks
	Routes    *route.Tree
	Cards     CardRules
	Desk      Durations
	// Analyze says what a text is about; Index cuts a text and Query a search
	// for the search index. One analyzer and one segmenter serve all of them.
	Analyze func(text string) nlp.Verdict
	Index   func(text string) []string
	Query   func(query string) []string
}

// Team is a team as configured.
type Team struct {
	Name   string
	Title  string
	Alerts []Place
	Hours  sla.Hours
	Answer sla.Targets
	Digest string // cron schedule in the brand's time zone; empty: none
}

// Place is a chat of a bot.
type Place struct{ Bot, Chat string }

// Channel is what the desk needs to know of a bot or listener.
type Channel struct {
	Name     string
	Platform string // the kind's name
	Title    string // as people call it: Telegram, 微博
	Bot      bool
	Keep     time.Duration // how long its people's data is kept; 0: as Rules.Retention says
	Caps     bots.Caps
	Dialogs  bool // a dialog can be opened where a button is pressed
	Threads  bool // cards have threads; else what belongs to a card quotes it
	Edits    bool
	Recalls  bool
	Private  bool // commands in a team chat can be answered privately
	// PrivateLink returns the address that opens a private chat with the bot,
	// empty while it is not known; nil where there is none.
	PrivateLink func() string
}

// Field is one configured field.
type Field struct {
	Name, Title string
	Private     bool
	Values      map[string]FieldValue // by code
}

// FieldValue is one known value of a field: a shop.
type FieldValue struct{ Code, Name, Region string }

// CardRules are when cards fold: beyond Fold new cards in a chat Within, those
// below P1 share one, and reminders are summed up (reminders.go). Fold 0: never.
type CardRules struct {
	Fold   int
	Within time.Duration
}

// Durations are the times of an item's life; the contract's section 5 says
// what each means.
type Durations struct {
	Undo        time.Duration // before a message to a customer leaves
	CloseAfter  time.Duration
	RemindAfter time.Duration
	SurveyEvery time.Duration
	ReopenIn    time.Duration // after resolving, a message reopens without asking
	SameIn      time.Duration // after ending, the bot asks whether it is the same matter
	UrgeEvery   time.Duration // one answer to urging
	Settle      time.Duration // silence after a fragment
	SettleMax   time.Duration // the longest wait for it
	RateChange  time.Duration // how long a mark can be changed
	AskExpires  time.Duration // how long a prompt waits for its reply
	AsCustomer  time.Duration // 当客户
	Late        time.Duration // a message this old when read gets receipt.late
	Fresh       time.Duration // one-way items older than this are history
	PromiseWarn time.Duration // before a promised time, the customer is told it will be missed
}

// DefaultDurations are the contract's.
func DefaultDurations() Durations {
	return Durations{
		Undo: 10 * time.Second, CloseAfter: 72 * time.Hour, RemindAfter: 24 * time.Hour, SurveyEvery: 24 * time.Hour,
		ReopenIn: 24 * time.Hour, SameIn: 7 * 24 * time.Hour, UrgeEvery: 30 * time.Minute,
		Settle: 6 * time.Second, SettleMax: 20 * time.Second, RateChange: 24 * time.Hour, AskExpires: 5 * time.Minute,
		AsCustomer: 30 * time.Minute, Late: 10 * time.Minute, Fresh: 24 * time.Hour, PromiseWarn: 5 * time.Minute,
	}
}

// local returns t in the brand's time zone.
func (r *Rules) local(t time.Time) time.Time { return t.In(r.Location) }

// Actor is who does something at the desk.
type Actor struct {
	Staff *feedback.Staff
	Bot   string // where: a bot's name, or Board
	Chat  bots.Chat
	Key   string // the platform's event key; unique with Bot
}
