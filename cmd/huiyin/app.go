package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/nlp/jieba"
	"github.com/huiyin/huiyin/outbound"
	"github.com/huiyin/huiyin/pipeline"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
	"github.com/huiyin/huiyin/store/spool"
	"github.com/huiyin/huiyin/store/stream"
	"github.com/huiyin/huiyin/web"
)

// platformTimeout bounds one request to a platform; files get longer.
const platformTimeout = 60 * time.Second

// openPatience is how long the start waits for the database before it goes on
// without it.
const openPatience = 5 * time.Second

// roles are the parts of the program that a process runs.
type roles struct{ pipeline, web, bots, listeners bool }

// app is the running program. It is built in one straight line by newApp and
// taken down in reverse.
type app struct {
	cfg      *config.Config
	cli      *cli
	log      *slog.Logger
	clock    *clock
	now      func() time.Time // the clock's
	roles    roles
	db       *store.DB
	late     <-chan error  // yields how the opening of a database ended that was not there at the start; nil: it was
	opened   chan struct{} // closed once the database is open and settled
	spool    *spool.Spool  // nil: nothing is kept on disk
	stream   stream.Stream
	files    *files.Files
	seg      segmenter
	mind     *nlp.Live
	desk     *desk.Service
	pipeline *pipeline.Pipeline
	pages    *web.Server
	meter    *meter
	inbound  map[string]http.Handler
	bots     map[string]bots.Bot
	sources  map[string]any
	channels map[string]desk.Channel

	sweeper  atomic.Pointer[pipeline.Pipeline]
	teardown []step
	once     sync.Once
}

// step is one named part of the teardown.
type step struct {
	name string
	fn   func(ctx context.Context) error
}

// onStop registers a step right after what it undoes was done.
func (a *app) onStop(name string, fn func(ctx context.Context) error) {
	a.teardown = append(a.teardown, step{name, fn})
}

// stop takes everything down, the last first, each step named and bounded.
func (a *app) stop() {
	a.once.Do(func() {
		for i := len(a.teardown) - 1; i >= 0; i-- {
			s := a.teardown[i]
			ctx, cancel := context.WithTimeout(context.Background(), a.cfg.Advanced.Stop)
			if err := s.fn(ctx); err != nil {
				a.log.Warn("a part did not stop cleanly", "part", s.name, "err", err)
			}
			cancel()
		}
	})
}

// newApp builds the program from a configuration. Where it fails, what was
// built is taken down again.
func newApp(ctx context.Context, c *cli, cfg *config.Config, r roles, log *slog.Logger) (_ *app, err error) {
	a := &app{
		cfg: cfg, cli: c, log: log, clock: newClock(log), roles: r, meter: newMeter(), opened: make(chan struct{}),
		inbound: map[string]http.Handler{}, bots: map[string]bots.Bot{}, sources: map[string]any{}, channels: map[string]desk.Channel{},
	}
	a.now = a.clock.now
	defer func() {
		if err != nil {
			a.stop()
		}
	}()
	for _, build := range []func(context.Context) error{a.lock, a.openSpool, a.openStore, a.openStream, a.openFiles, a.openDesk, a.openChannels, a.openPages} {
		if err := build(ctx); err != nil {
			return nil, err
		}
	}
	if a.late == nil {
		if err := a.settle(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// lock makes sure that one serve works on an embedded database, or on a
// PostgreSQL without Redis: two would not hear each other's doorbells.
func (a *app) lock(context.Context) error {
	path, ok := strings.CutPrefix(a.cfg.Storage.Database.Reveal(), "sqlite:")
	if !ok {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("the folder of the database: %w", err)
	}
	lock := flock.New(path + ".serve.lock")
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	if !held {
		return fmt.Errorf("another huiyin serve works with %s: stop it first, or use PostgreSQL and Redis to run several", path)
	}
	a.onStop("lock", func(context.Context) error { return lock.Unlock() })
	return nil
}

// openStore opens the database. A process that takes what is pushed starts
// without one, too: it keeps that on disk until the database is there.
func (a *app) openStore(ctx context.Context) error {
	dsn, o := a.cfg.Storage.Database.Reveal(), store.Options{Log: a.log, Now: a.now, Failpoint: failpoint}
	if a.spool == nil {
		db, err := store.Open(ctx, dsn, o)
		if err != nil {
			return err
		}
		a.keepStore(db)
		return nil
	}
	db, settled, err := store.OpenLater(ctx, dsn, o, openPatience)
	if err != nil {
		return err
	}
	a.keepStore(db)
	select {
	case err := <-settled:
		return err
	default:
		a.late = settled
		a.log.Warn("the database is not there yet: what is pushed is kept on disk, everything else waits for it")
		return nil
	}
}

func (a *app) keepStore(db *store.DB) {
	a.db = db
	a.onStop("database", func(context.Context) error { return db.Close() })
}

// settle does what has to be done with an open database before work begins.
func (a *app) settle(ctx context.Context) error {
	if err := a.keepClock(ctx); err != nil {
		return err
	}
	if a.db.Dialect() == "postgres" && a.cfg.Storage.Redis == "" {
		if err := a.lockAlone(ctx); err != nil {
			return err
		}
	}
	if err := a.knowInstallation(ctx); err != nil {
		return err
	}
	if err := a.syncStaff(ctx, a.cfg); err != nil {
		return err
	}
	if err := a.pipeline.LoadModel(ctx); err != nil {
		return err
	}
	close(a.opened)
	return nil
}

// waitAlone takes the lease of the only serve. One that was killed a moment ago
// still has it until it runs out; one that lives renews it, and is not outwaited.
func (a *app) waitAlone(ctx context.Context, take func(context.Context) (bool, error)) error {
	until := a.now().Add(a.cfg.Advanced.Lease * 4)
	for said := false; ; said = true {
		ok, err := take(ctx)
		if ok || err != nil {
			return err
		}
		if a.now().After(until) {
			return errors.New("another huiyin serve works with this database: set storage.redis to run several")
		}
		if !said {
			a.log.Info("another serve works with this database, or was killed a moment ago: waiting", "at_most", a.cfg.Advanced.Lease*4)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(a.cfg.Advanced.Lease / 5):
		}
	}
}

// lockAlone holds a lease for as long as the process lives: without Redis, one
// serve works on a PostgreSQL.
func (a *app) lockAlone(ctx context.Context) error {
	alone := processName()
	var lease store.Lease
	take := func(ctx context.Context) (bool, error) {
		var ok bool
		err := a.db.Write(ctx, func(tx *store.Tx) error {
			var err error
			lease, ok, err = tx.AcquireLease("serve", alone, a.cfg.Advanced.Lease*3, a.now())
			return err
		})
		return ok, err
	}
	if err := a.waitAlone(ctx, take); err != nil {
		return err
	}
	keep, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(a.cfg.Advanced.Lease)
		defer t.Stop()
		for {
			select {
			case <-keep.Done():
				return
			case <-t.C:
				if _, err := take(keep); err != nil && keep.Err() == nil {
					a.log.Warn("the lease of the only serve was not renewed", "err", err)
				}
			}
		}
	}()
	a.onStop("lease", func(ctx context.Context) error {
		cancel()
		<-done
		return a.db.Write(ctx, func(tx *store.Tx) error { return tx.ReleaseLease(lease) })
	})
	return nil
}

func (a *app) openStream(ctx context.Context) error {
	s, err := stream.Open(ctx, a.cfg.Storage.Redis.Reveal(), stream.Options{
		Prefix: "hy", Log: a.log,
		OnGap: func() {
			// It may come before the pipeline is there, which sweeps when it
			// starts.
			if p := a.sweeper.Load(); p != nil {
				p.Sweep()
			}
		},
	})
	if err != nil {
		return err
	}
	a.stream = s
	a.onStop("stream", func(context.Context) error { return s.Close() })
	return nil
}

func (a *app) openFiles(context.Context) error {
	f, err := files.Open(a.cfg.Storage.Files, filesOptions(a.cfg))
	if err != nil {
		return err
	}
	a.files = f
	a.onStop("files", func(context.Context) error { return f.Close() })
	return nil
}

func filesOptions(cfg *config.Config) files.Options {
	return files.Options{MaxFile: int64(cfg.Files.MaxSize), MaxTotal: int64(cfg.Files.MaxTotal)}
}

// openDesk loads the dictionary and the analysis, then desk and pipeline.
func (a *app) openDesk(context.Context) error {
	analyzer, err := a.openAnalyzer(a.cfg)
	if err != nil {
		return err
	}
	keys, err := keysOf(a.cfg)
	if err != nil {
		return err
	}
	a.mind = nlp.NewLive(analyzer)
	rules := deskRules(a.cfg, a.mind, a.seg, a.channels)
	a.pipeline = pipeline.New(pipeline.Options{
		DB: a.db, Stream: a.stream, Files: a.files, Log: a.log, Now: a.now, Holder: processName(), Timing: timing(a.cfg), Meter: a.meter, Fresh: a.cfg.Desk.Fresh, KeepDone: a.cfg.Storage.Keep,
		DayQuota: int64(a.cfg.Files.MaxPerDay),
		Spool:    pipeline.Spool{Spool: a.spool, Orphans: a.orphans}, Opened: a.opened,
		Mind:      a.mind,
		Failpoint: failpoint,
	})
	a.desk = desk.New(desk.Options{DB: a.db, Now: a.now, Log: a.log, Bell: a.pipeline, Rules: rules, Keys: keys})
	a.pipeline.Bind(a.desk)
	a.sweeper.Store(a.pipeline)
	return nil
}

func (a *app) openAnalyzer(cfg *config.Config) (*nlp.Analyzer, error) {
	if a.seg == nil {
		seg, err := openSegmenter(cfg)
		if err != nil {
			return nil, err
		}
		a.seg = seg
	} else if err := a.seg.SetWords(userWords(cfg)); err != nil {
		return nil, err
	}
	return nlp.New(analyzerOptions(cfg, a.seg))
}

// segmenter is what cuts words. Its own words may change while it is used.
type segmenter interface {
	nlp.Segmenter
	SetWords(words []string) error
}

// openSegmenter loads the dictionary. What gojieba needs beside it is kept with the
// data.
func openSegmenter(cfg *config.Config) (segmenter, error) {
	nlp.Prepare()
	o := jieba.Options{Words: userWords(cfg), Full: cfg.Advanced.Dictionary == "full"}
	if cfg.Advanced.Segmenter != "gojieba" {
		return jieba.New(o)
	}
	if path, ok := strings.CutPrefix(cfg.Storage.Database.Reveal(), "sqlite:"); ok {
		o.Dir = filepath.Join(filepath.Dir(path), "dict")
	}
	return jieba.NewGojieba(o)
}

func timing(cfg *config.Config) pipeline.Timing {
	t := pipeline.DefaultTiming()
	t.Lease, t.Poll, t.Reconcile = cfg.Advanced.Lease, cfg.Advanced.Poll, cfg.Advanced.Reconcile
	t.SendBudget, t.RetryMax, t.RetryFor = cfg.Advanced.SendTimeout, cfg.Advanced.RetryMax, cfg.Advanced.RetryFor
	t.Grace, t.SpoolAfter, t.Learn = cfg.Advanced.Stop/2, cfg.Advanced.SpoolAfter, cfg.Advanced.Learn
	return t
}

// processName names this process in leases.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return fmt.Sprintf("%s-%d-%d", host, os.Getpid(), time.Now().UnixNano())
}

// syncStaff brings colleagues of the configuration into the database.
func (a *app) syncStaff(ctx context.Context, cfg *config.Config) error {
	return a.db.Write(ctx, func(tx *store.Tx) error {
		for _, s := range cfg.Staff {
			st, err := tx.StaffByName(s.Name)
			if errors.Is(err, feedback.ErrNotFound) {
				st, err = &feedback.Staff{Name: s.Name}, nil
			}
			if err != nil {
				return err
			}
			st.ShownAs, st.Role, st.Team = s.ShownAs, s.FeedbackRole(), s.Team
			if err := tx.SaveStaff(st); err != nil {
				return err
			}
			for bot, account := range s.Accounts {
				if err := tx.LinkAccount(st.ID, bot, account); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// openChannels builds every bot and listener.
func (a *app) openChannels(context.Context) error {
	texts, _ := phrase.New(a.cfg.Texts, a.cfg.Brand.Language)
	menu := desk.Menu(texts)
	for _, ch := range a.cfg.Bots {
		kind, b, err := a.newBot(ch, menu)
		if err != nil {
			return fmt.Errorf("bot %s: %w", ch.Name, err)
		}
		a.bots[ch.Name] = b
		a.channels[ch.Name] = channelOf(a.cfg, ch, kind, b)
		a.pipeline.AddBot(ch.Name, kind.Name, kind.Caps, b)
		if h, ok := b.(bots.Receiver); ok {
			a.inbound[ch.Name] = h.Handler()
		}
	}
	for _, ch := range a.cfg.Listeners {
		kind, l, err := a.newListener(ch)
		if err != nil {
			return fmt.Errorf("listener %s: %w", ch.Name, err)
		}
		a.sources[ch.Name] = l
		a.channels[ch.Name] = desk.Channel{Name: ch.Name, Platform: kind.Name, Title: titleOf(a.cfg, ch, kind.Title, kind.TitleEN), Keep: ch.Keep}
		a.pipeline.AddListener(ch.Name, kind.Name, l)
		if h, ok := l.(listeners.Receiver); ok {
			a.inbound[ch.Name] = h.Handler()
		}
	}
	return nil
}

func (a *app) newBot(ch config.Channel, menu []bots.MenuEntry) (bots.Kind, bots.Bot, error) {
	for _, kind := range botKinds() {
		if kind.Name != ch.Type {
			continue
		}
		env := bots.Env{
			Name: ch.Name, Inbox: a.pipeline, Log: a.log.With("channel", ch.Name), Now: a.now, Menu: menu, Files: a.files,
			PublicURL: strings.TrimRight(a.cfg.Web.PublicURL, "/"),
			HTTP:      outbound.Trusted(addressOf(ch.Options), a.cfg.Network.Allow, platformTimeout),
			Content:   outbound.Guarded(a.cfg.Network.Allow, platformTimeout),
		}
		b, err := kind.New(env, ch.Options)
		return kind, b, err
	}
	return bots.Kind{}, nil, fmt.Errorf("unknown type %q", ch.Type)
}

func (a *app) newListener(ch config.Channel) (listeners.Kind, any, error) {
	for _, kind := range listenerKinds() {
		if kind.Name != ch.Type {
			continue
		}
		env := listeners.Env{
			Name: ch.Name, Sink: a.pipeline, Log: a.log.With("channel", ch.Name), Now: a.now,
			HTTP: outbound.Trusted(addressOf(ch.Options), a.cfg.Network.Allow, platformTimeout),
		}
		l, err := kind.New(env, ch.Options)
		return kind, l, err
	}
	return listeners.Kind{}, nil, fmt.Errorf("unknown type %q", ch.Type)
}

// addressOf returns the address that the operator wrote into a channel's
// options: its `api_url` or `url`, or the kind's default of it.
func addressOf(options any) string {
	v := reflect.Indirect(reflect.ValueOf(options))
	if v.Kind() != reflect.Struct {
		return ""
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if (name == "api_url" || name == "url") && v.Field(i).Kind() == reflect.String {
			return v.Field(i).String()
		}
	}
	return ""
}

// openPages builds the web server's handler.
func (a *app) openPages(context.Context) error {
	a.pages = web.New(web.Options{
		DB: a.db, Files: a.files, Stream: a.stream, Inbox: a.pipeline, Desk: board{a.desk}, Ready: a.ready, Waiting: a.waiting, Now: a.now, Log: a.log, Site: a.site(a.cfg),
	})
	return nil
}

// listen opens the listeners of web and metrics, and serves until the teardown.
func (a *app) listen() (addr string, err error) {
	if a.cfg.Web.MetricsListen != "" {
		if _, err := a.serveHTTP("metrics", a.cfg.Web.MetricsListen, &http.Server{
			Handler: a.meter.handler(a), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
			IdleTimeout: 60 * time.Second, MaxHeaderBytes: 16 << 10,
		}); err != nil {
			return "", err
		}
	}
	if !a.roles.web {
		return "", nil
	}
	addr, err = a.serveHTTP("web", a.cfg.Web.Listen, a.pages.HTTPServer())
	if err != nil {
		return "", err
	}
	a.onStop("open pages", func(context.Context) error { a.pages.Stop(); return nil })
	if strings.HasSuffix(a.cfg.Web.PublicURL, ":0") {
		// A free port was asked for, and links are to lead to it.
		a.cfg.Web.PublicURL = "http://" + addr
		rules := *a.desk.Rules()
		rules.PublicURL = a.cfg.Web.PublicURL
		a.desk.SetRules(&rules)
		a.pages.SetSite(a.site(a.cfg))
	}
	return addr, nil
}

func (a *app) serveHTTP(name, address string, srv *http.Server) (string, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", address)
	if err != nil {
		return "", fmt.Errorf("listen for %s on %s: %w (another program may use it: change %s in the configuration)", name, address, err, map[string]string{"web": "web.listen", "metrics": "web.metrics_listen"}[name])
	}
	srv.ErrorLog = slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("web server ended", "server", name, "err", err)
		}
	}()
	a.onStop(name, func(ctx context.Context) error {
		err := srv.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, srv.Close())
		}
		<-done
		return err
	})
	return ln.Addr().String(), nil
}

// newLog makes the log: ids only, on standard error.
func newLog(cfg *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
