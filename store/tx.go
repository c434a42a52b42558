package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/huiyin/huiyin/feedback"
)

// Tx is an open transaction. It is used by one goroutine, inside the function
// that it was given to.
type Tx struct {
	db     *DB
	ctx    context.Context
	stmt   context.Context // of the single statements
	conn   conn
	d      dialect
	write  bool
	ended  bool
	failed error // the first error of a statement
	after  []func()
	batch  *together // inside Together
	linked *bool     // set where accounts are linked or unlinked
	// authors are those that SaveAuthor compares with.
	authors readAuthors
}

// conn is an engine's connection inside a transaction. It takes statements with
// ? for each argument and numbers them itself, once a text.
type conn interface {
	exec(ctx context.Context, query string, args []any) (affected, lastID int64, err error)
	query(ctx context.Context, query string, args []any) (rows, error)
	// execAll runs statements in one go, and says how many rows each changed.
	execAll(ctx context.Context, all []statement) ([]int64, error)
}

// rows is a result being read.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

type txKey struct{}

var errEnded = errors.New("store: the transaction has ended: use it only inside its function")

// Context returns the context of the transaction. A Write made with it fails,
// as it would wait for itself.
func (tx *Tx) Context() context.Context {
	if tx.write {
		return context.WithValue(tx.ctx, txKey{}, true)
	}
	return tx.ctx
}

// After has fn run once after the commit, in the goroutine that called Write
// and in the order given: to ring doorbells. A rollback drops it.
func (tx *Tx) After(fn func()) { tx.after = append(tx.after, fn) }

// committed does what was kept for after the commit.
func (tx *Tx) committed() {
	for _, fn := range tx.after {
		fn()
	}
}

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	affected, _, err := tx.execID(query, args...)
	return affected, err
}

// execID is exec; on SQLite it also returns the id of the row inserted last.
func (tx *Tx) execID(query string, args ...any) (affected, lastID int64, err error) {
	if err := tx.before(true); err != nil {
		return 0, 0, err
	}
	bound, err := tx.ready(args)
	if err != nil {
		return 0, 0, err
	}
	affected, lastID, err = tx.conn.exec(tx.stmt, query, bound)
	return affected, lastID, tx.note(query, err)
}

// execAll runs statements in one go, whose arguments are bound, and each of which
// has to change as many rows as it says.
func (tx *Tx) execAll(all []statement) error {
	if _, err := tx.ready(nil); err != nil || len(all) == 0 {
		return err
	}
	changed, err := tx.conn.execAll(tx.stmt, all)
	if err != nil {
		query := "a batch"
		if len(changed) < len(all) {
			query = all[len(changed)].query
		}
		return tx.note(query, err)
	}
	for i, n := range changed {
		if err := exact(all[i].rows, n, all[i].query); err != nil {
			return err
		}
	}
	return nil
}

// each runs a query and calls scan for each row.
func (tx *Tx) each(scan func(r rows) error, query string, args ...any) error {
	if err := tx.before(!strings.HasPrefix(query, "SELECT") && !strings.HasPrefix(query, "WITH")); err != nil {
		return err
	}
	bound, err := tx.ready(args)
	if err != nil {
		return err
	}
	r, err := tx.conn.query(tx.stmt, query, bound)
	if err != nil {
		return tx.note(query, err)
	}
	defer r.Close()
	for r.Next() {
		if err := scan(r); err != nil {
			return tx.note(query, err)
		}
	}
	return tx.note(query, r.Err())
}

// one runs a query and scans its first row into dest; false when there is none.
func (tx *Tx) one(dest []any, query string, args ...any) (bool, error) {
	found := false
	err := tx.each(func(r rows) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(dest...)
	}, query, args...)
	return found && err == nil, err
}

// get is one for a row that should exist: what names it in ErrNotFound.
func (tx *Tx) get(what string, dest []any, query string, args ...any) error {
	found, err := tx.one(dest, query, args...)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%s: %w", what, feedback.ErrNotFound)
	}
	return nil
}

// number runs a query for a single number; 0 when there is no row.
func (tx *Tx) number(query string, args ...any) (int64, error) {
	var n int64
	_, err := tx.one([]any{&n}, query, args...)
	return n, err
}

// list runs a query and returns a T for each row, scanned into what fields
// points to.
func list[T any](tx *Tx, fields func(*T) []any, query string, args ...any) ([]*T, error) {
	var all []*T
	err := tx.each(func(r rows) error {
		v := new(T)
		if err := r.Scan(fields(v)...); err != nil {
			return err
		}
		all = append(all, v)
		return nil
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return all, nil
}

// ready reports why no statement can run now, and returns args as the engines
// take them. After one that failed none does: on a full disk SQLite has ended the
// transaction by itself then, and would keep what follows a statement at a time.
func (tx *Tx) ready(args []any) ([]any, error) {
	if tx.ended {
		return nil, errEnded
	}
	if tx.failed != nil {
		return nil, tx.failed
	}
	err := tx.ctx.Err()
	if err == nil {
		if args, err = bind(args); err == nil {
			return args, nil
		}
	}
	tx.failed = err
	return nil, err
}

// note keeps the first error of the engine, with the statement's beginning: a
// statement holds no data.
func (tx *Tx) note(query string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("store: %s: %w", beginning(query), classify(err))
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

func beginning(query string) string {
	words := strings.Fields(query)
	if len(words) > 4 {
		words = words[:4]
	}
	return strings.Join(words, " ")
}

// locked returns the clause that holds the rows read until the transaction ends.
// SQLite has one writer: nothing is to be held.
func (tx *Tx) locked() string {
	if tx.d == postgres && tx.write {
		return " FOR UPDATE"
	}
	return ""
}
