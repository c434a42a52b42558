package telegram

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/huiyin/huiyin/bots"
)

// maxAnswer is how much of an answer is read: a hundred updates stay far below.
const maxAnswer = 16 << 20

// carrier is the library's way to the network: it gives each request our
// context and deadline, which the library knows nothing of, and notes what is
// needed to tell a request that certainly failed from one that may have been
// taken. One carrier serves one request.
type carrier struct {
	ctx     context.Context // the library's interface has no room for it
	client  *http.Client
	written bots.Written
	status  int
}

// Do implements tgbotapi.HTTPClient.
func (c *carrier) Do(req *http.Request) (*http.Response, error) {
	resp, err := c.client.Do(req.WithContext(c.written.Watch(c.ctx))) //nolint:gosec // the address is api_url, which is the operator's choice
	if err != nil {
		return nil, err
	}
	c.status = resp.StatusCode
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// call makes one request and decodes its result into out, where out is not
// nil. Its error is a *bots.SendError without token, address or content.
//
// Requests go through telegram-bot-api's MakeRequest and UploadFiles; a BotAPI
// value is made for each, since it holds the client and so the context. Its
// constructor is not used: it would call getMe without a deadline.
func (b *bot) call(ctx context.Context, timeout time.Duration, method string, params tgbotapi.Params, files []tgbotapi.RequestFile, out any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c := &carrier{ctx: ctx, client: b.http}
	api := &tgbotapi.BotAPI{Token: b.options.Token, Client: c}
	api.SetAPIEndpoint(b.options.APIURL + "/bot%s/%s")
	var resp *tgbotapi.APIResponse
	var err error
	if len(files) == 0 {
		resp, err = api.MakeRequest(method, params)
	} else {
		resp, err = api.UploadFiles(method, params, files)
	}
	switch {
	case err == nil && (out == nil || json.Unmarshal(resp.Result, out) == nil):
		return nil
	case err == nil:
		return &bots.SendError{Fate: bots.Uncertain, Code: "unreadable answer", Err: errUnreadable}
	case c.status == 0:
		return c.written.Failure(cause(err))
	case resp != nil && resp.ErrorCode != 0:
		return b.limits.scoped(refusal(resp), params["chat_id"], b.env.Now())
	default:
		return foreign(c.status)
	}
}

var errUnreadable = errors.New("the answer is cut short or no answer of the Bot API")

// cause returns why a request failed in words of our own: the library's errors
// hold the address and in it the token.
func cause(err error) error {
	var timeout net.Error
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.As(err, &dns):
		return errors.New("the host name is not known: check api_url and DNS")
	case errors.As(err, &cert), errors.As(err, &authority), errors.As(err, &record):
		return errors.New("the TLS certificate is not accepted: check api_url and the machine's clock")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("connection refused")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errors.New("connection reset")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection ended before the answer")
	default:
		return errors.New("network error")
	}
}

var errTimeout = errors.New("no answer in time")
