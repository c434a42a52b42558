package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// configuration is the shop in the pictures. Messages leave at once, so that
// nobody waits for a picture; every port is a free one.
const configuration = `brand: {name: 青禾咖啡}
storage: {database: "sqlite:%[1]s/huiyin.db", files: "%[1]s/files"}
web: {listen: "127.0.0.1:0", metrics_listen: ""}
teams:
  - {name: care, title: 客服组}
  - {name: quality, title: 品控组}
fields:
  - {name: shop, title: 门店, file: shops.csv}
routes:
  team: care
  routes:
    - {when: 'priority == "P0"', team: quality}
desk: {undo: 1s, settle: 1s, settle_max: 2s}
`

const shops = `code,name,region,aliases
SH018,徐家汇店,华东,徐家汇
SH021,静安寺店,华东,静安寺
`

// shop is the running program.
type shop struct {
	program, config string
	base            string // address of the pages
	cmd             *exec.Cmd
	errs            *os.File
}

// openShop builds the program, starts it and waits until it says where it is.
func openShop(ctx context.Context, dir string) (_ *shop, err error) {
	s := &shop{program: filepath.Join(dir, "huiyin"), config: filepath.Join(dir, "huiyin.yaml")}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.program, "./cmd/huiyin") //nolint:gosec // into a folder made here
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build the program, in the repository's root: %w", err)
	}
	if err := os.WriteFile(s.config, fmt.Appendf(nil, configuration, dir), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "shops.csv"), []byte(shops), 0o600); err != nil {
		return nil, err
	}
	s.errs, err = os.Create(filepath.Join(dir, "errors"))
	if err != nil {
		return nil, err
	}
	// It is told to stop by close, not killed when the time is up.
	s.cmd = s.command(context.WithoutCancel(ctx), "serve")
	s.cmd.Env = append(os.Environ(), "LANG=zh_CN.UTF-8", "LC_ALL=")
	s.cmd.Stderr = s.errs
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if s.base, err = boardAddress(out); err != nil {
		return nil, errors.Join(err, s.close(), s.said())
	}
	return s, nil
}

// command is the program with the shop's configuration.
func (s *shop) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, s.program, append(args, "-c", s.config)...) //nolint:gosec // built above, and called with words of this package
}

// boardAddress reads what the program says at its start, and goes on reading so
// that it is never held up.
func boardAddress(out io.Reader) (string, error) {
	lines := make(chan string, 16)
	go func() {
		defer close(lines)
		scan := bufio.NewScanner(out)
		for scan.Scan() {
			select {
			case lines <- scan.Text():
			default: // nobody reads any more
			}
		}
	}()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return "", errors.New("the program ended at once")
			}
			if at, ok := strings.CutPrefix(strings.TrimSpace(line), "团队看板"); ok {
				return strings.TrimRight(strings.TrimSpace(at), "/"), nil
			}
		case <-deadline:
			return "", errors.New("the program is not ready after 30 s")
		}
	}
}

// said returns what the program wrote about its troubles.
func (s *shop) said() error {
	b, err := os.ReadFile(s.errs.Name())
	if err != nil {
		return err
	}
	return errors.New(string(b))
}

// colleague adds somebody to a team and returns a link that signs them in.
func (s *shop) colleague(ctx context.Context, name, team string) (string, error) {
	for _, args := range [][]string{{"staff", "add", name, "-team", team, "-role", "lead", "-shown-as", "小李"}, {"signin", name}} {
		cmd := s.command(ctx, args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("huiyin %s: %w", args[0], err)
		}
		// The command knows the configured port only, which is none.
		if _, code, ok := strings.Cut(strings.TrimSpace(string(out)), "/s/"); ok {
			return s.base + "/s/" + code, nil
		}
	}
	return "", errors.New("huiyin signin printed no link")
}

// close stops the program.
func (s *shop) close() error {
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	if waited := s.cmd.Wait(); waited != nil {
		err = errors.Join(err, fmt.Errorf("the program ended badly: %w", waited), s.said())
	}
	return errors.Join(err, s.errs.Close())
}
