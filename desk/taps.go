package desk

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
)

// Tap is a button pressed by a customer. Key is the platform's event key.
type Tap struct {
	Bot     string
	Key     string
	Chat    string
	Person  string // the platform's id of who pressed
	Payload string
}

// Customer carries out a customer's button. Buttons of others' matters, and
// buttons that no longer mean anything, change nothing.
func (s *Service) Customer(ctx context.Context, t Tap) (bots.Answer, error) {
	h := &tapping{t: t}
	result := s.Apply(ctx, h)[0]
	if err := result.Err; err != nil && !errors.Is(err, feedback.ErrDuplicate) {
		return bots.Answer{}, err
	}
	return h.answer, nil
}

type tapping struct {
	t      Tap
	answer bots.Answer
}

func (h *tapping) run(w *work) (*feedback.Item, error) {
	author, err := w.tx.AuthorByExternal(h.t.Bot, h.t.Person)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	conv, err := w.tx.ConversationOf(h.t.Bot, h.t.Chat, author.ID)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &tapped{work: w, t: h.t, author: author, conv: conv, lang: w.lang(author)}
	item, err := c.tap()
	h.answer = c.answer
	return item, err
}

// tapped is one tap under way.
type tapped struct {
	*work
	t      Tap
	author *feedback.Author
	conv   *feedback.Conversation
	lang   string
	answer bots.Answer
}

func (c *tapped) text(key string, vars phraseVars) string { return c.r.Texts.Text(c.lang, key, vars) }

// say answers the tap; replace takes the buttons away, since they served their
// purpose.
func (c *tapped) say(key string, vars phraseVars, replace bool) {
	c.answer = bots.Answer{Text: c.text(key, vars), Brief: true, Replace: replace}
}

func (c *tapped) tap() (*feedback.Item, error) {
	parts := strings.Split(c.t.Payload, ":")
	switch parts[0] {
	case "kind":
		c.say("begin", nil, false)
		return nil, nil
	case "erase":
		if len(parts) < 2 || parts[1] != strconv.FormatInt(c.conv.ID, 10) {
			// In a group everybody sees the button of one.
			c.say("expired", nil, false)
			return nil, nil
		}
		c.say("erased", nil, true)
		_, err := c.erase(c.author, "asked by the person")
		return nil, err
	case "keepdata":
		c.say("erase.kept", nil, true)
		return nil, nil
	}
	if len(parts) < 2 {
		c.say("expired", nil, false)
		return nil, nil
	}
	item, err := c.own(parts[1])
	if err != nil || item == nil {
		c.say("expired", nil, false)
		return nil, err
	}
	switch parts[0] {
	case "rate", "unsolved":
		return item, c.mark(item, parts)
	case "reason":
		return item, c.reason(item, parts)
	case "withdraw":
		return item, c.withdraw(item)
	case "keep":
		c.say("cancel.kept", nil, true)
		text := c.r.Texts.Text(c.r.Language, "thread.cancel", nil)
		return item, c.work.say(item, said{key: "keep:" + c.t.Key, kind: OutSound, text: text, sound: true})
	case "same", "other":
		return item, c.sameOrOther(item, parts)
	default:
		c.say("expired", nil, false)
		return nil, nil
	}
}

// own returns the item of a button where it is this person's.
func (c *tapped) own(number string) (*feedback.Item, error) {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, nil //nolint:nilerr // not a button of ours: it means nothing
	}
	item, err := c.tx.LockItem(id)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if item.Conversation != c.conv.ID || item.Author != c.author.ID {
		return nil, nil
	}
	return item, nil
}

// mark takes 1 to 5, or 还没解决.
func (c *tapped) mark(item *feedback.Item, parts []string) error {
	if len(parts) < 3 {
		c.say("expired", nil, false)
		return nil
	}
	resolution, err := strconv.Atoi(parts[2])
	if err != nil || resolution < 1 || resolution > item.Resolution {
		c.say("expired", nil, false)
		return nil //nolint:nilerr // a number that is none is an old button
	}
	mark := 0
	if parts[0] == "rate" {
		if len(parts) != 4 {
			c.say("expired", nil, false)
			return nil
		}
		mark, err = strconv.Atoi(parts[3])
		if err != nil || mark < 1 || mark > 5 {
			c.say("expired", nil, false)
			return nil //nolint:nilerr // as above
		}
	}
	key, err := c.rate(item, resolution, mark)
	if err != nil {
		return err
	}
	vars := phraseVars{}
	if key == "rated.low" || key == "rated.lead" {
		if item.DueAt.IsZero() {
			if err := c.startClock(item, c.now); err != nil {
				return err
			}
		}
		c.promise(item)
		if err := c.promiseTimer(item); err != nil {
			return err
		}
		if err := c.tx.UpdateItem(item); err != nil {
			return err
		}
		vars["when"] = c.clockIn(c.lang, item.PromisedAt)
		c.answer = bots.Answer{Text: c.text(key, vars), Buttons: c.reasons(item, resolution)}
		return nil
	}
	c.say(key, vars, false)
	return nil
}

// lowReasons are what can be wrong, by rows of buttons.
var lowReasons = [][]string{{"unsolved", "slow", "attitude"}, {"compensation", "other", "mistake"}}

// reasons ask what was wrong.
func (c *tapped) reasons(item *feedback.Item, resolution int) [][]bots.Button {
	ref := strconv.FormatInt(item.ID, 10) + ":" + strconv.Itoa(resolution)
	var rows [][]bots.Button
	for _, group := range lowReasons {
		var row []bots.Button
		for _, code := range group {
			row = append(row, bots.Button{Text: c.text("rated.low."+code, nil), Data: "reason:" + ref + ":" + code})
		}
		rows = append(rows, row)
	}
	return rows
}

// reason records what was wrong; 点错了 takes the mark back.
func (c *tapped) reason(item *feedback.Item, parts []string) error {
	if len(parts) != 4 || !slices.Contains(slices.Concat(lowReasons...), parts[3]) {
		c.say("expired", nil, false)
		return nil
	}
	word := c.r.Texts.Text(c.r.Language, "rated.low."+parts[3], nil)
	if parts[3] == "mistake" {
		if parts[2] != strconv.Itoa(item.Resolution) {
			c.say("expired", nil, false)
			return nil // an older resolution's mark: much has happened since
		}
		return c.mistake(item)
	}
	if err := c.record(item.ID, step{kind: "reason", data: map[string]string{"reason": parts[3]}}); err != nil {
		return err
	}
	c.say("rated.reason", nil, true)
	text := c.r.Texts.Text(c.r.Language, "thread.rated.reason", phraseVars{"reason": word})
	return c.work.say(item, said{key: "reason:" + c.t.Key, kind: OutSound, text: text, sound: true})
}

// mistake undoes a low mark that was tapped by accident.
func (c *tapped) mistake(item *feedback.Item) error {
	c.say("rated.mistake", nil, true)
	if item.State == feedback.Closed || item.State == feedback.Resolved || item.Resolution == 0 {
		return nil
	}
	item.Rating = 0
	if item.Reopened > 0 {
		item.Reopened--
	}
	if err := c.stopClock(item); err != nil {
		return err
	}
	item.PromisedAt = time.Time{}
	if err := c.move(item, feedback.ActResolve); err != nil {
		return err
	}
	if err := c.setTimer(item.ID, TimerExpire, c.now.Add(c.r.Desk.CloseAfter), ""); err != nil {
		return err
	}
	if err := c.save(item, step{kind: "resolved", data: map[string]string{"by": "mistake"}}); err != nil {
		return err
	}
	// Whoever was called is told that it is settled after all.
	text := c.r.Texts.Text(c.r.Language, "thread.mistake", nil)
	return c.work.say(item, said{key: "mistake:" + c.t.Key, kind: OutSound, text: text, sound: true})
}

// withdraw ends a matter the customer no longer needs.
func (c *tapped) withdraw(item *feedback.Item) error {
	if item.State == feedback.Closed {
		c.say("cancelled", phraseVars{"number": item.ID}, true)
		return nil
	}
	if err := c.cancelUnsent(item); err != nil {
		return err
	}
	if err := c.end(item, step{kind: "withdrawn"}); err != nil {
		return err
	}
	c.say("cancelled", phraseVars{"number": item.ID}, true)
	text := c.r.Texts.Text(c.r.Language, "thread.withdrawn", nil)
	return c.work.say(item, said{key: "withdrawn:" + strconv.FormatInt(item.ID, 10), kind: OutSound, text: text})
}

// sameOrOther settles whether a new item is an ended one's matter.
func (c *tapped) sameOrOther(old *feedback.Item, parts []string) error {
	if len(parts) != 3 {
		c.say("expired", nil, false)
		return nil
	}
	fresh, err := c.own(parts[2])
	if err != nil || fresh == nil {
		c.say("expired", nil, false)
		return err
	}
	if parts[0] == "other" {
		c.say("same.apart", phraseVars{"number": fresh.ID}, true)
		return nil
	}
	if fresh.Merged == old.ID {
		c.say("same.joined", phraseVars{"number": old.ID}, true)
		return nil
	}
	if fresh.State == feedback.Closed || old.State != feedback.Closed {
		c.say("expired", nil, false)
		return nil
	}
	system := &Actor{Bot: c.t.Bot, Key: c.t.Key}
	if err := c.merge(system, fresh, old); err != nil {
		return err
	}
	c.say("same.joined", phraseVars{"number": old.ID}, true)
	return c.reopen(old, step{kind: "reopened", data: map[string]string{"by": "customer"}})
}
