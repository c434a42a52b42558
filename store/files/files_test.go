package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func open(t *testing.T, o Options) (*Files, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "files")
	f, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, dir
}

func put(t *testing.T, f *Files, content string) Stored {
	t.Helper()
	st, err := f.Put(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func count(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPutAndOpen(t *testing.T) {
	f, dir := open(t, Options{})
	st := put(t, f, "hello")
	if st.Size != 5 || st.MIME != "text/plain; charset=utf-8" || st.SHA256 != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" {
		t.Fatalf("stored %+v", st)
	}
	r, err := f.Open(st.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != "hello" {
		t.Fatalf("read %q, %v", got, err)
	}
	info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(st.Path)))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v: others must not read it", info.Mode(), err)
	}
	if other := put(t, f, "hello"); other.Path == st.Path {
		t.Fatal("the same content got the same path: a path must not be guessable")
	}
}

func TestRefusedFilesLeaveNothing(t *testing.T) {
	f, dir := open(t, Options{MaxFile: 10, MaxTotal: 25})
	broken := errors.New("connection lost")
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"too big": {strings.NewReader("12345678901"), ErrTooBig},
		"empty":   {strings.NewReader(""), ErrEmpty},
		"broken":  {io.MultiReader(strings.NewReader("123"), iotest.ErrReader(broken)), broken},
	} {
		if _, err := f.Put(c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if n := count(t, dir); n != 0 {
		t.Fatalf("%d files remain", n)
	}
	if _, err := f.Put(strings.NewReader("1234567890")); err != nil {
		t.Fatalf("a file of exactly the limit: %v", err)
	}
}

func TestQuota(t *testing.T) {
	f, dir := open(t, Options{MaxFile: 10, MaxTotal: 25})
	now := time.Unix(1000, 0)
	f.now = func() time.Time { return now }
	first := put(t, f, "1234567890")
	put(t, f, "1234567890")
	if _, err := f.Put(strings.NewReader("1234567890")); !errors.Is(err, ErrFull) {
		t.Fatalf("third file: %v, want ErrFull", err)
	}
	if n := count(t, dir); n != 2 {
		t.Fatalf("%d files, want 2", n)
	}
	if err := f.Remove(first.Path); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(first.Path); err != nil {
		t.Fatalf("removing twice: %v", err)
	}
	put(t, f, "1234567890")

	// Another process makes room: it is noticed after a while.
	other, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	entries, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(dir, entries[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Remove(filepath.ToSlash(rel)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	put(t, f, "1234567890")
}

func TestPathsNeverLeadOut(t *testing.T) {
	f, dir := open(t, Options{})
	secret := filepath.Join(filepath.Dir(dir), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := "aa/" + strings.Repeat("b", 38)
	if err := os.Mkdir(filepath.Join(dir, "aa"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, filepath.FromSlash(link))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../secret", "aa/../../secret", secret, "aa", link, "aa\\..\\..\\secret", "C:\\secret", "aa/" + strings.Repeat("c", 38) + "\x00"} {
		if r, err := f.Open(name); err == nil {
			_ = r.Close()
			t.Errorf("Open(%q) succeeded", name)
		}
		if err := f.Remove(name); err == nil && name != link {
			t.Errorf("Remove(%q) succeeded", name)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Fatalf("the file outside: %v", err)
	}
}

func TestSniff(t *testing.T) {
	ebml := "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"
	for want, head := range map[string]string{
		"image/png":       "\x89PNG\r\n\x1a\n",
		"image/jpeg":      "\xff\xd8\xff\xe0\x00\x10JFIF",
		"image/heic":      "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
		"image/avif":      "\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif",
		"audio/amr":       "#!AMR\n\x3c\x91",
		"audio/silk":      "\x02#!SILK_V3",
		"audio/ogg":       "OggS\x00\x02" + strings.Repeat("\x00", 22) + "OpusHead",
		"audio/webm":      ebml + "\x16\x54\xae\x6b\x86\x86A_OPUS",
		"video/webm":      ebml + "\x86\x85V_VP8\x86\x86A_OPUS",
		"audio/mp4":       "\x00\x00\x00\x18ftypiso5\x00\x00\x00\x00hdlr\x00\x00\x00\x00soun",
		"video/mp4":       "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00hdlr\x00\x00vide hdlr soun",
		"video/quicktime": "\x00\x00\x00\x14ftypqt  ",
		"audio/mpeg":      "\xff\xfb\x90\x64",
		"audio/aac":       "\xff\xf1\x50\x80",
		"audio/wave":      "RIFF\x24\x00\x00\x00WAVEfmt ",
		"application/pdf": "%PDF-1.7",
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("Sniff(%q) = %s, want %s", head, got, want)
		}
	}
}

func TestHeaderNeverServesAPage(t *testing.T) {
	for _, c := range []struct{ content, name string }{
		{"<html><script>alert(1)</script>", "photo.png"},
		{`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "a.svg"},
		{`<svg onload=alert(1)>`, "a.jpg"},
		{"alert(1)", "a.js"},
		{"%PDF-1.7", "a.pdf"},
		{"PK\x03\x04", "a.docx"},
	} {
		w := httptest.NewRecorder()
		Header(w, Stored{MIME: Sniff([]byte(c.content))}, c.name)
		if d := w.Header().Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") {
			t.Errorf("%s: %s", c.name, d)
		}
		if ct := w.Header().Get("Content-Type"); ct != "application/octet-stream" {
			t.Errorf("%s is served as %s", c.name, ct)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", c.name, w.Header())
		}
	}
	w := httptest.NewRecorder()
	Header(w, Stored{MIME: "image/png"}, "图.png")
	if d := w.Header().Get("Content-Disposition"); !strings.HasPrefix(d, "inline") {
		t.Errorf("picture: %s", d)
	}
}

func TestHostileNames(t *testing.T) {
	long := strings.Repeat("长", 2000)
	for _, name := range []string{"../../etc/passwd", `C:\Windows\x`, "CON", "a\r\nSet-Cookie: x=1", "\u200b.htaccess", "photo\u202egnp.exe", long, "", ".", "..", "\xff\xfe", `"; filename="x.exe`, "a\u2028b"} {
		w := httptest.NewRecorder()
		Header(w, Stored{MIME: "image/png"}, name)
		d := w.Header().Get("Content-Disposition")
		_, params, err := mime.ParseMediaType(d)
		if err != nil {
			t.Errorf("%q: %q does not parse: %v", name, d, err)
			continue
		}
		got := params["filename"]
		if strings.ContainsAny(got, "/\\\r\n\u200b\u202e\u2028\"") || len(got) > maxName+5 || !strings.HasSuffix(got, ".png") {
			t.Errorf("%q is offered as %q", name, got)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"a.png", "../x", "\u202egpj.exe", strings.Repeat("😀", 90)} {
		f.Add(s, "image/png")
	}
	f.Fuzz(func(t *testing.T, name, mediaType string) {
		got := SafeName(name, mediaType)
		if got == "" || len(got) > maxName+5 || strings.ContainsAny(got, "/\\\r\n\x00") {
			t.Fatalf("SafeName(%q) = %q", name, got)
		}
	})
}

func BenchmarkPut(b *testing.B) {
	f, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	content := bytes.Repeat([]byte("x"), 256<<10)
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, err := f.Put(bytes.NewReader(content)); err != nil {
			b.Fatal(err)
		}
	}
}
