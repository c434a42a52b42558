package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/spool"
	"github.com/huiyin/huiyin/store/storetest"
)

// TestErasedWhileWordsWaitOnDisk: what a person said while the database was away
// is erased with the rest of theirs, and never comes back from the disk spool.
func TestErasedWhileWordsWaitOnDisk(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{extra: "listeners:\n  - {name: shop, type: webhook, secret: secret-of-the-shop, keep: 90d}\nfields:\n  - {name: order, title: 订单号, private: true}\n"})
	p := h.start()
	release := h.locks()
	if got := h.reviews(); !strings.Contains(got, `"spooled":1`) {
		t.Fatalf("the review was answered with %s", got)
	}
	p.kill()
	release()

	// Nobody puts it into the database: neither command does half a job.
	subject := "shop:" + private["reviewer"]
	for _, args := range [][]string{{"erase"}, {"export", "-o", filepath.Join(h.dir, "early.zip")}} {
		cmd := exec.CommandContext(t.Context(), program, append([]string{"privacy", "-c", h.file(0), "-subject", subject, "-wait", "0s"}, args...)...)
		cmd.Dir = h.dir
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "nothing was done: 1 messages still wait on the disk spool") || !strings.Contains(string(out), "huiyin serve") {
			t.Errorf("privacy %v beside a spool: %v\n%s", args, err, out)
		}
	}
	if st, err := spool.Look(filepath.Join(h.dir, "huiyin-data", "spool")); err != nil || st.Depth != 1 {
		t.Fatalf("on the spool: %+v, %v", st, err)
	}

	h.start()
	if out := h.run("privacy", "erase", "-subject", subject); !strings.Contains(out, "已删除：消息 1 条") {
		t.Errorf("what was removed:\n%s", out)
	}
	h.until("the erased review again is a duplicate", func() bool {
		// On a busy machine it may be kept on disk once more.
		got := h.reviews()
		if strings.Contains(got, `"accepted":1`) {
			t.Fatalf("the erased review again: %s", got)
		}
		return strings.Contains(got, `"duplicate":1`)
	})
	h.emptied()
	if found := append(traces{h: h}.data(), traces{h: h}.elsewhere()...); len(found) > 0 {
		t.Errorf("left:\n%s", strings.Join(found, "\n"))
	}
	read := storetest.Open(t, h.set.database, store.Options{})
	h.must(read.Read(t.Context(), func(tx *store.Tx) error {
		items, err := tx.Items(store.Query{})
		if len(items) != 1 || items[0].Text != "" || items[0].AuthorName != "" {
			t.Errorf("%d items, the first %+v", len(items), items)
		}
		return err
	}))
}
