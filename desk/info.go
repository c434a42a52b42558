package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

const (
	// listLength is how many items a list in a chat shows.
	listLength = 10
	// webLinkFor is how long a board link works.
	webLinkFor = 10 * time.Minute
	// LinkCodeFor is how long a code that links an account works.
	LinkCodeFor = 24 * time.Hour
	// maxTries and triesWithin throttle codes: six digits are guessed otherwise.
	// allTries is how many everybody together has on one bot: accounts are cheap.
	maxTries    = 5
	allTries    = 60
	triesWithin = 10 * time.Minute
)

// ask2 carries out the commands that change no item.
func (c *call) ask2() error {
	switch c.p.Spec.Verb {
	case "full":
		return c.full()
	case "show":
		return c.show()
	case "trace":
		return c.trace()
	case "mine":
		return c.list("list.mine", store.Query{Owner: c.a.Staff.ID, Live: true, ByDue: true})
	case "queue":
		return c.queue()
	case "search":
		return c.search()
	case "report":
		return c.reportNow()
	case "help":
		return c.help()
	case "web":
		return c.web()
	case "whoami":
		return c.whoami()
	case "link":
		return c.link()
	case "unlink":
		return c.unlink()
	case "customer":
		return c.asCustomer()
	default:
		return fmt.Errorf("desk: verb %q has no function", c.p.Spec.Verb)
	}
}

// full shows the whole text unmasked, to the person alone, and records that
// they saw it.
func (c *call) full() error {
	item := c.one()
	if err := c.record(item.ID, step{kind: "full", actor: c.a}); err != nil {
		return err
	}
	author, err := c.tx.Author(item.Author)
	if err != nil && !isNotFound(err) {
		return err
	}
	lines := []string{c.text("full.head", phraseVars{"number": item.ID})}
	if author != nil {
		lines = append(lines, c.text("full.author", phraseVars{"name": author.Name, "handle": author.Handle}))
	}
	for _, f := range c.r.Fields {
		if v := item.Fields[f.Name]; v != "" {
			lines = append(lines, c.text("full.field", phraseVars{"field": f.Title, "value": v}))
		}
	}
	lines = append(lines, item.Text)
	text := strings.Join(lines, "\n")
	if c.overheard() {
		// Here an answer would be seen by the whole chat: it goes to the
		// person's own.
		here := *c.a.Staff
		here.Accounts = map[string]string{c.a.Bot: c.e.From.ID}
		if err := c.direct(&here, eventKey(c.a, item, "full"), text, item.ID, c.openButtons(item)); err != nil {
			return err
		}
		c.answer = brief(c.text("full.sent", nil))
		return nil
	}
	c.answer = bots.Answer{Text: text, Buttons: c.openButton(item)}
	return nil
}

// overheard reports whether the whole chat would read an answer, since its
// platform has no private ones.
func (c *call) overheard() bool {
	return c.e.Chat.Group && c.a.Bot != Board && !c.r.Channels[c.a.Bot].Private
}

func (c *call) show() error {
	item := c.one()
	card, err := c.cardOf(item)
	if err != nil {
		return err
	}
	ms, err := c.tx.MessagesOf(item.ID)
	if err != nil {
		return err
	}
	said := make([]string, 0, len(ms))
	for _, m := range ms {
		who := c.who(item)
		if m.Direction != feedback.In {
			who = c.text("system", nil)
			if m.Staff != 0 {
				if st, err := c.tx.Staff(m.Staff); err == nil {
					who = st.Name
				}
			}
			if m.Direction == feedback.Note {
				who = "📝 " + who
			} else {
				who = "→ " + who
			}
		}
		said = append(said, c.r.local(m.ReceivedAt).Format("01-02 15:04")+" "+c.text("show.line", phraseVars{"who": who, "text": bots.Limit{N: 120, Unit: bots.Runes}.Cut(nlp.Mask(m.Text))}))
	}
	c.answer = bots.Answer{Text: card.Plain + "\n" + c.latest(said), Buttons: c.openButton(item)}
	return nil
}

// answerRoom is how much of a list an answer in a chat shows, in characters: less
// than any platform takes, so that none cuts it.
const answerRoom = 2500

// latest returns the last lines, as many as there is room for, and says how many
// came before.
func (c *call) latest(lines []string) string {
	first, room := len(lines), answerRoom
	for ; first > 0; first-- {
		if room -= utf8.RuneCountInString(lines[first-1]) + 1; room < 0 {
			break
		}
	}
	shown := lines[first:]
	if first > 0 {
		shown = append([]string{c.text("list.earlier", phraseVars{"count": first})}, shown...)
	}
	return strings.Join(shown, "\n")
}

func (c *call) openButton(item *feedback.Item) [][]bots.Button {
	return [][]bots.Button{{{Text: c.text("button.open", nil), URL: c.itemURL(item.ID)}}}
}

func (c *call) trace() error {
	item := c.one()
	events, err := c.tx.Events(item.ID)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(events))
	for _, e := range events {
		who := ""
		if e.Staff != 0 {
			if st, err := c.tx.Staff(e.Staff); err == nil {
				who = st.Name
			}
		}
		lines = append(lines, strings.TrimSpace(c.text("trace.line", phraseVars{
			"at": c.r.local(e.At).Format("01-02 15:04:05"), "what": c.r.Texts.Word(c.lang, "event", e.Kind), "who": who,
		})))
	}
	c.answer = bots.Answer{Text: c.latest(lines), Buttons: c.openButton(item)}
	return nil
}

func (c *call) queue() error {
	q := store.Query{Live: true, ByDue: true}
	team := strings.TrimSpace(c.p.Text)
	switch {
	case team != "":
		t := c.teamNamed(team)
		if t == nil {
			return c.refuse("chat.asteam", phraseVars{"name": clip(team), "known": strings.Join(c.teamTitles(), c.text("list.separator", nil))})
		}
		q.Teams = []string{t.Name}
	case c.a.Staff.Team != "":
		q.Teams = []string{c.a.Staff.Team}
	}
	return c.list("list.queue", q)
}

func (c *call) search() error {
	q := store.Query{Words: c.r.Query(c.p.Text)}
	items, err := c.tx.Items(store.Query{Words: q.Words, Limit: listLength})
	if err != nil {
		return err
	}
	if len(items) == 0 {
		c.answer = brief(c.text("search.none", phraseVars{"text": clip(c.p.Text)}))
		return nil
	}
	return c.list("list.search", q)
}

// list answers with the first items of a query.
func (c *call) list(title string, q store.Query) error {
	q.Limit = listLength
	items, err := c.tx.Items(q)
	if err != nil {
		return err
	}
	total := int64(len(items))
	if len(q.Words) == 0 {
		// Counting what a common word finds takes seconds among many items.
		if total, err = c.tx.CountItems(q); err != nil {
			return err
		}
	}
	if len(items) == 0 {
		c.answer = brief(c.text("list.none", nil))
		return nil
	}
	lines := []string{c.text("list.head", phraseVars{"title": c.text(title, nil), "count": total})}
	for _, item := range items {
		owner, err := c.ownerName(item)
		if err != nil {
			return err
		}
		left := ""
		if !item.DueAt.IsZero() {
			left = c.clockIn(c.lang, item.DueAt)
		}
		line := c.text("list.line", phraseVars{
			"number": item.ID, "priority": marks[item.Priority] + item.Priority.String(), "state": c.text("state."+string(item.State), nil),
			"owner": owner, "left": left, "quote": nlp.Mask(item.Quote),
		})
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	if total > int64(len(items)) {
		lines = append(lines, c.text("list.more", phraseVars{"count": total - int64(len(items))}))
	}
	c.answer = bots.Answer{Text: strings.Join(lines, "\n"), Buttons: [][]bots.Button{{{Text: c.text("button.list", nil), URL: c.r.PublicURL + "/"}}}}
	return nil
}

func (c *call) reportNow() error {
	if asksAccuracy(c.p.Text) {
		return c.reportAccuracy()
	}
	team := c.a.Staff.Team
	if name := strings.TrimSpace(c.p.Text); name != "" {
		t := c.teamNamed(name)
		if t == nil {
			return c.refuse("chat.asteam", phraseVars{"name": clip(name), "known": strings.Join(c.teamTitles(), c.text("list.separator", nil))})
		}
		team = t.Name
	}
	if c.r.Teams[team] == nil {
		team = c.r.TeamOrder[0]
	}
	post, err := c.report(team, c.now.Add(-24*time.Hour), c.now)
	if err != nil {
		return err
	}
	if post.Text == "" {
		post.Text = c.text("report.none", nil)
	}
	c.answer = bots.Answer{Text: post.Text, Buttons: post.Buttons}
	return nil
}

// help lists what this person may do.
func (c *call) help() error {
	lines := []string{c.text("help.head", nil), c.text("help.role", phraseVars{"role": c.text("role."+string(c.a.Staff.Role), nil)})}
	only := lookup(strings.TrimSpace(c.p.Text))
	for i := range specs {
		s := &specs[i]
		if !c.a.Staff.Role.AtLeast(s.Role) || only != nil && s != only {
			continue
		}
		lines = append(lines, c.text("usage."+s.Verb, nil)+" — "+c.text("help."+s.Verb, nil))
	}
	c.answer = bots.Answer{Text: strings.Join(lines, "\n")}
	return nil
}

// HashCode returns what is stored of a code.
func HashCode(code string) string {
	sum := sha256.Sum256([]byte(strings.ToUpper(strings.TrimSpace(code))))
	return hex.EncodeToString(sum[:])
}

// codeHash returns what is stored of a code of a kind. Link codes are short:
// with a key, a copy of the database does not tell them.
func (s *Service) codeHash(kind, code string) string {
	if kind == CodeLink && s.keys.Has() {
		return s.keys.MAC(kind, strings.TrimSpace(code))
	}
	return HashCode(code)
}

// The kinds of codes.
const (
	CodeLink   = "link"   // links an account: six digits, typed by people
	CodeSignin = "signin" // opens the board, in a link
	CodeAdmin  = "admin"  // the first sign-in on a fresh installation
)

// NewCode returns a fresh single-use code and keeps its hash.
func (s *Service) NewCode(ctx context.Context, kind string, staff int64, ttl time.Duration) (string, error) {
	code := rand.Text()
	if kind == CodeLink {
		var err error
		if code, err = digits(6); err != nil {
			return "", err
		}
	}
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		return tx.PutCode(store.Code{Kind: kind, Hash: s.codeHash(kind, code), Staff: staff, Expires: s.now().Add(ttl)})
	})
	return code, err
}

// digits returns n random decimal digits, each equally likely.
func digits(n int) (string, error) {
	b := make([]byte, 0, n)
	buf := make([]byte, 1)
	for len(b) < n {
		if _, err := rand.Read(buf); err != nil {
			return "", fmt.Errorf("random digits: %w", err)
		}
		if buf[0] < 250 {
			b = append(b, '0'+buf[0]%10)
		}
	}
	return string(b), nil
}

// SignIn redeems a code for the board. The first sign-in makes an admin.
func (s *Service) SignIn(ctx context.Context, code string) (*feedback.Staff, error) {
	var who *feedback.Staff
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		hash, now := HashCode(code), s.now()
		c, err := tx.UseCode(CodeSignin, hash, now)
		if err == nil {
			who, err = tx.Staff(c.Staff)
			return err
		}
		if !isNotFound(err) {
			return err
		}
		if _, err = tx.UseCode(CodeAdmin, hash, now); err != nil {
			return err
		}
		if who, err = firstAdmin(tx); err != nil || who != nil {
			return err
		}
		r := s.Rules()
		who = &feedback.Staff{Name: r.Texts.Text(r.Language, "role.admin", nil), Role: feedback.Admin, Team: r.TeamOrder[0], Accounts: map[string]string{}}
		return tx.SaveStaff(who)
	})
	if err == nil && who.Role == feedback.Admin && !who.Disabled {
		err = s.db.Write(ctx, func(tx *store.Tx) error { return tx.SetState(adminKnown, "1", time.Time{}) })
	}
	if err != nil {
		return nil, err
	}
	if who.Disabled {
		return nil, feedback.ErrForbidden
	}
	return who, nil
}

// adminKnown is set once an admin has signed in on the board.
const adminKnown = "admin.signedin"

// firstAdmin returns the first admin there is; nil where there is none.
func firstAdmin(tx *store.Tx) (*feedback.Staff, error) {
	all, err := tx.AllStaff()
	for _, st := range all {
		if st.Role == feedback.Admin && !st.Disabled {
			return st, err
		}
	}
	return nil, err
}

// NeedsAdmin reports whether no admin has signed in on the board yet.
func (s *Service) NeedsAdmin(ctx context.Context) (bool, error) {
	known := false
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		_, known, err = tx.State(adminKnown)
		return err
	})
	return !known, err
}

// web gives a one-time link to the board. Where a whole chat would read it, it
// is to be asked for in private: who opens it first is signed in.
func (c *call) web() error {
	if c.overheard() {
		return c.refuse("weblink.private", nil)
	}
	code := rand.Text()
	if err := c.tx.PutCode(store.Code{Kind: CodeSignin, Hash: HashCode(code), Staff: c.a.Staff.ID, Expires: c.now.Add(webLinkFor)}); err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.text("weblink", phraseVars{
		"link": c.r.PublicURL + "/s/" + code, "expires": c.r.Texts.Duration(c.lang, webLinkFor),
	})}
	return nil
}

func (c *call) whoami() error {
	st := c.a.Staff
	open, err := c.tx.CountItems(store.Query{Owner: st.ID, Live: true})
	if err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.text("whoami", phraseVars{
		"name": st.Name, "team": c.team(st.Team).Title, "role": c.text("role."+string(st.Role), nil), "count": open,
	})}
	return nil
}

// link links an account by a code, or registers a chat for a team.
func (c *call) link() error {
	word := strings.TrimSpace(c.p.Text)
	if isCode(word) {
		return c.bind(word)
	}
	if c.a.Staff == nil {
		return c.refuse("unlinked", nil)
	}
	if !c.a.Staff.Role.AtLeast(feedback.Admin) {
		return c.refuse("link.admin", nil)
	}
	if !c.e.Chat.Group || c.a.Bot == Board {
		return c.refuse("link.private", nil)
	}
	t := c.teamNamed(word)
	if t == nil {
		return c.refuse("chat.asteam", phraseVars{"name": clip(word), "known": strings.Join(c.teamTitles(), c.text("list.separator", nil))})
	}
	c.forget = true
	if err := c.tx.SetTeamChat(store.TeamChat{Bot: c.a.Bot, Chat: c.e.Chat.ID, Team: t.Name, Title: c.e.Chat.Title}); err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.text("chat.linked", phraseVars{"team": t.Title}), Public: true}
	return nil
}

func isCode(word string) bool {
	if len(word) != 6 {
		return false
	}
	for _, r := range word {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// bind makes the account that wrote the code's colleague.
func (c *call) bind(code string) error {
	tries, err := c.tx.Tries("bind:"+c.a.Bot+":"+c.e.From.ID, triesWithin, c.now)
	if err != nil {
		return err
	}
	all, err := c.tx.Tries("bind:"+c.a.Bot, triesWithin, c.now)
	if err != nil {
		return err
	}
	if tries > maxTries || all > allTries {
		return &keep{brief(c.text("code.slow", phraseVars{"wait": c.r.Texts.Duration(c.lang, triesWithin)}))}
	}
	used, err := c.tx.UseCode(CodeLink, c.s.codeHash(CodeLink, code), c.now)
	if isNotFound(err) {
		// Kept, not refused: the try counts.
		return &keep{brief(c.text("code.wrong", nil))}
	}
	if err != nil {
		return err
	}
	if err := c.tx.LinkAccount(used.Staff, c.a.Bot, c.e.From.ID); err != nil {
		return err
	}
	st, err := c.tx.Staff(used.Staff)
	if err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.text("linked", phraseVars{
		"name": st.Name, "team": c.team(st.Team).Title, "role": c.text("role."+string(st.Role), nil),
	})}
	return nil
}

func (c *call) unlink() error {
	team := ""
	chats, err := c.tx.TeamChats()
	if err != nil {
		return err
	}
	for _, tc := range chats {
		if tc.Bot == c.a.Bot && tc.Chat == c.e.Chat.ID {
			team = c.team(tc.Team).Title
		}
	}
	if team == "" {
		return c.refuse("chat.fixed", nil)
	}
	c.forget = true
	if err := c.tx.DropTeamChat(c.a.Bot, c.e.Chat.ID); err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.text("chat.unlinked", phraseVars{"team": team}), Public: true}
	return nil
}

// asCustomerKey holds while a colleague sees the customer's side.
func asCustomerKey(bot, account string) string { return "ascustomer:" + bot + ":" + account }

func (c *call) asCustomer() error {
	if c.e.Chat.Group || c.a.Bot == Board {
		return c.refuse("staff.private", nil)
	}
	if err := c.tx.SetState(asCustomerKey(c.a.Bot, c.e.From.ID), "1", c.now.Add(c.r.Desk.AsCustomer)); err != nil {
		return err
	}
	c.answer = bots.Answer{Text: c.text("customer.on", phraseVars{"length": c.r.Texts.Duration(c.lang, c.r.Desk.AsCustomer)})}
	return nil
}

// AsCustomer reports whether a colleague's private messages count as a
// customer's just now.
func (s *Service) AsCustomer(tx *store.Tx, bot, account string) (bool, error) {
	_, on, err := tx.State(asCustomerKey(bot, account))
	return on, err
}

// handover gives all the actor's open items to a colleague.
func (c *call) handover() error {
	person, _, _, err := c.target()
	if err != nil {
		return err
	}
	if person == nil {
		return c.refuse("needtext", phraseVars{"example": c.p.Spec.example(c.lang)})
	}
	items, err := c.tx.Items(store.Query{Owner: c.a.Staff.ID, States: []feedback.State{feedback.New, feedback.Open, feedback.Waiting}, Limit: 1000})
	if err != nil {
		return err
	}
	var numbers []string
	for _, listed := range items {
		item, err := c.tx.LockItem(listed.ID)
		if err != nil {
			return err
		}
		if err := c.undoably(item, "handedover", func() error { return c.assign(c.a, item, person, c.text("event.handedover", nil)) }); err != nil {
			return err
		}
		numbers = append(numbers, "#"+strconv.FormatInt(item.ID, 10))
	}
	if len(numbers) == 0 {
		return c.refuse("handover.none", nil)
	}
	c.answer = bots.Answer{Text: c.text("handedover", phraseVars{"count": len(numbers), "owner": person.Name, "numbers": strings.Join(numbers, " ")})}
	return nil
}

// recall takes back the last message the customer got, all its parts, where the
// platform can. The pipeline performs it, since it holds the bots. A message that
// was taken back stays the last: who asks again does not mean the one before.
func (c *call) recall() error {
	outs, err := c.tx.OutsOf(c.one().ID)
	if err != nil {
		return err
	}
	caps := c.r.Channels[c.one().Channel]
	last := ""
	for _, o := range slices.Backward(outs) {
		if o.Audience != store.ToCustomer || o.State != store.OutSent || o.Kind != OutReply && o.Kind != OutClosure || last != "" && firstPart(o.Key) != last {
			continue
		}
		if last == "" && (!caps.Recalls || caps.Caps.RecallFor > 0 && c.now.Sub(o.SentAt) > caps.Caps.RecallFor) {
			return c.refuse("cannotrecall", nil)
		}
		last = firstPart(o.Key)
		key := "recall:" + o.Key
		fresh, err := c.put(store.Out{
			Key: key, Bot: o.Bot, Chat: o.Chat, Audience: store.ToStaff, Kind: OutRecall, Item: o.Item, Conversation: o.Conversation, Staff: c.a.Staff.ID,
			Body: encode(bots.Post{Key: key, Chat: o.Chat, ReplyTo: o.External}), Urgent: true,
		})
		if err != nil {
			return err
		}
		if !fresh {
			return c.refuse("recall.already", phraseVars{"number": o.Item})
		}
	}
	if last == "" {
		return c.refuse("recall.none", phraseVars{"number": c.one().ID})
	}
	c.final = true
	if err := c.record(c.one().ID, step{kind: "recalled", actor: c.a, data: map[string]string{"out": last}}); err != nil {
		return err
	}
	c.answer = brief(c.text("recalled", nil))
	return nil
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// topNames returns the n names with the largest counts, the largest first.
func topNames(counts map[string]int64, n int) []string {
	names := sortedNames(counts)
	slices.SortStableFunc(names, func(a, b string) int { return int(counts[b] - counts[a]) })
	return names[:min(n, len(names))]
}

// IsLinkCode reports whether text, in a private chat, is a command that links
// an account: 绑定 and six digits.
func IsLinkCode(text string) bool {
	p := Parse("!"+strings.TrimLeft(strings.TrimSpace(text), "!！/"), false, false)
	return p.Spec != nil && p.Spec.Verb == "link" && isCode(strings.TrimSpace(p.Text))
}

// Greet tells a group that belongs to no team yet how it can.
func (s *Service) Greet(ctx context.Context, bot, chat string) error {
	return s.do(ctx, func(w *work) error {
		key := "hello:" + bot + ":" + chat
		team := w.r.Teams[w.r.TeamOrder[0]].Title
		_, err := w.put(store.Out{
			Key: key, Bot: bot, Chat: chat, Audience: store.ToStaff, Kind: OutTeam,
			Body: encode(bots.Post{Key: key, Chat: chat, Text: w.r.Texts.Text(w.r.Language, "group.unknown", phraseVars{"team": team})}),
		})
		return err
	})
}
