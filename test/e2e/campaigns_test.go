package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/huiyin/huiyin/bots/slack/slacktest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
	"github.com/huiyin/huiyin/test/campaign/faultproxy"
)

// campaigns are all kinds of trouble. TestCampaigns plays a short round of each;
// `make campaign` plays long ones, with ever new seeds.
func campaigns() []campaign {
	return []campaign{
		{"kills", onSQLite, killsOne},
		{"kills-postgres", onPostgres, killsOne},
		{"kills-roles", onBoth, killsRoles},
		{"redis", onBoth, troubleRedis},
		{"postgres", onOwnPostgres, troublePostgres},
		{"sqlite", onSQLite, troubleSQLite},
		{"platforms", onSQLite, troublePlatforms},
		{"network", onBoth, troubleNetwork},
		{"zombie", onBoth, troubleZombie},
		{"rolling", onBoth, troubleRolling},
		{"upgrade", onSQLite, troubleUpgrade},
		{"upgrade-postgres", onBoth, troubleUpgrade},
		{"reload", onSQLite, troubleReload},
		{"clock", onSQLite, troubleClock},
		{"clock-postgres", onBoth, troubleClock},
	}
}

// TestCampaigns plays a short round of each campaign whose kills no other test
// plays.
func TestCampaigns(t *testing.T) {
	t.Parallel()
	for _, c := range campaigns() {
		if c.name == "kills" || c.name == "kills-roles" {
			continue // TestKilledBetweenEachStep, TestTwoProcesses and TestRolesApart
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.play(t, 1, false)
		})
	}
}

// killsOne ends a lone process at each step, in a random order.
func killsOne(r *rig) {
	if r.long {
		// Without Redis a successor waits until the dead one's lease is over.
		r.set.lease = "500ms"
		r.configure(0, r.set.extra)
	}
	r.kills(&victim{name: "serve", list: r.deaths("")})
}

// killsRoles ends the process whose step it is, while the others go on.
func killsRoles(r *rig) {
	var all []*victim
	for i, role := range []string{"web", "bots", "pipeline"} {
		if i > 0 {
			r.configure(i, r.set.extra)
		}
		all = append(all, &victim{name: role, conf: i, args: []string{"-only", role}, list: r.deaths(role)})
	}
	r.load.postsTo(r.web)
	r.kills(all...)
}

// deaths are the steps at which a process is to end: those of its role, or all,
// several times in a long round and a few of them in a short one.
func (r *rig) deaths(role string) []cell {
	list, times := shortCells(), 1
	if r.long {
		list, times = cells(), 2
	}
	list = slices.DeleteFunc(list, func(c cell) bool { return role != "" && c.role() != role })
	list = slices.Repeat(list, times)
	r.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	if !r.long {
		list = list[:2]
	}
	return list
}

// kills has processes end as their lists say and counts it.
func (r *rig) kills(victims ...*victim) {
	r.house.t.Helper()
	for _, v := range victims {
		v.passing = func() int { return 1 + r.rng.IntN(3) }
	}
	r.kill(victims...)
	r.round.Kills = map[string]int{}
	for _, v := range victims {
		r.procs = append(r.procs, v.p)
		r.house.t.Logf("%s lived until %s", v.name, strings.Join(v.lasted, ", "))
		for at, n := range v.kills {
			r.round.Kills[v.name+" "+at] += n
			r.round.Injected["kill -9 of "+v.name] += n
		}
		for _, took := range v.readies {
			r.round.Ready = max(r.round.Ready, took.Seconds())
		}
	}
}

// troubleRedis: Redis forgets, dies, hangs, is full, is away.
func troubleRedis(r *rig) {
	r.serves(2)
	away := 2 * time.Second
	if r.long {
		away = 30 * time.Second
	}
	r.inject(2,
		fault{"FLUSHALL", r.redis.Flush},
		fault{"kill -9, back empty", func() { r.redis.Kill(); r.goOn(300 * time.Millisecond); r.redis.Start() }},
		fault{"hang (SIGSTOP)", func() { r.redis.Stop(); r.some(1); r.goOn(r.pick(2*time.Second, 3*time.Second)); r.redis.Cont() }},
		fault{"out of memory (noeviction)", func() {
			r.redis.Do("CONFIG", "SET", "maxmemory", "1")
			r.some(1)
			r.goOn(time.Second)
			r.redis.Do("CONFIG", "SET", "maxmemory", "0")
		}},
		fault{"away", func() { r.redis.Kill(); r.some(1); r.goOn(away); r.redis.Start() }},
	)
	for range 8 {
		if !r.long {
			break
		}
		r.redis.Flush()
		r.round.Injected["FLUSHALL"]++
		r.goOn(r.pick(0, 2*time.Second))
		r.redis.Kill()
		r.goOn(r.pick(0, time.Second))
		r.redis.Start()
		r.round.Injected["kill -9, back empty"]++
		r.goOn(r.pick(0, 2*time.Second))
	}
}

// troublePostgres: the server crashes and recovers, and connections are ended.
func troublePostgres(r *rig) {
	r.serves(1)
	r.inject(5,
		fault{"server crash and recovery", func() { r.pg.Crash(); r.goOn(r.pick(0, 2*time.Second)); r.pg.Start() }},
		fault{"all connections ended", r.endConnections},
		fault{"connections ended, again and again", func() {
			for range 5 {
				r.endConnections()
				r.goOn(200 * time.Millisecond)
			}
		}},
	)
}

// endConnections ends the server's side of all connections but its own.
func (r *rig) endConnections() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, r.dsn)
	r.must(err)
	defer c.Close(ctx) //nolint:errcheck // it was only there to end the others
	_, err = c.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()")
	r.must(err)
}

// troubleSQLite: somebody else holds the database.
func troubleSQLite(r *rig) {
	r.serves(1)
	longest := 3 * time.Second
	if r.long {
		longest = 12 * time.Second
	}
	r.inject(5, fault{"database locked by another", func() {
		release := r.locks()
		r.some(1)
		r.goOn(r.pick(time.Second, longest))
		release()
	}})
}

// troublePlatforms: answers are lost, late, cut off, refused, and no answer says
// how long to wait. Each counts once it befell a request.
func troublePlatforms(r *rig) {
	r.serves(1)
	var faults []fault
	for name, f := range map[string]telegramtest.Fault{
		"Telegram: taken, answer lost": {Drop: true}, "Telegram: taken, answer cut": {Truncate: true}, "Telegram: taken, answer too late": {Late: 6 * time.Second},
		"Telegram: reset": {Reset: true}, "Telegram: 500": {Status: 500}, "Telegram: 502": {Status: 502},
		"Telegram: 429 for 1 s": {Code: 429, Description: "Too Many Requests: retry after 1", RetryAfter: 1}, "Telegram: 429 without a time": {Code: 429, Description: "Too Many Requests"},
	} {
		f.Times = r.often(name)
		faults = append(faults, fault{name, func() { r.tg.Fail("sendMessage", f) }})
	}
	for name, f := range map[string]slacktest.Fault{
		"Slack: taken, answer lost": slacktest.AcceptThenDrop(), "Slack: taken, answer cut": slacktest.Truncated(), "Slack: taken, answer too late": slacktest.Slow(6 * time.Second),
		"Slack: reset": slacktest.Reset(), "Slack: 503": slacktest.Status(503), "Slack: 429 for 1 s": slacktest.RateLimited(time.Second), "Slack: 429 without a time": slacktest.RateLimited(-1),
		"Slack: 200, internal_error": slacktest.NotOK("internal_error"), "Slack: 200, ratelimited": slacktest.NotOK("ratelimited"), "Slack: 200, not JSON": slacktest.Answer("<html>"),
	} {
		method := []string{"chat.postMessage", "chat.update", "conversations.history"}[r.rng.IntN(3)]
		if strings.Contains(name, "taken") || strings.Contains(name, "429") {
			method = "chat.postMessage"
		}
		faults = append(faults, fault{name, func() { r.sl.Misbehave(method, slices.Repeat([]slacktest.Fault{f}, r.often(name))...) }})
	}
	if !r.long {
		r.inject(1, faults...)
		r.tg.Heal()
		r.sl.Heal()
		return
	}
	faults = slices.Repeat(faults, 8)
	r.rng.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	for _, f := range faults {
		waiting := r.tg.Faulty() + r.sl.Faulty()
		f.do()
		n := r.tg.Faulty() + r.sl.Faulty() - waiting
		r.some(1)
		// Searches and edits may be long in coming: what befell none is taken back.
		met := within(10*time.Second, func() bool { r.step(); return r.tg.Faulty()+r.sl.Faulty() == 0 })
		if !met {
			n -= r.tg.Faulty() + r.sl.Faulty()
			r.tg.Heal()
			r.sl.Heal()
		}
		r.round.Injected[f.name] += n
	}
}

// often is how many requests in a row a fault befalls: to be told to wait is
// cheap, and comes in series.
func (r *rig) often(fault string) int {
	if r.long && strings.Contains(fault, "429") {
		return 4
	}
	return 1
}

// troubleNetwork: what stands between the program and its database, its Redis
// and a platform is slow, silent, one-way, reset, cut.
func troubleNetwork(r *rig) {
	pg, err := url.Parse(r.set.database)
	r.must(err)
	redis, err := url.Parse(r.set.redis)
	r.must(err)
	proxies := map[string]*faultproxy.Proxy{}
	through := func(name, server string) string {
		p, err := faultproxy.Start(server)
		r.must(err)
		r.house.t.Cleanup(p.Close)
		proxies[name] = p
		return p.Addr()
	}
	pg.Host, redis.Host = through("PostgreSQL", pg.Host), through("Redis", redis.Host)
	telegram := through("Telegram", strings.TrimPrefix(r.tg.URL(), "http://"))
	r.set.database, r.set.redis, r.tgURL = pg.String(), redis.String(), "http://"+telegram
	r.configure(0, r.set.extra)
	r.serves(1)
	longest := 2 * time.Second
	if r.long {
		longest = 8 * time.Second
	}
	var faults []fault
	for name, p := range proxies {
		lasting := map[string]faultproxy.Fault{
			"200 ms each way": {Delay: 200 * time.Millisecond}, "silent": faultproxy.Blackhole, "answers lost": {ToClient: true},
			"requests lost": {ToServer: true}, "refused": {Refuse: true}, "cut in the answer": {CutAfter: 500},
		}
		for what, f := range lasting {
			faults = append(faults, fault{name + ": " + what, func() {
				p.Set(f)
				r.goOn(r.pick(500*time.Millisecond, longest))
				p.Set(faultproxy.Fault{})
				p.Reset()
			}})
		}
		faults = append(faults, fault{name + ": reset", func() { p.Reset() }})
	}
	if !r.long {
		r.rng.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
		faults = faults[:6]
	}
	r.inject(1, faults...)
}

// troubleZombie: a process stands still until its leases have gone to the other,
// and then goes on as if nothing had been.
func troubleZombie(r *rig) {
	r.serves(2)
	times := 1
	if r.long {
		times = 10
	}
	for i := range times {
		p := r.procs[i%2]
		r.some(2)
		r.goOn(r.pick(0, 600*time.Millisecond)) // in the middle of the work
		r.must(p.cmd.Process.Signal(syscall.SIGSTOP))
		r.goOn(r.pick(3*time.Second, 5*time.Second)) // a lease lasts 2 s
		r.must(p.cmd.Process.Signal(syscall.SIGCONT))
		r.round.Injected["leaseholder stopped for 3–5 s"]++
		r.goOn(time.Second)
	}
	for _, p := range r.procs {
		r.round.Counted["leases lost to the other"] += strings.Count(p.err.String(), "lease lost")
	}
}

// troubleRolling: one process after the other is stopped and started again.
func troubleRolling(r *rig) {
	r.serves(2)
	times := 2
	if r.long {
		times = 20
	}
	for i := range times {
		r.some(1)
		r.must(r.procs[i%2].stop())
		r.round.Injected["restart (SIGTERM)"]++
		r.again(i % 2)
		r.goOn(r.pick(0, 500*time.Millisecond))
	}
}

// troubleReload: SIGHUP, every second time with a configuration that is wrong.
func troubleReload(r *rig) {
	r.serves(1)
	times := 10
	if r.long {
		times = 100
	}
	for i := range times {
		if i%10 == 0 {
			r.some(1)
		}
		extra := r.set.extra + fmt.Sprintf("\nphrases: {第%d次: \"好的\"}\n", i)
		name := "reload"
		if i%2 == 1 {
			extra, name = r.set.extra+"\ntexts: {receipt: \"好的 #{nummer}\"}\n", "reload of a wrong configuration"
		}
		r.configure(0, extra)
		said := strings.Count(r.procs[0].err.String(), "reloaded")
		r.must(r.procs[0].cmd.Process.Signal(syscall.SIGHUP))
		r.until("the reload is over", func() bool { return strings.Count(r.procs[0].err.String(), "reloaded") > said })
		r.round.Injected[name]++
	}
	r.configure(0, r.set.extra)
	r.must(r.procs[0].cmd.Process.Signal(syscall.SIGHUP))
	if _, err := os.Stat(r.file(0)); err != nil {
		r.house.t.Error(err)
	}
}

// troubleClock: the machines' clocks are set, back and forth. What signed requests
// may be off bounds by how much: beyond that they are refused, as they must be.
func troubleClock(r *rig) {
	set := []func(time.Duration){r.clocked(0)}
	if r.redis != nil {
		r.configure(1, r.set.extra)
		set = append(set, r.clocked(1))
	}
	for _, p := range r.procs {
		r.ready(p)
	}
	times := 4
	if r.long {
		times = 30
	}
	for i := range times {
		if i < 12 {
			r.some(1)
		}
		set[r.rng.IntN(len(set))](r.offset())
		r.round.Injected["clock set"]++
		r.goOn(r.pick(300*time.Millisecond, 2*time.Second))
	}
}

// offset is how far a clock is off that nobody looks after. A process on SQLite
// makes up for steps back of up to four minutes, and one on PostgreSQL goes by that.
func (r *rig) offset() time.Duration {
	most := 110 * time.Second
	if r.redis != nil {
		most = 220 * time.Second
	}
	return r.pick(-most, most)
}

// clocked starts the i-th process on a machine whose clock is off, and returns what
// sets that clock.
func (r *rig) clocked(i int) (set func(off time.Duration)) {
	file := filepath.Join(r.dir, fmt.Sprintf("clock-%d", i))
	set = func(off time.Duration) {
		r.must(os.WriteFile(file+".new", []byte(off.String()), 0o600))
		r.must(os.Rename(file+".new", file))
	}
	set(r.offset())
	r.procs = append(r.procs, r.launch(i, nil, "HUIYIN_CLOCK="+file))
	return set
}
