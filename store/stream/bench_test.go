package stream_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/huiyin/huiyin/store/stream"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

func BenchmarkLocal(b *testing.B) {
	benchmark(b, func(b *testing.B) string { return "" })
}

func BenchmarkRedis(b *testing.B) {
	benchmark(b, func(b *testing.B) string {
		url, _ := streamtest.StartRedis(b)
		return url
	})
}

// benchmark measures the way of one id: announced in hundreds, consumed by two workers in batches of up to 256,
// acknowledged and deleted. An operation is one id.
func benchmark(b *testing.B, url func(*testing.B) string) {
	b.Run("ring", func(b *testing.B) {
		s := openBench(b, url(b))
		b.ReportAllocs()
		b.ResetTimer()
		ringAll(b, s)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ids/s")
	})
	b.Run("ring+consume", func(b *testing.B) {
		s := openBench(b, url(b))
		var seen atomic.Int64
		done := make(chan struct{})
		for range 2 {
			streamtest.Go(b, s, "analyze", 256, func(_ context.Context, ids []int64) error {
				if seen.Add(int64(len(ids))) == int64(b.N) {
					close(done)
				}
				return nil
			})
		}
		b.ReportAllocs()
		b.ResetTimer()
		ringAll(b, s)
		<-done
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ids/s")
	})
	b.Run("one by one", func(b *testing.B) {
		s := openBench(b, url(b))
		seen := make(chan struct{}, 1)
		streamtest.Go(b, s, "analyze", 256, func(context.Context, []int64) error {
			seen <- struct{}{}
			return nil
		})
		b.ReportAllocs()
		b.ResetTimer()
		for id := range int64(b.N) {
			if err := s.Ring(b.Context(), "analyze", stream.Live, id); err != nil {
				b.Fatal(err)
			}
			<-seen
		}
	})
}

func openBench(b *testing.B, url string) stream.Stream {
	s, err := stream.Open(b.Context(), url, stream.Options{LaneCap: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func ringAll(b *testing.B, s stream.Stream) {
	ids := make([]int64, 100)
	for from := 0; from < b.N; from += len(ids) {
		ids = ids[:min(len(ids), b.N-from)]
		for i := range ids {
			ids[i] = int64(from + i)
		}
		if err := s.Ring(b.Context(), "analyze", stream.Live, ids...); err != nil {
			b.Fatal(err)
		}
	}
}
