package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/spool"
)

// What is pushed to us is brought again for minutes at best: while the database
// cannot take it, it is kept on the disk spool and acknowledged, and replayed in
// order when the database is back. What is read (a Telegram poll, a feed) waits
// at its source behind its cursor instead.

const (
	// spoolMargin is what is left of a caller's time for keeping on disk what
	// the database did not take.
	spoolMargin = 500 * time.Millisecond
	// replayBatch and replayBytes bound what is read from the spool at a time.
	replayBatch = 200
	replayBytes = 4 << 20
	// adoptEvery is how often the spools of processes that died are looked for.
	adoptEvery = 30 * time.Second
	// tellKeptEvery is how often one chat is told that its messages are kept.
	tellKeptEvery = 10 * time.Minute
)

// Spool is where pushed channels' messages wait for the database, with how the
// spools of dead processes beside it are found. The zero Spool keeps nothing:
// what the database cannot take is refused.
type Spool struct {
	*spool.Spool
	// Orphans takes what processes that died have left; nil: nothing to look
	// for.
	Orphans func() ([]*spool.Spool, error)
}

// kept remembers which chats were told that their messages are kept on disk.
type kept struct {
	mu   sync.Mutex
	told map[string]time.Time // by channel and chat
}

// maxTold bounds how many chats are remembered; beyond it all are forgotten, and
// told once more.
const maxTold = 10_000

// tell reports whether a chat is to be told now.
func (k *kept) tell(key string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at, ok := k.told[key]; ok && now.Sub(at) < tellKeptEvery {
		return false
	}
	if k.told == nil || len(k.told) >= maxTold {
		k.told = map[string]time.Time{}
	}
	k.told[key] = now
	return true
}

// spooled is one record of the spool.
type spooled struct {
	Channel string           `json:"channel"`
	Event   *bots.Event      `json:"event,omitempty"`
	Entry   *listeners.Entry `json:"entry,omitempty"`
}

// Waiting returns what waits on this process's disk spool, and whether there is
// room for more.
func (p *Pipeline) Waiting() (st spool.Stats, room bool) {
	if p.spool.Spool == nil {
		return spool.Stats{}, false
	}
	return p.spool.Stats(), p.spool.Room()
}

// pushed reports whether what a bot receives comes to us without being asked
// for, and will not be brought again for long.
func (p *Pipeline) pushed(r *runner) bool {
	return p.spool.Spool != nil && (!r.caps.Polled || r.caps.Pushed)
}

// hurry bounds a try with the database, so that there is time to keep on disk
// what it does not take.
func (p *Pipeline) hurry(ctx context.Context) (context.Context, context.CancelFunc) {
	within := p.timing.SpoolAfter
	if by, ok := ctx.Deadline(); ok {
		if left := time.Until(by) - spoolMargin; left > 0 {
			within = min(within, left)
		}
	}
	return context.WithTimeout(ctx, within)
}

// away reports whether err says that the database cannot take work now, as far
// as a caller with ctx and its try know: a rejected message is not away.
func away(ctx, try context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, store.ErrReadOnly) || try.Err() != nil
}

// receivePushed takes an event of a pushed channel: into the database, else onto
// the spool. While records wait there, later ones queue up behind them; what cannot
// wait is done at once or not at all.
func (p *Pipeline) receivePushed(ctx context.Context, r *runner, e bots.Event) (bots.Answer, error) {
	var cause error
	if p.spool.Depth() == 0 || !mayWait(e) {
		try, cancel := p.hurry(ctx)
		defer cancel()
		a, err := p.receive(try, r, e)
		if !away(ctx, try, err) {
			return a, err
		}
		cause = err
	}
	if !mayWait(e) {
		lang := p.desk.Rules().Language
		return bots.Answer{Text: p.desk.Rules().Texts.Text(lang, "spool.notnow", nil), Brief: true, Failed: true}, nil
	}
	if err := p.keepOnDisk(ctx, []spooled{{Channel: r.name, Event: &e}}, cause); err != nil {
		return bots.Answer{}, err
	}
	return p.keptAnswer(r.name, e), nil
}

// mayWait reports whether an event means the same minutes later. What somebody
// asks for (a press, a command in a group) does not: they are told that it was
// not done, and ask again.
func mayWait(e bots.Event) bool {
	switch e.Type {
	case bots.OnPress, bots.OnSubmit:
		return false
	case bots.OnMessage:
		return !e.Slash && (!e.Chat.Group || desk.Parse(e.Text, e.Addressed, e.Slash).Spec == nil)
	default:
		return true
	}
}

// keptAnswer tells people, once in a while, that their words are kept and will
// be dealt with later.
func (p *Pipeline) keptAnswer(channel string, e bots.Event) bots.Answer {
	a := bots.Answer{Kept: true}
	if e.Type != bots.OnMessage || !p.kept.tell(channel+"\x00"+e.Chat.ID, p.now()) {
		return a
	}
	rules := p.desk.Rules()
	lang := rules.Language
	if e.From.Lang != "" {
		lang = e.From.Lang
	}
	a.Text, a.Brief = rules.Texts.Text(lang, "spool.kept", nil), true
	return a
}

// putPushed is Put for what was pushed.
func (p *Pipeline) putPushed(ctx context.Context, channel string, entries []listeners.Entry) ([]listeners.Outcome, error) {
	var cause error
	if p.spool.Depth() == 0 {
		try, cancel := p.hurry(ctx)
		defer cancel()
		outcomes, err := p.putNow(try, channel, entries)
		if !away(ctx, try, err) {
			return outcomes, err
		}
		cause = err
	}
	records := make([]spooled, len(entries))
	outcomes := make([]listeners.Outcome, len(entries))
	now := p.now()
	for i := range entries {
		// What counts is when it came, not when it is replayed.
		e := entries[i]
		e.History, e.Judged = p.past(e, now), true
		records[i], outcomes[i] = spooled{Channel: channel, Entry: &e}, listeners.Spooled
	}
	if err := p.keepOnDisk(ctx, records, cause); err != nil {
		return nil, err
	}
	return outcomes, nil
}

// keepOnDisk puts records on the spool. cause is why the database did not take
// them; nil where others wait before them.
func (p *Pipeline) keepOnDisk(ctx context.Context, all []spooled, cause error) error {
	records := make([]spool.Record, len(all))
	now := p.now()
	for i, r := range all {
		b, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		records[i] = spool.Record{At: now, Data: b}
	}
	if err := p.spool.Append(ctx, records...); err != nil {
		return errors.Join(err, cause)
	}
	if cause != nil {
		p.log.Warn("the database does not take it, new messages are kept on disk", "channel", all[0].Channel, "err", cause)
	}
	p.meter.Spooled(all[0].Channel, len(all))
	return nil
}

// arrivalKey carries when a replayed record came.
type arrivalKey struct{}

// arrival returns when what is being stored came: now, unless it is replayed.
func (p *Pipeline) arrival(ctx context.Context) time.Time {
	if at, ok := ctx.Value(arrivalKey{}).(time.Time); ok {
		return at
	}
	return p.now().UTC()
}

// replayLoop puts what waits on the spool into the database, in order, and
// adopts what processes that died have left.
func (p *Pipeline) replayLoop(ctx context.Context) error {
	adopt := p.now()
	for ctx.Err() == nil {
		if err := p.replayAll(ctx, p.spool.Spool); err != nil {
			return err
		}
		if now := p.now(); p.spool.Orphans != nil && !now.Before(adopt) {
			adopt = now.Add(adoptEvery)
			if err := p.adoptOrphans(ctx); err != nil {
				return err
			}
		}
		t := time.NewTimer(p.timing.Poll)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-p.spool.Bell():
			// The database was away a moment ago: it is asked at its own pace.
			pause(ctx, p.timing.Poll)
		}
		t.Stop()
	}
	return nil
}

func (p *Pipeline) adoptOrphans(ctx context.Context) error {
	orphans, err := p.spool.Orphans()
	for _, s := range orphans {
		p.log.Info("a process that ended has left messages on its disk spool, they are replayed here", "n", s.Depth())
		err = errors.Join(err, p.replayAll(ctx, s), s.Close())
	}
	return err
}

// replayAll empties a spool.
func (p *Pipeline) replayAll(ctx context.Context, s *spool.Spool) error {
	n := 0
	for ctx.Err() == nil {
		b, err := s.Next(replayBatch, replayBytes)
		if err != nil || b.Empty() {
			if n > 0 {
				p.log.Info("messages kept on disk are in the database", "n", n)
			}
			return err
		}
		if err := p.replay(ctx, s, b); err != nil {
			return err
		}
		n += len(b.Records)
	}
	return ctx.Err()
}

// replay puts a batch into the database. What the database refuses for good is
// set aside: it holds up nothing.
func (p *Pipeline) replay(ctx context.Context, s *spool.Spool, b spool.Batch) error {
	for i := 0; i < len(b.Records); {
		n, err := p.replayFrom(ctx, b.Records[i:])
		if err != nil {
			if retry := awayAtReplay(ctx, err); retry {
				return errors.Join(fmt.Errorf("replay the disk spool: %w", err), s.Done(b, i))
			}
			if err := s.Quarantine(b, i, err); err != nil {
				return err
			}
			p.meter.Quarantined(1)
			n = 1
		}
		i += n
		p.fail("spool.replayed")
	}
	return s.Done(b, len(b.Records))
}

func awayAtReplay(ctx context.Context, err error) bool {
	var platform *bots.SendError
	return ctx.Err() != nil || unwritable(err) && !errors.As(err, &platform)
}

// unwritable reports whether err says that nothing can be written now, whatever
// it is: the database is away, took too long (somebody holds a lock), or is a
// standby that only reads.
func unwritable(err error) bool {
	for _, why := range []error{store.ErrUnavailable, store.ErrUnknownOutcome, store.ErrClosed, store.ErrReadOnly, context.DeadlineExceeded} {
		if errors.Is(err, why) {
			return true
		}
	}
	return false
}

// replayFrom stores the first of records, with those of the same listener behind
// it, and returns how many it stored: one commit each would be slower than they
// come, and what has to wait on the spool once would wait for ever.
func (p *Pipeline) replayFrom(ctx context.Context, records []spool.Record) (int, error) {
	first, err := decodeSpooled(records[0])
	if err != nil {
		return 0, err
	}
	if first.Event != nil {
		r := p.runner(first.Channel)
		if r == nil {
			return 0, fmt.Errorf("no bot is named %q any more", first.Channel)
		}
		said := records[0].At
		if at := first.Event.At; !at.IsZero() && at.Before(said) {
			said = at // it was on its way while its author was erased
		}
		erased, err := p.erased(ctx, first.Channel, first.Event.From.ID)
		if err != nil {
			return 0, err
		}
		if at, is := erased[first.Event.From.ID]; is && !said.After(at) {
			return 1, nil
		}
		return 1, safely(func() error {
			_, err := p.receive(context.WithValue(ctx, arrivalKey{}, records[0].At), r, *first.Event)
			return err
		})
	}
	if !p.listens(first.Channel) {
		return 0, fmt.Errorf("no listener is named %q any more", first.Channel)
	}
	entries := []listeners.Entry{*first.Entry}
	for _, r := range records[1:] {
		next, err := decodeSpooled(r)
		if err != nil || next.Entry == nil || next.Channel != first.Channel {
			break
		}
		entries = append(entries, *next.Entry)
	}
	for n := len(entries); ; n /= 2 {
		err := safely(func() error { return p.putAgain(ctx, first.Channel, entries[:n], records) })
		if err == nil || n == 1 || awayAtReplay(ctx, err) {
			return n, err
		}
		// One of them is the reason: the others are not to suffer for it.
	}
}

// putAgain stores entries of a channel that came when their records did.
func (p *Pipeline) putAgain(ctx context.Context, channel string, entries []listeners.Entry, records []spool.Record) error {
	a := &arrival{channel: channel, all: make([]arrived, len(entries))}
	platform := p.platformOf(channel)
	var people []string
	for i := range entries {
		a.all[i] = p.entry(channel, platform, &entries[i], records[i].At)
		if author := a.all[i].author; author != nil {
			people = append(people, author.External)
		}
	}
	erased, err := p.erased(ctx, channel, people...)
	if err != nil {
		return err
	}
	a.all = slices.DeleteFunc(a.all, func(one arrived) bool {
		if one.author == nil {
			return false
		}
		at, is := erased[one.author.External]
		return is && !one.message.ReceivedAt.After(at)
	})
	if len(a.all) == 0 {
		return nil
	}
	return p.arrive(ctx, a)
}

// erased returns who of a channel's people asked to be erased, and when. What
// they had said before is left out when it is replayed: it was on the spool of
// another process, or on its way there, while they were erased.
func (p *Pipeline) erased(ctx context.Context, channel string, people ...string) (map[string]time.Time, error) {
	var erased map[string]time.Time
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		erased = map[string]time.Time{}
		for _, who := range people {
			at, err := tx.ErasedAt(channel, who)
			if err != nil {
				return err
			}
			if !at.IsZero() {
				erased[who] = at
			}
		}
		return nil
	})
	return erased, err
}

func decodeSpooled(r spool.Record) (spooled, error) {
	var s spooled
	if err := json.Unmarshal(r.Data, &s); err != nil {
		return s, fmt.Errorf("the record is no message: %w", err)
	}
	if (s.Event == nil) == (s.Entry == nil) {
		return s, errors.New("the record is no message: it holds neither an event nor an entry")
	}
	return s, nil
}

// listens reports whether a listener has this name.
func (p *Pipeline) listens(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listeners[name] != nil
}

// putNow stores entries of a channel.
func (p *Pipeline) putNow(ctx context.Context, channel string, entries []listeners.Entry) ([]listeners.Outcome, error) {
	a := p.brought(channel, entries, p.arrival(ctx))
	if err := p.arrive(ctx, a); err != nil {
		return nil, err
	}
	return a.outcomes, nil
}

// past reports whether an entry is history to who looks at it now.
func (p *Pipeline) past(e listeners.Entry, now time.Time) bool {
	posted := e.PostedAt
	if posted.IsZero() || posted.After(now) {
		posted = now
	}
	fresh := time.Duration(p.fresh.Load())
	return e.History || !e.Judged && fresh > 0 && now.Sub(posted) > fresh
}
