package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/spool"
)

// awayHouse is a house with a disk spool, whose database can be taken away from
// what is received.
type awayHouse struct {
	*house
	here, away *store.DB
	root       string
}

func newAwayHouse(t *testing.T, o spool.Options) *awayHouse {
	t.Helper()
	h := &awayHouse{house: newHouse(t, nil), root: t.TempDir()}
	// Nobody listens there: it is tried, in vain, as long as the test runs.
	gone, _, err := store.OpenLater(context.Background(), "postgres://nobody@127.0.0.1:1/none?sslmode=disable", store.Options{}, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gone.Close() })
	s, err := spool.Open(h.root, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	h.here, h.away = h.db, gone
	h.p.log = slog.New(slog.DiscardHandler)
	h.p.spool = Spool{Spool: s, Orphans: func() ([]*spool.Spool, error) { return spool.Orphans(h.root, o) }}
	h.p.AddListener("shop", "webhook", struct{}{})
	return h
}

func (h *awayHouse) takeAway() { h.p.db = h.away }
func (h *awayHouse) bringBack() {
	h.t.Helper()
	h.p.db = h.here
	if err := h.p.replayAll(context.Background(), h.p.spool.Spool); err != nil {
		h.t.Fatal(err)
	}
}

// said returns the texts of a channel in the order in which they were stored.
func (h *awayHouse) said(channel string) (texts []string, arrived []time.Time) {
	h.t.Helper()
	err := h.here.Read(context.Background(), func(tx *store.Tx) error {
		live, history, err := tx.Unfinished(h.now.Add(time.Hour), 1000)
		if err != nil {
			return err
		}
		for _, id := range append(live, history...) {
			m, err := tx.Message(id)
			if err != nil {
				return err
			}
			if m.Channel == channel {
				texts, arrived = append(texts, m.Text), append(arrived, m.ReceivedAt)
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return texts, arrived
}

func word(n int) bots.Event {
	return bots.Event{Key: fmt.Sprintf("k%d", n), Type: bots.OnMessage, Chat: bots.Chat{ID: "9"}, MessageID: fmt.Sprint(n), From: bots.Person{ID: "9", Name: "王"}, Text: fmt.Sprintf("第 %d 句", n)}
}

func TestPushedMessagesWaitOnDiskInOrder(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	receive := func(n int, kept bool) bots.Answer {
		t.Helper()
		a, err := h.p.Receive(context.Background(), "care", word(n))
		if err != nil || a.Kept != kept {
			t.Fatalf("message %d: kept %v, %v", n, a.Kept, err)
		}
		return a
	}
	receive(1, false)
	h.takeAway()
	came := h.now
	if a := receive(2, true); a.Text == "" {
		t.Error("the customer is not told that it is kept")
	}
	if a := receive(3, true); a.Text != "" {
		t.Errorf("the customer is told again: %s", a.Text)
	}
	receive(2, true) // the platform brings it again
	h.p.db = h.here
	receive(4, true) // it does not overtake those that wait
	h.now = h.now.Add(20 * time.Minute)
	if texts, _ := h.said("care"); len(texts) != 1 {
		t.Fatalf("stored so far: %v", texts)
	}
	h.bringBack()
	texts, arrived := h.said("care")
	if got, want := fmt.Sprint(texts), "[第 1 句 第 2 句 第 3 句 第 4 句]"; got != want {
		t.Errorf("stored: %s, want %s", got, want)
	}
	for _, at := range arrived {
		if !at.Equal(came.UTC()) {
			t.Errorf("it came at %v, not %v", at, came.UTC())
		}
	}
	if a := receive(5, false); a.Kept {
		t.Error("kept on disk although the database is back")
	}
	if st, _ := h.p.Waiting(); st != (spool.Stats{}) {
		t.Errorf("the spool holds %+v", st)
	}
}

func TestPushedEntriesWaitOnDisk(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	entries := []listeners.Entry{
		{ID: "1", Kind: "form", Text: "等了三天还没收到"},
		{ID: "2", Kind: "review", Text: "去年的评价", PostedAt: h.now.Add(-400 * 24 * time.Hour)},
		{ID: "3", Kind: "form", Text: "二十小时前的", PostedAt: h.now.Add(-20 * time.Hour)},
	}
	h.p.SetFresh(24 * time.Hour)
	h.takeAway()
	outcomes, err := h.p.Put(context.Background(), "shop", entries)
	if err != nil || fmt.Sprint(outcomes) != "[spooled spooled spooled]" {
		t.Fatal(outcomes, err)
	}
	h.now = h.now.Add(10 * time.Hour) // what was news when it came is news
	h.bringBack()
	if outcomes, err = h.p.Put(context.Background(), "shop", entries); err != nil || fmt.Sprint(outcomes) != "[duplicate duplicate duplicate]" {
		t.Error(outcomes, err)
	}
	err = h.here.Read(context.Background(), func(tx *store.Tx) error {
		for id, lane := range map[string]feedback.Lane{"1": feedback.Live, "2": feedback.History, "3": feedback.Live} {
			m, err := tx.MessageByExternal("shop", id)
			if err != nil {
				return err
			}
			if m.Lane != lane {
				t.Errorf("%s is in the lane %s", id, m.Lane)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsAskedForIsNotDoneLater: presses and commands are refused, with words.
func TestWhatIsAskedForIsNotDoneLater(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	h.takeAway()
	for name, e := range map[string]bots.Event{
		"press":   {Key: "p", Type: bots.OnPress, Chat: bots.Chat{ID: "9"}, From: bots.Person{ID: "9"}, Payload: "rate:1:5"},
		"command": {Key: "c", Type: bots.OnMessage, Chat: bots.Chat{ID: teamChat, Group: true}, From: bots.Person{ID: "U1"}, Text: "/claim #1"},
	} {
		a, err := h.p.Receive(context.Background(), "care", e)
		if err != nil || !a.Failed || a.Text == "" || a.Kept {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if st, _ := h.p.Waiting(); st.Depth != 0 {
		t.Errorf("%d wait", st.Depth)
	}
}

// TestOnlyTheDatabasesAbsenceIsSpooled: what is refused for another reason is
// refused, and what is read stays where it is.
func TestOnlyTheDatabasesAbsenceIsSpooled(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	if _, err := h.p.Receive(context.Background(), "nobody", word(1)); err == nil {
		t.Error("an unknown bot's message was taken")
	}
	h.takeAway()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.p.Receive(ended, "care", word(2)); err == nil {
		t.Error("a message whose sender has gone was acknowledged")
	}
	h.p.AddBot("polled", "fake", bots.Caps{TwoWay: true, Polled: true}, h.care)
	if _, err := h.p.Receive(context.Background(), "polled", word(3)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a message that its platform keeps was taken: %v", err)
	}
	s := &source{name: "shop"}
	if err := h.p.keep(context.Background(), s, listeners.Batch{Entries: []listeners.Entry{{ID: "1", Text: "x"}}, Cursor: []byte("later")}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a source's cursor went on: %v", err)
	}
	if st, _ := h.p.Waiting(); st.Depth != 0 {
		t.Errorf("%d wait", st.Depth)
	}
}

func TestAFullSpoolRefuses(t *testing.T) {
	h := newAwayHouse(t, spool.Options{Max: 500})
	h.takeAway()
	var err error
	for n := range 10 {
		if _, err = h.p.Receive(context.Background(), "care", word(n)); err != nil {
			break
		}
	}
	if !errors.Is(err, spool.ErrFull) {
		t.Errorf("a full spool says %v", err)
	}
	if _, room := h.p.Waiting(); room {
		t.Error("it says that there is room")
	}
}

// TestARefusedRecordHoldsUpNothing: what the database will never have is set
// aside.
func TestARefusedRecordHoldsUpNothing(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	h.takeAway()
	for _, data := range []string{"{", `{"channel":"care"}`, `{"channel":"gone","event":{"Key":"k","Type":"message"}}`, `{"channel":"gone","entry":{"ID":"1"}}`} {
		if err := h.p.spool.Append(context.Background(), spool.Record{At: h.now, Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.p.Receive(context.Background(), "care", word(1)); err != nil {
		t.Fatal(err)
	}
	h.bringBack()
	if texts, _ := h.said("care"); fmt.Sprint(texts) != "[第 1 句]" {
		t.Errorf("stored: %v", texts)
	}
	if st, _ := h.p.Waiting(); st.Depth != 0 || st.Quarantined != 4 {
		t.Errorf("the spool says %+v", st)
	}
}

// TestTheDeadLeaveTheirSpools: what another process kept before it died is
// replayed by one that lives.
func TestTheDeadLeaveTheirSpools(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	mine := h.p.spool
	other, err := spool.Open(h.root, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h.p.spool.Spool = other
	h.takeAway()
	if _, err := h.p.Receive(context.Background(), "care", word(1)); err != nil {
		t.Fatal(err)
	}
	h.p.db = h.here
	h.p.spool = mine
	if err := h.p.adoptOrphans(context.Background()); err != nil {
		t.Fatal(err)
	}
	if texts, _ := h.said("care"); len(texts) != 0 {
		t.Error("the living one's was taken")
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.p.adoptOrphans(context.Background()); err != nil {
		t.Fatal(err)
	}
	if texts, _ := h.said("care"); len(texts) != 1 {
		t.Errorf("stored: %v", texts)
	}
}

// TestTheSpoolIsReplayedInBatches: what was posted one by one is put into the
// database in few commits, each message with the time at which it came; where
// one fails, smaller ones are tried.
func TestTheSpoolIsReplayedInBatches(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	h.takeAway()
	began := h.now
	const n = 150
	for i := range n {
		h.now = h.now.Add(time.Second)
		if _, err := h.p.Put(context.Background(), "shop", []listeners.Entry{{ID: fmt.Sprint(i), Kind: "form", Text: fmt.Sprintf("第 %d 句", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	commits, tries := 0, 0
	h.p.fail = func(at string) {
		switch at {
		case "intake.before_commit":
			if tries++; tries <= 2 {
				panic("it does not go")
			}
		case "intake.after_commit":
			commits++
		}
	}
	h.bringBack()
	texts, arrived := h.said("shop")
	if len(texts) != n {
		t.Fatalf("%d stored", len(texts))
	}
	for i := range texts {
		if want := began.Add(time.Duration(i+1) * time.Second); texts[i] != fmt.Sprintf("第 %d 句", i) || !arrived[i].Equal(want) {
			t.Errorf("%d: %s came at %s, not %s", i, texts[i], arrived[i], want)
		}
	}
	if commits > 4 {
		t.Errorf("%d commits for %d messages", commits, n)
	}
}

// TestTheErasedDoNotComeBack: what somebody said before they had themselves
// erased waits on the spool of another process, or of one that died. It is left
// out when it is replayed; what they say afterwards, and what others said, is not.
func TestTheErasedDoNotComeBack(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	from := func(who, text string, at time.Time) bots.Event {
		e := h.event(bots.OnMessage, bots.Chat{ID: who}, who, text)
		e.At = at
		return e
	}
	receive := func(e bots.Event) {
		t.Helper()
		if _, err := h.p.Receive(context.Background(), "care", e); err != nil {
			t.Fatal(err)
		}
	}
	put := func(id, author, text string) {
		t.Helper()
		if _, err := h.p.Put(context.Background(), "shop", []listeners.Entry{{ID: id, Kind: "review", Text: text, Author: listeners.Author{ID: author, Name: author}}}); err != nil {
			t.Fatal(err)
		}
	}
	h.says("王小明", late)
	put("1", "慕容复", "隔壁桌的评论")
	h.settle()
	author, reviewer := h.item(1).Author, h.item(2).Author

	mine := h.p.spool.Spool
	other, err := spool.Open(h.root, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h.p.spool.Spool = other
	h.takeAway()
	asked := h.now
	receive(from("王小明", "之前说的话", asked))
	receive(from("李四", "别人说的话", asked))
	put("2", "慕容复", "之前的评论")
	h.p.db, h.p.spool.Spool = h.here, mine
	h.now = h.now.Add(time.Minute)
	// By a tap in the chat, through a process on whose own spool nothing waits; and
	// at the command line.
	h.receive("care", h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", "删除我的资料"))
	h.taps("王小明", "删掉")
	if _, err := h.p.desk.Erase(t.Context(), reviewer, "test"); err != nil {
		t.Fatal(err)
	}
	h.p.spool.Spool = other
	h.takeAway()
	h.now = h.now.Add(time.Minute)
	receive(from("王小明", "还在路上的话", asked)) // it was said before
	receive(from("王小明", "之后说的话", h.now))
	put("3", "慕容复", "之后的评论")
	h.p.db, h.p.spool.Spool = h.here, mine
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.p.adoptOrphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	if texts, _ := h.said("care"); fmt.Sprint(texts) != "[别人说的话 之后说的话]" {
		t.Errorf("in the chats: %v", texts)
	}
	if texts, _ := h.said("shop"); fmt.Sprint(texts) != "[之后的评论]" {
		t.Errorf("in the shop: %v", texts)
	}
	if st, err := spool.Look(h.root); err != nil || st.Depth+st.Quarantined != 0 {
		t.Errorf("left on disk: %+v %v", st, err)
	}
	if h.item(1).Text != "" || h.item(1).Author != author {
		t.Errorf("#1: %+v", h.item(1))
	}
}

// TestTheForgottenMayWriteAgain: what is kept long enough goes, and what the
// same person wrote since, and waits on the spool, is new.
func TestTheForgottenMayWriteAgain(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	h.says("王小明", late)
	h.writes("U-LI", 1, "！关闭 重复")
	h.now = h.now.AddDate(0, 0, 200)
	h.takeAway()
	e := h.event(bots.OnMessage, bots.Chat{ID: "王小明"}, "王小明", "又等了三天")
	if _, err := h.p.Receive(context.Background(), "care", e); err != nil {
		t.Fatal(err)
	}
	h.p.db = h.here
	if n, err := h.p.desk.Forget(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d forgotten, %v", n, err)
	}
	h.bringBack()
	if texts, _ := h.said("care"); fmt.Sprint(texts) != "[又等了三天]" {
		t.Errorf("stored: %v", texts)
	}
	h.settle()
	if h.item(1).Text != "" || h.item(2).Text != "又等了三天" {
		t.Errorf("#1 %q, #2 %q", h.item(1).Text, h.item(2).Text)
	}
}

// TestASlowDatabaseRefusesNothingForGood: a record that meets a lock, or a
// standby, stays on the spool; so does a group of arrivals stay whole.
func TestASlowDatabaseRefusesNothingForGood(t *testing.T) {
	ctx := context.Background()
	for _, err := range []error{store.ErrUnavailable, store.ErrUnknownOutcome, store.ErrClosed, store.ErrReadOnly, context.DeadlineExceeded} {
		if err = fmt.Errorf("store: INSERT INTO messages: %w", err); !awayAtReplay(ctx, err) || !unwritable(err) {
			t.Errorf("%v is taken for the record's fault", err)
		}
	}
	if !away(ctx, ctx, fmt.Errorf("x: %w", store.ErrReadOnly)) {
		t.Error("what a standby does not take is refused, not kept")
	}
	for _, err := range []error{feedback.ErrInvalid, errors.New("panic: x"), &bots.SendError{Fate: bots.Unsent, Err: context.DeadlineExceeded}} {
		if awayAtReplay(ctx, fmt.Errorf("replay: %w", err)) {
			t.Errorf("%v holds up the spool for ever", err)
		}
	}
}
