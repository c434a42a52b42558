package telegram

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// bot is one Telegram bot.
type bot struct {
	env     bots.Env
	options Options
	http    *http.Client
	limits  limits
	pending sync.WaitGroup // answers and removals under way

	mu     sync.Mutex
	me     user   // as getMe tells; zero before
	status string // what stands in the way of polling, for Doctor; empty: nothing
}

// The optional interfaces a Telegram bot implements.
var (
	_ bots.Editor   = (*bot)(nil)
	_ bots.Recaller = (*bot)(nil)
	_ bots.Fetcher  = (*bot)(nil)
	_ bots.Doctor   = (*bot)(nil)
	_ bots.Linker   = (*bot)(nil)
)

func newBot(env bots.Env, o Options) (*bot, error) {
	var problems []error
	for _, p := range o.Validate() {
		problems = append(problems, fmt.Errorf("%s %s", p.Key, p.Text))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	o.APIURL = strings.TrimRight(o.APIURL, "/")
	if env.Now == nil {
		env.Now = time.Now
	}
	// A client's overall timeout would end a poll early; every request has a
	// deadline of its own.
	client := bots.NoRedirects(env.HTTP)
	client.Timeout = 0
	return &bot{env: env, options: o, http: client}, nil
}

// self returns the bot's own account, zero before the first getMe.
func (b *bot) self() user {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.me
}

// setStatus notes what stands in the way of polling.
func (b *bot) setStatus(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = text
}

// PrivateLink implements bots.Linker. "?start=" and a parameter may follow it,
// see the package's documentation.
func (b *bot) PrivateLink() string {
	name := b.self().Username
	if name == "" {
		return ""
	}
	return "https://t.me/" + name
}
