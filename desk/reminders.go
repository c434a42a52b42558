package desk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// An item that nobody takes is asked about in the thread of its card, and again
// when it is late. In a storm of them these lines are all that a chat shows, and
// take the little that its platform allows. So the first few of a span come one by
// one, and the others stand in one message that is edited.

const (
	// remindedAlone is how many reminders somebody gets one by one in a span of
	// CardRules.Within.
	remindedAlone = 5
	// remindersGather is how long the others are gathered before the summary shows
	// them.
	remindersGather = 20 * time.Second
	// maxReminded bounds how many items a summary chooses the worst from.
	maxReminded = 200
	// worstShown is how many of them it names.
	worstShown = 3
)

// reminders are what a chat, or a lead, was reminded of in the current span.
type reminders struct {
	Start time.Time  `json:"start"`
	Alone int        `json:"alone"`
	Half  int        `json:"half,omitempty"` // those summed up: past half of their time
	Late  int        `json:"late,omitempty"` // and past all of it
	Items []reminded `json:"items,omitempty"`
}

// reminded is an item that was summed up.
type reminded struct {
	ID       int64             `json:"id"`
	Priority feedback.Priority `json:"priority"`
	Due      time.Time         `json:"due"`
}

// reminder is one about an item that nobody has taken.
type reminder struct {
	item *feedback.Item
	late bool // past its time, not only past half of it
}

// whom names who is reminded. P0 is counted by itself: nothing less urgent takes
// its sound away.
func (r reminder) whom(who string) string {
	if r.item.Priority == feedback.P0 {
		return "remind:p0:" + who
	}
	return "remind:" + who
}

// remindedOf counts a reminder among those that somebody, named by key, got in the
// current span, and reports whether it is to come by itself.
func (w *work) remindedOf(key string, r reminder) (span reminders, alone bool, err error) {
	if w.r.Cards.Fold <= 0 {
		return span, true, nil
	}
	raw, known, err := w.tx.State(key)
	if err != nil {
		return span, false, err
	}
	if known {
		if err := json.Unmarshal([]byte(raw), &span); err != nil {
			return span, false, fmt.Errorf("reminders: %w", err)
		}
	}
	if !known || w.now.Sub(span.Start) >= w.r.Cards.Within {
		span = reminders{Start: w.now}
	}
	if alone = span.Alone < remindedAlone; alone {
		span.Alone++
	} else {
		span.add(r)
	}
	b, err := json.Marshal(span)
	if err != nil {
		return span, false, fmt.Errorf("reminders: %w", err)
	}
	return span, alone, w.tx.SetState(key, string(b), span.Start.Add(2*w.r.Cards.Within))
}

// add sums a reminder up. One about an item that was summed up before takes the
// place of that.
func (s *reminders) add(r reminder) {
	same := func(x reminded) bool { return x.ID == r.item.ID }
	if known := slices.ContainsFunc(s.Items, same); known {
		s.Half--
	} else if len(s.Items) < maxReminded {
		s.Items = append(s.Items, reminded{r.item.ID, r.item.Priority, r.item.DueAt})
	}
	if r.late {
		s.Late++
	} else {
		s.Half++
	}
}

// remindTeam puts a reminder into the threads of the item's cards, or into the
// summary of chats that had many. A chat whose messages cannot be edited gets each.
func (w *work) remindTeam(r reminder, m said) error {
	cards, err := w.currentCards(r.item)
	if err != nil {
		return err
	}
	for _, card := range cards {
		if w.r.Channels[card.Bot].Edits {
			key := r.whom(card.Bot + ":" + card.Chat)
			span, alone, err := w.remindedOf(key, r)
			if err != nil {
				return err
			}
			if !alone {
				if err := w.sumUp(Place{card.Bot, card.Chat}, key, span, r.item); err != nil {
					return err
				}
				continue
			}
		}
		if err := w.sayIn(r.item, card, m); err != nil {
			return err
		}
	}
	return nil
}

// sumUp writes or renews the summary of a chat. latest is the item that it grew by.
func (w *work) sumUp(p Place, key string, span reminders, latest *feedback.Item) error {
	worst, err := w.worst(span)
	if err != nil {
		return err
	}
	lang := w.r.Language
	vars := phraseVars{"count": span.Half + span.Late, "late": span.Late, "half": span.Half, "worst": strings.Join(worst, w.r.Texts.Text(lang, "list.separator", nil))}
	text := "reminders"
	if len(worst) == 0 {
		text = "reminders.plain"
	}
	key += ":" + strconv.FormatInt(span.Start.UnixMicro(), 10)
	post := bots.Post{
		Key: key, Chat: p.Chat, Silent: !w.heard(latest), Text: w.r.Texts.Text(lang, text, vars),
		Buttons: [][]bots.Button{{{Text: w.r.Texts.Text(lang, "button.list", nil), URL: w.r.PublicURL + "/?list=live"}}},
	}
	w.bots[p.Bot] = true
	return w.tx.PutFold(store.Out{
		Key: key, Bot: p.Bot, Chat: p.Chat, Audience: store.ToStaff, Kind: OutFold, Rev: 1, Body: encode(post), Urgent: true,
		NextAt: w.now.Add(remindersGather), CreatedAt: w.now,
	})
}

// worst says which of the items that were summed up are the most urgent, as far as
// nobody has taken them since.
func (w *work) worst(span reminders) ([]string, error) {
	slices.SortStableFunc(span.Items, func(a, b reminded) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), a.Due.Compare(b.Due))
	})
	var named []string
	for _, r := range span.Items[:min(len(span.Items), 5*worstShown)] {
		item, err := w.tx.Item(r.ID)
		if err != nil {
			return nil, err
		}
		if item.State != feedback.New || item.DueAt.IsZero() {
			continue
		}
		named = append(named, w.r.Texts.Text(w.r.Language, "reminders.item", phraseVars{
			"number": item.ID, "priority": item.Priority.String(), "due": w.clockIn(w.r.Language, item.DueAt),
		}))
		if len(named) == worstShown {
			break
		}
	}
	return named, nil
}

// remindLead tells a lead privately of an item that is late. After many of them
// one message says that there are more, and no further ones come in the span.
func (w *work) remindLead(lead *feedback.Staff, key, text string, r reminder) error {
	who := r.whom("staff:" + strconv.FormatInt(lead.ID, 10))
	span, alone, err := w.remindedOf(who, r)
	if err != nil {
		return err
	}
	if alone {
		return w.direct(lead, key, text, r.item.ID, w.openButtons(r.item))
	}
	return w.direct(lead, who+":"+strconv.FormatInt(span.Start.UnixMicro(), 10), w.r.Texts.Text(w.r.Language, "lead.overdue.more", nil), 0,
		[][]bots.Button{{{Text: w.r.Texts.Text(w.r.Language, "button.list", nil), URL: w.r.PublicURL + "/?overdue=1"}}})
}
