package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/device"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// chrome is a real browser on the hub's pages. It notes everything a page must
// not do.
type chrome struct {
	t     *testing.T
	h     *hub
	ctx   context.Context
	shots string

	mu      sync.Mutex
	outside []string
	dialogs []string
	errors  []string
}

// startChrome starts a browser of its own for the test.
func startChrome(t *testing.T, h *hub, more ...chromedp.ExecAllocatorOption) *chrome {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome", "headless_shell"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("the pages are tested in a real browser: install chromium (apt-get install chromium fonts-noto-cjk)")
	}
	profile, err := os.MkdirTemp("", "huiyin-browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "zh-CN"),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(60*time.Second))
	options = append(options, more...)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(func() {
		stop()
		// The browser's own processes may write for a moment after it has ended.
		for deadline := time.Now().Add(time.Minute); os.RemoveAll(profile) != nil; time.Sleep(30 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("the browser still writes into %s", profile)
				return
			}
		}
	})
	c := &chrome{t: t, h: h, shots: os.Getenv("HUIYIN_SHOTS")}
	c.ctx = c.tab(alloc)
	return c
}

// tab opens a tab that is watched.
func (c *chrome) tab(parent context.Context) context.Context {
	c.t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	c.t.Cleanup(cancel)
	if err := chromedp.Listen(ctx, c.note); err != nil {
		c.t.Fatalf("start the browser: %v", err)
	}
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(ctx, runtime.Enable, cdp.Empty{})
	}
	if err == nil {
		_, err = chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	}
	if err == nil {
		_, err = chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": "zh-CN,zh;q=0.9"}})
	}
	if err != nil {
		c.t.Fatalf("start the browser: %v", err)
	}
	ctx, cancelTime := context.WithTimeout(ctx, 5*time.Minute)
	c.t.Cleanup(cancelTime)
	return ctx
}

// note keeps what a page must not do.
func (c *chrome) note(ev any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "blob" && u.Scheme != "data" && !strings.HasPrefix(e.Request.URL, c.h.srv.URL+"/") {
			c.outside = append(c.outside, e.Request.URL)
		}
	case *cdppage.EventJavascriptDialogOpening:
		c.dialogs = append(c.dialogs, e.Message)
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		c.errors = append(c.errors, text)
	case *cdplog.EventEntryAdded:
		if e.Entry.Source == "security" {
			c.errors = append(c.errors, e.Entry.Text)
		}
	}
}

type step = chromedp.Action[chromedp.Void]

func (c *chrome) run(steps ...step) {
	c.t.Helper()
	if err := chromedp.Do(c.ctx, steps...); err != nil {
		c.t.Fatalf("%v; errors in the page: %q", err, c.errors)
	}
}

func visible(css string) step    { return chromedp.WaitVisible(chromedp.CSS(css)) }
func click(css string) step      { return chromedp.Click(chromedp.CSS(css)) }
func keys(css, text string) step { return chromedp.SendKeys(chromedp.CSS(css), text) }
func upload1(css, file string) step {
	return chromedp.SetUploadFiles(chromedp.CSS(css), []string{file})
}
func goTo(address string) step { return chromedp.Navigate(address) }
func script(js string) step    { return chromedp.Evaluate[chromedp.Void](js) }

func look[T any](c *chrome, a chromedp.Action[T]) T {
	c.t.Helper()
	v, err := chromedp.Run(c.ctx, a)
	if err != nil {
		c.t.Fatalf("%v; errors in the page: %q", err, c.errors)
	}
	return v
}

// until waits for a condition of the page.
func (c *chrome) until(what, js string) {
	c.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		if look(c, chromedp.Evaluate[bool]("Boolean("+js+")")) {
			return
		}
		if time.Now().After(deadline) {
			text := c.value("document.body.innerText")
			c.shot("failed")
			c.t.Fatalf("%s: not within a minute; errors %v; the page says:\n%s", what, c.errors, text)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// says waits for a text on the page.
func (c *chrome) says(text string) {
	c.t.Helper()
	c.until("the page says "+text, "document.body.innerText.includes("+quoted(text)+")")
}

func quoted(s string) string { return `decodeURIComponent("` + url.PathEscape(s) + `")` }

func (c *chrome) value(js string) string {
	c.t.Helper()
	return look(c, chromedp.Evaluate[string]("String("+js+")"))
}

// shot keeps a picture where HUIYIN_SHOTS names a directory.
func (c *chrome) shot(name string) {
	c.t.Helper()
	if c.shots == "" {
		return
	}
	png := look(c, chromedp.CaptureScreenshot())
	if err := os.MkdirAll(c.shots, 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.shots, name+".png"), png, 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// harmless fails where a page asked anything of another host, ran a foreign
// script or broke.
func (c *chrome) harmless() {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.outside) > 0 {
		c.t.Errorf("requests to other hosts: %q", c.outside)
	}
	if len(c.dialogs) > 0 {
		c.t.Errorf("dialogs: %q", c.dialogs)
	}
	if len(c.errors) > 0 {
		c.t.Errorf("errors in the page: %q", c.errors)
	}
}

func phone() step { return chromedp.Emulate(device.IPhone13) }

func (c *chrome) dark(on bool) {
	c.t.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	_, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func TestBrowserCustomer(t *testing.T) {
	h := newHub(t)
	c := startChrome(t, h)
	picture := filepath.Join(t.TempDir(), "杯子.png")
	if err := os.WriteFile(picture, testPicture(), 0o600); err != nil {
		t.Fatal(err)
	}
	c.run(phone(), goTo(h.srv.URL+"/c?shop=SH018"), visible("#chips"))
	c.says("有人看，也有人回")
	c.shot("chat-start")

	c.run(keys("#text", "芋泥奶茶里有条虫，孩子喝了一半肚子疼"), click("#send"))
	c.says("已收到")
	e := h.lastEvent()
	if e.Fields["shop"] != "SH018" || e.Text != "芋泥奶茶里有条虫，孩子喝了一半肚子疼" {
		t.Fatalf("event %+v", e)
	}
	c.run(upload1("#files", picture))
	c.until("the picture waits in the tray", "document.querySelectorAll('#tray img').length === 1")
	c.run(click("#send"))
	c.until("the picture is shown", "document.querySelectorAll('.mine .picture img').length === 1 && document.querySelectorAll('.meta').length === 1 && document.querySelector('.picture img').naturalWidth > 0")
	c.until("the picture is received", "document.querySelector('.meta').innerText.includes('已收到') && document.querySelector('.mine.pending') === null")
	if a := h.lastEvent().Attachments[0]; a.Kind != "image" || a.Name != "杯子.png" {
		t.Fatalf("attachment %+v", a)
	}

	conv := h.conversation("site", e.From.ID)
	h.tell(conv, 128, 0, "receipt:128", "收到了（编号 #128），我们马上处理。您现在身体还好吗？不舒服请先去看医生。东西和小票先留着，同事 14:12 前联系您。", store.OutSent, nil)
	c.says("编号 #128")
	h.tell(conv, 128, h.staff.ID, "reply:1", "您好，我是店长。已为您退款，进度看 https://www.example.com/r?id=1 。<b>别担心</b>", store.OutSent, nil)
	c.says("我是店长")
	if got := c.value("document.querySelector('.theirs a').href + ' ' + document.querySelector('.theirs a').rel"); got != "https://www.example.com/r?id=1 noopener noreferrer nofollow" {
		t.Errorf("link %q", got)
	}
	h.tell(conv, 128, h.staff.ID, "closure:128:1", "您说的「芋泥奶茶里有条虫」处理好了：\n已退 18 元，1–3 天到账。这一批奶茶已经下架。\n还有问题直接回我，或点「还没解决」。这次满意吗？", store.OutSent, [][]bots.Button{
		{{Text: "😡 1", Data: "rate:128:1:1"}, {Text: "😕 2", Data: "rate:128:1:2"}, {Text: "😐 3", Data: "rate:128:1:3"}, {Text: "😊 4", Data: "rate:128:1:4"}, {Text: "😍 5", Data: "rate:128:1:5"}},
		{{Text: "还没解决", Data: "unsolved:128:1"}},
	})
	c.until("the marks are shown", "document.querySelectorAll('.marks button').length === 5")
	c.shot("chat-closure")
	h.mu.Lock()
	h.answer = bots.Answer{Text: "谢谢您！", Brief: true}
	h.mu.Unlock()
	c.run(click(".marks button:nth-child(5)"))
	c.says("谢谢您！")
	if e := h.lastEvent(); e.Payload != "rate:128:1:5" || e.MessageID != "closure:128:1" {
		t.Fatalf("press %+v", e)
	}
	c.until("the mark is kept", "document.querySelector('.marks button:nth-child(5)').getAttribute('aria-pressed') === 'true'")
	c.shot("chat-rated")
	c.dark(true)
	c.shot("chat-dark")
	c.dark(false)
	c.harmless()
}

// A message that could not be sent stays, over a reload too, and is one message
// in the end.
func TestBrowserWeakNetwork(t *testing.T) {
	h := newHub(t)
	c := startChrome(t, h)
	picture := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(picture, testPicture(), 0o600); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	h.refuse = context.DeadlineExceeded
	h.mu.Unlock()
	c.run(phone(), goTo(h.srv.URL+"/c"), visible("#text"), upload1("#files", picture))
	c.until("the picture waits in the tray", "document.querySelectorAll('#tray img').length === 1")
	c.run(keys("#text", "网络不好的时候写的"), click("#send"))
	c.says("重试")
	if strings.Contains(c.value("document.body.innerText"), "已收到") {
		t.Fatal("the page says received before it was")
	}
	c.shot("chat-unsent")
	c.run(chromedp.Reload(), visible("#text"))
	c.says("网络不好的时候写的")
	c.says("重试")
	h.mu.Lock()
	h.refuse = nil
	h.mu.Unlock()
	c.run(click(".meta.bad button"))
	c.says("已收到")
	if n := len(h.events); n != 1 || len(h.events[0].Attachments) != 1 {
		t.Fatalf("%d messages were taken: %+v", n, h.events)
	}
	c.run(chromedp.Reload(), visible(".mine"))
	c.until("one message, received", "document.querySelectorAll('.mine').length === 1 && document.querySelectorAll('.meta.bad').length === 0")
}

func TestBrowserVoice(t *testing.T) {
	h := newHub(t)
	c := startChrome(t, h)
	c.run(phone(), goTo(h.srv.URL+"/c"), visible("#mode"), click("#mode"), visible("#hold"))
	c.run(script(`document.getElementById('hold').dispatchEvent(new PointerEvent('pointerdown', {clientY: 500, pointerId: 1, bubbles: true})); 1`))
	c.until("recording for a second", "/^[1-9]″/.test(document.getElementById('hold').textContent)")
	c.shot("chat-recording")
	c.run(script(`document.getElementById('hold').dispatchEvent(new PointerEvent('pointerup', {clientY: 500, pointerId: 1, bubbles: true})); 1`))
	c.says("已收到")
	if a := h.lastEvent().Attachments[0]; a.Kind != "audio" || a.Duration < 1 || !strings.HasPrefix(a.MIME, "audio/") {
		t.Fatalf("recording %+v", a)
	}
	c.until("it can be played", "document.querySelectorAll('.mine .play').length === 1")
	c.harmless()
}

// Whatever customers write, call themselves or their files stays text: in their
// own page and on the board.
func TestBrowserHostile(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.VisitorMessages = Rate{1000, time.Millisecond} })
	c := startChrome(t, h)
	c.run(phone())
	b := h.browser()
	b.get("/c")
	for i, text := range payloads {
		r := b.send("site", nonceOf(i), text, "?shop="+url.QueryEscape(text), []upload{{text, "<html><script>window.pwned=1</script>"}, {text + ".svg", `<svg xmlns="http://www.w3.org/2000/svg" onload="parent.pwned=1"><script>parent.pwned=1</script></svg>`}})
		if r.status != 200 {
			t.Fatalf("%q: %d %s", text, r.status, r.body)
		}
	}
	conv := h.conversation("site", h.lastEvent().From.ID)
	for i, text := range payloads {
		h.tell(conv, 0, h.staff.ID, "h:"+nonceOf(i), text, store.OutSent, [][]bots.Button{{{Text: text, Data: "x"}, {Text: text, URL: "javascript:window.pwned=1"}}}, bots.Attached{Kind: "file", Name: text, MIME: "text/html", Path: "x"})
	}
	all := strings.Join(payloads, "\n")
	item := h.item(conv, func(i *feedback.Item) {
		i.Text, i.Quote, i.AuthorName, i.URL = all, all, payloads[0], "javascript:window.pwned=1"
		i.Fields = map[string]string{"shop": payloads[0]}
		i.Verdict.Topics = []feedback.Topic{{Name: payloads[1]}}
	})
	// The browser becomes that customer, then a colleague.
	c.as(b, "/c")
	c.until("all of it is shown", "document.querySelectorAll('#log .bubble').length >= 60")
	c.until("as text", "document.body.innerText.includes('<script>window.pwned=1</script>')")
	if got := c.value("window.pwned"); got != "undefined" {
		t.Fatalf("a script ran in the customers' page: %s", got)
	}
	if got := c.value("document.querySelectorAll('#log script, #log iframe, #log svg, #log style, #log [onerror], #log [onload], #log a[href^=javascript]').length"); got != "0" {
		t.Fatalf("%s pieces of markup came from text", got)
	}
	b.signIn()
	c.as(b, "/i/"+itoa(item.ID))
	c.until("the item is shown", "document.querySelectorAll('#thread .entry').length > 30")
	if got := c.value("window.pwned"); got != "undefined" {
		t.Fatalf("a script ran on the board: %s", got)
	}
	if got := c.value("document.querySelectorAll('#item script, #item iframe, #item style, #item [onerror], #item [onload], #item a[href^=javascript], #thread svg').length"); got != "0" {
		t.Fatalf("%s pieces of markup came from text", got)
	}
	c.shot("board-hostile")
	c.harmless()
}

// payloads are texts and names that must stay what they are.
var payloads = []string{
	`<script>window.pwned=1</script>`,
	`<img src=x onerror="window.pwned=1">`,
	`"><svg onload=window.pwned=1>`,
	`' onmouseover='window.pwned=1`,
	"`-window.pwned=1-`",
	`</script><script>window.pwned=1</script>`,
	`</textarea><script>window.pwned=1</script>`,
	`</title><script>window.pwned=1</script>`,
	`<!--<img src="--><img src=x onerror=window.pwned=1//">`,
	`<a href="javascript:window.pwned=1">点我</a>`,
	`javascript:window.pwned=1`,
	`[bank.com](http://evil.example/)`,
	`<http://evil.example|bank.com>`,
	`http://evil.example/x.png`,
	`![x](http://evil.example/x.png)`,
	`<link rel=stylesheet href=http://evil.example/x.css>`,
	`<style>*{background:url(http://evil.example/x)}</style>`,
	`<iframe srcdoc="<script>parent.pwned=1</script>">`,
	`<object data="data:text/html,<script>parent.pwned=1</script>">`,
	`<base href="http://evil.example/">`,
	`<meta http-equiv=refresh content="0;url=http://evil.example/">`,
	`<form action=http://evil.example/><button>x</button></form>`,
	`{{.}} ${7*7} {{constructor.constructor('window.pwned=1')()}}`,
	`<!channel> <@U123> @all <at id=all></at>`,
	"\u202egnp.exe\u200b\u2066隐藏\u2069",
	"a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b",
	"👨‍👩‍👧‍👦🇨🇳🏳️‍🌈",
	"{\"__proto__\":{\"pwned\":1}}",
	"&lt;script&gt;window.pwned=1&lt;/script&gt;",
	"\u2028window.pwned=1\u2029",
	"<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
	"<details open ontoggle=window.pwned=1>",
}

// as makes the browser the one that b is, on another page.
func (c *chrome) as(b *browser, path string) {
	c.t.Helper()
	u, err := url.Parse(c.h.srv.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cookie := range b.c.Jar.Cookies(u) {
		only := true
		if _, err := chromedp.Call(c.ctx, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: c.h.srv.URL, HTTPOnly: &only}); err != nil {
			c.t.Fatal(err)
		}
	}
	c.run(goTo(c.h.srv.URL + path))
}

func TestBrowserBoard(t *testing.T) {
	h := newHub(t)
	cust := h.browser()
	cust.get("/c")
	cust.send("site", nonceOf(1), "芋泥奶茶里有条虫，孩子喝了一半肚子疼", "", []upload{{"a.png", string(testPicture())}})
	conv := h.conversation("site", h.lastEvent().From.ID)
	item := h.item(conv, func(i *feedback.Item) {
		i.Text = "芋泥奶茶里有条虫，孩子喝了一半肚子疼"
		i.Images = 1
	})
	h.tell(conv, item.ID, 0, "receipt:1", "收到了（编号 #1），我们马上处理。", store.OutSent, nil)
	for _, more := range []string{"骑手态度很差，等了一个小时还没到", "新出的桂花拿铁很好喝，希望一直有", "发票抬头开错了，怎么改？", "店里空调太冷了，坐不住"} {
		h.item(nil, func(i *feedback.Item) {
			i.Text, i.Priority, i.AuthorName = more, feedback.P2, "陈晨"
			i.Verdict.Topics = []feedback.Topic{{Name: "服务体验"}}
			i.DueAt = time.Now().Add(95 * time.Minute)
		})
	}
	h.tell(conv, item.ID, h.staff.ID, "reply:1", "您好，我是店长，已经在查了。", store.OutUncertain, nil)

	c := startChrome(t, h)
	c.run(chromedp.EmulateViewport(1360, 860), goTo(h.srv.URL+"/"), visible("#code"))
	c.shot("signin")
	c.run(keys("#code", "LETMEIN"), click("button.primary"), visible("#list"))
	c.says("待办")
	c.shot("board-list")
	c.run(goTo(h.srv.URL+"/i/"+itoa(item.ID)), visible("#compose"))
	c.says("可能到了，也可能没到")
	c.shot("board-item")

	// A key claims; the card changes without a reload.
	c.run(chromedp.KeyEvent("c"))
	c.says("你认领了 #" + itoa(item.ID))
	c.says("处理中 · 李雷 14:03")

	// The box is a note unless one says otherwise.
	if got := c.value("document.getElementById('reach').textContent"); got != "只有同事看得到" {
		t.Fatalf("the box begins as %q", got)
	}
	c.run(keys("#words", "解决不了，先问品控"), click("#submit"))
	c.says("好的")
	h.mu.Lock()
	note := h.deeds[len(h.deeds)-1]
	h.mu.Unlock()
	if note.Type != bots.OnMessage || note.Text != "解决不了，先问品控" || note.Thread != itoa(item.ID) {
		t.Fatalf("note %+v", note)
	}
	c.run(script("document.activeElement.blur()"), chromedp.KeyEvent("r"))
	c.says("客户会收到")
	c.says("不评价")
	c.shot("board-reply")
	// A busy browser hands the test's key on to the box that has the focus by then.
	c.run(script("document.querySelector('#words').value = ''"), keys("#words", "退"), click("#submit"))
	c.says("至少写 4 个字")
	c.run(keys("#words", "款已经办好，1–3 天到账"), click("#submit"))
	c.says("10 秒后发给")
	c.shot("board-undo")
	h.mu.Lock()
	sent := h.deeds[len(h.deeds)-1]
	h.mu.Unlock()
	if sent.Type != bots.OnSubmit || sent.Payload != "form:reply:"+itoa(item.ID) || sent.Values["text"] != "退款已经办好，1–3 天到账" {
		t.Fatalf("reply %+v", sent)
	}
	if got := c.value("document.getElementById('reach').textContent"); got != "只有同事看得到" {
		t.Fatalf("after a reply the box is %q", got)
	}
	c.run(click("#bar .button"))
	c.until("undo was asked for", "document.querySelector('#bar').innerText.includes('好的')")
	c.run(click(`[data-press="more:` + itoa(item.ID) + `"]`))
	c.says("关闭")
	c.shot("board-more")

	// New items appear by themselves.
	c.run(goTo(h.srv.URL+"/"), visible("#list"))
	before := c.value("document.querySelectorAll('#list .row').length")
	fresh := h.item(nil, func(i *feedback.Item) { i.Text = "刚刚发生的事" })
	if err := h.stream.Publish(context.Background(), ItemsTopic, []byte(itoa(fresh.ID))); err != nil {
		t.Fatal(err)
	}
	c.says("刚刚发生的事")
	if after := c.value("document.querySelectorAll('#list .row').length"); after == before {
		t.Fatalf("%s rows before and after", after)
	}
	c.run(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	if got := c.value("document.activeElement.className"); !strings.HasPrefix(got, "row") {
		t.Fatalf("j leads to %q", got)
	}
	c.dark(true)
	c.shot("board-dark")
	c.dark(false)
	c.run(phone(), goTo(h.srv.URL+"/"), visible("#list"))
	c.shot("board-phone-list")
	c.run(goTo(h.srv.URL+"/i/"+itoa(item.ID)), visible("#compose"))
	c.shot("board-phone-item")
	if got := c.value("document.documentElement.scrollWidth <= window.innerWidth"); got != "true" {
		t.Error("the page is wider than the phone")
	}
	c.harmless()
}

// The one script tag on another site: the bubble opens the chat, and what is
// written there arrives without any cookie of ours.
func TestBrowserEmbedded(t *testing.T) {
	h := newHub(t)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>shop</title><h1>Shop</h1><script async src="%s/c/embed.js" data-bot="site" data-shop="SH018"></script>`, h.srv.URL)
	}))
	t.Cleanup(shop.Close)
	// Another host name is another site, so that its frames' cookies are third-party ones.
	elsewhere := strings.Replace(shop.URL, "127.0.0.1", "localhost", 1)
	c := startChrome(t, h)
	c.run(chromedp.EmulateViewport(1200, 900), goTo(elsewhere), visible("button[aria-expanded]"))
	c.run(click("button[aria-expanded]"))
	for deadline := time.Now().Add(time.Minute); !c.refusedToFrame(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("a site that is not in origins may embed the page; errors %q", c.errors)
		}
	}

	site := *h.site
	site.Chats = []Chat{{Name: "site", Origins: []string{elsewhere}}}
	h.web.SetSite(&site)
	c.run(goTo(elsewhere), visible("button[aria-expanded]"), click("button[aria-expanded]"), visible("iframe"))
	box := look(c, chromedp.Evaluate[[]float64](`(function () { var r = document.querySelector('iframe').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`))
	deadline := time.Now().Add(time.Minute)
	for {
		c.run(chromedp.MouseClickXY(box[0]+box[2]/2-20, box[1]+box[3]-36), chromedp.KeyEvent("从官网来的"), chromedp.MouseClickXY(box[0]+box[2]-30, box[1]+box[3]-30))
		h.mu.Lock()
		n := len(h.events)
		h.mu.Unlock()
		if n > 0 {
			break
		}
		if time.Now().After(deadline) {
			c.shot("embed-failed")
			t.Fatalf("nothing arrived from the frame; errors %q", c.errors)
		}
		time.Sleep(200 * time.Millisecond)
	}
	e := h.lastEvent()
	if !strings.Contains(e.Text, "从官网来的") || e.Fields["shop"] != "SH018" {
		t.Fatalf("event %+v", e)
	}
	c.shot("embed")
	cookies, err := chromedp.Call(c.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{h.srv.URL}})
	if err != nil {
		t.Fatal(err)
	}
	if len(cookies.Cookies) != 0 {
		t.Errorf("the frame set %d cookies", len(cookies.Cookies))
	}
}

// refusedToFrame reports whether the browser said that a frame was refused.
func (c *chrome) refusedToFrame() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.errors, func(e string) bool { return strings.Contains(e, "frame-ancestors") })
}

// A board without TLS, opened by its name in the office's network: browsers say
// less about where a post comes from there, and have no clipboard for scripts. A
// link from the bot still signs in, and words for elsewhere can be copied.
func TestBrowserWithoutTLS(t *testing.T) {
	h := newHub(t)
	site := *h.site
	site.PublicURL = "http://hub.local:" + must(url.Parse(h.srv.URL)).Port()
	h.web.SetSite(&site)
	c := startChrome(t, h, chromedp.Flag("host-resolver-rules", "MAP hub.local 127.0.0.1"))
	c.run(goTo(site.PublicURL+"/s/LETMEIN"), click("button.primary"))
	c.until("the post was answered", "document.body && !document.querySelector('button.wide')")
	if page := c.value("document.body.innerText"); !strings.Contains(page, "李雷") {
		t.Fatalf("the link does not sign in: %s", page)
	}
	for words, where := range map[string]string{"1": "#bar", "8": "#modal"} { // few in a line below, many in a panel
		c.run(script(`var b = document.createElement('button'); b.id = 'words' + `+words+`; b.setAttribute('data-press', 'words:' + `+words+`); document.querySelector('.top').appendChild(b)`),
			click("#words"+words), visible(where+" .buttonrow:not(:last-child) .button"))
		c.run(click(where + " .buttonrow:not(:last-child) .button"))
		c.says("复制好了")
		c.run(goTo(site.PublicURL + "/"))
	}
}

// What was said elsewhere cannot be answered from here: the page does not say
// that the customer will get it, and has nothing that looks like a place to write
// a closing message and resolves at a touch.
func TestBrowserItemWithoutWayBack(t *testing.T) {
	h := newHub(t)
	item := h.item(nil, func(i *feedback.Item) {
		i.WayBack, i.Kind, i.URL = false, feedback.KindMention, "https://www.example.com/p/1"
	})
	b := h.browser()
	b.signIn()
	c := startChrome(t, h)
	c.as(b, "/i/"+itoa(item.ID))
	c.run(visible("#compose"), chromedp.KeyEvent("e"), chromedp.KeyEvent("r"))
	c.until("the box is for a reply", "document.querySelector('#compose').classList.contains('mode-reply')")
	if page := c.value("document.querySelector('#compose').innerText"); strings.Contains(page, "客户会收到") || strings.Contains(page, "解决") || !strings.Contains(page, "您去原帖发") {
		t.Errorf("the box says: %s", page)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.deeds {
		if strings.HasPrefix(d.Payload, "resolve:") {
			t.Error("a key has resolved it")
		}
	}
}

// Imported feedback of years ago does not look as if it were of this year.
func TestBrowserDatesOfOtherYears(t *testing.T) {
	h := newHub(t)
	h.item(nil, func(i *feedback.Item) {
		i.PostedAt = time.Date(2023, 3, 5, 2, 0, 0, 0, time.UTC)
		i.History, i.State = true, feedback.Closed
	})
	b := h.browser()
	b.signIn()
	c := startChrome(t, h)
	c.as(b, "/?list=all")
	c.run(visible(".row .at"))
	c.until("the time is written", "document.querySelector('.row .at').innerText !== ''")
	if at := c.value("document.querySelector('.row .at').innerText"); !strings.Contains(at, "2023") {
		t.Errorf("the row of 5 March 2023 says %s", at)
	}
}

// Who does not see the page: the way past the head leads to what is there on a
// phone, too, what is pressed says so, and what opens over the page has a name.
func TestBrowserForScreenReaders(t *testing.T) {
	h := newHub(t)
	item := h.item(nil, nil)
	b := h.browser()
	b.signIn()
	c := startChrome(t, h)
	c.run(phone())
	for _, path := range []string{"/", "/i/" + itoa(item.ID)} {
		c.as(b, path)
		c.run(visible(".skip, #list, #main"))
		if got := c.value("document.querySelector(document.querySelector('.skip').getAttribute('href')).offsetParent !== null"); got != "true" {
			t.Errorf("%s: the way past the head leads to what is not shown", path)
		}
	}
	pressed := "[...document.querySelectorAll('.modes button')].map(b => b.getAttribute('aria-pressed')).join()"
	if got := c.value(pressed + " + document.querySelectorAll('[role=tab]').length"); got != "true,false,false0" {
		t.Errorf("what to write: %s", got)
	}
	c.run(click("[data-mode=reply]"))
	c.until("the reply is pressed", pressed+" === 'false,true,false'")
	c.run(script(`var b = document.createElement('button'); b.setAttribute('data-press', 'words:8'); document.body.appendChild(b); b.click()`), visible("#modal .long"))
	if got := c.value("document.querySelector('#modal').getAttribute('aria-label')"); got != "这里不能代发。文字备好了：" {
		t.Errorf("the panel is called %q", got)
	}
	c.run(goTo(h.srv.URL + "/c"))
	if got := c.value("document.querySelector('[role=dialog]').getAttribute('aria-label')"); got != "图片" {
		t.Errorf("the picture's view is called %q", got)
	}
}
