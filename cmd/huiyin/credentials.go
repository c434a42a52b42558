package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// credentials changes how a colleague signs in, from the server: a password, a
// seed of one-time passwords, an end to all sessions.
func (c *cli) credentials(ctx context.Context, what, name string, off bool) error {
	return c.onData(ctx, func(_ *config.Config, db *store.DB, d *desk.Service) error {
		st, err := colleague(ctx, db, name)
		if err != nil {
			return err
		}
		switch {
		case what == "signout":
			err = d.SignOutEverywhere(ctx, st.ID)
		case what == "passwd" && off:
			err = d.SetPassword(ctx, st.ID, "")
		case what == "passwd":
			err = c.setPassword(ctx, d, st)
		case off:
			err = d.DropTOTP(ctx, st.ID)
		default:
			err = c.setTOTP(ctx, d, st)
		}
		if err == nil {
			c.tell(st.Name+"：好了，所有设备都要重新登录。", st.Name+": done. Every browser of theirs has to sign in again.")
		}
		return err
	})
}

// tell writes a line in the terminal's language.
func (c *cli) tell(zh, en string) { fmt.Fprintln(c.out, c.tr(zh, en)) }

func (c *cli) setPassword(ctx context.Context, d *desk.Service, st *feedback.Staff) error {
	c.tell("新密码（至少 12 个字符，读标准输入的一行）：", "New password (12 characters or more, one line of standard input):")
	password, err := c.readSecret()
	if err != nil {
		return fmt.Errorf("read the password: %w", err)
	}
	err = credential.ErrWeak // none at all is taken away with -off only
	if password != "" {
		err = d.SetPassword(ctx, st.ID, password)
	}
	if errors.Is(err, credential.ErrWeak) {
		return fmt.Errorf("%w: at least %d characters, not the same ones over and over, and not their name", credential.ErrWeak, credential.MinPassword)
	}
	return err
}

// readSecret reads a line, unseen where it is typed.
func (c *cli) readSecret() (string, error) {
	if f, ok := c.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		b, err := term.ReadPassword(int(f.Fd()))
		return string(b), err
	}
	line, err := bufio.NewReader(io.LimitReader(c.in, credential.MaxPassword+2)).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

// setTOTP shows a seed and puts it in force with its first code.
func (c *cli) setTOTP(ctx context.Context, d *desk.Service, st *feedback.Staff) error {
	text, uri, err := d.BeginTOTP(ctx, st.ID)
	if err != nil {
		return err
	}
	c.tell("在验证器里添加：", "Add to the authenticator:")
	fmt.Fprintln(c.out, "  "+text+"\n  "+uri)
	c.tell("验证器显示的 6 位码：", "The six digits it shows:")
	code, err := c.readSecret()
	if err != nil {
		return fmt.Errorf("read the code: %w", err)
	}
	recovery, err := d.ConfirmTOTP(ctx, st.ID, code)
	if errors.Is(err, feedback.ErrInvalid) {
		return errors.New("the code is wrong, nothing was changed: see that the clocks are right, and run the command again")
	}
	if err != nil {
		return err
	}
	c.tell("备用码，每个用一次，只显示这一次：", "Recovery codes, each good once, shown only now:")
	for _, r := range recovery {
		fmt.Fprintln(c.out, "  "+r)
	}
	return nil
}
