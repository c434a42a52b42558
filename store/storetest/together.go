package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// opened makes what the handling of a message makes: an item with its words, its
// event, a timer and two rows of the outbox.
func (s *suite) opened(tx *store.Tx, m *feedback.Message) *feedback.Item {
	s.Helper()
	i := &feedback.Item{
		Channel: m.Channel, Kind: m.Kind, Conversation: m.Conversation, Author: m.Author, State: feedback.New, Priority: feedback.P2, Team: "care",
		Text: m.Text, CreatedAt: s.now, Receipt: feedback.DeliveryNone, Closure: feedback.DeliveryNone,
		Verdict: feedback.Verdict{Topics: []feedback.Topic{{Name: "物流"}}},
	}
	s.ok(tx.InsertItem(i))
	s.ok(tx.IndexItem(i.ID, []string{"快", "递", m.External}))
	s.ok(tx.SetTimer(store.Timer{Item: i.ID, Kind: "overdue", Due: s.now.Add(time.Hour)}))
	s.ok(tx.SetTimer(store.Timer{Item: i.ID, Kind: "receipt", Due: s.now.Add(time.Second)}))
	inserted := must(tx.AddEvent(&feedback.Event{Item: i.ID, At: s.now, Kind: "created"}))(s)
	equal(s, "event", inserted, true)
	for _, key := range []string{"card:", "receipt:"} {
		o := &store.Out{Key: key + m.External, Bot: "hq", Chat: "C1", Audience: store.ToStaff, Kind: "card", Item: i.ID, Rev: 1, NextAt: s.now}
		if key == "receipt:" {
			o.Kind, o.Audience, o.Conversation, o.Chat = "receipt", store.ToCustomer, m.Conversation, m.External
		}
		equal(s, "put "+key, must(tx.PutOut(o))(s), true)
		equal(s, "put "+key+" again", must(tx.PutOut(o))(s), false)
	}
	i.Priority, i.Team = feedback.P1, "logistics"
	s.ok(tx.UpdateItem(i))
	s.ok(tx.DropTimers(i.ID, "receipt"))
	m.Item, m.Stage = i.ID, feedback.StageDone
	equal(s, "finished", must(tx.Finish([]*feedback.Message{m}))(s)[0], true)
	return i
}

// Work done together leaves what the same work leaves that is done one by one,
// and sees what it wrote.
func testTogether(_ *testing.T, s *suite) {
	var ms []*feedback.Message
	s.write(func(tx *store.Tx) {
		old := s.item(tx, nil)
		equal(s, "the first item", old.ID, 1)
		for _, chat := range []string{"a", "b", "c"} {
			ms = append(ms, s.message(s.conversation(tx, "care", chat), chat+":1", "快递太慢了"))
		}
		s.insert(tx, ms...)
	})
	var ids []int64
	s.ok(s.db.Write(s.Context(), func(tx *store.Tx) error {
		ids = nil
		return tx.Together(ms, store.Finishing{}, func() error {
			for k, m := range ms {
				equal(s, "no item yet", must(tx.CurrentItem(m.Conversation))(s), nil)
				equal(s, "visits", must(tx.Visits(m.Author))(s), 0)
				i := s.opened(tx, m)
				ids = append(ids, i.ID)
				equal(s, "current", must(tx.CurrentItem(m.Conversation))(s).ID, i.ID)
				equal(s, "visits", must(tx.Visits(m.Author))(s), 1)
				equal(s, "rows", len(must(tx.OutsOf(i.ID))(s)), 2)
				if k == 1 {
					// A method that knows nothing of it: what was kept back is there.
					equal(s, "timers", len(must(tx.Timers(i.ID))(s)), 1)
					equal(s, "found", len(must(tx.Items(store.Query{Words: []string{m.External}}))(s)), 1)
				}
			}
			return nil
		})
	}))
	s.read(func(tx *store.Tx) {
		for k, id := range ids {
			i := must(tx.Item(id))(s)
			equal(s, "item", line(i.Team, i.Priority, i.Text, i.Conversation), line("logistics", feedback.P1, "快递太慢了", ms[k].Conversation))
			equal(s, "message", must(tx.Message(ms[k].ID))(s).Item, id)
			equal(s, "events", len(must(tx.Events(id))(s)), 1)
			equal(s, "timers", len(must(tx.Timers(id))(s)), 1)
			equal(s, "found", line(numbers(must(tx.Items(store.Query{Words: []string{ms[k].External}}))(s))), line(ids[k:k+1]))
		}
		equal(s, "the owning team", len(must(tx.Items(store.Query{Teams: []string{"logistics"}}))(s)), 3)
		equal(s, "the topic", len(must(tx.Items(store.Query{Topic: "物流"}))(s)), 3)
	})
	s.write(func(tx *store.Tx) {
		if i := s.item(tx, nil); i.ID <= ids[2] {
			s.Errorf("item %d after %d", i.ID, ids[2])
		}
	})
}

// Rows that are written on the way take numbers, too: those that follow get others.
func testTogetherFolds(_ *testing.T, s *suite) {
	var ms []*feedback.Message
	s.write(func(tx *store.Tx) {
		for _, chat := range []string{"a", "b"} {
			ms = append(ms, s.message(s.conversation(tx, "care", chat), chat+":1", "快递太慢了"))
		}
		s.insert(tx, ms...)
	})
	s.ok(s.db.Write(s.Context(), func(tx *store.Tx) error {
		return tx.Together(ms, store.Finishing{}, func() error {
			for _, m := range ms {
				s.opened(tx, m)
				if err := tx.PutFold(store.Out{Key: "fold", Bot: "hq", Chat: "C1", Audience: store.ToStaff, Kind: "fold", NextAt: s.now, CreatedAt: s.now}); err != nil {
					return err
				}
				// Whatever is not held has what was kept back written first.
				if _, err := tx.Corrections(0); err != nil {
					return err
				}
			}
			return nil
		})
	}))
	s.read(func(tx *store.Tx) {
		equal(s, "rows", len(must(tx.DueOut("hq", s.now, 100))(s)), 5)
		equal(s, "the shared card", must(tx.OutByKey("fold"))(s).Rev, 1)
	})
}

// Later messages join what is there: items are held, changed and compared.
func testTogetherJoins(_ *testing.T, s *suite) {
	var m *feedback.Message
	var item *feedback.Item
	s.write(func(tx *store.Tx) {
		m = s.message(s.conversation(tx, "care", "a"), "a:1", "快递太慢了")
		s.insert(tx, m)
		item = s.opened(tx, m)
	})
	s.write(func(tx *store.Tx) {
		out := must(tx.OutByKey("card:a:1"))(s)
		claimed := must(tx.ClaimOut(out.ID, 1, s.now))(s)
		equal(s, "claimed", claimed, true)
		out.State, out.SentRev, out.External, out.SentAt = store.OutSent, 1, "x", s.now
		s.ok(tx.FinishOut(out, 1))
	})
	join := func(tx *store.Tx) error {
		return tx.Together([]*feedback.Message{m}, store.Finishing{}, func() error {
			current := must(tx.LockItem(must(tx.CurrentItem(m.Conversation))(s).ID))(s)
			for range 2 {
				current.Text += "\n还没到"
				current.Verdict.Topics = []feedback.Topic{{Name: "服务"}}
				s.ok(tx.UpdateItem(current))
				equal(s, "cards", must(tx.TouchCards(current.ID, s.now))(s), 1)
			}
			s.ok(tx.DropTimers(current.ID, "overdue"))
			s.ok(tx.SetState("k", "v", time.Time{}))
			value, found, err := tx.State("k")
			s.ok(err)
			equal(s, "state", line(value, found), "v true")
			stale := *current
			stale.Version--
			s.is(tx.UpdateItem(&stale), feedback.ErrConflict)
			current.State = feedback.Closed
			s.ok(tx.UpdateItem(current))
			equal(s, "none is current", must(tx.CurrentItem(m.Conversation))(s), nil)
			equal(s, "the latest", must(tx.LatestItem(m.Conversation))(s).ID, current.ID)
			return nil
		})
	}
	s.ok(s.db.Write(s.Context(), join))
	s.read(func(tx *store.Tx) {
		i := must(tx.Item(item.ID))(s)
		equal(s, "item", line(i.State, i.Text), line(feedback.Closed, "快递太慢了\n还没到\n还没到"))
		equal(s, "timers", len(must(tx.Timers(item.ID))(s)), 0)
		out := must(tx.OutByKey("card:a:1"))(s)
		equal(s, "card is due again", line(out.State, out.Rev > out.SentRev), "pending true")
		equal(s, "old topic", len(must(tx.Items(store.Query{Topic: "物流"}))(s)), 0)
		equal(s, "new topic", len(must(tx.Items(store.Query{Topic: "服务", States: []feedback.State{feedback.Closed}}))(s)), 1)
	})
}

// Outcomes of several rows are kept at once; one that changed hands is told.
func testTogetherFinishes(_ *testing.T, s *suite) {
	var outs []*store.Out
	s.write(func(tx *store.Tx) {
		for _, chat := range []string{"a", "b", "c"} {
			m := s.message(s.conversation(tx, "care", chat), chat+":1", "快递太慢了")
			s.insert(tx, m)
			s.opened(tx, m)
			outs = append(outs, must(tx.OutByKey("receipt:"+chat+":1"))(s))
		}
		for k, o := range outs {
			equal(s, "claimed", must(tx.ClaimOut(o.ID, int64(k/2+1), s.now))(s), true)
			o.State, o.External, o.SentAt = store.OutSent, "x", s.now
		}
	})
	finish := func(n int) error {
		return s.db.Write(s.Context(), func(tx *store.Tx) error {
			return tx.Together(nil, store.Finishing{Outs: outs[:n], Epochs: []int64{1, 1, 1}[:n]}, func() error {
				for _, o := range outs[:n] {
					same := *o
					if err := tx.FinishOut(&same, 1); err != nil {
						return err
					}
					item := must(tx.LockItem(o.Item))(s)
					item.Receipt = feedback.DeliverySent
					s.ok(tx.UpdateItem(item))
				}
				return nil
			})
		})
	}
	s.is(finish(3), feedback.ErrConflict) // the third is sent under another lease
	s.ok(finish(2))
	s.read(func(tx *store.Tx) {
		for k, o := range outs {
			want := store.OutSent
			if k == 2 {
				want = store.OutSending
			}
			equal(s, "row", must(tx.Out(o.ID))(s).State, want)
			equal(s, "item", must(tx.Item(o.Item))(s).Receipt == feedback.DeliverySent, k < 2)
		}
	})
}

// What cannot be kept together leaves nothing.
func testApart(_ *testing.T, s *suite) {
	var ms []*feedback.Message
	s.write(func(tx *store.Tx) {
		for _, chat := range []string{"a", "b"} {
			ms = append(ms, s.message(s.conversation(tx, "care", chat), chat+":1", "快递太慢了"))
		}
		s.insert(tx, ms...)
		s.opened(tx, ms[1])
	})
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		ms    []*feedback.Message
		after error
		want  error
	}{
		"finished before": {ms, nil, store.ErrApart},
		"an error":        {ms[:1], boom, boom},
	} {
		err := s.db.Write(s.Context(), func(tx *store.Tx) error {
			return tx.Together(test.ms, store.Finishing{}, func() error {
				for _, m := range test.ms {
					i := &feedback.Item{Channel: "care", Conversation: m.Conversation, State: feedback.New, CreatedAt: s.now}
					s.ok(tx.InsertItem(i))
					must(tx.Finish([]*feedback.Message{m}))(s)
				}
				return test.after
			})
		})
		if !errors.Is(err, test.want) {
			s.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	s.read(func(tx *store.Tx) {
		equal(s, "items", must(tx.CountItems(store.Query{}))(s), 1)
		equal(s, "stage", must(tx.Message(ms[0].ID))(s).Stage, feedback.StageNew)
	})
}
