// Package webhook takes signed posts from the operator's own systems: shops,
// forms, call centres, scripts.
package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/huiyin/huiyin/listeners"
)

// The bounds of one post.
const (
	MaxBody    = 1 << 20 // bytes
	MaxObjects = 1000
)

// Options are what one entry of this kind can say.
type Options struct {
	Secret string `yaml:"secret" secret:"true"` // what posts are signed with
}

// Kind describes the connector.
func Kind() listeners.Kind {
	return listeners.Kind{
		Name:    "webhook",
		Title:   "接口推送",
		TitleEN: "Webhook",
		Sample: `- name: shop
  type: webhook
  secret: ${SHOP_SECRET}          # posts to /in/shop are signed with it (HMAC-SHA256)
  # title: 小程序商城              # as cards name it
`,
		Options: func() any { return &Options{} },
		New:     build,
	}
}

// Validate refuses a webhook without a secret: anyone could post to it.
func (o *Options) Validate() []listeners.Problem {
	if strings.TrimSpace(o.Secret) == "" {
		return []listeners.Problem{{Key: "secret", Text: "is missing: write a long random text, the same as in the system that posts"}}
	}
	return nil
}

// Webhook is one address that is posted to. It is safe for concurrent use.
type Webhook struct {
	name   string
	secret []byte
	sink   listeners.Sink
	log    *slog.Logger
	now    func() time.Time
}

// What this listener can do.
var (
	_ listeners.Receiver = (*Webhook)(nil)
	_ listeners.Doctor   = (*Webhook)(nil)
)

func build(env listeners.Env, options any) (any, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("webhook: options are %T, want *webhook.Options", options)
	}
	for _, p := range o.Validate() {
		return nil, fmt.Errorf("webhook: %s %s", p.Key, p.Text)
	}
	return &Webhook{name: env.Name, secret: []byte(o.Secret), sink: env.Sink, log: env.Log, now: env.Now}, nil
}

// Handler implements listeners.Receiver. It answers as the contract's section 3
// says, and only after everything is stored.
func (h *Webhook) Handler() http.Handler { return http.HandlerFunc(h.serve) }

// answer is what a post is answered with.
type answer struct {
	Accepted  int       `json:"accepted"`
	Duplicate int       `json:"duplicate"`
	Rejected  []refusal `json:"rejected"`
}

// refusal is one object that was not taken.
type refusal struct {
	Index int    `json:"index"`
	ID    string `json:"id"`
	Error string `json:"error"`
}

// spooled is the answer while everything is held on the disk spool only.
type spooled struct {
	Spooled  int       `json:"spooled"`
	Rejected []refusal `json:"rejected,omitempty"`
}

// problem is the answer to a post that was not taken at all.
type problem struct {
	Error string `json:"error"`
}

func (h *Webhook) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		reply(w, http.StatusMethodNotAllowed, problem{"POST only"})
		return
	}
	at, mac, ok := signatureOf(r.Header, h.now())
	if !ok {
		reply(w, http.StatusUnauthorized, problem{"unauthorized"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			reply(w, http.StatusRequestEntityTooLarge, problem{fmt.Sprintf("the body is larger than %d bytes: post in several parts", MaxBody)})
			return
		}
		reply(w, http.StatusBadRequest, problem{"the body could not be read"})
		return
	}
	if !matches(h.secret, at, body, mac) {
		reply(w, http.StatusUnauthorized, problem{"unauthorized"})
		return
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		reply(w, http.StatusUnsupportedMediaType, problem{"post without compression"})
		return
	}
	h.take(r.Context(), w, body)
}

// take stores what a body holds and answers.
func (h *Webhook) take(ctx context.Context, w http.ResponseWriter, body []byte) {
	entries, rejected, err := decode(body)
	switch {
	case errors.Is(err, errTooMany):
		reply(w, http.StatusRequestEntityTooLarge, problem{err.Error()})
		return
	case err != nil:
		reply(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	a := answer{Rejected: rejected}
	if len(entries) > 0 {
		outcomes, err := h.sink.Put(ctx, h.name, entries)
		if err != nil {
			h.log.Warn("a post could not be stored, it was refused", "channel", h.name, "objects", len(entries), "err", err)
			w.Header().Set("Retry-After", "5")
			reply(w, http.StatusServiceUnavailable, problem{"cannot store now, nothing was taken: post again"})
			return
		}
		held := 0
		for _, o := range outcomes {
			switch o {
			case listeners.Accepted:
				a.Accepted++
			case listeners.Spooled:
				held++
			case listeners.Duplicate, listeners.Changed:
				a.Duplicate++
			}
		}
		if held > 0 {
			reply(w, http.StatusAccepted, spooled{Spooled: held, Rejected: rejected})
			return
		}
	}
	reply(w, http.StatusOK, a)
}

func reply(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(append(b, '\n'))
}

// Doctor says where to post: whether someone does, only they can tell.
func (h *Webhook) Doctor(context.Context) []listeners.Finding {
	return []listeners.Finding{{OK: true, Text: "等着 POST /in/" + h.name + "，签名密钥已配置", TextEN: "waits for POST /in/" + h.name + ", its secret is set"}}
}
