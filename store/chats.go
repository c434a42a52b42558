package store

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

// MoveChat follows a chat to the id that the platform gave it: team chats,
// conversations and outbox rows. Where both are known already, as when a
// message came from the new one before the notice, the old joins the new.
func (tx *Tx) MoveChat(bot, from, to string) error {
	from, to = short(from), short(to)
	type pair struct{ old, new int64 }
	var doubled []pair
	err := tx.each(func(r rows) error {
		var p pair
		err := r.Scan(&p.old, &p.new)
		doubled = append(doubled, p)
		return err
	}, "SELECT o.id, n.id FROM conversations o JOIN conversations n ON n.channel = o.channel AND n.author = o.author WHERE o.channel = ? AND o.chat = ? AND n.chat = ?", bot, from, to)
	if err != nil {
		return err
	}
	for _, p := range doubled {
		for _, table := range []string{"messages", "items", "outbox"} {
			if _, err := tx.exec("UPDATE "+table+" SET conversation = ? WHERE conversation = ? AND conversation <> 0", p.new, p.old); err != nil {
				return err
			}
		}
		if _, err := tx.exec("DELETE FROM conversations WHERE id = ?", p.old); err != nil {
			return err
		}
	}
	for _, query := range []string{
		"UPDATE conversations SET chat = ?3 WHERE channel = ?1 AND chat = ?2",
		"DELETE FROM team_chats WHERE bot = ?1 AND chat = ?2 AND EXISTS (SELECT 1 FROM team_chats n WHERE n.bot = ?1 AND n.chat = ?3)",
		"UPDATE team_chats SET chat = ?3 WHERE bot = ?1 AND chat = ?2",
		"UPDATE outbox SET chat = ?3 WHERE bot = ?1 AND chat = ?2",
	} {
		if _, err := tx.exec(query, bot, from, to); err != nil {
			return err
		}
	}
	return nil
}
