package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
)

// apart divides a batch: messages that were tried before, and whatever else was
// said in their conversations, are tried alone, those with the fewest tries
// first. So one that ends the process, or hangs it, takes no others along more
// than once, and is found out by itself.
func apart(ms []*feedback.Message) (together, alone []*feedback.Message) {
	tries := map[int64]int{} // of a conversation: the most that one of its messages had
	for _, m := range ms {
		if m.Conversation != 0 {
			tries[m.Conversation] = max(tries[m.Conversation], m.Attempts)
		}
	}
	of := func(m *feedback.Message) int { return max(tries[m.Conversation], m.Attempts) }
	for _, m := range ms {
		if of(m) == 0 {
			together = append(together, m)
		} else {
			alone = append(alone, m)
		}
	}
	// Stable: what was said in one conversation stays in its order.
	slices.SortStableFunc(alone, func(a, b *feedback.Message) int { return cmp.Compare(of(a), of(b)) })
	return together, alone
}

// passOn gives messages that the analysis fails on to people, without a verdict.
func (p *Pipeline) passOn(ctx context.Context, ms []*feedback.Message) {
	rules := p.desk.Rules()
	for _, m := range ms {
		c := desk.Incoming{Message: m, Unread: m.Error}
		// Where it is the analysis that fails, it can still be found by its words.
		if err := safely(func() error { c.Tokens = rules.Index(m.Text); return nil }); err != nil {
			p.log.Warn("message cannot be cut for search", "message", m.ID, "err", err)
		}
		if err := p.desk.Apply(ctx, c)[0].Err; err != nil && !errors.Is(err, feedback.ErrDuplicate) {
			p.failed(ctx, m, err)
			continue
		}
		p.setAside(m)
	}
}

// setAside tells the operator of messages that were set aside.
func (p *Pipeline) setAside(ms ...*feedback.Message) {
	for _, m := range ms {
		p.meter.Quarantined(1)
		p.log.Error("message quarantined", "message", m.ID, "channel", m.Channel, "reason", m.Error)
	}
}
