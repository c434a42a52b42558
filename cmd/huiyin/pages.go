package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/webchat"
	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/web"
)

// site says what the configuration means to the pages.
func (a *app) site(cfg *config.Config) *web.Site {
	texts, _ := phrase.New(cfg.Texts, cfg.Brand.Language)
	s := &web.Site{
		Brand: cfg.Brand.Name, Language: cfg.Brand.Language, Location: cfg.Location, PublicURL: strings.TrimRight(cfg.Web.PublicURL, "/"),
		TrustedProxies: cfg.Web.TrustedProxies, Channels: map[string]string{}, Inbound: map[string]http.Handler{},
		Greeting: func(lang string) string { return texts.Text(lang, "greeting", phrase.Vars{"brand": cfg.Brand.Name}) },
	}
	for name, h := range a.inbound {
		s.Inbound[name] = h
	}
	for name, ch := range a.channels {
		s.Channels[name] = ch.Title
	}
	for _, ch := range cfg.Bots {
		o, ok := ch.Options.(*webchat.Options)
		if !ok {
			continue
		}
		chat := web.Chat{Name: ch.Name, Title: o.Title, Greeting: o.Greeting}
		for _, origin := range o.Origins {
			if clean, err := webchat.Origin(origin); err == nil {
				chat.Origins = append(chat.Origins, clean)
			}
		}
		s.Chats = append(s.Chats, chat)
	}
	for _, f := range cfg.Fields {
		s.Fields = append(s.Fields, web.Field{Name: f.Name, Title: f.Title})
	}
	for _, t := range cfg.Teams {
		title := t.Title
		if title == "" {
			title = t.Name
		}
		s.Teams = append(s.Teams, web.Team{Name: t.Name, Title: title})
	}
	return s
}

// board is the desk as the pages see it.
type board struct{ *desk.Service }

// Mask hides personal data in a text.
func (board) Mask(text string) string { return nlp.Mask(text) }

// MaskName shortens a customer's name. Visitors of the chat page, who gave none,
// are called what they are.
func (board) MaskName(name string) string {
	if name == "访客" || name == "Guest" {
		return name
	}
	return nlp.MaskName(name)
}

// Tokens cuts a query for search.
func (b board) Tokens(query string) []string { return b.Rules().Query(query) }

// Step says an event in words.
func (b board) Step(_ context.Context, e feedback.Event) string {
	r := b.Rules()
	switch e.Kind {
	case "message", "sent", "noted", "replied":
		return "" // the thread shows the words themselves
	}
	said := r.Texts.Word(r.Language, "event", e.Kind)
	if d := detail(r, e); d != "" {
		said += map[bool]string{true: ": ", false: "："}[r.Language == phrase.English] + d
	}
	return said
}

// maxDetail is how many characters of a step's own words one line shows.
const maxDetail = 200

// detail says in words what a step was about: the mark, to whom, why. Empty where
// the step's name says it all.
func detail(r *desk.Rules, e feedback.Event) string {
	var parts []string
	switch d := e.Data; e.Kind {
	case "rated":
		parts = []string{d["mark"] + "/5"}
	case "priority":
		parts = []string{d["from"] + " → " + d["to"]}
	case "assigned":
		parts = []string{d["to"], d["reason"]}
	case "transferred":
		team := d["team"]
		if t := r.Teams[team]; t != nil {
			team = t.Title
		}
		parts = []string{team, d["reason"]}
	case "merged":
		parts = []string{"#" + d["into"]}
	case "joined":
		parts = []string{"#" + d["from"]}
	case "drafted":
		parts = []string{d["text"]}
	case "snoozed":
		if until, err := time.Parse(time.RFC3339, d["until"]); err == nil {
			parts = []string{until.In(r.Location).Format("01-02 15:04"), d["text"]}
		}
	case "closed":
		if e.Staff != 0 { // else it is a word of the program's
			parts = []string{d["why"]}
		}
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return bots.Limit{N: maxDetail, Unit: bots.Runes}.Cut(strings.Join(parts, " · "))
}

// Delivery returns what can be done about a message to a customer.
func (b board) Delivery(_ context.Context, out *store.Out) [][]bots.Button { return b.OutButtons(out) }
