package desk

import (
	"strconv"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// resolve records that a matter is settled and writes the closing message, with
// the question for satisfaction where the person was not asked lately.
func (w *work) resolve(a *Actor, item *feedback.Item, text string, files []feedback.Attachment, survey bool) (key string, err error) {
	was := snap(item)
	owned := item.Owner
	w.own(a, item)
	if err := w.move(item, feedback.ActResolve); err != nil {
		return "", err
	}
	item.Resolution++
	item.Resolved, item.ResolvedAt = text, w.now
	item.SnoozedUntil = time.Time{}
	if item.RepliedAt.IsZero() {
		item.RepliedAt = w.now
	}
	if err := w.answered(item); err != nil {
		return "", err
	}
	if err := w.tx.DropTimers(item.ID); err != nil {
		return "", err
	}
	if err := w.setTimer(item.ID, TimerExpire, w.now.Add(w.r.Desk.CloseAfter), ""); err != nil {
		return "", err
	}
	if err := w.cancelUnsent(item); err != nil {
		return "", err
	}
	key = "closure:" + strconv.FormatInt(item.ID, 10) + ":" + strconv.Itoa(item.Resolution)
	st := step{kind: "resolved", actor: a, data: map[string]string{
		"was": was, "text": text, "resolution": strconv.Itoa(item.Resolution), "claimed": strconv.FormatBool(owned == 0),
	}}
	if !item.WayBack {
		item.Closure = feedback.DeliveryNone
		return "", w.save(item, st)
	}
	st.data["out"] = key
	item.Closure = feedback.DeliveryPending
	author, err := w.tx.Author(item.Author)
	if err != nil {
		return "", err
	}
	body, buttons, err := w.closure(item, author, text, survey)
	if err != nil {
		return "", err
	}
	if err := w.save(item, st); err != nil {
		return "", err
	}
	return key, w.send(a, item, OutClosure, key, body, files, buttons)
}

// closure words the closing message. One question a person in SurveyEvery;
// 还没解决 is offered every time.
func (w *work) closure(item *feedback.Item, author *feedback.Author, text string, survey bool) (string, [][]bots.Button, error) {
	lang := w.lang(author)
	ref := strconv.FormatInt(item.ID, 10) + ":" + strconv.Itoa(item.Resolution)
	unsolved := bots.Button{Text: w.r.Texts.Text(lang, "rate.unsolved", nil), Data: "unsolved:" + ref}
	ask := survey && clocked(item) && w.now.Sub(author.Surveyed) >= w.r.Desk.SurveyEvery
	wordless := item.Quote == "" // pictures and voices alone: there are no words to repeat
	body := func(key string) string {
		if wordless {
			return w.r.Texts.Text(lang, key+".wordless", phraseVars{"text": text})
		}
		return w.r.Texts.Text(lang, key, phraseVars{"quote": item.Quote, "text": text})
	}
	if !ask {
		return body("closure.plain"), [][]bots.Button{{unsolved}}, nil
	}
	author.Surveyed = w.now
	if err := w.tx.SaveAuthor(author); err != nil {
		return "", nil, err
	}
	item.Surveyed = item.Resolution
	var markRow []bots.Button
	for mark := 1; mark <= 5; mark++ {
		n := strconv.Itoa(mark)
		markRow = append(markRow, bots.Button{Text: w.r.Texts.Text(lang, "rate."+n, nil), Data: "rate:" + ref + ":" + n})
	}
	return body("closure"), [][]bots.Button{markRow, {unsolved}}, nil
}

// postedOn records that staff answered at the original post.
func (w *work) postedOn(a *Actor, item *feedback.Item) error {
	was := snap(item)
	w.own(a, item)
	if err := w.move(item, feedback.ActResolve); err != nil {
		return err
	}
	item.Resolution++
	item.ResolvedAt, item.PostedOn = w.now, true
	if err := w.answered(item); err != nil {
		return err
	}
	if err := w.tx.DropTimers(item.ID); err != nil {
		return err
	}
	if err := w.setTimer(item.ID, TimerExpire, w.now.Add(w.r.Desk.CloseAfter), ""); err != nil {
		return err
	}
	return w.save(item, step{kind: "posted", actor: a, data: map[string]string{"was": was}})
}

// maxReopened is how often a customer's mark reopens an item; then the lead
// decides.
const maxReopened = 2

// rate takes a customer's mark: 1 to 5, or 0 for 还没解决. Marks can be changed
// for RateChange. It returns the text's key that answers the customer.
func (w *work) rate(item *feedback.Item, resolution, mark int) (string, error) {
	latest := resolution == item.Resolution
	ended := item.State == feedback.Resolved || item.State == feedback.Closed
	reopens := mark <= 2 && latest && ended
	ratings, err := w.tx.Ratings(item.ID)
	if err != nil {
		return "", err
	}
	for _, r := range ratings {
		if r.Resolution == resolution && w.now.Sub(r.At) > w.r.Desk.RateChange {
			return "rated.closed", nil
		}
		// The same again is nothing new, unless the mark was taken back in between.
		if r.Resolution == resolution && r.Mark == mark && !reopens {
			return ratedKey(mark, latest && !ended), nil
		}
	}
	if err := w.tx.SaveRating(store.Rating{Item: item.ID, Resolution: resolution, Mark: mark, At: w.now}); err != nil {
		return "", err
	}
	if latest {
		item.Rating, item.RatedAt = mark, w.now
	}
	if err := w.save(item, step{kind: "rated", data: map[string]string{"mark": strconv.Itoa(mark), "resolution": strconv.Itoa(resolution)}}); err != nil {
		return "", err
	}
	if !reopens {
		return ratedKey(mark, latest && !ended), w.sayRating(item, resolution, mark)
	}
	if item.Reopened >= maxReopened {
		count := item.Reopened + 1
		return "rated.lead", w.escalate(item, "decide:"+strconv.FormatInt(item.ID, 10)+":"+strconv.Itoa(resolution), leadWords{
			thread: "thread.reopened.lead", threadVars: phraseVars{"count": count},
			direct: "lead.stuck", directVars: phraseVars{"number": item.ID, "count": count, "team": w.team(item.Team).Title},
		})
	}
	return "rated.low", w.reopen(item, step{kind: "reopened", data: map[string]string{"by": "rating", "mark": strconv.Itoa(mark)}})
}

// sayRating shows the team how a customer rated, without a sound.
func (w *work) sayRating(item *feedback.Item, resolution, mark int) error {
	if mark == 0 {
		return nil
	}
	lang := w.r.Language
	text := w.r.Texts.Text(lang, "thread.rated", phraseVars{"mark": w.r.Texts.Text(lang, "rate."+strconv.Itoa(mark), nil)})
	key := "rated:" + strconv.FormatInt(item.ID, 10) + ":" + strconv.Itoa(resolution) + ":" + strconv.Itoa(mark)
	return w.say(item, said{key: key, kind: OutSaid, text: text})
}

// ratedKey returns the text that answers a mark. A low one is answered as such
// where the item is open again: of an older resolution, nothing is opened.
func ratedKey(mark int, open bool) string {
	switch {
	case mark >= 4:
		return "rated.high"
	case mark <= 2 && open:
		return "rated.low"
	default:
		return "rated.mid"
	}
}
