package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
	"github.com/huiyin/huiyin/feedback/sla"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/listeners/webhook"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/nlp/jieba"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

// What a plant is loaded with.
const (
	plantSecret = "a secret of the benchmark"
	plantPost   = 20  // objects in a post
	plantHands  = 32  // connections that post
	plantCard   = 100 // one item in so many is also a card on a chat platform
)

// plant is the whole pipeline as in production, with the real analyzer, segmenter
// and webhook, a team's chat on a platform with limits, and an open board.
type plant struct {
	*works
	rules *desk.Rules
	url   string // what is posted to
	http  *http.Client
	meter *counter
	sent  chan sentCard
	looks atomic.Int64 // how often the board was read anew
}

// counter is the meter of a plant.
type counter struct {
	NoMeter
	analyzed atomic.Int64
}

func (c *counter) Analyzed(n int, _ time.Duration) { c.analyzed.Add(int64(n)) }

// sentCard is a card that reached the platform.
type sentCard struct {
	item int64
	at   time.Time
}

// chatPlatform takes a card in a few milliseconds, as a near platform does.
type chatPlatform struct {
	benchBot
	took time.Duration
	sent chan<- sentCard
}

func (b *chatPlatform) Send(ctx context.Context, p bots.Post) (bots.Sent, error) {
	time.Sleep(b.took)
	if p.Card != nil && b.sent != nil {
		b.sent <- sentCard{p.Card.Item, time.Now()}
	}
	return b.benchBot.Send(ctx, p)
}

// realAnalysis is the analyzer and the segmenter of the program.
var realAnalysis = sync.OnceValues(func() (*nlp.Analyzer, *jieba.Segmenter) {
	seg, err := jieba.New(jieba.Options{})
	if err != nil {
		panic(err)
	}
	a, err := nlp.New(nlp.Options{Segmenter: seg})
	if err != nil {
		panic(err)
	}
	return a, seg
})

// plantRules send what is said about food to the team that has a chat, and the
// rest to the board alone.
func plantRules(tb testing.TB) *desk.Rules {
	tb.Helper()
	rules := storyRules(tb)
	rules.Cards.Fold = 0 // every card is counted
	a, seg := realAnalysis()
	rules.Analyze, rules.Topics = a.Analyze, a.Topics()
	rules.Index = func(text string) []string { return nlp.SearchTokens(seg, text) }
	rules.Query = func(query string) []string { return nlp.QueryTokens(seg, query) }
	tree, problems := route.Compile(route.Node{Team: "care", Routes: []route.Node{{When: `"食品安全" in topics`, Team: "qc"}}},
		route.Known{Topics: a.Topics(), Channels: []string{"care", "hq", "shop"}, Teams: []string{"care", "qc"}})
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	rules.Routes = tree
	rules.Teams["care"].Alerts = nil
	hours, _ := sla.ParseHours([]string{"mon-sun 00:00-24:00"})
	for _, team := range rules.Teams {
		team.Hours = hours
	}
	rules.Channels["shop"] = desk.Channel{Name: "shop", Platform: "webhook", Title: "商城"}
	return rules
}

func newPlant(tb testing.TB, dsn, redis string, took time.Duration) *plant {
	tb.Helper()
	w := newWorks(tb, dsn, redis)
	pl := &plant{works: w, rules: plantRules(tb), meter: &counter{}}
	pl.p.meter = pl.meter
	pl.p.Bind(desk.New(desk.Options{DB: w.db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Bell: w.p, Rules: pl.rules}))
	caps := bots.Caps{TwoWay: true, Team: true, Text: bots.Limit{N: 4096, Unit: bots.UTF16}, PerGroup: bots.Rate{N: 60, Per: time.Second}, Overall: bots.Rate{N: 100, Per: time.Second}}
	platform := &chatPlatform{took: took}
	if took > 0 {
		pl.sent = make(chan sentCard, 1<<16)
		platform.sent = pl.sent
	}
	w.p.AddBot("hq", "slack", caps, platform)
	l, err := webhook.Kind().New(listeners.Env{Name: "shop", Sink: w.p, Log: slog.New(slog.DiscardHandler), Now: time.Now}, &webhook.Options{Secret: plantSecret})
	if err != nil {
		tb.Fatal(err)
	}
	w.p.AddListener("shop", "webhook", l)
	receiver, ok := l.(listeners.Receiver)
	if !ok {
		tb.Fatal("the webhook is no receiver")
	}
	server := httptest.NewServer(receiver.Handler())
	tb.Cleanup(server.Close)
	pl.url, pl.http = server.URL, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}
	return pl
}

// run has the pipeline at work, and a board open, until stop is called.
func (pl *plant) run(tb testing.TB) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	news, err := pl.p.stream.Subscribe(ctx, TopicItems)
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- pl.p.Run(ctx, Roles{Pipeline: true}) }()
	board := make(chan struct{})
	go func() {
		defer close(board)
		for range news {
			_ = pl.db.Read(ctx, func(tx *store.Tx) error {
				_, err := tx.Items(store.Query{Live: true, Limit: 50})
				return err
			})
			pl.looks.Add(1)
			pause(ctx, 500*time.Millisecond) // as a page does
			drain(news)
		}
	}()
	return func() {
		cancel()
		<-board
		if err := <-done; err != nil {
			tb.Error(err)
		}
	}
}

// object is one thing that is posted.
type object struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Kind   string `json:"kind"`
	Author person `json:"author"`
}

type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// said is what the n-th customer says: made up of parts, so that no two of the
// next few thousand are the same.
func said(n int) string {
	what := []string{"快递太慢了，等了三天还没收到", "客服态度很好，问题很快就解决了", "咖啡洒了一半，杯子也是坏的", "申请退款一直没人处理", "门店环境不错，就是排队有点久", "新出的拿铁挺好喝，会再来", "App 总是闪退，优惠券也用不了", "外卖少送了一杯，联系不上骑手"}
	more := []string{"，希望你们尽快处理", "，谢谢", "，已经是第二次了", "，麻烦帮我查一下", "，朋友推荐来的", "，电话打了五次都没人接", "，其他都还可以"}
	where := []string{"徐家汇店", "人民广场店", "五道口店", "天河城店", "春熙路店"}
	text := what[n%len(what)] + more[n/8%len(more)] + "。" + where[n/56%len(where)] + "，订单号 2026" + strconv.Itoa(1e6+n) + "。"
	if n%plantCard == 0 {
		text = "蛋糕里吃出异物，怀疑过期了，" + text
	}
	return text
}

// post sends objects as a shop's system would, and returns when they were taken.
func (pl *plant) post(ctx context.Context, objects []object) error {
	body, err := json.Marshal(objects)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, pl.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set(webhook.TimestampHeader, stamp)
	r.Header.Set(webhook.SignatureHeader, webhook.Sign(plantSecret, stamp, body))
	answer, err := pl.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || !strings.Contains(string(text), fmt.Sprintf(`"accepted":%d`, len(objects)))) {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return err
}

func objectOf(n int) object {
	who := strconv.Itoa(n % 50_000)
	return object{ID: "o" + strconv.Itoa(n), Text: said(n), Kind: "review", Author: person{ID: who, Name: "顾客" + who}}
}

// flood has n objects posted as fast as they are taken, and returns when all of
// them are items.
func (pl *plant) flood(tb testing.TB, n int) {
	tb.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range plantHands {
		wg.Go(func() {
			for {
				to := int(next.Add(plantPost))
				from := to - plantPost
				if from >= n {
					return
				}
				objects := make([]object, 0, plantPost)
				for i := from; i < min(to, n); i++ {
					objects = append(objects, objectOf(i))
				}
				if err := pl.post(tb.Context(), objects); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for deadline := time.Now().Add(5 * time.Minute); pl.meter.analyzed.Load() < int64(n); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("%d of %d analysed", pl.meter.analyzed.Load(), n)
		}
	}
}

// BenchmarkSustained: posts of twenty objects over HTTP, as fast as they are
// taken; each object becomes an item on the board, analysed, routed, indexed and
// on the clock, and one in a hundred also a card on a chat platform with limits.
// Reported are items a second; the processor time of everything (this process,
// the load included, and the servers') an item; and how that compares to the
// floor: the analysis of the same texts, their share of one batched commit that
// writes the same rows, and one delivery.
func BenchmarkSustained(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres+redis"} {
		b.Run(engine, func(b *testing.B) {
			var dsn, redis string
			used := ownTime
			if engine == "sqlite" {
				dsn = storetest.SQLiteDSN(b)
			} else {
				dsn = storetest.PostgresDSN(b)
				redis, _ = streamtest.StartRedis(b)
				used = timeOf(b, dsn, redis)
			}
			pl := newPlant(b, dsn, redis, 0)
			stop := pl.run(b)
			defer stop()
			b.ReportAllocs()
			b.ResetTimer()
			began := used()
			pl.flood(b, b.N)
			spent := used() - began
			b.StopTimer()
			floor := pl.floor(b, used, min(b.N, 5000))
			each := spent / time.Duration(b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
			b.ReportMetric(float64(each)/1e3, "cpu-µs/item")
			b.ReportMetric(float64(floor)/1e3, "floor-µs/item")
			b.ReportMetric(float64(each)/float64(floor), "x-floor")
		})
	}
}

// floor is the least that n items can cost: see BenchmarkSustained.
func (pl *plant) floor(b *testing.B, used func() time.Duration, n int) time.Duration {
	b.Helper()
	began := used()
	changes := make([]desk.Incoming, n)
	for i := range changes {
		text := said(i)
		changes[i] = desk.Incoming{Verdict: pl.rules.Analyze(text), Tokens: pl.rules.Index(text)}
	}
	for from := 0; from < n; from += analyzeBatch {
		if err := pl.commit(b, changes, from, min(from+analyzeBatch, n)); err != nil {
			b.Fatal(err)
		}
	}
	news, err := pl.p.stream.Subscribe(b.Context(), "floor")
	if err != nil {
		b.Fatal(err)
	}
	for range n {
		if err := pl.p.stream.Publish(b.Context(), "floor", []byte("1")); err != nil {
			b.Fatal(err)
		}
		<-news
	}
	return (used() - began) / time.Duration(n)
}

// commit writes what items from to to leave behind, each row once.
func (pl *plant) commit(b *testing.B, changes []desk.Incoming, from, to int) error {
	now := time.Now().UTC()
	return pl.db.Write(b.Context(), func(tx *store.Tx) error {
		n := to - from
		authors, ms := make([]*feedback.Author, n), make([]*feedback.Message, n)
		for i := range n {
			o := objectOf(1<<30 + from + i)
			authors[i] = &feedback.Author{Channel: "floor", External: o.Author.ID, Name: o.Author.Name, CreatedAt: now}
			ms[i] = &feedback.Message{
				Channel: "floor", External: o.ID, Platform: "webhook", Direction: feedback.In, Kind: feedback.KindReview, Text: said(from + i),
				Raw: []byte(`{"id":"` + o.ID + `","text":"` + said(from+i) + `"}`), Lane: feedback.Live, Stage: feedback.StageDone, PostedAt: now, ReceivedAt: now,
			}
		}
		if err := tx.UpsertAuthors(authors); err != nil {
			return err
		}
		for i := range n {
			ms[i].Author = authors[i].ID
		}
		if _, err := tx.InsertMessages(ms); err != nil {
			return err
		}
		return tx.Together(ms, store.Finishing{}, func() error {
			for i, m := range ms {
				v := changes[from+i].Verdict
				item := &feedback.Item{
					Channel: m.Channel, Platform: m.Platform, Kind: m.Kind, Author: m.Author, State: feedback.New, Team: "care", Text: m.Text, Quote: m.Text[:30],
					Verdict: feedback.Verdict{Lang: v.Lang, Sentiment: v.Sentiment, Score: v.Score, Intent: v.Intent, Keywords: v.Keywords, Hazards: v.Hazards, Print: v.Print, Model: v.Model},
					Receipt: feedback.DeliveryNone, Closure: feedback.DeliveryNone, CreatedAt: now, PostedAt: now, UpdatedAt: now, DueAt: now.Add(time.Hour),
				}
				for _, t := range v.Topics {
					item.Verdict.Topics = append(item.Verdict.Topics, feedback.Topic(t))
				}
				for _, e := range v.Evidence {
					item.Verdict.Evidence = append(item.Verdict.Evidence, feedback.Evidence(e))
				}
				if err := tx.InsertItem(item); err != nil {
					return err
				}
				if err := tx.IndexItem(item.ID, changes[from+i].Tokens); err != nil {
					return err
				}
				if _, err := tx.AddEvent(&feedback.Event{Item: item.ID, At: now, Kind: "created", Data: map[string]string{"team": "care", "message": strconv.FormatInt(m.ID, 10), "priority": "P2"}}); err != nil {
					return err
				}
				if v.Sentiment != "negative" {
					continue
				}
				for _, kind := range []string{desk.TimerHalf, desk.TimerOverdue} {
					if err := tx.SetTimer(store.Timer{Item: item.ID, Kind: kind, Due: now.Add(time.Hour)}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	})
}
