//go:build !unix

package jieba

// isReadOnly reports whether err says that a folder cannot be written because
// of how it is mounted. Elsewhere that is a permission error.
func isReadOnly(error) bool { return false }
