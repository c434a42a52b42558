package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// What BenchmarkScale is told by.
const (
	// scaleEnv names how many items it fills a store with, one number after another: 10000,100000,1000000.
	scaleEnv = "HUIYIN_SCALE"
	// These name databases that it keeps instead of stores of its own: an empty one is filled, one that holds as many
	// items is asked. Only one number of items can be told then.
	scaleSQLiteEnv   = "HUIYIN_SCALE_SQLITE"   // sqlite:PATH
	scalePostgresEnv = "HUIYIN_SCALE_POSTGRES" // postgres://USER@HOST/DB
)

// BenchmarkScale tells how cost grows with the number of items, on both stores: the time to store a message with its item
// and search words, the room on disk, and how long people wait for what: the median and the 95th percentile on the wall,
// and the 95th percentile of the processor time. Each line is one filling of a store, so run it with -benchtime 1x; ns/op
// is the time of all of it.
func BenchmarkScale(b *testing.B) {
	sizes := os.Getenv(scaleEnv)
	if sizes == "" {
		sizes = "2000"
	}
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1000 {
			b.Fatalf("%s: %q is no number of items from 1000", scaleEnv, text)
		}
		b.Run(text, func(b *testing.B) {
			for name, own := range map[string]func(testing.TB, store.Options) *store.DB{scaleSQLiteEnv: storetest.OpenSQLite, scalePostgresEnv: storetest.OpenPostgres} {
				b.Run(strings.ToLower(strings.TrimPrefix(name, scaleEnv+"_")), func(b *testing.B) {
					for range b.N {
						if dsn := os.Getenv(name); dsn != "" {
							measureScale(b, storetest.Open(b, dsn, store.Options{}), n)
						} else {
							measureScale(b, own(b, store.Options{}), n)
						}
					}
				})
			}
		})
	}
}

func measureScale(b *testing.B, db *store.DB, n int) {
	b.Helper()
	var there int64
	mustRead(b, db, func(tx *store.Tx) error {
		var err error
		there, err = tx.CountItems(store.Query{})
		return err
	})
	switch most := int64(n + n/100); {
	case there >= int64(n) && there <= most:
	case there == 0:
		began := time.Now()
		fillScale(b, db, n)
		b.ReportMetric(float64(time.Since(began).Microseconds())/float64(n), "µs/item")
		settle(b, db)
	default:
		b.Fatalf("the database holds %d items: name one that holds none, or %d to %d", there, n, most)
	}
	b.ReportMetric(float64(roomTaken(b, db))/float64(n), "B/item")

	for _, m := range scaleAsks() {
		all := askOften(b, db, m.ask)
		b.ReportMetric(percent(all.wall, 50), m.name+"-p50-ms")
		b.ReportMetric(percent(all.wall, 95), m.name+"-p95-ms")
		b.ReportMetric(percent(all.cpu, 95), m.name+"-p95-cpu-ms")
	}
}

// scaleAsk is something that people wait for.
type scaleAsk struct {
	name string
	ask  func(tx *store.Tx) error
}

func scaleAsks() []scaleAsk {
	r := rand.New(rand.NewPCG(7, 7))
	// From common to rare alike: by rank, not by how often they are written.
	search := func(words, from, to int) store.Query {
		q := store.Query{}
		for range words {
			q.Words = append(q.Words, scaleWord(from+r.IntN(to-from)))
		}
		return q
	}
	return []scaleAsk{
		{"search", func(tx *store.Tx) error { _, err := tx.Items(search(1, 0, scaleWords)); return err }},
		{"search2", func(tx *store.Tx) error { _, err := tx.Items(search(2, 0, scaleWords)); return err }},
		{"middling", func(tx *store.Tx) error { _, err := tx.Items(search(2, 50, 350)); return err }},
		{"three", func(tx *store.Tx) error { _, err := tx.Items(search(3, 0, 100)); return err }},
		{"character", func(tx *store.Tx) error {
			_, err := tx.Items(store.Query{Words: []string{string([]rune(scaleWord(r.IntN(scaleWords)))[1])}})
			return err
		}},
		{"absent", func(tx *store.Tx) error { _, err := tx.Items(store.Query{Words: []string{"没有"}}); return err }},
		{"team", func(tx *store.Tx) error {
			q := search(1, 5000, scaleWords)
			q.Teams = scaleTeams[:1]
			_, err := tx.Items(q)
			return err
		}},
		{"oldweek", func(tx *store.Tx) error {
			q := search(1, 0, 1)
			q.Since = scaleStart.Add(time.Duration(r.Int64N(int64(scaleSpan / 2))))
			q.Until = q.Since.Add(7 * 24 * time.Hour)
			_, err := tx.Items(q)
			return err
		}},
		{"unended", func(tx *store.Tx) error {
			q := search(1, 0, 1)
			q.States = []feedback.State{feedback.New}
			_, err := tx.Items(q)
			return err
		}},
		{"common", func(tx *store.Tx) error {
			_, err := tx.Items(store.Query{Words: []string{scaleWord(0), scaleWord(1)}})
			return err
		}},
		{"list", func(tx *store.Tx) error {
			_, err := tx.Items(store.Query{Teams: []string{scaleTeams[r.IntN(len(scaleTeams))]}, States: []feedback.State{feedback.Closed}})
			return err
		}},
		{"channel", func(tx *store.Tx) error { _, err := tx.Items(store.Query{Channels: []string{scaleRare}}); return err }},
		{"sentiment", func(tx *store.Tx) error { _, err := tx.Items(store.Query{Sentiment: "positive"}); return err }},
		{"usual", func(tx *store.Tx) error {
			_, err := tx.Items(store.Query{Channels: []string{"care"}, Sentiment: "negative", Priority: []feedback.Priority{feedback.P2}})
			return err
		}},
		{"weeklist", func(tx *store.Tx) error {
			q := store.Query{Sentiment: "negative", Since: scaleStart.Add(time.Duration(r.Int64N(int64(scaleSpan / 2))))}
			q.Until = q.Since.Add(7 * 24 * time.Hour)
			_, err := tx.Items(q)
			return err
		}},
		{"far", func(tx *store.Tx) error {
			q := search(1, 0, 1)
			q.Before = int64(1 + r.IntN(1000))
			_, err := tx.Items(q)
			return err
		}},
		{"phrase", func(tx *store.Tx) error {
			word := []rune(scaleWord(r.IntN(300)))
			_, err := tx.Items(store.Query{Phrase: []string{string(word[0]), string(word[1])}})
			return err
		}},
		{"todo", func(tx *store.Tx) error { _, err := tx.Items(store.Query{Live: true, ByDue: true}); return err }},
		{"week", func(tx *store.Tx) error {
			_, err := tx.CountBy(store.Query{Since: scaleStart.Add(scaleSpan - 7*24*time.Hour), Until: scaleStart.Add(scaleSpan)}, "topic")
			return err
		}},
	}
}

// asked is what so many askings took, in milliseconds, the shortest first.
type asked struct {
	wall []float64
	// cpu is the processor time of it, ours and the database server's. Unlike
	// the time on the wall it hardly grows when others use the machine, too.
	cpu []float64
}

// askings is how often each thing is asked.
const askings = 200

func askOften(tb testing.TB, db *store.DB, ask func(tx *store.Tx) error) asked {
	tb.Helper()
	var all asked
	for range askings {
		var before, after time.Duration
		began := time.Now()
		mustRead(tb, db, func(tx *store.Tx) error {
			spent := spender(tb, db, tx)
			before = spent()
			err := ask(tx)
			after = spent()
			return err
		})
		all.wall = append(all.wall, float64(time.Since(began).Microseconds())/1000)
		all.cpu = append(all.cpu, float64((after-before).Microseconds())/1000)
	}
	slices.Sort(all.wall)
	slices.Sort(all.cpu)
	return all
}

// percent returns the value that so many in a hundred do not exceed.
func percent(sorted []float64, n int) float64 { return sorted[len(sorted)*n/100] }

// spender returns a clock of the processor time that this process, and the server's
// process behind tx, have spent so far. Where the server's cannot be seen, since
// it is elsewhere or this is no Linux, it is left out.
func spender(tb testing.TB, db *store.DB, tx *store.Tx) func() time.Duration {
	tb.Helper()
	server := ""
	if db.Dialect() == "postgres" {
		pid, err := tx.Number("SELECT pg_backend_pid()")
		if err != nil {
			tb.Fatal(err)
		}
		server = fmt.Sprintf("/proc/%d/schedstat", pid)
	}
	return func() time.Duration {
		var own syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
			tb.Fatal(err)
		}
		spent := time.Duration(own.Utime.Nano() + own.Stime.Nano())
		if text, err := os.ReadFile(server); err == nil {
			if first, _, ok := strings.Cut(string(text), " "); ok {
				if n, err := strconv.ParseInt(first, 10, 64); err == nil {
					spent += time.Duration(n)
				}
			}
		}
		return spent
	}
}

const scaleWords = 20_000

var (
	scaleTeams  = []string{"care", "logistics", "quality", "shops", "it"}
	scaleTopics = []string{"物流配送", "产品质量", "服务态度", "价格优惠", "退款售后", "包装"}
	scaleStart  = time.Unix(1.7e9, 0)
)

// scaleRare is a channel that hardly anything came through.
const scaleRare = "shop"

// scaleSpan is how long the items took to come in: what came in the last week of it is the same share at every size.
const scaleSpan = 2 * 365 * 24 * time.Hour

// scaleWord is the made-up word of a rank: two characters.
func scaleWord(rank int) string {
	return string([]rune{rune(0x4e00 + rank%3000), rune(0x5e00 + rank/3000*211 + rank%211)})
}

// scaleText is a message of thirty words, as often used as their rank says, and the tokens it is found by.
func scaleText(zipf *rand.Zipf) (text string, tokens []string) {
	words := make([]string, 30)
	for i := range words {
		words[i] = scaleWord(int(zipf.Uint64()))
		for _, r := range words[i] {
			tokens = append(tokens, string(r))
		}
	}
	return strings.Join(words, ""), append(tokens, words...)
}

// fillScale stores n messages, each with its item, in batches as the pipeline does.
func fillScale(b testing.TB, db *store.DB, n int) {
	b.Helper()
	const batch = 200
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.07, 8, scaleWords-1)
	for at := 0; at < n; at += batch {
		messages := make([]*feedback.Message, min(batch, n-at))
		tokens := make([][]string, len(messages))
		for k := range messages {
			m := benchMessage(int64(at + k))
			m.Conversation, m.Author = int64(1+(at+k)/3), int64(1+(at+k)/3)
			m.Text, tokens[k] = scaleText(zipf)
			m.Raw = []byte(`{"text":"` + m.Text + `"}`)
			m.ReceivedAt = scaleStart.Add(time.Duration(float64(scaleSpan) * float64(at+k) / float64(n)))
			messages[k] = m
		}
		mustWrite(b, db, func(tx *store.Tx) error { _, err := tx.InsertMessages(messages); return err })
		mustWrite(b, db, func(tx *store.Tx) error {
			return tx.Together(messages, store.Finishing{}, func() error { return keepScale(tx, messages, tokens, at) })
		})
	}
}

// keepScale gives each message its item.
func keepScale(tx *store.Tx, messages []*feedback.Message, tokens [][]string, at int) error {
	for k, m := range messages {
		i := &feedback.Item{
			Channel: m.Channel, Platform: m.Platform, Kind: m.Kind, Conversation: m.Conversation, Author: m.Author, AuthorName: "王小明",
			State: feedback.Closed, Closure: feedback.DeliverySent, Priority: feedback.Priority(k % 4), Team: scaleTeams[(at+k)%len(scaleTeams)],
			Text: m.Text, Quote: m.Text, CreatedAt: m.ReceivedAt,
			Verdict: feedback.Verdict{Sentiment: []string{"negative", "neutral"}[k%2], Topics: []feedback.Topic{{Name: scaleTopics[(at+k)%len(scaleTopics)], Score: 0.9}}},
		}
		if (at+k)%5000 < 5 { // of a thousand one waits
			i.State, i.Closure, i.DueAt = feedback.New, "", m.ReceivedAt.Add(time.Hour)
		}
		switch (at + k) % 50_000 { // of a million twenty
		case 7:
			i.Verdict.Sentiment = "positive"
		case 11:
			i.Channel = scaleRare
		}
		if err := tx.InsertItem(i); err != nil {
			return err
		}
		if err := tx.IndexItem(i.ID, tokens[k]); err != nil {
			return err
		}
		m.Item, m.Stage = i.ID, feedback.StageDone
	}
	_, err := tx.Finish(messages)
	return err
}

// settle has PostgreSQL look at what is in its tables, as it does by itself a minute later.
func settle(b *testing.B, db *store.DB) {
	b.Helper()
	if db.Dialect() == "postgres" {
		mustWrite(b, db, func(tx *store.Tx) error { _, err := tx.Exec("ANALYZE"); return err })
	}
}

// roomTaken is how many bytes the store takes on disk.
func roomTaken(b *testing.B, db *store.DB) (bytes int64) {
	b.Helper()
	query := "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
	if db.Dialect() == "postgres" {
		query = "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
			"WHERE n.nspname = current_schema() AND c.relkind = 'r'"
	}
	mustRead(b, db, func(tx *store.Tx) error {
		var err error
		bytes, err = tx.Number(query)
		return err
	})
	return bytes
}
