package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/store"
)

const slow = "快递太慢了，等了三天还没收到"

// TestAnOldCardIsStillEdited: the item is older than a message is tried, and the
// platform is busy when somebody claims it: its card shows who has it all the same.
func TestAnOldCardIsStillEdited(t *testing.T) {
	for name, busy := range map[string]*bots.SendError{
		"limited": {Fate: bots.Limited, Code: "429", RetryAfter: 2 * time.Second},
		"unsent":  {Fate: bots.Unsent, Code: "503"},
		"unknown": {Fate: bots.Uncertain, Code: "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			h.says("王小明", slow)
			h.pass(49 * time.Hour)
			h.hq.refuse[teamChat] = busy
			h.presses("U-LI", h.card(teamChat, 1).Buttons[0])
			delete(h.hq.refuse, teamChat)
			h.pass(time.Minute)
			if card := h.card(teamChat, 1); !strings.Contains(card.Text, "处理中 · 李雷") {
				t.Errorf("the card still says:\n%s", card.Text)
			}
		})
	}
}

// TestAnOldCardThatWasDeletedIsPostedAgain: with what the item is now.
func TestAnOldCardThatWasDeletedIsPostedAgain(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", slow)
	h.pass(49 * time.Hour)
	claim := h.card(teamChat, 1).Buttons[0]
	h.hq.shown = nil // somebody tidied up
	h.presses("U-LI", claim)
	h.pass(time.Minute)
	if card := h.card(teamChat, 1); !strings.Contains(card.Text, "处理中 · 李雷") {
		t.Errorf("the card says:\n%s", card.Text)
	}
}

// TestACardComesBackWithItsChat: the bot was not in the team's chat, or was
// thrown out, and is back: the next change of the item shows there.
func TestACardComesBackWithItsChat(t *testing.T) {
	h := newHouse(t, nil)
	h.hq.refuse[teamChat] = &bots.SendError{Fate: bots.Rejected, Code: "not_in_channel"}
	h.says("王小明", slow)
	if seen := h.team(teamChat); seen != "" {
		t.Fatalf("it is there:\n%s", seen)
	}
	delete(h.hq.refuse, teamChat)
	h.says("王小明", "还有，电话也打不通")
	h.pass(time.Minute)
	if card := h.card(teamChat, 1); !strings.Contains(card.Text, "电话也打不通") {
		t.Errorf("the card says:\n%s", card.Text)
	}
}

// TestWhatAPersonSendsAgainIsTried: days later, and the platform is busy just
// then: it is tried again by itself, not given up at once.
func TestWhatAPersonSendsAgainIsTried(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", slow)
	h.care.refuse["王小明"] = &bots.SendError{Fate: bots.Rejected, Code: "400"}
	h.writes("U-LI", 1, "！回复 今天会送到，久等了")
	h.pass(49 * time.Hour)
	h.care.refuse["王小明"] = &bots.SendError{Fate: bots.Limited, Code: "429", RetryAfter: 5 * time.Second}
	h.writes("U-LI", 1, "！重发")
	delete(h.care.refuse, "王小明")
	h.pass(time.Minute)
	if got := h.customer("王小明"); strings.Count(got, "今天会送到") != 1 {
		t.Errorf("the customer sees:\n%s\nthe team:\n%s", got, h.team(teamChat))
	}
}

// TestWhatCannotBeSentIsGivenUp: a card whose chat never answers is not tried for
// ever, and neither is a customer's message.
func TestWhatCannotBeSentIsGivenUp(t *testing.T) {
	h := newHouse(t, nil)
	h.p.timing.RetryMax = time.Hour
	silent := &bots.SendError{Fate: bots.Unsent, Code: "503"}
	h.hq.refuse[teamChat], h.care.refuse["王小明"] = silent, silent
	h.says("王小明", slow)
	for range 96 { // the end of what the customer was to get is the card's last change
		h.pass(time.Hour)
	}
	h.read(func(tx *store.Tx) error {
		outs, err := tx.OutsOf(1)
		for _, o := range outs {
			if (o.Kind == "card" || o.Kind == "receipt") && o.State != store.OutDead {
				t.Errorf("%s is %s after %d tries", o.Kind, o.State, o.Attempts)
			}
		}
		return err
	})
}
