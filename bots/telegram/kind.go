// Package telegram connects Telegram: customers' private chats, teams' groups.
//
// Updates are fetched by long polling and confirmed only after the Inbox has
// stored them. Everything is sent as plain text with entities, never with a
// parse mode, so that no text can be refused for its markup; see inert for how
// mentions, commands, tags and links in it are kept from coming to life.
//
// # Links into the bot
//
// https://t.me/BOT?start=PAYLOAD opens the private chat and arrives as OnStart
// with the payload as Text. Fields are read from it: shop_SH018 sets shop,
// several follow each other with two underscores (shop_SH018__table_7). Values
// with other characters are sent as base64url without padding of a query
// string (shop=SH018&order=A%2F1). Telegram allows 64 characters of A–Z a–z
// 0–9 _ and -.
package telegram

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// Options are a bot's settings.
type Options struct {
	Token  string `yaml:"token" secret:"true"`
	APIURL string `yaml:"api_url"`
	// Poll is how long a request for updates waits for one, in whole seconds.
	Poll time.Duration `yaml:"poll"`
	// Timeout is how long any other request may take; a file gets ten times that.
	Timeout time.Duration `yaml:"timeout"`
	// Retry is the first pause after a failed poll; it doubles up to a minute.
	Retry time.Duration `yaml:"retry"`
	// Conflict is the pause while another instance polls the same bot.
	Conflict time.Duration `yaml:"conflict"`
	// Expire is how long an answer that only one person needs stays in a group.
	Expire time.Duration `yaml:"expire"`
}

// Telegram's documented figures (Bot API 10.1).
const (
	maxText      = 4096     // UTF-16 units of a message
	maxCaption   = 1024     // UTF-16 units of a caption
	maxData      = 64       // bytes of a button's data
	maxToast     = 200      // characters of an answer to a press
	maxUpload    = 50 << 20 // bytes of a file a bot can send
	maxPhoto     = 10 << 20 // bytes of a picture shown as such
	maxAlbum     = 10       // files of an album
	maxRow       = 8        // buttons of a row
	maxParameter = 64       // characters of a start parameter
)

// Kind describes the connector.
func Kind() bots.Kind {
	return bots.Kind{
		Name:  "telegram",
		Title: "Telegram",
		Sample: `- name: care
  type: telegram
  token: ${TELEGRAM_TOKEN}                   # from @BotFather; or token_file: PATH
  # api_url: https://api.telegram.org        # or a self-hosted Bot API server
  # poll: 50s                                # how long a poll waits for news
  # timeout: 15s                             # of any other request
  # retry: 1s                                # first pause after a failed poll; doubles up to a minute
  # conflict: 30s                            # pause while another instance polls this bot
  # expire: 30s                              # how long an answer for one person stays in a group
`,
		Caps: bots.Caps{
			TwoWay: true, Team: true, Polled: true,
			Keeps:     24 * time.Hour,
			Text:      bots.Limit{N: maxText, Unit: bots.UTF16},
			Caption:   bots.Limit{N: maxCaption, Unit: bots.UTF16},
			Data:      maxData,
			PerChat:   bots.Rate{N: 1, Per: time.Second},
			PerGroup:  bots.Rate{N: 20, Per: time.Minute},
			Overall:   bots.Rate{N: 30, Per: time.Second},
			RecallFor: 48 * time.Hour,
			Renumbers: true, // a group that becomes a supergroup
		},
		Options: func() any {
			return &Options{
				APIURL: "https://api.telegram.org", Poll: 50 * time.Second, Timeout: 15 * time.Second,
				Retry: time.Second, Conflict: 30 * time.Second, Expire: 30 * time.Second,
			}
		},
		New: func(env bots.Env, options any) (bots.Bot, error) {
			o, ok := options.(*Options)
			if !ok {
				return nil, fmt.Errorf("telegram: options are %T, want those of Kind().Options", options)
			}
			return newBot(env, *o)
		},
	}
}

// A token is put into every address, so it must not change one.
var tokenForm = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`)

// Validate implements bots.Validator.
func (o *Options) Validate() []bots.Problem {
	var problems []bots.Problem
	switch {
	case o.Token == "":
		problems = append(problems, bots.Problem{Key: "token", Text: "is missing: @BotFather gives one on /newbot"})
	case !tokenForm.MatchString(o.Token):
		problems = append(problems, bots.Problem{Key: "token", Text: "is not of the form 123456:ABC-def: copy it again from @BotFather"})
	}
	if u, err := url.Parse(o.APIURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Contains(o.APIURL, "%") || u.RawQuery != "" {
		problems = append(problems, bots.Problem{Key: "api_url", Text: "must be an http or https address such as https://api.telegram.org"})
	}
	for _, d := range []struct {
		key      string
		value    time.Duration
		min, max time.Duration
	}{
		{"poll", o.Poll, time.Second, 50 * time.Second},
		{"timeout", o.Timeout, 10 * time.Millisecond, 5 * time.Minute},
		{"retry", o.Retry, time.Millisecond, time.Minute},
		{"conflict", o.Conflict, time.Millisecond, time.Hour},
		{"expire", o.Expire, time.Millisecond, 24 * time.Hour},
	} {
		if d.value < d.min || d.value > d.max {
			problems = append(problems, bots.Problem{Key: d.key, Text: fmt.Sprintf("must lie between %s and %s", d.min, d.max)})
		}
	}
	return problems
}
