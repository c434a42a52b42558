package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/desk/credential"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// SlowError says that somebody has to wait before they try again to sign in.
type SlowError struct{ Wait time.Duration }

// Error implements error.
func (e *SlowError) Error() string { return "too many tries to sign in, wait " + e.Wait.String() }

const (
	// freeTries is how many wrong passwords of one name cost no waiting. Beyond
	// them each one doubles it, up to maxBackoff: nobody can be locked out by
	// somebody else for longer.
	freeTries  = 5
	maxBackoff = 5 * time.Minute
	// triesKept is how long wrong passwords are remembered.
	triesKept = time.Hour
	// enrolFor is how long a new seed waits for its first code.
	enrolFor = 10 * time.Minute
	// recoveryCodes stand in for a lost telephone, each once.
	recoveryCodes = 8
	recoveryFor   = 10 * 365 * 24 * time.Hour
	codeRecovery  = "recovery"
	// maxLogin bounds a name and a code as given, in bytes.
	maxLogin = 200
)

// The kinds of audit lines about sign-ins.
const (
	AuditPassword = "signin.password"
	AuditTOTP     = "signin.totp"
	AuditSignOut  = "signin.out"
)

// SignInWith returns whom name, password and, where they use them, one-time
// password sign in. Whatever is wrong, the answer is feedback.ErrNotFound, after
// the same time; a *SlowError where there were too many wrong ones for the name.
// otp may be a recovery code.
func (s *Service) SignInWith(ctx context.Context, name, password, otp string) (*feedback.Staff, error) {
	name, otp = strings.TrimSpace(name), strings.TrimSpace(otp)
	if name == "" || len(name) > maxLogin || len(otp) > maxLogin || len(password) > credential.MaxPassword {
		return nil, fmt.Errorf("sign-in: %w", feedback.ErrNotFound)
	}
	now := s.now().UTC()
	// The try counts before the password is looked at, so that many at once do
	// not get more of them.
	if err := s.countTry(ctx, name, now); err != nil {
		return nil, err
	}
	var st *feedback.Staff
	var cred *store.Credential
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		st, cred = nil, &store.Credential{}
		known, err := tx.StaffByName(name)
		if isNotFound(err) {
			known, err = &feedback.Staff{}, nil // and looked up as somebody would be
		}
		if err != nil {
			return err
		}
		c, err := tx.Credential(known.ID)
		if err == nil && c.Password != "" {
			st, cred = known, c
		}
		return ignoreNotFound(err)
	})
	if err != nil {
		return nil, err
	}
	hash := cred.Password
	if hash == "" {
		hash = s.dummy // nobody's: as slow as somebody's
	}
	release, err := s.hashing(ctx)
	if err != nil {
		return nil, err
	}
	ok, outdated, err := s.params.Verify(hash, password)
	release()
	if err != nil {
		return nil, err
	}
	if !ok || st == nil || st.Disabled {
		return nil, fmt.Errorf("sign-in: %w", feedback.ErrNotFound)
	}
	fresh := hash
	if outdated {
		fresh = s.params.Hash(password)
	}
	return st, s.db.Write(ctx, func(tx *store.Tx) error {
		cred, err := tx.LockCredential(st.ID)
		if err != nil {
			return err
		}
		if cred.Password != hash {
			return fmt.Errorf("the password was changed just now: %w", feedback.ErrNotFound)
		}
		if err := s.secondFactor(tx, cred, otp, now); err != nil {
			return err
		}
		cred.Password = fresh
		if err := tx.PutCredential(*cred); err != nil {
			return err
		}
		if st.Role == feedback.Admin {
			if err := tx.SetState(adminKnown, "1", time.Time{}); err != nil {
				return err
			}
		}
		return tx.DropState(tryKey(name))
	})
}

func ignoreNotFound(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}

// hashing waits for its turn: each hash takes memory, and strangers may ask for
// them.
func (s *Service) hashing(ctx context.Context) (release func(), err error) {
	select {
	case s.hashers <- struct{}{}:
		return func() { <-s.hashers }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func tryKey(name string) string {
	sum := sha256.Sum256([]byte("try " + strings.ToLower(name)))
	return "signin:" + hex.EncodeToString(sum[:16])
}

// countTry counts a try of a name, known or not, and refuses one that comes too
// early after the wrong ones before it.
func (s *Service) countTry(ctx context.Context, name string, now time.Time) error {
	var slow *SlowError
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		slow = nil
		raw, known, err := tx.State(tryKey(name))
		if err != nil {
			return err
		}
		var n, last int64
		if known {
			if _, err := fmt.Sscanf(raw, "%d %d", &n, &last); err != nil {
				return fmt.Errorf("tries of a name: %w", err)
			}
		}
		if n >= freeTries {
			wait := min(maxBackoff, time.Second<<min(n-freeTries, 20))
			if left := time.Unix(0, last).Add(wait).Sub(now); left > 0 {
				slow = &SlowError{left}
				return nil
			}
		}
		return tx.SetState(tryKey(name), strconv.FormatInt(n+1, 10)+" "+strconv.FormatInt(now.UnixNano(), 10), now.Add(triesKept))
	})
	if err == nil && slow != nil {
		return slow
	}
	return err
}

// secondFactor checks the one-time password of somebody who uses them, and notes
// in cred, which is locked, that it is used.
func (s *Service) secondFactor(tx *store.Tx, cred *store.Credential, otp string, now time.Time) error {
	if len(cred.Seed) == 0 {
		return nil
	}
	seed, stale, err := s.keys.Open(cred.Seed, sealedFor(cred.Staff))
	if err != nil {
		s.log.Error("a colleague's seed of one-time passwords cannot be read", "staff", cred.Staff, "err", err)
	}
	if err == nil {
		if step := credential.CheckTOTP(seed, otp, now, cred.Step); step != 0 {
			cred.Step = step
			if stale {
				if cred.Seed, err = s.keys.Seal(seed, sealedFor(cred.Staff)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	used, err := tx.UseCode(codeRecovery, s.keys.MAC(codeRecovery, plainCode(otp)), now)
	if err != nil {
		return err // feedback.ErrNotFound: wrong
	}
	if used.Staff != cred.Staff {
		return fmt.Errorf("recovery code: %w", feedback.ErrNotFound)
	}
	return nil
}

// plainCode is a recovery code as it is kept: people type it with gaps.
func plainCode(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code))
}

func sealedFor(staff int64) string { return "totp:" + strconv.FormatInt(staff, 10) }

// SetPassword gives a colleague a password, or none where it is empty, and ends
// their sessions. credential.ErrWeak where it may not be used.
func (s *Service) SetPassword(ctx context.Context, staff int64, password string) error {
	hash, kind := "", "off"
	if password != "" {
		var name string
		err := s.db.Read(ctx, func(tx *store.Tx) error {
			st, err := tx.Staff(staff)
			if err == nil {
				name = st.Name
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := credential.Fit(password, name); err != nil {
			return err
		}
		release, err := s.hashing(ctx)
		if err != nil {
			return err
		}
		hash, kind = s.params.Hash(password), "set"
		release()
	}
	return s.changeCredential(ctx, staff, AuditPassword, kind, func(_ *store.Tx, c *store.Credential) error {
		c.Password = hash
		return nil
	})
}

// changeCredential changes how a colleague signs in, ends every session of
// theirs and leaves a line of it.
func (s *Service) changeCredential(ctx context.Context, staff int64, audit, what string, change func(tx *store.Tx, c *store.Credential) error) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Staff(staff); err != nil {
			return err
		}
		c, err := tx.LockCredential(staff)
		if isNotFound(err) {
			c, err = &store.Credential{Staff: staff}, nil
		}
		if err != nil {
			return err
		}
		if err := change(tx, c); err != nil {
			return err
		}
		c.ChangedAt = s.now().UTC()
		if err := tx.PutCredential(*c); err != nil {
			return err
		}
		if err := tx.DropSessionsOf(staff); err != nil {
			return err
		}
		return tx.AddAudit(store.Audit{At: c.ChangedAt, Kind: audit, Staff: staff, Data: map[string]string{"what": what}})
	})
}

// HowSignedIn reports whether a colleague has a password and one-time passwords,
// and whether the latter can be had at all: they need a key.
func (s *Service) HowSignedIn(ctx context.Context, staff int64) (password, totp, possible bool, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		c, err := tx.Credential(staff)
		if err == nil {
			password, totp = c.Password != "", len(c.Seed) > 0
		}
		return ignoreNotFound(err)
	})
	return password, totp, s.keys.Has(), err
}

func enrolKey(staff int64) string { return "enrol:" + strconv.FormatInt(staff, 10) }

// BeginTOTP makes a seed for a colleague's authenticator: as text, and as a
// link. It is in force once ConfirmTOTP gets its first code.
func (s *Service) BeginTOTP(ctx context.Context, staff int64) (text, uri string, err error) {
	seed := credential.NewSeed()
	sealed, err := s.keys.Seal(seed, sealedFor(staff))
	if err != nil {
		return "", "", err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		st, err := tx.Staff(staff)
		if err != nil {
			return err
		}
		uri = credential.SeedURI(s.Rules().Brand, st.Name, seed)
		return tx.SetState(enrolKey(staff), hex.EncodeToString(sealed), s.now().Add(enrolFor))
	})
	return credential.SeedText(seed), uri, err
}

// errCode says that a one-time password was wrong.
var errCode = fmt.Errorf("one-time password: %w", feedback.ErrInvalid)

// ConfirmTOTP puts the seed of BeginTOTP in force, given the code that the
// authenticator shows, and returns recovery codes; earlier ones end, and so does
// every session of the colleague. feedback.ErrInvalid where the code is wrong.
func (s *Service) ConfirmTOTP(ctx context.Context, staff int64, code string) (recovery []string, err error) {
	err = s.changeCredential(ctx, staff, AuditTOTP, "set", func(tx *store.Tx, c *store.Credential) error {
		raw, known, err := tx.State(enrolKey(staff))
		if err != nil {
			return err
		}
		if !known {
			return errCode
		}
		sealed, err := hex.DecodeString(raw)
		if err != nil {
			return fmt.Errorf("a seed that waits: %w", err)
		}
		seed, _, err := s.keys.Open(sealed, sealedFor(staff))
		if err != nil {
			return err
		}
		step := credential.CheckTOTP(seed, code, s.now(), 0)
		if step == 0 {
			return errCode
		}
		c.Seed, c.Step = sealed, step
		if err := tx.DropState(enrolKey(staff)); err != nil {
			return err
		}
		recovery, err = s.newRecovery(tx, staff)
		return err
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// newRecovery makes recovery codes in place of those before.
func (s *Service) newRecovery(tx *store.Tx, staff int64) ([]string, error) {
	if err := tx.DropCodesOf(codeRecovery, staff); err != nil {
		return nil, err
	}
	var codes []string
	for range recoveryCodes {
		code := credential.NewRecoveryCode()
		err := tx.PutCode(store.Code{Kind: codeRecovery, Hash: s.keys.MAC(codeRecovery, plainCode(code)), Staff: staff, Expires: s.now().Add(recoveryFor)})
		if err != nil {
			return nil, err
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// DropTOTP takes one-time passwords and recovery codes away.
func (s *Service) DropTOTP(ctx context.Context, staff int64) error {
	return s.changeCredential(ctx, staff, AuditTOTP, "off", func(tx *store.Tx, c *store.Credential) error {
		c.Seed, c.Step = nil, 0
		return tx.DropCodesOf(codeRecovery, staff)
	})
}

// SignOutEverywhere ends every session of a colleague.
func (s *Service) SignOutEverywhere(ctx context.Context, staff int64) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DropSessionsOf(staff); err != nil {
			return err
		}
		return tx.AddAudit(store.Audit{At: s.now().UTC(), Kind: AuditSignOut, Staff: staff})
	})
}

// IsSlow returns how long to wait where err says so.
func IsSlow(err error) (time.Duration, bool) {
	var slow *SlowError
	if errors.As(err, &slow) {
		return slow.Wait, true
	}
	return 0, false
}
