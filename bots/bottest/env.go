package bottest

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// Log is a log that can be read while it is written.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns what was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Files is an Opener over contents in memory, by path.
type Files map[string]string

// Open implements bots.Opener.
func (f Files) Open(path string) (io.ReadCloser, error) {
	content, ok := f[path]
	if !ok {
		return nil, fmt.Errorf("open %q: %w", path, fs.ErrNotExist)
	}
	return io.NopCloser(strings.NewReader(content)), nil
}

// NewEnv returns surroundings for a bot under test: everything is logged to
// the returned Log, and "files/photo.jpg", "files/voice.ogg" and
// "files/report.pdf" can be opened.
func NewEnv(t testing.TB, inbox bots.Inbox) (bots.Env, *Log) {
	t.Helper()
	log := &Log{}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	return bots.Env{
		Name:      "conformance",
		Inbox:     inbox,
		Log:       slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		HTTP:      client,
		Content:   client,
		Now:       time.Now,
		PublicURL: "https://board.example.com",
		Menu: []bots.MenuEntry{
			{Name: "help", Help: "帮助", Lang: "zh"},
			{Name: "help", Help: "Help", Lang: "en"},
			{Name: "claim", Help: "认领", Lang: "zh", Staff: true},
			{Name: "claim", Help: "Claim", Lang: "en", Staff: true},
		},
		Files: Files{
			"files/photo.jpg":  "\xff\xd8\xff\xe0 a picture",
			"files/voice.ogg":  "OggS a voice",
			"files/report.pdf": "%PDF-1.4 a file",
		},
	}, log
}
