package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// A visitor is whoever holds a token of 130 random bits: a cookie that scripts
// cannot read, or, inside another site's page where such cookies are blocked, a
// header. Only its hash is ever stored.

const (
	visitorHeader = "X-Huiyin-Visitor"
	visitorAge    = 400 * 24 * time.Hour
	tokenLength   = 26
)

// visitor is who asks.
type visitor struct {
	id string // the author's external id: a hash of the token
}

func cookieName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// visitorOf returns who asks. ok is false where the request has no token.
func (s *Server) visitorOf(r *http.Request) (visitor, bool) {
	token := r.Header.Get(visitorHeader)
	if token == "" {
		c, err := r.Cookie(cookieName("hy_visitor", s.site.Load().secure()))
		if err != nil {
			return visitor{}, false
		}
		token = c.Value
	}
	if !validToken(token) {
		return visitor{}, false
	}
	return visitorFor(token), true
}

func visitorFor(token string) visitor {
	sum := sha256.Sum256([]byte("huiyin visitor " + token))
	return visitor{id: hex.EncodeToString(sum[:20])}
}

// validToken reports whether token looks like one of rand.Text.
func validToken(token string) bool {
	return len(token) == tokenLength && strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// welcome gives a browser that has none a token in a cookie.
func (s *Server) welcome(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visitorOf(r); ok {
		return
	}
	s.setCookie(w, "hy_visitor", rand.Text(), visitorAge)
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	secure := s.site.Load().secure()
	c := &http.Cookie{ //nolint:gosec // Secure wherever browsers come by https; on plain loopback they would drop it
		Name: cookieName(name, secure), Value: value, Path: "/", MaxAge: int(age / time.Second),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if age <= 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// conversation returns the visitor's conversation on a chat page, nil where
// they have not written yet.
func (s *Server) conversation(ctx context.Context, chat Chat, v visitor) (*feedback.Conversation, error) {
	var conv *feedback.Conversation
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		conv = nil
		author, err := tx.AuthorByExternal(chat.Name, v.id)
		if err != nil {
			return absent(err)
		}
		conv, err = tx.ConversationOf(chat.Name, v.id, author.ID)
		return absent(err)
	})
	return conv, err
}

// absent turns "not found" into nil, for what may not be there yet.
func absent(err error) error {
	if errors.Is(err, feedback.ErrNotFound) {
		return nil
	}
	return err
}
