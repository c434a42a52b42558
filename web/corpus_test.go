package web

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/test/hostile"
)

// aPage is how many cases share one load of an item's page, aChat of a chat's.
const (
	aPage = 200
	aChat = chatWindow
)

// TestBrowserCorpus loads every case of the corpus in a real browser: in lists,
// on items' pages and, where it is markup, scripts or links, in chats. No script
// of it runs, no dialog opens and nothing is asked of another host.
func TestBrowserCorpus(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.VisitorMessages = Rate{1000, time.Millisecond} })
	c := startChrome(t, h)
	cases := hostile.Short(5000)
	for page := range slices.Chunk(cases, aPage) {
		h.itemOf(page)
	}
	b := h.browser()
	b.signIn()
	c.as(b, "/")
	for n := range (len(cases) + aPage - 1) / aPage {
		c.run(goTo(h.srv.URL + "/i/" + itoa(int64(n+1))))
		c.shown("#thread .entry", min(aPage, len(cases)-n*aPage))
	}
	// Each live case is a row of its own.
	live := slices.DeleteFunc(slices.Clone(cases), func(k hostile.Case) bool {
		return !slices.Contains([]string{hostile.Scripts, hostile.Links, hostile.Markup, hostile.Templates}, k.Class)
	})
	for _, k := range live {
		h.item(nil, func(i *feedback.Item) { h.fill(i, k) })
	}
	rows := 0
	for address := "/?list=all"; address != ""; {
		c.run(goTo(h.srv.URL+address), visible("#list"))
		rows += int(number(c.value("document.querySelectorAll('#list .row').length")))
		c.shown("#list .row", 1)
		address = c.value("(document.querySelector('#list .more a') || {getAttribute() { return '' }}).getAttribute('href')")
	}
	if rows < len(live) {
		t.Errorf("%d rows of %d items", rows, len(live))
	}
	for page := range slices.Chunk(live, aChat) {
		customer := h.browser()
		customer.get("/c")
		if r := customer.send("site", nonceOf(1), "您好", "", nil); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		conv := h.conversation("site", h.lastEvent().From.ID)
		for _, k := range page {
			h.tell(conv, 0, h.staff.ID, conv.Chat+k.Name, normal(k.Text), store.OutSent,
				[][]bots.Button{{{Text: normal(k.Author()), Data: "x"}, {Text: "链", URL: normal(k.URL())}}}, bots.Attached{Kind: "file", Name: normal(k.File()), MIME: "text/html", Path: "x"})
		}
		c.as(customer, "/c")
		c.shown("#log .bubble", len(page)-1)
	}
	c.harmless()
}

// normal is a text as intake leaves it.
func normal(s string) string { return nlp.Normalize(s) }

func (h *hub) fill(i *feedback.Item, k hostile.Case) {
	i.Text, i.Quote, i.AuthorName, i.URL = normal(k.Text), normal(k.Text), normal(k.Author()), normal(k.URL())
	i.Fields = map[string]string{"shop": normal(k.Author())}
	i.Verdict.Topics = []feedback.Topic{{Name: normal(k.Author())}}
}

// itemOf makes an item whose thread says each of the cases.
func (h *hub) itemOf(cases []hostile.Case) {
	h.t.Helper()
	item := h.item(nil, func(i *feedback.Item) { h.fill(i, cases[len(cases)/2]) })
	ms := make([]*feedback.Message, len(cases))
	for i, k := range cases {
		ms[i] = &feedback.Message{
			Channel: "site", External: "corpus:" + k.Name, Platform: "web", Item: item.ID, Direction: feedback.In, Kind: feedback.KindMessage,
			Text: normal(k.Text), Lane: feedback.Live, Stage: feedback.StageDone, PostedAt: time.Now(), ReceivedAt: time.Now(),
			Attachments: []feedback.Attachment{{Kind: "file", Ref: "r", Name: normal(k.File()), MIME: "image/svg+xml", State: feedback.AttachmentStored, Path: "x/y"}},
		}
	}
	h.write(func(tx *store.Tx) error {
		_, err := tx.InsertMessages(ms)
		return err
	})
}

// shown waits for at least n of what the selector names and fails where any of
// the corpus became more than text.
func (c *chrome) shown(selector string, n int) {
	c.t.Helper()
	c.until(fmt.Sprintf("%d of %s", n, selector), fmt.Sprintf("document.querySelectorAll('%s').length >= %d", selector, n))
	if got := c.value("window." + hostile.Sentinel); got != "undefined" {
		c.t.Fatalf("a script ran: %s", got)
	}
	const live = "script,iframe,object,embed,style,link,meta,base,svg,math,video:not([controls]),form,[onerror],[onload],[onclick],[onfocus],[style*=url],a[href^=javascript],a[href^=data],a[href^=vbscript],a[href^=file]"
	within := strings.Fields(selector)[0]
	if got := c.value(fmt.Sprintf("[...document.querySelector('%s').querySelectorAll(%q)].map(e => e.outerHTML.slice(0, 200)).join('\\n')", within, live)); got != "" {
		c.t.Errorf("markup came from text: %.600s", got)
	}
}
