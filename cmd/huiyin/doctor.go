package main

import (
	"context"
	"fmt"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/pipeline"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/stream"
)

// doctorFor bounds one try.
const doctorFor = 20 * time.Second

// doctor tries everything that is configured and says what works, and what to
// do about what doesn't.
func doctor(ctx context.Context, c *cli, args []string) error {
	if _, err := c.flags(newFlags("doctor"), args, 0); err != nil {
		return err
	}
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	d := &examination{cli: c, cfg: cfg}
	d.database(ctx)
	d.redis(ctx)
	d.dictionary()
	d.channels(ctx)
	if d.bad > 0 {
		return errQuiet
	}
	return nil
}

// examination collects what doctor found.
type examination struct {
	cli *cli
	cfg *config.Config
	bad int
}

// say prints one finding.
func (d *examination) say(what string, ok bool, text, do string) {
	mark := "✓"
	if !ok {
		mark = "✗"
		d.bad++
	}
	fmt.Fprintf(d.cli.out, "%s %s：%s\n", mark, what, text)
	if !ok && do != "" {
		fmt.Fprintf(d.cli.out, "    → %s\n", do)
	}
}

func (d *examination) database(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, doctorFor)
	defer cancel()
	db, err := store.Open(ctx, d.cfg.Storage.Database.Reveal(), store.Options{Log: newLog(d.cfg, d.cli.err), Now: time.Now})
	if err != nil {
		d.say("数据库", false, err.Error(), "检查 storage.database 的地址、权限和网络")
		return
	}
	defer db.Close()
	d.say("数据库", true, db.Dialect()+" 能读能写", "")
}

func (d *examination) redis(ctx context.Context) {
	if d.cfg.Storage.Redis == "" {
		d.say("Redis", true, "没有配置，在进程内运行", "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorFor)
	defer cancel()
	s, err := stream.Open(ctx, d.cfg.Storage.Redis.Reveal(), stream.Options{Prefix: "hy", Log: newLog(d.cfg, d.cli.err)})
	if err != nil {
		d.say("Redis", false, err.Error(), "检查 storage.redis 的地址")
		return
	}
	defer s.Close()
	if err := s.Ping(ctx); err != nil {
		d.say("Redis", false, "没有应答", "看 Redis 有没有启动、地址和口令对不对")
		return
	}
	d.say("Redis", true, "有应答", "")
	if doc, ok := s.(stream.Doctor); ok {
		for _, advice := range doc.Doctor(ctx) {
			d.say("Redis", false, advice, "")
		}
	}
}

func (d *examination) dictionary() {
	seg, err := openSegmenter(d.cfg)
	if err != nil {
		d.say("词典", false, err.Error(), "")
		return
	}
	d.say("词典", true, fmt.Sprintf("能用（试切出 %d 个词）", len(seg.Words("快递太慢了等了三天还没收到"))), "")
}

// channels tries every bot and listener.
func (d *examination) channels(ctx context.Context) {
	a := &app{cfg: d.cfg, cli: d.cli, log: newLog(d.cfg, d.cli.err), now: time.Now, pipeline: pipeline.New(pipeline.Options{Now: time.Now}), channels: map[string]desk.Channel{}}
	for _, ch := range d.cfg.Bots {
		_, b, err := a.newBot(ch, nil)
		if err != nil {
			d.say(ch.Name, false, err.Error(), "")
			continue
		}
		doc, ok := b.(bots.Doctor)
		if !ok {
			d.say(ch.Name, true, "不用连接外部平台", "")
			continue
		}
		try, cancel := context.WithTimeout(ctx, doctorFor)
		for _, f := range doc.Doctor(try) {
			d.say(ch.Name, f.OK, f.Text, f.Do)
		}
		cancel()
	}
	for _, ch := range d.cfg.Listeners {
		_, l, err := a.newListener(ch)
		if err != nil {
			d.say(ch.Name, false, err.Error(), "")
			continue
		}
		doc, ok := l.(listeners.Doctor)
		if !ok {
			d.say(ch.Name, true, "等着平台推送过来", "")
			continue
		}
		try, cancel := context.WithTimeout(ctx, doctorFor)
		for _, f := range doc.Doctor(try) {
			d.say(ch.Name, f.OK, f.Text, f.Do)
		}
		cancel()
	}
}
