package pipeline

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// phase is a stretch of an open loop: posts a second, however long the answers
// take.
type phase struct {
	rate int
	long time.Duration
}

// BenchmarkOpenLoop: posts come at their own pace, each of one object, one in a
// hundred of them urgent, with a card for a chat platform that takes five
// milliseconds. Reported are how long posts wait for their answer and urgent
// ones for their card to reach the platform, both from the moment they were due,
// and the most memory that the process held, the load and the analyzer included.
func BenchmarkOpenLoop(b *testing.B) {
	loads := map[string][]phase{
		"1000":  {{1000, 10 * time.Second}},
		"burst": {{20, 3 * time.Second}, {2000, 10 * time.Second}, {20, 3 * time.Second}},
	}
	for _, load := range []string{"1000", "burst"} {
		for _, engine := range []string{"sqlite", "postgres+redis"} {
			b.Run(load+"/"+engine, func(b *testing.B) {
				var dsn, redis string
				if engine == "sqlite" {
					dsn = storetest.SQLiteDSN(b)
				} else {
					dsn = storetest.PostgresDSN(b)
					redis, _ = streamtest.StartRedis(b)
				}
				forgetPeak(b)
				pl := newPlant(b, dsn, redis, 5*time.Millisecond)
				stop := pl.run(b)
				defer stop()
				b.ResetTimer()
				loop := pl.openLoop(b, loads[load])
				b.StopTimer()
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(ms(loop.acks, 0.5), "ack-p50-ms")
				b.ReportMetric(ms(loop.acks, 0.99), "ack-p99-ms")
				b.ReportMetric(ms(loop.cards, 0.5), "urgent-p50-ms")
				b.ReportMetric(ms(loop.cards, 0.99), "urgent-p99-ms")
				b.ReportMetric(float64(loop.drained.Milliseconds()), "drained-ms")
				b.ReportMetric(float64(peakMemory())/(1<<20), "peak-MiB")
			})
		}
	}
}

// looped is what an open loop showed.
type looped struct {
	acks, cards []time.Duration
	drained     time.Duration // from the last post to the last analysis
}

func ms(all []time.Duration, q float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	slices.Sort(all)
	return float64(all[min(int(q*float64(len(all))), len(all)-1)].Microseconds()) / 1e3
}

// openLoop has posts sent when they are due, whatever became of those before,
// and waits until all urgent cards have left.
func (pl *plant) openLoop(b *testing.B, phases []phase) looped {
	b.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var out looped
	due := map[string]time.Time{} // urgent objects
	n, at := 0, time.Now()
	for _, p := range phases {
		for range int(p.long.Seconds() * float64(p.rate)) {
			at = at.Add(time.Second / time.Duration(p.rate))
			o := objectOf(n)
			if n%plantCard == 0 {
				due[o.ID] = at
			}
			n++
			time.Sleep(time.Until(at))
			wg.Add(1)
			go func(at time.Time) {
				defer wg.Done()
				err := pl.post(b.Context(), []object{o})
				took := time.Since(at)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					b.Error(err)
				}
				out.acks = append(out.acks, took)
			}(at)
		}
	}
	wg.Wait()
	last := time.Now()
	for deadline := time.Now().Add(2 * time.Minute); pl.meter.analyzed.Load() < int64(n); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("%d of %d analysed", pl.meter.analyzed.Load(), n)
		}
	}
	out.drained = time.Since(last)
	sent := map[int64]time.Time{}
	for range due {
		select {
		case c := <-pl.sent:
			sent[c.item] = c.at
		case <-time.After(time.Minute):
			b.Fatalf("%d urgent cards of %d left", len(sent), len(due))
		}
	}
	err := pl.db.Read(b.Context(), func(tx *store.Tx) error {
		for item, at := range sent {
			ms, err := tx.MessagesOf(item)
			if err != nil {
				return err
			}
			was, urgent := due[ms[0].External]
			if !urgent {
				number, _ := strconv.Atoi(strings.TrimPrefix(ms[0].External, "o"))
				b.Errorf("object %d is no urgent one", number)
			}
			out.cards = append(out.cards, at.Sub(was))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}
