package nlp

import "slices"

// intentSum is what was found for an intent.
type intentSum struct {
	sum        float64
	best       float32
	start, end int32 // of the best rule's span
}

// maxIntentSum bounds what many words of one intent can add up to.
const maxIntentSum = 8

// readIntents sums the rules of each intent, each literal once.
func (a *Analyzer) readIntents(s *scratch) {
	s.intents = [intentCount]intentSum{}
	var covered [intentCount]int32 // up to where the intent's last rule reaches
	for i, h := range s.hits {
		for k := range a.rules.actions[h.literal] {
			act := &a.rules.actions[h.literal][k]
			if act.kind != actIntent || !s.holds(act) {
				continue
			}
			start := s.pair(act, i)
			if start < 0 {
				continue
			}
			sum := &s.intents[act.index]
			if h.end <= covered[act.index] {
				continue // inside a rule that counted already
			}
			covered[act.index] = h.end
			sum.sum = min(maxIntentSum, sum.sum+float64(act.weight))
			if act.weight > sum.best {
				sum.best, sum.start, sum.end = act.weight, start, h.end
			}
		}
	}
}

// intent weighs the sums against each other and against what else is known.
func (s *scratch) intent(v *Verdict) string {
	positive, negative := max(0, v.Score), max(0, -v.Score)
	asks := false
	for i := range s.clauses {
		asks = asks || s.clauses[i].asks
	}
	sum := func(i int) float64 { return s.intents[i].sum }
	var score [intentCount]float64
	score[intentComplaint] = 0.6*sum(intentComplaint) + 2*negative
	score[intentSuggestion] = 0.9 * sum(intentSuggestion)
	score[intentQuestion] = 0.5 * sum(intentQuestion)
	if asks {
		score[intentQuestion] += 1.2
	}
	score[intentPraise] = 0.5*sum(intentPraise)*(1-negative) + 2*positive
	score[intentRequest] = 0.7 * sum(intentRequest)
	score[intentChat] = 0.8 + 0.8*sum(intentChat)
	if v.Cues.Greeting || v.Cues.Thanks || v.Cues.Received || v.Cues.BareMark {
		score[intentChat] += 6
	}
	if v.Cues.Human && s.intents[intentComplaint].sum < 2 {
		score[intentRequest] += 4
	}
	score[intentSpam] = 8 * max(0, v.Spam-0.45)
	if v.Spam > 0.6 {
		score[intentSpam] += 3
	}
	for i := range s.hazards {
		if i != hazardDeadline && i != hazardChurn && s.hazards[i].weight >= 3 {
			score[intentComplaint] += 2
			break
		}
	}
	best := intentChat
	for i, x := range score {
		if x > score[best] {
			best = i
		}
	}
	return intentNames[best]
}

func intentIndex(name string) int { return slices.Index(intentNames[:], name) }
