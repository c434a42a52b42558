package files

import (
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how many bytes of a file's name are told on download.
const maxName = 120

// Header sets what a stored file is served with, so that a browser treats it as
// the sniffed type or as a download, and never as a page of ours. name is what
// the sender called it: data.
func Header(w http.ResponseWriter, st Stored, name string) {
	h := w.Header()
	disposition := "attachment"
	if kind := Kind(st.MIME); kind != "file" {
		disposition = "inline"
		h.Set("Content-Type", st.MIME)
	} else {
		h.Set("Content-Type", "application/octet-stream")
	}
	value := mime.FormatMediaType(disposition, map[string]string{"filename": SafeName(name, st.MIME)})
	if value == "" {
		value = disposition
	}
	h.Set("Content-Disposition", value)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	// A browser may keep it, but asks each time whether it may still be shown: who
	// signed out, or was erased, leaves nothing behind that opens. What lies at a
	// path never changes.
	h.Set("Cache-Control", "private, no-cache")
	sum := sha256.Sum256([]byte(st.Path))
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
}

// SafeName returns a name to offer for saving: no folders, no control or
// direction marks, bounded, and with the extension that the content has, where
// that is known, so that no program hides behind a picture's name.
func SafeName(name, mediaType string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1
		case strings.ContainsRune(`"<>|:*?%;`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	if name == "" || name == "/" {
		name = "file"
	}
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	base, _, _ := strings.Cut(mediaType, ";")
	if want := extensions[base]; want != "" && !strings.EqualFold(path.Ext(name), want) && !alias(base, path.Ext(name)) {
		name += want
	}
	return name
}

// extensions are those of the types that are served in place.
var extensions = map[string]string{
	"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/heic": ".heic", "image/avif": ".avif",
	"audio/amr": ".amr", "audio/aac": ".aac", "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/ogg": ".ogg", "audio/webm": ".weba",
	"audio/wave": ".wav", "audio/silk": ".silk", "audio/flac": ".flac", "video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov",
	"video/3gpp": ".3gp", "application/pdf": ".pdf", "text/html": ".txt", "text/xml": ".txt",
}

// alias reports whether ext is another name people use for the type.
func alias(mediaType, ext string) bool {
	switch mediaType + strings.ToLower(ext) {
	case "image/jpeg.jpeg", "audio/ogg.oga", "audio/ogg.opus", "audio/webm.webm", "audio/mp4.mp4", "video/mp4.m4v", "text/xml.xml":
		return true
	}
	return false
}
