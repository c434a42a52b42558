package store

import (
	"encoding/json"
	"fmt"
	"time"
)

// Installation says which database this is and how far it has come. A copy of it
// is kept beside the data: where that copy is ahead, the database was restored.
type Installation struct {
	ID  string `json:"id"`
	Seq int64  `json:"seq"` // rises while customers are written to
	// Restored is when the database was last found to be a restored one; zero:
	// never.
	Restored time.Time `json:"restored,omitzero"`
}

const installationKey = "installation"

// Installation returns what was kept; false for a database that has none yet.
func (tx *Tx) Installation() (i Installation, found bool, err error) {
	value, found, err := tx.State(installationKey)
	if err != nil || !found {
		return i, false, err
	}
	if err := json.Unmarshal([]byte(value), &i); err != nil {
		return i, false, fmt.Errorf("store: the installation cannot be read: %w", err)
	}
	return i, true, nil
}

// SaveInstallation keeps i.
func (tx *Tx) SaveInstallation(i Installation) error {
	b, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("store: installation: %w", err)
	}
	return tx.SetState(installationKey, string(b), time.Time{})
}

// HoldForRestore marks the database as restored at now: what was on its way to
// customers may have been sent after the copy was made. Each such row stands as
// one that nobody finished sending, below every lease's epoch: whoever delivers
// next finds it uncertain, and staff are shown it. It returns how many.
func (tx *Tx) HoldForRestore(i Installation, now time.Time) (int64, error) {
	i.Restored = now
	if err := tx.SaveInstallation(i); err != nil {
		return 0, err
	}
	return tx.exec("UPDATE outbox SET state = 'sending', epoch = 0 WHERE audience = 'customer' AND state IN ('pending', 'retry', 'sending')")
}
