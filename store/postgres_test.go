package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// commitFault is what a proxy does with the next COMMIT.
type commitFault int32

const (
	passCommit commitFault = iota
	loseAnswer             // the server commits, the answer is lost
	loseCommit             // the server never hears of it
)

// proxy stands between the store and the server.
type proxy struct {
	net.Listener
	server string
	fault  atomic.Int32
	down   atomic.Bool // nothing passes, nobody is let in
}

// startProxy returns the proxy and dsn's address through it.
func startProxy(t *testing.T, dsn string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, server: u.Host}
	t.Cleanup(func() { p.Close() })
	go p.serve()
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) serve() {
	for {
		client, err := p.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err == nil && p.down.Load() {
			server.Close()
		}
		if err != nil || p.down.Load() {
			client.Close()
			continue
		}
		go p.pump(client, server)
	}
}

func (p *proxy) pump(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	var muted atomic.Bool
	go func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if muted.Load() {
				return
			}
			if n > 0 {
				if _, err := client.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if p.down.Load() {
			return
		}
		if bytes.Contains(buf[:n], []byte("COMMIT\x00")) {
			switch commitFault(p.fault.Swap(int32(passCommit))) {
			case loseAnswer:
				muted.Store(true)
			case loseCommit:
				return
			case passCommit:
			}
		}
		if n > 0 {
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Whatever becomes of a COMMIT, the work is kept exactly once.
func TestPostgresCommitLost(t *testing.T) {
	p, dsn := startProxy(t, storetest.PostgresDSN(t))
	db := storetest.Open(t, dsn, store.Options{})
	for _, c := range []struct {
		fault commitFault
		runs  int
	}{{passCommit, 1}, {loseAnswer, 1}, {loseCommit, 2}} {
		runs, rung := 0, 0
		p.fault.Store(int32(c.fault))
		mustWrite(t, db, func(tx *store.Tx) error {
			runs++
			tx.After(func() { rung++ })
			return tx.AddCorrection(&store.Correction{Item: int64(c.fault)})
		})
		if runs != c.runs || rung != 1 {
			t.Errorf("fault %d: ran %d times, rung %d times", c.fault, runs, rung)
		}
	}
	mustRead(t, db, func(tx *store.Tx) error {
		all, err := tx.Corrections(0)
		if err == nil && len(all) != 3 {
			err = fmt.Errorf("%d were kept, want 3", len(all))
		}
		return err
	})
}

// Where every connection has just lost the answer to its COMMIT, as when the
// server restarts, there is still one left to ask what became of them.
func TestPostgresCommitLostOnEveryConnection(t *testing.T) {
	p, dsn := startProxy(t, storetest.PostgresDSN(t))
	db := storetest.Open(t, dsn+"&pool_max_conns=1", store.Options{})
	p.fault.Store(int32(loseAnswer))
	runs := 0
	mustWrite(t, db, func(tx *store.Tx) error {
		runs++
		return tx.SetState("seed", "kept", time.Time{})
	})
	if runs != 1 {
		t.Errorf("ran %d times", runs)
	}
	expectState(t, db, "kept")
}

// Connections are cut at random while many write: each Write that returned nil
// is there once, each that failed is not there.
func TestPostgresTerminated(t *testing.T) {
	dsn := storetest.PostgresDSN(t)
	db := storetest.Open(t, dsn+"&application_name=writers", store.Options{})
	const writers, wantCuts = 8, 40
	stop := make(chan struct{})
	var kept, failed atomic.Int64
	go func() {
		defer close(stop)
		cut(t, dsn, "writers", wantCuts, &kept)
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := int64(0); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					if err := tx.AddCorrection(&store.Correction{Item: int64(w)<<32 + n}); err != nil {
						return err
					}
					return tx.SetState(fmt.Sprint(w), "x", time.Time{})
				})
				switch {
				case err == nil:
					kept.Add(1)
				case errors.Is(err, store.ErrUnavailable):
					failed.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d kept, %d refused while %d connections were cut", kept.Load(), failed.Load(), wantCuts)
	mustRead(t, db, func(tx *store.Tx) error {
		all, err := tx.Number("SELECT count(*) FROM corrections")
		if err != nil {
			return err
		}
		different, err := tx.Number("SELECT count(DISTINCT item) FROM corrections")
		if err == nil && (all != kept.Load() || different != all) {
			err = fmt.Errorf("%d rows, %d different, %d acknowledged", all, different, kept.Load())
		}
		return err
	})
	if failed.Load() > kept.Load()/10 {
		t.Errorf("%d failed, %d did not", failed.Load(), kept.Load())
	}
}

// cut ends the server's side of an application's connections until it has ended
// as many as wanted. Between two cuts the writers get on: a busy machine would
// else be cut off more often than it writes.
func cut(t *testing.T, dsn, application string, wanted int64, kept *atomic.Int64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close(ctx) //nolint:errcheck // it was only there to cut the others
	for done := int64(0); done < wanted; {
		tag, err := c.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 ORDER BY random() LIMIT 2", application)
		if err != nil {
			t.Error(err)
			return
		}
		done += tag.RowsAffected()
		for enough := kept.Load() + 20*tag.RowsAffected(); kept.Load() < enough && ctx.Err() == nil; {
			time.Sleep(time.Millisecond)
		}
	}
}

// A server that is not there is said to be away, in bounded time, and without its
// password.
func TestPostgresAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = store.Open(t.Context(), "postgres://user:hunter2@"+address+"/huiyin?sslmode=disable", store.Options{})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("no server: %v", err)
	}
	_, badPort := store.Open(t.Context(), "postgres://user:hunter2@host:port/huiyin", store.Options{})
	for _, err := range []error{err, badPort} {
		if err == nil || bytes.Contains([]byte(err.Error()), []byte("hunter2")) {
			t.Errorf("error %v", err)
		}
	}
}

// A server that restarts is waited for.
func TestPostgresRestarts(t *testing.T) {
	p, dsn := startProxy(t, storetest.PostgresDSN(t))
	db := storetest.Open(t, dsn, store.Options{})
	p.down.Store(true)
	time.AfterFunc(300*time.Millisecond, func() { p.down.Store(false) })
	mustWrite(t, db, func(tx *store.Tx) error { return tx.SetState("seed", "b", time.Time{}) })
	p.down.Store(true)
	time.AfterFunc(300*time.Millisecond, func() { p.down.Store(false) })
	expectState(t, db, "b")
}

// The lease's fence holds against a transaction that is under way: whoever takes
// the lease over waits for it, and sees what it left.
func TestPostgresFence(t *testing.T) {
	db := storetest.OpenPostgres(t, store.Options{})
	now := time.Now()
	var lease store.Lease
	out := &store.Out{Key: "k", Bot: "care", NextAt: now}
	mustWrite(t, db, func(tx *store.Tx) (err error) {
		if lease, _, err = tx.AcquireLease("care", "a", time.Second, now); err != nil {
			return err
		}
		_, err = tx.PutOut(out)
		return err
	})
	claimed, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.CheckLease("care", lease.Epoch); err != nil {
				return err
			}
			ours, err := tx.ClaimOut(out.ID, lease.Epoch, now)
			if err == nil && !ours {
				err = io.EOF
			}
			close(claimed)
			<-leave
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-claimed
	var left int
	wg.Go(func() {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			l, ours, err := tx.AcquireLease("care", "b", time.Second, now.Add(time.Minute))
			if err != nil || !ours {
				return errors.Join(err, fmt.Errorf("ours: %v", ours))
			}
			rows, err := tx.Sending("care", l.Epoch)
			left = len(rows)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	time.Sleep(50 * time.Millisecond) // b is waiting by now; if not, the test only shows less
	close(leave)
	wg.Wait()
	if left != 1 {
		t.Errorf("the new holder saw %d rows left behind, want 1", left)
	}
}

// Two transactions that change different things of one person keep both: somebody
// is blocked while the first message of theirs is being answered.
func TestPostgresAuthorsChangedAtOnce(t *testing.T) {
	for name, together := range map[string]bool{"alone": false, "in a batch": true} {
		t.Run(name, func(t *testing.T) {
			db := storetest.OpenPostgres(t, store.Options{})
			m := &feedback.Message{Channel: "care", External: "1", Lane: feedback.Live, Stage: feedback.StageNew}
			a := &feedback.Author{Channel: "care", External: "u", Name: "王芳"}
			mustWrite(t, db, func(tx *store.Tx) error {
				err := tx.UpsertAuthor(a)
				m.Author = a.ID
				return err
			})
			change := func(tx *store.Tx, what func(a *feedback.Author)) error {
				a, err := tx.Author(a.ID)
				if err != nil {
					return err
				}
				what(a)
				return tx.SaveAuthor(a)
			}
			mustWrite(t, db, func(tx *store.Tx) error {
				work := func() error {
					a, err := tx.Author(a.ID)
					if err != nil {
						return err
					}
					mustWrite(t, db, func(tx *store.Tx) error {
						if err := tx.UpsertAuthor(&feedback.Author{Channel: "care", External: "u", Name: "王小芳"}); err != nil {
							return err
						}
						return change(tx, func(a *feedback.Author) { a.Blocked = true })
					})
					a.Informed = true
					if err := tx.SaveAuthor(a); err != nil {
						return err
					}
					a.Informed, a.Gone = false, true
					if err := tx.SaveAuthor(a); err != nil {
						return err
					}
					a.Informed = true
					return tx.SaveAuthor(a)
				}
				if !together {
					return work()
				}
				return tx.Together([]*feedback.Message{m}, store.Finishing{}, work)
			})
			mustRead(t, db, func(tx *store.Tx) error {
				a, err := tx.Author(a.ID)
				if err == nil && (!a.Blocked || !a.Informed || !a.Gone || a.Name != "王小芳") {
					err = fmt.Errorf("kept: %+v", a)
				}
				return err
			})
		})
	}
}

// TestPostgresAnalyzeBatch: what is to be analysed is found by its number, also
// where PostgreSQL believes that next to nothing is new, as it does under load.
func TestPostgresAnalyzeBatch(t *testing.T) {
	db := storetest.Open(t, storetest.PostgresDSN(t), store.Options{})
	keep := func(from, n int) (ms []*feedback.Message) {
		for i := range n {
			ms = append(ms, &feedback.Message{Channel: "shop", External: fmt.Sprint(from + i), Direction: feedback.In, Kind: feedback.KindReview, Text: "快递太慢了", Lane: feedback.Live, Stage: feedback.StageNew})
		}
		return ms
	}
	var plan string
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		done := keep(0, 3000)
		if _, err := tx.InsertMessages(done); err != nil {
			return err
		}
		for _, m := range done {
			m.Stage = feedback.StageDone
		}
		if _, err := tx.Finish(done); err != nil {
			return err
		}
		if _, err := tx.Exec("ANALYZE messages"); err != nil {
			return err
		}
		fresh := keep(3000, 300)
		if _, err := tx.InsertMessages(fresh); err != nil {
			return err
		}
		ids := make([]int64, len(fresh))
		for i, m := range fresh {
			ids[i] = m.ID
		}
		var err error
		plan, err = tx.ExplainAnalyzeBatch(ids)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(plan, "CTE asked")
	part, _, _ = strings.Cut(part, "CTE ")
	if !strings.Contains(part, "messages_pkey") || strings.Contains(part, "messages_new") {
		t.Errorf("what was asked for is looked for elsewhere:\n%s", plan)
	}
}
