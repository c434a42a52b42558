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
// (commas between; empty: all), in turns and each at least once, until
// HUIYIN_CAMPAIGN is over (a duration; 10m where unset). Each round's seed is
// its name; HUIYIN_SEED plays one round of each with that seed. Where
// HUIYIN_RESULTS names a file, what was counted is added to it.
func TestCampaign(t *testing.T) {
	length := 10 * time.Minute
	var err error
	if s := os.Getenv("HUIYIN_CAMPAIGN"); s != "" {
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatalf("HUIYIN_CAMPAIGN: %v", err)
		}
	}
	seed, once := rand.Uint64N(1_000_000), false
	if s := os.Getenv("HUIYIN_SEED"); s != "" {
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
			t.Run(c.name+"/"+strconv.FormatUint(seed, 10), func(t *testing.T) { c.play(t, seed, true) })
			rounds++
		}
		seed++
		if once || t.Failed() || time.Since(began) >= length {
			break
		}
	}
	t.Logf("%d rounds in %s", rounds, time.Since(began).Round(time.Second))
}

func chosenCampaigns(t *testing.T, only string) []campaign {
	t.Helper()
	all := append(campaigns(), campaign{"disk", onSQLite, troubleDisk})
	if only == "" {
		return all
	}
	var chosen []campaign
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(c campaign) bool { return c.name == name })
		if i < 0 {
			t.Fatalf("HUIYIN_ONLY: there is no campaign %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen
}
