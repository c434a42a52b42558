package slacktest

import (
	"time"
)

// Message is one message as people see it.
type Message struct {
	Channel, TS string
	Thread      string // ts of the message it stands under
	User        string // Bot for the app's
	Text        string // blocks resolved to what a person reads; without blocks, the text
	Fallback    string // the text field, as notifications show it
	Buttons     [][]Button
	Notified    []string // user ids, "!channel" and the like, usergroups
	Live        []string // links, mentions, emoji codes: what Slack made of the text
	Files       []File
	Key         string // of the metadata the program set
	Edited      bool
	Deleted     bool
	Ephemeral   string // the only person who sees it

	ownFiles []*file
}

// Button is a button of a message.
type Button struct {
	Text, Value, URL, Style string

	action string
}

// File is a file of a message.
type File struct {
	ID, Name string
	Content  []byte
}

// Find returns the first button of that text.
func (m Message) Find(text string) (Button, bool) {
	for _, row := range m.Buttons {
		for _, b := range row {
			if b.Text == text {
				return b, true
			}
		}
	}
	return Button{}, false
}

func (m *Message) clone() Message {
	out := *m
	for _, f := range m.ownFiles {
		out.Files = append(out.Files, File{ID: f.id, Name: f.name, Content: f.content})
	}
	return out
}

// Messages lists a channel's messages, oldest first, those of people and those
// that were deleted included, without what only one person sees.
func (s *Server) Messages(channel string) []Message {
	return s.list(channel, func(m *Message) bool { return m.Ephemeral == "" })
}

// Thread lists what was posted under a message, oldest first.
func (s *Server) Thread(channel, ts string) []Message {
	return s.list(channel, func(m *Message) bool { return m.Ephemeral == "" && m.Thread == ts })
}

// Ephemerals lists what only that person sees, in all channels, oldest first
// within a channel.
func (s *Server) Ephemerals(person string) []Message {
	var out []Message
	s.mu.Lock()
	ids := make([]string, 0, len(s.channels))
	for id := range s.channels {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		out = append(out, s.list(id, func(m *Message) bool { return m.Ephemeral == person && !m.Deleted })...)
	}
	return out
}

func (s *Server) list(id string, keep func(*Message) bool) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[id]
	if c == nil {
		return nil
	}
	var out []Message
	for _, m := range c.messages {
		if keep(m) {
			out = append(out, m.clone())
		}
	}
	return out
}

func (c *channel) find(ts string) *Message {
	for _, m := range c.messages {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// WaitMessage returns the first message of a channel, ephemeral or not, that
// ok accepts, and false where none comes in time.
func (s *Server) WaitMessage(channel string, within time.Duration, ok func(Message) bool) (Message, bool) {
	var found Message
	done := s.WaitFor(within, func() bool {
		for _, m := range s.list(channel, func(*Message) bool { return true }) {
			if ok(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found, done
}

// WaitFor waits until ok holds and reports whether it did in time.
func (s *Server) WaitFor(within time.Duration, ok func() bool) bool {
	deadline := time.Now().Add(within)
	for {
		if ok() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Calls counts the requests of a method, refused ones included.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// Refused counts the answers with an error code; "429" counts rate limits.
func (s *Server) Refused(code string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused[code]
}

// Failures counts a person's presses, commands and submissions that the app
// did not acknowledge in time: Slack shows a warning and does not try again.
func (s *Server) Failures(person string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures[person]
}
