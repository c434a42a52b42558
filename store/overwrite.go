package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// overwriteBusy is how long a rewrite waits for other writers.
	overwriteBusy = 30 * time.Second
	// overwriteTries is how often the log is tried to be emptied: a reader that
	// still looks at it keeps it.
	overwriteTries = 50
)

// Overwrite makes what was deleted unreadable where the database keeps it: in
// SQLite's free pages, its log and the segments of its search index; in
// PostgreSQL's dead rows. It can run beside serve. SQLite is written anew, which
// needs room for a second copy and keeps writers waiting meanwhile.
//
// It returns the copies of the database that were made before migrations, which
// it does not touch.
func Overwrite(ctx context.Context, dsn string) (copies []string, err error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		if err := overwriteSQLite(ctx, path); err != nil {
			return nil, fmt.Errorf("store: write the database anew (is there room for a second copy of it?): %w", err)
		}
		copies, err = filepath.Glob(globbed(path) + ".v*")
		return copies, err
	}
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	for _, table := range []string{"messages", "items", "attachments", "authors", "conversations", "outbox", "events", "corrections", "item_words", "timers", "state"} {
		if _, verr := c.Exec(ctx, "VACUUM "+table); verr != nil {
			err = errors.Join(err, fmt.Errorf("store: vacuum %s: %w", table, verr))
		}
	}
	return nil, errors.Join(err, c.Close(ctx))
}

// globbed quotes what a pattern would read in a path.
func globbed(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func overwriteSQLite(ctx context.Context, path string) (err error) {
	q := url.Values{"_pragma": {fmt.Sprintf("busy_timeout(%d)", overwriteBusy.Milliseconds()), "synchronous(FULL)", "secure_delete(1)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	for _, statement := range []string{
		// A deleted entry of the index is marked only; writing it into one segment
		// leaves it out.
		"INSERT INTO item_words (item_words) VALUES ('optimize')",
		"VACUUM",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	for range overwriteTries {
		var busy, log, done int
		if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done); err != nil {
			return err
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("the log is in use all the time: run the command again when less is going on")
}
