//go:build campaign

package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestCampaign kills the process at random steps, in rounds, for as long as
// HUIYIN_CAMPAIGN says (a duration; 10m where unset). Each round's seed is
// printed; HUIYIN_SEED replays one round.
func TestCampaign(t *testing.T) {
	length, seed, once := 10*time.Minute, uint64(time.Now().UnixNano()), false
	var err error
	if s := os.Getenv("HUIYIN_CAMPAIGN"); s != "" {
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatalf("HUIYIN_CAMPAIGN: %v", err)
		}
	}
	if s := os.Getenv("HUIYIN_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("HUIYIN_SEED: %v", err)
		}
		once = true
	}
	kills, rounds := 0, 0
	for began := time.Now(); time.Since(began) < length; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			kills += round(t, seed)
			rounds++
		})
		if once || t.Failed() {
			break
		}
	}
	t.Logf("%d rounds, %d kills; replay a round with HUIYIN_SEED=NUMBER", rounds, kills)
}

// round is every step in a random order, each at its first to third passing.
func round(t *testing.T, seed uint64) int {
	h := ledgerHouse(t, setup{})
	l := newLedger(h, seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	list := cells()
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	l.kill(list, func() int { return 1 + rng.IntN(3) })
	h.start()
	l.finish()
	l.choose()
	l.check()
	return len(list)
}
