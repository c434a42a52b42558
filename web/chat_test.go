package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/store"
)

const tinyPNG = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"

func TestCustomerWritesAndReads(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	page := b.get("/c?shop=SH018")
	if page.status != http.StatusOK || !strings.Contains(page.body, "青禾咖啡") {
		t.Fatalf("page: %d", page.status)
	}
	if c := page.header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
		t.Fatalf("cookie %q", c)
	}
	if list, _ := b.messages("site", ""); len(list) != 0 {
		t.Fatalf("a new visitor sees %v", list)
	}
	if r := b.send("site", nonceOf(1), "奶茶里有虫\r\n第二行\x00", "?shop=SH018&evil=1", []upload{{"../../图.png", tinyPNG}}); r.status != http.StatusOK {
		t.Fatalf("send: %d %s", r.status, r.body)
	}
	e := h.lastEvent()
	if e.Text != "奶茶里有虫\n第二行" || e.Fields["shop"] != "SH018" || len(e.Fields) != 1 || e.Key != e.From.ID+":"+nonceOf(1) || e.Chat.ID != e.From.ID {
		t.Fatalf("event %+v", e)
	}
	if a := e.Attachments[0]; a.Kind != "image" || a.Name != "图.png" || a.MIME != "image/png" || !strings.HasPrefix(a.Ref, "stored:") {
		t.Fatalf("attachment %+v", a)
	}
	if len(e.From.ID) < 32 {
		t.Fatalf("visitor id %q holds less than 128 bits", e.From.ID)
	}
	conv := h.conversation("site", e.From.ID)
	h.tell(conv, 0, 0, "receipt:1", "收到了（编号 #1）。", store.OutSent, nil)
	h.tell(conv, 0, h.staff.ID, "reply:1", "马上退款", store.OutSent, [][]bots.Button{{{Text: "还没解决", Data: "unsolved:1:1"}, {Text: "坏链接", URL: "javascript:alert(1)"}}})
	h.tell(conv, 0, h.staff.ID, "reply:2", "还没发出", store.OutPending, nil)
	h.tell(conv, 0, h.staff.ID, "reply:3", "可能没到", store.OutUncertain, nil)
	gone := h.tell(conv, 0, h.staff.ID, "reply:4", "撤回的话", store.OutSent, nil)
	h.write(func(tx *store.Tx) error {
		_, err := tx.PutOut(&store.Out{Key: "recall:" + gone.Key, Bot: "site", Chat: conv.Chat, Audience: store.ToStaff, Kind: "recall", State: store.OutSent})
		return err
	})
	list, more := b.messages("site", "")
	if len(list) != 3 || more {
		t.Fatalf("%d messages, want 3: what is not sent was not said: %+v", len(list), list)
	}
	if !list[0].Mine || list[0].Nonce != nonceOf(1) || list[0].Files[0].URL == "" {
		t.Fatalf("own message %+v", list[0])
	}
	if list[2].By != "小雷" || len(list[2].Buttons) != 1 || len(list[2].Buttons[0]) != 1 || list[2].Buttons[0][0].Data != "unsolved:1:1" {
		t.Fatalf("reply %+v", list[2])
	}
	file := b.get(list[0].Files[0].URL)
	if file.status != http.StatusOK || file.body != tinyPNG || file.header.Get("Content-Type") != "image/png" || !strings.Contains(file.header.Get("Content-Security-Policy"), "sandbox") {
		t.Fatalf("file: %d %v", file.status, file.header)
	}
	if part := b.get(list[0].Files[0].URL, "Range", "bytes=1-3"); part.status != http.StatusPartialContent || part.body != "PNG" {
		t.Fatalf("a part of a file: %d %q", part.status, part.body)
	}
	stranger := h.browser()
	stranger.get("/c")
	if r := stranger.get(list[0].Files[0].URL); r.status != http.StatusNotFound {
		t.Fatalf("a stranger gets the file: %d", r.status)
	}
	stranger.send("site", nonceOf(9), "我也写一句", "", nil)
	if r := stranger.get(list[0].Files[0].URL); r.status != http.StatusNotFound {
		t.Fatalf("another customer gets the file: %d", r.status)
	}
	if list, _ := stranger.messages("site", ""); len(list) != 1 {
		t.Fatalf("another customer sees %d messages, want their own", len(list))
	}
}

func TestRetryIsOneMessage(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.get("/c")
	for range 3 {
		if r := b.send("site", nonceOf(1), "你好", "", []upload{{"a.png", tinyPNG}}); r.status != http.StatusOK {
			t.Fatalf("send: %d %s", r.status, r.body)
		}
	}
	if list, _ := b.messages("site", ""); len(list) != 1 {
		t.Fatalf("%d messages, want 1", len(list))
	}
	if len(h.events) != 1 {
		t.Fatalf("the inbox saw %d events, want 1: files of a retry must not be kept twice", len(h.events))
	}
}

// leaving is an inbox whose customer goes away, or whose database loses its
// answer, just after the message was stored.
type leaving struct {
	Inbox
	then func(ctx context.Context) error
}

func (l *leaving) Receive(ctx context.Context, bot string, e bots.Event) (bots.Answer, error) {
	a, err := l.Inbox.Receive(context.WithoutCancel(ctx), bot, e)
	if err != nil {
		return a, err
	}
	return a, l.then(ctx)
}

// A picture of a message that was stored stays, whatever became of the
// connection it came by: the page sends it again, and hears that we have it.
func TestAPictureOutlivesItsConnection(t *testing.T) {
	gone := context.CancelFunc(nil)
	for name, then := range map[string]func(ctx context.Context) error{
		"the page was closed":           func(ctx context.Context) error { gone(); return ctx.Err() },
		"the database's answer is lost": func(context.Context) error { return fmt.Errorf("commit: %w", store.ErrUnknownOutcome) },
	} {
		t.Run(name, func(t *testing.T) {
			inbox := &leaving{then: then}
			h := newHub(t, func(o *Options) { inbox.Inbox, o.Inbox = o.Inbox, inbox })
			token := strings.Repeat("A", tokenLength)
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part := must(form.CreateFormFile("file", "虫.png"))
			_, err := io.WriteString(part, tinyPNG)
			if err = errors.Join(err, form.WriteField("nonce", nonceOf(1)), form.WriteField("text", "有虫"), form.Close()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			gone = cancel
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/c/site/send", &body)
			r.Header.Set("Content-Type", form.FormDataContentType())
			r.Header.Set(visitorHeader, token)
			h.web.Handler().ServeHTTP(httptest.NewRecorder(), r)

			b := h.browser()
			if r := b.send("site", nonceOf(1), "有虫", "", []upload{{"虫.png", tinyPNG}}, visitorHeader, token); r.status != http.StatusOK {
				t.Fatalf("the second try: %d %s", r.status, r.body)
			}
			said, _ := b.messages("site", "", visitorHeader, token)
			if len(said) != 1 || len(said[0].Files) != 1 {
				t.Fatalf("%d messages: %+v", len(said), said)
			}
			if r := b.get(said[0].Files[0].URL, visitorHeader, token); r.status != http.StatusOK || r.body != tinyPNG {
				t.Fatalf("the customer heard that it is received, and the picture is gone: %d", r.status)
			}
		})
	}
}

func TestNothingIsReceivedThatIsNotStored(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.get("/c")
	h.mu.Lock()
	h.refuse = errors.New("disk is gone: secret detail")
	h.mu.Unlock()
	r := b.send("site", nonceOf(1), "你好", "", []upload{{"a.png", tinyPNG}})
	if r.status != http.StatusServiceUnavailable || strings.Contains(r.body, "secret") || r.header.Get("Retry-After") == "" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	h.mu.Lock()
	h.refuse = nil
	h.mu.Unlock()
	if r := b.send("site", nonceOf(1), "你好", "", nil); r.status != http.StatusOK {
		t.Fatalf("retry: %d %s", r.status, r.body)
	}
}

func TestWhatIsRefused(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.get("/c")
	big := strings.Repeat("x", 1<<20+1)
	many := make([]upload, 10)
	for i := range many {
		many[i] = upload{"a.png", tinyPNG}
	}
	for name, c := range map[string]struct {
		r    reply
		want int
	}{
		"empty":          {b.send("site", nonceOf(1), " \n ", "", nil), http.StatusBadRequest},
		"too long":       {b.send("site", nonceOf(2), strings.Repeat("字", 4001), "", nil), http.StatusRequestEntityTooLarge},
		"huge":           {b.send("site", nonceOf(3), strings.Repeat("字", 100_000), "", nil), http.StatusRequestEntityTooLarge},
		"big file":       {b.send("site", nonceOf(4), "", "", []upload{{"a.bin", big}}), http.StatusRequestEntityTooLarge},
		"empty file":     {b.send("site", nonceOf(12), "看图", "", []upload{{"a.png", ""}}), http.StatusBadRequest},
		"many files":     {b.send("site", nonceOf(5), "", "", many), http.StatusRequestEntityTooLarge},
		"no nonce":       {b.send("site", "", "你好", "", nil), http.StatusBadRequest},
		"odd nonce":      {b.send("site", "../../../etc", "你好", "", nil), http.StatusBadRequest},
		"no such bot":    {b.send("nosuch", nonceOf(6), "你好", "", nil), http.StatusNotFound},
		"not multipart":  {b.json("/c/site/send", map[string]string{"text": "x"}), http.StatusBadRequest},
		"no visitor":     {h.browser().send("site", nonceOf(7), "你好", "", nil), http.StatusUnauthorized},
		"other site":     {b.send("site", nonceOf(8), "你好", "", nil, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		"other origin":   {b.send("site", nonceOf(9), "你好", "", nil, "Origin", "https://evil.example"), http.StatusForbidden},
		"long button":    {b.json("/c/site/press", map[string]any{"nonce": nonceOf(10), "data": strings.Repeat("x", 65)}), http.StatusBadRequest},
		"foreign button": {b.json("/c/site/press", map[string]any{"nonce": nonceOf(11), "data": "rate:1:1:5", "message": 1}), http.StatusNotFound},
	} {
		if c.r.status != c.want {
			t.Errorf("%s: %d %s, want %d", name, c.r.status, c.r.body, c.want)
		}
		if !strings.Contains(c.r.body, "error") {
			t.Errorf("%s: no reason in %q", name, c.r.body)
		}
	}
	if len(h.events) != 0 {
		t.Fatalf("the inbox took %d of them", len(h.events))
	}
}

func TestBurstOfOneVisitorBlocksNobody(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.VisitorMessages = Rate{5, time.Minute} })
	loud, quiet := h.browser(), h.browser()
	loud.get("/c")
	quiet.get("/c")
	refused := 0
	for i := range 20 {
		r := loud.send("site", nonceOf(i), "刷屏", "", nil)
		if r.status == http.StatusTooManyRequests {
			refused++
			if r.header.Get("Retry-After") == "" || !strings.Contains(r.body, "稍等") {
				t.Fatalf("429 without a time or a reason: %v %s", r.header, r.body)
			}
		}
	}
	if refused != 15 {
		t.Fatalf("%d of 20 refused, want 15", refused)
	}
	if r := quiet.send("site", nonceOf(0), "你好", "", nil); r.status != http.StatusOK {
		t.Fatalf("another visitor: %d", r.status)
	}
}

func TestPress(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.get("/c")
	b.send("site", nonceOf(1), "你好", "", nil)
	conv := h.conversation("site", h.lastEvent().From.ID)
	h.tell(conv, 0, 0, "closure:1:1", "处理好了", store.OutSent, [][]bots.Button{{{Text: "😍 5", Data: "rate:1:1:5"}}})
	list, _ := b.messages("site", "")
	h.mu.Lock()
	h.answer = bots.Answer{Text: "谢谢您！", Brief: true}
	h.mu.Unlock()
	r := b.json("/c/site/press", map[string]any{"nonce": nonceOf(2), "message": list[1].ID, "data": "rate:1:1:5"})
	if r.status != http.StatusOK || !strings.Contains(r.body, "谢谢您！") {
		t.Fatalf("press: %d %s", r.status, r.body)
	}
	e := h.lastEvent()
	if e.Type != bots.OnPress || e.Payload != "rate:1:1:5" || e.MessageID != "closure:1:1" || e.Key == "" {
		t.Fatalf("event %+v", e)
	}
	other := h.browser()
	other.get("/c")
	other.send("site", nonceOf(3), "我是别人", "", nil)
	if r := other.json("/c/site/press", map[string]any{"nonce": nonceOf(4), "message": list[1].ID, "data": "rate:1:1:1"}); r.status != http.StatusNotFound {
		t.Fatalf("another customer presses: %d", r.status)
	}
}

func TestOlderMessages(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.VisitorMessages = Rate{1000, time.Second} })
	b := h.browser()
	b.get("/c")
	const all = chatWindow + 15
	for i := range all {
		if r := b.send("site", nonceOf(i), "第"+nonceOf(i), "", nil); r.status != http.StatusOK {
			t.Fatalf("send %d: %d", i, r.status)
		}
	}
	newest, more := b.messages("site", "")
	if len(newest) != chatWindow || !more {
		t.Fatalf("%d messages, more %v", len(newest), more)
	}
	before, more := b.messages("site", "?before="+itoa(newest[0].ID))
	if len(before) != 15 || more || before[14].ID >= newest[0].ID {
		t.Fatalf("%d older messages, more %v", len(before), more)
	}
	if from, _ := b.messages("site", "?from="+itoa(newest[50].ID)); len(from) != 10 {
		t.Fatalf("%d messages from the 51st on", len(from))
	}
}

func TestEmbedded(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	page := b.get("/c/site?embed=1")
	csp := page.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors 'self' https://www.example.com") || page.header.Get("Set-Cookie") != "" {
		t.Fatalf("policy %q, cookie %q", csp, page.header.Get("Set-Cookie"))
	}
	if other := b.get("/c/shop").header.Get("Content-Security-Policy"); !strings.HasSuffix(other, "frame-ancestors 'self'") {
		t.Fatalf("a page without origins: %q", other)
	}
	if board := b.get("/signin").header.Get("Content-Security-Policy"); !strings.HasSuffix(board, "frame-ancestors 'none'") {
		t.Fatalf("board: %q", board)
	}
	js := h.browser().get("/c/embed.js")
	if js.status != http.StatusOK || !strings.Contains(js.header.Get("Content-Type"), "javascript") || js.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Fatalf("embed.js: %d %v", js.status, js.header)
	}
	hello := h.browser().json("/c/site/hello", map[string]string{})
	token := strings.TrimSuffix(strings.TrimPrefix(hello.body, `{"token":"`), `"}`)
	if !validToken(token) {
		t.Fatalf("hello: %s", hello.body)
	}
	noCookies := h.browser()
	if r := noCookies.send("site", nonceOf(1), "没有 Cookie 也行", "", nil, visitorHeader, token); r.status != http.StatusOK {
		t.Fatalf("send: %d %s", r.status, r.body)
	}
	if list, _ := noCookies.messages("site", "", visitorHeader, token); len(list) != 1 {
		t.Fatalf("%d messages", len(list))
	}
}

func TestLiveTellsWhenToLook(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.get("/c")
	if r := b.get("/c/site/live"); r.status != http.StatusNoContent {
		t.Fatalf("before anything was said: %d", r.status)
	}
	b.send("site", nonceOf(1), "你好", "", nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.srv.URL+"/c/site/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		for lines.Scan() {
			if lines.Text() != "" {
				return lines.Text()
			}
		}
		t.Fatalf("stream ended: %v", lines.Err())
		return ""
	}
	if got := next(); got != "data: " {
		t.Fatalf("first line %q", got)
	}
	h.tell(h.conversation("site", h.lastEvent().From.ID), 0, 0, "x:1", "好的", store.OutSent, nil)
	if got := next(); got != "data: " {
		t.Fatalf("after a message: %q", got)
	}
}

// The customers' page runs in chat apps' browsers that know ES2017 and no more.
func TestScriptsForOldBrowsers(t *testing.T) {
	newer := regexp.MustCompile(`\?\.[a-zA-Z([]|\?\?|\.\.\.[a-zA-Z[{]|catch \{|for await|async \*|\.(flat|flatMap|replaceAll|matchAll|at|finally|allSettled|fromEntries|hasOwn)\(|#[a-z]+\s*=[^=]|^(import|export) `)
	for _, name := range []string{"chat.js", "embed.js"} {
		for n, line := range strings.Split(string(loadAssets().byName[name].body), "\n") {
			if at := newer.FindString(line); at != "" && !strings.HasPrefix(strings.TrimSpace(line), "//") {
				t.Errorf("%s:%d: %q is newer than ES2017", name, n+1, at)
			}
		}
	}
}

func TestLinkFieldsAndLanguage(t *testing.T) {
	h := newHub(t)
	if got := h.web.fieldsOf("?shop=" + strings.Repeat("x", 101)); got != nil {
		t.Errorf("a long value was kept: %v", got)
	}
	if got := h.web.fieldsOf("?shop=%zz"); got != nil {
		t.Errorf("a broken query gave %v", got)
	}
	for accept, want := range map[string]string{
		"":                        zh,
		"en-US,en;q=0.9":          en,
		"zh-CN,zh;q=0.9,en;q=0.8": zh,
		"fr,en;q=0.3":             en,
		"zh;q=0.1, en;q=0.9":      en,
		"de":                      zh,
	} {
		if got := pickLanguage(accept, zh); got != want {
			t.Errorf("%q: %s, want %s", accept, got, want)
		}
	}
	if page := h.browser().get("/c", "Accept-Language", "en"); !strings.Contains(page.body, "Write a message") || !strings.Contains(page.body, `lang="en"`) {
		t.Error("the page is not in English")
	}
}
