package store

import "time"

// Model is one try at learning from corrections.
type Model struct {
	ID      int64
	Version string
	Base    string // what was learned beside: another program's is of no use
	Lessons int    // texts that it learned from
	Print   string // of the corrections that stood, so that the same are not tried again
	At      time.Time
	Took    time.Duration
	Applied bool
	Reason  string // why it was not applied: a code
	Figures string // JSON, opaque here
	Data    []byte // what was learned; nil where nothing, and of older ones
}

const modelColumns = "version, base, lessons, print, at, took, applied, reason, figures"

func modelRow(m *Model) []any {
	return []any{&m.ID, &m.Version, &m.Base, whole{&m.Lessons}, &m.Print, at{&m.At}, span{&m.Took}, &m.Applied, &m.Reason, &m.Figures}
}

// AddModel keeps a try at learning, and sets its ID. What was learned is
// forgotten of all but the one that is in force from now on and the one before.
func (tx *Tx) AddModel(m *Model) error {
	args := append(modelRow(m)[1:], &m.Data)
	if err := tx.get("model", []any{&m.ID}, "INSERT INTO models ("+modelColumns+", data) VALUES ("+places(modelColumns+", data")+") RETURNING id", args...); err != nil {
		return err
	}
	_, err := tx.exec(`UPDATE models SET data = NULL WHERE data IS NOT NULL AND base = ?1 AND id NOT IN (
SELECT id FROM models WHERE base = ?1 AND applied ORDER BY id DESC LIMIT 2)`, m.Base)
	return err
}

// ModelInForce returns the model that is in force beside base, with its data;
// feedback.ErrNotFound where nothing was ever applied. One without data says
// that base alone is in force again.
func (tx *Tx) ModelInForce(base string) (*Model, error) {
	m := new(Model)
	return m, tx.get("model", append(modelRow(m), &m.Data), "SELECT id, "+modelColumns+", data FROM models WHERE base = ? AND applied ORDER BY id DESC LIMIT 1", base)
}

// IDOfModelInForce is the ID of ModelInForce; 0 where there is none. It reads no
// data.
func (tx *Tx) IDOfModelInForce(base string) (id int64, err error) {
	_, err = tx.one([]any{&id}, "SELECT id FROM models WHERE base = ? AND applied ORDER BY id DESC LIMIT 1", base)
	return id, err
}

// Models returns the tries at learning without their data, the latest first, at
// most max (0: all). With base, those beside it only.
func (tx *Tx) Models(base string, max int) ([]*Model, error) {
	return list(tx, modelRow, "SELECT id, "+modelColumns+" FROM models WHERE ?1 = '' OR base = ?1 ORDER BY id DESC LIMIT ?2", base, limit(max))
}
