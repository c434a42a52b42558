package credential

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238's default, the one that every authenticator knows; HMAC does not need collision resistance
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	seedLength = 20 // bytes: the length of the hash, as RFC 4226 asks
	totpStep   = 30 * time.Second
	totpDigits = 6
	// totpSkew is how many steps a telephone's clock may be off.
	totpSkew = 1
)

// NewSeed returns a fresh seed for one-time passwords.
func NewSeed() []byte {
	seed := make([]byte, seedLength)
	_, _ = rand.Read(seed) // never fails: crypto/rand ends the program instead
	return seed
}

// NewRecoveryCode returns a code of 80 random bits in groups of four.
func NewRecoveryCode() string {
	raw := make([]byte, 10)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	text := SeedText(raw)
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// SeedText writes a seed as people type it into an authenticator.
func SeedText(seed []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed)
}

// SeedURI writes a seed as authenticators take it from a link.
func SeedURI(issuer, account string, seed []byte) string {
	query := url.Values{
		"secret": {SeedText(seed)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {fmt.Sprint(totpDigits)}, "period": {fmt.Sprint(int(totpStep.Seconds()))},
	}.Encode()
	// Authenticators take "+" for itself.
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + strings.ReplaceAll(query, "+", "%20")
}

// hotp is RFC 4226: the code of one step.
func hotp(seed []byte, step int64, digits int) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, seed)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	power := uint32(1)
	for range digits {
		power *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%power)
}

// CheckTOTP returns the step whose code was given: the present one or a
// neighbour, later than used. A code is so good once, and 0 means that it is
// wrong, too old or used.
func CheckTOTP(seed []byte, code string, now time.Time, used int64) (step int64) {
	code = strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == ' ' || r == '-':
			return -1
		}
		return r
	}, code)
	present := now.Unix() / int64(totpStep/time.Second)
	for s := present - totpSkew; s <= present+totpSkew; s++ {
		// All are compared, whichever is right.
		if subtle.ConstantTimeCompare([]byte(hotp(seed, s, totpDigits)), []byte(code)) == 1 && s > used && step == 0 {
			step = s
		}
	}
	return step
}

// CodeAt returns the code of a moment: what an authenticator shows.
func CodeAt(seed []byte, now time.Time) string {
	return hotp(seed, now.Unix()/int64(totpStep/time.Second), totpDigits)
}
