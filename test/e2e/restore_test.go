package e2e

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// TestRestoreDrill makes a copy while a reply is on its way, lets the reply
// arrive, and puts the copy back: the customer does not get it again, colleagues
// are asked. Once the program finds out by itself, once it is told.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]bool{"found out": false, "told": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, setup{})
			p := h.start()
			h.tg.UserSays(customer, customer, "你们家那个拿铁是酸的，喝了一口就倒了")
			card := h.card(1, "拿铁")
			h.sl.Replies(agent, channel, card.TS, "！回复 马上给您查")
			h.whispered(agent, "马上给您查") // it leaves in eight seconds
			copied, note := h.backUp()
			h.hears(customer, "马上给您查")
			h.must(p.stop())
			h.restore(copied)
			if told {
				h.must(os.WriteFile(h.noteFile(), note, 0o600))
				if out := h.run("migrate", "-restored"); !strings.Contains(out, "marked as restored") {
					t.Errorf("migrate -restored says %s", out)
				}
			}
			h.start()
			h.thread(channel, card.TS, "可能到了，也可能没到")
			h.tg.UserSays(customer, customer, "还在吗，到底怎么回事")
			h.thread(channel, card.TS, "到底怎么回事")
			time.Sleep(time.Second) // what should not come would have
			if n := h.times(customer, "马上给您查"); n != 1 {
				t.Errorf("the customer got the reply %d times", n)
			}
		})
	}
}

func (h *house) noteFile() string {
	return filepath.Join(h.dir, "huiyin-data", "spool", "installation.json")
}

// backUp copies the database of a running house as the documentation says, and
// the note beside it as it says not to.
func (h *house) backUp() (file string, note []byte) {
	h.t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(h.set.database, "sqlite:"))
	h.must(err)
	file = filepath.Join(h.dir, "backup.db")
	_, err = db.ExecContext(h.t.Context(), "VACUUM INTO ?", file)
	h.must(errors.Join(err, db.Close()))
	note, err = os.ReadFile(h.noteFile())
	h.must(err)
	return file, note
}

// restore puts a copy in the place of the database.
func (h *house) restore(file string) {
	h.t.Helper()
	path := strings.TrimPrefix(h.set.database, "sqlite:")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			h.t.Fatal(err)
		}
	}
	h.must(os.Rename(file, path))
}
