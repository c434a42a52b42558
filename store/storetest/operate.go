package storetest

import (
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// testPrune: what is done with goes, a little at a time; what pages, answers and
// people still need stays.
func testPrune(_ *testing.T, s *suite) {
	old, keep := s.now, s.now.Add(90*24*time.Hour)
	later := keep.Add(24 * time.Hour)
	made := map[string]int64{}
	s.write(func(tx *store.Tx) {
		ended := s.item(tx, func(i *feedback.Item) { i.State, i.EndedAt = feedback.Closed, old })
		live := s.item(tx, func(i *feedback.Item) { i.State = feedback.Open })
		justEnded := s.item(tx, func(i *feedback.Item) { i.State, i.EndedAt = feedback.Closed, keep })
		for _, row := range []struct {
			key   string
			item  int64
			kind  string
			state store.OutState
			to    store.Audience
			at    time.Time
		}{
			{"gone: sent line", ended.ID, "sound", store.OutSent, store.ToStaff, old},
			{"gone: taken back", ended.ID, "said", store.OutCancelled, store.ToStaff, old},
			{"gone: digest", 0, "team", store.OutSent, store.ToStaff, old},
			{"card", ended.ID, store.CardKind, store.OutSent, store.ToStaff, old},
			{"to the customer", ended.ID, "closure", store.OutSent, store.ToCustomer, old},
			{"dead", ended.ID, "sound", store.OutDead, store.ToStaff, old},
			{"uncertain", ended.ID, "sound", store.OutUncertain, store.ToStaff, old},
			{"waits", ended.ID, "sound", store.OutPending, store.ToStaff, old},
			{"item lives", live.ID, "sound", store.OutSent, store.ToStaff, old},
			{"item ended lately", justEnded.ID, "sound", store.OutSent, store.ToStaff, old},
			{"new digest", 0, "team", store.OutSent, store.ToStaff, later},
		} {
			o := s.put(tx, row.key, func(o *store.Out) {
				o.Item, o.Kind, o.State, o.Audience, o.CreatedAt = row.item, row.kind, row.state, row.to, row.at
			})
			made[row.key] = o.ID
		}
		s.ok(must2(tx.AddEvent(&feedback.Event{Item: ended.ID, At: old, Kind: "resolved", Key: "care:1"})))
		equal(s, "slot", must(tx.Fire("digest:care", old))(s), true)
		equal(s, "slot", must(tx.Fire("digest:care", later))(s), true)
	})
	rounds, removed := 0, int64(0)
	for done := (store.Pruned{More: true}); done.More; rounds++ {
		s.write(func(tx *store.Tx) { done = must(tx.Prune(done.Next, keep, 3))(s) })
		if done.Looked > 3 {
			s.Errorf("%d were looked at in one go", done.Looked)
		}
		removed += done.Removed
	}
	equal(s, "removed", removed, int64(3))
	if rounds < 3 {
		s.Errorf("it took %d rounds", rounds)
	}
	s.write(func(tx *store.Tx) {
		equal(s, "slots removed", must(tx.PruneFires(keep))(s), int64(1))
		equal(s, "the newer slot", must(tx.Fire("digest:care", later))(s), false)
	})
	s.read(func(tx *store.Tx) {
		for key := range made {
			_, err := tx.OutByKey(key)
			if len(key) > 5 && key[:5] == "gone:" {
				s.is(err, feedback.ErrNotFound)
			} else if err != nil {
				s.Errorf("%s: %v", key, err)
			}
		}
		if _, err := tx.EventByKey("care:1"); err != nil {
			s.Errorf("the event that a command is known by: %v", err)
		}
	})
}

// testRestored: what was on its way to customers is nobody's to send by itself.
func testRestored(_ *testing.T, s *suite) {
	ids := map[store.OutState]int64{}
	var team int64
	s.write(func(tx *store.Tx) {
		_, known, err := tx.Installation()
		s.ok(err)
		equal(s, "known", known, false)
		s.ok(tx.SaveInstallation(store.Installation{ID: "A", Seq: 7}))
		for _, state := range []store.OutState{store.OutPending, store.OutRetry, store.OutSending, store.OutSent, store.OutUncertain, store.OutDead, store.OutCancelled} {
			ids[state] = s.put(tx, string(state), func(o *store.Out) { o.State, o.Epoch = state, 9 }).ID
		}
		team = s.put(tx, "team", func(o *store.Out) { o.Audience, o.State = store.ToStaff, store.OutPending }).ID
		i, known, err := tx.Installation()
		s.ok(err)
		equal(s, "kept", line(known, i.ID, i.Seq, i.Restored.IsZero()), "true A 7 true")
		equal(s, "held", must(tx.HoldForRestore(i, s.now))(s), int64(3))
		i, _, err = tx.Installation()
		s.ok(err)
		equal(s, "restored", i.Restored.Equal(s.now), true)
		left := must(tx.Sending("care", 1))(s)
		equal(s, "left to be settled", len(left), 3)
		for state, id := range ids {
			want := state
			if state == store.OutPending || state == store.OutRetry {
				want = store.OutSending
			}
			equal(s, string(state), must(tx.Out(id))(s).State, want)
		}
		equal(s, "a team's", must(tx.Out(team))(s).State, store.OutPending)
	})
}

// must2 drops what a call returns beside its error.
func must2[T any](_ T, err error) error { return err }
