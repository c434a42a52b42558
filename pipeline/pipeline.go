// Package pipeline moves what was said from where it was received to where it
// is dealt with: intake, analysis, delivery, timers, attachments, and the
// reconciler that makes all of it survive a crash. It implements bots.Inbox and
// listeners.Sink. SQL holds the work; the stream only says that there is some.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
	"github.com/huiyin/huiyin/store/stream"
)

// The stages that the stream carries ids for.
const (
	stageAnalyze = "analyze"
	stageAttach  = "attach"
)

// Options are what a Pipeline needs.
type Options struct {
	DB     *store.DB
	Stream stream.Stream
	Files  *files.Files
	Desk   *desk.Service
	Log    *slog.Logger
	Now    func() time.Time
	Holder string // this process's name in leases; unique
	Timing Timing
	Meter  Meter
	// Mind is the analysis that the desk's rules use, so that it can learn from
	// corrections; nil: nothing is learned.
	Mind *nlp.Live
	// Fresh is how old a one-way entry may be and still be news.
	Fresh time.Duration
	// DayQuota is how many bytes of one person's files are kept in a day; 0: no
	// bound.
	DayQuota int64
	// KeepDone is how long lines to teams are kept that were sent and whose
	// matter ended; 0: for ever.
	KeepDone time.Duration
	// Spool is where pushed channels' messages wait while the database cannot
	// take them.
	Spool Spool
	// Opened is closed once the database is open and settled; nil: it is. Until
	// then messages are received, and nothing else happens.
	Opened <-chan struct{}
	// Failpoint, in tests, is called by name at each step; nil otherwise.
	Failpoint func(name string)
}

// Timing are the durations of the loops; tests shorten them.
type Timing struct {
	Lease      time.Duration // how long a lease lasts; renewed at a third of it
	Poll       time.Duration // how often SQL is asked although no doorbell rang
	Reconcile  time.Duration // how old unfinished work is when it is rung for again
	SendBudget time.Duration // one request to a platform; one with files gets ten times that
	RetryMax   time.Duration // the longest wait between two tries
	RetryFor   time.Duration // how long a message is tried before it is dead
	Grace      time.Duration // for finishing work at a stop
	SpoolAfter time.Duration // how long the database is waited for before a pushed message is kept on disk
	Learn      time.Duration // how long nobody corrects anything before it is learned from
}

// DefaultTiming is what production uses.
func DefaultTiming() Timing {
	return Timing{
		Lease: 10 * time.Second, Poll: time.Second, Reconcile: 10 * time.Second, SendBudget: 20 * time.Second,
		RetryMax: 5 * time.Minute, RetryFor: 24 * time.Hour, Grace: 8 * time.Second,
		SpoolAfter: 5 * time.Second, Learn: 30 * time.Second,
	}
}

// Meter is told what happened, for metrics. All methods must be quick and safe
// for concurrent use.
type Meter interface {
	Received(channel string, n int)
	Spooled(channel string, n int)
	Analyzed(n int, took time.Duration)
	Sent(bot, kind string, fate string)
	Quarantined(n int)
	Latency(stage string, d time.Duration)
}

// NoMeter measures nothing.
type NoMeter struct{}

// Received does nothing.
func (NoMeter) Received(string, int) {}

// Spooled does nothing.
func (NoMeter) Spooled(string, int) {}

// Analyzed does nothing.
func (NoMeter) Analyzed(int, time.Duration) {}

// Sent does nothing.
func (NoMeter) Sent(string, string, string) {}

// Quarantined does nothing.
func (NoMeter) Quarantined(int) {}

// Latency does nothing.
func (NoMeter) Latency(string, time.Duration) {}

// Pipeline is the moving part of Huiyin. Its methods are safe for concurrent
// use.
type Pipeline struct {
	db     *store.DB
	stream stream.Stream
	files  *files.Files
	desk   *desk.Service
	log    *slog.Logger
	now    func() time.Time
	holder string
	timing Timing
	meter  Meter
	fresh  atomic.Int64 // Options.Fresh, as SetFresh changes it
	quota  int64
	fail   func(string)
	spool  Spool
	// keepDone is Options.KeepDone, toCustomers how many requests with
	// customers' messages were made.
	keepDone    time.Duration
	toCustomers atomic.Int64
	kept        kept
	opened      <-chan struct{}
	mind        *nlp.Live

	loading sync.Mutex // held while a model is put in force
	model   int64      // the ID of the one that this process uses

	mu        sync.Mutex
	bots      map[string]*runner
	listeners map[string]*source
	health    map[string]Health

	began      time.Time // when this process began
	arrivals   grouped[*arrival]
	bell       bells
	colleagues colleagues

	direct chan []int64 // messages to be analysed that the stream could not be rung for
	away   atomic.Bool  // the stream did not take the last ring
}

// New returns a Pipeline. Bots and listeners are added before Run.
func New(o Options) *Pipeline {
	p := &Pipeline{
		db: o.DB, stream: o.Stream, files: o.Files, desk: o.Desk, log: o.Log, now: o.Now, holder: o.Holder,
		timing: o.Timing, meter: o.Meter, quota: o.DayQuota, fail: o.Failpoint, mind: o.Mind,
		spool: o.Spool, opened: o.Opened, keepDone: o.KeepDone,
		bots: map[string]*runner{}, listeners: map[string]*source{}, health: map[string]Health{},
		direct: make(chan []int64, 256), colleagues: newColleagues(),
	}
	p.SetFresh(o.Fresh)
	p.arrivals.most, p.arrivals.work = arriveGroup, p.keepArrivals
	p.arrivals.weigh = func(a *arrival) int { return len(a.all) }
	if p.now != nil {
		p.began = p.now()
	}
	if p.meter == nil {
		p.meter = NoMeter{}
	}
	if p.fail == nil {
		p.fail = func(string) {}
	}
	if p.timing == (Timing{}) {
		p.timing = DefaultTiming()
	}
	if p.timing.SpoolAfter <= 0 {
		p.timing.SpoolAfter = DefaultTiming().SpoolAfter
	}
	return p
}

// Bind gives the Pipeline the desk, which in turn rings the Pipeline: one of
// the two has to come first.
func (p *Pipeline) Bind(d *desk.Service) { p.desk = d }

// Health is how a channel is doing.
type Health struct {
	OK    bool
	Text  string
	Since time.Time
}

// setHealth records how a channel is doing.
func (p *Pipeline) setHealth(name string, ok bool, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was, known := p.health[name]
	if known && was.OK == ok && was.Text == text {
		return
	}
	p.health[name] = Health{OK: ok, Text: text, Since: p.now()}
	if !ok {
		p.log.Warn("channel has a problem", "channel", name, "problem", text)
	} else if known {
		p.log.Info("channel is well again", "channel", name)
	}
}

// problem returns what is wrong with a channel; empty where nothing is, or nothing
// is known.
func (p *Pipeline) problem(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.health[name].Text
}

// mended records that what was wrong with a channel is over, unless something
// else is.
func (p *Pipeline) mended(name, problem string) {
	if p.problem(name) == problem {
		p.setHealth(name, true, "")
	}
}

// SentToCustomers counts the requests with messages to customers that this
// process has made.
func (p *Pipeline) SentToCustomers() int64 { return p.toCustomers.Load() }

// Channels returns how every channel is doing.
func (p *Pipeline) Channels() map[string]Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make(map[string]Health, len(p.health))
	for k, v := range p.health {
		out[k] = v
	}
	return out
}

// AddBot makes a bot known. It must be called before Run.
func (p *Pipeline) AddBot(name, platform string, caps bots.Caps, b bots.Bot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bots[name] = newRunner(name, platform, caps, b)
}

// AddListener makes a listener known. It must be called before Run.
func (p *Pipeline) AddListener(name, platform string, l any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners[name] = &source{name: name, platform: platform, listener: l}
}

// Roles say which parts of the pipeline a process runs.
type Roles struct {
	Pipeline  bool // analysis, delivery, timers, reconciler, attachments
	Bots      bool // receives from platforms
	Listeners bool // reads sources
}

// SetFresh changes how old a one-way entry that comes from now on may be and
// still be news.
func (p *Pipeline) SetFresh(d time.Duration) { p.fresh.Store(int64(d)) }

// Run runs the roles until ctx ends, then finishes what is in hand.
func (p *Pipeline) Run(ctx context.Context, roles Roles) error {
	if p.opened != nil {
		select {
		case <-p.opened:
		case <-ctx.Done():
			return nil
		}
	}
	var wg sync.WaitGroup
	start := func(name string, fn func(context.Context) error) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p.guard(ctx, name, fn)
		}()
	}
	if p.spool.Spool != nil {
		start("replay", p.replayLoop)
	}
	if p.mind != nil {
		start("follow what was learned", p.followModel)
	}
	if roles.Pipeline {
		if p.mind != nil {
			start("learn", p.leased(learnLease, p.learnLoop))
		}
		for range analyzeWorkers {
			start("analyze", p.analyzeLoop)
		}
		start("analyze without the stream", p.directLoop)
		start("timers", p.leased("timers", p.timerLoop))
		start("reconcile", p.leased("reconcile", p.reconcileLoop))
		if p.keepDone > 0 {
			start("prune", p.leased("prune", p.pruneLoop))
		}
		start("attachments", p.leased("attachments", p.attachLoop))
		for name, r := range p.bots {
			start("deliver "+name, p.leased("deliver:"+name, func(ctx context.Context) error { return p.deliverLoop(ctx, r) }))
		}
	}
	if roles.Bots {
		start("alive", p.aliveLoop())
		for name, r := range p.bots {
			run := func(ctx context.Context) error { return p.runBot(ctx, r) }
			if r.caps.Polled {
				run = p.underLease("poll:"+name, run, r.caps.Pushed)
			}
			start("bot "+name, run)
		}
	}
	if roles.Listeners {
		for name, s := range p.listeners {
			if poller, ok := s.listener.(listeners.Poller); ok {
				start("listener "+name, p.leased("listen:"+name, func(ctx context.Context) error { return p.pollLoop(ctx, s, poller) }))
			}
		}
	}
	<-ctx.Done()
	wg.Wait()
	return nil
}

// guard runs fn until ctx ends, again after an error, with a growing, jittered
// wait. Only the first and each changed error is logged.
func (p *Pipeline) guard(ctx context.Context, name string, fn func(context.Context) error) {
	last := ""
	wait := 200 * time.Millisecond
	for ctx.Err() == nil {
		began := p.now()
		err := safely(func() error { return fn(ctx) })
		if ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != last {
			p.log.Error("a part of the pipeline failed and will go on", "part", name, "err", err)
			last = err.Error()
		}
		if p.now().Sub(began) > time.Minute {
			wait, last = 200*time.Millisecond, ""
		}
		pause(ctx, wait/2+rand.N(wait)) //nolint:gosec // jitter is no secret
		wait = min(2*wait, 10*time.Second)
	}
}

// errPanicked is what safely makes of a panic.
var errPanicked = errors.New("panic")

// safely turns a panic into an error.
func safely(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errPanicked, r)
		}
	}()
	return fn()
}

// pause waits, or less where ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// epochKey carries the epoch of the lease that a loop runs under.
type epochKey struct{}

// epochOf returns the epoch of the lease that ctx runs under.
func epochOf(ctx context.Context) int64 {
	epoch, _ := ctx.Value(epochKey{}).(int64)
	return epoch
}

// errLeaseLost ends a loop whose lease went to another process.
var errLeaseLost = errors.New("the lease went to another process")

// leased runs fn while this process holds the lease, and waits while another
// does. The context given to fn ends when the lease cannot be renewed in time.
func (p *Pipeline) leased(name string, fn func(context.Context) error) func(context.Context) error {
	return p.underLease(name, fn, false)
}

// underLease is leased. With stay, fn goes on while nobody can tell who has the
// lease: two that receive from a platform that pushes do no harm, none loses
// what it pushes.
func (p *Pipeline) underLease(name string, fn func(context.Context) error, stay bool) func(context.Context) error {
	return func(ctx context.Context) error {
		for ctx.Err() == nil {
			lease, ok, err := p.acquire(ctx, name)
			if err != nil {
				return fmt.Errorf("lease %s: %w", name, err)
			}
			if !ok {
				pause(ctx, p.timing.Lease/5)
				continue
			}
			err = p.hold(ctx, lease, fn, stay)
			p.release(lease)
			if err != nil && !errors.Is(err, errLeaseLost) {
				return err
			}
		}
		return nil
	}
}

func (p *Pipeline) acquire(ctx context.Context, name string) (lease store.Lease, ok bool, err error) {
	err = p.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		lease, ok, err = tx.AcquireLease(name, p.holder, p.timing.Lease, p.now())
		return err
	})
	return lease, ok, err
}

// hold runs fn and renews the lease beside it.
func (p *Pipeline) hold(ctx context.Context, lease store.Lease, fn func(context.Context) error, stay bool) error {
	work, cancel := context.WithCancel(context.WithValue(ctx, epochKey{}, lease.Epoch))
	defer cancel()
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		defer cancel()
		p.renew(work, lease, stay)
	}()
	err := safely(func() error { return fn(work) })
	held := work.Err() == nil
	cancel()
	<-lost
	if !held && ctx.Err() == nil {
		return errLeaseLost
	}
	return err
}

// renew returns when the lease is lost or work ends. A holder trusts its lease
// a little less long than it lasts, unless it may stay.
func (p *Pipeline) renew(work context.Context, lease store.Lease, stay bool) {
	sure := p.now().Add(p.timing.Lease * 4 / 5)
	for {
		pause(work, p.timing.Lease/3)
		if work.Err() != nil {
			return
		}
		asked := p.now()
		ok, err := p.renewOnce(work, lease, sure.Sub(asked))
		switch {
		case err == nil && ok:
			sure = asked.Add(p.timing.Lease * 4 / 5)
		case err == nil, !stay && !p.now().Before(sure):
			p.log.Warn("lease lost", "lease", lease.Name, "epoch", lease.Epoch)
			return
		}
	}
}

// renewOnce asks for more time on a lease, and waits for the answer no longer
// than within, at least a moment: a database that hangs must not keep a holder at
// work whose lease has run out.
func (p *Pipeline) renewOnce(work context.Context, lease store.Lease, within time.Duration) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(work, max(within, p.timing.Lease/10))
	defer cancel()
	err = p.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		ok, err = tx.RenewLease(lease, p.timing.Lease, p.now())
		return err
	})
	return ok, err
}

// release gives a lease back, so that another process need not wait for it to
// expire.
func (p *Pipeline) release(lease store.Lease) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := p.db.Write(ctx, func(tx *store.Tx) error { return tx.ReleaseLease(lease) }); err != nil {
		p.log.Warn("lease not given back, it will expire", "lease", lease.Name, "err", err)
	}
}
