package telegram

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
	"github.com/huiyin/huiyin/outbound"
	"github.com/huiyin/huiyin/outbound/outboundtest"
)

// TestAFileLeadsNowhereInside: a Bot API server that names, and redirects
// downloads to, every address that is not public.
func TestAFileLeadsNowhereInside(t *testing.T) {
	canary := outboundtest.NewCanary(t)
	var v outboundtest.Vector
	downloads := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/getFile"):
			name := "photos/1.jpg"
			if r.FormValue("file_id") == "named" {
				name = v.URL
			}
			_, _ = w.Write([]byte(`{"ok":true,"result":{"file_path":` + strconv.QuoteToASCII(name) + `}}`))
		case r.URL.Path == "/file/bot"+telegramtest.DefaultToken+"/photos/1.jpg":
			downloads++
			w.Header()["Location"] = []string{v.URL}
			w.WriteHeader(http.StatusFound)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer api.Close()
	g := outbound.Guard{Ports: []uint16{uint16(canary.Port)}, Resolver: outboundtest.Resolver(t, nil)}
	env, _ := bottest.NewEnv(t, &bottest.Inbox{})
	env.HTTP, env.Content = g.Host(api.URL, bottest.Patience), g.Content(bottest.Patience)
	o, ok := Kind().Options().(*Options)
	if !ok {
		t.Fatal("options of another kind")
	}
	o.Token, o.APIURL = telegramtest.DefaultToken, api.URL
	b, err := Kind().New(env, o)
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{t: t, bot: b}
	vectors := canary.Vectors()
	for _, v = range vectors {
		for _, ref := range []string{"named", "redirected"} {
			if f, err := p.fetch(t.Context(), ref, 100); err == nil {
				_ = f.Body.Close()
				t.Errorf("%s (%q), %s: fetched", v.Name, v.URL, ref)
			}
		}
	}
	if n := canary.Hits(); n != 0 || downloads != len(vectors) {
		t.Fatalf("the canary was reached %d times in %d downloads", n, downloads)
	}
}
