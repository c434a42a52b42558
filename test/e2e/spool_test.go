package e2e

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/spool"
	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// shopSecret signs what the shop posts.
const shopSecret = "a long random text"

const shopConfig = "listeners:\n  - {name: shop, type: webhook, secret: " + shopSecret + "}\n"

// pushed is the answer to a post.
type pushed struct {
	status                       int
	Accepted, Duplicate, Spooled int
}

// push posts what a shop says, one object an id.
func (h *house) push(ids ...string) (pushed, error) {
	var objects []map[string]string
	for _, id := range ids {
		objects = append(objects, map[string]string{"id": id, "text": "快递太慢了，等了三天还没收到 " + id, "kind": "form"})
	}
	body, err := json.Marshal(objects)
	if err != nil {
		return pushed{}, err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(shopSecret))
	mac.Write([]byte(at + "." + string(body)))
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, "http://"+h.web+"/in/shop", bytes.NewReader(body))
	if err != nil {
		return pushed{}, err
	}
	r.Header.Set("X-Huiyin-Timestamp", at)
	r.Header.Set("X-Huiyin-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return pushed{}, err
	}
	defer res.Body.Close()
	p := pushed{status: res.StatusCode}
	return p, json.NewDecoder(res.Body).Decode(&p)
}

// pushUntil posts an id until it is taken, as senders do, and returns the answer
// that took it.
func (h *house) pushUntil(id string) pushed {
	h.t.Helper()
	var p pushed
	h.until("post "+id+" is taken", func() bool {
		var err error
		p, err = h.push(id)
		return err == nil && p.status < 300
	})
	return p
}

// asks returns a page's status and text.
func (h *house) asks(path string) (int, string) {
	res, err := (&http.Client{Timeout: patience}).Get("http://" + h.web + path)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(b)
}

// once checks that each id is in the database once, as an item of its own, and
// no other of the shop's is.
func (h *house) once(dsn string, ids []string) {
	h.t.Helper()
	db := storetest.Open(h.t, dsn, store.Options{})
	var got map[string]int
	h.until("every post is an item", func() bool {
		got = map[string]int{}
		err := db.Read(h.t.Context(), func(tx *store.Tx) error {
			items, err := tx.Items(store.Query{Channels: []string{"shop"}, Limit: 1000})
			for _, i := range items {
				got[i.Text[strings.LastIndex(i.Text, " ")+1:]]++
			}
			return err
		})
		h.must(err)
		return len(got) >= len(ids)
	})
	for _, id := range ids {
		if got[id] != 1 {
			h.t.Errorf("%s is %d items", id, got[id])
		}
		delete(got, id)
	}
	if len(got) > 0 {
		h.t.Errorf("items of %v, which were not taken", got)
	}
}

func (h *house) emptied() {
	h.t.Helper()
	h.until("nothing waits on disk", func() bool {
		st, err := spool.Look(filepath.Join(h.dir, "huiyin-data", "spool"))
		h.must(err)
		status, text := h.asks("/readyz")
		return st.Depth == 0 && status == 200 && strings.HasPrefix(text, "ready")
	})
}

// examined returns what doctor says, whatever it finds.
func (h *house) examined() string {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "doctor", "-c", h.file(0))
	cmd.Dir = h.dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		h.t.Error("doctor finds nothing wrong")
	}
	return string(out)
}

// TestDatabaseAway takes PostgreSQL away under a shop that posts and a visitor
// who writes, and brings it back.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresDSN(t)
	cable, dsn := storetest.NewSwitch(t, direct)
	h := newHouse(t, setup{database: dsn, extra: shopConfig})
	h.start()
	visitor := h.browser("http://" + h.web)
	h.must(visitor.visit("/c/site"))
	var ids []string
	take := func(id string) int {
		t.Helper()
		p := h.pushUntil(id)
		if p.Accepted+p.Spooled != 1 {
			t.Errorf("%s was answered with %+v", id, p)
		}
		ids = append(ids, id)
		return p.status
	}
	straight := func(when string) {
		t.Helper()
		n := 0
		h.until("a post goes straight into the database "+when, func() bool {
			n++ // on a busy machine one may be kept on disk all the same
			return take(fmt.Sprint(when, n)) == http.StatusOK
		})
	}
	straight("before")
	h.emptied()
	cable.Cut()
	for i := range 40 {
		if id := fmt.Sprintf("away-%d", i); take(id) != http.StatusAccepted {
			t.Errorf("%s was taken without a database", id)
		}
	}
	nonce := visitor.nonce()
	status, answer, err := visitor.tries(nonce, "数据库不在的时候写的话", nil)
	if err != nil || status != http.StatusAccepted || !strings.Contains(answer, "已经替您存好") {
		t.Errorf("the visitor was answered %d %s, %v", status, answer, err)
	}
	if status, text := h.asks("/readyz"); status != 200 || !strings.Contains(text, "degraded") || !strings.Contains(text, "41 waiting") {
		t.Errorf("readyz says %d %q", status, text)
	}
	if status, _ := h.asks("/healthz"); status != 200 {
		t.Errorf("healthz says %d", status)
	}
	if out := h.examined(); !strings.Contains(out, "磁盘暂存") || !strings.Contains(out, "41") {
		t.Errorf("doctor says %s", out)
	}
	cable.Mend()
	h.emptied()
	straight("after")
	h.until("the same again are duplicates", func() bool {
		// On a busy machine a post may be kept on disk once more.
		p, err := h.push(ids[len(ids)-30:]...)
		h.must(err)
		if p.Accepted != 0 {
			t.Fatalf("the same again: %+v", p)
		}
		return p.status == 200 && p.Duplicate == 30
	})
	h.emptied()
	h.once(direct, ids)
	visitor.hears("编号") // the receipt of what was kept
	if n := len(visitor.bubbles()); n != 2 {
		t.Errorf("the visitor sees %d bubbles", n)
	}
}

// TestDatabaseAwayAtTheStart starts without a database: pushes are taken, pages
// say why they cannot be shown.
func TestDatabaseAwayAtTheStart(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresDSN(t)
	cable, dsn := storetest.NewSwitch(t, direct)
	cable.Cut()
	h := newHouse(t, setup{database: dsn, extra: shopConfig})
	p := h.launch(0, nil)
	h.until("it serves", func() bool { status, _ := h.asks("/healthz"); return status == 200 || p.ended() })
	if got := h.pushUntil("early"); got.status != http.StatusAccepted {
		t.Errorf("the post was answered with %+v", got)
	}
	if status, text := h.asks("/readyz"); status != 200 || !strings.Contains(text, "degraded") {
		t.Errorf("readyz says %d %q", status, text)
	}
	visitor := h.browser("http://" + h.web)
	h.must(visitor.visit("/c/site"))
	if status, text, err := visitor.do(http.MethodGet, "/c/site/messages", "", nil); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("what was said is answered with %d %s, %v", status, text, err)
	}
	if p.isReady() {
		t.Error("it says that it is ready")
	}
	cable.Mend()
	h.ready(p)
	h.emptied()
	h.once(direct, []string{"early"})
}

// TestSQLiteLockedAway holds the embedded database for a while, as a backup tool
// may.
func TestSQLiteLockedAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{extra: shopConfig})
	h.start()
	release := h.locks()
	var ids []string
	kept := 0
	for i := range 15 {
		id := fmt.Sprintf("locked-%d", i)
		ids = append(ids, id)
		kept += h.pushUntil(id).Spooled
	}
	if kept != len(ids) {
		t.Errorf("%d of %d were kept on disk", kept, len(ids))
	}
	release()
	h.emptied()
	h.once(h.set.database, ids)
}

// TestSpoolFull bounds the spool: beyond it posts are refused, and nothing of
// them was taken.
func TestSpoolFull(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresDSN(t)
	cable, dsn := storetest.NewSwitch(t, direct)
	h := newHouse(t, setup{database: dsn, extra: shopConfig, storage: ", spool_max: 10KB"})
	h.start()
	cable.Cut()
	var ids []string
	for i := 0; ; i++ {
		id := fmt.Sprintf("full-%d", i)
		p, err := h.push(id)
		if err != nil {
			t.Fatalf("post %d: %v (%v, %v)", i, err, h.procs[0].ended(), h.procs[0].cmd.ProcessState)
		}
		if p.status == http.StatusServiceUnavailable {
			break
		}
		if p.status != http.StatusAccepted || i > 200 {
			t.Fatalf("%s was answered with %+v", id, p)
		}
		ids = append(ids, id)
	}
	if status, text := h.asks("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "full") {
		t.Errorf("readyz says %d %q", status, text)
	}
	if len(ids) == 0 {
		t.Error("nothing was kept")
	}
	cable.Mend()
	h.emptied()
	h.once(direct, ids)
}

// TestKilledWithASpool ends the process at each step of keeping and replaying:
// what was acknowledged is there once.
func TestKilledWithASpool(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresDSN(t)
	cable, dsn := storetest.NewSwitch(t, direct)
	redis, _ := streamtest.StartRedis(t) // without, another start waits for the lease of the one that was killed
	h := newHouse(t, setup{database: dsn, redis: redis, extra: shopConfig})
	var ids []string
	for _, at := range []string{"spool.written:2", "spool.synced:3", "spool.replayed:1", "spool.marked:1", "spool.dropped:1"} {
		p := h.start("HUIYIN_CRASH_AT=" + at)
		cable.Cut()
		for i := range 6 {
			id := fmt.Sprintf("%s-%d", strings.ReplaceAll(at, ":", "-"), i)
			ids = append(ids, id)
			for taken := false; !taken && !p.ended(); {
				got, err := h.push(id)
				taken = err == nil && got.status < 300
			}
			if p.ended() {
				break // the sender posts it again, below
			}
		}
		cable.Mend()
		h.until("the process ends at "+at, p.ended)
		h.start()
		if got := h.pushUntil(ids[len(ids)-1]); got.Accepted+got.Duplicate+got.Spooled != 1 {
			t.Errorf("after %s: %+v", at, got)
		}
		h.emptied()
		h.procs[len(h.procs)-1].kill()
	}
	h.start()
	h.once(direct, ids)
}
