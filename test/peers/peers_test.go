// Package peers measures the stream between the stages against queues that others have built, in one run, on the same
// servers, with the same work for each item.
package peers

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/huiyin/huiyin/store/stream"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// BenchmarkPeers carries N items through each queue, from announcing to acknowledged, while two producers and the
// queue's own kind of consumers are at work. It reports items a second of each, and how many times as many ours takes.
//
//	ours    ids announced in hundreds, two consumers in batches of at most 256
//	asynq   one task an item (it has no call for many), concurrency 64 as its documentation suggests for short work
//	river   InsertManyFast in hundreds, 100 workers, polling as often as it allows
func BenchmarkPeers(b *testing.B) {
	url, redis := streamtest.StartRedis(b)
	for _, side := range []struct {
		name string
		run  func(b *testing.B, url string) float64
	}{{"asynq", throughAsynq}, {"river", throughRiver}} {
		b.Run(side.name, func(b *testing.B) {
			redis.Flush()
			theirs := side.run(b, url)
			redis.Flush()
			ours := throughStream(b, url)
			b.ReportMetric(0, "ns/op") // of both together: says nothing
			b.ReportMetric(ours, "ours/s")
			b.ReportMetric(theirs, side.name+"/s")
			b.ReportMetric(ours/theirs, "×"+side.name)
		})
	}
}

// work is what each item costs beside its queue: a few microseconds.
func work(id int64) {
	var text [600]byte
	binary.LittleEndian.PutUint64(text[:], uint64(id))
	if sha256.Sum256(text[:]) == ([32]byte{}) {
		panic("a digest of nothing but zeros")
	}
}

const (
	producers = 2
	batch     = 100
)

// produce hands ids 0 to n to announce, in batches, by several goroutines.
func produce(b *testing.B, n int64, announce func(ids []int64) error) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range producers {
		all.Go(func() {
			for {
				from := next.Add(batch) - batch
				if from >= n {
					return
				}
				ids := make([]int64, min(batch, n-from))
				for i := range ids {
					ids[i] = from + int64(i)
				}
				if err := announce(ids); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// counter tells when every item was worked on.
type counter struct {
	left atomic.Int64
	done chan struct{}
}

func newCounter(n int64) *counter {
	c := &counter{done: make(chan struct{})}
	c.left.Store(n)
	return c
}

func (c *counter) count(n int) {
	if c.left.Add(int64(-n)) == 0 {
		close(c.done)
	}
}

// wait ends the benchmark where items are missing after five minutes.
func (c *counter) wait(b *testing.B) {
	select {
	case <-c.done:
	case <-time.After(5 * time.Minute):
		b.Fatalf("%d of %d items did not come", c.left.Load(), b.N)
	}
}

func rate(n int, began time.Time) float64 { return float64(n) / time.Since(began).Seconds() }

func throughStream(b *testing.B, url string) float64 {
	s, err := stream.Open(b.Context(), url, stream.Options{LaneCap: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	seen := newCounter(int64(b.N))
	stop, cancel := context.WithCancel(b.Context())
	var consumers sync.WaitGroup
	for range 2 {
		consumers.Go(func() {
			_ = s.Consume(stop, "analyze", 256, func(_ context.Context, ids []int64) error {
				for _, id := range ids {
					work(id)
				}
				seen.count(len(ids))
				return nil
			})
		})
	}
	began := time.Now()
	produce(b, int64(b.N), func(ids []int64) error { return s.Ring(b.Context(), "analyze", stream.Live, ids...) })
	seen.wait(b)
	per := rate(b.N, began)
	cancel()
	consumers.Wait()
	return per
}

// note is what asynq's and River's items carry: what ours do, an id.
type note struct {
	ID int64 `json:"id"`
}

// Kind implements river.JobArgs.
func (note) Kind() string { return "note" }

// quiet keeps the peers' own logs out of the figures.
type quiet struct{}

func (quiet) Debug(...any)   {}
func (quiet) Info(...any)    {}
func (quiet) Warn(...any)    {}
func (quiet) Error(...any)   {}
func (quiet) Fatal(a ...any) { panic(fmt.Sprint(a...)) }

func throughAsynq(b *testing.B, url string) float64 {
	at := asynq.RedisClientOpt{Addr: strings.TrimSuffix(strings.TrimPrefix(url, "redis://"), "/0")}
	client := asynq.NewClient(at)
	defer client.Close()
	seen := newCounter(int64(b.N))
	server := asynq.NewServer(at, asynq.Config{Concurrency: 64, TaskCheckInterval: 200 * time.Millisecond, Logger: quiet{}, LogLevel: asynq.FatalLevel})
	err := server.Start(asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error {
		var n note
		if err := json.Unmarshal(t.Payload(), &n); err != nil {
			return err
		}
		work(n.ID)
		seen.count(1)
		return nil
	}))
	if err != nil {
		b.Fatal(err)
	}
	defer server.Shutdown()
	began := time.Now()
	produce(b, int64(b.N), func(ids []int64) error {
		for _, id := range ids {
			payload, err := json.Marshal(note{id})
			if err != nil {
				return err
			}
			if _, err := client.Enqueue(asynq.NewTask("note", payload)); err != nil {
				return err
			}
		}
		return nil
	})
	seen.wait(b)
	return rate(b.N, began)
}

type worker struct {
	river.WorkerDefaults[note]
	seen *counter
}

// Work implements river.Worker.
func (w *worker) Work(_ context.Context, job *river.Job[note]) error {
	work(job.Args.ID)
	w.seen.count(1)
	return nil
}

func throughRiver(b *testing.B, _ string) float64 {
	pool := freshDatabase(b)
	defer pool.Close()
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := migrator.Migrate(b.Context(), rivermigrate.DirectionUp, nil); err != nil {
		b.Fatal(err)
	}
	seen := newCounter(int64(b.N))
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{seen: seen})
	client, err := river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 100}}, Workers: workers,
		FetchCooldown: 5 * time.Millisecond, FetchPollInterval: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := client.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	produce(b, int64(b.N), func(ids []int64) error {
		jobs := make([]river.InsertManyParams, len(ids))
		for i, id := range ids {
			jobs[i] = river.InsertManyParams{Args: note{id}}
		}
		_, err := client.InsertManyFast(b.Context(), jobs)
		return err
	})
	seen.wait(b)
	per := rate(b.N, began)
	stop, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := client.Stop(stop); err != nil {
		b.Error(err)
	}
	return per
}

// freshDatabase makes a database of its own on the server that the script started.
func freshDatabase(b *testing.B) *pgxpool.Pool {
	server := os.Getenv("HUIYIN_TEST_POSTGRES")
	if server == "" {
		b.Fatal("no PostgreSQL: run this by make bench-peers")
	}
	config, err := pgxpool.ParseConfig(server)
	if err != nil {
		b.Fatal(err)
	}
	name := fmt.Sprintf("peers_%d", time.Now().UnixNano())
	admin, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.Exec(b.Context(), "CREATE DATABASE "+name); err != nil {
		b.Fatal(err)
	}
	config = config.Copy()
	config.ConnConfig.Database = name
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	return pool
}
