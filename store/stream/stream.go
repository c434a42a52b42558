// Package stream is the nervous system between the stages of the pipeline: it tells workers which ids have work
// waiting, and tells open pages and deliverers that something changed.
//
// It carries ids, never content, and may lose everything at any time: SQL is the truth, and a reconciler rings again
// whatever was not finished. Two implementations stand behind one interface: Redis Streams with consumer groups, for
// any number of processes, and a twin inside the process for one.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"
)

// Lane tells what must be quick from what may take its time. Each stage has one queue a lane.
type Lane string

const (
	// Live is for what people wait for.
	Live Lane = "live"
	// History is for imports and first reads of a feed. It fills up batches that Live leaves room in, and while Live
	// is saturated it gets one batch after every four of Live's.
	History Lane = "history"
)

// historyTurn is how many full batches of Live in a row make the next one History's.
const historyTurn = 4

var (
	// ErrFull says that a lane held as many ids as Options.LaneCap allows and dropped the rest. They come back by the
	// sweep that OnGap asks for once the lane has drained.
	ErrFull = errors.New("the lane is full, what was not announced waits in the database for the next sweep")
	// ErrAway says that Redis was not asked because it did not answer a moment ago.
	ErrAway = errors.New("redis does not answer, work goes on from the database until it does")
	// ErrClosed says that the stream was closed.
	ErrClosed = errors.New("the stream is closed")
)

// Handler works on a batch of ids of one stage. It may see an id more than once and must make that harmless. When it
// returns nil the batch is over; when it errors, panics or outlives its context, the same ids come again after
// Options.ClaimIdle, one at a time, so that a bad one does not hold up its neighbours. It counts attempts itself.
type Handler = func(ctx context.Context, ids []int64) error

// Stream carries ids between stages. It may lose everything at any time: SQL is the truth.
// All methods may be called from several goroutines.
type Stream interface {
	// Ring announces work ids for a stage on a lane. Best effort: an error is a hint, never a loss, and callers go
	// on. It returns within Timeout (for a long list, as long as Redis keeps answering), and at once
	// while Redis is known to be away.
	Ring(ctx context.Context, stage string, lane Lane, ids ...int64) error

	// Consume hands batches of at most max ids (1 to 256) to handle, one call at a time, until ctx is done or the
	// stream is closed; run it several times for more workers. First come the ids that this consumer or a dead one
	// left unfinished, then new ones, live before history (see History).
	//
	// The context given to handle is detached from ctx, so that a stop lets work finish: it ends after three
	// quarters of ClaimIdle, or Grace after ctx is done. Finished batches are acknowledged even then. A lost
	// connection is waited for, never returned. The error is nil after a stop, ErrClosed after Close.
	Consume(ctx context.Context, stage string, max int, handle Handler) error

	// Publish sends a payload to all current subscribers of a topic in every process. It may be lost, or come twice.
	// It returns within Timeout, and at once while Redis is known to be away: then only subscribers in this
	// process hear of it.
	Publish(ctx context.Context, topic string, payload []byte) error

	// PublishAll is Publish for many messages, of which Topic and Payload count, in one go.
	PublishAll(ctx context.Context, messages []Message) error

	// Subscribe listens to topics until ctx ends, which closes the channel. Whoever is too slow, or was cut off from
	// Redis for a while, gets one Message with Resync in place of what was missed.
	Subscribe(ctx context.Context, topics ...string) (<-chan Message, error)

	// Depth says how many announcements of a stage are not finished, those in work included.
	Depth(ctx context.Context, stage string) (live, history int64, err error)

	// Ping says whether announcements reach other processes now.
	Ping(ctx context.Context) error

	// Close ends all subscriptions and consumers and lets go of connections. What is unfinished is found by others.
	Close() error
}

// Doctor is implemented by streams that can look at their server.
type Doctor interface {
	Doctor(ctx context.Context) []Advice
}

// Advice says what is wrong with a server and what to do, in both languages.
type Advice struct{ Text, TextEN string }

// Message is what a subscriber gets.
type Message struct {
	Topic   string
	Payload []byte // shared with other subscribers: not to be changed
	Resync  bool   // messages were lost: read the current state again. Topic and Payload are empty
}

// Options of Open; zero values mean the defaults given.
type Options struct {
	Prefix    string        // of all keys in Redis; default hy
	Consumer  string        // this process's name among consumers, unique; default host, process id and start time
	ClaimIdle time.Duration // how long an unfinished id rests before it is handed out again; default 20 s
	Block     time.Duration // how long one read waits for news, and so how late a stop is noticed; default 1 s, at most 2 s
	Grace     time.Duration // how long a batch in hand may go on after a stop; default 10 s
	Timeout   time.Duration // how long Redis has to answer anything but a waiting read; default 400 ms
	LaneCap   int           // most announcements a lane holds; default 65,536 in process, 262,144 in Redis
	Buffer    int           // messages kept for a slow subscriber, at least 2; default 64

	// ConsumerIdle is how long a consumer without unfinished work must be silent before others strike it off; default 1 h.
	ConsumerIdle time.Duration

	// OnGap is called when announcements may have been lost: sweep the database and ring what is unfinished. Calls
	// never overlap, and losses during a call lead to one more.
	OnGap func()

	Log *slog.Logger // default: discards
}

const (
	maxBatch     = 256
	maxBlock     = 2 * time.Second
	localLaneCap = 1 << 16
	redisLaneCap = 1 << 18
)

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "hy"
	}
	if o.Consumer == "" {
		o.Consumer = processName()
	}
	o.ClaimIdle = positive(o.ClaimIdle, 20*time.Second)
	o.Block = min(positive(o.Block, time.Second), maxBlock)
	o.Timeout = positive(o.Timeout, 400*time.Millisecond)
	o.Grace = positive(o.Grace, 10*time.Second)
	o.ConsumerIdle = positive(o.ConsumerIdle, time.Hour)
	if o.Buffer < 2 {
		o.Buffer = 64
	}
	if o.OnGap == nil {
		o.OnGap = func() {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func positive(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// processName tells this process from all others, those that had its process id before included.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return host + "-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
}

// Open gives the stream behind address: the twin in this process when it is empty, else Redis: one server, the master
// behind sentinels, or a cluster (see address.go for the forms). A Redis that is away is no error: Ping tells. Errors
// never quote the address, which may hold a password.
func Open(ctx context.Context, address string, options Options) (Stream, error) {
	if address == "" {
		return openLocal(options), nil
	}
	return openRedis(ctx, address, options)
}

// checkStage keeps stage names to what is plain in a Redis key and a metric label.
func checkStage(stage string) error {
	ok := stage != "" && strings.IndexFunc(stage, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) < 0
	if !ok {
		return fmt.Errorf("stage %q: use lower-case letters, digits, - and _", stage)
	}
	return nil
}

func checkLane(lane Lane) error {
	if lane != Live && lane != History {
		return fmt.Errorf("lane %q: use live or history", lane)
	}
	return nil
}
