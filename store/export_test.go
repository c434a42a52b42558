package store

import (
	"context"
	"fmt"
	"log/slog"
)

// What the tests of the engines need beyond the methods that are for use.

// OpenWith opens as Open does a program that knows further migrations.
func OpenWith(ctx context.Context, dsn string, log *slog.Logger, texts ...string) (*DB, error) {
	all, err := migrations()
	if err != nil {
		return nil, err
	}
	for n, text := range texts {
		all = append(all, migration{version: int64(len(all) + 1), name: fmt.Sprintf("test%d", n), text: text})
	}
	db := withDefaults(Options{Log: log})
	return db, db.open(ctx, dsn, all, false)
}

// Exec runs a statement.
func (tx *Tx) Exec(query string, args ...any) (int64, error) { return tx.exec(query, args...) }

// Number runs a query for a number.
func (tx *Tx) Number(query string, args ...any) (int64, error) { return tx.number(query, args...) }

// Numbered rewrites placeholders for PostgreSQL.
func Numbered(query string) string { return numbered(query) }

// ExplainAnalyzeBatch returns how PostgreSQL looks for a batch to be analysed.
func (tx *Tx) ExplainAnalyzeBatch(ids []int64) (plan string, err error) {
	in, arg := anyID(tx.d, ids)
	err = tx.each(func(r rows) error {
		var line string
		err := r.Scan(&line)
		plan += line + "\n"
		return err
	}, "EXPLAIN "+analyzeBatch(in), arg, limit(50))
	return plan, err
}
