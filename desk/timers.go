package desk

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/sla"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

// Due is a timer that has come. Whoever takes it first acts on it; to all
// others it is feedback.ErrDuplicate.
type Due struct{ Timer store.Timer }

func (d Due) run(w *work) (*feedback.Item, error) {
	w.cause = d.Timer.Due
	taken, err := w.tx.TakeTimer(d.Timer)
	if err != nil {
		return nil, err
	}
	if !taken {
		return nil, feedback.ErrDuplicate
	}
	item, err := w.tx.LockItem(d.Timer.Item)
	if err != nil {
		return nil, err
	}
	switch d.Timer.Kind {
	case TimerReceipt:
		return item, w.receiptDue(item, d.Timer.Data)
	case TimerHalf:
		return item, w.halfDue(item)
	case TimerOverdue:
		return item, w.overdue(item)
	case TimerPromise:
		return item, w.promiseDue(item)
	case TimerRemind:
		return item, w.remind(item)
	case TimerExpire:
		return item, w.expire(item)
	case TimerSnooze:
		return item, w.awake(item, d.Timer.Data)
	default:
		return item, nil
	}
}

// person returns the conversation of an item and who is in it.
func (w *work) person(item *feedback.Item) (*feedback.Conversation, *feedback.Author, error) {
	conv, err := w.tx.Conversation(item.Conversation)
	if err != nil {
		return nil, nil, err
	}
	author, err := w.tx.Author(item.Author)
	return conv, author, err
}

// receiptDue sends the receipt after a silence. Pictures alone are asked about;
// the receipt follows their words.
func (w *work) receiptDue(item *feedback.Item, message string) error {
	if item.Receipt != feedback.DeliveryNone || item.State == feedback.Closed || item.State == feedback.Resolved || !item.RepliedAt.IsZero() {
		return nil
	}
	conv, author, err := w.person(item)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(message, 10, 64)
	if err != nil {
		return nil //nolint:nilerr // a timer of an older version names no message: nothing to answer
	}
	m, err := w.tx.Message(id)
	if err != nil {
		return err
	}
	if strings.TrimSpace(item.Text) == "" && item.Voices == 0 {
		_, err := w.tell(toCustomer{
			kind: OutPrompt, key: "photo:" + strconv.FormatInt(item.ID, 10), conv: conv, item: item.ID,
			text: w.r.Texts.Text(w.lang(author), "photo", nil),
		})
		return err
	}
	if err := w.receipt(item, conv, author, m); err != nil {
		return err
	}
	return w.tx.UpdateItem(item)
}

// halfDue asks once, in the thread, who takes an unclaimed item.
func (w *work) halfDue(item *feedback.Item) error {
	if item.State != feedback.New || !item.DueAt.After(w.now) {
		return nil // what is late already goes to the lead
	}
	if err := w.record(item.ID, step{kind: "asked"}); err != nil {
		return err
	}
	text := w.r.Texts.Text(w.r.Language, "thread.half", phraseVars{
		"due": w.clockIn(w.r.Language, item.DueAt), "left": w.r.Texts.Duration(w.r.Language, item.DueAt.Sub(w.now)),
	})
	return w.remindTeam(reminder{item: item}, said{key: "half:" + strconv.FormatInt(item.ID, 10), kind: OutSound, text: text, sound: true})
}

// overdue tells the owner, or the lead where there is none.
func (w *work) overdue(item *feedback.Item) error {
	if item.DueAt.IsZero() || item.DueAt.After(w.now) || item.State != feedback.New && item.State != feedback.Open {
		return nil
	}
	if err := w.save(item, step{kind: "overdue"}); err != nil {
		return err
	}
	owner, err := w.ownerName(item)
	if err != nil {
		return err
	}
	key := "overdue:" + strconv.FormatInt(item.ID, 10) + ":" + strconv.FormatInt(item.DueAt.Unix(), 10)
	lang := w.r.Language
	due, late := w.clockIn(lang, item.DueAt), w.r.Texts.Duration(lang, max(w.now.Sub(item.DueAt), time.Minute))
	if item.Owner == 0 {
		return w.escalate(item, key, leadWords{
			thread: "thread.overdue.lead", threadVars: phraseVars{"number": item.ID, "due": due},
			direct: "lead.overdue", directVars: phraseVars{"number": item.ID, "due": due, "team": w.team(item.Team).Title},
			reminds: true,
		})
	}
	text := w.r.Texts.Text(lang, "thread.overdue", phraseVars{"owner": owner, "due": due, "late": late})
	return w.say(item, said{key: key, kind: OutSound, text: text, sound: true})
}

// promiseDue tells the customer, once, that a promised time will be missed, and
// until when it takes instead.
func (w *work) promiseDue(item *feedback.Item) error {
	if item.PromisedAt.IsZero() || !item.WayBack || item.State != feedback.New && item.State != feedback.Open {
		return nil
	}
	conv, author, err := w.person(item)
	if err != nil {
		return err
	}
	lang := w.lang(author)
	was := item.PromisedAt
	team := w.team(item.Team)
	later := sla.Due(team.Hours, team.Answer, item.Priority, w.r.local(was))
	item.PromisedAt = sla.Promise(later, w.local).UTC()
	fresh, err := w.tell(toCustomer{
		kind: OutProgress, key: "later:" + strconv.FormatInt(item.ID, 10), conv: conv, item: item.ID,
		text: w.r.Texts.Text(lang, "progress.late", phraseVars{"number": item.ID, "was": w.clockIn(lang, was), "when": w.clockIn(lang, item.PromisedAt)}),
	})
	if err != nil || !fresh {
		return err
	}
	return w.save(item, step{kind: "late", data: map[string]string{"was": was.Format(time.RFC3339), "now": item.PromisedAt.Format(time.RFC3339)}})
}

// remind asks a waiting customer once more.
func (w *work) remind(item *feedback.Item) error {
	if item.State != feedback.Waiting {
		return nil
	}
	return w.tellWaiting(item, "waiting.remind", "remind:"+strconv.FormatInt(item.LastInAt.Unix(), 10))
}

func (w *work) tellWaiting(item *feedback.Item, key, unique string) error {
	conv, author, err := w.person(item)
	if err != nil {
		return err
	}
	if _, err := w.tell(toCustomer{
		kind: OutProgress, key: unique + ":" + strconv.FormatInt(item.ID, 10), conv: conv, item: item.ID,
		text: w.r.Texts.Text(w.lang(author), key, phraseVars{"number": item.ID, "ask": strings.TrimRight(item.Ask, "。.，,；;？?！! ")}), // the text ends the sentence
	}); err != nil {
		return err
	}
	return w.record(item.ID, step{kind: "reminded", data: map[string]string{"text": key}})
}

// expire ends what has waited for close_after: a resolved item in silence, a
// waiting one with a text. P0 and P1 wait for a person.
func (w *work) expire(item *feedback.Item) error {
	switch item.State {
	case feedback.Resolved:
		if item.Live() {
			// Not told: it stays in 待办 until somebody sees to it.
			return nil
		}
	case feedback.Waiting:
		if item.Priority <= feedback.P1 {
			return nil
		}
		if err := w.tellWaiting(item, "waiting.end", "waitend:"+strconv.FormatInt(item.LastInAt.Unix(), 10)); err != nil {
			return err
		}
	default:
		return nil
	}
	if err := w.move(item, feedback.ActExpire); err != nil {
		return err
	}
	item.EndedAt = w.now
	item.DueAt, item.Left = time.Time{}, 0
	if err := w.tx.DropTimers(item.ID); err != nil {
		return err
	}
	return w.save(item, step{kind: "expired"})
}

// awake brings a snoozed item back.
func (w *work) awake(item *feedback.Item, note string) error {
	if item.SnoozedUntil.IsZero() {
		return nil
	}
	item.SnoozedUntil = time.Time{}
	if err := w.save(item, step{kind: "awake"}); err != nil {
		return err
	}
	owner, err := w.ownerName(item)
	if err != nil {
		return err
	}
	text := w.r.Texts.Text(w.r.Language, "thread.snoozed", phraseVars{"owner": owner, "text": nlp.Mask(note)})
	if note == "" {
		text = w.r.Texts.Text(w.r.Language, "thread.snoozed.plain", phraseVars{"owner": owner})
	}
	return w.say(item, said{key: "awake:" + strconv.FormatInt(item.ID, 10) + ":" + strconv.FormatInt(item.Version, 10), kind: OutSound, text: text, sound: true})
}

// Opening is a team's opening hour: one message says what waits since the last
// closing, if anything does.
type Opening struct {
	Team string
	At   time.Time
}

func (o Opening) run(w *work) (*feedback.Item, error) {
	first, err := w.tx.Fire("opening:"+o.Team, o.At)
	if err != nil {
		return nil, err
	}
	if !first {
		return nil, feedback.ErrDuplicate
	}
	team := w.team(o.Team)
	closed := team.Hours.LastClose(w.r.local(o.At))
	q := store.Query{Teams: []string{o.Team}, Live: true, Since: closed.UTC()}
	total, err := w.tx.CountItems(q)
	if err != nil || total == 0 {
		return nil, err
	}
	q.Priority = []feedback.Priority{feedback.P0, feedback.P1}
	pressing, err := w.tx.CountItems(q)
	if err != nil {
		return nil, err
	}
	lang := w.r.Language
	vars := phraseVars{"hello": w.r.Texts.Hello(lang, w.r.local(o.At)), "since": w.clockIn(lang, closed), "count": total}
	key := "opening.plain"
	if pressing > 0 {
		key = "opening"
		vars["priorities"] = w.r.Texts.Text(lang, "opening.pressing", phraseVars{"count": pressing})
	}
	post := bots.Post{Text: w.r.Texts.Text(lang, key, vars), Buttons: [][]bots.Button{{
		{Text: w.r.Texts.Text(lang, "button.list", nil), URL: w.r.PublicURL + "/?list=live&team=" + url.QueryEscape(o.Team)},
	}}}
	return nil, w.toTeam(o.Team, "opening:"+o.Team+":"+o.At.UTC().Format("200601021504"), post)
}

// toTeam writes a message to a team's chats.
func (w *work) toTeam(team, key string, post bots.Post) error {
	places, err := w.places(team)
	if err != nil {
		return err
	}
	for _, p := range places {
		k := key + ":" + p.Bot + ":" + p.Chat
		post.Key, post.Chat = k, p.Chat
		if _, err := w.put(store.Out{Key: k, Bot: p.Bot, Chat: p.Chat, Audience: store.ToStaff, Kind: OutTeam, Body: encode(post)}); err != nil {
			return err
		}
	}
	return nil
}

// Digest is a team's morning summary: text only, each figure with the list it
// counts, sent only when there is something to say.
type Digest struct {
	Team string
	At   time.Time
}

func (d Digest) run(w *work) (*feedback.Item, error) {
	first, err := w.tx.Fire("digest:"+d.Team, d.At)
	if err != nil {
		return nil, err
	}
	if !first {
		return nil, feedback.ErrDuplicate
	}
	post, err := w.report(d.Team, d.At.Add(-24*time.Hour), d.At)
	if err != nil || post.Text == "" {
		return nil, err
	}
	return nil, w.toTeam(d.Team, "digest:"+d.Team+":"+d.At.UTC().Format("200601021504"), post)
}

// report says in a few lines what came, what was done and what waits, with a
// link to the list behind each figure. Its Text is empty where nothing
// happened.
func (w *work) report(team string, since, until time.Time) (bots.Post, error) {
	lang := w.r.Language
	live := false
	span := store.Query{Teams: []string{team}, Since: since.UTC(), Until: until.UTC(), History: &live}
	waits := store.Query{Teams: []string{team}, Live: true}
	done, bad, late, untold := span, span, waits, waits
	done.States = []feedback.State{feedback.Resolved, feedback.Closed}
	bad.Sentiment = "negative"
	late.Overdue = until.UTC()
	untold.States = []feedback.State{feedback.Resolved}
	counts := make([]int64, 6)
	for i, q := range []store.Query{span, done, bad, waits, late, untold} {
		n, err := w.tx.CountItems(q)
		if err != nil {
			return bots.Post{}, err
		}
		counts[i] = n
	}
	if counts[0] == 0 && counts[3] == 0 {
		return bots.Post{}, nil
	}
	topics, err := w.tx.CountBy(span, "topic")
	if err != nil {
		return bots.Post{}, err
	}
	var top []string
	for _, name := range topNames(topics, 3) {
		top = append(top, w.r.Texts.Word(lang, "topic", name)+" "+strconv.FormatInt(topics[name], 10))
	}
	text := w.r.Texts.Text(lang, "digest", phraseVars{
		"team": w.team(team).Title, "date": w.r.local(until).Format("2006-01-02"), "created": counts[0], "resolved": counts[1], "negative": counts[2],
		"waiting": counts[3], "overdue": counts[4], "unnotified": counts[5], "topics": strings.Join(top, " · "),
	})
	return bots.Post{Text: text, Buttons: [][]bots.Button{w.listLinks(team, since, until)}}, nil
}

// listLinks lead from a summary's figures to the items they count.
func (w *work) listLinks(team string, since, until time.Time) []bots.Button {
	lang := w.r.Language
	board := w.r.PublicURL + "/?team=" + url.QueryEscape(team)
	from := "&list=all&since=" + strconv.FormatInt(since.Unix(), 10) + "&until=" + strconv.FormatInt(until.Unix(), 10)
	return []bots.Button{
		{Text: w.r.Texts.Text(lang, "digest.list.new", nil), URL: board + from},
		{Text: w.r.Texts.Text(lang, "digest.list.done", nil), URL: board + from + "&state=resolved&state=closed"},
		{Text: w.r.Texts.Text(lang, "digest.list.live", nil), URL: board + "&list=live"},
		{Text: w.r.Texts.Text(lang, "digest.list.late", nil), URL: board + "&overdue=1"},
		{Text: w.r.Texts.Text(lang, "digest.list.untold", nil), URL: board + "&list=live&state=resolved"},
	}
}
