package config

import (
	"strings"

	"github.com/huiyin/huiyin/feedback/route"
)

// routeProblem reports a problem of the routing tree where it is written.
func (l *loader) routeProblem(p route.Problem) {
	path, _ := p.Pos.(string)
	if path == "" {
		path = "routes"
	}
	at := l.at(path)
	if p.Code != route.RootTeam && p.Code != route.Unreachable {
		at = l.at(path + "." + p.Key)
	}
	n := l.nodes[path+"."+p.Key]
	if n != nil && n.broken {
		return
	}
	if n != nil && n.column > 0 && p.Key == "when" {
		at.column = n.column + p.Offset
	}
	// What a variable of the environment put into a condition is not repeated.
	filled := n != nil && n.filled
	known := strings.Join(firstFew(p.Known), ", ")
	either := func(plain, withNear code, args ...any) {
		if p.Nearest != "" && !filled {
			l.add(at, withNear, append(args, p.Nearest)...)
			return
		}
		l.add(at, plain, append(args, known)...)
	}
	detail := p.Detail
	if filled {
		detail = redacted
	}
	switch p.Code {
	case route.RootTeam:
		l.add(at, routeTeam, strings.Join(firstFew(p.Known), "|"))
	case route.RootWhen:
		l.add(at, routeRootWhen)
	case route.FieldName: // said with the field
	case route.TooMany:
		l.add(at, routeTooMany)
	case route.Unreachable:
		l.add(at, routeUnreachable)
	case route.UnknownTeam:
		either(unknownTeam, unknownTeamNear)
	case route.UnknownPriority, route.UnknownCards:
		l.add(at, wantOneOf, known)
	case route.TooLong:
		l.add(at, routeTooLong, p.Limit)
	case route.Syntax:
		l.add(at, map[route.Hint]code{
			route.HintEqual: routeEqual, route.HintAnd: routeAnd, route.HintQuotes: routeQuotes, route.HintWidth: routeWidth, "": routeSyntax,
		}[p.Hint])
	case route.Type:
		l.add(at, routeType, detail)
	case route.NotAllowed:
		l.add(at, routeNotAllowed, p.Word)
	case route.UnknownName:
		either(routeName, routeNameNear)
	case route.UnknownFunction:
		either(routeFunction, routeNameNear)
	case route.UnknownValue:
		either(routeValue, routeValueNear, p.Variable)
	case route.OutOfRange:
		l.add(at, routeRange, p.Variable, p.Low, p.High)
	case route.PatternConstant:
		l.add(at, routePattern)
	case route.PatternLong:
		l.add(at, routePatternLong, p.Limit)
	case route.PatternHeavy:
		l.add(at, routePatternMany)
	case route.PatternSyntax:
		l.add(at, routePatternSays, detail)
	}
}

// firstFew bounds a list of names in a text.
func firstFew(names []string) []string {
	const few = 20
	if len(names) > few {
		return append(names[:few:few], "…")
	}
	return names
}
