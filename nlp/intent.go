package nlp

import (
	"math"
	"slices"
)

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
	if !s.kinds.has(actIntent) {
		return
	}
	for i, h := range s.hits {
		if !h.kinds.has(actIntent) {
			continue
		}
		acts := a.rules.of(h.literal)
		for k := range acts {
			act := &acts[k]
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

// observe makes of what was read what the head sees.
func (s *scratch) observe(o *observation) {
	o.dense = [denseSize]float32{}
	s.units = appendUnits(s.units[:0], s.fold.runes)
	o.rows = appendRows(o.rows[:0], s.units)
	at := observed{dense: &o.dense}
	at.put(1)
	for i := range s.intents {
		at.put(min(s.intents[i].sum, 6) / 3)
	}
	at.put(s.positive)
	at.put(s.neutral)
	at.put(s.negative)
	at.put(max(-6, min(6, math.Log((s.positive+1e-4)/(s.negative+1e-4)))) / 3)
	score := s.listed
	if score != 0 {
		score = math.Tanh(score / 2)
	}
	at.put(score)
	at.put(s.spam)
	for i := range s.hazards {
		at.put(float64(s.hazards[i].weight) / 3)
	}
	c := &s.cues
	at.flag(c.Greeting || c.Thanks || c.Received || c.BareMark)
	at.flag(c.Urging)
	at.flag(c.Human)
	at.flag(c.Cancel)
	asks, wishes := false, false
	for i := range s.clauses {
		asks = asks || s.clauses[i].asks
		wishes = wishes || s.clauses[i].wishes
	}
	at.flag(asks)
	at.flag(wishes)
	n := len(s.fold.runes)
	at.flag(n <= 4)
	at.flag(n > 4 && n <= 8)
	at.flag(n > 8 && n <= 20)
	at.flag(n > 40)
	at.flag(s.survey.longNumber)
	if !s.kinds.has(actSign) {
		return // of signs there are none
	}
	for _, n := range s.signs {
		at.put(float64(n) / maxSign)
	}
	for _, pair := range signPairs {
		at.flag(s.signs[pair[0]] > 0 && s.signs[pair[1]] > 0)
	}
}

// observed is where the next number of an observation goes.
type observed struct {
	dense *[denseSize]float32
	next  int
}

func (o *observed) put(x float64) {
	o.dense[o.next] = float32(x)
	o.next++
}

func (o *observed) flag(on bool) {
	o.dense[o.next] = float32(bit(on))
	o.next++
}

// longNumber is how many digits in a row make a long number.
const longNumber = 5

// intent returns the most likely intent. A message that only reacts is chat,
// whatever its words: what customers see may rest on that. The sentiment has a
// say: what is negative and no reaction is a complaint rather than a chat.
func (s *scratch) intent(chances []float32, positive, negative float64) string {
	c := &s.cues
	if (c.Greeting || c.Thanks || c.Received || c.BareMark) && !c.Human && !c.Cancel {
		return intentNames[intentChat]
	}
	best, top := 0, 0.0
	for i, chance := range chances {
		likely := float64(chance)
		switch i {
		case intentComplaint:
			likely *= sentimentSay + negative
		case intentPraise:
			likely *= sentimentSay + positive
		case intentChat:
			likely *= sentimentSay + chatNeutral*(1-negative)
		default:
			likely *= sentimentSay + otherSay
		}
		if likely > top {
			best, top = i, likely
		}
	}
	return intentNames[best]
}

// How much of what the head says of an intent holds whatever the sentiment, and
// how much more where it fits: for a complaint all of what is negative, for
// praise all that is positive. Chosen by cross-validation on the training
// messages.
const (
	sentimentSay = 0.3
	chatNeutral  = 0.5
	otherSay     = 0.7
)

func intentIndex(name string) int { return slices.Index(intentNames[:], name) }
