package files

import (
	"bytes"
	"net/http"
	"strings"
)

// HeadLen is how many bytes Sniff looks at: enough to reach the track list of
// a recording.
const HeadLen = 8 << 10

// Sniff returns the media type of a file by its first bytes. It knows what
// phones send beyond http.DetectContentType: HEIC, AMR, SILK, AAC, MP3 without
// a tag, and recordings without a picture in MP4, WebM and Ogg.
func Sniff(head []byte) string {
	if len(head) > HeadLen {
		head = head[:HeadLen]
	}
	has := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	switch {
	case has("#!AMR"):
		return "audio/amr"
	case has("#!SILK"), has("\x02#!SILK"):
		return "audio/silk"
	case has("OggS"):
		return oggType(head)
	case has("\x1a\x45\xdf\xa3"):
		return webmType(head)
	case has("fLaC"):
		return "audio/flac"
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return mp4Type(head)
	case len(head) >= 2 && head[0] == 0xff && (head[1]&0xf6) == 0xf0:
		return "audio/aac"
	case len(head) >= 3 && head[0] == 0xff && head[1]&0xe0 == 0xe0 && head[1]&0x06 == 0x02 && head[2]&0xf0 != 0xf0:
		return "audio/mpeg"
	}
	return http.DetectContentType(head)
}

func oggType(head []byte) string {
	if bytes.Contains(head, []byte("\x80theora")) {
		return "video/ogg"
	}
	return "audio/ogg"
}

// webmType tells a recording from a film by the codecs of its tracks.
func webmType(head []byte) string {
	if bytes.Contains(head, []byte("A_")) && !bytes.Contains(head, []byte("V_")) {
		return "audio/webm"
	}
	return "video/webm"
}

// mp4Type looks at the brand, then at the kinds of the tracks.
func mp4Type(head []byte) string {
	switch brand := string(head[8:12]); brand {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		return "image/heic"
	case "avif", "avis":
		return "image/avif"
	case "M4A ", "M4B ":
		return "audio/mp4"
	case "qt  ":
		return "video/quicktime"
	case "3gp4", "3gp5", "3gp6":
		return "video/3gpp"
	}
	if bytes.Contains(head, []byte("soun")) && !bytes.Contains(head, []byte("vide")) {
		return "audio/mp4"
	}
	return "video/mp4"
}

// Kind returns what an attachment of this media type is called: image, audio,
// video or file. Pictures that browsers do not show are files.
func Kind(mediaType string) string {
	base, _, _ := strings.Cut(mediaType, ";")
	switch {
	case shown[base]:
		return "image"
	case strings.HasPrefix(base, "audio/"):
		return "audio"
	case strings.HasPrefix(base, "video/"):
		return "video"
	default:
		return "file"
	}
}

// shown are the pictures that a page may show in place. SVG is not among them:
// it is a document that can hold scripts.
var shown = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}
