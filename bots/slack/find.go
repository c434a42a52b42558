package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/huiyin/huiyin/bots"
)

const (
	// metadataType is the event_type of the metadata that every post bears; its
	// payload holds the outbox row's key.
	metadataType = "huiyin"
	findPages    = 5
	findPerPage  = 200
	// findMargin is how far Slack's clock and ours may be apart.
	findMargin = 2 * time.Minute
)

// metadata marks a message with the key that Find tells it by.
func metadata(key string) slack.SlackMetadata {
	return slack.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"key": key}}
}

// Find looks through the channel, or the thread, for the message that p became.
// Files are shared without metadata, and what one person alone sees is in no
// history: neither is found.
func (b *bot) Find(ctx context.Context, p bots.Post, since time.Time) (string, error) {
	if p.Key == "" || p.Private != "" || len(p.Files) > 0 {
		return "", nil
	}
	oldest := since.Add(-findMargin)
	cursor := ""
	for range findPages {
		page, next, err := b.page(ctx, p.Chat, threadOf(p), fmt.Sprintf("%d.000000", oldest.Unix()), cursor)
		if err != nil {
			return "", b.unseen(err)
		}
		for _, m := range page {
			if keyOf(m) == p.Key {
				return m.Timestamp, nil
			}
		}
		if next == "" {
			return "", nil
		}
		cursor = next
	}
	return "", nil
}

// page returns one page of a channel's messages, or of a thread's.
func (b *bot) page(ctx context.Context, chat, thread, oldest, cursor string) ([]slack.Message, string, error) {
	if thread != "" {
		messages, _, next, err := b.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: chat, Timestamp: thread, Oldest: oldest, Cursor: cursor, Limit: findPerPage, IncludeAllMetadata: true,
		})
		return messages, next, err
	}
	r, err := b.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: chat, Oldest: oldest, Cursor: cursor, Limit: findPerPage, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", err
	}
	return r.Messages, r.ResponseMetaData.NextCursor, nil
}

// KeyOf returns the key that a message of a channel bears.
func (b *bot) KeyOf(ctx context.Context, chat, messageID string) (string, error) {
	if timeOf(messageID).IsZero() {
		return "", nil
	}
	r, err := b.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: chat, Latest: messageID, Inclusive: true, Limit: 1, IncludeAllMetadata: true,
	})
	if err != nil {
		return "", b.unseen(err)
	}
	for _, m := range r.Messages {
		if m.Timestamp == messageID {
			return keyOf(m), nil
		}
	}
	return "", nil
}

// unseen is a failure to look: nil where looking will never work, since an app
// that may not read its channels still has to post into them.
func (b *bot) unseen(err error) error {
	err = sendError(err)
	var se *bots.SendError
	if errors.As(err, &se) && (se.Code == "missing_scope" || se.Fate == bots.Rejected || se.Fate == bots.Gone || se.Fate == bots.Vanished) {
		b.log.Warn("slack: cannot look for what was posted", "code", se.Code)
		return nil
	}
	return err
}

func keyOf(m slack.Message) string {
	if m.Metadata.EventType != metadataType {
		return ""
	}
	key, _ := m.Metadata.EventPayload["key"].(string)
	return key
}

// leanMessages keeps of a history's messages what tells them apart. slack-go
// would read their blocks, and fail at one it does not know.
func leanMessages(raw json.RawMessage) json.RawMessage {
	var messages []struct {
		TS       string          `json:"ts"`
		Metadata json.RawMessage `json:"metadata,omitempty"`
	}
	if json.Unmarshal(raw, &messages) != nil {
		return nil
	}
	kept, err := json.Marshal(messages)
	if err != nil {
		return nil
	}
	return kept
}
