package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// TestKilledWhileLearning ends the real program at each step of learning from
// corrections: nothing is half kept, and the next start has learned.
func TestKilledWhileLearning(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{extra: shopConfig})
	const like = "喝起来一股刷锅水的感觉"
	rows := "id,text\n"
	for _, drink := range []string{"燕麦拿铁", "桂花乌龙", "生椰", "冷萃", "芋泥麻薯", "气泡美式"} {
		rows += drink + "," + drink + like + "\n"
	}
	file := filepath.Join(h.dir, "said.csv")
	h.must(os.WriteFile(file, []byte(rows), 0o600))
	h.run("import", file, "-channel", "shop")
	db := storetest.Open(t, h.set.database, store.Options{})
	var items []*feedback.Item
	h.must(db.Write(t.Context(), func(tx *store.Tx) error {
		var err error
		if items, err = tx.Items(store.Query{}); err != nil {
			return err
		}
		for _, i := range items {
			was := i.Verdict
			i.Verdict.Topics = append(i.Verdict.Topics, feedback.Topic{Name: "口味", Score: 1})
			i.Verdict.Model = feedback.ByStaff
			if err := tx.UpdateItem(i); err != nil {
				return err
			}
			if err := tx.AddCorrection(&store.Correction{Item: i.ID, Staff: 1, Text: i.Text, Was: was, Is: i.Verdict, Labels: "+口味", At: time.Now().UTC()}); err != nil {
				return err
			}
		}
		return nil
	}))
	if len(items) != 6 {
		t.Fatalf("%d items", len(items))
	}
	config, err := os.ReadFile(h.file(0))
	h.must(err)
	h.must(os.WriteFile(h.file(0), []byte(strings.Replace(string(config), "advanced: {", "advanced: {learn: 50ms, ", 1)), 0o600))
	tries := func() (all []*store.Model) {
		h.must(db.Read(t.Context(), func(tx *store.Tx) error { all, err = tx.Models("", 0); return err }))
		return all
	}
	for i, at := range []string{"learn.begun", "learn.tried", "learn.kept"} {
		p := h.launch(0, nil, "HUIYIN_CRASH_AT="+at+":1")
		h.until("the process ends at "+at, p.ended)
		if kept := tries(); len(kept) != i/2 {
			t.Fatalf("after the end at %s: %d tries", at, len(kept))
		}
	}
	h.must(db.Read(t.Context(), func(tx *store.Tx) error {
		m, err := tx.ModelInForce(tries()[0].Base)
		if err == nil && len(m.Data) == 0 {
			t.Errorf("only a part of what was learned is kept: %+v", m)
		}
		return err
	}))
	h.start()
	h.tg.UserSays(customer, customer, "柠檬茶"+like)
	h.card(7, "口味")
	if kept := tries(); len(kept) != 1 {
		t.Errorf("%d tries of the same corrections", len(kept))
	}
	h.must(db.Read(t.Context(), func(tx *store.Tx) error {
		item, err := tx.Item(7)
		if err == nil && item.Verdict.Model != tries()[0].Version {
			t.Errorf("judged by %q, want %q", item.Verdict.Model, tries()[0].Version)
		}
		return err
	}))
}
