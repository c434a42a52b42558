package pipeline

import (
	"context"
	"strconv"
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

// publish tells every process; losing it is harmless.
func (p *Pipeline) publish(topic, payload string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := p.stream.Publish(ctx, topic, []byte(payload)); err != nil {
		p.log.Debug("live update not published", "topic", topic, "err", err)
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
