package pipeline

import (
	"context"
	"time"

	"github.com/huiyin/huiyin/store"
)

// colleaguesFresh is how long the list of linked accounts is used before it is
// read again: what another process links shows within it. What this process
// links shows at once.
const colleaguesFresh = 2 * time.Second

// colleagues tells customers from colleagues without asking the database about
// each customer.
type colleagues struct {
	turn     chan struct{} // one token: whoever has it may look at the rest, and read it anew
	accounts map[store.Account]struct{}
	revision int64
	read     time.Time
}

func newColleagues() colleagues { return colleagues{turn: make(chan struct{}, 1)} }

// linked reports whether an account may be a colleague's. While another caller
// waits for the database, ctx ends the wait: what is pushed has to get onto the
// spool in time.
func (c *colleagues) linked(ctx context.Context, p *Pipeline, a store.Account) (bool, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-c.turn }()
	now, revision := p.now(), p.db.AccountsRevision()
	if c.accounts == nil || c.revision != revision || now.Sub(c.read) >= colleaguesFresh || now.Before(c.read) {
		err := p.db.Read(ctx, func(tx *store.Tx) error {
			var err error
			c.accounts, err = tx.Accounts()
			return err
		})
		if err != nil {
			c.accounts = nil
			return false, err
		}
		c.revision, c.read = revision, now
	}
	_, known := c.accounts[a]
	return known, nil
}
