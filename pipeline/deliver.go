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

// runner is one bot and what its delivery needs.
type runner struct {
	name     string
	platform string
	caps     bots.Caps
	bot      bots.Bot

	mu         sync.Mutex
	unrecorded []desk.Delivered // what became of messages, which the database did not take
}

func newRunner(name, platform string, caps bots.Caps, b bots.Bot) *runner {
	return &runner{name: name, platform: platform, caps: caps, bot: b}
}

// begin settles what was left in the middle of sending, by a former holder or by
// this one before the database failed it, and reads the recent past that limits
// are counted from. Where nobody knows whether the platform took what was being
// sent, a customer's message becomes uncertain, and a team's is sent again.
func (d *delivery) begin(ctx context.Context) error {
	if err := d.catchUp(); err != nil {
		return err
	}
	now := d.p.now()
	var left, recent []*store.Out
	err := d.p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		// Nothing is being sent yet under this lease, which may have the epoch of
		// the one before: a holder that did not give it back has it still.
		if left, err = tx.Sending(d.r.name, d.epoch+1); err != nil {
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

// catchUp records what became of messages while the database took nothing. Of
// those that another process has judged meanwhile, its word counts.
func (d *delivery) catchUp() error {
	d.r.mu.Lock()
	known := d.r.unrecorded
	d.r.unrecorded = nil
	d.r.mu.Unlock()
	if len(known) == 0 {
		return nil
	}
	// What fails again is kept again.
	return errors.Join(d.finishAll(known)...)
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
	ready := &prepared{out: o}
	if err := d.prepares.do(ctx, ready); err != nil {
		return false, err
	}
	if ready.act.wait {
		d.back(o)
		return true, nil
	}
	// Whoever claims a row sends it: neither is given up halfway.
	c := &claim{out: o}
	err = d.claims.do(context.WithoutCancel(ctx), c)
	if errors.Is(err, feedback.ErrConflict) {
		return false, errLeaseLost
	}
	if err != nil || !c.ok {
		d.back(o)
		return false, err
	}
	o.Attempts++
	o.Epoch = d.epoch
	d.p.fail("deliver.claimed")
	d.p.fail("deliver.claimed." + o.Kind)
	gone := d.perform(ctx, o, ready.act)
	d.p.fail("deliver.performed")
	d.p.fail("deliver.performed." + o.Kind)
	return false, d.outcomes.do(context.WithoutCancel(ctx), desk.Delivered{Out: o, Epoch: d.epoch, Gone: gone})
}

// claim asks for a row to be this process's to send.
type claim struct {
	out *store.Out
	ok  bool
}

// claimAll claims rows of different chats at once. Each is sent as soon as this
// returns.
func (d *delivery) claimAll(claims []*claim) []error {
	ctx, cancel := context.WithTimeout(context.Background(), d.p.timing.Grace)
	defer cancel()
	ids := make([]int64, len(claims))
	for i, c := range claims {
		ids[i] = c.out.ID
	}
	var mine map[int64]bool
	err := d.p.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.CheckLease("deliver:"+d.r.name, d.epoch); err != nil {
			return err
		}
		var err error
		mine, err = tx.ClaimOuts(ids, d.epoch, d.p.now())
		return err
	})
	if err != nil {
		return same(err, len(claims))
	}
	for _, c := range claims {
		c.ok = mine[c.out.ID]
	}
	return nil
}

func same(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// finishAll records what became of rows, with a context that outlives a stop:
// the platform may have taken them. What cannot be recorded is kept for later.
func (d *delivery) finishAll(all []desk.Delivered) []error {
	ctx, cancel := context.WithTimeout(context.Background(), d.p.timing.Grace)
	defer cancel()
	changes := make([]desk.Change, len(all))
	for i := range all {
		changes[i] = all[i]
	}
	errs := make([]error, len(all))
	for i, result := range d.p.desk.Apply(ctx, changes...) {
		o := all[i].Out
		switch {
		case errors.Is(result.Err, feedback.ErrConflict):
			d.p.log.Warn("delivery was recorded by another process", "out", o.ID)
		case result.Err != nil:
			errs[i] = result.Err
			d.r.mu.Lock()
			d.r.unrecorded = append(d.r.unrecorded, all[i])
			d.r.mu.Unlock()
		default:
			d.p.fail("deliver.recorded")
			d.p.fail("deliver.recorded." + o.Kind)
		}
	}
	return errs
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

// prepared is a row with what it asks for.
type prepared struct {
	out *store.Out
	act act
}

// prepareAll builds what rows of different chats are to send, from what their
// subjects are now.
func (d *delivery) prepareAll(all []*prepared) []error {
	ctx, cancel := context.WithTimeout(context.Background(), d.p.timing.Grace)
	defer cancel()
	errs := make([]error, len(all))
	outs := make([]*store.Out, len(all))
	for i, r := range all {
		outs[i] = r.out
	}
	err := d.p.db.Read(ctx, func(tx *store.Tx) error {
		if len(outs) > 1 {
			if err := tx.LookAt(outs); err != nil {
				return err
			}
		}
		for i, r := range all {
			errs[i] = d.prepareOrDrop(tx, r)
		}
		return nil
	})
	if err != nil {
		return same(err, len(all))
	}
	return errs
}

// prepareOrDrop prepares a row. One that can never be built is given up, and
// shown as such: it would hold up the whole bot for ever.
func (d *delivery) prepareOrDrop(tx *store.Tx, r *prepared) error {
	err := safely(func() (err error) {
		r.act, err = d.prepare(tx, r.out)
		return err
	})
	if !errors.Is(err, errPanicked) && !errors.Is(err, desk.ErrBody) && !errors.Is(err, feedback.ErrNotFound) {
		return err // nil, or the database's
	}
	d.p.log.Error("a message cannot be built and is given up", "channel", d.r.name, "out", r.out.ID, "kind", r.out.Kind)
	r.act = act{drop: "it could not be built"}
	return nil
}

// prepare builds what is to be sent from what the row's subject is now.
func (d *delivery) prepare(tx *store.Tx, o *store.Out) (a act, err error) {
	switch o.Kind {
	case desk.OutCard:
		return d.card(tx, o)
	case desk.OutRecall:
		a.post, err = desk.DecodePost(o.Body)
		a.recall = a.post.ReplyTo
		return a, err
	}
	if a.post, err = desk.DecodePost(o.Body); err != nil {
		return a, err
	}
	a.post.Chat = o.Chat
	if o.Audience == store.ToCustomer {
		err = d.attach(tx, o, &a)
		return a, err
	}
	if o.Kind == desk.OutFold {
		a.edit, a.rev = o.External, o.Rev
		_, can := d.r.bot.(bots.Editor)
		a.skip = a.edit != "" && !can
		return a, nil
	}
	if o.Item != 0 && (o.Kind == desk.OutSound || o.Kind == desk.OutSaid) {
		err = d.thread(tx, o, &a)
		return a, err
	}
	return a, nil
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
// card; where the card will never come, or is out of reach since its chat moved,
// the line names its item.
func (d *delivery) thread(tx *store.Tx, o *store.Out, a *act) error {
	card, err := tx.OutOf(o.Item, fmt.Sprintf("card:%d:%s:%s", o.Item, o.Bot, o.Chat))
	if err != nil && !errors.Is(err, feedback.ErrNotFound) {
		return err
	}
	switch {
	case err == nil && card.External != "":
		a.post.Thread = card.External
		if _, edits := d.r.bot.(bots.Editor); !edits {
			a.post.Text = fmt.Sprintf("#%d %s", o.Item, a.post.Text)
		}
	case err == nil && card.State != store.OutSent && card.State != store.OutDead && card.State != store.OutCancelled:
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
	files, err := tx.AttachmentsOf(o.Message)
	if err != nil {
		return err
	}
	for _, f := range files {
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
	request, cancel := d.budget(ctx, a)
	defer cancel()
	sent, err := d.lookThenAsk(request, o, a)
	if err == nil {
		first := o.SentAt.IsZero()
		o.State, o.SentAt, o.Error, o.SentRev = store.OutSent, d.p.now(), "", a.rev
		if sent.ID != "" {
			o.External = sent.ID
		}
		d.p.meter.Sent(d.r.name, o.Kind, "sent")
		d.p.mended(d.r.name, tokenRefused)
		if first { // a later edit is as old as what made it, not as the card
			d.p.meter.Latency("sent", o.SentAt.Sub(o.CreatedAt))
		}
		return false
	}
	d.p.meter.Sent(d.r.name, o.Kind, string(bots.FateOf(err)))
	return d.outcome(o, a, err)
}

// filesTake is how many times as long as words a message with files may take.
const filesTake = 10

// budget returns the context of one request, which outlives ctx: whoever began to
// send finishes. At a stop it has as long as words from then on.
func (d *delivery) budget(ctx context.Context, a act) (context.Context, context.CancelFunc) {
	words := d.p.timing.SendBudget
	if len(a.post.Files) == 0 {
		return context.WithTimeout(context.WithoutCancel(ctx), words)
	}
	request, cancel := context.WithTimeout(context.WithoutCancel(ctx), filesTake*words)
	unhook := context.AfterFunc(ctx, func() {
		pause(request, words)
		cancel()
	})
	return request, func() {
		unhook()
		cancel()
	}
}

// tokenRefused is what is wrong with a channel whose messages are refused for the
// token's sake, until one is taken again.
const tokenRefused = "the platform does not accept the token"

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
		if d.exhausted(o, now) {
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
		d.p.setHealth(d.r.name, false, tokenRefused)
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

// leastTries is how often a message is tried, however old it is: a person may
// have it sent again days later, and a busy platform is no reason to give it up.
const leastTries = 8

// exhausted reports whether a row was tried for long enough. A card is as old as
// its item and is sent anew with each change: of it only the tries since then
// count, as many as fit into RetryFor.
func (d *delivery) exhausted(o *store.Out, now time.Time) bool {
	timing := d.p.timing
	if o.Kind == desk.OutCard || o.Kind == desk.OutFold {
		return o.Attempts > max(leastTries, int(timing.RetryFor/max(timing.RetryMax, time.Second)))
	}
	return o.Attempts >= leastTries && now.Sub(o.CreatedAt) > timing.RetryFor
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
	if err := d.p.db.Write(ctx, func(tx *store.Tx) error { return tx.MoveChat(d.r.name, o.Chat, to, d.r.caps.Renumbers) }); err != nil {
		d.p.log.Error("new id of a chat not kept", "channel", d.r.name, "err", err)
		return
	}
	d.p.desk.ForgetTeamChats()
	o.Chat = to
	if d.r.caps.Renumbers {
		o.External = ""
	}
}

// backoff is how long to wait before the next try: doubling from a second, with
// jitter, up to RetryMax.
func (d *delivery) backoff(attempts int) time.Duration {
	wait := time.Second << min(max(attempts-1, 0), 16)
	wait = min(wait, d.p.timing.RetryMax)
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter is no secret
}
