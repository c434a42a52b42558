package nlp

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// actionKind is what finding a literal means.
type actionKind uint8

const (
	actNothing actionKind = iota // only a condition, or the first half of a pair, of another rule
	actPositive
	actNegative
	actNeutral // lies over letters that would count otherwise
	actNegation
	actDegree
	actDamper
	actContrast
	actConcession
	actHypothetical
	actIntent
	actHazard
	actHarmless
	actTopic
	actField
	actUserWord
	actHuman
	actUrging
	actMinor
	actSpam
	actSign
)

// action is what one rule makes of its literal.
type action struct {
	kind   actionKind
	index  int32   // of the intent, hazard, topic or field value
	weight float32 // how much it counts
	first  int32   // literal that must precede it in the clause; -1: none
	// conditions are nil for most: thousands of actions are kept and looked at.
	conditions *conditions
}

// conditions are what an action depends on beside its literal.
type conditions struct {
	must []int32 // literals that the text must hold
	not  []int32 // literals that the text must not hold
}

// ruleBook is all rules, compiled.
type ruleBook struct {
	builder  matcherBuilder
	alphabet *alphabet
	matcher  *matcher
	added    [][]action // by literal; nil once the book is finished
	actions  []action   // of all literals, which know theirs
	regexes  []topicRegex
}

// kindSet is a set of kinds of action.
type kindSet uint32

func (s kindSet) has(kind actionKind) bool { return s>>kind&1 != 0 }

// polarityKinds are the kinds of the words of the polarity lists.
const polarityKinds kindSet = 1<<(actHypothetical+1) - 1<<actPositive

// finish builds what texts are read with; no rule can be added afterwards.
// Common words are those that are no keywords.
func (b *ruleBook) finish(common []string) error {
	literals := make([]literal, len(b.added))
	n := 0
	for _, acts := range b.added {
		n += len(acts)
	}
	b.actions = make([]action, 0, n) // in one piece: they grew one by one
	for id, acts := range b.added {
		l := &literals[id]
		l.from = uint32(len(b.actions))
		b.actions = append(b.actions, acts...)
		l.to = uint32(len(b.actions))
		l.keyword = keywordWeight(utf8.RuneCountInString(b.builder.texts[id]), acts)
		for i := range acts {
			kind := acts[i].kind
			l.kinds |= 1 << kind
			switch {
			case polarityKinds.has(kind) && l.token == actNothing:
				l.token, l.weight = kind, acts[i].weight
			case kind == actSign:
				l.signs |= 1 << acts[i].index
			}
		}
	}
	var err error
	b.matcher, err = b.builder.build(b.alphabet, literals, common)
	b.builder, b.added = matcherBuilder{}, nil
	return err
}

// literal returns what is known of the literal of a hit.
func (b *ruleBook) literal(id int32) *literal { return &b.matcher.literals[id] }

// of returns the actions of a literal.
func (b *ruleBook) of(id int32) []action {
	l := b.literal(id)
	return b.actions[l.from:l.to]
}

// topicRegex is a topic's word that is a regular expression.
type topicRegex struct {
	topic int32
	re    *regexp.Regexp
}

// maxLiteral bounds a literal: one word, not a message.
const maxLiteral = 48 // runes

// register registers text as a literal and returns its id.
func (b *ruleBook) register(text string) (int32, error) {
	folded := strings.TrimSpace(Fold(text))
	switch {
	case folded == "":
		return 0, fmt.Errorf("%q holds nothing that could be found", text)
	case utf8.RuneCountInString(folded) > maxLiteral:
		return 0, fmt.Errorf("%q is longer than %d characters", text, maxLiteral)
	}
	id := b.builder.add(folded)
	for len(b.added) <= int(id) {
		b.added = append(b.added, nil)
	}
	return id, nil
}

// add compiles one rule: "word +must !not" or "first~word". a tells what it
// means.
func (b *ruleBook) add(rule string, a action) error {
	word, given := splitConditions(rule)
	a.first = -1
	if first, second, ok := strings.Cut(word, "~"); ok && first != "" && second != "" {
		id, err := b.register(first)
		if err != nil {
			return err
		}
		a.first, word = id, second
	}
	for _, c := range given {
		id, err := b.register(c[1:])
		if err != nil {
			return err
		}
		if a.conditions == nil {
			a.conditions = new(conditions)
		}
		if c[0] == '+' {
			a.conditions.must = append(a.conditions.must, id)
		} else {
			a.conditions.not = append(a.conditions.not, id)
		}
	}
	id, err := b.register(word)
	if err != nil {
		return err
	}
	b.added[id] = append(b.added[id], a)
	return nil
}

// splitConditions cuts the conditions, each beginning with + or !, off a rule.
// Other words after a space belong to the literal.
func splitConditions(rule string) (word string, conditions []string) {
	var parts []string
	for _, part := range strings.Fields(rule) {
		if len(part) > 1 && (part[0] == '+' || part[0] == '!') && len(parts) > 0 {
			conditions = append(conditions, part)
			continue
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " "), conditions
}

// addWords compiles a list of [lexicon.go]'s form.
func (b *ruleBook) addWords(list string, a action) error {
	for _, word := range strings.Fields(list) {
		if err := b.add(strings.ReplaceAll(word, "_", " "), a); err != nil {
			return err
		}
	}
	return nil
}

// addWeighted compiles lines of "weight rule、rule".
func (b *ruleBook) addWeighted(lines string, a action) error {
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		weight, rules, _ := strings.Cut(line, " ")
		w, err := strconv.ParseFloat(weight, 32)
		if err != nil {
			return fmt.Errorf("weight %q: %w", weight, err)
		}
		a.weight = float32(w)
		for rule := range strings.SplitSeq(rules, "、") {
			if err := b.add(rule, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxRegexes bounds the regular expressions of all topics: each is run over
// every text.
const maxRegexes = 1000

// addTopic compiles a topic's words.
func (b *ruleBook) addTopic(index int, words []string) error {
	for _, word := range words {
		if pattern, ok := regexWord(word); ok {
			re, err := regexp.Compile(pattern)
			if err != nil {
				return fmt.Errorf("word %q is not a regular expression: %w", word, err)
			}
			if re.MatchString("") {
				return fmt.Errorf("word %q matches empty text, so every message", word)
			}
			if len(b.regexes) == maxRegexes {
				return fmt.Errorf("word %q: %d regular expressions are as many as there can be", word, maxRegexes)
			}
			b.regexes = append(b.regexes, topicRegex{topic: int32(index), re: re})
			continue
		}
		if err := b.add(word, action{kind: actTopic, index: int32(index), weight: 1}); err != nil {
			return fmt.Errorf("word %w", err)
		}
	}
	return nil
}

func regexWord(word string) (pattern string, ok bool) {
	word = strings.TrimSpace(word)
	if len(word) > 2 && word[0] == '/' && word[len(word)-1] == '/' {
		return word[1 : len(word)-1], true
	}
	return "", false
}

// addBuiltin compiles the lists of this package.
func (b *ruleBook) addBuiltin() error {
	for _, list := range []struct {
		words  string
		kind   actionKind
		weight float32
	}{
		{strongPositive, actPositive, 2},
		{positiveWords, actPositive, 1},
		{strongNegative, actNegative, 2},
		{negativeWords, actNegative, 1},
		{neutralWords, actNeutral, 0},
		{negations, actNegation, 0},
		{degrees, actDegree, 1.4},
		{dampers, actDamper, 0.7},
		{contrasts, actContrast, 0},
		{concessions, actConcession, 0},
		{hypotheticals, actHypothetical, 0},
		{hazardHarmless, actHarmless, 0},
		{humanPhrases, actHuman, 0},
		{urgingPhrases, actUrging, 0},
		{minorPhrases, actMinor, 0},
	} {
		if err := b.addWords(list.words, action{kind: list.kind, weight: list.weight}); err != nil {
			return err
		}
	}
	for i, lines := range intentRules {
		if err := b.addWeighted(lines, action{kind: actIntent, index: int32(i)}); err != nil {
			return fmt.Errorf("intent %s: %w", intentNames[i], err)
		}
	}
	for i, lines := range hazardRules {
		if err := b.addWeighted(lines, action{kind: actHazard, index: int32(i)}); err != nil {
			return fmt.Errorf("hazard %s: %w", hazardNames[i], err)
		}
	}
	if err := b.addHazardPairs(); err != nil {
		return err
	}
	for i, words := range signs {
		if err := b.addWords(words, action{kind: actSign, index: int32(i)}); err != nil {
			return err
		}
	}
	return b.addWeighted(spamRules, action{kind: actSpam})
}

// addHazardPairs compiles the combinations of two lists of words.
func (b *ruleBook) addHazardPairs() error {
	for _, pair := range hazardPairs {
		for first := range strings.FieldsSeq(pair.first) {
			for second := range strings.FieldsSeq(pair.second) {
				if err := b.add(first+"~"+second, action{kind: actHazard, index: int32(pair.hazard), weight: pair.weight}); err != nil {
					return fmt.Errorf("hazard %s: %w", hazardNames[pair.hazard], err)
				}
			}
		}
	}
	if err := b.addWords(selfharmMore, action{kind: actHazard, index: hazardSelfharm, weight: 3}); err != nil {
		return err
	}
	return b.addWords(harmEnglish, action{kind: actHazard, index: hazardHarm, weight: 3})
}
