// Package credential holds what proves who a colleague is: passwords as argon2id
// hashes, one-time passwords by the clock (RFC 6238), and the sealing of their
// seeds with a key that is not in the database. It keeps nothing itself.
package credential

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Params are argon2id's: Memory in KiB. They are kept in each hash, so that they
// can rise without anybody's password ceasing to work.
type Params struct {
	Time, Memory uint32
	Threads      uint8
}

// DefaultParams are the second recommended option of RFC 9106, section 4: three
// passes over 64 MiB in four lanes.
func DefaultParams() Params { return Params{Time: 3, Memory: 64 << 10, Threads: 4} }

const (
	saltLength = 16
	hashLength = 32
	// MinPassword is the shortest password, in characters; MaxPassword the
	// longest, in bytes.
	MinPassword = 12
	MaxPassword = 256
	// minDistinct is how many different characters a password needs.
	minDistinct = 5
)

// ErrWeak says that a password may not be used: too short, too long, the
// colleague's own name, or a few characters again and again.
var ErrWeak = errors.New("the password is too easy to guess")

// Fit reports whether password may be used by the colleague of that name.
func Fit(password, name string) error {
	distinct := map[rune]bool{}
	for _, r := range password {
		distinct[r] = true
	}
	switch {
	case utf8.RuneCountInString(password) < MinPassword, len(password) > MaxPassword, len(distinct) < minDistinct,
		!utf8.ValidString(password), name != "" && strings.Contains(strings.ToLower(password), strings.ToLower(name)):
		return ErrWeak
	}
	return nil
}

// Hash returns what is stored of a password, in the usual text form:
// $argon2id$v=19$m=65536,t=3,p=4$SALT$HASH.
func (p Params) Hash(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	sum := argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, hashLength)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Time, p.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// Dummy returns a hash under p that no password has: looking at it takes as long
// as at a colleague's.
func (p Params) Dummy() string {
	filler := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Time, p.Threads, filler(saltLength), filler(hashLength))
}

var errHash = errors.New("the stored password cannot be read: set it again with huiyin staff passwd")

// Verify reports whether password is the one that hash was made of, and whether
// it should be hashed anew under p. It takes the same time for a wrong one.
func (p Params) Verify(hash, password string) (ok, outdated bool, err error) {
	var version int
	var had Params
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false, errHash
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, false, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &had.Memory, &had.Time, &had.Threads); err != nil {
		return false, false, errHash
	}
	const maxMemory, maxTime = 1 << 20, 16 // 1 GiB: a changed row must not take all there is
	if had.Memory < 8 || had.Memory > maxMemory || had.Time < 1 || had.Time > maxTime || had.Threads < 1 {
		return false, false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) != hashLength {
		return false, false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, had.Time, had.Memory, had.Threads, hashLength)
	return subtle.ConstantTimeCompare(got, want) == 1, had != p, nil
}
