package route

import (
	"fmt"
	"strings"
)

// Code tells what kind of problem there is, for texts in other languages.
type Code string

// The codes of problems.
const (
	RootTeam        Code = "root_team"     // the root needs a team
	RootWhen        Code = "root_when"     // the root takes no condition
	FieldName       Code = "field_name"    // Word cannot be a variable
	TooMany         Code = "too_many"      // nodes, or levels
	Unreachable     Code = "unreachable"   // a sibling before it always matches
	UnknownTeam     Code = "team"          // Word, Nearest, Known
	UnknownPriority Code = "priority"      // Word, Nearest, Known
	UnknownCards    Code = "cards"         // Word, Nearest, Known
	TooLong         Code = "too_long"      // Limit
	Syntax          Code = "syntax"        // Detail, Hint
	Type            Code = "type"          // Detail
	NotAllowed      Code = "not_allowed"   // Word is not part of conditions
	UnknownName     Code = "name"          // Word, Nearest, Known
	UnknownFunction Code = "function"      // Word, Nearest, Known
	UnknownValue    Code = "value"         // Variable, Word, Nearest, Known
	OutOfRange      Code = "range"         // Variable, Low, High
	PatternConstant Code = "pattern_const" // a pattern must be written out
	PatternLong     Code = "pattern_long"  // Limit
	PatternHeavy    Code = "pattern_heavy" // Limit
	PatternSyntax   Code = "pattern"       // Detail
)

// Hint is what people most often meant by a condition that cannot be read.
type Hint string

// The hints.
const (
	HintEqual  Hint = "equal"  // = for ==
	HintAnd    Hint = "and"    // AND for and
	HintQuotes Hint = "quotes" // typographic quotes
	HintWidth  Hint = "width"  // full-width operators
)

// Problem is one thing wrong with a tree.
type Problem struct {
	Path   string // of the node: routes[1].routes[0]; empty for the root
	Pos    any    // the node's Pos
	Key    string // of the node: when, team, priority, cards, routes
	Offset int    // in the condition, in runes; 0 for other keys
	Code   Code

	Word     string   // what was written
	Nearest  string   // what was probably meant; may be empty
	Known    []string // what can be written
	Variable string
	Detail   string // of the expression language, in English
	Hint     Hint
	Limit    int
	Low      float64
	High     float64
}

// Error says in English what is wrong and what to write instead.
func (p Problem) Error() string {
	where := strings.TrimPrefix(p.Path+"."+p.Key, ".")
	return where + ": " + p.text()
}

func (p Problem) text() string {
	switch p.Code {
	case RootTeam:
		return "the root needs a team, for what nothing below matches"
	case RootWhen:
		return "the root matches everything: move the condition below routes"
	case FieldName:
		return fmt.Sprintf("a field named %q cannot be used in conditions: write letters, digits and _, and no name that conditions know already", p.Word)
	case TooMany:
		return fmt.Sprintf("at most %d routes, nested at most %d deep", MaxNodes, MaxDepth)
	case Unreachable:
		return "never reached: a route before it has no condition and no continue"
	case UnknownTeam:
		return fmt.Sprintf("no team is named %q%s", p.Word, p.instead())
	case UnknownPriority, UnknownCards:
		return fmt.Sprintf("%q is not possible%s", p.Word, p.instead())
	case TooLong:
		return fmt.Sprintf("longer than %d bytes: split it into several routes", p.Limit)
	case Syntax:
		return "cannot be read: " + p.Detail + p.hint()
	case Type:
		return "does not fit together: " + p.Detail
	case NotAllowed:
		return fmt.Sprintf("%s cannot be used in conditions", p.Word)
	case UnknownName:
		return fmt.Sprintf("%q is unknown%s", p.Word, p.instead())
	case UnknownFunction:
		return fmt.Sprintf("there is no function %q%s", p.Word, p.instead())
	case UnknownValue:
		return fmt.Sprintf("%s is never %q%s", p.Variable, p.Word, p.instead())
	case OutOfRange:
		return fmt.Sprintf("%s lies between %g and %g", p.Variable, p.Low, p.High)
	case PatternConstant:
		return "the pattern of matches must be written out, in quotes"
	case PatternLong:
		return fmt.Sprintf("the pattern is longer than %d characters", p.Limit)
	case PatternHeavy:
		return "the pattern repeats too much, each message would take too long: write smaller numbers in braces"
	case PatternSyntax:
		return "the pattern cannot be read: " + p.Detail
	default:
		return string(p.Code)
	}
}

// maxListed bounds how many possible words an error lists.
const maxListed = 12

// instead says what to write in place of a wrong word.
func (p Problem) instead() string {
	switch {
	case p.Nearest != "":
		return fmt.Sprintf(": write %q", p.Nearest)
	case len(p.Known) == 0:
		return ""
	case len(p.Known) > maxListed:
		return ": one of " + strings.Join(p.Known[:maxListed], ", ") + ", …"
	default:
		return ": one of " + strings.Join(p.Known, ", ")
	}
}

func (p Problem) hint() string {
	switch p.Hint {
	case HintEqual:
		return "; equality is written =="
	case HintAnd:
		return "; write && or ||"
	case HintQuotes:
		return `; write straight quotes: "…"`
	case HintWidth:
		return "; write operators and brackets in half width"
	default:
		return ""
	}
}
