package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// wire carries slack-go's requests and judges their answers: whatever it
// returns as an error is a *bots.SendError, and what it returns as an answer
// is complete and says ok. One table decides for every method.
type wire struct {
	http    *http.Client
	api     *url.URL
	timeout time.Duration
}

const (
	maxAnswer     = 4 << 20 // bytes of one answer
	uploadTimeout = 5 * time.Minute
	longestWait   = time.Hour // a Retry-After beyond this is cut
)

func newWire(client *http.Client, apiURL string, timeout time.Duration) *wire {
	api, _ := url.Parse(apiURL) // Validate has parsed it before
	c := bots.NoRedirects(client)
	c.Timeout = 0 // every request has a deadline of its own, and an upload's is longer
	return &wire{http: c, api: api, timeout: timeout}
}

// Do performs one request. It implements slack-go's client.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	toAPI := req.URL.Host == w.api.Host && strings.HasPrefix(req.URL.Path, w.api.Path)
	timeout := w.timeout
	if !toAPI {
		timeout = max(timeout, uploadTimeout)
	}
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	var written bots.Written
	resp, err := w.http.Do(req.WithContext(written.Watch(ctx))) //nolint:gosec // the operator's api_url, and addresses it names
	if err != nil {
		return nil, written.Failure(bots.Redact(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	method := ""
	if toAPI {
		method = path.Base(req.URL.Path)
	}
	if refused := judgeStatus(resp.StatusCode, resp.Header); refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, &bots.SendError{Fate: bots.Uncertain, Code: "truncated", Err: bots.Redact(err)}
	}
	if toAPI {
		body, err = judgeAnswer(method, body)
	} else {
		err = judgeHook(body)
	}
	if err != nil {
		return nil, err
	}
	return handBack(resp, body, toAPI), nil
}

// handBack wraps a judged body for slack-go's parsers. Those of response URLs
// look at the content type and want the word ok.
func handBack(resp *http.Response, body []byte, toAPI bool) *http.Response {
	header := resp.Header.Clone()
	if !toAPI {
		body = []byte("ok")
		header.Set("Content-Type", "text/plain")
	}
	return &http.Response{
		Status: resp.Status, StatusCode: resp.StatusCode, Proto: resp.Proto,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)), Request: resp.Request,
	}
}

// judgeStatus judges an answer by its HTTP status; nil for 200.
func judgeStatus(status int, header http.Header) error {
	code := strconv.Itoa(status)
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusTooManyRequests:
		return limited(code, header.Get("Retry-After"))
	case status == http.StatusUnauthorized:
		return &bots.SendError{Fate: bots.Unauthorized, Code: code}
	case status == http.StatusRequestTimeout || status >= 500:
		return &bots.SendError{Fate: bots.Uncertain, Code: code}
	default:
		return &bots.SendError{Fate: bots.Rejected, Code: code}
	}
}

// limited says how long to wait. Slack limits posting by channel and every other
// method by itself, so a limit never stands for all that the bot does: what a
// customer is told does not wait for the edits of cards.
func limited(code, after string) error {
	e := &bots.SendError{Fate: bots.Limited, Code: code, Scope: bots.ScopeChat, RetryAfter: time.Second}
	if seconds, err := strconv.Atoi(strings.TrimSpace(after)); err == nil && seconds > 0 {
		e.RetryAfter = min(time.Duration(seconds)*time.Second, longestWait)
	}
	return e
}

// judgeAnswer judges a Web API answer and returns it without what slack-go
// would parse and nobody reads: a block it does not know would turn a message
// that was taken into one that looks lost.
func judgeAnswer(method string, body []byte) ([]byte, error) {
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, &bots.SendError{Fate: bots.Uncertain, Code: "truncated", Err: errors.New("the answer is no JSON object")}
	}
	var ok bool
	var code string
	if json.Unmarshal(answer["ok"], &ok) != nil {
		return nil, &bots.SendError{Fate: bots.Uncertain, Code: "no verdict"}
	}
	if !ok {
		_ = json.Unmarshal(answer["error"], &code) // an error that is no text is an unknown code
		return nil, judgeCode(method, code)
	}
	delete(answer, "message")
	delete(answer, "view")
	if answer["messages"] != nil {
		if answer["messages"] = leanMessages(answer["messages"]); answer["messages"] == nil {
			return nil, &bots.SendError{Fate: bots.Uncertain, Code: "truncated", Err: errors.New("the messages cannot be read")}
		}
	}
	kept, err := json.Marshal(answer)
	if err != nil {
		return nil, &bots.SendError{Fate: bots.Uncertain, Code: "truncated", Err: errors.New("the answer cannot be read")}
	}
	return kept, nil
}

// judgeHook judges what a response URL or an upload address answers to a 200.
func judgeHook(body []byte) error {
	var answer struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.OK != nil && !*answer.OK {
		return judgeCode("", answer.Error)
	}
	return nil
}

// judgeCode judges an ok:false answer. Unknown words are refusals: Slack says
// so, and says why in the code.
func judgeCode(method, code string) error {
	e := &bots.SendError{Fate: bots.Rejected, Code: code}
	if code == "" {
		e.Code = "no code"
	}
	if fate, known := fates[code]; known {
		e.Fate = fate
	}
	switch {
	case code == "team_added_to_org":
		e.Scope, e.RetryAfter = bots.ScopeBot, time.Minute // nothing at all goes until the workspace has moved
	case e.Fate == bots.Limited:
		return limited(code, "")
	case code == "missing_scope" && strings.HasPrefix(method, "files."):
		e.Fate = bots.Rejected // texts still go out
	}
	return e
}

// fates is what Slack's error codes mean for a message. Codes that are not
// here are refusals for good.
var fates = map[string]bots.Fate{
	"invalid_auth":              bots.Unauthorized,
	"not_authed":                bots.Unauthorized,
	"account_inactive":          bots.Unauthorized,
	"token_revoked":             bots.Unauthorized,
	"token_expired":             bots.Unauthorized,
	"missing_scope":             bots.Unauthorized,
	"no_permission":             bots.Unauthorized,
	"not_allowed_token_type":    bots.Unauthorized,
	"org_login_required":        bots.Unauthorized,
	"team_access_not_granted":   bots.Unauthorized,
	"two_factor_setup_required": bots.Unauthorized,

	"channel_not_found":     bots.Gone,
	"is_archived":           bots.Gone,
	"is_inactive":           bots.Gone,
	"not_in_channel":        bots.Gone,
	"messages_tab_disabled": bots.Gone,
	"user_not_found":        bots.Gone,
	"user_disabled":         bots.Gone,

	// A card that cannot be edited any more, as after the app was installed anew,
	// is as good as gone: another takes its place.
	"message_not_found":       bots.Vanished,
	"cant_update_message":     bots.Vanished,
	"edit_window_closed":      bots.Vanished,
	"thread_not_found":        bots.Vanished,
	"cannot_reply_to_message": bots.Vanished,
	"file_not_found":          bots.Vanished,
	"file_deleted":            bots.Vanished,

	"ratelimited":            bots.Limited,
	"rate_limited":           bots.Limited,
	"message_limit_exceeded": bots.Limited,
	"team_added_to_org":      bots.Limited, // under migration: refused for a while

	// "It's possible some aspect of the operation succeeded", say the docs.
	"internal_error":      bots.Uncertain,
	"fatal_error":         bots.Uncertain,
	"request_timeout":     bots.Uncertain,
	"service_unavailable": bots.Uncertain,
}

// codeOf returns the platform's own word for a failure, empty where err is
// none of ours.
func codeOf(err error) string {
	var se *bots.SendError
	if errors.As(err, &se) {
		return se.Code
	}
	return ""
}

// sendError returns err as the contract wants it: what the wire did not judge
// happened after Slack took the request.
func sendError(err error) error {
	var se *bots.SendError
	if err == nil || errors.As(err, &se) {
		return err
	}
	return &bots.SendError{Fate: bots.Uncertain, Code: "unread answer", Err: bots.Redact(err)}
}
