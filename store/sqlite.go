package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// The settings of a SQLite connection, and why:
//
//   - journal_mode WAL: readers never wait for the writer, nor it for them.
//   - synchronous FULL: a commit is on the disk when it returns. Commits are
//     shared, so that it costs next to nothing.
//   - foreign_keys: SQLite leaves them off.
//   - busy_timeout: how long a writer waits for another process (import beside
//     serve) before the work is refused as ErrUnavailable.
//   - cache_size (KiB when negative): the writer touches every index; a reader
//     needs little beyond what the system caches.
//   - temp_store: sorting must not write customers' words to /tmp.
//   - wal_autocheckpoint: pages that many commits touch go into the file once,
//     not every four megabytes.
//   - journal_size_limit: the log shrinks again after a burst.
const (
	sqliteBusy      = 5 * time.Second
	sqliteWriterKiB = 32 << 10
	sqliteReaderKiB = 8 << 10
	sqliteLogPages  = 6000 // of 4 KiB
	sqliteLogLimit  = 64 << 20

	// Prepared statements a connection keeps. Lists put their text together from
	// filters: when more texts than this have been seen, all are dropped.
	sqliteStatements = 400
)

// sqliteReaders is how many snapshots are read at a time. More would not be
// faster: SQLite reads on the processor.
func sqliteReaders() int { return max(4, min(16, 2*runtime.NumCPU())) }

type sqliteEngine struct {
	pool    *sql.DB
	writer  *groupWriter // nil when read-only
	readers chan *sqliteConn
	reading int // how many readers there are
	opened  []*sqliteConn
	closed  chan struct{}
	once    sync.Once
	err     error
}

// openSQLite opens the file at path and migrates it.
func openSQLite(ctx context.Context, path string, all []migration, readOnly bool, db *DB) (engine, error) {
	if path == "" || strings.HasPrefix(path, ":") {
		return nil, errors.New(`store: no file is named: write "sqlite:PATH"`)
	}
	if err := prepareFile(path, readOnly); err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", sqliteAddress(path))
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	e := &sqliteEngine{pool: pool, closed: make(chan struct{})}
	if err := e.open(ctx, path, all, readOnly, db); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", path, classify(err)), e.close()) //nolint:contextcheck // closing is not cancelled
	}
	return e, nil
}

// prepareFile makes the directory and the file, for the owner's eyes only: they
// hold what customers wrote. SQLite gives its log the file's permissions.
func prepareFile(path string, readOnly bool) error {
	if readOnly {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("store: open the database: %w", err)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store: make the database's directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store: open the database: %w", err)
	}
	return f.Close()
}

func sqliteAddress(path string) string {
	q := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", sqliteBusy.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"temp_store(MEMORY)",
		fmt.Sprintf("wal_autocheckpoint(%d)", sqliteLogPages),
		fmt.Sprintf("journal_size_limit(%d)", sqliteLogLimit),
	}, "_txlock": {"immediate"}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func (e *sqliteEngine) open(ctx context.Context, path string, all []migration, readOnly bool, db *DB) error {
	if readOnly {
		c, err := e.connect(ctx, sqliteReaderKiB)
		if err != nil {
			return err
		}
		if err := checkSQLite(ctx, c, all); err != nil {
			return err
		}
		return e.openReaders(ctx)
	}
	c, err := e.connect(ctx, sqliteWriterKiB)
	if err != nil {
		return err
	}
	if err := migrateSQLite(ctx, c, e.pool, path, all, db); err != nil {
		return err
	}
	if err := e.openReaders(ctx); err != nil {
		return err
	}
	e.writer = startGroupWriter(c, db) //nolint:contextcheck // it outlives this context
	return nil
}

func (e *sqliteEngine) openReaders(ctx context.Context) error {
	n := sqliteReaders()
	e.readers = make(chan *sqliteConn, n)
	for range n {
		c, err := e.connect(ctx, sqliteReaderKiB)
		if err != nil {
			return err
		}
		if _, _, err := c.exec(ctx, "PRAGMA query_only = 1", nil); err != nil {
			return err
		}
		e.readers <- c
		e.reading++
	}
	return nil
}

func (e *sqliteEngine) connect(ctx context.Context, cacheKiB int) (*sqliteConn, error) {
	raw, err := e.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &sqliteConn{raw: raw, statements: make(map[string]*sql.Stmt)}
	e.opened = append(e.opened, c)
	_, _, err = c.exec(ctx, fmt.Sprintf("PRAGMA cache_size = -%d", cacheKiB), nil)
	return c, err
}

func (e *sqliteEngine) dialect() dialect { return sqlite }

func (e *sqliteEngine) write(ctx context.Context, db *DB, fn func(tx *Tx) error) error {
	if e.writer == nil {
		return fmt.Errorf("store: write: %w", ErrReadOnly)
	}
	return e.writer.write(ctx, fn)
}

func (e *sqliteEngine) read(ctx context.Context, db *DB, fn func(tx *Tx) error) error {
	var c *sqliteConn
	select {
	case <-e.closed:
		return fmt.Errorf("store: read: %w", ErrClosed)
	default:
	}
	select {
	case c = <-e.readers:
	case <-e.closed:
		return fmt.Errorf("store: read: %w", ErrClosed)
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { e.readers <- c }()
	// The snapshot begins with the first statement that reads, and its end must
	// not fail because the caller has gone.
	detached := context.WithoutCancel(ctx)
	if _, _, err := c.exec(detached, "BEGIN DEFERRED", nil); err != nil {
		return fmt.Errorf("store: read: %w", classify(err))
	}
	defer c.rollback(detached, db)
	return db.call(&Tx{db: db, ctx: ctx, stmt: ctx, conn: c, d: sqlite}, fn)
}

func (e *sqliteEngine) ping(ctx context.Context) error {
	select {
	case <-e.closed:
		return fmt.Errorf("store: ping: %w", ErrClosed)
	case c := <-e.readers:
		defer func() { e.readers <- c }()
		_, _, err := c.exec(ctx, "SELECT count(*) FROM schema_migrations", nil)
		return classify(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close stops the writer after what it has taken, waits for the readers, and
// folds the log into the file.
func (e *sqliteEngine) close() error {
	e.once.Do(func() {
		close(e.closed)
		if e.writer != nil {
			e.writer.stop()
			ctx := context.Background()
			// Neither decides over what is kept: a reader of another process can
			// hold the log, and the statistics can wait for the next time.
			for _, last := range []string{"PRAGMA optimize", "PRAGMA wal_checkpoint(TRUNCATE)"} {
				if _, _, err := e.writer.conn.exec(ctx, last, nil); err != nil {
					e.writer.db.log.Warn("closing the database", "statement", last, "error", err)
				}
			}
		}
		for range e.reading {
			<-e.readers
		}
		for _, c := range e.opened {
			c.forget()
			e.err = errors.Join(e.err, c.raw.Close())
		}
		e.err = errors.Join(e.err, e.pool.Close())
	})
	return e.err
}

// sqliteConn is one connection with its prepared statements. It is used by one
// goroutine at a time.
type sqliteConn struct {
	raw        *sql.Conn
	statements map[string]*sql.Stmt
}

func (c *sqliteConn) exec(ctx context.Context, query string, args []any) (affected, lastID int64, err error) {
	s, err := c.prepared(ctx, query) //nolint:sqlclosecheck // it is kept for the next time
	if err != nil {
		return 0, 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, 0, err
	}
	if affected, err = r.RowsAffected(); err != nil {
		return 0, 0, err
	}
	lastID, err = r.LastInsertId()
	return affected, lastID, err
}

func (c *sqliteConn) execAll(ctx context.Context, all []statement) ([]int64, error) {
	changed := make([]int64, 0, len(all))
	for _, s := range all {
		n, _, err := c.exec(ctx, s.query, s.args)
		if err != nil {
			return changed, err
		}
		changed = append(changed, n)
	}
	return changed, nil
}

func (c *sqliteConn) query(ctx context.Context, query string, args []any) (rows, error) {
	s, err := c.prepared(ctx, query) //nolint:sqlclosecheck // it is kept for the next time
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, args...) //nolint:rowserrcheck // whoever reads the rows checks it
	if err != nil {
		return nil, err
	}
	return sqliteRows{r}, nil
}

func (c *sqliteConn) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	if len(c.statements) >= sqliteStatements {
		c.forget()
	}
	s, err := c.raw.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.statements[query] = s
	return s, nil
}

func (c *sqliteConn) forget() {
	for query, s := range c.statements {
		// The connection finalizes what it could not close.
		_ = s.Close()
		delete(c.statements, query)
	}
}

// rollback ends a transaction whatever became of it. SQLite may have ended it
// by itself, on a full disk for one.
func (c *sqliteConn) rollback(ctx context.Context, db *DB) {
	if _, _, err := c.exec(ctx, "ROLLBACK", nil); err != nil && !strings.Contains(err.Error(), "no transaction is active") {
		db.log.Error("roll back", "error", err)
	}
}

// sqliteRows is sql.Rows, whose Close reports nothing that Err has not.
type sqliteRows struct{ *sql.Rows }

func (r sqliteRows) Close() { _ = r.Rows.Close() }
