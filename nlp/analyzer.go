package nlp

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/huiyin/huiyin/nlp/sentiment"
)

// MaxAnalyzed is how much of a text is analysed, in bytes: what follows is
// stored, searched and shown, but moves no verdict.
const MaxAnalyzed = 64 << 10

// scorer judges the polarity of a folded text. The probabilities sum to 1.
// Reasons are the parts that moved its verdict toward a label, best first.
type scorer interface {
	Read(r *sentiment.Reading, folded string) (positive, neutral, negative float64)
	Reasons(r *sentiment.Reading, words []string, label string, n int) []sentiment.Span
}

// Analyzer analyses texts. It is safe for concurrent use.
type Analyzer struct {
	seg      Segmenter
	cutter   RuneCutter   // seg, where it is one
	appender WordAppender // the same
	rules    *ruleBook
	topics   []string
	// topicReasons are what evidence of each topic is for.
	topicReasons []string
	fields       []FieldName
	cues         *cueBook
	model        scorer
	head         *head
	// examples finds topics by their examples; nil where none has any.
	examples *exampleHead
	judges   []topicJudge // learned from corrections
	version  string
	scratch  sync.Pool
}

// Prepare begins in the background what takes New longest: the training of the
// head on the built-in messages. A program that loads a segmenter first calls it
// before that, so that both cores are at work at the start.
func Prepare() {
	go func() { _, _ = builtinHead() }() // its error is New's
}

// New returns an Analyzer made of o. Its errors name the topic and the word, or
// the field and the name, that cannot be used.
func New(o Options) (*Analyzer, error) {
	a, err := newAnalyzer(o)
	if err != nil {
		return nil, err
	}
	if a.head, err = builtinHead(); err != nil {
		return nil, err
	}
	a.examples, err = a.learnTopics(o.Topics)
	return a, err
}

// newAnalyzer returns an Analyzer that reads texts but has no head to judge
// them.
func newAnalyzer(o Options) (*Analyzer, error) {
	a := &Analyzer{seg: o.Segmenter, rules: &ruleBook{alphabet: newAlphabet()}, fields: o.Fields}
	a.scratch.New = func() any { return new(scratch) }
	model, err := sentiment.Default()
	if err != nil {
		return nil, fmt.Errorf("sentiment model: %w", err)
	}
	a.model, a.version = model, model.Version()
	if err := a.rules.addBuiltin(); err != nil {
		return nil, fmt.Errorf("built-in words: %w", err)
	}
	if err := a.addTopics(o.Topics); err != nil {
		return nil, err
	}
	if err := a.addFields(o.Fields); err != nil {
		return nil, err
	}
	for _, word := range o.Words {
		if err := a.rules.add(word, action{kind: actUserWord}); err != nil {
			return nil, fmt.Errorf("word %w", err)
		}
	}
	if err := a.rules.finish(strings.Fields(commonWords)); err != nil {
		return nil, err
	}
	if a.cues, err = newCueBook(a.rules.alphabet); err != nil {
		return nil, err
	}
	for _, name := range a.topics {
		a.topicReasons = append(a.topicReasons, "topic:"+name)
	}
	if a.seg == nil {
		a.seg = listSegmenter{matcher: a.rules.matcher}
	}
	a.cutter, _ = a.seg.(RuneCutter)
	a.appender, _ = a.seg.(WordAppender)
	return a, nil
}

// addTopics compiles the built-in topics that configured does not replace, and
// configured.
func (a *Analyzer) addTopics(configured []Topic) error {
	names := make(map[string]bool)
	for i, t := range configured {
		name := strings.TrimSpace(t.Name)
		switch {
		case name == "":
			return fmt.Errorf("topic %d has no name", i+1)
		case names[name]:
			return fmt.Errorf("topic %q is there twice", name)
		case len(t.Words) == 0 && len(t.Examples) == 0:
			return fmt.Errorf("topic %q has neither words nor examples", name)
		}
		names[name] = true
	}
	for _, t := range builtinTopics {
		if names[t.name] {
			continue
		}
		var words []string
		for line := range strings.Lines(t.words) {
			for word := range strings.SplitSeq(strings.TrimSpace(line), "、") {
				if word = strings.TrimSpace(word); word != "" {
					words = append(words, word)
				}
			}
		}
		if err := a.rules.addTopic(len(a.topics), words); err != nil {
			return fmt.Errorf("topic %q: %w", t.name, err)
		}
		a.topics = append(a.topics, t.name)
	}
	for _, t := range configured {
		if err := a.rules.addTopic(len(a.topics), t.Words); err != nil {
			return fmt.Errorf("topic %q: %w", t.Name, err)
		}
		a.topics = append(a.topics, strings.TrimSpace(t.Name))
	}
	return nil
}

func (a *Analyzer) addFields(fields []FieldName) error {
	for i, f := range fields {
		if f.Field == "" || f.Code == "" {
			return fmt.Errorf("field value %d (%s %s) needs a field and a code", i+1, f.Field, f.Code)
		}
		for _, name := range f.Names {
			if utf8.RuneCountInString(strings.TrimSpace(Fold(name))) < 2 {
				return fmt.Errorf("%s %s: the name %q is too short to be told from other words", f.Field, f.Code, name)
			}
			if err := a.rules.addName(name, int32(i)); err != nil {
				return fmt.Errorf("%s %s: the name %w", f.Field, f.Code, err)
			}
		}
	}
	return nil
}

// Topics returns the names of the topics that a looks for: built-in ones first,
// then the configured ones, of which each replaces the built-in of its name.
func (a *Analyzer) Topics() []string { return slices.Clone(a.topics) }

// scratch is the working memory of one analysis.
type scratch struct {
	fold     folded
	folded   string // the folded text
	glyphs   []glyph
	survey   survey
	hits     []hit
	common   []span   // words
	kinds    kindSet  // of all hits
	last     []uint32 // by literal: the run in which it was last found
	run      uint32
	clauses  []clause
	split    []clause // the clauses before or after splitting
	tokens   []token
	harmless []hit
	intents  [intentCount]intentSum
	hazards  [hazardCount]hazardSum
	signs    [len(signs)]uint8 // how many words of each class
	topics   []topicSum
	ends     []int32 // of words: behind which runes
	words    []span  // in order: runes, not bytes
	cut      []Word  // by a segmenter that is no RuneCutter
	names    []string
	keywords []keyword
	// keywordStarts tell keywords apart, an entry each.
	keywordStarts       []uint64
	nextHit, nextCommon int // from which on a word may be one
	evidence            []Evidence
	// The text without what breaks words apart.
	compact        []byte
	compactGlyphs  []glyph
	compactOffsets []int32
	advert         hit // the heaviest sign of spam in the text as written; none where end is 0
	units          []uint64
	seen           observation
	turned         bool    // a negation turned a word
	listed         float64 // what the word lists say of the whole text
	cues           Cues
	spam           float64
	reading        sentiment.Reading
	aside          sentiment.Reading // of one clause
	positive       float64           // probabilities of the sentiment model
	neutral        float64
	negative       float64
}

// Analyze returns what a makes of text. It never fails: of what it cannot tell
// it says so by its confidence. It looks at the first MaxAnalyzed bytes.
func (a *Analyzer) Analyze(text string) Verdict {
	if len(text) > MaxAnalyzed {
		cut := MaxAnalyzed
		for cut > MaxAnalyzed-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	s, ok := a.scratch.Get().(*scratch)
	if !ok {
		s = new(scratch)
	}
	defer a.scratch.Put(s)
	a.read(s, text)
	if s.blank() {
		return Verdict{
			Lang: "und", Sentiment: "neutral", Confidence: 1, Intent: "chat", Urgency: "low", Model: a.version, Cues: Cues{Fragment: true},
			Topics: []TopicScore{}, Keywords: []string{}, Evidence: []Evidence{},
		}
	}
	s.observe(&s.seen)
	scores := a.head.scores(&s.seen)
	s.weighScores(&scores)
	v := Verdict{Lang: s.survey.lang, Print: s.survey.sketch, Model: a.version, Cues: s.cues, Spam: s.spam}
	positive, neutral, negative := s.blend(&scores)
	v.setSentiment(positive, neutral, negative)
	v.Intent = s.intent(scores[:intentCount], positive, negative)
	v.Urgency, v.Hazards = s.urgency(&v, scores[classHazard:])
	v.Topics = a.readTopics(s, &v)
	v.Found = a.readFields(s)
	a.readWords(s)
	v.Keywords = a.keywords(s)
	v.Evidence = a.evidence(s, &v, text)
	return v
}

// blank reports whether the text is white space, of which folding leaves these two.
func (s *scratch) blank() bool { return strings.Trim(s.folded, " \n") == "" }

// read reads everything that needs no judgement from text.
func (a *Analyzer) read(s *scratch, text string) {
	s.fold.reset(text)
	s.folded = s.fold.of(text)
	s.look(a.rules.alphabet)
	a.find(s)
	s.cutClauses()
	a.readTokens(s)
	s.scoreClauses()
	s.positive, s.neutral, s.negative = a.model.Read(&s.reading, s.folded)
	s.spam = a.readSpam(s)
	s.cues = a.readCues(s)
	a.readIntents(s)
	a.readHazards(s)
}

// find runs the matcher over the text and notes which literals it holds.
func (a *Analyzer) find(s *scratch) {
	s.hits, s.common = a.rules.matcher.scan(s.hits[:0], s.common[:0], s.fold.text, s.glyphs, s.fold.offsets)
	if len(s.last) != len(a.rules.matcher.literals) {
		s.last = make([]uint32, len(a.rules.matcher.literals))
		s.run = 0
	}
	s.run++
	if s.run == 0 { // after 2^32 texts the marks of the first would seem new
		clear(s.last)
		s.run = 1
	}
	s.kinds = 0
	for i := range s.hits {
		s.last[s.hits[i].literal] = s.run
		s.kinds |= s.hits[i].kinds
	}
}

// holds reports whether the conditions of act are met by the text, its pair
// apart.
func (s *scratch) holds(act *action) bool {
	if act.conditions == nil {
		return true
	}
	for _, id := range act.conditions.must {
		if s.last[id] != s.run {
			return false
		}
	}
	for _, id := range act.conditions.not {
		if s.last[id] == s.run {
			return false
		}
	}
	return true
}

// pairReach is how far before a literal, in bytes, the first half of its pair
// may end: twelve Chinese characters.
const pairReach = 36

// pair returns where the first half of act's pair begins for the hit with index
// i: the hit's own start where act is no pair, -1 where its first half is
// missing.
func (s *scratch) pair(act *action, i int) int32 {
	h := s.hits[i]
	if act.first < 0 {
		return h.start
	}
	if s.last[act.first] != s.run {
		return -1
	}
	limit := max(h.start-pairReach, s.clauseAt(h.start).start)
	for j := i - 1; j >= 0 && s.hits[j].start > limit-3*maxLiteral; j-- {
		f := s.hits[j]
		if f.literal == act.first && f.end <= h.start && f.end >= limit && f.start >= s.clauseAt(h.start).start {
			return f.start
		}
	}
	return -1
}

func (v *Verdict) setSentiment(positive, neutral, negative float64) {
	v.Score = positive - negative
	if v.Score == 0 {
		v.Score = -1e-3 // the sign is the polarity: of a text without any sign of it, the more careful one
	}
	switch {
	case neutral >= positive && neutral >= negative:
		v.Sentiment, v.Confidence = "neutral", neutral
	case positive > negative:
		v.Sentiment, v.Confidence = "positive", positive
	default:
		v.Sentiment, v.Confidence = "negative", negative
	}
}
