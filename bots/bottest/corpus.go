package bottest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/test/hostile"
)

// chatful is how many cases share one fake platform: fakes read a chat's whole
// history when they are asked what it shows.
const chatful = 64

// corpus shows every case of the hostile corpus wherever a customer's words
// may stand: in a card and its edit, under a card, as an answer, as names.
func (s *suite) corpus() {
	for cases := range slices.Chunk(hostile.Corpus(), chatful) {
		s.Run(cases[0].Name, func(t *testing.T) {
			env, log := NewEnv(t, s.inbox)
			one := &suite{T: t, h: s.h, inbox: s.inbox, platform: s.h.Start(t, env)}
			one.cases(cases)
			one.noSecrets("the log", log.String())
			one.unlogged(cases, log.String())
		})
	}
}

func (s *suite) cases(cases []hostile.Case) {
	bot, group, private := s.platform.Bot(), s.platform.Group(), s.platform.Private()
	editor, editable := bot.(bots.Editor)
	from := map[string]string{} // a message's id → its case
	for i, c := range cases {
		card := &bots.Card{
			Item: int64(i + 1), Head: "🔴 P1 #" + fmt.Sprint(i+1) + " · " + c.Text, State: c.Text, Quote: c.Text, Tone: bots.Red, Plain: c.Text,
			Lines: []string{"来源 · " + c.Author() + " · 14:02", "门店：" + c.Text, c.Text},
		}
		sent := s.send(bots.Post{Key: "card", Chat: group, Card: card})
		from[sent.ID] = c.Name
		under := bots.Post{Key: "more", Chat: group, Thread: sent.ID, Text: c.Author() + "：「" + c.Text + "」"}
		answer := bots.Post{Key: "reply", Chat: private, Text: "您说的「" + c.Text + "」处理好了"}
		if i%8 == 0 {
			answer.Files = []bots.Attached{{Kind: "file", Name: c.File(), MIME: "application/pdf", Path: "files/report.pdf", Size: 15}}
		}
		for _, p := range []bots.Post{under, answer} {
			sent := s.send(p)
			for _, id := range append([]string{sent.ID}, sent.Parts...) {
				from[id] = c.Name
			}
		}
		if editable {
			changed := *card
			changed.Head, changed.State, changed.Tone = "✅ #"+fmt.Sprint(i+1)+" · 已解决", "已解决 · "+c.Author(), bots.Green
			if err := editor.Edit(context.Background(), sent.ID, bots.Post{Key: "card", Chat: group, Card: &changed}); err != nil {
				s.Errorf("%s: edit refused: %v", c.Name, err)
			}
		}
	}
	seen := 0
	for _, chat := range []string{group, private} {
		for _, m := range s.platform.Shown(chat) {
			if name := from[m.ID]; name != "" {
				s.inert(m, name)
				seen++
			}
		}
	}
	if seen < len(from) {
		s.Errorf("%d of %d messages are shown", seen, len(from))
	}
}

// unlogged fails the test where the log holds a case's own words.
func (s *suite) unlogged(cases []hostile.Case, log string) {
	for _, c := range cases {
		if trace := c.Trace(); trace != "" && strings.Contains(log, trace) {
			s.Errorf("the log holds %q of %s", trace, c.Name)
		}
	}
}
