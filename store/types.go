package store

import (
	"time"

	"github.com/huiyin/huiyin/feedback"
)

// Audience tells who reads an outgoing message. It decides what happens when
// nobody knows whether a platform took it: a colleague may see it twice, a
// customer may not.
type Audience string

// The audiences.
const (
	ToCustomer Audience = "customer"
	ToStaff    Audience = "staff"
)

// OutState is how far an outbox row has come.
type OutState string

// The states of an outbox row. Sent, dead and cancelled are final; uncertain
// waits for a person.
const (
	OutPending   OutState = "pending"
	OutSending   OutState = "sending"
	OutRetry     OutState = "retry"
	OutSent      OutState = "sent"
	OutUncertain OutState = "uncertain"
	OutDead      OutState = "dead"
	OutCancelled OutState = "cancelled"
)

// Out is one row of the outbox: something that is to leave the system, written
// in the transaction that caused it.
type Out struct {
	ID           int64
	Key          string // unique for ever
	Bot          string // the channel that sends it
	Chat         string
	Audience     Audience
	Kind         string // card, sound, receipt, reply, closure…
	Item         int64
	Conversation int64  // order is kept within it; 0: none
	Message      int64  // the stored message this row delivers, if any
	Staff        int64  // who caused it
	Resolution   int    // of a closure
	Body         []byte // JSON, opaque here; empty for cards, which are built when sent
	State        OutState
	Urgent       bool // before others of its bot
	Attempts     int
	NextAt       time.Time // not before
	Rev          int64     // of a card: raised by every change
	SentRev      int64     // of a card: what the platform shows
	External     string    // the platform's id of the sent message
	Epoch        int64     // of the lease under which it is being sent
	Error        string    // code of the last failure
	CreatedAt    time.Time
	SentAt       time.Time
}

// Timer is something due on an item. One of a kind an item.
type Timer struct {
	Item int64
	Kind string
	Due  time.Time
	Data string
}

// Lease is the right to do something alone for a while. Epoch rises with every
// new holder and is checked with every write made under it.
type Lease struct {
	Name    string
	Holder  string
	Epoch   int64
	Expires time.Time
}

// Code is a single-use secret, kept as a hash.
type Code struct {
	Kind    string // link, signin, admin
	Hash    string
	Staff   int64
	Data    string
	Expires time.Time
}

// Session is a sign-in on the board, kept by the hash of its token.
type Session struct {
	Hash      string
	Staff     int64
	CreatedAt time.Time
	SeenAt    time.Time
	Expires   time.Time
}

// TeamChat is a chat that gets a team's cards.
type TeamChat struct {
	Bot   string
	Chat  string
	Team  string
	Title string
}

// Correction is what a colleague said a verdict should have been.
type Correction struct {
	ID        int64
	Item      int64
	Staff     int64
	Text      string
	Was       feedback.Verdict
	Is        feedback.Verdict
	Labels    string // those that were named: "negative complaint +口味 -物流配送"; empty of old ones
	At        time.Time
	Revoked   bool
	RevokedBy int64
	RevokedAt time.Time
}

// Rating is a customer's mark for one resolution of an item.
type Rating struct {
	Item       int64
	Resolution int
	Mark       int // 1 to 5; 0: 还没解决 without a mark
	At         time.Time
}

// Query selects items. Zero fields select everything; slices are alternatives.
type Query struct {
	States       []feedback.State
	Live         bool     // 待办: new, open, waiting, and resolved without certain closure
	Teams        []string // team or copy
	Owner        int64
	Unowned      bool
	Channels     []string
	Author       int64
	Conversation int64
	Kinds        []feedback.Kind
	Priority     []feedback.Priority
	Sentiment    string
	Topic        string
	History      *bool
	Words        []string  // search tokens: all must occur (AND)
	Phrase       []string  // search tokens that must occur one after another
	Since        time.Time // CreatedAt ≥
	Until        time.Time // CreatedAt <
	Overdue      time.Time // DueAt before this, unowned or not, clock running
	Before       int64     // items with a smaller number: the next page
	Limit        int       // 0: 50, at most 1,000
	ByDue        bool      // order by priority, then due time, instead of newest first
}

// Backlog is how much work waits, for metrics and readiness.
type Backlog struct {
	Live, History int64 // messages not yet analysed
	OldestLive    time.Time
	Outbox        map[OutState]int64
	OldestOutbox  time.Time // due and unsent
	Quarantined   int64
	Attachments   int64
}
