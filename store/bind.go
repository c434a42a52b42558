package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
)

// A table's row is read and written through one list of pointers, in the order
// of its columns: what bind does not know is a mistake in such a list.

// column is a field that is kept otherwise than it is used.
type column interface {
	bound() (any, error)
}

// bind returns args as both engines take them: pointers followed, times in
// microseconds, text clean.
func bind(args []any) ([]any, error) {
	if len(args) == 0 {
		return nil, nil
	}
	out := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case string:
			out[i] = clean(v)
		case *string:
			out[i] = clean(*v)
		case int64, bool, nil, []int64, []bool, [][]byte, pgtype.TSVector:
			out[i] = v
		case []string:
			all := make([]string, len(v))
			for k, s := range v {
				all[k] = clean(s)
			}
			out[i] = all
		case *int64:
			out[i] = *v
		case int:
			out[i] = int64(v)
		case *bool:
			out[i] = *v
		case []byte:
			out[i] = blob(v)
		case *[]byte:
			out[i] = blob(*v)
		case time.Time:
			out[i] = micros(v)
		case column:
			x, err := v.bound()
			if err != nil {
				return nil, err
			}
			out[i] = x
		default:
			return nil, fmt.Errorf("store: cannot keep a %T", a)
		}
	}
	return out, nil
}

// blob returns b so that nil is NULL on both engines.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// clean returns s as both engines can keep it: PostgreSQL takes neither NUL nor
// invalid UTF-8. Intake has normalised texts long before; this is the last line,
// and it replaces instead of dropping, so that two keys stay two.
func clean(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// maxName bounds a platform's ids and other keys, in bytes: PostgreSQL's indexes
// take about 2,700.
const maxName = 500

// short returns a key as it is kept: a longer one, as some feeds have, becomes
// its beginning and its digest.
func short(s string) string {
	if len(s) <= maxName {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:maxName-80], "") + " … " + hex.EncodeToString(sum[:])
}

// name keeps a key.
type name struct{ s *string }

func (c name) bound() (any, error) { return clean(short(*c.s)), nil }

// Scan implements sql.Scanner.
func (c name) Scan(src any) error {
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("store: a key is kept as %T", src)
	}
	*c.s = s
	return nil
}

// micros returns t as microseconds since 1970; 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment is the inverse of micros, in UTC.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// at keeps a time as microseconds.
type at struct{ t *time.Time }

func (c at) bound() (any, error) { return micros(*c.t), nil }

// Scan implements sql.Scanner.
func (c at) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: a time is kept as %T", src)
	}
	*c.t = moment(us)
	return nil
}

// whole keeps an int.
type whole struct{ n *int }

func (c whole) bound() (any, error) { return int64(*c.n), nil }

// Scan implements sql.Scanner.
func (c whole) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: a number is kept as %T", src)
	}
	*c.n = int(n)
	return nil
}

// span keeps a duration as microseconds.
type span struct{ d *time.Duration }

func (c span) bound() (any, error) { return c.d.Microseconds(), nil }

// Scan implements sql.Scanner.
func (c span) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: a duration is kept as %T", src)
	}
	*c.d = time.Duration(us) * time.Microsecond
	return nil
}

// object keeps a value as JSON; nothing at all for nil.
type object[T any] struct{ v *T }

// inJSON returns the column that keeps *v as JSON.
func inJSON[T any](v *T) object[T] { return object[T]{v} }

func (c object[T]) bound() (any, error) { return c.text() }

func (c object[T]) text() (string, error) {
	b, err := json.Marshal(*c.v)
	if err != nil {
		return "", fmt.Errorf("store: cannot keep a %T: %w", *c.v, err)
	}
	if s := string(b); s != "null" {
		return s, nil
	}
	return "", nil
}

// Scan implements sql.Scanner.
func (c object[T]) Scan(src any) error {
	var b []byte
	switch s := src.(type) {
	case string:
		b = []byte(s)
	case []byte:
		b = s
	default:
		return fmt.Errorf("store: JSON is kept as %T", src)
	}
	var v T
	if len(b) > 0 {
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("store: a kept %T cannot be read: %w", v, err)
		}
	}
	*c.v = v
	return nil
}

// marks returns n placeholders: "?, ?, ?".
func marks(n int) string {
	if n == 0 {
		return ""
	}
	return strings.Repeat("?, ", n-1) + "?"
}

// places returns a placeholder for each of a comma-separated list of columns.
func places(columns string) string { return marks(1 + strings.Count(columns, ",")) }

// assignments returns "a = ?, b = ?" for a comma-separated list of columns.
func assignments(columns string) string {
	names := strings.Split(columns, ", ")
	return strings.Join(names, " = ?, ") + " = ?"
}

// qualified returns the columns with their table's name before each.
func qualified(table, columns string) string {
	return table + "." + strings.ReplaceAll(columns, ", ", ", "+table+".")
}

// anyText returns a condition that a column is one of texts, and its argument.
func anyText(d dialect, texts []string) (string, any) {
	if d == postgres {
		return "= ANY(?)", texts
	}
	return "IN (SELECT value FROM json_each(?))", inJSON(&texts)
}

// anyID returns a condition that a column is one of ids, and its argument.
func anyID(d dialect, ids []int64) (string, any) {
	if d == postgres {
		return "= ANY(?)", ids
	}
	// json_each takes any number of ids through one prepared statement.
	b := make([]byte, 0, 16*len(ids))
	b = append(b, '[')
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%d", id)
	}
	return "IN (SELECT value FROM json_each(?))", string(append(b, ']'))
}
