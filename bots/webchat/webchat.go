// Package webchat is the connector behind the customers' chat page. The page
// itself is served by package web and reads what has been said from the store:
// sending means that the row counts as sent, and the page is told to look.
package webchat

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
)

// Stored begins the Ref of an attachment that was uploaded through the page and
// lies in the files directory already; the rest is its path there.
const Stored = feedback.StoredRef

// MaxText is how many characters one message may have, either way.
const MaxText = 4000

// Options are what one entry of this kind can say.
type Options struct {
	Title    string   `yaml:"title"`    // above the chat; empty: the brand's name
	Greeting string   `yaml:"greeting"` // the page's first words; empty: the text `greeting`
	Origins  []string `yaml:"origins"`  // sites that may embed the page
}

// Kind returns the description of this connector.
func Kind() bots.Kind {
	return bots.Kind{
		Name:    "web",
		Title:   "网页",
		TitleEN: "Web",
		Sample: `- name: site
  type: web
  # title: 青禾咖啡               # above the chat; the brand's name where left out
  # greeting: 您好，想说什么直接发来。   # the page's first words; the text greeting where left out
  # origins: ["https://www.example.com"]   # sites that show the chat by one script tag:
  #   <script async src="https://YOUR-ADDRESS/c/embed.js" data-bot="site"></script>
`,
		Caps: bots.Caps{
			TwoWay:    true,
			Text:      bots.Limit{N: MaxText, Unit: bots.Runes},
			Caption:   bots.Limit{N: MaxText, Unit: bots.Runes},
			Data:      64,
			RecallFor: 24 * time.Hour,
		},
		Options: func() any { return &Options{} },
		New:     build,
	}
}

// Validate names origins that are none.
func (o *Options) Validate() []bots.Problem {
	var problems []bots.Problem
	for _, origin := range o.Origins {
		if _, err := Origin(origin); err != nil {
			problems = append(problems, bots.Problem{Key: "origins", Text: err.Error()})
		}
	}
	return problems
}

// Origin returns an origin as browsers write it: scheme, host and port, in
// lower case. Anything else in it is an error that says what to write.
func Origin(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fmt.Errorf("origin %q: write it as https://www.example.com", s)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("origin %q: leave out everything after the host: %s://%s", s, u.Scheme, u.Host)
	}
	if strings.ContainsAny(u.Host, " ;,'\"*") {
		return "", fmt.Errorf("origin %q: name one host, without wildcards", s)
	}
	return strings.ToLower(u.Scheme + "://" + u.Host), nil
}

func build(env bots.Env, options any) (bots.Bot, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("webchat: options are %T, want *webchat.Options", options)
	}
	for _, p := range o.Validate() {
		return nil, fmt.Errorf("webchat: %s: %s", p.Key, p.Text)
	}
	return &Bot{files: env.Files}, nil
}

// Bot is one chat page.
type Bot struct{ files bots.Opener }

// The optional things this connector can do.
var (
	_ bots.Fetcher  = (*Bot)(nil)
	_ bots.Recaller = (*Bot)(nil)
	_ bots.Doctor   = (*Bot)(nil)
)

// Run waits: the page hands its events to the Inbox itself.
func (b *Bot) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Send takes the message at once: it is in the store, where the page reads it.
func (b *Bot) Send(_ context.Context, p bots.Post) (bots.Sent, error) {
	if p.Key == "" {
		return bots.Sent{}, &bots.SendError{Fate: bots.Rejected, Code: "no key", Err: errors.New("webchat: a post needs the key of its outbox row")}
	}
	return bots.Sent{ID: p.Key}, nil
}

// Recall agrees: the page leaves out what was taken back.
func (b *Bot) Recall(context.Context, string, string) error { return nil }

// Fetch opens what was uploaded through the page.
func (b *Bot) Fetch(_ context.Context, ref string, limit int64) (bots.File, error) {
	path, ok := strings.CutPrefix(ref, Stored)
	if !ok || b.files == nil {
		return bots.File{}, &bots.SendError{Fate: bots.Rejected, Code: "unknown reference", Err: errors.New("webchat: the attachment was not uploaded through the page")}
	}
	r, err := b.files.Open(path)
	if err != nil {
		return bots.File{}, &bots.SendError{Fate: bots.Vanished, Code: "missing file", Err: fmt.Errorf("webchat: %w", err)}
	}
	return bots.File{Body: bots.Bounded(r, limit), Size: -1}, nil
}

// Doctor has nothing to try: the page is served by this program.
func (b *Bot) Doctor(context.Context) []bots.Finding {
	return []bots.Finding{{OK: true, Text: "网页客服由本程序提供", TextEN: "the chat page is served by this program"}}
}
