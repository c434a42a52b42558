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
	"runtime/debug"

	"github.com/huiyin/huiyin/nlp"
)

const (
	// maxLine bounds one line of input.
	maxLine = 4 << 20
	// A batch is handed on when it has so many lines or bytes, or when no more
	// input has arrived: who writes line by line is answered line by line.
	batchLines = 64
	batchBytes = 64 << 10
	// batchesAhead is how many batches a worker may have in work or waiting to be
	// written.
	batchesAhead = 4
	// analyzeGarbage is how much garbage, in percent of what is in use, is left
	// before it is collected: little, since most of the memory is the dictionary.
	analyzeGarbage = 30
)

// analyze reads JSON Lines and writes one verdict a line, in the same order.
func analyze(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("analyze")
	again := fs.Bool("again", false, c.tr("用现在的模型重判已存的反馈；只改标签，别的不动", "analyse stored items again by the model in force; their labels change, nothing else"))
	since := fs.String("since", "", c.tr("和 -again 一起：从这一 `天` 起，例如 2026-11-01", "with -again: items since this `day`, 2026-11-01"))
	until := fs.String("until", "", c.tr("和 -again 一起：到这一 `天` 为止（含）", "with -again: items up to and including this `day`"))
	live := fs.Bool("open", false, c.tr("和 -again 一起：只要还没办完的", "with -again: only items that wait for somebody"))
	files, err := c.flags(fs, args, -1)
	if err != nil {
		return err
	}
	if *again && len(files) == 0 {
		return c.analyzeAgain(ctx, *since, *until, *live)
	}
	if *again || *since+*until != "" || *live {
		return fmt.Errorf("%w: -since, -until and -open go with -again, and -again takes no file", errUsage)
	}
	if len(files) > 1 {
		return fmt.Errorf("%w: one file, or none for standard input", errUsage)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(analyzeGarbage))
	analyzer, err := c.analyzer()
	if err != nil {
		return err
	}
	// The start takes more than the run: what it leaves is given back, so that the
	// run does not come on top of it.
	debug.FreeOSMemory()
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

// analyzeLines has batches of lines analysed on all processors and writes them in
// the order they came. The batches are made once and used again: memory stays the
// same however long the input is.
func analyzeLines(ctx context.Context, in io.Reader, out io.Writer, a *nlp.Analyzer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	line := newAssembly(workers * batchesAhead)
	var readErr error // set before line.ordered is closed
	go func() {
		readErr = line.read(ctx, bufio.NewReaderSize(in, 1<<16))
		close(line.work)
		close(line.ordered)
	}()
	for range workers {
		go func() {
			for b := range line.work {
				b.analyze(a)
			}
		}()
	}
	failed, err := line.write(ctx, out)
	switch {
	case err != nil:
		return err
	case !errors.Is(readErr, io.EOF):
		return readErr
	case failed:
		return errQuiet
	}
	return nil
}

// batch is some lines of input and the lines of output they become.
type batch struct {
	in   []byte
	ends []int // of the lines in in
	out  bytes.Buffer
	bad  bool          // one of the lines could not be analysed
	done chan struct{} // holds one value when out is complete
}

func (b *batch) analyze(a *nlp.Analyzer) {
	start := 0
	for _, end := range b.ends {
		b.bad = !analyzeLine(&b.out, b.in[start:end], a) || b.bad
		start = end
	}
	b.done <- struct{}{}
}

// assembly takes batches from the reader through the workers to the writer and
// back.
type assembly struct {
	free, work, ordered chan *batch
}

func newAssembly(batches int) *assembly {
	l := &assembly{free: make(chan *batch, batches), work: make(chan *batch, batches), ordered: make(chan *batch, batches)}
	for range batches {
		l.free <- &batch{done: make(chan struct{}, 1)}
	}
	return l
}

// read fills batches until the input ends, which is io.EOF.
func (l *assembly) read(ctx context.Context, r *bufio.Reader) error {
	for {
		var b *batch
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b = <-l.free:
		}
		err := b.fill(r)
		if len(b.ends) > 0 {
			l.work <- b
			l.ordered <- b
		}
		if err != nil {
			return err
		}
	}
}

// fill reads lines without their ends. A line that is too long comes cut, and is
// an error of its own later on.
func (b *batch) fill(r *bufio.Reader) error {
	b.in, b.ends, b.bad = b.in[:0], b.ends[:0], false
	b.out.Reset()
	for len(b.ends) < batchLines && len(b.in) < batchBytes && (len(b.ends) == 0 || r.Buffered() > 0) {
		start := len(b.in)
		var err error
		if b.in, err = appendLine(b.in, r); err == nil || len(b.in) > start {
			b.ends = append(b.ends, len(b.in))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func appendLine(to []byte, r *bufio.Reader) ([]byte, error) {
	start := len(to)
	for {
		part, err := r.ReadSlice('\n')
		if len(to)-start <= maxLine {
			to = append(to, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return to[:start+len(bytes.TrimRight(to[start:], "\r\n"))], err
	}
}

// write writes batches as they were read, and reports whether one was bad.
func (l *assembly) write(ctx context.Context, out io.Writer) (failed bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return failed, ctx.Err()
		case b, more := <-l.ordered:
			if !more {
				return failed, nil
			}
			<-b.done
			if _, err := out.Write(b.out.Bytes()); err != nil {
				return failed, err
			}
			failed = failed || b.bad
			b.shrink()
			l.free <- b
		}
	}
}

// shrink lets go of memory that an unusually large line needed.
func (b *batch) shrink() {
	const usual = 2 * batchBytes
	if cap(b.in) > usual {
		b.in = nil
	}
	if b.out.Cap() > 4*usual {
		b.out = bytes.Buffer{}
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

// analyzeLine writes what becomes of a line, and reports whether it could be
// analysed.
func analyzeLine(out *bytes.Buffer, line []byte, a *nlp.Analyzer) bool {
	var in struct {
		ID   json.RawMessage `json:"id"`
		Text *string         `json:"text"`
	}
	start := out.Len()
	reject := func(why string) bool {
		out.Truncate(start)
		if err := encodePlain(out, rejected{ID: idOr(in.ID), Error: why}); err != nil {
			out.Truncate(start)
			out.WriteString(`{"id":null,"error":"the line is not JSON"}` + "\n")
		}
		return false
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
	v.Score, v.Confidence = rounded(v.Score), rounded(v.Confidence)
	for i := range v.Topics {
		v.Topics[i].Score = rounded(v.Topics[i].Score)
	}
	if err := encodePlain(out, analyzed{ID: idOr(in.ID), Verdict: v}); err != nil {
		return reject("the verdict could not be written")
	}
	return true
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
	if err := encodePlain(&b, v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// encodePlain writes v as marshalPlain returns it, and a line break.
func encodePlain(to *bytes.Buffer, v any) error {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
