package slack

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"github.com/huiyin/huiyin/bots"
)

// answerTries is how often an answer is tried where Slack says later.
const answerTries = 3

// performPatiently performs an answer and waits where Slack asks for it: nobody
// else will try it again.
func (b *bot) performPatiently(ctx context.Context, o origin, a bots.Answer) error {
	for try := 1; ; try++ {
		err := b.perform(ctx, o, a)
		var se *bots.SendError
		if !errors.As(err, &se) || se.Fate != bots.Limited || try == answerTries || !sleep(ctx, se.RetryAfter) {
			return err
		}
	}
}

// perform shows the person who caused an event what came of it.
func (b *bot) perform(ctx context.Context, o origin, a bots.Answer) error {
	if a.Dialog != nil {
		return b.openDialog(ctx, o, *a.Dialog)
	}
	if a.Text == "" && len(a.Buttons) == 0 {
		return nil
	}
	l := layPost(bots.Post{Text: a.Text, Buttons: a.Buttons})
	switch {
	case a.Replace && o.message != "":
		return b.replace(ctx, o, l)
	case a.Public || !o.group:
		return b.answerOpenly(ctx, o, l)
	default:
		return b.answerPrivately(ctx, o, l)
	}
}

// openDialog opens a form. Slack allows it for 3 s after the tap. Later, the
// person gets its title, which reads as the command that does the same, and a
// button that is a fresh tap. (Prompts ask to reply to a message, which Slack
// does not know.)
func (b *bot) openDialog(ctx context.Context, o origin, d bots.Dialog) error {
	view, err := layDialog(d, place{Data: d.Data, Chat: o.chat, Thread: o.thread, Message: o.message})
	if err != nil {
		return err
	}
	if o.trigger != "" {
		_, err = b.api.OpenViewContext(ctx, o.trigger, view)
		if err == nil {
			return nil
		}
	}
	late := bots.Post{Text: d.Title + " …"}
	if o.payload != "" {
		late.Buttons = [][]bots.Button{{{Text: first(d.Title, d.Submit), Data: o.payload, Style: bots.Primary}}}
	}
	if fellBack := b.answerPrivately(ctx, o, layPost(late)); fellBack != nil {
		return fellBack
	}
	return err
}

// replace makes the pressed message the answer: its buttons have served.
func (b *bot) replace(ctx context.Context, o origin, l layout) error {
	if b.trusted.has(o.response) {
		options := append(l.options(), slack.MsgOptionReplaceOriginal(o.response))
		if _, _, _, err := b.api.SendMessageContext(ctx, o.chat, options...); err == nil {
			return nil
		}
	}
	if o.ephemeral {
		return b.answerPrivately(ctx, o, l) // it cannot be edited any other way
	}
	return b.update(ctx, o.chat, o.message, l)
}

// answerOpenly answers where everybody in the chat can see it; in a private
// chat nobody else is there.
func (b *bot) answerOpenly(ctx context.Context, o origin, l layout) error {
	p := bots.Post{Chat: o.chat, Thread: o.thread}
	_, err := b.post(ctx, p, l)
	if err != nil && certainlyNot(err) && b.trusted.has(o.response) {
		return b.respond(ctx, o, l, slack.ResponseTypeInChannel)
	}
	return err
}

// answerPrivately answers so that only the person sees it. A response URL
// works in chats the bot is not in and is not counted as posting; a thread
// needs the method that knows threads.
func (b *bot) answerPrivately(ctx context.Context, o origin, l layout) error {
	if !o.group || o.user == "" {
		return b.answerOpenly(ctx, o, l)
	}
	respond := b.trusted.has(o.response)
	if respond && o.thread == "" {
		if err := b.respond(ctx, o, l, slack.ResponseTypeEphemeral); err == nil || !certainlyNot(err) {
			return err
		}
	}
	_, err := b.post(ctx, bots.Post{Chat: o.chat, Thread: o.thread, Private: o.user}, l)
	if err != nil && certainlyNot(err) && respond && o.thread != "" {
		return b.respond(ctx, o, l, slack.ResponseTypeEphemeral)
	}
	return err
}

func (b *bot) respond(ctx context.Context, o origin, l layout, kind string) error {
	options := append(l.options(), slack.MsgOptionResponseURL(o.response, kind))
	if o.thread != "" {
		options = append(options, slack.MsgOptionTS(o.thread))
	}
	_, _, _, err := b.api.SendMessageContext(ctx, o.chat, options...)
	return err
}

// certainlyNot reports whether a failed request left nothing behind, so that
// another way may be tried without saying things twice.
func certainlyNot(err error) bool { return bots.FateOf(err) != bots.Uncertain }
