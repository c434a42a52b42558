package faultproxy_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/huiyin/huiyin/test/campaign/faultproxy"
)

// echo is a server that says every line back.
func echo(t *testing.T) *faultproxy.Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for s := bufio.NewScanner(c); s.Scan(); {
					if _, err := c.Write(append(s.Bytes(), '\n')); err != nil {
						return
					}
				}
			}()
		}
	}()
	p, err := faultproxy.Start(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func dial(t *testing.T, p *faultproxy.Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// patience is how long what must come is waited for.
const patience = time.Minute

// asks says a line and returns what comes back within d.
func asks(t *testing.T, c net.Conn, line string, d time.Duration) (string, error) {
	t.Helper()
	if _, err := c.Write([]byte(line + "\n")); err != nil {
		return "", err
	}
	return hears(t, c, d)
}

func hears(t *testing.T, c net.Conn, d time.Duration) (string, error) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := c.Read(buf)
	return string(buf[:n]), err
}

func TestFaults(t *testing.T) {
	p := echo(t)
	c := dial(t, p)
	if got, err := asks(t, c, "一", patience); got != "一\n" || err != nil {
		t.Fatalf("%q %v", got, err)
	}
	for _, f := range []faultproxy.Fault{faultproxy.Blackhole, {ToServer: true}, {ToClient: true}} {
		p.Set(f)
		if got, err := asks(t, c, "二", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%+v: %q %v", f, got, err)
		}
		p.Set(faultproxy.Fault{})
		if got, err := hears(t, c, patience); got != "二\n" || err != nil {
			t.Fatalf("%+v, held back: %q %v", f, got, err)
		}
	}
	p.Set(faultproxy.Fault{Delay: 30 * time.Millisecond})
	began := time.Now()
	if _, err := asks(t, c, "三", patience); err != nil || time.Since(began) < 60*time.Millisecond { // however slow the machine
		t.Errorf("both ways took %s: %v", time.Since(began), err)
	}
	p.Set(faultproxy.Fault{CutAfter: 11}) // 4 lines of 4 bytes are through
	if got, err := asks(t, c, "四", patience); err == nil && got != "" {
		t.Errorf("cut: %q %v", got, err)
	}
	p.Set(faultproxy.Fault{Refuse: true})
	if refused, err := net.Dial("tcp", p.Addr()); err == nil { // or reset at once
		if got, err := asks(t, refused, "五", patience); err == nil {
			t.Errorf("refused: %q", got)
		}
		refused.Close()
	}
	p.Set(faultproxy.Fault{})
	c = dial(t, p)
	if _, err := asks(t, c, "六", patience); err != nil {
		t.Fatal(err)
	}
	if n := p.Reset(); n != 1 {
		t.Errorf("%d connections were reset", n)
	}
	if got, err := asks(t, c, "七", patience); err == nil {
		t.Errorf("reset: %q", got)
	}
}
