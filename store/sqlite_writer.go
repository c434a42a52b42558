package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A commit on SQLite costs a flush of the disk, which many transactions can
// share. groupWriter owns the one connection that writes. It takes jobs in
// their order; as long as more are waiting it runs them inside one transaction,
// each in a savepoint, and commits when none waits any more, or at these
// bounds. Batches so grow by themselves with the time that a commit takes, and
// a lone job waits for nothing.
const (
	groupJobs   = 64
	groupLinger = 5 * time.Millisecond
	groupQueue  = 1024
)

// job is one call of Write. Its function runs in the goroutine of its caller,
// when it is told that it has the connection: a panic, or the end of the
// goroutine, is then the caller's own.
type job struct {
	turn  chan struct{} // writer → caller: the connection is yours
	ran   chan error    // caller → writer: take it back; fn's outcome
	done  chan error    // writer → caller: the outcome of all
	taken atomic.Bool   // by the writer, or by a caller whose context ended
}

type groupWriter struct {
	db    *DB
	conn  *sqliteConn
	queue chan *job
	quit  chan struct{}
	ended chan struct{}
	once  sync.Once
}

func startGroupWriter(c *sqliteConn, db *DB) *groupWriter {
	w := &groupWriter{
		db: db, conn: c,
		queue: make(chan *job, groupQueue),
		quit:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	go w.loop()
	return w
}

// stop ends the writer after the jobs that are queued.
func (w *groupWriter) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.ended
}

// write queues fn and waits until it is committed or refused.
func (w *groupWriter) write(ctx context.Context, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-w.quit:
		return fmt.Errorf("store: write: %w", ErrClosed)
	default:
	}
	j := &job{turn: make(chan struct{}), ran: make(chan error), done: make(chan error, 1)}
	select {
	case w.queue <- j:
	case <-w.ended:
		return fmt.Errorf("store: write: %w", ErrClosed)
	case <-ctx.Done():
		return ctx.Err()
	}
	return w.await(ctx, j, fn)
}

// await runs fn each time that j has its turn, until the outcome is known.
func (w *groupWriter) await(ctx context.Context, j *job, fn func(tx *Tx) error) error {
	var tx *Tx
	cancelled := ctx.Done()
	for {
		select {
		case <-j.turn:
			// Once its turn has come, a job waits for its outcome. Cancelling stops
			// it between two statements, never inside one: SQLite would roll back
			// its neighbours with it.
			cancelled = nil
			tx = &Tx{db: w.db, ctx: ctx, stmt: context.WithoutCancel(ctx), conn: w.conn, d: sqlite, write: true}
			w.run(j, tx, fn)
		case err := <-j.done:
			if err == nil {
				tx.committed()
			}
			return err
		case <-cancelled:
			if j.taken.CompareAndSwap(false, true) {
				return ctx.Err()
			}
			cancelled = nil
		case <-w.ended:
			select {
			case err := <-j.done:
				j.done <- err // the case above takes it
			default:
				return fmt.Errorf("store: write: %w", ErrClosed)
			}
		}
	}
}

// run runs fn and hands the connection back however fn ends.
func (w *groupWriter) run(j *job, tx *Tx, fn func(tx *Tx) error) {
	err := errors.New("store: the goroutine ended inside its transaction")
	defer func() { j.ran <- err }()
	err = w.db.call(tx, fn)
}

func (w *groupWriter) loop() {
	defer close(w.ended)
	for {
		select {
		case j := <-w.queue:
			w.group(j)
		case <-w.quit:
			for {
				select {
				case j := <-w.queue:
					w.group(j)
				default:
					return
				}
			}
		}
	}
}

// group runs first and the jobs that wait behind it, and commits them together.
func (w *groupWriter) group(first *job) {
	if !first.taken.CompareAndSwap(false, true) {
		return
	}
	if err := w.begin(); err != nil {
		w.refuse(first, err)
		return
	}
	// The first needs no savepoint: nothing is lost with it.
	if err := w.turn(first); err != nil {
		w.conn.rollback(context.Background(), w.db)
		first.done <- err
		return
	}
	members := []*job{first}
	for begun := time.Now(); len(members) < groupJobs && time.Since(begun) < groupLinger; {
		j := w.next()
		if j == nil {
			break
		}
		whole, err := w.member(j)
		if err == nil {
			members = append(members, j)
			continue
		}
		j.done <- err
		if !whole {
			w.again(members)
			return
		}
	}
	w.commit(members)
}

// next returns the next waiting job, or nil.
func (w *groupWriter) next() *job {
	for {
		select {
		case j := <-w.queue:
			if j.taken.CompareAndSwap(false, true) {
				return j
			}
		default:
			return nil
		}
	}
}

// turn lets j's caller run its function.
func (w *groupWriter) turn(j *job) error {
	j.turn <- struct{}{}
	return <-j.ran
}

// member runs j inside the open transaction. whole is false when SQLite ended
// that transaction by itself, as it does on a full disk.
func (w *groupWriter) member(j *job) (whole bool, err error) {
	if err := w.do("SAVEPOINT job"); err != nil {
		return false, err
	}
	if err := w.turn(j); err != nil {
		if w.do("ROLLBACK TO job") != nil || w.do("RELEASE job") != nil {
			return false, err
		}
		return true, err
	}
	if err := w.do("RELEASE job"); err != nil {
		return false, err
	}
	return true, nil
}

func (w *groupWriter) commit(members []*job) {
	err := w.do("COMMIT")
	if err == nil {
		for _, j := range members {
			j.done <- nil
		}
		return
	}
	if len(members) == 1 {
		w.conn.rollback(context.Background(), w.db)
		members[0].done <- err
		return
	}
	w.again(members)
}

// again runs each of members in a transaction of its own, after the one they
// shared was lost.
func (w *groupWriter) again(members []*job) {
	w.conn.rollback(context.Background(), w.db)
	w.db.log.Warn("a shared commit was lost; its transactions run again one by one", "transactions", len(members))
	for _, j := range members {
		err := w.begin()
		if err == nil {
			if err = w.turn(j); err == nil {
				err = w.do("COMMIT")
			}
			if err != nil {
				w.conn.rollback(context.Background(), w.db)
			}
		}
		j.done <- err
	}
}

// begin begins a transaction, unless a newer program has migrated the database.
func (w *groupWriter) begin() error {
	if err := w.do("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	ctx := context.Background()
	newer, err := w.newer(ctx)
	if err == nil && newer {
		err = newerSchema()
	}
	if err != nil {
		w.conn.rollback(ctx, w.db)
		return fmt.Errorf("store: begin: %w", classify(err))
	}
	return nil
}

// newer reports whether the schema is newer than this program.
func (w *groupWriter) newer(ctx context.Context) (bool, error) {
	r, err := w.conn.query(ctx, selectNewer, []any{w.db.schema})
	if err != nil {
		return false, err
	}
	defer r.Close()
	var steps int
	for r.Next() {
		if err := r.Scan(&steps); err != nil {
			return false, err
		}
	}
	return steps > 0, r.Err()
}

// refuse tells first and all that wait behind it that another process holds the
// database: each has waited as long as the first, and would wait as long again.
func (w *groupWriter) refuse(first *job, err error) {
	first.done <- err
	for range len(w.queue) {
		j := w.next()
		if j == nil {
			return
		}
		j.done <- err
	}
}

func (w *groupWriter) do(statement string) error {
	_, _, err := w.conn.exec(context.Background(), statement, nil)
	if err != nil {
		return fmt.Errorf("store: %s: %w", statement, classify(err))
	}
	return nil
}
