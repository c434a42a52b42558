package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/huiyin/huiyin/bots"
)

// sentMessage is what Telegram returns of a message it took.
type sentMessage struct {
	ID int64 `json:"message_id"`
}

// Send implements bots.Bot. One post is one request wherever Telegram allows
// it: a text, a file with its caption, an album with its caption. Where it must
// be several (a text too long for a caption, a voice beside a picture), a
// failure after the first is Uncertain with the code "partial": Sent then names
// what was taken.
func (b *bot) Send(ctx context.Context, p bots.Post) (bots.Sent, error) {
	base := b.address(p)
	if len(p.Files) > 0 {
		return b.sendFiles(ctx, p, base)
	}
	id, err := b.sendText(ctx, base, p)
	if err != nil {
		return bots.Sent{}, private(p, err)
	}
	return bots.Sent{ID: id}, nil
}

// address returns the parameters that say where a post goes and how it rings.
// What one person alone may see goes to the chat with that person.
func (b *bot) address(p bots.Post) tgbotapi.Params {
	params := tgbotapi.Params{"chat_id": p.Chat}
	if p.Private != "" && p.Private != p.Chat {
		params["chat_id"] = p.Private
	} else {
		quote(params, p.ReplyTo, p.Thread)
	}
	if p.Silent {
		params["disable_notification"] = "true"
	}
	return params
}

// private turns the fate of a message meant for one person into one that says
// nothing about the chat it was caused in.
func private(p bots.Post, err error) error {
	if p.Private != "" && p.Private != p.Chat && bots.FateOf(err) == bots.Gone {
		return &bots.SendError{Fate: bots.Rejected, Code: "private", Err: err}
	}
	return err
}

// quote makes a message an answer to the first of ids that is one. A message
// that is gone meanwhile is no reason to keep the answer back.
func quote(params tgbotapi.Params, ids ...string) {
	for _, id := range ids {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 {
			continue
		}
		set(params, "reply_parameters", struct {
			ID      int64 `json:"message_id"`
			Lenient bool  `json:"allow_sending_without_reply"`
		}{n, true})
		return
	}
}

// set puts a value into params as JSON. Values are plain structs of this
// package, which always have a JSON form.
func set(params tgbotapi.Params, key string, value any) {
	raw, err := json.Marshal(value)
	if err == nil {
		params[key] = string(raw)
	}
}

// with returns params and one message's words and buttons.
func with(params tgbotapi.Params, text, entities string, m message, keys [][]button) tgbotapi.Params {
	out := make(tgbotapi.Params, len(params)+4)
	for key, value := range params {
		out[key] = value
	}
	out[text] = m.text
	if len(m.entities) > 0 {
		set(out, entities, m.entities)
	}
	if text == "text" {
		out["link_preview_options"] = `{"is_disabled":true}`
	}
	if len(keys) > 0 {
		set(out, "reply_markup", map[string]any{"inline_keyboard": keys})
	}
	return out
}

// buttonsOf returns a post's buttons, its card's where it is one.
func buttonsOf(p bots.Post) [][]button {
	if p.Card != nil {
		return keyboard(p.Card.Buttons)
	}
	return keyboard(p.Buttons)
}

// sendText sends a post's words and returns the message's id.
func (b *bot) sendText(ctx context.Context, base tgbotapi.Params, p bots.Post) (string, error) {
	var sent sentMessage
	if err := b.write(ctx, "sendMessage", base, p, &sent); err != nil {
		return "", err
	}
	return strconv.FormatInt(sent.ID, 10), nil
}

// write sends or edits a post's words. Where Telegram refuses their layout the
// same words go out plain: the refusal is certain, so nothing is sent twice, and
// a card without bold is better than none.
func (b *bot) write(ctx context.Context, method string, base tgbotapi.Params, p bots.Post, out any) error {
	words, keys := render(p, textLimit), buttonsOf(p)
	err := b.call(ctx, b.options.Timeout, method, with(base, "text", "entities", words, keys), nil, out)
	if !says(err, "entit", "button_", "keyboard button") {
		return err
	}
	b.env.Log.WarnContext(ctx, "Telegram refused a message's layout: sent plain", "bot", b.env.Name, "post", p.Key, "error", err)
	return b.call(ctx, b.options.Timeout, method, with(base, "text", "entities", message{text: words.text}, withoutLinks(keys)), nil, out)
}

// says reports whether err is a refusal that holds one of words.
func says(err error, words ...string) bool {
	var se *bots.SendError
	if !errors.As(err, &se) || se.Fate != bots.Rejected {
		return false
	}
	text := strings.ToLower(se.Error())
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// withoutLinks returns the buttons that lead nowhere but to the bot.
func withoutLinks(keys [][]button) [][]button {
	var out [][]button
	for _, row := range keys {
		row = slices.DeleteFunc(slices.Clone(row), func(b button) bool { return b.URL != "" })
		if len(row) > 0 {
			out = append(out, row)
		}
	}
	return out
}

// Edit implements bots.Editor: p.Chat says in which chat the message is.
func (b *bot) Edit(ctx context.Context, messageID string, p bots.Post) error {
	base := tgbotapi.Params{"chat_id": p.Chat, "message_id": messageID}
	err := b.write(ctx, "editMessageText", base, p, nil)
	if !says(err, "no text in the message") {
		return err
	}
	// A picture's words are a caption.
	caption := with(base, "caption", "caption_entities", render(p, captionLimit), buttonsOf(p))
	return b.call(ctx, b.options.Timeout, "editMessageCaption", caption, nil, nil)
}

// Recall implements bots.Recaller. Telegram lets a bot take a message back for
// 48 hours.
func (b *bot) Recall(ctx context.Context, chat, messageID string) error {
	return b.call(ctx, b.options.Timeout, "deleteMessage", tgbotapi.Params{"chat_id": chat, "message_id": messageID}, nil, nil)
}
