package e2e

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/huiyin/huiyin/test/campaign/load"
)

// streamConfig is a listener for the load.
const streamConfig = "listeners:\n  - {name: shop, type: webhook, secret: \"a-secret-of-the-campaign\"}\n"

// stream is a shop that posts reviews at a fixed rate, to whichever process
// answers, and again until one has acknowledged them. It remembers what was
// acknowledged.
type stream struct {
	h           *house
	c           *http.Client
	hist        load.Histogram
	urgentEvery int // one in so many must be a card at once

	mu       sync.Mutex
	only     string          // where it posts; empty: to all processes in turns
	acked    map[string]bool // by token; true: urgent
	repeated int
	spooled  int      // answers that it is kept on disk
	wrong    []string // answers that may not be
}

func newStream(h *house) *stream {
	// As many connections are kept as there are requests at a time.
	keep := &http.Transport{MaxIdleConnsPerHost: 256}
	h.t.Cleanup(keep.CloseIdleConnections)
	return &stream{h: h, c: &http.Client{Transport: keep, Timeout: 3 * time.Second}, acked: map[string]bool{}, urgentEvery: 50}
}

// urgent reports whether the n-th message must be a card at once.
func (s *stream) urgent(n int) bool { return n%s.urgentEvery == s.urgentEvery/2 }

// review is what the n-th message says, unless it is urgent.
func review(n int) string {
	what := []string{"今天的拿铁很好喝", "客服态度很好，问题很快就解决了", "门店环境不错，就是排队有点久", "新出的蛋糕挺好吃", "包装很用心，送得也快", "朋友推荐来的，没失望"}
	more := []string{"，下次还来", "，谢谢", "，其他都还可以", "，已经是第三次了", "，希望一直保持"}
	return what[n%len(what)] + more[n/len(what)%len(more)]
}

// streamToken names the n-th message by letters that nothing masks.
func streamToken(n int) string {
	b := []byte("w")
	for range 5 {
		b = append(b, "bcdfghjkmnpqrstvwxz"[n%19])
		n /= 19
	}
	return string(b) + "y"
}

// send posts the n-th message until it is acknowledged, for at most a minute,
// and reports whether it was.
func (s *stream) send(ctx context.Context, n int) bool {
	token, urgent := streamToken(n), s.urgent(n)
	text := review(n) + " " + token
	if urgent {
		text = fmt.Sprintf("喝了你们的奶茶食物中毒进医院了，第%d区的店 %s", n/s.urgentEvery%lanes, token)
	}
	deadline := time.Now().Add(time.Minute)
	wait := 100 * time.Millisecond
	for try := n; ctx.Err() == nil && time.Now().Before(deadline); try++ {
		if s.post(try, token, text) {
			s.mu.Lock()
			s.acked[token] = urgent
			s.mu.Unlock()
			if n%10 == 3 && s.post(try+1, token, text) { // and once more, as platforms do
				s.mu.Lock()
				s.repeated++
				s.mu.Unlock()
			}
			return true
		}
		time.Sleep(wait)
		wait = min(2*wait, 2*time.Second) // as clients do: else a backlog would feed itself
	}
	return false
}

// post posts once and reports whether it was acknowledged.
func (s *stream) post(try int, token, text string) bool {
	webs := s.targets()
	body, err := json.Marshal(map[string]any{"id": token, "text": text, "kind": "review", "author": map[string]any{"id": "a-" + token, "name": "顾客"}})
	if err != nil {
		return false
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte("a-secret-of-the-campaign"))
	_, _ = mac.Write(append([]byte(at+"."), body...))
	req, err := http.NewRequest(http.MethodPost, "http://"+webs[try%len(webs)]+"/in/shop", bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("X-Huiyin-Timestamp", at)
	req.Header.Set("X-Huiyin-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := s.c.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return false // broken off: nobody knows
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return true
	case http.StatusAccepted:
		s.mu.Lock()
		s.spooled++
		s.mu.Unlock()
		return true
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return false
	default:
		s.mu.Lock()
		s.wrong = append(s.wrong, fmt.Sprintf("%d %s", resp.StatusCode, answer))
		s.mu.Unlock()
		return false
	}
}

// postsTo has everything posted to one address.
func (s *stream) postsTo(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.only = address
}

// targets are the addresses that are posted to in turns.
func (s *stream) targets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.only != "" {
		return []string{s.only}
	}
	return s.h.addresses()
}

// known returns what was acknowledged so far.
func (s *stream) known() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.acked)
}

// kept returns how many were kept on disk so far.
func (s *stream) kept() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spooled
}

// rows counts the items of each token, as an export has them.
func (s *stream) rows() map[string]int {
	s.h.t.Helper()
	file := filepath.Join(s.h.dir, "export.jsonl")
	s.h.run("export", "-o", file)
	text, err := os.ReadFile(file)
	s.h.must(err)
	rows := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var row struct {
			Text string `json:"text"`
		}
		s.h.must(json.Unmarshal([]byte(line), &row))
		words := strings.Fields(row.Text)
		if len(words) > 0 {
			rows[words[len(words)-1]]++
		}
	}
	return rows
}

// counts holds the stream against what was promised: what is lost, what is
// there twice, and which urgent one has no card. It waits a minute at most for
// what is still under way.
func (s *stream) counts() (lost, twice, unalerted []string) {
	s.h.t.Helper()
	acked := s.known()
	within(time.Minute, func() bool {
		lost, twice, unalerted = nil, nil, nil
		rows := s.rows()
		shown := s.shown()
		for token, urgent := range acked {
			switch {
			case rows[token] == 0:
				lost = append(lost, token)
			case rows[token] > 1:
				twice = append(twice, token)
			}
			if urgent && !strings.Contains(shown, token) {
				unalerted = append(unalerted, token)
			}
		}
		return len(lost)+len(unalerted) == 0
	})
	return lost, twice, unalerted
}

// shown is all that stands in the lanes.
func (s *stream) shown() string {
	var b strings.Builder
	for i := range lanes {
		for _, m := range s.h.sl.Messages(laneChannel(i)) {
			if m.Thread == "" && !m.Deleted {
				b.WriteString(m.Text)
			}
		}
	}
	return b.String()
}
