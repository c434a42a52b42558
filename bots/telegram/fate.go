package telegram

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/huiyin/huiyin/bots"
)

// unstated is how long to wait after a 429 that does not say.
const unstated = 3 * time.Second

// fates maps what Telegram says with a code to what became of the request.
// Telegram has no error names, only sentences: a part of each is compared. The
// first match counts; refusal holds what no sentence decides.
var fates = []struct {
	code int
	says string
	fate bots.Fate
}{
	{400, "message is not modified", bots.Unchanged},
	{400, "message to edit not found", bots.Vanished},
	{400, "message can't be edited", bots.Vanished}, // a bot can always edit its own: this one is not
	{400, "message to delete not found", bots.Vanished},
	{400, "message to be replied not found", bots.Vanished},
	{400, "message to reply not found", bots.Vanished},
	{400, "replied message not found", bots.Vanished},
	{400, "message_id_invalid", bots.Vanished},
	{400, "message thread not found", bots.Vanished},
	{400, "topic_deleted", bots.Vanished},
	{400, "chat not found", bots.Gone},
	{400, "user not found", bots.Gone},
	{400, "peer_id_invalid", bots.Gone},
	{400, "input_user_deactivated", bots.Gone},
	{400, "user_is_blocked", bots.Gone},
	{400, "chat was deactivated", bots.Gone},
	{400, "chat was deleted", bots.Gone},
	{400, "chat is deactivated", bots.Gone},
	{403, "bot was blocked by the user", bots.Gone},
	{403, "user is deactivated", bots.Gone},
	{403, "bot was kicked", bots.Gone},
	{403, "bot is not a member", bots.Gone},
	{403, "can't initiate conversation", bots.Gone},
	{403, "can't send messages to bots", bots.Gone},
	{403, "chat was deleted", bots.Gone},
	{403, "chat was deactivated", bots.Gone},
	{404, "method not found", bots.Rejected},
}

// refusal turns an ok:false answer into the error it stands for.
func refusal(resp *tgbotapi.APIResponse) *bots.SendError {
	se := &bots.SendError{Fate: bots.Rejected, Code: strconv.Itoa(resp.ErrorCode), Err: errors.New(describe(resp.Description))}
	if p := resp.Parameters; p != nil {
		se.RetryAfter = time.Duration(p.RetryAfter) * time.Second
		if p.MigrateToChatID != 0 {
			se.Fate, se.NewChat = bots.Moved, strconv.FormatInt(p.MigrateToChatID, 10)
			return se
		}
	}
	says := strings.ToLower(resp.Description)
	for _, f := range fates {
		if f.code == resp.ErrorCode && strings.Contains(says, f.says) {
			se.Fate = f.fate
			return se
		}
	}
	switch code := resp.ErrorCode; {
	case code == http.StatusTooManyRequests:
		se.Fate = bots.Limited
		if se.RetryAfter <= 0 {
			se.RetryAfter = unstated
		}
	case code == http.StatusUnauthorized, code == http.StatusNotFound:
		// Telegram answers 404 to a token that it cannot even read.
		se.Fate = bots.Unauthorized
	case code >= http.StatusInternalServerError:
		se.Fate = bots.Uncertain
	}
	return se
}

// foreign is the fate of an answer that is none of the Bot API's: from a proxy,
// a gateway, or another server.
func foreign(status int) *bots.SendError {
	se := &bots.SendError{Fate: bots.Rejected, Code: strconv.Itoa(status), Err: errors.New("not the Bot API's answer: check api_url and any proxy")}
	switch {
	case status == http.StatusTooManyRequests:
		se.Fate, se.RetryAfter, se.Scope = bots.Limited, unstated, bots.ScopeBot
	case status >= http.StatusInternalServerError, status < http.StatusMultipleChoices:
		se.Fate, se.Err = bots.Uncertain, errUnreadable
	}
	return se
}

// quoted finds what a description repeats of a request: text in quotation marks
// (an apostrophe within a word opens none) and all that is not ASCII.
var quoted = regexp.MustCompile(`\B'[^']*'?|"[^"]*"?|[^\x20-\x7e]+`)

// describe shortens a platform's description and leaves out what it repeats of
// the request: that can be an address or somebody's words.
func describe(text string) string {
	text = quoted.ReplaceAllString(text, "…")
	return bots.Limit{N: 160}.Cut(strings.Join(strings.Fields(text), " "))
}

// limits tells whether a 429 is about one chat or about the whole bot, which
// Telegram does not say: a second chat that is refused while the first still
// has to wait means the bot.
type limits struct {
	mu    sync.Mutex
	chat  string
	until time.Time
}

func (l *limits) scoped(se *bots.SendError, chat string, now time.Time) *bots.SendError {
	if se.Fate != bots.Limited {
		return se
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	se.Scope = bots.ScopeChat
	if chat == "" || l.chat != "" && l.chat != chat && now.Before(l.until) {
		se.Scope = bots.ScopeBot
	}
	l.chat, l.until = chat, now.Add(se.RetryAfter)
	return se
}
