package store

// Again has a finished message analysed once more, with a fresh count of
// attempts: its text was edited, or the model learned.
func (tx *Tx) Again(id int64) error {
	n, err := tx.exec("UPDATE messages SET stage = 'new', attempts = 0, error = '' WHERE id = ? AND stage = 'done'", id)
	return changed(n, err, "finished message", id)
}
