package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/huiyin/huiyin/bots"
)

const (
	// abreast is how many chats' updates are handed to the Inbox at a time.
	// Within a chat they go in order.
	abreast = 8
	// longest is the longest pause after a failed poll.
	longest = time.Minute
	// spare is how much longer a poll may take than it was asked to wait.
	spare = 10 * time.Second
)

// kinds are the kinds of updates that are asked for. Channel posts and the rest
// never arrive.
const kinds = `["message","edited_message","callback_query","my_chat_member"]`

var errWaiting = errors.New("an event could not be stored")

// Run implements bots.Bot.
func (b *bot) Run(ctx context.Context) error {
	// What a person was just promised (an answer, its removal) is finished
	// when Run ends; each has its own deadline.
	defer b.pending.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop() // for what waits to remove itself, where Telegram refuses for good
	log := changes{log: b.env.Log.With("bot", b.env.Name)}
	pause := backoff{first: b.options.Retry}
	offset := int64(0)
	ready := false
	for ctx.Err() == nil {
		var err error
		if !ready {
			err = b.prepare(ctx)
			ready = err == nil
		}
		if ready {
			offset, err = b.poll(ctx, offset)
		}
		if ctx.Err() != nil {
			return nil
		}
		wait, err := b.judge(err)
		if err != nil {
			return err
		}
		b.report(ctx, &log, wait)
		switch {
		case wait.kind == "":
			pause.reset()
		case wait.after > 0:
			sleep(ctx, wait.after)
		default:
			sleep(ctx, pause.next())
		}
	}
	return nil
}

// obstacle is what stands in the way of polling.
type obstacle struct {
	kind  string // empty: nothing
	err   error
	after time.Duration // how long to wait; 0: the usual growing pause
	do    string        // what an operator can do; empty: nothing but wait
}

const (
	otherPoller = "another instance polls this bot (另一实例在轮询)"
	hookActive  = "a webhook is set for this bot (被 webhook 占用)"
)

// judge says how a poll's outcome is to be met. Its error is for good.
func (b *bot) judge(err error) (obstacle, error) {
	var se *bots.SendError
	switch {
	case err == nil:
		return obstacle{}, nil
	case errors.Is(err, errWaiting):
		return obstacle{kind: "store", err: err}, nil
	case !errors.As(err, &se):
		return obstacle{kind: "error", err: err}, nil
	case se.Fate == bots.Unauthorized:
		return obstacle{}, fmt.Errorf("bot %s: Telegram does not accept its token: get the current one from @BotFather (/mybots, API Token) and put it into the configuration, or correct api_url: %w", b.env.Name, se)
	case se.Code == "409" && strings.Contains(se.Error(), "webhook"):
		return obstacle{kind: hookActive, err: se, after: b.options.Conflict, do: "if no other program needs it, remove it by deleteWebhook"}, nil
	case se.Code == "409":
		return obstacle{kind: otherPoller, err: se, after: b.options.Conflict, do: "stop the other program that uses this token"}, nil
	case se.Fate == bots.Limited:
		return obstacle{kind: "limited", err: se, after: se.RetryAfter}, nil
	default:
		return obstacle{kind: string(se.Fate) + " " + se.Code, err: se}, nil
	}
}

// report logs and remembers an obstacle, once until it changes or goes away.
func (b *bot) report(ctx context.Context, log *changes, o obstacle) {
	switch o.kind {
	case otherPoller, hookActive:
		b.setStatus(o.kind)
	default:
		b.setStatus("")
	}
	args := []any{"error", o.err}
	if o.do != "" {
		args = append(args, "do", o.do)
	}
	log.note(ctx, o.kind, "cannot poll Telegram: "+o.kind, "polling Telegram again", args...)
}

// prepare learns the bot's own name and sets its menus.
func (b *bot) prepare(ctx context.Context) error {
	var me user
	if err := b.call(ctx, b.options.Timeout, "getMe", nil, nil, &me); err != nil {
		return err
	}
	b.mu.Lock()
	b.me = me
	b.mu.Unlock()
	if err := b.setMenus(ctx); err != nil {
		b.env.Log.WarnContext(ctx, "Telegram did not take the bot's menu", "bot", b.env.Name, "error", err)
	}
	return nil
}

// setMenus sets the customers' commands for private chats and the team's for
// groups, in each language, and the first language's for all others.
func (b *bot) setMenus(ctx context.Context) error {
	type command struct {
		Name string `json:"command"`
		Help string `json:"description"`
	}
	menus := map[[2]string][]command{}
	var order [][2]string
	for _, entry := range b.env.Menu {
		scope := "all_private_chats"
		if entry.Staff {
			scope = "all_group_chats"
		}
		key := [2]string{scope, entry.Lang}
		if menus[key] == nil {
			order = append(order, key)
		}
		menus[key] = append(menus[key], command{entry.Name, bots.Limit{N: 256}.Cut(entry.Help)})
	}
	others := map[string]bool{}
	for _, key := range order {
		languages := []string{key[1]}
		if !others[key[0]] {
			others[key[0]] = true
			languages = append(languages, "")
		}
		for _, lang := range languages {
			params := tgbotapi.Params{"scope": `{"type":"` + key[0] + `"}`}
			params.AddNonEmpty("language_code", lang)
			set(params, "commands", menus[key][:min(100, len(menus[key]))])
			if err := b.call(ctx, b.options.Timeout, "setMyCommands", params, nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// poll asks for updates once, hands them over and returns the offset from which
// to ask next: what was not stored is asked for again.
func (b *bot) poll(ctx context.Context, offset int64) (int64, error) {
	params := tgbotapi.Params{
		"timeout": strconv.Itoa(int(b.options.Poll / time.Second)), "limit": "100", "allowed_updates": kinds,
	}
	params.AddNonZero64("offset", offset)
	var batch []json.RawMessage
	if err := b.call(ctx, b.options.Poll+spare, "getUpdates", params, nil, &batch); err != nil {
		return offset, err
	}
	return b.take(ctx, offset, batch)
}

// item is one update with its event.
type item struct {
	id    int64
	event *bots.Event
}

// take hands a batch to the Inbox, chats side by side and each in order, and
// returns the offset behind the last update before the first that could not be
// stored. Chats behind that are handed over again, which changes nothing.
func (b *bot) take(ctx context.Context, offset int64, batch []json.RawMessage) (int64, error) {
	next := offset
	queues := map[string][]item{}
	moved := map[string]string{} // a group's new id to the queue of its old one
	var order []string
	for _, raw := range batch {
		one, ok := b.read(ctx, raw)
		if !ok {
			continue
		}
		next = max(next, one.id+1)
		if one.event == nil {
			continue
		}
		chat := one.event.Chat.ID
		if old, ok := moved[chat]; ok {
			chat = old
		}
		if one.event.NewChat != "" {
			moved[one.event.NewChat] = chat
		}
		if queues[chat] == nil {
			order = append(order, chat)
		}
		queues[chat] = append(queues[chat], one)
	}
	if len(batch) > 0 && next == offset {
		return offset, errors.New("no update of the answer bears an id")
	}
	var mu sync.Mutex
	var failure error
	slots := make(chan struct{}, abreast)
	var wg sync.WaitGroup
	for _, chat := range order {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if failed, err := b.takeChat(ctx, queues[chat]); err != nil {
				mu.Lock()
				defer mu.Unlock()
				next, failure = min(next, failed), fmt.Errorf("%w: %w", errWaiting, err)
			}
		})
	}
	wg.Wait()
	return next, failure
}

// read decodes one update. What cannot be decoded is kept as it came: it will be
// no better the next time. ok is false without an id.
func (b *bot) read(ctx context.Context, raw json.RawMessage) (one item, ok bool) {
	var head struct {
		ID int64 `json:"update_id"`
	}
	if json.Unmarshal(raw, &head) != nil || head.ID <= 0 {
		return item{}, false
	}
	event, err := b.decode(raw)
	if err != nil {
		b.env.Log.ErrorContext(ctx, "an update could not be read and is kept as it came", "bot", b.env.Name, "update", head.ID, "error", err)
		event = &bots.Event{
			Key: "unread:" + id(head.ID), Type: bots.OnUnread, At: b.env.Now().UTC(), Raw: raw[:min(len(raw), maxRaw)],
		}
	}
	return item{id: head.ID, event: event}, true
}

var errBroken = errors.New("the update broke its decoder")

// decode decodes an update. A panic, which only a mistake of ours can cause, is
// an error: the update would come again and again, and nothing behind it.
func (b *bot) decode(raw json.RawMessage) (event *bots.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			event, err = nil, errBroken
		}
	}()
	return decoder{me: b.self(), now: b.env.Now()}.decode(raw)
}

// takeChat hands a chat's events over in order and starts their answers. It
// stops at the first that cannot be stored and returns its update's id.
func (b *bot) takeChat(ctx context.Context, queue []item) (failed int64, err error) {
	for _, one := range queue {
		answer, err := b.env.Inbox.Receive(ctx, b.env.Name, *one.event)
		if err != nil {
			return one.id, err
		}
		b.perform(ctx, *one.event, answer)
	}
	return 0, nil
}

// sleep waits for d or for ctx to end.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// backoff is a growing pause: first, then twice as long each time up to
// longest, each shortened by up to half at random so that instances spread.
type backoff struct{ first, now time.Duration }

func (p *backoff) next() time.Duration {
	p.now = min(max(p.first, 2*p.now), longest)
	return p.now - rand.N(p.now/2+1) //nolint:gosec // spreading pauses needs no secret
}

func (p *backoff) reset() { p.now = 0 }

// changes logs a condition when it begins, changes and ends.
type changes struct {
	log  *slog.Logger
	kind string
}

func (c *changes) note(ctx context.Context, kind, begun, ended string, args ...any) {
	if kind == c.kind {
		return
	}
	c.kind = kind
	if kind == "" {
		c.log.InfoContext(ctx, ended)
		return
	}
	c.log.WarnContext(ctx, begun, args...)
}
