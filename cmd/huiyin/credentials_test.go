package main

import (
	"bytes"
	"encoding/base32"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// typed is somebody at the terminal who types what they are asked for.
type typed func() string

func (t typed) Read(p []byte) (int, error) { return copy(p, t()), io.EOF }

// TestCredentialsAtTheCommandLine: passwords and one-time passwords set from the
// server are those that open the board.
func TestCredentialsAtTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "huiyin.yaml")
	const text = "storage: {database: \"sqlite:%/huiyin.db\", files: \"%/files\"}\nsecurity: {key: 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a}\n"
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "%", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	env := func(string) (string, bool) { return "", false }
	does := func(want int, in io.Reader, args ...string) {
		t.Helper()
		out.Reset()
		errs.Reset()
		if got := run(t.Context(), &cli{out: &out, err: &errs, in: in, env: env}, append(args, "-c", file)); got != want {
			t.Fatalf("%v: exit status %d, want %d\n%s%s", args, got, want, out.String(), errs.String())
		}
	}
	opens := func(password, otp string) bool {
		t.Helper()
		c := &cli{out: io.Discard, err: io.Discard, env: env, config: file}
		err := c.tool(t.Context(), func(_ *config.Config, _ *store.DB, d *desk.Service) error {
			_, err := d.SignInWith(t.Context(), "李雷", password, otp)
			return err
		})
		if err != nil && !errors.Is(err, feedback.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	const password = "四季青禾 2026 spring"
	does(exitDone, nil, "staff", "add", "李雷")
	does(exitFailed, strings.NewReader("short\n"), "staff", "passwd", "李雷")
	does(exitFailed, strings.NewReader("\n"), "staff", "passwd", "李雷")
	does(exitFailed, strings.NewReader(password), "staff", "passwd", "没有这个人")
	does(exitUsage, nil, "staff", "nonsense", "李雷")
	does(exitDone, strings.NewReader(password+"\r\n"), "staff", "passwd", "李雷")
	if strings.Contains(out.String()+errs.String(), password) {
		t.Error("the password is printed")
	}
	if !opens(password, "") || opens(password+" ", "") {
		t.Error("the password that was set is not the one that opens")
	}
	var seed []byte
	does(exitDone, typed(func() string {
		shown := regexp.MustCompile(`  ([A-Z2-7]{32})\n`).FindStringSubmatch(out.String())
		if shown == nil {
			t.Fatalf("no seed:\n%s", out.String())
		}
		var err error
		if seed, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(shown[1]); err != nil {
			t.Fatal(err)
		}
		return credential.CodeAt(seed, time.Now()) + "\n"
	}), "staff", "totp", "李雷")
	recovery := regexp.MustCompile(`  ([A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4})\n`).FindAllStringSubmatch(out.String(), -1)
	if len(recovery) != 8 {
		t.Fatalf("recovery codes:\n%s", out.String())
	}
	if opens(password, "") || !opens(password, recovery[7][1]) {
		t.Error("one-time passwords are not asked for, or a recovery code does not help")
	}
	does(exitFailed, strings.NewReader("12\n"), "staff", "totp", "李雷")
	does(exitDone, nil, "staff", "totp", "李雷", "-off")
	if !opens(password, "") {
		t.Error("one-time passwords are still asked for")
	}
	does(exitDone, nil, "staff", "signout", "李雷")
	does(exitDone, nil, "staff", "passwd", "李雷", "-off")
	if opens(password, "") {
		t.Error("the password still opens")
	}
	does(exitUsage, nil, "privacy", "erase")
	does(exitUsage, nil, "privacy", "nonsense", "-subject", "web:x")
	does(exitUsage, nil, "privacy", "export", "-subject", "web:x")
	does(exitUsage, nil, "privacy", "erase", "-subject", "nobody")
	does(exitFailed, nil, "privacy", "export", "-subject", "web:x", "-o", filepath.Join(dir, "x.zip"))
	does(exitDone, nil, "privacy", "erase", "-subject", "web:x")
	if _, err := os.Stat(filepath.Join(dir, "x.zip")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an archive of nobody: %v", err)
	}
	if err := os.WriteFile(file, []byte("security: {key: short}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	does(exitFailed, nil, "check")
	if got := errs.String(); !strings.Contains(got, "openssl rand -base64 32") || strings.Contains(got, "short") {
		t.Errorf("a key that is none:\n%s", got)
	}
}
