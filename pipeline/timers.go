package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// timerBatch is how many due timers are taken in one pass.
const timerBatch = 200

// catchUp is how far back a slot of a schedule may lie and still be kept: after
// a longer absence a morning's message says nothing any more.
const catchUp = time.Hour

// timerLoop acts on timers as they come due, and on the teams' schedules.
func (p *Pipeline) timerLoop(ctx context.Context) error {
	bell, err := p.stream.Subscribe(ctx, topicTimer)
	if err != nil {
		return err
	}
	last := p.now().Add(-catchUp)
	for ctx.Err() == nil {
		now := p.now()
		more, err := p.timersOnce(ctx, now)
		if err != nil {
			return err
		}
		if err := p.schedules(ctx, last, now); err != nil {
			return err
		}
		last = now
		if more {
			continue
		}
		next, err := p.nextTimer(ctx, now)
		if err != nil {
			return err
		}
		await(ctx, &bell, max(min(next.Sub(p.now()), p.timing.Poll), time.Millisecond))
	}
	return nil
}

// TimersOnce acts on everything due at now, for tests that move time by hand.
func (p *Pipeline) TimersOnce(ctx context.Context, now time.Time) error {
	for {
		more, err := p.timersOnce(ctx, now)
		if err != nil || !more {
			return err
		}
	}
}

func (p *Pipeline) timersOnce(ctx context.Context, now time.Time) (more bool, err error) {
	var due []*store.Timer
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		due, err = tx.DueTimers(now, timerBatch)
		return err
	})
	if err != nil || len(due) == 0 {
		return false, err
	}
	changes := make([]desk.Change, len(due))
	for i, t := range due {
		changes[i] = desk.Due{Timer: *t}
	}
	p.fail("timers.due")
	for i, r := range p.desk.Apply(ctx, changes...) {
		if r.Err != nil && !errors.Is(r.Err, feedback.ErrDuplicate) {
			if unwritable(r.Err) {
				return false, r.Err
			}
			// One that the database does not take undoes the whole transaction: it may
			// have been a neighbour's.
			r = p.desk.Apply(ctx, changes[i])[0]
		}
		if r.Err == nil || errors.Is(r.Err, feedback.ErrDuplicate) {
			continue
		}
		// Put off, so that one item's trouble does not hold up the others.
		p.log.Error("timer failed, it will be tried again", "item", due[i].Item, "timer", due[i].Kind, "err", r.Err)
		later := *due[i]
		later.Due = now.Add(time.Minute)
		if err := p.db.Write(ctx, func(tx *store.Tx) error { return tx.SetTimer(later) }); err != nil {
			return false, err
		}
	}
	return len(due) == timerBatch, nil
}

func (p *Pipeline) nextTimer(ctx context.Context, now time.Time) (time.Time, error) {
	next := now.Add(p.timing.Poll)
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		at, ok, err := tx.NextTimer()
		if ok && at.Before(next) {
			next = at
		}
		return err
	})
	return next, err
}

// schedules fires each team's opening message and digest whose time lies after
// last and not after now. Fire in the change's transaction makes each slot come
// once, however many processes look.
func (p *Pipeline) schedules(ctx context.Context, last, now time.Time) error {
	r := p.desk.Rules()
	var changes []desk.Change
	for _, name := range r.TeamOrder {
		team := r.Teams[name]
		if !team.Hours.Always() {
			if at := team.Hours.NextOpening(last.In(r.Location)); !at.IsZero() && !at.After(now) {
				changes = append(changes, desk.Opening{Team: name, At: at.UTC()})
			}
		}
		if team.Digest == "" {
			continue
		}
		schedule, err := cron.ParseStandard(team.Digest)
		if err != nil {
			continue // the configuration was checked when it was loaded
		}
		if at := schedule.Next(last.In(r.Location)); !at.IsZero() && !at.After(now) {
			changes = append(changes, desk.Digest{Team: name, At: at.UTC()})
		}
	}
	for _, result := range p.desk.Apply(ctx, changes...) {
		if result.Err != nil && !errors.Is(result.Err, feedback.ErrDuplicate) {
			return result.Err
		}
	}
	return nil
}
