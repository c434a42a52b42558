package pipeline

import (
	"context"
	"sync"
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
	mu       sync.Mutex
	accounts map[store.Account]struct{}
	revision int64
	read     time.Time
}

// linked reports whether an account may be a colleague's.
func (c *colleagues) linked(ctx context.Context, p *Pipeline, a store.Account) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
