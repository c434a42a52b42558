package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

const (
	sessionAge   = 30 * 24 * time.Hour
	sessionFresh = 10 * time.Minute // how old SeenAt may be before it is written again
	triesIn      = 10 * time.Minute
	maxCode      = 100
)

// session is a signed-in colleague.
type session struct {
	hash  string
	staff *feedback.Staff
	began time.Time
}

// signInView is the sign-in page. Code is set on a one-time link's page.
type signInView struct {
	Code  string
	Next  string
	Error string
	// Password opens the part for name and password.
	Password bool
}

// signedIn lets staff through and sends others to sign in. Who somebody is and
// whether they may still be here is read at every request.
func (s *Server) signedIn(next func(http.ResponseWriter, *http.Request, *session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ses, err := s.sessionOf(r)
		if err != nil {
			s.broken(w, r, err)
			return
		}
		if ses != nil {
			next(w, r, ses)
			return
		}
		if wantsJSON(r) || r.Method != http.MethodGet || r.URL.Path == "/live" {
			s.fail(w, r, http.StatusUnauthorized, "err.signedout")
			return
		}
		to := "/signin"
		if r.URL.Path != "/" {
			to += "?next=" + url.QueryEscape(r.URL.RequestURI())
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

func (s *Server) sessionCookie() string { return cookieName("hy_session", s.site.Load().secure()) }

// sessionOf returns who is signed in, nil where nobody is.
func (s *Server) sessionOf(r *http.Request) (*session, error) {
	c, err := r.Cookie(s.sessionCookie())
	if err != nil || !validToken(c.Value) {
		return nil, nil //nolint:nilerr // no cookie means not signed in, which is no failure
	}
	hash := tokenHash(c.Value)
	now := s.now().UTC()
	var ses *session
	var row *store.Session
	err = s.db.Read(r.Context(), func(tx *store.Tx) error {
		ses = nil
		var err error
		if row, err = tx.Session(hash, now); err != nil {
			return absent(err)
		}
		staff, err := tx.Staff(row.Staff)
		if err != nil {
			return absent(err)
		}
		if !staff.Disabled {
			ses = &session{hash: hash, staff: staff, began: row.CreatedAt}
		}
		return nil
	})
	if err != nil || ses == nil {
		return nil, err
	}
	if now.Sub(row.SeenAt) > sessionFresh {
		s.touch(r.Context(), row, now)
	}
	return ses, nil
}

// touch notes that a session is in use, which keeps it.
func (s *Server) touch(ctx context.Context, row *store.Session, now time.Time) {
	err := s.db.Write(ctx, func(tx *store.Tx) error { return tx.RenewSession(row.Hash, now, now.Add(sessionAge)) })
	if err != nil {
		s.log.Warn("web: session not prolonged", "staff", row.Staff, "err", err)
	}
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// signInPage shows where to write a code.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "signin", signInView{Next: inside(r.URL.Query().Get("next"))})
}

// linkPage shows a one-time link's button. Only pressing it uses the code up,
// since chats open links to preview them.
func (s *Server) linkPage(w http.ResponseWriter, r *http.Request) {
	code := r.PathValue("code")
	if len(code) > maxCode {
		s.fail(w, r, http.StatusNotFound, "err.notfound")
		return
	}
	s.render(w, r, http.StatusOK, "signin", signInView{Code: code, Next: inside(r.URL.Query().Get("next"))})
}

// signIn uses up a code, or takes a name and a password, and opens a session.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "err.bad")
		return
	}
	ok, err := s.mayTry(r)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if !ok {
		s.slow(w, r, triesIn)
		return
	}
	next := inside(r.PostForm.Get("next"))
	code, name := strings.TrimSpace(r.PostForm.Get("code")), r.PostForm.Get("name")
	var staff *feedback.Staff
	switch {
	case name != "":
		staff, err = s.desk.SignInWith(r.Context(), name, r.PostForm.Get("password"), r.PostForm.Get("otp"))
	case code == "" || len(code) > maxCode:
		err = feedback.ErrNotFound
	default:
		staff, err = s.desk.SignIn(r.Context(), code)
	}
	if wait, slow := desk.IsSlow(err); slow {
		s.slow(w, r, wait)
		return
	}
	switch {
	case errors.Is(err, feedback.ErrNotFound), errors.Is(err, feedback.ErrForbidden), errors.Is(err, feedback.ErrInvalid):
		s.wrongCode(w, r, next, name != "")
		return
	case err != nil:
		s.broken(w, r, err)
		return
	}
	if err := s.openSession(w, r, staff); err != nil {
		s.broken(w, r, err)
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // inside lets through our own pages only
}

// wrongCode says that something was wrong, and never what.
func (s *Server) wrongCode(w http.ResponseWriter, r *http.Request, next string, password bool) {
	key := "err.signin"
	if password {
		key = "err.password"
	}
	s.render(w, r, http.StatusUnauthorized, "signin", signInView{Next: next, Password: password, Error: say(s.language(r), key)})
}

// mayTry counts attempts to sign in: by address, and all together, so that many
// addresses do not help either. Sessions that are open stay open.
func (s *Server) mayTry(r *http.Request) (bool, error) {
	const together = 20
	var here, all int
	now := s.now().UTC()
	if _, ok := s.signIns.take(s.address(r), now); !ok {
		return false, nil // a flood is not worth a write each
	}
	err := s.db.Write(r.Context(), func(tx *store.Tx) error {
		var err error
		if here, err = tx.Tries("signin:"+s.address(r), triesIn, now); err != nil {
			return err
		}
		if here > s.limits.SignInTries {
			return nil // one address does not use up what all share
		}
		all, err = tx.Tries("signin", triesIn, now)
		return err
	})
	return here <= s.limits.SignInTries && all <= together*s.limits.SignInTries, err
}

// openSession gives the browser a fresh token; one it had before ends.
func (s *Server) openSession(w http.ResponseWriter, r *http.Request, staff *feedback.Staff) error {
	token := rand.Text()
	now := s.now().UTC()
	old := ""
	if c, err := r.Cookie(s.sessionCookie()); err == nil {
		old = c.Value
	}
	err := s.db.Write(r.Context(), func(tx *store.Tx) error {
		if old != "" {
			if err := tx.DropSession(tokenHash(old)); err != nil {
				return err
			}
		}
		return tx.PutSession(store.Session{Hash: tokenHash(token), Staff: staff.ID, CreatedAt: now, SeenAt: now, Expires: now.Add(sessionAge)})
	})
	if err != nil {
		return err
	}
	s.setCookie(w, "hy_session", token, sessionAge)
	return nil
}

// signOut ends the session.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(s.sessionCookie()); err == nil {
		err := s.db.Write(r.Context(), func(tx *store.Tx) error { return tx.DropSession(tokenHash(c.Value)) })
		if err != nil {
			s.broken(w, r, err)
			return
		}
	}
	s.setCookie(w, "hy_session", "", 0)
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

// inside returns path where it leads to a page of ours, else the front page:
// what follows a sign-in must not lead elsewhere.
func inside(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
