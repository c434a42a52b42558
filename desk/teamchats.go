package desk

import (
	"sync"
	"time"

	"github.com/huiyin/huiyin/store"
)

// chatsFresh is how long the list of registered chats is used before it is read
// again: /link in another process shows within it.
const chatsFresh = 2 * time.Second

// chatCache keeps the registered team chats, which every new item asks for.
type chatCache struct {
	mu    sync.Mutex
	read  time.Time
	chats []*store.TeamChat
}

// teamChats returns the chats registered in place by /link.
func (s *Service) teamChats(tx *store.Tx) ([]*store.TeamChat, error) {
	s.chats.mu.Lock()
	defer s.chats.mu.Unlock()
	now := s.now()
	if !s.chats.read.IsZero() && now.Sub(s.chats.read) < chatsFresh && !now.Before(s.chats.read) {
		return s.chats.chats, nil
	}
	chats, err := tx.TeamChats()
	if err != nil {
		return nil, err
	}
	s.chats.chats, s.chats.read = chats, now
	return chats, nil
}

// ForgetTeamChats has the list read again at once.
func (s *Service) ForgetTeamChats() {
	s.chats.mu.Lock()
	defer s.chats.mu.Unlock()
	s.chats.read = time.Time{}
}

// TeamOf returns the team whose chat this is, by configuration or /link; empty
// where it is none.
func (s *Service) TeamOf(tx *store.Tx, bot, chat string) (string, error) {
	r := s.Rules()
	for _, name := range r.TeamOrder {
		if contains(r.Teams[name].Alerts, Place{bot, chat}) {
			return name, nil
		}
	}
	chats, err := s.teamChats(tx)
	if err != nil {
		return "", err
	}
	for _, c := range chats {
		if c.Bot == bot && c.Chat == chat {
			return c.Team, nil
		}
	}
	return "", nil
}
