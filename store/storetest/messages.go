package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

func testMessagesOnce(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		c := s.conversation(tx, "care", "1")
		first := s.message(c, "1", "第一")
		first.Attachments = []feedback.Attachment{{Kind: "image", Ref: "r", State: feedback.AttachmentPending}}
		equal(s, "new", fmt.Sprint(s.insert(tx, first)), "[true]")

		// Known, new, and twice in one batch.
		batch := []*feedback.Message{s.message(c, "2", "b"), s.message(c, "1", "别的"), s.message(c, "3", "c"), s.message(c, "2", "又")}
		batch[1].Attachments = []feedback.Attachment{{Kind: "image"}}
		equal(s, "inserted", fmt.Sprint(s.insert(tx, batch...)), "[true false true false]")
		equal(s, "known id", batch[1].ID, first.ID)
		equal(s, "twice in one batch", batch[3].ID, batch[0].ID)
		equal(s, "ids rise", first.ID < batch[0].ID && batch[0].ID < batch[2].ID, true)
		got := must(tx.MessageByExternal("care", "1"))(s)
		equal(s, "the first wins", got.Text, "第一")
		equal(s, "attachments", len(got.Attachments), 1)
		equal(s, "ids of attachments", got.Attachments[0].ID, first.Attachments[0].ID)

		other := s.message(s.conversation(tx, "hq", "1"), "1", "x")
		equal(s, "another channel", fmt.Sprint(s.insert(tx, other)), "[true]")
		equal(s, "none", len(s.insert(tx)), 0)
	})
	// A thousand at once keep their order.
	s.write(func(tx *store.Tx) {
		c := s.conversation(tx, "care", "2")
		var many []*feedback.Message
		for n := range 1000 {
			many = append(many, s.message(c, fmt.Sprintf("many %d", n), "x"))
		}
		s.insert(tx, many...)
		equal(s, "in order", slices.IsSortedFunc(many, func(a, b *feedback.Message) int { return int(a.ID - b.ID) }), true)
		equal(s, "all", len(must(tx.MessagesOfConversation(c.ID, 0, 0))(s)), 1000)
		page := must(tx.MessagesOfConversation(c.ID, many[9].ID, 5))(s)
		equal(s, "page", page[0].ID == many[10].ID && len(page) == 5, true)
	})
}

func testMessagesFound(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		c := s.conversation(tx, "care", "1")
		in := s.message(c, "1:55", "早")
		in.MessageID = "55"
		reply := s.message(c, "out 1", "您好")
		reply.MessageID, reply.Direction = "", feedback.Out
		s.insert(tx, in, reply)
		elsewhere := s.message(s.conversation(tx, "care", "2"), "2:55", "x")
		elsewhere.MessageID = "55"
		s.insert(tx, elsewhere)
		must(tx.PutOut(&store.Out{Key: "k", Bot: "care", Chat: "1", Message: reply.ID, External: "56", State: store.OutSent}))(s)

		equal(s, "incoming", must(tx.MessageByPlatformID("care", "1", "55"))(s).ID, in.ID)
		equal(s, "in its chat", must(tx.MessageByPlatformID("care", "2", "55"))(s).ID, elsewhere.ID)
		equal(s, "outgoing", must(tx.MessageByPlatformID("care", "1", "56"))(s).ID, reply.ID)
		reply.MessageID = "57"
		s.ok(tx.SaveMessage(reply))
		equal(s, "outgoing, saved", must(tx.MessageByPlatformID("care", "1", "57"))(s).ID, reply.ID)
		for _, id := range []string{"", "58"} {
			_, err := tx.MessageByPlatformID("care", "1", id)
			s.is(err, feedback.ErrNotFound)
		}
		_, err := tx.Message(1e9)
		s.is(err, feedback.ErrNotFound)

		in.Item = 9
		s.ok(tx.SaveMessage(in))
		equal(s, "of an item", len(must(tx.MessagesOf(9))(s)), 1)
		equal(s, "of no item", len(must(tx.MessagesOf(0))(s)), 0)
	})
}

func testEdits(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		m := s.message(s.conversation(tx, "care", "1"), "1", "慢")
		m.Raw = []byte("first")
		s.insert(tx, m)
		equal(s, "was", must(tx.EditMessage(m.ID, "太慢", []byte("second"), s.now))(s), "慢")
		equal(s, "same second", must(tx.EditMessage(m.ID, "太慢了", nil, s.now))(s), "太慢")
		was, err := tx.EditMessage(m.ID, "旧", nil, s.now.Add(-time.Second))
		s.is(err, feedback.ErrConflict)
		equal(s, "older edit", was, "太慢了")
		got := must(tx.Message(m.ID))(s)
		equal(s, "text", got.Text, "太慢了")
		equal(s, "raw", string(got.Raw), "second")
		equal(s, "edited", got.EditedAt, s.now)
		_, err = tx.EditMessage(1e9, "x", nil, s.now)
		s.is(err, feedback.ErrNotFound)
	})
}

func testAnalyzeBatch(_ *testing.T, s *suite) {
	var a, b []*feedback.Message
	var alone *feedback.Message
	s.write(func(tx *store.Tx) {
		ca, cb := s.conversation(tx, "care", "a"), s.conversation(tx, "care", "b")
		for n := range 5 {
			a = append(a, s.message(ca, fmt.Sprintf("a%d", n), "a"))
			b = append(b, s.message(cb, fmt.Sprintf("b%d", n), "b"))
			s.insert(tx, a[n], b[n])
		}
		a[2].Attachments = []feedback.Attachment{{Kind: "image"}}
		alone = s.message(&feedback.Conversation{Channel: "weibo"}, "post", "x")
		lonely := s.message(&feedback.Conversation{Channel: "weibo"}, "another", "x")
		s.insert(tx, lonely, alone)
		a[0].Stage = feedback.StageDone
		s.ok(tx.SaveMessage(a[0]))
	})
	s.read(func(tx *store.Tx) {
		ids := func(limit int, ms ...*feedback.Message) string {
			s.Helper()
			var asked, got []int64
			for _, m := range ms {
				asked = append(asked, m.ID)
			}
			for _, m := range must(tx.AnalyzeBatch(asked, limit))(s) {
				got = append(got, m.ID)
			}
			return fmt.Sprint(got)
		}
		equal(s, "with the earlier ones", ids(0, a[3]), fmt.Sprint([]int64{a[1].ID, a[2].ID, a[3].ID}))
		equal(s, "several", ids(0, b[0], alone, a[1]), fmt.Sprint([]int64{b[0].ID, a[1].ID, alone.ID}))
		equal(s, "limited", ids(2, a[4]), fmt.Sprint([]int64{a[1].ID, a[2].ID}))
		equal(s, "finished ones", ids(0, a[0]), "[]")
		equal(s, "none", ids(0), "[]")
	})
}

func testAttempts(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		c := s.conversation(tx, "care", "a")
		one, two := s.message(c, "1", "x"), s.message(c, "2", "x")
		two.Stage = feedback.StageDone
		s.insert(tx, one, two)
		for n := 1; n <= 3; n++ {
			got := must(tx.CountAttempts([]int64{one.ID, two.ID}))(s)
			equal(s, "attempts", got[one.ID], n)
			equal(s, "of the unfinished alone", len(got), 1)
		}
		equal(s, "none", len(must(tx.CountAttempts(nil))(s)), 0)
	})
}

func testFinish(_ *testing.T, s *suite) {
	var ms []*feedback.Message
	s.write(func(tx *store.Tx) {
		c := s.conversation(tx, "care", "a")
		for n := range 4 {
			ms = append(ms, s.message(c, fmt.Sprint(n), "x"))
		}
		ms[3].Lane = feedback.History
		s.insert(tx, ms...)
		live, history, err := tx.Unfinished(s.now.Add(time.Second), 2)
		s.ok(err)
		equal(s, "live", fmt.Sprint(live), fmt.Sprint([]int64{ms[0].ID, ms[1].ID}))
		equal(s, "history", fmt.Sprint(history), fmt.Sprint([]int64{ms[3].ID}))
		live, history, err = tx.Unfinished(s.now, 10)
		s.ok(err)
		equal(s, "too young", len(live)+len(history), 0)

		ms[0].Stage, ms[0].Item, ms[0].Verdict = feedback.StageDone, 5, &feedback.Verdict{Sentiment: "negative", Topics: []feedback.Topic{{Name: "物流"}}}
		ms[1].Stage, ms[1].Error = feedback.StageQuarantined, "panic"
		equal(s, "finished", fmt.Sprint(must(tx.Finish(ms[:2]))(s)), "[true true]")
		ms[2].Stage = feedback.StageDone
		equal(s, "finished already", fmt.Sprint(must(tx.Finish(ms[:3]))(s)), "[false false true]")
		got := must(tx.Message(ms[0].ID))(s)
		equal(s, "item", got.Item, 5)
		equal(s, "verdict", got.Verdict.Topics[0].Name, "物流")

		bad := must(tx.Quarantined(10))(s)
		equal(s, "quarantined", len(bad) == 1 && bad[0].Error == "panic", true)
		s.ok(tx.Replay(ms[1].ID))
		equal(s, "replayed", must(tx.Message(ms[1].ID))(s).Stage, feedback.StageNew)
		s.is(tx.Replay(ms[1].ID), feedback.ErrNotFound)
		equal(s, "none", len(must(tx.Finish(nil))(s)), 0)

		for range 2 {
			s.ok(tx.Failed(ms[1].ID, "away"))
			got = must(tx.Message(ms[1].ID))(s)
			equal(s, "failed", line(got.Stage, got.Attempts, got.Error), line(feedback.StageNew, 1, "away"))
		}
	})
}

func testAttachments(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		m := s.message(s.conversation(tx, "care", "a"), "1", "")
		m.Attachments = []feedback.Attachment{{Kind: "image", Ref: "1", State: feedback.AttachmentPending}, {Kind: "audio", Ref: "2", State: feedback.AttachmentPending, Duration: 9}}
		s.insert(tx, m)
		due := must(tx.AttachmentsDue(s.now, 10))(s)
		equal(s, "due", len(due), 2)
		equal(s, "by way of", due[0].Channel, "care")
		due[0].Attempts, due[0].Error = 1, "timeout"
		s.ok(tx.SaveAttachment(&due[0].Attachment, s.now.Add(time.Minute)))
		due[1].State, due[1].Path, due[1].MIME = feedback.AttachmentStored, "ab/cd", "audio/ogg"
		s.ok(tx.SaveAttachment(&due[1].Attachment, time.Time{}))
		equal(s, "due later", len(must(tx.AttachmentsDue(s.now, 10))(s)), 0)
		equal(s, "due again", must(tx.AttachmentsDue(s.now.Add(time.Minute), 10))(s)[0].ID, due[0].ID)
		equal(s, "stored", *must(tx.Attachment(due[1].ID))(s), due[1].Attachment)
		_, err := tx.Attachment(1e9)
		s.is(err, feedback.ErrNotFound)
	})
}

// What PostgreSQL refuses never reaches it, and both keep the same.
func testHostileText(_ *testing.T, s *suite) {
	long := strings.Repeat("长", 1<<19)
	for n, text := range []string{"a\x00b", "bad \xff\xfe utf", "\xed\xa0\x80", "' OR 1=1; --", `\u0000`, "?1 $1 ?", "👨‍👩‍👧‍👦", "\u202e", long} {
		s.write(func(tx *store.Tx) {
			c := s.conversation(tx, "care", fmt.Sprintf("%d%s", n, text))
			m := s.message(c, fmt.Sprintf("%d%.40s", n, text), text)
			m.Fields = map[string]string{text: text}
			m.Raw = []byte(text)
			s.insert(tx, m)
			got := must(tx.MessageByExternal("care", m.External))(s)
			equal(s, "found by what it was kept under", got.ID, m.ID)
			equal(s, "raw is kept as it is", string(got.Raw), text)
			clean := strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
			equal(s, "text", got.Text, clean)
			i := s.item(tx, func(i *feedback.Item) { i.Text, i.Team, i.Reasons = text, "t"+text, []string{text} })
			equal(s, "item", must(tx.Item(i.ID))(s).Text, clean)
			equal(s, "by its team", len(must(tx.Items(store.Query{Teams: []string{"t" + text}}))(s)), 1)
			must(tx.PutOut(&store.Out{Key: fmt.Sprintf("%d%.40s", n, text), Bot: "care", Chat: text, Body: []byte(text)}))(s)
		})
	}
}
