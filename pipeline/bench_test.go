package pipeline

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// benchText is a message of common length.
const benchText = "快递太慢了，等了三天还没收到，客服电话也打不通，申请退款又被拒绝，希望你们尽快处理，订单号 20261122001，谢谢。"

// intakeHands is how many connections bring messages at once.
const intakeHands = 32

// benchBot takes everything at once.
type benchBot struct {
	cards, texts atomic.Int64
}

func (b *benchBot) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (b *benchBot) Send(_ context.Context, p bots.Post) (bots.Sent, error) {
	if p.Card != nil {
		return bots.Sent{ID: "c" + strconv.FormatInt(b.cards.Add(1), 10)}, nil
	}
	return bots.Sent{ID: "t" + strconv.FormatInt(b.texts.Add(1), 10)}, nil
}

func (b *benchBot) Edit(context.Context, string, bots.Post) error { return nil }

// works is a pipeline as it runs in production, with platforms that answer at
// once, on any store and stream.
type works struct {
	p        *Pipeline
	db       *store.DB
	care, hq *benchBot
}

func newWorks(b testing.TB, dsn, redis string) *works {
	b.Helper()
	log := slog.New(slog.DiscardHandler)
	w := &works{db: storetest.Open(b, dsn, store.Options{Log: log}), care: &benchBot{}, hq: &benchBot{}}
	s, err := stream.Open(b.Context(), redis, stream.Options{Prefix: "bench", Log: log})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	f, err := files.Open(b.TempDir(), files.Options{MaxFile: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	w.p = New(Options{DB: w.db, Stream: s, Files: f, Log: log, Now: time.Now, Holder: "bench", Fresh: 24 * time.Hour})
	rules := storyRules(b)
	rules.Cards.Fold = 0
	w.p.Bind(desk.New(desk.Options{DB: w.db, Now: time.Now, Log: log, Bell: w.p, Rules: rules}))
	w.p.AddBot("care", "telegram", rules.Channels["care"].Caps, w.care)
	w.p.AddBot("hq", "slack", rules.Channels["hq"].Caps, w.hq)
	return w
}

// engines runs a benchmark on both stores.
func engines(b *testing.B, fn func(b *testing.B, dsn string)) {
	b.Run("sqlite", func(b *testing.B) { fn(b, storetest.SQLiteDSN(b)) })
	b.Run("postgres", func(b *testing.B) { fn(b, storetest.PostgresDSN(b)) })
}

// bring has n messages of n people received by many hands.
func (w *works) bring(b testing.TB, n int) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range intakeHands {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				who := "p" + strconv.FormatInt(i, 10)
				_, err := w.p.Receive(b.Context(), "care", bots.Event{
					Key: who + ":1", Type: bots.OnMessage, Chat: bots.Chat{ID: who}, MessageID: "1", From: bots.Person{ID: who, Name: "王小明", Lang: "zh-CN"},
					Text: benchText, At: time.Now(), Raw: []byte(`{"text":"` + benchText + `"}`),
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
}

func perSecond(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkIntake: from an event to the committed message that may be
// acknowledged.
func BenchmarkIntake(b *testing.B) {
	engines(b, func(b *testing.B, dsn string) {
		w := newWorks(b, dsn, "")
		b.ReportAllocs()
		b.ResetTimer()
		w.bring(b, b.N)
		perSecond(b)
	})
}

// BenchmarkAnalyze: from the stored message to its item, receipt and card in the
// outbox, in batches.
func BenchmarkAnalyze(b *testing.B) {
	engines(b, func(b *testing.B, dsn string) {
		w := newWorks(b, dsn, "")
		w.bring(b, b.N)
		var ids []int64
		err := w.db.Read(b.Context(), func(tx *store.Tx) error {
			var err error
			ids, _, err = tx.Unfinished(time.Now().Add(time.Minute), b.N)
			return err
		})
		if err != nil || len(ids) != b.N {
			b.Fatalf("%d messages of %d: %v", len(ids), b.N, err)
		}
		b.ReportAllocs()
		b.ResetTimer()
		for len(ids) > 0 {
			n := min(analyzeBatch, len(ids))
			if err := w.p.analyze(b.Context(), ids[:n]); err != nil {
				b.Fatal(err)
			}
			ids = ids[n:]
		}
		perSecond(b)
	})
}

// BenchmarkWhole: from an event to its card and receipt at the platforms, all
// stages at work at once.
func BenchmarkWhole(b *testing.B) {
	for _, wire := range []string{"local", "redis"} {
		b.Run(wire, func(b *testing.B) {
			engines(b, func(b *testing.B, dsn string) {
				url := ""
				if wire == "redis" {
					url, _ = streamtest.StartRedis(b)
				}
				w := newWorks(b, dsn, url)
				ctx, stop := context.WithCancel(b.Context())
				done := make(chan error, 1)
				go func() { done <- w.p.Run(ctx, Roles{Pipeline: true}) }()
				b.ReportAllocs()
				b.ResetTimer()
				w.bring(b, b.N)
				w.await(b, int64(b.N))
				b.StopTimer()
				perSecond(b)
				stop()
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// await waits until n cards and receipts have left.
func (w *works) await(b testing.TB, n int64) {
	b.Helper()
	for deadline := time.Now().Add(5 * time.Minute); w.hq.cards.Load() < n || w.care.texts.Load() < n; {
		if time.Now().After(deadline) {
			b.Fatalf("%d cards and %d receipts of %d", w.hq.cards.Load(), w.care.texts.Load(), n)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
