package store

import (
	"strings"
	"time"
)

// TeamChats returns every chat that gets cards.
func (tx *Tx) TeamChats() ([]*TeamChat, error) {
	return list(tx, teamChatRow, "SELECT bot, chat, team, title FROM team_chats ORDER BY team, bot, chat")
}

func teamChatRow(c *TeamChat) []any { return []any{&c.Bot, name{&c.Chat}, &c.Team, &c.Title} }

// SetTeamChat makes a chat a team's; a chat is of one team.
func (tx *Tx) SetTeamChat(c TeamChat) error {
	_, err := tx.exec("INSERT INTO team_chats (bot, chat, team, title) VALUES (?, ?, ?, ?) ON CONFLICT (bot, chat) DO UPDATE SET team = excluded.team, title = excluded.title", teamChatRow(&c)...)
	return err
}

// DropTeamChat makes a chat nobody's.
func (tx *Tx) DropTeamChat(bot, chat string) error {
	_, err := tx.exec("DELETE FROM team_chats WHERE bot = ? AND chat = ?", bot, short(chat))
	return err
}

// movedPrefix begins the key of the state that tells a chat's new id.
const movedPrefix = "moved:"

// MovedTo returns the id that a chat has now: its own where the platform never
// gave it another.
func (tx *Tx) MovedTo(bot, chat string) (string, error) {
	for range maxMoves {
		to, known, err := tx.State(movedPrefix + bot + ":" + chat)
		if err != nil || !known {
			return chat, err
		}
		chat = to
	}
	return chat, nil
}

// maxMoves bounds how often a chat is followed: ids that name each other lead
// nowhere.
const maxMoves = 4

// MoveChat follows a chat to the id that the platform gave it: team chats,
// conversations and outbox rows; MovedTo tells of it from then on. Where both are
// known already, as when a message came from the new one before the notice, the
// old joins the new. Where the new chat is renumbered, what a message was there
// means another one from now on: nothing is known by it any more.
func (tx *Tx) MoveChat(bot, from, to string, renumbered bool) error {
	if err := tx.SetState(movedPrefix+bot+":"+from, to, time.Time{}); err != nil {
		return err
	}
	from, to = short(from), short(to)
	if renumbered {
		if err := tx.forgetNumbers(bot, from); err != nil {
			return err
		}
	}
	if err := tx.joinConversations(bot, from, to); err != nil {
		return err
	}
	for _, query := range []string{
		"UPDATE conversations SET chat = ?3 WHERE channel = ?1 AND chat = ?2",
		"DELETE FROM team_chats WHERE bot = ?1 AND chat = ?2 AND EXISTS (SELECT 1 FROM team_chats n WHERE n.bot = ?1 AND n.chat = ?3)",
		"UPDATE team_chats SET chat = ?3 WHERE bot = ?1 AND chat = ?2",
	} {
		if _, err := tx.exec(query, bot, from, to); err != nil {
			return err
		}
	}
	if err := tx.rekeyCards(bot, from, to); err != nil {
		return err
	}
	_, err := tx.exec("UPDATE outbox SET chat = ? WHERE bot = ? AND chat = ?", to, bot, from)
	return err
}

// forgetNumbers drops the platform's ids of all messages of a chat.
func (tx *Tx) forgetNumbers(bot, chat string) error {
	if _, err := tx.exec("UPDATE outbox SET external = '' WHERE bot = ? AND chat = ? AND external <> ''", bot, chat); err != nil {
		return err
	}
	_, err := tx.exec("UPDATE messages SET message_id = '' WHERE message_id <> '' AND conversation IN (SELECT id FROM conversations WHERE channel = ? AND chat = ?)", bot, chat)
	return err
}

// joinConversations has conversations of an old chat join those that their
// people have in the new one already.
func (tx *Tx) joinConversations(bot, from, to string) error {
	type pair struct{ old, new int64 }
	var doubled []pair
	err := tx.each(func(r rows) error {
		var p pair
		err := r.Scan(&p.old, &p.new)
		doubled = append(doubled, p)
		return err
	}, "SELECT o.id, n.id FROM conversations o JOIN conversations n ON n.channel = o.channel AND n.author = o.author WHERE o.channel = ? AND o.chat = ? AND n.chat = ? ORDER BY o.id"+tx.locked(), bot, from, to)
	if err != nil {
		return err
	}
	for _, p := range doubled {
		for _, query := range []string{
			"UPDATE messages SET conversation = ?1 WHERE conversation = ?2 AND conversation <> 0",
			// Whoever read one before must not bring the old conversation back.
			"UPDATE items SET conversation = ?1, version = version + 1 WHERE conversation = ?2 AND conversation <> 0",
			"UPDATE outbox SET conversation = ?1 WHERE conversation = ?2 AND conversation <> 0",
			"DELETE FROM conversations WHERE id = ?2 AND id <> ?1",
		} {
			if _, err := tx.exec(query, p.new, p.old); err != nil {
				return err
			}
		}
	}
	return nil
}

// rekeyCards gives the cards of a chat the keys that they have in its new one: a
// card's key ends with its chat. Where an item has a card there already, the old
// one is given up.
func (tx *Tx) rekeyCards(bot, from, to string) error {
	type card struct {
		id  int64
		key string
	}
	var cards []card
	err := tx.each(func(r rows) error {
		var c card
		err := r.Scan(&c.id, &c.key)
		cards = append(cards, c)
		return err
	}, "SELECT id, key FROM outbox WHERE bot = ? AND chat = ? AND kind = '"+CardKind+"'", bot, from)
	if err != nil {
		return err
	}
	for _, c := range cards {
		head, of := strings.CutSuffix(c.key, ":"+from)
		if !of {
			continue
		}
		n, err := tx.exec("UPDATE outbox AS o SET key = ?1 WHERE id = ?2 AND NOT EXISTS (SELECT 1 FROM outbox n WHERE n.key = ?1)", short(head+":"+to), c.id)
		if err != nil {
			return err
		}
		if n == 0 {
			if _, err := tx.exec("UPDATE outbox SET state = 'cancelled' WHERE id = ? AND state <> 'sending'", c.id); err != nil {
				return err
			}
		}
	}
	return nil
}
