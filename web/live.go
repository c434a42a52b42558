package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/huiyin/huiyin/store/stream"
)

const (
	// livePing keeps proxies from closing a quiet stream, and is how long
	// somebody who may no longer look still learns that something changed.
	livePing = 20 * time.Second
	// liveMax is when a page has to open a new one.
	liveMax = 5 * time.Minute
	// ConversationTopic and ItemsTopic are what pages listen to: the first
	// followed by the conversation's id, the second with an item's number as
	// payload.
	ConversationTopic = "conv:"
	ItemsTopic        = "items"
)

// chatLive tells a customers' page when to look again.
func (s *Server) chatLive(w http.ResponseWriter, r *http.Request) {
	chat, ok := s.chatOf(w, r)
	if !ok {
		return
	}
	v, ok := s.visitorOf(r)
	if !ok {
		s.fail(w, r, http.StatusUnauthorized, "err.novisitor")
		return
	}
	conv, err := s.conversation(r.Context(), chat, v)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if conv == nil {
		w.WriteHeader(http.StatusNoContent) // nothing can happen before they write
		return
	}
	s.follow(w, r, v.id, ConversationTopic+strconv.FormatInt(conv.ID, 10), func() bool { return true })
}

// follow streams a line for each message of a topic until the page leaves, or
// may, asked every Limits.Ping, says that it is no longer for them.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, who, topic string, may func() bool) {
	leave, ok := s.streams.enter(who)
	if !ok {
		s.slow(w, r, 10*time.Second)
		return
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), liveMax)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)() //nolint:contextcheck // the stop of the server is not the request's
	news, err := s.stream.Subscribe(ctx, topic)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	l := &line{w: w, c: http.NewResponseController(w)}
	// The connection's read deadline would end a stream that only writes.
	_ = l.c.SetReadDeadline(time.Time{})
	ping := time.NewTicker(s.limits.Ping)
	defer ping.Stop()
	// The page looks once the stream stands: what happened before is not
	// missed.
	l.send("data: \n\n")
	for l.err == nil {
		select {
		case <-ctx.Done():
			return
		case <-ping.C:
			if !may() {
				return
			}
			l.send(":\n\n")
		case m, ok := <-news:
			if !ok {
				return
			}
			l.send("data: " + digits(m) + "\n\n")
		}
	}
}

// digits returns a message's payload where it is a number: nothing else is
// passed on to pages.
func digits(m stream.Message) string {
	if n := number(string(m.Payload)); n > 0 && !m.Resync {
		return strconv.FormatInt(n, 10)
	}
	return ""
}

// line writes pieces of a stream, each with its own deadline.
type line struct {
	w   http.ResponseWriter
	c   *http.ResponseController
	err error
}

func (l *line) send(s string) {
	_ = l.c.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every connection has deadlines
	if _, err := l.w.Write([]byte(s)); err != nil {
		l.err = err
		return
	}
	l.err = l.c.Flush()
}
