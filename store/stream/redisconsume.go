package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Consume implements Stream.
func (r *redisStream) Consume(ctx context.Context, stage string, limit int, handle Handler) error {
	if err := checkStage(stage); err != nil {
		return err
	}
	ctx, number, leave, err := r.running.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	c := &consumer{
		stream: r,
		worker: newWorker(r.options, stage, handle),
		name:   r.options.Consumer + "-" + strconv.Itoa(number),
		keys:   [2]string{r.key(stage, Live), r.key(stage, History)},
		limit:  clampBatch(limit),
		held:   map[string]time.Time{},
	}
	c.run(ctx)
	return r.running.outcome()
}

// consumer is one Consume call: one name in the consumer groups of a stage's two lanes.
type consumer struct {
	stream *redisStream
	worker *worker
	name   string
	keys   [2]string // live, history
	limit  int

	own       bool                 // entries may have been handed to us that we have not seen
	ownFrom   [2]string            // where to read on among them
	claimAt   time.Time            // when to look for what others left
	claimFrom [2]string            // where to look on
	claimed   bool                 // the last batch was claimed: now it is the turn of new ones
	fullRun   int                  // full batches of live in a row
	drained   bool                 // the last read found less than a batch
	held      map[string]time.Time // entries whose handler failed here, resting until they are claimed again
	unacked   []entry              // finished, but Redis did not hear of it
	tidyAt    time.Time            // when to look for consumers that are gone
	failures  int                  // failed reads in a row
	madeAt    time.Time            // when groups were last found lost and made anew
}

// entry is an announcement as Redis keeps it.
type entry struct {
	lane int // index into consumer.keys
	key  string
	id   int64
}

// fetched is what one read brought.
type fetched struct {
	entries []entry
	at      time.Time
	single  bool // seen before: one at a time
}

const (
	claimBatch   = 32
	claimMost    = 15 * time.Second
	unackedMost  = 4096
	backoffFirst = 50 * time.Millisecond
	backoffMost  = 2 * time.Second
)

func (c *consumer) run(ctx context.Context) {
	c.join(ctx)
	for ctx.Err() == nil {
		got, err := c.fetch(ctx)
		if err != nil {
			c.recover(ctx, err)
			continue
		}
		c.failures = 0
		c.worker.read.succeeded(ctx)
		c.work(ctx, got)
		c.tidy(ctx)
	}
	c.leave(ctx)
}

// join makes the groups. When that fails the first read fails, too, and says why.
func (c *consumer) join(ctx context.Context) {
	c.own = true
	c.ownFrom = [2]string{"0", "0"}
	c.claimFrom = [2]string{"0", "0"}
	c.tidyAt = time.Now().Add(jitter(c.stream.options.ConsumerIdle / 4))
	if err := c.makeGroups(ctx); err != nil {
		c.stream.breaker.note(err)
	}
}

// makeGroups creates what groups are missing, from the stream's beginning: what was announced before a group was there
// counts. A group that had to be made may have been lost, with all it knew.
func (c *consumer) makeGroups(ctx context.Context) error {
	ctx, cancel := c.stream.short(context.WithoutCancel(ctx))
	defer cancel()
	made := false
	for _, key := range c.keys {
		err := c.stream.client.XGroupCreateMkStream(ctx, key, group, "0").Err()
		switch {
		case err == nil:
			made = true
		case !strings.HasPrefix(err.Error(), "BUSYGROUP"):
			return fmt.Errorf("create consumer group: %w", hint(err))
		}
	}
	if made {
		c.stream.gap.report()
	}
	return nil
}

// recover deals with a failed read: lost groups are made anew at once, anything else is waited for.
func (c *consumer) recover(ctx context.Context, err error) {
	c.own = true
	c.ownFrom = [2]string{"0", "0"}
	c.failures++
	if groupsLost(err) {
		c.stream.gap.report()
		if err = c.makeGroups(ctx); err == nil {
			again := time.Since(c.madeAt) < backoffMost
			c.madeAt = time.Now()
			if again { // someone deletes the keys over and over, which must not make us spin
				sleep(ctx, jitter(backoffMost/4))
			}
			return
		}
	}
	if away(err) {
		c.stream.breaker.note(err) // says so once for all
	} else {
		c.worker.read.failed(ctx, "cannot read announcements, trying again", hint(err))
	}
	wait := min(backoffFirst<<min(c.failures, 10), backoffMost)
	sleep(ctx, jitter(wait)*2/3)
}

func groupsLost(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "NOGROUP") || strings.HasPrefix(text, "UNBLOCKED")
}

// fetch reads the next batch: our own unfinished entries, then what others left, then new ones. It is not interrupted
// by a stop, because entries that are handed to us unseen would rest until someone claims them.
func (c *consumer) fetch(ctx context.Context) (fetched, error) {
	ctx = context.WithoutCancel(ctx)
	if err := c.acknowledge(ctx, nil); err != nil {
		return fetched{}, err
	}
	if c.own {
		got, err := c.readOwn(ctx)
		if err != nil || len(got.entries) > 0 {
			return got, err
		}
	}
	if !c.claimed && !time.Now().Before(c.claimAt) {
		got, err := c.claim(ctx)
		if err != nil || len(got.entries) > 0 {
			c.claimed = err == nil
			return got, err
		}
	}
	hurried := c.claimed
	c.claimed = false
	return c.readNew(ctx, hurried)
}

// readOwn reads on among the entries that Redis holds as handed to this consumer, skipping those that rest.
func (c *consumer) readOwn(ctx context.Context) (fetched, error) {
	at := time.Now()
	streams, err := c.read(ctx, -1, c.limit, c.keys[:], c.ownFrom[:])
	if err != nil {
		return fetched{}, err
	}
	var got fetched
	c.own = false
	for _, s := range streams {
		lane := c.laneOf(s.Stream)
		if n := len(s.Messages); n > 0 {
			c.own = true
			c.ownFrom[lane] = s.Messages[n-1].ID
		}
		got.entries = append(got.entries, c.entries(ctx, lane, s.Messages)...)
	}
	fresh := got.entries[:0]
	for _, e := range got.entries {
		if _, resting := c.held[e.key]; !resting {
			fresh = append(fresh, e)
		}
	}
	return fetched{entries: fresh, at: at, single: true}, nil
}

// claim takes over entries that rested for ClaimIdle, whoever had them: after a crash, or after a failed handler.
func (c *consumer) claim(ctx context.Context) (fetched, error) {
	o := c.stream.options
	got := fetched{at: time.Now(), single: true}
	again := false
	for lane, key := range c.keys {
		ctx, cancel := c.stream.short(ctx)
		messages, next, deleted, err := c.stream.client.XAutoClaimWithDeleted(ctx, &redis.XAutoClaimArgs{
			Stream: key, Group: group, Consumer: c.name, MinIdle: o.ClaimIdle,
			Start: c.claimFrom[lane], Count: int64(min(c.limit, claimBatch)),
		}).Result()
		cancel()
		if err != nil {
			return fetched{}, err
		}
		c.claimFrom[lane] = next
		again = again || next != "0-0"
		c.lost(ctx, len(deleted))
		got.entries = append(got.entries, c.entries(ctx, lane, messages)...)
	}
	for _, e := range got.entries {
		delete(c.held, e.key)
	}
	c.claimAt = got.at
	if !again {
		c.claimAt = got.at.Add(min(jitter(o.ClaimIdle/4), claimMost))
		c.forgetHeld(got.at)
	}
	return got, nil
}

// forgetHeld lets go of entries that another consumer must have claimed by now.
func (c *consumer) forgetHeld(now time.Time) {
	for key, since := range c.held {
		if now.Sub(since) > 3*c.stream.options.ClaimIdle {
			delete(c.held, key)
		}
	}
}

// readNew reads entries nobody has seen. When the last read left nothing it waits on both lanes at once, with half a
// batch for each; else it takes live ones, and history fills up what room they leave.
func (c *consumer) readNew(ctx context.Context, hurried bool) (fetched, error) {
	if c.drained && !hurried {
		return c.await(ctx)
	}
	if c.fullRun >= historyTurn {
		c.fullRun = 0
		if got, err := c.readLane(ctx, 1, c.limit); err != nil || len(got.entries) > 0 {
			return got, err
		}
	}
	got, err := c.readLane(ctx, 0, c.limit)
	if err != nil {
		return got, err
	}
	if len(got.entries) >= c.limit {
		c.fullRun++
		return got, nil
	}
	c.fullRun = 0
	more, err := c.readLane(ctx, 1, c.limit-len(got.entries))
	if err != nil && len(got.entries) == 0 {
		return got, err
	}
	got.entries = append(got.entries, more.entries...)
	c.drained = len(got.entries) < c.limit
	return got, nil
}

func (c *consumer) await(ctx context.Context) (fetched, error) {
	streams, err := c.read(ctx, c.stream.options.Block, (c.limit+1)/2, c.keys[:], []string{">", ">"})
	got := fetched{at: time.Now()}
	if err != nil {
		return got, err
	}
	if len(streams) == 0 {
		c.stream.emptied(c.keys[:]...)
	}
	for _, lane := range []int{0, 1} {
		for _, s := range streams {
			if c.laneOf(s.Stream) == lane {
				got.entries = append(got.entries, c.entries(ctx, lane, s.Messages)...)
				c.drained = c.drained && len(s.Messages) < (c.limit+1)/2
			}
		}
	}
	return got, nil
}

func (c *consumer) readLane(ctx context.Context, lane, count int) (fetched, error) {
	got := fetched{at: time.Now()}
	streams, err := c.read(ctx, -1, count, c.keys[lane:lane+1], []string{">"})
	if err != nil {
		return got, err
	}
	for _, s := range streams {
		got.entries = append(got.entries, c.entries(ctx, lane, s.Messages)...)
	}
	return got, nil
}

// read asks for entries of our group; a negative block means not to wait.
func (c *consumer) read(ctx context.Context, block time.Duration, count int, keys, from []string) ([]redis.XStream, error) {
	ctx, cancel := context.WithTimeout(ctx, max(block, 0)+c.stream.options.Timeout)
	defer cancel()
	streams, err := c.stream.client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: group, Consumer: c.name, Count: int64(count), Block: block,
		Streams: append(append(make([]string, 0, 2*len(keys)), keys...), from...),
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return streams, err
}

func (c *consumer) laneOf(key string) int {
	if key == c.keys[1] {
		return 1
	}
	return 0
}

// entries reads ids out of messages. What is no announcement of ours, or was deleted before we saw it, can only be
// struck off: it would come for ever.
func (c *consumer) entries(ctx context.Context, lane int, messages []redis.XMessage) []entry {
	good := make([]entry, 0, len(messages))
	var bad []entry
	deleted := 0
	for _, m := range messages {
		text, _ := m.Values[idField].(string)
		id, err := strconv.ParseInt(text, 10, 64)
		if err == nil {
			good = append(good, entry{lane: lane, key: m.ID, id: id})
			continue
		}
		bad = append(bad, entry{lane: lane, key: m.ID})
		if m.Values == nil {
			deleted++
		} else {
			c.worker.fault.log.WarnContext(ctx, "dropped a malformed announcement", "entry", m.ID)
		}
	}
	c.lost(ctx, deleted)
	if len(bad) > 0 {
		c.stream.breaker.note(c.acknowledge(ctx, bad))
	}
	return good
}

// lost says that so many announcements were deleted before they were finished, by someone else's hand.
func (c *consumer) lost(ctx context.Context, entries int) {
	if entries > 0 {
		c.worker.fault.log.WarnContext(ctx, "announcements were deleted before they were finished", "entries", entries)
		c.stream.gap.report()
	}
}

// work hands a batch to the handler and acknowledges what it finished. The time it may take counts from the read.
func (c *consumer) work(ctx context.Context, got fetched) {
	size := c.limit
	if got.single {
		size = 1
	}
	deadline := got.at.Add(c.worker.patience())
	for first := true; len(got.entries) > 0; first = false {
		late := time.Until(deadline) < c.worker.patience()/4
		if !first && (late || ctx.Err() != nil) {
			return // the rest is claimed when it has rested
		}
		part := got.entries[:min(size, len(got.entries))]
		got.entries = got.entries[len(part):]
		ids := make([]int64, len(part))
		for i, e := range part {
			ids[i] = e.id
		}
		if c.worker.do(ctx, deadline, ids) != nil {
			c.hold(part)
			continue
		}
		c.stream.breaker.note(c.acknowledge(context.WithoutCancel(ctx), part))
	}
}

func (c *consumer) hold(part []entry) {
	now := time.Now()
	for _, e := range part {
		c.held[e.key] = now
	}
}

// acknowledge strikes off finished entries and deletes them, with those that Redis did not hear of before.
func (c *consumer) acknowledge(ctx context.Context, done []entry) error {
	c.unacked = append(c.unacked, done...)
	if len(c.unacked) == 0 {
		return nil
	}
	ctx, cancel := c.stream.short(ctx)
	defer cancel()
	pipe := c.stream.client.TxPipeline()
	for lane, key := range c.keys {
		ack := []any{"xack", key, group}
		del := []any{"xdel", key}
		for _, e := range c.unacked {
			if e.lane == lane {
				ack, del = append(ack, e.key), append(del, e.key)
			}
		}
		if len(del) > 2 {
			_ = pipe.Process(ctx, redis.NewIntCmd(ctx, ack...)) // its error is Exec's
			_ = pipe.Process(ctx, redis.NewIntCmd(ctx, del...))
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		if over := len(c.unacked) - unackedMost; over > 0 {
			c.unacked = append(c.unacked[:0], c.unacked[over:]...) // the oldest are claimed and found finished
		}
		return fmt.Errorf("acknowledge: %w", hint(err))
	}
	c.unacked = c.unacked[:0]
	return nil
}

// tidy strikes off consumers that are silent for ConsumerIdle and hold nothing, now and then.
func (c *consumer) tidy(ctx context.Context) {
	now := time.Now()
	if now.Before(c.tidyAt) {
		return
	}
	idle := c.stream.options.ConsumerIdle
	c.tidyAt = now.Add(jitter(idle / 4))
	ctx, cancel := c.stream.short(context.WithoutCancel(ctx))
	defer cancel()
	for _, key := range c.keys {
		consumers, err := c.stream.client.XInfoConsumers(ctx, key, group).Result()
		if err != nil {
			return // the next read says what is wrong
		}
		for _, other := range consumers {
			if other.Name != c.name && other.Pending == 0 && other.Idle > idle {
				c.strikeOff(ctx, key, other.Name)
			}
		}
	}
}

// strikeOff deletes a consumer. Should it have been handed something in the meantime, that is a loss to be swept up.
func (c *consumer) strikeOff(ctx context.Context, key, name string) {
	lost, err := c.stream.client.XGroupDelConsumer(ctx, key, group, name).Result()
	if err == nil && lost > 0 {
		c.stream.gap.report()
	}
}

// leave takes our own name off the groups if nothing is left under it.
func (c *consumer) leave(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	if c.settle(ctx) != nil || c.stream.breaker.allow() != nil {
		return // what is left under our name is claimed when it has rested
	}
	ctx, cancel := c.stream.short(ctx)
	defer cancel()
	for _, key := range c.keys {
		left, err := c.stream.client.XPendingExt(ctx, &redis.XPendingExtArgs{
			Stream: key, Group: group, Start: "-", End: "+", Count: 1, Consumer: c.name,
		}).Result()
		if err == nil && len(left) == 0 {
			c.strikeOff(ctx, key, c.name)
		}
	}
}

// settle acknowledges what Redis did not hear of, at the latest moment to do so.
func (c *consumer) settle(ctx context.Context) (err error) {
	for range 3 {
		if err = c.acknowledge(ctx, nil); err == nil {
			return nil
		}
	}
	return err
}
