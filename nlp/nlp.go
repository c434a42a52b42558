// Package nlp understands what customers write, offline: it cleans and folds
// text, cuts it into words and says of a message which sentiment, intent,
// urgency and topics it has, with the spans that are the reasons. It is made
// for Chinese in either script and knows enough English for mixed text.
//
// Everything here is a pure function of the text and the options: no network,
// no clock, no files. The words come from a [Segmenter]; nlp/jieba has the one
// that production uses.
package nlp

// Segmenter cuts text. Implementations are safe for concurrent use.
type Segmenter interface {
	// Words returns the words of text in order, with byte offsets into text
	// (mode: precise). White space may be among the words.
	Words(text string) []Word
	// Search returns the search-mode words of text: the precise ones and the
	// shorter words inside them.
	Search(text string) []string
}

// WordAppender is a [Segmenter] that can write into memory of the caller.
type WordAppender interface {
	// AppendWords appends to words those that Words returns.
	AppendWords(words []Word, text string) []Word
}

// RuneCutter is a [Segmenter] that can cut a text that was taken apart already.
type RuneCutter interface {
	// AppendEnds appends to ends behind which of runes each word of Words ends, in
	// order: the last one behind the last rune. Runes are those of a text without
	// NUL; the memory that it takes grows with them.
	AppendEnds(ends []int32, runes []rune) []int32
}

// Word is one word of a text; Start and End are byte offsets into it.
type Word struct {
	Text  string
	Start int
	End   int
}

// Evidence is a span of the text that moved a verdict. For names what it moved:
// "sentiment", "intent", "urgency" or "topic:" and the topic's name. Start and
// End are runes of the text as given to Analyze.
type Evidence struct {
	For   string `json:"for"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// TopicScore is one topic of a message: how sure the analysis is (0 to 1) and
// the sentiment of the clauses that speak of it.
type TopicScore struct {
	Name      string  `json:"name"`
	Score     float64 `json:"score"`
	Sentiment string  `json:"sentiment,omitempty"`
}

// Verdict is what the analysis says of one text.
type Verdict struct {
	Lang       string       `json:"lang"`       // zh, en, ja, ko, ru…, und where it cannot be told
	Sentiment  string       `json:"sentiment"`  // positive, neutral, negative
	Score      float64      `json:"score"`      // P(positive) − P(negative), -1 to 1; 0 only for empty text
	Confidence float64      `json:"confidence"` // probability that Sentiment is right
	Intent     string       `json:"intent"`     // complaint, suggestion, question, praise, request, chat, spam
	Urgency    string       `json:"urgency"`    // low, normal, high, critical
	Topics     []TopicScore `json:"topics"`     // best first
	Keywords   []string     `json:"keywords"`   // in order of weight, at most 8
	Evidence   []Evidence   `json:"evidence"`

	// Hazards are the reasons of an urgency above normal: harm, food, selfharm,
	// legal, media, minor, churn, deadline.
	Hazards []string          `json:"-"`
	Cues    Cues              `json:"-"`
	Found   map[string]string `json:"-"` // field name → value seen in the text: a shop's code, an order number
	Print   uint64            `json:"-"` // near-duplicate print: prints of alike texts differ in few bits, see Distance
	Spam    float64           `json:"-"` // 0 to 1: advertising, fraud and abuse of the channel
	Model   string            `json:"-"` // version of the sentiment model that judged
}

// Cues are what a reaction that customers see may rest on. Each is read from
// the words alone and never derived from the sentiment. Greeting, Thanks,
// Received and BareMark are set only when the message says nothing else.
type Cues struct {
	Greeting bool // 你好, 在吗 as an opening
	Thanks   bool // 谢谢, 🙏
	Received bool // 好的, 收到, 👌
	Urging   bool // 在吗, 有人吗, 怎么还没人回, a bare ？
	Human    bool // asks for a person instead of the bot
	Cancel   bool // no longer needed: 不用了, 取消吧
	BareMark bool // punctuation, emoji, 1, 666, 呵呵: no content
	Fragment bool // not Complete: more is likely to follow
	Minor    bool // the writer may be a minor: 我是小学生, 我今年12岁
}

// Topic is a topic to look for. Each of Words is a substring of the folded text
// (Latin words and digits count at word boundaries only). A word may carry
// conditions, separated by spaces: "退 +多久 !不用退" counts where 退 is found,
// 多久 is found too and 不用退 is not; "/regex/" is a regular expression (RE2).
// Examples are messages about the topic: where there are at least five, a small
// classifier learned from them finds the topic beyond its words.
type Topic struct {
	Name     string
	Words    []string
	Examples []string
}

// FieldName is one value of a field and the names it goes by in texts: field
// "shop", code "SH018", names 徐家汇店, 徐家汇.
type FieldName struct {
	Field string
	Code  string
	Names []string
}

// Options are what an Analyzer is made of. The zero value works: built-in
// topics and the built-in word lists as segmenter.
type Options struct {
	Segmenter Segmenter
	Topics    []Topic     // replace the built-in topics of their names
	Fields    []FieldName // looked for in every text
	Words     []string    // brands and products: never cut, kept as keywords
}
