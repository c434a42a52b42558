package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/store"
)

// TestNotesOfProcessesTogether: processes that share a folder write the note at
// the same time, as they do when a machine starts. None fails, the note is whole,
// and nothing else is left.
func TestNotesOfProcessesTogether(t *testing.T) {
	cfg := config.Default()
	cfg.Storage.Spool = t.TempDir()
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			for range 20 {
				if err := writeNote(cfg, store.Installation{ID: fmt.Sprintf("installation %d", n), Seq: int64(n) * 1_000_000}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if note, ok := readNote(cfg); !ok {
		t.Errorf("the note cannot be read: %+v", note)
	}
	left, err := os.ReadDir(filepath.Dir(noteFile(cfg)))
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
