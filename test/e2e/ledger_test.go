package e2e

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots/slack/slacktest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

// A ledger follows every customer's message, by a token that is its own, from
// the platform to the closing reply. The colleague it plays resolves whatever
// there is a card of; what people see is all it knows.
type ledger struct {
	h      *house
	rng    *rand.Rand
	base   string // the web page's address
	tracks []*track
	again  int // commands written a second time, since Slack had given them up

	seen map[string]snapshot // of channels
	told snapshot            // what only the colleague sees
}

// snapshot is what was read a moment ago: people do not look more often.
type snapshot struct {
	at  time.Time
	all []slacktest.Message
}

// moment is how long a snapshot is as good as new.
const moment = 20 * time.Millisecond

// lane returns what stands in a channel.
func (l *ledger) lane(channel string) []slacktest.Message {
	s := l.seen[channel]
	if time.Since(s.at) > moment {
		s = snapshot{all: l.h.sl.Messages(channel), at: time.Now()}
		l.seen[channel] = s
	}
	return s.all
}

// whispers returns what only the colleague sees.
func (l *ledger) whispers() []slacktest.Message {
	if time.Since(l.told.at) > moment {
		l.told = snapshot{all: l.h.sl.Ephemerals(agent), at: time.Now()}
	}
	return l.told.all
}

// track is one token's way.
type track struct {
	token    string
	user     int64    // the customer on Telegram; 0: on the web page
	page     *browser // the customer's, on the web
	nonce    string
	text     string
	later    string    // said once there is a receipt
	said     time.Time // the fragment
	sent     bool      // the page was told that it is stored; Telegram keeps what is not confirmed
	number   int       // of the item, as the card has it
	where    string    // the card's channel
	since    time.Time // when the card was first seen
	card     string    // the card's ts
	ordered  bool      // the colleague wrote 解决
	order    string    // …as this message
	under    string    // …in the thread of that card
	refused  int       // how often it was answered that nothing was done
	written  time.Time // when the command was written last
	rated    bool
	chosen   bool // the colleague decided about an uncertain closure
	resent   bool // …that it be sent again
	asked    bool // [客户已收到] [再发一次] stood in the thread
	mayLack  bool // the card said that the receipt may not have arrived
	atChoice int  // how many closures had arrived when the colleague chose
	closures int  // …at the end
	looked   time.Time
	shown    []telegramtest.Message // on the page, when it was last looked at
	calm     time.Time              // since when it has been settled
	done     bool                   // nothing is left to do for anybody
}

// reading is how long a colleague takes at least to read a card.
const reading = 500 * time.Millisecond

// impatience is how long a customer waits for an answer to a fragment.
const impatience = 15 * time.Second

// aWhile is how long a colleague waits before writing a command again.
const aWhile = 4 * time.Second

// lanes are the channels that the ledger's cards are spread over: Slack takes
// one message a second in each.
const lanes = 5

func laneChannel(i int) string { return fmt.Sprintf("C0LANE%d", i) }

// laneConfig gives each lane a team. cards says which of the others have one.
func laneConfig(cards string) string {
	var b strings.Builder
	b.WriteString("routes:\n  team: care\n")
	each := ""
	if cards != "" {
		b.WriteString("  cards: " + cards + "\n")
		each = ", cards: on"
	}
	b.WriteString("  routes:\n")
	for i := range lanes {
		fmt.Fprintf(&b, "    - {when: 'text contains \"第%d区\"', team: lane%d%s}\n", i, i, each)
	}
	return b.String()
}

func laneTeams() string {
	var b strings.Builder
	for i := range lanes {
		fmt.Fprintf(&b, "  - {name: lane%d, title: 第%d组, alerts: [\"hq:%s\"]}\n", i, i, laneChannel(i))
	}
	return b.String()
}

func newLedger(h *house, seed uint64) *ledger {
	for i := range lanes {
		h.sl.AddChannel(laneChannel(i), fmt.Sprintf("lane%d", i), agent)
	}
	return &ledger{h: h, rng: rand.New(rand.NewPCG(seed, seed)), base: "http://" + h.web, seen: map[string]snapshot{}}
}

// what a customer sends.
type kind int

const (
	complaint kind = iota
	fragment       // too short to be complete: its receipt waits for silence
	photo
	onPage
	nothing
)

// says has a new customer say something with a token of its own.
func (l *ledger) says(k kind) *track {
	if k == nothing {
		return nil
	}
	var b strings.Builder
	for range 7 {
		b.WriteByte("bcdfghjkmnpqrstvwxz"[l.rng.IntN(19)])
	}
	n := len(l.tracks)
	t := &track{token: b.String()}
	t.text = fmt.Sprintf("第%d区的快递太慢了，等了三天还没收到 %s", n%lanes, t.token)
	l.tracks = append(l.tracks, t)
	if k == onPage {
		t.page = l.h.browser(l.base)
		t.page.c.Timeout = 3 * time.Second // people do not wait for a process that hangs
		t.nonce = "nonce-" + t.token
		return t
	}
	t.user, t.sent = int64(5000+n), true
	l.h.tg.AddUser(telegramtest.User{ID: t.user, First: "客户" + t.token, Lang: "zh-hans"})
	switch k {
	case fragment:
		l.h.tg.UserSays(t.user, t.user, fmt.Sprintf("第%d区凉了", n%lanes))
		t.later, t.said = t.text, time.Now()
	case photo:
		l.h.tg.SendsPhoto(t.user, t.user, t.text, png)
	default:
		l.h.tg.UserSays(t.user, t.user, t.text)
	}
	return t
}

// heard are the texts that the customer got, as the fakes took them.
func (l *ledger) heard(t *track) []telegramtest.Message {
	if t.user != 0 {
		return l.h.tg.FromBot(t.user)
	}
	if time.Since(t.looked) < 300*time.Millisecond {
		return t.shown // the page, too, asks no more often
	}
	t.looked = time.Now()
	var got struct{ Messages []bubble }
	if err := t.page.fetch("/c/site/messages", &got); err != nil {
		return t.shown // no process answers just now
	}
	t.shown = nil
	for _, m := range got.Messages {
		if !m.Mine {
			t.shown = append(t.shown, telegramtest.Message{Text: m.Text})
		}
	}
	return t.shown
}

// counts returns how many receipts and closures the customer got.
func (l *ledger) counts(t *track) (receipts, closures int) {
	for _, m := range l.heard(t) {
		if strings.Contains(m.Text, "收到了，给您记下了") || strings.Contains(m.Text, "收到了（编号") || strings.Contains(m.Text, "这就转给同事看") {
			receipts++
		}
		if strings.Contains(m.Text, "处理好了") {
			closures++
		}
	}
	return receipts, closures
}

// step does whatever can be done now, as the people would.
func (l *ledger) step() {
	for _, t := range l.tracks {
		if t.done {
			continue
		}
		if !t.sent {
			// A page that got no answer sends the same again.
			if !t.started() && t.page.visit("/c") != nil {
				continue
			}
			t.sent = t.page.says(t.nonce, t.text, nil) == nil
			continue
		}
		if t.later != "" {
			// Whoever gets no receipt, since nobody knows whether it arrived, goes
			// on all the same.
			if receipts, _ := l.counts(t); receipts > 0 || time.Since(t.said) > impatience {
				l.h.tg.UserSays(t.user, t.user, t.later)
				t.later = ""
			}
		}
		if t.card == "" && !l.find(t) {
			continue
		}
		card, ok := l.now(t)
		if !ok {
			continue
		}
		t.doubts(card)
		l.colleague(t, card)
		l.rest(t)
	}
}

func (t *track) started() bool { return t.page.n > 0 }

// rest has nobody look at a token any more that has been settled for a while:
// until then an answer may be on its way that makes it uncertain.
func (l *ledger) rest(t *track) {
	switch {
	case !l.settled(t):
		t.calm = time.Time{}
	case t.calm.IsZero():
		t.calm = time.Now()
	default:
		t.done = time.Since(t.calm) > 10*time.Second
	}
}

// doubts remembers that the card said that the receipt may not have arrived.
func (t *track) doubts(card slacktest.Message) {
	t.mayLack = t.mayLack || strings.Contains(card.Text, "⚠️ 回执可能没到")
}

// colleague resolves the item once the customer has, or may not have, the
// receipt; and lets the customer rate.
func (l *ledger) colleague(t *track, card slacktest.Message) {
	receipts, closures := l.counts(t)
	// A card whose sending was cut off comes again, and a command under the
	// first copy is answered with a question: the colleague then writes under
	// the second.
	open := !strings.Contains(card.Text, "已解决")
	// Slack brings an event a few times, and then never again. What it gave up
	// nobody answers: the colleague sees that and writes once more. A command
	// that Slack did bring must not need that.
	if t.ordered && open && (l.h.sl.Abandoned(t.order) || l.notDone(t)) {
		t.ordered = false
		l.again++
	}
	if !t.ordered || t.under != t.card && open {
		if (receipts > 0 || t.mayLack) && time.Since(t.since) > reading && time.Since(t.written) > aWhile {
			t.order = l.h.sl.Replies(agent, t.where, t.card, "！解决 给您补发了，单号 "+t.token)
			t.ordered, t.under, t.written = true, t.card, time.Now()
		}
		return
	}
	if !t.asked {
		for _, m := range l.lane(t.where) {
			if m.Thread != t.card {
				continue
			}
			_, got := m.Find("客户已收到")
			_, again := m.Find("再发一次")
			if got && again && strings.Contains(m.Text, fmt.Sprintf("⚠️ #%d 的回复可能到了，也可能没到：", t.number)) {
				t.asked = true
			}
		}
	}
	if closures == 1 && t.user != 0 && !t.rated && !strings.Contains(card.Text, "⭐") {
		for _, m := range l.h.tg.FromBot(t.user) {
			if _, ok := m.Button("😍 5"); ok {
				_, err := l.h.tg.Presses(t.user, t.user, m.ID, "😍 5")
				t.rated = err == nil
			}
		}
	}
}

// notDone reports whether the colleague reads, once more, that the database was
// away and nothing was done.
func (l *ledger) notDone(t *track) bool {
	n := 0
	for _, m := range l.whispers() {
		if m.Channel == t.where && m.Thread == t.card && strings.Contains(m.Text, "这一步没有做") {
			n++
		}
	}
	more := n > t.refused
	t.refused = n
	return more
}

// find looks for the item's card.
func (l *ledger) find(t *track) bool {
	for i := range lanes {
		for _, m := range l.lane(laneChannel(i)) {
			if m.Thread == "" && !m.Deleted && strings.Contains(m.Text, t.token) {
				got := cardNumber.FindStringSubmatch(firstLine(m.Text))
				if got == nil {
					continue
				}
				_, _ = fmt.Sscan(got[1], &t.number)
				t.where, t.card = laneChannel(i), m.TS
			}
		}
	}
	return t.card != ""
}

var cardNumber = regexp.MustCompile(`#(\d+) `)

// now returns the card as it is; where an answer was lost there can be two, and
// the newer one is edited.
func (l *ledger) now(t *track) (slacktest.Message, bool) {
	var found slacktest.Message
	for _, m := range l.lane(t.where) {
		if isCard(m.Thread, m.Text, t.number) && !m.Deleted {
			found = m
		}
	}
	if found.TS != "" && (found.TS != t.card || t.since.IsZero()) {
		t.card, t.since = found.TS, time.Now()
	}
	return found, found.TS != ""
}

// settled reports whether the token's way is at its end: closed and rated, or
// asked about.
func (l *ledger) settled(t *track) bool {
	if !t.ordered {
		return false
	}
	_, closures := l.counts(t)
	card, ok := l.now(t)
	if !ok || !strings.Contains(card.Text, "已解决") {
		return false
	}
	if t.asked {
		return true
	}
	return closures > 0 && (t.user == 0 || strings.Contains(card.Text, "⭐5")) && !strings.Contains(card.Text, "未通知")
}

// finish waits until every token is settled.
func (l *ledger) finish() {
	l.h.t.Helper()
	l.until("every message came to its end", func() bool {
		for _, t := range l.tracks {
			if !l.settled(t) {
				t.done, t.calm = false, time.Time{}
				return false
			}
		}
		return true
	})
}

// until waits while the people go on.
func (l *ledger) until(what string, ok func() bool) {
	l.h.t.Helper()
	if !within(2*patience, func() bool { l.step(); return ok() }) {
		l.h.t.Errorf("%s: not within %s", what, 2*patience)
		for _, t := range l.tracks {
			if !l.settled(t) {
				l.h.t.Errorf("%s\n%s", t.token, l.tell(t))
			}
		}
		l.h.t.FailNow()
	}
}

// tell says all that can be seen of a token.
func (l *ledger) tell(t *track) string {
	var b strings.Builder
	receipts, closures := l.counts(t)
	fmt.Fprintf(&b, "item #%d, %d receipts, %d closures, command given up by Slack: %t, %+v\n", t.number, receipts, closures, l.h.sl.Abandoned(t.order), *t)
	for _, m := range l.heard(t) {
		fmt.Fprintf(&b, "customer: %s\n", m.Text)
	}
	for i := range lanes {
		for _, m := range l.h.sl.Messages(laneChannel(i)) {
			if strings.Contains(m.Text, t.token) || t.number != 0 && strings.Contains(m.Text, fmt.Sprintf("#%d ", t.number)) || t.card != "" && m.Thread == t.card {
				fmt.Fprintf(&b, "team: %s%s %s\n", indent(m.Thread), m.Text, slackButtons(m))
			}
		}
	}
	for _, m := range l.h.sl.Ephemerals(agent) {
		if m.Channel == t.where && m.Thread == t.card {
			fmt.Fprintf(&b, "only 李雷: %s %s\n", m.Text, slackButtons(m))
		}
	}
	b.WriteString(l.h.kept(t))
	return b.String()
}

// choose settles what is uncertain as a colleague would: what has arrived is
// marked so, what has not is sent again.
func (l *ledger) choose() {
	l.h.t.Helper()
	for _, t := range l.tracks {
		if !t.asked || t.chosen {
			continue
		}
		_, t.atChoice = l.counts(t)
		button := "客户已收到"
		if t.atChoice == 0 {
			button, t.resent = "再发一次", true
		}
		for _, m := range l.h.sl.Thread(t.where, t.card) {
			if _, ok := m.Find(button); ok && !t.chosen {
				l.h.must(l.h.sl.Presses(agent, t.where, m.TS, button))
				t.chosen = true
			}
		}
		if !t.chosen {
			l.h.t.Fatalf("no button %s for %s\n%s", button, t.token, l.tell(t))
		}
	}
	l.until("what was uncertain is settled", func() bool {
		for _, t := range l.tracks {
			card, ok := l.now(t)
			_, closures := l.counts(t)
			if !ok || closures == 0 || strings.Contains(card.Text, "未通知") {
				return false
			}
		}
		return true
	})
}

// check holds the ledger against what was promised. It is called once the
// people have chosen.
func (l *ledger) check() {
	l.h.t.Helper()
	board := l.h.browser(l.base)
	code := regexp.MustCompile(`/s/(\S+)`).FindStringSubmatch(l.h.run("signin", "李雷"))
	if code == nil {
		l.h.t.Fatal("signin printed no link")
	}
	board.signsIn(code[1])
	row := regexp.MustCompile(`data-key="i(\d+)"`)
	for _, t := range l.tracks {
		t.looked = time.Time{}
		receipts, closures := l.counts(t)
		if card, ok := l.now(t); ok {
			t.doubts(card)
		}
		if receipts > 1 || receipts == 0 && !t.mayLack {
			l.h.t.Errorf("%d receipts, doubt shown: %t\n%s", receipts, t.mayLack, l.tell(t))
		}
		t.closures = closures
		if closures != 1 {
			l.h.t.Errorf("%d closures\n%s", closures, l.tell(t))
		}
		if t.atChoice > 1 {
			l.h.t.Errorf("%d closures before anybody chose\n%s", t.atChoice, l.tell(t))
		}
		numbers, cards := map[string]bool{}, 0
		for i := range lanes {
			for _, m := range l.h.sl.Messages(laneChannel(i)) {
				if m.Thread == "" && strings.Contains(m.Text, t.token) {
					if got := cardNumber.FindStringSubmatch(firstLine(m.Text)); got != nil {
						numbers[got[1]] = true
						cards++
					}
				}
			}
		}
		if len(numbers) != 1 {
			l.h.t.Errorf("cards of items %v\n%s", numbers, l.tell(t))
		}
		// Slack can be searched: what was sent and not recorded is found there.
		if cards != 1 {
			l.h.t.Errorf("%d cards\n%s", cards, l.tell(t))
		}
		found := row.FindAllStringSubmatch(board.get("/?q="+t.token), -1)
		if len(found) != 1 {
			l.h.t.Errorf("%d items bear %s\n%s", len(found), t.token, l.tell(t))
		}
	}
	if lost := l.h.sl.Lost(); len(lost) > 0 {
		l.h.t.Logf("Slack gave %d events up while nobody was there to take them; %d commands were written again", len(lost), l.again)
	}
	if !within(patience, func() bool { return l.h.tg.Unconfirmed() == 0 }) {
		l.h.t.Errorf("%d updates are still not confirmed", l.h.tg.Unconfirmed())
	}
}
