package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// itemView is one item with everything that was said and done about it.
type itemView struct {
	ID      int64
	Card    bots.Card
	Buttons [][]chatButton
	URL     string // of the original post
	Thread  []entryView
	WayBack bool // the customer can be written to from here
	Ended   bool
	MayAct  bool
	Back    string
}

// entryView is one line of the thread.
type entryView struct {
	Key     string
	Kind    string // customer, reply, auto, note, step
	Who     string
	Text    string
	At      time.Time
	Files   []chatFile
	State   string // of a delivery, in words
	Trouble bool   // it did not certainly arrive
	Pending bool   // it has not left yet
	Buttons [][]chatButton
	Mark    string // edited, taken back
}

// itemPage shows an item beside its list.
func (s *Server) itemPage(w http.ResponseWriter, r *http.Request, ses *session) {
	id := number(r.PathValue("number"))
	item, err := s.item(r.Context(), id)
	if errors.Is(err, feedback.ErrNotFound) {
		s.fail(w, r, http.StatusNotFound, "err.number", "number", strconv.FormatInt(id, 10))
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	v, err := s.boardView(r, ses, id)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if v.Item, err = s.itemView(r, item); err != nil {
		s.broken(w, r, err)
		return
	}
	v.Item.MayAct = ses.staff.Role.AtLeast(feedback.Agent)
	s.renderBoard(w, r, http.StatusOK, v)
}

func (s *Server) item(ctx context.Context, id int64) (*feedback.Item, error) {
	var item *feedback.Item
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		item, err = tx.Item(id)
		return err
	})
	return item, err
}

// itemView reads an item's card and thread.
func (s *Server) itemView(r *http.Request, item *feedback.Item) (*itemView, error) {
	lang := s.language(r)
	card, err := s.desk.Card(r.Context(), item)
	if err != nil {
		return nil, err
	}
	v := &itemView{
		ID: item.ID, Card: card, Buttons: buttonsOf(card.Buttons), WayBack: item.WayBack,
		Ended: item.Ended(), Back: backTo(r),
	}
	if strings.HasPrefix(item.URL, "https://") || strings.HasPrefix(item.URL, "http://") {
		v.URL = item.URL
	}
	t := &threadReader{s: s, ctx: r.Context(), lang: lang, item: item, names: map[int64]string{}}
	err = s.db.Read(r.Context(), func(tx *store.Tx) error {
		t.entries, t.events, t.waiting = nil, nil, nil
		return t.read(tx)
	})
	if err != nil {
		return nil, err
	}
	v.Thread = t.finish()
	return v, nil
}

// backTo is the list that the item was opened from.
func backTo(r *http.Request) string {
	back := listOf(r.URL.Query())
	if len(back) == 0 {
		return "/"
	}
	return "/?" + back.Encode()
}

// threadReader collects what was said and done about an item.
type threadReader struct {
	s       *Server
	ctx     context.Context
	lang    string
	item    *feedback.Item
	names   map[int64]string
	entries []entryView
	events  []*feedback.Event
	waiting []waitingButtons
}

// waitingButtons is an entry whose buttons the desk has yet to say.
type waitingButtons struct {
	entry int
	out   *store.Out
}

func (t *threadReader) read(tx *store.Tx) error {
	said, err := tx.MessagesOf(t.item.ID)
	if err != nil {
		return err
	}
	outs, err := tx.OutsOf(t.item.ID)
	if err != nil {
		return err
	}
	byKey := map[string]*store.Out{}
	for _, o := range outs {
		if o.Audience == store.ToCustomer {
			byKey[o.Key] = o
		}
	}
	for _, m := range said {
		if err := staffName(tx, m.Staff, t.names); err != nil {
			return err
		}
		if err := t.message(tx, m, byKey); err != nil {
			return err
		}
	}
	if t.events, err = tx.Events(t.item.ID); err != nil {
		return err
	}
	for _, e := range t.events {
		if err := staffName(tx, e.Staff, t.names); err != nil {
			return err
		}
	}
	return nil
}

func (t *threadReader) message(tx *store.Tx, m *feedback.Message, outs map[string]*store.Out) error {
	e := entryView{Key: "m" + strconv.FormatInt(m.ID, 10), Text: t.s.desk.Mask(m.Text), At: m.ReceivedAt, Files: received("/files/", m.Attachments)}
	switch m.Direction {
	case feedback.In:
		if m.Event != "" {
			return nil
		}
		e.Kind, e.Who = "customer", t.s.desk.MaskName(t.item.AuthorName)
		if !m.EditedAt.IsZero() {
			e.Mark = say(t.lang, "item.edited")
		}
	case feedback.Note:
		e.Kind, e.Who, e.Text = "note", t.names[m.Staff], m.Text
	case feedback.Out:
		return t.outgoing(tx, e, m, outs[strings.TrimPrefix(m.External, outPrefix)])
	}
	t.entries = append(t.entries, e)
	return nil
}

// outgoing is a message to the customer with how far it has come.
func (t *threadReader) outgoing(tx *store.Tx, e entryView, m *feedback.Message, out *store.Out) error {
	e.Kind, e.Who, e.Text = "reply", t.names[m.Staff], m.Text
	if m.Staff == 0 {
		e.Kind = "auto"
	}
	if out != nil {
		e.State = say(t.lang, "delivery."+string(out.State))
		e.Trouble = out.State == store.OutUncertain || out.State == store.OutDead
		e.Pending = out.State == store.OutPending || out.State == store.OutRetry || out.State == store.OutSending
		if !out.SentAt.IsZero() {
			e.At = out.SentAt
		}
		var post bots.Post
		if err := json.Unmarshal(out.Body, &post); err != nil {
			return fmt.Errorf("outbox row %d: %w", out.ID, err)
		}
		e.Files = append(e.Files, sentFiles("/sent/", out.ID, post.Files)...)
		gone, err := recalled(tx, out)
		if err != nil {
			return err
		}
		if gone {
			e.Mark = say(t.lang, "item.recalled")
		}
		if e.Trouble || e.Pending {
			t.waiting = append(t.waiting, waitingButtons{len(t.entries), out})
		}
	}
	t.entries = append(t.entries, e)
	return nil
}

// finish adds what the desk says in words, outside of the transaction, and puts
// everything in order.
func (t *threadReader) finish() []entryView {
	for _, w := range t.waiting {
		t.entries[w.entry].Buttons = buttonsOf(t.s.desk.Delivery(t.ctx, w.out))
	}
	for _, e := range t.events {
		text := t.s.desk.Step(t.ctx, *e)
		if text == "" {
			continue
		}
		t.entries = append(t.entries, entryView{Key: "e" + strconv.FormatInt(e.ID, 10), Kind: "step", Who: t.names[e.Staff], Text: text, At: e.At})
	}
	slices.SortStableFunc(t.entries, func(a, b entryView) int { return a.At.Compare(b.At) })
	return t.entries
}
