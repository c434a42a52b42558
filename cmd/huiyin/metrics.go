package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/huiyin/huiyin/store"
)

// meter keeps the figures of /metrics. It implements pipeline.Meter.
type meter struct {
	registry    *prometheus.Registry
	received    *prometheus.CounterVec
	spooled     *prometheus.CounterVec
	analyzed    prometheus.Counter
	analyzeTime prometheus.Histogram
	sent        *prometheus.CounterVec
	quarantined prometheus.Counter
	latency     *prometheus.HistogramVec
	reloads     *prometheus.CounterVec
}

func newMeter() *meter {
	m := &meter{registry: prometheus.NewRegistry()}
	m.received = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "huiyin_received_total", Help: "Messages and entries stored, by channel."}, []string{"channel"})
	m.analyzed = prometheus.NewCounter(prometheus.CounterOpts{Name: "huiyin_analyzed_total", Help: "Messages analysed and routed."})
	m.analyzeTime = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "huiyin_analyze_batch_seconds", Help: "Time of one batch through analysis and routing.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)})
	m.spooled = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "huiyin_spooled_total", Help: "Messages kept on disk because the database was away, by channel."}, []string{"channel"})
	m.sent = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "huiyin_sent_total", Help: "Requests to platforms, by channel, kind and outcome."}, []string{"channel", "kind", "outcome"})
	m.quarantined = prometheus.NewCounter(prometheus.CounterOpts{Name: "huiyin_quarantined_total", Help: "Messages set aside after too many failures."})
	m.latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "huiyin_latency_seconds", Help: "Time from receiving to a stage.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 16)}, []string{"stage"})
	m.reloads = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "huiyin_reloads_total", Help: "Reloads of the configuration, by outcome."}, []string{"outcome"})
	m.registry.MustRegister(m.received, m.spooled, m.analyzed, m.analyzeTime, m.sent, m.quarantined, m.latency, m.reloads,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Received implements pipeline.Meter.
func (m *meter) Received(channel string, n int) { m.received.WithLabelValues(channel).Add(float64(n)) }

// Spooled implements pipeline.Meter.
func (m *meter) Spooled(channel string, n int) { m.spooled.WithLabelValues(channel).Add(float64(n)) }

// Analyzed implements pipeline.Meter.
func (m *meter) Analyzed(n int, took time.Duration) {
	m.analyzed.Add(float64(n))
	m.analyzeTime.Observe(took.Seconds())
}

// Sent implements pipeline.Meter.
func (m *meter) Sent(bot, kind, fate string) { m.sent.WithLabelValues(bot, kind, fate).Inc() }

// Quarantined implements pipeline.Meter.
func (m *meter) Quarantined(n int) { m.quarantined.Add(float64(n)) }

// Latency implements pipeline.Meter.
func (m *meter) Latency(stage string, d time.Duration) {
	m.latency.WithLabelValues(stage).Observe(d.Seconds())
}

// handler serves /metrics, with the backlog read when it is asked for.
func (m *meter) handler(a *app) http.Handler {
	m.registry.MustRegister(&backlog{app: a})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// backlog collects how much work waits.
type backlog struct{ app *app }

var (
	unfinishedDesc  = prometheus.NewDesc("huiyin_unfinished", "Messages not yet analysed, by lane.", []string{"lane"}, nil)
	outboxDesc      = prometheus.NewDesc("huiyin_outbox", "Outbox rows, by state.", []string{"state"}, nil)
	outboxAgeDesc   = prometheus.NewDesc("huiyin_outbox_age_seconds", "Age of the oldest outbox row that is due.", nil, nil)
	lagDesc         = prometheus.NewDesc("huiyin_lag_seconds", "Age of the oldest message not yet analysed.", nil, nil)
	heldDesc        = prometheus.NewDesc("huiyin_quarantine", "Messages that wait for a person to look at them.", nil, nil)
	attachmentsDesc = prometheus.NewDesc("huiyin_attachments_pending", "Attachments not yet fetched.", nil, nil)
	spoolDepthDesc  = prometheus.NewDesc("huiyin_spool_depth", "Messages on this process's disk spool, waiting for the database.", nil, nil)
	spoolBytesDesc  = prometheus.NewDesc("huiyin_spool_bytes", "Size of this process's disk spool.", nil, nil)
	spoolAgeDesc    = prometheus.NewDesc("huiyin_spool_oldest_seconds", "Age of the oldest message on this process's disk spool.", nil, nil)
	spoolAsideDesc  = prometheus.NewDesc("huiyin_spool_quarantine", "Records of this process's disk spool that were set aside.", nil, nil)
	channelDesc     = prometheus.NewDesc("huiyin_channel_up", "1 where the channel works.", []string{"channel"}, nil)
)

// Describe implements prometheus.Collector.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{unfinishedDesc, outboxDesc, outboxAgeDesc, lagDesc, heldDesc, attachmentsDesc, spoolDepthDesc, spoolBytesDesc, spoolAgeDesc, spoolAsideDesc, channelDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	age := func(t time.Time) float64 {
		if t.IsZero() {
			return 0
		}
		return max(b.app.now().Sub(t).Seconds(), 0)
	}
	held, _ := b.app.pipeline.Waiting()
	gauge(spoolDepthDesc, float64(held.Depth))
	gauge(spoolBytesDesc, float64(held.Bytes))
	gauge(spoolAgeDesc, age(held.Oldest))
	gauge(spoolAsideDesc, float64(held.Quarantined))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var waits store.Backlog
	err := b.app.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		waits, err = tx.Backlog()
		return err
	})
	if err != nil {
		b.app.log.Warn("backlog not read for metrics", "err", err)
		return
	}
	gauge(unfinishedDesc, float64(waits.Live), "live")
	gauge(unfinishedDesc, float64(waits.History), "history")
	for state, n := range waits.Outbox {
		gauge(outboxDesc, float64(n), string(state))
	}
	gauge(outboxAgeDesc, age(waits.OldestOutbox))
	gauge(lagDesc, age(waits.OldestLive))
	gauge(heldDesc, float64(waits.Quarantined))
	gauge(attachmentsDesc, float64(waits.Attachments))
	for name, h := range b.app.pipeline.Channels() {
		up := 0.0
		if h.OK {
			up = 1
		}
		gauge(channelDesc, up, name)
	}
}
