package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/pipeline"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
	"github.com/huiyin/huiyin/store/spool"
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
	d.spool()
	d.files()
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

// say prints one finding, in the language of the terminal.
func (d *examination) say(what string, f bots.Finding) {
	mark := "✓"
	if !f.OK {
		mark = "✗"
		d.bad++
	}
	fmt.Fprintf(d.cli.out, d.cli.tr("%s %s：%s\n", "%s %s: %s\n"), mark, what, d.cli.tr(f.Text, f.TextEN))
	if do := d.cli.tr(f.Do, f.DoEN); !f.OK && do != "" {
		fmt.Fprintf(d.cli.out, "    → %s\n", do)
	}
}

// good and bad make findings; what an error or another part of the program says
// is the same in both languages.
func good(text, textEN string) bots.Finding {
	return bots.Finding{OK: true, Text: text, TextEN: textEN}
}

func bad(text, textEN, do, doEN string) bots.Finding {
	return bots.Finding{Text: text, TextEN: textEN, Do: do, DoEN: doEN}
}

func (d *examination) database(ctx context.Context) {
	what := d.cli.tr("数据库", "database")
	ctx, cancel := context.WithTimeout(ctx, doctorFor)
	defer cancel()
	db, err := store.Open(ctx, d.cfg.Storage.Database.Reveal(), store.Options{Log: newLog(d.cfg, d.cli.err), Now: time.Now})
	if err != nil {
		d.say(what, bad(err.Error(), err.Error(), "检查 storage.database 的地址、权限和网络", "check the address in storage.database, the rights and the network"))
		return
	}
	defer db.Close()
	d.say(what, good(db.Dialect()+" 能读能写", db.Dialect()+" can be read and written"))
	d.clock(ctx, db)
	d.backlog(ctx, db)
}

// clock compares this machine's clock with that of a database on another, which
// the program goes by.
func (d *examination) clock(ctx context.Context, db *store.DB) {
	what := d.cli.tr("时钟", "clock")
	var off time.Duration
	var ok bool
	err := db.Read(ctx, func(tx *store.Tx) error {
		var theirs time.Time
		var err error
		theirs, ok, err = tx.Clock()
		off = wall().Sub(theirs)
		return err
	})
	switch {
	case err != nil:
		d.say(what, bad(err.Error(), err.Error(), "", ""))
	case !ok: // a file has no clock
	case off.Abs() > skewSaid:
		d.say(what, bad(
			fmt.Sprintf("本机和数据库的时钟差 %v，程序按数据库的时间走", off.Abs().Round(time.Second)),
			fmt.Sprintf("this machine's clock and the database's differ by %v, and the program goes by the database's", off.Abs().Round(time.Second)),
			"看看是哪一台不对，用 NTP 校准", "see which of the two is wrong, and keep both right by NTP"))
	default:
		d.say(what, good("和数据库的一致", "agrees with the database's"))
	}
}

// late is how old waiting work may be before something must be wrong.
const late = time.Minute

// backlog says what waits for longer than it should, and what waits for a
// person: what the alert rules look at, seen from inside.
func (d *examination) backlog(ctx context.Context, db *store.DB) {
	what := d.cli.tr("积压", "backlog")
	var waits store.Backlog
	err := db.Read(ctx, func(tx *store.Tx) error {
		var err error
		waits, err = tx.Backlog()
		return err
	})
	if err != nil {
		d.say(what, bad(err.Error(), err.Error(), "", ""))
		return
	}
	now, before := time.Now(), d.bad
	since := func(t time.Time) time.Duration { return now.Sub(t).Round(time.Second) }
	if t := waits.OldestLive; !t.IsZero() && since(t) > late {
		d.say(what, bad(
			fmt.Sprintf("%d 条消息没有分析，最早的等了 %v", waits.Live, since(t)), fmt.Sprintf("%d messages are not analysed, the oldest has waited %v", waits.Live, since(t)),
			"看看带 pipeline 角色的 serve 在不在跑、跟不跟得上；消息都在数据库里，不会丢", "see whether a serve with the role pipeline runs and keeps up; the messages are safe in the database"))
	}
	if t := waits.OldestOutbox; !t.IsZero() && since(t) > 5*late {
		d.say(what, bad(
			fmt.Sprintf("有消息该发没发，最早的晚了 %v", since(t)), fmt.Sprintf("messages are due and not sent, the oldest since %v", since(t)),
			"看下面哪个机器人连不上；连上以后会接着发", "see below which bot cannot be reached; sending goes on once it can"))
	}
	if n := waits.Outbox[store.OutUncertain]; n > 0 {
		d.say(what, bad(
			fmt.Sprintf("%d 条发给客户的消息不确定送到没有", n), fmt.Sprintf("%d messages may or may not have reached their customers", n),
			"在待办里打开对应的反馈，点 [客户已收到] 或 [再发一次]", "open their items in the queue and choose whether they arrived or are sent again"))
	}
	if n := waits.Quarantined; n > 0 {
		d.say(what, bad(
			fmt.Sprintf("%d 条消息处理不了，放在一边（已经交给同事看的，写着未能分析）", n), fmt.Sprintf("%d messages failed too often and were set aside (colleagues read those that are marked as not analysed)", n),
			"huiyin quarantine 看是哪些、为什么；原因去掉以后 huiyin quarantine -replay all 再试一次", "huiyin quarantine lists them and why; once the cause is gone, huiyin quarantine -replay all tries again"))
	}
	if d.bad == before {
		d.say(what, good(
			fmt.Sprintf("没有（待分析 %d，导入的历史 %d，待取的附件 %d）", waits.Live, waits.History, waits.Attachments),
			fmt.Sprintf("none (to analyse %d, imported history %d, files to fetch %d)", waits.Live, waits.History, waits.Attachments)))
	}
}

// spool says what is kept on disk, and why it is still there.
func (d *examination) spool() {
	what := d.cli.tr("磁盘暂存", "disk spool")
	if d.cfg.Storage.SpoolMax == 0 {
		d.say(what, good("没有开（storage.spool_max 是 0），数据库不在时推送的消息会被请回去", "off (storage.spool_max is 0): what is pushed while the database is away is refused"))
		return
	}
	st, err := spool.Look(d.cfg.Storage.Spool)
	if err != nil {
		d.say(what, bad(err.Error(), err.Error(), "检查 storage.spool 这个目录的权限", "check the rights of the directory storage.spool"))
		return
	}
	if n := st.Quarantined; n > 0 {
		files := filepath.Join(d.cfg.Storage.Spool, "*", "quarantine")
		d.say(what, bad(
			fmt.Sprintf("有 %d 条放不进数据库，单独放着", n), fmt.Sprintf("%d records could not be put into the database and were set aside", n),
			"看 "+files+" 里的 .reason 和 .record：原因和原文；处理好后删掉这些文件", "see .reason and .record in "+files+": why, and what it was; delete the files once you have seen to them"))
	}
	if st.Depth == 0 {
		d.say(what, good("是空的", "empty"))
		return
	}
	oldest := st.Oldest.In(d.cfg.Location).Format("01-02 15:04")
	d.say(what, bad(
		fmt.Sprintf("有 %d 条新消息等着进数据库（%d KB，最早 %s）", st.Depth, st.Bytes>>10, oldest), fmt.Sprintf("%d new messages wait for the database (%d KB, the oldest of %s)", st.Depth, st.Bytes>>10, oldest),
		"它们不会丢。让数据库恢复，serve 在运行就会自动补进去；serve 没在运行就启动它", "they are safe. Bring the database back: a serve that runs puts them in; start one where none runs"))
}

// files tries whether what people send can be kept.
func (d *examination) files() {
	what := d.cli.tr("文件目录", "files")
	err := d.keepFile()
	switch {
	case errors.Is(err, files.ErrFull):
		d.say(what, bad("满了，图片和语音存不下", "full: pictures and recordings cannot be kept", "腾出磁盘，或调大 files.max_total", "make room on the disk, or raise files.max_total"))
	case err != nil:
		d.say(what, bad(err.Error(), err.Error(), "检查 storage.files 这个目录和它的权限", "check the directory storage.files and its rights"))
	default:
		d.say(what, good("能写", "can be written"))
	}
}

// keepFile stores a file and removes it again.
func (d *examination) keepFile() error {
	f, err := files.Open(d.cfg.Storage.Files, filesOptions(d.cfg))
	if err != nil {
		return err
	}
	st, err := f.Put(strings.NewReader("huiyin doctor"))
	if err == nil {
		err = f.Remove(st.Path)
	}
	return errors.Join(err, f.Close())
}

func (d *examination) redis(ctx context.Context) {
	if d.cfg.Storage.Redis == "" {
		d.say("Redis", good("没有配置，在进程内运行", "not configured: everything runs in one process"))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorFor)
	defer cancel()
	s, err := stream.Open(ctx, d.cfg.Storage.Redis.Reveal(), stream.Options{Prefix: "hy", Log: newLog(d.cfg, d.cli.err)})
	if err != nil {
		d.say("Redis", bad(err.Error(), err.Error(), "检查 storage.redis 的地址", "check the address in storage.redis"))
		return
	}
	defer s.Close()
	if err := s.Ping(ctx); err != nil {
		d.say("Redis", bad("没有应答", "does not answer", "看 Redis 有没有启动、地址和口令对不对", "see whether it runs, and check address and password"))
		return
	}
	d.say("Redis", good("有应答", "answers"))
	if doc, ok := s.(stream.Doctor); ok {
		for _, advice := range doc.Doctor(ctx) {
			d.say("Redis", bad(advice.Text, advice.TextEN, "", ""))
		}
	}
}

func (d *examination) dictionary() {
	what := d.cli.tr("词典", "dictionary")
	seg, err := openSegmenter(d.cfg)
	if err != nil {
		d.say(what, bad(err.Error(), err.Error(), "", ""))
		return
	}
	n := len(seg.Words("快递太慢了等了三天还没收到"))
	d.say(what, good(fmt.Sprintf("能用（试切出 %d 个词）", n), fmt.Sprintf("works (cut a sentence into %d words)", n)))
}

// channels tries every bot and listener.
func (d *examination) channels(ctx context.Context) {
	a := &app{cfg: d.cfg, cli: d.cli, log: newLog(d.cfg, d.cli.err), now: time.Now, pipeline: pipeline.New(pipeline.Options{Now: time.Now}), channels: map[string]desk.Channel{}}
	for _, ch := range d.cfg.Bots {
		_, b, err := a.newBot(ch, nil)
		if err != nil {
			d.say(ch.Name, bad(err.Error(), err.Error(), "", ""))
			continue
		}
		doc, ok := b.(bots.Doctor)
		if !ok {
			d.say(ch.Name, good("不用连接外部平台", "needs no platform"))
			continue
		}
		try, cancel := context.WithTimeout(ctx, doctorFor)
		for _, f := range doc.Doctor(try) {
			d.say(ch.Name, f)
		}
		cancel()
	}
	for _, ch := range d.cfg.Listeners {
		_, l, err := a.newListener(ch)
		if err != nil {
			d.say(ch.Name, bad(err.Error(), err.Error(), "", ""))
			continue
		}
		doc, ok := l.(listeners.Doctor)
		if !ok {
			d.say(ch.Name, good("等着平台推送过来", "waits to be posted to"))
			continue
		}
		try, cancel := context.WithTimeout(ctx, doctorFor)
		for _, f := range doc.Doctor(try) {
			d.say(ch.Name, bots.Finding(f))
		}
		cancel()
	}
}
