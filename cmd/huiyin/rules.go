package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/nlp"
)

// loadConfig reads the configuration; everything wrong with it is printed.
func (c *cli) loadConfig() (*config.Config, error) {
	cfg, problems := config.Load(c.config, config.Options{
		Kinds: configKinds(), Topics: nlp.BuiltinTopics(), Env: c.env, Lang: c.lang, Texts: checkTexts,
	})
	if len(problems) > 0 {
		for _, p := range problems {
			fmt.Fprintln(c.err, p.Error())
		}
		return nil, errQuiet
	}
	if _, err := keysOf(cfg); err != nil {
		return nil, err
	}
	return cfg, nil
}

// keysOf reads the keys that seal secrets in the database.
func keysOf(cfg *config.Config) (*credential.Keys, error) {
	keys, err := credential.ParseKeys(cfg.Security.Key.Reveal(), cfg.Security.OldKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("security: %w", err)
	}
	return keys, nil
}

// checkTexts finds what is wrong with a brand's own texts.
func checkTexts(texts map[string]string, lang string) []config.TextProblem {
	_, problems := phrase.New(texts, lang)
	out := make([]config.TextProblem, len(problems))
	for i, p := range problems {
		out[i] = config.TextProblem{Key: p.Key, Code: string(p.Code), Nearest: p.Nearest, Known: p.Known, Limit: phrase.MaxText}
	}
	return out
}

// analyzerOptions says what the analysis looks for.
func analyzerOptions(cfg *config.Config, seg nlp.Segmenter) nlp.Options {
	o := nlp.Options{Segmenter: seg, Words: userWords(cfg)}
	for _, t := range cfg.Topics {
		o.Topics = append(o.Topics, nlp.Topic{Name: t.Name, Words: t.Words})
	}
	for _, f := range cfg.Fields {
		for _, v := range f.Values {
			names := append([]string{v.Name}, v.Aliases...)
			o.Fields = append(o.Fields, nlp.FieldName{Field: f.Name, Code: v.Code, Names: names})
		}
	}
	return o
}

// userWords are the words that are never cut: the brand and its shops.
func userWords(cfg *config.Config) []string {
	words := []string{cfg.Brand.Name}
	for _, f := range cfg.Fields {
		for _, v := range f.Values {
			words = append(words, v.Name)
		}
	}
	return slices.DeleteFunc(words, func(w string) bool { return strings.TrimSpace(w) == "" })
}

// deskRules says what the configuration means to the desk.
func deskRules(cfg *config.Config, mind *nlp.Live, seg nlp.Segmenter, channels map[string]desk.Channel) *desk.Rules {
	texts, _ := phrase.New(cfg.Texts, cfg.Brand.Language)
	company := cfg.Privacy.Company
	if company == "" {
		company = cfg.Brand.Name
	}
	r := &desk.Rules{
		Brand: cfg.Brand.Name, Company: company, Contact: cfg.Privacy.Contact, Hotline: cfg.Brand.Hotline,
		Language: cfg.Brand.Language, Location: cfg.Location, PublicURL: strings.TrimRight(cfg.Web.PublicURL, "/"),
		Retention: cfg.Privacy.Days(), Texts: texts, Phrases: cfg.Phrases, Teams: map[string]*desk.Team{},
		Channels: channels, Topics: mind.Analyzer().Topics(), Routes: cfg.Tree,
		Cards: desk.CardRules{Fold: cfg.Cards.Fold, Within: cfg.Cards.Within},
		Desk: desk.Durations{
			Undo: cfg.Desk.Undo, CloseAfter: cfg.Desk.CloseAfter, RemindAfter: cfg.Desk.RemindAfter, SurveyEvery: cfg.Desk.SurveyEvery,
			ReopenIn: cfg.Desk.ReopenIn, SameIn: cfg.Desk.SameIn, UrgeEvery: cfg.Desk.UrgeEvery, Settle: cfg.Desk.Settle,
			SettleMax: cfg.Desk.SettleMax, RateChange: cfg.Desk.RateChange, AskExpires: cfg.Desk.AskExpires, AsCustomer: cfg.Desk.AsCustomer,
			Late: cfg.Desk.Late, Fresh: cfg.Desk.Fresh, PromiseWarn: cfg.Desk.PromiseWarn,
		},
		Analyze: mind.Analyze,
		Index:   func(text string) []string { return nlp.SearchTokens(seg, text) },
		Query:   func(query string) []string { return nlp.QueryTokens(seg, query) },
	}
	if r.Contact == "" {
		r.Contact = company
	}
	for _, t := range cfg.Teams {
		team := &desk.Team{Name: t.Name, Title: t.Title, Hours: t.Open, Answer: t.Within, Digest: t.Digest}
		if team.Title == "" {
			team.Title = t.Name
		}
		for _, p := range t.Places {
			team.Alerts = append(team.Alerts, desk.Place{Bot: p.Bot, Chat: p.Chat})
		}
		r.Teams[t.Name] = team
		r.TeamOrder = append(r.TeamOrder, t.Name)
	}
	for _, f := range cfg.Fields {
		field := desk.Field{Name: f.Name, Title: f.Title, Private: f.Private, Values: map[string]desk.FieldValue{}}
		if field.Title == "" {
			field.Title = f.Name
		}
		for _, v := range f.Values {
			field.Values[v.Code] = desk.FieldValue{Code: v.Code, Name: v.Name, Region: v.Region}
		}
		r.Fields = append(r.Fields, field)
	}
	return r
}

// channelOf says what the desk needs to know of a bot.
func channelOf(cfg *config.Config, ch config.Channel, kind bots.Kind, b bots.Bot) desk.Channel {
	out := desk.Channel{Name: ch.Name, Platform: kind.Name, Title: titleOf(cfg, ch, kind.Title, kind.TitleEN), Bot: true, Caps: kind.Caps, Private: kind.Caps.Private, Keep: ch.Keep}
	_, out.Edits = b.(bots.Editor)
	_, out.Recalls = b.(bots.Recaller)
	if l, ok := b.(bots.Linker); ok {
		out.PrivateLink = l.PrivateLink
	}
	return out
}

// titleOf returns how people call a channel: as the operator says, else as its
// kind is called in the brand's language.
func titleOf(cfg *config.Config, ch config.Channel, title, titleEN string) string {
	if cfg.Brand.Language == phrase.English && titleEN != "" {
		title = titleEN
	}
	return cmp.Or(ch.Title, title)
}
