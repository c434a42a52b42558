package storetest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// fill gives every field of what v points to a value that is not zero, so that a
// field nobody keeps shows.
func fill(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), r)
	case reflect.String:
		v.SetString(fmt.Sprintf("回音%d", r.IntN(1e6)))
	case reflect.Int, reflect.Int64:
		n := 1 + r.Int64N(1e6)
		if v.Type() == reflect.TypeFor[time.Duration]() {
			n *= int64(time.Microsecond)
		}
		v.SetInt(n)
	case reflect.Uint64:
		v.SetUint(r.Uint64())
	case reflect.Float64:
		v.SetFloat(r.Float64())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, r)
		fill(value, r)
		v.SetMapIndex(key, value)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{0, 1, 0xff, byte(r.IntN(256))})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for k := range v.Len() {
			fill(v.Index(k), r)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMicro(1.7e15 + r.Int64N(1e15)).UTC()))
			return
		}
		for k := range v.NumField() {
			fill(v.Field(k), r)
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

func filled[T any](r *rand.Rand) *T {
	v := new(T)
	fill(reflect.ValueOf(v).Elem(), r)
	return v
}

// same fails unless got is want in every field.
func same[T any](s *suite, got, want *T) {
	s.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, w := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for k := range g.NumField() {
		if !reflect.DeepEqual(g.Field(k).Interface(), w.Field(k).Interface()) {
			s.Errorf("%s.%s: kept %#v as %#v", g.Type().Name(), g.Type().Field(k).Name, w.Field(k).Interface(), g.Field(k).Interface())
		}
	}
	s.FailNow()
}

// Every field of everything comes back as it was kept.
func testRoundTrip(t *testing.T, s *suite) {
	r := rand.New(rand.NewPCG(1, 2))
	a, c, m, i := filled[feedback.Author](r), filled[feedback.Conversation](r), filled[feedback.Message](r), filled[feedback.Item](r)
	o, e, p := filled[store.Out](r), filled[feedback.Event](r), filled[feedback.Staff](r)
	s.write(func(tx *store.Tx) {
		s.ok(tx.UpsertAuthor(a))
		s.ok(tx.UpsertConversation(c))
		s.insert(tx, m)
		s.ok(tx.InsertItem(i))
		must(tx.PutOut(o))(s)
		must(tx.AddEvent(e))(s)
		p.ID = 0
		s.ok(tx.SaveStaff(p))
	})
	check := func() {
		t.Helper()
		s.read(func(tx *store.Tx) {
			same(s, must(tx.Author(a.ID))(s), a)
			same(s, must(tx.Conversation(c.ID))(s), c)
			same(s, must(tx.Message(m.ID))(s), m)
			same(s, must(tx.Item(i.ID))(s), i)
			same(s, must(tx.Out(o.ID))(s), o)
			same(s, must(tx.EventByKey(e.Key))(s), e)
			same(s, must(tx.Staff(p.ID))(s), p)
		})
	}
	check()
	// Again, through the updates.
	again := filled[feedback.Item](r)
	again.ID, again.Version = i.ID, i.Version
	attachment := filled[feedback.Attachment](r)
	attachment.ID, attachment.Message = m.Attachments[0].ID, m.ID
	*a, *c = withID(*filled[feedback.Author](r), a.ID), withConversationID(*filled[feedback.Conversation](r), c.ID)
	s.write(func(tx *store.Tx) {
		s.ok(tx.SaveAuthor(a))
		s.ok(tx.SaveConversation(c))
		s.ok(tx.UpdateItem(again))
		s.ok(tx.SaveAttachment(attachment, s.now))
	})
	i, m.Attachments[0] = again, *attachment
	check()
	// Zero values, too.
	empty := &feedback.Item{}
	s.write(func(tx *store.Tx) {
		s.ok(tx.InsertItem(empty))
		same(s, must(tx.Item(empty.ID))(s), empty)
	})
}

func withID(a feedback.Author, id int64) feedback.Author { a.ID = id; return a }

func withConversationID(c feedback.Conversation, id int64) feedback.Conversation { c.ID = id; return c }

func testAuthors(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		a := &feedback.Author{Channel: "care", External: "1", Name: "王芳", Followers: 10}
		s.ok(tx.UpsertAuthor(a))
		equal(s, "created", a.CreatedAt, s.now)
		a.Blocked, a.Surveyed = true, s.now
		s.ok(tx.SaveAuthor(a))

		b := &feedback.Author{Channel: "care", External: "1", Handle: "wf"}
		s.ok(tx.UpsertAuthor(b))
		equal(s, "id", b.ID, a.ID)
		equal(s, "name stays", b.Name, "王芳")
		equal(s, "handle comes", b.Handle, "wf")
		equal(s, "followers stay", b.Followers, 10)
		equal(s, "flags are loaded", b.Blocked && b.Surveyed.Equal(s.now), true)
		equal(s, "kept", must(tx.AuthorByExternal("care", "1"))(s).Handle, "wf")

		other := &feedback.Author{Channel: "hq", External: "1"}
		s.ok(tx.UpsertAuthor(other))
		equal(s, "another channel is another person", other.ID != a.ID, true)
	})
	s.read(func(tx *store.Tx) {
		_, err := tx.Author(1e9)
		s.is(err, feedback.ErrNotFound)
		_, err = tx.AuthorByExternal("care", "nobody")
		s.is(err, feedback.ErrNotFound)
	})
	s.is(s.db.Write(s.Context(), func(tx *store.Tx) error { return tx.SaveAuthor(&feedback.Author{ID: 1e9}) }), feedback.ErrNotFound)
}

func testConversations(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		c := s.conversation(tx, "care", "100")
		c.Pending, c.PendingItem, c.PendingAt = "same?", 7, s.now
		s.ok(tx.SaveConversation(c))

		known := &feedback.Conversation{Channel: "care", Chat: "100", Author: c.Author, Title: "群", Fields: map[string]string{"shop": "SH018"}, UpdatedAt: s.now.Add(time.Minute)}
		s.ok(tx.UpsertConversation(known))
		equal(s, "id", known.ID, c.ID)
		equal(s, "question", known.Pending, "same?")

		more := &feedback.Conversation{Channel: "care", Chat: "100", Author: c.Author, Fields: map[string]string{"order": "1"}, UpdatedAt: s.now}
		s.ok(tx.UpsertConversation(more))
		got := must(tx.LockConversation(c.ID))(s)
		equal(s, "title stays", got.Title, "群")
		equal(s, "fields are added", len(got.Fields), 2)
		equal(s, "time does not go back", got.UpdatedAt, s.now.Add(time.Minute))
		equal(s, "found", must(tx.ConversationOf("care", "100", c.Author))(s).ID, c.ID)
		_, err := tx.ConversationOf("care", "101", c.Author)
		s.is(err, feedback.ErrNotFound)
	})
}

func testMoveChat(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		old := s.conversation(tx, "care", "-5")
		m := s.message(old, "m", "早")
		s.insert(tx, m)
		moved := &feedback.Conversation{Channel: "care", Chat: "-1005", Author: old.Author}
		s.ok(tx.UpsertConversation(moved))
		elsewhere := s.conversation(tx, "hq", "-5")
		out := &store.Out{Key: "k", Bot: "care", Chat: "-5", Conversation: old.ID}
		must(tx.PutOut(out))(s)
		item := s.item(tx, func(i *feedback.Item) { i.Conversation = old.ID })
		s.ok(tx.SetTeamChat(store.TeamChat{Bot: "care", Chat: "-5", Team: "care", Title: "客服"}))

		s.ok(tx.MoveChat("care", "-5", "-1005", false))
		equal(s, "message", must(tx.Message(m.ID))(s).Conversation, moved.ID)
		equal(s, "item", must(tx.Item(item.ID))(s).Conversation, moved.ID)
		s.is(tx.UpdateItem(item), feedback.ErrConflict) // read before: it would take the item back
		equal(s, "out's chat", must(tx.Out(out.ID))(s).Chat, "-1005")
		equal(s, "out's conversation", must(tx.Out(out.ID))(s).Conversation, moved.ID)
		equal(s, "another bot's chat", must(tx.Conversation(elsewhere.ID))(s).Chat, "-5")
		_, err := tx.Conversation(old.ID)
		s.is(err, feedback.ErrNotFound)
		chats := must(tx.TeamChats())(s)
		equal(s, "team chats", len(chats), 1)
		equal(s, "team chat", *chats[0], store.TeamChat{Bot: "care", Chat: "-1005", Team: "care", Title: "客服"})

		s.ok(tx.SetTeamChat(store.TeamChat{Bot: "care", Chat: "-5", Team: "care"}))
		s.ok(tx.MoveChat("care", "-5", "-1005", false))
		equal(s, "team chats joined", len(must(tx.TeamChats())(s)), 1)
		s.ok(tx.DropTeamChat("care", "-1005"))
		equal(s, "team chats dropped", len(must(tx.TeamChats())(s)), 0)
	})
}

// testMoveRenumbers: where the new chat counts its messages anew, an old number
// names none of ours; where it does not, all stay known by theirs.
func testMoveRenumbers(_ *testing.T, s *suite) {
	for _, renumbered := range []bool{false, true} {
		s.write(func(tx *store.Tx) {
			from, to := fmt.Sprint("old", renumbered), fmt.Sprint("new", renumbered)
			item := s.item(tx, nil)
			said := s.message(s.conversation(tx, "care", from), fmt.Sprint("m", renumbered), "早")
			said.MessageID = "57"
			s.insert(tx, said)
			card := &store.Out{Key: fmt.Sprint("card:", item.ID, ":care:", from), Bot: "care", Chat: from, Kind: store.CardKind, Item: item.ID, State: store.OutSent, External: "58"}
			must(tx.PutOut(card))(s)
			doubled := s.item(tx, nil)
			for _, chat := range []string{from, to} {
				must(tx.PutOut(&store.Out{Key: fmt.Sprint("card:", doubled.ID, ":care:", chat), Bot: "care", Chat: chat, Kind: store.CardKind, Item: doubled.ID, State: store.OutSent, External: "60" + chat}))(s)
			}

			s.ok(tx.MoveChat("care", from, to, renumbered))
			moved := must(tx.OutByKey(fmt.Sprint("card:", item.ID, ":care:", to)))(s)
			equal(s, "the card", moved.ID, card.ID)
			equal(s, "its chat", moved.Chat, to)
			equal(s, "its number", moved.External == "58", !renumbered)
			_, err := tx.MessageByPlatformID("care", to, "57")
			equal(s, "the message is known by its number", err == nil, !renumbered)
			equal(s, "a card too many", must(tx.OutByKey(fmt.Sprint("card:", doubled.ID, ":care:", from)))(s).State, store.OutCancelled)
			equal(s, "the other", must(tx.OutByKey(fmt.Sprint("card:", doubled.ID, ":care:", to)))(s).External, "60"+to)
			equal(s, "followed", must(tx.MovedTo("care", from))(s), to)
			equal(s, "another bot's", must(tx.MovedTo("hq", from))(s), from)
			equal(s, "one that never moved", must(tx.MovedTo("care", to))(s), to)

			s.ok(tx.MoveChat("care", to, from, renumbered)) // no platform does
			must(tx.MovedTo("care", from))(s)
		})
	}
}

func testStaff(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		li := &feedback.Staff{Name: "李雷", Role: feedback.Agent, Team: "care", Accounts: map[string]string{"hq": "U01"}}
		s.ok(tx.SaveStaff(li))
		han := &feedback.Staff{Name: "韩梅梅", Role: feedback.Lead}
		s.ok(tx.SaveStaff(han))
		again := &feedback.Staff{Name: "李雷", ShownAs: "小雷", Role: feedback.Lead}
		s.ok(tx.SaveStaff(again))
		equal(s, "by name", again.ID, li.ID)
		got := must(tx.StaffByAccount("hq", "U01"))(s)
		equal(s, "shown", got.ShownAs, "小雷")
		equal(s, "accounts stay", got.Accounts["hq"], "U01")
		got.Disabled = true
		s.ok(tx.SaveStaff(got))
		equal(s, "disabled", must(tx.StaffByName("李雷"))(s).Disabled, true)

		s.ok(tx.LinkAccount(li.ID, "hq", "U02"))
		_, err := tx.StaffByAccount("hq", "U01")
		s.is(err, feedback.ErrNotFound)
		s.ok(tx.LinkAccount(han.ID, "hq", "U02"))
		equal(s, "an account has one person", must(tx.StaffByAccount("hq", "U02"))(s).ID, han.ID)
		equal(s, "nobody else", len(must(tx.Staff(li.ID))(s).Accounts), 0)
		s.ok(tx.UnlinkAccount("hq", "U02"))
		equal(s, "unlinked", len(must(tx.Staff(han.ID))(s).Accounts), 0)
		s.is(tx.LinkAccount(han.ID, "hq", ""), feedback.ErrInvalid)

		var names []string
		for _, p := range must(tx.AllStaff())(s) {
			names = append(names, p.Name)
		}
		slices.Sort(names)
		equal(s, "all", fmt.Sprint(names), "[李雷 韩梅梅]")
		s.is(tx.SaveStaff(&feedback.Staff{ID: 1e9, Name: "x"}), feedback.ErrNotFound)
	})
}

func testSignIn(_ *testing.T, s *suite) {
	s.write(func(tx *store.Tx) {
		s.ok(tx.PutCode(store.Code{Kind: "link", Hash: "h", Staff: 3, Data: "d", Expires: s.now.Add(time.Minute)}))
		_, err := tx.UseCode("signin", "h", s.now)
		s.is(err, feedback.ErrNotFound)
		equal(s, "code", must(tx.UseCode("link", "h", s.now))(s).Staff, 3)
		_, err = tx.UseCode("link", "h", s.now)
		s.is(err, feedback.ErrNotFound)
		s.ok(tx.PutCode(store.Code{Kind: "link", Hash: "h", Expires: s.now}))
		_, err = tx.UseCode("link", "h", s.now)
		s.is(err, feedback.ErrNotFound)

		for n := 1; n <= 3; n++ {
			equal(s, "tries", must(tx.Tries("1.2.3.4", time.Minute, s.now))(s), n)
		}
		equal(s, "another's tries", must(tx.Tries("1.2.3.5", time.Minute, s.now))(s), 1)
		equal(s, "tries after the window", must(tx.Tries("1.2.3.4", time.Minute, s.now.Add(time.Minute)))(s), 1)

		session := store.Session{Hash: "s", Staff: 3, CreatedAt: s.now, SeenAt: s.now, Expires: s.now.Add(time.Hour)}
		s.ok(tx.PutSession(session))
		equal(s, "session", *must(tx.Session("s", s.now))(s), session)
		_, err = tx.Session("s", session.Expires)
		s.is(err, feedback.ErrNotFound)
		session.SeenAt, session.Expires = s.now.Add(time.Minute), s.now.Add(2*time.Hour)
		s.ok(tx.RenewSession("s", session.SeenAt, session.Expires))
		equal(s, "session seen", *must(tx.Session("s", s.now.Add(time.Hour)))(s), session)
		s.ok(tx.PutSession(store.Session{Hash: "s2", Staff: 4, Expires: s.now.Add(time.Hour)}))
		s.ok(tx.DropSessionsOf(3))
		_, err = tx.Session("s", s.now)
		s.is(err, feedback.ErrNotFound)
		s.ok(tx.RenewSession("s", s.now, s.now.Add(time.Hour)))
		_, err = tx.Session("s", s.now)
		s.is(err, feedback.ErrNotFound)
		s.ok(tx.DropSession("s2"))
		_, err = tx.Session("s2", s.now)
		s.is(err, feedback.ErrNotFound)
	})
}

// Whoever keeps the linked accounts in mind is told when they change.
func testAccounts(_ *testing.T, s *suite) {
	was := s.db.AccountsRevision()
	s.write(func(tx *store.Tx) {
		s.ok(tx.SaveStaff(&feedback.Staff{Name: "李雷", Role: feedback.Agent, Accounts: map[string]string{"hq": "U01"}}))
	})
	linked := s.db.AccountsRevision()
	s.read(func(tx *store.Tx) {
		all := must(tx.Accounts())(s)
		_, there := all[store.Account{Bot: "hq", External: "U01"}]
		equal(s, "accounts", line(len(all), there, linked != was), "1 true true")
	})
	s.write(func(tx *store.Tx) { s.ok(tx.UnlinkAccount("hq", "U01")) })
	equal(s, "told", s.db.AccountsRevision() != linked, true)
}
