package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

const (
	// deliverBatch is how many due rows are looked at in one pass.
	deliverBatch = 200
	// deliverChats is how many chats are written to at once.
	deliverChats = 8
)

// runner is one bot and what its delivery needs.
type runner struct {
	name     string
	platform string
	caps     bots.Caps
	bot      bots.Bot
}

func newRunner(name, platform string, caps bots.Caps, b bots.Bot) *runner {
	return &runner{name: name, platform: platform, caps: caps, bot: b}
}

// delivery is the work of one bot's outbox under one lease.
type delivery struct {
	p     *Pipeline
	r     *runner
	epoch int64
	mu    sync.Mutex // the limiter's
	limit *limiter
}

// deliverLoop sends what is due for one bot while it holds the bot's lease.
func (p *Pipeline) deliverLoop(ctx context.Context, r *runner) error {
	d := &delivery{p: p, r: r, epoch: epochOf(ctx), limit: newLimiter(r.caps)}
	if err := d.begin(ctx); err != nil {
		return err
	}
	bell, err := p.stream.Subscribe(ctx, topicOut+r.name)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		next, err := d.pass(ctx)
		if err != nil {
			return err
		}
		wait := min(max(next.Sub(p.now()), 0), p.timing.Poll)
		if wait == 0 {
			continue
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		case _, ok := <-bell:
			if !ok {
				bell = nil
			}
		}
		t.Stop()
	}
	return nil
}

// begin settles what a former holder left in the middle of sending, and reads
// the recent past that limits are counted from. Nobody knows whether the
// platform took what was being sent: a customer's message becomes uncertain, a
// team's is sent again.
func (d *delivery) begin(ctx context.Context) error {
	now := d.p.now()
	var left, recent []*store.Out
	err := d.p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		if left, err = tx.Sending(d.r.name, d.epoch); err != nil {
			return err
		}
		recent, err = tx.SentSince(d.r.name, now.Add(-time.Minute))
		return err
	})
	if err != nil {
		return err
	}
	for _, o := range recent {
		d.limit.sent(o.Chat, o.SentAt)
	}
	for _, o := range left {
		epoch := o.Epoch
		o.Error = leftSending
		if o.Audience == store.ToCustomer {
			o.State = store.OutUncertain
		} else {
			o.State, o.NextAt = store.OutRetry, now
		}
		if err := d.p.desk.Apply(ctx, desk.Delivered{Out: o, Epoch: epoch})[0].Err; err != nil && !errors.Is(err, feedback.ErrConflict) {
			return err
		}
	}
	return nil
}

// pass sends what is due and may be sent now. It returns when to look again.
func (d *delivery) pass(ctx context.Context) (time.Time, error) {
	now := d.p.now()
	next := now.Add(d.p.timing.Poll)
	var due []*store.Out
	err := d.p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		if due, err = tx.DueOut(d.r.name, now, deliverBatch); err != nil || len(due) > 0 {
			return err
		}
		at, ok, err := tx.NextOut(d.r.name)
		if ok && at.After(now) && at.Before(next) {
			next = at
		}
		return err
	})
	if err != nil {
		return next, err
	}
	byChat := map[string][]*store.Out{}
	var order []string
	for _, o := range due {
		if byChat[o.Chat] == nil {
			order = append(order, o.Chat)
		}
		byChat[o.Chat] = append(byChat[o.Chat], o)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		fail error
		sem  = make(chan struct{}, deliverChats)
		full = len(due) == deliverBatch
	)
	for _, chat := range order {
		wg.Add(1)
		sem <- struct{}{}
		go func() {
			defer func() { <-sem; wg.Done() }()
			at, err := d.chat(ctx, byChat[chat])
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fail = err
			}
			if !at.IsZero() && at.Before(next) {
				next = at
			}
			if at.IsZero() && full {
				next = now
			}
		}()
	}
	wg.Wait()
	return next, fail
}

// chat sends one chat's due rows in order. It returns when the chat may go on
// where a limit stopped it; zero where all was looked at.
func (d *delivery) chat(ctx context.Context, rows []*store.Out) (time.Time, error) {
	for _, o := range rows {
		if ctx.Err() != nil {
			return time.Time{}, ctx.Err()
		}
		at, ok := d.take(o)
		if !ok {
			return at, nil
		}
		// A row that has to wait holds up none that follow.
		if _, err := d.one(ctx, o); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}

// take counts a message that is about to leave in the same breath as it asks
// the limits: several chats are written to at once. Where they say later, it
// returns when.
func (d *delivery) take(o *store.Out) (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.p.now()
	if at := d.limit.next(o.Chat, d.group(o), now); at.After(now) {
		return at, false
	}
	d.limit.sent(o.Chat, now)
	return time.Time{}, true
}

// back takes a count back: nothing left.
func (d *delivery) back(o *store.Out) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit.unsent(o.Chat)
}

// group reports whether a row goes to a group: cards and their threads do.
func (d *delivery) group(o *store.Out) bool {
	return o.Audience == store.ToStaff && o.Kind != desk.OutDirect
}

// one sends one row. It reports whether the row has to wait for something.
func (d *delivery) one(ctx context.Context, o *store.Out) (wait bool, err error) {
	act, err := d.prepare(ctx, o)
	if err != nil {
		return false, err
	}
	if act.wait {
		d.back(o)
		return true, nil
	}
	claimed := false
	err = d.p.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.CheckLease("deliver:"+d.r.name, d.epoch); err != nil {
			return err
		}
		var err error
		claimed, err = tx.ClaimOut(o.ID, d.epoch, d.p.now())
		return err
	})
	if errors.Is(err, feedback.ErrConflict) {
		return false, errLeaseLost
	}
	if err != nil || !claimed {
		d.back(o)
		return false, err
	}
	o.Attempts++
	o.Epoch = d.epoch
	d.p.fail("deliver.claimed")
	d.p.fail("deliver.claimed." + o.Kind)
	gone := d.perform(ctx, o, act)
	d.p.fail("deliver.performed")
	d.p.fail("deliver.performed." + o.Kind)
	return false, d.finish(o, gone)
}

// finish records what became of a row, with a context that outlives a stop: the
// platform may have taken it.
func (d *delivery) finish(o *store.Out, gone bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), d.p.timing.Grace)
	defer cancel()
	err := d.p.desk.Apply(ctx, desk.Delivered{Out: o, Epoch: d.epoch, Gone: gone})[0].Err
	if errors.Is(err, feedback.ErrConflict) {
		d.p.log.Warn("delivery was recorded by another process", "out", o.ID)
		return nil
	}
	if err == nil {
		d.p.fail("deliver.recorded")
		d.p.fail("deliver.recorded." + o.Kind)
	}
	return err
}

// act is what a row asks for.
type act struct {
	post   bots.Post
	edit   string // message to edit instead of sending
	recall string // message to take back instead of sending
	skip   bool   // nothing to do: done
	drop   string // nothing can be done: why
	rev    int64  // of a card: what is shown once this succeeded
	wait   bool   // not yet
}

// prepare builds what is to be sent from what the row's subject is now.
func (d *delivery) prepare(ctx context.Context, o *store.Out) (a act, err error) {
	err = d.p.db.Read(ctx, func(tx *store.Tx) error {
		a = act{}
		switch o.Kind {
		case desk.OutCard:
			a, err = d.card(tx, o)
			return err
		case desk.OutRecall:
			a.post, err = desk.DecodePost(o.Body)
			a.recall = a.post.ReplyTo
			return err
		}
		if a.post, err = desk.DecodePost(o.Body); err != nil {
			return err
		}
		a.post.Chat = o.Chat
		if o.Audience == store.ToCustomer {
			return d.attach(tx, o, &a)
		}
		if o.Kind == desk.OutFold {
			a.edit, a.rev = o.External, o.Rev
			_, can := d.r.bot.(bots.Editor)
			a.skip = a.edit != "" && !can
			return nil
		}
		if o.Item != 0 && (o.Kind == desk.OutSound || o.Kind == desk.OutSaid) {
			return d.thread(tx, o, &a)
		}
		return nil
	})
	return a, err
}

func (d *delivery) card(tx *store.Tx, o *store.Out) (act, error) {
	fresh, err := tx.Out(o.ID)
	if err != nil {
		return act{}, err
	}
	*o = *fresh
	post, err := d.p.desk.CardPost(tx, o)
	if err != nil {
		return act{}, err
	}
	a := act{post: post, edit: o.External, rev: o.Rev}
	if _, can := d.r.bot.(bots.Editor); o.External != "" && !can {
		// A one-way robot cannot change what it said: the board holds the
		// newest state.
		a.skip = true
	}
	return a, nil
}

// thread puts a line under the item's card of the same chat. It waits for the
// card; where the card will never come the line names its item.
func (d *delivery) thread(tx *store.Tx, o *store.Out, a *act) error {
	card, err := tx.OutByKey(fmt.Sprintf("card:%d:%s:%s", o.Item, o.Bot, o.Chat))
	if err != nil && !errors.Is(err, feedback.ErrNotFound) {
		return err
	}
	switch {
	case err == nil && card.External != "":
		a.post.Thread = card.External
		if _, edits := d.r.bot.(bots.Editor); !edits {
			a.post.Text = fmt.Sprintf("#%d %s", o.Item, a.post.Text)
		}
	case err == nil && card.State != store.OutDead && card.State != store.OutCancelled:
		a.wait = true
	default:
		a.post.Text = fmt.Sprintf("#%d %s", o.Item, a.post.Text)
	}
	return nil
}

// attach adds the files of a customer's message once they are fetched.
func (d *delivery) attach(tx *store.Tx, o *store.Out, a *act) error {
	if o.Message == 0 {
		return nil
	}
	m, err := tx.Message(o.Message)
	if err != nil {
		return err
	}
	for _, f := range m.Attachments {
		switch f.State {
		case feedback.AttachmentPending:
			a.wait = true
		case feedback.AttachmentStored:
			a.post.Files = append(a.post.Files, bots.Attached{Kind: f.Kind, Name: f.Name, MIME: f.MIME, Path: f.Path, Size: f.Size})
		default:
			a.drop = "a file could not be fetched"
		}
	}
	return nil
}

// perform does it and leaves the outcome in o. It reports whether the person
// stopped the bot.
func (d *delivery) perform(ctx context.Context, o *store.Out, a act) (gone bool) {
	switch {
	case a.drop != "":
		d.back(o)
		o.State, o.Error = store.OutDead, string(bots.Rejected)+": "+a.drop
		return false
	case a.skip:
		d.back(o)
		o.State, o.SentRev = store.OutSent, a.rev
		return false
	}
	if o.Audience == store.ToCustomer {
		d.p.toCustomers.Add(1)
	}
	request, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.p.timing.SendBudget)
	defer cancel()
	sent, err := d.lookThenAsk(request, o, a)
	if err == nil {
		o.State, o.SentAt, o.Error, o.SentRev = store.OutSent, d.p.now(), "", a.rev
		if sent.ID != "" {
			o.External = sent.ID
		}
		d.p.meter.Sent(d.r.name, o.Kind, "sent")
		d.p.meter.Latency("sent", o.SentAt.Sub(o.CreatedAt))
		return false
	}
	d.p.meter.Sent(d.r.name, o.Kind, string(bots.FateOf(err)))
	return d.outcome(o, a, err)
}

// leftSending is the error of a row whose process ended while it was sent.
const leftSending = "the process ended while sending"

// mayBeThere reports whether the platform may have taken a row's message at an
// earlier try: its answer was lost, or the process ended before it was recorded.
func mayBeThere(o *store.Out) bool {
	return o.External == "" && (o.Error == leftSending || strings.HasPrefix(o.Error, string(bots.Uncertain)))
}

// lookThenAsk asks the platform, unless what is to be sent is found to be there
// already. A card that is found becomes what the item is now.
func (d *delivery) lookThenAsk(ctx context.Context, o *store.Out, a act) (sent bots.Sent, err error) {
	finder, can := d.r.bot.(bots.Finder)
	if !can || a.edit != "" || a.recall != "" || !mayBeThere(o) {
		return d.request(ctx, o, a)
	}
	err = safely(func() (err error) {
		sent.ID, err = finder.Find(ctx, a.post, o.CreatedAt)
		return err
	})
	var se *bots.SendError
	switch {
	case errors.As(err, &se):
		// Still nobody knows: the next try looks again.
		return bots.Sent{}, &bots.SendError{Fate: se.Fate, Code: se.Code, RetryAfter: se.RetryAfter, Scope: se.Scope, Err: errNotLooked}
	case err != nil:
		return bots.Sent{}, err
	case sent.ID == "":
		return d.request(ctx, o, a)
	}
	d.p.log.Info("a message whose answer was lost is there", "channel", d.r.name, "out", o.ID, "kind", o.Kind)
	if o.Kind == desk.OutCard || o.Kind == desk.OutFold {
		o.External, a.edit = sent.ID, sent.ID
		return d.request(ctx, o, a)
	}
	return sent, nil
}

// errNotLooked says that it could not be found out whether a message is there.
var errNotLooked = errors.New("not looked for")

// request asks the platform; a panic in a connector is an uncertain outcome.
func (d *delivery) request(ctx context.Context, o *store.Out, a act) (sent bots.Sent, err error) {
	err = safely(func() error {
		var err error
		switch {
		case a.recall != "":
			recaller, can := d.r.bot.(bots.Recaller)
			if !can {
				return &bots.SendError{Fate: bots.Rejected, Code: "cannot recall"}
			}
			return recaller.Recall(ctx, o.Chat, a.recall)
		case a.edit != "":
			editor, can := d.r.bot.(bots.Editor)
			if !can {
				return &bots.SendError{Fate: bots.Rejected, Code: "cannot edit"}
			}
			sent.ID = a.edit
			return editor.Edit(ctx, a.edit, a.post)
		default:
			sent, err = d.r.bot.Send(ctx, a.post)
			return err
		}
	})
	return sent, err
}

// outcome decides what a failed request means for its row.
func (d *delivery) outcome(o *store.Out, a act, err error) (gone bool) {
	now := d.p.now()
	var se *bots.SendError
	if !errors.As(err, &se) {
		se = &bots.SendError{Fate: bots.Uncertain, Code: "unknown"}
	}
	o.Error = strings.TrimSuffix(string(se.Fate)+": "+se.Code, ": ")
	if errors.Is(err, errNotLooked) {
		o.Error = string(bots.Uncertain) + ": not looked for: " + o.Error
	}
	retry := func(after time.Duration) {
		o.State, o.NextAt = store.OutRetry, now.Add(after)
		if now.Sub(o.CreatedAt) > d.p.timing.RetryFor {
			o.State = store.OutDead
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch se.Fate {
	case bots.Unchanged:
		o.State, o.SentRev, o.Error = store.OutSent, a.rev, ""
	case bots.Unsent:
		retry(d.backoff(o.Attempts))
	case bots.Limited:
		after := se.RetryAfter
		if after <= 0 {
			after = d.backoff(o.Attempts)
		}
		d.limit.held(se.Scope, o.Chat, now.Add(after))
		retry(after)
	case bots.Unauthorized:
		d.limit.held(bots.ScopeBot, "", now.Add(time.Minute))
		retry(time.Minute)
		d.p.setHealth(d.r.name, false, "the platform does not accept the token")
	case bots.Moved:
		d.moved(o, se.NewChat)
		retry(0)
	case bots.Vanished:
		d.vanished(o, a, retry)
	case bots.Gone:
		o.State = store.OutDead
		return o.Audience == store.ToCustomer
	case bots.Uncertain:
		if o.Audience == store.ToCustomer {
			o.State = store.OutUncertain
		} else {
			retry(d.backoff(o.Attempts))
		}
	default:
		o.State = store.OutDead
		d.p.log.Error("platform refused a message", "channel", d.r.name, "out", o.ID, "kind", o.Kind, "code", se.Code)
	}
	return false
}

// vanished: a card that was deleted is posted again; a line whose card is gone
// comes without its thread.
func (d *delivery) vanished(o *store.Out, a act, retry func(time.Duration)) {
	if a.edit != "" || o.External != "" {
		o.External = ""
		retry(0)
		return
	}
	if o.Attempts >= 3 {
		o.State = store.OutDead
		return
	}
	retry(d.backoff(o.Attempts))
}

// moved takes over a chat's new id for everything that names it.
func (d *delivery) moved(o *store.Out, to string) {
	ctx, cancel := context.WithTimeout(context.Background(), d.p.timing.Grace)
	defer cancel()
	if err := d.p.db.Write(ctx, func(tx *store.Tx) error { return tx.MoveChat(d.r.name, o.Chat, to) }); err != nil {
		d.p.log.Error("new id of a chat not kept", "channel", d.r.name, "err", err)
		return
	}
	d.p.desk.ForgetTeamChats()
	o.Chat = to
}

// backoff is how long to wait before the next try: doubling from a second, with
// jitter, up to RetryMax.
func (d *delivery) backoff(attempts int) time.Duration {
	wait := time.Second << min(max(attempts-1, 0), 16)
	wait = min(wait, d.p.timing.RetryMax)
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter is no secret
}
