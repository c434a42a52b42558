// Package phrase is every text that people read, in Chinese and in English: to
// customers, to staff, and the words that cards, lists and help are made of.
// What is written here stands side by side in both languages, so that neither
// is forgotten; a brand may put its own words in place of any text.
//
// A text holds placeholders: {when} stands for a value, {count|item|items} for
// the word that fits a number. Values are data: what a customer wrote is never
// read as a placeholder.
package phrase

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/huiyin/huiyin/feedback/near"
)

// The languages of the catalogue.
const (
	Chinese = "zh-CN"
	English = "en"
)

// Language returns the catalogue's language for a BCP 47 tag: Chinese for every
// kind of it, English for everything else.
func Language(tag string) string {
	if tag = strings.ToLower(tag); tag == "zh" || strings.HasPrefix(tag, "zh-") || strings.HasPrefix(tag, "zh_") {
		return Chinese
	}
	return English
}

// Vars are the values of a text's placeholders, printed as fmt prints them.
type Vars map[string]any

// Catalog is every text in every language. It is immutable and safe for
// concurrent use.
type Catalog struct {
	chinese, english map[string]template
}

// KeyDoc describes one text, for `check -texts`.
type KeyDoc struct {
	Key  string
	Vars []string // sorted
	Zh   string
	En   string
}

// entry is one text in both languages.
type entry struct{ key, zh, en string }

// entries returns the whole catalogue, in the order of its documentation.
func entries() []entry {
	return slices.Concat(customerTexts(), staffTexts(), answerTexts(), commandTexts(), cardTexts(), words())
}

// Keys returns every text with its variables, in the order of the
// documentation.
func Keys() []KeyDoc {
	var docs []KeyDoc
	for _, e := range entries() {
		docs = append(docs, KeyDoc{Key: e.key, Vars: parse(e.zh).names(), Zh: e.zh, En: e.en})
	}
	return docs
}

// Code tells what is wrong with an override, for texts in other languages.
type Code string

// The codes of problems.
const (
	UnknownKey Code = "key"   // Word; Nearest may be empty
	UnknownVar Code = "var"   // Word; Nearest may be empty; Known are allowed
	Empty      Code = "empty" // the text says nothing
	TooLong    Code = "long"  // more than MaxText characters
)

// MaxText bounds an override, in characters: the shortest message limit of a
// platform, less room for what is filled in.
const MaxText = 1000

// Problem is one thing wrong with an override. Key is the text it is about.
type Problem struct {
	Key     string
	Code    Code
	Word    string
	Nearest string
	Known   []string
}

// Error says what to write instead.
func (p Problem) Error() string {
	meant := ""
	if p.Nearest != "" {
		meant = fmt.Sprintf(": write %q", p.Nearest)
	}
	switch p.Code {
	case UnknownKey:
		return fmt.Sprintf("no text is named %q%s", p.Word, meant)
	case UnknownVar:
		if len(p.Known) == 0 {
			return fmt.Sprintf("%s: {%s} is unknown: this text has no variables", p.Key, p.Word)
		}
		return fmt.Sprintf("%s: {%s} is unknown: use {%s}", p.Key, p.Word, strings.Join(p.Known, "}, {"))
	case Empty:
		return fmt.Sprintf("%s: the text is empty", p.Key)
	case TooLong:
		return fmt.Sprintf("%s: longer than %d characters", p.Key, MaxText)
	default:
		return p.Key + ": " + string(p.Code)
	}
}

// New returns the catalogue with the brand's own texts in the brand's language.
// It reports every override that names no text, is empty or too long, or holds
// a variable that its text does not have; such an override is left out.
func New(overrides map[string]string, brandLang string) (*Catalog, []Problem) {
	c := &Catalog{chinese: map[string]template{}, english: map[string]template{}}
	var keys []string
	for _, e := range entries() {
		c.chinese[e.key], c.english[e.key] = parse(e.zh), parse(e.en)
		keys = append(keys, e.key)
	}
	own := c.of(brandLang)
	var problems []Problem
	for _, key := range sortedKeys(overrides) {
		text := overrides[key]
		standard, known := own[key]
		if !known {
			p := Problem{Key: key, Code: UnknownKey, Word: key}
			p.Nearest, _ = near.Word(key, keys)
			problems = append(problems, p)
			continue
		}
		found := checkOverride(key, text, standard)
		problems = append(problems, found...)
		if len(found) == 0 {
			own[key] = parse(text)
		}
	}
	return c, problems
}

// mayBeEmpty are the texts that are added to others: a brand can leave them out.
var mayBeEmpty = []string{"receipt.privacy", "minor"}

func checkOverride(key, text string, standard template) []Problem {
	if strings.TrimSpace(text) == "" && !slices.Contains(mayBeEmpty, key) {
		return []Problem{{Key: key, Code: Empty}}
	}
	if utf8.RuneCountInString(text) > MaxText {
		return []Problem{{Key: key, Code: TooLong}}
	}
	var problems []Problem
	allowed := standard.names()
	own := parse(text)
	for _, name := range slices.Concat(own.names(), own.strays()) {
		if !slices.Contains(allowed, name) {
			p := Problem{Key: key, Code: UnknownVar, Word: name, Known: allowed}
			p.Nearest, _ = near.Word(name, allowed)
			problems = append(problems, p)
		}
	}
	return problems
}

// of returns the texts of a language.
func (c *Catalog) of(lang string) map[string]template {
	if Language(lang) == Chinese {
		return c.chinese
	}
	return c.english
}

// Text returns the text of key in lang with vars filled in. A placeholder
// without a value becomes nothing. A key that does not exist is returned as it
// is: it is a mistake of the program, which tests find.
func (c *Catalog) Text(lang, key string, vars Vars) string {
	t, ok := c.of(lang)[key]
	if !ok {
		return key
	}
	return t.fill(vars)
}

// Has reports whether there is a text of that key.
func (c *Catalog) Has(key string) bool {
	_, ok := c.chinese[key]
	return ok
}

// Word returns the word for value in the group, such as Word(lang,
// "sentiment", "negative"); where there is none, value itself, so that topics
// and other names of the operator's read as they were written.
func (c *Catalog) Word(lang, group, value string) string {
	if t, ok := c.of(lang)[group+"."+value]; ok {
		return t.fill(nil)
	}
	return value
}

// Words returns the words for several values of a group.
func (c *Catalog) Words(lang, group string, values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = c.Word(lang, group, v)
	}
	return out
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
