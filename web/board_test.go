package web

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestSignIn(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	if r := b.get("/"); r.status != http.StatusSeeOther || r.header.Get("Location") != "/signin" {
		t.Fatalf("/ without a session: %d %s", r.status, r.header.Get("Location"))
	}
	if r := b.get("/i/7?list=mine"); r.header.Get("Location") != "/signin?next=%2Fi%2F7%3Flist%3Dmine" {
		t.Fatalf("/i/7 leads to %s", r.header.Get("Location"))
	}
	if r := b.form("/signin", url.Values{"code": {"WRONG"}}); r.status != http.StatusUnauthorized || !strings.Contains(r.body, "过期") {
		t.Fatalf("wrong code: %d", r.status)
	}
	if r := b.form("/signin", url.Values{"code": {" LETMEIN "}, "next": {"//evil.example/x"}}); r.status != http.StatusSeeOther || r.header.Get("Location") != "/" {
		t.Fatalf("sign in: %d %s", r.status, r.header.Get("Location"))
	}
	if r := b.get("/"); r.status != http.StatusOK || !strings.Contains(r.body, "李雷") {
		t.Fatalf("board: %d", r.status)
	}
	if r := h.browser().form("/signin", url.Values{"code": {"LETMEIN"}}); r.status != http.StatusUnauthorized {
		t.Fatalf("a used code: %d", r.status)
	}
	if r := b.form("/signout", nil); r.status != http.StatusSeeOther {
		t.Fatalf("sign out: %d", r.status)
	}
	if r := b.get("/"); r.status != http.StatusSeeOther {
		t.Fatalf("after signing out: %d", r.status)
	}
}

func TestLinkIsNotUsedUpByAPreview(t *testing.T) {
	h := newHub(t)
	for range 3 {
		r := h.browser().get("/s/LETMEIN")
		if r.status != http.StatusOK || !strings.Contains(r.body, `value="LETMEIN"`) || r.header.Get("Referrer-Policy") != "same-origin" {
			t.Fatalf("link page: %d", r.status)
		}
	}
	if r := h.browser().form("/signin", url.Values{"code": {"LETMEIN"}}); r.status != http.StatusSeeOther {
		t.Fatalf("the button: %d", r.status)
	}
	r := h.browser().get(`/s/%22%3E%3Cscript%3Ealert(1)%3C/script%3E`)
	if strings.Contains(r.body, "<script>alert") {
		t.Fatal("a code becomes markup")
	}
}

func TestSessionsEndAtOnce(t *testing.T) {
	for name, end := range map[string]func(h *hub, tx *store.Tx) error{
		"revoked":  func(h *hub, tx *store.Tx) error { return tx.DropSessionsOf(h.staff.ID) },
		"disabled": func(h *hub, tx *store.Tx) error { h.staff.Disabled = true; return tx.SaveStaff(h.staff) },
	} {
		h := newHub(t)
		b := h.browser()
		b.signIn()
		h.write(func(tx *store.Tx) error { return end(h, tx) })
		if r := b.json("/do", map[string]any{"nonce": nonceOf(1), "text": "x"}); r.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, r.status)
		}
		if len(h.deeds) != 0 {
			t.Errorf("%s: the desk was asked", name)
		}
	}
}

func TestSignInIsThrottled(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.SignInTries = 4 })
	for range 4 {
		if r := h.browser().form("/signin", url.Values{"code": {"WRONG"}}); r.status != http.StatusUnauthorized {
			t.Fatalf("%d", r.status)
		}
	}
	r := h.browser().form("/signin", url.Values{"code": {"LETMEIN"}})
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" {
		t.Fatalf("fifth try: %d, want 429", r.status)
	}
}

func TestCookiesAreBoundToTheHost(t *testing.T) {
	h := newHub(t)
	site := *h.site
	site.PublicURL = "https://hub.example.com"
	h.web.SetSite(&site)
	h.codes["X"] = true
	r := h.browser().form("/signin", url.Values{"code": {"X"}})
	c := r.header.Get("Set-Cookie")
	for _, want := range []string{"__Host-hy_session=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(c, want) {
			t.Errorf("cookie %q lacks %s", c, want)
		}
	}
	if strings.Contains(c, "Domain") || r.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("cookie %q, headers %v", c, r.header)
	}
	if c := h.browser().get("/c").header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-hy_visitor=") || !strings.Contains(c, "Secure") {
		t.Errorf("visitor's cookie %q", c)
	}
}

func TestLists(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.signIn()
	if r := b.get("/"); !strings.Contains(r.body, "/c/site") {
		t.Fatal("an empty board does not say where customers write")
	}
	mine := h.item(nil, func(i *feedback.Item) {
		i.Text, i.Owner, i.State = "归我的这条", h.staff.ID, feedback.Open
	})
	free := h.item(nil, func(i *feedback.Item) { i.Text = "没人管的 电话 13800138000"; i.Priority = feedback.P0 })
	ended := h.item(nil, func(i *feedback.Item) { i.Text = "过去的事"; i.State = feedback.Closed })
	untold := h.item(nil, func(i *feedback.Item) {
		i.Text, i.State, i.Closure = "结了但没送到", feedback.Resolved, feedback.DeliveryDead
	})
	h.write(func(tx *store.Tx) error { return tx.IndexItem(ended.ID, []string{"过去", "的", "事"}) })
	for path, want := range map[string][]*feedback.Item{
		"/":                  {mine, free, untold},
		"/?list=mine":        {mine},
		"/?list=all":         {mine, free, ended, untold},
		"/?list=live":        {mine, free, untold},
		"/?q=过去":             {ended},
		"/?priority=P0":      {free},
		"/?state=closed":     {ended},
		"/?team=care":        {mine, free, untold},
		"/?team=nosuch":      {},
		"/?sentiment=bogus":  {mine, free, untold},
		"/?topic=食品安全":       {mine, free, ended, untold},
		"/?since=2999-01-01": {},
	} {
		r := b.get(path)
		if r.status != http.StatusOK {
			t.Errorf("%s: %d", path, r.status)
		}
		for _, item := range []*feedback.Item{mine, free, ended, untold} {
			has := strings.Contains(r.body, `data-key="i`+itoa(item.ID)+`"`)
			wanted := false
			for _, w := range want {
				wanted = wanted || w.ID == item.ID
			}
			if has != wanted {
				t.Errorf("%s: #%d shown %v, want %v", path, item.ID, has, wanted)
			}
		}
		if strings.Contains(r.body, "13800138000") || strings.Contains(r.body, "王小明") {
			t.Errorf("%s shows personal data", path)
		}
	}
	if r := b.get("/?q=%EF%BC%83" + itoa(free.ID)); r.header.Get("Location") != "/i/"+itoa(free.ID) {
		t.Errorf("a number leads to %q", r.header.Get("Location"))
	}
}

// The morning's summary links to what was resolved or has ended: the second page
// of that list, and the way back from one of its items, are of both, too.
func TestAListOfTwoStatesStaysOne(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.signIn()
	ended := h.item(nil, func(i *feedback.Item) { i.State = feedback.Closed })
	for range listLength {
		h.item(nil, func(i *feedback.Item) { i.State = feedback.Resolved })
	}
	const list = "list=all&state=resolved&state=closed"
	first := b.get("/?" + list).body
	next := regexp.MustCompile(`<a href="([^"]*before=[^"]*)"`).FindStringSubmatch(first)
	if next == nil {
		t.Fatal("there is no second page")
	}
	if second := b.get(html.UnescapeString(next[1])).body; !strings.Contains(second, `data-key="i`+itoa(ended.ID)+`"`) {
		t.Errorf("%s has lost the item that has ended", next[1])
	}
	if page := b.get("/i/" + itoa(ended.ID) + "?" + list).body; !strings.Contains(html.UnescapeString(page), `href="/?`+list+`"`) {
		t.Error("the way back leads to another list")
	}
}

// A team that has more to do than a list holds is told so, and finds the rest.
func TestALongQueueSaysThatItIsCut(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.signIn()
	last := h.item(nil, func(i *feedback.Item) { i.DueAt = time.Now().Add(1000 * time.Hour) })
	for range dueLength - 1 {
		h.item(nil, nil)
	}
	if strings.Contains(b.get("/?team=care").body, "只列最急") {
		t.Error("a list that is whole says that it is not")
	}
	h.item(nil, nil)
	page := b.get("/?team=care").body
	if strings.Contains(page, `data-key="i`+itoa(last.ID)+`"`) || strings.Count(page, `data-key="i`) != dueLength {
		t.Fatalf("%d rows are listed", strings.Count(page, `data-key="i`))
	}
	rest := regexp.MustCompile(`这里只列最急的 200 条。 <a href="([^"]*)"`).FindStringSubmatch(page)
	if rest == nil {
		t.Fatal("nothing says that items are missing from the list")
	}
	for path, pages := html.UnescapeString(rest[1]), 0; ; pages++ {
		list := b.get(path).body
		if strings.Contains(list, `data-key="i`+itoa(last.ID)+`"`) {
			break
		}
		next := regexp.MustCompile(`data-key="more"><a href="([^"]*)"`).FindStringSubmatch(list)
		if next == nil || pages > 5 {
			t.Fatalf("%s does not lead to the item that is due last", rest[1])
		}
		path = html.UnescapeString(next[1])
	}
}

func TestItemPage(t *testing.T) {
	h := newHub(t)
	c := h.browser()
	c.get("/c")
	c.send("site", nonceOf(1), "虫子！电话 13800138000", "", []upload{{"a.png", tinyPNG}, {"x.html", "<html><script>alert(1)</script>"}})
	conv := h.conversation("site", h.lastEvent().From.ID)
	item := h.item(conv, nil)
	h.tell(conv, item.ID, h.staff.ID, "reply:1", "可能到了", store.OutUncertain, nil)
	b := h.browser()
	b.signIn()
	r := b.get("/i/" + itoa(item.ID))
	for _, want := range []string{"⚠️ 可能到了", "客户已收到", "再发一次", "138****8000", "收到，转到客服组", "data-press=\"claim:" + itoa(item.ID), "回复"} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(r.body, "13800138000") {
		t.Error("the page shows a phone number unmasked")
	}
	if r := b.get("/i/999"); r.status != http.StatusNotFound || !strings.Contains(r.body, "#999") || !strings.Contains(r.body, `<a href="/">回看板</a>`) {
		t.Errorf("/i/999: %d", r.status)
	}
	part := b.get("/i/"+itoa(item.ID), "X-Part", "1")
	if strings.Contains(part.body, "<script") || !strings.Contains(part.body, `data-part="thread"`) {
		t.Error("the parts hold a script, or no thread")
	}
	said, _ := c.messages("site", "")
	for i, want := range []string{"inline", "attachment"} {
		path := strings.Replace(said[0].Files[i].URL, "/c/site", "", 1)
		if r := b.get(path); r.status != http.StatusOK || !strings.HasPrefix(r.header.Get("Content-Disposition"), want) {
			t.Errorf("%s: %d %s", path, r.status, r.header.Get("Content-Disposition"))
		}
		if r := h.browser().get(path); r.status != http.StatusSeeOther {
			t.Errorf("%s without a session: %d", path, r.status)
		}
	}
}

// A picture that was looked at does not open any more after signing out: the
// browser may keep it, but has to ask whether it may still show it.
func TestPicturesAreNotKeptBeyondTheSession(t *testing.T) {
	h := newHub(t)
	c := h.browser()
	c.get("/c")
	c.send("site", nonceOf(1), "", "", []upload{{"a.png", tinyPNG}})
	said, _ := c.messages("site", "")
	path := strings.TrimPrefix(said[0].Files[0].URL, "/c/site")
	b := h.browser()
	b.signIn()
	r := b.get(path)
	if kept := r.header.Get("Cache-Control"); kept != "private, no-cache" {
		t.Errorf("the browser keeps it: %s", kept)
	}
	tag := r.header.Get("ETag")
	if r := b.get(path, "If-None-Match", tag); r.status != http.StatusNotModified {
		t.Errorf("asked again: %d, want that it has not changed", r.status)
	}
	b.form("/signout", nil)
	if r := b.get(path, "If-None-Match", tag); r.status != http.StatusSeeOther {
		t.Errorf("after signing out: %d", r.status)
	}
}

func TestAct(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	b.signIn()
	item := h.item(nil, nil)
	deed := func(v map[string]any) boardAnswer {
		t.Helper()
		v["nonce"], v["item"] = nonceOf(len(h.deeds)), item.ID
		r := b.json("/do", v)
		var a boardAnswer
		if err := json.Unmarshal([]byte(r.body), &a); err != nil || r.status != http.StatusOK {
			t.Fatalf("%v: %d %s", v, r.status, r.body)
		}
		return a
	}
	if a := deed(map[string]any{"data": "claim:" + itoa(item.ID)}); a.Text != "你认领了 #"+itoa(item.ID) || !a.Brief || !a.Changed {
		t.Fatalf("claim: %+v", a)
	}
	last := h.deeds[len(h.deeds)-1]
	actor := h.actors[len(h.actors)-1]
	if last.Type != bots.OnPress || last.Thread != itoa(item.ID) || actor.Staff.ID != h.staff.ID || actor.Bot != "board" || actor.Key != itoa(h.staff.ID)+":"+nonceOf(0) {
		t.Fatalf("event %+v by %+v", last, actor)
	}
	a := deed(map[string]any{"data": "reply:" + itoa(item.ID)})
	if a.Changed || a.Dialog == nil || a.Dialog.Min != 4 || a.Dialog.Options[0].Name != "nosurvey" {
		t.Fatalf("reply: %+v", a)
	}
	a = deed(map[string]any{"submit": a.Dialog.Data, "values": map[string]string{"text": "马上处理\x00"}})
	last = h.deeds[len(h.deeds)-1]
	if a.Seconds != 10 || a.Buttons[0][0].Data != "undo:1" || last.Type != bots.OnSubmit || last.Values["text"] != "马上处理" || last.Text != "马上处理" {
		t.Fatalf("submit: %+v, event %+v", a, last)
	}
	deed(map[string]any{"text": "解决不了，先问品控"})
	if last = h.deeds[len(h.deeds)-1]; last.Type != bots.OnMessage || last.Slash || last.Text != "解决不了，先问品控" {
		t.Fatalf("note: %+v", last)
	}
	if r := b.upload("/do", map[string]string{"text": `{"nonce":"` + nonceOf(80) + `","item":` + itoa(item.ID) + `,"text":"看这张"}`}, []upload{{"a.png", tinyPNG}}); r.status != http.StatusOK {
		t.Fatalf("with a picture: %d %s", r.status, r.body)
	}
	if last = h.deeds[len(h.deeds)-1]; last.Text != "看这张" || len(last.Attachments) != 1 || last.Attachments[0].Kind != "image" {
		t.Fatalf("with a picture: %+v", last)
	}
	if a := deed(map[string]any{"data": "more:" + itoa(item.ID)}); len(a.Buttons) != 2 || a.Buttons[0][0].Text != "转" {
		t.Fatalf("more: %+v", a)
	}
	n := len(h.deeds)
	for name, v := range map[string]map[string]any{
		"nothing":   {"nonce": nonceOf(90)},
		"two":       {"nonce": nonceOf(91), "text": "x", "data": "claim:1"},
		"no nonce":  {"text": "x"},
		"long data": {"nonce": nonceOf(92), "data": strings.Repeat("x", 300)},
	} {
		if r := b.json("/do", v); r.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, r.status)
		}
	}
	if r := b.json("/do", map[string]any{"nonce": nonceOf(93), "text": "x"}, "Sec-Fetch-Site", "same-site"); r.status != http.StatusForbidden {
		t.Errorf("from another site: %d", r.status)
	}
	if r := h.browser().json("/do", map[string]any{"nonce": nonceOf(94), "text": "x"}); r.status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", r.status)
	}
	if len(h.deeds) != n {
		t.Errorf("the desk was asked %d times", len(h.deeds)-n)
	}
}

func TestHealth(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	if r := b.get("/healthz"); r.status != http.StatusOK {
		t.Fatalf("healthz: %d", r.status)
	}
	if r := b.get("/readyz"); r.status != http.StatusOK {
		t.Fatalf("readyz: %d", r.status)
	}
	h.mu.Lock()
	h.notReady = errors.New("正在升级数据库")
	h.mu.Unlock()
	if r := b.get("/readyz"); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "正在升级数据库") {
		t.Fatalf("readyz: %d %s", r.status, r.body)
	}
	if r := b.do(http.MethodPost, "/in/hook", "", nil, "Origin", "https://platform.example"); r.status != http.StatusTeapot {
		t.Fatalf("/in/hook: %d", r.status)
	}
	site := *h.site
	site.Inbound = nil
	h.web.SetSite(&site)
	if r := b.do(http.MethodPost, "/in/hook", "", nil); r.status != http.StatusNotFound {
		t.Fatalf("/in/hook after a reload without it: %d", r.status)
	}
}

// Every route says who may, and says no to others.
func TestEveryRouteForStrangers(t *testing.T) {
	h := newHub(t)
	for path, want := range map[string]int{
		"GET /":                 http.StatusSeeOther,
		"GET /i/1":              http.StatusSeeOther,
		"GET /files/1":          http.StatusSeeOther,
		"GET /sent/1/0":         http.StatusSeeOther,
		"GET /live":             http.StatusUnauthorized,
		"POST /do":              http.StatusUnauthorized,
		"GET /signin":           http.StatusOK,
		"GET /s/x":              http.StatusOK,
		"GET /c":                http.StatusOK,
		"GET /c/site":           http.StatusOK,
		"GET /c/nosuch":         http.StatusNotFound,
		"GET /c/site/messages":  http.StatusOK,
		"GET /c/site/live":      http.StatusUnauthorized,
		"GET /c/site/files/1":   http.StatusNotFound,
		"GET /c/site/sent/1/0":  http.StatusNotFound,
		"POST /c/site/send":     http.StatusUnauthorized,
		"POST /c/site/press":    http.StatusUnauthorized,
		"POST /c/site/hello":    http.StatusOK,
		"GET /c/embed.js":       http.StatusOK,
		"GET /static/0/chat.js": http.StatusNotFound,
		"GET /favicon.ico":      http.StatusOK,
		"GET /healthz":          http.StatusOK,
		"GET /readyz":           http.StatusOK,
		"GET /metrics":          http.StatusNotFound,
		"GET /nosuch":           http.StatusNotFound,
		"POST /signout":         http.StatusSeeOther,
		"POST /in/nosuch":       http.StatusNotFound,
		"GET /static/../../etc": http.StatusTemporaryRedirect,
	} {
		method, p, _ := strings.Cut(path, " ")
		r := h.browser().do(method, p, "", nil)
		if r.status != want {
			t.Errorf("%s: %d, want %d", path, r.status, want)
		}
		if r.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(r.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: headers %v", path, r.header)
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	h := newHub(t)
	site := *h.site
	site.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	h.web.SetSite(&site)
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.7", "203.0.113.9"},
		{"10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:1", "nonsense", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"[2001:db8::1]:1", "", "2001:db8::/64"},
		{"[::ffff:203.0.113.9]:1", "", "203.0.113.9"},
	} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := h.web.address(r); got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

func TestPanicTellsNothing(t *testing.T) {
	h := newHub(t)
	site := *h.site
	site.Inbound = map[string]http.Handler{"boom": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret words") })}
	h.web.SetSite(&site)
	r := h.browser().do(http.MethodPost, "/in/boom", "", nil)
	if r.status != http.StatusInternalServerError || strings.Contains(r.body, "secret") {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if strings.Contains(h.log.String(), "secret words") {
		t.Fatal("what a panic says may be a customer's words: it must not be logged")
	}
	if !strings.Contains(h.log.String(), "path=/in/{name}") {
		t.Errorf("the log does not say where: %s", h.log)
	}
}

func TestBuckets(t *testing.T) {
	b := newBuckets(Rate{3, time.Second})
	now := time.Unix(1000, 0)
	for i := range 3 {
		if _, ok := b.take("a", now); !ok {
			t.Fatalf("take %d", i)
		}
	}
	wait, ok := b.take("a", now)
	if ok || wait != time.Second {
		t.Fatalf("fourth: %v %v", wait, ok)
	}
	if _, ok := b.take("b", now); !ok {
		t.Fatal("another key")
	}
	if _, ok := b.take("a", now.Add(time.Second)); !ok {
		t.Fatal("a second later")
	}
	if _, ok := b.take("a", now.Add(time.Second)); ok {
		t.Fatal("only one a second")
	}
	for i := range maxBuckets + 10 {
		b.take(strconv.Itoa(i), now.Add(time.Hour))
	}
	if len(b.byKey) > maxBuckets {
		t.Fatalf("%d keys", len(b.byKey))
	}
}

func TestTextsInBothLanguages(t *testing.T) {
	for key, text := range pageTexts {
		if text.zh == "" || text.en == "" {
			t.Errorf("%s: a language is missing", key)
		}
		if vars(text.zh) != vars(text.en) {
			t.Errorf("%s: variables %s and %s differ", key, vars(text.zh), vars(text.en))
		}
	}
	if got := say(en, "board.results", "q", "{q}{x}"); got != "Results for “{q}{x}”" {
		t.Errorf("a value is read as a text: %q", got)
	}
}

func vars(s string) string {
	var all []string
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			return strings.Join(all, ",")
		}
		name, tail, _ := strings.Cut(after, "}")
		all, rest = append(all, name), tail
	}
}
