package store

import "time"

// Audit is a line about what was done to people's data or to sign-ins: what,
// when, by which colleague (0: at the command line, or the program itself). Data
// never holds anything about customers.
type Audit struct {
	ID    int64
	At    time.Time
	Kind  string
	Staff int64
	Data  map[string]string
}

const auditColumns = "at, kind, staff, data"

func auditFields(a *Audit) []any { return []any{at{&a.At}, &a.Kind, &a.Staff, inJSON(&a.Data)} }

// AddAudit adds a line. Nothing ever changes or removes one.
func (tx *Tx) AddAudit(a Audit) error {
	_, err := tx.exec("INSERT INTO audit ("+auditColumns+") VALUES ("+places(auditColumns)+")", auditFields(&a)...)
	return err
}

// Audits returns the newest lines, the newest first, at most max (0: all).
func (tx *Tx) Audits(max int) ([]*Audit, error) {
	return list(tx, func(a *Audit) []any { return append([]any{&a.ID}, auditFields(a)...) }, "SELECT id, "+auditColumns+" FROM audit ORDER BY id DESC LIMIT ?", limit(max))
}
