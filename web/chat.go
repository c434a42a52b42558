package web

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/huiyin/huiyin/bots/webchat"
)

// chatView is what the customers' page is made of. Config is read by its
// script.
type chatView struct {
	Title    string
	Brand    string
	Greeting string
	Chips    []string
	Embed    bool
	Config   chatConfig
}

type chatConfig struct {
	Base     string            `json:"base"` // /c/NAME
	Embed    bool              `json:"embed"`
	Lang     string            `json:"lang"`
	Zone     string            `json:"zone"`
	MaxText  int               `json:"maxText"`
	MaxFile  int64             `json:"maxFile"`
	MaxFiles int               `json:"maxFiles"`
	Texts    map[string]string `json:"texts"`
}

// chatPage serves the page where customers write.
func (s *Server) chatPage(w http.ResponseWriter, r *http.Request) {
	site := s.site.Load()
	chat, ok := site.chat(r.PathValue("bot"))
	if !ok {
		s.fail(w, r, http.StatusNotFound, "err.notfound")
		return
	}
	lang := s.language(r)
	embed := r.URL.Query().Get("embed") == "1"
	nonce, _ := r.Context().Value(nonceKey{}).(string)
	w.Header().Set("Content-Security-Policy", policy(nonce, strings.Join(append([]string{"'self'"}, chat.Origins...), " ")))
	if embed {
		// A page inside another site's may not be severed from it, and is asked
		// for across sites.
		w.Header().Del("Cross-Origin-Opener-Policy")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	} else {
		s.welcome(w, r)
	}
	s.render(w, r, http.StatusOK, "chat", s.chatView(site, chat, lang, embed))
}

func (s *Server) chatView(site *Site, chat Chat, lang string, embed bool) chatView {
	v := chatView{Title: chat.Title, Brand: site.Brand, Greeting: chat.Greeting, Embed: embed, Config: chatConfig{
		Base: "/c/" + chat.Name, Embed: embed, Lang: lang, Zone: site.Location.String(),
		MaxText: webchat.MaxText, MaxFile: s.files.MaxFile(), MaxFiles: s.limits.MaxFiles, Texts: scriptTexts(lang, "chat."),
	}}
	if v.Title == "" {
		v.Title = site.Brand
	}
	if v.Greeting == "" && site.Greeting != nil {
		v.Greeting = site.Greeting(lang)
	}
	if v.Greeting == "" {
		v.Greeting = say(lang, "page.greeting", "brand", site.Brand)
	}
	for _, k := range []string{"chip.complaint", "chip.question", "chip.suggestion", "chip.praise"} {
		v.Chips = append(v.Chips, say(lang, k))
	}
	return v
}

// chatHello gives a page inside another site its token: a cookie would be
// blocked there, so the page keeps it and sends it as a header.
func (s *Server) chatHello(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.chatOf(w, r); !ok {
		return
	}
	if wait, ok := s.senders.take(s.address(r), s.now()); !ok {
		s.slow(w, r, wait)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"token": rand.Text()})
}

// chatOf returns the chat page that the path names, or answers 404.
func (s *Server) chatOf(w http.ResponseWriter, r *http.Request) (Chat, bool) {
	chat, ok := s.site.Load().chat(r.PathValue("bot"))
	if !ok {
		s.fail(w, r, http.StatusNotFound, "err.notfound")
	}
	return chat, ok
}

// embedScript serves the one script tag for other sites.
func (s *Server) embedScript(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	s.assets.serve(w, r, "embed.js")
}

// linkFields are the configured fields that the page's own address set, as
// /c/NAME?shop=SH018 does. Others are ignored.
func (s *Server) linkFields(values map[string][]string) map[string]string {
	const longest = 100 // runes of a value
	fields := map[string]string{}
	for _, f := range s.site.Load().Fields {
		v := values[f.Name]
		if len(v) == 0 || v[0] == "" || len([]rune(v[0])) > longest {
			continue
		}
		fields[f.Name] = v[0]
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}
