package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// childEnv makes the test binary do a child's part instead of the tests: a
// process that can be killed.
const childEnv = "HUIYIN_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if part := os.Getenv(childEnv); part != "" {
		if err := child(part, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child runs until it is killed.
func child(part, dsn string) error {
	ctx := context.Background()
	if part == "migrate" {
		_, err := store.OpenWith(ctx, dsn, slog.New(slog.NewTextHandler(os.Stdout, nil)), slowMigration)
		return err
	}
	db, err := store.Open(ctx, dsn, store.Options{})
	if err != nil {
		return err
	}
	// Several writers, so that commits are shared. Each line is written after its
	// Write has returned: what it names must be there for ever.
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%s-%d-%d", part, w, n)
				err := db.Write(ctx, func(tx *store.Tx) error {
					if _, err := tx.InsertMessages([]*feedback.Message{{Channel: "care", External: key, Stage: feedback.StageNew, Lane: feedback.Live}}); err != nil {
						return err
					}
					return tx.SetState("latest", key, time.Time{})
				})
				mu.Lock()
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
				} else {
					fmt.Println(key) //nolint:forbidigo // the parent reads it
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

func startChild(t *testing.T, part, dsn string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	c := exec.Command(os.Args[0], dsn)
	c.Env = append(os.Environ(), childEnv+"="+part)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewScanner(out)
}

// kill ends the child as the power would, and waits for it.
func kill(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) {
		t.Fatalf("the child ended with %v before it was killed", err)
	}
}

// What was acknowledged is there after kill -9, and the file is whole.
func TestSQLiteKill(t *testing.T) {
	dsn := storetest.SQLiteDSN(t)
	acknowledged := make(map[string]bool)
	for round := range 5 {
		c, lines := startChild(t, fmt.Sprint("write", round), dsn)
		for range 100 + 37*round {
			if !lines.Scan() {
				t.Fatalf("the child stopped writing: %v", lines.Err())
			}
			acknowledged[lines.Text()] = true
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it wrote before it died
			acknowledged[lines.Text()] = true
		}
		if err := c.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		db, err := store.Open(t.Context(), dsn, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			for key := range acknowledged {
				if _, err := tx.MessageByExternal("care", key); err != nil {
					return fmt.Errorf("%s was acknowledged: %w", key, err)
				}
			}
			broken, err := tx.Number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
			if err == nil && broken != 0 {
				err = errors.New("the file is damaged")
			}
			return err
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if len(acknowledged) < 500 {
		t.Fatalf("only %d were acknowledged", len(acknowledged))
	}
}

// slowMigration takes so long that whoever is to be killed in its middle is.
const slowMigration = `CREATE TABLE slow (n BIGINT);
INSERT INTO slow WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) SELECT n FROM c;
CREATE INDEX slow_n ON slow (n);`

func TestSQLiteMigrationKilled(t *testing.T) {
	dsn := storetest.SQLiteDSN(t)
	seed(t, dsn, "kept")
	c, lines := startChild(t, "migrate", dsn)
	for lines.Scan() && !strings.Contains(lines.Text(), "copied the database") {
	}
	time.Sleep(100 * time.Millisecond) // into the middle of the statement
	kill(t, c)

	db, err := store.OpenWith(t.Context(), dsn, slog.New(slog.DiscardHandler), "CREATE TABLE slow (n BIGINT);")
	if err != nil {
		t.Fatal(err)
	}
	defer closeDB(t, db)
	mustRead(t, db, func(tx *store.Tx) error {
		n, err := tx.Number("SELECT count(*) FROM slow")
		if err == nil && n != 0 {
			err = fmt.Errorf("half a migration was kept: %d rows", n)
		}
		return err
	})
	expectState(t, db, "kept")
	// The copy made before is a whole database of the older program.
	copies, err := filepath.Glob(strings.TrimPrefix(dsn, "sqlite:") + ".v[0-9]*-*")
	if err != nil || len(copies) == 0 {
		t.Fatalf("copies %v, error %v", copies, err)
	}
	for _, file := range copies {
		if strings.HasSuffix(file, ".part") {
			continue
		}
		old, err := store.Open(t.Context(), "sqlite:"+file, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		expectState(t, old, "kept")
		closeDB(t, old)
	}
}

// seed keeps a state in a new database.
func seed(t *testing.T, dsn, value string) {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, db, func(tx *store.Tx) error { return tx.SetState("seed", value, time.Time{}) })
	closeDB(t, db)
}

func expectState(t *testing.T, db *store.DB, want string) {
	t.Helper()
	mustRead(t, db, func(tx *store.Tx) error {
		got, _, err := tx.State("seed")
		if err == nil && got != want {
			err = fmt.Errorf("state %q, want %q", got, want)
		}
		return err
	})
}

func mustWrite(tb testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	tb.Helper()
	if err := db.Write(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

func mustRead(tb testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	tb.Helper()
	if err := db.Read(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

func closeDB(tb testing.TB, db *store.DB) {
	tb.Helper()
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
}

// Another process holds the write lock: writers are refused in time, all of them,
// readers go on, and afterwards everything works.
func TestSQLiteLocked(t *testing.T) {
	dsn := storetest.SQLiteDSN(t)
	db := storetest.Open(t, dsn, store.Options{})
	other, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(dsn, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	c, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var enough atomic.Bool
	for range 20 {
		wg.Go(func() {
			for again := true; again; again = !enough.Load() {
				err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.SetState("a", "b", time.Time{}) })
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
	// One of them leads the shared commit and waits for the lock: whoever comes
	// after it can give up on its own. Whoever leads cannot, and tries once more.
	hurry := store.ErrUnavailable
	for errors.Is(hurry, store.ErrUnavailable) {
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		hurry = db.Write(short, func(*store.Tx) error { return nil })
		cancel()
	}
	if !errors.Is(hurry, context.DeadlineExceeded) {
		t.Errorf("a writer in a hurry: %v", hurry)
	}
	mustRead(t, db, func(tx *store.Tx) error { _, err := tx.Backlog(); return err })
	enough.Store(true)
	refused := make(chan struct{})
	go func() { wg.Wait(); close(refused) }()
	select {
	case <-refused:
	case <-time.After(time.Minute): // each waiting for the lock in its turn would take longer
		t.Fatal("the writers are refused one after the other")
	}
	if _, err := c.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, db, func(tx *store.Tx) error { return tx.SetState("a", "b", time.Time{}) })
}

// A full disk refuses what does not fit, keeps what was acknowledged, and lets
// small neighbours through.
func TestSQLiteFull(t *testing.T) {
	db := storetest.OpenSQLite(t, store.Options{})
	pages := func(n int) {
		t.Helper()
		mustWrite(t, db, func(tx *store.Tx) error {
			_, err := tx.Number(fmt.Sprintf("PRAGMA max_page_count = %d", n))
			return err
		})
	}
	message := func(key string, size int) *feedback.Message {
		return &feedback.Message{Channel: "care", External: key, Text: strings.Repeat("满", size), Stage: feedback.StageNew, Lane: feedback.Live}
	}
	pages(400)
	var acknowledged []string
	var full int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for k := range 200 {
		wg.Go(func() {
			key := fmt.Sprint(k)
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.InsertMessages([]*feedback.Message{message(key, 10+k%4*4000)})
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				acknowledged = append(acknowledged, key)
			case errors.Is(err, store.ErrUnavailable):
				full++
			default:
				t.Errorf("error %v", err)
			}
		})
	}
	wg.Wait()
	if full == 0 || len(acknowledged) == 0 {
		t.Fatalf("%d refused, %d acknowledged", full, len(acknowledged))
	}
	t.Logf("%d refused, %d acknowledged", full, len(acknowledged))
	pages(1 << 30)
	mustWrite(t, db, func(tx *store.Tx) error {
		_, err := tx.InsertMessages([]*feedback.Message{message("after", 100_000)})
		return err
	})
	mustRead(t, db, func(tx *store.Tx) error {
		for _, key := range acknowledged {
			if _, err := tx.MessageByExternal("care", key); err != nil {
				return err
			}
		}
		n, err := tx.Number("SELECT count(*) FROM messages")
		if err == nil && n != int64(len(acknowledged)+1) {
			err = fmt.Errorf("%d messages, %d acknowledged", n, len(acknowledged)+1)
		}
		return err
	})
}

// A statement for which the disk has no room ends SQLite's transaction by itself.
// What the same function does after it, whether it looked at the error or undid
// that part alone, must not be kept a statement at a time: Write refuses it.
func TestSQLiteFullKeepsNothingOfIt(t *testing.T) {
	db := storetest.OpenSQLite(t, store.Options{})
	tooBig := func(tx *store.Tx) error {
		_, err := tx.InsertMessages([]*feedback.Message{{Channel: "care", External: "big", Text: strings.Repeat("满", 1<<20)}})
		return err
	}
	mustWrite(t, db, func(tx *store.Tx) error {
		_, err := tx.Number("PRAGMA max_page_count = 400")
		return err
	})
	for name, work := range map[string]func(tx *store.Tx) error{
		"passed over": func(tx *store.Tx) error {
			_ = tooBig(tx)
			return tx.SetState("seed", "left", time.Time{})
		},
		"undone": func(tx *store.Tx) error {
			_ = tx.Try(func() error { return tooBig(tx) })
			return tx.Try(func() error { return tx.SetState("seed", "left", time.Time{}) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			rung := false
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				tx.After(func() { rung = true })
				return work(tx)
			})
			if !errors.Is(err, store.ErrUnavailable) || rung {
				t.Errorf("error %v, rung %v", err, rung)
			}
			expectState(t, db, "")
		})
	}
}

// A reader that is cancelled inside a long statement gives its connection back in
// order.
func TestSQLiteReadCancelled(t *testing.T) {
	db := storetest.OpenSQLite(t, store.Options{})
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := db.Read(ctx, func(tx *store.Tx) error {
				_, err := tx.Number("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c")
				return err
			})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
		})
	}
	wg.Wait()
	for range 40 {
		mustRead(t, db, func(tx *store.Tx) error { _, err := tx.Backlog(); return err })
	}
}

func TestSQLiteOpen(t *testing.T) {
	for _, dsn := range []string{"", "sqlite:", "sqlite::memory:", "mysql://user:hunter2@host/db", "huiyin.db"} {
		_, err := store.Open(t.Context(), dsn, store.Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q): %v", dsn, err)
		}
	}
	path := filepath.Join(t.TempDir(), "a b", "100%", "回音?x=#1.db")
	seed(t, "sqlite:"+path, "odd")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file is readable by others: %v", info.Mode())
	}
	// Read-only: what is there can be read, nothing is made.
	db := storetest.Open(t, "sqlite:"+path, store.Options{ReadOnly: true})
	expectState(t, db, "odd")
	if err := db.Write(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("write: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none.db")
	if _, err := store.Open(t.Context(), "sqlite:"+missing, store.Options{ReadOnly: true}); err == nil {
		t.Error("a database that is not there was opened to read")
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	// A file that is no database is left alone.
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("my notes\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+text, store.Options{}); err == nil {
		t.Error("a text was opened as a database")
	}
}

// Processes that start together migrate once.
func TestOpenTogether(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": storetest.SQLiteDSN(t), "postgres": storetest.PostgresDSN(t)} {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				db, err := store.Open(context.Background(), dsn, store.Options{})
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if err := db.Close(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
	}
}

// Migrations on both engines: an older database is brought up to date, a newer
// one is refused, a failed step leaves nothing behind and can be run again.
func TestMigrations(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": storetest.SQLiteDSN(t), "postgres": storetest.PostgresDSN(t)} {
		t.Run(name, func(t *testing.T) {
			log := slog.New(slog.NewTextHandler(io.Discard, nil))
			seed(t, dsn, "kept")
			const good, bad = "CREATE TABLE extra (n BIGINT);", "CREATE TABLE more (n BIGINT); INSERT INTO more VALUES (1); SELECT nonsense FROM nowhere;"
			if _, err := store.OpenWith(t.Context(), dsn, log, good, bad); err == nil || !strings.Contains(err.Error(), "_test1: ") {
				t.Fatalf("a broken migration: %v", err)
			}
			db, err := store.OpenWith(t.Context(), dsn, log, good, "CREATE TABLE more (n BIGINT);")
			if err != nil {
				t.Fatal(err)
			}
			expectState(t, db, "kept")
			mustRead(t, db, func(tx *store.Tx) error {
				n, err := tx.Number("SELECT (SELECT count(*) FROM extra) + (SELECT count(*) FROM more) + (SELECT count(*) FROM schema_migrations WHERE name LIKE 'test_')")
				if err == nil && n != 2 {
					err = fmt.Errorf("rows and steps: %d", n)
				}
				return err
			})
			closeDB(t, db)
			for _, readOnly := range []bool{false, true} {
				_, err := store.Open(t.Context(), dsn, store.Options{ReadOnly: readOnly})
				if !errors.Is(err, store.ErrNewerSchema) || !strings.Contains(err.Error(), "install the newer huiyin") {
					t.Fatalf("a newer schema: %v", err)
				}
			}
		})
	}
}

// An older program that is at work while a newer one migrates writes nothing any
// more, says so, and can still read.
func TestSuperseded(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": storetest.SQLiteDSN(t), "postgres": storetest.PostgresDSN(t)} {
		t.Run(name, func(t *testing.T) {
			seed(t, dsn, "kept")
			db := storetest.Open(t, dsn, store.Options{})
			write := func() error {
				return db.Write(t.Context(), func(tx *store.Tx) error { return tx.SetState("seed", "lost", time.Time{}) })
			}
			forget := storetest.Supersede(t, dsn)
			select {
			case <-db.Superseded():
				t.Fatal("it is superseded before it wrote anything")
			default:
			}
			// What is pushed is kept on disk, since a newer program can take it.
			if err := write(); !errors.Is(err, store.ErrNewerSchema) || !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("a write is answered with %v", err)
			}
			<-db.Superseded()
			expectState(t, db, "kept")
			forget()
			if err := write(); err != nil {
				t.Error(err)
			}
			expectState(t, db, "lost")
		})
	}
}

// A migration waits for what older programs are writing: nothing of theirs comes
// after it.
func TestMigrationWaitsForOlderWrites(t *testing.T) {
	const step = "CREATE TABLE extra AS SELECT value FROM state WHERE key = 'latest';"
	for name, dsn := range map[string]string{"sqlite": storetest.SQLiteDSN(t), "postgres": storetest.PostgresDSN(t)} {
		t.Run(name, func(t *testing.T) {
			seed(t, dsn, "before")
			old := storetest.Open(t, dsn, store.Options{})
			migrated := make(chan error, 1)
			mustWrite(t, old, func(tx *store.Tx) error {
				go func() {
					db, err := store.OpenWith(context.Background(), dsn, slog.New(slog.DiscardHandler), step)
					if err == nil {
						err = db.Close()
					}
					migrated <- err
				}()
				select {
				case err := <-migrated:
					t.Fatalf("it did not wait: %v", err)
				case <-time.After(300 * time.Millisecond):
				}
				return tx.SetState("latest", "kept", time.Time{})
			})
			if err := <-migrated; err != nil {
				t.Fatal(err)
			}
			mustRead(t, old, func(tx *store.Tx) error {
				n, err := tx.Number("SELECT count(*) FROM extra WHERE value = 'kept'")
				if err == nil && n != 1 {
					err = errors.New("the migration did not see what was being written")
				}
				return err
			})
		})
	}
}

// A start that has to wait for another process makes no copy of the database, and
// one that was killed while copying leaves nothing behind once the next is through.
func TestCopiesBeforeMigrating(t *testing.T) {
	dsn := storetest.SQLiteDSN(t)
	path := strings.TrimPrefix(dsn, "sqlite:")
	seed(t, dsn, "kept")
	copies := func() []string {
		all, err := filepath.Glob(path + ".v*")
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if err := os.WriteFile(path+".v3-20260101T000000.000000.part", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	const step = "CREATE TABLE extra (n BIGINT);"
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenWith(t.Context(), dsn, slog.New(slog.DiscardHandler), step); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("while another process writes: %v", err)
	}
	if got := copies(); len(got) != 1 {
		t.Errorf("copies of a start that waited: %v", got)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenWith(t.Context(), dsn, slog.New(slog.DiscardHandler), step)
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	if got := copies(); len(got) != 1 || strings.HasSuffix(got[0], ".part") {
		t.Errorf("copies: %v", got)
	}
}

// A database opened to read that has to be migrated first says so.
func TestReadOnlyOlder(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{"sqlite:" + empty, storetest.PostgresDSN(t)} {
		if _, err := store.Open(t.Context(), dsn, store.Options{ReadOnly: true}); !errors.Is(err, store.ErrOlderSchema) {
			t.Errorf("%v", err)
		}
	}
}

// A start that waited for another process, which brought the database further than
// this program knows, says so.
func TestOvertakenWhileWaitingToMigrate(t *testing.T) {
	dsn := storetest.SQLiteDSN(t)
	seed(t, dsn, "kept")
	other, err := sql.Open("sqlite", strings.TrimPrefix(dsn, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		db, err := store.OpenWith(context.Background(), dsn, slog.New(slog.DiscardHandler), "CREATE TABLE extra (n BIGINT);")
		if err == nil {
			err = db.Close()
		}
		opened <- err
	}()
	time.Sleep(500 * time.Millisecond) // it has seen an older schema and waits for the lock; if not, the test only shows less
	if _, err := other.Exec("INSERT INTO schema_migrations (version, name, applied_at) VALUES (1000, 'newer', 0); COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("error %v", err)
	}
}

func TestNumbered(t *testing.T) {
	for query, want := range map[string]string{
		"a = ? AND b = ?":     "a = $1 AND b = $2",
		"a = ?2 OR b = ?1":    "a = $2 OR b = $1",
		"a = '?' AND b = ?":   "a = '?' AND b = $1",
		"a = 'it''s?' OR ? ":  "a = 'it''s?' OR $1 ",
		"IN (?, ?, ?)":        "IN ($1, $2, $3)",
		"?::text[]":           "$1::text[]",
		"":                    "",
		"CAST(?1 AS TEXT) ?1": "CAST($1 AS TEXT) $1",
	} {
		if got := store.Numbered(query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}
