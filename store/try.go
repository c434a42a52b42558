package store

import "errors"

// Try runs fn so that its error undoes what it wrote and nothing else: the
// neighbours in the same transaction go on. Functions given to After inside a
// failed Try are dropped. An error of the database's own ends the whole
// transaction, as anywhere else.
func (tx *Tx) Try(fn func() error) error {
	if _, err := tx.exec("SAVEPOINT try"); err != nil {
		return err
	}
	hooks := len(tx.after)
	err := fn()
	if err == nil {
		_, err = tx.exec("RELEASE SAVEPOINT try")
		return err
	}
	tx.after = tx.after[:hooks]
	if tx.failed != nil {
		return err // all of it is rolled back
	}
	if _, back := tx.exec("ROLLBACK TO SAVEPOINT try"); back != nil {
		return errors.Join(err, back)
	}
	if _, back := tx.exec("RELEASE SAVEPOINT try"); back != nil {
		return errors.Join(err, back)
	}
	return err
}
