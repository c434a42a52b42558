package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

const (
	maxText = 64 << 10 // bytes of one message's text that are kept
	maxRaw  = 64 << 10 // bytes of a raw payload that are kept
	maxName = 200      // bytes of a person's or chat's name

	maxFields = 32   // of one message
	maxKey    = 64   // bytes of a field's name
	maxValue  = 1000 // bytes of a field
	// truncated stands where a text was cut.
	truncated = "…(截断)"
)

// where is who says something, and as what.
type where struct {
	staff *feedback.Staff // the colleague whose account it is; nil: none
	team  string          // the team whose chat it is; empty: none
	as    bool            // a colleague who is a customer just now
	reply bool            // it answers a message of the bot
}

// Receive implements bots.Inbox: what is a colleague's goes to the desk, what is
// a customer's is stored, for the analysis to take from there.
func (p *Pipeline) Receive(ctx context.Context, bot string, e bots.Event) (bots.Answer, error) {
	r := p.runner(bot)
	if r == nil {
		return bots.Answer{}, fmt.Errorf("no bot is named %q", bot)
	}
	clean(&e)
	if p.pushed(r) {
		return p.receivePushed(ctx, r, e)
	}
	return p.receive(ctx, r, e)
}

// receive stores an event, or has the desk act on it.
func (p *Pipeline) receive(ctx context.Context, r *runner, e bots.Event) (bots.Answer, error) {
	bot := r.name
	if e.Type == bots.OnUnread {
		return bots.Answer{}, p.unread(ctx, r, e)
	}
	w, err := p.locate(ctx, bot, e)
	if err != nil {
		return bots.Answer{}, err
	}
	p.fail("intake.located")
	p.fail("intake.located." + bot)
	switch e.Type {
	case bots.OnMoved:
		return bots.Answer{}, p.moved(ctx, r, e)
	case bots.OnJoined:
		return bots.Answer{}, p.joined(ctx, bot, e, w)
	case bots.OnLeft:
		p.log.Info("bot was removed from a chat", "channel", bot)
		return bots.Answer{}, nil
	case bots.OnPress, bots.OnSubmit:
		if w.team == "" && customerTap(e.Payload) {
			a, err := p.desk.Customer(ctx, desk.Tap{Bot: bot, Key: e.Key, Chat: e.Chat.ID, Person: e.From.ID, Payload: e.Payload})
			p.fail("desk.tapped")
			return a, err
		}
		return p.toDesk(ctx, bot, e, w)
	default: // something said, or said about what was said
	}
	if p.forDesk(e, w) {
		return p.toDesk(ctx, bot, e, w)
	}
	if e.Chat.Group && !forCustomers(e, w) || e.From.Bot {
		return bots.Answer{}, nil
	}
	return bots.Answer{}, p.store(ctx, r, e)
}

// clean makes what a platform sent safe to keep: valid, bounded text.
func clean(e *bots.Event) {
	e.Text = bound(nlp.Normalize(e.Text), maxText)
	e.From.Name = cut(nlp.Normalize(e.From.Name), maxName)
	e.From.Handle = cut(nlp.Normalize(e.From.Handle), maxName)
	e.Chat.Title = cut(nlp.Normalize(e.Chat.Title), maxName)
	e.Fields = boundFields(e.Fields)
	if len(e.Raw) > maxRaw {
		e.Raw = e.Raw[:maxRaw]
	}
	for i := range e.Attachments {
		e.Attachments[i].Name = cut(nlp.Normalize(e.Attachments[i].Name), maxName)
	}
}

// boundFields returns fields as they are kept: valid, few and short. What is
// beyond the bounds is cut, the last names in their order are left out.
func boundFields(in map[string]string) map[string]string {
	if len(in) == 0 {
		return in
	}
	out := make(map[string]string, min(len(in), maxFields))
	for _, k := range slices.Sorted(maps.Keys(in)) {
		if len(out) == maxFields {
			break
		}
		if key := cut(nlp.Normalize(k), maxKey); key != "" {
			out[key] = cut(nlp.Normalize(in[k]), maxValue)
		}
	}
	return out
}

func bound(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return cut(s, n-len(truncated)) + truncated
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// locate finds out who and where.
func (p *Pipeline) locate(ctx context.Context, bot string, e bots.Event) (w where, err error) {
	if !e.Chat.Group {
		known, err := p.colleagues.linked(ctx, p, store.Account{Bot: bot, External: e.From.ID})
		if err != nil || !known {
			return where{}, err
		}
	}
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		w = where{}
		if e.From.ID != "" {
			st, err := tx.StaffByAccount(bot, e.From.ID)
			switch {
			case err == nil && !st.Disabled:
				w.staff = st
			case err != nil && !errors.Is(err, feedback.ErrNotFound):
				return err
			}
		}
		if e.Chat.Group {
			var err error
			if w.team, err = p.desk.TeamOf(tx, bot, e.Chat.ID); err != nil {
				return err
			}
			if e.ReplyTo != "" && w.team == "" {
				_, err := tx.OutByExternal(bot, e.Chat.ID, e.ReplyTo)
				if err != nil && !errors.Is(err, feedback.ErrNotFound) {
					return err
				}
				w.reply = err == nil
			}
			return nil
		}
		if w.staff != nil {
			w.as, err = p.desk.AsCustomer(tx, bot, e.From.ID)
		}
		return err
	})
	return w, err
}

// forDesk reports whether a message is a colleague's: anything in a team's
// chat; in private, anything of linked staff; a code that links an account; and
// /link in a group that is not yet registered.
func (p *Pipeline) forDesk(e bots.Event, w where) bool {
	if w.team != "" {
		return e.Type == bots.OnMessage || e.Type == bots.OnEdited
	}
	if e.Chat.Group {
		parsed := desk.Parse(e.Text, e.Addressed, e.Slash)
		return w.staff != nil && parsed.Spec != nil
	}
	if w.staff != nil && !w.as {
		return true
	}
	if e.Type != bots.OnMessage {
		return false
	}
	return desk.IsLinkCode(e.Text)
}

// forCustomers reports whether a message in a customers' group is for the bot:
// it mentions it, replies to it or carries #反馈.
func forCustomers(e bots.Event, w where) bool {
	switch e.Type {
	case bots.OnMessage, bots.OnEdited:
		return e.Mentioned || w.reply || strings.Contains(e.Text, "#反馈") || strings.Contains(strings.ToLower(e.Text), "#feedback")
	case bots.OnDeleted:
		return true // of a message we know, or it means nothing
	default:
		return false
	}
}

// customerTap reports whether a button is one of those customers get.
func customerTap(payload string) bool {
	verb, _, _ := strings.Cut(payload, ":")
	switch verb {
	case "kind", "erase", "keepdata", "rate", "unsolved", "reason", "withdraw", "keep", "same", "other":
		return true
	default:
		return false
	}
}

func (p *Pipeline) toDesk(ctx context.Context, bot string, e bots.Event, w where) (bots.Answer, error) {
	if w.team != "" && e.Own && e.Type == bots.OnMessage {
		if err := p.adopt(ctx, bot, e); err != nil {
			return bots.Answer{}, err
		}
	}
	a, err := p.desk.Handle(ctx, desk.Actor{Staff: w.staff, Bot: bot, Chat: e.Chat, Key: e.Key}, e)
	p.fail("desk.handled")
	return a, err
}

// moved takes over a chat's new id.
func (p *Pipeline) moved(ctx context.Context, r *runner, e bots.Event) error {
	err := p.db.Write(ctx, func(tx *store.Tx) error { return tx.MoveChat(r.name, e.Chat.ID, e.NewChat, r.caps.Renumbers) })
	if err == nil {
		p.desk.ForgetTeamChats()
		p.Deliver(r.name)
	}
	return err
}

// joined says hello in a chat that belongs to no team yet.
func (p *Pipeline) joined(ctx context.Context, bot string, e bots.Event, w where) error {
	if w.team != "" || !e.Chat.Group {
		return nil
	}
	return p.desk.Greet(ctx, bot, e.Chat.ID)
}

// store keeps what a customer said, then rings.
func (p *Pipeline) store(ctx context.Context, r *runner, e bots.Event) error {
	now := p.arrival(ctx)
	m := &feedback.Message{
		Channel: r.name, External: e.Key, Platform: r.platform, MessageID: e.MessageID, ReplyTo: e.ReplyTo,
		Direction: feedback.In, Kind: feedback.KindMessage, Group: e.Chat.Group, Mentioned: e.Mentioned,
		Text: e.Text, Raw: e.Raw, Fields: e.Fields, Lane: feedback.Live, Stage: feedback.StageNew,
		PostedAt: e.At, ReceivedAt: now,
	}
	if e.Type != bots.OnMessage {
		m.Event = string(e.Type)
	}
	if m.PostedAt.IsZero() {
		m.PostedAt = now
	}
	for _, a := range e.Attachments {
		m.Attachments = append(m.Attachments, attachment(a))
	}
	return p.arrive(ctx, &arrival{channel: r.name, all: []arrived{{
		message: m,
		author:  &feedback.Author{Channel: r.name, External: e.From.ID, Name: e.From.Name, Handle: e.From.Handle, Lang: e.From.Lang, Followers: e.From.Followers, CreatedAt: now},
		conv:    &feedback.Conversation{Channel: r.name, Chat: e.Chat.ID, Group: e.Chat.Group, Title: e.Chat.Title, UpdatedAt: now},
	}}})
}

// unread keeps a payload that the connector could not read, set aside for a
// person: what it said is not lost, and it holds up nobody.
func (p *Pipeline) unread(ctx context.Context, r *runner, e bots.Event) error {
	now := p.arrival(ctx)
	m := &feedback.Message{
		Channel: r.name, External: e.Key, Platform: r.platform, Direction: feedback.In, Kind: feedback.KindMessage,
		Event: string(e.Type), Raw: e.Raw, Lane: feedback.Live, Stage: feedback.StageQuarantined,
		Error: "the platform's payload could not be read", PostedAt: now, ReceivedAt: now,
	}
	err := p.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.InsertMessages([]*feedback.Message{m})
		return err
	})
	if err == nil {
		p.meter.Quarantined(1)
	}
	return err
}

func attachment(a bots.Attachment) feedback.Attachment {
	return feedback.Attachment{Kind: a.Kind, Ref: a.Ref, Name: a.Name, MIME: a.MIME, Size: a.Size, Duration: a.Duration, State: feedback.AttachmentPending}
}

// Put implements listeners.Sink.
func (p *Pipeline) Put(ctx context.Context, channel string, entries []listeners.Entry) ([]listeners.Outcome, error) {
	if p.spool.Spool != nil {
		return p.putPushed(ctx, channel, entries)
	}
	return p.putNow(ctx, channel, entries)
}

// brought is what entries of a channel that came at now are to become.
func (p *Pipeline) brought(channel string, entries []listeners.Entry, now time.Time) *arrival {
	platform := p.platformOf(channel)
	a := &arrival{channel: channel, all: make([]arrived, len(entries))}
	for i := range entries {
		a.all[i] = p.entry(channel, platform, &entries[i], now)
	}
	return a
}

// put stores entries that came at now inside a transaction.
func (p *Pipeline) put(tx *store.Tx, channel string, entries []listeners.Entry, now time.Time) (outcomes []listeners.Outcome, live, history []int64, err error) {
	a := p.brought(channel, entries, now)
	if err := p.keepAll(tx, []*arrival{a}); err != nil {
		return nil, nil, nil, err
	}
	return a.outcomes, a.live, a.history, nil
}

// entry makes a message of an entry.
func (p *Pipeline) entry(channel, platform string, e *listeners.Entry, now time.Time) arrived {
	m := &feedback.Message{
		Channel: channel, External: e.ID, Platform: platform, Direction: feedback.In, Kind: feedback.Kind(e.Kind),
		Text: bound(nlp.Normalize(e.Text), maxText), Raw: e.Raw, URL: webURL(e.URL), Fields: boundFields(e.Fields),
		Lane: feedback.Live, Stage: feedback.StageNew, PostedAt: e.PostedAt.UTC(), ReceivedAt: now,
	}
	if m.Kind == "" {
		m.Kind = feedback.KindMention
	}
	if e.PostedAt.IsZero() {
		m.PostedAt = now
	}
	// A source may claim the future; the item is not newer than its arrival.
	if m.PostedAt.After(now) {
		m.PostedAt = now
	}
	if len(m.Raw) > maxRaw {
		m.Raw = m.Raw[:maxRaw]
	}
	if p.past(*e, now) {
		m.Lane = feedback.History
	}
	if e.Author.ID == "" && e.Author.Name == "" {
		return arrived{message: m, entry: e}
	}
	author := &feedback.Author{Channel: channel, External: e.Author.ID, Name: cut(nlp.Normalize(e.Author.Name), maxName), Followers: e.Author.Followers, CreatedAt: now}
	if author.External == "" {
		author.External = "name:" + author.Name
	}
	one := arrived{message: m, author: author, entry: e}
	if m.Kind == feedback.KindMessage && m.Lane == feedback.Live {
		one.conv = &feedback.Conversation{Channel: channel, Chat: author.External, UpdatedAt: now}
	}
	return one
}

// webURL returns address where people may be led to it.
func webURL(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return cut(address, 2000)
	}
	return ""
}

// revised takes over a newer text of a known entry and returns the message to
// be analysed again; 0 where nothing changed.
func (p *Pipeline) revised(tx *store.Tx, channel string, e *listeners.Entry, now *feedback.Message) (int64, error) {
	old, err := tx.MessageByExternal(channel, e.ID)
	if err != nil {
		return 0, err
	}
	if old.Text == now.Text {
		return 0, nil
	}
	at := p.now().UTC()
	if at.Before(old.EditedAt) {
		at = old.EditedAt // the clock was set back, or another machine's runs ahead
	}
	if _, err := tx.EditMessage(old.ID, now.Text, now.Raw, at); err != nil {
		return 0, err
	}
	switch old.Stage {
	case feedback.StageDone:
		err = tx.Again(old.ID)
	case feedback.StageQuarantined:
		err = tx.Replay(old.ID) // another text may well be understood
	case feedback.StageNew: // it is judged by its new text
	}
	if err != nil {
		return 0, err
	}
	return old.ID, nil
}

// platformOf returns the kind of a channel.
func (p *Pipeline) platformOf(channel string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.listeners[channel]; s != nil {
		return s.platform
	}
	if r := p.bots[channel]; r != nil {
		return r.platform
	}
	return "import"
}

func (p *Pipeline) runner(bot string) *runner {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bots[bot]
}
