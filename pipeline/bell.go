package pipeline

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/huiyin/huiyin/store/stream"
)

// Topics of the live fan-out. Payloads are numbers: who listens reads SQL.
const (
	TopicItems = "items"
	topicConv  = "conv:"
	topicOut   = "out:"
	topicTimer = "timer"
	topicSweep = "sweep"
	topicModel = "model"
)

// TopicConversation is rung when a conversation has something new.
func TopicConversation(id int64) string { return topicConv + strconv.FormatInt(id, 10) }

// bells gathers what is to be told while the last was being told: the same bell
// twice is one.
type bells struct {
	mu      sync.Mutex
	waiting []stream.Message
	known   map[bell]struct{}
	ringing bool
}

// bell is one thing to be told.
type bell struct{ topic, payload string }

// bellsWaiting bounds what waits to be told; more are lost, which is harmless.
const bellsWaiting = 4096

// publish tells every process, soon; losing it is harmless.
func (p *Pipeline) publish(topic, payload string) {
	b := &p.bell
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, twice := b.known[bell{topic, payload}]; twice || len(b.waiting) >= bellsWaiting {
		return
	}
	if b.known == nil {
		b.known = map[bell]struct{}{}
	}
	b.known[bell{topic, payload}] = struct{}{}
	b.waiting = append(b.waiting, stream.Message{Topic: topic, Payload: []byte(payload)})
	if !b.ringing {
		b.ringing = true
		go p.ringBells()
	}
}

// ringBells tells what waits until nothing does.
func (p *Pipeline) ringBells() {
	b := &p.bell
	for {
		b.mu.Lock()
		all := b.waiting
		b.waiting, b.known = nil, nil
		if len(all) == 0 {
			b.ringing = false
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		if err := p.stream.PublishAll(ctx, all); err != nil {
			p.log.Debug("live updates not published", "n", len(all), "err", err)
		}
		cancel()
	}
}

// Deliver implements desk.Bell.
func (p *Pipeline) Deliver(bot string) { p.publish(topicOut+bot, "") }

// Item implements desk.Bell.
func (p *Pipeline) Item(id int64) { p.publish(TopicItems, strconv.FormatInt(id, 10)) }

// Conversation implements desk.Bell.
func (p *Pipeline) Conversation(id int64) { p.publish(TopicConversation(id), "") }

// Timer implements desk.Bell.
func (p *Pipeline) Timer(time.Time) { p.publish(topicTimer, "") }

// await waits until a bell rings, wait is over or ctx ends, and reports whether it
// rang. A bell that was closed never rings again.
func await(ctx context.Context, bell *<-chan stream.Message, wait time.Duration) (rang bool) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case _, rang = <-*bell:
		if !rang {
			*bell = nil
		}
	}
	return rang
}

// announce rings for messages to be analysed. While the stream is away this
// process sees to them itself, and where it has not the role or has too much to
// do, the sweep of the one that has does.
func (p *Pipeline) announce(lane stream.Lane, ids []int64) {
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := p.stream.Ring(ctx, stageAnalyze, lane, ids...)
	p.away.Store(err != nil)
	if err == nil {
		return
	}
	p.log.Debug("analysis not announced, it is done without", "n", len(ids), "err", err)
	select {
	case p.direct <- ids:
	default:
	}
}
