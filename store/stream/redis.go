package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

const (
	ringPipe = 512 // announcements sent in one go
	group    = "workers"
	idField  = "id"
)

// redisStream carries ids over Redis 7 or newer: one server, the master that sentinels name, or a cluster. Keys are
// PREFIX:{STAGE}:LANE, so that a stage's lanes live on one node; topics are the channels PREFIX:topic:NAME.
type redisStream struct {
	options Options
	client  redis.UniversalClient
	hub     *hub
	gap     *gap
	breaker *breaker
	running running
	ears    *ears

	mu    sync.Mutex
	lanes map[string]*laneGauge
}

// laneGauge is what the last answers said about how full a lane is.
type laneGauge struct {
	full    bool // at its last look the lane was full, or announcements were dropped since
	dropped bool
}

func openRedis(ctx context.Context, address string, o Options) (*redisStream, error) {
	o = o.withDefaults()
	client, err := connect(address, o.Timeout)
	if err != nil {
		return nil, err
	}
	if o.LaneCap <= 0 {
		o.LaneCap = redisLaneCap
	}
	logging.Disable() // go-redis prints each failed dial to standard error; what matters is logged here, once
	r := &redisStream{
		options: o,
		client:  client,
		hub:     newHub(o.Buffer),
		gap:     &gap{call: o.OnGap},
		lanes:   map[string]*laneGauge{},
	}
	r.breaker = newBreaker(o.Log, r.Ping, r.gap.report)
	r.ears = newEars(r.client, o, r.hub)
	r.firstLook(ctx)
	return r, nil
}

// firstLook logs what is wrong with the server. Nothing is refused: the work is in the database.
func (r *redisStream) firstLook(ctx context.Context) {
	if err := r.Ping(ctx); err != nil {
		r.breaker.note(err)
		return
	}
	for _, advice := range r.Doctor(ctx) {
		r.options.Log.WarnContext(ctx, "redis is not set up well", "advice", advice.TextEN)
	}
}

func (r *redisStream) key(stage string, lane Lane) string {
	return r.options.Prefix + ":{" + stage + "}:" + string(lane)
}

// short bounds a command's time without outliving the caller's context.
func (r *redisStream) short(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, r.options.Timeout)
}

// Ring implements Stream.
func (r *redisStream) Ring(ctx context.Context, stage string, lane Lane, ids ...int64) error {
	if err := errors.Join(checkStage(stage), checkLane(lane)); err != nil {
		return err
	}
	if err := r.breaker.allow(); err != nil {
		return err
	}
	key := r.key(stage, lane)
	if err := r.room(ctx, key); err != nil {
		return fmt.Errorf("ring %s %s: %w", stage, lane, err)
	}
	for len(ids) > 0 {
		n := min(len(ids), ringPipe)
		if err := r.announce(ctx, key, ids[:n]); err != nil {
			return fmt.Errorf("ring %s %s: %w", stage, lane, err)
		}
		ids = ids[n:]
	}
	return nil
}

// announce appends one entry an id, and learns how long the lane is now.
func (r *redisStream) announce(caller context.Context, key string, ids []int64) error {
	ctx, cancel := r.short(caller)
	defer cancel()
	pipe := r.client.Pipeline()
	for _, id := range ids {
		_ = pipe.Process(ctx, redis.NewStringCmd(ctx, "xadd", key, "*", idField, id)) // its error is Exec's
	}
	length := pipe.XLen(ctx, key)
	_, err := pipe.Exec(ctx)
	if err != nil {
		r.noteFor(caller, err)
		return hint(err)
	}
	r.gauge(key, func(g *laneGauge) { g.full = length.Val() >= int64(r.options.LaneCap) })
	return nil
}

// room asks how long a lane is that was full at the last look.
func (r *redisStream) room(caller context.Context, key string) error {
	var full bool
	r.gauge(key, func(g *laneGauge) { full = g.full })
	if !full {
		return nil
	}
	ctx, cancel := r.short(caller)
	defer cancel()
	n, err := r.client.XLen(ctx, key).Result()
	if err != nil {
		r.noteFor(caller, err)
		return hint(err)
	}
	if n >= int64(r.options.LaneCap) {
		r.gauge(key, func(g *laneGauge) { g.dropped = true })
		return ErrFull
	}
	r.measured(key, n)
	return nil
}

// measured asks for a sweep once a lane that dropped announcements is half empty.
func (r *redisStream) measured(key string, n int64) {
	r.gauge(key, func(g *laneGauge) {
		g.full = n >= int64(r.options.LaneCap)
		if g.dropped && n <= int64(r.options.LaneCap/2) {
			g.dropped = false
			r.gap.report()
		}
	})
}

// emptied says that nothing waits in a lane.
func (r *redisStream) emptied(keys ...string) {
	for _, key := range keys {
		r.measured(key, 0)
	}
}

func (r *redisStream) gauge(key string, f func(*laneGauge)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.lanes[key]
	if g == nil {
		g = &laneGauge{}
		r.lanes[key] = g
	}
	f(g)
}

// noteFor tells the breaker of an error unless the caller's own context is what ended.
func (r *redisStream) noteFor(caller context.Context, err error) {
	if caller.Err() == nil {
		r.breaker.note(err)
	}
}

// hint puts Redis's terse refusals into words.
func hint(err error) error {
	switch text := err.Error(); {
	case errors.Is(err, redis.ErrClosed):
		return ErrClosed
	case strings.HasPrefix(text, "OOM"):
		return fmt.Errorf("redis has reached maxmemory, raise it: %w", err)
	case strings.HasPrefix(text, "NOAUTH"), strings.HasPrefix(text, "WRONGPASS"):
		return fmt.Errorf("redis wants another password than storage.redis gives: %w", err)
	case strings.HasPrefix(text, "NOPERM"):
		return fmt.Errorf("redis does not allow this user the stream, pub/sub and info commands: %w", err)
	default:
		return err
	}
}

// Publish implements Stream.
func (r *redisStream) Publish(ctx context.Context, topic string, payload []byte) error {
	err := r.breaker.allow()
	if err == nil {
		inner, cancel := r.short(ctx)
		defer cancel()
		err = r.client.Publish(inner, r.ears.channel(topic), payload).Err()
		if err == nil {
			return nil
		}
		r.noteFor(ctx, err)
	}
	r.hub.deliver(Message{Topic: topic, Payload: bytes.Clone(payload)})
	return fmt.Errorf("publish: only this process heard of it: %w", hint(err))
}

// PublishAll implements Stream. All go as one message on a channel of their own: for Redis, and for each process that
// listens, that costs as much as one.
func (r *redisStream) PublishAll(ctx context.Context, messages []Message) error {
	switch len(messages) {
	case 0:
		return nil
	case 1:
		return r.Publish(ctx, messages[0].Topic, messages[0].Payload)
	}
	err := r.breaker.allow()
	if err == nil {
		inner, cancel := r.short(ctx)
		defer cancel()
		if err = r.client.Publish(inner, r.ears.channel(manyTopic), packed(messages)).Err(); err == nil {
			return nil
		}
		r.noteFor(ctx, err)
	}
	for _, m := range messages {
		r.hub.deliver(Message{Topic: m.Topic, Payload: bytes.Clone(m.Payload)})
	}
	return fmt.Errorf("publish: only this process heard of it: %w", hint(err))
}

// Subscribe implements Stream.
func (r *redisStream) Subscribe(ctx context.Context, topics ...string) (<-chan Message, error) {
	r.ears.open(ctx)
	return r.hub.subscribe(ctx, topics)
}

// Depth implements Stream.
func (r *redisStream) Depth(ctx context.Context, stage string) (live, history int64, err error) {
	if err := checkStage(stage); err != nil {
		return 0, 0, err
	}
	if err := r.breaker.allow(); err != nil {
		return 0, 0, err
	}
	caller := ctx
	ctx, cancel := r.short(caller)
	defer cancel()
	pipe := r.client.Pipeline()
	a, b := pipe.XLen(ctx, r.key(stage, Live)), pipe.XLen(ctx, r.key(stage, History))
	if _, err := pipe.Exec(ctx); err != nil {
		r.noteFor(caller, err)
		return 0, 0, fmt.Errorf("depth of %s: %w", stage, hint(err))
	}
	r.measured(r.key(stage, Live), a.Val())
	r.measured(r.key(stage, History), b.Val())
	return a.Val(), b.Val(), nil
}

// Ping implements Stream.
func (r *redisStream) Ping(ctx context.Context) error {
	ctx, cancel := r.short(ctx)
	defer cancel()
	if err := r.eachNode(ctx, func(ctx context.Context, node *redis.Client) error { return node.Ping(ctx).Err() }); err != nil {
		return fmt.Errorf("redis: %w", hint(err))
	}
	return nil
}

// eachNode asks every server that announcements may live on: the masters of a cluster, at the same time, or the one
// there is.
func (r *redisStream) eachNode(ctx context.Context, ask func(ctx context.Context, node *redis.Client) error) error {
	switch client := r.client.(type) {
	case *redis.ClusterClient:
		return client.ForEachMaster(ctx, ask)
	case *redis.Client:
		return ask(ctx, client)
	default:
		return fmt.Errorf("unknown client %T", client)
	}
}

// Close implements Stream.
func (r *redisStream) Close() error {
	if !r.running.close() {
		return nil
	}
	r.ears.close()
	r.hub.close()
	r.breaker.close()
	err := r.client.Close()
	r.gap.close()
	if err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}
