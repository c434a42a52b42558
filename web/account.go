package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/feedback"
)

// accountFresh is how long after signing in somebody may change how they sign
// in: a browser that was left open must not be enough.
const accountFresh = 15 * time.Minute

// accountView is a colleague's own page.
type accountView struct {
	Name                     string
	Password, TOTP, Possible bool
	Seed, URI                string   // a new seed: as typed, and as copied
	Waits                    bool     // a seed waits for its first code
	Recovery                 []string // shown once
	Done, Error              string
}

// accountPage shows how a colleague signs in.
func (s *Server) accountPage(w http.ResponseWriter, r *http.Request, ses *session) {
	s.renderAccount(w, r, http.StatusOK, ses, accountView{})
}

func (s *Server) renderAccount(w http.ResponseWriter, r *http.Request, status int, ses *session, v accountView) {
	var err error
	v.Name = ses.staff.Name
	if v.Password, v.TOTP, v.Possible, err = s.desk.HowSignedIn(r.Context(), ses.staff.ID); err != nil {
		s.broken(w, r, err)
		return
	}
	s.render(w, r, status, "account", v)
}

// account changes how a colleague signs in: their own, and nobody else's.
func (s *Server) account(w http.ResponseWriter, r *http.Request, ses *session) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "err.bad")
		return
	}
	do := r.PostForm.Get("do")
	if do == "everywhere" {
		if err := s.desk.SignOutEverywhere(r.Context(), ses.staff.ID); err != nil {
			s.broken(w, r, err)
			return
		}
		s.setCookie(w, "hy_session", "", 0)
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return
	}
	if s.now().Sub(ses.began) > accountFresh {
		s.renderAccount(w, r, http.StatusForbidden, ses, accountView{Error: say(s.language(r), "err.stale")})
		return
	}
	v, err := s.changeAccount(r, ses.staff.ID, do)
	switch {
	case errors.Is(err, errUnknownDeed):
		s.fail(w, r, http.StatusBadRequest, "err.bad")
		return
	case err != nil:
		s.broken(w, r, err)
		return
	}
	status := http.StatusOK
	switch {
	case v.Error != "":
		status = http.StatusUnprocessableEntity
	case !v.Waits:
		// The change has ended every session, this one, too.
		if err := s.openSession(w, r, ses.staff); err != nil {
			s.broken(w, r, err)
			return
		}
	}
	s.renderAccount(w, r, status, ses, v)
}

var errUnknownDeed = errors.New("no such change of an account")

// changeAccount carries out one change. What the person got wrong is in the
// view; such a change changes nothing.
func (s *Server) changeAccount(r *http.Request, staff int64, do string) (v accountView, err error) {
	lang, form := s.language(r), r.PostForm
	v.Done = say(lang, "account.saved")
	wrong := func(key string) (accountView, error) { return accountView{Error: say(lang, key)}, nil }
	switch do {
	case "password":
		if form.Get("password") != form.Get("again") {
			return wrong("err.twice")
		}
		if form.Get("password") == "" {
			return wrong("err.weak")
		}
		err = s.desk.SetPassword(r.Context(), staff, form.Get("password"))
		if errors.Is(err, credential.ErrWeak) {
			return wrong("err.weak")
		}
	case "nopassword":
		err = s.desk.SetPassword(r.Context(), staff, "")
	case "totp":
		v.Done = ""
		v.Waits = true
		v.Seed, v.URI, err = s.desk.BeginTOTP(r.Context(), staff)
	case "confirm":
		v.Recovery, err = s.desk.ConfirmTOTP(r.Context(), staff, form.Get("code"))
		if errors.Is(err, feedback.ErrInvalid) {
			return accountView{Waits: true, Error: say(lang, "err.otp")}, nil
		}
	case "nototp":
		err = s.desk.DropTOTP(r.Context(), staff)
	default:
		err = errUnknownDeed
	}
	return v, err
}
