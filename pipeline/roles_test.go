package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/store"
)

// may is what becomes of a command.
type may byte

const (
	yes may = 'y' // carried out
	asc may = 'a' // carried out after a question
	no  may = 'n' // refused: nothing changes, and only the person is told
)

// columns are who gives a command on what, in the order of expected's strings.
var columns = []string{"unknown", "viewer", "agent, unowned", "agent, own", "agent, another's", "lead, another's", "admin, another's"}

// expectation is what one verb lets whom do.
type expectation struct {
	may   string // a letter a column
	args  string // behind the verb and the number, in a command
	press string // the button's data with %d for the item; empty: it has no button
	form  bool   // the button opens a form, and the form's text is args
	reads bool   // it changes nothing but what is recorded of the reading
	bare  bool   // it takes no item
	state string // what the item is before: new (default), resolved, closed, sent, dead, mention
}

// expected declares every verb. A verb of the command table that is not here
// fails the test, so that nobody adds one without deciding who may use it.
var expected = map[string]expectation{
	"claim":    {may: "nnyynnn", press: "claim:%d"},
	"release":  {may: "nnnynaa", press: "release:%d"},
	"assign":   {may: "nnyynaa", args: "品控组 疑似原料", press: "to:%d:qc"},
	"reply":    {may: "nnyynaa", args: "正在帮您查", press: "reply:%d", form: true},
	"wait":     {may: "nnyynaa", args: "方便发一下小票吗？", press: "wait:%d", form: true},
	"note":     {may: "nnyyyyy", args: "已联系门店", press: "note:%d", form: true},
	"resolve":  {may: "nnyynaa", args: "已退 18 元，1–3 天到账", press: "resolve:%d", form: true},
	"close":    {may: "nnyynaa", args: "重复", press: "close:%d", form: true},
	"spam":     {may: "nnyynaa", args: "--拉黑", press: "spam:%d"},
	"reopen":   {may: "nnyynaa", press: "reopen:%d", state: "resolved"},
	"undo":     {may: "nnyyyyy", bare: true},
	"recall":   {may: "nnyynaa", press: "recall:%d", state: "sent"},
	"resend":   {may: "nnyynaa", press: "resend:%d", state: "dead"},
	"priority": {may: "nnyynaa", args: "P1", press: "prio:%d:P1"},
	"tag":      {may: "nnyynaa", args: "+口味"},
	"set":      {may: "nnyynaa", args: "门店=徐家汇"},
	"correct":  {may: "nnyynaa", args: "正面 表扬", press: "label:%d:positive"},
	"merge":    {may: "nnyynaa"},
	"snooze":   {may: "nnyynaa", args: "2h 等门店回电", press: "nap:%d:1h"},
	"handover": {may: "nnyyyyy", args: "@孙六", bare: true},
	"posted":   {may: "nnyynaa", press: "posted:%d", state: "mention"},
	"full":     {may: "nnyynyy", press: "full:%d", reads: true},
	"show":     {may: "nyyyyyy", press: "show:%d", reads: true},
	"trace":    {may: "nyyyyyy", press: "trace:%d", reads: true},
	"mine":     {may: "nyyyyyy", bare: true, reads: true},
	"queue":    {may: "nyyyyyy", bare: true, reads: true},
	"search":   {may: "nyyyyyy", args: "快递", bare: true, reads: true},
	"report":   {may: "nyyyyyy", bare: true, reads: true},
	"help":     {may: "nyyyyyy", press: "help:0", bare: true, reads: true},
	"web":      {may: "nyyyyyy", bare: true, reads: true},
	"whoami":   {may: "nyyyyyy", bare: true, reads: true},
	"link":     {may: "nnnnnny", args: "品控组", bare: true},
	"unlink":   {may: "nnnnnny", bare: true},
	"customer": {may: "nyyyyyy", bare: true, reads: true},
}

// accounts are who the columns are.
var accounts = []string{"U-NEW", "U-VIEW", "U-LI", "U-LI", "U-WANG", "U-HAN", "U-ADMIN"}

// linkedChat became a team's by /link.
const linkedChat = "C-LINKED"

// newOffice is a house with a colleague of every role.
func newOffice(t testing.TB) *house {
	h := newHouse(t, func(r *desk.Rules) {
		r.Cards.Fold = 0
		r.Fields = []desk.Field{{Name: "shop", Title: "门店"}}
	})
	h.staff("周看", feedback.Viewer, "U-VIEW")
	h.staff("王五", feedback.Agent, "U-WANG")
	h.staff("孙六", feedback.Agent, "U-SUN")
	h.staff("赵管", feedback.Admin, "U-ADMIN")
	return h
}

// prepare makes an item for one trial: in the state that the verb is for, and
// owned as the column says.
func (h *house) prepare(verb string, e expectation, column int) int64 {
	h.t.Helper()
	who := fmt.Sprintf("客户%d-%d", column, h.n)
	var id int64
	if e.state == "mention" {
		h.feed(mention(fmt.Sprintf("w%d", h.n), h.now))
		h.n++
	} else {
		h.says(who, "快递太慢了，等了三天还没收到")
	}
	h.read(func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Limit: 1})
		id = items[0].ID
		return err
	})
	h.from = id
	switch e.state {
	case "resolved", "sent":
		h.command("U-LI", id, "！解决 今天会送到，久等了")
		h.pass(11e9)
	case "dead":
		h.care.refuse[who] = &bots.SendError{Fate: bots.Rejected, Code: "400"}
		h.command("U-LI", id, "！解决 今天会送到，久等了")
		h.pass(11e9)
		delete(h.care.refuse, who)
	}
	h.write(func(tx *store.Tx) error {
		item, err := tx.LockItem(id)
		if err != nil {
			return err
		}
		item.Owner = 0
		if column > 2 {
			st, err := tx.StaffByName("李雷")
			if err != nil {
				return err
			}
			item.Owner, item.ClaimedAt = st.ID, h.now
		}
		if item.State == feedback.New || item.State == feedback.Open {
			item.State = feedback.Settle(feedback.Open, item.Owner)
		}
		return tx.UpdateItem(item)
	})
	if verb == "merge" {
		// Two items of one person: the second by its own hand, for a command
		// that names both.
		h.write(func(tx *store.Tx) error {
			item, err := tx.Item(id)
			if err != nil {
				return err
			}
			twin := *item
			twin.ID, twin.Version, twin.Conversation = 0, 0, 0
			return tx.InsertItem(&twin)
		})
	}
	h.write(func(tx *store.Tx) error {
		if err := tx.DropState("ascustomer:hq:" + accounts[column]); err != nil {
			return err
		}
		return tx.SetTeamChat(store.TeamChat{Bot: "hq", Chat: linkedChat, Team: "care"})
	})
	h.p.desk.ForgetTeamChats()
	if verb == "undo" || verb == "handover" {
		h.says(who+"二", "快递太慢了，等了三天还没收到")
		h.command(accounts[column], id+1, "！认领")
	}
	return id
}

// command is somebody writing a command with its item's number, in the team's
// chat and outside of any thread.
func (h *house) command(who string, item int64, text string) bots.Answer {
	h.t.Helper()
	verb, args, _ := strings.Cut(text, " ")
	if item != 0 {
		verb += fmt.Sprintf(" #%d", item)
	}
	return h.receive("hq", h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, who, strings.TrimSpace(verb+" "+args)))
}

// state is everything that a command could change, as text, of the newest items.
func (h *house) state() string {
	h.t.Helper()
	var b strings.Builder
	dump := func(v any) {
		line, err := json.Marshal(v)
		if err != nil {
			h.t.Fatal(err)
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	h.read(func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{Limit: 10})
		if err != nil {
			return err
		}
		for _, item := range items {
			if item.ID < h.from {
				break // the newest come first
			}
			events, err := tx.Events(item.ID)
			if err != nil {
				return err
			}
			outs, err := tx.OutsOf(item.ID)
			if err != nil {
				return err
			}
			ms, err := tx.MessagesOf(item.ID)
			if err != nil {
				return err
			}
			dump(item)
			dump(events)
			dump(outs)
			dump(len(ms))
			if item.Author != 0 {
				author, err := tx.Author(item.Author)
				if err != nil {
					return err
				}
				dump(author)
			}
		}
		staff, err := tx.AllStaff()
		if err != nil {
			return err
		}
		chats, err := tx.TeamChats()
		if err != nil {
			return err
		}
		corrections, err := tx.Corrections(1000)
		dump(staff)
		dump(chats)
		dump(corrections)
		return err
	})
	b.WriteString(h.customers())
	return b.String()
}

// customers is everything that customers see.
func (h *house) customers() string {
	h.care.mu.Lock()
	defer h.care.mu.Unlock()
	return lines(h.care.shown)
}

// trial gives one command in one way and compares what becomes of it.
func (h *house) trial(verb string, e expectation, column int, way string, give func() bots.Answer) {
	h.t.Helper()
	name := fmt.Sprintf("%s by %s, %s", verb, way, columns[column])
	want := may(e.may[column])
	before := h.state()
	a := give()
	after := h.state()
	if a.Public && want == no {
		h.t.Errorf("%s: refused in public: %s", name, a.Text)
	}
	if a.Text == "" && a.Dialog == nil {
		h.t.Errorf("%s: no answer", name)
	}
	switch want {
	case no:
		if after != before {
			h.t.Errorf("%s: refused (%s), and changed something:\n%s", name, a.Text, firstDifference(before, after))
		}
		if a.Dialog != nil || len(a.Buttons) > 0 {
			h.t.Errorf("%s: refused, and offers something: %+v", name, a)
		}
	case asc:
		if after != before {
			h.t.Errorf("%s: acted before the answer to its question:\n%s", name, firstDifference(before, after))
		}
		if len(a.Buttons) == 0 {
			h.t.Errorf("%s: not asked about another's item: %s", name, a.Text)
			return
		}
		for _, other := range []string{"U-SUN", "U-NEW"} {
			for _, b := range a.Buttons[0] {
				if answer := h.presses(other, b); h.state() != before || answer.Text == "" {
					h.t.Errorf("%s: %s pressed somebody else's %s: %s", name, other, b.Text, answer.Text)
				}
			}
		}
		if h.presses(accounts[column], a.Buttons[0][0]); h.state() == before {
			h.t.Errorf("%s: said yes, and nothing happened", name)
		}
	case yes:
		own := verb == "claim" && column == 3 // theirs already
		if !e.reads && !own && after == before {
			h.t.Errorf("%s: nothing happened: %s", name, a.Text)
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "- " + x[i] + "\n+ " + y[i]
		}
	}
	return strings.Join(y[min(len(x), len(y)):], "\n")
}

func TestWhoMayDoWhat(t *testing.T) {
	for _, spec := range desk.Commands() {
		e, declared := expected[spec.Verb]
		if !declared {
			t.Errorf("nothing says who may use %s (%s): declare it in expected", spec.Verb, spec.Zh[0])
			continue
		}
		if len(e.may) != len(columns) {
			t.Fatalf("%s: %d expectations for %d columns", spec.Verb, len(e.may), len(columns))
		}
		t.Run(spec.Verb, func(t *testing.T) {
			h := newOffice(t)
			for column, who := range accounts {
				h.byCommand(spec, e, column, who)
				if e.press != "" {
					h.byButton(spec, e, column, who)
				}
			}
		})
	}
	for verb := range expected {
		found := false
		for _, spec := range desk.Commands() {
			found = found || spec.Verb == verb
		}
		if !found {
			t.Errorf("%s is declared, and there is no such command", verb)
		}
	}
}

func (h *house) byCommand(spec desk.Spec, e expectation, column int, who string) {
	h.t.Helper()
	id := h.prepare(spec.Verb, e, column)
	for _, name := range []string{"！" + spec.Zh[0], "/" + spec.En[0]} {
		if may(e.may[column]) != no && name[0] == '/' {
			continue // carried out once; the refusals hold in both languages
		}
		h.trial(spec.Verb, e, column, name, func() bots.Answer {
			text := name
			if !e.bare {
				text += fmt.Sprintf(" #%d", id)
			}
			if spec.Verb == "merge" {
				text += fmt.Sprintf(" #%d", id+1)
			}
			chat := bots.Chat{ID: teamChat, Group: true}
			switch {
			case spec.Verb == "customer" && column > 0:
				chat = bots.Chat{ID: who}
			case spec.Verb == "link" || spec.Verb == "unlink":
				chat.ID = linkedChat
			}
			return h.receive("hq", h.event(bots.OnMessage, chat, who, strings.TrimSpace(text+" "+e.args)))
		})
	}
}

func (h *house) byButton(spec desk.Spec, e expectation, column int, who string) {
	h.t.Helper()
	id := h.prepare(spec.Verb, e, column)
	data := e.press
	if strings.Contains(data, "%d") {
		data = fmt.Sprintf(data, id)
	}
	if !e.form {
		h.trial(spec.Verb, e, column, "button", func() bots.Answer { return h.presses(who, bots.Button{Data: data}) })
		return
	}
	before := h.state()
	a := h.presses(who, bots.Button{Data: data})
	if h.state() != before {
		h.t.Errorf("%s, %s: opening a form changed something", spec.Verb, columns[column])
	}
	if may(e.may[column]) == no && (a.Dialog != nil || a.Text == "") {
		h.t.Errorf("%s, %s: got a form, or no answer: %+v", spec.Verb, columns[column], a)
	}
	if may(e.may[column]) == yes && a.Dialog == nil {
		h.t.Errorf("%s, %s: got no form: %+v", spec.Verb, columns[column], a)
	}
	// The form itself can be sent without ever having been opened.
	h.trial(spec.Verb, e, column, "form", func() bots.Answer {
		s := h.event(bots.OnSubmit, bots.Chat{ID: teamChat, Group: true}, who, e.args)
		s.Payload = fmt.Sprintf("%s:%d:%x", spec.Verb, id, 0)
		s.Payload = fmt.Sprintf("%s:%d:%s", spec.Verb, id, "zzzzzzzz")
		return h.receive("hq", s)
	})
}

// TestButtonsAboutMessages: what was sent to a customer is acted on by those
// who may act on its item.
func TestButtonsAboutMessages(t *testing.T) {
	for column, who := range accounts {
		for _, verb := range []string{"again", "gotit", "received", "unfold"} {
			h := newOffice(t)
			h.says("王小明", "快递太慢了，等了三天还没收到")
			h.care.lose = 1
			h.writes("U-LI", 1, "！解决 今天会送到，久等了")
			h.pass(11e9)
			if h.item(1).Closure != feedback.DeliveryUncertain {
				t.Fatalf("closure %s", h.item(1).Closure)
			}
			var out *store.Out
			h.read(func(tx *store.Tx) error {
				var err error
				out, err = tx.OutByKey("closure:1:1")
				return err
			})
			data := fmt.Sprintf("%s:%d", verb, out.ID)
			if verb == "received" {
				data = "received:1"
			}
			before := h.state()
			a := h.presses(who, bots.Button{Data: data})
			changed := h.state() != before
			allowed := column >= 2 && column != 4 && verb != "unfold"
			if changed != allowed || a.Text == "" {
				t.Errorf("%s by %s: changed %v, answered %q", verb, columns[column], changed, a.Text)
			}
		}
	}
}

// TestForgedAndOldButtonsChangeNothing: button data is what somebody sent, not
// what a card showed.
func TestForgedAndOldButtonsChangeNothing(t *testing.T) {
	h := newOffice(t)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.writes("U-WANG", 1, "！认领")
	a := h.writes("U-WANG", 1, "！回复 正在帮您查")
	h.pass(60e9)
	before := h.state()
	forged := []string{
		"", ":", "claim", "claim:", "claim:x", "claim:-1", "claim:0", "claim:999", "claim:1:1:1", "resolve:999", "close:999", "nosuch:1", "go:", "go:AAAAAAAAAAAAAAAA", "look:1",
		"edit:x", "undo:999", "now:999", "again:999", "gotit:999", "received:999", "to:1:nosuch", "to:999:qc", "prio:1:P9", "prio:1:%00", "nap:1:never", "label:1:<b>", "more:999", "label:x:y",
		"claim:18446744073709551617", "unfold:hq:1", "rate:1:1:5", "erase:1", "withdraw:1", "same:1:1", strings.Repeat("x", 64),
	}
	for _, group := range a.Buttons {
		for _, b := range group {
			forged = append(forged, b.Data) // old: the message has left
		}
	}
	for _, who := range []string{"U-LI", "U-VIEW", "U-NEW"} {
		for _, data := range forged {
			got := h.presses(who, bots.Button{Data: data})
			if h.state() != before {
				t.Fatalf("%q by %s changed something: %s\n%s", data, who, got.Text, firstDifference(before, h.state()))
			}
			if got.Public {
				t.Errorf("%q by %s was answered in public", data, who)
			}
			s := h.event(bots.OnSubmit, bots.Chat{ID: teamChat, Group: true}, who, "今天会送到，久等了")
			s.Payload = data
			if h.receive("hq", s); h.state() != before {
				t.Fatalf("the form %q by %s changed something", data, who)
			}
		}
	}
}

// TestCustomersTapsOnOthersItems: a customer's buttons work for the person and
// the chat they were sent to.
func TestCustomersTapsOnOthersItems(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.says("李四", "杯子是破的，漏了一桌子")
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.pass(11e9)
	before := h.state()
	taps := []string{
		"rate:1:1:1", "rate:1:1:5", "unsolved:1:1", "reason:1:1:slow", "reason:1:1:mistake", "withdraw:1", "keep:1", "same:1:2", "other:1:2", "same:2:1",
		"rate:2:1:5", "rate:1:2:5", "rate:999:1:1", "rate:1:1:9", "rate:1:1", "rate:x:y:z", "withdraw:", "withdraw:999", "erase:1", "erase:", "erase:999", "reason:2:1:<b>", "keepdata:1", "kind:complaint",
		"reason:2:0:mistake", "reason:2:1:nosuch",
	}
	for _, who := range []string{"李四", "路人"} {
		for _, data := range taps {
			e := h.event(bots.OnPress, bots.Chat{ID: who}, who, "")
			e.Payload = data
			if a := h.receive("care", e); h.state() != before {
				t.Fatalf("%q by %s changed something: %s\n%s", data, who, a.Text, firstDifference(before, h.state()))
			}
			// And from inside the chat of the person it belongs to.
			e = h.event(bots.OnPress, bots.Chat{ID: "王小明"}, who, "")
			e.Payload = data
			if h.receive("care", e); h.state() != before {
				t.Fatalf("%q by %s in another's chat changed something", data, who)
			}
		}
	}
	// A customer is no colleague: a card's buttons mean nothing from them.
	for _, data := range []string{"claim:1", "resolve:1", "full:1", "now:1", "again:1", "go:x"} {
		e := h.event(bots.OnPress, bots.Chat{ID: "王小明"}, "王小明", "")
		e.Payload = data
		a, err := h.p.Receive(context.Background(), "care", e)
		if err != nil || h.state() != before {
			t.Fatalf("%q by the customer: %v %s", data, err, a.Text)
		}
	}
}

func TestErasingInAGroupTakesTheOwnButton(t *testing.T) {
	h := newHouse(t, nil)
	fans := bots.Chat{ID: "G-FANS", Group: true, Title: "粉丝群"}
	for _, who := range []string{"小陈", "小林"} {
		h.receive("care", h.event(bots.OnMessage, fans, who, "#反馈 徐家汇店排队太久了，等了四十分钟"))
	}
	e := h.event(bots.OnMessage, fans, "小陈", "删除我的资料")
	e.Mentioned = true
	h.receive("care", e)
	ms := h.care.in("G-FANS")
	erase := ms[len(ms)-1].Buttons
	if len(erase) != 2 {
		t.Fatalf("no question about erasing:\n%s", lines(ms))
	}
	before := h.state()
	tap := h.event(bots.OnPress, fans, "小林", "")
	tap.Payload = erase[0].Data
	if h.receive("care", tap); h.state() != before {
		t.Fatal("somebody else's button erased a person's data")
	}
	tap = h.event(bots.OnPress, fans, "小陈", "")
	tap.Payload = erase[0].Data
	if h.receive("care", tap); strings.Contains(h.item(1).Text, "徐家汇") {
		t.Fatal("the own button did not erase")
	}
	if !strings.Contains(h.item(2).Text, "徐家汇") {
		t.Fatal("another's words were erased")
	}
}

// mention is something said elsewhere that becomes a card.
func mention(id string, at time.Time) listeners.Entry {
	return listeners.Entry{
		ID: id, Text: "青禾咖啡太难喝了，差评，再也不来了", PostedAt: at, URL: "https://weibo.example/" + id,
		Author: listeners.Author{ID: "a-" + id, Name: "乙某"},
	}
}

// TestWordsThatAreNobodysCommand: what was forwarded, edited or written by a
// program is no command, whoever the account belongs to.
func TestWordsThatAreNobodysCommand(t *testing.T) {
	h := newOffice(t)
	h.says("王小明", late)
	card := h.card(teamChat, 1).ID
	chat := bots.Chat{ID: teamChat, Group: true}
	seen := h.customers()
	for name, change := range map[string]func(*bots.Event){
		"forwarded":         func(e *bots.Event) { e.Forwarded = true },
		"edited":            func(e *bots.Event) { e.Type = bots.OnEdited },
		"deleted":           func(e *bots.Event) { e.Type = bots.OnDeleted },
		"in no team's chat": func(e *bots.Event) { e.Chat = bots.Chat{ID: "G-ELSEWHERE", Group: true}; e.From.ID = "U-NEW" },
		"a program's":       func(e *bots.Event) { e.From = bots.Person{ID: "B-OTHER", Name: "bot", Bot: true} },
	} {
		e := h.event(bots.OnMessage, chat, "U-LI", "！解决 #1 今天会送到，久等了")
		e.Thread = card
		change(&e)
		h.receive("hq", e)
		h.pass(11 * time.Second)
		if item := h.item(1); item.State != feedback.New || item.Owner != 0 || h.customers() != seen {
			t.Fatalf("%s: %s\n%s", name, item.State, h.customers())
		}
	}
}

// TestSomebodyWhoLeftHasNoSay: a colleague who was disabled is nobody.
func TestSomebodyWhoLeftHasNoSay(t *testing.T) {
	h := newOffice(t)
	h.says("王小明", late)
	a := h.writes("U-LI", 1, "！回复 正在帮您查")
	h.write(func(tx *store.Tx) error {
		st, err := tx.StaffByName("李雷")
		if err != nil {
			return err
		}
		st.Disabled = true
		return tx.SaveStaff(st)
	})
	before := h.state()
	for _, b := range a.Buttons[0] {
		h.presses("U-LI", b)
	}
	h.want(h.command("U-LI", 1, "！关闭").Text, "还不认识你的账号。向管理员要绑定码，私聊我发「绑定 6 位码」。")
	if h.state() != before {
		t.Error("somebody who left changed something")
	}
}
