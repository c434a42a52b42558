package store

import "time"

// Clock returns what time the database's server has, in UTC. ok is false where
// the database is a file, which has no clock but this machine's.
func (tx *Tx) Clock() (t time.Time, ok bool, err error) {
	if tx.db.Dialect() != "postgres" {
		return time.Time{}, false, nil
	}
	us, err := tx.number("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")
	if err != nil {
		return time.Time{}, false, err
	}
	return time.UnixMicro(us).UTC(), true, nil
}
