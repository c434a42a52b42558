package credential

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1, with eight digits.
func TestTOTPVectors(t *testing.T) {
	seed := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := hotp(seed, at/30, 8); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
		if got := CodeAt(seed, time.Unix(at, 0)); got != want[2:] {
			t.Errorf("at %d: %s, want %s", at, got, want[2:])
		}
	}
	// RFC 4226, appendix D.
	for step, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := hotp(seed, int64(step), 6); got != want {
			t.Errorf("step %d: %s, want %s", step, got, want)
		}
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	seed, now := NewSeed(), time.Unix(1_700_000_000, 0)
	code := CodeAt(seed, now)
	step := CheckTOTP(seed, code, now, 0)
	if step != now.Unix()/30 {
		t.Fatalf("the right code: step %d", step)
	}
	if CheckTOTP(seed, code, now, step) != 0 {
		t.Error("a used code is good again")
	}
	if CheckTOTP(seed, CodeAt(seed, now.Add(-30*time.Second)), now, step) != 0 {
		t.Error("a code before the used one is good")
	}
	for _, off := range []time.Duration{-30 * time.Second, 30 * time.Second} {
		if CheckTOTP(seed, CodeAt(seed, now.Add(off)), now, 0) == 0 {
			t.Errorf("a telephone that is off by %s is refused", off)
		}
	}
	for _, wrong := range []string{"", "0", code + "0", CodeAt(seed, now.Add(time.Hour)), CodeAt(NewSeed(), now)} {
		if CheckTOTP(seed, wrong, now, 0) != 0 && wrong != code {
			t.Errorf("%q is good", wrong)
		}
	}
	if CheckTOTP(seed, " "+code[:3]+" "+code[3:], now, 0) == 0 {
		t.Error("a code with a space is refused")
	}
	if uri := SeedURI("青禾 咖啡", "李雷", seed); !strings.HasPrefix(uri, "otpauth://totp/%E9%9D%92") || !strings.Contains(uri, "secret="+SeedText(seed)) || strings.Contains(uri, "+") {
		t.Error(uri)
	}
}

// Small parameters: what is tested is not how slow it is.
func quick() Params { return Params{Time: 1, Memory: 64, Threads: 1} }

func TestPasswords(t *testing.T) {
	const password = "马到成功 correct horse"
	hash := quick().Hash(password)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") || hash == quick().Hash(password) {
		t.Fatal(hash)
	}
	for given, want := range map[string]bool{password: true, password + " ": false, "": false, strings.ToUpper(password): false} {
		if ok, outdated, err := quick().Verify(hash, given); ok != want || outdated || err != nil {
			t.Errorf("%q: %v %v %v", given, ok, outdated, err)
		}
	}
	if ok, outdated, err := DefaultParams().Verify(hash, password); !ok || !outdated || err != nil {
		t.Errorf("a hash of weaker parameters: %v %v %v", ok, outdated, err)
	}
	for _, broken := range []string{"", "x", "$argon2i$v=19$m=64,t=1,p=1$YWFhYWFhYWE$YQ", strings.Replace(hash, "m=64", "m=99999999", 1), strings.Replace(hash, "v=19", "v=16", 1), hash[:len(hash)-9], strings.Replace(hash, "t=1", "t=0", 1)} {
		if ok, _, err := quick().Verify(broken, password); ok || err == nil {
			t.Errorf("%q verifies: %v %v", broken, ok, err)
		}
	}
	for _, weak := range []string{"", "short", "aaaaaaaaaaaaaaaa", "my name is 李雷 123", strings.Repeat("很长的", 100), "abababababababab", "ok\xff but not text"} {
		if err := Fit(weak, "李雷"); !errors.Is(err, ErrWeak) {
			t.Errorf("%q may be used", weak)
		}
	}
	if err := Fit(password, "李雷"); err != nil {
		t.Error(err)
	}
}

func TestSealing(t *testing.T) {
	first, second := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)), strings.Repeat("ab", 32)
	old, err := ParseKeys(first)
	if err != nil {
		t.Fatal(err)
	}
	secret := NewSeed()
	sealed, err := old.Seal(secret, "totp:1")
	if err != nil || bytes.Contains(sealed, secret) {
		t.Fatalf("%x %v", sealed, err)
	}
	again, _ := old.Seal(secret, "totp:1")
	if bytes.Equal(sealed, again) {
		t.Error("sealing twice gives the same")
	}
	rotated, err := ParseKeys(second, first, " ")
	if err != nil {
		t.Fatal(err)
	}
	if got, stale, err := rotated.Open(sealed, "totp:1"); !bytes.Equal(got, secret) || !stale || err != nil {
		t.Errorf("after the rotation: %x %v %v", got, stale, err)
	}
	if _, _, err := old.Open(sealed, "totp:2"); err == nil {
		t.Error("another's seed opens: rows could be exchanged")
	}
	for at := range sealed {
		bad := bytes.Clone(sealed)
		bad[at] ^= 1
		if _, _, err := old.Open(bad, "totp:1"); err == nil {
			t.Fatalf("opens with byte %d changed", at)
		}
	}
	for _, short := range [][]byte{nil, {1}, sealed[:5], sealed[:17]} {
		if _, _, err := old.Open(short, "totp:1"); err == nil {
			t.Errorf("%x opens", short)
		}
	}
	only, _ := ParseKeys(second)
	if _, _, err := only.Open(sealed, "totp:1"); err == nil || !strings.Contains(err.Error(), "old_key") {
		t.Errorf("without the old key: %v", err)
	}
	if a, b := old.MAC("link", "123456"), only.MAC("link", "123456"); a == b || len(a) != 64 || a != old.MAC("link", "123456") || a == old.MAC("other", "123456") {
		t.Errorf("keyed hashes %s %s", a, b)
	}
	none, err := ParseKeys(" ")
	if err != nil || none.Has() {
		t.Fatalf("no key: %v", err)
	}
	if _, err := none.Seal(secret, ""); !errors.Is(err, ErrNoKey) {
		t.Errorf("%v", err)
	}
	if _, _, err := none.Open(sealed, ""); !errors.Is(err, ErrNoKey) {
		t.Errorf("%v", err)
	}
	for _, wrong := range []string{"short", strings.Repeat("ab", 31), strings.Repeat("ab", 33)} {
		if _, err := ParseKeys(wrong); err == nil {
			t.Errorf("%q is a key", wrong)
		}
	}
	if _, err := ParseKeys("", first); err == nil {
		t.Error("old keys without one in force")
	}
}
