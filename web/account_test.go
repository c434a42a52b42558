package web

import (
	"bytes"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

const goodPassword = "四季青禾 2026 spring"

var seedShown = regexp.MustCompile(`<p class="seed"><code>([A-Z2-7]{32})</code>`)

// TestAccount: a colleague sets a password and one-time passwords on their own
// page, and signs in with them; every change gives a new session and ends the
// others.
func TestAccount(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.SignInTries = 1000 })
	b, elsewhere := h.browser(), h.browser()
	b.signIn()
	elsewhere.signIn()
	do := func(want int, values url.Values) string {
		t.Helper()
		r := b.form("/account", values)
		if r.status != want {
			t.Fatalf("%v: %d, want %d\n%s", values, r.status, want, r.body)
		}
		return r.body
	}
	do(http.StatusBadRequest, url.Values{"do": {"bogus"}})
	do(http.StatusUnprocessableEntity, url.Values{"do": {"password"}, "password": {goodPassword}, "again": {goodPassword + "x"}})
	do(http.StatusUnprocessableEntity, url.Values{"do": {"password"}, "password": {"short"}, "again": {"short"}})
	do(http.StatusUnprocessableEntity, url.Values{"do": {"password"}, "password": {""}, "again": {""}})
	before := b.cookie("hy_session")
	if got := do(http.StatusOK, url.Values{"do": {"password"}, "password": {goodPassword}, "again": {goodPassword}}); !strings.Contains(got, "保存好了") {
		t.Error(got)
	}
	if b.cookie("hy_session") == before {
		t.Error("the session is the same after a new password")
	}
	if r := elsewhere.get("/"); r.status != http.StatusSeeOther {
		t.Errorf("another browser's session goes on: %d", r.status)
	}
	if r := elsewhere.form("/signin", url.Values{"name": {"李雷"}, "password": {goodPassword}, "next": {"/i/7"}}); r.status != http.StatusSeeOther || r.header.Get("Location") != "/i/7" {
		t.Fatalf("signing in with the password: %d %s", r.status, r.header.Get("Location"))
	}
	if r := elsewhere.get("/"); r.status != http.StatusOK {
		t.Fatalf("the board after it: %d", r.status)
	}

	seed := seedShown.FindStringSubmatch(do(http.StatusOK, url.Values{"do": {"totp"}}))
	if seed == nil {
		t.Fatal("no seed is shown")
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed[1])
	if err != nil {
		t.Fatal(err)
	}
	// The page says to try the next code, so there is where to write it.
	if got := do(http.StatusUnprocessableEntity, url.Values{"do": {"confirm"}, "code": {"12"}}); !strings.Contains(got, `value="confirm"`) {
		t.Error("after a wrong code there is no field for the next one")
	}
	got := do(http.StatusOK, url.Values{"do": {"confirm"}, "code": {credential.CodeAt(raw, time.Now())}})
	recovery := regexp.MustCompile(`<li><code>([A-Z2-7-]{19})</code>`).FindAllStringSubmatch(got, -1)
	if len(recovery) != 8 {
		t.Fatalf("%d recovery codes\n%s", len(recovery), got)
	}
	if strings.Contains(b.get("/account").body, recovery[0][1]) || strings.Contains(b.get("/account").body, seed[1]) {
		t.Error("recovery codes or the seed are shown again")
	}
	if r := elsewhere.form("/signin", url.Values{"name": {"李雷"}, "password": {goodPassword}}); r.status != http.StatusUnauthorized {
		t.Errorf("without a one-time password: %d", r.status)
	}
	if r := elsewhere.form("/signin", url.Values{"name": {"李雷"}, "password": {goodPassword}, "otp": {recovery[0][1]}}); r.status != http.StatusSeeOther {
		t.Errorf("with a recovery code: %d", r.status)
	}
	if log := h.log.String(); strings.Contains(log, goodPassword) || strings.Contains(log, seed[1]) || strings.Contains(log, recovery[0][1]) {
		t.Error("the log holds a secret")
	}

	if r := elsewhere.form("/account", url.Values{"do": {"everywhere"}}); r.status != http.StatusSeeOther {
		t.Errorf("signing out everywhere: %d", r.status)
	}
	for _, x := range []*browser{b, elsewhere} {
		if r := x.get("/"); r.status != http.StatusSeeOther {
			t.Errorf("the board after it: %d", r.status)
		}
	}
}

func (b *browser) cookie(name string) string {
	b.h.t.Helper()
	for _, c := range b.c.Jar.Cookies(must(url.Parse(b.h.srv.URL))) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// TestAnOldSessionChangesNothing: a browser that was left open is not enough.
func TestAnOldSessionChangesNothing(t *testing.T) {
	now := time.Now()
	h := newHub(t, func(o *Options) { o.Now = func() time.Time { return now } })
	b := h.browser()
	b.signIn()
	now = now.Add(accountFresh + time.Minute)
	for _, do := range []string{"password", "nopassword", "totp", "confirm", "nototp"} {
		if r := b.form("/account", url.Values{"do": {do}, "password": {goodPassword}, "again": {goodPassword}}); r.status != http.StatusForbidden {
			t.Errorf("%s: %d", do, r.status)
		}
	}
	if r := b.get("/"); r.status != http.StatusOK {
		t.Errorf("the board: %d", r.status)
	}
}

// TestPasswordsAreThrottled: a name is slowed down from wherever it is tried.
func TestPasswordsAreThrottled(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.SignInTries = 1000 })
	last := reply{}
	for range 10 {
		last = h.browser().form("/signin", url.Values{"name": {"李雷"}, "password": {"wrong"}})
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Fatalf("the tenth: %d", last.status)
	}
}

// TestAnswersTellNothing compares what is answered, and what work it takes, for
// a wrong password of a name that exists, of one that does not, and of one that
// has no password: a quicker refusal would tell who exists. Hashing is what takes
// time, and the memory it fills tells how often it was done.
func TestAnswersTellNothing(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.SignInTries = 1 << 20 })
	const filled = 16 << 20 // bytes that one hash fills: much beside all else
	h.accounts = desk.New(desk.Options{
		DB: h.db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Rules: &desk.Rules{}, Passwords: credential.Params{Time: 1, Memory: filled >> 10, Threads: 1},
	})
	if err := h.accounts.SetPassword(t.Context(), h.staff.ID, goodPassword); err != nil {
		t.Fatal(err)
	}
	h.write(func(tx *store.Tx) error {
		return tx.SaveStaff(&feedback.Staff{Name: "韩梅梅", Role: feedback.Agent})
	})
	names := []string{"李雷", "没有人", "韩梅梅"}
	bodies := map[string]string{}
	for _, name := range names {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := h.accounts.SignInWith(t.Context(), name, "wrong", "")
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Fatal("let in")
		}
		if hashes := (after.TotalAlloc - before.TotalAlloc + filled/2) / filled; hashes != 1 {
			t.Errorf("%s: %d hashes were made, want one for every name", name, hashes)
		}
		r := h.browser().form("/signin", url.Values{"name": {name}, "password": {"wrong"}})
		bodies[name] = fmt.Sprint(r.status, regexp.MustCompile(`nonce="[^"]*"`).ReplaceAllString(r.body, ""))
	}
	if bodies[names[0]] != bodies[names[1]] || bodies[names[0]] != bodies[names[2]] {
		t.Errorf("answers differ:\n%s\n%s\n%s", bodies[names[0]], bodies[names[1]], bodies[names[2]])
	}
}

func TestAccountTexts(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	if r := b.get("/signin"); !strings.Contains(r.body, "用名字和密码登录") || strings.Contains(r.body, "<details class=\"other\" open>") {
		t.Errorf("the sign-in page:\n%s", r.body)
	}
	if r := b.form("/signin", url.Values{"name": {"<b>x"}, "password": {"y"}}); !strings.Contains(r.body, "名字、密码或动态码不对。") || !strings.Contains(r.body, "open>") || strings.Contains(r.body, "<b>x") {
		t.Errorf("after a wrong password:\n%s", r.body)
	}
	b.signIn()
	page := b.get("/account").body
	for _, want := range []string{"我的登录方式", "李雷", "没有设置。一次性链接一直能用。", "要先设密码。", "退出所有设备"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestADumpHoldsNoSecret: whoever gets hold of the database can neither sign in
// nor link an account with what is in it.
func TestADumpHoldsNoSecret(t *testing.T) {
	h := newHub(t, func(o *Options) { o.Limits.SignInTries = 1000 })
	secrets := map[string]string{"password": goodPassword}
	b := h.browser()
	b.get("/c")
	b.signIn()
	for _, kind := range []string{desk.CodeSignin, desk.CodeAdmin, desk.CodeLink} {
		code, err := h.accounts.NewCode(t.Context(), kind, h.staff.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		secrets[kind+" code"] = code
	}
	if err := h.accounts.SetPassword(t.Context(), h.staff.ID, goodPassword); err != nil {
		t.Fatal(err)
	}
	text, _, err := h.accounts.BeginTOTP(t.Context(), h.staff.ID)
	if err != nil {
		t.Fatal(err)
	}
	seed := must(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text))
	recovery, err := h.accounts.ConfirmTOTP(t.Context(), h.staff.ID, credential.CodeAt(seed, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	b.signIn() // the changes have ended the session
	secrets["visitor's token"], secrets["session"] = b.cookie("hy_visitor"), b.cookie("hy_session")
	secrets["seed"], secrets["seed in hex"], secrets["seed as typed"] = string(seed), hex.EncodeToString(seed), text
	secrets["recovery code"], secrets["recovery code without gaps"] = recovery[0], strings.ReplaceAll(recovery[0], "-", "")
	// A short code must not be found by trying all there are.
	secrets["plain hash of the link code"] = desk.HashCode(secrets[desk.CodeLink+" code"])
	var dump []byte
	for _, name := range []string{"huiyin.db", "huiyin.db-wal"} {
		part, err := os.ReadFile(filepath.Join(h.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		dump = append(dump, part...)
	}
	if !bytes.Contains(dump, []byte("$argon2id$")) {
		t.Fatal("this looks at the wrong file")
	}
	for what, secret := range secrets {
		if secret == "" || bytes.Contains(dump, []byte(secret)) {
			t.Errorf("the database holds the %s, or there is none", what)
		}
	}
}
