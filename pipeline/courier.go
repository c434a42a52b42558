package pipeline

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/store"
)

const (
	// deliverBatch is how many due rows are looked at at once.
	deliverBatch = 256
	// deliverChats is how many chats are written to at once.
	deliverChats = 32
	// chatTurn is how long one chat is written to before the outbox is looked at
	// again: what is urgent may have come meanwhile.
	chatTurn = 250 * time.Millisecond
	// lookPause is the least time between two looks while there is work in hand.
	lookPause = 10 * time.Millisecond
	// chatRest is how long a chat is left alone whose rows all wait for something.
	chatRest = 200 * time.Millisecond
)

// delivery is the work of one bot's outbox under one lease. Chats are written to
// beside each other: a slow one holds up no other.
type delivery struct {
	p     *Pipeline
	r     *runner
	epoch int64

	prepares grouped[*prepared]
	claims   grouped[*claim]
	outcomes grouped[desk.Delivered]

	freed chan struct{} // one token: a chat is done
	work  sync.WaitGroup

	mu      sync.Mutex
	limit   *limiter
	busy    map[string]bool      // chats that are written to
	resting map[string]time.Time // chats that are to be left alone until then
	whole   time.Time            // nothing may leave before
	failed  error                // ends the delivery

	// Of the loop alone.
	queue  []turnOf  // what the latest look found, by chat
	more   bool      // there was more than a look takes
	rung   bool      // something new may be there
	looked time.Time // when, last
	due    time.Time // when the next row is
}

// turnOf is what one chat has to get.
type turnOf struct {
	chat string
	rows []*store.Out
}

func newDelivery(p *Pipeline, r *runner, epoch int64) *delivery {
	d := &delivery{
		p: p, r: r, epoch: epoch, limit: newLimiter(r.caps), freed: make(chan struct{}, 1),
		busy: map[string]bool{}, resting: map[string]time.Time{}, rung: true,
	}
	d.prepares.most, d.prepares.work = deliverBatch, d.prepareAll
	d.claims.most, d.claims.work = deliverBatch, d.claimAll
	d.outcomes.most, d.outcomes.work = deliverBatch, d.finishAll
	return d
}

// deliverLoop sends what is due for one bot while it holds the bot's lease.
func (p *Pipeline) deliverLoop(ctx context.Context, r *runner) error {
	d := newDelivery(p, r, epochOf(ctx))
	if err := d.begin(ctx); err != nil {
		return err
	}
	bell, err := p.stream.Subscribe(ctx, topicOut+r.name)
	if err != nil {
		return err
	}
	defer d.work.Wait()
	for ctx.Err() == nil {
		wait, err := d.step(ctx)
		if err != nil {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-d.freed:
		case _, ok := <-bell:
			d.rung = true
			if !ok {
				bell = nil
			}
			drain(bell)
		}
		t.Stop()
	}
	return nil
}

// drain empties a bell that rang several times.
func drain[T any](bell <-chan T) {
	for {
		select {
		case _, ok := <-bell:
			if !ok {
				return
			}
		default:
			return
		}
	}
}

// step looks into the outbox where there may be something new, and has as many
// chats written to as may be. It returns how long to wait for the next step,
// unless a chat is done or something new comes before.
func (d *delivery) step(ctx context.Context) (time.Duration, error) {
	now := d.p.now()
	d.mu.Lock()
	failed, idle, whole := d.failed, len(d.busy) == 0, d.whole
	d.mu.Unlock()
	if failed != nil {
		return 0, failed
	}
	if whole.After(now) {
		d.queue, d.more, d.rung = nil, false, true
		return min(whole.Sub(now), d.p.timing.Poll), nil
	}
	wanted := d.rung || d.more && len(d.queue) == 0 || !d.due.After(now)
	if wanted && (idle && len(d.queue) == 0 || now.Sub(d.looked) >= lookPause || now.Before(d.looked)) {
		if err := d.look(ctx, now); err != nil {
			return 0, err
		}
		wanted = false
	}
	d.launch(ctx)
	wait := max(d.due.Sub(now), 0)
	if wanted {
		wait = lookPause
	}
	return min(max(wait, time.Millisecond), d.p.timing.Poll), nil
}

// look reads what is due for chats that may be written to now, the urgent first.
func (d *delivery) look(ctx context.Context, now time.Time) error {
	next := now.Add(d.p.timing.Poll)
	d.mu.Lock()
	var except []string
	for chat := range d.busy {
		except = append(except, chat)
	}
	for chat, until := range d.resting {
		switch {
		case !until.After(now):
			delete(d.resting, chat)
		case !d.busy[chat]:
			except = append(except, chat)
		}
		if until.After(now) && until.Before(next) {
			next = until
		}
	}
	d.mu.Unlock()
	slices.Sort(except)
	d.rung, d.looked = false, now
	var due []*store.Out
	err := d.p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		if due, err = tx.DueOut(d.r.name, now, deliverBatch, except...); err != nil {
			return err
		}
		at, ok, err := tx.NextOutAfter(d.r.name, now)
		if ok && at.Before(next) {
			next = at
		}
		return err
	})
	if err != nil {
		return err
	}
	d.more, d.due, d.queue = len(due) == deliverBatch, next, d.queue[:0]
	places := make(map[string]int, len(due))
	for _, o := range due {
		at, known := places[o.Chat]
		if !known {
			at = len(d.queue)
			places[o.Chat] = at
			d.queue = append(d.queue, turnOf{chat: o.Chat})
		}
		d.queue[at].rows = append(d.queue[at].rows, o)
	}
	return nil
}

// launch has chats of the queue written to while there is room.
func (d *delivery) launch(ctx context.Context) {
	for len(d.queue) > 0 {
		one := d.queue[0]
		d.mu.Lock()
		room := len(d.busy) < deliverChats
		if room {
			d.busy[one.chat] = true
		}
		d.mu.Unlock()
		if !room {
			return
		}
		d.queue = d.queue[1:]
		d.work.Go(func() { d.turn(ctx, one) })
	}
}

// turn has one chat's turn and says that there is room again.
func (d *delivery) turn(ctx context.Context, turn turnOf) {
	err := safely(func() error { return d.chat(ctx, turn) })
	d.mu.Lock()
	delete(d.busy, turn.chat)
	if err != nil && d.failed == nil {
		d.failed = err
	}
	d.mu.Unlock()
	select {
	case d.freed <- struct{}{}:
	default:
	}
}

// chat sends one chat's due rows in order, until a limit or the end of its turn
// stops it.
func (d *delivery) chat(ctx context.Context, turn turnOf) error {
	began, moved := time.Now(), false
	for _, o := range turn.rows {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !d.take(o) {
			return nil
		}
		// A row that has to wait holds up none that follow.
		wait, err := d.one(ctx, o)
		if err != nil {
			return err
		}
		moved = moved || !wait
		if time.Since(began) > chatTurn {
			return nil
		}
	}
	if !moved {
		d.rest(turn.chat, d.p.now().Add(chatRest))
	}
	return nil
}

// rest leaves a chat alone for a while.
func (d *delivery) rest(chat string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resting[chat] = until
}

// take counts a message that is about to leave in the same breath as it asks
// the limits: several chats are written to at once. Where they say later, the
// chat, or the whole bot, is left alone until then.
func (d *delivery) take(o *store.Out) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.p.now()
	at := d.limit.next(o.Chat, d.group(o), now)
	if !at.After(now) {
		d.limit.sent(o.Chat, now)
		return true
	}
	if whole := d.limit.whole(now); whole.After(now) {
		d.whole = whole
	}
	d.resting[o.Chat] = at
	return false
}
