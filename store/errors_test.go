package store

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/huiyin/huiyin/feedback"
)

// What a server could not do just now is unavailable; what it refuses for the
// row's sake is not.
func TestClassify(t *testing.T) {
	for code, want := range map[string]error{
		"53100": ErrUnavailable, "53300": ErrUnavailable, "55P03": ErrUnavailable, "57P03": ErrUnavailable, "40001": ErrUnavailable, "08006": ErrUnavailable,
		"57014": ErrUnavailable, // statement_timeout
		"58030": ErrUnavailable, // its disk
		"25006": ErrReadOnly,    // a standby
		"23505": feedback.ErrDuplicate,
		"22001": nil, "42601": nil,
	} {
		err := classify(&pgconn.PgError{Code: code})
		for _, known := range []error{ErrUnavailable, ErrReadOnly, feedback.ErrDuplicate} {
			if errors.Is(err, known) != errors.Is(want, known) {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
}
