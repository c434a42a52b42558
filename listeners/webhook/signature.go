package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers that a post is signed in.
const (
	TimestampHeader = "X-Huiyin-Timestamp"
	SignatureHeader = "X-Huiyin-Signature"
)

// tolerance is how far the sender's clock and the way here may lie apart.
const tolerance = 5 * time.Minute

// Sign returns the signature of a body sent at a time (seconds since 1970, as
// the timestamp header says it).
func Sign(secret, timestamp string, body []byte) string {
	return "sha256=" + hex.EncodeToString(sum([]byte(secret), timestamp, body))
}

func sum(secret []byte, timestamp string, body []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(timestamp))
	m.Write([]byte{'.'})
	m.Write(body)
	return m.Sum(nil)
}

// signatureOf reads both headers. It reports false for those that are missing,
// given twice, badly written or out of time.
func signatureOf(h http.Header, now time.Time) (timestamp string, mac []byte, ok bool) {
	stamps, signatures := h.Values(TimestampHeader), h.Values(SignatureHeader)
	if len(stamps) != 1 || len(signatures) != 1 {
		return "", nil, false
	}
	timestamp = stamps[0]
	if timestamp == "" || len(timestamp) > 12 || strings.Trim(timestamp, "0123456789") != "" {
		return "", nil, false
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return "", nil, false
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return "", nil, false
	}
	code, found := strings.CutPrefix(signatures[0], "sha256=")
	if !found || len(code) != 2*sha256.Size {
		return "", nil, false
	}
	mac, err = hex.DecodeString(code)
	return timestamp, mac, err == nil
}

// matches compares in a time that tells nothing. Without a secret nothing
// matches.
func matches(secret []byte, timestamp string, body, mac []byte) bool {
	return len(secret) > 0 && hmac.Equal(sum(secret, timestamp, body), mac)
}
