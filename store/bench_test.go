package store_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// on runs a benchmark on both engines.
func on(b *testing.B, fn func(b *testing.B, db *store.DB)) {
	b.Run("sqlite", func(b *testing.B) { fn(b, storetest.OpenSQLite(b, store.Options{})) })
	b.Run("postgres", func(b *testing.B) { fn(b, storetest.OpenPostgres(b, store.Options{})) })
}

const benchText = "快递太慢了，等了三天还没收到，客服电话也打不通，申请退款又被拒绝，希望你们尽快处理，订单号 20261122001，谢谢。"

func benchMessage(n int64) *feedback.Message {
	now := time.Unix(1.7e9, 0)
	return &feedback.Message{
		Channel: "care", External: fmt.Sprint("100:", n), Platform: "telegram", MessageID: fmt.Sprint(n), Conversation: 1 + n%500, Author: 1 + n%500,
		Direction: feedback.In, Kind: feedback.KindMessage, Text: benchText, Raw: []byte(`{"update_id":1,"message":{"text":"` + benchText + `"}}`),
		Lane: feedback.Live, Stage: feedback.StageNew, PostedAt: now, ReceivedAt: now,
	}
}

// Intake in batches, as it comes from a poll or a burst: per message.
func BenchmarkInsertMessages(b *testing.B) {
	for _, size := range []int{1, 20, 200} {
		b.Run(fmt.Sprint("batch", size), func(b *testing.B) {
			on(b, func(b *testing.B, db *store.DB) {
				b.ReportAllocs()
				for n := 0; n < b.N; n += size {
					batch := make([]*feedback.Message, min(size, b.N-n))
					for k := range batch {
						batch[k] = benchMessage(int64(n + k))
					}
					mustWrite(b, db, func(tx *store.Tx) error { _, err := tx.InsertMessages(batch); return err })
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
			})
		})
	}
}

// Intake from many connections at once, a message a transaction.
func BenchmarkIntakeParallel(b *testing.B) {
	on(b, func(b *testing.B, db *store.DB) {
		var next atomic.Int64
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				m := benchMessage(next.Add(1))
				err := db.Write(b.Context(), func(tx *store.Tx) error {
					a := &feedback.Author{Channel: "care", External: fmt.Sprint(m.Author), Name: "王芳"}
					if err := tx.UpsertAuthor(a); err != nil {
						return err
					}
					c := &feedback.Conversation{Channel: "care", Chat: fmt.Sprint(m.Author), Author: a.ID}
					if err := tx.UpsertConversation(c); err != nil {
						return err
					}
					m.Author, m.Conversation = a.ID, c.ID
					_, err := tx.InsertMessages([]*feedback.Message{m})
					return err
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	})
}

// One row through the outbox: put, due, claimed, finished.
func BenchmarkOutboxCycle(b *testing.B) {
	on(b, func(b *testing.B, db *store.DB) {
		now := time.Unix(1.7e9, 0)
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			o := &store.Out{Key: fmt.Sprint(n), Bot: "care", Chat: "1", Conversation: int64(n % 500), Body: []byte(`{"text":"收到"}`), NextAt: now}
			mustWrite(b, db, func(tx *store.Tx) error { _, err := tx.PutOut(o); return err })
			mustRead(b, db, func(tx *store.Tx) error { _, err := tx.DueOut("care", now, 20); return err })
			mustWrite(b, db, func(tx *store.Tx) error { _, err := tx.ClaimOut(o.ID, 1, now); return err })
			mustWrite(b, db, func(tx *store.Tx) error {
				o.State, o.SentAt, o.External = store.OutSent, now, "1"
				return tx.FinishOut(o, 1)
			})
		}
	})
}

// benchItems fills a store with n items, of which one in fifty is live.
func benchItems(b *testing.B, db *store.DB, n int) {
	teams := []string{"care", "logistics", "quality", "shops", "it"}
	now := time.Unix(1.7e9, 0)
	var chars []string
	for _, r := range benchText {
		chars = append(chars, string(r))
	}
	for at := 0; at < n; at += 500 {
		mustWrite(b, db, func(tx *store.Tx) error {
			for k := at; k < min(at+500, n); k++ {
				i := &feedback.Item{
					Channel: "care", Kind: feedback.KindMessage, Conversation: int64(1 + k%5000), Author: int64(1 + k%5000), State: feedback.Closed, Closure: feedback.DeliverySent,
					Priority: feedback.Priority(k % 4), Team: teams[k%len(teams)], Text: benchText, Quote: benchText, CreatedAt: now.Add(time.Duration(k) * time.Second),
					Verdict: feedback.Verdict{Sentiment: []string{"negative", "neutral", "positive"}[k%3], Topics: []feedback.Topic{{Name: "物流配送", Score: 0.9}}},
				}
				if k%50 == 0 {
					i.State = feedback.New
				}
				if err := tx.InsertItem(i); err != nil {
					return err
				}
				if err := tx.IndexItem(i.ID, append([]string{fmt.Sprint("rare", k%1000)}, chars...)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// The board's lists and searches over many items.
func BenchmarkItems(b *testing.B) {
	const many = 20_000
	on(b, func(b *testing.B, db *store.DB) {
		benchItems(b, db, many)
		for name, q := range map[string]store.Query{
			"team and state":    {Teams: []string{"quality"}, States: []feedback.State{feedback.Closed}},
			"live by due":       {Live: true, ByDue: true, Teams: []string{"care"}},
			"search common":     {Words: []string{"快", "递"}},
			"search rare":       {Words: []string{"rare7"}},
			"search phrase":     {Phrase: strings.Split("快,递,太,慢", ",")},
			"search and filter": {Words: []string{"快"}, Teams: []string{"it"}, Sentiment: "negative"},
		} {
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					mustRead(b, db, func(tx *store.Tx) error {
						items, err := tx.Items(q)
						if err == nil && len(items) == 0 {
							err = feedback.ErrNotFound
						}
						return err
					})
				}
			})
		}
		b.Run("item", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustRead(b, db, func(tx *store.Tx) error { _, err := tx.Item(many / 2); return err })
			}
		})
		b.Run("count by state", func(b *testing.B) {
			for b.Loop() {
				mustRead(b, db, func(tx *store.Tx) error { _, err := tx.CountBy(store.Query{Live: true}, "state"); return err })
			}
		})
		b.Run("change", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustWrite(b, db, func(tx *store.Tx) error {
					i, err := tx.LockItem(many / 2)
					if err != nil {
						return err
					}
					i.Urged++
					return tx.UpdateItem(i)
				})
			}
		})
	})
}
