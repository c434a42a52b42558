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
	return tx.explain(analyzeBatch(in), arg, limit(50))
}

// ExplainOfAuthor returns how what an author has is looked for.
func (tx *Tx) ExplainOfAuthor(author int64) (plan string, err error) {
	for _, query := range []string{
		"SELECT path FROM attachments WHERE message IN (" + authorsMessages + ")",
		"SELECT text FROM messages WHERE id IN (" + authorsMessages + ")",
		"SELECT body FROM outbox WHERE id IN (" + authorsOut + ")",
		"SELECT body FROM outbox WHERE " + waiting + " AND id IN (" + authorsOut + ")",
	} {
		one, err := tx.explain(query, author)
		if err != nil {
			return "", err
		}
		plan += query + "\n" + one
	}
	return plan, nil
}

func (tx *Tx) explain(query string, args ...any) (plan string, err error) {
	if tx.d == sqlite {
		err = tx.each(func(r rows) error {
			var id, parent, unused int64
			var line string
			err := r.Scan(&id, &parent, &unused, &line)
			plan += line + "\n"
			return err
		}, "EXPLAIN QUERY PLAN "+query, args...)
		return plan, err
	}
	err = tx.each(func(r rows) error {
		var line string
		err := r.Scan(&line)
		plan += line + "\n"
		return err
	}, "EXPLAIN "+query, args...)
	return plan, err
}
