package pipeline

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// courier is one bot's delivery with its limits, as a process holds it.
func (h *house) courier(bot string) *delivery {
	h.t.Helper()
	lease, ok, err := h.p.acquire(context.Background(), "deliver:"+bot)
	if err != nil || !ok {
		h.t.Fatal("no lease", err)
	}
	r := h.p.runner(bot)
	d := newDelivery(h.p, r, lease.Epoch)
	if err := d.begin(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	return d
}

// round sends what may be sent now, and says when to look again.
func (h *house) round(d *delivery) time.Time {
	h.t.Helper()
	d.rung = true
	for {
		wait, err := d.step(context.Background())
		if err != nil {
			h.t.Fatal(err)
		}
		d.work.Wait()
		drain(d.freed)
		if len(d.queue) == 0 && !d.more {
			return h.now.Add(wait)
		}
	}
}

// unsent puts a text for a customer into the outbox, and sends nothing.
func (h *house) unsent(who, text string) {
	h.t.Helper()
	h.n++
	key := text + "-key"
	h.write(func(tx *store.Tx) error {
		a := &feedback.Author{Channel: "care", External: who, Name: who, CreatedAt: h.now}
		if err := tx.UpsertAuthor(a); err != nil {
			return err
		}
		c := &feedback.Conversation{Channel: "care", Chat: who, Author: a.ID, UpdatedAt: h.now}
		if err := tx.UpsertConversation(c); err != nil {
			return err
		}
		_, err := tx.PutOut(&store.Out{
			Key: key, Bot: "care", Chat: who, Audience: store.ToCustomer, Kind: "prompt", Conversation: c.ID, State: store.OutPending,
			Body: []byte(`{"Key":"` + key + `","Chat":"` + who + `","Text":"` + text + `"}`), NextAt: h.now, CreatedAt: h.now,
		})
		return err
	})
}

func (h *house) out(key string) *store.Out {
	h.t.Helper()
	var o *store.Out
	h.read(func(tx *store.Tx) error {
		var err error
		o, err = tx.OutByKey(key)
		return err
	})
	return o
}

func TestLimitedChatWaitsAndOthersDoNot(t *testing.T) {
	h := newHouse(t, nil)
	d := h.courier("care")
	h.care.refuse["甲"] = &bots.SendError{Fate: bots.Limited, Scope: bots.ScopeChat, RetryAfter: 30 * time.Second, Code: "429"}
	for _, text := range []string{"一", "二", "三"} {
		h.unsent("甲", text)
	}
	h.unsent("乙", "给乙")
	h.round(d)
	h.want(h.customer("乙"), "给乙")
	delete(h.care.refuse, "甲")
	for range 29 {
		h.now = h.now.Add(time.Second)
		h.round(d)
	}
	if got := h.customer("甲"); got != "" {
		t.Fatalf("written to before the stated time:\n%s", got)
	}
	if o := h.out("一-key"); o.Attempts != 1 || o.State != store.OutRetry {
		t.Fatalf("asked %d times while the platform said wait, %s", o.Attempts, o.State)
	}
	h.now = h.now.Add(2 * time.Second)
	for range 3 {
		h.round(d)
	}
	h.want(h.customer("甲"), "一\n二\n三")
}

func TestLimitedBotWaitsWhole(t *testing.T) {
	h := newHouse(t, nil)
	d := h.courier("care")
	h.care.refuse["甲"] = &bots.SendError{Fate: bots.Limited, Scope: bots.ScopeBot, RetryAfter: time.Minute, Code: "429"}
	h.unsent("甲", "一")
	h.round(d)
	delete(h.care.refuse, "甲")
	h.unsent("乙", "给乙")
	h.now = h.now.Add(59 * time.Second)
	h.round(d)
	if got := h.customer("乙"); got != "" {
		t.Fatalf("the whole bot was to wait:\n%s", got)
	}
	h.now = h.now.Add(2 * time.Second)
	h.round(d)
	h.want(h.customer("甲")+h.customer("乙"), "一\n给乙")
}

// TestTheOwnLimitIsKept: what the platform allows is never exceeded, not even
// by a process that has just taken over.
func TestTheOwnLimitIsKept(t *testing.T) {
	h := newHouse(t, nil)
	h.p.bots["care"].caps.PerChat = bots.Rate{N: 1, Per: time.Second}
	h.p.bots["care"].caps.Overall = bots.Rate{N: 3, Per: time.Second}
	for _, who := range []string{"甲", "乙", "丙", "丁"} {
		h.unsent(who, "一"+who)
		h.unsent(who, "二"+who)
	}
	sent := func() int { h.care.mu.Lock(); defer h.care.mu.Unlock(); return len(h.care.shown) }
	d := h.courier("care")
	h.round(d)
	if n := sent(); n != 3 {
		t.Fatalf("%d sent in the first second, 3 allowed", n)
	}
	// Another process takes over within the same second: the past counts.
	h.p.release(store.Lease{Name: "deliver:care", Holder: "test", Epoch: d.epoch})
	d = h.courier("care")
	h.now = h.now.Add(300 * time.Millisecond)
	h.round(d)
	if n := sent(); n != 3 {
		t.Fatalf("%d sent: the successor forgot what was sent before", n)
	}
	for sent() < 8 {
		before, at := sent(), h.now
		next := h.round(d)
		if n := sent() - before; n > 3 {
			t.Fatalf("%d at once", n)
		}
		if !next.After(at) {
			next = at.Add(100 * time.Millisecond)
		}
		h.now = next
		if h.now.After(monday.Add(time.Minute)) {
			t.Fatalf("only %d of 8 within a minute", sent())
		}
	}
	for _, who := range []string{"甲", "乙", "丙", "丁"} {
		h.want(h.customer(who), "一"+who+"\n二"+who)
	}
}

func TestUnsentIsTriedAgainThenDeadAndShown(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.care.refuse["王小明"] = &bots.SendError{Fate: bots.Unsent, Code: "no connection"}
	h.writes("U-LI", 1, "！回复 正在帮您查")
	h.now = h.now.Add(11 * time.Second)
	d := h.courier("care")
	reply := func() *store.Out {
		var found *store.Out
		h.read(func(tx *store.Tx) error {
			outs, err := tx.OutsOf(1)
			for _, o := range outs {
				if o.Kind == "reply" {
					found = o
				}
			}
			return err
		})
		return found
	}
	var waits []time.Duration
	for reply().State != store.OutDead {
		h.round(d)
		o := reply()
		if o.State == store.OutRetry {
			waits = append(waits, o.NextAt.Sub(h.now))
			h.now = o.NextAt
		}
		if len(waits) > 2000 {
			t.Fatal("tried without end")
		}
	}
	if h.now.Sub(monday) < h.p.timing.RetryFor || h.now.Sub(monday) > h.p.timing.RetryFor+10*time.Minute {
		t.Errorf("dead after %v", h.now.Sub(monday))
	}
	if waits[0] > time.Second || waits[len(waits)-1] < h.p.timing.RetryMax/2 || waits[len(waits)-1] > h.p.timing.RetryMax {
		t.Errorf("waits from %v to %v", waits[0], waits[len(waits)-1])
	}
	h.settle()
	if !strings.Contains(h.team(teamChat), "❌ #1 没送到") {
		t.Errorf("nobody was told:\n%s", h.team(teamChat))
	}
	delete(h.care.refuse, "王小明")
	h.writes("U-LI", 1, "！重发")
	h.pass(time.Minute)
	if n := strings.Count(h.customer("王小明"), "正在帮您查"); n != 1 {
		t.Errorf("sent again, it arrived %d times", n)
	}
}

func TestAMovedChatKeepsItsCards(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.write(func(tx *store.Tx) error {
		return tx.SetTeamChat(store.TeamChat{Bot: "hq", Chat: "G-OLD", Team: "care"})
	})
	h.p.desk.ForgetTeamChats()
	h.hq.refuse["G-OLD"] = &bots.SendError{Fate: bots.Moved, NewChat: "G-NEW", Code: "migrated"}
	h.says("李四", "杯子是破的，漏了一桌子")
	if n := len(h.hq.in("G-NEW")); n != 1 {
		t.Fatalf("%d messages in the new chat:\n%s", n, h.team("G-NEW"))
	}
	h.writes("U-LI", 2, "！认领")
	if card := h.card("G-NEW", 2); !strings.Contains(card.Text, "处理中") {
		t.Errorf("the card of the moved chat is behind:\n%s", card.Text)
	}
	h.says("赵六", "外卖送错了，给我的是别人的")
	if h.card("G-NEW", 3); len(h.hq.in("G-OLD")) != 0 {
		t.Error("still written to the old chat")
	}
}

// TestAnUpgradedGroupGoesOn: a Telegram group that becomes a supergroup has a
// new id and numbers its messages anew, so an old number there is another
// message. Its team works on as before, although the configuration names the old
// id.
func TestAnUpgradedGroupGoesOn(t *testing.T) {
	const old, grown = "-4001", "-1004001"
	for name, configured := range map[string]bool{"configured": true, "registered": false} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(r *desk.Rules) {
				ch := r.Channels["hq"]
				ch.Caps.Renumbers = true
				r.Channels["hq"] = ch
				if r.Teams["care"].Alerts = nil; configured {
					r.Teams["care"].Alerts = []desk.Place{{Bot: "hq", Chat: old}}
				}
			})
			h.hq.chats = map[string]int{}
			if !configured {
				h.write(func(tx *store.Tx) error { return tx.SetTeamChat(store.TeamChat{Bot: "hq", Chat: old, Team: "care"}) })
				h.p.desk.ForgetTeamChats()
			}
			h.says("王小明", "快递太慢了，等了三天还没收到")
			h.card(old, 1)
			e := h.event(bots.OnMoved, bots.Chat{ID: old, Group: true}, "", "")
			e.NewChat = grown
			h.receive("hq", e)
			h.hq.refuse[old] = &bots.SendError{Fate: bots.Moved, NewChat: grown, Code: "400"}
			h.says("李四", "杯子是破的，漏了一桌子")
			second := h.card(grown, 2)
			if first := h.card(old, 1); first.ID != second.ID {
				t.Fatalf("the numbers %s and %s do not collide: nothing is shown", first.ID, second.ID)
			}
			note := h.event(bots.OnMessage, bots.Chat{ID: grown, Group: true}, "U-LI", "！认领")
			note.Thread = second.ID
			h.receive("hq", note)
			if got := h.item(2); got.Owner == 0 || h.item(1).Owner != 0 {
				t.Errorf("a command under #2's card claimed #1: owners %d and %d", h.item(1).Owner, got.Owner)
			}
			h.says("王小明", "到底什么时候送到？")
			h.presses("U-LI", bots.Button{Data: "claim:1"})
			h.pass(time.Minute)
			if !strings.Contains(second.Text, "#2") {
				t.Errorf("the card of #2 was overwritten:\n%s", second.Text)
			}
			first := h.card(grown, 1)
			if !strings.Contains(first.Text, "处理中") {
				t.Errorf("the card of #1 is behind:\n%s", first.Text)
			}
			h.says("王小明", "还没有人回我")
			h.pass(time.Minute)
			cards, said := 0, false
			for _, m := range h.hq.in(grown) {
				if m.Card {
					cards++
				}
				said = said || strings.Contains(m.Text, "还没有人回我") && m.Thread == first.ID && !m.Card
			}
			if cards != 2 {
				t.Errorf("%d cards of two items:\n%s", cards, h.team(grown))
			}
			if !said {
				t.Errorf("what the customer said is not in the card's thread:\n%s", h.team(grown))
			}
		})
	}
}

// TestFilesHaveLongerToLeave: a picture on a slow line takes longer than words. Cut
// off by their time it would be uncertain each time it is sent again.
func TestFilesHaveLongerToLeave(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.pass(time.Minute)
	words := h.care.room
	e := h.event(bots.OnMessage, bots.Chat{ID: teamChat, Group: true}, "U-LI", "！回复 这是您的面单")
	e.Thread = h.card(teamChat, 1).ID
	e.Attachments = []bots.Attachment{{Kind: "image", Ref: "f1", Name: "a.png", MIME: "image/png"}}
	h.receive("hq", e)
	h.pass(time.Minute)
	sent := h.care.in("王小明")
	if last := sent[len(sent)-1]; last.Files != 1 {
		t.Fatalf("no picture came:\n%s", h.customer("王小明"))
	}
	if words > h.p.timing.SendBudget || h.care.room < 9*h.p.timing.SendBudget {
		t.Errorf("words have %v to leave, a picture %v", words, h.care.room)
	}
}

// TestAStopDoesNotWaitForASlowUpload: from the stop on, what is being sent has as
// long as words have.
func TestAStopDoesNotWaitForASlowUpload(t *testing.T) {
	h := newHouse(t, nil)
	d, words := h.courier("care"), h.p.timing.SendBudget
	upload := act{post: bots.Post{Files: []bots.Attached{{}}}}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		began := time.Now()
		whole, done := d.budget(ctx, upload)
		<-whole.Done()
		done()
		if took := time.Since(began); took != 10*words {
			t.Errorf("an upload has %v, words have %v", took, words)
		}
		cut, done := d.budget(ctx, upload)
		defer done()
		time.Sleep(words)
		stopped := time.Now()
		stop()
		<-cut.Done()
		if took := time.Since(stopped); took != words {
			t.Errorf("an upload goes on for %v after the stop", took)
		}
	})
}

func TestAVanishedCardIsPostedAgain(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.hq.mu.Lock()
	h.hq.shown = nil // somebody deleted it
	h.hq.mu.Unlock()
	h.presses("U-LI", bots.Button{Data: "claim:1"})
	h.pass(time.Minute)
	if card := h.card(teamChat, 1); !strings.Contains(card.Text, "处理中 · 李雷") {
		t.Errorf("posted again:\n%s", card.Text)
	}
	cards := 0
	for _, m := range h.hq.in(teamChat) {
		if m.Card {
			cards++
		}
	}
	if cards != 1 {
		t.Errorf("%d cards", cards)
	}
}

func TestARefusedTokenStopsTheBotAndIsSaid(t *testing.T) {
	h := newHouse(t, nil)
	d := h.courier("care")
	h.care.refuse["甲"] = &bots.SendError{Fate: bots.Unauthorized, Code: "401"}
	h.unsent("甲", "一")
	h.round(d)
	if health := h.p.Channels()["care"]; health.OK || health.Text == "" {
		t.Errorf("health: %+v", health)
	}
	h.unsent("乙", "给乙")
	h.round(d)
	if h.customer("乙") != "" {
		t.Error("the bot went on without a token")
	}
	delete(h.care.refuse, "甲")
	h.now = h.now.Add(61 * time.Second)
	h.round(d)
	h.want(h.customer("甲")+h.customer("乙"), "一\n给乙")
}

// TestWhatADeadProcessLeftSending: its successor cannot know whether it
// arrived. A customer's is asked about, a team's is sent again.
func TestWhatADeadProcessLeftSending(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.writes("U-LI", 1, "！解决 今天会送到，久等了")
	h.now = h.now.Add(11 * time.Second)
	old := h.courier("care")
	oldHQ := h.courier("hq")
	h.unsent("甲", "一")
	h.write(func(tx *store.Tx) error {
		if ok, err := tx.ClaimOut(h.outID(tx, "closure:1:1"), old.epoch, h.now); err != nil || !ok {
			t.Fatal("not claimed", err)
		}
		if _, err := tx.TouchCards(1, h.now); err != nil {
			return err
		}
		ok, err := tx.ClaimOut(h.outID(tx, "card:1:hq:"+teamChat), oldHQ.epoch, h.now)
		if err != nil || !ok {
			t.Fatal("card not claimed", err)
		}
		return nil
	})
	// The process dies here: its leases run out, another one takes over.
	h.now = h.now.Add(time.Minute)
	h.p.holder = "another"
	h.round(h.courier("care"))
	h.round(h.courier("hq"))
	h.settle()
	if h.item(1).Closure != feedback.DeliveryUncertain || strings.Contains(h.customer("王小明"), "今天会送到") {
		t.Fatalf("closure %s\n%s", h.item(1).Closure, h.customer("王小明"))
	}
	if !strings.Contains(h.team(teamChat), "⚠️ #1 的回复可能到了，也可能没到") {
		t.Errorf("nobody was asked:\n%s", h.team(teamChat))
	}
	if !strings.Contains(h.card(teamChat, 1).Text, "已解决") {
		t.Errorf("the card is behind:\n%s", h.card(teamChat, 1).Text)
	}
	h.want(h.customer("甲"), "一")
	// The dead one comes back and writes under its old epoch: refused.
	o := h.out("closure:1:1")
	o.State = store.OutSent
	if err := old.outcomes.do(context.Background(), desk.Delivered{Out: o, Epoch: old.epoch}); err != nil {
		t.Fatal(err)
	}
	if h.item(1).Closure != feedback.DeliveryUncertain {
		t.Error("a process without the lease changed what is known")
	}
	h.pass(time.Hour)
	if strings.Contains(h.customer("王小明"), "今天会送到") {
		t.Error("an uncertain message was sent again by itself")
	}
}

func (h *house) outID(tx *store.Tx, key string) int64 {
	h.t.Helper()
	o, err := tx.OutByKey(key)
	if err != nil {
		h.t.Fatal(err)
	}
	return o.ID
}

func TestATeamsCardComesAtLeastOnce(t *testing.T) {
	h := newHouse(t, nil)
	h.hq.lose = 1
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.pass(5 * time.Minute)
	cards := 0
	for _, m := range h.hq.in(teamChat) {
		if m.Card {
			cards++
		}
	}
	if cards != 2 {
		t.Fatalf("%d cards after a lost answer", cards)
	}
}

func TestAPanicInAConnectorIsUncertain(t *testing.T) {
	h := newHouse(t, nil)
	h.p.bots["care"].bot = explosive{}
	h.says("王小明", "快递太慢了，等了三天还没收到")
	h.pass(time.Minute)
	if got := h.item(1).Receipt; got != feedback.DeliveryUncertain {
		t.Errorf("receipt %s", got)
	}
	if !strings.Contains(h.card(teamChat, 1).Text, "#1") {
		t.Error("the team's card did not come")
	}
}

type explosive struct{}

func (explosive) Run(context.Context) error { return nil }

func (explosive) Send(context.Context, bots.Post) (bots.Sent, error) { panic("connector") }

// TestWhatCannotBeBuiltHoldsUpNobody: a row that is damaged, or whose item is not
// there, is given up; the bot's other messages leave.
func TestWhatCannotBeBuiltHoldsUpNobody(t *testing.T) {
	h := newHouse(t, nil)
	h.unsent("甲", "一")
	h.write(func(tx *store.Tx) error {
		o, err := tx.OutByKey("一-key")
		if err != nil {
			return err
		}
		o.Body = []byte("{")
		if _, err := tx.ChangeOut(o, store.OutPending); err != nil {
			return err
		}
		_, err = tx.PutOut(&store.Out{Key: "card:999:care:丙", Bot: "care", Chat: "丙", Audience: store.ToStaff, Kind: desk.OutCard, Item: 999, State: store.OutPending, NextAt: h.now, CreatedAt: h.now})
		return err
	})
	h.unsent("乙", "给乙")
	h.round(h.courier("care"))
	h.want(h.customer("乙"), "给乙")
	for _, key := range []string{"一-key", "card:999:care:丙"} {
		if o := h.out(key); o.State != store.OutDead || o.Error == "" {
			t.Errorf("%s is %s: %s", key, o.State, o.Error)
		}
	}
}
