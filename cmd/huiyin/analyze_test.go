package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/huiyin/huiyin/nlp"
)

func plainAnalyzer(t *testing.T) *nlp.Analyzer {
	t.Helper()
	a, err := nlp.New(nlp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAnalyzeOrder: every line is answered in its place, whatever it is and
// however long its neighbours are.
func TestAnalyzeOrder(t *testing.T) {
	var in, want strings.Builder
	for i := range 3 * batchLines {
		switch i % 7 {
		case 3:
			in.WriteString("no JSON\n")
			want.WriteString(`{"id":null,"error":` + "\n")
		case 5:
			fmt.Fprintf(&in, "{\"id\":%d}\n", i)
			fmt.Fprintf(&want, "{\"id\":%d,\"error\":\n", i)
		default:
			fmt.Fprintf(&in, "{\"id\":%d,\"text\":%q}\n", i, strings.Repeat("快递太慢了。", i%100))
			fmt.Fprintf(&want, "{\"id\":%d,\"lang\":\n", i)
		}
	}
	in.WriteString(`{"id":"long","text":"` + strings.Repeat("好", maxLine/3+1) + "\"}\n" + `{"id":"last","text":"不错"}`)
	want.WriteString(`{"id":null,"error":` + "\n" + `{"id":"last","lang":` + "\n")
	var out bytes.Buffer
	if err := analyzeLines(t.Context(), strings.NewReader(in.String()), &out, plainAnalyzer(t)); !errors.Is(err, errQuiet) {
		t.Fatalf("bad lines gave %v", err)
	}
	wants := strings.Split(want.String(), "\n")
	for i, line := range strings.Split(out.String(), "\n") {
		if !strings.HasPrefix(line, wants[i]) {
			t.Fatalf("line %d is %.120s, want %s…", i, line, wants[i])
		}
	}
}

// TestAnalyzeAnswersAtOnce: who writes a line and waits is answered.
func TestAnalyzeAnswersAtOnce(t *testing.T) {
	in, question := io.Pipe()
	answer, out := io.Pipe()
	done := make(chan error, 1)
	a := plainAnalyzer(t)
	go func() { done <- analyzeLines(t.Context(), in, out, a) }()
	answers := bufio.NewReader(answer)
	for i := range 3 {
		if _, err := fmt.Fprintf(question, "{\"id\":%d,\"text\":\"在吗\"}\n", i); err != nil {
			t.Fatal(err)
		}
		if line, err := answers.ReadString('\n'); err != nil || !strings.HasPrefix(line, fmt.Sprintf("{\"id\":%d,", i)) {
			t.Fatalf("%s %v", line, err)
		}
	}
	if err := question.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestAnalyzeEnds: what cannot be written, or read, ends the run with its reason.
func TestAnalyzeEnds(t *testing.T) {
	a := plainAnalyzer(t)
	broken := errors.New("broken")
	line := "{\"id\":1,\"text\":\"好\"}\n"
	r, w := io.Pipe()
	if err := r.CloseWithError(broken); err != nil {
		t.Fatal(err)
	}
	if err := analyzeLines(t.Context(), strings.NewReader(strings.Repeat(line, 100_000)), w, a); !errors.Is(err, broken) {
		t.Errorf("unwritable output: %v", err)
	}
	in, from := io.Pipe()
	go func() {
		_, _ = io.WriteString(from, line) // its reader is the test's
		from.CloseWithError(broken)
	}()
	if err := analyzeLines(t.Context(), in, io.Discard, a); !errors.Is(err, broken) {
		t.Errorf("unreadable input: %v", err)
	}
}
