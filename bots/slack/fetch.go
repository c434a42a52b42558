package slack

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/huiyin/huiyin/bots"
)

// trustedHosts are those that may see the bot's token: the configured one and
// Slack's own.
type trustedHosts struct{ scheme, host string }

func trustHosts(apiURL string) trustedHosts {
	u, err := url.Parse(apiURL)
	if err != nil {
		return trustedHosts{}
	}
	return trustedHosts{scheme: u.Scheme, host: strings.ToLower(u.Host)}
}

func (t trustedHosts) has(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	if u.Scheme == t.scheme && strings.ToLower(u.Host) == t.host {
		return true
	}
	name := strings.ToLower(u.Hostname())
	for _, domain := range []string{"slack.com", "slack-gov.com"} {
		if u.Scheme == "https" && (name == domain || strings.HasSuffix(name, "."+domain)) {
			return true
		}
	}
	return false
}

// Fetch opens an attachment. The token goes to trusted hosts only, and never
// along a redirect: what lies elsewhere is fetched without it, by the client
// for addresses found in content.
func (b *bot) Fetch(ctx context.Context, ref string, limit int64) (bots.File, error) {
	address, err := b.addressOf(ctx, ref)
	if err != nil {
		return bots.File{}, err
	}
	if !b.trusted.has(address) {
		return b.download(ctx, b.env.Content, address, "", limit)
	}
	resp, err := b.get(ctx, b.fetch, address, b.opts.BotToken)
	if err != nil {
		return bots.File{}, err
	}
	if resp.StatusCode < 300 || resp.StatusCode >= 400 {
		return fileFrom(resp, address, limit)
	}
	_ = resp.Body.Close()
	next, err := resp.Location()
	if err != nil {
		return bots.File{}, &bots.SendError{Fate: bots.Rejected, Code: "redirect"}
	}
	if next.Query().Has("redir") || path.Clean(next.Path) == "/" {
		return bots.File{}, &bots.SendError{Fate: bots.Rejected, Code: "sign_in", Err: errors.New("slack asked to sign in: the bot token lacks files:read, or may not see this file")}
	}
	return b.download(ctx, b.env.Content, next.String(), "", limit)
}

// addressOf returns where a Ref's content is: Refs are addresses, or file ids
// where Slack wanted to be asked.
func (b *bot) addressOf(ctx context.Context, ref string) (string, error) {
	if strings.Contains(ref, "://") {
		return ref, nil
	}
	f, _, _, err := b.api.GetFileInfoContext(ctx, ref, 1, 1)
	if err != nil {
		return "", sendError(err)
	}
	return first(f.URLPrivateDownload, f.URLPrivate), nil
}

func (b *bot) download(ctx context.Context, client *http.Client, address, token string, limit int64) (bots.File, error) {
	resp, err := b.get(ctx, client, address, token) //nolint:bodyclose // the body is the file: its reader closes it
	if err != nil {
		return bots.File{}, err
	}
	return fileFrom(resp, address, limit)
}

func (b *bot) get(ctx context.Context, client *http.Client, address, token string) (*http.Response, error) {
	var written bots.Written
	req, err := http.NewRequestWithContext(written.Watch(ctx), http.MethodGet, address, nil)
	if err != nil {
		return nil, &bots.SendError{Fate: bots.Rejected, Code: "bad address"}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, written.Failure(bots.Redact(err))
	}
	return resp, nil
}

// fileFrom turns an answer into a file, or its refusal into an error.
func fileFrom(resp *http.Response, address string, limit int64) (bots.File, error) {
	refuse := func(err error) (bots.File, error) {
		_ = resp.Body.Close()
		return bots.File{}, err
	}
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
		return refuse(&bots.SendError{Fate: bots.Vanished, Code: resp.Status})
	}
	if err := judgeStatus(resp.StatusCode, resp.Header); err != nil {
		return refuse(err)
	}
	if limit > 0 && resp.ContentLength > limit {
		return refuse(bots.TooLarge(limit))
	}
	f := bots.File{Body: bots.Bounded(resp.Body, limit), MIME: resp.Header.Get("Content-Type"), Size: resp.ContentLength}
	if u, err := url.Parse(address); err == nil {
		f.Name = path.Base(u.Path)
	}
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		f.Name = params["filename"]
	}
	return f, nil
}
