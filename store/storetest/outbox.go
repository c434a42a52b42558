package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// put keeps a row of the bot care that change has completed.
func (s *suite) put(tx *store.Tx, key string, change func(o *store.Out)) *store.Out {
	s.Helper()
	o := &store.Out{Key: key, Bot: "care", Chat: "1", Audience: store.ToCustomer, Kind: "reply", Body: []byte(`{}`), NextAt: s.now}
	if change != nil {
		change(o)
	}
	equal(s, "new row "+key, must(tx.PutOut(o))(s), true)
	return o
}

func (s *suite) due(tx *store.Tx) string {
	s.Helper()
	var keys []string
	for _, o := range must(tx.DueOut("care", s.now, 100))(s) {
		keys = append(keys, o.Key)
	}
	return fmt.Sprint(keys)
}

func testOutbox(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		o := s.put(tx, "k", func(o *store.Out) { o.Item, o.Conversation = 5, 6 })
		equal(s, "state", o.State, store.OutPending)
		equal(s, "created", o.CreatedAt, s.now)
		again := &store.Out{Key: "k", Bot: "other", Body: []byte("other")}
		equal(s, "the same key", must(tx.PutOut(again))(s), false)
		equal(s, "its id", again.ID, o.ID)
		equal(s, "by key", must(tx.OutByKey("k"))(s).Bot, "care")
		_, err := tx.OutByKey("none")
		s.is(err, feedback.ErrNotFound)

		equal(s, "claimed", must(tx.ClaimOut(o.ID, 3, s.now.Add(-time.Second)))(s), false)
		equal(s, "claimed", must(tx.ClaimOut(o.ID, 3, s.now))(s), true)
		equal(s, "claimed twice", must(tx.ClaimOut(o.ID, 3, s.now))(s), false)
		got := must(tx.Out(o.ID))(s)
		equal(s, "sending", line(got.State, got.Attempts, got.Epoch), "sending 1 3")
		equal(s, "left behind", len(must(tx.Sending("care", 4))(s)), 1)
		equal(s, "not left behind", len(must(tx.Sending("care", 3))(s)), 0)
		equal(s, "of another bot", len(must(tx.Sending("hq", 4))(s)), 0)

		got.State, got.Error, got.NextAt = store.OutRetry, "429", s.now.Add(time.Minute)
		s.is(tx.FinishOut(got, 4), feedback.ErrConflict)
		s.ok(tx.FinishOut(got, 3))
		equal(s, "attempts", got.Attempts, 1)
		equal(s, "due", s.due(tx), "[]")
		next, found, err := tx.NextOut("care")
		s.ok(err)
		equal(s, "next", found && next.Equal(got.NextAt), true)
		_, found, err = tx.NextOut("hq")
		s.ok(err)
		equal(s, "next of another", found, false)

		s.now = s.now.Add(time.Minute)
		equal(s, "due", s.due(tx), "[k]")
		equal(s, "claimed", must(tx.ClaimOut(o.ID, 3, s.now))(s), true)
		got.State, got.Error, got.External, got.SentAt = store.OutSent, "", "77", s.now
		s.ok(tx.FinishOut(got, 3))
		s.is(tx.FinishOut(got, 3), feedback.ErrConflict)
		equal(s, "by the platform's id", must(tx.OutByExternal("care", "1", "77"))(s).ID, o.ID)
		for _, where := range [][3]string{{"care", "2", "77"}, {"hq", "1", "77"}, {"care", "1", ""}} {
			_, err := tx.OutByExternal(where[0], where[1], where[2])
			s.is(err, feedback.ErrNotFound)
		}
		equal(s, "of the item", len(must(tx.OutsOf(5))(s)), 1)
		equal(s, "of no item", len(must(tx.OutsOf(0))(s)), 0)

		sent := must(tx.SentSince("care", s.now))(s)
		equal(s, "sent", len(sent) == 1 && sent[0].Chat == "1" && sent[0].SentAt.Equal(s.now), true)
		equal(s, "sent since", len(must(tx.SentSince("care", s.now.Add(time.Microsecond)))(s)), 0)

		p := s.put(tx, "undo", func(o *store.Out) { o.NextAt = s.now.Add(10 * time.Second) })
		p.State = store.OutCancelled
		equal(s, "cancelled", must(tx.ChangeOut(p, store.OutPending, store.OutRetry))(s), true)
		equal(s, "cancelled twice", must(tx.ChangeOut(p, store.OutPending, store.OutRetry))(s), false)
		p.State, p.NextAt, p.Attempts = store.OutPending, s.now, 0
		equal(s, "sent again", must(tx.ChangeOut(p, store.OutCancelled))(s), true)
		equal(s, "due", s.due(tx), "[undo]")
		_, err = tx.ChangeOut(p)
		s.is(err, feedback.ErrInvalid)
	})
}

func testOutboxOrder(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		of := func(conversation int64) func(o *store.Out) {
			return func(o *store.Out) { o.Conversation = conversation }
		}
		first, second := s.put(tx, "a1", of(1)), s.put(tx, "a2", of(1))
		s.put(tx, "b1", of(2))
		free, alsoFree := s.put(tx, "c1", of(0)), s.put(tx, "c2", of(0))
		s.put(tx, "sos", func(o *store.Out) { o.Urgent = true })
		s.put(tx, "other", func(o *store.Out) { o.Bot = "hq" })
		equal(s, "urgent first, then by age", s.due(tx), "[sos a1 a2 b1 c1 c2]")

		equal(s, "claim", must(tx.ClaimOut(first.ID, 1, s.now))(s), true)
		equal(s, "claim without a conversation", must(tx.ClaimOut(free.ID, 1, s.now))(s), true)
		equal(s, "one at a time in a conversation", s.due(tx), "[sos b1 c2]")
		equal(s, "the second cannot be claimed", must(tx.ClaimOut(second.ID, 1, s.now))(s), false)
		equal(s, "without a conversation it can", must(tx.ClaimOut(alsoFree.ID, 1, s.now))(s), true)

		first.State, first.NextAt = store.OutRetry, s.now.Add(time.Hour)
		s.ok(tx.FinishOut(first, 1))
		equal(s, "behind a retry", s.due(tx), "[sos b1]")
		next, _, err := tx.NextOut("care")
		s.ok(err)
		equal(s, "next", next, s.now)

		for _, state := range []store.OutState{store.OutUncertain, store.OutDead, store.OutSent, store.OutCancelled} {
			first.State = state
			equal(s, "set", must(tx.ChangeOut(first, store.OutRetry, store.OutUncertain, store.OutDead, store.OutSent))(s), true)
			equal(s, "behind "+string(state), s.due(tx), "[sos a2 b1]")
		}
	})
	s.write(func(tx *store.Tx) {
		// What is not due holds up nobody; what is held up does not wake anybody.
		s.put(tx, "later", func(o *store.Out) { o.Bot, o.Conversation, o.NextAt = "x", 9, s.now.Add(time.Hour) })
		s.put(tx, "now", func(o *store.Out) { o.Bot, o.Conversation = "x", 9 })
		due := must(tx.DueOut("x", s.now, 10))(s)
		equal(s, "past a row that is not due", len(due) == 1 && due[0].Key == "now", true)
		retry := s.put(tx, "retry", func(o *store.Out) {
			o.Bot, o.Conversation, o.State, o.NextAt = "y", 8, store.OutRetry, s.now.Add(time.Minute)
		})
		s.put(tx, "held", func(o *store.Out) { o.Bot, o.Conversation = "y", 8 })
		next, found, err := tx.NextOut("y")
		s.ok(err)
		equal(s, "next behind a retry", found && next.Equal(retry.NextAt), true)
	})
}

// The first card of what is urgent goes before the reminders and changes of older
// cards, however many there are; and so, among what is not urgent, does what is
// new, whether for staff or for a customer.
func testFirstCards(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		row := func(key, kind, external string, urgent bool) {
			s.put(tx, key, func(o *store.Out) {
				o.Kind, o.Audience, o.External, o.Urgent, o.Rev = kind, store.ToStaff, external, urgent, 1
			})
		}
		row("dull change", store.CardKind, "16", false)
		row("dull", store.CardKind, "", false)
		row("changed", store.CardKind, "17", true)
		row("reminder", "sound", "", true)
		row("reminder 2", "sound", "", true)
		row("first", store.CardKind, "", true)
		row("second", store.CardKind, "", true)
		row("note", "said", "", false)
		row("dull 2", store.CardKind, "", false)
		s.put(tx, "receipt", func(o *store.Out) { o.Kind, o.Conversation = "receipt", 7 })
		all := []string{"first", "second", "changed", "reminder", "reminder 2", "dull", "dull 2", "receipt", "dull change", "note"}
		equal(s, "all", s.due(tx), fmt.Sprint(all))
		for limit := range len(all) {
			want := fmt.Sprint(all[:limit])
			var keys []string
			for _, o := range must(tx.DueOut("care", s.now, limit))(s) {
				keys = append(keys, o.Key)
			}
			if limit > 0 {
				equal(s, fmt.Sprint("of ten ", limit), fmt.Sprint(keys), want)
			}
		}
		equal(s, "in no chat", len(must(tx.DueOut("care", s.now, 2, "1"))(s)), 0)
	})
}

func testCards(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		card := s.put(tx, "card", func(o *store.Out) {
			o.Kind, o.Audience, o.Item, o.Rev, o.Body = store.CardKind, store.ToStaff, 5, 1, nil
		})
		s.put(tx, "receipt", func(o *store.Out) { o.Kind, o.Item = "receipt", 5 })
		finish := func(rev int64) store.OutState {
			s.Helper()
			equal(s, "claim", must(tx.ClaimOut(card.ID, 1, s.now))(s), true)
			o := must(tx.Out(card.ID))(s)
			if rev > 0 {
				equal(s, "touched while sending", must(tx.TouchCards(5, s.now))(s), 1)
				equal(s, "stays sending", must(tx.Out(card.ID))(s).State, store.OutSending)
			}
			o.State, o.SentRev, o.External, o.SentAt = store.OutSent, o.Rev, "9", s.now
			s.ok(tx.FinishOut(o, 1))
			equal(s, "as kept", must(tx.Out(card.ID))(s).State, o.State)
			return o.State
		}
		equal(s, "sent", finish(0), store.OutSent)
		equal(s, "touched", must(tx.TouchCards(5, s.now))(s), 1)
		got := must(tx.Out(card.ID))(s)
		equal(s, "due again", line(got.State, got.Rev, got.SentRev, got.External, got.Attempts), "pending 2 1 9 0")
		equal(s, "changed while being sent", finish(1), store.OutPending)
		equal(s, "the latest", finish(0), store.OutSent)
		equal(s, "touched", must(tx.TouchCards(5, s.now))(s), 1)
		equal(s, "claim", must(tx.ClaimOut(card.ID, 1, s.now))(s), true)
		given := must(tx.Out(card.ID))(s)
		given.State, given.Error = store.OutDead, "rejected: chat not found"
		s.ok(tx.FinishOut(given, 1))
		equal(s, "given up", s.due(tx), "[receipt]")
		equal(s, "touched", must(tx.TouchCards(5, s.now))(s), 1)
		again := must(tx.Out(card.ID))(s)
		equal(s, "tried again with what is new", line(again.State, again.Attempts, again.External), "pending 0 9")
		equal(s, "no cards", must(tx.TouchCards(6, s.now))(s), 0)
		equal(s, "item 0 has none", must(tx.TouchCards(0, s.now))(s), 0)
		equal(s, "the receipt is untouched", must(tx.OutByKey("receipt"))(s).Rev, 0)
	})
}

// testFolds: what several items share is one row, whose content changes while it
// stands.
func testFolds(_ *testing.T, s *suite) {
	renew := func(tx *store.Tx, text string) *store.Out {
		s.Helper()
		s.ok(tx.PutFold(store.Out{
			Key: "fold", Bot: "care", Chat: "1", Audience: store.ToStaff, Kind: "fold", Rev: 1, Body: []byte(text), Urgent: true,
			NextAt: s.now.Add(20 * time.Second), CreatedAt: s.now,
		}))
		return must(tx.OutByKey("fold"))(s)
	}
	finish := func(tx *store.Tx, state store.OutState) {
		s.Helper()
		s.now = s.now.Add(20 * time.Second)
		o := must(tx.OutByKey("fold"))(s)
		equal(s, "claim", must(tx.ClaimOut(o.ID, 1, s.now))(s), true)
		o.State, o.SentRev, o.External = state, o.Rev, "9"
		s.ok(tx.FinishOut(o, 1))
	}
	s.write(func(tx *store.Tx) {
		first := renew(tx, "one")
		equal(s, "urgent", first.Urgent, true)
		s.now = s.now.Add(time.Second)
		second := renew(tx, "two")
		equal(s, "while it waits", line(second.ID == first.ID, second.State, second.Rev, string(second.Body), second.NextAt.Equal(first.NextAt)), "true pending 2 two true")
		for _, state := range []store.OutState{store.OutSent, store.OutDead} {
			finish(tx, state)
			again := renew(tx, "more")
			equal(s, "after "+string(state), line(again.State, again.External, again.Attempts, again.NextAt.Equal(s.now.Add(20*time.Second))), "pending 9 0 true")
		}
		finish(tx, store.OutCancelled)
		equal(s, "taken back", renew(tx, "never").State, store.OutCancelled)
	})
}

func testEventsAndTimers(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		e := &feedback.Event{Item: 1, At: s.now, Kind: "claimed", Staff: 2, Key: "tg:1", Data: map[string]string{"a": "b"}}
		equal(s, "new", must(tx.AddEvent(e))(s), true)
		again := &feedback.Event{Item: 1, Kind: "claimed", Key: "tg:1"}
		equal(s, "delivered again", must(tx.AddEvent(again))(s), false)
		equal(s, "its id", again.ID, e.ID)
		for range 2 {
			equal(s, "without a key", must(tx.AddEvent(&feedback.Event{Item: 1, Kind: "routed"}))(s), true)
		}
		equal(s, "events", len(must(tx.Events(1))(s)), 3)
		equal(s, "by key", must(tx.EventByKey("tg:1"))(s).Data["a"], "b")
		for _, key := range []string{"", "tg:2"} {
			_, err := tx.EventByKey(key)
			s.is(err, feedback.ErrNotFound)
		}

		_, found, err := tx.NextTimer()
		s.ok(err)
		equal(s, "no timer", found, false)
		ask := store.Timer{Item: 1, Kind: "ask", Due: s.now.Add(time.Minute), Data: "x"}
		s.ok(tx.SetTimer(ask))
		late := store.Timer{Item: 1, Kind: "late", Due: s.now}
		s.ok(tx.SetTimer(late))
		s.ok(tx.SetTimer(store.Timer{Item: 2, Kind: "late", Due: s.now}))
		equal(s, "due", len(must(tx.DueTimers(s.now, 10))(s)), 2)
		equal(s, "all due", *must(tx.DueTimers(s.now.Add(time.Hour), 10))(s)[2], ask)
		moved := late
		moved.Due = s.now.Add(time.Second)
		s.ok(tx.SetTimer(moved))
		equal(s, "moved away", must(tx.TakeTimer(late))(s), false)
		equal(s, "taken", must(tx.TakeTimer(moved))(s), true)
		equal(s, "taken twice", must(tx.TakeTimer(moved))(s), false)
		next, _, err := tx.NextTimer()
		s.ok(err)
		equal(s, "next", next, s.now)
		s.ok(tx.SetTimer(late))
		s.ok(tx.DropTimers(1, "late", "other"))
		equal(s, "dropped", len(must(tx.Timers(1))(s)), 1)
		s.ok(tx.DropTimers(1))
		equal(s, "all dropped", len(must(tx.Timers(1))(s)), 0)
		equal(s, "another's", len(must(tx.Timers(2))(s)), 1)
	})
}

func testBacklog(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		c := s.conversation(tx, "care", "1")
		old, young, history, bad := s.message(c, "1", "x"), s.message(c, "2", "x"), s.message(c, "3", "x"), s.message(c, "4", "x")
		old.ReceivedAt = s.now.Add(-time.Hour)
		history.Lane = feedback.History
		bad.Stage = feedback.StageQuarantined
		bad.Attachments = []feedback.Attachment{{State: feedback.AttachmentPending}}
		s.insert(tx, old, young, history, bad)
		s.put(tx, "now", nil)
		s.put(tx, "later", func(o *store.Out) { o.NextAt = s.now.Add(time.Hour) })
		s.put(tx, "dead", func(o *store.Out) { o.State = store.OutDead })
		s.put(tx, "sent", func(o *store.Out) { o.State = store.OutSent })
		b := must(tx.Backlog())(s)
		equal(s, "messages", line(b.Live, b.History, b.Quarantined, b.Attachments), "2 1 1 1")
		equal(s, "oldest", b.OldestLive, old.ReceivedAt)
		equal(s, "outbox", line(b.Outbox), "map[dead:1 pending:2]")
		equal(s, "oldest due", b.OldestOutbox, s.now)
	})
}

// Rows of several conversations are claimed at once, as each would be alone.
func testClaims(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		for _, chat := range []string{"a", "b", "c"} {
			c := s.conversation(tx, "care", chat)
			for _, n := range []string{"1", "2"} {
				s.put(tx, chat+n, func(o *store.Out) { o.Conversation, o.Chat = c.ID, chat })
			}
		}
		later := s.put(tx, "later", func(o *store.Out) { o.Chat, o.NextAt = "d", s.now.Add(time.Hour) })
		next, found, err := tx.NextOutAfter("care", s.now)
		s.ok(err)
		equal(s, "next", line(next, found), line(later.NextAt, true))
		equal(s, "due but for b", len(must(tx.DueOut("care", s.now, 10, "b", "x"))(s)), 4)
		id := func(key string) int64 { return must(tx.OutByKey(key))(s).ID }
		equal(s, "a1", must(tx.ClaimOut(id("a1"), 1, s.now))(s), true)
		mine := must(tx.ClaimOuts([]int64{id("a2"), id("b1"), id("c1"), id("later"), id("a1")}, 1, s.now))(s)
		equal(s, "claimed", line(len(mine), mine[id("b1")], mine[id("c1")]), "2 true true")
		equal(s, "state", must(tx.OutByKey("b1"))(s).State, store.OutSending)
		equal(s, "attempts", must(tx.OutByKey("b1"))(s).Attempts, 1)
		equal(s, "held", len(must(tx.ClaimOuts([]int64{id("b2"), id("c2")}, 1, s.now))(s)), 0)
	})
}

// What sending asks for, read at once, is what it is one by one.
func testLookAt(_ *testing.T, s *suite) {
	var m *feedback.Message
	s.write(func(tx *store.Tx) {
		m = s.message(s.conversation(tx, "care", "a"), "a:1", "快递太慢了")
		m.Attachments = []feedback.Attachment{{Kind: "image", State: feedback.AttachmentPending}}
		s.insert(tx, m)
		s.opened(tx, m)
	})
	s.read(func(tx *store.Tx) {
		card, receipt := must(tx.OutByKey("card:a:1"))(s), must(tx.OutByKey("receipt:a:1"))(s)
		receipt.Message = m.ID
		ask := func() string {
			return line(must(tx.Out(card.ID))(s).Key, must(tx.Out(receipt.ID))(s).Key, must(tx.Item(card.Item))(s).Text,
				must(tx.OutOf(card.Item, "card:a:1"))(s).ID, len(must(tx.OutsOf(card.Item))(s)), must(tx.AttachmentsOf(m.ID))(s))
		}
		alone := ask()
		s.ok(tx.LookAt([]*store.Out{card, receipt}))
		equal(s, "together", ask(), alone)
		_, err := tx.OutOf(card.Item, "card:none")
		s.is(err, feedback.ErrNotFound)
	})
	s.is(s.db.Write(s.Context(), func(tx *store.Tx) error {
		if err := tx.LookAt(nil); err == nil {
			s.Error("LookAt in a transaction that writes")
		}
		return feedback.ErrInvalid
	}), feedback.ErrInvalid)
}

// Many people and conversations at once become what each would become alone.
func testUpsertMany(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		s.ok(tx.UpsertAuthor(&feedback.Author{Channel: "care", External: "b", Name: "旧名", Lang: "zh-CN", Blocked: true}))
		as := []*feedback.Author{
			{Channel: "care", External: "a", Name: "甲"},
			{Channel: "care", External: "b", Name: "乙", Followers: 7},
			{Channel: "shop", External: "a", Name: "丙"},
			{Channel: "care", External: "a", Handle: "jia"},
		}
		s.ok(tx.UpsertAuthors(as))
		equal(s, "one person", line(as[0].ID == as[3].ID, as[0].ID != as[2].ID, as[3].Name, as[3].Handle), "true true 甲 jia")
		b := must(tx.AuthorByExternal("care", "b"))(s)
		equal(s, "known", line(b.ID == as[1].ID, b.Name, b.Lang, b.Followers, as[1].Blocked), "true 乙 zh-CN 7 true")
		equal(s, "the second word counts", must(tx.AuthorByExternal("care", "a"))(s).Handle, "jia")

		s.ok(tx.UpsertConversation(&feedback.Conversation{Channel: "care", Chat: "1", Author: as[0].ID, Title: "旧", UpdatedAt: s.now}))
		cs := []*feedback.Conversation{
			{Channel: "care", Chat: "1", Author: as[0].ID, UpdatedAt: s.now.Add(time.Second)},
			{Channel: "care", Chat: "1", Author: as[1].ID, Title: "新"},
			{Channel: "care", Chat: "1", Author: as[1].ID, Group: true},
		}
		s.ok(tx.UpsertConversations(cs))
		equal(s, "two conversations", line(cs[0].ID != cs[1].ID, cs[1].ID == cs[2].ID, cs[0].Title), "true true 旧")
		c := must(tx.Conversation(cs[1].ID))(s)
		equal(s, "the second", line(c.Title, c.Group), "新 true")
		equal(s, "newer", must(tx.Conversation(cs[0].ID))(s).UpdatedAt, s.now.Add(time.Second))
	})
}
