// Package feed reads RSS, Atom and JSON feeds, RSSHub's included. It decides
// the character set itself, reads what it can of feeds that are broken, knows
// entries again whose ids change, and tells a source that answers empty from
// one where nothing is new.
package feed

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/huiyin/huiyin/listeners"
)

// Options are what one entry of this kind can say.
type Options struct {
	URL string `yaml:"url"` // of the feed; http or https
	// Every is the time between two reads.
	Every time.Duration `yaml:"every"`
	// Fresh is how old an entry may be and still be news.
	Fresh time.Duration `yaml:"fresh"`
	// Timeout is how long one read may take, to the last byte.
	Timeout time.Duration `yaml:"timeout"`
	// Timezone is that of dates which name none.
	Timezone string `yaml:"timezone"`
}

// The bounds of the options.
const (
	minEvery   = 10 * time.Second
	maxEvery   = 24 * time.Hour
	maxTimeout = 5 * time.Minute
)

// Kind describes the connector.
func Kind() listeners.Kind {
	return listeners.Kind{
		Name:    "feed",
		Title:   "订阅源",
		TitleEN: "Feed",
		Sample: `- name: weibo
  type: feed
  url: https://rsshub.example.com/weibo/keyword/青禾咖啡   # RSS, Atom or JSON Feed
  # title: 微博                   # as cards name it
  # every: 5m                     # between two reads
  # fresh: 24h                    # older entries are history: counted, no card
  # timeout: 30s                  # for one read, to its last byte
  # timezone: Asia/Shanghai       # of dates that name none
`,
		Options: func() any { return defaults() },
		New:     build,
	}
}

func defaults() *Options {
	return &Options{Every: 5 * time.Minute, Fresh: 24 * time.Hour, Timeout: 30 * time.Second, Timezone: "Asia/Shanghai"}
}

// Validate names what is wrong with the options.
func (o *Options) Validate() []listeners.Problem {
	var problems []listeners.Problem
	wrong := func(key, text string) { problems = append(problems, listeners.Problem{Key: key, Text: text}) }
	switch u, err := url.Parse(o.URL); {
	case o.URL == "":
		wrong("url", "is missing: write the feed's address")
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		wrong("url", "is no address of the web: write it as https://…")
	}
	if o.Every < minEvery || o.Every > maxEvery {
		wrong("every", fmt.Sprintf("must be from %s to %s", minEvery, maxEvery))
	}
	if o.Fresh <= 0 {
		wrong("fresh", "must be more than nothing, such as 24h")
	}
	if o.Timeout <= 0 || o.Timeout > maxTimeout {
		wrong("timeout", fmt.Sprintf("must be at most %s", maxTimeout))
	}
	if _, err := time.LoadLocation(o.Timezone); err != nil {
		wrong("timezone", "is no time zone: write it as Asia/Shanghai")
	}
	return problems
}

// Feed is one source. Poll must not run twice at the same time; Doctor may run
// beside it.
type Feed struct {
	name  string
	o     Options
	zone  *time.Location
	http  *http.Client
	now   func() time.Time
	share func() float64 // a random share, 0 to 1

	mu     sync.Mutex
	failed int // reads that failed since the last good one
}

// The optional things this listener can do.
var (
	_ listeners.Poller = (*Feed)(nil)
	_ listeners.Doctor = (*Feed)(nil)
)

func build(env listeners.Env, options any) (any, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("feed: options are %T, want *feed.Options", options)
	}
	for _, p := range o.Validate() {
		return nil, fmt.Errorf("feed: %s %s", p.Key, p.Text)
	}
	zone, err := time.LoadLocation(o.Timezone)
	if err != nil {
		return nil, fmt.Errorf("feed: timezone: %w", err)
	}
	return &Feed{name: env.Name, o: *o, zone: zone, http: env.HTTP, now: env.Now, share: randomShare}, nil
}
