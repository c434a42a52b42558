package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream/streamtest"
	"github.com/huiyin/huiyin/test/campaign/load"
	"github.com/huiyin/huiyin/test/campaign/report"
)

// campaign is one kind of trouble, played in rounds. Each round has a house of
// its own, a load at a fixed rate, and people whose way is followed from the
// platform to the closing reply.
type campaign struct {
	name string
	// where the house stands.
	on deployment
	// trouble starts the processes and injects.
	trouble func(r *rig)
}

type deployment int

const (
	onSQLite      deployment = iota // one process, no Redis
	onPostgres                      // one process, no Redis
	onBoth                          // PostgreSQL and Redis, as many processes as the campaign starts
	onOwnPostgres                   // a PostgreSQL of the round's own, and no Redis
	onOwnBoth                       // a PostgreSQL of the round's own, which writes as in production, and Redis
)

// rig is one round.
type rig struct {
	*house
	*ledger
	rng   *rand.Rand
	long  bool // more trouble, and longer
	load  *stream
	redis *streamtest.Redis
	pg    *storetest.Postgres
	dsn   string // of PostgreSQL, for whoever looks beside the program
	procs []*process
	round report.Round
}

// play plays one round.
func (c campaign) play(t *testing.T, seed uint64, long bool) {
	t.Helper()
	r := c.rig(t, seed, long, setup{})
	began := time.Now()
	defer func() {
		r.round.Seconds, r.round.Failed = time.Since(began).Seconds(), t.Failed()
		r.keep()
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan struct{})
	rate := 10.0
	if long && !strings.HasPrefix(c.name, "kills") {
		rate = 20
	}
	defer func() { cancel(); <-ended }()
	go func() {
		defer close(ended)
		load.Run(ctx, rate, time.Hour, &r.load.hist, func(n int) bool {
			// What is begun is finished, although the round is over.
			return r.load.send(context.WithoutCancel(ctx), n)
		})
	}()
	c.trouble(r)
	calm := time.Now()
	cancel()
	r.catchUp(calm)
	r.until("the load is taken", func() bool { return isClosed(ended) })
	r.end(calm)
}

// keep adds the round to the file of results, where one is named.
func (r *rig) keep() {
	t := r.house.t
	if t.Failed() {
		t.Logf("replay with: make campaign ONLY=%s SEED=%d", r.round.Campaign, r.round.Seed)
	}
	if path := os.Getenv("HUIYIN_RESULTS"); path != "" {
		if err := report.Append(path, r.round); err != nil {
			t.Error(err)
		}
	}
}

// commit names what the program was built from; "+" behind it: with changes.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--exclude=*", "--dirty=+").Output()
	if err != nil {
		return "" // no checkout
	}
	return strings.TrimSpace(string(out))
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (c campaign) rig(t *testing.T, seed uint64, long bool, set setup) *rig {
	t.Helper()
	r := &rig{rng: rand.New(rand.NewPCG(seed, 7)), long: long}
	set.extra = streamConfig
	if long {
		set.spool = "5s" // as in production: a starved machine is no database that is away
	}
	switch c.on {
	case onSQLite:
	case onPostgres, onBoth:
		r.dsn = storetest.PostgresDSN(t) + "&application_name=huiyin-round"
		set.database = r.dsn
		if c.on == onBoth {
			set.redis, r.redis = streamtest.StartRedis(t)
		}
	case onOwnPostgres, onOwnBoth:
		if c.on == onOwnBoth {
			set.redis, r.redis = streamtest.StartRedis(t)
		}
		r.pg = storetest.StartOwnPostgres(t)
		r.dsn = r.pg.DSN()
		set.database = r.dsn
	}
	r.house = ledgerHouse(t, set)
	r.ledger = newLedger(r.house, seed)
	r.load = newStream(r.house)
	r.round = report.Round{Campaign: c.name, Seed: seed, Commit: commit(), Began: time.Now().UTC().Truncate(time.Second), Injected: map[string]int{}, Counted: map[string]int{}}
	return r
}

// until waits while the people go on.
func (r *rig) until(what string, ok func() bool) {
	r.house.t.Helper()
	r.ledger.until(what, ok)
}

// serves starts n processes and waits until they are ready.
func (r *rig) serves(n int) {
	r.house.t.Helper()
	for i := range n {
		if i > 0 {
			r.configure(i, r.set.extra)
		}
		r.procs = append(r.procs, r.launch(i, nil))
	}
	for _, p := range r.procs {
		r.ready(p)
	}
}

// again starts the i-th process again.
func (r *rig) again(i int) {
	r.house.t.Helper()
	r.procs[i] = r.launch(i, nil)
	r.ready(r.procs[i])
}

// some has n new customers say something.
func (r *rig) some(n int) {
	for range n {
		r.says([]kind{complaint, onPage, photo, complaint}[r.rng.IntN(4)])
	}
}

// goOn lets the people go on for a while.
func (r *rig) goOn(d time.Duration) {
	within(d, func() bool { r.step(); return false })
}

// pick returns a duration between the two.
func (r *rig) pick(from, to time.Duration) time.Duration {
	return from + time.Duration(r.rng.Int64N(int64(to-from)+1))
}

// fault is one thing that goes wrong.
type fault struct {
	name string
	do   func()
}

// inject has each fault happen, in a random order, so many times in a long round
// and once in a short one; people write before and during each.
func (r *rig) inject(times int, faults ...fault) {
	r.house.t.Helper()
	var all []fault
	for range times {
		all = append(all, faults...)
		if !r.long {
			break
		}
	}
	r.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, f := range all {
		if i < 12 {
			r.some(1)
		}
		f.do()
		r.round.Injected[f.name]++
		r.goOn(r.pick(300*time.Millisecond, time.Second))
	}
}

// end waits until everything is at its end and holds it against the promises;
// then once more with a Redis that forgot everything.
func (r *rig) end(calm time.Time) {
	t := r.house.t
	t.Helper()
	r.finish()
	r.round.Recovered = time.Since(calm).Seconds()
	uncertain := 0
	for _, tr := range r.tracks {
		if tr.asked {
			uncertain++
		}
	}
	r.choose()
	r.holds()
	if r.redis != nil {
		r.redis.Flush()
		r.goOn(2 * time.Second)
		r.holds()
	}
	for _, p := range r.procs {
		if p.ended() {
			continue
		}
		if err := p.stop(); err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
	}
	r.audit()
	n := r.round.Counted
	n[report.Customers], n[report.Uncertain], n[report.GivenUp] = len(r.tracks), uncertain, len(r.sl.Lost())
	n[report.Repeated] = r.load.repeated
	for _, tr := range r.tracks {
		if tr.closures > 0 {
			n[report.Closures]++
		}
		if tr.closures > 1 {
			n[report.SecondTimes]++
		}
	}
	r.acks()
	t.Logf("seed %d: injected %v, counted %v, acknowledged in p50 %.0f ms, p99 %.0f ms, longest %.0f ms; ready again in %.1f s at most, caught up %.1f s and all done %.1f s after the trouble",
		r.round.Seed, r.round.Injected, n, r.round.AckP50, r.round.AckP99, r.round.AckMax, r.round.Ready, r.round.CaughtUp, r.round.Recovered)
}

// acks tells how long the acknowledgements took.
func (r *rig) acks() {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	h := &r.load.hist
	r.round.AckP50, r.round.AckP99, r.round.AckMax = ms(h.Quantile(0.5)), ms(h.Quantile(0.99)), ms(h.Max())
}

// holds checks I1 to I4.
func (r *rig) holds() {
	t := r.house.t
	t.Helper()
	r.check()
	lost, twice, unalerted := r.load.counts()
	n := r.round.Counted
	n[report.Lost], n[report.Twice], n[report.Unalerted] = len(lost), len(twice), len(unalerted)
	n[report.Acknowledged], n[report.Urgent] = 0, 0
	for _, urgent := range r.load.known() {
		n[report.Acknowledged]++
		if urgent {
			n[report.Urgent]++
		}
	}
	if n[report.Acknowledged] == 0 {
		t.Error("the load got nothing acknowledged")
	}
	if len(lost)+len(twice)+len(unalerted) > 0 {
		t.Errorf("of %d acknowledged: lost %v, twice %v, urgent without a card %v", n[report.Acknowledged], lost, twice, unalerted)
	}
	if len(r.load.wrong) > 0 {
		t.Errorf("the load was answered %v", r.load.wrong)
	}
}

// audit checks I5 in the database itself: what was resolved has one owner, and
// its chain of events tells of each step once.
func (r *rig) audit() {
	t := r.house.t
	t.Helper()
	db, err := store.Open(context.Background(), r.set.database, store.Options{})
	r.must(err)
	defer db.Close()
	for _, tr := range r.tracks {
		r.must(db.Read(context.Background(), func(tx *store.Tx) error {
			item, err := tx.Item(int64(tr.number))
			if err != nil {
				return err
			}
			events, err := tx.Events(item.ID)
			if err != nil {
				return err
			}
			kinds := map[string]int{}
			for i, e := range events {
				kinds[e.Kind]++
				if i > 0 && e.At.Before(events[i-1].At.Add(-time.Second)) {
					t.Errorf("#%d: the event %s is older than the one before", item.ID, e.Kind)
				}
			}
			if item.Owner == 0 || kinds["created"] != 1 || kinds["resolved"] != item.Resolution || item.Resolution != 1 {
				t.Errorf("#%d: owner %d, resolved %d times, events %v", item.ID, item.Owner, item.Resolution, kinds)
			}
			return nil
		}))
	}
}
