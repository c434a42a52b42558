package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones travel with the program: a container may have none
	"unicode"
	"unicode/utf8"

	"github.com/robfig/cron/v3"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/near"
	"github.com/huiyin/huiyin/feedback/route"
	"github.com/huiyin/huiyin/feedback/sla"
)

// check looks at what one key alone does not tell: what refers to something
// else, what is named twice, what is written in a language of its own. It fills
// in what is derived.
func (l *loader) check() {
	l.defaults()
	l.brand()
	l.storage()
	l.addresses()
	l.channelNames()
	l.topics()
	l.teams()
	l.staff()
	l.fields()
	l.times()
	l.routes()
	l.texts()
	l.phrases()
}

// defaults fills in what depends on what was written.
func (l *loader) defaults() {
	c := l.c
	if !l.written("bots") {
		if web, ok := l.kindNamed("web"); ok {
			c.Bots = []Channel{{Name: "web", Type: "web", Options: web.Options()}}
		}
	}
	if c.Brand.Language == "en" && !l.written("brand.name") {
		c.Brand.Name = "Huiyin"
	}
	if c.Brand.Language == "en" && !l.written("teams") {
		c.Teams[0].Title = "Care"
	}
	if c.Privacy.Company == "" {
		c.Privacy.Company = c.Brand.Name
	}
	for i := range c.Teams {
		if c.Teams[i].Title == "" {
			c.Teams[i].Title = c.Teams[i].Name
		}
	}
	for i := range c.Fields {
		if c.Fields[i].Title == "" {
			c.Fields[i].Title = c.Fields[i].Name
		}
	}
	if !l.written("routes") && len(c.Teams) > 0 {
		c.Routes.Team = c.Teams[0].Name
	}
}

func (l *loader) kindNamed(name string) (Kind, bool) {
	at := slices.IndexFunc(l.o.Kinds.Bots, func(k Kind) bool { return k.Name == name })
	if at < 0 {
		return Kind{}, false
	}
	return l.o.Kinds.Bots[at], true
}

func (l *loader) brand() {
	loc, err := time.LoadLocation(l.c.Brand.Timezone)
	if err != nil || l.c.Brand.Timezone == "" || l.c.Brand.Timezone == "Local" {
		l.wrong("brand.timezone", badTimezone)
		loc = time.UTC
	}
	l.c.Location = loc
}

// redisAddress tells the forms of an address apart: one server, sentinels with the master's name, a cluster. What
// stands in it is read by the stream that connects.
var redisAddress = regexp.MustCompile(`^(?:rediss?://[^/,]+(?:/.*)?|unix:///.+|rediss?\+sentinel://[^/]+/[^/]+(?:/.*)?|rediss?\+cluster://[^/]+/?)$`)

func (l *loader) storage() {
	database := l.c.Storage.Database.Reveal()
	file, isFile := strings.CutPrefix(database, "sqlite:")
	server := strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
	if isFile && file == "" || !isFile && !server {
		l.wrong("storage.database", badDatabase)
	}
	if redis := l.c.Storage.Redis.Reveal(); redis != "" && !redisAddress.MatchString(redis) {
		l.wrong("storage.redis", badRedis)
	}
	if l.c.Storage.Files == "" {
		l.wrong("storage.files", needed, "files")
	}
	if l.c.Storage.Spool == "" && l.c.Storage.SpoolMax > 0 {
		l.wrong("storage.spool", needed, "spool")
	}
}

// addresses checks where we listen and how others reach us.
func (l *loader) addresses() {
	web := &l.c.Web
	host, port, ok := listenAddress(web.Listen)
	if !ok {
		l.wrong("web.listen", wantListen)
	}
	if _, _, ok := listenAddress(web.MetricsListen); !ok && web.MetricsListen != "" {
		l.wrong("web.metrics_listen", wantListen)
	}
	switch {
	case web.PublicURL != "":
		u, err := url.Parse(web.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			l.wrong("web.public_url", wantURL)
		}
		web.PublicURL = strings.TrimRight(web.PublicURL, "/")
	case ok:
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		web.PublicURL = "http://" + net.JoinHostPort(host, port)
	}
}

// listenAddress reads host:port.
func listenAddress(s string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsFunc(host, unicode.IsSpace) {
		return "", "", false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return host, port, err == nil
}

// reserved are the names of channels that the program uses itself.
var reserved = []string{"board", "system"}

// maxName bounds names, in characters.
const maxName = 32

// validName reports whether name can be a channel's or a team's: it stands in
// addresses, commands and metrics.
func validName(name string) bool {
	if utf8.RuneCountInString(name) > maxName {
		return false
	}
	for i, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && (i == 0 || r != '-' && r != '_') {
			return false
		}
	}
	return name != ""
}

// unique reports names that are not well-formed or used before. It is silent
// about names that are missing: that was said.
func (l *loader) unique(seen map[string]int, name, path string, valid func(string) bool, wrong code) {
	at := l.at(path)
	switch line, taken := seen[name]; {
	case name == "":
	case !valid(name):
		l.add(at, wrong)
	case taken:
		l.add(at, takenName, line)
	default:
		seen[name] = at.line
	}
}

func (l *loader) channelNames() {
	seen := map[string]int{}
	for _, group := range []struct {
		key      string
		channels []Channel
	}{{"bots", l.c.Bots}, {"listeners", l.c.Listeners}} {
		for i, c := range group.channels {
			path := fmt.Sprintf("%s[%d].name", group.key, i)
			l.unique(seen, c.Name, path, validName, badName)
			if slices.Contains(reserved, c.Name) {
				l.wrong(path, reservedName)
			}
		}
	}
}

func (l *loader) topics() {
	seen := map[string]int{}
	fine := func(name string) bool {
		return utf8.RuneCountInString(name) <= maxName && name == strings.TrimSpace(name)
	}
	for i, t := range l.c.Topics {
		path := fmt.Sprintf("topics[%d]", i)
		l.unique(seen, t.Name, path+".name", fine, badName)
		if len(t.Words) == 0 && l.written(path+".words") {
			l.wrong(path+".words", noWords)
		}
		for j, word := range t.Words {
			if strings.TrimSpace(word) == "" {
				l.wrong(fmt.Sprintf("%s.words[%d]", path, j), noWords)
			}
		}
	}
}

func (l *loader) teams() {
	if len(l.c.Teams) == 0 {
		l.wrong("teams", noTeams)
	}
	seen := map[string]int{}
	for i := range l.c.Teams {
		t := &l.c.Teams[i]
		path := fmt.Sprintf("teams[%d]", i)
		l.unique(seen, t.Name, path+".name", validName, badName)
		for j, alert := range t.Alerts {
			if place, ok := l.placeOf(alert, fmt.Sprintf("%s.alerts[%d]", path, j)); ok {
				t.Places = append(t.Places, place)
			}
		}
		t.Open = l.hours(t.Hours, path+".hours")
		t.Within = sla.Targets{feedback.P0: t.Answer.P0, feedback.P1: t.Answer.P1, feedback.P2: t.Answer.P2, feedback.P3: t.Answer.P3}
		if t.Digest != "" {
			if _, err := cron.ParseStandard(t.Digest); err != nil || strings.Contains(t.Digest, "TZ=") || strings.HasPrefix(t.Digest, "@every") {
				l.wrong(path+".digest", badCron)
			}
		}
	}
}

// placeOf reads "bot:chat".
func (l *loader) placeOf(alert, path string) (Place, bool) {
	bot, chat, found := strings.Cut(alert, ":")
	bot, chat = strings.TrimSpace(bot), strings.TrimSpace(chat)
	if bot == "" {
		l.wrong(path, badPlace)
		return Place{}, false
	}
	at := slices.IndexFunc(l.c.Bots, func(c Channel) bool { return c.Name == bot })
	if at < 0 {
		l.nearest(path, bot, l.botNames(), unknownBot, unknownBotNear)
		return Place{}, false
	}
	kind, known := l.kindNamed(l.c.Bots[at].Type)
	switch {
	case !known: // said with the bot
	case !kind.Team:
		l.wrong(path, botWithoutTeams)
		return Place{}, false
	case chat == "" && !kind.OneChat:
		l.wrong(path, botOneChat)
		return Place{}, false
	case found && chat == "" && kind.OneChat:
	}
	return Place{bot, chat}, true
}

// wrong reports a problem of what is written at path, unless one was reported
// for it already.
func (l *loader) wrong(path string, c code, args ...any) {
	if !l.broken(path) {
		l.add(l.at(path), c, args...)
	}
}

// nearest reports a name that does not exist, with the nearest that does.
func (l *loader) nearest(path, name string, known []string, plain, withNear code) {
	if l.broken(path) || l.broken("teams") || l.broken("bots") {
		return // said; or what it names was never read
	}
	if nearest, ok := near.Word(name, known); ok {
		l.wrong(path, withNear, nearest)
		return
	}
	l.wrong(path, plain, strings.Join(known, ", "))
}

func (l *loader) botNames() []string {
	var names []string
	for _, b := range l.c.Bots {
		if validName(b.Name) {
			names = appendNew(names, b.Name)
		}
	}
	return names
}

func (l *loader) teamNames() []string {
	var names []string
	for _, t := range l.c.Teams {
		if validName(t.Name) {
			names = appendNew(names, t.Name)
		}
	}
	return names
}

// hours reads opening hours.
func (l *loader) hours(lines []string, path string) sla.Hours {
	hours, err := sla.ParseHours(lines)
	var he *sla.HoursError
	if errors.As(err, &he) {
		l.wrong(fmt.Sprintf("%s[%d]", path, he.Line), map[sla.Fault]code{
			sla.FaultEmpty: hoursEmpty, sla.FaultDay: hoursDay, sla.FaultTimes: hoursTimes,
			sla.FaultTime: hoursTime, sla.FaultSpan: hoursSpan, sla.FaultSame: hoursSame,
		}[he.Fault])
	}
	return hours
}

func (l *loader) staff() {
	names, accounts := map[string]int{}, map[string]int{}
	person := func(name string) bool {
		return utf8.RuneCountInString(name) <= maxName && !strings.ContainsFunc(name, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("@#:：＠＃", r) || unicode.IsControl(r)
		})
	}
	for i, s := range l.c.Staff {
		path := fmt.Sprintf("staff[%d]", i)
		l.unique(names, s.Name, path+".name", person, badPersonName)
		if s.Team != "" && !slices.Contains(l.teamNames(), s.Team) {
			l.nearest(path+".team", s.Team, l.teamNames(), unknownTeam, unknownTeamNear)
		}
		for _, bot := range slices.Sorted(maps.Keys(s.Accounts)) {
			at := path + ".accounts." + bot
			if !slices.Contains(l.botNames(), bot) {
				l.nearest(at+"#key", bot, l.botNames(), unknownBot, unknownBotNear)
				continue
			}
			account := bot + "\x00" + s.Accounts[bot]
			if line, taken := accounts[account]; taken {
				l.wrong(at, takenAccount, line)
				continue
			}
			accounts[account] = l.at(at).line
		}
	}
}

func (l *loader) fields() {
	seen := map[string]int{}
	for i := range l.c.Fields {
		f := &l.c.Fields[i]
		path := fmt.Sprintf("fields[%d]", i)
		l.unique(seen, f.Name, path+".name", route.ValidField, badFieldName)
		if f.File != "" {
			f.Values = l.values(f.File, l.at(path+".file"))
		}
	}
}

// times checks what must not be longer than something else.
func (l *loader) times() {
	d, a := l.c.Desk, l.c.Advanced
	for _, order := range []struct {
		section, small, large string
		a, b                  time.Duration
	}{
		{"desk", "settle", "settle_max", d.Settle, d.SettleMax},
		{"desk", "remind_after", "close_after", d.RemindAfter, d.CloseAfter},
		{"advanced", "retry_max", "retry_for", a.RetryMax, a.RetryFor},
	} {
		if order.a > order.b {
			l.wrong(order.section+"."+order.small, orderOfTimes, order.small, order.large)
		}
	}
}

// routes compiles the tree.
func (l *loader) routes() {
	if len(l.c.Teams) == 0 || l.broken("teams") || l.broken("bots") || l.broken("listeners") {
		return // said; every name would be unknown
	}
	known := route.Known{Topics: l.c.TopicNames(l.o.Topics), Teams: l.teamNames(), Values: map[string][]string{}}
	for _, k := range slices.Concat(l.o.Kinds.Bots, l.o.Kinds.Listeners) {
		known.Platforms = appendNew(known.Platforms, k.Name)
	}
	for _, c := range slices.Concat(l.c.Bots, l.c.Listeners) {
		known.Channels = append(known.Channels, c.Name)
	}
	for _, f := range l.c.Fields {
		if !route.ValidField(f.Name) || slices.Contains(known.Fields, f.Name) {
			continue // said with the field
		}
		known.Fields = append(known.Fields, f.Name)
		for _, v := range f.Values {
			known.Values[f.Name] = append(known.Values[f.Name], v.Code)
		}
	}
	tree, found := route.Compile(nodeOf(l.c.Routes, "routes"), known)
	l.c.Tree = tree
	for _, p := range found {
		l.routeProblem(p)
	}
}

// nodeOf turns a route as written into one to compile; its Pos is its path.
func nodeOf(r Route, path string) route.Node {
	n := route.Node{When: r.When, Team: r.Team, Priority: r.Priority, Cards: r.Cards, Continue: r.Continue, Pos: path}
	for i, child := range r.Routes {
		n.Routes = append(n.Routes, nodeOf(child, fmt.Sprintf("%s.routes[%d]", path, i)))
	}
	return n
}

// texts hands the brand's own texts to whoever knows them.
func (l *loader) texts() {
	if l.o.Texts == nil {
		return
	}
	for _, p := range l.o.Texts(l.c.Texts, l.c.Brand.Language) {
		at, key := l.at("texts."+p.Key), l.at("texts."+p.Key+"#key")
		switch {
		case p.Code == "key" && p.Nearest != "":
			l.add(key, textKeyNear, p.Nearest)
		case p.Code == "key":
			l.add(key, textKey)
		case p.Code == "var" && len(p.Known) == 0:
			l.add(at, textNoVars)
		case p.Code == "var":
			l.add(at, textVar, "{"+strings.Join(p.Known, "} {")+"}")
		case p.Code == "empty" && !l.broken("texts."+p.Key):
			l.add(at, textEmpty)
		case p.Code == "long":
			l.add(at, textLong, p.Limit)
		}
	}
}

// maxPhrase bounds a phrase, in characters.
const maxPhrase = 2000

func (l *loader) phrases() {
	for name, text := range l.c.Phrases {
		bad := name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '%' })
		if bad || strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > maxPhrase {
			l.wrong("phrases."+name+"#key", badPhrase)
		}
	}
}
