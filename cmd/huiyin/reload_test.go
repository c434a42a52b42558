package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
)

// reloading is a program that was started and not yet set to work, and its
// configuration's file.
type reloading struct {
	*app
	t    *testing.T
	file string
	said *bytes.Buffer
}

func newReloading(t *testing.T, more string) *reloading {
	t.Helper()
	r := &reloading{t: t, file: filepath.Join(t.TempDir(), "huiyin.yaml"), said: &bytes.Buffer{}}
	r.write(more)
	c := &cli{out: r.said, err: r.said, in: &bytes.Buffer{}, env: func(string) (string, bool) { return "", false }, config: r.file}
	cfg, err := c.loadConfig()
	if err != nil {
		t.Fatalf("%v\n%s", err, r.said)
	}
	if r.app, err = newApp(t.Context(), c, cfg, roles{true, true, true, true}, newLog(cfg, r.said)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

func (r *reloading) write(more string) {
	r.t.Helper()
	dir := filepath.Dir(r.file)
	text := fmt.Sprintf("storage: {database: \"sqlite:%s/huiyin.db\", files: %s/files, spool: %s/spool}\nweb: {listen: \"127.0.0.1:0\", metrics_listen: \"\"}\n%s\n", dir, dir, dir, more)
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// TestReloadTakesTimesOver: every time below desk holds from the reload on, how
// old an entry may be to be news as well.
func TestReloadTakesTimesOver(t *testing.T) {
	r := newReloading(t, "desk: {fresh: 24h}")
	r.write("desk: {fresh: 72h}")
	r.reload(t.Context())
	entry := listeners.Entry{ID: "1", Kind: "form", Text: "前天的话", PostedAt: time.Now().Add(-48 * time.Hour)}
	if _, err := r.pipeline.Put(t.Context(), "shop", []listeners.Entry{entry}); err != nil {
		t.Fatal(err)
	}
	err := r.db.Read(t.Context(), func(tx *store.Tx) error {
		m, err := tx.MessageByExternal("shop", "1")
		if err == nil && m.Lane != feedback.Live {
			t.Errorf("an entry of two days ago is %s although three days are news now\n%s", m.Lane, r.said)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestReloadIsAllOrNothing: where the database does not take the colleagues over,
// the topics stay as they were, too.
func TestReloadIsAllOrNothing(t *testing.T) {
	r := newReloading(t, "staff: [{name: 李雷}]")
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	r.write("staff: [{name: 李雷}, {name: 韩梅梅}]\ntopics: [{name: 杯盖, words: [杯盖]}]")
	r.reload(t.Context())
	if !bytes.Contains(r.said.Bytes(), []byte("was not reloaded")) {
		t.Fatalf("the reload was not refused:\n%s", r.said)
	}
	if topics := r.mind.Analyzer().Topics(); slices.Contains(topics, "杯盖") {
		t.Error("the old configuration is said to stay in force, and a topic of the new one is looked for")
	}
}
