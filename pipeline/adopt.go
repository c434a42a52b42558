package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// adopt makes known the message of ours that a colleague wrote under, where the
// platform took it and the process ended before that was recorded: what is
// written there is about an item all the same. An error leaves the event to be
// delivered again.
func (p *Pipeline) adopt(ctx context.Context, bot string, e bots.Event) error {
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.OutByExternal(bot, e.Chat.ID, e.Thread)
		return err
	})
	if !errors.Is(err, feedback.ErrNotFound) {
		return err
	}
	key := ""
	if r := p.runner(bot); r != nil {
		if finder, can := r.bot.(bots.Finder); can {
			if key, err = finder.KeyOf(ctx, e.Chat.ID, e.Thread); err != nil {
				return fmt.Errorf("what was written under is not known yet: %w", err)
			}
		}
	}
	return p.desk.Adopt(ctx, bot, e.Chat.ID, e.Thread, key, e.About)
}
