package pipeline

import (
	"context"
	"time"

	"github.com/huiyin/huiyin/store"
)

const (
	// pruneBatch is how many outbox rows one transaction looks at.
	pruneBatch = 1000
	// pruneEvery is how often a whole pass begins, prunePause what lies between
	// two of its batches.
	pruneEvery = 24 * time.Hour
	prunePause = 50 * time.Millisecond
	// keepFires is how long the slots of schedules are kept: far longer than one
	// can be late.
	keepFires = 30 * 24 * time.Hour
)

// pruneLoop removes what is done with and was kept long enough, once a day, a
// little at a time.
func (p *Pipeline) pruneLoop(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := p.PruneOnce(ctx, p.now()); err != nil {
			return err
		}
		pause(ctx, pruneEvery)
	}
	return nil
}

// PruneOnce makes one whole pass at now.
func (p *Pipeline) PruneOnce(ctx context.Context, now time.Time) error {
	var removed, fires int64
	for done := (store.Pruned{More: true}); done.More && ctx.Err() == nil; pause(ctx, prunePause) {
		after := done.Next
		err := p.db.Write(ctx, func(tx *store.Tx) error {
			var err error
			done, err = tx.Prune(after, now.Add(-p.keepDone), pruneBatch)
			return err
		})
		if err != nil {
			return err
		}
		removed += done.Removed
	}
	err := p.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		fires, err = tx.PruneFires(now.Add(-keepFires))
		return err
	})
	if removed+fires > 0 {
		p.log.Info("removed what was done with", "outbox", removed, "fires", fires)
	}
	return err
}
