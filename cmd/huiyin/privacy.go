package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/spool"
)

// privacyWait is how long an erasure waits for a message to the person that is
// just being sent.
const privacyWait = 30 * time.Second

// privacy hands out, or removes, everything about one person.
func privacy(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("privacy")
	subject := fs.String("subject", "", c.tr("哪个人：`渠道:账号`，或用 '#123' 指某条反馈的那个人", "the person: `CHANNEL:USER`, or '#123' for whoever an item is from"))
	out := fs.String("o", "", c.tr("export：写到哪个 `文件`，.zip", "export: the `file` to write, a .zip"))
	wait := fs.Duration("wait", privacyWait, c.tr("最多等多久：等磁盘暂存里的消息进数据库；删除前等正在发给对方的消息发完", "how long to wait for what is on the disk spool, and before erasing for a message to them that is just being sent"))
	words, err := c.flags(fs, args, 1)
	if err != nil {
		return err
	}
	if *subject == "" {
		return fmt.Errorf("%w: -subject CHANNEL:USER says whose data it is about", errUsage)
	}
	var work func(p *person) error
	switch words[0] {
	case "export":
		if *out == "" {
			return fmt.Errorf("%w: -o FILE.zip says where the data goes", errUsage)
		}
		work = func(p *person) error { return p.export(ctx, *out) }
	case "erase":
		work = func(p *person) error { return p.erase(ctx, *wait) }
	default:
		return fmt.Errorf("%w: huiyin privacy knows export and erase", errUsage)
	}
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	if err := c.databaseThere(cfg); err != nil {
		return err
	}
	a, err := newTool(ctx, c, cfg)
	if err != nil {
		return err
	}
	defer a.stop()
	p := &person{app: a}
	if err := p.spoolEmptied(ctx, *wait); err != nil {
		return err
	}
	if err := p.find(ctx, *subject); err != nil {
		return err
	}
	return work(p)
}

// person is whose data a command is about. author is nil where nothing is kept.
type person struct {
	*app
	author *feedback.Author
}

// again is how often what an erasure waits for is looked at.
const again = 250 * time.Millisecond

// spoolEmptied waits until nothing is on this machine's disk spool any more:
// what is there may be the person's, is not in the database yet, and would come
// into it afterwards.
func (p *person) spoolEmptied(ctx context.Context, wait time.Duration) error {
	for until := p.now().Add(wait); ; {
		st, err := spool.Look(p.cfg.Storage.Spool)
		if err != nil {
			return fmt.Errorf("storage.spool may hold messages of this person, and cannot be read: %w", err)
		}
		if st.Depth == 0 {
			return nil
		}
		if !p.now().Before(until) {
			return fmt.Errorf("nothing was done: %d messages still wait on the disk spool (%s), and some may be this person's. "+
				"A running huiyin serve puts them into the database within seconds once it can be written: start one where none runs "+
				"(huiyin doctor says what is wrong), and give this command again", st.Depth, p.cfg.Storage.Spool)
		}
		if err := pause(ctx, again); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// find looks the person up.
func (p *person) find(ctx context.Context, subject string) error {
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		if number, ok := strings.CutPrefix(subject, "#"); ok {
			id, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				return fmt.Errorf("%w: %q is no item's number", errUsage, subject)
			}
			item, err := tx.Item(id)
			if errors.Is(err, feedback.ErrNotFound) {
				return fmt.Errorf(p.cli.tr("没有 %s", "there is no item %s"), subject) // no sign that a person's data is gone
			}
			if err != nil {
				return err
			}
			if item.Author == 0 {
				return fmt.Errorf("nobody is known as the author of %s", subject)
			}
			p.author, err = tx.Author(item.Author)
			return err
		}
		channel, user, ok := strings.Cut(subject, ":")
		if !ok || channel == "" || user == "" {
			return fmt.Errorf("%w: write the subject as CHANNEL:USER, USER as the platform numbers its people", errUsage)
		}
		var err error
		p.author, err = tx.AuthorByExternal(channel, user)
		return err
	})
	if errors.Is(err, feedback.ErrNotFound) {
		p.author = nil
		return nil
	}
	return err
}

// erase removes the person, waiting for what is being sent, and says what went.
func (p *person) erase(ctx context.Context, wait time.Duration) error {
	var erased store.Erased
	if p.author != nil {
		var err error
		if erased, err = p.eraseWaiting(ctx, wait); err != nil {
			return err
		}
	}
	removed, left, err := p.desk.RemoveForgotten(ctx, p.files.Remove)
	if err != nil {
		return err
	}
	if p.author == nil {
		p.say("没有留着这个人的资料。", "Nothing is kept about this person.")
	} else {
		p.say(
			fmt.Sprintf("已删除：消息 %d 条，附件 %d 个，发给对方和关于对方的 %d 条，纠正 %d 条；%d 件反馈只留下数字。", erased.Messages, erased.Attachments, erased.Outgoing, erased.Corrections, erased.Items),
			fmt.Sprintf("Removed: %d messages, %d attachments, %d sent to or about them, %d corrections; of %d items the figures stay.", erased.Messages, erased.Attachments, erased.Outgoing, erased.Corrections, erased.Items))
	}
	// serve removes such files as well: what it was faster with is not counted.
	p.say(fmt.Sprintf("文件夹里删掉 %d 个文件。", removed), fmt.Sprintf("%d files removed from storage.files.", removed))
	copies, err := store.Overwrite(ctx, p.cfg.Storage.Database.Reveal())
	if err != nil {
		return fmt.Errorf("the rows are gone, but their traces in the database's free space are not yet overwritten; run the command again: %w", err)
	}
	p.say("数据库里的空闲空间已清空。", "The database's free space is overwritten.")
	for _, file := range copies {
		p.say("升级前的备份里还有："+file+"。不用了就删掉。", "A copy made before an upgrade still holds it: "+file+". Delete it when it is no longer needed.")
	}
	if err := p.sayAside(); err != nil {
		return err
	}
	p.say("团队群里已经发出的卡片、平台自己的记录、您做的备份，请在那里删。", "Cards already posted in the teams' chats, the platform's own records and your backups are to be deleted there.")
	if left > 0 {
		return fmt.Errorf("%d files could not be removed: see to storage.files, and run the command again", left)
	}
	return nil
}

// sayAside names what the disk spool could not put into the database: nobody but
// a person can tell whose it is.
func (p *person) sayAside() error {
	st, err := spool.Look(p.cfg.Storage.Spool)
	if err != nil {
		return err
	}
	if st.Quarantined > 0 {
		where := filepath.Join(p.cfg.Storage.Spool, "*", "quarantine")
		p.say(fmt.Sprintf("%s 里有 %d 条放不进数据库的消息，可能也是这个人的：看一看 .record，是的就删掉。", where, st.Quarantined),
			fmt.Sprintf("%d messages that could not be put into the database lie in %s and may be this person's: look at the .record files, and delete those that are.", st.Quarantined, where))
	}
	return nil
}

// eraseWaiting erases as soon as nothing is being sent to the person.
func (p *person) eraseWaiting(ctx context.Context, wait time.Duration) (store.Erased, error) {
	for until := p.now().Add(wait); ; {
		erased, err := p.desk.Erase(ctx, p.author.ID, "asked at the command line")
		if !errors.Is(err, desk.ErrSending) {
			return erased, err
		}
		if p.now().After(until) {
			return erased, fmt.Errorf("%w: nothing was removed. Try again in a minute; if no huiyin serve is running, start it, so that it settles what became of the message", err)
		}
		if err := pause(ctx, again); err != nil {
			return erased, err
		}
	}
}

// say writes a line in the terminal's language.
func (p *person) say(zh, en string) { p.cli.tell(zh, en) }
