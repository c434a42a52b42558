package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/huiyin/huiyin/bots"
)

const (
	lanes         = 8  // chats are spread over them: order is kept within a chat
	laneLength    = 64 // envelopes that may wait in one
	answersAtOnce = 32
	answerWithin  = 15 * time.Second
	maxEnvelope   = 8 << 20 // bytes
	firstPause    = time.Second
	settledAfter  = 30 * time.Second // a connection that lived this long was a good one
)

// envelope is one frame of Socket Mode.
type envelope struct {
	Type    string          `json:"type"`
	ID      string          `json:"envelope_id"`
	Reason  string          `json:"reason"`
	Payload json.RawMessage `json:"payload"`
	Info    struct {
		App string `json:"app_id"`
	} `json:"connection_info"`
}

// Run keeps a socket open until ctx ends. It returns an error only where Slack
// refuses for good; the error says what to do.
func (b *bot) Run(ctx context.Context) error {
	r := newReceiver(context.WithoutCancel(ctx), b)
	defer r.stop()
	pause, wait := time.Duration(0), time.Duration(0)
	for ctx.Err() == nil {
		if !sleep(ctx, wait) {
			break
		}
		began := time.Now()
		err := b.session(ctx, r)
		if ctx.Err() != nil {
			break
		}
		if advice := permanent(err); advice != "" {
			return fmt.Errorf("slack: %s (%s)", advice, codeOf(err))
		}
		pause = nextPause(pause, err, time.Since(began), b.opts.Reconnect)
		wait = waitBefore(pause, err)
		b.log.Info("slack: reconnecting", "code", codeOf(err), "error", err, "pause", wait)
	}
	return nil
}

// nextPause returns how long to wait before the next try: nothing after a
// connection that was good or that Slack itself asked to renew, else twice the
// last pause.
func nextPause(last time.Duration, err error, lived, longest time.Duration) time.Duration {
	var refused *bots.SendError
	if errors.As(err, &refused) && refused.Fate == bots.Limited {
		return max(refused.RetryAfter, min(2*last, longest))
	}
	if lived >= settledAfter || (errors.Is(err, errRenew) && last == 0) {
		return time.Millisecond // not 0, so that a second renewal in a row waits
	}
	return min(max(2*last, firstPause), longest)
}

// waitBefore spreads reconnects over the second half of a pause, but not to
// before the time that Slack asked for.
func waitBefore(pause time.Duration, err error) time.Duration {
	var refused *bots.SendError
	if errors.As(err, &refused) && refused.Fate == bots.Limited {
		return pause
	}
	return pause/2 + rand.N(pause/2+1) //nolint:gosec // spreading load needs no secret
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errRenew says that Slack asked for a new connection.
var errRenew = errors.New("slack asked for a new connection")

// permanent returns what to do about an error that trying again does not mend;
// empty for every other.
func permanent(err error) string {
	switch codeOf(err) {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "not_allowed_token_type", "401":
		return "Slack does not accept a token: check bot_token (xoxb-…) and app_token (xapp-…), and reinstall the app where it was removed"
	case "account_inactive", "org_login_required", "team_access_not_granted":
		return "the app was removed from the workspace or the workspace is closed: install it again and replace the tokens"
	case "missing_scope", "no_permission":
		return "the app-level token lacks connections:write: create one with it under Basic Information and put it into app_token"
	case "link_disabled", "not_allowed", "socket_mode_not_enabled":
		return "Socket Mode is switched off: switch it on in the app's settings"
	case "404":
		return "api_url is no Slack API: it should be https://slack.com/api/"
	default:
		return ""
	}
}

// session opens one connection and reads it until it ends.
func (b *bot) session(ctx context.Context, r *receiver) error {
	if err := b.identify(ctx); err != nil {
		return sendError(err)
	}
	_, address, err := b.api.StartSocketModeContext(ctx)
	if err != nil {
		return sendError(err)
	}
	ws, resp, err := b.dialer().DialContext(ctx, address, nil)
	if resp != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		return fmt.Errorf("opening the socket: %w", bots.Redact(err))
	}
	s := &socket{ws: ws}
	ws.SetReadLimit(maxEnvelope)
	ws.SetPingHandler(func(data string) error {
		b.extend(ctx, ws)
		return s.pong(data)
	})
	stop := context.AfterFunc(ctx, func() { _ = ws.SetReadDeadline(time.Now()) })
	defer stop()
	// What is being stored is still to be acknowledged on this connection.
	defer r.answers.Go(s.closeWhenDone)
	return b.read(ctx, s, r)
}

// extend allows the socket another while of silence, unless ctx is over.
func (b *bot) extend(ctx context.Context, ws *websocket.Conn) {
	_ = ws.SetReadDeadline(time.Now().Add(b.opts.Silence))
	if ctx.Err() != nil {
		_ = ws.SetReadDeadline(time.Now())
	}
}

// dialer takes proxy, dial and TLS settings from the client for the platform.
func (b *bot) dialer() *websocket.Dialer {
	d := &websocket.Dialer{HandshakeTimeout: b.opts.Timeout}
	if t, ok := b.env.HTTP.Transport.(*http.Transport); ok {
		d.Proxy, d.NetDialContext = t.Proxy, t.DialContext
		if t.TLSClientConfig != nil {
			d.TLSClientConfig = t.TLSClientConfig.Clone()
			d.TLSClientConfig.NextProtos = nil // a WebSocket is no HTTP/2
		}
	}
	return d
}

// read reads one connection's envelopes until it ends.
func (b *bot) read(ctx context.Context, s *socket, r *receiver) error {
	for {
		b.extend(ctx, s.ws)
		_, frame, err := s.ws.ReadMessage()
		if err != nil {
			return fmt.Errorf("reading the socket: %w", err)
		}
		var e envelope
		if err := json.Unmarshal(frame, &e); err != nil {
			b.log.Warn("slack: a frame is no envelope", "bytes", len(frame))
			continue
		}
		switch e.Type {
		case "hello":
			b.mu.Lock()
			b.app = e.Info.App
			b.mu.Unlock()
			b.log.Info("slack: connected")
		case "disconnect":
			if e.Reason == "link_disabled" {
				return &bots.SendError{Fate: bots.Unauthorized, Code: e.Reason}
			}
			return errRenew
		default:
			r.take(s, e)
		}
	}
}

// socket is one connection and what is still to be acknowledged on it.
type socket struct {
	ws      *websocket.Conn
	writing sync.Mutex
	pending sync.WaitGroup
}

const writeWithin = 5 * time.Second

// ack tells Slack that an envelope is taken.
func (s *socket) ack(id string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_ = s.ws.SetWriteDeadline(time.Now().Add(writeWithin))
	return s.ws.WriteJSON(struct {
		ID string `json:"envelope_id"`
	}{id})
}

func (s *socket) pong(data string) error {
	return s.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeWithin))
}

// closeWhenDone closes the connection once nothing waits for its
// acknowledgement.
func (s *socket) closeWhenDone() {
	s.pending.Wait()
	_ = s.ws.Close()
}

// receiver stores what sockets bring and answers it. Chats are spread over
// lanes, so that a chat's events stay in order and a slow one holds up few.
type receiver struct {
	b       *bot
	lanes   [lanes]chan job
	seed    maphash.Seed
	workers sync.WaitGroup
	answers sync.WaitGroup
	slots   chan struct{}
}

type job struct {
	s  *socket
	e  envelope
	by time.Time // when storing it must be over
}

// newReceiver starts the lanes. ctx is not cancelled when Run's is: what is
// begun then is finished.
func newReceiver(ctx context.Context, b *bot) *receiver {
	r := &receiver{b: b, seed: maphash.MakeSeed(), slots: make(chan struct{}, answersAtOnce)}
	for i := range r.lanes {
		r.lanes[i] = make(chan job, laneLength)
		r.workers.Go(func() {
			for j := range r.lanes[i] {
				r.handle(ctx, j)
			}
		})
	}
	return r
}

// stop lets what was taken be stored, acknowledged and answered.
func (r *receiver) stop() {
	for i := range r.lanes {
		close(r.lanes[i])
	}
	r.workers.Wait()
	r.answers.Wait()
}

// take queues an envelope. Where its lane is full it is dropped without
// acknowledgement: Slack brings it again.
func (r *receiver) take(s *socket, e envelope) {
	j := job{s: s, e: e, by: time.Now().Add(r.b.opts.AckWithin)}
	s.pending.Add(1)
	select {
	case r.lanes[maphash.String(r.seed, chatOf(e.Payload))%lanes] <- j:
	default:
		s.pending.Done()
		r.b.log.Warn("slack: too much at once, left for redelivery", "envelope", e.ID)
	}
}

// chatOf names the chat an envelope is about, for the choice of a lane.
func chatOf(payload []byte) string {
	var p struct {
		Event struct {
			Channel any `json:"channel"`
		} `json:"event"`
		ChannelID string `json:"channel_id"`
		Channel   struct {
			ID string `json:"id"`
		} `json:"channel"`
	}
	_ = json.Unmarshal(payload, &p) // what cannot be read goes to one lane
	channel, _ := p.Event.Channel.(string)
	return first(channel, p.ChannelID, p.Channel.ID)
}

// handle stores one envelope, acknowledges it once that is done and in time,
// and answers.
func (r *receiver) handle(parent context.Context, j job) {
	defer j.s.pending.Done()
	ctx, cancel := context.WithDeadline(parent, j.by)
	defer cancel()
	if ctx.Err() != nil {
		r.b.log.Warn("slack: waited too long, left for redelivery", "envelope", j.e.ID)
		return
	}
	got, err := r.decode(ctx, j.e)
	if err != nil {
		r.keepUnread(ctx, j, err)
		return
	}
	var answer bots.Answer
	if got != nil {
		answer, err = r.b.env.Inbox.Receive(ctx, r.b.env.Name, got.event)
		if err != nil || ctx.Err() != nil {
			r.b.log.Warn("slack: not stored in time, left for redelivery", "envelope", j.e.ID, "key", got.event.Key, "error", err)
			return
		}
	}
	r.acknowledge(j)
	if got != nil {
		r.answer(parent, got, answer)
	}
}

// decode decodes an envelope, with a while to look names up in.
func (r *receiver) decode(ctx context.Context, e envelope) (*received, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	return r.b.decode(ctx, e.Type, e.Payload)
}

// keepUnread hands on what could not be read as it came, and acknowledges it
// once it is kept: it will be no better the next time, but it may be stored then.
func (r *receiver) keepUnread(ctx context.Context, j job, cause error) {
	_, err := r.b.env.Inbox.Receive(ctx, r.b.env.Name, bots.Event{
		Key: "unread:" + j.e.ID, Type: bots.OnUnread,
		At: r.b.env.Now().UTC(), Raw: j.e.Payload[:min(len(j.e.Payload), maxRaw)],
	})
	r.b.log.Error("slack: an event could not be read", "envelope", j.e.ID, "kind", j.e.Type, "cause", cause, "error", err)
	if err == nil && ctx.Err() == nil {
		r.acknowledge(j)
	}
}

func (r *receiver) acknowledge(j job) {
	if j.e.ID == "" {
		return
	}
	if err := j.s.ack(j.e.ID); err != nil {
		r.b.log.Info("slack: not acknowledged, comes again", "envelope", j.e.ID, "error", bots.Redact(err))
	}
}

// answer performs an answer beside the lane: the next event need not wait.
func (r *receiver) answer(parent context.Context, got *received, a bots.Answer) {
	if a.Dialog == nil && a.Text == "" && len(a.Buttons) == 0 {
		return
	}
	r.slots <- struct{}{}
	r.answers.Go(func() {
		defer func() { <-r.slots }()
		ctx, cancel := context.WithTimeout(parent, answerWithin)
		defer cancel()
		if err := r.b.performPatiently(ctx, got.origin, a); err != nil {
			r.b.log.Warn("slack: an answer was not shown", "key", got.event.Key, "code", codeOf(err), "error", err)
		}
	})
}
