// Package slack connects Huiyin to a Slack workspace: Socket Mode in, the Web
// API out. It carries and lays out; what things mean is decided elsewhere.
package slack

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/huiyin/huiyin/bots"
)

// Options configure one Slack workspace.
type Options struct {
	BotToken string `yaml:"bot_token" secret:"true"`
	AppToken string `yaml:"app_token" secret:"true"`
	// APIURL ends in a slash. Files and sockets are wherever it says they are.
	APIURL string `yaml:"api_url"`
	// Timeout is how long one request may take.
	Timeout time.Duration `yaml:"timeout"`
	// AckWithin is how long storing an event may take before it is left to be
	// delivered again. Slack itself waits 3 s for an acknowledgement.
	AckWithin time.Duration `yaml:"ack_within"`
	// Reconnect is the longest pause between two tries to connect.
	Reconnect time.Duration `yaml:"reconnect"`
	// Silence is how long a socket may say nothing, pings included, before it
	// is taken for dead.
	Silence time.Duration `yaml:"silence"`
}

// slackAckLimit is how long Slack waits for an envelope's acknowledgement.
const slackAckLimit = 3 * time.Second

// Validate names what is wrong with the options.
func (o *Options) Validate() []bots.Problem {
	var problems []bots.Problem
	wrong := func(key, text string) { problems = append(problems, bots.Problem{Key: key, Text: text}) }
	if !strings.HasPrefix(o.BotToken, "xoxb-") {
		wrong("bot_token", "needs the bot token of the Slack app (begins with xoxb-; OAuth & Permissions)")
	}
	if !strings.HasPrefix(o.AppToken, "xapp-") {
		wrong("app_token", "needs an app-level token with connections:write (begins with xapp-; Basic Information)")
	}
	if u, err := url.Parse(o.APIURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		wrong("api_url", "needs an address such as https://slack.com/api/")
	}
	if o.AckWithin <= 0 || o.AckWithin > slackAckLimit {
		wrong("ack_within", "needs a duration of at most 3s, Slack's own limit")
	}
	for key, d := range map[string]time.Duration{"timeout": o.Timeout, "reconnect": o.Reconnect, "silence": o.Silence} {
		if d <= 0 {
			wrong(key, "needs a duration above 0, such as 30s")
		}
	}
	return problems
}

const sample = `- name: hq
  type: slack                        # the app to create: bots/slack/manifest.yaml
  bot_token: ${SLACK_BOT_TOKEN}      # xoxb-…: OAuth & Permissions
  app_token: ${SLACK_APP_TOKEN}      # xapp-… with connections:write: Basic Information (Socket Mode on)
  # api_url: https://slack.com/api/
  # timeout: 20s                     # of one request
  # reconnect: 1m                    # longest pause between tries to connect
`

// Figures of the platform (docs.slack.dev, rate limits and Block Kit reference).
const (
	textLimit  = 4000                    // of one message's text, beyond which Slack advises against
	perChat    = 1100 * time.Millisecond // Slack allows one a second, as counted on its own clock
	aLongWhile = 100 * 365 * 24 * time.Hour
)

// Kind describes the connector.
func Kind() bots.Kind {
	return bots.Kind{
		Name:   "slack",
		Title:  "Slack",
		Sample: sample,
		Caps: bots.Caps{
			TwoWay: true, Team: true, Polled: true, Pushed: true, Private: true,
			Text:      bots.Limit{N: textLimit, Unit: bots.Runes},
			Caption:   bots.Limit{N: textLimit, Unit: bots.Runes},
			Data:      valueLimit,
			PerChat:   bots.Rate{N: 1, Per: perChat},
			PerGroup:  bots.Rate{N: 1, Per: perChat},
			Overall:   bots.Rate{N: 300, Per: time.Minute},
			Keeps:     6 * time.Minute, // it brings an event again at once, after one minute and after five
			RecallFor: aLongWhile,      // a bot can always delete what it posted
		},
		Options: func() any {
			return &Options{
				APIURL:    slack.APIURL,
				Timeout:   20 * time.Second,
				AckWithin: 2500 * time.Millisecond,
				Reconnect: time.Minute,
				Silence:   time.Minute,
			}
		},
		New: newBot,
	}
}

// bot is one workspace's connection.
type bot struct {
	env     bots.Env
	opts    Options
	log     *slog.Logger
	api     *slack.Client
	wire    *wire
	fetch   *http.Client // hands redirects back instead of following them
	trusted trustedHosts
	users   *directory[person]
	chats   *directory[string]

	mu     sync.RWMutex
	self   string // the bot's user id
	team   string // the workspace's id
	app    string // the app's id, as the socket said
	scopes string // as the last answer's header said
}

var (
	_ bots.Bot      = (*bot)(nil)
	_ bots.Editor   = (*bot)(nil)
	_ bots.Recaller = (*bot)(nil)
	_ bots.Finder   = (*bot)(nil)
	_ bots.Fetcher  = (*bot)(nil)
	_ bots.Doctor   = (*bot)(nil)
	_ bots.Linker   = (*bot)(nil)
)

func newBot(env bots.Env, options any) (bots.Bot, error) {
	given, ok := options.(*Options)
	if !ok {
		return nil, errors.New("slack: options are not those of this kind")
	}
	o := *given
	if problems := o.Validate(); len(problems) > 0 {
		return nil, errors.New("slack: " + problems[0].Key + " " + problems[0].Text)
	}
	if !strings.HasSuffix(o.APIURL, "/") {
		o.APIURL += "/"
	}
	b := &bot{env: env, opts: o, log: env.Log.With("bot", env.Name)}
	b.trusted = trustHosts(o.APIURL)
	b.wire = newWire(env.HTTP, o.APIURL, o.Timeout)
	b.fetch = bots.NoRedirects(env.HTTP)
	b.api = slack.New(o.BotToken,
		slack.OptionAPIURL(o.APIURL),
		slack.OptionAppLevelToken(o.AppToken),
		slack.OptionHTTPClient(b.wire),
		slack.OptionOnResponseHeaders(b.noteScopes))
	b.users = newDirectory(env.Now, b.askUser)
	b.chats = newDirectory(env.Now, b.askChat)
	return b, nil
}

func (b *bot) noteScopes(_ string, h http.Header) {
	if s := h.Get("X-Oauth-Scopes"); s != "" {
		b.mu.Lock()
		b.scopes = s
		b.mu.Unlock()
	}
}

func (b *bot) me() string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.self
}

// identify learns the bot's own user id, which tells its own messages and its
// mentions apart from others'.
func (b *bot) identify(ctx context.Context) error {
	if b.me() != "" {
		return nil
	}
	answer, err := b.api.AuthTestContext(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.self, b.team = answer.UserID, answer.TeamID
	b.mu.Unlock()
	return nil
}

// PrivateLink returns the address that opens the chat with the bot. Slack
// carries no parameter there.
func (b *bot) PrivateLink() string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.app == "" {
		return ""
	}
	return "https://slack.com/app_redirect?" + url.Values{"app": {b.app}, "team": {b.team}}.Encode()
}
