package feed

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// decode returns a feed as UTF-8 and the name of the character set it was in.
// What a server or a prolog says counts only as far as the bytes agree: a byte
// order mark and valid UTF-8 do not come about by chance, labels are wrong
// every day.
func decode(b []byte, contentType string) (text []byte, name string) {
	if t, name := marked(b); t != nil {
		return unlabelled(t), name
	}
	if mostlyUTF8(b) {
		return unlabelled(bytes.ToValidUTF8(b, []byte("\uFFFD"))), "utf-8"
	}
	for _, label := range []string{headerCharset(contentType), prologCharset(b)} {
		if e, name := encodingOf(label); e != nil {
			if t, ok := decodes(e, b); ok {
				return unlabelled(t), name
			}
		}
	}
	e, name := guess(b)
	t, err := e.NewDecoder().Bytes(b)
	if err != nil {
		t = bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	return unlabelled(t), name
}

// marked decodes what begins with a byte order mark, or with the zeros of wide
// characters.
func marked(b []byte) ([]byte, string) {
	type form struct {
		prefix []byte
		skip   int
		enc    encoding.Encoding
		name   string
	}
	wide := func(big bool) encoding.Encoding {
		if big {
			return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
		}
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	}
	for _, f := range []form{
		{[]byte{0, 0, 0xfe, 0xff}, 4, utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), "utf-32be"},
		{[]byte{0xff, 0xfe, 0, 0}, 4, utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), "utf-32le"},
		{[]byte{0, 0, 0, '<'}, 0, utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), "utf-32be"},
		{[]byte{'<', 0, 0, 0}, 0, utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), "utf-32le"},
		{[]byte{0xfe, 0xff}, 2, wide(true), "utf-16be"},
		{[]byte{0xff, 0xfe}, 2, wide(false), "utf-16le"},
		{[]byte{0, '<'}, 0, wide(true), "utf-16be"},
		{[]byte{'<', 0}, 0, wide(false), "utf-16le"},
	} {
		if !bytes.HasPrefix(b, f.prefix) {
			continue
		}
		t, err := f.enc.NewDecoder().Bytes(b[f.skip:])
		if err != nil {
			return nil, ""
		}
		return t, f.name
	}
	if rest, ok := bytes.CutPrefix(b, []byte{0xef, 0xbb, 0xbf}); ok {
		if mostlyUTF8(rest) {
			return bytes.ToValidUTF8(rest, []byte("\uFFFD")), "utf-8"
		}
		t, name := decode(rest, "") // the mark alone does not make it UTF-8
		return t, name
	}
	return nil, ""
}

// mostlyUTF8 reports whether b is UTF-8, but for a broken character here and
// there: texts are cut by bytes somewhere on their way.
func mostlyUTF8(b []byte) bool {
	wide, broken := 0, 0
	within := false // a run of broken bytes: it counts once
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			within = false
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			wide++
			within = false
		case !utf8.FullRune(b[i:]):
			return broken*8 <= wide // cut at the very end
		case !within:
			broken++
			within = true
		}
		i += n
	}
	return broken*8 <= wide
}

func headerCharset(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return params["charset"]
}

var prolog = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']?([A-Za-z0-9._:-]{1,40})["']?[^>]{0,200}?\?>`)

func prologCharset(b []byte) string {
	if m := prolog.FindSubmatch(b[:min(len(b), 512)]); m != nil {
		return string(m[1])
	}
	return ""
}

// encodingOf returns a named encoding other than UTF-8; the narrower forms of
// Chinese ones are read as the widest.
func encodingOf(label string) (encoding.Encoding, string) {
	if label == "" {
		return nil, ""
	}
	e, err := htmlindex.Get(strings.TrimSpace(label))
	if err != nil {
		return nil, ""
	}
	name, err := htmlindex.Name(e)
	if err != nil || name == "utf-8" || name == "replacement" || strings.HasPrefix(name, "utf-16") {
		return nil, ""
	}
	if name == "gbk" {
		return simplifiedchinese.GB18030, "gb18030"
	}
	return e, name
}

// decodes decodes b unless more than a hundredth of it does not fit. Single-byte
// encodings fit everything: they are believed only where the bytes do not look
// like Chinese.
func decodes(e encoding.Encoding, b []byte) ([]byte, bool) {
	if _, single := e.(*charmap.Charmap); single {
		if g, name := guess(b); name != "windows-1252" {
			if _, ok := decodes(g, b); ok {
				return nil, false
			}
		}
	}
	t, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return nil, false
	}
	broken := bytes.Count(t, []byte("\uFFFD"))
	return t, broken*100 <= utf8.RuneCount(t)
}

// guess tells GB18030 from Big5 by where their common characters lie: nearly
// all of a text's characters are of the first level of the one set, and only
// some by chance of the other.
func guess(b []byte) (encoding.Encoding, string) {
	var pairs, gb, big, alone int
	for i := 0; i < len(b); i++ {
		lead := b[i]
		if lead < 0x80 {
			continue
		}
		if lead == 0x80 || lead == 0xff || i+1 >= len(b) || b[i+1] < 0x40 && (b[i+1] < 0x30 || b[i+1] > 0x39) {
			alone++
			continue
		}
		i++
		trail := b[i]
		pairs++
		if lead >= 0xa1 && lead <= 0xa3 && trail >= 0xa1 || lead >= 0xb0 && lead <= 0xd7 && trail >= 0xa1 {
			gb++
		}
		if lead >= 0xa1 && lead <= 0xc6 && (trail >= 0x40 && trail <= 0x7e || trail >= 0xa1) {
			big++
		}
	}
	switch {
	case pairs == 0 || alone*4 > pairs || gb*2 < pairs && big*2 < pairs:
		return charmap.Windows1252, "windows-1252"
	case big > gb:
		return traditionalchinese.Big5, "big5"
	default:
		return simplifiedchinese.GB18030, "gb18030"
	}
}

var declared = regexp.MustCompile(`(?i)(^\s*<\?xml[^>]{0,200}?)\s+encoding\s*=\s*("[^">]{0,60}"|'[^'>]{0,60}'|[^\s?>]{0,60})`)

// unlabelled takes the declaration of the former encoding out, and characters
// that XML does not allow.
func unlabelled(b []byte) []byte {
	b = bytes.TrimPrefix(b, []byte("\uFEFF"))
	head := b[:min(len(b), 512)]
	if m := declared.FindSubmatchIndex(head); m != nil {
		b = append(bytes.Clone(b[:m[3]]), b[m[1]:]...)
	}
	return bytes.TrimLeft(b, " \t\r\n\x00")
}
