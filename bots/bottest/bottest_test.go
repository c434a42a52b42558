package bottest

import (
	"context"
	"errors"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"@\u200dlilei":       "@lilei",
		"＠lilei ／claim":      "@lilei /claim",
		"a\u2060.\u202ecom":  "a.com",
		" 前\n\n后\t":          "前 后",
		"\xff好\x00":          "好",
		"👨\u200d👩":           "👨👩",
		"#128「奶茶里有虫」":        "#128「奶茶里有虫」",
		"行\u2028段\u3000全角空格": "行 段 全角空格",
	} {
		if got := Visible(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestHostileHoldsEachClassOnce(t *testing.T) {
	all := Hostile()
	seen := map[string]bool{}
	invalid, long := 0, 0
	for _, text := range all {
		seen[text] = true
		if !utf8.ValidString(text) {
			invalid++
		}
		if len(text) > 10000 {
			long++
		}
	}
	if len(all) < 300 || len(seen) < len(all)-10 || invalid < 4 || long < 6 {
		t.Errorf("%d texts, %d different, %d invalid, %d long", len(all), len(seen), invalid, long)
	}
}

func TestInboxKeepsRefusedEvents(t *testing.T) {
	refused := errors.New("cannot store now")
	in := &Inbox{Reply: func(_ context.Context, e bots.Event) (bots.Answer, error) {
		if e.Key == "2" {
			return bots.Answer{}, refused
		}
		return bots.Answer{Text: "好"}, nil
	}}
	if a, err := in.Receive(t.Context(), "x", bots.Event{Key: "1"}); err != nil || a.Text != "好" {
		t.Errorf("%+v %v", a, err)
	}
	if _, err := in.Receive(t.Context(), "x", bots.Event{Key: "2"}); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	got := in.Wait(t, 2, func(bots.Event) bool { return true })
	if got[0].Key != "1" || got[1].Key != "2" {
		t.Errorf("%+v", got)
	}
}

func TestEnvOpensItsFiles(t *testing.T) {
	env, log := NewEnv(t, &Inbox{})
	f, err := env.Files.Open("files/photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if content, err := io.ReadAll(f); err != nil || len(content) == 0 {
		t.Errorf("%q %v", content, err)
	}
	if _, err := env.Files.Open("none"); err == nil {
		t.Error("a file that is not there opens")
	}
	env.Log.Info("hello", "id", 7)
	if log.String() == "" {
		t.Error("nothing is logged")
	}
}
