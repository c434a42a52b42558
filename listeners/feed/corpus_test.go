package feed

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/test/hostile"
)

// TestHostileCorpus puts every case, raw and escaped, where a feed of each form
// says title, text, author and address.
func TestHostileCorpus(t *testing.T) {
	f := &Feed{o: *defaults(), zone: time.UTC, now: func() time.Time { return noon }}
	f.o.URL = "https://site.example/feed"
	read := 0
	for _, c := range hostile.Corpus() {
		item, err := json.Marshal(map[string]any{"id": c.Name, "title": c.Text, "content_html": c.Text, "url": c.URL(), "authors": []any{map[string]any{"name": c.Text}, nil}})
		if err != nil {
			t.Fatal(err)
		}
		escaped := html.EscapeString(c.Text)
		for form, body := range map[string]string{
			"RSS":       rss("<guid>" + escaped + "</guid><title>" + escaped + "</title><description>" + escaped + "</description><author>" + escaped + "</author><link>" + html.EscapeString(c.URL()) + "</link>"),
			"raw RSS":   rss("<guid>1</guid><title>" + c.Text + "</title><description><![CDATA[" + c.Text + "]]></description>"),
			"Atom":      `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>` + escaped + `</id><title type="html">` + escaped + `</title><content type="html">` + escaped + `</content><author><name>` + escaped + `</name></author><link href="` + html.EscapeString(c.URL()) + `"/></entry></feed>`,
			"JSON Feed": `{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[null,` + string(item) + `]}`,
		} {
			p, err := f.understand(&answer{body: []byte(body)})
			if err != nil || p.feed == nil {
				continue // a body that is no feed any more is refused as a whole
			}
			for _, e := range f.entries(p.feed.Items, f.base(p, cursor{}), noon) {
				read++
				if why := wrong(e); why != "" {
					t.Errorf("%s as %s: %s", c.Name, form, why)
				}
			}
		}
	}
	if least := 3 * len(hostile.Corpus()) * 8 / 10; read < least {
		t.Errorf("%d entries were read, want %d", read, least)
	}
}

// wrong says what of an entry the pipeline could not rely on.
func wrong(e found) string {
	switch entry := e.entry; {
	case entry.Text == "" || len(entry.Text) > 2*maxText+2 || len(entry.Raw) > maxRaw:
		return fmt.Sprintf("text of %d bytes, raw of %d", len(entry.Text), len(entry.Raw))
	case !utf8.ValidString(entry.Text) || !utf8.ValidString(entry.Author.Name) || strings.ContainsRune(entry.Text, 0):
		return "invalid text"
	case entry.URL != "" && !strings.HasPrefix(entry.URL, "http://") && !strings.HasPrefix(entry.URL, "https://"):
		return "leads to " + entry.URL
	}
	return ""
}
