//go:build campaign

package e2e

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestCampaign plays long rounds of the campaigns that HUIYIN_ONLY names
// (commas between; empty: all but those that take long by themselves), in turns
// and each at least once, until HUIYIN_CAMPAIGN is over (a duration; 10m where
// unset). Each round's seed is its name; HUIYIN_SEED plays one round of each with
// that seed. A round that fails ends no others. Where HUIYIN_RESULTS names a file, what was counted is added to it.
// HUIYIN_LENGTH is how long a steady load lasts, instead of its own time.
func TestCampaign(t *testing.T) {
	length := durationOf(t, "HUIYIN_CAMPAIGN", 10*time.Minute)
	seed, once := rand.Uint64N(1_000_000), false
	if s := os.Getenv("HUIYIN_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("HUIYIN_SEED: %v", err)
		}
		once = true
	}
	chosen := chosenCampaigns(t, os.Getenv("HUIYIN_ONLY"))
	began, rounds := time.Now(), 0
	for {
		for _, c := range chosen {
			if rounds >= len(chosen) && time.Since(began) >= length {
				break
			}
			t.Run(c.name+"/"+strconv.FormatUint(seed, 10), func(t *testing.T) { c.play(t, seed) })
			rounds++
		}
		seed++
		if once || time.Since(began) >= length {
			break
		}
	}
	t.Logf("%d rounds in %s", rounds, time.Since(began).Round(time.Second))
}

func durationOf(t *testing.T, name string, otherwise time.Duration) time.Duration {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// playable is a campaign by its name.
type playable struct {
	name string
	play func(t *testing.T, seed uint64)
}

func chosenCampaigns(t *testing.T, only string) []playable {
	t.Helper()
	var all []playable
	for _, c := range append(campaigns(),
		campaign{"disk", onSQLite, troubleDisk},
		campaign{"platforms-postgres", onPostgres, troublePlatforms}) {
		all = append(all, playable{c.name, func(t *testing.T, seed uint64) { c.play(t, seed, true) }})
	}
	inTurns := len(all)
	long := campaign{"redis-long", onBoth, troubleRedisLong}
	all = append(all, playable{long.name, func(t *testing.T, seed uint64) { long.play(t, seed, true) }})
	for _, c := range steadies() {
		all = append(all, playable{c.name, func(t *testing.T, seed uint64) { c.play(t, seed, durationOf(t, "HUIYIN_LENGTH", 0)) }})
	}
	if only == "" {
		return all[:inTurns]
	}
	var chosen []playable
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(c playable) bool { return c.name == name })
		if i < 0 {
			t.Fatalf("HUIYIN_ONLY: there is no campaign %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen
}

// troubleRedisLong: Redis hangs for a minute ten times, and is away for ten
// minutes.
func troubleRedisLong(r *rig) {
	r.serves(2)
	for range 10 {
		r.some(1)
		r.redis.Stop()
		r.some(1)
		r.goOn(time.Minute)
		r.redis.Cont()
		r.round.Injected["hang (SIGSTOP) of a minute"]++
		r.goOn(5 * time.Second)
	}
	r.redis.Kill()
	for range 10 {
		r.some(1)
		r.goOn(time.Minute)
	}
	r.redis.Start()
	r.round.Injected["away for ten minutes"]++
}
