package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/test/hostile"
)

// corpusHouse is a house whose log is read afterwards, and that shows every item
// on a card of its own.
func corpusHouse(t *testing.T) (*house, *recorder) {
	log := &recorder{}
	h := newHouse(t, func(r *desk.Rules) {
		r.Cards.Fold = 0
		r.Fields = []desk.Field{{Name: "shop", Title: "门店"}}
	})
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.p.log = logger
	h.p.Bind(desk.New(desk.Options{DB: h.db, Now: h.p.now, Log: logger, Bell: h.p, Rules: h.p.desk.Rules()}))
	return h, log
}

// unlogged fails where the log holds words of the corpus.
func (r *recorder) unlogged(t *testing.T, cases []hostile.Case) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.b.String()
	for _, c := range cases {
		if trace := c.Trace(); trace != "" && strings.Contains(log, trace) {
			t.Errorf("the log holds %q of %s", trace, c.Name)
		}
	}
}

// seeds are data that no team's chat may show. Written into one another they
// are no numbers any more that anybody could tell.
var seeds = regexp.MustCompile(`\b(13812345678|11010519491231002X|6222021234567890128|zhang\.san@example\.com)\b`)

var number = regexp.MustCompile(`^\S+ P\d #(\d+)`)

// TestHostileCorpus takes every case of the corpus, each from a customer of its
// own, through intake, analysis, card, receipt and closing reply.
func TestHostileCorpus(t *testing.T) {
	h, log := corpusHouse(t)
	cases := hostile.Corpus()
	keys := make([]string, len(cases))
	for i, c := range cases {
		who := fmt.Sprintf("c%d", i)
		e := h.event(bots.OnMessage, bots.Chat{ID: who, Title: c.Author()}, who, c.Text)
		e.From.Name, e.From.Handle, e.Raw = c.Author(), c.Author(), []byte(c.Text)
		e.Fields = map[string]string{"shop": c.Text, c.Author(): c.Author()}
		if c.Class == hostile.Names {
			e.Attachments = []bots.Attachment{{Kind: "file", Ref: "f", Name: c.File(), MIME: "image/svg+xml"}}
		}
		keys[i] = e.Key
		if _, err := h.p.Receive(context.Background(), "care", e); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
	}
	h.settle()
	h.pass(time.Minute) // short texts wait for what may follow
	for _, m := range h.quarantined() {
		t.Errorf("set aside: %s of %.80q", m.Error, m.Text)
	}
	items := h.corpusItems(cases, keys)
	h.corpusCards(items)

	// A colleague closes one in four of them.
	for id := range items {
		if id%4 != 0 {
			delete(items, id)
			continue
		}
		e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-HAN", fmt.Sprintf("！解决 #%d 已经为您处理好了，请查收", id))
		if _, err := h.p.Receive(context.Background(), "hq", e); err != nil {
			t.Fatal(err)
		}
	}
	h.pass(time.Minute)
	h.corpusClosed(items)
	log.unlogged(t, cases)
}

// corpusItem is what became of a case.
type corpusItem struct {
	hostile.Case
	chat string
	item *feedback.Item
}

// corpusItems returns the items of the cases. A case without one must have a
// reason, and few have.
func (h *house) corpusItems(cases []hostile.Case, keys []string) map[int64]corpusItem {
	h.t.Helper()
	items := map[int64]corpusItem{}
	var without []string
	h.read(func(tx *store.Tx) error {
		for i, c := range cases {
			m, err := tx.MessageByExternal("care", keys[i])
			if err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			if !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0) || len(m.Text) > maxText || m.Stage != feedback.StageDone {
				h.t.Errorf("%s: kept %d bytes, valid %v, %s", c.Name, len(m.Text), utf8.ValidString(m.Text), m.Stage)
			}
			chat := fmt.Sprintf("c%d", i)
			if m.Item == 0 {
				// Nothing to see, a command or a greeting that was answered, or thanks.
				cues := h.p.desk.Rules().Analyze(m.Text).Cues
				if strings.TrimSpace(m.Text) != "" && h.customer(chat) == "" && !cues.Thanks && !cues.Received {
					h.t.Errorf("%s became nothing, and nobody says so: %.80q", c.Name, c.Text)
				}
				without = append(without, c.Name)
				continue
			}
			item, err := tx.Item(m.Item)
			if err != nil {
				return err
			}
			if other, twice := items[m.Item]; twice {
				h.t.Errorf("%s and %s are one item", c.Name, other.Name)
			}
			if item.State != feedback.New || item.Owner != 0 {
				h.t.Errorf("%s: a customer's words made it %s", c.Name, item.State)
			}
			if len(item.AuthorName) > maxName || !utf8.ValidString(item.AuthorName) || !utf8.ValidString(item.Text) || !utf8.ValidString(item.Quote) {
				h.t.Errorf("%s: kept a name of %d bytes, or invalid text", c.Name, len(item.AuthorName))
			}
			items[m.Item] = corpusItem{c, chat, item}
		}
		return nil
	})
	h.t.Logf("%d of %d cases became items; without one: %v", len(items), len(cases), without)
	if len(without) > len(cases)/10 {
		h.t.Errorf("%d of %d cases became nothing", len(without), len(cases))
	}
	return items
}

// corpusCards looks at what the team and the customers see.
func (h *house) corpusCards(items map[int64]corpusItem) {
	h.t.Helper()
	carded := map[int64]int{}
	for _, m := range append(h.hq.in(teamChat), h.hq.in(otherChat)...) {
		if found := number.FindStringSubmatch(m.Text); m.Card && found != nil {
			id, err := strconv.ParseInt(found[1], 10, 64)
			if err != nil {
				h.t.Fatal(err)
			}
			carded[id]++
			if len(m.Text) > 4000 {
				h.t.Errorf("%s: a card of %d bytes", items[id].Name, len(m.Text))
			}
		}
		h.callsTheLeadAtMost(m)
		if seed := seeds.FindString(m.Text); seed != "" {
			h.t.Errorf("%s in the team's chat: %.200q", seed, m.Text)
		}
	}
	silent := 0
	for id, i := range items {
		switch {
		case i.item.Verdict.Intent == "spam" && carded[id] == 0:
			silent++ // advertising is listed and told to nobody
		case carded[id] != 1:
			h.t.Errorf("%s: #%d (%s) has %d cards", i.Name, id, i.item.Verdict.Intent, carded[id])
		}
		h.fits(i)
	}
	if silent > len(items)/20 {
		h.t.Errorf("%d of %d were taken for advertising", silent, len(items))
	}
}

// callsTheLeadAtMost fails where a message calls anybody but the lead, whom the
// desk itself calls to what is dangerous.
func (h *house) callsTheLeadAtMost(m *shown) {
	h.t.Helper()
	if !utf8.ValidString(m.Text) {
		h.t.Errorf("invalid text %.80q", m.Text)
	}
	for _, p := range m.Mention {
		if p.ID != "U-HAN" || !strings.HasPrefix(m.Text, "🔴 P0 ") {
			h.t.Errorf("%.80q calls %s", m.Text, p.ID)
		}
	}
}

// fits fails where a customer was sent more than the platform takes.
func (h *house) fits(i corpusItem) {
	h.t.Helper()
	limit := h.p.runner("care").caps.Text
	for _, m := range h.care.in(i.chat) {
		if !utf8.ValidString(m.Text) || !limit.Fits(m.Text) {
			h.t.Errorf("%s: sent %d units, valid %v", i.Name, limit.Len(m.Text), utf8.ValidString(m.Text))
		}
	}
}

// corpusClosed fails where a customer has not exactly one closing reply.
func (h *house) corpusClosed(items map[int64]corpusItem) {
	h.t.Helper()
	for id, i := range items {
		if got := h.item(id); got.State != feedback.Resolved || got.Closure != feedback.DeliverySent {
			h.t.Errorf("%s: #%d is %s, its closing reply %s", i.Name, id, got.State, got.Closure)
		}
		told := 0
		for _, m := range h.care.in(i.chat) {
			told += strings.Count(m.Text, "已经为您处理好了，请查收")
		}
		if told != 1 {
			h.t.Errorf("%s: told %d times:\n%.400s", i.Name, told, h.customer(i.chat))
		}
		h.fits(i)
	}
}

// TestHostileCorpusFromListeners puts every case where a source says text,
// author, address and fields.
func TestHostileCorpusFromListeners(t *testing.T) {
	h, log := corpusHouse(t)
	cases := hostile.Corpus()
	entries := make([]listeners.Entry, len(cases))
	for i, c := range cases {
		entries[i] = listeners.Entry{
			ID: c.Name, Kind: "review", Text: c.Text, URL: c.URL(), PostedAt: h.now, Author: listeners.Author{ID: c.Name, Name: c.Text},
			Fields: map[string]string{"shop": c.Text, c.Author(): c.Text}, Raw: []byte(c.Text),
		}
	}
	for at := 0; at < len(entries); at += 500 {
		out, err := h.p.Put(context.Background(), "weibo", entries[at:min(at+500, len(entries))])
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range out {
			if o != listeners.Accepted {
				t.Errorf("%s is %s", entries[at+i].ID, o)
			}
		}
	}
	h.settle()
	h.pass(time.Minute)
	for _, m := range h.quarantined() {
		t.Errorf("set aside: %s of %.80q", m.Error, m.Text)
	}
	h.read(func(tx *store.Tx) error {
		for _, c := range cases {
			m, err := tx.MessageByExternal("weibo", c.Name)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			if m.Item == 0 && strings.TrimSpace(nlp.Normalize(c.Text)) != "" {
				t.Errorf("%s has no item", c.Name)
			}
			if !utf8.ValidString(m.Text) || len(m.Text) > maxText {
				t.Errorf("%s: kept %d bytes", c.Name, len(m.Text))
			}
		}
		return nil
	})
	for _, m := range append(h.hq.in(teamChat), h.hq.in(otherChat)...) {
		h.callsTheLeadAtMost(m)
		for _, b := range m.Buttons {
			if b.URL != "" && !strings.HasPrefix(b.URL, "https://") && !strings.HasPrefix(b.URL, "http://") {
				t.Errorf("a button leads to %.80q", b.URL)
			}
		}
	}
	log.unlogged(t, cases)
}
