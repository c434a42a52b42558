package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/stream"
)

// source is one listener.
type source struct {
	name     string
	platform string
	listener any
	failures int // in a row; only its loop reads and writes it
}

// tellFailures is after how many failed reads in a row people are told: one is
// a hiccup.
const tellFailures = 3

// wellAfter is how long a bot must have received again before it counts as well:
// one whose token is refused fails within moments, each time it is tried.
const wellAfter = 15 * time.Second

// runBot receives from one platform until ctx ends.
func (p *Pipeline) runBot(ctx context.Context, r *runner) error {
	problem := p.problem(r.name)
	if problem == "" {
		p.setHealth(r.name, true, "")
	}
	well := time.AfterFunc(wellAfter, func() { p.mended(r.name, problem) })
	err := safely(func() error { return r.bot.Run(ctx) })
	well.Stop()
	if err != nil && ctx.Err() == nil {
		p.setHealth(r.name, false, err.Error())
		// What is refused for good is tried again now and then: tokens get
		// renewed without a restart.
		pause(ctx, 30*time.Second)
	}
	return err
}

// aliveEvery is how often it is noted that somebody receives.
const aliveEvery = time.Minute

// aliveLoop returns what notes that somebody receives, and has people told where
// nobody did for long before this process began.
func (p *Pipeline) aliveLoop() func(ctx context.Context) error {
	begins := true
	return func(ctx context.Context) error {
		for ctx.Err() == nil {
			if err := p.desk.Alive(ctx, begins); err != nil {
				return fmt.Errorf("note that this process is at work: %w", err)
			}
			begins = false
			pause(ctx, aliveEvery)
		}
		return nil
	}
}

// defaultEvery is how often a source is read that says nothing of it.
const defaultEvery = 5 * time.Minute

// pollLoop reads one source under its lease.
func (p *Pipeline) pollLoop(ctx context.Context, s *source, poller listeners.Poller) error {
	for ctx.Err() == nil {
		wait, err := p.pollOnce(ctx, s, poller)
		if err != nil {
			return err
		}
		pause(ctx, wait)
	}
	return nil
}

// pollOnce reads a source once and stores what it brought, with its cursor, in
// one transaction.
func (p *Pipeline) pollOnce(ctx context.Context, s *source, poller listeners.Poller) (time.Duration, error) {
	var cursor []byte
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		cursor, err = tx.Cursor(s.name)
		if errors.Is(err, feedback.ErrNotFound) {
			err = nil
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	var batch listeners.Batch
	err = safely(func() error {
		var err error
		batch, err = poller.Poll(ctx, cursor)
		return err
	})
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		wait := defaultEvery
		text, textEN := err.Error(), err.Error()
		var pe *listeners.PollError
		if errors.As(err, &pe) {
			if pe.After > 0 {
				wait = pe.After
			}
			if pe.Note.Text != "" {
				text, textEN = pe.Note.Text, pe.Note.TextEN
			}
		}
		p.setHealth(s.name, false, text)
		s.failures++
		if s.failures == tellFailures {
			return wait, p.desk.ChannelNote(ctx, s.name, "failing", text, textEN)
		}
		return wait, nil
	}
	s.failures = 0
	ok := batch.Note.Code == "" || batch.Note.Code == "ok"
	p.setHealth(s.name, ok, batch.Note.Text)
	if err := p.desk.ChannelNote(ctx, s.name, batch.Note.Code, batch.Note.Text, batch.Note.TextEN); err != nil {
		return 0, err
	}
	if err := p.keep(ctx, s, batch); err != nil {
		return 0, err
	}
	if batch.Next > 0 {
		return batch.Next, nil
	}
	return defaultEvery, nil
}

// keep stores a batch.
func (p *Pipeline) keep(ctx context.Context, s *source, batch listeners.Batch) error {
	for i := range batch.Entries {
		batch.Entries[i].History = batch.Entries[i].History || batch.First
		batch.Entries[i].Judged = true
	}
	epoch := epochOf(ctx)
	var live, history []int64
	err := p.db.Write(ctx, func(tx *store.Tx) error {
		if epoch != 0 {
			if err := tx.CheckLease("listen:"+s.name, epoch); err != nil {
				return err
			}
		}
		var err error
		if _, live, history, err = p.put(tx, s.name, batch.Entries, p.now().UTC()); err != nil {
			return err
		}
		return tx.SaveCursor(s.name, batch.Cursor)
	})
	if err != nil {
		return fmt.Errorf("keep what %s brought: %w", s.name, err)
	}
	p.meter.Received(s.name, len(live)+len(history))
	p.announce(stream.Live, live)
	p.announce(stream.History, history)
	if batch.First && len(batch.Entries) > 0 {
		return p.desk.Connected(ctx, s.name, len(batch.Entries))
	}
	return nil
}
