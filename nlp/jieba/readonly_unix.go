//go:build unix

package jieba

import (
	"errors"
	"syscall"
)

// isReadOnly reports whether err says that a folder cannot be written because
// of how it is mounted.
func isReadOnly(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENOSPC)
}
