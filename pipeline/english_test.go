package pipeline

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
)

// newEnglishHouse is a house whose brand speaks English.
func newEnglishHouse(t testing.TB) *house {
	return newHouse(t, func(r *desk.Rules) {
		r.Language = phrase.English
		r.Teams["care"].Title, r.Teams["qc"].Title = "Customer care", "Quality control"
	})
}

func chinese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// TestATeamThatSpeaksEnglish reads no Chinese but its customers', and can write
// what it reads.
func TestATeamThatSpeaksEnglish(t *testing.T) {
	h := newEnglishHouse(t)
	h.staff("Jane Doe", feedback.Agent, "U-JANE")
	h.says("Ann", late)
	if card := h.card(teamChat, 1).Text; !strings.Contains(card, "Delivery") || strings.Contains(card, "物流配送") {
		t.Errorf("card:\n%s", card)
	}
	for _, c := range []struct{ says, want string }{
		{"!resolv Refunded", "There is no “resolv”. Did you mean “resolve”?"},
		{"!priority", "Something is missing. For example: !priority #12 P1"},
		{"!note #1 #2 hello", "“note” takes one item at a time."},
		{"!resolve", "Resolving needs a message for the customer, for example: !resolve Refunded 18 yuan, it arrives in 1–3 days. To end it without telling them, use “close”."},
		{"!tag +Taste -Delivery", "Tags of #1 now: Taste"},
		{"!correct negative complaint +Delivery", "#1 is “negative · complaint · +Delivery” now."},
		{"!report nowhere", "There is no team “nowhere”. Available: Customer care, Quality control"},
		{"!priority P2 because", "#1 is P2 now."},
		{"!assign @Jane Doe please", "#1 went to Jane Doe"},
		{"!snooze tomorrow 3pm call back", "You'll be reminded of #1 at 15:00 tomorrow."},
	} {
		h.now = h.now.Add(time.Second)
		who := "U-LI"
		if strings.HasPrefix(c.says, "!snooze") {
			who = "U-JANE"
		}
		got := h.writes(who, 1, c.says).Text
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s\nwant %s", c.says, got, c.want)
		}
		if chinese(strings.ReplaceAll(got, "李雷", "")) {
			t.Errorf("%s: %s", c.says, got)
		}
	}
	h.writes("U-JANE", 1, "!resolve It arrives today, sorry")
	h.want(h.writes("U-JANE", 1, "!claim").Text, "#1 is yours.")
	h.want(h.writes("U-JANE", 1, "!snooze 2h").Text, "#1 has ended. To go on with it, reopen it first.")
	h.want(h.writes("U-JANE", 1, "!release").Text, "#1 is resolved: “release” isn't possible now.")
}
