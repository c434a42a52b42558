package desk

import (
	"encoding/base32"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// door is where colleagues sign in, on a database of its own.
type door struct {
	*Service
	t   *testing.T
	db  *store.DB
	now time.Time
	li  *feedback.Staff
}

const rightPassword = "四季青禾 2026 spring"

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, now: time.Unix(1_800_000_000, 0).UTC()}
	now := func() time.Time { return d.now }
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "huiyin.db"), store.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	keys, err := credential.ParseKeys(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	d.db = db
	d.Service = New(Options{
		DB: db, Now: now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Rules: &Rules{Brand: "青禾"}, Keys: keys,
		Passwords: credential.Params{Time: 1, Memory: 64, Threads: 1},
	})
	d.li = &feedback.Staff{Name: "李雷", Role: feedback.Agent, Team: "care"}
	d.write(func(tx *store.Tx) error { return tx.SaveStaff(d.li) })
	if err := d.SetPassword(t.Context(), d.li.ID, rightPassword); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *door) write(fn func(tx *store.Tx) error) {
	d.t.Helper()
	if err := d.db.Write(d.t.Context(), fn); err != nil {
		d.t.Fatal(err)
	}
}

// opens tries to sign in and reports whether it worked; refusals must be alike.
func (d *door) opens(name, password, otp string) bool {
	d.t.Helper()
	st, err := d.SignInWith(d.t.Context(), name, password, otp)
	if err == nil {
		return st.ID == d.li.ID
	}
	if !errors.Is(err, feedback.ErrNotFound) {
		d.t.Fatalf("refused with %v", err)
	}
	return false
}

func TestPasswordSignIn(t *testing.T) {
	d := newDoor(t)
	if !d.opens(" 李雷 ", rightPassword, "") {
		t.Fatal("the right password is refused")
	}
	for name, c := range map[string][2]string{
		"wrong": {"李雷", rightPassword + "x"}, "empty": {"李雷", ""}, "nobody": {"韩梅梅", rightPassword}, "no name": {"", rightPassword},
		"endless": {"李雷", strings.Repeat("x", 10_000)}, "endless name": {strings.Repeat("李", 200), "x"},
	} {
		if d.opens(c[0], c[1], "") {
			t.Errorf("%s: let in", name)
		}
	}
	d.li.Disabled = true
	d.write(func(tx *store.Tx) error { return tx.SaveStaff(d.li) })
	if d.opens("李雷", rightPassword, "") {
		t.Error("who left is let in")
	}
	if err := d.SetPassword(t.Context(), d.li.ID, "李雷李雷李雷李雷abc12"); !errors.Is(err, credential.ErrWeak) {
		t.Errorf("a weak password: %v", err)
	}
	if err := d.SetPassword(t.Context(), d.li.ID, ""); err != nil || d.opens("李雷", "", "") || d.opens("李雷", rightPassword, "") {
		t.Errorf("without a password: %v", err)
	}
	if err := d.SetPassword(t.Context(), 999, rightPassword); !errors.Is(err, feedback.ErrNotFound) {
		t.Errorf("nobody's password: %v", err)
	}
}

// TestAPasswordChangedWhileItIsLookedAt: the one before it opens nothing, and does
// not take the new one's place.
func TestAPasswordChangedWhileItIsLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		d.params.Time = 2 // the hash is outdated: a right password would be kept anew
		for range cap(d.hashers) {
			d.hashers <- struct{}{}
		}
		result := make(chan error)
		go func() {
			_, err := d.SignInWith(t.Context(), "李雷", rightPassword, "")
			result <- err
		}()
		synctest.Wait() // it has read the old hash, and waits for its turn
		const another = "又一个 很长的 password"
		hash := d.params.Hash(another)
		d.write(func(tx *store.Tx) error {
			c, err := tx.Credential(d.li.ID)
			if err != nil {
				return err
			}
			c.Password = hash
			return tx.PutCredential(*c)
		})
		for range cap(d.hashers) {
			<-d.hashers
		}
		if err := <-result; !errors.Is(err, feedback.ErrNotFound) {
			t.Errorf("the old password: %v", err)
		}
		if !d.opens("李雷", another, "") {
			t.Error("the new password is refused")
		}
	})
}

// TestBackoff: wrong passwords cost waiting, more each time, never a lockout;
// names that nobody has are answered alike.
func TestBackoff(t *testing.T) {
	for _, name := range []string{"李雷", "没有这个人"} {
		d := newDoor(t)
		for range freeTries {
			if d.opens(name, "wrong", "") {
				t.Fatal("let in")
			}
		}
		before := time.Duration(0)
		for range 12 {
			_, err := d.SignInWith(t.Context(), name, rightPassword, "")
			wait, slow := IsSlow(err)
			if !slow || wait < before || wait > maxBackoff {
				t.Fatalf("%s: %v after %v", name, err, before)
			}
			before = wait
			d.now = d.now.Add(wait - time.Millisecond)
			if _, err := d.SignInWith(t.Context(), name, rightPassword, ""); err == nil {
				t.Fatal("let in too early")
			}
			d.now = d.now.Add(time.Millisecond)
			if d.opens(name, "wrong", "") {
				t.Fatal("let in")
			}
		}
		if before != maxBackoff {
			t.Errorf("%s: the longest wait is %v", name, before)
		}
		d.now = d.now.Add(maxBackoff)
		if got := d.opens(name, rightPassword, ""); got != (name == "李雷") {
			t.Errorf("%s after waiting: %v", name, got)
		}
		if name == "李雷" && !d.opens(name, rightPassword, "") {
			t.Error("the count does not begin anew after the right password")
		}
	}
}

func TestOneTimePasswords(t *testing.T) {
	d := newDoor(t)
	text, uri, err := d.BeginTOTP(t.Context(), d.li.ID)
	if err != nil || !strings.Contains(uri, text) {
		t.Fatal(uri, err)
	}
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if !d.opens("李雷", rightPassword, "") {
		t.Fatal("a seed that is not confirmed is asked for")
	}
	if _, err := d.ConfirmTOTP(t.Context(), d.li.ID, "000000"); !errors.Is(err, feedback.ErrInvalid) {
		t.Fatalf("a wrong first code: %v", err)
	}
	recovery, err := d.ConfirmTOTP(t.Context(), d.li.ID, credential.CodeAt(seed, d.now))
	if err != nil || len(recovery) != recoveryCodes {
		t.Fatal(recovery, err)
	}
	if d.opens("李雷", rightPassword, "") || d.opens("李雷", rightPassword, "000000") {
		t.Error("let in without a one-time password")
	}
	if d.opens("李雷", rightPassword, credential.CodeAt(seed, d.now)) {
		t.Error("the code that confirmed it is good again")
	}
	d.now = d.now.Add(time.Minute)
	code := credential.CodeAt(seed, d.now)
	if d.opens("李雷", "wrong", code) {
		t.Error("let in with a wrong password")
	}
	if !d.opens("李雷", rightPassword, code) {
		t.Fatal("the right code is refused, perhaps used up by a wrong password")
	}
	if d.opens("李雷", rightPassword, code) {
		t.Error("a used code is good again")
	}
	if !d.opens("李雷", rightPassword, strings.ToLower(strings.ReplaceAll(recovery[0], "-", " "))) {
		t.Error("a recovery code is refused")
	}
	if d.opens("李雷", rightPassword, recovery[0]) {
		t.Error("a used recovery code is good again")
	}
	han := &feedback.Staff{Name: "韩梅梅", Role: feedback.Lead}
	d.write(func(tx *store.Tx) error { return tx.SaveStaff(han) })
	if err := d.SetPassword(t.Context(), han.ID, rightPassword); err != nil {
		t.Fatal(err)
	}
	hanSeed, _, err := d.BeginTOTP(t.Context(), han.ID)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(hanSeed)
	if _, err := d.ConfirmTOTP(t.Context(), han.ID, credential.CodeAt(raw, d.now)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.SignInWith(t.Context(), "韩梅梅", rightPassword, recovery[1]); !errors.Is(err, feedback.ErrNotFound) {
		t.Errorf("another's recovery code: %v", err)
	}
	if !d.opens("李雷", rightPassword, recovery[1]) {
		t.Error("a recovery code that another tried is used up")
	}

	// A new key: the old one opens what it sealed, once, and the row is sealed
	// anew.
	if d.keys, err = credential.ParseKeys(strings.Repeat("77", 32), strings.Repeat("5a", 32)); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(time.Hour)
	if !d.opens("李雷", rightPassword, credential.CodeAt(seed, d.now)) {
		t.Fatal("after the key was exchanged")
	}
	if d.keys, err = credential.ParseKeys(strings.Repeat("77", 32)); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(time.Hour)
	if !d.opens("李雷", rightPassword, credential.CodeAt(seed, d.now)) {
		t.Fatal("after the old key was thrown away")
	}
	if err := d.DropTOTP(t.Context(), d.li.ID); err != nil || !d.opens("李雷", rightPassword, "") {
		t.Errorf("without one-time passwords again: %v", err)
	}
	if d.keys, err = credential.ParseKeys(""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.BeginTOTP(t.Context(), d.li.ID); !errors.Is(err, credential.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
}

// TestCredentialsEndSessions: whatever changes about how somebody signs in,
// every browser of theirs has to do it anew. Each change leaves a line.
func TestCredentialsEndSessions(t *testing.T) {
	d := newDoor(t)
	changes := map[string]func() error{
		"password":   func() error { return d.SetPassword(t.Context(), d.li.ID, rightPassword+"!") },
		"totp off":   func() error { return d.DropTOTP(t.Context(), d.li.ID) },
		"everywhere": func() error { return d.SignOutEverywhere(t.Context(), d.li.ID) },
		"role": func() error {
			d.li.Role = feedback.Admin
			return d.db.Write(t.Context(), func(tx *store.Tx) error { return tx.SaveStaff(d.li) })
		},
	}
	for name, change := range changes {
		d.write(func(tx *store.Tx) error {
			return tx.PutSession(store.Session{Hash: name, Staff: d.li.ID, CreatedAt: d.now, SeenAt: d.now, Expires: d.now.Add(time.Hour)})
		})
		if err := change(); err != nil {
			t.Fatal(name, err)
		}
		err := d.db.Read(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Session(name, d.now)
			return err
		})
		if !errors.Is(err, feedback.ErrNotFound) {
			t.Errorf("%s: the session goes on: %v", name, err)
		}
	}
	d.write(func(tx *store.Tx) error {
		d.li.ShownAs = "小雷"
		if err := tx.PutSession(store.Session{Hash: "kept", Staff: d.li.ID, Expires: d.now.Add(time.Hour)}); err != nil {
			return err
		}
		if err := tx.SaveStaff(d.li); err != nil {
			return err
		}
		_, err := tx.Session("kept", d.now)
		return err
	})
	err := d.db.Read(t.Context(), func(tx *store.Tx) error {
		lines, err := tx.Audits(0)
		if err == nil && len(lines) != 4 { // the first password among them
			t.Errorf("%d lines", len(lines))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
