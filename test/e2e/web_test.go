package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser is a person's browser.
type browser struct {
	h    *house
	base string
	c    *http.Client
	n    int
}

func (h *house) browser(base string) *browser {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	h.must(err)
	return &browser{h: h, base: base, c: &http.Client{Jar: jar, Timeout: patience}}
}

// do sends a request and returns status and body.
func (b *browser) do(method, path, kind string, body io.Reader) (int, string, error) {
	req, err := http.NewRequest(method, b.base+path, body)
	if err != nil {
		return 0, "", err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Accept-Language", "zh-CN")
	resp, err := b.c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// get fetches a page, which must be there.
func (b *browser) get(path string) string {
	b.h.t.Helper()
	code, body, err := b.do(http.MethodGet, path, "", nil)
	if err != nil || code != http.StatusOK {
		b.h.t.Fatalf("GET %s: %d %v\n%s", path, code, err, body)
	}
	return body
}

// visit opens a page; it may fail where no process answers.
func (b *browser) visit(path string) error {
	code, body, err := b.do(http.MethodGet, path, "", nil)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("GET %s: %d %s", path, code, body)
	}
	if err == nil {
		b.n++
	}
	return err
}

// fetch reads JSON; it may fail where no process answers.
func (b *browser) fetch(path string, out any) error {
	code, body, err := b.do(http.MethodGet, path, "", nil)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("GET %s: %d %s", path, code, body)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(body), out)
}

func (b *browser) nonce() string {
	b.n++
	return fmt.Sprintf("e2e-nonce-%04d-%d", b.n, time.Now().UnixNano())
}

// says writes in the customers' chat; it may fail where no process answers.
func (b *browser) says(nonce, text string, picture []byte) error {
	code, answer, err := b.tries(nonce, text, picture)
	if err == nil && code != http.StatusOK && code != http.StatusAccepted {
		err = fmt.Errorf("the chat page answered %d: %s", code, answer)
	}
	return err
}

// tries is says with what the page is answered.
func (b *browser) tries(nonce, text string, picture []byte) (code int, answer string, err error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("nonce", nonce); err != nil {
		return 0, "", err
	}
	if err := w.WriteField("text", text); err != nil {
		return 0, "", err
	}
	if picture != nil {
		part, err := w.CreateFormFile("file", "photo.png")
		if err != nil {
			return 0, "", err
		}
		if _, err := part.Write(picture); err != nil {
			return 0, "", err
		}
	}
	if err := w.Close(); err != nil {
		return 0, "", err
	}
	return b.do(http.MethodPost, "/c/site/send", w.FormDataContentType(), &body)
}

// bubble is one message of the customers' page.
type bubble struct {
	ID      int64
	Mine    bool
	By      string
	Text    string
	Buttons [][]struct{ Text, Data string }
}

func (b *browser) bubbles() []bubble {
	b.h.t.Helper()
	var got struct{ Messages []bubble }
	b.h.must(b.fetch("/c/site/messages", &got))
	return got.Messages
}

// hears waits until the page shows the answer that contains text.
func (b *browser) hears(text string) bubble {
	b.h.t.Helper()
	var found bubble
	b.h.until("the chat page shows «"+text+"»", func() bool {
		for _, m := range b.bubbles() {
			if !m.Mine && strings.Contains(m.Text, text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// posts sends JSON and decodes the answer into out.
func (b *browser) posts(path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	code, body, err := b.do(http.MethodPost, path, "application/json", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if code != http.StatusOK {
		return fmt.Errorf("POST %s: %d %s", path, code, body)
	}
	return json.Unmarshal([]byte(body), out)
}

// taps presses a button under a message of the chat page and returns what is
// shown at once.
func (b *browser) taps(m bubble, button string) string {
	b.h.t.Helper()
	for _, row := range m.Buttons {
		for _, one := range row {
			if one.Text == button {
				var got struct{ Answer struct{ Text string } }
				b.h.must(b.posts("/c/site/press", map[string]any{"nonce": b.nonce(), "message": m.ID, "data": one.Data}, &got))
				return got.Answer.Text
			}
		}
	}
	b.h.t.Fatalf("no button %q under %+v", button, m)
	return ""
}

// deed is what a colleague did on the board, and what came of it.
type deed struct {
	Text    string
	Dialog  *struct{ Title, Data string }
	Buttons [][]struct{ Text, Data string }
	Changed bool
}

func (b *browser) acts(in map[string]any) (deed, error) {
	in["nonce"] = b.nonce()
	var got deed
	err := b.posts("/do", in, &got)
	return got, err
}

// signsIn uses a code up.
func (b *browser) signsIn(code string) {
	b.h.t.Helper()
	status, body, err := b.do(http.MethodPost, "/signin", "application/x-www-form-urlencoded", strings.NewReader(url.Values{"code": {code}}.Encode()))
	if err != nil || status != http.StatusOK {
		b.h.t.Fatalf("sign in: %d %v\n%s", status, err, body)
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// words is a page's text.
func words(page string) string { return html.UnescapeString(tags.ReplaceAllString(page, "")) }

// TestPages plays the customers' page and the team board over HTTP.
func TestPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{undo: "0s"})
	p := h.start()
	base := "http://" + h.web
	me := h.browser(base)
	me.get("/c")
	h.must(me.says(me.nonce(), "徐家汇店的拿铁是凉的，等了半小时", png))
	again := me.nonce()
	h.must(me.says(again, "一共两杯", nil))
	h.must(me.says(again, "一共两杯", nil)) // a retry after a lost answer
	h.reads(me.hears("编号 #1").Text, "收到了，给您记下了（编号 #1）。我们⧗ 前回复您。有照片或订单号，接着发就行。（只用来处理这件事，详情发「隐私」）")
	h.until("the message is there once", func() bool {
		n := 0
		for _, m := range me.bubbles() {
			if m.Text == "一共两杯" {
				n++
			}
		}
		return n == 1
	})
	h.card(1, "一共两杯")

	// The first sign-in is by the code that serve printed.
	board := h.browser(base)
	var code []string
	h.until("serve prints a code", func() bool {
		code = regexp.MustCompile(`第一次登录的码.*?(\S+)\n`).FindStringSubmatch(p.out.String())
		return code != nil
	})
	board.signsIn(code[1])
	if got := words(board.get("/")); !strings.Contains(got, "#1") || !strings.Contains(got, "徐家汇店的拿铁是凉的") {
		t.Errorf("the board does not show the item:\n%s", got)
	}
	if _, err := board.acts(map[string]any{"item": 1, "text": "问过店长了，机器坏了"}); err != nil {
		t.Fatal(err)
	}
	claimed, err := board.acts(map[string]any{"item": 1, "data": "claim:1"})
	h.must(err)
	if claimed.Text != "#1 归你了。" {
		t.Errorf("claiming on the board: %+v", claimed)
	}
	h.card(1, "处理中")
	_, err = board.acts(map[string]any{"item": 1, "text": "！回复 正在帮您查"})
	h.must(err)
	me.hears("正在帮您查")
	form, err := board.acts(map[string]any{"item": 1, "data": "resolve:1"})
	h.must(err)
	if form.Dialog == nil || form.Dialog.Title != "解决 #1" {
		t.Fatalf("the form of 解决: %+v", form)
	}
	_, err = board.acts(map[string]any{"item": 1, "submit": form.Dialog.Data, "values": map[string]string{"text": "两杯都给您退了"}})
	h.must(err)
	closure := me.hears("处理好了")
	h.reads(closure.Text, "您说的「徐家汇店的拿铁是凉的，等了半小时」处理好了：\n两杯都给您退了\n还有问题直接回我，或点「还没解决」。这次满意吗？")
	h.reads(me.taps(closure, "还没解决"), "抱歉，没让您满意。我们重新打开了，负责人会再看一遍，⧗ 前回复您。主要是哪里不好？")
	h.card(1, "重开 ×1")
	page := words(board.get("/i/1"))
	for _, want := range []string{"问过店长了，机器坏了", "正在帮您查", "两杯都给您退了"} {
		if !strings.Contains(page, want) {
			t.Errorf("the item's page lacks %q", want)
		}
	}
	for _, m := range me.bubbles() {
		if strings.Contains(m.Text, "机器坏了") {
			t.Error("a note reached the customer's page")
		}
	}
	if err := p.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}
