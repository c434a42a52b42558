package webhook

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/huiyin/huiyin/test/hostile"
)

// TestHostileCorpus puts every case into every field of an object, and as the
// body itself: what is taken is bounded and valid, what is not is refused with
// a reason.
func TestHostileCorpus(t *testing.T) {
	taken := 0
	for _, c := range hostile.Corpus() {
		object, err := json.Marshal(map[string]any{
			"id": c.Name, "text": c.Text, "url": c.URL(), "author": map[string]any{"id": c.Author(), "name": c.Author()}, "fields": map[string]string{"shop": c.Author()},
		})
		if err != nil {
			t.Fatal(err)
		}
		// As it came, too: with whatever bytes JSON does not allow.
		raw := `{"id":"1","text":"` + c.Text + `"}`
		for _, body := range []string{string(object), "[" + string(object) + ",null]", raw, c.Text, `{"` + c.Text + `":1,"text":"x"}`} {
			entries, refused, err := decode([]byte(body))
			if err != nil && len(entries) > 0 {
				t.Errorf("%s: taken in spite of %v", c.Name, err)
			}
			for _, r := range refused {
				if r.Error == "" {
					t.Errorf("%s: refused without a reason", c.Name)
				}
			}
			for _, e := range entries {
				taken++
				if !utf8.ValidString(e.Text) || len(e.ID) > maxID || len(e.URL) > maxURL || len(e.Raw) > maxRaw || len(e.Fields) > maxFields {
					t.Errorf("%s: taken beyond its bounds: %.200v", c.Name, e)
				}
				if scheme, _, _ := strings.Cut(e.URL, ":"); e.URL != "" && !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
					t.Errorf("%s: leads to %.80q", c.Name, e.URL)
				}
			}
		}
	}
	if taken < len(hostile.Corpus()) {
		t.Errorf("%d entries were taken", taken)
	}
}
