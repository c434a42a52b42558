// Package bots is the contract between Huiyin and the places where people
// talk: customers with a bot, teams with their cards. A connector is one
// folder below this one and one line in cmd/huiyin/kinds.go.
//
// A connector translates and carries, it decides nothing: it hands every event
// to its Inbox and performs the Answer; it sends finished strings, buttons and
// menus; it parses no commands. Everything in a Post that came from a customer
// is data: a connector renders all text inert (no mention, no markup, no link
// from it is live) except the Mention list and the buttons' URLs.
package bots

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Kind describes a connector. Configuration, sample, documentation, metric
// labels, doctor and the conformance suite derive from it.
type Kind struct {
	Name  string // as in `type:` — letters, digits, dashes
	Title string // as people call it: Telegram, Slack, 网页
	// TitleEN is the title in English; empty where it is the same.
	TitleEN string
	Sample  string // YAML of one entry below `bots:`, with comments, ending in a newline
	Caps    Caps
	// Options returns a pointer to the kind's options with their defaults.
	// Field names are given by `yaml` tags; a field tagged `secret:"true"`
	// gets a `*_file` twin and never shows.
	Options func() any
	// New builds a bot from decoded options. It validates them and touches
	// no network: an error means wrong configuration.
	New func(env Env, options any) (Bot, error)
}

// Validator is implemented by options that can be wrong in ways that types do
// not tell. Each problem names the key it is about.
type Validator interface{ Validate() []Problem }

// Problem is one thing wrong with a kind's options.
type Problem struct{ Key, Text string }

// Env is what a bot gets from its surroundings.
type Env struct {
	Name      string // the channel's name
	Inbox     Inbox
	Log       *slog.Logger
	HTTP      *http.Client // for the platform's own address, trusted as written
	Content   *http.Client // for addresses found in content: guarded
	Now       func() time.Time
	PublicURL string // of the board and pages, without a trailing slash
	Menu      []MenuEntry
	Files     Opener
}

// Opener opens a stored file by its path below the files directory.
type Opener interface {
	Open(path string) (io.ReadCloser, error)
}

// MenuEntry is one command in a platform's own menu.
type MenuEntry struct {
	Name string // [a-z0-9_]+
	Help string
	Lang string // zh or en
	// Staff tells the team's commands from the customers'.
	Staff bool
}

// Caps are a platform's figures. Booleans that a connector can show by
// implementing an optional interface are not repeated here.
type Caps struct {
	TwoWay    bool  // customers can write and be answered
	Team      bool  // cards can be sent to its chats
	Polled    bool  // Run reads the platform: one process at a time, under a lease
	Pushed    bool  // what it receives is brought again for minutes only: it is kept on disk while the database is away
	Private   bool  // an answer in a group can be seen by one person alone
	Text      Limit // of one message
	Caption   Limit
	Data      int // bytes of a button's data
	Buttons   int // buttons in one row that people can still read
	Toast     Limit
	PerChat   Rate // private chats
	PerGroup  Rate
	Overall   Rate
	MaxFetch  int64         // bytes of an attachment the platform lets bots fetch; 0: no limit known
	RecallFor time.Duration // how long a sent message can be taken back; 0: never
	Keeps     time.Duration // how long the platform keeps what it could not bring; 0: it keeps nothing
	Renumbers bool          // a chat that gets a new id counts its messages anew: those sent before are out of reach
}

// Unit is how a platform counts text.
type Unit int

// The units platforms count in.
const (
	Runes Unit = iota
	UTF16
	Bytes
)

// Limit is a length in a platform's unit; N 0 means none.
type Limit struct {
	N    int
	Unit Unit
}

// Rate is at most N messages in Per; N 0 means no limit.
type Rate struct {
	N   int
	Per time.Duration
}

// Bot is a running connector.
type Bot interface {
	// Run receives until ctx ends. For a polled kind it returns when the
	// platform refuses for good (wrong token): the error says what to do. A
	// kind that is pushed to, or sends only, waits for ctx.
	Run(ctx context.Context) error
	// Send posts one message and returns the platform's id of it. Its errors
	// are *SendError. It never retries and never sleeps: the caller owns both.
	Send(ctx context.Context, p Post) (Sent, error)
}

// Editor can change a message that was sent.
type Editor interface {
	Edit(ctx context.Context, messageID string, p Post) error
}

// Recaller can take a sent message back.
type Recaller interface {
	Recall(ctx context.Context, chat, messageID string) error
}

// Finder can look for what it posted. A platform whose answer was lost may
// have taken the message all the same: a team's message is looked for before
// it is posted again. Errors are *SendError.
type Finder interface {
	// Find returns the id of the message that p became at some time since then;
	// empty where there is none, or none that can be told from others.
	Find(ctx context.Context, p Post, since time.Time) (id string, err error)
	// KeyOf returns the Key of the Post that became a message of the bot; empty
	// where the platform does not know one.
	KeyOf(ctx context.Context, chat, messageID string) (key string, err error)
}

// Fetcher can fetch what an Attachment's Ref names. The reader ends with an
// error where the content is longer than max bytes.
type Fetcher interface {
	Fetch(ctx context.Context, ref string, max int64) (File, error)
}

// File is fetched content. Name and MIME are what the platform says: data.
type File struct {
	Body io.ReadCloser
	Name string
	MIME string
	Size int64 // -1 where not known
}

// Receiver is implemented by bots that platforms post to: it is served below
// /in/NAME.
type Receiver interface{ Handler() http.Handler }

// Doctor tries what is configured and says what works and what to do.
type Doctor interface {
	Doctor(ctx context.Context) []Finding
}

// Finding is one line of `huiyin doctor`, in both languages.
type Finding struct {
	OK           bool
	Text, TextEN string // what works, or what is wrong
	Do, DoEN     string // what to do about it; empty where OK
}

// Inbox takes what a bot received. pipeline implements it.
type Inbox interface {
	// Receive stores the event; once it returns nil the event is durable and
	// may be acknowledged to the platform. The same Key again is no error and
	// changes nothing. Of an Answer that is Failed nothing is durable: the
	// person who caused the event reads so, and the platform need not bring it
	// again. The Answer is to be performed at once; a connector that
	// cannot perform it logs that and goes on.
	Receive(ctx context.Context, bot string, e Event) (Answer, error)
}

// EventType tells what happened.
type EventType string

// The types of events.
const (
	OnMessage   EventType = "message"
	OnEdited    EventType = "edited"    // a message's text is now Text
	OnDeleted   EventType = "deleted"   // a message was removed (MessageID)
	OnPress     EventType = "press"     // a button: Payload is its data
	OnSubmit    EventType = "submit"    // a dialog: Payload is its data, Values its fields
	OnStart     EventType = "start"     // the person opened the bot; Text holds a start parameter
	OnBlocked   EventType = "blocked"   // the person stopped the bot
	OnUnblocked EventType = "unblocked" // and is back
	OnJoined    EventType = "joined"    // the bot was added to a chat
	OnLeft      EventType = "left"      // the bot was removed from a chat
	OnMoved     EventType = "moved"     // the chat has a new id: NewChat
	OnUnread    EventType = "unread"    // a payload that could not be read: only Key, At and Raw are set
)

// Event is one thing that happened on a platform.
type Event struct {
	// Key identifies the event for ever within its bot: a redelivery bears the
	// same. For a message it is chat and message id, so that two events for
	// one message are one; an edit adds its version.
	Key         string
	Type        EventType
	Chat        Chat
	MessageID   string // of the message, or of the message whose button was pressed
	Thread      string // id of the message whose thread this was written in
	ReplyTo     string // id of the message this answers
	Own         bool   // the message that Thread names is the bot's own
	About       string // data of a button of that message, where the platform shows it
	From        Person
	Text        string // as a person reads it; a leading mention of the bot is removed
	Mentioned   bool   // the bot was mentioned, anywhere
	Addressed   bool   // the mention stood at the beginning, and Text is what follows it
	Slash       bool   // a platform command: Text begins with the verb
	Forwarded   bool   // not the sender's own words (forwarded, or written by way of another bot): never a command
	Payload     string
	Values      map[string]string
	Attachments []Attachment
	NewChat     string
	At          time.Time
	// Trigger is the connector's own handle for answering this event
	// privately or with a dialog. It may be gone seconds later.
	Trigger string
	Fields  map[string]string // from the link the person came through
	Raw     []byte            // the payload as received, up to 64 KiB
}

// Chat is where something was said.
type Chat struct {
	ID    string
	Group bool
	Title string
}

// Person is who said it.
type Person struct {
	ID        string
	Name      string
	Handle    string
	Lang      string // BCP 47 as the platform says; may be empty
	Bot       bool
	Followers int64
}

// Attachment is something sent along that can be fetched later by Ref.
type Attachment struct {
	Kind     string // image audio video file sticker location
	Ref      string
	Name     string
	MIME     string
	Size     int64
	Duration int // seconds
}

// Answer is what the person who caused an event gets to see at once, privately
// where the platform can. The zero Answer is silence.
type Answer struct {
	Text    string
	Buttons [][]Button
	// Brief answers fit a toast; others are a private message.
	Brief bool
	// Public answers may be seen by the whole chat (a list that was asked
	// for); others, where a platform has no private answer, remove themselves
	// after Expires.
	Public  bool
	Expires time.Duration
	Dialog  *Dialog
	// Kept tells that the event is durable on disk only, until the database is
	// back: nothing has come of it yet.
	Kept bool
	// Failed tells that nothing was done and nothing kept: Text says why.
	Failed bool
	// Replace tells that the buttons of the pressed message served their purpose
	// and the message becomes Text.
	Replace bool
}

// Dialog is a form. A connector without dialogs shows Prompt as a message that
// is to be replied to; the reply comes back as a Message whose Payload is Data,
// however long ago and by whichever process the prompt was sent.
type Dialog struct {
	Title   string
	Data    string // comes back as Payload of Submit
	Label   string // of the one text field
	Hint    string
	Value   string // what the field holds already
	Submit  string // the button's text
	Prompt  string
	Min     int // characters
	Options []Option
}

// Option is a box to tick in a dialog; it comes back in Values as "on".
type Option struct{ Name, Text string }

// Post is a finished message.
type Post struct {
	Key     string // of the outbox row; for the log and for platforms that dedupe
	Chat    string
	Thread  string // message to post under, where the platform has threads; else it is quoted
	ReplyTo string // message to quote
	Text    string
	Buttons [][]Button
	Card    *Card // instead of Text
	Files   []Attached
	Silent  bool
	Mention []Person // colleagues whose attention this needs: a sound for them
	Private string   // person who alone may see it, where the platform can
}

// Attached is a file to send along.
type Attached struct {
	Kind string // image audio video file
	Name string
	MIME string
	Path string // below the files directory: Env.Files opens it
	Size int64
}

// Button is something to tap. Either Data or URL is set.
type Button struct {
	Text  string
	Data  string // at most 64 bytes
	URL   string
	Style Style
}

// Style is how a button stands out.
type Style string

// The styles of buttons.
const (
	Plain   Style = ""
	Primary Style = "primary"
	Danger  Style = "danger"
)

// Tone is the colour of a card.
type Tone string

// The tones of cards: red for P0 and overdue, amber for what waits for an
// owner, blue in work, green resolved, grey ended.
const (
	Red   Tone = "red"
	Amber Tone = "amber"
	Blue  Tone = "blue"
	Green Tone = "green"
	Grey  Tone = "grey"
)

// Card is one item as its team sees it. Connectors lay it out; they leave no
// line out unless their limit forces them to, from Lines' end.
type Card struct {
	Item    int64
	Head    string // 🔴 P0 #128 · 食品安全/异物 · 负面 · 投诉
	State   string // 待认领, or 处理中 · 李雷 14:03
	Quote   string // the customer's words, cut, unbroken
	Lines   []string
	Tone    Tone
	URL     string // of the item on the board
	Buttons [][]Button
	Plain   string // the whole card as plain text, for platforms without layout
}

// Sent is a message a platform took.
type Sent struct {
	ID string
	// Parts are the ids of further messages, where one Post became several
	// (files after a text).
	Parts []string
}

// Linker can say where a person opens a private chat with the bot.
type Linker interface {
	// PrivateLink returns the address; empty until it is known.
	PrivateLink() string
}
