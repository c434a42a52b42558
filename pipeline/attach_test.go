package pipeline

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// hungFiles is a platform that takes requests for files and never answers.
type hungFiles struct{ fakeBot }

func (b *hungFiles) Fetch(ctx context.Context, _ string, _ int64) (bots.File, error) {
	<-ctx.Done()
	return bots.File{}, &bots.SendError{Fate: bots.Unsent, Code: "timeout"}
}

// picture is a customer sending a photo.
func (h *house) picture(who string) bots.Event {
	e := h.event(bots.OnMessage, bots.Chat{ID: who}, who, "")
	e.Attachments = []bots.Attachment{{Kind: "image", Ref: "photo-" + who, Name: "a.png"}}
	return e
}

func (h *house) attachment(id int64) *feedback.Attachment {
	h.t.Helper()
	var a *feedback.Attachment
	h.read(func(tx *store.Tx) error {
		var err error
		a, err = tx.Attachment(id)
		return err
	})
	return a
}

// TestFilesDoNotWaitForAPlatformThatHandsOutNone: many customers of one channel
// send photos that it does not hand out; those of another channel come at once.
func TestFilesDoNotWaitForAPlatformThatHandsOutNone(t *testing.T) {
	h := newHouse(t, nil)
	h.p.AddBot("hung", "fake", bots.Caps{TwoWay: true}, &hungFiles{})
	const hung = 40
	receive := func(bot string, e bots.Event) {
		t.Helper()
		if _, err := h.p.Receive(t.Context(), bot, e); err != nil {
			t.Fatal(err)
		}
	}
	for i := range hung {
		receive("hung", h.picture(fmt.Sprintf("客户%d", i)))
	}
	receive("care", h.picture("王小明"))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.p.attachLoop(ctx) }()
	for late := time.Now().Add(forever); h.attachment(hung+1).State != feedback.AttachmentStored; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Error("the photo still waits for those of another platform")
			break
		}
	}
	stop()
	if err := <-done; err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	if a := h.attachment(1); a.State != feedback.AttachmentPending || a.Attempts != 0 {
		t.Errorf("a stop counts as a try: %s, %d tries", a.State, a.Attempts)
	}
}

// TestAFileIsKeptAndShownAtOnce: where it cannot be shown in the thread it is not
// counted as done either, and comes when it can.
func TestAFileIsKeptAndShownAtOnce(t *testing.T) {
	h := newHouse(t, nil)
	h.says("王小明", slow)
	db, err := sql.Open("sqlite", h.file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE TRIGGER broken BEFORE INSERT ON outbox WHEN NEW.key LIKE 'say:file:%' BEGIN SELECT RAISE(ABORT, 'broken'); END")
	h.receive("care", h.picture("王小明"))
	run("DROP TRIGGER broken")
	h.pass(time.Minute)
	if chat := h.team(teamChat); strings.Count(chat, "发来图片") != 1 {
		t.Errorf("the team does not see the photo:\n%s", chat)
	}
	if a := h.attachment(1); a.State != feedback.AttachmentStored || a.Path == "" {
		t.Errorf("%+v", a)
	}
}
