package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/pipeline"
	"github.com/huiyin/huiyin/store"
)

// adminCodeFor is how long the first sign-in code works.
const adminCodeFor = 30 * time.Minute

// serve runs the program until it is told to stop.
func serve(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("serve")
	only := fs.String("only", "", c.tr("只跑其中的 `角色`：pipeline、web、bots、listeners，用逗号隔开", "run some `roles` only: pipeline, web, bots, listeners"))
	if _, err := c.flags(fs, args, 0); err != nil {
		return err
	}
	r, err := readRoles(*only)
	if err != nil {
		return err
	}
	// From here on: a SIGHUP that nobody listens for would end the process.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	log := newLog(cfg, c.err)
	a, err := newApp(ctx, c, cfg, r, log)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer a.stop()
	addr, err := a.listen()
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- a.pipeline.Run(running, pipeline.Roles{Pipeline: r.pipeline, Bots: r.bots, Listeners: r.listeners})
	}()
	a.onStop("pipeline", func(stop context.Context) error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-stop.Done():
			return fmt.Errorf("work in hand did not finish in time: it will be taken up again")
		}
	})
	hello := func() error { return a.hello(ctx, addr) }
	if a.late == nil {
		if err := hello(); err != nil {
			return unlessStopped(ctx, err)
		}
	}
	for {
		select {
		case <-ctx.Done():
			log.Info("stopping")
			return nil
		case err := <-a.late:
			a.late = nil
			if err == nil {
				err = a.settle(ctx)
			}
			if err == nil {
				log.Info("the database is there")
				err = hello()
			}
			if err != nil {
				return unlessStopped(ctx, err)
			}
		case <-a.db.Superseded():
			return fmt.Errorf("%w: it was brought up to date while this program was at work: replace this program, too, and start it again (nothing that was acknowledged is lost)", store.ErrNewerSchema)
		case <-hup:
			a.reload(ctx)
		}
	}
}

// unlessStopped returns err, unless it says only that the program was told to
// stop while it was still starting: that is no failure.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func readRoles(only string) (roles, error) {
	if only == "" {
		return roles{true, true, true, true}, nil
	}
	var r roles
	for _, name := range strings.Split(only, ",") {
		switch strings.TrimSpace(name) {
		case "pipeline":
			r.pipeline = true
		case "web":
			r.web = true
		case "bots":
			r.bots = true
		case "listeners":
			r.listeners = true
		default:
			return r, fmt.Errorf("%w: there is no role %q: pipeline, web, bots, listeners", errUsage, name)
		}
	}
	return r, nil
}

// hello says where everything is and, while no admin has signed in, how to.
func (a *app) hello(ctx context.Context, addr string) error {
	if !a.roles.web {
		a.log.Info("ready", "roles", fmt.Sprintf("%+v", a.roles))
		return nil
	}
	base := strings.TrimRight(a.cfg.Web.PublicURL, "/")
	if base == "" {
		base = "http://" + addr
	}
	zh := a.cli.lang != "en"
	say := func(zhText, enText string) {
		if zh {
			fmt.Fprintln(a.cli.out, zhText)
		} else {
			fmt.Fprintln(a.cli.out, enText)
		}
	}
	say("回音准备好了。", "Huiyin is ready.")
	for _, b := range a.cfg.Bots {
		if b.Type == "web" {
			say("  客户页面  "+base+"/c", "  Customers  "+base+"/c")
			break
		}
	}
	say("  团队看板  "+base+"/", "  Team board "+base+"/")
	code, err := a.firstCode(ctx)
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome) {
		// What is pushed to us is taken all the same: that is no reason to end.
		a.log.Warn("the code for a first sign-in could not be made; where nobody has signed in yet, start again once the database can be reached", "err", err)
		return nil
	}
	if err == nil && code != "" {
		say("  第一次登录的码（30 分钟，用一次）  "+code, "  Code for the first sign-in (30 minutes, once)  "+code)
	}
	return err
}

// firstCode makes the code for the first sign-in; empty where an admin has
// signed in before.
func (a *app) firstCode(ctx context.Context) (string, error) {
	needs, err := a.desk.NeedsAdmin(ctx)
	if err != nil || !needs {
		return "", err
	}
	return a.desk.NewCode(ctx, desk.CodeAdmin, 0, adminCodeFor)
}

// reload puts a changed configuration in force, all of it or nothing. What can
// be changed while running is: texts, phrases, topics, teams, staff, fields,
// routes, cards and times. Anything else is named and waits for a restart.
func (a *app) reload(ctx context.Context) {
	cfg, err := a.cli.loadConfig()
	if err != nil {
		a.refuseReload("it has problems")
		return
	}
	if fixed := fixedParts(a.cfg, cfg); len(fixed) > 0 {
		a.refuseReload("these parts need a restart", "parts", strings.Join(fixed, ", "))
		return
	}
	if err := a.takeOver(ctx, cfg); err != nil {
		a.refuseReload("it could not be taken over", "err", err)
		return
	}
	a.meter.reloads.WithLabelValues("done").Inc()
	a.log.Info("the configuration was reloaded", slog.Int("teams", len(cfg.Teams)))
}

func (a *app) refuseReload(why string, args ...any) {
	a.log.Error("the configuration was not reloaded: "+why+", the old one stays in force", args...)
	a.meter.reloads.WithLabelValues("refused").Inc()
}

// takeOver puts cfg in force: first what can fail, the database before all, which
// may be away.
func (a *app) takeOver(ctx context.Context, cfg *config.Config) error {
	analyzer, err := a.openAnalyzer(cfg)
	if err == nil {
		err = a.syncStaff(ctx, cfg)
	}
	if err == nil {
		err = a.mind.Replace(analyzer)
	}
	if err != nil {
		return errors.Join(err, a.seg.SetWords(userWords(a.cfg)))
	}
	a.desk.SetRules(deskRules(cfg, a.mind, a.seg, a.channels))
	a.pipeline.SetFresh(cfg.Desk.Fresh)
	a.pages.SetSite(a.site(cfg))
	a.cfg = cfg
	return nil
}
