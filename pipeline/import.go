package pipeline

import (
	"context"

	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
)

// importTries is how often an import analyses what failed before it leaves it
// to serve's reconciler.
const importTries = 3

// Import stores entries of a channel in one transaction and analyses them in
// this process, so that they can be looked at as soon as it returns. Nothing is
// announced: no serve is needed, and one that runs beside takes over only what
// this process leaves behind.
func (p *Pipeline) Import(ctx context.Context, channel string, entries []listeners.Entry) ([]listeners.Outcome, error) {
	var outcomes []listeners.Outcome
	var ids []int64
	err := p.db.Write(ctx, func(tx *store.Tx) error {
		var live, history []int64
		var err error
		outcomes, live, history, err = p.put(tx, channel, entries, p.now().UTC())
		ids = append(live, history...)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.meter.Received(channel, len(ids))
	for range importTries {
		// What was dealt with is passed over: AnalyzeBatch returns unfinished ones.
		if err := p.analyze(ctx, ids); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// FinishHistory analyses what earlier imports left unfinished: they were ended
// between storing and analysing. It returns how many messages it took up.
func (p *Pipeline) FinishHistory(ctx context.Context) (int, error) {
	taken := 0
	for last := int64(0); ; {
		var ids []int64
		err := p.db.Read(ctx, func(tx *store.Tx) error {
			var err error
			_, ids, err = tx.Unfinished(p.now(), analyzeBatch)
			return err
		})
		if err != nil || len(ids) == 0 || ids[0] == last {
			return taken, err
		}
		last = ids[0]
		if err := p.analyze(ctx, ids); err != nil {
			return taken, err
		}
		taken += len(ids)
	}
}
