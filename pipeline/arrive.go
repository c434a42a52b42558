package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/stream"
)

const (
	// arriveGroup is how many messages are kept in one transaction, unless one
	// caller brings more.
	arriveGroup = 200
	// arriveBudget is how long the database may take over one group.
	arriveBudget = 10 * time.Second
)

// arrived is one thing that came in with whose it is. The message's author and
// conversation get their ids when it is kept.
type arrived struct {
	message *feedback.Message
	author  *feedback.Author       // nil: nobody is named
	conv    *feedback.Conversation // nil: none
	entry   *listeners.Entry       // where it came from a listener
}

// arrival is what one caller brought: all of it is kept, or none.
type arrival struct {
	channel string
	all     []arrived

	rest          []arrived // of all: what nobody had erased
	outcomes      []listeners.Outcome
	live, history []int64 // to be analysed
}

// arrive keeps what came in, together with what comes in at the same time, and
// rings. When it returns nil all of a is durable. Where ctx ends before, it may be
// kept all the same: a is not to be looked at, and what is brought again is a
// duplicate.
func (p *Pipeline) arrive(ctx context.Context, a *arrival) error {
	return p.arrivals.do(ctx, a)
}

// keepArrivals keeps a group in one transaction; where that fails, each alone,
// so that one does not take its neighbours with it.
func (p *Pipeline) keepArrivals(group []*arrival) []error {
	err := p.keepTogether(group)
	if err == nil {
		return nil
	}
	errs := make([]error, len(group))
	all := unwritable(err)
	for i := range group {
		if errs[i] = err; len(group) > 1 && !all {
			errs[i] = p.keepTogether(group[i : i+1])
		}
	}
	return errs
}

func (p *Pipeline) keepTogether(group []*arrival) error {
	ctx, cancel := context.WithTimeout(context.Background(), arriveBudget)
	defer cancel()
	err := p.db.Write(ctx, func(tx *store.Tx) error {
		if err := p.keepAll(tx, group); err != nil {
			return err
		}
		p.failArrivals("intake.before_commit", group)
		return nil
	})
	if err != nil {
		return err
	}
	p.failArrivals("intake.after_commit", group)
	p.ringArrivals(group)
	p.failArrivals("intake.rung", group)
	return nil
}

// failArrivals is the failpoint of a step that a group takes, as such and by the
// channels that are in it.
func (p *Pipeline) failArrivals(step string, group []*arrival) {
	p.fail(step)
	for i, a := range group {
		if i == 0 || a.channel != group[i-1].channel {
			p.fail(step + "." + a.channel)
		}
	}
}

// ringArrivals tells who has work now.
func (p *Pipeline) ringArrivals(group []*arrival) {
	var live, history []int64
	files := false
	for _, a := range group {
		live, history = append(live, a.live...), append(history, a.history...)
		fresh := len(a.live) + len(a.history)
		if fresh == 0 {
			continue
		}
		p.meter.Received(a.channel, fresh)
		for i, one := range a.all {
			if a.outcomes[i] != listeners.Accepted {
				continue
			}
			files = files || len(one.message.Attachments) > 0
			if one.message.Conversation != 0 {
				p.Conversation(one.message.Conversation)
			}
		}
	}
	p.announce(stream.Live, live)
	p.announce(stream.History, history)
	if files {
		p.publish(stageAttach, "")
	}
}

// keepAll stores a group inside a transaction, which may run it again.
func (p *Pipeline) keepAll(tx *store.Tx, group []*arrival) error {
	if err := p.leaveErased(tx, group); err != nil {
		return err
	}
	var authors []*feedback.Author
	var convs []*feedback.Conversation
	var ms []*feedback.Message
	for _, a := range group {
		for _, one := range a.rest {
			ms = append(ms, one.message)
			if one.author != nil {
				same := *one.author
				authors = append(authors, &same)
			}
		}
	}
	if err := tx.UpsertAuthors(authors); err != nil {
		return err
	}
	for _, a := range group {
		for _, one := range a.rest {
			if one.author == nil {
				continue
			}
			one.message.Author = authors[0].ID
			authors = authors[1:]
			if one.conv != nil {
				same := *one.conv
				same.Author = one.message.Author
				convs = append(convs, &same)
			}
		}
	}
	if err := tx.UpsertConversations(convs); err != nil {
		return err
	}
	for _, a := range group {
		for _, one := range a.rest {
			if one.author != nil && one.conv != nil {
				one.message.Conversation = convs[0].ID
				convs = convs[1:]
			}
		}
	}
	inserted, err := tx.InsertMessages(ms)
	if err != nil {
		return err
	}
	for _, a := range group {
		if err := p.settled(tx, a, inserted[:len(a.rest)]); err != nil {
			return err
		}
		inserted = inserted[len(a.rest):]
	}
	return nil
}

// leaveErased leaves out entries that somebody had erased: their source still
// shows them.
func (p *Pipeline) leaveErased(tx *store.Tx, group []*arrival) error {
	ids := map[string][]string{}
	for _, a := range group {
		a.rest = a.all
		for _, one := range a.all {
			if one.entry != nil {
				ids[a.channel] = append(ids[a.channel], one.entry.ID)
			}
		}
	}
	for channel, all := range ids {
		gone, err := tx.WasErased(channel, all)
		if err != nil {
			return err
		}
		for _, a := range group {
			if a.channel == channel && len(gone) > 0 {
				a.rest = slices.DeleteFunc(slices.Clone(a.all), func(one arrived) bool { return one.entry != nil && gone[one.entry.ID] })
			}
		}
	}
	return nil
}

// settled says what became of each of an arrival, and takes over newer texts.
func (p *Pipeline) settled(tx *store.Tx, a *arrival, inserted []bool) error {
	a.outcomes, a.live, a.history = make([]listeners.Outcome, len(a.all)), nil, nil
	next := 0
	for i, one := range a.all {
		m := one.message
		if next == len(a.rest) || a.rest[next].message != m {
			a.outcomes[i] = listeners.Duplicate // somebody had it erased
			continue
		}
		fresh := inserted[next]
		next++
		switch {
		case fresh:
			a.outcomes[i] = listeners.Accepted
			if m.Lane == feedback.History {
				a.history = append(a.history, m.ID)
			} else {
				a.live = append(a.live, m.ID)
			}
		case one.entry != nil && one.entry.Revision != "":
			changed, err := p.revised(tx, a.channel, one.entry, m)
			if err != nil {
				return err
			}
			a.outcomes[i] = listeners.Duplicate
			if changed != 0 {
				a.outcomes[i] = listeners.Changed
				a.live = append(a.live, changed)
			}
		default:
			a.outcomes[i] = listeners.Duplicate
		}
	}
	return nil
}
