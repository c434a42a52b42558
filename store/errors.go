package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/huiyin/huiyin/feedback"
)

// Errors of the database itself. What concerns rows is in feedback: ErrNotFound,
// ErrConflict, ErrDuplicate, ErrInvalid.
var (
	// ErrUnavailable says that the database cannot take the work now: it is
	// locked, full, restarting or not to be reached. Nothing was kept; the same
	// work may succeed later.
	ErrUnavailable = errors.New("the database cannot take it now")
	// ErrUnknownOutcome says that the connection broke while committing and
	// nobody can say whether the work was kept. It is returned only where
	// PostgreSQL has forgotten the transaction, as after a failover.
	ErrUnknownOutcome = errors.New("nobody knows whether the database kept it")
	// ErrReadOnly says that something was to be written inside Read.
	ErrReadOnly = errors.New("nothing can be written here")
	// ErrClosed says that the DB was closed.
	ErrClosed = errors.New("the database is closed")
	// ErrNewerSchema says that a newer Huiyin has been here.
	ErrNewerSchema = errors.New("the database belongs to a newer huiyin")
	// ErrOlderSchema says that a DB opened to read has to be migrated first.
	ErrOlderSchema = errors.New("the database belongs to an older huiyin")
)

// classify puts the engines' errors into the words above.
func classify(err error) error {
	var lite *driver.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		case sqlite3.SQLITE_READONLY:
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		case sqlite3.SQLITE_CONSTRAINT:
			if code := lite.Code(); code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
				return fmt.Errorf("%w: %w", feedback.ErrDuplicate, err)
			}
		}
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "23505":
			return fmt.Errorf("%w: %w", feedback.ErrDuplicate, err)
		case pg.Code == "25006":
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		case again(err), pg.Code[:2] == "53", pg.Code[:2] == "58", pg.Code == "55P03", pg.Code == "57014":
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return err
	}
	if lost(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// again reports whether PostgreSQL ended the transaction for a reason that does
// not lie in it: it conflicted with another, or the server is going down.
func again(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", "40P01", "57P01", "57P02", "57P03", "57P04", "57P05":
		return true
	default:
		return len(pg.Code) == 5 && pg.Code[:2] == "08"
	}
}

// lost reports whether the connection to PostgreSQL broke, or none could be
// made. A context that ended is neither.
func lost(err error) bool {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true // also where the time for connecting was over
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
