package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots/slack/slacktest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

// TestAnswersLost has the platform take a message and its answer get lost: a
// customer's message is never sent again by itself, staff are asked, and cards
// come at least once. What was certainly not taken is sent again.
func TestAnswersLost(t *testing.T) {
	t.Parallel()
	h := ledgerHouse(t, setup{})
	l := newLedger(h, 2)
	h.start()

	// The receipt: taken, and the answer lost. Only the card says so.
	h.tg.Fail("sendMessage", telegramtest.Fault{Drop: true})
	receipt := l.says(complaint)
	l.until("the card doubts the receipt", func() bool { return receipt.mayLack })
	if n, _ := l.counts(receipt); n != 1 {
		t.Errorf("%d receipts", n)
	}
	l.until("it is settled", func() bool { return l.settled(receipt) })
	if receipt.asked {
		t.Error("staff were asked about a receipt")
	}

	// The card: taken, and the answer lost. It comes at least once.
	h.sl.Misbehave("chat.postMessage", slacktest.AcceptThenDrop())
	card := l.says(complaint)
	l.until("it is settled", func() bool { return l.settled(card) })

	// Closures: lost in four ways, and one that was certainly not taken.
	faults := []telegramtest.Fault{{Drop: true}, {Truncate: true}, {Late: 7 * time.Second}, {Status: 502}, {Code: 429, Description: "Too Many Requests: retry after 1", RetryAfter: 1}}
	for i, f := range faults {
		tr := l.says(complaint)
		l.until("there is a receipt", func() bool { n, _ := l.counts(tr); return n == 1 || tr.ordered })
		h.tg.Fail("sendMessage", f)
		l.until("it is settled", func() bool { return tr.asked || i == 4 && l.settled(tr) })
		_, closures := l.counts(tr)
		switch {
		case i < 3 && (!tr.asked || closures != 1):
			t.Errorf("fault %d: staff asked %t, %d closures\n%s", i, tr.asked, closures, l.tell(tr))
		case i == 3 && (!tr.asked || closures != 0):
			t.Errorf("a 502 after the request was written: staff asked %t, %d closures\n%s", tr.asked, closures, l.tell(tr))
		case i == 4 && (tr.asked || closures != 1):
			t.Errorf("a 429: staff asked %t, %d closures\n%s", tr.asked, closures, l.tell(tr))
		}
		if tr.asked {
			l.until("the card says 未通知", func() bool { card, _ := l.now(tr); return strings.Contains(card.Text, "未通知") })
		}
	}
	l.choose()
	l.check()
}
