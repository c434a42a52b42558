package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/stream"
)

const (
	// analyzeWorkers is how many batches are analysed at once in a process.
	analyzeWorkers = 2
	// analyzeBatch is how many messages one batch holds.
	analyzeBatch = 256
	// perConversation bounds how many earlier messages of a conversation come
	// with one.
	perConversation = 50
	// maxAttempts is after how many failed tries a message is quarantined.
	maxAttempts = 5
)

func (p *Pipeline) analyzeLoop(ctx context.Context) error {
	return p.stream.Consume(ctx, stageAnalyze, analyzeBatch, p.analyze)
}

// directLoop analyses what the stream could not be rung for.
func (p *Pipeline) directLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case ids := <-p.direct:
			for batch := range slices.Chunk(ids, analyzeBatch) {
				if err := p.analyze(ctx, batch); err != nil {
					return err
				}
			}
		}
	}
}

// analyze takes a batch of messages through analysis and routing. Messages that
// fail stay as they are and are rung for again by the reconciler; those that
// failed too often are set aside with their reason, and given to people to read.
func (p *Pipeline) analyze(ctx context.Context, ids []int64) error {
	began := p.now()
	var ms []*feedback.Message
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		ms, err = tx.AnalyzeBatch(ids, perConversation)
		return err
	})
	if err != nil || len(ms) == 0 {
		return err
	}
	together, alone := apart(ms)
	if err := p.tryOnce(ctx, together); err != nil {
		return err
	}
	for _, m := range alone {
		if err := p.tryOnce(ctx, []*feedback.Message{m}); err != nil {
			return err
		}
	}
	p.meter.Analyzed(len(ms), p.now().Sub(began))
	return nil
}

// tryOnce makes one try of each message.
func (p *Pipeline) tryOnce(ctx context.Context, ms []*feedback.Message) error {
	if len(ms) == 0 {
		return nil
	}
	ms, unread, err := p.attempt(ctx, ms)
	if err != nil {
		return err
	}
	p.fail("analyze.attempted")
	p.passOn(ctx, unread)
	p.Process(ctx, ms)
	p.fail("analyze.committed")
	return nil
}

// suspectAfter is how old a message is that may have been tried before: the
// stream hands it out again after 20 seconds, the reconciler rings after 10.
const suspectAfter = 8 * time.Second

// suspect reports whether a message may have been tried before, here or by a
// process that ended over it.
func (p *Pipeline) suspect(m *feedback.Message, now time.Time) bool {
	return m.Attempts > 0 || m.ReceivedAt.Before(p.began) || now.Sub(m.ReceivedAt) > suspectAfter
}

// attempt counts a try of each message that may have been tried before, before
// the work, so that a message which kills the process is found out. It returns
// which are to be tried, and which had too many tries and go to people unread;
// where even that has failed they are set aside alone. Of a message that has just come the first
// try is not counted: one that kills the process is old when it comes again.
func (p *Pipeline) attempt(ctx context.Context, ms []*feedback.Message) (good, unread []*feedback.Message, err error) {
	var ids []int64
	now := p.now()
	for _, m := range ms {
		if p.suspect(m, now) {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return ms, nil, nil
	}
	var bad []*feedback.Message
	err = p.db.Write(ctx, func(tx *store.Tx) error {
		good, unread, bad = ms[:0:0], nil, nil
		counts, err := tx.CountAttempts(ids)
		if err != nil {
			return err
		}
		for _, m := range ms {
			n := counts[m.ID]
			m.Attempts = n
			if n > maxAttempts && m.Error == "" {
				m.Error = "the process ended while analysing it"
			}
			switch {
			case n <= maxAttempts:
				good = append(good, m)
			case n == maxAttempts+1:
				unread = append(unread, m)
			default:
				m.Stage = feedback.StageQuarantined
				bad = append(bad, m)
			}
		}
		if len(bad) == 0 {
			return nil
		}
		_, err = tx.Finish(bad)
		return err
	})
	if err == nil {
		p.setAside(bad...)
	}
	return good, unread, err
}

// Process analyses messages and has the desk act on them. Each that fails is
// remembered with its error.
func (p *Pipeline) Process(ctx context.Context, ms []*feedback.Message) {
	changes := make([]desk.Change, 0, len(ms))
	kept := make([]*feedback.Message, 0, len(ms))
	rules := p.desk.Rules()
	for _, m := range ms {
		in, err := understand(rules, m)
		if err != nil {
			p.failed(ctx, m, err)
			continue
		}
		changes = append(changes, in)
		kept = append(kept, m)
	}
	now := p.now()
	for i, result := range p.desk.Apply(ctx, changes...) {
		if result.Err != nil && !errors.Is(result.Err, feedback.ErrDuplicate) {
			p.failed(ctx, kept[i], result.Err)
			continue
		}
		if kept[i].Lane == feedback.Live {
			p.meter.Latency("analyzed", now.Sub(kept[i].ReceivedAt))
		}
	}
}

// understand analyses one message; a panic in the analysis is its error alone.
func understand(rules *desk.Rules, m *feedback.Message) (in desk.Incoming, err error) {
	err = safely(func() error {
		// The mark of a cut text is ours: read as the customer's, it was taken
		// for an injury.
		said := strings.TrimSuffix(m.Text, truncated)
		v := rules.Analyze(said)
		if len(m.Fields) > 0 {
			found := map[string]string{}
			for k, val := range v.Found {
				found[k] = val
			}
			// What a link, webhook or import names counts where it is a field
			// that the configuration knows.
			for _, f := range rules.Fields {
				if val := m.Fields[f.Name]; val != "" {
					found[f.Name] = val
				}
			}
			v.Found = found
		}
		in = desk.Incoming{Message: m, Verdict: v, Tokens: rules.Index(said)}
		return nil
	})
	return in, err
}

// failed remembers why a message could not be dealt with.
func (p *Pipeline) failed(ctx context.Context, m *feedback.Message, cause error) {
	p.log.Warn("message not dealt with, it will be tried again", "message", m.ID, "channel", m.Channel, "err", cause)
	err := p.db.Write(ctx, func(tx *store.Tx) error { return tx.Failed(m.ID, cause.Error()) })
	if err != nil {
		p.log.Error("failure not recorded", "message", m.ID, "err", err)
	}
}

// reconcileLoop rings again for whatever was not finished: after a crash, a
// wiped Redis, a failed try.
func (p *Pipeline) reconcileLoop(ctx context.Context) error {
	// The process that finds a gap is seldom the one that reconciles.
	bell, err := p.stream.Subscribe(ctx, topicSweep)
	if err != nil {
		return err
	}
	forget := p.now()
	for ctx.Err() == nil {
		if now := p.now(); !now.Before(forget) && !p.forgetPeople(ctx) {
			forget = now.Add(time.Hour)
		}
		age, wait := p.timing.Reconcile, p.timing.Reconcile/2
		if p.away.Load() {
			// Nobody hears a bell: SQL is asked often instead.
			age, wait = min(age, p.timing.Poll), min(wait, p.timing.Poll)
		}
		if err := p.sweepOnce(ctx, p.now().Add(-age)); err != nil {
			return err
		}
		if await(ctx, &bell, wait) {
			if err := p.sweepOnce(ctx, p.now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetPeople erases people whose time has passed, some at a time, and reports
// whether there may be more. That somebody cannot be erased holds up nothing: the
// reconciler has other work.
func (p *Pipeline) forgetPeople(ctx context.Context) (more bool) {
	n, err := p.desk.Forget(ctx)
	if n > 0 {
		p.log.Info("people erased whose time has passed", "n", n)
	}
	if err != nil && ctx.Err() == nil {
		p.log.Error("people whose time has passed could not all be erased, it is tried again", "err", err)
	}
	return n > 0
}

// sweepSize is how many unfinished messages one sweep rings for: the others
// come with the next, when these are done.
const sweepSize = 10_000

func (p *Pipeline) sweepOnce(ctx context.Context, before time.Time) error {
	var live, history []int64
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		live, history, err = tx.Unfinished(before, sweepSize)
		return err
	})
	if err != nil {
		return err
	}
	queuedLive, queuedHistory, err := p.stream.Depth(ctx, stageAnalyze)
	p.away.Store(err != nil)
	if err != nil {
		queuedLive, queuedHistory = 0, 0
	}
	// What is queued already is not queued again: a long backlog would fill the
	// lanes with repeats.
	if queuedLive < sweepSize/10 {
		p.announce(stream.Live, live)
	}
	if queuedHistory < sweepSize/10 {
		p.announce(stream.History, history)
	}
	return p.db.Write(ctx, func(tx *store.Tx) error { return tx.DropExpired(p.now()) })
}

// Sweep asks for unfinished work to be rung for at once: the stream lost its
// groups.
func (p *Pipeline) Sweep() { p.publish(topicSweep, "") }
