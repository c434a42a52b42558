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

// announce rings for messages to be analysed.
func (p *Pipeline) announce(lane stream.Lane, ids []int64) {
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := p.stream.Ring(ctx, stageAnalyze, lane, ids...); err != nil {
		p.log.Debug("analysis not announced, the sweep will", "n", len(ids), "err", err)
	}
}
