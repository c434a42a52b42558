// Package feedback is the domain of Huiyin: what an item, a message and a
// person are, which states an item passes through and how its priority comes
// about. It imports the standard library only and holds no I/O: every function
// is a pure function of its arguments, the current time included.
package feedback

import (
	"strings"
	"time"
)

// Kind tells what a message was where it was written.
type Kind string

// The kinds of messages. Only KindMessage has a conversation that later
// messages join; each of the others is an item of its own.
const (
	KindMessage Kind = "message"
	KindMention Kind = "mention"
	KindReview  Kind = "review"
	KindSurvey  Kind = "survey"
	KindCall    Kind = "call"
	KindForm    Kind = "form"
)

// Kinds lists every kind, in the order of the documentation.
var Kinds = []Kind{KindMessage, KindMention, KindReview, KindSurvey, KindCall, KindForm}

// Enumerations of a verdict, as `analyze` prints them and `when` compares them.
var (
	Sentiments = []string{"positive", "neutral", "negative"}
	Intents    = []string{"complaint", "suggestion", "question", "praise", "request", "chat", "spam"}
	Urgencies  = []string{"low", "normal", "high", "critical"}
)

// Author is a person as one channel knows them.
type Author struct {
	ID        int64
	Channel   string
	External  string // the platform's id of the person
	Name      string
	Handle    string
	Lang      string // zh-CN or en; empty where not known
	Followers int64
	Blocked   bool // by staff: what they write ends in silence
	Gone      bool // they stopped the bot: nothing can be delivered
	Informed  bool // their first receipt has told where privacy is explained
	Surveyed  time.Time
	CreatedAt time.Time
}

// Conversation is one author in one chat of one channel.
type Conversation struct {
	ID      int64
	Channel string
	Chat    string // the platform's id of the chat
	Group   bool
	Title   string
	Author  int64
	// Pending is a question put to the customer whose answer comes as a tap or
	// as their next words ("same?", "cancel?"), with its item number.
	Pending     string
	PendingItem int64
	PendingAt   time.Time
	Fields      map[string]string // set by the link they came through (?shop=SH018)
	UpdatedAt   time.Time
}

// Lane tells live work from history.
type Lane string

// Work of the live lane comes before work of the history lane.
const (
	Live    Lane = "live"
	History Lane = "history"
)

// Stage is where a message stands in the pipeline.
type Stage string

// The stages of a message.
const (
	StageNew         Stage = "new"         // stored and acknowledged, not yet analysed
	StageDone        Stage = "done"        // analysed, its item (if any) knows of it
	StageQuarantined Stage = "quarantined" // failed too often; kept with its reason, can be replayed
)

// Direction tells who wrote a message.
type Direction string

// The directions of a message: from the customer, to the customer, or between
// colleagues only.
const (
	In   Direction = "in"
	Out  Direction = "out"
	Note Direction = "note"
)

// Message is one thing somebody wrote. It is unique by (Channel, External).
type Message struct {
	ID           int64
	Channel      string
	External     string
	Platform     string // the kind of the channel: telegram, slack, web, feed…
	MessageID    string // the platform's id inside the chat, for quoting and editing
	ReplyTo      string // the platform's id of the message this one answers
	Conversation int64  // 0 where there is no conversation
	Author       int64
	Item         int64 // 0 until it joined one
	Staff        int64 // who wrote it, for notes and replies
	Direction    Direction
	Kind         Kind
	Event        string // empty for something said; else what happened to MessageID: edited, deleted; or start, blocked…
	Mentioned    bool   // the bot was mentioned
	Group        bool
	Text         string
	Raw          []byte // the platform's payload as received, capped
	URL          string
	Fields       map[string]string
	Attachments  []Attachment
	Lane         Lane
	Stage        Stage
	Attempts     int
	Error        string
	PostedAt     time.Time // as the platform says
	ReceivedAt   time.Time // as we say
	EditedAt     time.Time // zero unless edited; Text is the newest
	Verdict      *Verdict  // nil until analysed
}

// AttachmentState is how far an attachment has come.
type AttachmentState string

// The states of an attachment.
const (
	AttachmentPending AttachmentState = "pending"
	AttachmentStored  AttachmentState = "stored"
	AttachmentFailed  AttachmentState = "failed"
	AttachmentTooBig  AttachmentState = "toobig"
)

// Attachment is a picture, a recording or a file that came with a message.
type Attachment struct {
	ID       int64
	Message  int64
	Kind     string // image audio video file sticker location
	Ref      string // the connector's own reference, to fetch it by
	Name     string // as the sender called it: data, never a path
	MIME     string // as sniffed once stored, before that as declared
	Size     int64  // bytes; 0 where not known
	Duration int    // seconds, of audio and video
	State    AttachmentState
	Path     string // below the files directory, once stored
	Attempts int
	Error    string
}

// StoredRef begins the Ref of an attachment whose file is below the files
// directory already, as one that was uploaded to us: its path follows.
const StoredRef = "stored:"

// File returns the path of the attachment's file below the files directory; empty
// where it was not brought there yet.
func (a *Attachment) File() string {
	if a.Path != "" {
		return a.Path
	}
	path, stored := strings.CutPrefix(a.Ref, StoredRef)
	if !stored {
		return ""
	}
	return path
}

// Topic is one topic of a verdict.
type Topic struct {
	Name      string  `json:"name"`
	Score     float64 `json:"score"`
	Sentiment string  `json:"sentiment,omitempty"`
}

// Evidence is a span of the text that moved a verdict. Start and End are runes
// of the text as stored.
type Evidence struct {
	For   string `json:"for"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// Verdict is what the analysis says of a text, with its reasons.
type Verdict struct {
	Lang       string            `json:"lang"`
	Sentiment  string            `json:"sentiment"`
	Score      float64           `json:"score"`
	Confidence float64           `json:"confidence"`
	Intent     string            `json:"intent"`
	Urgency    string            `json:"urgency"`
	Topics     []Topic           `json:"topics,omitempty"`
	Keywords   []string          `json:"keywords,omitempty"`
	Evidence   []Evidence        `json:"evidence,omitempty"`
	Hazards    []string          `json:"hazards,omitempty"`
	Found      map[string]string `json:"found,omitempty"`
	Print      uint64            `json:"print,omitempty,string"`
	Spam       float64           `json:"spam,omitempty"`
	Model      string            `json:"model,omitempty"`
	// Unread says that the analysis failed on something that was said: a person
	// has to read it, and what stands beside it is of the rest, if anything.
	Unread bool `json:"unread,omitempty"`
}

// ByStaff is the Model of a verdict that a colleague corrected.
const ByStaff = "staff"

// Unjudged reports whether neither the analysis nor a colleague has said what all
// of it is about.
func (v Verdict) Unjudged() bool { return v.Unread && v.Model != ByStaff }

// TopicNames returns the names of v's topics, best first.
func (v Verdict) TopicNames() []string {
	names := make([]string, len(v.Topics))
	for i, t := range v.Topics {
		names[i] = t.Name
	}
	return names
}

// Delivery is how far a message to a customer has come, as staff and exports
// read it.
type Delivery string

// The states of a delivery.
const (
	DeliveryNone      Delivery = "none"
	DeliveryPending   Delivery = "pending"
	DeliverySent      Delivery = "sent"
	DeliveryUncertain Delivery = "uncertain"
	DeliveryDead      Delivery = "dead"
	DeliveryCancelled Delivery = "cancelled"
)

// Item is one matter: what the team sees as a card and works through.
type Item struct {
	ID           int64 // the number people write as #128
	Channel      string
	Platform     string
	Kind         Kind
	Conversation int64 // 0 where there is no way back
	Author       int64
	AuthorName   string
	Followers    int64
	State        State
	Priority     Priority
	Pinned       bool     // priority was set by hand and no longer follows the analysis
	Reasons      []string // why this priority, as codes that desk/phrase puts into words
	Team         string   // who answers for it
	Copies       []string // teams that get the card as a copy
	Path         []string // why this route: the conditions that matched, from the root
	Cards        string   // on, off or urgent, as the route says
	Owner        int64    // staff; 0 when unclaimed
	Verdict      Verdict
	Text         string // the customer's words so far, newest last, capped
	Quote        string // the customer's own words in short, for status and closure
	URL          string
	Fields       map[string]string
	Images       int
	Voices       int // seconds of recordings are on the attachments
	History      bool
	Group        bool
	WayBack      bool // a reply can be delivered by Huiyin
	Visit        int  // which matter of this author: 1 for the first
	Urged        int
	Transfers    int
	Reopened     int
	Resolution   int    // how many times it was resolved
	Resolved     string // the closing text of the latest resolution
	Ask          string // what a waiting item waits for, in the words sent
	Surveyed     int    // the resolution the customer was last asked about; 0 none
	Merged       int64  // the item it was merged into
	Rating       int    // 1 to 5 on the latest rated resolution; 0 none
	RatedAt      time.Time
	Receipt      Delivery
	Closure      Delivery
	PostedOn     bool // staff said that it was answered at the original post
	CreatedAt    time.Time
	PostedAt     time.Time
	UpdatedAt    time.Time
	ClaimedAt    time.Time
	RepliedAt    time.Time // first reply by a person
	ResolvedAt   time.Time
	EndedAt      time.Time
	DueAt        time.Time     // answer promised by; zero while no clock runs
	PromisedAt   time.Time     // the clock time the customer was told; zero where none was
	Left         time.Duration // what was left of the answer time when the clock was paused
	SnoozedUntil time.Time
	LastInAt     time.Time // the customer's latest message
	Version      int64     // compare-and-set
}

// Ended reports whether the item accepts no further messages as it is.
func (i *Item) Ended() bool { return i.State == Closed }

// Live reports whether staff still owe something on the item now: 待办. A
// resolved item whose closure did not certainly arrive is one of these; one
// that was put off is not, until its time has come.
func (i *Item) Live() bool {
	switch i.State {
	case New, Open, Waiting:
		return i.SnoozedUntil.IsZero()
	case Resolved:
		return i.Closure == DeliveryUncertain || i.Closure == DeliveryDead
	default:
		return false
	}
}

// Role is what a colleague may do.
type Role string

// The roles, least first.
const (
	Viewer Role = "viewer"
	Agent  Role = "agent"
	Lead   Role = "lead"
	Admin  Role = "admin"
)

// Roles lists the roles, least first.
var Roles = []Role{Viewer, Agent, Lead, Admin}

// AtLeast reports whether r includes what min may do. An unknown role includes
// nothing.
func (r Role) AtLeast(min Role) bool {
	rank := func(x Role) int {
		for i, known := range Roles {
			if known == x {
				return i
			}
		}
		return -1
	}
	return rank(r) >= 0 && rank(r) >= rank(min)
}

// Staff is a colleague.
type Staff struct {
	ID       int64
	Name     string
	ShownAs  string // the name customers read
	Role     Role
	Team     string
	Disabled bool
	Accounts map[string]string // bot name → the platform's user id
}

// Shown returns the name customers read.
func (s *Staff) Shown() string {
	if s.ShownAs != "" {
		return s.ShownAs
	}
	return s.Name
}

// Event is one step in an item's life. Key is the platform's event key where a
// person caused it; it is unique, so that a redelivered command acts once.
type Event struct {
	ID    int64
	Item  int64
	At    time.Time
	Kind  string // created, message, routed, claimed, replied, resolved…
	Staff int64  // 0: the system or the customer
	Key   string
	Data  map[string]string
}
