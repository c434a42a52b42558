package e2e

import (
	"database/sql"
	"fmt"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// kept says what the database holds of a token, and what the processes said of
// messages that were set aside: for whoever looks for the cause of a failure.
func (h *house) kept(t *track) string {
	db, err := h.sql()
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	messages := "FROM messages WHERE text LIKE '%" + t.token + "%' OR author IN (SELECT id FROM authors WHERE name LIKE '%" + t.token + "%')"
	items := fmt.Sprintf("(SELECT item %s AND item <> 0 UNION SELECT %d)", messages, t.number)
	var b strings.Builder
	for _, q := range []string{
		"SELECT 'message', id, item, stage, attempts, error, received_at, external " + messages + " ORDER BY id",
		"SELECT 'item', id, state, team, owner, receipt, closure, resolution FROM items WHERE id IN " + items,
		"SELECT 'out', id, kind, state, attempts, error, external, next_at FROM outbox WHERE item IN " + items + " ORDER BY id",
		"SELECT 'timer', item, kind, due, 0, 0, 0, 0 FROM timers WHERE item IN " + items,
	} {
		b.WriteString(table(db, q))
	}
	for i, p := range h.procs {
		for line := range strings.Lines(p.err.String()) {
			if strings.Contains(line, "quarantined") {
				fmt.Fprintf(&b, "process %d: %s", i, line)
			}
		}
	}
	return b.String()
}

// sql opens the database itself, to look at it beside the program.
func (h *house) sql() (*sql.DB, error) {
	driver, dsn := "pgx", h.set.database
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, dsn = "sqlite", path+"?_pragma=busy_timeout(5000)"
	}
	return sql.Open(driver, dsn)
}

// table returns the rows of eight columns that a query has.
func table(db *sql.DB, query string) string {
	rows, err := db.Query(query)
	if err != nil {
		return err.Error() + "\n"
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var cells [8]any
		var to [8]any
		for i := range cells {
			to[i] = &cells[i]
		}
		if err := rows.Scan(to[:]...); err != nil {
			return err.Error() + "\n"
		}
		fmt.Fprintln(&b, cells[:]...)
	}
	if err := rows.Err(); err != nil {
		return err.Error() + "\n"
	}
	return b.String()
}
