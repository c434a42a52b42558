package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"path"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

// pages are the parsed templates.
type pages struct{ t *template.Template }

// page is what every template gets: V is the page's own view.
type page struct {
	Lang  string
	Brand string
	Nonce string
	V     any
}

// messageView is a page with one sentence and the way to where there is more.
type messageView struct {
	Text string
	Home string // address
	Way  string // what leads there, in words
}

// loadPages parses the templates. They are part of the program: a mistake in
// them is one in the source, and found by every test that starts a Server.
func loadPages(a *assets) *pages {
	t := template.New("").Funcs(template.FuncMap{
		"t":     func(p page, key string, args ...string) string { return say(p.Lang, key, args...) },
		"asset": a.url,
		"of":    func(p page, v any) page { p.V = v; return p },
	})
	return &pages{template.Must(t.ParseFS(templateFiles, "templates/*.html"))}
}

// render answers with a page. It is rendered whole before a byte is sent.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, v any) {
	nonce, _ := r.Context().Value(nonceKey{}).(string)
	var b bytes.Buffer
	err := s.pages.t.ExecuteTemplate(&b, name, page{Lang: s.language(r), Brand: s.site.Load().Brand, Nonce: nonce, V: v})
	if err != nil {
		s.log.Error("web: page", "name", name, "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// assets are our own styles and scripts. Their addresses carry their checksums,
// so that browsers keep them for ever and never mix versions.
type assets struct{ byName map[string]asset }

type asset struct {
	sum  string
	body []byte
}

func loadAssets() *assets {
	a := &assets{byName: map[string]asset{}}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(fmt.Sprintf("web: embedded assets: %v", err)) // they are part of the program
	}
	for _, e := range entries {
		body, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(fmt.Sprintf("web: embedded assets: %v", err))
		}
		sum := sha256.Sum256(body)
		a.byName[e.Name()] = asset{hex.EncodeToString(sum[:8]), body}
	}
	return a
}

// url returns an asset's address.
func (a *assets) url(name string) (string, error) {
	f, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("no asset %s", name)
	}
	return "/static/" + f.sum + "/" + name, nil
}

// serve answers with an asset's content.
func (a *assets) serve(w http.ResponseWriter, _ *http.Request, name string) {
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	_, _ = w.Write(a.byName[name].body)
}

// static serves an asset by its checksum.
func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	f, ok := s.assets.byName[name]
	if !ok || f.sum != r.PathValue("sum") {
		s.fail(w, r, http.StatusNotFound, "err.notfound")
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	s.assets.serve(w, r, name)
}

// favicon serves the sign of the house.
func (s *Server) favicon(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	s.assets.serve(w, r, "icon.svg")
}
