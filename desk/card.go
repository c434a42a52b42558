package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

// cardQuote is how much of the customer's text a card shows, in characters.
// The rest stands in the thread.
const cardQuote = 160

// cardField is how much of a field that a link or a source named, in characters.
const cardField = 40

// maxFolded bounds how many items one folded card remembers.
const maxFolded = 1000

// cards writes the card rows of an item for every chat that is to have one,
// due at at. Rows that exist stay; a card that folded has none.
func (w *work) cards(item *feedback.Item, at time.Time) error {
	if item.History || silent(item) && item.Owner == 0 || !w.cardWanted(item) && item.Priority != feedback.P0 {
		return nil
	}
	places, err := w.currentPlaces(item)
	if err != nil {
		return err
	}
	for _, p := range places {
		if err := w.card(item, p, at); err != nil {
			return err
		}
	}
	return w.alarm(item)
}

// cardWanted reports whether the item becomes a card: what customers say does,
// unless its route says otherwise; what is said elsewhere where carded says so.
func (w *work) cardWanted(item *feedback.Item) bool {
	if item.WayBack {
		return item.Cards != "off" && (item.Cards != "urgent" || item.Priority <= feedback.P1)
	}
	return w.carded(item)
}

func (w *work) card(item *feedback.Item, p Place, at time.Time) error {
	key := cardKey(item.ID, p)
	existing, err := w.tx.OutOf(item.ID, key)
	if err == nil {
		return w.hasten(existing, at)
	}
	if !isNotFound(err) {
		return err
	}
	folded, err := w.fold(item, p)
	if err != nil || folded {
		return err
	}
	_, err = w.put(store.Out{
		Key: key, Bot: p.Bot, Chat: p.Chat, Audience: store.ToStaff, Kind: OutCard, Item: item.ID,
		Rev: 1, NextAt: at, Urgent: item.Priority <= feedback.P1,
	})
	return err
}

// hasten brings a card that waits for silence forward, or puts it off while
// fragments keep coming.
func (w *work) hasten(o *store.Out, at time.Time) error {
	if o.SentRev > 0 || o.State != store.OutPending || o.NextAt.Equal(at) || !o.NextAt.After(w.now) {
		return nil
	}
	o.NextAt = at
	_, err := w.tx.ChangeOut(o, store.OutPending)
	w.bots[o.Bot] = true
	return err
}

func cardKey(item int64, p Place) string {
	return "card:" + strconv.FormatInt(item, 10) + ":" + p.Bot + ":" + p.Chat
}

// window is what a chat's folding remembers of the current span.
type window struct {
	Start  time.Time      `json:"start"`
	New    int            `json:"new"`
	Items  []int64        `json:"items,omitempty"`
	Topics map[string]int `json:"topics,omitempty"`
	Bad    int            `json:"bad,omitempty"`
}

// fold counts a new card of a chat and reports whether it shares the folded
// one. P0 never folds, P1 only where that is because nothing is known of it.
func (w *work) fold(item *feedback.Item, p Place) (bool, error) {
	rule := w.r.Cards
	if rule.Fold <= 0 || item.Owner != 0 {
		return false, nil // who has it must hear what the customer says: in its thread
	}
	key := "fold:" + p.Bot + ":" + p.Chat
	raw, known, err := w.tx.State(key)
	if err != nil {
		return false, err
	}
	var win window
	if known {
		if err := json.Unmarshal([]byte(raw), &win); err != nil {
			return false, fmt.Errorf("folding of a chat: %w", err)
		}
	}
	if !known || w.now.Sub(win.Start) >= rule.Within {
		if len(win.Items) > 0 {
			// The button under its folded card still means these.
			if err := w.tx.SetState(pastFold(key, win.Start), raw, w.now.Add(foldsKept)); err != nil {
				return false, err
			}
		}
		win = window{Start: w.now}
	}
	if slices.Contains(win.Items, item.ID) {
		return true, nil
	}
	win.New++
	// Where the analysis fails altogether, everything is unjudged.
	folds := win.New > rule.Fold && (item.Priority > feedback.P1 || item.Priority == feedback.P1 && item.Verdict.Unjudged())
	if folds && len(win.Items) < maxFolded {
		win.Items = append(win.Items, item.ID)
		if win.Topics == nil {
			win.Topics = map[string]int{}
		}
		topic := ""
		if len(item.Verdict.Topics) > 0 {
			topic = item.Verdict.Topics[0].Name
		}
		win.Topics[topic]++
		if item.Verdict.Sentiment == "negative" {
			win.Bad++
		}
	}
	b, err := json.Marshal(win)
	if err != nil {
		return false, fmt.Errorf("folding of a chat: %w", err)
	}
	if err := w.tx.SetState(key, string(b), win.Start.Add(foldsKept)); err != nil {
		return false, err
	}
	if !folds {
		return false, nil
	}
	return true, w.foldCard(p, win)
}

// foldCard writes or renews the one card that the folded items share.
func (w *work) foldCard(p Place, win window) error {
	key := "fold:" + p.Bot + ":" + p.Chat + ":" + strconv.FormatInt(win.Start.UnixMicro(), 10)
	lang := w.r.Language
	type count struct {
		name string
		n    int
	}
	var counts []count
	other := win.Topics[""]
	for name, n := range win.Topics {
		if name != "" {
			counts = append(counts, count{name, n})
		}
	}
	slices.SortFunc(counts, func(a, b count) int {
		if a.n != b.n {
			return b.n - a.n
		}
		return strings.Compare(a.name, b.name)
	})
	var parts []string
	for i, c := range counts {
		if i >= 5 {
			other += c.n
			continue
		}
		parts = append(parts, w.r.Texts.Word(lang, "topic", c.name)+" "+strconv.Itoa(c.n))
	}
	if other > 0 {
		parts = append(parts, w.r.Texts.Text(lang, "word.other", nil)+" "+strconv.Itoa(other))
	}
	data := p.Bot + ":" + strconv.FormatInt(win.Start.UnixMicro(), 10)
	post := bots.Post{Key: key, Chat: p.Chat, Silent: true,
		Text: w.r.Texts.Text(lang, "folded", phraseVars{"count": len(win.Items), "topics": strings.Join(parts, " · "), "negative": win.Bad}),
		Buttons: [][]bots.Button{{
			{Text: w.r.Texts.Text(lang, "button.list", nil), URL: w.r.PublicURL + "/?list=live"},
			{Text: w.r.Texts.Text(lang, "folded.each", nil), Data: "unfold:" + data},
		}},
	}
	w.bots[p.Bot] = true
	return w.tx.PutFold(store.Out{Key: key, Bot: p.Bot, Chat: p.Chat, Audience: store.ToStaff, Kind: OutFold, Rev: 1, Body: encode(post), NextAt: w.now, CreatedAt: w.now})
}

// foldsKept is how long the items under a folded card can be posted one by one.
const foldsKept = 7 * 24 * time.Hour

// pastFold is the key of a chat's earlier window, given that of its present one.
func pastFold(key string, start time.Time) string {
	return key + ":" + strconv.FormatInt(start.UnixMicro(), 10)
}

// unfold gives every item that was folded in a chat in the window that began at
// start, in microseconds, its own card, and returns how many there were.
func (w *work) unfold(p Place, start int64) (int, error) {
	key := "fold:" + p.Bot + ":" + p.Chat
	var win window
	for _, k := range []string{key, pastFold(key, time.UnixMicro(start))} {
		raw, known, err := w.tx.State(k)
		if err != nil {
			return 0, err
		}
		if !known {
			continue
		}
		if err := json.Unmarshal([]byte(raw), &win); err != nil {
			return 0, fmt.Errorf("folding of a chat: %w", err)
		}
		if key = k; win.Start.UnixMicro() == start {
			break
		}
	}
	if win.Start.UnixMicro() != start {
		return 0, nil
	}
	for _, id := range win.Items {
		_, err := w.put(store.Out{
			Key: cardKey(id, p), Bot: p.Bot, Chat: p.Chat, Audience: store.ToStaff, Kind: OutCard, Item: id, Rev: 1, NextAt: w.now,
		})
		if err != nil {
			return 0, err
		}
	}
	n := len(win.Items)
	win.Items, win.Topics, win.Bad = nil, nil, 0
	b, err := json.Marshal(win)
	if err != nil {
		return 0, fmt.Errorf("folding of a chat: %w", err)
	}
	return n, w.tx.SetState(key, string(b), win.Start.Add(foldsKept))
}

// CardPost returns the post that shows a card row's item as it is now. The
// item's revision it was built from is the row's Rev at the time of reading.
func (s *Service) CardPost(tx *store.Tx, o *store.Out) (bots.Post, error) {
	item, err := tx.Item(o.Item)
	if err != nil {
		return bots.Post{}, err
	}
	w := s.work(tx)
	places, err := w.currentPlaces(item)
	if err != nil {
		return bots.Post{}, err
	}
	var card bots.Card
	if contains(places, Place{o.Bot, o.Chat}) {
		card, err = w.cardOf(item)
	} else {
		card, err = w.movedCard(item)
	}
	if err != nil {
		return bots.Post{}, err
	}
	return bots.Post{Key: o.Key, Chat: o.Chat, Card: &card, Text: card.Plain, Buttons: card.Buttons, Silent: !w.heard(item)}, nil
}

// Card returns the card of an item, for the board.
func (s *Service) Card(ctx context.Context, item *feedback.Item) (bots.Card, error) {
	var card bots.Card
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		card, err = s.work(tx).cardOf(item)
		return err
	})
	return card, err
}

// movedCard is what stays in a chat whose team gave the item away: where it
// went, and, where a person did it, who, when and why.
func (w *work) movedCard(item *feedback.Item) (bots.Card, error) {
	lang := w.r.Language
	card := bots.Card{Item: item.ID, Tone: bots.Grey, URL: w.itemURL(item.ID)}
	name, vars := "transferred.system", phraseVars{"number": item.ID, "team": w.team(item.Team).Title}
	events, err := w.tx.Events(item.ID)
	if err != nil {
		return card, err
	}
	for _, e := range events {
		if e.Kind != "transferred" || e.Staff == 0 || e.Data["team"] != item.Team {
			continue
		}
		by, err := w.tx.Staff(e.Staff)
		if err != nil {
			return card, err
		}
		name, vars["by"], vars["at"] = "transferred.plain", by.Name, w.stamp(e.At)
		if reason := e.Data["reason"]; reason != "" {
			name, vars["reason"] = "transferred", nlp.Mask(reason)
		}
	}
	card.Head = w.r.Texts.Text(lang, name, vars)
	card.Plain = card.Head
	return card, nil
}

func (w *work) itemURL(id int64) string { return w.r.PublicURL + "/i/" + strconv.FormatInt(id, 10) }

// cardOf says in words what an item is and how it stands.
func (w *work) cardOf(item *feedback.Item) (bots.Card, error) {
	lang := w.r.Language
	owner, err := w.ownerName(item)
	if err != nil {
		return bots.Card{}, err
	}
	card := bots.Card{Item: item.ID, URL: w.itemURL(item.ID), Tone: w.tone(item)}
	card.Head = w.cardHead(item)
	card.State = w.cardState(item, owner)
	if text := strings.TrimSpace(item.Text); text != "" {
		card.Quote = bots.Limit{N: cardQuote, Unit: bots.Runes}.Cut(nlp.Mask(text))
	} else {
		card.Quote = w.r.Texts.Text(lang, "card.notext", nil)
	}
	for _, line := range []string{w.mediaLine(item), w.sourceLine(item), w.dueLine(item), w.noteLine(item), w.whyLine(item)} {
		if line != "" {
			card.Lines = append(card.Lines, line)
		}
	}
	card.Buttons = w.cardButtons(item)
	card.Plain = plainCard(card)
	return card, nil
}

func plainCard(c bots.Card) string {
	lines := append([]string{c.Head + "　　" + c.State, "「" + c.Quote + "」"}, c.Lines...)
	return strings.Join(lines, "\n")
}

// stamp returns a time as cards say it.
func (w *work) stamp(at time.Time) string {
	return w.r.Texts.Stamp(w.r.Language, w.r.local(at), w.local)
}

func (w *work) ownerName(item *feedback.Item) (string, error) {
	if item.Owner == 0 {
		return "", nil
	}
	st, err := w.tx.Staff(item.Owner)
	if err != nil {
		return "", err
	}
	return st.Name, nil
}

func (w *work) tone(item *feedback.Item) bots.Tone {
	switch {
	case item.State == feedback.Closed:
		return bots.Grey
	case item.State == feedback.Resolved:
		if item.Live() {
			return bots.Red
		}
		return bots.Green
	case item.Priority == feedback.P0, !item.DueAt.IsZero() && item.DueAt.Before(w.now):
		return bots.Red
	case item.Owner == 0:
		return bots.Amber
	default:
		return bots.Blue
	}
}

// marks stand before the priority, which is also said in words.
var marks = map[feedback.Priority]string{feedback.P0: "🔴", feedback.P1: "🟠", feedback.P2: "🟡", feedback.P3: "⚪"}

func (w *work) cardHead(item *feedback.Item) string {
	lang := w.r.Language
	parts := []string{fmt.Sprintf("%s %s #%d", marks[item.Priority], item.Priority, item.ID)}
	if names := item.Verdict.TopicNames(); len(names) > 0 {
		parts = append(parts, strings.Join(w.r.Texts.Words(lang, "topic", names[:min(2, len(names))]), "/"))
	}
	if item.Verdict.Unjudged() {
		parts = append(parts, w.r.Texts.Text(lang, "card.unread", nil))
	}
	if s := item.Verdict.Sentiment; s != "" {
		parts = append(parts, w.r.Texts.Text(lang, "sentiment."+s, nil))
	}
	if s := item.Verdict.Intent; s != "" {
		parts = append(parts, w.r.Texts.Text(lang, "intent."+s, nil))
	}
	return strings.Join(parts, " · ")
}

func (w *work) cardState(item *feedback.Item, owner string) string {
	lang := w.r.Language
	state := w.r.Texts.Text(lang, "state."+string(item.State), nil)
	parts := []string{state}
	if owner != "" {
		who := owner
		if !item.ClaimedAt.IsZero() {
			who += " " + w.stamp(item.ClaimedAt)
		}
		parts = append(parts, who)
	}
	if item.Resolution > 0 && item.WayBack && item.Closure != feedback.DeliverySent && item.Closure != feedback.DeliveryPending && (item.State == feedback.Resolved || item.State == feedback.Closed) {
		parts = append(parts, w.r.Texts.Text(lang, "card.unnotified", nil))
	}
	if item.PostedOn {
		parts = append(parts, w.r.Texts.Text(lang, "card.posted", nil))
	}
	if item.Rating > 0 {
		parts = append(parts, "⭐"+strconv.Itoa(item.Rating))
	}
	if !item.SnoozedUntil.IsZero() {
		parts = append(parts, w.r.Texts.Text(lang, "card.snoozed", phraseVars{"when": w.clockIn(lang, item.SnoozedUntil)}))
	}
	return strings.Join(parts, " · ")
}

func (w *work) mediaLine(item *feedback.Item) string {
	lang := w.r.Language
	var parts []string
	if item.Images > 0 {
		parts = append(parts, "🖼 "+strconv.Itoa(item.Images))
	}
	if item.Voices > 0 {
		parts = append(parts, w.r.Texts.Text(lang, "card.voice", phraseVars{"length": w.r.Texts.Length(item.Voices)}))
	}
	if slices.Contains(item.Verdict.Hazards, "minor") {
		parts = append(parts, w.r.Texts.Text(lang, "card.minor", nil))
	}
	if item.Urged > 0 {
		parts = append(parts, w.r.Texts.Text(lang, "card.urged", phraseVars{"count": item.Urged}))
	}
	if item.Reopened > 0 {
		parts = append(parts, w.r.Texts.Text(lang, "card.reopened", phraseVars{"count": item.Reopened}))
	}
	return strings.Join(parts, "　")
}

func (w *work) sourceLine(item *feedback.Item) string {
	lang := w.r.Language
	ch := w.r.Channels[item.Channel]
	place := ch.Title
	if place == "" {
		place = item.Channel
	}
	if item.WayBack {
		kind := "card.private"
		if item.Group {
			kind = "card.group"
		}
		place = w.r.Texts.Text(lang, kind, phraseVars{"channel": place, "group": w.groupTitle(item)})
	} else {
		place += " · " + w.r.Texts.Text(lang, "card.nosend", nil)
	}
	parts := []string{place}
	if item.AuthorName != "" {
		parts = append(parts, w.who(item))
	}
	if item.Followers >= 1000 {
		parts = append(parts, w.r.Texts.Text(lang, "card.followers", phraseVars{"count": item.Followers}))
	}
	parts = append(parts, w.fieldWords(item)...)
	parts = append(parts, w.stamp(item.PostedAt))
	if item.Visit > 0 && item.WayBack {
		parts = append(parts, w.r.Texts.Text(lang, "card.visit", phraseVars{"count": item.Visit}))
	}
	return strings.Join(parts, " · ")
}

// fieldWords says the item's fields as people read them; private ones only that
// they are there.
func (w *work) fieldWords(item *feedback.Item) []string {
	var out []string
	for _, f := range w.r.Fields {
		v := item.Fields[f.Name]
		if v == "" {
			continue
		}
		if f.Private {
			out = append(out, f.Title+" ***")
			continue
		}
		if known, ok := f.Values[v]; ok {
			v = known.Name
			if known.Region != "" {
				v += "（" + known.Region + "）"
			}
			out = append(out, v)
			continue
		}
		out = append(out, f.Title+" "+bots.Limit{N: cardField, Unit: bots.Runes}.Cut(strings.Join(strings.Fields(nlp.Mask(v)), " ")))
	}
	return out
}

func (w *work) dueLine(item *feedback.Item) string {
	lang := w.r.Language
	var line string
	switch {
	case item.State == feedback.Closed || item.State == feedback.Resolved:
		if item.Resolved != "" {
			line = w.r.Texts.Text(lang, "card.resolved", phraseVars{"text": bots.Limit{N: 80, Unit: bots.Runes}.Cut(nlp.Mask(item.Resolved))})
		}
	case item.State == feedback.Waiting && item.Ask != "":
		line = w.r.Texts.Text(lang, "card.waiting", phraseVars{"ask": bots.Limit{N: 60, Unit: bots.Runes}.Cut(nlp.Mask(item.Ask))})
	case item.DueAt.IsZero():
	case item.DueAt.Before(w.now):
		line = w.r.Texts.Text(lang, "card.overdue", phraseVars{"at": w.stamp(item.DueAt), "late": w.r.Texts.Left(lang, max(w.now.Sub(item.DueAt), time.Minute))})
	default:
		line = w.r.Texts.Text(lang, "card.due", phraseVars{"at": w.stamp(item.DueAt), "left": w.r.Texts.Left(lang, item.DueAt.Sub(w.now))})
	}
	if advice := w.advice(item); advice != "" {
		line = strings.TrimPrefix(line+"　"+advice, "　")
	}
	return line
}

// advised are the hazards that come with advice, the gravest first.
var advised = []string{"selfharm", "harm", "food", "media", "legal"}

// advice says what to do first about a P0 or P1.
func (w *work) advice(item *feedback.Item) string {
	if item.Priority > feedback.P1 || item.State != feedback.New && item.State != feedback.Open {
		return ""
	}
	for _, h := range advised {
		if slices.Contains(item.Verdict.Hazards, h) {
			return w.r.Texts.Text(w.r.Language, "advice."+h, nil)
		}
	}
	return ""
}

// groupTitle returns the name of the group an item came from.
func (w *work) groupTitle(item *feedback.Item) string {
	if !item.Group {
		return ""
	}
	conv, err := w.tx.Conversation(item.Conversation)
	if err != nil {
		return ""
	}
	return conv.Title
}

// noteLine tells what needs attention: a message that did not certainly arrive.
func (w *work) noteLine(item *feedback.Item) string {
	lang := w.r.Language
	var parts []string
	switch item.Receipt {
	case feedback.DeliveryUncertain:
		parts = append(parts, w.r.Texts.Text(lang, "card.receipt", nil))
	case feedback.DeliveryDead:
		parts = append(parts, w.r.Texts.Text(lang, "card.untold", nil))
	default: // on its way, there, or not meant to be
	}
	switch item.Closure {
	case feedback.DeliveryUncertain:
		parts = append(parts, w.r.Texts.Text(lang, "card.untold", nil))
	case feedback.DeliveryDead:
		parts = append(parts, w.r.Texts.Text(lang, "card.untold", nil))
	default:
	}
	return strings.Join(parts, "　")
}

// whyLine says why this priority and why this chat.
func (w *work) whyLine(item *feedback.Item) string {
	lang := w.r.Language
	var parts []string
	if item.Pinned {
		parts = append(parts, w.r.Texts.Text(lang, "card.pinned", phraseVars{"priority": item.Priority.String()}))
	} else if len(item.Reasons) > 0 {
		words := w.r.Texts.Words(lang, "reason", item.Reasons)
		parts = append(parts, w.r.Texts.Text(lang, "card.why", phraseVars{"priority": item.Priority.String(), "reasons": strings.Join(words, " + ")}))
	}
	team := w.team(item.Team).Title
	if len(item.Path) > 0 {
		path := make([]string, len(item.Path))
		for i, when := range item.Path {
			path[i] = w.r.Texts.Condition(lang, when)
		}
		parts = append(parts, w.r.Texts.Text(lang, "card.route", phraseVars{"path": strings.Join(path, " → "), "team": team}))
	} else {
		parts = append(parts, w.r.Texts.Text(lang, "card.route.default", phraseVars{"team": team}))
	}
	return strings.Join(parts, "　")
}

// cardButtons are at most four.
func (w *work) cardButtons(item *feedback.Item) [][]bots.Button {
	lang := w.r.Language
	id := strconv.FormatInt(item.ID, 10)
	button := func(verb string, style bots.Style) bots.Button {
		return bots.Button{Text: w.r.Texts.Text(lang, "button."+verb, nil), Data: verb + ":" + id, Style: style}
	}
	switch item.State {
	case feedback.Closed:
		return nil
	case feedback.Resolved:
		row := []bots.Button{button("reopen", bots.Plain)}
		switch item.Closure {
		case feedback.DeliveryUncertain:
			row = append(row,
				bots.Button{Text: w.r.Texts.Text(lang, "uncertain.received", nil), Data: "received:" + id, Style: bots.Primary},
				bots.Button{Text: w.r.Texts.Text(lang, "uncertain.resend", nil), Data: "resend:" + id})
		case feedback.DeliveryDead:
			row = append(row, bots.Button{Text: w.r.Texts.Text(lang, "uncertain.resend", nil), Data: "resend:" + id})
		default:
		}
		return [][]bots.Button{append(row, button("more", bots.Plain))}
	default: // in work
	}
	var row []bots.Button
	if item.Owner == 0 {
		row = append(row, button("claim", bots.Primary))
	}
	if item.WayBack {
		row = append(row, button("reply", bots.Plain), button("resolve", bots.Plain))
	} else {
		if item.URL != "" {
			row = append(row, bots.Button{Text: w.r.Texts.Text(lang, "button.post", nil), URL: item.URL})
		}
		row = append(row, button("posted", bots.Plain))
	}
	return [][]bots.Button{append(row, button("more", bots.Plain))}
}
