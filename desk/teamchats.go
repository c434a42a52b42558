package desk

import (
	"slices"
	"sync"
	"time"

	"github.com/huiyin/huiyin/store"
)

// chatsFresh is how long the list of registered chats is used before it is read
// again: /link in another process shows within it.
const chatsFresh = 2 * time.Second

// chatCache keeps which chats are the teams', which every new item asks for.
type chatCache struct {
	mu   sync.Mutex
	read time.Time
	teamPlaces
}

// teamPlaces are the chats that get cards.
type teamPlaces struct {
	registered []*store.TeamChat // in place, by /link
	moved      map[Place]Place   // of configured ones: where those are now that the platform moved
}

// teamPlaces returns the chats that get cards.
func (s *Service) teamPlaces(tx *store.Tx) (teamPlaces, error) {
	s.chats.mu.Lock()
	defer s.chats.mu.Unlock()
	now := s.now()
	if !s.chats.read.IsZero() && now.Sub(s.chats.read) < chatsFresh && !now.Before(s.chats.read) {
		return s.chats.teamPlaces, nil
	}
	registered, err := tx.TeamChats()
	if err != nil {
		return teamPlaces{}, err
	}
	moved := map[Place]Place{}
	for _, team := range s.Rules().Teams {
		for _, at := range team.Alerts {
			to, err := tx.MovedTo(at.Bot, at.Chat)
			if err != nil {
				return teamPlaces{}, err
			}
			if to != at.Chat {
				moved[at] = Place{at.Bot, to}
			}
		}
	}
	s.chats.teamPlaces, s.chats.read = teamPlaces{registered, moved}, now
	return s.chats.teamPlaces, nil
}

// configured returns the chats that the configuration names for a team, where
// they are now.
func (p teamPlaces) configured(team *Team) []Place {
	out := slices.Clone(team.Alerts)
	for i, at := range out {
		if to, moved := p.moved[at]; moved {
			out[i] = to
		}
	}
	return out
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
	places, err := s.teamPlaces(tx)
	if err != nil {
		return "", err
	}
	r, at := s.Rules(), Place{bot, chat}
	for _, name := range r.TeamOrder {
		// What is pressed in the old chat comes from there.
		if team := r.Teams[name]; contains(team.Alerts, at) || contains(places.configured(team), at) {
			return name, nil
		}
	}
	for _, c := range places.registered {
		if c.Bot == bot && c.Chat == chat {
			return c.Team, nil
		}
	}
	return "", nil
}
