package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// streamTexts are what the lines of the stream say, in turn.
var streamTexts = []string{
	"外卖送得太慢了，等了一个半小时，汤都洒了，打电话给商家也没人接，以后不会再点了。",
	"味道不错，就是有点贵，服务员态度很好，下次还来。",
	"在吗", "请问你们徐家汇店几点关门？周末要排队吗？",
	"昨天买的耳机充不进电了，订单号 20261122001，麻烦帮我换一个，谢谢。",
	"今天带爸妈去吃饭，提前两天订的位，到了以后还是在门口坐了半个多小时。菜确实做得好，我爸一个人吃了大半盘，就是服务员太忙，加个茶水叫了三遍才来。总的来说值得再去。",
	"建议出小杯装，一个人喝不完", "加微信领红包，点击链接免费领取", "The delivery was late and the box was broken.",
}

// streamed is what a run of analyze over a stream took.
type streamed struct {
	peak int64 // bytes of memory
	took time.Duration
}

// streamLines has analyze read lines from a pipe, with so many processors, and checks
// that each is answered in its place.
func streamLines(t *testing.T, lines, processors int) streamed {
	t.Helper()
	config := filepath.Join(t.TempDir(), "huiyin.yaml")
	if err := os.WriteFile(config, []byte("web: {public_url: http://127.0.0.1:8080}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "analyze", "-c", config)
	cmd.Dir = filepath.Dir(config)
	cmd.Env = append(os.Environ(), "LANG=zh_CN.UTF-8", fmt.Sprintf("GOMAXPROCS=%d", processors))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error, 1)
	go func() { wrote <- writeStream(in, lines) }()
	answered := bufio.NewScanner(out)
	n := 0
	for ; answered.Scan(); n++ {
		var line struct{ ID, Sentiment string }
		if err := json.Unmarshal(answered.Bytes(), &line); err != nil || line.ID != strconv.Itoa(n) || line.Sentiment == "" {
			t.Fatalf("line %d: %s (%v)", n, answered.Bytes(), err)
		}
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || n != lines {
		t.Fatalf("%d lines of %d: %v", n, lines, err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the system does not tell what a process used")
	}
	unit := int64(1 << 10) // of Maxrss
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	s := streamed{peak: usage.Maxrss * unit, took: time.Since(began)}
	t.Logf("%d lines on %d processors: %.0f lines a second, start included; at most %d MiB of memory",
		lines, processors, float64(lines)/s.took.Seconds(), s.peak>>20)
	return s
}

func writeStream(to io.WriteCloser, lines int) error {
	w := bufio.NewWriter(to)
	for i := range lines {
		if _, err := fmt.Fprintf(w, "{\"id\":\"%d\",\"text\":%q}\n", i, streamTexts[i%len(streamTexts)]); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return to.Close()
}

// TestAnalyzeStream: however many lines analyze reads, it answers each in its
// place and takes no more memory than for a few, and never 120 MB. HUIYIN_LINES
// says how many.
func TestAnalyzeStream(t *testing.T) {
	lines := 20_000
	if given := os.Getenv("HUIYIN_LINES"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 {
			t.Fatalf("HUIYIN_LINES: %q is no number of lines", given)
		}
		lines = n
	}
	few := streamLines(t, min(5000, lines), 2)
	for _, processors := range []int{1, 2} {
		// How much of the program's file and of the heap's room is in memory varies
		// by some 15 MiB from run to run.
		const more, most = 24 << 20, 120_000_000
		if many := streamLines(t, lines, processors); many.peak > few.peak+more || many.peak > most {
			t.Errorf("%d bytes of memory for %d lines, %d for a few", many.peak, lines, few.peak)
		}
	}
}
