package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"
)

// The bounds of the PostgreSQL pool and of its retries.
const (
	// pgConns is the pool's size unless the address says otherwise with
	// pool_max_conns. Ten processes stay below the server's usual hundred.
	pgConns = 8
	// A transaction that lost a race or its connection is tried this often, with
	// a pause that doubles: about five seconds in all, then it is refused.
	pgTries    = 9
	pgPause    = 10 * time.Millisecond
	pgPauseMax = time.Second
	// pgFinish bounds each thing that is done whatever becomes of the caller:
	// commit, rollback, asking what became of a commit.
	pgFinish = 10 * time.Second
)

type pgEngine struct {
	pool *pgxpool.Pool
	// beginText begins a transaction that writes, and asks for its number and whether
	// the schema is newer than this program.
	beginText string
	mu        sync.RWMutex
	texts     map[string]string // statements with ? → with $1
}

func openPostgres(ctx context.Context, dsn string, all []migration, readOnly bool, db *DB) (engine, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// pgx leaves the password out of its error.
		return nil, fmt.Errorf("store: the database's address: %w", err)
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = pgConns
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", classify(err))
	}
	err = pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		return migratePostgres(ctx, c.Conn(), all, readOnly, db)
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("store: open: %w", classify(err))
	}
	begin := fmt.Sprintf("BEGIN; SELECT txid_current(), EXISTS (SELECT FROM schema_migrations WHERE version > %d)", len(all))
	return &pgEngine{pool: pool, beginText: begin, texts: make(map[string]string)}, nil
}

func (e *pgEngine) dialect() dialect { return postgres }

func (e *pgEngine) ping(ctx context.Context) error {
	if err := e.pool.Ping(ctx); err != nil {
		return fmt.Errorf("store: ping: %w", e.closedOr(err))
	}
	return nil
}

func (e *pgEngine) close() error {
	e.pool.Close()
	return nil
}

// closedOr says that the pool was closed where err comes from that.
func (e *pgEngine) closedOr(err error) error {
	if errors.Is(err, puddle.ErrClosedPool) {
		return ErrClosed
	}
	return classify(err)
}

func (e *pgEngine) write(ctx context.Context, db *DB, fn func(tx *Tx) error) error {
	pause := pgPause
	for try := 1; ; try++ {
		tx, retry, err := e.attempt(ctx, db, fn)
		if err == nil {
			tx.committed()
			return nil
		}
		if !retry || try == pgTries {
			return err
		}
		db.log.Info("a transaction is tried again", "try", try, "error", err)
		// Jitter, so that two that met do not meet again.
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // G404: a pause is no secret
		case <-ctx.Done():
			return err
		}
		pause = min(2*pause, pgPauseMax)
	}
}

// attempt runs fn in one transaction. retry reports that nothing was kept and
// that the reason may have passed.
func (e *pgEngine) attempt(ctx context.Context, db *DB, fn func(tx *Tx) error) (tx *Tx, retry bool, err error) {
	c, err := e.pool.Acquire(ctx)
	if err != nil {
		err = e.closedOr(err)
		return nil, errors.Is(err, ErrUnavailable), fmt.Errorf("store: begin: %w", err)
	}
	defer c.Release()
	// The transaction's number comes with its beginning, in one round trip. It
	// tells what became of a commit whose answer was lost.
	begun, err := c.Conn().PgConn().Exec(ctx, e.beginText).ReadAll()
	if err != nil {
		return nil, again(err) || lost(err), fmt.Errorf("store: begin: %w", classify(err))
	}
	if newer := begun[1].Rows[0][1]; string(newer) == "t" {
		rollback(ctx, c)
		return nil, false, fmt.Errorf("store: begin: %w", newerSchema())
	}
	xid := string(begun[1].Rows[0][0])
	tx = &Tx{db: db, ctx: ctx, stmt: ctx, conn: pgTx{e, c.Conn()}, d: postgres, write: true}
	open := true
	defer func() {
		if open { // also when fn ends its goroutine
			rollback(ctx, c)
		}
	}()
	if err := db.call(tx, fn); err != nil {
		if tx.failed != nil && (again(tx.failed) || lost(tx.failed)) {
			return nil, ctx.Err() == nil, tx.failed
		}
		return nil, false, err
	}
	open = false
	if retry, err := e.commit(ctx, c, xid); err != nil {
		return nil, retry, err
	}
	return tx, false, nil
}

// rollback ends a transaction. A connection that cannot is closed by Release.
func rollback(ctx context.Context, c *pgxpool.Conn) {
	if !c.Conn().IsClosed() {
		_ = finish(ctx, c, "ROLLBACK")
	}
}

// finish runs a statement that ends a transaction, also when ctx has ended.
func finish(ctx context.Context, c *pgxpool.Conn, statement string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pgFinish)
	defer cancel()
	_, err := c.Exec(ctx, statement)
	return err
}

// commit commits, and finds out what became of it when the answer is lost. It is
// asked over another connection: this one is given up first, for all others of the
// pool may have lost their answers, too.
func (e *pgEngine) commit(ctx context.Context, c *pgxpool.Conn, xid string) (retry bool, err error) {
	err = finish(ctx, c, "COMMIT")
	if err == nil {
		return false, nil
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Severity == "ERROR" {
		return again(err), fmt.Errorf("store: commit: %w", classify(err))
	}
	c.Release()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pgFinish)
	defer cancel()
	for {
		status, ask := e.outcome(ctx, xid)
		switch {
		case status == "committed":
			return false, nil
		case status == "aborted":
			return true, fmt.Errorf("store: commit: %w", classify(err))
		case status == "in progress", lost(ask), again(ask):
			// The server has not noticed yet, or is not back yet.
			select {
			case <-time.After(pgPause):
				continue
			case <-ctx.Done():
			}
		}
		return false, fmt.Errorf("store: commit: %w: %w", ErrUnknownOutcome, err)
	}
}

func (e *pgEngine) outcome(ctx context.Context, xid string) (string, error) {
	var status *string
	if err := e.pool.QueryRow(ctx, "SELECT txid_status($1::text::bigint)", xid).Scan(&status); err != nil || status == nil {
		return "", err
	}
	return *status, nil
}

func (e *pgEngine) read(ctx context.Context, db *DB, fn func(tx *Tx) error) error {
	c, err := e.begin(ctx)
	if err != nil {
		return fmt.Errorf("store: read: %w", err)
	}
	defer c.Release()
	defer rollback(ctx, c)
	return db.call(&Tx{db: db, ctx: ctx, stmt: ctx, conn: pgTx{e, c.Conn()}, d: postgres}, fn)
}

// begin opens a snapshot. Nothing has been read yet, so that a connection that
// died while idle is simply replaced.
func (e *pgEngine) begin(ctx context.Context) (*pgxpool.Conn, error) {
	pause := pgPause
	for try := 1; ; try++ {
		c, err := e.pool.Acquire(ctx)
		if err == nil {
			if _, err = c.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err == nil {
				return c, nil
			}
			c.Release()
		}
		if !again(err) && !lost(err) || try == pgTries {
			return nil, e.closedOr(err)
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // G404: a pause is no secret
		case <-ctx.Done():
			return nil, e.closedOr(err)
		}
		pause = min(2*pause, pgPauseMax)
	}
}

// pgTx is a connection inside a transaction. pgx prepares each statement once a
// connection, by its text.
type pgTx struct {
	e *pgEngine
	c *pgx.Conn
}

func (t pgTx) exec(ctx context.Context, query string, args []any) (affected, lastID int64, err error) {
	tag, err := t.c.Exec(ctx, t.e.text(query), args...)
	return tag.RowsAffected(), 0, err
}

func (t pgTx) query(ctx context.Context, query string, args []any) (rows, error) {
	return t.c.Query(ctx, t.e.text(query), args...) //nolint:sqlclosecheck // the caller closes it
}

// execAll sends all statements before it reads the first answer: one round trip.
func (t pgTx) execAll(ctx context.Context, all []statement) ([]int64, error) {
	var b pgx.Batch
	for _, s := range all {
		b.Queue(t.e.text(s.query), s.args...)
	}
	answers := t.c.SendBatch(ctx, &b)
	changed := make([]int64, 0, len(all))
	for range all {
		tag, err := answers.Exec()
		if err != nil {
			_ = answers.Close() // it repeats the error
			return changed, err
		}
		changed = append(changed, tag.RowsAffected())
	}
	return changed, answers.Close()
}

// pgTexts bounds how many rewritten statements are kept: lists put theirs
// together from filters.
const pgTexts = 1000

func (e *pgEngine) text(query string) string {
	e.mu.RLock()
	text, ok := e.texts[query]
	e.mu.RUnlock()
	if ok {
		return text
	}
	text = numbered(query)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.texts) >= pgTexts {
		clear(e.texts)
	}
	e.texts[query] = text
	return text
}
