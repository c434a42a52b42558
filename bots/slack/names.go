package slack

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/huiyin/huiyin/bots"
)

// person is what users.info tells of somebody.
type person struct {
	Name, Handle, Lang string
	Bot                bool
}

const (
	directorySize = 10_000
	knownFor      = time.Hour
	unknownFor    = time.Minute            // after a failed lookup
	lookupWithin  = 800 * time.Millisecond // all names of one event
)

// directory remembers what ids stand for, for an hour and up to
// directorySize of them. A lookup that fails answers the zero value and is not
// tried again for a minute: an event is never held up by a name.
type directory[T any] struct {
	now func() time.Time
	ask func(ctx context.Context, id string) (T, error)

	mu    sync.Mutex
	known map[string]entry[T]
}

type entry[T any] struct {
	value T
	until time.Time
}

func newDirectory[T any](now func() time.Time, ask func(context.Context, string) (T, error)) *directory[T] {
	return &directory[T]{now: now, ask: ask, known: map[string]entry[T]{}}
}

func (d *directory[T]) find(ctx context.Context, id string) T {
	d.mu.Lock()
	e, ok := d.known[id]
	d.mu.Unlock()
	if ok && d.now().Before(e.until) {
		return e.value
	}
	if ctx.Err() != nil {
		return e.value // another name took all the time there was
	}
	value, err := d.ask(ctx, id)
	keep := knownFor
	if err != nil {
		value, keep = e.value, unknownFor // what was known is better than nothing
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) >= directorySize {
		d.forgetSome()
	}
	d.known[id] = entry[T]{value: value, until: d.now().Add(keep)}
	return value
}

// forgetSome drops a tenth of the entries, whichever come first.
func (d *directory[T]) forgetSome() {
	left := directorySize / 10
	for id := range d.known {
		if left == 0 {
			return
		}
		delete(d.known, id)
		left--
	}
}

func (b *bot) askUser(ctx context.Context, id string) (person, error) {
	u, err := b.api.GetUserInfoContext(ctx, id)
	if err != nil {
		return person{}, err
	}
	return person{
		Name:   first(u.Profile.DisplayName, u.RealName, u.Profile.RealName, u.Name),
		Handle: u.Name,
		Lang:   u.Locale,
		Bot:    u.IsBot,
	}, nil
}

func (b *bot) askChat(ctx context.Context, id string) (string, error) {
	c, err := b.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	if err != nil {
		return "", err
	}
	return c.Name, nil
}

// lookup resolves the names in one event's text, a few at most.
type lookup struct {
	ctx  context.Context // lives as long as the decoding of one event
	b    *bot
	left int
}

// maxLookups bounds how many names of one text are asked for.
const maxLookups = 5

func (l *lookup) user(id string) string {
	if l.left == 0 {
		return ""
	}
	l.left--
	return l.b.users.find(l.ctx, id).Name
}

func (l *lookup) channel(id string) string {
	if l.left == 0 {
		return ""
	}
	l.left--
	return l.b.chats.find(l.ctx, id)
}

// sender returns the person behind a user id.
func (b *bot) sender(ctx context.Context, id string) bots.Person {
	if id == "" {
		return bots.Person{}
	}
	p := b.users.find(ctx, id)
	return bots.Person{ID: id, Name: first(p.Name, id), Handle: p.Handle, Lang: p.Lang, Bot: p.Bot}
}

// chat returns the chat behind a channel id. What begins with D is a private
// chat with the bot.
func (b *bot) chat(ctx context.Context, id string) bots.Chat {
	if strings.HasPrefix(id, "D") {
		return bots.Chat{ID: id}
	}
	return bots.Chat{ID: id, Group: true, Title: b.chats.find(ctx, id)}
}
