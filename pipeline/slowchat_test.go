package pipeline

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// slowBot takes its time in one chat and says where everything went, in order.
type slowBot struct {
	fakeBot
	slow  string
	until chan struct{} // the slow chat is answered when this is closed
	sent  chan string
}

func (b *slowBot) Send(ctx context.Context, p bots.Post) (bots.Sent, error) {
	if p.Chat == b.slow {
		select {
		case <-b.until:
		case <-ctx.Done():
			return bots.Sent{}, &bots.SendError{Fate: bots.Unsent}
		}
	}
	s, err := b.fakeBot.Send(ctx, p)
	b.sent <- p.Text
	return s, err
}

// puts has texts waiting for chats.
func (w *works) puts(t *testing.T, chat string, urgent bool, texts ...string) {
	t.Helper()
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		for _, text := range texts {
			a := &feedback.Author{Channel: "slow", External: chat, Name: chat}
			if err := tx.UpsertAuthor(a); err != nil {
				return err
			}
			c := &feedback.Conversation{Channel: "slow", Chat: chat, Author: a.ID}
			if err := tx.UpsertConversation(c); err != nil {
				return err
			}
			_, err := tx.PutOut(&store.Out{
				Key: chat + ":" + text, Bot: "slow", Chat: chat, Audience: store.ToCustomer, Kind: "prompt", Conversation: c.ID, Urgent: urgent,
				Body: []byte(`{"Key":"k","Chat":"` + chat + `","Text":"` + text + `"}`), NextAt: time.Now(),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.p.Deliver("slow")
}

func (b *slowBot) next(t *testing.T) string {
	t.Helper()
	select {
	case text := <-b.sent:
		return text
	case <-time.After(time.Minute):
		t.Fatal("nothing is sent")
		return ""
	}
}

// TestASlowChatHoldsUpNoOther: while one chat does not answer, and has hundreds
// of messages waiting, others get theirs, later ones too.
func TestASlowChatHoldsUpNoOther(t *testing.T) {
	for name, dsn := range dsns(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorks(t, dsn, "")
			bot := &slowBot{slow: "慢", until: make(chan struct{}), sent: make(chan string, 1000)}
			w.p.AddBot("slow", "telegram", bots.Caps{TwoWay: true, Text: bots.Limit{N: 4096, Unit: bots.UTF16}}, bot)
			many := make([]string, 2*deliverBatch)
			for i := range many {
				many[i] = fmt.Sprint("慢", i)
			}
			w.puts(t, "慢", false, many...)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- w.p.Run(ctx, Roles{Pipeline: true}) }()
			for i := range 3 {
				text := fmt.Sprint("给别人", i)
				w.puts(t, fmt.Sprint("快", i), false, text)
				if got := bot.next(t); got != text {
					t.Fatalf("%q came instead of %q", got, text)
				}
			}
			close(bot.until)
			for _, want := range many[:20] {
				if got := bot.next(t); got != want {
					t.Fatalf("%q came instead of %q: out of order", got, want)
				}
			}
			stop()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestUrgentComesFirst: what is urgent overtakes a backlog that a limit holds
// back.
func TestUrgentComesFirst(t *testing.T) {
	for name, dsn := range dsns(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorks(t, dsn, "")
			bot := &slowBot{sent: make(chan string, 1000)}
			w.p.AddBot("slow", "telegram", bots.Caps{TwoWay: true, Text: bots.Limit{N: 4096, Unit: bots.UTF16}, Overall: bots.Rate{N: 5, Per: 500 * time.Millisecond}}, bot)
			for i := range 2 * deliverBatch {
				w.puts(t, fmt.Sprint("众", i), false, fmt.Sprint("不急", i))
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- w.p.Run(ctx, Roles{Pipeline: true}) }()
			bot.next(t)
			w.puts(t, "急", true, "急事")
			for range len(bot.sent) {
				<-bot.sent // sent before it was there, on a busy machine
			}
			for n := 0; ; n++ {
				if bot.next(t) == "急事" {
					break
				}
				if n > 40 {
					t.Fatal("forty others came before what is urgent")
				}
			}
			stop()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		})
	}
}

// dsns returns an empty database of each engine.
func dsns(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"sqlite": storetest.SQLiteDSN(t), "postgres": storetest.PostgresDSN(t)}
}
