package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

func verdict(sentiment, intent string, topics ...string) feedback.Verdict {
	v := feedback.Verdict{Sentiment: sentiment, Intent: intent, Model: "v1"}
	for _, t := range topics {
		v.Topics = append(v.Topics, feedback.Topic{Name: t})
	}
	return v
}

func testCorrections(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		c := &store.Correction{Item: 1, Staff: 2, Text: "凉了", Labels: "negative", Was: verdict("neutral", "chat"), Is: verdict("negative", "chat"), At: s.now}
		s.ok(tx.AddCorrection(c))
		d := &store.Correction{Item: 2, At: s.now, Text: "甜", Was: verdict("positive", "praise", "包装"), Is: verdict("negative", "complaint", "口味")}
		s.ok(tx.AddCorrection(d))
		e := &store.Correction{Item: 1, Staff: 3, Text: "凉了", Labels: "complaint +口味 -包装", Was: verdict("negative", "chat"), Is: verdict("negative", "complaint", "口味"), At: s.now}
		s.ok(tx.AddCorrection(e))
		equal(s, "all", len(must(tx.Corrections(0))(s)), 3)
		equal(s, "their ids", fmt.Sprint(must(tx.CorrectionIDs(2))(s)), fmt.Sprint([]int64{e.ID, d.ID}))
		equal(s, "latest", must(tx.Corrections(1))(s)[0].Labels, e.Labels)

		got, ids, err := tx.Corrected(0)
		s.ok(err)
		equal(s, "ids", fmt.Sprint(ids), fmt.Sprint([]int64{e.ID, d.ID, c.ID}))
		equal(s, "items", fmt.Sprint(got[0].Item, got[1].Item, len(got)), "1 2 2")
		equal(s, "said, right", got[0].Said.Sentiment+" "+got[0].Said.Intent+" "+got[0].Right.Sentiment+" "+got[0].Right.Intent, "neutral chat negative complaint")
		equal(s, "named", fmt.Sprint(got[0].Sentiment, got[0].Intent, got[0].About, got[0].Not), "true true [口味] [包装]")
		equal(s, "named by what changed", fmt.Sprint(got[1].Sentiment, got[1].Intent, got[1].About, got[1].Not), "true true [口味] [包装]")

		s.ok(tx.RevokeCorrection(e.ID, 9, s.now.Add(time.Minute)))
		s.ok(tx.RevokeCorrection(e.ID, 8, s.now.Add(time.Hour)))
		of := must(tx.StandingCorrections(1))(s)
		equal(s, "standing", fmt.Sprint(len(of), of[0].ID), fmt.Sprint(1, c.ID))
		equal(s, "revoked", len(must(tx.Corrections(10))(s)), 2)
		got, _, err = tx.Corrected(0)
		s.ok(err)
		equal(s, "without it", fmt.Sprint(got[1].Item, got[1].Right.Intent, got[1].Intent), "1chatfalse")
		s.is(tx.RevokeCorrection(1e9, 1, s.now), feedback.ErrNotFound)
	})
}

func testJudgements(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		add := func(change func(i *feedback.Item)) *feedback.Item {
			return s.item(tx, func(i *feedback.Item) {
				i.Verdict, i.CreatedAt = verdict("negative", "complaint"), s.now
				change(i)
			})
		}
		claimed := add(func(i *feedback.Item) { i.ClaimedAt = s.now })
		add(func(*feedback.Item) {}) // nobody looked at it
		add(func(i *feedback.Item) { i.ClaimedAt, i.History = s.now, true })
		add(func(i *feedback.Item) { i.ClaimedAt, i.CreatedAt = s.now, s.now.Add(-time.Hour) })
		corrected := add(func(i *feedback.Item) { i.Verdict = verdict("positive", "praise") })
		s.ok(tx.AddCorrection(&store.Correction{Item: corrected.ID, Labels: "positive", Was: verdict("negative", "complaint"), Is: verdict("positive", "complaint"), At: s.now}))

		got := must(tx.Judgements(s.now, s.now.Add(time.Minute), 10))(s)
		equal(s, "judged", len(got), 2)
		equal(s, "corrected", fmt.Sprint(got[0].Item, got[0].At.Equal(s.now), got[0].Said.Sentiment, got[0].Right.Sentiment, got[0].Corrected()), fmt.Sprint(corrected.ID, true, "negative", "positive", true))
		equal(s, "left as it was", fmt.Sprint(got[1].Item, got[1].Said.Sentiment, got[1].Right.Sentiment, got[1].Corrected()), fmt.Sprint(claimed.ID, "negative", "negative", false))
		equal(s, "at most", len(must(tx.Judgements(time.Time{}, s.now.Add(time.Minute), 1))(s)), 1)
	})
}

func testModels(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		_, err := tx.ModelInForce("b")
		s.is(err, feedback.ErrNotFound)
		equal(s, "none", must(tx.IDOfModelInForce("b"))(s), int64(0))
		var last *store.Model
		for n := range 4 {
			last = &store.Model{Version: fmt.Sprint("b+", n), Base: "b", Lessons: n, Print: "p", At: s.now, Took: 3 * time.Second, Applied: n != 2, Reason: "base", Figures: "{}"}
			if last.Applied {
				last.Data = []byte{byte(n)}
			}
			s.ok(tx.AddModel(last))
		}
		other := &store.Model{Version: "c+1", Base: "c", Applied: true, Data: []byte("c")}
		s.ok(tx.AddModel(other))
		m := must(tx.ModelInForce("b"))(s)
		equal(s, "in force", fmt.Sprint(m.Version, len(m.Data), m.Took, m.At.Equal(s.now)), "b+31 3s true")
		equal(s, "its id", must(tx.IDOfModelInForce("b"))(s), last.ID)
		equal(s, "another base's", string(must(tx.ModelInForce("c"))(s).Data), "c")
		all := must(tx.Models("", 0))(s)
		equal(s, "tries", fmt.Sprint(len(all), all[0].Version, all[4].Version), "5c+1b+0")
		equal(s, "of a base", len(must(tx.Models("b", 2))(s)), 2)
		s.ok(tx.AddModel(&store.Model{Version: "b", Base: "b", Applied: true}))
		back := must(tx.ModelInForce("b"))(s)
		equal(s, "back to the base", fmt.Sprint(back.Version, ", ", len(back.Data)), "b, 0")
	})
}
