// Package store keeps everything Huiyin must not forget, in SQLite or
// PostgreSQL. SQL is the truth: what is acknowledged, intended or owed is a row
// here before anything else happens.
//
// [DB] is concrete. All work happens inside [DB.Write] or [DB.Read], on a [Tx]
// whose methods say what is kept in the words of the domain.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a DB needs from its surroundings.
type Options struct {
	// Log gets what went wrong and was put right again: retries, migrations,
	// panics inside transactions. Nil: nothing is logged.
	Log *slog.Logger
	// Now is the clock that expiries are compared with where a method takes no
	// time. Nil: time.Now.
	Now func() time.Time
	// ReadOnly opens for Read alone: nothing is created or migrated.
	ReadOnly bool
	// Failpoint is called at the steps of a migration; campaigns end the process
	// there. Nil: nothing.
	Failpoint func(step string)
}

// DB is the open database. It is safe for concurrent use.
type DB struct {
	engine engine
	log    *slog.Logger
	now    func() time.Time
	// failpoint is called at the steps of a migration.
	failpoint func(step string)
	// schema is the latest version that this program knows.
	schema int64

	accounts   atomic.Int64 // AccountsRevision
	superseded chan struct{}
	supersede  sync.Once
}

// engine is one of the two databases.
type engine interface {
	dialect() dialect
	write(ctx context.Context, db *DB, fn func(tx *Tx) error) error
	read(ctx context.Context, db *DB, fn func(tx *Tx) error) error
	ping(ctx context.Context) error
	close() error
}

// Open opens the database that dsn names and brings its schema up to date under
// a lock, so that processes may start together. dsn is "sqlite:PATH" (the
// directory is created) or "postgres://USER@HOST/DB". A schema newer than this
// program knows is refused with [ErrNewerSchema], also later, by every Write,
// where a newer program migrates beside this one. An existing older SQLite
// database is first copied to a file beside it.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	db := withDefaults(o)
	all, err := migrations()
	if err != nil {
		return nil, err
	}
	if err := db.open(ctx, dsn, all, o.ReadOnly); err != nil {
		return nil, err
	}
	return db, nil
}

func withDefaults(o Options) *DB {
	db := &DB{log: o.Log, now: o.Now, failpoint: o.Failpoint, superseded: make(chan struct{})}
	if db.failpoint == nil {
		db.failpoint = func(string) {}
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if db.now == nil {
		db.now = time.Now
	}
	return db
}

func (db *DB) open(ctx context.Context, dsn string, all []migration, readOnly bool) (err error) {
	db.schema = int64(len(all))
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		db.engine, err = openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"), all, readOnly, db)
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		db.engine, err = openPostgres(ctx, dsn, all, readOnly, db)
	default:
		// The address is not repeated: it may hold a password.
		return errors.New(`store: unknown kind of database: write "sqlite:PATH" or "postgres://USER@HOST/NAME"`)
	}
	return err
}

// Close finishes running transactions and closes the database. Later calls of
// Write and Read fail with [ErrClosed].
func (db *DB) Close() error { return db.engine.close() }

// Dialect returns "sqlite" or "postgres".
func (db *DB) Dialect() string { return db.engine.dialect().String() }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.engine.ping(ctx) }

// Write runs fn in a transaction that may write, and commits it. When Write
// returns nil, what fn wrote is durable.
//
// fn may run more than once (a lost connection, a deadlock, a neighbour in the
// same commit that failed): it must have no effect but through tx, and set the
// variables it returns results in anew each time. What is to happen once, after
// the commit, belongs into [Tx.After]. fn must not call Write.
//
// fn's error rolls back everything fn did, and is returned. A panic in fn is
// logged and returned as an error. When ctx ends before fn starts, or before a
// statement of fn, nothing is written.
//
// On SQLite concurrent Writes share one commit; an error of one does not touch
// its neighbours. On PostgreSQL each has its own, in READ COMMITTED: rows that
// decide are to be locked (LockItem, LockConversation).
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	if ctx.Value(txKey{}) != nil {
		return errors.New("store: Write inside Write: use the transaction that is open")
	}
	linked := false
	err := db.engine.write(ctx, db, func(tx *Tx) error {
		tx.linked, linked = &linked, false
		return fn(tx)
	})
	if err == nil && linked {
		db.accounts.Add(1)
	}
	if errors.Is(err, ErrNewerSchema) {
		db.supersede.Do(func() { close(db.superseded) })
	}
	return err
}

// Superseded is closed once a Write was refused since a newer Huiyin has brought
// the schema up to date: this process can only read from then on, and should end.
func (db *DB) Superseded() <-chan struct{} { return db.superseded }

// newerSchema is what a Write is refused with then. What was to be written can be
// written later, by the newer program.
func newerSchema() error {
	return fmt.Errorf("%w: %w: it was migrated while this program was at work: replace this one, too", ErrUnavailable, ErrNewerSchema)
}

// Read runs fn on a snapshot: everything fn reads is of one moment. Writes fail
// with [ErrReadOnly].
func (db *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	return db.engine.read(ctx, db, fn)
}

// call runs fn on tx and turns a panic into an error, for one caller's mistake
// must not end the process that others use.
func (db *DB) call(tx *Tx, fn func(tx *Tx) error) (err error) {
	defer func() {
		tx.ended = true
		if p := recover(); p != nil {
			db.log.Error("panic in a transaction", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("store: panic in a transaction: %v", p)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	// A statement's error that fn passed over: PostgreSQL would refuse the commit,
	// SQLite would keep half of the work. On both it is not kept.
	return tx.failed
}
