package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// lateEvery is how often a database that is not there yet is tried again.
const lateEvery = time.Second

// OpenLater is Open for a process that has work to do while the database is
// away or migrates: after patience it returns a DB whose methods fail with
// [ErrUnavailable] until the database is open. settled then yields nil, or the
// error that trying again cannot mend. What trying again cannot mend at once,
// is returned at once.
func OpenLater(ctx context.Context, dsn string, o Options, patience time.Duration) (db *DB, settled <-chan error, err error) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	late := &lateEngine{cancel: cancel, ended: make(chan struct{}), d: sqlite}
	if !strings.HasPrefix(dsn, "sqlite:") {
		late.d = postgres
	}
	late.why.Store(&errWhy{errors.New("it is still being opened")})
	outcome := make(chan error, 1)
	db = withDefaults(o)
	go late.open(work, dsn, o, outcome)
	select {
	case err := <-outcome:
		if err != nil {
			return nil, nil, errors.Join(err, late.close())
		}
		outcome <- nil
	case <-time.After(patience):
	case <-ctx.Done():
		return nil, nil, errors.Join(ctx.Err(), late.close())
	}
	db.engine = late
	return db, outcome, nil
}

// lateEngine is an engine that is perhaps not open yet.
type lateEngine struct {
	d      dialect
	inner  atomic.Pointer[engine]
	why    atomic.Pointer[errWhy]
	cancel context.CancelFunc
	ended  chan struct{} // nobody is opening any more
	once   sync.Once
}

type errWhy struct{ error }

// open tries until the database is open or an error is there to stay.
func (l *lateEngine) open(ctx context.Context, dsn string, o Options, outcome chan<- error) {
	defer close(l.ended)
	for {
		db, err := Open(ctx, dsn, o)
		if err == nil {
			l.inner.Store(&db.engine)
			outcome <- nil
			return
		}
		if !errors.Is(err, ErrUnavailable) || hopeless(err) {
			outcome <- err
			return
		}
		if was := l.why.Swap(&errWhy{err}); was.Error() != err.Error() && o.Log != nil {
			o.Log.Warn("the database is not there yet, it is tried again", "err", err)
		}
		select {
		case <-time.After(lateEvery):
		case <-ctx.Done():
			outcome <- ctx.Err()
			return
		}
	}
}

// hopeless reports whether PostgreSQL answers, and says that name, password or
// database are wrong.
func hopeless(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "28") || pg.Code == "3D000")
}

// now returns the engine, or why there is none.
func (l *lateEngine) now() (engine, error) {
	if e := l.inner.Load(); e != nil {
		return *e, nil
	}
	return nil, fmt.Errorf("store: %w: %w", ErrUnavailable, l.why.Load().error)
}

func (l *lateEngine) dialect() dialect { return l.d }

func (l *lateEngine) write(ctx context.Context, db *DB, fn func(tx *Tx) error) error {
	e, err := l.now()
	if err != nil {
		return err
	}
	return e.write(ctx, db, fn)
}

func (l *lateEngine) read(ctx context.Context, db *DB, fn func(tx *Tx) error) error {
	e, err := l.now()
	if err != nil {
		return err
	}
	return e.read(ctx, db, fn)
}

func (l *lateEngine) ping(ctx context.Context) error {
	e, err := l.now()
	if err != nil {
		return err
	}
	return e.ping(ctx)
}

// close ends the tries and closes what they opened.
func (l *lateEngine) close() error {
	var err error
	l.once.Do(func() {
		l.cancel()
		<-l.ended
		if e := l.inner.Load(); e != nil {
			err = (*e).close()
		}
	})
	return err
}
