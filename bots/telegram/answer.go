package telegram

import (
	"context"
	"net/url"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/huiyin/huiyin/bots"
)

// A toast passes by in a moment: a longer text is shown as an alert, which
// stays until it is tapped away.
const toastRoom = 60

// perform carries out an answer beside the polling, so that a slow request
// keeps nobody else waiting. Run waits for it before it returns.
func (b *bot) perform(ctx context.Context, e bots.Event, a bots.Answer) {
	if e.Type != bots.OnPress && a.Text == "" && a.Dialog == nil && len(a.Buttons) == 0 {
		return
	}
	b.pending.Go(func() {
		// Stopping must not cut off an answer that is already stored as given.
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*b.options.Timeout)
		defer cancel()
		if err := b.answer(within, ctx.Done(), e, a); err != nil {
			b.env.Log.WarnContext(ctx, "an answer could not be shown", "bot", b.env.Name, "event", e.Key, "error", err)
		}
	})
}

// answer shows an answer. stopping ends the wait of what removes itself.
func (b *bot) answer(ctx context.Context, stopping <-chan struct{}, e bots.Event, a bots.Answer) error {
	var failed error
	if e.Type == bots.OnPress {
		shown, err := b.toast(ctx, e, a)
		if shown {
			return nil
		}
		failed = err // a press can be too old to be answered; a message still arrives
	}
	switch {
	case a.Dialog != nil:
		return b.ask(ctx, stopping, e, a, *a.Dialog)
	case a.Replace && e.Type == bots.OnPress:
		err := b.Edit(ctx, e.MessageID, bots.Post{Chat: e.Chat.ID, Text: a.Text, Buttons: a.Buttons})
		if bots.FateOf(err) == bots.Unchanged {
			return nil
		}
		return err
	case a.Text == "" && len(a.Buttons) == 0:
		return failed
	}
	return b.show(ctx, stopping, e, a)
}

// toast answers a press, which also ends the button's waiting sign, and reports
// whether that showed the whole answer. Nobody but the person sees it.
func (b *bot) toast(ctx context.Context, e bots.Event, a bots.Answer) (bool, error) {
	params := tgbotapi.Params{"callback_query_id": e.Trigger}
	limit := bots.Limit{N: maxToast}
	plain := a.Dialog == nil && !a.Replace && !a.Public && len(a.Buttons) == 0
	// In a private chat a message is as private as an alert, and it stays.
	shown := plain && limit.Fits(a.Text) && (a.Brief || e.Chat.Group || a.Text == "")
	if shown && a.Text != "" {
		params["text"] = tidy(a.Text)
		if !a.Brief || !(bots.Limit{N: toastRoom}).Fits(a.Text) {
			params["show_alert"] = "true"
		}
	}
	err := b.call(ctx, b.options.Timeout, "answerCallbackQuery", params, nil, nil)
	return shown && err == nil, err
}

// show sends an answer as a message: in a group as a reply, which removes
// itself unless all may see it.
func (b *bot) show(ctx context.Context, stopping <-chan struct{}, e bots.Event, a bots.Answer) error {
	post := bots.Post{Chat: e.Chat.ID, Text: a.Text, Buttons: a.Buttons, Silent: e.Chat.Group}
	if e.Chat.Group {
		post.ReplyTo = e.MessageID
	}
	sent, err := b.Send(ctx, post)
	if err == nil && e.Chat.Group && !a.Public {
		b.remove(ctx, stopping, e.Chat.ID, sent.ID, a.Expires)
	}
	return err
}

// ask prompts one person to answer this message: Telegram opens the reply field
// for them alone. A dialog's boxes to tick have no place in it.
func (b *bot) ask(ctx context.Context, stopping <-chan struct{}, e bots.Event, a bots.Answer, d bots.Dialog) error {
	params := tgbotapi.Params{"chat_id": e.Chat.ID}
	r := &rich{}
	r.bearing(d.Data)
	prompt := strings.TrimSpace(tidy(d.Prompt))
	if prompt == "" {
		prompt = strings.TrimSpace(tidy(d.Title))
	}
	if e.Chat.Group {
		quote(params, e.MessageID)
		prompt = r.callUpon(e.From, prompt)
	}
	value := strings.TrimSpace(tidy(d.Value))
	r.same = textLimit.Len(prompt)+textLimit.Len(value) > maxText/2
	value = bots.Limit{N: maxText / 3, Unit: bots.UTF16}.Cut(value)
	r.write(bots.Limit{N: maxText / 2, Unit: bots.UTF16}.Cut(prompt))
	if value != "" {
		r.write("\n")
		r.write(value, entity{Type: "blockquote"})
	}
	params = with(params, "text", "entities", r.message(), nil)
	field := map[string]any{"force_reply": true, "selective": e.Chat.Group}
	if hint := (bots.Limit{N: 64}).Cut(oneLine(d.Hint)); hint != "" {
		field["input_field_placeholder"] = hint
	}
	set(params, "reply_markup", field)
	var sent sentMessage
	if err := b.call(ctx, b.options.Timeout, "sendMessage", params, nil, &sent); err != nil {
		return err
	}
	if e.Chat.Group && a.Expires > 0 {
		b.remove(ctx, stopping, e.Chat.ID, id(sent.ID), a.Expires)
	}
	return nil
}

// callUpon writes a mention of the person a prompt is for and returns the rest
// of the prompt. A name that the prompt begins with is the person's: staff are
// shown by their name here, not by Telegram's.
func (r *rich) callUpon(p bots.Person, prompt string) string {
	who, known := account(p)
	if !known {
		return prompt
	}
	name, rest := "@"+personName(p), " "+prompt
	if strings.HasPrefix(prompt, "@") {
		if first, after, ok := strings.Cut(prompt, " "); ok {
			name, rest = first, " "+after
		}
	}
	r.write(name, entity{Type: "text_mention", User: &who})
	return rest
}

// remove takes a message back after a while, or at once when the bot stops. A
// process that is killed leaves it standing: it held nothing but an answer.
func (b *bot) remove(ctx context.Context, stopping <-chan struct{}, chat, message string, after time.Duration) {
	if after <= 0 {
		after = b.options.Expire
	}
	ctx = context.WithoutCancel(ctx)
	b.pending.Go(func() {
		timer := time.NewTimer(after)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-stopping:
		}
		if err := b.Recall(ctx, chat, message); err != nil && bots.FateOf(err) != bots.Vanished {
			b.env.Log.WarnContext(ctx, "an answer could not be taken back", "bot", b.env.Name, "message", message, "error", err)
		}
	})
}

// A prompt bears what it asks for (its Dialog's data) in itself: as the address
// behind a character of no width. Telegram shows a reply with the message that it
// answers, so the reply tells what it is for although the prompt's number was
// never learned, or another process sent it. The address leads nowhere, and
// nobody can tap it.
const (
	promptAddress = "https://t.me/" + promptMark
	promptMark    = "#ask/"
	promptSign    = "\u200c"
)

// bearing writes what a prompt asks for; nothing where that is nothing.
func (r *rich) bearing(data string) {
	if data != "" {
		r.write(promptSign, entity{Type: "text_link", URL: promptAddress + url.PathEscape(data)})
	}
}

// asked returns what a message of the bot's own asks for; "" where it is no
// prompt.
func (p *wireParent) asked() string {
	for _, e := range p.Entities {
		if _, escaped, found := strings.Cut(e.URL, "/"+promptMark); found && e.Type == "text_link" {
			if data, err := url.PathUnescape(escaped); err == nil {
				return data
			}
		}
	}
	return ""
}
