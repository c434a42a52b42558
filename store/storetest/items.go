package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

func testItems(_ *testing.T, s *suite) {
	var i *feedback.Item
	s.write(func(tx *store.Tx) {
		equal(s, "none yet", must(tx.CurrentItem(3))(s) == nil, true)
		i = s.item(tx, func(i *feedback.Item) { i.Conversation = 3 })
		equal(s, "version", i.Version, 1)
		equal(s, "numbers rise", s.item(tx, nil).ID > i.ID, true)
	})
	s.write(func(tx *store.Tx) {
		mine, theirs := must(tx.LockItem(i.ID))(s), must(tx.Item(i.ID))(s)
		mine.Owner, mine.State = 7, feedback.Open
		s.ok(tx.UpdateItem(mine))
		equal(s, "version", mine.Version, 2)
		theirs.Owner = 8
		s.is(tx.UpdateItem(theirs), feedback.ErrConflict)
		equal(s, "version of the loser", theirs.Version, 1)
		equal(s, "owner", must(tx.Item(i.ID))(s).Owner, 7)
		s.ok(tx.UpdateItem(mine))
		s.is(tx.UpdateItem(&feedback.Item{ID: 1e9, Version: 1}), feedback.ErrNotFound)

		equal(s, "current", must(tx.CurrentItem(3))(s).ID, i.ID)
		mine.State = feedback.Closed
		s.ok(tx.UpdateItem(mine))
		equal(s, "no current", must(tx.CurrentItem(3))(s) == nil, true)
		equal(s, "latest", must(tx.LatestItem(3))(s).ID, i.ID)
		equal(s, "without a conversation", must(tx.LatestItem(0))(s) == nil, true)
		_, err := tx.Item(1e9)
		s.is(err, feedback.ErrNotFound)
	})
}

func testLists(_ *testing.T, s *suite) {
	items := make(map[string]*feedback.Item)
	yes, no := true, false
	s.write(func(tx *store.Tx) {
		add := func(name string, change func(i *feedback.Item)) { items[name] = s.item(tx, change) }
		add("care", nil)
		add("copy", func(i *feedback.Item) { i.Team, i.Copies = "logistics", []string{"care", "quality"} })
		add("owned", func(i *feedback.Item) { i.Owner, i.State, i.Priority = 7, feedback.Open, feedback.P0 })
		add("unsaid", func(i *feedback.Item) {
			i.State, i.Closure, i.Team = feedback.Resolved, feedback.DeliveryDead, "quality"
		})
		add("closed", func(i *feedback.Item) { i.State, i.Closure, i.Channel = feedback.Closed, feedback.DeliverySent, "hq" })
		add("topics", func(i *feedback.Item) {
			i.State, i.Team = feedback.Closed, "quality"
			i.Verdict = feedback.Verdict{Sentiment: "negative", Topics: []feedback.Topic{{Name: "物流"}, {Name: "口味"}, {Name: "物流"}}}
		})
		add("history", func(i *feedback.Item) {
			i.History, i.Kind, i.Author, i.Conversation, i.State, i.Team = true, feedback.KindReview, 4, 5, feedback.Closed, "quality"
			i.CreatedAt = s.now.Add(-time.Hour)
		})
		add("due", func(i *feedback.Item) { i.DueAt, i.Priority, i.Team = s.now.Add(-time.Minute), feedback.P0, "quality" })
		add("waiting", func(i *feedback.Item) {
			i.State, i.DueAt, i.Team = feedback.Waiting, s.now.Add(-time.Minute), "quality"
		})
	})
	s.read(func(tx *store.Tx) {
		expect := func(what string, q store.Query, names ...string) {
			s.Helper()
			var want []int64
			for _, n := range names {
				want = append(want, items[n].ID)
			}
			got := numbers(must(tx.Items(q))(s))
			equal(s, what, fmt.Sprint(got), fmt.Sprint(want))
			n := must(tx.CountItems(q))(s)
			equal(s, what+", counted", n, int64(len(want)))
			var each int
			s.ok(tx.EachItem(q, func(*feedback.Item) error { each++; return nil }))
			equal(s, what+", each", each, len(want))
		}
		expect("all", store.Query{}, "waiting", "due", "history", "topics", "closed", "unsaid", "owned", "copy", "care")
		expect("team or copy", store.Query{Teams: []string{"care"}}, "closed", "owned", "copy", "care")
		expect("team and state", store.Query{Teams: []string{"care"}, States: []feedback.State{feedback.New, feedback.Open}}, "owned", "copy", "care")
		expect("teams", store.Query{Teams: []string{"logistics", "quality"}}, "waiting", "due", "history", "topics", "unsaid", "copy")
		expect("live", store.Query{Live: true}, "waiting", "due", "unsaid", "owned", "copy", "care")
		expect("live of a team", store.Query{Live: true, Teams: []string{"quality"}}, "waiting", "due", "unsaid", "copy")
		expect("owner", store.Query{Owner: 7}, "owned")
		expect("owner in a team", store.Query{Owner: 7, Teams: []string{"quality"}})
		expect("unowned", store.Query{Live: true, Unowned: true, Teams: []string{"care"}}, "copy", "care")
		expect("channels", store.Query{Channels: []string{"hq", "x"}}, "closed")
		expect("author", store.Query{Author: 4}, "history")
		expect("conversation", store.Query{Conversation: 5}, "history")
		expect("kinds", store.Query{Kinds: []feedback.Kind{feedback.KindReview}}, "history")
		expect("priority", store.Query{Priority: []feedback.Priority{feedback.P0}}, "due", "owned")
		expect("sentiment", store.Query{Sentiment: "negative"}, "topics")
		expect("topic", store.Query{Topic: "物流"}, "topics")
		expect("topic in a team", store.Query{Topic: "口味", Teams: []string{"quality"}}, "topics")
		expect("topic in teams", store.Query{Topic: "口味", Teams: []string{"care", "quality"}}, "topics")
		expect("topic elsewhere", store.Query{Topic: "口味", Teams: []string{"care"}})
		expect("history", store.Query{History: &yes}, "history")
		expect("no history", store.Query{History: &no, States: []feedback.State{feedback.Closed}}, "topics", "closed")
		expect("until", store.Query{Until: s.now}, "history")
		expect("since", store.Query{Since: s.now, States: []feedback.State{feedback.Closed}}, "topics", "closed")
		expect("overdue", store.Query{Overdue: s.now}, "due")
		expect("by due time", store.Query{Live: true, ByDue: true}, "due", "owned", "waiting", "care", "copy", "unsaid")
		expect("no such team", store.Query{Teams: []string{"' OR 1=1 --"}})
	})
	// A change of team, state and topics moves the item between the lists.
	s.write(func(tx *store.Tx) {
		i := must(tx.Item(items["care"].ID))(s)
		i.Team, i.State, i.Verdict.Topics = "logistics", feedback.Open, []feedback.Topic{{Name: "口味"}}
		s.ok(tx.UpdateItem(i))
		got := must(tx.Items(store.Query{Teams: []string{"logistics"}, States: []feedback.State{feedback.Open}}))(s)
		equal(s, "moved", fmt.Sprint(numbers(got)), fmt.Sprint([]int64{i.ID}))
		equal(s, "gone", must(tx.CountItems(store.Query{Teams: []string{"care"}, States: []feedback.State{feedback.New}}))(s), 1)
		equal(s, "topic", must(tx.CountItems(store.Query{Topic: "口味"}))(s), 2)
	})
}

func testPages(_ *testing.T, s *suite) {
	const all = 450
	s.write(func(tx *store.Tx) {
		for n := range all {
			i := s.item(tx, func(i *feedback.Item) { i.Team = []string{"care", "hq"}[n%2] })
			s.ok(tx.IndexItem(i.ID, []string{"词"}))
		}
	})
	s.read(func(tx *store.Tx) {
		for _, q := range []store.Query{{}, {Words: []string{"词"}}, {Live: true}} {
			seen, before := 0, int64(0)
			for {
				q.Limit, q.Before = 100, before
				page := must(tx.Items(q))(s)
				if len(page) == 0 {
					break
				}
				for _, i := range page {
					equal(s, "falling", before == 0 || i.ID < before, true)
					before = i.ID
					seen++
				}
			}
			equal(s, "pages", seen, all)
		}
		equal(s, "default", len(must(tx.Items(store.Query{}))(s)), 50)
		equal(s, "a team's page", len(must(tx.Items(store.Query{Teams: []string{"hq"}, Limit: 1e6}))(s)), all/2)
		var last int64
		n := 0
		s.ok(tx.EachItem(store.Query{Teams: []string{"hq"}, Limit: 210}, func(i *feedback.Item) error {
			equal(s, "rising", i.ID > last, true)
			last = i.ID
			n++
			_, err := tx.MessagesOf(i.ID) // reading in between is allowed
			return err
		}))
		equal(s, "each, limited", n, 210)
		stop := fmt.Errorf("stop")
		s.is(tx.EachItem(store.Query{}, func(*feedback.Item) error { return stop }), stop)
	})
}

func testCounts(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		for n := range 6 {
			s.item(tx, func(i *feedback.Item) {
				i.Priority = feedback.Priority(n % 3)
				i.Team = []string{"care", "quality"}[n%2]
				i.Verdict = feedback.Verdict{Sentiment: []string{"negative", "positive"}[n%2], Topics: []feedback.Topic{{Name: "口味"}}}
				if n == 0 {
					i.Verdict.Topics = append(i.Verdict.Topics, feedback.Topic{Name: "物流"})
					i.State, i.Channel = feedback.Open, "hq"
				}
			})
		}
		by := func(column string, q store.Query) string {
			s.Helper()
			return fmt.Sprint(must(tx.CountBy(q, column))(s))
		}
		equal(s, "state", by("state", store.Query{}), "map[new:5 open:1]")
		equal(s, "team", by("team", store.Query{}), "map[care:3 quality:3]")
		equal(s, "sentiment", by("sentiment", store.Query{Teams: []string{"care"}}), "map[negative:3]")
		equal(s, "priority", by("priority", store.Query{}), "map[P0:2 P1:2 P2:2]")
		equal(s, "channel", by("channel", store.Query{}), "map[care:5 hq:1]")
		equal(s, "topic", by("topic", store.Query{}), "map[口味:6 物流:1]")
		_, err := tx.CountBy(store.Query{}, "text; DROP TABLE items")
		s.is(err, feedback.ErrInvalid)
	})
}

func testRatings(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		s.ok(tx.SaveRating(store.Rating{Item: 1, Resolution: 1, Mark: 2, At: s.now}))
		s.ok(tx.SaveRating(store.Rating{Item: 1, Resolution: 2, Mark: 5, At: s.now}))
		s.ok(tx.SaveRating(store.Rating{Item: 1, Resolution: 1, Mark: 3, At: s.now.Add(time.Minute)}))
		got := must(tx.Ratings(1))(s)
		equal(s, "ratings", len(got), 2)
		equal(s, "changed", *got[0], store.Rating{Item: 1, Resolution: 1, Mark: 3, At: s.now.Add(time.Minute)})
	})
}

func testErase(_ *testing.T, s *suite) {
	var author, other int64
	var item *feedback.Item
	var out, sent *store.Out
	s.write(func(tx *store.Tx) {
		c := s.conversation(tx, "care", "13800000000")
		author = c.Author
		m := s.message(c, "13800000000:1", "我的电话 13800000000")
		m.Raw = []byte("raw")
		m.Attachments = []feedback.Attachment{
			{Kind: "image", Path: "ab/cd", State: feedback.AttachmentStored},
			{Kind: "image", Ref: feedback.StoredRef + "ef/gh", State: feedback.AttachmentPending}, // uploaded just now
			{Kind: "image", Ref: "the platform's", State: feedback.AttachmentPending},
		}
		reply := s.message(c, "out", "王女士您好")
		reply.Author, reply.Direction, reply.Conversation = 0, feedback.Out, 0
		item = s.item(tx, func(i *feedback.Item) {
			i.Author, i.AuthorName, i.Text, i.Quote = c.Author, "王芳", "电话", "电话"
			i.Verdict = feedback.Verdict{Sentiment: "negative", Keywords: []string{"电话"}, Topics: []feedback.Topic{{Name: "物流"}}}
		})
		m.Item, reply.Item = item.ID, item.ID
		s.insert(tx, m, reply)
		s.ok(tx.IndexItem(item.ID, []string{"电话"}))
		must(tx.AddEvent(&feedback.Event{Item: item.ID, Kind: "note", Data: map[string]string{"text": "王芳"}}))(s)
		out = &store.Out{Key: "1", Bot: "care", Chat: "13800000000", Audience: store.ToCustomer, Conversation: c.ID, Body: []byte("王"), NextAt: s.now}
		sent = &store.Out{Key: "2", Bot: "care", Chat: "13800000000", Audience: store.ToCustomer, Conversation: c.ID, Body: []byte("王"), State: store.OutSent, External: "9"}
		must(tx.PutOut(out))(s)
		must(tx.PutOut(sent))(s)
		d := s.conversation(tx, "care", "2")
		other = d.Author
		said := s.message(d, "other", "别人")
		said.Attachments = []feedback.Attachment{{Kind: "image", Path: "of/another", State: feedback.AttachmentStored}}
		s.insert(tx, said)
	})
	s.write(func(tx *store.Tx) {
		equal(s, "files", fmt.Sprint(must(tx.EraseAuthor(author, true))(s)), "{2 3 1 2 0 [ab/cd ef/gh]}")
		s.is(tx.UpdateItem(item), feedback.ErrConflict)
	})
	s.read(func(tx *store.Tx) {
		a := must(tx.Author(author))(s)
		equal(s, "name", a.Name, "")
		_, err := tx.AuthorByExternal("care", "of 13800000000")
		s.is(err, feedback.ErrNotFound)
		for _, m := range must(tx.MessagesOf(item.ID))(s) {
			equal(s, "message", m.Text+m.MessageID+string(m.Raw)+fmt.Sprint(m.Verdict, m.Attachments), "<nil> []")
		}
		i := must(tx.Item(item.ID))(s)
		equal(s, "item", i.Text+i.Quote+i.AuthorName+fmt.Sprint(i.Verdict.Keywords), "[]")
		equal(s, "figures stay", must(tx.CountBy(store.Query{}, "topic"))(s)["物流"], 1)
		equal(s, "search", must(tx.CountItems(store.Query{Words: []string{"电话"}}))(s), 0)
		equal(s, "event", len(must(tx.Events(item.ID))(s)[0].Data), 0)
		equal(s, "pending", must(tx.Out(out.ID))(s).State, store.OutCancelled)
		equal(s, "sent", string(must(tx.Out(sent.ID))(s).Body)+must(tx.Out(sent.ID))(s).Chat, "")
		gone := must(tx.WasErased("care", []string{"13800000000:1", "other"}))(s)
		equal(s, "ids that are known to be erased", fmt.Sprint(gone), "map[13800000000:1:true]")
		equal(s, "of another channel", len(must(tx.WasErased("shop", []string{"13800000000:1"}))(s)), 0)
		equal(s, "files that are left", line(must(tx.FilesInUse([]string{"ab/cd", "of/another"}))(s)), "map[of/another:true]")
		equal(s, "another's", must(tx.Author(other))(s).Name, "王芳")
		equal(s, "another's message", must(tx.MessageByExternal("care", "other"))(s).Text, "别人")
		_, err = tx.EraseAuthor(1e9, false)
		s.is(err, feedback.ErrNotFound)
	})
}

// Sources name people and messages as they like: no name keeps somebody else, or
// themselves, from being erased.
func testEraseHostileIDs(_ *testing.T, s *suite) {
	id := func(n int64) string { return fmt.Sprint("erased ", n) }
	s.write(func(tx *store.Tx) {
		// Who comes first names themselves, and what they say, as those after them
		// will be known once they are erased.
		first := &feedback.Author{Channel: "shop", External: id(2), Name: "甲"}
		s.ok(tx.UpsertAuthor(first))
		second := &feedback.Author{Channel: "shop", External: "ERASED me", Name: "乙"}
		s.ok(tx.UpsertAuthor(second))
		equal(s, "numbers", line(first.ID, second.ID), "1 2")
		squat := &feedback.Message{Channel: "shop", External: id(2), Author: first.ID, Text: "占位", Direction: feedback.In}
		victim := &feedback.Message{Channel: "shop", External: "erased by me", Author: second.ID, Text: "我的电话", Direction: feedback.In}
		s.insert(tx, squat, victim)
		equal(s, "numbers", line(squat.ID, victim.ID), "1 2")
		must(tx.PutOut(&store.Out{Key: id(2), Bot: "hq"}))(s)
		item := s.item(tx, func(i *feedback.Item) { i.Author = second.ID })
		out := &store.Out{Key: "k", Bot: "hq", Item: item.ID, Body: []byte("乙")}
		must(tx.PutOut(out))(s)
		equal(s, "number", out.ID, 2)
		must(tx.AddEvent(&feedback.Event{Item: 0, Key: id(2)}))(s)
		event := &feedback.Event{Item: item.ID, Key: "e"}
		must(tx.AddEvent(event))(s)
		equal(s, "number", event.ID, 2)
		equal(s, "to forget", line(must(tx.AuthorsToForget("shop", true, s.now.Add(time.Hour), 10))(s)), "[1 2]")
	})
	s.write(func(tx *store.Tx) {
		must(tx.EraseAuthor(2, true))(s)
		must(tx.EraseAuthor(1, true))(s)
	})
	s.read(func(tx *store.Tx) {
		equal(s, "to forget", len(must(tx.AuthorsToForget("shop", true, s.now.Add(time.Hour), 10))(s)), 0)
		equal(s, "does not come back", len(must(tx.WasErased("shop", []string{"erased by me", id(2)}))(s)), 2)
	})
	s.write(func(tx *store.Tx) {
		// Twice is no error: a command can be given again.
		must(tx.EraseAuthor(2, true))(s)
	})
}
