package store

import (
	"fmt"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

const staffColumns = "name, shown_as, role, team, disabled"

func staffFields(s *feedback.Staff) []any {
	return []any{&s.Name, &s.ShownAs, (*string)(&s.Role), &s.Team, &s.Disabled}
}

func staffRow(s *feedback.Staff) []any { return append([]any{&s.ID}, staffFields(s)...) }

// SaveStaff keeps a colleague: by ID, or without one by name, setting the ID.
// The accounts that s names are linked; others that are linked stay. Where the
// role changes, or the colleague leaves or comes back, their sessions end.
func (tx *Tx) SaveStaff(s *feedback.Staff) error {
	// Who becomes something else signs in anew.
	if _, err := tx.exec(`DELETE FROM sessions WHERE staff IN (SELECT id FROM staff WHERE (id = ?1 OR name = ?2) AND (role <> ?3 OR disabled <> ?4))`, s.ID, s.Name, string(s.Role), s.Disabled); err != nil {
		return err
	}
	if s.ID != 0 {
		n, err := tx.exec("UPDATE staff SET "+assignments(staffColumns)+" WHERE id = ?", append(staffFields(s), s.ID)...)
		if err := changed(n, err, "staff", s.ID); err != nil {
			return err
		}
	} else {
		err := tx.get("staff", []any{&s.ID}, "INSERT INTO staff ("+staffColumns+") VALUES ("+places(staffColumns)+`) ON CONFLICT (name) DO UPDATE SET
  shown_as = excluded.shown_as, role = excluded.role, team = excluded.team, disabled = excluded.disabled RETURNING id`, staffFields(s)...)
		if err != nil {
			return err
		}
	}
	for bot, external := range s.Accounts {
		if err := tx.LinkAccount(s.ID, bot, external); err != nil {
			return err
		}
	}
	return nil
}

// staffWhere returns the colleagues that a condition selects, by name, with their
// accounts.
func (tx *Tx) staffWhere(where string, args ...any) ([]*feedback.Staff, error) {
	all, err := list(tx, staffRow, "SELECT id, "+staffColumns+" FROM staff "+where+" ORDER BY name", args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	byID := make(map[int64]*feedback.Staff, len(all))
	ids := make([]int64, len(all))
	for i, s := range all {
		s.Accounts = make(map[string]string)
		byID[s.ID], ids[i] = s, s.ID
	}
	in, arg := anyID(tx.d, ids)
	return all, tx.each(func(r rows) error {
		var id int64
		var bot, external string
		if err := r.Scan(&id, &bot, &external); err != nil {
			return err
		}
		byID[id].Accounts[bot] = external
		return nil
	}, "SELECT staff, bot, external FROM accounts WHERE staff "+in, arg)
}

func (tx *Tx) oneStaff(what, where string, args ...any) (*feedback.Staff, error) {
	all, err := tx.staffWhere(where, args...)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: %w", what, feedback.ErrNotFound)
	}
	return all[0], nil
}

// Staff returns the colleague with id.
func (tx *Tx) Staff(id int64) (*feedback.Staff, error) {
	if tx.batch != nil {
		all, err := tx.AllStaff()
		if err != nil {
			return nil, err
		}
		for _, st := range all {
			if st.ID == id {
				return st, nil
			}
		}
	}
	return tx.oneStaff(fmt.Sprintf("staff %d", id), "WHERE id = ?", id)
}

// StaffByName returns the colleague called name.
func (tx *Tx) StaffByName(name string) (*feedback.Staff, error) {
	return tx.oneStaff("staff", "WHERE name = ?", name)
}

// StaffByAccount returns the colleague to whom an account on a bot's platform is
// linked.
func (tx *Tx) StaffByAccount(bot, external string) (*feedback.Staff, error) {
	return tx.oneStaff("staff of "+bot, "WHERE id = (SELECT staff FROM accounts WHERE bot = ? AND external = ?)", bot, short(external))
}

// AllStaff returns every colleague by name, disabled ones included.
func (tx *Tx) AllStaff() ([]*feedback.Staff, error) {
	b := tx.batch
	if b == nil {
		return tx.staffWhere("")
	}
	if b.staff == nil {
		err := tx.beside(func() error {
			var err error
			b.staff, err = tx.staffWhere("")
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	all := make([]*feedback.Staff, len(b.staff))
	for i, st := range b.staff {
		same := *st
		all[i] = &same
	}
	return all, nil
}

// LinkAccount links an account on a bot's platform to a colleague. It takes the
// place of the account that they had there, and belongs to nobody else any more.
func (tx *Tx) LinkAccount(staff int64, bot, external string) error {
	if external == "" {
		return fmt.Errorf("%w: an account without an id", feedback.ErrInvalid)
	}
	tx.accountsChange()
	if _, err := tx.exec("DELETE FROM accounts WHERE staff = ? AND bot = ? AND external <> ?", staff, bot, short(external)); err != nil {
		return err
	}
	_, err := tx.exec("INSERT INTO accounts (bot, external, staff) VALUES (?, ?, ?) ON CONFLICT (bot, external) DO UPDATE SET staff = excluded.staff", bot, short(external), staff)
	return err
}

// UnlinkAccount takes the link of an account away.
func (tx *Tx) UnlinkAccount(bot, external string) error {
	tx.accountsChange()
	_, err := tx.exec("DELETE FROM accounts WHERE bot = ? AND external = ?", bot, short(external))
	return err
}

// Account is an account on a bot's platform.
type Account struct{ Bot, External string }

// Accounts returns every account that is linked to a colleague.
func (tx *Tx) Accounts() (map[Account]struct{}, error) {
	all := make(map[Account]struct{})
	err := tx.each(func(r rows) error {
		var a Account
		err := r.Scan(&a.Bot, &a.External)
		all[a] = struct{}{}
		return err
	}, "SELECT bot, external FROM accounts")
	return all, err
}

// AccountsRevision changes whenever this process has changed which accounts are
// linked: what Accounts returned before is to be read again.
func (db *DB) AccountsRevision() int64 { return db.accounts.Load() }

func (tx *Tx) accountsChange() {
	if tx.linked != nil {
		*tx.linked = true
	}
}

func codeRow(c *Code) []any {
	return []any{&c.Kind, &c.Hash, &c.Staff, &c.Data, at{&c.Expires}}
}

const codeColumns = "kind, hash, staff, data, expires"

// PutCode keeps a single-use code by its hash.
func (tx *Tx) PutCode(c Code) error {
	_, err := tx.exec("INSERT INTO codes ("+codeColumns+") VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, hash) DO UPDATE SET staff = excluded.staff, data = excluded.data, expires = excluded.expires", codeRow(&c)...)
	return err
}

// UseCode removes a code and returns it; feedback.ErrNotFound when there is none
// or it has expired.
func (tx *Tx) UseCode(kind, hash string, now time.Time) (*Code, error) {
	c := new(Code)
	if err := tx.get("code", codeRow(c), "DELETE FROM codes WHERE kind = ? AND hash = ? RETURNING "+codeColumns, kind, hash); err != nil {
		return nil, err
	}
	if !now.Before(c.Expires) {
		return nil, fmt.Errorf("code has expired: %w", feedback.ErrNotFound)
	}
	return c, nil
}

// Tries counts a try under key and returns how many there were in the window
// that ends now, this one included. It must be committed even when the try
// fails: check in one Write, count in another.
func (tx *Tx) Tries(key string, window time.Duration, now time.Time) (int, error) {
	if _, err := tx.exec("DELETE FROM tries WHERE expires <= ?", now); err != nil {
		return 0, err
	}
	if _, err := tx.exec("INSERT INTO tries (key, expires) VALUES (?, ?)", short(key), now.Add(window)); err != nil {
		return 0, err
	}
	n, err := tx.number("SELECT count(*) FROM tries WHERE key = ? AND expires > ?", short(key), now)
	return int(n), err
}

// DropCodesOf removes a colleague's codes of a kind.
func (tx *Tx) DropCodesOf(kind string, staff int64) error {
	_, err := tx.exec("DELETE FROM codes WHERE kind = ? AND staff = ?", kind, staff)
	return err
}

// Credential is how a colleague signs in without a link.
type Credential struct {
	Staff     int64
	Password  string // as package desk/credential hashes it; empty: none
	Seed      []byte // of one-time passwords, sealed; nil: none
	Step      int64  // of the one-time password used last
	ChangedAt time.Time
}

const credentialColumns = "staff, password, seed, step, changed_at"

func credentialRow(c *Credential) []any {
	return []any{&c.Staff, &c.Password, &c.Seed, &c.Step, at{&c.ChangedAt}}
}

// Credential returns how a colleague signs in.
func (tx *Tx) Credential(staff int64) (*Credential, error) {
	c := new(Credential)
	return c, tx.get("credential", credentialRow(c), "SELECT "+credentialColumns+" FROM credentials WHERE staff = ?", staff)
}

// LockCredential is Credential, held until the transaction ends: a one-time
// password is good once.
func (tx *Tx) LockCredential(staff int64) (*Credential, error) {
	c := new(Credential)
	return c, tx.get("credential", credentialRow(c), "SELECT "+credentialColumns+" FROM credentials WHERE staff = ?"+tx.locked(), staff)
}

// PutCredential keeps how a colleague signs in.
func (tx *Tx) PutCredential(c Credential) error {
	_, err := tx.exec("INSERT INTO credentials ("+credentialColumns+") VALUES ("+places(credentialColumns)+`) ON CONFLICT (staff) DO UPDATE SET
  password = excluded.password, seed = excluded.seed, step = excluded.step, changed_at = excluded.changed_at`, credentialRow(&c)...)
	return err
}

func sessionRow(s *Session) []any {
	return []any{&s.Hash, &s.Staff, at{&s.CreatedAt}, at{&s.SeenAt}, at{&s.Expires}}
}

const sessionColumns = "hash, staff, created_at, seen_at, expires"

// PutSession keeps a new sign-in by the hash of its token.
func (tx *Tx) PutSession(s Session) error {
	_, err := tx.exec("INSERT INTO sessions ("+sessionColumns+") VALUES (?, ?, ?, ?, ?)", sessionRow(&s)...)
	return err
}

// RenewSession keeps that a sign-in was used now and lasts until expires. One that
// has ended since it was read stays so.
func (tx *Tx) RenewSession(hash string, now, expires time.Time) error {
	_, err := tx.exec("UPDATE sessions SET seen_at = ?1, expires = ?2 WHERE hash = ?3 AND expires > ?1", now, expires, hash)
	return err
}

// Session returns a sign-in that has not expired.
func (tx *Tx) Session(hash string, now time.Time) (*Session, error) {
	s := new(Session)
	return s, tx.get("session", sessionRow(s), "SELECT "+sessionColumns+" FROM sessions WHERE hash = ? AND expires > ?", hash, now)
}

// DropSession ends a sign-in.
func (tx *Tx) DropSession(hash string) error {
	_, err := tx.exec("DELETE FROM sessions WHERE hash = ?", hash)
	return err
}

// DropSessionsOf ends every sign-in of a colleague.
func (tx *Tx) DropSessionsOf(staff int64) error {
	_, err := tx.exec("DELETE FROM sessions WHERE staff = ?", staff)
	return err
}
