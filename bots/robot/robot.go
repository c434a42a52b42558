// Package robot sends cards to team groups of WeCom, Feishu and DingTalk
// through their group robots. It is one-way: people read the card there and
// work on the board its link opens.
package robot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// Options configure one group's robot.
type Options struct {
	Flavour string `yaml:"flavour"`
	URL     string `yaml:"url" secret:"true"`    // as the platform shows it: it holds the key
	Secret  string `yaml:"secret" secret:"true"` // signing key, where signing is switched on
	// Timeout is how long one request may take.
	Timeout time.Duration `yaml:"timeout"`
}

// Validate names what is wrong with the options.
func (o *Options) Validate() []bots.Problem {
	var problems []bots.Problem
	wrong := func(key, text string) { problems = append(problems, bots.Problem{Key: key, Text: text}) }
	f, known := flavours()[o.Flavour]
	if !known {
		wrong("flavour", "needs one of "+strings.Join(names(), ", "))
	}
	if u, err := url.Parse(o.URL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		wrong("url", "needs the robot's webhook address, copied whole from the group's settings")
	}
	if known && o.Secret != "" && f.sign == nil {
		wrong("secret", "is not used: "+f.title+" robots do not sign")
	}
	if o.Timeout <= 0 {
		wrong("timeout", "needs a duration above 0, such as 10s")
	}
	return problems
}

func names() []string {
	var all []string
	for name := range flavours() {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

const sample = `- name: qun
  type: robot
  flavour: wecom                     # wecom 企业微信, feishu 飞书, dingtalk 钉钉
  url: ${WECOM_ROBOT}                # the webhook address, from the group's settings
  # secret: ${ROBOT_SECRET}          # feishu, dingtalk: the signing key (签名校验 / 加签)
`

// textLimit fits the narrowest flavour (WeCom, 2,048 bytes), its link included.
const textLimit = 1800

// Kind describes the connector. Its rate is the narrowest flavour's, with room
// to spare: DingTalk closes a robot for ten minutes that sends a 21st message
// within one.
func Kind() bots.Kind {
	return bots.Kind{
		Name:    "robot",
		Title:   "群机器人",
		TitleEN: "Team robot",
		Sample:  sample,
		Caps: bots.Caps{
			Team:     true,
			Text:     bots.Limit{N: textLimit, Unit: bots.Bytes},
			PerGroup: bots.Rate{N: 18, Per: time.Minute},
			Overall:  bots.Rate{N: 18, Per: time.Minute},
		},
		Options: func() any { return &Options{Timeout: 10 * time.Second} },
		New:     newBot,
	}
}

type bot struct {
	flavour flavour
	opts    Options
	client  *http.Client
	now     func() time.Time

	mu   sync.Mutex
	sent window
}

var (
	_ bots.Bot    = (*bot)(nil)
	_ bots.Doctor = (*bot)(nil)
)

func newBot(env bots.Env, options any) (bots.Bot, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, errors.New("robot: options are not those of this kind")
	}
	if problems := o.Validate(); len(problems) > 0 {
		return nil, errors.New("robot: " + problems[0].Key + " " + problems[0].Text)
	}
	f := flavours()[o.Flavour]
	return &bot{flavour: f, opts: *o, client: bots.NoRedirects(env.HTTP), now: env.Now, sent: window{rates: f.rates}}, nil
}

// Run waits: nothing comes from a robot.
func (b *bot) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Send posts one text. Robots have no message ids: the post's key stands in.
func (b *bot) Send(ctx context.Context, p bots.Post) (bots.Sent, error) {
	text := layOut(p, b.flavour)
	if strings.TrimSpace(text) == "" {
		return bots.Sent{}, &bots.SendError{Fate: bots.Rejected, Code: "no text"}
	}
	b.mu.Lock()
	wait := b.sent.take(b.now())
	b.mu.Unlock()
	if wait > 0 {
		return bots.Sent{}, &bots.SendError{Fate: bots.Limited, Code: "own limit", RetryAfter: wait, Scope: bots.ScopeBot}
	}
	if err := b.post(ctx, b.flavour.message(text, ids(p.Mention, b.flavour))); err != nil {
		b.heed(err)
		return bots.Sent{}, err
	}
	if p.Key == "" {
		return bots.Sent{ID: "sent"}, nil
	}
	return bots.Sent{ID: p.Key}, nil
}

// heed keeps the robot silent for as long as the platform said.
func (b *bot) heed(err error) {
	var se *bots.SendError
	if !errors.As(err, &se) || se.Fate != bots.Limited {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent.closeUntil(b.now().Add(se.RetryAfter))
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 64 << 10

// post performs one request and judges its answer.
func (b *bot) post(ctx context.Context, message map[string]any) error {
	address := b.opts.URL
	if b.flavour.sign != nil && b.opts.Secret != "" {
		address = b.flavour.sign(address, b.opts.Secret, b.now(), message)
	}
	body, err := encode(message)
	if err != nil {
		return &bots.SendError{Fate: bots.Rejected, Code: "encode", Err: errors.New("the message cannot be written as JSON")}
	}
	ctx, cancel := context.WithTimeout(ctx, b.opts.Timeout)
	defer cancel()
	var written bots.Written
	req, err := http.NewRequestWithContext(written.Watch(ctx), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return &bots.SendError{Fate: bots.Rejected, Code: "url", Err: errors.New("the robot's address cannot be used")}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := b.client.Do(req)
	if err != nil {
		return written.Failure(bots.Redact(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil && resp.StatusCode == http.StatusOK {
		return &bots.SendError{Fate: bots.Uncertain, Code: "truncated", Err: bots.Redact(err)}
	}
	return b.flavour.judge(resp.StatusCode, answer)
}

// encode writes JSON as it is read: without \u003c for every <, which would
// count six times against a limit in bytes.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Doctor posts an empty message, which every platform refuses after it has
// looked at the key.
func (b *bot) Doctor(ctx context.Context) []bots.Finding {
	err := b.post(ctx, map[string]any{})
	var se *bots.SendError
	switch {
	case err == nil || !errors.As(err, &se):
		return []bots.Finding{{OK: true, Text: b.flavour.title + "群机器人能连上", TextEN: "the " + b.flavour.name + " robot can be reached"}}
	case se.Fate == bots.Rejected:
		return []bots.Finding{{OK: true, Text: b.flavour.title + "群机器人能连上，地址没有被拒绝（没有发消息）", TextEN: "the " + b.flavour.name + " robot can be reached, and its address is not refused (nothing was posted)"}}
	case se.Fate == bots.Unauthorized:
		return []bots.Finding{{
			Text: fmt.Sprintf("%s拒绝了这个群机器人（%s）", b.flavour.title, se.Code), Do: "在群设置里重新复制 webhook 地址；开了签名就填 secret；开了 IP 白名单就加上这台机器",
			TextEN: fmt.Sprintf("%s refuses this robot (%s)", b.flavour.name, se.Code), DoEN: "copy the webhook's address from the group's settings again; where signing is on, set secret; where addresses are listed, add this machine's",
		}}
	case se.Fate == bots.Unsent:
		return []bots.Finding{{
			Text: "连不上" + b.flavour.title, Do: "检查网络、代理和 url",
			TextEN: b.flavour.name + " cannot be reached", DoEN: "check the network, the proxy and url",
		}}
	case se.Fate == bots.Limited:
		return []bots.Finding{{
			Text: b.flavour.title + "群机器人发得太快，暂时被限制", Do: fmt.Sprintf("等 %s 再试", se.RetryAfter),
			TextEN: "the " + b.flavour.name + " robot posted too fast and is held back", DoEN: fmt.Sprintf("try again in %s", se.RetryAfter),
		}}
	default:
		return []bots.Finding{{
			Text: fmt.Sprintf("%s的回答读不懂（%s）", b.flavour.title, se.Code), Do: "核对 url，过一会儿再试",
			TextEN: fmt.Sprintf("%s answers something unknown (%s)", b.flavour.name, se.Code), DoEN: "check url, and try again in a while",
		}}
	}
}
