package credential

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	keyLength   = 32
	keyIDLength = 4
	sealVersion = 1
)

// ErrNoKey says that there is no key to seal with.
var ErrNoKey = errors.New("no key is configured: set security.key or security.key_file to 32 random bytes in base64 or hex (openssl rand -base64 32)")

// errSealed says that something sealed cannot be opened.
var errSealed = errors.New("it was sealed with a key that is not configured any more: name it in security.old_key")

// Keys seal secrets for the database: AES-256-GCM, the newest key first. What an
// older key sealed can still be opened.
type Keys struct{ keys []key }

type key struct {
	id   [keyIDLength]byte
	aead cipher.AEAD
	mac  []byte // for MAC
}

// ParseKeys reads the key in force and those before it. An empty current means
// that there is none.
func ParseKeys(current string, old ...string) (*Keys, error) {
	k := &Keys{}
	old = slices.DeleteFunc(old, func(text string) bool { return strings.TrimSpace(text) == "" })
	if strings.TrimSpace(current) == "" {
		if len(old) > 0 {
			return nil, errors.New("security.old_key is set, and security.key is not")
		}
		return k, nil
	}
	for _, text := range append([]string{current}, old...) {
		raw, err := parseKey(text)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		sum := sha256.Sum256(append([]byte("huiyin key id "), raw...))
		mac := sha256.Sum256(append([]byte("huiyin mac key "), raw...))
		k.keys = append(k.keys, key{[keyIDLength]byte(sum[:keyIDLength]), aead, mac[:]})
	}
	return k, nil
}

func parseKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawURLEncoding.DecodeString} {
		if raw, err := decode(text); err == nil && len(raw) == keyLength {
			return raw, nil
		}
	}
	return nil, fmt.Errorf("a key is %d random bytes in base64 or hex: openssl rand -base64 32", keyLength)
}

// Has reports whether anything can be sealed.
func (k *Keys) Has() bool { return k != nil && len(k.keys) > 0 }

// MAC returns a text's keyed hash for a purpose, in hex; without a key its plain
// hash. Whoever has only the database cannot try short secrets against it.
func (k *Keys) MAC(purpose, text string) string {
	if !k.Has() {
		sum := sha256.Sum256([]byte(purpose + "\x00" + text))
		return hex.EncodeToString(sum[:])
	}
	mac := hmac.New(sha256.New, k.keys[0].mac)
	mac.Write([]byte(purpose + "\x00" + text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Seal encrypts a secret for a purpose, which must be named again to open it.
func (k *Keys) Seal(secret []byte, purpose string) ([]byte, error) {
	if !k.Has() {
		return nil, ErrNoKey
	}
	in := k.keys[0]
	nonce := make([]byte, in.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the program instead
	out := append([]byte{sealVersion}, in.id[:]...)
	out = append(out, nonce...)
	return in.aead.Seal(out, nonce, secret, []byte(purpose)), nil
}

// Open decrypts what Seal made. stale says that an older key did, and that it
// should be sealed anew.
func (k *Keys) Open(sealed []byte, purpose string) (secret []byte, stale bool, err error) {
	if !k.Has() {
		return nil, false, ErrNoKey
	}
	if len(sealed) < 1+keyIDLength || sealed[0] != sealVersion {
		return nil, false, errSealed
	}
	for i, in := range k.keys {
		size := in.aead.NonceSize()
		if !bytes.Equal(sealed[1:1+keyIDLength], in.id[:]) || len(sealed) < 1+keyIDLength+size {
			continue
		}
		body := sealed[1+keyIDLength:]
		if secret, err := in.aead.Open(nil, body[:size], body[size:], []byte(purpose)); err == nil {
			return secret, i > 0, nil
		}
	}
	return nil, false, errSealed
}
