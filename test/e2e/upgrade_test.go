package e2e

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/huiyin/huiyin/store/storetest"
)

// lastSchema is the schema before the latest migration that takes its time.
const lastSchema = 3

// troubleUpgrade: the program is started on the database that an older one left,
// and killed while it brings it up to date: at each step, at any moment, and while
// it waits for somebody who still reads. With Redis, two processes start at once.
func troubleUpgrade(r *rig) {
	t := r.house.t
	from, items, moments := lastSchema, 1500, 0
	if r.long {
		from, items, moments = 1+r.rng.IntN(lastSchema), 20_000, 5
	}
	words := storetest.Older(t, r.set.database, from, items, "shop")
	starts := 1
	if r.redis != nil {
		starts = 2
		r.configure(1, r.set.extra)
	}
	steps := []string{"migrate.copied", "migrate.step"}
	if r.dsn != "" {
		steps = steps[1:] // PostgreSQL is not copied
	}
	for _, at := range steps {
		r.some(1)
		r.upgrades(starts, crashAt(at, 1))
		r.until("a process ends at "+at, func() bool { return r.oneKilled() })
		r.killAll()
		r.round.Injected["kill -9 at "+at]++
	}
	for range moments {
		r.some(1)
		r.upgrades(starts)
		r.goOn(r.pick(0, 2*time.Second))
		r.killAll()
		r.round.Injected["kill -9 while it starts"]++
	}
	r.heldUp(starts)
	for _, p := range r.procs {
		r.until("serve is ready", func() bool { return p.isReady() || p.ended() })
		r.ready(p)
	}
	r.some(2)
	r.keptFrom(from, words)
}

// heldUp starts the program while another process holds what the migration needs,
// until what is pushed is kept on disk meanwhile, kills it, and lets it be done.
func (r *rig) heldUp(starts int) {
	t := r.house.t
	t.Helper()
	db, err := r.sql()
	r.must(err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	held := "BEGIN IMMEDIATE"
	if r.dsn != "" {
		held = "BEGIN; LOCK TABLE item_words IN ACCESS SHARE MODE"
	}
	if r.migrated() {
		// One of those that were killed at any moment was through before.
		r.upgrades(starts)
		return
	}
	_, err = db.ExecContext(context.Background(), held)
	r.must(err)
	r.upgrades(starts)
	before := r.load.kept()
	r.until("what is pushed is kept on disk while it is held up", func() bool { return r.load.kept() > before })
	r.killAll()
	r.round.Injected["kill -9 while it is held up"]++
	r.some(1)
	r.upgrades(starts)
	r.goOn(500 * time.Millisecond)
	_, err = db.ExecContext(context.Background(), "ROLLBACK")
	r.must(err)
}

// upgrades starts so many processes at once.
func (r *rig) upgrades(starts int, env ...string) {
	r.house.t.Helper()
	r.procs = nil
	for i := range starts {
		r.procs = append(r.procs, r.launch(i, nil, append(env, quick...)...))
	}
}

// oneKilled reports whether a process has ended by kill -9; otherwise none may.
func (r *rig) oneKilled() bool {
	r.house.t.Helper()
	for _, p := range r.procs {
		if !p.ended() {
			continue
		}
		if ws, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
			r.house.t.Fatalf("a process ended otherwise than killed: %s\n%s", p.cmd.ProcessState, tail(p.err.String()))
		}
		return true
	}
	return false
}

func (r *rig) killAll() {
	for _, p := range r.procs {
		p.kill()
	}
}

// migrated reports whether the latest migration is done.
func (r *rig) migrated() bool {
	r.house.t.Helper()
	steps, latest := r.schema()
	if int(latest) != steps {
		r.house.t.Errorf("%d steps were taken up to version %d", steps, latest)
	}
	return latest > lastSchema
}

func (r *rig) schema() (steps int, latest int64) {
	r.house.t.Helper()
	db, err := r.sql()
	r.must(err)
	defer db.Close()
	r.must(db.QueryRow("SELECT count(*), max(version) FROM schema_migrations").Scan(&steps, &latest))
	return steps, latest
}

// keptFrom checks that what an older program had stored is there, once, and found.
func (r *rig) keptFrom(from int, words []string) {
	t := r.house.t
	t.Helper()
	if !r.migrated() {
		t.Error("the program is ready, and the database is not migrated")
	}
	db, err := r.sql()
	r.must(err)
	defer db.Close()
	var n int
	r.must(db.QueryRow("SELECT count(*) FROM items WHERE text LIKE '从前 old%'").Scan(&n))
	if n != len(words) {
		t.Errorf("%d items were stored with schema %d, %d are there", len(words), from, n)
	}
	board := r.browser("http://" + r.web)
	code := regexp.MustCompile(`/s/(\S+)`).FindStringSubmatch(r.run("signin", "李雷"))
	if code == nil {
		t.Fatal("signin printed no link")
	}
	board.signsIn(code[1])
	for k := range 5 {
		word := words[k*(len(words)-1)/4]
		if found := strings.Count(board.get("/?q="+word), `data-key="i`); found != 1 {
			t.Errorf("%d items are found by %s", found, word)
		}
	}
	r.round.Counted["items from before"] = n
}

// TestAnOlderProcessStops: while a program is at work, a newer one migrates its
// database. It takes nothing into it any more, ends and says what to do, and what
// it had acknowledged is there.
func TestAnOlderProcessStops(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{"sqlite": "", "postgres": storetest.PostgresDSN(t)} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, setup{database: dsn, extra: shopConfig})
			p := h.start()
			ids := []string{"before"}
			h.pushUntil("before")
			newer := storetest.Supersede(t, h.set.database)
			for i := 0; !p.ended(); i++ {
				id := fmt.Sprintf("beside-%d", i)
				got, err := h.push(id)
				switch {
				case err != nil || got.status == http.StatusServiceUnavailable:
				case got.status == http.StatusAccepted:
					ids = append(ids, id)
				default:
					t.Fatalf("%s was answered with %+v", id, got)
				}
			}
			if out := p.err.String(); p.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(out, "replace this program, too") {
				t.Errorf("it ended with %s: %s", p.cmd.ProcessState, tail(out))
			}
			again := h.launch(0, nil)
			h.until("an older program does not start", again.ended)
			if out := again.err.String(); again.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(out, "install the newer huiyin") {
				t.Errorf("its start ended with %s: %s", again.cmd.ProcessState, tail(out))
			}
			newer() // the newer program, as far as it matters
			h.start()
			h.emptied()
			h.once(h.set.database, ids)
		})
	}
}
