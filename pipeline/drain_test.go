package pipeline

import (
	"context"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/store/spool"
)

// TestPressesAreNotRefusedWhileTheSpoolDrains: the database is back, and what was
// kept on disk is on its way into it: whoever presses a button meanwhile is not
// told that it cannot be done.
func TestPressesAreNotRefusedWhileTheSpoolDrains(t *testing.T) {
	h := newAwayHouse(t, spool.Options{})
	h.says("王小明", slow)
	h.takeAway()
	if a, err := h.p.Receive(context.Background(), "care", word(1)); err != nil || !a.Kept {
		t.Fatal(a, err)
	}
	h.p.db = h.here
	e := h.event(bots.OnPress, bots.Chat{ID: teamChat, Group: true}, "U-LI", "")
	e.Payload = h.card(teamChat, 1).Buttons[0].Data
	a, err := h.p.Receive(context.Background(), "hq", e)
	if err != nil || a.Failed || !strings.Contains(a.Text, "归你了") {
		t.Errorf("answered %+v, %v", a, err)
	}
	if h.item(1).Owner == 0 {
		t.Error("nobody has it")
	}
}
