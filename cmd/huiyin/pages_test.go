package main

import (
	"testing"
	"time"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
)

// TestStepsSayWhatTheyWereAbout: who reads an item's history learns the mark, to
// whom it went and why, in the brand's language.
func TestStepsSayWhatTheyWereAbout(t *testing.T) {
	for lang, want := range map[string][]string{
		phrase.Chinese: {"评价：1/5", "改优先级：P2 → P0", "转给人：韩梅梅 · 她熟", "转组：物流组", "合并：#7", "写好待发到原帖：您好", "结束：重复的", "稍后：11-23 09:00", "结束", "认领", ""},
		phrase.English: {"rated: 1/5", "priority set: P2 → P0", "assigned: 韩梅梅 · 她熟", "passed on: 物流组", "merged: #7", "drafted for the post: 您好", "ended: 重复的", "snoozed: 11-23 09:00", "ended", "claimed", ""},
	} {
		texts, _ := phrase.New(nil, lang)
		b := board{desk.New(desk.Options{Rules: &desk.Rules{
			Language: lang, Texts: texts, Location: time.FixedZone("", 8*3600), Teams: map[string]*desk.Team{"logistics": {Title: "物流组"}},
		}})}
		for i, e := range []feedback.Event{
			{Kind: "rated", Data: map[string]string{"mark": "1", "resolution": "1"}},
			{Kind: "priority", Data: map[string]string{"from": "P2", "to": "P0", "was": "{}"}},
			{Kind: "assigned", Data: map[string]string{"to": "韩梅梅", "reason": "她熟"}},
			{Kind: "transferred", Data: map[string]string{"team": "logistics"}},
			{Kind: "merged", Data: map[string]string{"into": "7"}},
			{Kind: "drafted", Data: map[string]string{"text": "您好"}},
			{Kind: "closed", Staff: 1, Data: map[string]string{"why": "重复的"}},
			{Kind: "snoozed", Data: map[string]string{"until": "2026-11-23T01:00:00Z"}},
			{Kind: "closed", Data: map[string]string{"why": "newmatter"}},
			{Kind: "claimed"},
			{Kind: "replied"},
		} {
			if got := b.Step(t.Context(), e); got != want[i] {
				t.Errorf("%s: %q, want %q", e.Kind, got, want[i])
			}
		}
	}
}

// TestEnglishBrandHasEnglishChannels: colleagues and customers of a brand that
// speaks English read where something came from in English.
func TestEnglishBrandHasEnglishChannels(t *testing.T) {
	for lang, want := range map[string]string{phrase.Chinese: "网页", phrase.English: "Web"} {
		cfg := config.Default()
		cfg.Brand.Language = lang
		kind := botKinds()[0]
		if got := channelOf(cfg, config.Channel{Name: "site", Type: kind.Name}, kind, nil).Title; got != want {
			t.Errorf("%s: a channel is called %q, want %q", lang, got, want)
		}
		if got := channelOf(cfg, config.Channel{Name: "site", Type: kind.Name, Title: "官网"}, kind, nil).Title; got != "官网" {
			t.Errorf("%s: the operator's own title became %q", lang, got)
		}
	}
}
