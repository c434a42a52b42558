package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// private is what the person of TestAPersonIsErasedEverywhere leaves behind, by
// where it is left. None of it may be found afterwards, none of it ever in logs,
// Redis or metrics.
var private = map[string]string{
	"user id":        "7770012345",
	"name":           "欧阳锋利",
	"handle":         "ouyang_handle_77",
	"phone":          "13912345678",
	"words":          "紫荆花园的快递",
	"edited words":   "白鹭洲的快递",
	"file name":      "私密体检单",
	"file":           "PIXELSEED77",
	"document":       "DOCUMENTSEED77",
	"note":           "对方住九栋二零三",
	"reply":          "欧阳女士请放心",
	"closure":        "已经送到白鹭洲门口",
	"wait for":       "请拍一下紫荆花园的门牌",
	"reviewer":       "reviewer_id_77",
	"reviewer name":  "点评达人慕容复",
	"review":         "隔壁桌的评论秘密",
	"review id":      "review-object-77",
	"review address": "reviews.example/慕容复/77",
	"field":          "ORDER-SEED-77",
}

const (
	person = int64(7770012345)
	other  = int64(5550001)
	// kept is what another person said: it stays.
	kept = "杯子是破的，留下来的话"
)

// traces looks for what is private wherever a house keeps anything, and returns
// where it found what.
type traces struct {
	h     *house
	redis *streamtest.Redis
}

// look searches a haystack.
func look(where string, hay []byte) (found []string) {
	for what, seed := range private {
		if bytes.Contains(hay, []byte(seed)) || bytes.Contains(hay, []byte(hex.EncodeToString([]byte(seed)))) {
			found = append(found, where+" holds the "+what)
		}
	}
	slices.Sort(found)
	return found
}

// data searches everything on disk, and the database.
func (t traces) data() (found []string) {
	t.h.t.Helper()
	err := filepath.WalkDir(t.h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path) //nolint:gosec // the house is the test's own
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		found = append(found, look(filepath.Base(path), b)...)
		return err
	})
	t.h.must(err)
	if !strings.HasPrefix(t.h.set.database, "postgres") {
		return found
	}
	ctx := context.Background()
	c, err := pgx.Connect(ctx, t.h.set.database)
	t.h.must(err)
	defer func() { t.h.must(c.Close(ctx)) }()
	tables, err := column(ctx, c, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()")
	t.h.must(err)
	if len(tables) < 15 {
		t.h.t.Fatalf("%d tables", len(tables))
	}
	for _, table := range tables {
		lines, err := column(ctx, c, "SELECT r::text FROM "+table+" r")
		t.h.must(err)
		found = append(found, look("table "+table, []byte(strings.Join(lines, "\n")))...)
	}
	return found
}

func column(ctx context.Context, c *pgx.Conn, query string) ([]string, error) {
	rows, err := c.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// elsewhere searches what holds nothing personal at any time: the logs of every
// process, Redis, the metrics.
func (t traces) elsewhere() (found []string) {
	t.h.t.Helper()
	for i, p := range t.h.procs {
		log := p.out.String() + p.err.String()
		if log == "" {
			t.h.t.Error("a process has said nothing: this looks at the wrong place")
		}
		found = append(found, look(fmt.Sprintf("the log of process %d", i), []byte(log))...)
	}
	if t.h.set.metrics != "" {
		client := &http.Client{Timeout: patience}
		resp, err := client.Get("http://" + t.h.set.metrics + "/metrics")
		t.h.must(err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		t.h.must(err)
		if !bytes.Contains(b, []byte("huiyin_received_total")) {
			t.h.t.Error("no metrics")
		}
		found = append(found, look("/metrics", b)...)
	}
	if t.redis == nil {
		return found
	}
	var all strings.Builder
	keys, _ := t.redis.Do("KEYS", "*").([]any)
	for _, key := range keys {
		name := fmt.Sprint(key)
		fmt.Fprintln(&all, name)
		switch t.redis.Do("TYPE", name) {
		case "stream":
			fmt.Fprintln(&all, t.redis.Do("XRANGE", name, "-", "+"), t.redis.Do("XINFO", "STREAM", name, "FULL"))
		case "string":
			fmt.Fprintln(&all, t.redis.Do("GET", name))
		case "hash":
			fmt.Fprintln(&all, t.redis.Do("HGETALL", name))
		case "zset":
			fmt.Fprintln(&all, t.redis.Do("ZRANGE", name, "0", "-1"))
		case "set":
			fmt.Fprintln(&all, t.redis.Do("SMEMBERS", name))
		case "list":
			fmt.Fprintln(&all, t.redis.Do("LRANGE", name, "0", "-1"))
		default:
			t.h.t.Errorf("Redis: %s is of a kind nobody looks into", name)
		}
	}
	if len(keys) == 0 {
		t.h.t.Error("Redis is empty: this looks at the wrong place")
	}
	return append(found, look("Redis", []byte(all.String()))...)
}

// reviews posts a review to the webhook and returns the answer.
func (h *house) reviews() string {
	h.t.Helper()
	body := fmt.Sprintf(`{"id":%q,"kind":"review","text":%q,"url":"https://%s","author":{"id":%q,"name":%q},"fields":{"order":%q}}`,
		private["review id"], private["review"]+"，太难喝了，差评", private["review address"], private["reviewer"], private["reviewer name"], private["field"])
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte("secret-of-the-shop"))
	_, _ = io.WriteString(mac, at+"."+body)
	req, err := http.NewRequest(http.MethodPost, "http://"+h.web+"/in/shop", strings.NewReader(body))
	h.must(err)
	req.Header.Set("X-Huiyin-Timestamp", at)
	req.Header.Set("X-Huiyin-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	client := &http.Client{Timeout: patience}
	resp, err := client.Do(req)
	h.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	h.must(err)
	return string(answer)
}

// playPrivate has a person leave something private everywhere.
func (h *house) playPrivate() {
	h.t.Helper()
	h.tg.AddUser(telegramtest.User{ID: person, First: private["name"], Username: private["handle"], Lang: "zh-hans"})
	h.tg.AddUser(telegramtest.User{ID: other, First: "林平", Lang: "zh-hans"})
	said := h.tg.UserSays(person, person, private["words"]+"太慢了，打我电话 "+private["phone"])
	card := h.card(1, "待认领")
	h.tg.SendsPhoto(person, person, "", append(slices.Clone(png), private["file"]...))
	h.tg.SendsDocument(person, person, "", private["file name"]+".txt", "text/plain", []byte(private["document"]), 14)
	h.until("both files are in the thread", func() bool {
		n := 0
		for _, m := range h.sl.Thread(channel, card.TS) {
			n += len(m.Files)
		}
		return n == 2
	})
	h.tg.UserEdits(person, person, said, private["edited words"]+"太慢了")
	h.thread(channel, card.TS, "客户改了")
	h.sl.Replies(agent, channel, card.TS, private["note"])
	h.sl.Replies(agent, channel, card.TS, "！回复 "+private["reply"])
	h.hears(person, private["reply"])
	h.sl.Replies(agent, channel, card.TS, "！纠正 负面 投诉 +口味")
	h.card(1, "口味")
	h.sl.Replies(agent, channel, card.TS, "！等客户 "+private["wait for"])
	h.hears(person, private["wait for"])
	h.card(1, "等客户")
	h.tg.UserSays(person, person, "门牌是九栋，再打 "+private["phone"])
	h.thread(channel, card.TS, "门牌是九栋")
	h.sl.Replies(agent, channel, card.TS, "！解决 "+private["closure"])
	h.hears(person, private["closure"])
	h.card(1, "已解决")

	if got := h.reviews(); !strings.Contains(got, `"accepted":1`) {
		h.t.Fatalf("the review: %s", got)
	}
	h.card(2, "差评")
	h.tg.UserSays(other, other, kept)
	h.card(3, "待认领")
}

// TestAPersonIsErasedEverywhere: what one person left is handed out, then
// removed beside a running serve, from database, files, logs, Redis and metrics;
// doing it twice does no harm, and what others left stays.
func TestAPersonIsErasedEverywhere(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres and redis"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			set := setup{undo: "0s", spool: "20s", metrics: freePort(t), extra: "listeners:\n  - {name: shop, type: webhook, secret: secret-of-the-shop, keep: 90d}\nfields:\n  - {name: order, title: 订单号, private: true}\n"}
			var redis *streamtest.Redis
			if engine != "sqlite" {
				set.database = storetest.PostgresDSN(t)
				set.redis, redis = streamtest.StartRedis(t)
			}
			h := newHouse(t, set)
			p := h.start()
			h.playPrivate()
			at := traces{h, redis}
			before := strings.Join(at.data(), "\n")
			for what := range private {
				if !strings.Contains(before, "holds the "+what) {
					t.Errorf("the %s was never there: this test looks at the wrong place", what)
				}
			}
			if found := at.elsewhere(); len(found) > 0 {
				t.Errorf("found where nothing personal belongs:\n%s", strings.Join(found, "\n"))
			}
			h.exports(p)

			out := h.run("privacy", "erase", "-subject", "care:"+private["user id"])
			if !strings.Contains(out, "已删除：消息 ") || !strings.Contains(out, "附件 2 个") {
				t.Errorf("what was removed:\n%s", out)
			}
			out = h.run("privacy", "erase", "-subject", "#2")
			if !strings.Contains(out, "已删除：消息 1 条") {
				t.Errorf("what was removed:\n%s", out)
			}
			out = h.run("privacy", "erase", "-subject", "care:"+private["user id"])
			if !strings.Contains(out, "没有留着这个人的资料。") {
				t.Errorf("once more:\n%s", out)
			}
			if got := h.reviews(); !strings.Contains(got, `"duplicate":1`) {
				t.Errorf("the erased review again: %s", got)
			}
			if found := append(at.data(), at.elsewhere()...); len(found) > 0 {
				t.Errorf("left:\n%s", strings.Join(found, "\n"))
			}
			h.goesOn()
			if err := p.stop(); err != nil {
				t.Errorf("SIGTERM: %v", err)
			}
			if found := append(at.data(), look("the log", []byte(p.out.String()+p.err.String()))...); len(found) > 0 {
				t.Errorf("left after the stop:\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

// exports has the person's data handed out, whole and nobody else's.
func (h *house) exports(p *process) {
	h.t.Helper()
	file := filepath.Join(h.dir, "person.zip")
	h.run("privacy", "export", "-subject", "care:"+private["user id"], "-o", file)
	info, err := os.Stat(file)
	h.must(err)
	if info.Mode().Perm() != 0o600 {
		h.t.Errorf("the archive may be read by others: %v", info.Mode())
	}
	z, err := zip.OpenReader(file)
	h.must(err)
	defer func() { h.must(errors.Join(z.Close(), os.Remove(file))) }()
	var all bytes.Buffer
	for _, f := range z.File {
		fmt.Fprintln(&all, f.Name)
		r, err := f.Open()
		h.must(err)
		_, err = io.Copy(&all, io.LimitReader(r, 1<<20))
		h.must(err)
	}
	for what, seed := range private {
		if has, own := strings.Contains(all.String(), seed), !strings.HasPrefix(what, "review") && what != "field"; has != own {
			h.t.Errorf("the archive holds the %s: %v", what, has)
		}
	}
	if strings.Contains(all.String(), kept) {
		h.t.Error("the archive holds what another person said")
	}
}

// goesOn: everybody else is served as before, and the person can begin anew.
func (h *house) goesOn() {
	h.t.Helper()
	card := h.card(3, "待认领")
	h.sl.Replies(agent, channel, card.TS, "！解决 新杯子寄出了")
	h.reads(h.hears(other, "处理好了").Text, "您说的「"+kept+"」处理好了：\n新杯子寄出了\n还有问题直接回我，或点「还没解决」。这次满意吗？")
	h.tg.AddUser(telegramtest.User{ID: voice, First: "张三丰", Lang: "zh-hans"})
	h.tg.UserSays(voice, voice, "咖啡是凉的，等了半小时")
	h.card(4, "待认领")
}
