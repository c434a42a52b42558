// Package storetest holds the conformance suite of the store, which both
// engines pass, and opens databases for other packages' tests.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/test/loopback"
)

// PostgresEnv names the variable that holds the address of a PostgreSQL server
// to test on. When it is unset the tests start their own.
const PostgresEnv = "HUIYIN_TEST_POSTGRES"

// server is the one that this test binary shares.
var server = sync.OnceValues(startServer)

type running struct {
	address string
	alive   io.Closer // the server lives as long as this is open
}

// StartPostgres returns the address of a real PostgreSQL server: the one that
// HUIYIN_TEST_POSTGRES names, or one that the first call starts, on a free port
// of the loopback interface and in a temporary directory. That one ends, and its
// directory goes, when the test binary ends, however it ends. Where PostgreSQL
// is not installed the test fails.
func StartPostgres(tb testing.TB) string {
	tb.Helper()
	s, err := server()
	if err != nil {
		tb.Fatalf("a PostgreSQL server is needed: %v", err)
	}
	return s.address
}

// PostgresDSN returns the address of an empty schema of its own, which goes with
// the test.
func PostgresDSN(tb testing.TB) string {
	tb.Helper()
	address := StartPostgres(tb)
	schema := "t_" + strings.ToLower(rand.Text())
	execute(tb, address, "CREATE SCHEMA "+schema)
	tb.Cleanup(func() { execute(tb, address, "DROP SCHEMA "+schema+" CASCADE") })
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatalf("the address in %s: %v", PostgresEnv, err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// execute runs a statement on the database at an address, beside whoever uses it.
func execute(tb testing.TB, address, statement string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	driver := "pgx"
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, address = "sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(20000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
	_, err = db.ExecContext(ctx, statement)
	if err := errors.Join(err, db.Close()); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

// SQLiteDSN returns the address of a new database file of its own.
func SQLiteDSN(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "huiyin.db")
}

// Open opens the database at dsn and closes it with the test.
func Open(tb testing.TB, dsn string, o store.Options) *store.DB {
	tb.Helper()
	db, err := store.Open(context.Background(), dsn, o)
	if err != nil {
		tb.Fatalf("open the store: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
	})
	return db
}

// OpenSQLite opens an empty SQLite store for one test.
func OpenSQLite(tb testing.TB, o store.Options) *store.DB {
	tb.Helper()
	return Open(tb, SQLiteDSN(tb), o)
}

// OpenPostgres opens an empty PostgreSQL store for one test.
func OpenPostgres(tb testing.TB, o store.Options) *store.DB {
	tb.Helper()
	return Open(tb, PostgresDSN(tb), o)
}

// startServer returns the address of the server named by the environment, or
// starts one.
func startServer() (*running, error) {
	if address := os.Getenv(PostgresEnv); address != "" {
		return &running{address: address}, nil
	}
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	who, err := owner()
	if err != nil {
		return nil, err
	}
	// Another process can take a free port before the server does.
	var failed error
	for range 3 {
		s, err := startIn(bin, who)
		if err == nil {
			return s, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// startIn starts a server in a directory of its own, which goes with it.
func startIn(bin string, who *syscall.Credential) (*running, error) {
	dir, err := os.MkdirTemp("", "huiyin-postgres-")
	if err != nil {
		return nil, err
	}
	data, err := initialise(bin, dir, who)
	if err != nil {
		return nil, err
	}
	port, err := loopback.Find()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := serve(ctx, bin, dir, data, port, who)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// initialise makes an empty database cluster in dir, which goes where that
// fails.
func initialise(bin, dir string, who *syscall.Credential) (data string, err error) {
	if who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	data = filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	runAs(initdb, dir, who)
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("initdb: %w\n%s", err, out), os.RemoveAll(dir))
	}
	return data, nil
}

// binaries returns the directory of initdb and postgres.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("neither initdb in PATH nor /usr/lib/postgresql/*/bin/initdb: install it (Debian: apt-get install postgresql), or set %s to a server's address", PostgresEnv)
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// owner returns whom the server runs as; nil: as ourselves. PostgreSQL refuses
// to run as root.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func runAs(c *exec.Cmd, dir string, who *syscall.Credential) {
	c.Dir = dir
	c.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setpgid: true}
}

// watch starts the server and ends it when its own standard input ends, which is
// when the test binary ends.
const watch = `exec 3<&0
"$@" </dev/null 3<&- &
server=$!
while read -r line <&3; do :; done
kill -INT $server
wait $server
rm -rf "$PWD"
`

// serve starts the server on a port and waits until it answers.
func serve(ctx context.Context, bin, dir, data string, port int, who *syscall.Credential) (*running, error) {
	log, err := os.CreateTemp(dir, "log-")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := exec.Command("/bin/sh", "-c", watch, "sh", filepath.Join(bin, "postgres"), //nolint:noctx // it outlives the context: it ends with the process
		"-D", data, "-p", strconv.Itoa(port), "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300")
	runAs(c, dir, who)
	c.Stdout, c.Stderr = log, log
	alive, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	for ctx.Err() == nil {
		if err = answers(ctx, address); err == nil {
			return &running{address: address, alive: alive}, nil
		}
		if text, _ := os.ReadFile(log.Name()); strings.Contains(string(text), "could not create any TCP/IP sockets") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	return nil, fmt.Errorf("the server does not answer: %w\n%s", errors.Join(err, ctx.Err(), alive.Close()), text)
}

func answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	return c.Close(ctx)
}
