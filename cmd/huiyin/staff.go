package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// onData is tool for a command about data that is there already: it makes no new
// database where somebody only stands in another folder than serve.
func (c *cli) onData(ctx context.Context, fn func(cfg *config.Config, db *store.DB, d *desk.Service) error) error {
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	if err := c.databaseThere(cfg); err != nil {
		return err
	}
	return c.open(ctx, cfg, fn)
}

// databaseThere returns what to do where an embedded database was never made.
func (c *cli) databaseThere(cfg *config.Config) error {
	path, embedded := strings.CutPrefix(cfg.Storage.Database.Reveal(), "sqlite:")
	if !embedded {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf(c.tr("没有数据库 %s：到 serve 运行的目录里执行，或用 -c 指明它的配置", "there is no database %s: run this in the folder where serve runs, or name its configuration by -c"), path)
	}
	return nil
}

// tool opens the database for a command that works beside serve.
func (c *cli) tool(ctx context.Context, fn func(cfg *config.Config, db *store.DB, d *desk.Service) error) error {
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	return c.open(ctx, cfg, fn)
}

func (c *cli) open(ctx context.Context, cfg *config.Config, fn func(cfg *config.Config, db *store.DB, d *desk.Service) error) error {
	log := newLog(cfg, c.err)
	db, err := store.Open(ctx, cfg.Storage.Database.Reveal(), store.Options{Log: log, Now: wall})
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := keysOf(cfg)
	if err != nil {
		return err
	}
	return fn(cfg, db, desk.New(desk.Options{DB: db, Now: wall, Log: log, Keys: keys, Rules: &desk.Rules{Brand: cfg.Brand.Name}}))
}

// staff adds a colleague and prints the code that links their chat accounts, or
// changes how one signs in.
func staff(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("staff")
	off := fs.Bool("off", false, c.tr("passwd、totp：取消掉", "passwd, totp: take it away"))
	team := fs.String("team", "", c.tr("在哪个 `组`", "their team"))
	fs.StringVar(team, "t", "", c.tr("在哪个 `组`", "their team"))
	role := fs.String("role", string(feedback.Agent), c.tr("`角色`：viewer、agent、lead 或 admin", "viewer, agent, lead or admin"))
	fs.StringVar(role, "r", string(feedback.Agent), c.tr("`角色`：viewer、agent、lead 或 admin", "viewer, agent, lead or admin"))
	shown := fs.String("shown-as", "", c.tr("客户看到的 `名字`", "the name customers read"))
	words, err := c.flags(fs, args, 2)
	if err != nil {
		return err
	}
	switch words[0] {
	case "add":
	case "passwd", "totp", "signout":
		return c.credentials(ctx, words[0], words[1], *off)
	default:
		return fmt.Errorf("%w: huiyin staff knows add, passwd, totp and signout", errUsage)
	}
	if !feedback.Role(*role).AtLeast(feedback.Viewer) {
		return fmt.Errorf("%w: role %q: viewer, agent, lead or admin", errUsage, *role)
	}
	return c.tool(ctx, func(cfg *config.Config, db *store.DB, d *desk.Service) error {
		name, err := teamName(cfg, *team)
		if err != nil {
			return err
		}
		st := &feedback.Staff{}
		err = db.Write(ctx, func(tx *store.Tx) error {
			known, err := tx.StaffByName(words[1])
			switch {
			case err == nil:
				st = known
			case errors.Is(err, feedback.ErrNotFound):
				st = &feedback.Staff{Name: words[1]}
			default:
				return err
			}
			st.Team, st.Role, st.Disabled = name, feedback.Role(*role), false
			if *shown != "" {
				st.ShownAs = *shown
			}
			return tx.SaveStaff(st)
		})
		if err != nil {
			return err
		}
		code, err := d.NewCode(ctx, desk.CodeLink, st.ID, desk.LinkCodeFor)
		if err != nil {
			return err
		}
		if c.lang == "en" {
			fmt.Fprintf(c.out, "%s's code: %s (good for 24 hours, once). They send the bot “link %s” in private.\nA board link: huiyin signin %s%s\n", st.Name, code, code, st.Name, c.withConfig())
		} else {
			fmt.Fprintf(c.out, "%s 的绑定码：%s（24 小时有效，用一次）。让对方私聊机器人发「绑定 %s」。\n网页登录：huiyin signin %s%s\n", st.Name, code, code, st.Name, c.withConfig())
		}
		return nil
	})
}

// withConfig returns the flag that names the configuration in use.
func (c *cli) withConfig() string {
	if c.config == "" {
		return ""
	}
	return " -c " + c.config
}

// teamName finds a team by name or title; the first where none is given.
func teamName(cfg *config.Config, name string) (string, error) {
	if name == "" {
		return cfg.Teams[0].Name, nil
	}
	var known []string
	for _, t := range cfg.Teams {
		if t.Name == name || t.Title == name {
			return t.Name, nil
		}
		known = append(known, t.Name)
	}
	return "", fmt.Errorf("%w: there is no team %q: %s", errUsage, name, strings.Join(known, ", "))
}

// colleague looks somebody up by name.
func colleague(ctx context.Context, db *store.DB, name string) (*feedback.Staff, error) {
	var st *feedback.Staff
	err := db.Read(ctx, func(tx *store.Tx) error {
		var err error
		st, err = tx.StaffByName(name)
		return err
	})
	if errors.Is(err, feedback.ErrNotFound) {
		return nil, fmt.Errorf("there is nobody named %q: huiyin staff add %s", name, name)
	}
	return st, err
}

// signin prints a one-time link to the board.
func signin(ctx context.Context, c *cli, args []string) error {
	words, err := c.flags(newFlags("signin"), args, 1)
	if err != nil {
		return err
	}
	return c.onData(ctx, func(cfg *config.Config, db *store.DB, d *desk.Service) error {
		st, err := colleague(ctx, db, words[0])
		if err != nil {
			return err
		}
		code, err := d.NewCode(ctx, desk.CodeSignin, st.ID, 10*time.Minute)
		if err != nil {
			return err
		}
		fmt.Fprintln(c.out, strings.TrimRight(cfg.Web.PublicURL, "/")+"/s/"+code)
		return nil
	})
}

// migrate brings the database to this version; opening it does.
func migrate(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("migrate")
	restored := fs.Bool("restored", false, c.tr("数据库是从备份放回来的：当时正要发给客户的，不自己发", "the database was restored from a backup: what was on its way to customers then is not sent by itself"))
	if _, err := c.flags(fs, args, 0); err != nil {
		return err
	}
	return c.tool(ctx, func(cfg *config.Config, db *store.DB, _ *desk.Service) error {
		if *restored {
			held, err := markRestored(ctx, cfg, db, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s: marked as restored. %d messages that were on their way to customers are shown to colleagues as uncertain once serve runs.\n", db.Dialect(), held)
			return nil
		}
		fmt.Fprintf(c.out, "%s: the database is at this version.\n", db.Dialect())
		return nil
	})
}

// version prints what this program was built from.
func version(_ context.Context, c *cli, args []string) error {
	if _, err := c.flags(newFlags("version"), args, 0); err != nil {
		return err
	}
	v, revision := "devel", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value
			}
		}
		fmt.Fprintf(c.out, "huiyin %s%s %s\n", v, revision, info.GoVersion)
		return nil
	}
	fmt.Fprintln(c.out, "huiyin", v)
	return nil
}
