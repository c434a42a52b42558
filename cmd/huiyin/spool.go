package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/huiyin/huiyin/store/spool"
)

// openSpool opens the disk spool where this process takes what is pushed.
func (a *app) openSpool(context.Context) error {
	if a.cfg.Storage.SpoolMax == 0 || !a.roles.web && !a.roles.bots {
		return nil
	}
	s, err := spool.Open(a.cfg.Storage.Spool, a.spoolOptions())
	if err != nil {
		return fmt.Errorf("storage.spool: %w", err)
	}
	a.spool = s
	a.onStop("disk spool", func(context.Context) error { return s.Close() })
	if st := s.Stats(); st.Depth > 0 || st.Quarantined > 0 {
		a.log.Info("the disk spool holds messages from before, they are put into the database", "n", st.Depth, "oldest", st.Oldest, "set_aside", st.Quarantined)
	}
	return nil
}

func (a *app) spoolOptions() spool.Options {
	return spool.Options{Max: int64(a.cfg.Storage.SpoolMax), Log: a.log, Failpoint: failpoint}
}

// orphans takes the spools of processes that died beside this one.
func (a *app) orphans() ([]*spool.Spool, error) {
	return spool.Orphans(a.cfg.Storage.Spool, a.spoolOptions())
}

// ready says why the process cannot take messages now; degraded says what is
// wrong where it can nevertheless take what is pushed.
func (a *app) ready() (degraded string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	st, room := a.pipeline.Waiting()
	if a.db.Ping(ctx) != nil {
		switch {
		case a.spool == nil:
			return "", errors.New("the database does not answer")
		case !room:
			return "", errors.New("the database does not answer, and the disk spool is full")
		}
		return fmt.Sprintf("the database does not answer: what is pushed is kept on disk (%d waiting)", st.Depth), nil
	}
	if st.Depth > 0 {
		return fmt.Sprintf("%d messages are kept on disk and wait for the database", st.Depth), nil
	}
	return "", nil
}

// waiting tells the pages what is kept on disk.
func (a *app) waiting() (n int, oldest time.Time) {
	st, _ := a.pipeline.Waiting()
	return st.Depth, st.Oldest
}
