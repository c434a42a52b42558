package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/spool"
)

// TestErasingWaitsForTheSpool: an erasure looks at a person only once nothing of
// theirs can still come into the database from the disk.
func TestErasingWaitsForTheSpool(t *testing.T) {
	d := newDesktop(t)
	d.done("migrate")
	s, err := spool.Open("huiyin-data/spool", spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Append(t.Context(), spool.Record{At: time.Now(), Data: []byte("what they said")}, spool.Record{At: time.Now(), Data: []byte("what nobody can read")}); err != nil {
		t.Fatal(err)
	}
	if code, out, text := d.run("privacy", "erase", "-subject", "care:77", "-wait", "0s"); code != exitFailed || out != "" || !strings.Contains(text, "nothing was done: 2 messages still wait on the disk spool") {
		t.Errorf("beside a spool: %d %q %q", code, out, text)
	}

	erased := make(chan string, 1)
	go func() {
		_, out, text := d.run("privacy", "erase", "-subject", "care:77", "-wait", "1m")
		erased <- out + text
	}()
	db, err := store.Open(t.Context(), "sqlite:huiyin-data/huiyin.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	author := &feedback.Author{Channel: "care", External: "77", Name: "欧阳"}
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.UpsertAuthor(author) }); err != nil {
		t.Fatal(err)
	}
	b, err := s.Next(10, 1<<20)
	if err != nil || len(b.Records) != 2 {
		t.Fatalf("%d records, %v", len(b.Records), err)
	}
	if err := s.Quarantine(b, 1, errors.New("no message")); err != nil {
		t.Fatal(err)
	}
	if err := s.Done(b, 2); err != nil {
		t.Fatal(err)
	}
	out := <-erased
	if !strings.Contains(out, "已删除：消息 0 条") || !strings.Contains(out, "有 1 条放不进数据库的消息") {
		t.Errorf("after the spool was emptied:\n%s", out)
	}
	d.see(func(tx *store.Tx) error {
		a, err := tx.Author(author.ID)
		if err == nil && a.Name != "" {
			t.Errorf("still there: %+v", a)
		}
		return err
	})
}
