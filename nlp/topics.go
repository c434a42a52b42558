package nlp

import (
	"cmp"
	"slices"
)

// topicSum is what was found for a topic.
type topicSum struct {
	index   int32
	words   int    // different words
	spans   [2]hit // the first two, for the evidence
	clauses []int  // that hold them
}

// topicBase is the score of a topic of which one word was found; each further
// one halves what is left to certainty.
const topicBase = 0.7

// readTopics finds the topics and, clause by clause, their sentiment.
func (a *Analyzer) readTopics(s *scratch, v *Verdict) []TopicScore {
	s.topics = s.topics[:0]
	for i, h := range s.hits {
		if !h.kinds.has(actTopic) {
			continue
		}
		acts := a.rules.of(h.literal)
		for k := range acts {
			act := &acts[k]
			if act.kind != actTopic || !s.holds(act) {
				continue
			}
			if start := s.pair(act, i); start >= 0 {
				s.addTopic(act.index, hit{literal: h.literal, start: start, end: h.end})
			}
		}
	}
	for i := range a.rules.regexes {
		r := &a.rules.regexes[i]
		if loc := r.re.FindStringIndex(s.folded); loc != nil && loc[1] > loc[0] {
			s.addTopic(r.topic, hit{literal: -1 - int32(i), start: int32(loc[0]), end: int32(loc[1])})
		}
	}
	if a.examples != nil {
		a.examples.find(s)
	}
	if len(a.judges) > 0 {
		a.judgeTopics(s)
	}
	if len(s.topics) == 0 || v.Spam > 0.5 && v.Intent == "spam" {
		return []TopicScore{}
	}
	out := make([]TopicScore, len(s.topics))
	slices.SortStableFunc(s.topics, func(a, b topicSum) int { return cmp.Compare(b.words, a.words) })
	for i := range s.topics {
		t := &s.topics[i]
		rest := 1 - topicBase
		for range min(t.words-1, 6) {
			rest /= 2
		}
		out[i] = TopicScore{Name: a.topics[t.index], Score: 1 - rest, Sentiment: a.topicSentiment(s, t, v)}
	}
	return out
}

func (s *scratch) addTopic(index int32, h hit) {
	at := slices.IndexFunc(s.topics, func(t topicSum) bool { return t.index == index })
	if at < 0 {
		at = len(s.topics)
		if at < cap(s.topics) {
			s.topics = s.topics[:at+1]
			s.topics[at] = topicSum{index: index, clauses: s.topics[at].clauses[:0]}
		} else {
			s.topics = append(s.topics, topicSum{index: index})
		}
	}
	t := &s.topics[at]
	clause := s.clauseIndex(h.start)
	if n := len(t.clauses); n == 0 || t.clauses[n-1] != clause { // hits come in order
		t.clauses = append(t.clauses, clause)
	}
	if t.words > 0 && (t.spans[0].literal == h.literal || t.words > 1 && t.spans[1].literal == h.literal) {
		return // the same word again
	}
	if t.words > 0 && h.start < t.spans[min(t.words, 2)-1].end && h.end <= t.spans[min(t.words, 2)-1].end {
		return // part of the word before
	}
	if t.words < 2 {
		t.spans[t.words] = h
	}
	t.words++
}

// topicSentiment judges the clauses that hold the topic. Where they say nothing
// either way, a clause of contrast is taken for the opposite of what it is set
// against (好吃，就是油烟呛), and any other for what the whole message says,
// unless another of its clauses says otherwise.
func (a *Analyzer) topicSentiment(s *scratch, t *topicSum, v *Verdict) string {
	sum := 0.0
	learned := t.spans[0].literal < -maxRegexes
	for _, i := range t.clauses {
		sum += s.clauses[i].score
		if c := &s.clauses[i]; learned {
			positive, _, negative := a.model.Read(&s.aside, s.folded[c.start:c.end])
			sum += clauseSay * (positive - negative)
			continue
		}
		// 客服态度, 太差了: a clause that only names the topic is judged by the next.
		if c := &s.clauses[i]; c.score == 0 && i+1 < len(s.clauses) && c.end-c.start <= 24 && !s.clauses[i+1].contrast {
			sum += s.clauses[i+1].score
		}
	}
	if i := t.clauses[0]; sum == 0 && i > 0 && s.clauses[i].contrast && !s.clauses[i].asks {
		sum = -s.clauses[i-1].score
	}
	switch {
	case sum >= clearly:
		return "positive"
	case sum <= -clearly:
		return "negative"
	case len(s.topics) == 1 || len(s.clauses) == 1 || len(t.clauses) == len(s.clauses) || s.ofOneMind(v.Sentiment):
		return v.Sentiment
	}
	return "neutral"
}

// clauseSay is how much the sentiment model says of a clause whose topic was
// learned from examples: of such, the lists know few words.
const clauseSay = 2

// clearly is from which score on a clause takes a side.
const clearly = 0.5

// ofOneMind reports whether no clause contradicts the sentiment of the message.
func (s *scratch) ofOneMind(sentiment string) bool {
	for i := range s.clauses {
		score := s.clauses[i].score
		if sentiment == "negative" && score >= clearly || sentiment == "positive" && score <= -clearly {
			return false
		}
	}
	return true
}
