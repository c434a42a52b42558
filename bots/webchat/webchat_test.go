package webchat

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/bots"
)

type opener map[string]string

func (o opener) Open(path string) (io.ReadCloser, error) {
	s, ok := o[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(strings.NewReader(s)), nil
}

func newBot(t *testing.T, files bots.Opener) *Bot {
	t.Helper()
	k := Kind()
	b, err := k.New(bots.Env{Name: "site", Files: files}, k.Options())
	if err != nil {
		t.Fatal(err)
	}
	bot, ok := b.(*Bot)
	if !ok {
		t.Fatalf("New returned %T", b)
	}
	return bot
}

func TestSendIsSentAtOnce(t *testing.T) {
	sent, err := newBot(t, nil).Send(context.Background(), bots.Post{Key: "receipt:1", Text: "收到了"})
	if err != nil || sent.ID != "receipt:1" {
		t.Fatalf("Send = %+v, %v", sent, err)
	}
	if _, err := newBot(t, nil).Send(context.Background(), bots.Post{Text: "x"}); bots.FateOf(err) != bots.Rejected {
		t.Fatalf("a post without a key: %v", err)
	}
}

func TestFetchReadsUploadsOnly(t *testing.T) {
	b := newBot(t, opener{"ab/1": "picture"})
	f, err := b.Fetch(context.Background(), Stored+"ab/1", 100)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Body.Close()
	if got, err := io.ReadAll(f.Body); err != nil || string(got) != "picture" {
		t.Fatalf("read %q, %v", got, err)
	}
	short, err := b.Fetch(context.Background(), Stored+"ab/1", 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(short.Body); err == nil {
		t.Fatal("a file longer than the limit was read without an error")
	}
	for _, ref := range []string{"", "ab/1", "http://127.0.0.1/", Stored + "missing"} {
		var se *bots.SendError
		if _, err := b.Fetch(context.Background(), ref, 100); !errors.As(err, &se) {
			t.Errorf("Fetch(%q): %v, want a *SendError", ref, err)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := newBot(t, nil).Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestOrigins(t *testing.T) {
	for in, want := range map[string]string{
		"https://www.example.com":      "https://www.example.com",
		"https://WWW.Example.com/":     "https://www.example.com",
		"http://127.0.0.1:3000":        "http://127.0.0.1:3000",
		"www.example.com":              "",
		"https://example.com/shop":     "",
		"https://*.example.com":        "",
		"javascript:alert(1)":          "",
		"https://a.example;script-src": "",
		"":                             "",
	} {
		got, err := Origin(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Origin(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	k := Kind()
	if _, err := k.New(bots.Env{}, &Options{Origins: []string{"example"}}); err == nil {
		t.Error("New took an origin that is none")
	}
	if _, err := k.New(bots.Env{}, nil); err == nil {
		t.Error("New took no options")
	}
}
