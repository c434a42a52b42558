package desk

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/store"
)

const (
	// AliveState is the key of the state that says when a process that receives
	// was last at work, as time.RFC3339.
	AliveState = "alive"
	// absentAfter is how long nobody may have been at work until people are told.
	// It is longer than any restart, and than Slack brings an event again.
	absentAfter = 10 * time.Minute
)

// Alive remembers that a process that receives from platforms is at work. Where
// the process has just begun and nobody was at work for long, the first team is
// told, once, from when to when, and what of that time the platforms may not
// bring any more: what is missing is stated, never hidden.
func (s *Service) Alive(ctx context.Context, begins bool) error {
	return s.do(ctx, func(w *work) error {
		was, known, err := w.tx.State(AliveState)
		if err != nil {
			return err
		}
		if from, err := time.Parse(time.RFC3339, was); known && begins && err == nil && w.now.Sub(from) >= absentAfter {
			key := "absent:" + was
			if err := w.toTeam(w.r.TeamOrder[0], key, bots.Post{Text: w.absence(from)}); err != nil {
				return err
			}
		}
		return w.tx.SetState(AliveState, w.now.UTC().Format(time.RFC3339), time.Time{})
	})
}

// absence says that nobody was at work since from, and what that means for each
// channel whose platform keeps what it cannot bring.
func (w *work) absence(from time.Time) string {
	lang := w.r.Language
	stamp := func(t time.Time) string { return w.r.Texts.Stamp(lang, w.r.local(t), w.local) }
	lines := []string{w.r.Texts.Text(lang, "absent", phraseVars{
		"from": stamp(from), "to": stamp(w.now), "length": w.r.Texts.Duration(lang, w.now.Sub(from)),
	})}
	for _, name := range slices.Sorted(maps.Keys(w.r.Channels)) {
		ch := w.r.Channels[name]
		if ch.Caps.Keeps == 0 {
			continue
		}
		key, until := "absent.kept", w.now.Add(-ch.Caps.Keeps)
		if until.After(from) {
			key = "absent.lost"
		}
		lines = append(lines, w.r.Texts.Text(lang, key, phraseVars{
			"channel": ch.Title, "name": name, "from": stamp(from), "until": stamp(until), "keeps": w.r.Texts.Duration(lang, ch.Caps.Keeps),
		}))
	}
	return strings.Join(lines, "\n")
}

// ForgetAlive forgets when anybody was at work: a database that was restored
// knows that only of the time of its copy.
func ForgetAlive(tx *store.Tx) error { return tx.DropState(AliveState) }
