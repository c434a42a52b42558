package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/store"
)

// noteEvery is how often what the database says of itself is copied beside it.
const noteEvery = time.Second

// noteFile is where a copy of the installation is kept: with what belongs to
// this machine, and is no part of a backup.
func noteFile(cfg *config.Config) string {
	dir := cfg.Storage.Spool
	if dir == "" {
		dir = cfg.Storage.Files
	}
	return filepath.Join(dir, "installation.json")
}

// readNote returns the copy; false where there is none that can be read.
func readNote(cfg *config.Config) (store.Installation, bool) {
	var i store.Installation
	b, err := os.ReadFile(noteFile(cfg))
	if err != nil || json.Unmarshal(b, &i) != nil || i.ID == "" {
		return store.Installation{}, false
	}
	return i, true
}

// writeNote replaces the copy, whole and durably. Processes that start at the same
// time may share the folder.
func writeNote(cfg *config.Config, i store.Installation) error {
	path := noteFile(cfg)
	b, err := json.Marshal(i)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "installation-*.new")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// wasRestored reports whether the database is older than what this installation
// did: the copy beside it is ahead, or of another database. Without a copy, an
// embedded database that has worked before was put in a new place.
func wasRestored(db, note store.Installation, noted, embedded bool) bool {
	if !noted {
		return embedded && db.Seq > 0
	}
	return note.ID != db.ID || note.Seq > db.Seq
}

// knowInstallation finds out, before anything is sent, whether the database was
// restored, and keeps from being sent again what perhaps was.
func (a *app) knowInstallation(ctx context.Context) error {
	note, noted := readNote(a.cfg)
	var now store.Installation
	var held int64
	restored := false
	err := a.db.Write(ctx, func(tx *store.Tx) error {
		db, known, err := tx.Installation()
		if err != nil {
			return err
		}
		if now = db; !known {
			now = store.Installation{ID: rand.Text()}
			return tx.SaveInstallation(now)
		}
		if restored = wasRestored(db, note, noted, a.db.Dialect() == "sqlite"); !restored {
			return nil
		}
		now.Restored = a.now().UTC()
		now.Seq = max(db.Seq, note.Seq) + 1
		held, err = tx.HoldForRestore(now, now.Restored)
		return err
	})
	if err != nil {
		return fmt.Errorf("find out which database this is: %w", err)
	}
	if restored {
		a.log.Warn("the database is older than what was done with it: it was restored. What was on its way to customers is not sent by itself, colleagues are asked", "messages", held)
	} else if !noted {
		a.log.Info("this is the first start beside this database. If it was restored from a backup, stop and run huiyin migrate -restored")
	}
	a.desk.SetRestored(now.Restored)
	if err := writeNote(a.cfg, now); err != nil {
		return fmt.Errorf("keep a note of the database beside it: %w", err)
	}
	a.noteInstallation(now)
	return nil
}

// noteInstallation keeps the copy up to date: the number rises before long after
// anything was sent to a customer.
func (a *app) noteInstallation(last store.Installation) {
	work, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var sent int64
	round := func(ctx context.Context) error {
		n := a.pipeline.SentToCustomers()
		next, err := a.nextNote(ctx, n != sent)
		if err == nil && next != last {
			err = writeNote(a.cfg, next)
		}
		if err == nil {
			last, sent = next, n
		}
		return err
	}
	go func() {
		defer close(done)
		for {
			select {
			case <-work.Done():
				return
			case <-time.After(noteEvery):
			}
			if err := round(work); err != nil && work.Err() == nil {
				a.log.Debug("the note of the database was not kept", "err", err)
			}
		}
	}()
	a.onStop("note of the database", func(ctx context.Context) error {
		cancel()
		<-done
		return round(ctx)
	})
}

func (a *app) nextNote(ctx context.Context, raise bool) (i store.Installation, err error) {
	read := func(tx *store.Tx) error {
		var err error
		i, _, err = tx.Installation()
		return err
	}
	if !raise {
		return i, a.db.Read(ctx, read)
	}
	return i, a.db.Write(ctx, func(tx *store.Tx) error {
		if err := read(tx); err != nil {
			return err
		}
		i.Seq++
		return tx.SaveInstallation(i)
	})
}

// markRestored is what migrate -restored does.
func markRestored(ctx context.Context, cfg *config.Config, db *store.DB, now time.Time) (held int64, err error) {
	note, _ := readNote(cfg)
	err = db.Write(ctx, func(tx *store.Tx) error {
		i, known, err := tx.Installation()
		if err != nil {
			return err
		}
		if !known {
			i.ID = rand.Text()
		}
		i.Seq = max(i.Seq, note.Seq) + 1
		note = i
		if err := desk.ForgetAlive(tx); err != nil {
			return err
		}
		held, err = tx.HoldForRestore(i, now.UTC())
		return err
	})
	if err != nil {
		return 0, err
	}
	return held, writeNote(cfg, note)
}
