package desk

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/huiyin/huiyin/store"
)

// OutCopy is a message that a team's chat shows and that no row tells of, since
// the process ended between sending and recording it. It is never sent again.
const OutCopy = "copy"

// Adopt records a message of the bot's own as one about an item, so that what
// is written under it is understood. What it is about tells the key it was
// posted under, else the data of one of its buttons; where neither does, nothing
// is recorded.
func (s *Service) Adopt(ctx context.Context, bot, chat, external, key, data string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		item, err := aboutItem(tx, Place{Bot: bot, Chat: chat}, key, data)
		if err != nil || item == 0 {
			return err
		}
		now := s.now()
		if _, err := tx.PutOut(&store.Out{
			Key: "copy:" + bot + ":" + chat + ":" + external, Bot: bot, Chat: chat, Audience: store.ToStaff, Kind: OutCopy,
			Item: item, State: store.OutSent, External: external, NextAt: now, CreatedAt: now,
		}); err != nil {
			return fmt.Errorf("adopt a message: %w", err)
		}
		s.log.Info("a message that was sent and not recorded is known now", "bot", bot, "item", item)
		return nil
	})
}

// aboutItem returns the item that a message in a team's chat is about; 0 where
// that cannot be told.
func aboutItem(tx *store.Tx, at Place, key, data string) (int64, error) {
	if key != "" {
		out, err := tx.OutByKey(key)
		switch {
		case isNotFound(err):
		case err != nil:
			return 0, err
		case out.Bot == at.Bot && out.Chat == at.Chat && out.Audience == store.ToStaff:
			return out.Item, nil
		}
	}
	verb, arg, _ := strings.Cut(data, ":")
	arg, _, _ = strings.Cut(arg, ":")
	id, _ := strconv.ParseInt(arg, 10, 64) // 0, which is no id, where it is no number
	switch verb {
	case "undo", "now", "gotit", "again": // these name an outbox row
		out, err := tx.Out(id)
		if isNotFound(err) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return out.Item, nil
	}
	if byVerb(verb) == nil && verb != "more" {
		return 0, nil
	}
	item, err := tx.Item(id)
	if isNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return item.ID, nil
}
