package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"

	"github.com/huiyin/huiyin/nlp"
)

const (
	// maxLine bounds one line of input.
	maxLine = 4 << 20
	// analyzeChunk is how many lines are in work at once.
	analyzeChunk = 512
)

// analyze reads JSON Lines and writes one verdict a line, in the same order.
func analyze(ctx context.Context, c *cli, args []string) error {
	files, err := c.flags(newFlags("analyze"), args, -1)
	if err != nil {
		return err
	}
	if len(files) > 1 {
		return fmt.Errorf("%w: one file, or none for standard input", errUsage)
	}
	analyzer, err := c.analyzer()
	if err != nil {
		return err
	}
	in := c.in
	if len(files) == 1 {
		f, err := os.Open(files[0])
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // read only
		in = f
	}
	return analyzeLines(ctx, in, c.out, analyzer)
}

// analyzer loads the configuration, the dictionary and the analysis.
func (c *cli) analyzer() (*nlp.Analyzer, error) {
	cfg, err := c.loadConfig()
	if err != nil {
		return nil, err
	}
	seg, err := openSegmenter(cfg)
	if err != nil {
		return nil, err
	}
	return nlp.New(analyzerOptions(cfg, seg))
}

// analyzeLines works on chunks of lines, each line of a chunk in whatever order
// the processors take them, and writes them in the order they came: memory
// stays the same however long the input is.
func analyzeLines(ctx context.Context, in io.Reader, out io.Writer, a *nlp.Analyzer) error {
	w := bufio.NewWriterSize(out, 1<<16)
	r := bufio.NewReaderSize(in, 1<<16)
	failed := false
	for {
		lines, readErr := readLines(r, analyzeChunk)
		answers := make([][]byte, len(lines))
		bad := make([]bool, len(lines))
		each(len(lines), func(i int) { answers[i], bad[i] = analyzeLine(lines[i], a) })
		for i, b := range answers {
			failed = failed || bad[i]
			if _, err := w.Write(append(b, '\n')); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(err, w.Flush())
		}
		if readErr != nil {
			if err := w.Flush(); err != nil {
				return err
			}
			if !errors.Is(readErr, io.EOF) {
				return readErr
			}
			if failed {
				return errQuiet
			}
			return nil
		}
	}
}

// each calls fn for 0 to n-1 on all processors.
func each(n int, fn func(int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	done := make(chan struct{})
	for k := range workers {
		go func() {
			for i := k; i < n; i += workers {
				fn(i)
			}
			done <- struct{}{}
		}()
	}
	for range workers {
		<-done
	}
}

// readLines returns up to n lines without their ends. A line that is too long
// comes cut, and is an error of its own later on.
func readLines(r *bufio.Reader, n int) ([][]byte, error) {
	var lines [][]byte
	for len(lines) < n {
		line, err := readLine(r)
		if len(line) > 0 || err == nil {
			lines = append(lines, line)
		}
		if err != nil {
			return lines, err
		}
	}
	return lines, nil
}

func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line) <= maxLine {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return bytes.TrimRight(line, "\r\n"), err
	}
}

// analyzed is a line of output.
type analyzed struct {
	ID json.RawMessage `json:"id"`
	nlp.Verdict
}

// rejected stands in place of a line that could not be read.
type rejected struct {
	ID    json.RawMessage `json:"id"`
	Error string          `json:"error"`
}

func analyzeLine(line []byte, a *nlp.Analyzer) (answer []byte, bad bool) {
	var in struct {
		ID   json.RawMessage `json:"id"`
		Text *string         `json:"text"`
	}
	reject := func(why string) ([]byte, bool) {
		b, err := json.Marshal(rejected{ID: idOr(in.ID), Error: why})
		if err != nil {
			b = []byte(`{"id":null,"error":"the line is not JSON"}`)
		}
		return b, true
	}
	if len(line) > maxLine {
		return reject(fmt.Sprintf("the line is longer than %d MiB", maxLine>>20))
	}
	if err := json.Unmarshal(line, &in); err != nil {
		in.ID = nil
		return reject("the line is not a JSON object with id and text")
	}
	if in.Text == nil {
		return reject("text is missing")
	}
	v := a.Analyze(*in.Text)
	if v.Topics == nil {
		v.Topics = []nlp.TopicScore{}
	}
	if v.Keywords == nil {
		v.Keywords = []string{}
	}
	if v.Evidence == nil {
		v.Evidence = []nlp.Evidence{}
	}
	v.Score, v.Confidence = rounded(v.Score), rounded(v.Confidence)
	for i := range v.Topics {
		v.Topics[i].Score = rounded(v.Topics[i].Score)
	}
	b, err := marshalPlain(analyzed{ID: idOr(in.ID), Verdict: v})
	if err != nil {
		return reject("the verdict could not be written")
	}
	return b, false
}

// rounded keeps four decimals: more say nothing. What is not 0 stays so, since
// the sign of a score is its polarity.
func rounded(x float64) float64 {
	const step = 1e-4
	r := math.Round(x/step) / (1 / step)
	if r == 0 && x != 0 {
		return math.Copysign(step, x)
	}
	return r
}

func idOr(id json.RawMessage) json.RawMessage {
	if len(id) == 0 {
		return json.RawMessage("null")
	}
	return id
}

// marshalPlain is json.Marshal without escapes for HTML: the output is data.
func marshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
