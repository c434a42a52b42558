package feedback

import (
	"errors"
	"strings"
	"testing"
)

// TestRank is the golden table of priorities: each case with the priority and
// the reasons that people read, the heaviest first.
func TestRank(t *testing.T) {
	plain := func(sentiment, intent, urgency string, hazards ...string) Grounds {
		score := map[string]float64{"negative": -0.5, "positive": 0.5}[sentiment]
		return Grounds{Verdict: Verdict{Sentiment: sentiment, Intent: intent, Urgency: urgency, Hazards: hazards, Score: score}, Visit: 1}
	}
	with := func(g Grounds, change func(*Grounds)) Grounds { change(&g); return g }
	strong := func(g Grounds) Grounds { return with(g, func(g *Grounds) { g.Verdict.Score = -0.8 }) }
	for _, c := range []struct {
		name string
		g    Grounds
		want string
	}{
		{"nothing known", Grounds{}, "P3"},
		{"praise", plain("positive", "praise", "normal"), "P3"},
		{"a question", plain("neutral", "question", "normal"), "P3"},
		{"a suggestion", plain("neutral", "suggestion", "low"), "P3"},
		{"a suggestion in anger", plain("negative", "suggestion", "normal"), "P3 negative"},
		{"a suggestion in great anger", strong(plain("negative", "suggestion", "normal")), "P2 negative strong"},
		{"almost great anger", with(plain("negative", "question", "normal"), func(g *Grounds) { g.Verdict.Score = -0.79 }), "P3 negative"},
		{"a polite complaint", plain("neutral", "complaint", "normal"), "P2 complaint"},
		{"a complaint said kindly", plain("positive", "complaint", "normal"), "P2 complaint"},
		{"a complaint", plain("negative", "complaint", "normal"), "P2 complaint negative"},
		{"a strong complaint", strong(plain("negative", "complaint", "normal")), "P2 complaint negative strong"},
		{"urgent alone", plain("neutral", "question", "high"), "P1 urgent"},
		{"an urgent complaint", plain("negative", "complaint", "high"), "P1 urgent complaint negative"},
		{"critical without a hazard", plain("neutral", "question", "critical"), "P0 critical"},
		{"harm", plain("negative", "complaint", "critical", "harm"), "P0 harm complaint negative"},
		{"harm asked about", plain("neutral", "question", "critical", "harm"), "P0 harm"},
		{"harm told without urgency", plain("neutral", "question", "normal", "harm"), "P1 harm"},
		{"food", plain("negative", "complaint", "critical", "food"), "P0 food complaint negative"},
		{"self-harm", plain("negative", "chat", "critical", "selfharm"), "P0 selfharm negative"},
		{"legal threat", plain("negative", "complaint", "critical", "legal"), "P0 legal complaint negative"},
		{"media threat", plain("negative", "complaint", "critical", "media"), "P0 media complaint negative"},
		{"legal word, high", plain("negative", "complaint", "high", "legal"), "P1 legal complaint negative"},
		{"a minor alone", plain("neutral", "question", "normal", "minor"), "P1 minor"},
		{"a minor, critical", plain("neutral", "question", "critical", "minor"), "P1 minor"},
		{"churn", plain("negative", "complaint", "normal", "churn"), "P1 churn complaint negative"},
		{"deadline", plain("neutral", "request", "high", "deadline"), "P1 deadline"},
		{"harm to a child", plain("negative", "complaint", "critical", "harm", "minor"), "P0 harm minor complaint negative"},
		{"the heaviest first, whatever came first", plain("negative", "complaint", "critical", "minor", "harm"), "P0 harm minor complaint negative"},
		{"two hazards that are P0", plain("neutral", "question", "critical", "food", "harm"), "P0 food harm"},
		{"a heap of lesser grounds wakes nobody", plain("negative", "complaint", "high", "churn", "deadline", "minor"), "P1 churn deadline minor complaint negative"},
		{"a hazard nobody knows", plain("neutral", "question", "critical", "nosuch"), "P1 nosuch"},
		{"spam", plain("negative", "spam", "critical", "harm"), "P3 spam"},
		{"reach of the angry", with(plain("negative", "complaint", "normal"), func(g *Grounds) { g.Followers = 10_000 }), "P1 reach complaint negative"},
		{"just short of reach", with(plain("negative", "complaint", "normal"), func(g *Grounds) { g.Followers = 9_999 }), "P2 complaint negative"},
		{"reach of the content", with(plain("positive", "praise", "normal"), func(g *Grounds) { g.Followers = 5_000_000 }), "P3"},
		{"reach alone", with(plain("negative", "chat", "normal"), func(g *Grounds) { g.Followers = 20_000 }), "P2 reach negative"},
		{"urged once", with(plain("neutral", "question", "normal"), func(g *Grounds) { g.Urged = 1 }), "P3 urged"},
		{"urged twice", with(plain("neutral", "question", "normal"), func(g *Grounds) { g.Urged = 2 }), "P2 urged"},
		{"urging more lifts no further", with(plain("neutral", "question", "normal"), func(g *Grounds) { g.Urged = 50 }), "P2 urged"},
		{"an urged complaint", with(plain("negative", "complaint", "normal"), func(g *Grounds) { g.Urged = 2 }), "P1 urged complaint negative"},
		{"reopened", with(plain("neutral", "question", "normal"), func(g *Grounds) { g.Reopened = 1 }), "P2 reopened"},
		{"a reopened complaint", with(plain("negative", "complaint", "normal"), func(g *Grounds) { g.Reopened = 1 }), "P1 complaint reopened negative"},
		{"reopened often counts once", with(plain("neutral", "question", "normal"), func(g *Grounds) { g.Reopened = 9 }), "P2 reopened"},
		{"the third matter in anger", with(plain("negative", "chat", "normal"), func(g *Grounds) { g.Visit = 3 }), "P2 negative repeated"},
		{"the second", with(plain("negative", "chat", "normal"), func(g *Grounds) { g.Visit = 2 }), "P3 negative"},
		{"the tenth in peace", with(plain("positive", "chat", "normal"), func(g *Grounds) { g.Visit = 10 }), "P3"},
		{"everything at once", with(strong(plain("negative", "complaint", "critical", "harm", "minor")), func(g *Grounds) {
			g.Followers, g.Urged, g.Reopened, g.Visit = 1_000_000, 3, 2, 5
		}), "P0 harm minor reach urged complaint reopened negative strong repeated"},
		{"everything but a hazard", with(strong(plain("negative", "complaint", "high")), func(g *Grounds) {
			g.Followers, g.Urged, g.Reopened, g.Visit = 1_000_000, 3, 2, 5
		}), "P1 urgent reach urged complaint reopened negative strong repeated"},
	} {
		p, reasons := Rank(c.g)
		if got := strings.TrimSpace(p.String() + " " + strings.Join(reasons, " ")); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestMoreGroundsNeverLower: whatever is added, the priority never falls.
func TestMoreGroundsNeverLower(t *testing.T) {
	bases := []Grounds{
		{}, {Verdict: Verdict{Intent: "complaint", Sentiment: "negative", Score: -0.9}},
		{Verdict: Verdict{Urgency: "critical", Hazards: []string{"harm"}, Sentiment: "negative"}},
	}
	more := []func(*Grounds){
		func(g *Grounds) { g.Urged++ }, func(g *Grounds) { g.Reopened++ }, func(g *Grounds) { g.Visit += 3 }, func(g *Grounds) { g.Followers += 50_000 },
		func(g *Grounds) { g.Verdict.Hazards = append([]string{"churn"}, g.Verdict.Hazards...) },
	}
	for i, base := range bases {
		for j, add := range more {
			g := base
			before, _ := Rank(g)
			add(&g)
			if after, _ := Rank(g); after > before {
				t.Errorf("base %d, ground %d: from %s to %s", i, j, before, after)
			}
		}
	}
}

func TestParsePriority(t *testing.T) {
	for text, want := range map[string]Priority{"P0": P0, "p1": P1, "P2": P2, "p3": P3} {
		if got, err := ParsePriority(text); got != want || err != nil {
			t.Errorf("%q: %s %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "P4", "0", "P0 ", "高", "PP"} {
		if got, err := ParsePriority(text); !errors.Is(err, ErrInvalid) || got != P3 {
			t.Errorf("%q: %s %v", text, got, err)
		}
	}
}
