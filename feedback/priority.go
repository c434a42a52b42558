package feedback

import (
	"fmt"
	"slices"
)

// Priority orders items: P0 reaches team and lead at once, day and night.
type Priority int

// The priorities, most urgent first.
const (
	P0 Priority = iota
	P1
	P2
	P3
)

// String returns P0 to P3.
func (p Priority) String() string { return fmt.Sprintf("P%d", int(p)) }

// ParsePriority returns the priority named s, in either case.
func ParsePriority(s string) (Priority, error) {
	if len(s) == 2 && (s[0] == 'P' || s[0] == 'p') && s[1] >= '0' && s[1] <= '3' {
		return Priority(s[1] - '0'), nil
	}
	return P3, fmt.Errorf("%w: priority %q: write P0, P1, P2 or P3", ErrInvalid, s)
}

// Grounds are what the priority of an item is computed from.
type Grounds struct {
	Verdict   Verdict
	Followers int64
	Urged     int // times the customer asked again
	Reopened  int
	Visit     int // which matter of this author
}

// The weights of the formula. Their sum is compared with the bounds below.
// They are a first, explained choice: a hazard to people alone makes P0; a
// complaint that is negative alone makes P2; each further ground lifts it.
const (
	weightCritical  = 100
	weightHigh      = 40
	weightUnread    = 40
	weightComplaint = 15
	weightNegative  = 10
	weightStrong    = 5 // very negative: score ≤ -0.8
	weightReach     = 20
	weightUrged     = 10
	weightReopened  = 15
	weightRepeated  = 5

	boundP0 = 100
	boundP1 = 40
	boundP2 = 15

	reachFollowers = 10_000
	repeatedVisits = 3
	strongScore    = -0.8
	maxUrged       = 2 // urging more than this lifts no further
)

// hazardsP0 are the hazards that alone make P0: bodily harm, self-harm, legal
// or media threat (contract, section 5).
var hazardsP0 = []string{"harm", "food", "selfharm", "legal", "media"}

// Rank computes an item's priority and says why: the reasons are codes, the
// heaviest first, which desk/phrase puts into words. Hazards come from the
// analysis and name themselves ("harm", "selfharm", "legal", "media", "minor",
// "churn", "deadline").
func Rank(g Grounds) (Priority, []string) {
	v := g.Verdict
	if v.Intent == "spam" && !v.Unjudged() {
		return P3, []string{"spam"}
	}
	type ground struct {
		code   string
		weight int
	}
	var found []ground
	add := func(code string, weight int) { found = append(found, ground{code, weight}) }
	for _, h := range v.Hazards {
		switch {
		case slices.Contains(hazardsP0, h) && v.Urgency == "critical":
			add(h, weightCritical)
		default:
			add(h, weightHigh)
		}
	}
	if len(v.Hazards) == 0 {
		switch v.Urgency {
		case "critical":
			add("critical", weightCritical)
		case "high":
			add("urgent", weightHigh)
		}
	}
	if v.Unjudged() {
		// It may be anything, but nobody is woken for what may be nothing.
		add("unread", weightUnread)
	}
	if v.Intent == "complaint" {
		add("complaint", weightComplaint)
	}
	if v.Sentiment == "negative" {
		add("negative", weightNegative)
		if v.Score <= strongScore {
			add("strong", weightStrong)
		}
	}
	if g.Followers >= reachFollowers && v.Sentiment == "negative" {
		add("reach", weightReach)
	}
	if g.Urged > 0 {
		add("urged", weightUrged*min(g.Urged, maxUrged))
	}
	if g.Reopened > 0 {
		add("reopened", weightReopened)
	}
	if g.Visit >= repeatedVisits && v.Sentiment == "negative" {
		add("repeated", weightRepeated)
	}
	slices.SortStableFunc(found, func(a, b ground) int { return b.weight - a.weight })
	total := 0
	reasons := make([]string, 0, len(found))
	for _, f := range found {
		total += f.weight
		reasons = append(reasons, f.code)
	}
	switch {
	case total >= boundP0:
		// Only a hazard that is P0 by itself may wake people at night: a heap
		// of lesser grounds stays P1.
		if found[0].weight >= weightCritical {
			return P0, reasons
		}
		return P1, reasons
	case total >= boundP1:
		return P1, reasons
	case total >= boundP2:
		return P2, reasons
	default:
		return P3, reasons
	}
}
