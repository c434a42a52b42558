package feedback

import "errors"

// Errors that callers tell apart. Anything else is internal: it is logged and
// its text never reaches a person.
var (
	ErrNotFound  = errors.New("not found")
	ErrConflict  = errors.New("changed by someone else in the meantime")
	ErrDuplicate = errors.New("already done")
	ErrForbidden = errors.New("not permitted")
	ErrInvalid   = errors.New("invalid")
)
